"""The bank's callbacks: only a reason to ask the bank; forged, altered, repeated and strange ones are nothing."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from models.billing import ledger
from models.billing.ledger import Entry
from models.billing.payments import Payment
from tasks import payments as work
from tasks.gateways.acquirer import checksum
from tests import cast, paying
from tests.cast import Person
from tests.page import Client, Page
from tests.paying import DEBT, again, credited, ordered
from tests.standins import CALLBACK_KEY, StandIn

HOOK = "/hooks/acquirer"


@pytest.fixture
def bank(app: Any, anna: Person, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with paying.open_desk(monkeypatch) as standing:
        paying.owe(anna.account)
        yield standing


@pytest.fixture
def key(app: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """The portal knows the bank's key."""
    chosen = replace(app.extensions["kabinet"], acquirer_callback_key=CALLBACK_KEY)
    monkeypatch.setitem(app.extensions, "kabinet", chosen)
    return CALLBACK_KEY


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    return paying.hear(monkeypatch)


@pytest.fixture
def payment(anna: Person, bank: StandIn) -> Payment:
    return ordered(anna)


def told(bank: StandIn, payment: Payment, operation: str = "deposited", status: int = 1) -> dict[str, str]:
    """The fields of a callback as the bank signs them, not sent."""
    return bank.callback(payment.order_id, operation, status, send=False)


def by_get(client: Client, fields: dict[str, str] | list[tuple[str, str]]) -> Page:
    return client.open(f"{HOOK}?{urlencode(fields)}")


# ---- the bank's own


@pytest.mark.feature("M13")
def test_signed_callback_rings_and_credits_nothing_by_itself(client, bank, payment, key, rung, anna):
    answer = by_get(client, told(bank, payment))
    assert (answer.status, answer.text) == (200, "OK")
    assert rung == [payment.id] and credited(anna.account) == 0


def test_signed_callback_as_a_form(client, bank, payment, key, rung):
    assert client.open(HOOK, method="POST", data=told(bank, payment)).status == 200
    assert rung == [payment.id]


def test_signed_callback_as_json(client, bank, payment, key, rung):
    assert client.open(HOOK, method="POST", json=told(bank, payment)).status == 200
    assert rung == [payment.id]


def test_checksum_in_small_letters(client, bank, payment, key, rung):
    fields = told(bank, payment)
    assert by_get(client, fields | {"checksum": fields["checksum"].lower()}).status == 200
    assert rung == [payment.id]


def test_callback_of_the_new_gateway_has_no_signature(client, bank, payment, rung):
    note = {
        "mdOrder": payment.order_id,
        "orderNumber": payment.number,
        "operation": "deposited",
        "status": 1,
        "additionalParams": {},
    }
    assert client.open(HOOK, method="POST", json=note).status == 200
    assert rung == [payment.id]


def test_order_of_the_operations_does_not_matter(client, bank, payment, key, rung, anna):
    bank.pay(payment.form_url)
    for operation, status in (
        ("declinedByTimeout", 1),
        ("deposited", 0),
        ("deposited", 1),
        ("deposited", 1),
        ("created", 1),
    ):
        by_get(client, told(bank, payment, operation, status))
        work.check(rung[-1])
    assert again(payment).state == "paid" and credited(anna.account) == DEBT
    assert Entry.select().where(Entry.kind == ledger.PAYMENT).count() == 1


def test_callback_to_a_lost_registration_is_heard(client, anna, bank, key, rung):
    bank.fault(drops=1)
    payment = ordered(anna)
    (order,) = bank.orders()
    assert by_get(client, bank.callback(order["id"], "created", send=False)).status == 200
    assert rung == [payment.id]


def test_unknown_order_is_answered_like_any(client, bank, payment, key, rung):
    Payment.update(number="2611-AAAAAAAA").where(Payment.id == payment.id).execute()
    answer = by_get(client, told(bank, payment))
    assert (answer.status, answer.text) == (200, "OK") and rung == []


def test_flood_of_repeats_rings_only_so_often(client, bank, payment, key, rung):
    fields = told(bank, payment)
    assert {by_get(client, fields).status for _ in range(40)} == {200}
    assert len(rung) == 20


def test_queue_that_is_down_is_no_reason_to_fail(client, bank, payment, key, monkeypatch):
    from tasks import queue

    def broken(_: int) -> None:
        raise OSError("no queue")

    monkeypatch.setitem(queue._bells, "check_payment", broken)
    assert by_get(client, told(bank, payment)).status == 200


# ---- everybody else's


