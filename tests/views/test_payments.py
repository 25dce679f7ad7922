"""The page of paying, the way to the bank and back, every state of a payment, the history; and the console's commands."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from models import clock, schema
from models.audit import AuditRow
from models.billing import acquiring, ledger, payments
from models.billing.acquiring import Word
from models.billing.payments import Payment
from models.consents import Consent
from models.metering import closings
from models.metering.readings import Reading
from tasks import payments as work
from tests import cast, paying
from tests.cast import Person
from tests.page import Client, Page
from tests.paying import DEBT, again, credited, ordered
from tests.standins import StandIn
from tests.views.conftest import enter
from tests.views.test_bad_input import NASTY

NB, THIN = "\u00a0", "\u202f"
SHOWN = f"2{THIN}642,85{NB}₽"
MOST_QUERIES = 8
ONE_FLIGHT, STYLES = 14_000, 5_000  # bytes, packed


@pytest.fixture
def bank(app: Any, anna: Person, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with paying.open_desk(monkeypatch) as standing:
        paying.owe(anna.account)
        yield standing


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    return paying.hear(monkeypatch)


def desk(client: Client, person: Person) -> Page:
    return client.get("payments.form", number=person.account.number)


def pay(client: Client, person: Person, **fields: Any) -> Page:
    return desk(client, person).submit({"consent": True, **fields}, button="Оплатить")


def only() -> Payment:
    return Payment.select().get()


def leads_to(page: Page) -> str:
    """Where the page sends the browser by itself."""
    mark = page.soup.select_one('meta[http-equiv="refresh"]')
    return str(mark["content"]).partition("url=")[2] if mark and not mark.find_parent("noscript") else ""


def told(payment: Any, state: str, **facts: Any) -> None:
    acquiring.learn(payment.id, Word(payment.number, payment.order_id, state, payment.amount, **facts))


# ---- the form


@pytest.mark.feature("S26")
def test_what_is_owed_is_proposed(home, anna, bank):
    page = desk(home, anna)
    assert page.value("amount") == "2642,85" and SHOWN in page.text
    assert "anna@example.ru" in page.text and page.status == 200


@pytest.mark.parametrize(("kopecks", "words"), [(-5_000, f"Переплата 50,00{NB}₽"), (0, "Всё оплачено")])
def test_nothing_owed_proposes_nothing(home, anna, bank, kopecks, words):
    entry = ledger.New(
        anna.account.id, "electricity", ledger.CORRECTION, kopecks - DEBT, date(2026, 11, 1), "test:correction"
    )
    ledger.post(entry)
    page = desk(home, anna)
    assert page.value("amount") == "" and words in page.text


@pytest.mark.feature("S29")
@pytest.mark.parametrize(
    ("typed", "kopecks"),
    [
        ("2642,85", 264_285),
        (f"2{NB}642.85", 264_285),
        (f"2{THIN}642,8 ₽", 264_280),
        ("100", 10_000),
        ("1 руб.", 100),
        ("１００", 10_000),
    ],
)
def test_sum_as_people_write_it(home, anna, bank, typed, kopecks):
    assert pay(home, anna, amount=typed).status == 303
    assert only().amount == kopecks == bank.orders()[0]["amount"]


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "0",
        "0,001",
        "-5",
        "−5",
        "1e3",
        "сто",
        "2,642.85",
        "1.2.3",
        "٣٣",
        "999999999",
        "1" * 400,
        "<b>1</b>",
        "0x10",
        "NaN",
        "\u202e1",
    ],
)
def test_sum_that_cannot_be_paid_is_refused_and_kept(home, anna, bank, typed):
    page = pay(home, anna, amount=typed)
    assert page.status == 422 and page.error("amount") and page.value("amount") == typed
    assert not Payment.select().exists() and bank.orders() == []
    assert page.soup.find("input", attrs={"name": "consent"}).has_attr("checked")


@pytest.mark.parametrize("field", ["amount", "key", "consent"])
def test_nasty_values_break_nothing(home, anna, bank, field):
    for name, value in NASTY.items():
        Payment.update(state="declined").execute()
        page = desk(home, anna)
        token = page.soup.select_one('input[name="csrf_token"]')["value"]
        data = {"csrf_token": token, "amount": "100", "consent": "y", "key": "k", field: value}
        answer = home.post("payments.send", data, number=anna.account.number)
        assert answer.status in (303, 422), name
        assert "<script>alert" not in answer.markup, name


@pytest.mark.feature("S15")
def test_without_consent_nothing_is_ordered(home, anna, bank):
    page = pay(home, anna, consent=False)
    assert page.status == 422 and "согласие" in page.error("consent")
    assert page.value("amount") == "2642,85" and not Payment.select().exists()


@pytest.mark.feature("S15")
def test_consent_is_a_document_and_a_dated_fact(home, anna, bank):
    assert (
        desk(home, anna)
        .click("«Согласие на обработку персональных данных в целях исполнения договора (оплата через личный кабинет)»")
        .status
        == 200
    )
    pay(home, anna)
    consent = Consent.select().order_by(Consent.id.desc()).get()
    assert (consent.text.kind, consent.account, consent.ip) == ("payment", anna.account.number, "127.0.0.1")


def test_box_is_never_ticked_beforehand(home, anna, bank):
    assert not desk(home, anna).soup.find("input", attrs={"name": "consent"}).has_attr("checked")


def test_wrong_sum_and_missing_tick_are_told_together(home, anna, bank):
    page = pay(home, anna, amount="сто", consent=False)
    assert page.error("amount") and page.error("consent")


@pytest.mark.feature("S29", "S26")
def test_several_services_in_one_order(home, anna, bank):
    anna.account.services = "electricity,repair"
    anna.account.save()
    paying.owe(anna.account, 50_000, "repair")
    page = desk(home, anna)
    assert (page.value("amount-electricity"), page.value("amount-repair")) == ("2642,85", "500,00")
    assert f"3{THIN}142,85{NB}₽" in page.text
    page = page.submit({"amount-repair": "", "amount-electricity": "1000", "consent": True}, button="Оплатить")
    assert page.status == 303 and only().parts == {"electricity": 100_000}


@pytest.mark.parametrize(("typed", "parts"), [("3142,85", (DEBT, 50_000)), ("314,28", (26_428, 5_000))])
def test_bare_sum_is_divided_as_the_debts_are(home, anna, bank, typed, parts):
    anna.account.services = "electricity,repair"
    anna.account.save()
    paying.owe(anna.account, 50_000, "repair")
    page = desk(home, anna)
    token = page.soup.select_one('input[name="csrf_token"]')["value"]
    page = home.post(
        "payments.send", {"csrf_token": token, "amount": typed, "consent": "y"}, number=anna.account.number
    )
    assert page.status == 303
    assert (only().parts["electricity"], only().parts["repair"]) == parts


def test_bare_sum_that_is_none_is_told_beside_the_first(home, anna, bank):
    anna.account.services = "electricity,repair"
    anna.account.save()
    token = desk(home, anna).soup.select_one('input[name="csrf_token"]')["value"]
    page = home.post(
        "payments.send", {"csrf_token": token, "amount": "сто", "consent": "y"}, number=anna.account.number
    )
    assert page.status == 422 and page.error("amount-electricity")


def test_relative_may_pay(home, anna, boris, bank, client):
    him = enter(client.another(), boris)
    assert pay(him, anna).status == 303
    assert only().customer_id == boris.id


def test_strangers_account_does_not_exist(stranger, anna, bank):
    assert desk(stranger, anna).status == 404
    assert stranger.get("payments.history", number=anna.account.number).status == 404


def test_payments_that_are_off_tell_the_other_ways(home, anna, monkeypatch):
    monkeypatch.setattr(work, "_desk", None)
    page = desk(home, anna)
    assert "QR" in page.text and page.soup.find("input", attrs={"name": "amount"}) is None
    token = home.get("readings.form", number=anna.account.number).soup.select_one('input[name="csrf_token"]')["value"]
    page = home.post("payments.send", {"csrf_token": token, "amount": "1", "consent": "y"}, number=anna.account.number)
    assert page.status == 422 and not Payment.select().exists()


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "Иванова & «Ко» \"'", "я" * 300, "{{ 7*7 }}"])
def test_nasty_names_change_nothing(home, anna, bank, rung, name):
    anna.account.last_name = name[:255]
    anna.account.street = name[:255]
    anna.account.save()
    page = pay(home, anna).follow()
    assert page.status == 200 and "<script>alert" not in page.markup
    bank.pay(only().form_url)
    work.check(only().id)
    assert home.get(page.path).status == 200 and home.get("payments.cheque", number=only().number).status == 200


# ---- a payment counts once


@pytest.mark.feature("M13")
def test_double_click_is_one_payment(home, anna, bank):
    page = desk(home, anna)
    first = page.submit({"consent": True}, button="Оплатить")
    second = page.submit({"consent": True}, button="Оплатить")
    assert first.location == second.location
    assert Payment.select().count() == 1 and len(bank.orders()) == 1


@pytest.mark.feature("M13")
def test_two_tabs_do_not_pay_twice(home, anna, bank):
    one, two = desk(home, anna), desk(home, anna)
    one.submit({"consent": True}, button="Оплатить")
    page = two.submit({"consent": True}, button="Оплатить")
    assert page.status == 422 and "уже идёт оплата" in page.text
    assert Payment.select().count() == 1
    assert page.click("Продолжить оплату").h1 == "Переход к оплате"


def test_page_offers_no_form_while_an_order_is_open(home, anna, bank):
    pay(home, anna)
    page = desk(home, anna)
    assert "уже идёт оплата" in page.text and page.soup.find("input", attrs={"name": "amount"}) is None


def test_another_sum_by_way_of_back_is_another_payment(home, anna, bank):
    page = desk(home, anna)
    page.submit({"consent": True, "amount": "100"}, button="Оплатить")
    work.cancel(only().id)
    assert page.submit({"consent": True, "amount": "200"}, button="Оплатить").status == 303
    assert sorted(one.amount for one in Payment.select()) == [10_000, 20_000]


def test_same_form_again_after_paying_shows_the_first(home, anna, bank):
    page = desk(home, anna)
    place = page.submit({"consent": True}, button="Оплатить").location
    bank.pay(only().form_url)
    work.check(only().id)
    page = page.submit({"consent": True}, button="Оплатить")
    assert page.location == place and page.follow().h1 == "Оплачено"


def test_too_many_orders_are_refused(home, anna, bank, monkeypatch):
    for _ in range(31):
        page = desk(home, anna)
        if page.soup.find("input", attrs={"name": "amount"}) is None:
            Payment.update(state="declined").execute()
            page = desk(home, anna)
        page = page.submit({"consent": True}, button="Оплатить")
    assert page.status == 422 and "Слишком много попыток" in page.text


def test_form_of_an_ended_session_comes_back_filled_in(home, anna, bank):
    page = desk(home, anna)
    home.get("home.front").submit(button="Выйти")
    answer = page.submit({"amount": "777", "consent": True}, button="Оплатить")
    assert answer.status == 303 and not Payment.select().exists()
    home.sign_in("anna@example.ru", cast.PASSWORD)
    assert desk(home, anna).value("amount") == "777"


# ---- to the bank and back


@pytest.mark.feature("S28", "S29")
def test_way_to_the_bank_is_taken_once_so_that_back_does_not_trap(home, anna, bank):
    page = pay(home, anna).follow()
    assert page.h1 == "Переход к оплате" and leads_to(page) == only().form_url
    page = home.get(page.path)
    assert leads_to(page) == "" and page.soup.find("a", href=only().form_url)


def test_nobody_else_is_sent_to_the_bank(home, anna, boris, bank, client):
    pay(home, anna)
    page = enter(client.another(), boris).get("payments.show", number=only().number)
    assert page.h1 == "Переход к оплате" and leads_to(page) == ""


def test_coming_back_asks_the_bank_and_offers_no_second_payment(home, anna, bank, rung):
    payment = ordered(anna)
    page = home.get("payments.show", number=payment.number, back=1, orderId=payment.order_id, lang="ru")
    assert page.h1 == "Проверяем оплату" and rung == [payment.id]
    links = [str(link["href"]) for link in page.soup.main.find_all("a", href=True)]
    assert not any("/pay" in link and "/payments" not in link for link in links) and payment.form_url not in links
    part = page.soup.find(id="payment")
    assert part["hx-trigger"] == "every 3s" and part["hx-get"].startswith(
        f"/payments/{payment.number}/state?back=1&since="
    )
    assert page.soup.select_one("noscript meta")


def asked(page: Page) -> Page:
    """What the waiting page's own question brings."""
    return page.client.open(str(page.soup.find(id="payment")["hx-get"]))


