"""An address that takes no mail, proved alive: by a letter asked for, or by any link that lay in a letter."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from peewee import Database

from models import company, tokens
from models.base import Refusal
from models.entrance import mail_check, profile, recovery, sign_up
from models.outbox import Message, addresses
from models.outbox.addresses import Suspension
from models.people import sessions
from models.people.customers import Customer
from models.people.sessions import Session
from tests import cast

ANNA = "anna@example.ru"


@pytest.fixture
def anna(db: Database) -> cast.Person:
    person = cast.anna(history=False)
    addresses.suspend(ANNA, "550 5.1.1 user unknown")
    return person


def token(letter: str) -> tokens.Token:
    message = Message.select().where(Message.letter == letter).order_by(Message.id.desc()).get()
    found = tokens.find(
        {"activate": "activate", "recover": "recover", "confirm_email": "email"}.get(letter, letter),
        message.secrets["token"],
    )
    assert found is not None
    return found


def test_letter_asked_for_goes_to_the_silent_address_and_its_link_restores_it(anna: cast.Person) -> None:
    mail_check.ask(anna.id)
    message = Message.get(Message.letter == "email_check")
    assert (message.to, message.subject) == (ANNA, anna.customer.subject)
    assert mail_check.confirm(token("email_check"))
    assert not addresses.suspended([ANNA])
    assert Suspension.get().lifted_by == anna.customer.subject


def test_link_works_once(anna: cast.Person) -> None:
    mail_check.ask(anna.id)
    found = token("email_check")
    mail_check.confirm(found)
    addresses.suspend(ANNA, "again")
    with pytest.raises(Refusal):
        mail_check.confirm(found)
    assert addresses.suspended([ANNA])


def test_second_letter_makes_the_first_links_worthless(anna: cast.Person) -> None:
    mail_check.ask(anna.id)
    first = token("email_check")
    mail_check.ask(anna.id)
    with pytest.raises(Refusal):
        mail_check.confirm(first)


def test_no_letter_where_letters_arrive(anna: cast.Person) -> None:
    addresses.restore(ANNA, "staff:3")
    with pytest.raises(Refusal) as caught:
        mail_check.ask(anna.id)
    assert caught.value.problems[0].rule == "mail.alive"
    assert not Message.select().exists()


def test_three_letters_an_hour(anna: cast.Person, at: Callable[[str], datetime]) -> None:
    for _ in range(3):
        mail_check.ask(anna.id)
    with pytest.raises(Refusal):
        mail_check.ask(anna.id)
    at("2026-11-20T11:00")
    mail_check.ask(anna.id)


def test_link_of_an_address_left_meanwhile_restores_nothing(anna: cast.Person) -> None:
    mail_check.ask(anna.id)
    Customer.update(email="novaya@example.ru").where(Customer.id == anna.id).execute()
    with pytest.raises(Refusal) as caught:
        mail_check.confirm(token("email_check"))
    assert caught.value.problems[0].rule == "mail.other"
    assert addresses.suspended([ANNA])


def test_new_password_by_a_letters_link_restores_the_address(anna: cast.Person) -> None:
    recovery.send(anna.customer)
    recovery.set_password(token("recover"), "sovsem drugie slova", "sovsem drugie slova")
    assert not addresses.suspended([ANNA])


def test_new_address_that_was_silent_before_is_restored_by_its_link(anna: cast.Person) -> None:
    addresses.suspend("novaya@example.ru", "550")
    profile.ask_for_email(anna.id, cast.PASSWORD, "novaya@example.ru")
    profile.confirm_email(token("confirm_email"))
    assert addresses.suspended([ANNA, "novaya@example.ru"]) == {ANNA}


def test_activation_restores_the_address(db: Database) -> None:
    addresses.suspend("gleb@example.ru", "550")
    assert company.current().sign_up.by != "account"
    sign_up.apply(
        sign_up.Application("gleb@example.ru", "tri slova podryad", "tri slova podryad", "+79135550199", "", "", True)
    )
    sign_up.activate(token("activate"))
    assert not addresses.suspended(["gleb@example.ru"])


def test_session_knows_that_letters_come_back(anna: cast.Person) -> None:
    secret = Session.open(anna.customer, "")
    assert sessions.find(secret).silent_since == Suspension.get().since
    addresses.restore(ANNA, "staff:3")
    assert sessions.find(secret).silent_since is None
    addresses.suspend(ANNA, "again")
    assert sessions.find(secret).silent_since is not None
