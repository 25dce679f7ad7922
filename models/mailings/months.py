"""Days some months before or after others: the same day of the month, or its last one."""

from __future__ import annotations

from datetime import date

from models import periods


def later(day: date, count: int) -> date:
    """The day `count` months after (before: a negative count): 31 August less six months is 28 February."""
    month = periods.shift(f"{day:%Y-%m}", count)
    return periods.first_day(month).replace(day=min(day.day, periods.days(month)))
