"""The way out that a letter carries: what its token names, what it ends, what it may take back."""

from __future__ import annotations

from typing import Any

import pytest

from models import audit, clock, outbox
from models.base import Refusal
from models.billing import delivery
from models.billing.delivery import BOTH, EMAIL, PAPER, WEB
from models.contact import unsubscribing
from models.contact.unsubscribing import Exit
from models.entrance import linking
from models.outbox import Message, kinds
from models.people import wishes
from models.people.customers import Customer
from tests import cast

SITE = "https://lk.example.ru"


@pytest.fixture
def anna(db: Any, company: Any) -> cast.Person:
    person = cast.anna(history=False)
    delivery.choose(person.id, person.account, EMAIL, WEB)
    return person


def of_receipts(person: cast.Person) -> Exit:
    found = unsubscribing.find(unsubscribing.token(person.id, kinds.RECEIPT, person.account.number))
    assert found is not None
    return found


def posted(letter: str, **more: Any) -> Message:
    outbox.post(letter, "anna@example.ru", {}, **more)
    found = Message.select().order_by(Message.id.desc()).first()
    assert isinstance(found, Message)
    return found


@pytest.mark.feature("B5")
def test_link_of_a_letter_leads_back_to_what_it_is_about(anna: cast.Person) -> None:
    message = posted("e_receipt", subject=anna.customer.subject, account=anna.account.number)
    link = unsubscribing.link(message, SITE)
    assert link.startswith(f"{SITE}/unsubscribe/") and link.isascii()
    found = unsubscribing.find(link.rpartition("/")[2])
    assert found is not None
    assert (found.customer.id, found.basis, found.account and found.account.id) == (
        anna.id,
        kinds.RECEIPT,
        anna.account.id,
    )


@pytest.mark.parametrize(
    ("letter", "subject", "account"),
    [
        ("password_changed", "customer:1", ""),
        ("debt_notice", "customer:1", "241010000054"),
        ("e_receipt", "customer:1", ""),
        ("news", "", ""),
        ("news", "staff:3", ""),
    ],
)
def test_letters_without_a_way_out(anna: cast.Person, letter: str, subject: str, account: str) -> None:
    assert unsubscribing.link(posted(letter, subject=subject, account=account), SITE) == ""


@pytest.mark.company("irkutsk")
def test_a_cyrillic_account_number_makes_a_plain_address(anna: cast.Person) -> None:
    token = unsubscribing.token(anna.id, kinds.RECEIPT, anna.account.number)
    assert token.isascii() and "%" not in token
    found = unsubscribing.find(token)
    assert found is not None and found.account == anna.account


def test_a_token_cannot_be_made_or_bent(anna: cast.Person) -> None:
    good = unsubscribing.token(anna.id, kinds.NEWS)
    assert unsubscribing.find(good)
    head, _, signature = good.rpartition(".")
    bent = [
        "",
        "n1.",
        "." + signature,
        good[:-1],
        good + "0",
        "r" + good[1:],
        f"n{anna.id + 1:x}." + signature,
        f"{head}.{'0' * 32}",
        "x" * 5000,
        "ж" * 40,
    ]
    assert [unsubscribing.find(one) for one in bent] == [None] * len(bent)


def test_a_token_of_somebody_who_is_not_there_names_nobody(anna: cast.Person) -> None:
    assert unsubscribing.find(unsubscribing.token(anna.id + 1, kinds.NEWS)) is None
    assert unsubscribing.find(unsubscribing.token(anna.id, kinds.RECEIPT, "249999999999")) is None


@pytest.mark.feature("S31")
def test_leaving_e_receipts_brings_paper_back_and_a_repeat_changes_nothing(anna: cast.Person) -> None:
    way = of_receipts(anna)
    assert unsubscribing.act(way)
    assert not unsubscribing.act(way)
    rows = delivery.history(account=anna.account.id)
    assert (rows[0].way, rows[0].channel, rows[0].by) == (PAPER, delivery.LETTER, f"customer:{anna.id}")
    assert len(rows) == 2 and unsubscribing.is_out(way)


