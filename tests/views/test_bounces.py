"""Reports posted by a mail provider: signed, or nothing."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any

import pytest

from models import outbox
from models.audit import AuditRow
from models.contact.bounces import Undelivered
from models.outbox import BOUNCED, SENT, Message, addresses
from models.outbox.addresses import Suspension
from tests.page import Client, Page
from tests.tasks.test_dsn import HEX, raw

HOOK = "/hooks/bounces"
KEY = "a-key-of-the-mail-provider"
ANNA = "anna@example.ru"
OURS = f"<{HEX}@eniseisbyt.example>"


@pytest.fixture
def key(app: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(app.extensions, "kabinet", replace(app.extensions["kabinet"], bounce_key=KEY))
    return KEY


@pytest.fixture
def message(anna: Any) -> Message:
    outbox.post("cheque", ANNA, {})
    Message.update(state=SENT, message_id=OURS).execute()
    return Message.get()


def tell(client: Client, body: bytes, kind: str = "application/json", signature: str | None = None) -> Page:
    signed = hmac.new(KEY.encode(), body, hashlib.sha256).hexdigest() if signature is None else signature
    headers = {"X-Kabinet-Signature": signed}
    return client.open(HOOK, method="POST", data=body, headers=headers, content_type=kind)


def listed(**more: Any) -> bytes:
    usual = {"message_id": OURS, "recipient": ANNA, "action": "failed", "status": "5.1.1", "diagnostic": "550 nobody"}
    return json.dumps([{**usual, **more}]).encode()


@pytest.mark.feature("B5")
@pytest.mark.parametrize("name", ["postfix", "exim-old", "mailru", "exchange"])
def test_report_as_it_came_in_is_taken(client, key, message, name):
    answer = tell(client, raw(name), "message/rfc822")
    assert (answer.status, answer.answer.json) == (200, ["learnt"])
    assert Message.get().state == BOUNCED
    assert addresses.suspended([ANNA]) == {ANNA}


@pytest.mark.parametrize("message_id", [OURS, OURS.strip("<>")])
def test_list_of_a_provider_is_taken(client, key, message, message_id):
    assert tell(client, listed(message_id=message_id, action="Failed")).answer.json == ["learnt"]
    assert addresses.suspended([ANNA]) == {ANNA}
    assert AuditRow.get(AuditRow.deed == "address.suspended").who == "system"


def test_repeat_changes_nothing(client, key, message):
    said = [tell(client, listed()).answer.json for _ in range(3)]
    assert said == [["learnt"], ["repeated"], ["repeated"]]
    assert Suspension.select().count() == Undelivered.select().count() == 1


def test_a_report_about_somebody_else_is_nothing(client, key, message):
    assert tell(client, listed(recipient="vera@example.ru")).answer.json == ["strange"]
    assert tell(client, listed(message_id="<x@y.example>")).answer.json == ["unknown"]
    assert not Suspension.select().exists()


@pytest.mark.parametrize("signature", ["", "0" * 64, "я" * 10, KEY, hmac.new(b"x", b"", hashlib.sha256).hexdigest()])
def test_what_is_not_signed_is_nothing(client, key, message, signature):
    assert tell(client, listed(), signature=signature.encode("utf-8").decode("latin-1")).status == 403
    assert not Suspension.select().exists()


def test_signature_of_another_body_is_nothing(client, key, message):
    right = hmac.new(KEY.encode(), listed(), hashlib.sha256).hexdigest()
    assert tell(client, listed(status="5.2.2"), signature=right).status == 403


def test_signature_may_be_written_in_capitals(client, key, message):
    right = hmac.new(KEY.encode(), listed(), hashlib.sha256).hexdigest().upper()
    assert tell(client, listed(), signature=right).status == 200


def test_whoever_guesses_signatures_is_told_to_stop(client, key):
    statuses = {tell(client, b"[]", signature="0").status for _ in range(62)}
    assert statuses == {403, 429}
    assert tell(client, b"[]").status == 200


def test_without_a_key_there_is_no_such_address(client, message):
    assert tell(client, listed()).status == 404
    assert not Suspension.select().exists()


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"{}", b'"x"', b"[1]", b'[{"message_id": 5}]', b'[{"recipient": "a\\u0000b"}]',
        b'[{"message_id": "<\\ud800@x>"}]', b'[{"diagnostic": "\\udfff"}]', b"[" * 100_000,
        b'[{"diagnostic": "' + b"x" * 2_000 + b'"}]', json.dumps([{}] * 1_001).encode(), b"\xff\xfe",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(client, key, body):
    assert tell(client, body).status == 400


def test_other_kinds_of_body_are_refused(client, key):
    assert tell(client, b"a=b", "application/x-www-form-urlencoded").status == 400


@pytest.mark.parametrize("kind", ["application/json", "message/rfc822"])
def test_more_than_a_megabyte_is_refused(client, key, kind):
    assert tell(client, b" " * 1_000_001, kind).status == 413


def test_any_letter_is_answered(client, key, message):
    for body in (b"", b"\0", raw("vacation"), raw("from-a-customer"), b"\xff" * 10_000):
        assert tell(client, body, "message/rfc822").answer.json == []
    assert not Suspension.select().exists()


def test_get_is_no_way_in(client, key):
    assert client.open(HOOK).status == 405
