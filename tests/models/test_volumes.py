"""A month's volume by reading, by average, by norm, with recalculation: cases computed by hand."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import periods
from models.company import Averages
from models.metering import volumes
from models.metering.volumes import Month

RULES = Averages(months=12, least=3, periods=3)
NORM = 240  # three persons at 80 kWh


def meter(
    n: int = 1, *, zones: int = 1, digits: int = 5, ratio: int = 1, installed: str = "2020-01-15", initial: tuple[int, ...] = (0, 0, 0),
    removed: str | None = None, final: tuple[int | None, ...] = (None, None, None),
) -> Any:  # fmt: skip
    dials = {
        f"{kind}_t{i}": value
        for kind, row in (("initial", initial), ("final", final))
        for i, value in enumerate(row, 1)
    }
    gone = date.fromisoformat(removed) if removed else None
    return SimpleNamespace(
        id=n,
        zones=zones,
        digits=digits,
        ratio=ratio,
        installed=date.fromisoformat(installed),
        removed=gone,
        verification_due=None,
        **dials,
    )


def reading(day: str, t1: int, t2: int | None = None, t3: int | None = None, n: int = 1) -> Any:
    return SimpleNamespace(meter_id=n, taken=date.fromisoformat(day), period=day[:7], t1=t1, t2=t2, t3=t3)


def monthly(*values: int | None, n: int = 1) -> list[Any]:
    """Readings on the 20th from January 2026 on; None is a month without one."""
    return [reading(f"2026-{i:02d}-20", value, n=n) for i, value in enumerate(values, 1) if value is not None]


def months(meters: list[Any], readings: list[Any], last: str, first: str = "2026-01") -> list[Month]:
    return volumes.of_account(meters, readings, periods.span(first, last), RULES, lambda period: NORM)


def told(found: list[Month]) -> list[tuple[int, str]]:
    return [(month.total, month.basis) for month in found]


@pytest.mark.feature("S23")
def test_reading_minus_the_one_before() -> None:
    assert told(months([meter()], monthly(100, 220, 330), "2026-03")) == [
        (100, "reading"),
        (120, "reading"),
        (110, "reading"),
    ]


@pytest.mark.feature("S20")
def test_gap_by_average_for_three_months_then_by_norm() -> None:
    found = months([meter()], monthly(100, 220, 330), "2026-08")
    assert told(found[3:]) == [(110, "average")] * 3 + [(240, "norm")] * 2


@pytest.mark.feature("S20")
def test_reading_after_a_gap_takes_off_what_was_estimated() -> None:
    """570 charged by estimates (3 × 110 + 240), 700 used: 130 more."""
    found = months([meter()], monthly(100, 220, 330, None, None, None, None, 1030), "2026-08")
    assert found[7] == Month("2026-08", (130, 0, 0), "reading", corrected=570)


@pytest.mark.feature("S20")
def test_recalculation_may_be_negative() -> None:
    """570 charged by estimates, 500 used: 70 back, in one sum."""
    found = months([meter()], monthly(100, 220, 330, None, None, None, None, 830), "2026-08")
    assert (found[7].total, found[7].corrected) == (-70, 570)


@pytest.mark.feature("S20")
def test_average_after_a_gap_rests_on_what_was_used_in_it() -> None:
    """100, 120, 110 and five months of 100 each: 103.75."""
    found = months([meter()], monthly(100, 220, 330, None, None, None, None, 830), "2026-09")
    assert told(found[8:]) == [(104, "average")]


@pytest.mark.feature("S20")
def test_three_estimates_are_counted_anew_after_a_reading() -> None:
    found = months([meter()], monthly(100, 200, 300, None, None, 600), "2026-10")
    assert [month.basis for month in found] == ["reading"] * 3 + ["average"] * 2 + ["reading"] + ["average"] * 3 + [
        "norm"
    ]


def test_less_than_three_months_of_history_is_the_norm() -> None:
    assert told(months([meter()], monthly(100, 220), "2026-03"))[2] == (NORM, "norm")


def test_average_looks_back_twelve_months_only() -> None:
    use = [1000] + [100] * 12
    readings = [
        reading(f"{period}-20", sum(use[: i + 1])) for i, period in enumerate(periods.span("2025-01", "2026-01"))
    ]
    assert told(months([meter()], readings, "2026-02", "2025-01"))[-1] == (100, "average")


def test_meter_replaced_within_the_month() -> None:
    """70 on the old dial until its last value, 40 on the new one."""
    old = meter(1, removed="2026-04-10", final=(400,))
    new = meter(2, installed="2026-04-10", initial=(5,))
    found = months([old, new], [*monthly(100, 220, 330), reading("2026-04-25", 45, n=2)], "2026-04")
    assert told(found)[3] == (110, "reading")


def test_meter_replaced_and_not_read_again_that_month() -> None:
    old = meter(1, removed="2026-04-10", final=(400,))
    found = months([old, meter(2, installed="2026-04-10")], monthly(100, 220, 330), "2026-05")
    assert told(found)[3:] == [(70, "reading"), (100, "average")]


def test_history_goes_on_after_a_replacement() -> None:
    """The average of a point outlives its meter."""
    old = meter(1, removed="2026-03-31", final=(330,))
    found = months([old, meter(2, installed="2026-04-01")], monthly(100, 220, 330), "2026-04")
    assert told(found)[3] == (110, "average")


def test_rollover() -> None:
    assert told(months([meter(initial=(99_950,))], monthly(30, 110), "2026-02")) == [(80, "reading"), (80, "reading")]


def test_transformer_ratio() -> None:
    assert told(months([meter(ratio=20)], monthly(5, 12), "2026-02")) == [(100, "reading"), (140, "reading")]


def test_zones_apart() -> None:
    two = meter(zones=2, initial=(1000, 500))
    found = months([two], [reading("2026-01-20", 1120, 560), reading("2026-02-20", 1230, 630)], "2026-02")
    assert [month.zones for month in found] == [(120, 60, 0), (110, 70, 0)]


def test_average_by_zones() -> None:
    two = meter(zones=2)
    found = months([two], [reading(f"2026-0{i}-20", 100 * i, 40 * i) for i in (1, 2, 3)], "2026-04")
    assert found[3].zones == (100, 40, 0)


@pytest.mark.feature("S20")
def test_without_a_meter_the_norm() -> None:
    assert told(months([], [], "2026-02")) == [(NORM, "norm")] * 2


def test_meter_taken_away_for_good_ends_in_the_norm() -> None:
    found = months([meter(removed="2026-03-31", final=(330,))], monthly(100, 220, 330), "2026-07")
    assert told(found[3:]) == [(110, "average")] * 3 + [(NORM, "norm")]


def test_norm_once_for_two_meters() -> None:
    assert told(months([meter(1), meter(2, installed="2020-02-01")], [], "2026-01")) == [(NORM, "norm")]


@pytest.mark.feature("S20")
def test_point_taken_away_for_good_charges_nothing_while_another_works() -> None:
    readings = [*monthly(100, 200, 300, 400, 500, n=1), *monthly(30, 60, 90, n=2)]
    gone = meter(2, installed="2020-02-01", removed="2026-03-31", final=(95,))
    found = months([meter(1), gone], readings, "2026-05")
    assert told(found)[2:] == [(135, "reading"), (100, "reading"), (100, "reading")]


def test_point_that_works_is_estimated_alone() -> None:
    readings = [*monthly(100, 200, 300, n=1), *monthly(30, 60, 90, n=2)]
    gone = meter(2, installed="2020-02-01", removed="2026-03-31", final=(90,))
    assert told(months([meter(1), gone], readings, "2026-04"))[3:] == [(100, "average")]


def test_norm_is_owed_by_the_point_that_works() -> None:
    gone = meter(1, removed="2026-01-31")
    assert told(months([gone, meter(2, installed="2020-02-01")], [], "2026-02"))[1:] == [(NORM, "norm")]


def test_point_taken_away_counts_in_the_month_it_went() -> None:
    gone = meter(2, installed="2020-02-01", removed="2026-03-02", final=(70,))
    readings = [*monthly(100, 200, 300, n=1), *monthly(30, 60, n=2)]
    assert told(months([meter(1), gone], readings, "2026-03"))[2:] == [(110, "reading")]


def test_reading_counts_in_its_period_not_in_the_month_it_was_taken() -> None:
    """An inspector's round of the first days that belongs to the month before."""
    late = SimpleNamespace(meter_id=1, taken=date(2026, 2, 2), period="2026-01", t1=100, t2=None, t3=None)
    assert told(months([meter()], [late, reading("2026-02-20", 220)], "2026-02")) == [
        (100, "reading"),
        (120, "reading"),
    ]


