"""A mailing written into the outbox part by part: a part is one transaction with the mailing held, so a kill neither loses nor doubles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from models import clock, company, words
from models.base import database, insert_rows
from models.mailings import audiences, control, recipients, texts
from models.mailings.addressing import PAPER, Planned
from models.mailings.mailings import RUNNING, Mailing, Recipient, held
from models.mailings.recipients import CHUNK, Count
from models.outbox.messages import Message, drafted

LISTED = 10_000  # at most so many of one reason are listed by name; they are all counted
_NEVER_LISTED = (PAPER,)


def expand(mailing_id: int) -> bool:
    """Write the next part of a running mailing; whether there is more to write."""
    with database.atomic():
        mailing = held(mailing_id)
        if mailing.state != RUNNING or mailing.expanded_at is not None:
            return False
        asked = recipients.narrowed(mailing.letter, mailing.data, mailing.audience)
        part = audiences.part(asked, mailing.cursor, CHUNK)
        planned = _new(mailing, recipients.plan(mailing.letter, mailing.data, asked, part.accounts))
        letters = [one for one in planned if not one.excluded]
        if _is_too_many(mailing, len(letters)):
            _stop(mailing)
            return False
        _write(mailing, planned, letters)
        mailing.cursor = part.upto
        if part.is_last:
            mailing.expanded_at = clock.now()
        mailing.save()
        return not part.is_last


def spread(start: datetime, count: int, per_minute: int) -> list[datetime]:
    """When each of so many letters is due: so many a minute from `start` on."""
    step = timedelta(minutes=1) / per_minute
    return [start + step * i for i in range(count)]


def _new(mailing: Mailing, planned: Sequence[Planned]) -> list[Planned]:
    """Those that the mailing has not met: news go to a customer once, though another part had another account of theirs."""
    if mailing.letter != texts.NEWS:
        return list(planned)
    asked = {one.customer for one in planned if one.customer}
    met = Recipient.select(Recipient.customer).where(Recipient.mailing == mailing.id, Recipient.customer.in_(asked))
    known = {one.customer for one in met} if asked else set()
    return [one for one in planned if one.customer not in known]


def _is_too_many(mailing: Mailing, more: int) -> bool:
    """One employee alone may write to fewer than so many, also when the audience has grown since it was counted."""
    return control.needs_two(mailing, Count(mailing.posted + more, {}, True))


def _stop(mailing: Mailing) -> None:
    note = (
        f"Получателей стало {words.number(company.current().letters.two_from)} или больше: "
        "составьте рассылку заново, её утвердит второй сотрудник."
    )
    control.stop(mailing.id, note)


def _write(mailing: Mailing, planned: Sequence[Planned], letters: Sequence[Planned]) -> None:
    """Messages and recipients; the counts go with the mailing's own row, which is held."""
    start = max(clock.now(), mailing.paced_until or clock.now())
    rows = [
        _message(mailing, one, due)
        for one, due in zip(letters, spread(start, len(letters), mailing.per_minute), strict=True)
    ]
    insert_rows(Message, rows)
    ids = _ids([str(row["key"]) for row in rows])
    before = Counter(mailing.left_out)
    insert_rows(Recipient, [_recipient(mailing, one, ids) for one in planned if _is_listed(one, before)])
    mailing.left_out = dict(before)
    mailing.posted += len(letters)
    mailing.paced_until = start + timedelta(minutes=1) / mailing.per_minute * len(letters)


def _is_listed(one: Planned, left_out: Counter[str]) -> bool:
    """Counts whoever is left out; a list of half a town would be read by nobody."""
    if not one.excluded:
        return True
    left_out[one.excluded] += 1
    return one.excluded not in _NEVER_LISTED and left_out[one.excluded] <= LISTED


def _message(mailing: Mailing, one: Planned, due: datetime) -> dict[str, Any]:
    return drafted(
        mailing.letter, one.address, one.data, kind=one.way, key=_key(mailing, one), subject=one.subject,
        account="" if mailing.letter == texts.NEWS else one.number, mailing=mailing.id, due_at=due,
    )  # fmt: skip


def _key(mailing: Mailing, one: Planned) -> str:
    if one.key:
        return one.key
    who = f"c{one.customer}" if mailing.letter == texts.NEWS else f"{one.account}:{one.customer}:{one.about}"
    return f"mailing:{mailing.id}:{who}"


def _ids(keys: Sequence[str]) -> dict[str, int]:
    if not keys:
        return {}
    query: Any = Message.select(Message.key, Message.id).where(Message.key.in_(keys))
    return dict(query.tuples())


def _recipient(mailing: Mailing, one: Planned, ids: dict[str, int]) -> dict[str, Any]:
    return {
        "mailing": mailing.id, "account": one.account, "customer": one.customer, "about": one.about, "way": one.way if one.address else "",
        "address": one.address, "message": None if one.excluded else ids[_key(mailing, one)], "excluded": one.excluded,
    }  # fmt: skip
