"""The acquirer's gateway against a bank on loopback, in both styles; and what the stand-in bank itself promises."""

from __future__ import annotations

import json
import logging
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from bs4 import BeautifulSoup

from models import settings
from tasks.gateways import acquirer, bank_words
from tasks.gateways.acquirer import Acquirer, Item, Order, Rejected, Seller, Unreachable
from tests import standins
from tests.standins import StandIn
from views.console import work
from views.standins import cards

RETURN = "http://127.0.0.1:8149/payments/2611-000123/return"
SELLER = Seller(sno="osn", inn="2460000001", email="lk@example.ru", place="https://lk.example.ru")
LIGHT = Item("Электроэнергия, л/с 241010000054, 10.2026", 50_175, "225", "50", tax_code=12)
REPAIR = Item("Капитальный ремонт", 10_001, "3", "255", tax_code=0)
AMOUNT = LIGHT.kopecks + REPAIR.kopecks
BANKS_VECTOR = {
    "amount": "123456",
    "mdOrder": "3ff6962a-7dcc-4283-ab50-a6d7dd3386fe",
    "operation": "deposited",
    "orderNumber": "10747",
    "status": "1",
}
BANKS_SUM = "51C892147225ABE87798CB02979D70EF46D0AE79B5AA3B28B1C260BE286C50A9"


@pytest.fixture(scope="module")
def running() -> Iterator[StandIn]:
    with standins.acquirer() as bank:
        yield bank


@pytest.fixture
def bank(running: StandIn) -> StandIn:
    running.fault(delay=0, errors=0, drops=0, capture_delay=0, receipt_takes=0, is_silent=False, url="")
    return running


@pytest.fixture(params=["form", "json"])
def gateway(request: pytest.FixtureRequest, bank: StandIn) -> Acquirer:
    return Acquirer(bank.url(request.param), bank.user, bank.password, request.param, timeout=2)


@pytest.fixture
def order() -> Order:
    return order_of(AMOUNT, email="anna@example.ru", items=(LIGHT, REPAIR))


def order_of(kopecks: int, **values: Any) -> Order:
    order_of.count += 1
    return Order(f"T-{order_of.count}", kopecks, "Оплата «ЖКУ» — октябрь", RETURN, **values)


order_of.count = 0


def put(bank: StandIn, order_id: str) -> dict[str, Any]:
    return next(each for each in bank.orders() if each["id"] == order_id)


# ---- an order's life


def test_registered_order_waits_for_its_payer(gateway, bank, order):
    made = gateway.register(order, SELLER)
    assert made.form_url == f"{bank.base}/pay/{made.order_id}"
    status = gateway.status(order_id=made.order_id)
    assert (status.number, status.order_id, status.state) == (order.number, made.order_id, "registered")
    assert (status.kopecks, status.currency, status.deposited, status.refunded) == (AMOUNT, "643", 0, 0)
    assert (status.action_code, status.masked_pan, status.paid_at) == (-100, "", None)


def test_paid_order(gateway, bank, order):
    made = gateway.register(order, SELLER)
    assert bank.pay(made.form_url) == f"{RETURN}?orderId={made.order_id}&lang=ru"
    status = gateway.status(number=order.number)
    assert (status.state, status.order_id, status.deposited) == ("paid", made.order_id, AMOUNT)
    assert status.masked_pan == "220220******2424"
    assert status.paid_at and abs(datetime.now(UTC).replace(tzinfo=None) - status.paid_at) < timedelta(minutes=1)


def test_order_the_bank_does_not_know(gateway):
    assert gateway.status(number="never").state == "unknown"
    assert gateway.status(order_id="3ff6962a-7dcc-4283-ab50-a6d7dd3386fe").state == "unknown"


def test_no_access_is_not_taken_for_an_unknown_order(bank):
    stranger = Acquirer(bank.url("form"), bank.user, "wrong", "form")
    with pytest.raises(Rejected) as refused:
        stranger.status(number="never")
    assert refused.value.code == "5"


def test_number_registered_before_is_refused_and_the_order_named(gateway, order):
    made = gateway.register(order, SELLER)
    with pytest.raises(Rejected) as refused:
        gateway.register(order, SELLER)
    assert (refused.value.code, refused.value.order_id) == ("1", made.order_id)
    with pytest.raises(Rejected) as refused:
        gateway.register(Order(order.number, 999, "", RETURN))
    assert (refused.value.code, refused.value.order_id) == ("1", "")