def test_two_meters_add_up_and_the_weaker_basis_is_told() -> None:
    readings = [*monthly(100, 200, 300, 400, n=1), *monthly(30, 60, 90, n=2)]
    found = months([meter(1), meter(2, installed="2020-02-01")], readings, "2026-04")
    assert told(found)[2:] == [(130, "reading"), (130, "average")]


def test_norm_before_the_meter_was_hung() -> None:
    before, *_ = months([meter(installed="2026-02-10")], [], "2026-03")
    assert before == Month("2026-01", (NORM, 0, 0), "norm")


def test_norm_before_the_meter_is_not_taken_off_again() -> None:
    readings = [reading("2026-03-20", 50)]
    last = months([meter(installed="2026-03-01")], readings, "2026-03")[-1]
    assert last == Month("2026-03", (50, 0, 0), "reading", corrected=0)


def test_second_point_not_hung_yet_charges_nothing() -> None:
    found = months([meter(1), meter(2, installed="2026-02-10")], monthly(100, n=1), "2026-01")
    assert told(found) == [(100, "reading")]


@given(
    st.lists(st.none() | st.integers(0, 900), min_size=1, max_size=30),
    st.integers(0, 900),
    st.integers(0, 99_999),
    st.sampled_from([1, 20]),
)
def test_after_a_reading_all_that_was_charged_is_what_was_used(
    pattern: list[int | None], last: int, initial: int, ratio: int
) -> None:
    """Whatever months were estimated before: rule 4 makes the sum whole, rollovers included."""
    readings, total = [], 0
    span = periods.span("2023-01", periods.shift("2023-01", len(pattern)))
    for period, use in zip(span, [*pattern, last], strict=True):
        if use is not None:
            total += use
            readings.append(reading(f"{period}-20", (initial + total) % 100_000))
    found = months([meter(initial=(initial,), ratio=ratio)], readings, span[-1], span[0])
    assert sum(month.total for month in found) == total * ratio
