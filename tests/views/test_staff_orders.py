"""Orders at the office: the list, appointing, calling off, a visit in vain, an order by phone, the fitter's day, the places."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from models.audit import AuditRow
from models.metering import slots
from models.metering.accounts import Office
from models.metering.orders import placing
from models.metering.orders.placing import Wish
from models.metering.orders.rows import APPOINTED, CANCELLED, FAILED, Order
from models.office import cards, openings
from models.outbox import Message
from tests import cast
from tests.card import opened
from tests.cast import Person
from tests.page import Client
from tests.test_house import _queries

FRIDAY, MONDAY = date(2026, 11, 20), date(2026, 11, 23)
MORNING, NOON, EVENING = "09:00-12:00", "12:00-15:00", "15:00-18:00"


@pytest.fixture
def office(anna: Person) -> Office:
    made = Office.create(code="101", name="Центральный участок", settlement="г. Красноярск", address="ул. Светлая, 24")
    anna.account.office = made
    anna.account.save()
    return made


@pytest.fixture
def order(anna: Person, office: Office) -> Order:
    return place(anna, (MONDAY, MORNING))


def place(person: Person, slot: Any = None, kind: str = "replacement") -> Order:
    assert person.meter is not None
    wish = Wish(f"{kind}-{person.meter.id}", "merkuriy-200", "89135550123", "Домофон 12", slot)
    return placing.place(person.account, wish, key=kind, customer_id=person.id)


def test_the_list_begins_with_what_waits_for_the_office(oleg: Client, order: Order, vera: Person) -> None:
    waiting = place(vera)
    assert [row[0] for row in oleg.get("staff_orders.index").rows] == [waiting.number]
    assert [row[0] for row in oleg.get("staff_orders.index", state="").rows] == [waiting.number, order.number]
    assert [row[0] for row in oleg.get("staff_orders.index", state="", day="2026-11-23").rows] == [order.number]
    assert [row[0] for row in oleg.get("staff_orders.index", state="", office="101").rows] == [order.number]
    assert [row[0] for row in oleg.get("staff_orders.index", state="", q="87749621").rows] == [order.number]


def test_a_visit_without_its_result_is_marked(oleg: Client, order: Order, at: Any) -> None:
    at("2026-11-24T09:00")
    oleg.enter_office("oleg@example.ru", cast.PASSWORD)
    assert "итог не внесён" in oleg.get("staff_orders.index").text


@pytest.mark.parametrize(
    "wrong", [{"state": "x"}, {"day": "завтра"}, {"q": "я" * 101}, {"office": "\x00"}, {"page": "-1"}]
)
def test_a_filter_that_makes_no_sense_is_none(oleg: Client, order: Order, wrong: dict[str, str]) -> None:
    assert oleg.get("staff_orders.index", **wrong).status == 200


def test_a_visit_is_appointed_and_moved(oleg: Client, anna: Person, office: Office) -> None:
    order = place(anna)
    page = (
        oleg.get("staff_orders.show", number=order.number)
        .submit({"slot": "2026-11-20 15:00-18:00"}, button="Назначить")
        .follow()
    )
    assert "визит назначен в пятницу, 20\u00a0ноября, с\u00a015 до\u00a018" in page.text
    page.submit({"slot": "2026-11-24 09:00-12:00"}, button="Назначить")
    assert (Order.get().day, Order.get().span) == (date(2026, 11, 24), MORNING)
    assert [one.data["state"] for one in Message.select().order_by(Message.id)] == [
        "принята",
        "визит назначен",
        "визит перенесён",
    ]


def test_hours_that_are_full_are_not_given_by_staff_either(oleg: Client, order: Order, office: Office) -> None:
    page = oleg.get("staff_orders.show", number=order.number)
    slots.set_capacity(office.id, MONDAY, {NOON: 0})
    refused = page.submit({"slot": f"2026-11-23 {NOON}"}, button="Назначить")
    assert refused.status == 422 and "мест уже нет" in refused.errors[0]


def test_an_order_is_called_off_with_a_reason(oleg: Client, order: Order, mail: Any) -> None:
    page = oleg.get("staff_orders.show", number=order.number)
    refused = page.submit({}, button="Отменить")
    assert refused.status == 422 and refused.error("cancel_reason") == "Напишите, почему: это прочтёт клиент."
    refused.submit({"cancel_reason": "Дом под снос"}, button="Отменить")
    assert Order.get().state == CANCELLED and "Дом под снос." in mail("anna@example.ru").text


def test_a_visit_in_vain(oleg: Client, order: Order, home: Client, at: Any) -> None:
    assert "Визит не состоялся" not in oleg.get("staff_orders.show", number=order.number).text  # it is still to come
    at("2026-11-23T13:00")
    oleg.enter_office("oleg@example.ru", cast.PASSWORD)
    page = oleg.get("staff_orders.show", number=order.number)
    page.submit({"fail_reason": "Никого не было дома"}, button="Отметить")
    assert Order.get().state == FAILED
    own = home.get("orders.show", number=order.number)
    assert "Визит не состоялся: Никого не было дома." in own.text
    own.click("Выбрать время").submit({"slot": "2026-11-26 09:00-12:00"}, button="Назначить")
    assert Order.get().state == APPOINTED


def test_an_order_for_whoever_phones(oleg: Client, anna: Person, office: Office) -> None:
    page = opened(oleg, anna.account.number).click("Новая заявка")
    given = {"what": f"verification-{anna.meter and anna.meter.id}", "slot": "later", "phone": "+79135550199"}
    shown = page.submit(given, button="Принять заявку").follow()
    assert shown.h1 == f"Заявка № {Order.get().number}" and Order.get().customer_id is None
    assert Message.select().where(Message.to == "anna@example.ru", Message.letter == "order_news").count() == 1
    assert "Такого лицевого счёта нет" in oleg.get("staff_orders.form", account="1").text


def test_the_fitters_day_on_paper(pavel: Client, order: Order) -> None:
    page = pavel.get("staff_orders.sheet", day="2026-11-23", office="101")
    row = " ".join(page.rows[0])
    for said in (
        "с\u00a09 до\u00a012",
        "ул. Садовая, 33",
        "Иванова Анна",
        "+7\u00a0913",
        "87749621",
        "Меркурий 200.02",
        "Домофон 12",
        order.number,
    ):
        assert said in row
    assert pavel.get("staff_orders.sheet", day="2026-11-24").rows == []


def test_the_places_of_a_day_are_changed(oleg: Client, office: Office) -> None:
    page = oleg.get("staff_orders.places", office="101")
    given = {"places-2026-11-23-1": "1", "places-2026-11-23-2": "0", "places-2026-11-23-3": "9"}
    assert page.submit(given, button="Сохранить 23\u00a0ноября").status == 303
    found = [(one.span, one.capacity) for one in slots.of(office.id, MONDAY, MONDAY)]
    assert found == [(MORNING, 1), (NOON, 0), (EVENING, 9)]


@pytest.mark.parametrize("typed", ["", "-1", "много", "1001", "99999999999"])
def test_places_that_are_no_number_are_refused(oleg: Client, office: Office, typed: str) -> None:
    page = oleg.get("staff_orders.places", office="101")
    refused = page.submit({"places-2026-11-23-1": typed}, button="Сохранить 23\u00a0ноября")
    assert refused.status == 422 and refused.errors == ["Число мест — от 0 до 1000."]


@pytest.mark.parametrize("first", ["9999-12-31", "0001-01-01", "x"])
def test_a_day_that_makes_no_sense_is_brought_within_reach(oleg: Client, office: Office, first: str) -> None:
    assert oleg.get("staff_orders.places", first=first).status == 200
    assert oleg.get("staff_orders.sheet", day=first).status == 200
    assert oleg.get("staff_orders.index", day=first).status == 200


def test_an_order_by_telephone_wants_the_open_card(oleg: Client, anna: Person, vera: Person, office: Office) -> None:
    asked = oleg.get("staff_orders.form", account=vera.account.number)
    assert asked.status == 303 and f"/staff/customers/{vera.account.number}" in asked.location
    form = opened(oleg, anna.account.number).click("Новая заявка")
    other = oleg.post(
        "staff_orders.place", {"csrf_token": form.token, "account": vera.account.number, "phone": "+79135550199"}
    )
    assert other.status == 303 and vera.account.last_name not in other.text and not Order.select().exists()


def openings_of(deed: str) -> list[str]:
    return [row.subject for row in AuditRow.select().where(AuditRow.deed == deed).order_by(AuditRow.id)]


def test_who_reads_an_order_is_noted_once_an_hour(oleg: Client, pavel: Client, order: Order, at: Any) -> None:
    for browser in (oleg, oleg, pavel):
        assert browser.get("staff_orders.show", number=order.number).status == 200
    assert openings_of("order.opened") == [order.subject, order.subject]
    at("2026-11-20T13:30")
    oleg.enter_office("oleg@example.ru", cast.PASSWORD)
    oleg.get("staff_orders.show", number=order.number)
    assert len(openings_of("order.opened")) == 3


def test_the_result_and_the_photos_are_read_as_the_order_is(pavel: Client, order: Order) -> None:
    assert pavel.get("visits.form", number=order.number).status == 200
    assert openings_of("order.opened") == [order.subject]


def test_whose_day_of_visits_is_read_is_noted(pavel: Client, order: Order) -> None:
    pavel.get("staff_orders.sheet", day="2026-11-24")
    assert openings_of("visits.opened") == []
    pavel.get("staff_orders.sheet", day="2026-11-23", office="101")
    pavel.get("staff_orders.sheet", day="2026-11-23", office="101")
    assert openings_of("visits.opened") == ["visits:2026-11-23 101"]


def test_the_list_tells_neither_names_nor_phones(oleg: Client, order: Order, anna: Person) -> None:
    page = oleg.get("staff_orders.index", state="")
    assert order.number in page.text and anna.account.last_name not in page.text and "555" not in page.text


def test_searches_and_openings_have_a_limit(oleg: Client, order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards, "MOST_SEARCHES", 1)
    monkeypatch.setattr(openings, "MOST", 0)
    assert [oleg.get("staff_orders.index", q="Иванова").status for _ in range(2)] == [200, 422]
    refused = oleg.get("staff_orders.show", number=order.number)
    assert refused.status == 422 and "Домофон 12" not in refused.text


@pytest.mark.company("koryak")
def test_a_company_without_orders_has_no_such_room(oleg: Client) -> None:
    assert oleg.get("staff_orders.index").status == 404
    for page in (oleg.get("staff_desk.show"), oleg.get("staff_appeals.index")):
        assert page.status == 200 and "Заявки" not in page.text


def test_from_a_day_without_visits_one_gets_to_the_next(oleg: Client, order: Order) -> None:
    page = oleg.get("staff_orders.sheet", day="2026-11-20")
    assert "визитов не назначено" in page.text and page.soup.find("a", rel="prev") is None
    assert [row[0] for row in page.click("23\u00a0ноября →").rows] == ["с\u00a09 до\u00a012"]
    assert oleg.get("staff_orders.sheet", day="2026-11-30", office="101").soup.find("a", rel="prev") is not None


def test_keys_work_on_the_pages_that_name_them(oleg: Client, order: Order) -> None:
    for page in (oleg.get("staff_orders.index", state=""), oleg.get("staff_orders.show", number=order.number)):
        assert page.soup.select("script[src*='staff']") and page.soup.select("[data-key], [data-step]")


def test_who_may_only_look_has_no_buttons(galina: Client, order: Order) -> None:
    page = galina.get("staff_orders.show", number=order.number)
    assert page.status == 200 and not page.soup.select("main form")
    assert (
        galina.post(
            "staff_orders.handle", {"csrf_token": galina.get("me.show").token, "deed": "cancel"}, number=order.number
        ).status
        == 403
    )


def test_pages_cost_few_queries(oleg: Client, order: Order, db: Any) -> None:
    paths = ["/staff/orders", f"/staff/orders/{order.number}", "/staff/orders/sheet", "/staff/orders/places"]
    assert {path: count for path in paths if (count := _queries(oleg, db, path)) > 12} == {}