def test_part_is_silent_until_there_is_news(home, anna, bank, rung):
    payment = ordered(anna)
    page = home.get("payments.show", number=payment.number, back=1)
    assert asked(page).status == 204 and len(rung) == 2
    bank.pay(payment.form_url)
    work.check(payment.id)
    part = asked(page)
    assert part.h1 == "Оплачено" and not part.is_whole and not part.soup.find(id="payment").has_attr("hx-get")


def test_who_did_not_pay_may_go_back_to_the_same_order_or_cancel(home, anna, bank, rung, at):
    payment = ordered(anna)
    page = home.get("payments.show", number=payment.number, back=1)
    at("2026-11-20T10:00:20")
    page = asked(page)
    assert page.soup.find("a", href=payment.form_url) and asked(page).status == 204
    page = page.submit(button="Отменить оплату").follow()
    assert page.h1 == "Оплата отменена" and "Деньги не списаны" in page.text


def test_bank_that_has_no_money_yet_is_told_as_such(home, anna, bank, rung, at):
    """Back from the bank without having paid: once it was asked, the page says so and offers both ways at once."""
    payment = ordered(anna)
    page = home.get("payments.show", number=payment.number, back=1)
    assert page.h1 == "Проверяем оплату"
    at("2026-11-20T10:00:05")
    work.check(payment.id)
    at("2026-11-20T10:00:10")
    page = asked(page)
    assert "Оплата не закончена" in page.text
    assert page.soup.find("a", href=payment.form_url) and "Отменить оплату" in page.text
    assert asked(page).status == 204
    bank.pay(payment.form_url)
    work.check(payment.id)
    assert "Оплачено" in asked(page).text


