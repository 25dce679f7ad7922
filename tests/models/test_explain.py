"""«Почему столько»: the causes worked out by hand, and parts that add up to the kopeck whatever the two months were."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.billing import charges, explain
from models.billing.charges import SCALE
from models.billing.shown import AREA, AVERAGE, FIXED, NORM, PENALTY, READING, RECALCULATION, USE, Line
from tests.cases import table
from tests.models.test_assess import account, lived, meter, reading, year, zoned

CAUSES = {
    "дни": explain.DAYS, "расход": explain.VOLUME, "зоны": explain.ZONES, "цена": explain.TARIFF, "диапазон": explain.BAND,
    "появилась": explain.STARTED, "кончилась": explain.ENDED, "перерасчёт": RECALCULATION, "пени": PENALTY,
}  # fmt: skip
_LINE = re.compile(r"(?:(\d+) дн: )?(?:план2 )?(?:(Т\d) )?(?:(I+) )?([\d,]+) × ([\d,]+)")


def lines(text: str) -> list[Line]:
    """«30 дн: Т1 120 × 4,60; перерасчёт −280,00»: the days stand before the first line."""
    found, days, plan = [], "30", 2 if "Т2" in text else 1
    for one in table.items(text):
        kind = {"перерасчёт": RECALCULATION, "пени": PENALTY}.get(one.split()[0])
        if kind:
            found.append(Line("electricity", kind, kind, 0, 0, table.kopecks(one.split()[1]), trace={"rule": kind}))
            continue
        match = _LINE.fullmatch(one)
        assert match, one
        days = match[1] or days
        zone = (match[2] or "Т1").replace("Т", "t")
        quantity, price = table.scaled(match[4]), table.scaled(match[5])
        dial = {"before_on": "2026-01-01", "now_on": f"2026-{1 + int(days) // 32:02d}-{1 + int(days) % 31:02d}"}
        found.append(
            Line(
                "electricity", USE, READING, quantity, price, charges.rounded(quantity, price), 22, plan, zone,
                len(match[3] or "I"), trace={"rule": READING, "meters": [dial]},
            )
        )  # fmt: skip
    return found


@pytest.mark.feature("M4")
@pytest.mark.parametrize("case", table.rows("explain.md"))
def test_causes_worked_by_hand(case: dict[str, str]) -> None:
    told = explain.difference(lines(case["Было"]), lines(case["Стало"]))
    wanted = [one.rsplit(" ", 1) for one in table.items(case["Причины"])]
    assert told.amount == table.kopecks(case["Разница"])
    assert {part.cause: part.amount for part in told.parts} == {
        CAUSES[name]: table.kopecks(sum_) for name, sum_ in wanted
    }


def adds_up(before: list[Line], now: list[Line]) -> explain.Difference:
    told = explain.difference(before, now)
    assert (told.before, told.now) == (charges.amount_of(before), charges.amount_of(now))
    assert sum(part.amount for part in told.parts) == told.now - told.before
    assert all(part.amount and part.cause in explain.CAUSES for part in told.parts)
    assert len({(part.service, part.cause) for part in told.parts}) == len(told.parts)
    return told


TRACES = st.sampled_from(
    [
        {"rule": "imported"},
        {"rule": "average", "days": [15, 30]},
        {"rule": "area", "open": 10, "of": 31},
        {"rule": "reading", "meters": [{"before_on": "2026-01-20", "now_on": "2026-02-20"}]},
        {"rule": "reading", "meters": [{"before_on": None, "now_on": "2026-02-20"}]},
        {"rule": "reading", "meters": [{"before_on": "2026-02-20", "now_on": "2026-02-20"}], "earlier": [[1, 0, 0]]},
    ]
)
ANY_LINE = st.builds(
    Line,
    st.sampled_from(["electricity", "heat", "repair"]),
    st.sampled_from([USE, USE, FIXED, RECALCULATION, PENALTY]),
    st.sampled_from([READING, AVERAGE, NORM, AREA]),
    st.integers(-(10**8), 10**8) | st.just(0),
    st.integers(0, 10**6),
    st.integers(-(10**8), 10**8),
    plan=st.integers(0, 3),
    zone=st.sampled_from(["", "t1", "t2", "t3"]),
    band=st.integers(0, 3),
    trace=TRACES,
)


@pytest.mark.feature("M4")
@settings(max_examples=200)
@given(st.lists(ANY_LINE, max_size=8), st.lists(ANY_LINE, max_size=8))
def test_parts_add_up_for_any_lines(before: list[Line], now: list[Line]) -> None:
    adds_up(before, now)


@pytest.mark.feature("M4")
@settings(max_examples=30)
@given(st.data(), st.integers(1, 3), st.integers(1, 3))
def test_parts_add_up_for_months_of_an_account(data: Any, zones: int, other: int) -> None:
    """Estimates, recalculations below zero, bands, a second point with another plan, a second service."""
    meters = [
        meter(1, zones=zones, initial=(0,) * zones),
        meter(2, zones=other, initial=(0,) * other, installed="2020-03-01"),
    ]
    one = account(meters, services=("electricity", "repair"))
    months, _ = lived(one, data.draw(year(zones)), data.draw(year(other)))
    first, second = data.draw(st.tuples(st.integers(0, 11), st.integers(0, 11)))
    adds_up(months[first].lines, months[second].lines)


@pytest.mark.feature("M4")
@given(zoned(2), zoned(1))
def test_parts_add_up_when_the_plan_changes(two: tuple[int, int], single: tuple[int]) -> None:
    old = meter(1, zones=2, initial=(0, 0), removed="2026-01-31", final=two)
    one = account([old, meter(2, installed="2026-02-01")])
    january, february = one.month("2026-01", []), one.month("2026-02", [reading(2, "2026-02-20", *single)])
    adds_up(january.lines, february.lines)


def test_recalculation_after_estimates_is_a_cause_of_its_own() -> None:
    one = account([meter(1)])
    for i in (1, 2, 3):
        one.month(f"2026-0{i}", [reading(1, f"2026-0{i}-20", 100 * i)])
    april, may = one.month("2026-04", []), one.month("2026-05", [reading(1, "2026-05-20", 540)])
    told = adds_up(april.lines, may.lines)
    assert (explain.RECALCULATION, 8000) in [(part.cause, part.amount) for part in told.parts]


def test_two_months_alike_have_no_cause() -> None:
    one = lines("30 дн: Т1 120 × 4,60; Т2 60 × 2,80")
    assert explain.difference(one, one).parts == ()


def test_services_are_told_apart() -> None:
    repair = Line("repair", FIXED, AREA, 5790 * 100, 100_000, 57_900, trace={"rule": "area", "open": 30, "of": 30})
    half = Line("repair", FIXED, AREA, 2895 * 100, 100_000, 28_950, trace={"rule": "area", "open": 15, "of": 30})
    use = Line(
        "electricity",
        USE,
        NORM,
        240 * SCALE,
        40_000,
        96_000,
        plan=1,
        zone="t1",
        band=1,
        trace={"rule": NORM, "days": [30, 30]},
    )
    told = adds_up([repair], [half, use])
    assert {(part.service, part.cause, part.amount) for part in told.parts} == {
        ("repair", explain.DAYS, -28_950),
        ("electricity", explain.STARTED, 96_000),
    }
