"""Periods: calendar months written 'YYYY-MM', so that they sort as text on every database."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date
from functools import lru_cache

_SHAPE = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")


def parse(text: str | None) -> str | None:
    """The period if `text` is one ('2026-10', ASCII digits, years 2000 to 2099), else None."""
    return text if text and text.isascii() and _SHAPE.fullmatch(text) else None


def index(period: str) -> int:
    """Months since year 0: the difference of two is the number of months between them."""
    return int(period[:4]) * 12 + int(period[5:]) - 1


def from_index(months: int) -> str:
    return f"{months // 12:04d}-{months % 12 + 1:02d}"


@lru_cache(4096)
def shift(period: str, months: int) -> str:
    return from_index(index(period) + months)


def span(first: str, last: str) -> list[str]:
    """All periods from first to last, both included; empty when last is before first."""
    return [from_index(i) for i in range(index(first), index(last) + 1)]


@lru_cache(4096)
def first_day(period: str) -> date:
    return date(int(period[:4]), int(period[5:]), 1)


@lru_cache(4096)
def last_day(period: str) -> date:
    year, month = int(period[:4]), int(period[5:])
    return date(year, month, monthrange(year, month)[1])


def days(period: str) -> int:
    return last_day(period).day