def test_open_payment_found_again_is_asked_about_too(home, anna, bank, rung):
    """The customer comes back by a bookmark: the page offers the bank's page, and asks the bank meanwhile."""
    payment = ordered(anna)
    page = home.get("payments.show", number=payment.number)
    assert page.h1 == "Переход к оплате" and rung == [payment.id]
    assert "Я уже заплатил" in page.text


def test_long_waiting_asks_more_rarely(home, anna, bank, rung, at):
    page = home.get("payments.show", number=ordered(anna).number, back=1)
    at("2026-11-20T10:04")
    assert asked(page).soup.find(id="payment")["hx-trigger"] == "every 15s"


@pytest.mark.parametrize("since", ["-1", "1e9", "٣", "9" * 40, "x", "0", "99999999999"])
def test_beginning_of_the_wait_is_only_a_moment(home, anna, bank, rung, since):
    payment = ordered(anna)
    page = home.get("payments.show", number=payment.number, back=1, since=since)
    assert page.status == 200 and page.soup.find("a", href=payment.form_url) is None


def test_return_address_opened_by_hand_shows_the_truth(home, anna, bank, rung):
    payment = ordered(anna)
    for query in ({"back": 1}, {"back": 1, "status": "paid", "orderId": "other"}, {"state": "paid"}):
        home.get("payments.show", number=payment.number, **query)
    assert again(payment).state == "registered" and credited(anna.account) == 0


