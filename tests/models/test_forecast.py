"""How far the next band is, and what another zone plan would have cost: worked by hand, and held against the bills themselves."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.billing import charges, forecast
from models.billing.charges import SCALE, Days, Quantity
from models.metering.volumes import Month
from tests.cases import table
from tests.models.test_assess import tariffs

LIMITS = (3900, 6000)
TODAY = date(2026, 11, 20)


@pytest.mark.feature("M5")
@pytest.mark.parametrize("case", table.rows("forecast.md", "До следующего диапазона"))
def test_way_to_the_next_band(case: dict[str, str]) -> None:
    found = forecast.ahead(int(case["Израсходовано"]), int(case["Ожидается"]), LIMITS)
    if not case["Диапазон"]:
        assert found is None
        return
    assert found is not None
    assert (found.band, found.limit, found.left) == tuple(
        int(case[name]) for name in ("Диапазон", "Предел", "Осталось")
    )
    assert found.will_pass == (case["Перейдёт"] == "да")


def test_no_bands_no_forecast() -> None:
    assert forecast.ahead(100, 200, ()) is None


@given(st.integers(0, 8000), st.integers(0, 8000))
def test_what_is_used_already_counts_as_much_as_what_is_expected(used: int, expected: int) -> None:
    if found := forecast.ahead(used, expected, LIMITS):
        assert found.left > 0 and found.limit == used + found.left
        assert found.will_pass == (max(used, expected) > found.limit)


def volume(text: str) -> Month:
    t1, t2, t3 = (*(int(value) for value in text.split("/")), 0, 0)[:3]
    return Month("2026-10", (t1, t2, t3), "reading")


@pytest.mark.feature("M5")
@pytest.mark.parametrize("case", table.rows("forecast.md", "Какой тариф выгоднее"))
def test_what_another_plan_costs(case: dict[str, str]) -> None:
    plan = int(case["Зон сейчас"])
    found = forecast.options([volume(case["Расход"])], plan, "electricity", "urban", tariffs(), TODAY)
    wanted = [table.kopecks(case[name]) for name in ("Одна зона", "Две зоны", "Три зоны")]
    assert [(one.plan, one.amount) for one in found] == list(zip((1, 2, 3), wanted, strict=True))
    assert [one.is_exact for one in found] == [one <= plan for one in (1, 2, 3)]
    assert [one.plan for one in found if one.is_present] == [plan]


USES = st.lists(st.tuples(*[st.integers(0, 3000)] * 3), min_size=1, max_size=12)


@given(USES, st.integers(1, 3))
def test_present_plan_costs_what_its_months_cost(uses: list[tuple[int, int, int]], plan: int) -> None:
    """Held against the charges of the very same months."""
    months = [Month("2026-10", (*use[:plan], *(0,) * (3 - plan)), "reading") for use in uses]
    found = {one.plan: one.amount for one in forecast.options(months, plan, "electricity", "urban", tariffs(), TODAY)}
    billed = 0
    for month in months:
        quantity = Quantity(plan, tuple(value * SCALE for value in month.zones[:plan]), "reading")
        billed += charges.amount_of(
            charges.of_use("electricity", "urban", [quantity], Days(TODAY, TODAY, 1), tariffs())
        )
    assert found[plan] == billed


@given(USES, st.integers(1, 3), st.integers(1, 3))
def test_another_plan_counts_the_same_use(uses: list[tuple[int, int, int]], plan: int, other: int) -> None:
    for use in uses:
        zones = (*use[:plan], *(0,) * (3 - plan))
        seen = forecast._seen_as(zones, plan, other)
        assert sum(seen) == sum(zones) and len(seen) == other and min(seen) >= 0


@pytest.mark.feature("M5")
@pytest.mark.parametrize("case", table.rows("forecast.md", "Сколько надо ночью"))
def test_night_that_pays(case: dict[str, str]) -> None:
    share = forecast.night_that_pays(*(table.scaled(case[name]) for name in ("Одна зона", "День", "Ночь")))
    if case["Доля"] == "никогда":
        assert share is None
    else:
        assert share == pytest.approx(float(table.number(case["Доля"])), abs=5e-5)


@given(st.integers(1, 10**5), st.integers(1, 10**5), st.integers(1, 10**5))
def test_at_that_share_both_plans_cost_the_same(one: int, day: int, night: int) -> None:
    share = forecast.night_that_pays(one, day, night)
    if share:
        assert day * (1 - share) + night * share == pytest.approx(one)
    elif share is None:
        assert min(day, night) > one or night >= day
