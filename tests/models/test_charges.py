"""Lines of a month: rounding, bands, zones and days; each amount re-derives from its trace."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.billing import charges
from models.billing.charges import SCALE, Days, Quantity
from models.billing.tariffs import Band, Gap, Tariff, Tariffs
from tests.cases import table

APRIL = Days(date(2026, 4, 1), date(2026, 4, 30), 30)
HALF = date(2026, 4, 16)


def tariffs(
    *prices: tuple[int, int, str, int], limits: tuple[int, int] | None = None, since: date = date(2020, 1, 1)
) -> Tariffs:
    """(price, plan, zone, band) each; prices in ten-thousandths."""
    rows = [
        Tariff(service="electricity", dwelling="", plan=plan, zone=zone, band=band, since=since, until=None, price=price, vat=22)
        for price, plan, zone, band in prices
    ]  # fmt: skip
    bands = [Band(service="electricity", dwelling="", since=since, first=limits[0], second=limits[1])] if limits else []
    return Tariffs(rows, bands)


FLAT = tariffs((40_000, 0, "", 1))
BANDED = tariffs((40_000, 0, "", 1), (80_000, 0, "", 2), (120_000, 0, "", 3), limits=(3900, 6000))


@pytest.mark.parametrize("case", table.rows("vat.md"))
def test_vat_inside_an_amount(case: dict[str, str]) -> None:
    assert charges.vat_of(table.kopecks(case["Сумма"]), int(case["Ставка"])) == table.kopecks(case["НДС"])


@given(st.integers(0, 10**12), st.integers(0, 99))
def test_vat_is_never_more_than_the_amount(amount: int, vat: int) -> None:
    inside = charges.vat_of(amount, vat)
    assert 0 <= inside <= amount
    assert abs(Decimal(inside) - Decimal(amount) * vat / (100 + vat)) <= Decimal("0.5")


@given(st.integers(0, 10**10), st.integers(0, 10**7))
def test_amount_is_rounded_half_up_once(quantity: int, price: int) -> None:
    exact = Decimal(quantity) * Decimal(price) / Decimal(10**6)
    assert charges.rounded(quantity, price) == int(exact.quantize(Decimal(1), ROUND_HALF_UP))
    assert charges.rounded(-quantity, price) == -charges.rounded(quantity, price)


@given(st.integers(-(10**9), 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=6), st.booleans())
def test_dividing_loses_nothing(value: int, weights: list[int], whole: bool) -> None:
    value, grain = (value * SCALE, SCALE) if whole else (value, 1)
    parts = charges._divided(value, weights, grain)
    assert sum(parts) == value and len(parts) == len(weights)
    assert all(part * value >= 0 and part % grain == 0 for part in parts)
    if total := sum(weights):
        assert all(abs(part * total - value * weight) < grain * total for part, weight in zip(parts, weights, strict=True))  # fmt: skip


@given(
    st.lists(st.integers(0, 90_000_000), min_size=1, max_size=6),
    st.lists(st.integers(1, 8000), max_size=2, unique=True).map(sorted),
    st.booleans(),
)
def test_bands_hold_every_use_and_are_filled_in_their_order(uses: list[int], limits: list[int], whole: bool) -> None:
    uses = [use // SCALE * SCALE for use in uses] if whole else uses
    bands = charges.in_bands(uses, limits)
    assert [sum(parts) for parts in zip(*bands, strict=True)] == uses and len(bands) == len(limits) + 1
    assert all(0 <= part <= use for parts in bands for part, use in zip(parts, uses, strict=True))
    left, below = sum(uses), 0
    for parts, limit in zip(bands, limits, strict=False):
        assert sum(parts) == min(left, limit * SCALE - below), "a band is full before the next one begins"
        left, below = left - sum(parts), limit * SCALE
    if whole:
        assert all(part % SCALE == 0 for parts in bands for part in parts)


@given(st.lists(st.integers(1, 5000), min_size=2, max_size=6), st.integers(1, 3900))
def test_each_zone_has_the_same_part_of_its_use_in_a_band(uses: list[int], limit: int) -> None:
    first, _ = charges.in_bands([use * SCALE for use in uses], [limit])
    filled = min(sum(uses), limit)
    for part, use in zip(first, uses, strict=True):
        assert abs(part * sum(uses) - use * filled * SCALE) < SCALE * sum(uses), "to the whole kWh"


ZONES = st.lists(st.integers(0, 9000), min_size=1, max_size=3)


def quantity(zones: list[int], point: int = 1) -> Quantity:
    """As a reading gives it, its dials in the trace."""
    meter = {"meter": point, "digits": 5, "ratio": 1, "before": [500] * len(zones), "now": [500 + use for use in zones]}
    scaled = tuple(use * SCALE for use in zones)
    return Quantity(len(zones), scaled, "reading", point, {"rule": "reading", "meters": [meter]})


@pytest.mark.feature("M7")
@given(
    st.lists(ZONES, min_size=1, max_size=3),
    st.lists(st.integers(1, 200_000), min_size=3, max_size=3),
    st.lists(st.integers(1, 9000), min_size=2, max_size=2, unique=True).map(sorted),
    st.none() | st.integers(2, 30),
)
def test_lines_hold_the_use_and_derive_from_their_trace(
    points: list[list[int]], own: list[int], limits: list[int], change: int | None
) -> None:
    """Bands, zones, points and a price that changes within the month."""
    rows = [(price, 0, "", band) for band, price in enumerate(own, 1)]
    known = tariffs(*rows, limits=(limits[0], limits[1]))
    if change:
        known._prices += [
            Tariff(service="electricity", dwelling="", plan=0, zone="", band=band, since=date(2026, 4, change), price=price + 1, vat=22)
            for price, _, _, band in rows
        ]  # fmt: skip
    lines = charges.of_use("electricity", "urban", [quantity(zones, i) for i, zones in enumerate(points)], APRIL, known)
    assert sum(line.quantity for line in lines) == sum(map(sum, points)) * SCALE
    for line in lines:
        assert charges.derived(line) == line.amount == charges.rounded(line.quantity, line.price)


@given(
    st.lists(ZONES, min_size=1, max_size=3),
    st.lists(st.integers(1, 9000), min_size=2, max_size=2, unique=True).map(sorted),
)
def test_no_band_takes_more_than_its_limit_over_all_zones_and_points(
    points: list[list[int]], limits: list[int]
) -> None:
    """The limit is the household's: whole kWh of several zones must not round past it together."""
    known = tariffs(*((1, 0, "", band) for band in (1, 2, 3)), limits=(limits[0], limits[1]))
    lines = charges.of_use("electricity", "urban", [quantity(zones, i) for i, zones in enumerate(points)], APRIL, known)
    for band, limit in enumerate(limits, 1):
        assert sum(line.quantity for line in lines if line.band <= band) <= limit * SCALE