def test_payment_of_a_stranger_does_not_exist(stranger, anna, bank):
    payment = ordered(anna)
    for endpoint in ("payments.show", "payments.state", "payments.cheque"):
        assert stranger.get(endpoint, number=payment.number).status == 404
    token = stranger.get("settings.name").soup.select_one('input[name="csrf_token"]')["value"]
    assert stranger.post("payments.cancel", {"csrf_token": token}, number=payment.number).status == 404
    assert again(payment).state == "registered"


@pytest.mark.parametrize("number", ["x", "2611-ZZZZZZZZ", "%00", "a" * 300, "٣٣٣", "..%2f..", "'--"])
def test_number_that_is_none(home, anna, bank, number):
    assert home.open(f"/payments/{number}").status == 404


def test_state_asks_nothing_while_the_bank_is_being_told(home, anna, bank, rung, at):
    bank.fault(errors=1)
    page = pay(home, anna).follow()
    assert page.h1 == "Проверяем оплату" and rung == []
    at("2026-11-20T10:00:20")
    home.get(page.path)
    assert rung == [only().id]


def test_queue_that_is_down_breaks_no_page(home, anna, bank, monkeypatch):
    from tasks import queue

    def broken(_: int) -> None:
        raise OSError("no queue")

    monkeypatch.setitem(queue._bells, "check_payment", broken)
    assert home.get("payments.show", number=ordered(anna).number, back=1).status == 200


