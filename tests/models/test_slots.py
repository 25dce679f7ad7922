"""Places of the visiting fitters: which hours are offered, and that none is given away twice."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from peewee import Database

from models import seal
from models.audit import AuditRow
from models.base import Refusal
from models.metering import slots
from models.metering.accounts import Account, Office
from models.metering.orders import placing
from models.metering.orders.placing import Wish
from models.metering.orders.rows import APPOINTED, PLACED, Order, VisitSlot
from models.workdays import SpecialDay
from tests import cast
from tests.crowd import at_once

MONDAY = date(2026, 11, 23)
MORNING, NOON, EVENING = "09:00-12:00", "12:00-15:00", "15:00-18:00"
ALL = (MORNING, NOON, EVENING)


@pytest.fixture
def office(db: Database) -> Office:
    return Office.create(code="101", name="Центральный", settlement="г. Красноярск", address="ул. Светлая, 24")


def homes(count: int, office: Office | None) -> list[tuple[Account, Any]]:
    """Accounts with a meter each, of the office."""
    made = [cast.account(700 + n, office=office) for n in range(count)]
    return [(one, cast.hang(one, f"5550{n}", verification_due=date(2027, 1, 1))) for n, one in enumerate(made)]


def wish(meter: Any, slot: tuple[date, str] | None) -> Wish:
    return Wish(f"replacement-{meter.id}", phone="+7 913 555-01-23", slot=slot)


def order(home: tuple[Account, Any], slot: tuple[date, str] | None) -> Order:
    return placing.place(home[0], wish(home[1], slot), key=seal.token(), customer_id=None)


def test_working_days_from_the_second_to_the_thirtieth_are_offered(office: Office) -> None:
    """20 November 2026 is a Friday: Sunday the 22nd is the first day, Monday the first that one works on."""
    found = slots.offered(office.id)
    assert (found[0].day, found[-1].day) == (MONDAY, date(2026, 12, 18))
    assert all(day.day.weekday() < 5 and day.free == ALL for day in found)


def test_public_holidays_are_left_out_and_moved_working_days_offered(office: Office) -> None:
    SpecialDay.create(day=MONDAY, is_working=False)
    SpecialDay.create(day=date(2026, 11, 28), is_working=True)
    days = [one.day for one in slots.offered(office.id)]
    assert MONDAY not in days and date(2026, 11, 28) in days


def test_staff_open_a_saturday_and_close_hours(office: Office) -> None:
    slots.set_capacity(office.id, date(2026, 11, 28), {MORNING: 1})
    slots.set_capacity(office.id, MONDAY, {MORNING: 0, NOON: 7, EVENING: 4})
    found = {one.day: one.free for one in slots.offered(office.id)}
    assert found[date(2026, 11, 28)] == (MORNING,)
    assert found[MONDAY] == (NOON, EVENING)
    assert AuditRow.select().where(AuditRow.deed == "slots.changed", AuditRow.subject == "office:101").count() == 2


def test_one_offices_hours_are_nothing_to_another(office: Office) -> None:
    slots.set_capacity(office.id, MONDAY, dict.fromkeys(ALL, 0))
    other = Office.create(code="102", name="Другой", settlement="г. Красноярск", address="пр. Заречный, 6")
    assert slots.offered(office.id)[0].day > MONDAY
    assert slots.offered(other.id)[0].day == slots.offered(None)[0].day == MONDAY


@pytest.mark.parametrize(
    ("day", "places", "rule"),
    [
        (date(2026, 11, 19), {MORNING: 1}, "slot.past"),
        (MONDAY, {"10:00-11:00": 1}, "slot.unknown"),
        (MONDAY, {MORNING: -1}, "slot.capacity"),
        (MONDAY, {MORNING: 1001}, "slot.capacity"),
    ],
)
def test_what_cannot_be_is_refused(office: Office, day: date, places: dict[str, int], rule: str) -> None:
    with pytest.raises(Refusal) as refused:
        slots.set_capacity(office.id, day, places)
    assert refused.value.problems[0].rule == rule
    assert not VisitSlot.select().where(VisitSlot.capacity.is_null(False)).exists()


@pytest.mark.parametrize(
    ("slot", "rule"),
    [
        ((date(2026, 11, 21), MORNING), "slot.unknown"),  # tomorrow is too soon
        ((date(2026, 12, 21), MORNING), "slot.unknown"),  # and this too late
        ((MONDAY, "09:00-18:00"), "slot.unknown"),
        ((date(2026, 11, 28), MORNING), "slot.day_off"),
    ],
)
def test_hours_that_are_not_offered_are_refused(office: Office, slot: tuple[date, str], rule: str) -> None:
    with pytest.raises(Refusal) as refused:
        order(homes(1, office)[0], slot)
    assert [problem.rule for problem in refused.value.problems] == [rule]
    assert Order.select().count() == 0


def test_full_hours_are_offered_no_more(office: Office) -> None:
    slots.set_capacity(office.id, MONDAY, {MORNING: 2})
    for home in homes(2, office):
        order(home, (MONDAY, MORNING))
    assert slots.offered(office.id)[0] == slots.Day(MONDAY, (NOON, EVENING))
    with pytest.raises(Refusal) as refused:
        placing.appoint(
            order((extra := cast.account(720, office=office), cast.hang(extra, "1")), None).id, (MONDAY, MORNING)
        )
    assert refused.value.problems[0].rule == "slot.full"


def test_a_place_given_back_is_free_again(office: Office) -> None:
    slots.set_capacity(office.id, MONDAY, {MORNING: 1})
    first, second = homes(2, office)
    placed = order(first, (MONDAY, MORNING))
    placing.cancel(placed.id)
    assert order(second, (MONDAY, MORNING)).state == APPOINTED


@pytest.mark.parametrize("has_office", [True, False])
def test_parallel_bookings_never_take_more_places_than_there_are(office: Office, has_office: bool) -> None:
    mine = office if has_office else None
    slots.set_capacity(mine and mine.id, MONDAY, {MORNING: 3})
    own = homes(8, mine)
    done = at_once(8, lambda i: order(own[i], (MONDAY, MORNING)))
    assert sum(isinstance(one, Order) for one in done) == 3
    assert [one.problems[0].rule for one in done if isinstance(one, Refusal)] == ["slot.full"] * 5
    assert Order.select().where(Order.state == APPOINTED).count() == 3


def test_parallel_moves_into_the_last_place_let_one_in(office: Office) -> None:
    slots.set_capacity(office.id, MONDAY, {MORNING: 1})
    placed = [order(home, None) for home in homes(5, office)]
    done = at_once(5, lambda i: placing.appoint(placed[i].id, (MONDAY, MORNING)))
    assert sum(isinstance(one, Order) for one in done) == 1
    assert Order.select().where(Order.state == PLACED).count() == 4


def test_places_of_todays_visits_are_counted_for_staff(office: Office) -> None:
    placed = order(homes(1, office)[0], None)
    placing.appoint(placed.id, (date(2026, 11, 20), EVENING), by_staff=True)
    today = slots.of(office.id, date(2026, 11, 20), date(2026, 11, 20))
    assert [(one.span, one.capacity, one.taken) for one in today] == [(MORNING, 4, 0), (NOON, 4, 0), (EVENING, 4, 1)]


@pytest.mark.parametrize(
    "typed", ["", "2026-11-23", "2026-11-23 10:00-11:00", "23.11.2026 09:00-12:00", "2026-13-40 09:00-12:00"]
)
def test_a_value_that_names_no_hours_is_none(db: Database, typed: str) -> None:
    assert slots.at(typed) is None


def test_a_forms_value_names_its_hours(db: Database) -> None:
    assert slots.at(slots.value(MONDAY, MORNING)) == (MONDAY, MORNING)
