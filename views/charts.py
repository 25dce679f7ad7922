"""What the chart macro draws: a bar a month, in the order of time."""

from __future__ import annotations

from typing import NamedTuple

from models import words
from models.metering.history import Bar


class Point(NamedTuple):
    label: str
    value: int
    kind: str  # reading | average | norm | recalculation
    previous: int | None
    zones: tuple[int, ...]


class Chart(NamedTuple):
    points: list[Point]
    zones: tuple[str, ...]  # names, from t1 on


def of(bars: list[Bar], zones: int) -> Chart:
    """Monthly volumes beside those of the same month a year before."""
    label = words.month_short if len(bars) <= 12 else _month_and_year
    points = [
        Point(label(bar.month.period), bar.month.total, _kind(bar), bar.year_ago, bar.month.zones[:zones])
        for bar in bars
    ]
    return Chart(points, words.ZONES[zones])


def _month_and_year(period: str) -> str:
    return f"{words.month_short(period)} {period[2:4]}"


def _kind(bar: Bar) -> str:
    return "recalculation" if bar.month.corrected else bar.month.basis
