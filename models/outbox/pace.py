"""How fast letters go to each mail domain: so many a minute (company.toml), none while the domain has asked us to wait."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from peewee import CharField, DateTimeField, IntegerField, TextField

from models import clock, company
from models.base import Row, database, locked

_EPOCH = datetime(1970, 1, 1)


class MailDomain(Row):
    """What went to a domain in the present minute; an SMS centre is the domain 'sms'."""

    domain = CharField(unique=True)
    minute = IntegerField(default=0)  # since 1970
    count = IntegerField(column_name="n", default=0)  # handed out in that minute
    paused_until = DateTimeField(null=True)
    reason = TextField(default="")


def most(domain: str) -> int:
    """Letters a minute."""
    rules = company.current().letters
    return rules.pace.get(domain, rules.per_minute)


def busy() -> set[str]:
    """Domains to which nothing more goes now: paused, or their minute is used up."""
    minute, now = _minute(), clock.now()
    rows = MailDomain.select().where((MailDomain.minute == minute) | (MailDomain.paused_until > now))
    return {one.domain for one in rows if not _left(one, minute)}


def take(wanted: Mapping[str, int]) -> dict[str, int]:
    """How many may go to each domain out of so many, counted at once. Call inside the claim's transaction."""
    minute = _minute()
    names = sorted(wanted)  # one order of locks in all processes
    for name in names:
        MailDomain.insert(domain=name, minute=minute).on_conflict_ignore().execute()
    query = MailDomain.select().where(MailDomain.domain.in_(names)).order_by(MailDomain.domain)
    given = {one.domain: min(_left(one, minute), wanted[one.domain]) for one in locked(query)}
    for name, count in given.items():
        mine = MailDomain.domain == name
        fresh = MailDomain.update(minute=minute, count=count).where(mine, MailDomain.minute != minute).execute()
        if not fresh:
            MailDomain.update(count=MailDomain.count + count).where(mine).execute()
    return given


def pause(domain: str, length: timedelta, reason: str) -> None:
    """Send nothing to a domain for a while: its server asked for it. A longer pause stands."""
    until = clock.now() + length
    with database.atomic():
        MailDomain.insert(domain=domain).on_conflict_ignore().execute()
        MailDomain.update(paused_until=until, reason=reason[:500]).where(
            MailDomain.domain == domain, MailDomain.paused_until.is_null() | (MailDomain.paused_until < until)
        ).execute()


def purge() -> int:
    """Forget domains to which nothing went for a day; how many. Whoever signs up may type any."""
    idle = MailDomain.minute < _minute() - 24 * 60
    return int(
        MailDomain.delete()
        .where(idle, MailDomain.paused_until.is_null() | (MailDomain.paused_until < clock.now()))
        .execute()
    )


def _left(domain: MailDomain, minute: int) -> int:
    if domain.paused_until is not None and domain.paused_until > clock.now():
        return 0
    gone = domain.count if domain.minute == minute else 0
    return max(0, most(domain.domain) - gone)


def _minute() -> int:
    return int((clock.now() - _EPOCH).total_seconds()) // 60
