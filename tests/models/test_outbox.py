"""Messages that wait to go out."""

from __future__ import annotations

import re

from peewee import Database

from models import clock, outbox
from models.outbox import Message
from tests.crowd import at_once


def test_waits_from_now_on(db: Database) -> None:
    outbox.post("recover", "anna@example.ru", {"a": 1})
    message = Message.get()
    assert (message.kind, message.to, message.letter) == ("email", "anna@example.ru", "recover")
    assert (message.state, message.attempts) == ("waiting", 0)
    assert message.created_at == message.due_at == clock.now()


def test_secrets_lie_apart_from_the_rest(db: Database) -> None:
    outbox.post("recover", "anna@example.ru", {"name": "Анна"}, {"token": "abc"})
    message = Message.get()
    assert (message.data, message.secrets) == ({"name": "Анна"}, {"token": "abc"})
    assert message.context == {"name": "Анна", "token": "abc"}


def test_second_with_the_same_key_is_dropped(db: Database) -> None:
    for text in ("первое", "второе"):
        outbox.post("recover", "anna@example.ru", {"text": text}, key="once")
    assert [message.data for message in Message.select()] == [{"text": "первое"}]


def test_same_key_at_once(db: Database) -> None:
    assert at_once(10, lambda i: outbox.post("recover", "anna@example.ru", {}, key="once")) == [None] * 10
    assert Message.select().count() == 1


def test_without_a_key_each_goes(db: Database) -> None:
    for _ in range(2):
        outbox.post("recover", "anna@example.ru", {})
    assert Message.select().count() == 2


def test_each_has_a_message_id_for_good(db: Database) -> None:
    for _ in range(2):
        outbox.post("recover", "anna@example.ru", {})
    ids = {message.message_id for message in Message.select()}
    assert len(ids) == 2 and all(re.fullmatch(r"<[0-9a-f]{32}@kabinet>", one) for one in ids)


def test_undone_with_the_deed_that_caused_it(db: Database) -> None:
    with db.atomic() as deed:
        outbox.post("recover", "anna@example.ru", {})
        deed.rollback()
    assert not Message.select().exists()


def test_newest_first(db: Database) -> None:
    for n in range(3):
        outbox.post("recover", f"n{n}@example.ru", {}, kind="sms")
    assert [(message.to, message.kind) for message in Message.newest(2)] == [
        ("n2@example.ru", "sms"),
        ("n1@example.ru", "sms"),
    ]
