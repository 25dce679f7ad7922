"""Letters and SMS as the staff find and open them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from peewee import Database

from models import audit, outbox
from models.audit import AuditRow
from models.base import Refusal, is_sqlite
from models.company import Company
from models.office import cards, messages
from models.office.messages import Search
from models.outbox import FAILED, SENT, WAITING, Message, kinds
from models.people import staff
from tests import cast


def posted(letter: str, to: str = "anna@example.ru", state: str = WAITING, **rest: Any) -> Message:
    outbox.post(letter, to, {}, **rest)
    message: Message = Message.newest(1).get()
    Message.update(state=state).where(Message.id == message.id).execute()
    return message


def found(**typed: str) -> list[str]:
    return [one.letter for one in messages.find(messages.search(typed))]


@pytest.fixture
def heap(db: Database, company: Company, at: Callable[[str], Any]) -> None:
    at("2026-11-19T23:30")
    posted("known", "boris@example.ru")
    at("2026-11-20T00:10")
    posted("recover", state=SENT)
    posted("debt_notice", "+79135550199", kind="sms", account="241010000054")
    posted("e_receipt", state=FAILED, account="241010000054")


@pytest.mark.parametrize(
    ("typed", "letters"),
    [
        ({}, ["e_receipt", "debt_notice", "recover", "known"]),
        ({"state": FAILED}, ["e_receipt"]),
        ({"letter": "known"}, ["known"]),
        ({"kind": "sms"}, ["debt_notice"]),
        ({"kind": "sms", "state": WAITING, "letter": "debt_notice"}, ["debt_notice"]),
        ({"kind": "sms", "state": SENT}, []),
        ({"day": "2026-11-19"}, ["known"]),
        ({"day": "2026-11-20"}, ["e_receipt", "debt_notice", "recover"]),
        ({"day": "2026-11-21"}, []),
        ({"who": "Anna@Example.ru"}, ["e_receipt", "recover"]),
        ({"who": "8 913 555-01-99"}, ["debt_notice"]),
        ({"who": "2410 1000 0054", "kind": "email"}, ["e_receipt"]),
        ({"who": "241010000054", "day": "2026-11-20", "state": WAITING}, ["debt_notice"]),
        ({"state": "nonsense", "letter": "x", "kind": "dove"}, ["e_receipt", "debt_notice", "recover", "known"]),
    ],
)
def test_messages_are_found_the_newest_first(heap: None, typed: dict[str, str], letters: list[str]) -> None:
    assert found(**typed) == letters


@pytest.mark.parametrize(
    ("name", "text"), [("who", "анна"), ("who", "a@"), ("day", "2026-13-45"), ("day", "0001-01-01")]
)
def test_what_cannot_be_understood_is_refused(db: Database, company: Company, name: str, text: str) -> None:
    with pytest.raises(Refusal) as refusal:
        messages.search({name: text})
    assert refusal.value.problems[0].field == name


def test_a_page_goes_on_where_the_last_one_ended(heap: None) -> None:
    first = messages.find(Search(), most=2)
    assert [one.letter for one in messages.find(Search(), first[-1].id, 5)] == ["recover", "known"]


def test_counts_by_state_stop_at_a_thousand(heap: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {state: count for state, count in messages.counts().items() if count} == {WAITING: 2, SENT: 1, FAILED: 1}
    monkeypatch.setattr(messages, "MOST", 1)
    assert messages.counts()[WAITING] == 1


def test_every_state_of_a_message_has_words() -> None:
    states = {value for name, value in vars(outbox).items() if name.isupper() and isinstance(value, str)}
    assert states == set(messages.STATES)


def test_a_list_of_a_large_outbox_reads_no_more_than_a_page(db: Database, company: Company) -> None:
    """Whatever the filter, an index leads to its newest rows: nothing is sorted but a day."""
    if not is_sqlite():
        pytest.skip("reads the plan as SQLite tells it")
    sms = {"kind": "sms"}
    for typed in ({}, {"state": SENT}, {"letter": "known"}, {"who": "a@example.ru"}, {"who": "241010000054"}, sms):
        asked = messages.search(typed)
        query = Message.select(Message.id)
        for field, value in messages._equal(asked):
            query = query.where(field == value)
        sql, values = query.order_by(Message.id.desc()).limit(51).sql()
        plan = " ".join(str(row[3]) for row in db.execute_sql(f"EXPLAIN QUERY PLAN {sql}", values))
        assert "TEMP B-TREE" not in plan and ("USING" in plan or not typed), (typed, plan)


# ---- reading one


@pytest.mark.parametrize(
    ("to", "shown"), [("anna@example.ru", "a***@example.ru"), ("+79135550199", "+7913***0199"), ("@x.ru", "***@x.ru")]
)
def test_an_address_is_masked(to: str, shown: str) -> None:
    assert messages.masked(to) == shown
    assert messages.told(f"550 5.1.1 <{to}>: unknown", to) == f"550 5.1.1 <{shown}>: unknown"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("550 5.1.1 <Anna@Example.RU>: unknown", "550 5.1.1 <A***@Example.RU>: unknown"),
        (
            "mailbox anna@example.ru, forwarded to a.ivanova+k@mail.ru.",
            "mailbox a***@example.ru, forwarded to a***@mail.ru.",
        ),
        ("450 try again", "450 try again"),
    ],
)
def test_no_address_is_left_in_what_the_other_side_said(said: str, shown: str) -> None:
    assert messages.told(said, "anna@example.ru") == shown


def test_no_phone_is_left_in_what_the_other_side_said() -> None:
    assert messages.told("79135550199: absent subscriber", "+79135550199") == "7913***0199: absent subscriber"


@pytest.fixture
def oleg(db: Database, company: Company) -> Any:
    return cast.employee("operator", email="oleg@example.ru")


def test_a_letter_about_no_account_is_opened_by_itself_for_half_an_hour(oleg: Any, at: Callable[[str], Any]) -> None:
    message = posted("known")
    nina = cast.employee("auditor", email="nina@example.ru")
    with audit.acting(staff.subject(oleg.id)):
        assert not messages.is_open(oleg.id, message)
        messages.open_message(oleg.id, message, "call")
    assert messages.is_open(oleg.id, message) and not messages.is_open(nina.id, message)
    assert not messages.is_open(oleg.id, posted("recover"))
    row = AuditRow.select().where(AuditRow.deed == messages.OPENED).get()
    assert (row.subject, row.detail["reason"]) == (f"message:{message.id}", cards.REASONS["call"])
    at("2026-11-20T10:31")
    assert not messages.is_open(oleg.id, message)


def test_a_letter_about_an_account_opens_with_its_card(oleg: Any) -> None:
    anna = cast.anna(history=False)
    message = posted("debt_notice", account=anna.account.number)
    with audit.acting(staff.subject(oleg.id)):
        messages.open_message(oleg.id, message, "debt")
    assert messages.is_open(oleg.id, message) and cards.present(oleg.id, anna.account.number) is not None
    assert not AuditRow.select().where(AuditRow.deed == messages.OPENED).exists()


@pytest.mark.parametrize(("reason", "note"), [("", ""), ("nonsense", ""), ("other", ""), ("call", "я" * 300)])
def test_without_a_reason_nothing_is_opened(oleg: Any, reason: str, note: str) -> None:
    message = posted("known")
    with pytest.raises(Refusal):
        messages.open_message(oleg.id, message, reason, note)
    assert not messages.is_open(oleg.id, message)


def test_a_waiting_message_says_how_often_it_was_tried(db: Database, company: Company) -> None:
    message = posted("known")
    assert messages.state_words(message) == ("ждёт отправки", "wait")
    message.attempts = 2
    assert messages.state_words(message)[0] == "ждёт отправки, 2\u00a0попытки"
    message.state = SENT
    assert messages.state_words(message) == ("отправлено", "good")


def test_the_table_of_letters_has_a_title_for_each() -> None:
    assert all(one.title and one.hours > 0 for one in kinds.KINDS.values())
    with pytest.raises(KeyError):
        kinds.of("nonsense")
