"""The only place that asks the time.

Moments are stored as naive UTC; days and periods are the company's local ones, since a reading window opens at local midnight.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta

from models import company

_offset = timedelta(0)
_frozen: datetime | None = None


def now() -> datetime:
    """This moment, naive UTC."""
    return _frozen or datetime.now(UTC).replace(tzinfo=None) + _offset


def real_seconds() -> int:
    """Seconds since 1970 as the world counts them, whatever day the demo plays: for codes that telephones make."""
    return int((_frozen or datetime.now(UTC).replace(tzinfo=None)).replace(tzinfo=UTC).timestamp())


def today() -> date:
    return local(now()).date()


def local(moment: datetime) -> datetime:
    """Wall time of the company's zone for a naive UTC moment."""
    return moment.replace(tzinfo=UTC).astimezone(company.current().timezone).replace(tzinfo=None)


def utc(wall: datetime) -> datetime:
    """The naive UTC moment at which the company's clocks show `wall`."""
    return wall.replace(tzinfo=company.current().timezone).astimezone(UTC).replace(tzinfo=None)


def period(day: date | None = None) -> str:
    """The calendar month 'YYYY-MM' of a local day (today by default)."""
    return f"{day or today():%Y-%m}"


def start_at(wall: datetime, since: datetime | None = None) -> None:
    """Let the portal's clock run from a local wall time (KABINET_NOW; demo and tests only).

    It started at that real moment (naive UTC), now unless told: the processes of a portal begin one after another.
    """
    global _offset
    _offset = utc(wall) - (since or datetime.now(UTC).replace(tzinfo=None))


def since(wall: datetime) -> datetime:
    """The real moment at which this clock showed the wall time: for `start_at` of another process."""
    return utc(wall) - _offset


def is_shifted() -> bool:
    return abs(_offset) > timedelta(minutes=1)


def freeze(moment: datetime) -> None:
    global _frozen
    _frozen = moment


def unfreeze() -> None:
    global _frozen
    _frozen = None


def set_up(wall: datetime | None, *, is_demo: bool, since: datetime | None = None) -> None:
    """Start the portal's clock at `wall` if given; else, in demo, on the 20th of the month when readings are not taken today."""
    global _offset
    _offset = timedelta(0)
    if wall:
        start_at(wall, since)
    elif is_demo and not _web_window_is_open(today()):
        _offset = timedelta(days=20 - today().day)  # whole days, so that all processes agree on the time


def _web_window_is_open(day: date) -> bool:
    first, last = company.current().window("web").within(monthrange(day.year, day.month)[1])
    return first <= day.day <= last
