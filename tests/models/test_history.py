"""What the history tells of an account: readings with their use, months beside those of the year before."""

from __future__ import annotations

from datetime import date

import pytest
from peewee import Database

from models.metering import history
from models.metering.history import Past
from tests import cast, prices

TODAY = date(2026, 11, 20)


@pytest.fixture
def anna(db: Database) -> cast.Person:
    prices.norms()
    return cast.anna()


def past(who: cast.Person) -> Past:
    return Past(who.account, TODAY)


@pytest.mark.feature("S24")
def test_readings_the_newest_first_with_their_use(anna: cast.Person) -> None:
    lines = past(anna).lines("2026-09", "2026-10")
    assert [(line.reading.taken, line.values, line.usage) for line in lines] == [
        (date(2026, 10, 20), (6320, 2660), 180),
        (date(2026, 9, 20), (6200, 2600), 180),
    ]


def test_use_of_the_first_reading_is_since_the_meter_was_hung(db: Database) -> None:
    assert past(cast.vera()).lines("2026-10", "2026-10")[0].usage == 12000 - 11882


@pytest.mark.feature("S24")
@pytest.mark.parametrize("state", ["held", "rejected", "replaced"])
def test_what_does_not_count_is_shown_without_use(anna: cast.Person, state: str) -> None:
    cast.read(anna.meter, "2026-10-10", 9000, 9000, state=state, reason="Ошибка")
    lines = past(anna).lines("2026-10", "2026-10")
    assert [(line.reading.state, line.usage) for line in lines] == [("accepted", 180), (state, None)]


def test_use_after_the_transformer_ratio(db: Database) -> None:
    vera = cast.vera()
    meter = cast.hang(vera.account, "55", ratio=20, initial=(10,), installed="2026-09-01")
    cast.read(meter, "2026-10-21", 15)
    assert past(vera).lines("2026-10", "2026-10")[0].usage == 100


def test_months_beside_the_year_before(anna: cast.Person) -> None:
    cast.read(anna.meter, "2026-11-20", 6500, 2700)
    bars = past(anna).bars("electricity", "2026-10", "2026-11")
    assert [(bar.month.period, bar.month.zones, bar.year_ago) for bar in bars] == [
        ("2026-10", (120, 60, 0), None),
        ("2026-11", (180, 40, 0), 0),
    ]


@pytest.mark.feature("S20")
def test_month_without_a_reading_is_estimated(anna: cast.Person) -> None:
    month = past(anna).bars("electricity", "2026-11", "2026-11")[0].month
    assert (month.basis, month.zones) == ("average", (110, 55, 0))


@pytest.mark.feature("S20")
def test_account_without_a_meter_goes_by_the_norm(anna: cast.Person) -> None:
    """Three persons in a town: 3 × 80 kWh since July 2025."""
    bars = past(cast.boris(anna)).bars("electricity", "2026-10", "2026-11")
    assert [(bar.month.total, bar.month.basis) for bar in bars] == [(240, "norm")] * 2


def test_norm_of_the_day(anna: cast.Person) -> None:
    bars = past(cast.boris(anna)).bars("electricity", "2025-06", "2025-07")
    assert [bar.month.total for bar in bars] == [3 * 75, 3 * 80]


def test_periods_it_can_tell_of(anna: cast.Person) -> None:
    assert (past(anna).first_period, past(anna).last_period) == ("2025-11", "2026-11")


def test_account_without_readings_shows_three_years_of_norm(db: Database) -> None:
    empty = past(cast.anna(history=False))
    assert (empty.first_period, empty.last_period) == ("2023-11", "2026-11")
    assert {bar.month.basis for bar in empty.bars("electricity", "2023-11", "2026-11")} == {"norm"}


def test_account_without_readings_begins_when_it_was_opened(db: Database) -> None:
    young = cast.Person(None, cast.account(54, opened=date(2026, 8, 15)))  # type: ignore[arg-type]
    assert past(young).first_period == "2026-08"
    assert [bar.month.period for bar in past(young).bars("electricity", "2026-01", "2026-09")] == ["2026-08", "2026-09"]


def test_nothing_to_tell(db: Database) -> None:
    empty = past(cast.anna(history=False))
    assert (empty.lines("2020-01", "2026-11"), empty.services) == ([], ["electricity"])


@pytest.mark.company("koryak")
def test_services_with_meters_electricity_first(db: Database) -> None:
    anna = cast.anna()
    cast.hang(anna.account, "9", service="heat")
    assert past(anna).services == ["electricity", "heat"]


@pytest.mark.company("koryak")
def test_services_are_the_accounts_even_without_a_meter(db: Database) -> None:
    flat = cast.Person(None, cast.account(54, services="heat,electricity"))  # type: ignore[arg-type]
    assert past(flat).services == ["electricity", "heat"]
    assert [bar.month.total for bar in past(flat).bars("heat", "2026-10", "2026-10")] == [0]


@pytest.mark.company("koryak")
def test_account_of_heat_alone_has_no_electricity(db: Database) -> None:
    flat = cast.Person(None, cast.account(54, services="heat"))  # type: ignore[arg-type]
    assert past(flat).services == ["heat"]


def test_service_without_meters_has_no_consumption(db: Database) -> None:
    flat = cast.Person(None, cast.account(54, services="repair,electricity"))  # type: ignore[arg-type]
    assert past(flat).services == ["electricity"]


@pytest.mark.company("koryak")
def test_services_do_not_mix(db: Database) -> None:
    anna = cast.anna()
    heat = cast.hang(anna.account, "9", service="heat", installed="2026-09-01")
    cast.read(heat, "2026-10-20", 3)
    assert past(anna).bars("heat", "2026-10", "2026-10")[0].month.total == 3
    assert past(anna).bars("electricity", "2026-10", "2026-10")[0].month.total == 180


def test_readings_of_others_stay_out(anna: cast.Person) -> None:
    cast.vera()
    assert {line.meter.id for line in past(anna).lines("2000-01", "2026-11")} == {anna.meter.id}


def test_bar_is_a_month(anna: cast.Person) -> None:
    assert isinstance(past(anna).bars("electricity", "2026-10", "2026-10")[0], history.Bar)