def test_declined_order_cannot_be_paid(gateway, bank, order):
    made = gateway.register(order, SELLER)
    gateway.decline(made.order_id)
    assert gateway.status(order_id=made.order_id).state == "declined"
    assert "закрыт" in bank.page(made.form_url).text.lower()
    bank.pay(made.form_url)
    assert gateway.status(order_id=made.order_id).state == "declined"


def test_paid_order_cannot_be_declined(gateway, bank, order):
    made = gateway.register(order, SELLER)
    bank.pay(made.form_url)
    with pytest.raises(Rejected):
        gateway.decline(made.order_id)


def test_reversed_payment(gateway, bank, order):
    made = gateway.register(order, SELLER)
    bank.pay(made.form_url)
    gateway.reverse(made.order_id)
    assert gateway.status(order_id=made.order_id).state == "reversed"
    with pytest.raises(Rejected):
        gateway.reverse(made.order_id)


def test_refund_in_parts_to_the_last_kopeck(gateway, bank, order):
    made = gateway.register(order, SELLER)
    bank.pay(made.form_url)
    gateway.refund(made.order_id, 100)
    status = gateway.status(order_id=made.order_id)
    assert (status.state, status.refunded, status.deposited, status.is_partly_refunded) == (
        "refunded",
        100,
        AMOUNT,
        True,
    )
    with pytest.raises(Rejected):
        gateway.refund(made.order_id, AMOUNT)
    gateway.refund(made.order_id, AMOUNT - 100)
    status = gateway.status(order_id=made.order_id)
    assert (status.state, status.refunded, status.is_partly_refunded) == ("refunded", AMOUNT, False)


def test_refund_asked_twice_with_one_key_is_given_once(gateway, bank, order):
    made = gateway.register(order, SELLER)
    bank.pay(made.form_url)
    for _ in range(3):
        gateway.refund(made.order_id, 100, key="refund-1")
    assert gateway.status(order_id=made.order_id).refunded == 100
    with pytest.raises(Rejected):
        gateway.refund(made.order_id, 200, key="refund-1")


def test_unpaid_order_gives_nothing_back(gateway, order):
    made = gateway.register(order, SELLER)
    with pytest.raises(Rejected):
        gateway.refund(made.order_id, 1)


# ---- the cart and the cheque


def test_cart_is_what_the_law_wants(gateway, bank, order):
    made = gateway.register(order, SELLER)
    cart = json.loads(put(bank, made.order_id)["bundle"])
    assert (cart["ffdVersion"], cart["receiptType"], cart["total"]) == ("1.2", "sell", AMOUNT)
    assert cart["company"] == {
        "email": "lk@example.ru",
        "sno": "osn",
        "inn": "2460000001",
        "paymentAddress": "https://lk.example.ru",
    }
    assert cart["payments"] == [{"type": 1, "sum": AMOUNT}]
    light = cart["cartItems"]["items"][0]
    assert light == {
        "positionId": "1",
        "itemCode": "1",
        "name": LIGHT.name,
        "quantity": {"value": 225, "measure": "50"},
        "itemPrice": 223,
        "itemAmount": 50_175,
        "paymentMethod": "full_payment",
        "paymentObject": "4",
        "tax": {"taxType": 12},
    }


def test_line_whose_price_is_no_whole_kopeck_goes_as_one_piece(gateway, bank, order):
    made = gateway.register(order, SELLER)
    repair = json.loads(put(bank, made.order_id)["bundle"])["cartItems"]["items"][1]
    assert (repair["quantity"], repair["itemPrice"], repair["itemAmount"]) == (
        {"value": 1, "measure": "0"},
        10_001,
        10_001,
    )


def test_description_keeps_to_the_letters_of_the_bank(gateway, bank):
    made = gateway.register(order_of(100))
    assert put(bank, made.order_id)["description"] == 'Оплата "ЖКУ" - октябрь'
    made = gateway.register(replace(order_of(100), description="5\u00a0₽ 😀\n" + "я" * 300))
    assert put(bank, made.order_id)["description"] == "5  " + "я" * 96