def test_a_reader_is_not_written_to_about_their_own_leaving(anna: cast.Person) -> None:
    boris = cast.boris(anna)
    Message.delete().execute()
    unsubscribing.act(of_receipts(anna))
    assert [one.to for one in Message.select()] == [boris.customer.email]


def test_leaving_is_nothing_when_the_bills_go_to_somebody_else_now(anna: cast.Person) -> None:
    boris = cast.boris(anna)
    delivery.choose(boris.id, anna.account, EMAIL, WEB)
    assert not unsubscribing.act(of_receipts(anna))
    assert delivery.current(anna.account.id).customer_id == boris.id


@pytest.mark.company("kaluga")
def test_what_was_left_can_be_taken_back_as_it_was(anna: cast.Person) -> None:
    delivery.choose(anna.id, anna.account, BOTH, WEB)
    way = of_receipts(anna)
    assert not unsubscribing.can_take_back(way)
    unsubscribing.act(way)
    assert unsubscribing.can_take_back(way)
    assert unsubscribing.take_back(way) and not unsubscribing.take_back(way)
    now = delivery.current(anna.account.id)
    assert (now.way, now.customer_id) == (BOTH, anna.id)


def test_an_old_letter_does_not_undo_a_choice_made_since(anna: cast.Person) -> None:
    way = of_receipts(anna)
    unsubscribing.act(way)
    boris = cast.boris(anna)
    delivery.choose(boris.id, anna.account, EMAIL, WEB)
    delivery.choose(boris.id, anna.account, PAPER, WEB)
    assert not unsubscribing.can_take_back(way)
    with pytest.raises(Refusal, match="выбрали заново"):
        unsubscribing.take_back(way)


def test_nothing_is_taken_back_for_an_account_that_is_held_no_more(anna: cast.Person) -> None:
    way = of_receipts(anna)
    unsubscribing.act(way)
    linking.unlink(anna.id, anna.account)
    with pytest.raises(Refusal):
        unsubscribing.take_back(way)


@pytest.mark.parametrize(("basis", "topic"), [(kinds.REMINDERS, wishes.REMINDERS), (kinds.NEWS, wishes.NEWS)], ids=str)
def test_leaving_a_topic_and_coming_back(anna: cast.Person, basis: str, topic: str) -> None:
    way = unsubscribing.find(unsubscribing.token(anna.id, basis))
    assert way is not None
    assert unsubscribing.act(way) and not unsubscribing.act(way)
    assert wishes.unwanted([anna.id], topic) == {anna.id} and unsubscribing.is_out(way)
    assert unsubscribing.take_back(way)
    assert wishes.of(anna.id) == dict.fromkeys(wishes.TOPICS, True)
    assert {row.who for row in audit.AuditRow.select().where(audit.AuditRow.deed == "wish.changed")} == {
        f"customer:{anna.id}"
    }


def test_an_old_letter_does_not_undo_a_no_that_was_said_in_the_cabinet_since(anna: cast.Person) -> None:
    way = unsubscribing.find(unsubscribing.token(anna.id, kinds.NEWS))
    assert way is not None
    unsubscribing.act(way)
    wishes.wish(anna.id, wishes.NEWS, True, WEB)
    wishes.wish(anna.id, wishes.NEWS, False, WEB)
    assert not unsubscribing.can_take_back(way)
    with pytest.raises(Refusal, match="выбрали заново"):
        unsubscribing.take_back(way)
    assert not wishes.of(anna.id)[wishes.NEWS]


def test_nothing_comes_back_while_the_cabinet_closes(anna: cast.Person) -> None:
    way = of_receipts(anna)
    unsubscribing.act(way)
    Customer.update(closes_at=clock.now()).where(Customer.id == anna.id).execute()
    with pytest.raises(Refusal) as refused:
        unsubscribing.take_back(way)
    assert refused.value.problems[0].rule == "delivery.leaving"