@pytest.mark.feature("M13")
def test_thousand_mutations_are_refused(client, bank, payment, key, rung, anna):
    """Fault 13: each altered, dropped, added or repeated parameter breaks the signature."""
    rand = random.Random(13)
    true = told(bank, payment)
    other = ordered(Person(anna.customer, cast.account(300)), 10_000, key="other")
    for i in range(1000):
        fields = _mutated(rand, list(true.items()), other)
        if dict(fields) == true and len(fields) == len(true):
            continue
        visitor = Client(client.app, ip=f"10.{i // 250}.{i % 250}.7")
        assert by_get(visitor, fields).status == 403, fields
    assert rung == [] and credited(anna.account) == 0


def _mutated(rand: random.Random, fields: list[tuple[str, str]], other: Payment) -> list[tuple[str, str]]:
    place = rand.randrange(len(fields))
    name, value = fields[place]
    kind = rand.randrange(8)
    if kind == 0:
        return fields[:place] + fields[place + 1 :]
    if kind == 1:
        return [*fields, (name, value)]
    if kind == 2:
        return [*fields, (f"x{rand.random()}", "1")]
    if kind == 3:
        return [*fields[:place], (name.swapcase(), value), *fields[place + 1 :]]
    if kind == 4:
        changed = {
            "mdOrder": other.order_id,
            "orderNumber": other.number,
            "amount": "1",
            "status": "0",
            "operation": "refunded",
        }
        return [*fields[:place], (name, str(changed.get(name, "0" * 64))), *fields[place + 1 :]]
    if kind == 5:
        return [*fields[:place], (name, value + rand.choice([" ", "\0", "1", ";"])), *fields[place + 1 :]]
    if kind == 6:
        return [*fields[:place], (name, value[:-1]), *fields[place + 1 :]]
    return [*fields[:place], (name, value[::-1] + "z"), *fields[place + 1 :]]


def test_signature_of_another_key_is_refused(client, bank, payment, key, rung):
    fields = {"mdOrder": payment.order_id, "orderNumber": payment.number, "operation": "deposited", "status": "1"}
    assert by_get(client, fields | {"checksum": checksum(fields, "another key of the same length")}).status == 403
    assert rung == []


def test_number_of_one_order_with_the_id_of_another(client, anna, bank, payment, rung):
    other = ordered(Person(anna.customer, cast.account(300)), 10_000, key="other")
    assert by_get(client, {"orderNumber": payment.number, "mdOrder": other.order_id}).status == 200
    assert rung == []


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"1", b'"x"', b"{", b"\xff\xfe", b"[" * 3000, b'{"orderNumber": null}',
     b'{"orderNumber": "\\ud800", "mdOrder": "\\u0000"}',
     b'{"orderNumber": 1e999}', b'{"mdOrder": "a", "mdOrder": "b"}', b'{"a": ' + b"9" * 5000 + b"}"],
)  # fmt: skip
def test_garbage_rings_nothing_and_breaks_nothing(client, bank, payment, rung, body):
    answer = client.open(HOOK, method="POST", data=body, content_type="application/json")
    assert answer.status in (200, 403) and rung == []


def test_repeated_name_in_json_is_refused(client, bank, payment, key, rung):
    fields = told(bank, payment)
    text = json.dumps(fields)[:-1] + ', "status": "1"}'
    assert client.open(HOOK, method="POST", data=text, content_type="application/json").status == 403
    assert rung == []


@pytest.mark.parametrize("size", [1_001, 20_000])
def test_long_values_are_refused_unread(client, bank, payment, key, rung, size):
    assert client.open(HOOK, method="POST", data={"orderNumber": "9" * size}).status == 403
    assert by_get(client, {"orderNumber": "9" * size}).status == 403


def test_many_names_are_refused(client, bank, payment, key):
    assert by_get(client, {f"n{i}": "1" for i in range(50)}).status == 403


def test_address_that_forges_on_and_on_is_told_to_stop_and_the_bank_is_not(client, bank, payment, key, rung):
    for _ in range(120):
        assert by_get(client, {"orderNumber": payment.number}).status == 403
    assert by_get(client, {"orderNumber": payment.number}).status == 429
    assert by_get(client, told(bank, payment)).status == 200  # even from the same address
    assert rung == [payment.id]


def test_unsigned_guesses_are_limited_by_address(client, bank, payment, rung):
    true = {"orderNumber": payment.number, "mdOrder": payment.order_id}
    for _ in range(200):
        assert by_get(client, true).status == 200  # the bank's own never count
    for _ in range(120):
        by_get(client, {"orderNumber": "2611-AAAAAAAA", "mdOrder": "x"})
    assert by_get(client, {"orderNumber": "2611-AAAAAAAA", "mdOrder": "x"}).status == 429
    assert by_get(client.another("10.1.1.1"), true).status == 200


def test_without_an_acquirer_there_is_no_such_page(client, anna, monkeypatch):
    monkeypatch.setattr(work, "_desk", None)
    assert client.open(HOOK).status == 404 and client.open(HOOK, method="POST").status == 404


def test_other_methods_are_none(client, bank):
    assert client.open(HOOK, method="PUT").status == 405