def test_cart_that_does_not_add_up_is_not_sent(gateway):
    with pytest.raises(ValueError, match="add up"):
        gateway.register(order_of(1, email="anna@example.ru", items=(LIGHT,)), SELLER)
    with pytest.raises(ValueError, match="seller"):
        gateway.register(order_of(LIGHT.kopecks, email="anna@example.ru", items=(LIGHT,)))


def test_receipt_of_a_payment(gateway, bank, order):
    bank.fault(receipt_takes=60)
    made = gateway.register(order, SELLER)
    assert gateway.receipt(made.order_id) is None
    bank.pay(made.form_url)
    waiting = gateway.receipt(made.order_id)
    assert (waiting.state, waiting.qr, waiting.fd) == ("waiting", "", "")


def test_receipt_once_printed_has_the_fiscal_facts(gateway, bank, order):
    made = gateway.register(order, SELLER)
    bank.pay(made.form_url)
    receipt = gateway.receipt(made.order_id)
    assert (receipt.state, receipt.kopecks, receipt.is_refund) == ("done", AMOUNT, False)
    assert (len(receipt.fn), len(receipt.register), receipt.fns_site) == (16, 16, "www.nalog.gov.ru")
    assert all(
        re.fullmatch("[0-9]+", text) for text in (receipt.fd, receipt.fpd, receipt.shift, receipt.number_in_shift)
    )
    told = f"t={receipt.printed_at:%Y%m%dT%H%M}&s=601.76&fn={receipt.fn}&i={receipt.fd}&fp={receipt.fpd}&n=1"
    assert receipt.qr == told
    gateway.refund(made.order_id, 100)
    assert gateway.receipt(made.order_id) == receipt
    back = gateway.receipts(made.order_id)[1]
    assert (back.is_refund, back.kopecks, back.qr[-3:]) == (True, 100, "n=2")


def test_no_receipts_of_an_order_the_bank_does_not_know(gateway):
    assert gateway.receipts("3ff6962a-7dcc-4283-ab50-a6d7dd3386fe") == []


# ---- a bank that fails


def test_bank_that_is_not_there():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/payment/rest"
    with pytest.raises(Unreachable):
        Acquirer(address, "lk", "word", "form").status(number="1")


def test_answer_that_comes_too_late(bank, order):
    gateway = Acquirer(bank.url("form"), bank.user, bank.password, "form", timeout=0.2)
    bank.fault(delay=0.6)
    with pytest.raises(Unreachable):
        gateway.register(order, SELLER)
    bank.fault(delay=0)
    assert gateway.status(number=order.number).state == "registered"


def test_line_that_breaks_after_the_order_is_registered(gateway, bank, order):
    bank.fault(drops=1)
    with pytest.raises(Unreachable):
        gateway.register(order, SELLER)
    standing = gateway.status(number=order.number)
    assert (standing.state, standing.kopecks) == ("registered", AMOUNT)
    with pytest.raises(Rejected) as refused:
        gateway.register(order, SELLER)
    assert refused.value.order_id == standing.order_id


def test_fault_of_the_bank_is_no_refusal(gateway, bank, order):
    bank.fault(errors=2)
    for _ in range(2):
        with pytest.raises(Unreachable, match="HTTP 500"):
            gateway.register(order, SELLER)
    assert gateway.register(order, SELLER).order_id


@pytest.fixture
def babbling() -> Iterator[Any]:
    """A server that answers whatever it is told to."""

    class Talker(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.server.asked.append(self.path)
            code, body = self.server.says
            self.send_response(code)
            if code == 302:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Talker)
    server.asked, server.says = [], (200, b"{}")
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("code", "body"),
    [
        (200, b"<html>"),
        (200, b""),
        (200, b"[]"),
        (200, b"\xff\xfe"),
        (
            200,
            b'{"errorCode": "7", "errorMessage": "\xd0\xa1\xd0\xb8\xd1\x81\xd1\x82\xd0\xb5\xd0\xbc\xd0\xbd\xd0\xb0\xd1\x8f"}',
        ),
        (302, b""),
        (404, b"{}"),
        (429, b"{}"),
    ],
)
def test_answer_that_cannot_be_read_settles_nothing(babbling, code, body):
    babbling.says = code, body
    gateway = Acquirer(f"http://127.0.0.1:{babbling.server_port}/api/v1", "lk", "word", "json")
    with pytest.raises(Unreachable):
        gateway.status(number="1")
    with pytest.raises(Unreachable):
        gateway.refund("1", 1)
    assert babbling.asked == ["/api/v1/getOrderStatusExtended.do", "/api/v1/refund.do"]


