"""The injected mistakes of the bench as a bound that may only be tightened: the demo data and the dice are the same each time."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bench import mistakes


@pytest.fixture(scope="module")
def rows() -> dict[str, dict[str, Any]]:
    return {str(row["mistake"]): row for row in mistakes.measure().rows}


def percent(cell: str) -> float:
    return float(cell.removesuffix(" %"))


@pytest.mark.feature("M6")
@pytest.mark.parametrize(
    ("mistake", "caught"), [("zones_swapped", 97), ("extra_digit", 99), ("missing_digit", 99), ("other_meter", 97)]
)
def test_mistakes_are_noticed_and_named(rows: dict[str, Any], mistake: str, caught: float) -> None:
    row = rows[mistakes.MISTAKES[mistake]]
    assert percent(row["caught"]) >= caught
    assert percent(row["hint"]) >= 97


@pytest.mark.feature("M6")
def test_swapped_digits_that_matter_are_noticed(rows: dict[str, Any]) -> None:
    assert percent(rows[mistakes.MISTAKES["digits_swapped"]]["grave"]) >= 80


@pytest.mark.feature("M6")
def test_a_true_reading_is_hardly_ever_questioned(rows: dict[str, Any]) -> None:
    assert percent(rows["(true readings questioned)"]["caught"]) <= 0.5
