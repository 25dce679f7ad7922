"""The customer's orders: the form with its hours, an order's page, another time, calling off; the catalogue for everybody."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from bs4 import Tag

from models.metering import replacing, slots
from models.metering.accounts import Office
from models.metering.orders import placing
from models.metering.orders.placing import Wish
from models.metering.orders.rows import APPOINTED, CANCELLED, PLACED, Order
from models.metering.replacing import Visit
from models.numbers import number_of
from tests import cast
from tests.cast import Person
from tests.page import Client, Page
from tests.test_house import ONE_FLIGHT, _queries

MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)
MORNING = "09:00-12:00"
FIRST = "2026-11-23 09:00-12:00"


@pytest.fixture
def form(home: Client) -> Page:
    return home.get("orders.form")


def options(page: Page, name: str) -> dict[str, str]:
    """The values of a group of radios with their labels."""
    found = {}
    for one in page.soup.select(f'input[type="radio"][name="{name}"]'):
        label = page.soup.select_one(f'label[for="{one["id"]}"]')
        assert isinstance(label, Tag)
        found[str(one["value"])] = str(one.get("aria-label") or label.get_text(" ", strip=True)).replace("\u00a0", " ")
    return found


def send(page: Page, person: Person, **more: str) -> Page:
    given = {"what": f"replacement-{person.meter and person.meter.id}", "slot": FIRST, **more}
    return page.submit(given, button="Отправить заявку")


@pytest.mark.feature("S44")
def test_an_order_is_placed_with_hours_chosen(form: Page, anna: Person, mail: Any) -> None:
    assert form.value("phone") == "+7 913 555-01-23"
    page = send(form, anna, model="merkuriy-200", words="Домофон 12").follow()
    order = Order.get()
    assert page.path == f"/orders/{order.number}" and page.h1 == f"Заявка № {order.number}"
    assert "визит назначен в понедельник, 23\u00a0ноября, с\u00a09 до\u00a012" in page.text
    assert "Меркурий 200.02" in page.text and "Как подготовиться" in page.text
    letter = mail("anna@example.ru")
    assert letter.letter == "order_news" and letter.link == f"/orders/{order.number}"


def test_all_that_may_be_ordered_and_all_free_hours_are_offered(form: Page, anna: Person) -> None:
    assert list(options(form, "what").values()) == ["Замена счётчика № 87749621", "Поверка счётчика № 87749621"]
    hours = options(form, "slot")
    assert len(hours) == 20 * 3 + 1
    assert (hours[FIRST], hours["later"]) == ("23 ноября, 9–12", "Договоримся по телефону")


def test_a_link_fills_in_what_it_is_about(home: Client, anna: Person) -> None:
    page = home.get("orders.form", kind="verification", model="neva-mt112")
    chosen = page.soup.select_one('input[name="what"][checked]')
    assert chosen is not None and chosen["value"] == f"verification-{anna.meter and anna.meter.id}"
    selected = page.soup.select_one('select[name="model"] option[selected]')
    assert selected is not None and selected["value"] == "neva-mt112"


def test_without_hours_the_office_calls(form: Page, anna: Person) -> None:
    page = send(form, anna, slot="later").follow()
    assert Order.get().state == PLACED and "Мы позвоним" in page.text


def test_what_is_wrong_is_told_and_nothing_typed_is_lost(form: Page, anna: Person) -> None:
    page = form.submit({"phone": "12", "words": "Стоит в подвале"}, button="Отправить заявку")
    assert page.status == 422 and page.errors == [
        "Выберите день и время или «договоримся по телефону».",
        "Выберите, что нужно сделать.",
        "Это не похоже на номер телефона. Пример: +7 913 555-01-23",
    ]
    page = page.submit({"slot": FIRST, "model": "merkuriy-201"}, button="Отправить заявку")
    assert len(page.errors) == 2
    assert (page.value("phone"), page.value("words"), page.value("model")) == ("12", "Стоит в подвале", "merkuriy-201")
    assert page.soup.select_one(f'input[value="{FIRST}"][checked]') is not None
    assert send(page, anna, phone="+79135550123").status == 303


def test_later_days_are_folded_and_open_with_the_chosen_one(form: Page, anna: Person) -> None:
    assert len(form.soup.select("details input[name=slot]")) == 10 * 3
    late = str(form.soup.select("details input[name=slot]")[5]["value"])
    again = send(form, anna, slot=late, phone="12")
    assert again.status == 422 and again.soup.select_one(f'details[open] input[value="{late}"][checked]') is not None
    assert send(form, anna, slot=FIRST, phone="12").soup.select_one("details[open] input[name=slot]") is None


def test_models_and_prices_are_asked_where_one_is_to_be_hung(home: Client, form: Page, anna: Person) -> None:
    page = send(form, anna, model="merkuriy-200").follow()
    assert "3\u202f190,00\u00a0₽ с работой" in page.text
    assert home.get("orders.form").soup.find(id="model") is None  # a verification alone is left


def test_hours_taken_meanwhile_are_refused_and_the_next_ones_offered(form: Page, anna: Person) -> None:
    slots.set_capacity(None, MONDAY, {MORNING: 0})
    page = send(form, anna, words="Стоит в подвале")
    assert page.status == 422 and "мест уже нет" in page.errors[0]
    assert FIRST not in options(page, "slot") and "2026-11-23 12:00-15:00" in options(page, "slot")
    assert page.value("words") == "Стоит в подвале"


def test_the_form_sent_twice_is_one_order(form: Page, anna: Person) -> None:
    assert send(form, anna).location == send(form, anna).location
    assert Order.select().count() == 1


def test_what_is_ordered_already_is_a_link_to_it(home: Client, form: Page, anna: Person) -> None:
    send(form, anna)
    page = home.get("orders.form")
    assert list(options(page, "what")) == [f"verification-{anna.meter and anna.meter.id}"]
    assert page.click(f"заявка № {Order.get().number}").h1 == f"Заявка № {Order.get().number}"


def test_a_visit_is_moved(home: Client, form: Page, anna: Person) -> None:
    page = send(form, anna).follow().click("Перенести визит")
    assert page.submit({}, button="Назначить").errors == ["Выберите день и время."]
    page = page.submit({"slot": "2026-11-24 12:00-15:00"}, button="Назначить").follow()
    assert "24\u00a0ноября, с\u00a012 до\u00a015" in page.text and "визит перенесён" in page.text
    assert Order.get().day == TUESDAY


def test_an_order_is_called_off(form: Page, anna: Person) -> None:
    page = send(form, anna).follow().submit(button="Да, отменить").follow()
    assert "отменена" in page.text and Order.get().state == CANCELLED
    assert page.soup.find("button", string="Да, отменить") is None


def test_on_the_day_itself_only_the_phone_is_left(form: Page, anna: Person, at: Any) -> None:
    page = send(form, anna).follow()
    at("2026-11-23T08:00")
    refused = page.submit(button="Да, отменить")
    assert refused.status == 422 and "Позвоните нам" in refused.errors[0]
    assert Order.get().state == APPOINTED


def test_the_list_shows_orders_of_the_own_accounts_alone(home: Client, anna: Person, vera: Person) -> None:
    for person in (anna, vera):
        assert person.meter is not None
        placing.place(
            person.account, Wish(f"replacement-{person.meter.id}", phone="89135550123"), key="k", customer_id=person.id
        )
    assert [row[0] for row in home.get("orders.index").rows] == [Order.get(Order.account == anna.account.id).number]


def test_strangers_orders_do_not_exist(home: Client, stranger: Client, form: Page, anna: Person) -> None:
    number = send(form, anna).follow().path.rpartition("/")[2]
    for endpoint in ("orders.show", "orders.ask_move"):
        assert stranger.get(endpoint, number=number).status == 404
    token = stranger.get("orders.form").token
    for endpoint in ("orders.move", "orders.cancel"):
        assert stranger.post(endpoint, {"csrf_token": token, "slot": FIRST}, number=number).status == 404
    foreign = {"csrf_token": token, "account": anna.account.number, "what": "installation-electricity", "slot": FIRST}
    assert stranger.post("orders.place", foreign).status == 404
    assert Order.get().state == APPOINTED and Order.select().count() == 1


def test_a_relatives_phone_and_words_are_theirs(form: Page, anna: Person, boris: Person, client: Client) -> None:
    number = send(form, anna, words="Ключ под ковриком").follow().path.rpartition("/")[2]
    his = client.another()
    his.sign_in(boris.customer.email, cast.PASSWORD)
    page = his.get("orders.show", number=number)
    assert page.status == 200 and "ковриком" not in page.text and "555-01-23" not in page.text


def test_guests_are_told_to_sign_in_or_to_phone(client: Client, app: Any) -> None:
    page = client.get("orders.form", model="merkuriy-200")
    assert page.status == 200 and "8\u00a0800" in page.text
    assert page.soup.main is not None
    link = page.soup.main.find("a", string="Войти")
    assert isinstance(link, Tag) and link["href"] == "/sign-in?next=/orders/new?model%3Dmerkuriy-200"


def test_a_session_that_ended_keeps_the_form(form: Page, home: Client, anna: Person) -> None:
    home.browser.delete_cookie("kabinet", domain="127.0.0.1")
    home.browser.delete_cookie("kabinet")
    entrance = send(form, anna, words="Стоит в подвале").follow()
    page = entrance.submit(login=anna.customer.email, password=cast.PASSWORD).follow()
    assert (page.path, page.value("words")) == ("/orders/new", "Стоит в подвале")
    assert page.soup.select_one(f'input[value="{FIRST}"][checked]') is not None
    assert Order.select().count() == 0


def test_another_address_of_the_customer(client: Client, anna: Person, boris: Person) -> None:
    client.sign_in(boris.customer.email, cast.PASSWORD)
    page = client.get("orders.form")
    assert list(options(page, "what").values()) == ["Установка счётчика"]
    other = client.get("orders.form", account=anna.account.number)
    assert len(options(other, "what")) == 2


@pytest.mark.feature("S44")
def test_the_catalogue_is_for_everybody_and_leads_to_the_form(client: Client, app: Any) -> None:
    page = client.get("orders.meters")
    assert "Меркурий 200.02" in page.text and "3\u202f190\u00a0₽" in page.text
    assert "Кто платит за замену?" in page.text and "МПИ" in page.text
    assert page.click("Заказать Меркурий 200.02").path == "/orders/new?model=merkuriy-200"


@pytest.mark.company("koryak")
def test_where_no_orders_are_taken_there_are_no_pages(client: Client, app: Any) -> None:
    for endpoint in ("orders.form", "orders.meters", "orders.index"):
        assert client.get(endpoint).status == 404


def test_a_meter_that_has_not_passed_leads_to_its_replacement(home: Client, anna: Person) -> None:
    assert anna.meter is not None
    order = placing.place(
        anna.account, Wish(f"verification-{anna.meter.id}", phone="89135550123"), key="k", customer_id=anna.id
    )
    replacing.verify(order.id, Visit(date(2026, 11, 19)), passed=False, reason="Погрешность")
    page = home.get("orders.show", number=order.number).click("Заказать замену")
    chosen = page.soup.select_one('input[name="what"][checked]')
    assert chosen is not None and chosen["value"] == f"replacement-{anna.meter.id}"


@pytest.mark.parametrize("number", ["1", "2611-000001", "2611-999999999", "2611-00000x", "²²²²-000001"])
def test_no_such_order(home: Client, number: str) -> None:
    assert home.get("orders.show", number=number).status == 404


def test_pages_cost_few_queries_and_fit_into_the_first_flight(home: Client, anna: Person, db: Any) -> None:
    anna.account.office = Office.create(code="101", name="Центр", settlement="г. Красноярск", address="ул. Мира, 1")
    anna.account.save()
    assert anna.meter is not None
    order = placing.place(
        anna.account,
        Wish(f"replacement-{anna.meter.id}", phone="89135550123", slot=(MONDAY, MORNING)),
        key="k",
        customer_id=anna.id,
    )
    paths = [
        "/orders",
        "/orders/new",
        f"/orders/{number_of(order.id, order.placed_at)}",
        f"/orders/{order.number}/move",
    ]
    assert {path: count for path in paths if (count := _queries(home, db, path)) > 8} == {}
    for path in paths:
        answer = home.browser.get(path, base_url=home.base, headers={"Accept-Encoding": "br"})
        assert len(answer.data) <= ONE_FLIGHT, path
