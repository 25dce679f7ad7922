"""Mailings that the portal makes by itself: before the window closes, about debts, before a meter's verification ends.

Each has a key, so that it is made once however often the job runs. A day on which the portal stood still is made up for.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from models import audit, clock, company, limits, words
from models.base import database
from models.mailings import recipients, texts
from models.mailings.audiences import Filters
from models.mailings.mailings import PLANNED, Mailing
from models.metering import windows

FIRST_HOUR, LAST_HOUR = 9, 20  # of the company's clock: nobody is written to at night
_DEBT_DAYS = 5  # after its day a notice is still made; later it would come with the next bill
_VERIFICATION_DAYS = 31  # so far back is made up for
_DAY = 86_400  # seconds: all accounts are looked through once a day


def make() -> list[Mailing]:
    """Make what is due by the company's clock and not made yet; outside its hours nothing."""
    if not FIRST_HOUR <= clock.local(clock.now()).hour < LAST_HOUR:
        return []
    return [made for kind in KINDS.values() if (made := kind(clock.today()))]


def window_closing(day: date) -> Mailing | None:
    """In the last days of the web window: to whoever has passed no reading this month."""
    before = company.current().letters.remind_days
    period = clock.period(day)
    last = windows.days_open(company.current().window("web"), period)[1]
    if not before or not last - timedelta(days=before) <= day <= last:
        return None
    return _made(f"window:{period}", texts.WINDOW, f"Напоминание передать показания: {words.month(period)}", {})


def debt_notice(day: date) -> Mailing | None:
    """Once a month, on the company's day: to whoever owes more than the company's least sum past its day."""
    first = company.current().letters.debt_day
    if not first or not first <= day.day < first + _DEBT_DAYS:
        return None
    period = clock.period(day)
    return _made(f"debt:{period}", texts.DEBT, f"Уведомления о задолженности: {words.month(period)}", {})


def verification_notice(day: date) -> Mailing | None:
    """So many months before a meter's verification ends. Made only on days when there is somebody to write to; the next one begins
    where the last one ended, so that each meter is met once a mark."""
    marks = list(company.current().letters.verification_months)
    after = max(_last_verified() or date.min, day - timedelta(days=_VERIFICATION_DAYS))
    data = {"after": after.isoformat(), "upto": day.isoformat(), "marks": marks}
    if not marks or after >= day or limits.hit("mailings.verification", day.isoformat(), _DAY) > 1:
        return None
    if not recipients.is_anybody(texts.VERIFICATION, data, Filters()):
        return None
    return _made(
        f"verification:{day.isoformat()}", texts.VERIFICATION, f"Уведомления о поверке: {words.day(day)}", data
    )


KINDS: dict[str, Callable[[date], Mailing | None]] = {
    "window": window_closing,
    "debt": debt_notice,
    "verification": verification_notice,
}


def _made(key: str, letter: str, name: str, data: dict[str, Any]) -> Mailing | None:
    """A mailing that begins at once; None if it is there."""
    now = clock.now()
    row = {
        "key": key, "letter": letter, "name": name, "data": data, "filters": {}, "state": PLANNED, "created_at": now, "planned_at": now,
        "per_minute": company.current().letters.per_minute,
    }  # fmt: skip
    with database.atomic():
        new = list(Mailing.insert(**row).on_conflict_ignore().returning(Mailing.id).tuples().execute())
        if not new:
            return None
        made: Mailing = Mailing.get_by_id(new[0][0])
        audit.record("mailing.regular", made.subject, key=key)
        return made


def _last_verified() -> date | None:
    """Up to which day meters were looked at."""
    last = (
        Mailing.select(Mailing.data)
        .where(Mailing.letter == texts.VERIFICATION, Mailing.author.is_null())
        .order_by(Mailing.id.desc())
        .first()
    )
    return date.fromisoformat(last.data["upto"]) if last else None
