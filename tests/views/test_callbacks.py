"""Asking for a call from a page: guests and customers, what is carried along, and calling it off."""

from __future__ import annotations

import re

import pytest

from models.contact import callbacks, calling
from models.contact.callbacks import Callback
from tests import cast
from tests.cast import Person
from tests.page import Client, Page

PHONE = "+7 913 555-01-77"
NUMBER = re.compile(r"2611-\d{6}")


def ask(client: Client, **given: str) -> Page:
    page = client.get("callbacks.index")
    filled = {"phone": PHONE, "topic": "charges", **_ticked(page), **given}
    return page.submit(filled, button="Жду звонка")


def _ticked(page: Page) -> dict[str, str]:
    """The box that guests alone have."""
    return {"consent": "y"} if page.soup.select_one("[name=consent]") else {}


def test_a_guest_asks_sees_when_we_call_and_calls_it_off(client: Client) -> None:
    page = ask(client, name="Анна").follow()
    assert "Мы позвоним" in page.text and "+7 913 555-01-77" in page.text.replace("\u00a0", " ")
    page = page.submit(button="Отменить звонок").follow()
    assert "Звонок отменён." in page.text and "отменён" in page.text
    assert Callback.get().state == "cancelled"


def test_what_is_wrong_is_told_beside_the_field_and_stays(client: Client) -> None:
    page = ask(client, phone="12", topic="")
    assert page.status == 422
    assert "не похоже на номер" in page.error("phone") and page.error("topic") == "Выберите, о чём вопрос."
    assert page.value("phone") == "12" and not Callback.select().exists()


def test_a_guest_ticks_the_box_a_customer_has_none(client: Client, request: pytest.FixtureRequest) -> None:
    page = client.get("callbacks.index").submit({"phone": "", "topic": ""}, button="Жду звонка")
    assert page.status == 422 and "Без согласия" in page.error("consent")
    assert page.error("phone") == "Введите номер телефона." and page.error("topic") == "Выберите, о чём вопрос."
    home: Client = request.getfixturevalue("home")
    assert home.get("callbacks.index").soup.select_one("[name=consent]") is None


def test_a_time_that_is_not_offered_is_refused(client: Client) -> None:
    page = ask(client, when="2020-01-01/09:00-12:00")
    assert page.status == 422 and "выберите другое" in page.error("when")


def test_a_double_click_asks_once(client: Client) -> None:
    page = client.get("callbacks.index")
    for _ in range(2):
        assert page.submit({"phone": PHONE, "topic": "charges", **_ticked(page)}, button="Жду звонка").status == 303
    assert Callback.select().count() == 1


def test_whoever_types_a_strangers_phone_learns_and_cancels_nothing(client: Client) -> None:
    other = client.another()
    free = ask(other, topic="meter").follow()
    free.submit(button="Отменить звонок")
    theirs = callbacks.by_number(
        ask(client, name="Анна", topic="charges").follow().soup.select_one("input[name=number]")["value"]
    )
    page = ask(other, topic="meter").follow()
    assert NUMBER.sub("", page.soup.select_one("main section").text) == NUMBER.sub(
        "", free.soup.select_one("main section").text
    )
    assert "Анна" not in page.text
    page = other.post("callbacks.cancel", {"number": theirs.number, "csrf_token": page.token}).follow()
    assert "Этой заявки здесь нет." in page.text and callbacks.by_number(theirs.number).is_open


def test_a_customer_whose_phone_somebody_has_asked_for_sees_their_own_request(client: Client, home: Client) -> None:
    ask(client, name="Шутник", topic="meter")
    page = ask(home, topic="charges").follow()
    section = page.soup.select_one("main section").text
    assert "Начисления" in section and "Шутник" not in page.text
    page.submit(button="Отменить звонок")
    assert [one.state for one in Callback.select().order_by(Callback.id)] == ["waiting", "cancelled"]


def test_a_customer_finds_their_own_data_and_accounts_in_the_form(home: Client, anna: Person) -> None:
    page = home.get("callbacks.index")
    assert page.value("phone") == "+7 913 555-01-23" and page.value("name") == "Анна Сергеевна"
    assert page.value("account") == str(anna.account.id)
    page = page.submit({"topic": "charges"}, button="Жду звонка").follow()
    made = Callback.get()
    assert (made.customer_id, made.account_id) == (anna.id, anna.account.id)
    assert home.another().sign_in(anna.customer.email, cast.PASSWORD).status == 303
    assert "Мы позвоним" in page.text


def test_somebody_elses_account_in_the_form_is_no_account(home: Client, vera: Person) -> None:
    assert ask(home, account=str(vera.account.id)).status == 303
    assert Callback.get().account_id is None


def test_a_customers_requests_are_seen_by_them_alone(home: Client, stranger: Client) -> None:
    ask(home)
    assert "Мы позвоним" in home.get("callbacks.index").text
    assert "Мы позвоним" not in stranger.get("callbacks.index").text
    assert "Мы позвоним" not in home.another().get("callbacks.index").text


def test_the_footer_carries_the_page_one_comes_from(home: Client, anna: Person) -> None:
    page = home.get("bills.index", number=anna.account.number).click("Перезвоните мне")
    assert page.value("page") == f"/accounts/{anna.account.number}/bills"
    page.submit({"topic": "charges"}, button="Жду звонка")
    assert Callback.get().page == f"/accounts/{anna.account.number}/bills"


@pytest.mark.parametrize(
    "typed",
    ["//evil.example", "https://evil.example/", "/nowhere", "/recover/secret-secret", "/activate/abc", "/staff/", "/about/x\n", "x" * 500],
)  # fmt: skip
def test_no_secret_and_no_foreign_address_is_carried_along(client: Client, typed: str) -> None:
    assert client.get("callbacks.index", page=typed).value("page") == ""
    page = client.get("callbacks.index")
    page.submit({"phone": PHONE, "topic": "charges", "page": typed, **_ticked(page)}, button="Жду звонка")
    assert Callback.get().page == ""


def test_pages_with_a_secret_in_their_address_do_not_hand_it_on(client: Client) -> None:
    link = client.get("/unsubscribe/" + "x" * 43).soup.select_one('a[href^="/callbacks"]')
    assert link is not None and link["href"] == "/callbacks"


def test_while_somebody_calls_it_is_not_called_off(client: Client) -> None:
    page = ask(client).follow()
    calling.take(Callback.get().id, cast.employee("operator").id)
    page = page.submit(button="Отменить звонок").follow()
    assert "Вам уже звонят" in page.text and Callback.get().is_open


def test_past_requests_are_listed_with_their_end(client: Client) -> None:
    ask(client)
    callbacks.cancel(Callback.get().id)
    page = client.get("callbacks.index")
    assert "Прошлые заявки" in page.text and "Мы позвоним" not in page.text