@pytest.mark.parametrize("body", [b"{}", b'{"orderId": "1"}', b'{"orderId": "1", "formUrl": "javascript:alert(1)"}'])
def test_registration_without_a_page_to_go_to_is_none(babbling, body):
    babbling.says = 200, body
    gateway = Acquirer(f"http://127.0.0.1:{babbling.server_port}/api/v1", "lk", "word", "json")
    with pytest.raises(Unreachable):
        gateway.register(order_of(100))


def test_receipts_lie_beside_the_methods_in_the_new_gateway(babbling):
    Acquirer(f"http://127.0.0.1:{babbling.server_port}/ecomm/gw/partner/api/v1/", "lk", "word", "json").receipts("1")
    assert babbling.asked == ["/ecomm/gw/partner/api/ofd/v1/getReceiptStatus"]


def test_password_and_card_stay_out_of_the_log(bank, order, caplog):
    caplog.set_level(logging.DEBUG, logger="tasks")
    gateway = Acquirer(bank.url("form"), bank.user, bank.password, "form")
    made = gateway.register(order, SELLER)
    bank.pay(made.form_url)
    gateway.status(order_id=made.order_id)
    bank.fault(errors=1)
    with pytest.raises(Unreachable) as caught:
        gateway.status(number=order.number)
    told = caplog.text + str(caught.value)
    assert order.number in told and re.search(r"in \d+ ms", told)
    assert bank.password not in told and "2424" not in told and "anna@" not in told


# ---- words


@pytest.mark.parametrize(
    ("number", "state"),
    [(0, "registered"), (1, "held"), (2, "paid"), (3, "reversed"), (4, "refunded"), (5, "registered"), (6, "declined")],
)
def test_states_in_words(gateway, bank, number, state):
    made = gateway.register(order_of(100))
    bank.put(made.order_id, state=number)
    assert gateway.status(order_id=made.order_id).state == state


def test_state_that_nobody_knows_is_waited_out():
    asked = bank_words.Status("1", "", "unknown")
    assert bank_words.status({"orderStatus": 9}, asked).state == "registered"
    assert bank_words.status({"orderNumber": "1"}, asked) == asked


@pytest.mark.parametrize(
    ("approved", "deposited", "refunded", "taken"),
    [
        (1000, 1000, 0, 1000),
        (1000, 1000, 300, 1000),
        (1000, 700, 300, 1000),
        (1000, 1000, 1000, 1000),
        (1000, 0, 1000, 1000),
    ],
)
def test_sum_taken_is_the_same_whether_or_not_a_refund_lowers_it(approved, deposited, refunded, taken):
    sums = {"approvedAmount": approved, "depositedAmount": deposited, "refundedAmount": refunded}
    status = bank_words.status({"orderStatus": 4, "paymentAmountInfo": sums}, bank_words.Status("", "", "unknown"))
    assert (status.deposited, status.refunded) == (taken, refunded)


def test_whole_card_number_from_the_bank_is_masked():
    told = {"orderStatus": 2, "cardAuthInfo": {"pan": "2202205000012424"}}
    assert bank_words.status(told, bank_words.Status("", "", "unknown")).masked_pan == "220220******2424"


# ---- the checksum


def test_checksum_of_the_banks_own_example():
    params = BANKS_VECTOR | {"checksum": BANKS_SUM}
    assert acquirer.checksum_is_right(params, "yourSecretToken")
    assert acquirer.checksum_is_right(params | {"checksum": BANKS_SUM.lower()}, "yourSecretToken")
    assert acquirer.checksum_is_right(params | {"sign_alias": "any"}, "yourSecretToken")
    assert acquirer.checksum_is_right(dict(reversed(params.items())), "yourSecretToken")


