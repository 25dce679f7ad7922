"""The production calendar: Saturdays and Sundays are off, and the days imported as exceptions (public holidays, days moved)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from peewee import BooleanField, DateField

from models.base import Row, pairs

_ONE = timedelta(days=1)


class SpecialDay(Row):
    """A day that is not what its weekday says."""

    day = DateField(unique=True)
    is_working = BooleanField()


def special() -> dict[date, bool]:
    """All exceptions: the day, and whether one works on it."""
    return dict(pairs(SpecialDay.select(SpecialDay.day, SpecialDay.is_working)))


def is_working(day: date, exceptions: Mapping[date, bool]) -> bool:
    return exceptions.get(day, day.weekday() < 5)


def not_before(day: date, exceptions: Mapping[date, bool]) -> date:
    """The day itself, or the first working day after it: a term that ends on a day off ends then (ГК 193)."""
    while not is_working(day, exceptions):
        day += _ONE
    return day