# ---- every state


@pytest.mark.feature("S27", "S28")
def test_paid_shows_what_for_and_the_cheque(home, anna, bank):
    payment = ordered(anna)
    bank.pay(payment.form_url)
    work.check(payment.id)
    page = home.get("payments.show", number=payment.number)
    assert page.h1 == "Оплачено"
    for fact in (SHOWN, payment.number, "241010000054", "ул. Садовая, 33", "220220******2424", "Электроэнергия"):
        assert fact in page.text
    paper = home.get("payments.cheque", number=payment.number)
    assert paper.answer.mimetype == "application/pdf" and paper.answer.data.startswith(b"%PDF")


def test_cheque_that_is_not_there_yet(home, anna, bank):
    bank.fault(receipt_takes=3600)
    payment = ordered(anna)
    bank.pay(payment.form_url)
    work.check(payment.id)
    assert "Чек придёт на anna@example.ru" in home.get("payments.show", number=payment.number).text
    assert home.get("payments.cheque", number=payment.number).status == 404


def test_declined_says_why_and_lets_try_again(home, anna, bank):
    payment = ordered(anna)
    told(payment, "declined", reason="на карте не хватило денег")
    page = home.get("payments.show", number=payment.number)
    assert page.h1 == "Оплата не прошла" and "Деньги не списаны: на карте не хватило денег." in page.text
    assert page.click("Попробовать ещё раз").value("amount") == "2642,85"


def test_refused_order_says_that_nothing_was_charged(home, anna, bank, monkeypatch):
    monkeypatch.setattr(work._desk.bank, "_credentials", {"userName": "x", "password": "y"})
    page = pay(home, anna).follow()
    assert page.h1 == "Оплата не прошла" and "Деньги не списаны." in page.text and "Доступ" not in page.text


def test_disputed_is_for_staff_and_not_for_paying_again(home, anna, bank):
    payment = ordered(anna)
    acquiring.learn(payment.id, Word(payment.number, payment.order_id, "paid", 1, deposited=1))
    page = home.get("payments.show", number=payment.number)
    assert page.h1 == "Оплату проверяет сотрудник" and "Второй раз платить не нужно" in page.text
    assert credited(anna.account) == 0


def test_refunds_are_shown(home, anna, bank):
    payment = ordered(anna)
    bank.pay(payment.form_url)
    work.check(payment.id)
    work.refund(payment.id, 64_285)
    page = home.get("payments.show", number=payment.number)
    assert page.h1 == "Часть денег возвращена" and f"642,85{NB}₽" in page.text
    work.refund(payment.id)
    assert home.get("payments.show", number=payment.number).h1 == "Деньги возвращены"