@pytest.mark.parametrize("use", [0, 3900, 3901, 6000, 6001])
def test_bands_are_filled_in_their_order(use: int) -> None:
    lines = charges.of_use("electricity", "urban", [quantity([use])], APRIL, BANDED)
    whole = {line.band: line.quantity // SCALE for line in lines}
    expected = {1: min(use, 3900), 2: min(max(use - 3900, 0), 2100), 3: max(use - 6000, 0)}
    assert whole == {band: value for band, value in expected.items() if value or band == 1}


def test_month_without_use_has_one_line_that_says_so() -> None:
    (line,) = charges.of_use("electricity", "urban", [quantity([0, 0, 0])], APRIL, BANDED)
    assert (line.quantity, line.amount, line.zone, line.band) == (0, 0, "t1", 1)


def test_use_of_less_than_nothing_is_in_the_first_band() -> None:
    minus = Quantity(1, (-500 * SCALE,), "reading", 1, {"rule": "average"})
    (line,) = charges.of_use("electricity", "urban", [minus], APRIL, BANDED)
    assert (line.quantity, line.amount, line.band) == (-500 * SCALE, -200_000, 1)


@given(st.integers(1, 30_000), st.integers(1, 30), st.lists(st.integers(2, 30), max_size=3, unique=True))
def test_area_is_charged_for_the_open_days_and_derives(area: int, first: int, changes: list[int]) -> None:
    rows = [
        Tariff(service="repair", dwelling="", plan=0, zone="", band=1, since=since, until=None, price=price, vat=0)
        for since, price in [(date(2020, 1, 1), 97_700), *((date(2026, 4, day), 90_000 + day) for day in sorted(changes))]
    ]  # fmt: skip
    days = Days(date(2026, 4, first), date(2026, 4, 30), 30)
    lines = charges.of_area("repair", "urban", area, days, Tariffs(rows, []))
    assert sum(line.quantity for line in lines) == charges.portion(area * 100, days.count, 30)
    assert len(lines) == 1 + sum(day > first for day in changes)
    for line in lines:
        assert charges.derived(line) == line.amount


@given(st.integers(0, 10**9), st.integers(1, 31), st.integers(28, 31))
def test_portion_is_the_nearest(quantity: int, days: int, whole: int) -> None:
    days = min(days, whole)
    assert abs(charges.portion(quantity, days, whole) * whole - quantity * days) * 2 <= whole


def test_no_price_is_a_gap_not_a_zero() -> None:
    with pytest.raises(Gap):
        charges.of_use("electricity", "urban", [quantity([10])], APRIL, tariffs((1, 0, "", 1), since=HALF))
    with pytest.raises(Gap):
        charges.of_area("repair", "urban", 5790, APRIL, FLAT)


def test_derived_notices_a_changed_dial() -> None:
    """The trace is not decoration: another value in it gives another amount."""
    (line,) = charges.of_use("electricity", "urban", [quantity([100])], APRIL, FLAT)
    meter: dict[str, Any] = line.trace["meters"][0]
    meter["now"] = [meter["now"][0] + 1]
    assert charges.derived(line) == line.amount + 400