@pytest.mark.parametrize(
    "change",
    [
        {"amount": "123457"},
        {"mdOrder": "3ff6962a-7dcc-4283-ab50-a6d7dd3386ff"},
        {"orderNumber": "10748"},
        {"status": "0"},
        {"operation": "refunded"},
        {"more": ""},
        {"checksum": BANKS_SUM[:-1] + "8"},
        {"checksum": ""},
        {"checksum": "сумма\ud800"},
        {"amount": "\ud800"},
    ],
)
def test_altered_callback_is_not_the_banks(change):
    assert not acquirer.checksum_is_right(BANKS_VECTOR | {"checksum": BANKS_SUM} | change, "yourSecretToken")


def test_callback_without_checksum_or_key_is_not_the_banks():
    assert not acquirer.checksum_is_right(BANKS_VECTOR, "yourSecretToken")
    assert not acquirer.checksum_is_right(BANKS_VECTOR | {"checksum": BANKS_SUM}, "another")
    unsigned = BANKS_VECTOR | {"checksum": acquirer.checksum(BANKS_VECTOR, "")}
    assert not acquirer.checksum_is_right(unsigned, "")


# ---- from the settings


def test_gateway_from_the_settings(bank, order):
    assert acquirer.from_settings(settings.read({})) is None
    for style in ("form", "json"):
        gateway = acquirer.from_settings(settings.read(bank.environ(style)))
        assert gateway is not None and gateway.status(number="never").state == "unknown"


# ---- the stand-in: cards


@pytest.mark.parametrize("card", ["approve", "plain", "code", "late", "repeated", "reordered", "quiet"])
def test_card_that_pays(bank, card):
    gateway = Acquirer(bank.url("form"), bank.user, bank.password, "form")
    made = gateway.register(order_of(264_285))
    assert bank.pay(made.form_url, card).startswith(RETURN)
    assert gateway.status(order_id=made.order_id).state == "paid"


@pytest.mark.parametrize(("card", "action"), [("poor", 116), ("expired", 101), ("blocked", 208), ("hundred", 116)])
def test_card_that_is_declined_may_be_followed_by_another(bank, card, action):
    gateway = Acquirer(bank.url("form"), bank.user, bank.password, "form")
    made = gateway.register(order_of(264_285))
    assert bank.pay(made.form_url, card) == ""
    status = gateway.status(order_id=made.order_id)
    assert (status.state, status.action_code, status.deposited) == ("registered", action, 0)
    assert bank.pay(made.form_url)
    assert gateway.status(order_id=made.order_id).state == "paid"


def test_hundred_rubles_may_be_paid_from_a_hundred(bank):
    gateway = Acquirer(bank.url("form"), bank.user, bank.password, "form")
    assert bank.pay(gateway.register(order_of(10_000)).form_url, "hundred")


def test_three_declined_attempts_close_the_order(bank):
    gateway = Acquirer(bank.url("form"), bank.user, bank.password, "form")
    made = gateway.register(order_of(100))
    sent_to = [bank.pay(made.form_url, "blocked") for _ in range(3)]
    assert sent_to == ["", "", f"{RETURN}?orderId={made.order_id}&lang=ru"]
    status = gateway.status(order_id=made.order_id)
    assert (status.state, status.action_code) == ("declined", -2013)


def test_order_whose_time_is_up_is_declined(bank):
    gateway = Acquirer(bank.url("form"), bank.user, bank.password, "form")
    made = gateway.register(order_of(100))
    bank.put(made.order_id, expires=0)
    status = gateway.status(order_id=made.order_id)
    assert (status.state, status.action_code) == ("declined", -2007)
    made = gateway.register(order_of(100, seconds=90))
    row = put(bank, made.order_id)
    assert row["expires"] - row["created"] == pytest.approx(90)


def test_code_may_be_wrong_twice(bank):
    gateway = Acquirer(bank.url("form"), bank.user, bank.password, "form")
    made = gateway.register(order_of(100))
    bank.pay(made.form_url, "code", code="1")
    assert bank.post(f"{made.form_url}/code", code="222222").status_code == 422
    assert bank.post(f"{made.form_url}/code", code="111 111").headers["Location"].startswith(RETURN)
    made = gateway.register(order_of(100))
    bank.pay(made.form_url, "code", code="1")
    for _ in range(2):
        bank.post(f"{made.form_url}/code", code="2")
    assert gateway.status(order_id=made.order_id).action_code == -2006


