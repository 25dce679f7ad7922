"""Meters: when they count, their zones, and the warning before the verification interval ends."""

from __future__ import annotations

from datetime import date

import pytest
from peewee import Database, IntegrityError

from models.metering import meters
from models.metering.meters import Meter
from tests import cast

TODAY = date(2026, 11, 20)


@pytest.fixture
def anna(db: Database) -> cast.Person:
    return cast.anna(history=False)


@pytest.mark.parametrize(
    ("installed", "removed", "is_active"),
    [
        ("2026-11-20", None, True),
        ("2026-11-21", None, False),
        ("2019-06-15", "2026-11-21", True),
        ("2019-06-15", "2026-11-20", False),
    ],
)
def test_active_from_the_day_it_is_hung_to_the_day_before_it_is_taken_down(
    anna: cast.Person, installed: str, removed: str | None, is_active: bool
) -> None:
    meter = cast.hang(anna.account, "1", installed=installed, removed=removed)
    assert (meter in meters.active([meter], TODAY)) == is_active


def test_all_meters_an_account_ever_had_the_oldest_first(anna: cast.Person) -> None:
    old = cast.hang(anna.account, "1", installed="2010-01-01", removed="2025-10-21", final=(99,))
    assert [row.id for row in meters.of_account(account=anna.account.id)] == [old.id, anna.meter.id]


def test_one_serial_number_one_meter(anna: cast.Person, db: Database) -> None:
    with pytest.raises(IntegrityError), db.atomic():
        cast.hang(anna.account, anna.meter.serial)


@pytest.mark.parametrize(
    ("zones", "names"),
    [(1, ["Показание"]), (2, ["День, Т1", "Ночь, Т2"]), (3, ["Пик, Т1", "Ночь, Т2", "Полупик, Т3"])],
)
def test_zones(zones: int, names: list[str]) -> None:
    meter = Meter(zones=zones)
    assert [meters.zone_names(meter)[zone] for zone in meters.zones_of(meter)] == names


def test_values_of_its_zones_only() -> None:
    meter = Meter(zones=2, initial_t1=5, initial_t2=7, initial_t3=9)
    assert meters.values(meter, 2, "initial_") == (5, 7)


@pytest.mark.parametrize(
    ("removed", "hung", "replaces"),
    [
        ("2026-11-01", "2026-11-01", True),
        ("2026-11-01", "2027-01-02", True),
        ("2026-11-01", "2027-01-03", False),
        ("2026-11-01", "2026-10-31", False),
        (None, "2026-11-01", False),
    ],
)
def test_meter_hung_within_two_months_replaces(removed: str | None, hung: str, replaces: bool) -> None:
    former = Meter(removed=date.fromisoformat(removed) if removed else None)
    assert meters.replaces(Meter(installed=date.fromisoformat(hung)), former) == replaces


@pytest.mark.parametrize(
    ("due", "expired", "near"),
    [
        (None, False, False),
        (date(2026, 11, 19), True, False),
        (date(2026, 11, 20), False, True),
        (date(2027, 5, 19), False, True),
        (date(2027, 5, 22), False, True),
        (date(2027, 6, 20), False, False),
        (date(2033, 5, 17), False, False),
    ],
)
def test_verification_is_warned_of_half_a_year_before(due: date | None, expired: bool, near: bool) -> None:
    meter = Meter(verification_due=due)
    assert (meters.verification_is_expired(meter, TODAY), meters.verification_is_near(meter, TODAY)) == (expired, near)


@pytest.mark.company("koryak")
def test_unit_of_the_service(anna: cast.Person) -> None:
    heat = cast.hang(anna.account, "1", service="heat")
    assert (meters.unit(anna.meter), meters.unit(heat)) == ("кВт⋅ч", "Гкал")


def test_account_gone_takes_its_meters_along(anna: cast.Person) -> None:
    anna.account.delete_instance()
    assert not Meter.select().exists()
