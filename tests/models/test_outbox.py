"""Messages that wait to go out."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from peewee import Database, fn

from models import base, clock, outbox
from models.outbox import PAUSED, SENDING, SENT, WAITING, Message, kinds, messages
from models.outbox.messages import drafted
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
    assert len(ids) == 2 and all(re.fullmatch(r"<[0-9a-f]{32}@eniseisbyt.example>", one) for one in ids)


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


def test_each_letter_has_its_rules(db: Database) -> None:
    outbox.post("recover", "anna@Example.RU", {})
    outbox.post("news", "anna@example.ru", {}, due_at=clock.now() + timedelta(hours=5))
    urgent, bulk = Message.select().order_by(Message.id)
    assert (urgent.priority, urgent.domain, urgent.expires_at) == (
        kinds.URGENT, "example.ru", clock.now() + timedelta(hours=1),
    )  # fmt: skip
    assert (bulk.priority, bulk.due_at, bulk.expires_at) == (
        kinds.BULK, clock.now() + timedelta(hours=5), clock.now() + timedelta(hours=245),
    )  # fmt: skip


def test_unknown_letter_is_a_mistake_of_ours(db: Database) -> None:
    with pytest.raises(KeyError):
        outbox.post("no_such_letter", "anna@example.ru", {})


def test_whom_and_what_it_is_about(db: Database) -> None:
    outbox.post("cheque", "anna@example.ru", {"account": "241010000054"}, subject="customer:12", mailing=7)
    message = Message.get()
    assert (message.subject, message.account, message.mailing) == ("customer:12", "241010000054", 7)


def test_drafts_are_stored_many_at_once(db: Database) -> None:
    drafts = [drafted("news", f"a{n}@example.ru", {"title": "Тема"}, key=f"mailing:1:{n}") for n in range(5)]
    with db.atomic():
        base.insert_rows(Message, drafts)
    assert [message.data for message in Message.select()] == [{"title": "Тема"}] * 5
    assert len({message.message_id for message in Message.select()}) == 5


def test_sms_has_a_pace_of_its_own(db: Database) -> None:
    outbox.post("debt_notice", "+79131234567", {}, kind="sms")
    assert Message.get().domain == "sms"


def test_bell_is_worth_ringing_after_a_post_alone(db: Database) -> None:
    outbox.taken_rung()
    assert not outbox.taken_rung()
    outbox.post("recover", "anna@example.ru", {})
    assert outbox.taken_rung() and not outbox.taken_rung()


def test_what_waits_follows_its_reader_to_a_new_address_but_for_warnings(db: Database) -> None:
    for letter, subject, state in (
        ("cheque", "customer:1", WAITING),
        ("e_receipt", "customer:1", PAUSED),
        ("news", "customer:1", SENDING),
        ("password_changed", "customer:1", WAITING),
        ("cheque", "customer:1", SENT),
        ("cheque", "customer:2", WAITING),
    ):
        outbox.post(letter, "anna@example.ru", {}, subject=subject)
        Message.update(state=state).where(Message.id == Message.select(fn.MAX(Message.id))).execute()
    assert messages.follow("customer:1", "anna@example.ru", "anna@new.example") == 3
    rows = Message.select(Message.to, Message.domain).order_by(Message.id).tuples()
    assert list(rows) == [("anna@new.example", "new.example")] * 3 + [("anna@example.ru", "example.ru")] * 3