def test_payer_may_refuse_the_code(bank):
    gateway = Acquirer(bank.url("form"), bank.user, bank.password, "form")
    made = gateway.register(order_of(100))
    bank.post(made.form_url, number=cards.BY_NAME["code"].number, month="12", year="34", cvc="123")
    assert gateway.status(order_id=made.order_id).state == "registered"
    assert "не подтверждён" in bank.post(f"{made.form_url}/code", refuse="1").text
    assert gateway.status(order_id=made.order_id).action_code == -2006


def test_many_clicks_charge_once(bank):
    gateway = Acquirer(bank.url("form"), bank.user, bank.password, "form")
    made = gateway.register(order_of(100, email="a@example.ru", items=(Item("Свет", 100),)), SELLER)
    together = threading.Barrier(8)

    def click() -> None:
        together.wait()
        requests.post(made.form_url, data=standins._fields("approve"), allow_redirects=False, timeout=30)

    clicks = [threading.Thread(target=click) for _ in range(8)]
    for each in clicks:
        each.start()
    for each in clicks:
        each.join()
    assert len(gateway.receipts(made.order_id)) == 1


def test_bank_that_charges_and_is_silent(bank):
    gateway = Acquirer(bank.url("form"), bank.user, bank.password, "form")
    made = gateway.register(order_of(100))
    page = bank.post(made.form_url, **standins._fields("silent"))
    assert (page.status_code, "Нет ответа" in page.text) == (200, True)
    assert gateway.status(order_id=made.order_id).state == "paid"
    assert bank.captured() >= 100


def test_money_is_taken_before_a_slow_bank_answers_the_browser(bank):
    gateway = Acquirer(bank.url("form"), bank.user, bank.password, "form")
    made = gateway.register(order_of(100))
    bank.fault(capture_delay=0.5)
    with pytest.raises(requests.Timeout):
        requests.post(made.form_url, data=standins._fields("approve"), timeout=0.2)
    assert gateway.status(order_id=made.order_id).state == "paid"


# ---- the stand-in: its page


def test_payment_page_shows_what_is_paid_and_which_cards_there_are(bank):
    made = Acquirer(bank.url("form"), bank.user, bank.password, "form").register(order_of(264_285))
    answer = bank.page(made.form_url)
    page = BeautifulSoup(answer.text, "html5lib")
    assert "деньги не списываются" in page.text
    assert page.find("button").text == "Оплатить 2\u00a0642,85\u00a0₽"
    assert 'Оплата "ЖКУ" - октябрь' in page.text and "127.0.0.1:8149" in page.text
    assert len(page.select("tbody tr")) == len(cards.CARDS)
    assert not page.find("script") and "default-src 'none'" in answer.headers["Content-Security-Policy"]
    fields = {field["id"] for field in page.select("input")}
    assert fields == {label["for"] for label in page.select("label")} == {"number", "month", "year", "cvc", "email"}


def test_click_on_a_card_fills_the_form(bank):
    made = Acquirer(bank.url("form"), bank.user, bank.password, "form").register(order_of(100))
    page = BeautifulSoup(bank.page(f"{made.form_url}?card=poor").text, "html5lib")
    typed = {field["name"]: field["value"] for field in page.select("input")}
    assert typed == {"number": "2202 2050 0006 0910", "month": "06", "year": "28", "cvc": "810", "email": ""}


def test_page_names_each_wrong_field(bank):
    made = Acquirer(bank.url("form"), bank.user, bank.password, "form").register(order_of(100))
    answer = bank.post(made.form_url, number="2202 2050 0001 2425", month="13", year="²", cvc="<b>", email="anna")
    page = BeautifulSoup(answer.text, "html5lib")
    assert (answer.status_code, len(page.select(".faults a")), len(page.select("[aria-invalid]"))) == (422, 5, 5)
    assert "<b>" not in answer.text
    assert bank.page(f"{bank.base}/pay/none").status_code == 404