def test_order_whose_page_was_lost_can_be_cancelled(home, anna, bank, at):
    bank.fault(drops=1)
    payment = ordered(anna)
    at("2026-11-20T10:02")
    work.check(payment.id)
    page = home.get("payments.show", number=payment.number)
    assert page.h1 == "Оплата не началась"
    assert page.submit(button="Отменить оплату").follow().h1 == "Оплата отменена"
    assert pay(home, anna).status == 303


def test_page_of_the_bank_that_has_closed_is_not_offered(home, anna, bank, rung, at):
    payment = ordered(anna)
    at("2026-11-20T10:21")
    page = home.get("payments.show", number=payment.number)
    assert page.h1 == "Проверяем оплату" and rung == [payment.id]


def test_cancelling_what_is_paid_says_so(home, anna, bank):
    page = pay(home, anna).follow()
    bank.pay(only().form_url)
    page = page.submit(button="Отменить оплату").follow()
    assert page.h1 == "Оплачено" and credited(anna.account) == DEBT
    assert page.client.get(page.path).h1 == "Оплачено"


def test_cancelling_while_the_bank_is_silent_says_to_wait(home, anna, bank, rung):
    page = pay(home, anna).follow()
    bank.fault(errors=2)
    assert "Банк пока не ответил" in page.submit(button="Отменить оплату").follow().text


# ---- with readings


@pytest.fixture
def metered(app: Any, client: Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Client, Person]]:
    """Anna in a company that wants readings with the payment, signed in."""
    person = cast.anna()
    with paying.open_desk(monkeypatch):
        paying.owe(person.account)
        yield enter(client, person), person


def dials(person: Person, *values: int) -> dict[str, str]:
    return {f"meter-{person.meter.id}-t{i}": str(value) for i, value in enumerate(values, 1)}  # type: ignore[union-attr]


def pay_with(client: Client, person: Person, values: dict[str, str], **fields: Any) -> Page:
    return desk(client, person).submit({"consent": True, **values, **fields}, button="Передать показания и оплатить")


@pytest.mark.company("kaluga")
@pytest.mark.feature("S22")
def test_readings_go_with_the_payment(metered):
    client, person = metered
    assert pay_with(client, person, dials(person, *cast.USUAL)).status == 303
    reading = Reading.select().where(Reading.period == "2026-11").get()
    assert (reading.t1, reading.t2, only().amount) == (*cast.USUAL, DEBT)


@pytest.mark.company("kaluga")
@pytest.mark.feature("S22")
@pytest.mark.parametrize("typed", ["", "6x40", "123456789"])
def test_without_readings_nothing_is_paid(metered, typed):
    client, person = metered
    page = pay_with(client, person, dials(person, 0, cast.USUAL[1]) | {f"meter-{person.meter.id}-t1": typed})
    assert page.status == 422 and page.errors and not Payment.select().exists()
    assert page.value("amount") == "2642,85"


@pytest.mark.company("kaluga")
@pytest.mark.feature("S22")
@pytest.mark.parametrize(("field", "value"), [("amount", "сто"), ("amount", "0"), ("consent", False)])
def test_wrong_sum_or_no_consent_stores_no_reading(metered, field, value):
    client, person = metered
    page = pay_with(client, person, dials(person, *cast.USUAL), **{field: value})
    assert page.status == 422 and not Reading.select().where(Reading.period == "2026-11").exists()
    assert page.value(f"meter-{person.meter.id}-t1") == str(cast.USUAL[0])


@pytest.mark.company("kaluga")
def test_unusual_reading_is_asked_about_first(metered):
    client, person = metered
    page = pay_with(client, person, dials(person, 8000, 2720))
    assert page.status == 422 and "показание необычное" in page.text and not Payment.select().exists()
    assert page.submit(button="Всё верно, передать и оплатить").status == 303
    assert only().amount == DEBT and Reading.select().where(Reading.period == "2026-11").count() == 1


@pytest.mark.company("kaluga")
def test_guess_of_a_hint_is_one_press(metered):
    client, person = metered
    page = pay_with(client, person, dials(person, 4640, 2720))
    assert page.submit(button=f"fix-{person.meter.id}").status == 303


