"""Periods: calendar months written YYYY-MM."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import periods

ANY = st.integers(2000 * 12, 2099 * 12 + 11).map(periods.from_index)


@pytest.mark.parametrize("text", ["2026-10", "2000-01", "2099-12"])
def test_period(text: str) -> None:
    assert periods.parse(text) == text


@pytest.mark.parametrize(
    "text",
    [None, "", "2026", "2026-13", "2026-00", "2026-1", "1999-12", "2026-10-01", "2026-10\n", " 2026-10", "２０２６-10", "2026-10\x00",
     "9" * 400],
)  # fmt: skip
def test_no_period(text: str | None) -> None:
    assert periods.parse(text) is None


@pytest.mark.parametrize(
    ("period", "by", "expected"),
    [
        ("2026-11", 1, "2026-12"),
        ("2026-12", 1, "2027-01"),
        ("2026-01", -1, "2025-12"),
        ("2026-11", -12, "2025-11"),
        ("2026-11", 0, "2026-11"),
    ],
)
def test_shift(period: str, by: int, expected: str) -> None:
    assert periods.shift(period, by) == expected


def test_span() -> None:
    assert periods.span("2026-11", "2027-01") == ["2026-11", "2026-12", "2027-01"]
    assert periods.span("2026-11", "2026-11") == ["2026-11"]
    assert periods.span("2026-11", "2026-10") == []


@pytest.mark.parametrize(("period", "last"), [("2026-02", 28), ("2028-02", 29), ("2026-11", 30), ("2026-12", 31)])
def test_days(period: str, last: int) -> None:
    assert periods.first_day(period) == date(int(period[:4]), int(period[5:]), 1)
    assert periods.last_day(period).day == periods.days(period) == last


@given(ANY, st.integers(-11, 11))
def test_there_and_back(period: str, by: int) -> None:
    assert periods.shift(periods.shift(period, by), -by) == period


@given(ANY, ANY)
def test_text_sorts_as_time_does(one: str, other: str) -> None:
    assert (one < other) == (periods.first_day(one) < periods.first_day(other))
    assert periods.parse(one) == one