# ---- the stand-in: what it wants of a shop


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"orderNumber": ""}, "4"),
        ({"orderNumber": "9" * 37}, "4"),
        ({"amount": "0"}, "4"),
        ({"amount": "-1"}, "4"),
        ({"amount": "1000000000000"}, "4"),
        ({"amount": "12.50"}, "4"),
        ({"returnUrl": "https://пример.рф/назад"}, "4"),
        ({"returnUrl": ""}, "4"),
        ({"currency": "840"}, "3"),
        ({"description": "«Свет»"}, "5"),
        ({"phone": "8(391)"}, "5"),
        ({"password": "wrong"}, "5"),
        ({"userName": ""}, "5"),
        ({"orderBundle": "{"}, "4"),
        ({"orderBundle": "{}", "email": "anna@example.ru"}, "4"),
        ({"orderBundle": json.dumps({"cartItems": {"items": []}})}, "4"),
    ],
)
def test_bank_refuses_a_wrong_order(bank, change, code):
    fields = {
        "userName": bank.user,
        "password": bank.password,
        "orderNumber": "W-1",
        "amount": "100",
        "returnUrl": RETURN,
    }
    answer = bank.post(f"{bank.url('form')}/register.do", **(fields | change))
    assert (answer.status_code, answer.json()["errorCode"]) == (200, code)
    assert not any(order["number"] == "W-1" for order in bank.orders())


@pytest.mark.parametrize("part", ["total", "payments", "line"])
def test_bank_refuses_a_cart_of_another_sum(bank, order, part):
    cart = bank_words.cart(order, SELLER)
    if part == "total":
        cart["total"] += 1
    elif part == "payments":
        cart["payments"][0]["sum"] += 1
    else:
        cart["cartItems"]["items"].pop()
    told = {"userName": bank.user, "password": bank.password, "orderNumber": order.number, "amount": AMOUNT}
    told |= {"returnUrl": RETURN, "email": "anna@example.ru", "orderBundle": cart}
    answer = requests.post(f"{bank.url('json')}/register.do", json=told, timeout=10)
    assert answer.json()["errorCode"] == "8"


def test_bank_has_no_other_methods(bank):
    assert bank.post(f"{bank.url('form')}/unBindCard.do").status_code == 404
    assert bank.page(f"{bank.url('form')}/register.do").status_code == 405


# ---- the stand-in: callbacks


@pytest.fixture
def shop(bank) -> Iterator[Any]:
    """Whom the bank calls back: `heard` holds method, fields and body; `answers` are given first, then 200."""

    class Shop(BaseHTTPRequestHandler):
        def do_GET(self):
            self.hear()

        def do_POST(self):
            self.hear()

        def hear(self):
            length = int(self.headers.get("Content-Length") or 0)
            fields = dict(parse_qsl(urlsplit(self.path).query))
            self.server.heard.append((self.command, fields, self.rfile.read(length)))
            self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Shop)
    server.heard, server.answers = [], []
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    bank.fault(url=f"http://127.0.0.1:{server.server_port}/hooks/acquirer")
    yield server
    bank.fault(url="")
    server.shutdown()
    server.server_close()


def heard(bank: StandIn, shop: Any, order_id: str, count: int) -> list[dict[str, str]]:
    bank.callbacks(len([each for each in bank.callbacks() if each["params"]["mdOrder"] != order_id]) + count)
    return [fields for _, fields, _ in shop.heard if fields.get("mdOrder") == order_id]


def test_old_gateway_calls_back_signed(bank, shop):
    gateway = Acquirer(bank.url("form"), bank.user, bank.password, "form")
    made = gateway.register(order_of(264_285))
    bank.pay(made.form_url)
    (told,) = heard(bank, shop, made.order_id, 1)
    assert (told["operation"], told["status"], told["amount"]) == ("deposited", "1", "264285")
    assert shop.heard[0][0] == "GET"
    assert acquirer.checksum_is_right(told, bank.callback_key)
    assert not acquirer.checksum_is_right(told | {"amount": "1"}, bank.callback_key)


def test_new_gateway_calls_back_in_json(bank, shop):
    gateway = Acquirer(bank.url("json"), bank.user, bank.password, "json")
    number = order_of(100)
    made = gateway.register(number)
    bank.pay(made.form_url)
    heard(bank, shop, made.order_id, 1)
    method, _, body = shop.heard[0]
    told = {"mdOrder": made.order_id, "orderNumber": number.number, "operation": "deposited", "status": 1}
    assert (method, json.loads(body)) == ("POST", told)