@pytest.mark.company("kaluga")
def test_what_was_passed_already_stands_in_its_field(metered):
    client, person = metered
    cast.read(person.meter, "2026-11-18", *cast.USUAL)
    page = desk(client, person)
    assert page.value(f"meter-{person.meter.id}-t1") == f"{cast.USUAL[0]:05d}"
    assert page.submit({"consent": True}, button="Передать показания и оплатить").status == 303
    assert Reading.select().where(Reading.period == "2026-11").count() == 1


@pytest.mark.company("kaluga")
@pytest.mark.feature("S22")
@pytest.mark.parametrize(
    ("day", "closed", "words"),
    [
        ("2026-11-03T10:00", False, "без показаний"),
        ("2026-11-30T10:00", False, "без показаний"),
        ("2026-11-20T10:00", True, "уже рассчитана"),
    ],
)
def test_when_no_reading_can_be_taken_paying_goes_without(metered, at, day, closed, words):
    client, person = metered
    at(day)
    client = enter(client.another(), person)
    if closed:
        closings.close("2026-11")
    assert words in desk(client, person).text
    assert pay(client, person).status == 303


@pytest.mark.company("kaluga")
@pytest.mark.feature("S22")
def test_who_has_no_meter_pays_without(metered):
    client, person = metered
    person.meter.removed = date(2026, 11, 1)
    person.meter.save()
    assert pay(client, person).status == 303


@pytest.mark.company("kaluga")
def test_meter_of_another_account_is_refused(metered):
    client, person = metered
    other = cast.vera()
    page = desk(client, person)
    data = {str(field["name"]): str(field.get("value", "")) for field in page.soup.select("main input[name]")}
    data |= dials(person, *cast.USUAL) | {f"meter-{other.meter.id}-t1": "12100", "consent": "y"}
    page = client.post("payments.send", data, number=person.account.number)
    assert page.status == 422 and "Такого счётчика" in page.text and not Payment.select().exists()


# ---- history


@pytest.mark.feature("S27")
def test_history_has_every_payment_with_its_state(home, anna, bank):
    payments.take_external(anna.account.id, 100_000, channel="sberbank", document="77", day=date(2026, 10, 12))
    payment = ordered(anna)
    told(payment, "declined", reason="карта заблокирована")
    page = home.get("payments.history", number=anna.account.number)
    assert page.rows == [
        [f"20{NB}ноября{NB}2026", "картой на сайте", SHOWN, "не прошёл карта заблокирована"],
        [f"12{NB}октября{NB}2026", "Сбербанк", f"1{THIN}000,00{NB}₽", "зачислен"],
    ]
    tabs = page.soup.select_one('nav[aria-label="Что показать"]')
    assert [link.text for link in tabs.find_all("a")] == ["Показания", "Расход", "Начисления", "Платежи"]
    assert tabs.select_one("[aria-current]").text == "Платежи"


@pytest.mark.parametrize("endpoint", ["history.readings", "history.consumption", "bills.charges", "payments.history"])
def test_tabs_of_all_histories_are_the_same(home, anna, bank, endpoint):
    page = home.get(endpoint, number=anna.account.number)
    tabs = page.soup.select_one('nav[aria-label="Что показать"]')
    assert len(tabs.find_all("a")) == 4 and len(tabs.select("[aria-current]")) == 1


@pytest.mark.feature("S27")
def test_history_of_a_span(home, anna, bank):
    for month in (8, 9, 10):
        payments.take_external(
            anna.account.id, 10_000 * month, channel="cash", document=str(month), day=date(2026, month, 28)
        )
    page = home.get("payments.history", number=anna.account.number, **{"from": "2026-09", "to": "2026-09"})
    assert len(page.rows) == 1 and f"28{NB}сентября{NB}2026" in page.text
    part = home.get("payments.history_part", number=anna.account.number, **{"from": "2026-09", "to": "2026-09"})
    assert len(part.rows) == 1 and part.headers["HX-Replace-Url"].endswith("from=2026-09&to=2026-09")
    assert home.get("payments.history", number=anna.account.number, **{"from": "x", "to": "2026-13"}).status == 200


