"""The term of an appeal: the last day to answer, and how many working days are left. Pure: days in, days out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from models import workdays
from models.company_reception import WORKING, Topic

_ONE = timedelta(days=1)


def due(registered: date, topic: Topic, exceptions: Mapping[date, bool]) -> date:
    """The last day to answer what was registered on that local day.

    Counting begins on the next day (ГК 191); a term in calendar days that would end on a day off ends on the next working day
    (ГК 193); a term in working days counts those alone.
    """
    if topic.days == WORKING:
        day = registered
        for _ in range(topic.term):
            day = workdays.not_before(day + _ONE, exceptions)
        return day
    return workdays.not_before(registered + timedelta(days=topic.term), exceptions)


def extended(due_on: date, days: int, exceptions: Mapping[date, bool]) -> date:
    """The last day after an extension by calendar days (59-ФЗ art. 12 p. 2)."""
    return workdays.not_before(due_on + timedelta(days=days), exceptions)


def left(today: date, due_on: date, exceptions: Mapping[date, bool]) -> int:
    """Working days left after today, the last day included: 0 on the last day, negative by the working days it is overdue."""
    if today > due_on:
        return -_working(due_on, today, exceptions) or -1
    return _working(today, due_on, exceptions)


def _working(after: date, through: date, exceptions: Mapping[date, bool]) -> int:
    days = (through - after).days
    return sum(workdays.is_working(after + timedelta(days=one), exceptions) for one in range(1, days + 1))
