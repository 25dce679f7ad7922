"""Delivery routes: who is on them, in which order, and what a form shows of each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from peewee import Database

from models import audit
from models.metering import routes
from models.metering.accounts import Office
from models.metering.routes import Part
from tests import cast

TODAY = date(2026, 11, 20)
NOVEMBER = "2026-11"


@pytest.fixture
def office(db: Database, company: Any) -> Office:
    return Office.create(code="101", name="Центральный участок", settlement="г. Красноярск", address="ул. Светлая, 24")


def flat(n: int, office: Office | None, street: str, house: str, flat: str = "", **facts: Any) -> Any:
    """An account with a one-zone meter."""
    account = cast.account(n, office=office, street=street, house=house, flat=flat, **facts)
    return cast.hang(account, f"55{n:05}", initial=(100 + n,), installed="2020-01-01")


def numbers(way: routes.Way, first: int = 1, most: int = 100) -> list[str]:
    return [stop.account for stop in routes.stops(way, first, most)]


def walk(office: Office, *where: str, **options: Any) -> list[str]:
    return numbers(routes.way(office, NOVEMBER, TODAY, *where, **options))


def test_a_route_goes_by_settlement_street_house_and_flat_as_people_count(office: Office) -> None:
    for n, place in enumerate(
        [
            ("ул. Мира", "10", "1"), ("ул. Мира", "2", "10"), ("ул. Мира", "2", "9"), ("ул. 10-я Полярная", "1"),
            ("ул. Мира", "10а", "1"), ("ул. 2-я Полярная", "7"),
        ]
    ):  # fmt: skip
        flat(n, office, *place)
    flat(9, office, "ул. Абаканская", "1", settlement="д. Бугачёво")
    assert walk(office) == [cast.number(n) for n in (5, 3, 2, 1, 0, 4, 9)]


def test_a_route_is_of_one_office_a_settlement_or_a_street(office: Office) -> None:
    other = Office.create(code="102", name="Правобережный", settlement="г. Красноярск", address="пр. Заречный, 6")
    flat(1, office, "ул. Мира", "1")
    flat(2, office, "ул. Ленина", "1")
    flat(3, office, "ул. Мира", "1", settlement="д. Бугачёво")
    flat(4, other, "ул. Мира", "1")
    flat(5, None, "ул. Мира", "1")
    one, two, three, four = (cast.number(n) for n in (1, 2, 3, 4))
    assert walk(office) == [two, one, three]
    assert walk(office, "г. Красноярск") == [two, one]
    assert walk(office, "г. Красноярск", "ул. Мира") == [one]
    assert walk(office, "нигде") == []
    assert walk(other) == [four]


def test_streets_are_told_with_their_accounts(office: Office) -> None:
    flat(1, office, "ул. 10-я", "1")
    flat(2, office, "ул. 2-я", "1")
    flat(3, office, "ул. 2-я", "2")
    assert routes.parts(office, TODAY) == [Part("г. Красноярск", "ул. 2-я", 2), Part("г. Красноярск", "ул. 10-я", 1)]


def test_whom_there_is_nothing_to_read_at_is_left_out(office: Office) -> None:
    flat(1, office, "ул. Мира", "1", closed=date(2026, 11, 19))
    flat(2, office, "ул. Мира", "2", opened=date(2026, 11, 21))
    flat(3, office, "ул. Мира", "3", closed=TODAY)
    cast.account(4, office=office)
    cast.hang(cast.account(5, office=office), "1", removed="2026-11-20", final=(7,))
    cast.hang(cast.account(6, office=office), "2", installed="2026-11-21")
    assert walk(office) == [cast.number(3)]
    assert routes.parts(office, TODAY) == [Part("г. Красноярск", "ул. Мира", 1)]


def test_who_has_passed_the_month_may_be_left_out(office: Office) -> None:
    for n in range(4):
        flat(n, office, "ул. Мира", str(n))
    meters = {meter.account.number: meter for meter in routes.Meter.select()}
    cast.read(meters[cast.number(0)], "2026-11-18", 500)
    cast.read(meters[cast.number(1)], "2026-11-18", 500, state="held")
    cast.read(meters[cast.number(2)], "2026-10-18", 500)
    assert walk(office, only_missing=True) == [cast.number(n) for n in (1, 2, 3)]


def test_one_of_two_meters_passed_is_still_a_visit(office: Office) -> None:
    meter = flat(1, office, "ул. Мира", "1")
    cast.hang(meter.account, "77", initial=(5,))
    cast.read(meter, "2026-11-18", 500)
    assert walk(office, only_missing=True) == [cast.number(1)]


@pytest.mark.feature("M10")
def test_a_stop_shows_the_meters_with_what_was_counted_last(office: Office) -> None:
    anna = cast.anna()
    anna.account.office = office
    anna.account.save()
    cast.read(anna.meter, "2026-11-18", 6400, 2700)
    cast.read(anna.meter, "2026-11-02", 9999, 9999, state="rejected")
    [stop] = routes.stops(routes.way(office, NOVEMBER, TODAY), 1, 10)
    assert (stop.place, stop.count, stop.holder) == (1, 1, "Иванова Анна Сергеевна")
    assert stop.address == "г. Красноярск, ул. Садовая, 33, кв.\u00a091"
    [dial] = stop.dials
    assert (dial.serial, dial.zones, dial.digits, dial.unit) == ("87749621", ("День, Т1", "Ночь, Т2"), 5, "кВт⋅ч")
    assert (dial.previous, dial.previous_on) == (cast.PREVIOUS, date(2026, 10, 20))
    [december] = routes.stops(routes.way(office, "2026-12", TODAY), 1, 10)
    assert december.dials[0].previous == (6400, 2700)


def test_a_meter_never_read_shows_what_it_was_hung_with(office: Office) -> None:
    flat(7, office, "ул. Мира", "1")
    [stop] = routes.stops(routes.way(office, NOVEMBER, TODAY), 1, 10)
    assert (stop.dials[0].previous, stop.dials[0].previous_on) == ((107,), date(2020, 1, 1))


def test_a_removed_meter_is_not_on_the_form_and_all_that_hang_are(office: Office) -> None:
    meter = flat(1, office, "ул. Мира", "1")
    cast.hang(meter.account, "old", installed="2015-01-01", removed="2020-01-01", final=(9,))
    cast.hang(meter.account, "second", installed="2021-01-01")
    [stop] = routes.stops(routes.way(office, NOVEMBER, TODAY), 1, 10)
    assert [dial.serial for dial in stop.dials] == ["5500001", "second"]


def test_a_route_is_printed_in_parts_that_count_on(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "CHUNK", 2)
    for n in range(7):
        flat(n, office, "ул. Мира", str(n))
    way = routes.way(office, NOVEMBER, TODAY)
    stops = list(routes.stops(way, 3, 3))
    assert [(stop.place, stop.count, stop.account) for stop in stops] == [(n, 7, cast.number(n - 1)) for n in (3, 4, 5)]
    assert numbers(way, 6) == [cast.number(5), cast.number(6)] and numbers(way, 8) == []


def test_printing_is_noted(office: Office, at: Callable[[str], datetime]) -> None:
    flat(1, office, "ул. Мира", "1")
    way = routes.way(office, NOVEMBER, TODAY)
    with audit.acting("staff:3"):
        routes.record(way, 1, 1, with_names=True)
    row = audit.AuditRow.get()
    assert (row.who, row.deed, row.subject) == ("staff:3", "paperforms.printed", "office:101")
    assert row.detail == {"period": NOVEMBER, "first": 1, "forms": 1, "with_names": True}
