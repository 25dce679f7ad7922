"""What the chart macro draws: a bar a month, in the order of time."""

from __future__ import annotations

from typing import NamedTuple

from models import words
from models.metering.history import Bar


class Point(NamedTuple):
    label: str
    title: str
    value: int
    kind: str  # reading | average | norm | recalculation
    previous: int | None
    zones: tuple[int, ...]


def year(bars: list[Bar]) -> list[Point]:
    """Monthly volumes beside those of the same month a year before. A month that only takes estimates back is drawn as nothing."""
    return [
        Point(
            words.month_short(bar.month.period),
            words.month(bar.month.period),
            bar.month.total,
            _kind(bar),
            bar.year_ago,
            bar.month.zones,
        )
        for bar in bars
    ]


def _kind(bar: Bar) -> str:
    return "recalculation" if bar.month.corrected else bar.month.basis