@pytest.mark.parametrize(
    ("card", "operations"),
    [
        ("late", ["deposited"]),
        ("repeated", ["deposited"] * 3),
        ("reordered", ["deposited", "declinedByTimeout"]),
        ("quiet", []),
        ("silent", []),
    ],
)
def test_callbacks_misbehave_as_the_card_says(bank, shop, card, operations):
    gateway = Acquirer(bank.url("form"), bank.user, bank.password, "form")
    made = gateway.register(order_of(100))
    bank.pay(made.form_url, card)
    marker = gateway.register(order_of(100))
    bank.pay(marker.form_url)
    heard(bank, shop, marker.order_id, 1)
    assert [told["operation"] for told in heard(bank, shop, made.order_id, len(operations))] == operations


def test_refusals_refunds_and_reversals_are_called_back(bank, shop):
    gateway = Acquirer(bank.url("form"), bank.user, bank.password, "form")
    made = gateway.register(order_of(100))
    bank.pay(made.form_url, "blocked")
    heard(bank, shop, made.order_id, 1)
    bank.pay(made.form_url)
    heard(bank, shop, made.order_id, 2)
    gateway.refund(made.order_id, 1)
    told = heard(bank, shop, made.order_id, 3)
    assert [(each["operation"], each["status"]) for each in told] == [
        ("deposited", "0"),
        ("deposited", "1"),
        ("refunded", "1"),
    ]


def test_callback_is_tried_again_until_it_is_taken(bank, shop):
    shop.answers += [500]
    gateway = Acquirer(bank.url("form"), bank.user, bank.password, "form")
    made = gateway.register(order_of(100))
    bank.pay(made.form_url)
    assert len(heard(bank, shop, made.order_id, 1)) == 2
    (record,) = [each for each in bank.callbacks() if each["params"]["mdOrder"] == made.order_id]
    assert record["answers"] == [500, 200]


def test_control_room_is_shut_without_a_key(tmp_path):
    app = standins.create_acquirer(tmp_path, user="u", password="p", callback_key="k")
    assert app.test_client().get("/control/orders").status_code == 404
    assert app.test_client().get("/").status_code == 200


def test_bank_remembers_its_orders_over_a_restart(tmp_path):
    with standins.acquirer(tmp_path) as bank:
        made = Acquirer(bank.url("form"), bank.user, bank.password, "form").register(order_of(100))
        bank.pay(made.form_url)
    with standins.acquirer(tmp_path) as bank:
        gateway = Acquirer(bank.url("json"), bank.user, bank.password, "json")
        assert gateway.status(order_id=made.order_id).state == "paid"


# ---- beside the portal


def test_demo_gets_a_stand_in_on_the_next_free_port(tmp_path):
    chosen = settings.read({"KABINET_VAR_DIR": str(tmp_path)})
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        with work._stand_in(chosen, port) as bank:
            assert bank is not None and urlsplit(bank.address).port != port
            told = settings.read({name: value for name, value in bank.environ.items() if name.startswith("KABINET_")})
    assert told.takes_payments and told.acquirer_style == "form"
    assert bank.environ["STANDIN_CALLBACK_URL"] == "http://127.0.0.1:8000/hooks/acquirer"


def test_no_stand_in_beside_a_real_acquirer_or_in_production(bank):
    production = {"ENV": "production", "SECRET_KEY": "x" * 32, "PUBLIC_URL": "https://lk.example.ru"}
    for environ in (bank.environ(), {f"KABINET_{name}": value for name, value in production.items()}):
        with work._stand_in(settings.read(environ), 8149) as beside:
            assert beside is None


def test_answer_that_drips_is_given_up_in_time() -> None:
    """A time-out of each read would wait for ever: the whole answer has its time."""
    import socket
    import threading
    import time

    from tasks.gateways.acquirer import Unreachable as Silence

    listener = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        line, _ = listener.accept()
        with line:
            line.recv(65_536)
            line.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{")
            for _ in range(100):
                try:
                    line.sendall(b" ")
                except OSError:
                    return
                time.sleep(0.05)

    threading.Thread(target=drip, daemon=True).start()
    bank = Acquirer(f"http://127.0.0.1:{listener.getsockname()[1]}/payment/rest", "u", "p", "form", timeout=0.5)
    started = time.monotonic()
    with pytest.raises(Silence):
        bank.status(number="2611-AAAAAAAA")
    assert time.monotonic() - started < 3
    listener.close()