def test_file_holds_numbers_and_harmless_text(home, anna, bank):
    payments.take_external(anna.account.id, 123_456, channel="bank", document="=1+1", day=date(2026, 10, 2))
    text = home.get("payments.history_file", number=anna.account.number).text
    rows = list(csv.DictReader(io.StringIO(text.lstrip("\ufeff")), delimiter=";"))
    assert (
        rows[0]["Сумма, руб."] == "1234,56" and rows[0]["Дата"] == "2026-10-02" and rows[0]["Состояние"] == "зачислен"
    )


# ---- what it costs


@pytest.mark.feature("M1")
@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=pytest.mark.company(one)) for one in ("kaluga", "krasnoyarsk")]
)
def test_pages_stay_small_and_ask_little(name, app, client, monkeypatch, db):
    import gzip

    person = cast.anna()
    with paying.open_desk(monkeypatch):
        paying.owe(person.account)
        home = enter(client, person)
        paths = [
            home.path("payments.form", number=person.account.number),
            home.path("payments.history", number=person.account.number),
        ]
        payment = ordered(person)
        paths += [
            f"/payments/{payment.number}",
            f"/payments/{payment.number}?back=1",
            f"/payments/{payment.number}/state",
        ]
        for path in paths:
            count, answer = _asked(db, home, path)
            assert 1 < count <= MOST_QUERIES, path
            assert len(gzip.compress(answer.answer.data, 6)) < ONE_FLIGHT - STYLES


def _asked(db: Any, client: Client, path: str) -> tuple[int, Page]:
    """How many queries a page takes, and the page."""
    seen: list[Any] = []

    def note(query: Any) -> None:
        seen.append(query)

    db.query_hooks.append(note)
    try:
        page = client.open(path)
    finally:
        db.query_hooks.remove(note)
    return len(seen), page


def test_get_changes_no_rows(home, anna, bank, rung):
    payment = ordered(anna)
    before = _rows()
    for path in (
        f"/payments/{payment.number}?back=1",
        f"/payments/{payment.number}/state",
        f"/accounts/{anna.account.number}/pay",
    ):
        home.open(path)
    assert _rows() == before


def _rows() -> dict[str, list[str]]:
    return {table._meta.table_name: sorted(map(repr, table.select().tuples())) for table in schema.tables()}


# ---- the console


def run(app: Any, *words: str) -> Any:
    return app.test_cli_runner().invoke(args=["payment", *words])


def test_console_shows_checks_and_gives_back(app, anna, bank):
    payment = ordered(anna)
    bank.pay(payment.form_url)
    assert "paid" in run(app, "check", payment.number).output
    assert "возвращено 1,50" in run(app, "refund", payment.number, "1,50").output.replace(NB, " ")
    shown = run(app, "show", payment.number).output
    assert payment.order_id in shown and "220220******2424" in shown
    assert AuditRow.select().where(AuditRow.deed == "payment.shown", AuditRow.who == "console").count() == 1
    assert "refunded" in run(app, "refund", payment.number).output
    assert credited(anna.account) == 0


@pytest.mark.parametrize(
    "words", [("show", "x"), ("check", "x"), ("refund", "x"), ("refund", "", "сто"), ("refund", "", "999999")]
)
def test_console_refuses_what_cannot_be(app, anna, bank, words):
    payment = ordered(anna)
    bank.pay(payment.form_url)
    work.check(payment.id)
    result = run(app, *[word or payment.number for word in words])
    assert result.exit_code == 1 and re.search("[а-я]", result.output)
    assert bank.captured() == DEBT


def test_console_without_a_bank_says_so(app, anna, monkeypatch):
    monkeypatch.setattr(work, "_desk", None)
    payments.start(anna.account, {"electricity": 100}, customer_id=anna.id, email="", key="k", consented=True)
    assert "KABINET_ACQUIRER_URL" in run(app, "check", only().number).output


def test_moments_are_local(home, anna, bank):
    assert f"до {clock.local(ordered(anna).expires_at):%H:%M}" in home.get("payments.show", number=only().number).text
