"""Prices by day: the most particular row, the days it holds, and the gap that is told instead of charged."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from peewee import Database

from models.billing.tariffs import Band, Gap, Tariff, Tariffs
from tests import prices

JANUARY, FEBRUARY = date(2026, 1, 1), date(2026, 2, 1)
LAST = date(2026, 12, 31)


def row(price: int, since: date = JANUARY, **more: Any) -> Tariff:
    usual = {"service": "electricity", "dwelling": "", "plan": 0, "zone": "", "band": 1, "until": None, "vat": 22}
    return Tariff(**{**usual, "since": since, "price": price, **more})


def price(
    rows: list[Tariff], day: date = JANUARY, *, dwelling: str = "urban", plan: int = 2, zone: str = "t1", band: int = 1
) -> int:
    return Tariffs(rows, []).price("electricity", dwelling, plan, zone, band, day).price  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([row(1), row(2, plan=2)], 2),
        ([row(1, plan=2), row(2, plan=2, zone="t1")], 2),
        ([row(1, plan=2, zone="t1"), row(2, dwelling="urban")], 2),
        ([row(1), row(2, dwelling="rural")], 1),
        ([row(1), row(2, plan=3)], 1),
        ([row(1), row(2, zone="t2")], 1),
    ],
)
def test_most_particular_price_wins(rows: list[Tariff], expected: int) -> None:
    assert price(rows) == price(rows[::-1]) == expected


@pytest.mark.parametrize(("band", "expected"), [(1, 1), (2, 2), (3, 1)])
def test_band_without_a_price_of_its_own_costs_as_the_first(band: int, expected: int) -> None:
    assert price([row(1), row(2, band=2)], band=band) == expected


def test_later_price_ends_the_earlier_one() -> None:
    rows = [row(1), row(2, FEBRUARY)]
    assert [price(rows, day) for day in (date(2026, 1, 31), FEBRUARY, LAST)] == [1, 2, 2]


def test_ended_price_gives_way_to_the_general_one() -> None:
    rows = [row(1), row(2, plan=2, until=date(2026, 1, 31))]
    assert [price(rows, day) for day in (date(2026, 1, 31), FEBRUARY)] == [2, 1]


def test_price_of_others_does_not_cut_the_days() -> None:
    """A general price that changes is nothing to whoever has a price of his own: the line stays one."""
    rows = [row(1, plan=2), row(5), row(6, date(2026, 1, 16))]
    spans = Tariffs(rows, []).spans("electricity", "urban", 2, "t1", 1, JANUARY, date(2026, 1, 31))
    assert [(span.days, span.price.price) for span in spans] == [(31, 1)]


def test_gap_names_what_is_missing() -> None:
    with pytest.raises(Gap) as gap:
        price([row(1, until=date(2026, 1, 10))], date(2026, 1, 11))
    text = gap.value.text.replace("\u00a0", " ")
    assert text == "Нет тарифа: electricity urban 2-зонный t1, 11 января 2026. Загрузите tariffs."
    assert gap.value.problems[0].rule == "tariff.gap"


@pytest.mark.parametrize("hole", [1, 15, 31])
def test_gap_of_one_day_is_found_wherever_it_is(hole: int) -> None:
    day, one = date(2026, 1, hole), timedelta(days=1)
    rows = [row(1, date(2025, 1, 1), until=day - one), row(2, day + one)]
    with pytest.raises(Gap):
        Tariffs(rows, []).spans("electricity", "urban", 2, "t1", 1, JANUARY, date(2026, 1, 31))


DAYS = st.dates(date(2025, 12, 1), date(2026, 3, 1))
ROWS = st.lists(
    st.builds(
        row,
        st.integers(1, 100_000),
        DAYS,
        dwelling=st.sampled_from(["", "urban"]),
        plan=st.sampled_from([0, 2]),
        zone=st.sampled_from(["", "t1"]),
        band=st.sampled_from([1, 2]),
    ),
    max_size=6,
)


@given(ROWS, DAYS, st.integers(0, 60), st.sampled_from([1, 2]))
def test_spans_cover_each_day_once_at_its_price(rows: list[Tariff], first: date, count: int, band: int) -> None:
    always = row(7, date(2020, 1, 1), band=band)
    known = Tariffs([always, *rows], [])
    last = first + timedelta(days=count)
    spans = known.spans("electricity", "urban", 2, "t1", band, first, last)
    assert (spans[0].first, spans[-1].last) == (first, last)
    assert all(a.last + timedelta(days=1) == b.first for a, b in pairwise(spans))
    for i in range(count + 1):
        day = first + timedelta(days=i)
        (own,) = [span for span in spans if span.first <= day <= span.last]
        assert own.price == known.price("electricity", "urban", 2, "t1", band, day)


def test_limits_of_a_dwelling_and_of_a_day() -> None:
    limits = [
        Band(service="electricity", dwelling="", since=JANUARY, first=3900, second=6000),
        Band(service="electricity", dwelling="stove", since=JANUARY, first=7020, second=None),
        Band(service="electricity", dwelling="", since=FEBRUARY, until=date(2026, 2, 28), first=3000, second=5000),
    ]
    known = Tariffs([], limits)
    assert known.limits("electricity", "urban", JANUARY) == (3900, 6000)
    assert known.limits("electricity", "stove", FEBRUARY) == (7020,)
    assert known.limits("electricity", "urban", FEBRUARY) == (3000, 5000)
    assert known.limits("electricity", "urban", date(2025, 12, 31)) == ()
    assert known.limits("heat", "urban", JANUARY) == ()


def test_plans_on_offer() -> None:
    rows = [row(1, plan=1), row(2, plan=2), row(3, plan=3, dwelling="rural"), row(4, plan=3, until=date(2026, 1, 31))]
    known = Tariffs(rows, [])
    assert known.plans("electricity", "urban", JANUARY) == [1, 2, 3]
    assert known.plans("electricity", "urban", FEBRUARY) == [1, 2]
    assert known.plans("electricity", "rural", FEBRUARY) == [1, 2, 3]


def test_prices_come_from_their_tables(db: Database) -> None:
    prices.load()
    known = Tariffs.load()
    found = known.price("electricity", "urban", 2, "t2", 3, date(2026, 10, 1))
    assert (found.price, found.vat) == (280 * 100 * prices.THIRD_BAND, 22)
    assert known.limits("electricity", "urban", date(2026, 10, 1)) == prices.LIMITS
