"""Readings received on a day, by hour and by where they came from, beside the same day a month before."""

from __future__ import annotations

import time as seconds
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from peewee import SQL, ModelSelect, Value, fn

from models import clock, periods
from models.base import is_sqlite
from models.metering.readings import Receipt

HOURS = 24
GROUPS = (
    ("кабинет", ("web",)),
    ("офис", ("staff", "inspector")),
    ("киоск", ("kiosk",)),
    ("почта, СМС, бот", ("email", "sms", "bot")),
    ("терминалы", ("citypay", "platezhka", "kasservis", "sberbank")),
)
FRESH = (
    60.0  # seconds for which a process keeps what it has counted: on the last day there are hundreds of thousands a day
)
_MOST_KEPT = 100  # days
_GROUP_OF = {channel: place for place, (_, channels) in enumerate(GROUPS) for channel in channels}


@dataclass(frozen=True)
class Day:
    """How many times readings were passed, by local hour; each count a group of GROUPS."""

    day: date
    hours: list[list[int]]

    @property
    def totals(self) -> list[int]:
        return [sum(counts) for counts in self.hours]

    @property
    def by_group(self) -> list[int]:
        return [sum(counts) for counts in zip(*self.hours, strict=True)]

    @property
    def total(self) -> int:
        return sum(self.totals)


_kept: dict[date, tuple[float, tuple[Day, Day]]] = {}


def on(day: date) -> tuple[Day, Day]:
    """The day and the same one of the month before, at most a minute old. One act of passing counts once, however many meters."""
    now = seconds.monotonic()
    counted_at, known = _kept.get(day, (float("-inf"), None))
    if known is None or now - counted_at > FRESH:
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        known = _read(day)
        _kept[day] = (now, known)
    return known


def forget() -> None:
    """Count anew at the next question."""
    _kept.clear()


def _read(day: date) -> tuple[Day, Day]:
    before = month_before(day)
    found = {one: Day(one, [[0] * len(GROUPS) for _ in range(HOURS)]) for one in (day, before)}
    for hour, channel, count in (_counted(day) + _counted(before)).tuples():  # type: ignore[operator]
        moment = clock.local(_hour(hour))
        if moment.date() in found and channel in _GROUP_OF:
            found[moment.date()].hours[moment.hour][_GROUP_OF[channel]] += count
    return found[day], found[before]


def month_before(day: date) -> date:
    """20 October for 20 November; the month's last day where it is shorter."""
    period = periods.shift(f"{day:%Y-%m}", -1)
    return periods.first_day(period).replace(day=min(day.day, periods.days(period)))


def _counted(day: date) -> ModelSelect[Any]:
    """Receipts of a local day by hour (UTC) and channel."""
    start, end = (clock.utc(datetime.combine(one, time())) for one in (day, day + timedelta(days=1)))
    # The text of a moment begins with its hour: cutting it is many times quicker than any function of dates.
    hour = fn.SUBSTR(Receipt.received_at, 1, 13) if is_sqlite() else fn.DATE_TRUNC(SQL("'hour'"), Receipt.received_at)
    query = Receipt.select(hour.alias("hour"), Receipt.channel, fn.COUNT(Value(1, converter=False)))
    return query.where(Receipt.received_at >= start, Receipt.received_at < end).group_by(SQL("1"), Receipt.channel)


def _hour(value: Any) -> datetime:
    return datetime.fromisoformat(value + ":00") if isinstance(value, str) else value
