"""What customers change about their log-in: the present password is asked for, and a notice is sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from peewee import Database

from models import tokens
from models.audit import AuditRow
from models.base import Refusal
from models.billing.payments import Payment
from models.entrance import profile
from models.outbox import Message
from models.people import passwords, sessions
from models.people.customers import Customer, normal_email, normal_phone
from models.people.sessions import Session
from models.tokens import Token
from tests import cast

GOOD = "трава-у-дома"


@pytest.fixture
def anna(db: Database) -> cast.Person:
    return cast.anna(history=False)


def now(who: cast.Person) -> Customer:
    return Customer.get_by_id(who.id)


def letters() -> list[tuple[str, str]]:
    return [(message.letter, message.to) for message in Message.select().order_by(Message.id)]


def token(who: cast.Person, email: str) -> Token:
    profile.ask_for_email(who.id, cast.PASSWORD, email)
    found = tokens.find(profile.PURPOSE, Message.newest(1).get().secrets["token"])
    assert found is not None
    return found


# ---- password


def test_new_password_is_in_force_and_told(anna: cast.Person) -> None:
    profile.change_password(anna.id, cast.PASSWORD, GOOD, GOOD, 0)
    assert passwords.verify(now(anna).password_hash, GOOD)
    assert letters() == [("password_changed", "anna@example.ru")]
    assert AuditRow.select().where(AuditRow.deed == "customer.password_changed").count() == 1


def test_other_devices_are_signed_out(anna: cast.Person) -> None:
    this, other = Session.open(anna.customer, "phone"), Session.open(anna.customer, "laptop")
    profile.change_password(anna.id, cast.PASSWORD, GOOD, GOOD, sessions.find(this).id)
    assert sessions.find(this)
    assert sessions.find(other) is None


@pytest.mark.parametrize(
    ("present", "new", "again", "field"),
    [
        ("неверный", GOOD, GOOD, "password"),
        ("", GOOD, GOOD, "password"),
        (cast.PASSWORD, "корова", "корова", "new_password"),
        (cast.PASSWORD, "anna@example.ru", "anna@example.ru", "new_password"),
        (cast.PASSWORD, GOOD, GOOD + "!", "new_password_again"),
    ],
)
def test_password_stays(anna: cast.Person, present: str, new: str, again: str, field: str) -> None:
    with pytest.raises(Refusal) as caught:
        profile.change_password(anna.id, present, new, again, 0)
    assert caught.value.problems[0].field == field
    assert passwords.verify(now(anna).password_hash, cast.PASSWORD)
    assert letters() == []


def test_guessing_the_present_password_is_limited(anna: cast.Person) -> None:
    for _ in range(10):
        with pytest.raises(Refusal):
            profile.change_phone(anna.id, "неверный", "+79135550199")
    with pytest.raises(Refusal) as caught:
        profile.change_phone(anna.id, cast.PASSWORD, "+79135550199")
    assert caught.value.problems[0].rule == "limit.present_password"


# ---- e-mail


@pytest.mark.feature("S12")
def test_address_changes_only_after_the_link(anna: cast.Person) -> None:
    change = token(anna, " New@Example.RU ")
    assert now(anna).email == "anna@example.ru"
    assert letters() == [("confirm_email", "new@example.ru")]
    profile.confirm_email(change)
    assert now(anna).email == "new@example.ru"


@pytest.mark.feature("S12")
def test_old_address_is_told(anna: cast.Person) -> None:
    profile.confirm_email(token(anna, "new@example.ru"))
    assert letters()[-1] == ("email_changed", "anna@example.ru")
    assert Message.newest(1).get().data == {"email": "new@example.ru"}


def test_a_cheque_that_is_to_come_goes_to_the_new_address(anna: cast.Person) -> None:
    facts = {"account": anna.account, "parts": {"electricity": 100}, "amount": 100, "channel": "web", "state": "new"}
    own = Payment.create(number="2611-000001", customer=anna.id, email="anna@example.ru", **facts)
    other = Payment.create(
        number="2611-000002", customer=anna.id, email="accountant@example.ru", **{**facts, "state": "paid"}
    )
    profile.confirm_email(token(anna, "new@example.ru"))
    assert Payment.get_by_id(own.id).email == "new@example.ru"
    assert Payment.get_by_id(other.id).email == "accountant@example.ru"


def test_link_to_the_new_address_works_once(anna: cast.Person) -> None:
    change = token(anna, "new@example.ru")
    profile.confirm_email(change)
    with pytest.raises(Refusal):
        profile.confirm_email(change)
    assert len(letters()) == 2


def test_later_request_voids_the_earlier(anna: cast.Person) -> None:
    earlier = token(anna, "first@example.ru")
    later = token(anna, "second@example.ru")
    with pytest.raises(Refusal):
        profile.confirm_email(earlier)
    profile.confirm_email(later)
    assert now(anna).email == "second@example.ru"


def test_link_lives_a_day(anna: cast.Person, at: Callable[[str], datetime]) -> None:
    token(anna, "new@example.ru")
    secret = Message.newest(1).get().secrets["token"]
    at("2026-11-21T10:00")
    assert tokens.find(profile.PURPOSE, secret) is None


def test_address_of_another_customer_is_not_told(anna: cast.Person) -> None:
    """The answer is the same as for a free address; the owner gets a letter."""
    cast.vera()
    profile.ask_for_email(anna.id, cast.PASSWORD, "vera@example.ru")
    assert letters() == [("known", "vera@example.ru")]
    assert not Token.select().where(Token.purpose == profile.PURPOSE).exists()


def test_address_taken_meanwhile(anna: cast.Person) -> None:
    change = token(anna, "vera@example.ru")
    cast.vera()
    with pytest.raises(Refusal) as caught:
        profile.confirm_email(change)
    assert caught.value.problems[0].rule == "email.taken"
    assert now(anna).email == "anna@example.ru"


@pytest.mark.parametrize(
    ("present", "email", "field"),
    [
        ("неверный", "new@example.ru", "password"),
        (cast.PASSWORD, "new@", "new_email"),
        (cast.PASSWORD, "Anna@example.ru", "new_email"),
    ],
)
def test_address_stays(anna: cast.Person, present: str, email: str, field: str) -> None:
    with pytest.raises(Refusal) as caught:
        profile.ask_for_email(anna.id, present, email)
    assert caught.value.problems[0].field == field
    assert letters() == []


def test_letters_to_new_addresses_are_limited(anna: cast.Person) -> None:
    for n in range(5):
        profile.ask_for_email(anna.id, cast.PASSWORD, f"n{n}@example.ru")
    with pytest.raises(Refusal) as caught:
        profile.ask_for_email(anna.id, cast.PASSWORD, "n5@example.ru")
    assert caught.value.problems[0].rule == "limit.email.change"


# ---- phone and name


@pytest.mark.feature("S12")
def test_phone(anna: cast.Person) -> None:
    profile.change_phone(anna.id, cast.PASSWORD, "8 913 555-01-99")
    assert now(anna).phone == "+79135550199"
    assert letters() == [("phone_changed", "anna@example.ru")]


@pytest.mark.parametrize(
    ("present", "phone", "field"), [("неверный", "+79135550199", "password"), (cast.PASSWORD, "12", "phone")]
)
def test_phone_stays(anna: cast.Person, present: str, phone: str, field: str) -> None:
    with pytest.raises(Refusal) as caught:
        profile.change_phone(anna.id, present, phone)
    assert caught.value.problems[0].field == field
    assert now(anna).phone == "+79135550123"


@pytest.mark.parametrize(
    ("typed", "name"), [(" Анна   Сергеевна ", "Анна Сергеевна"), ("", ""), ("<b>&'\"", "<b>&'\"")]
)
def test_name(anna: cast.Person, typed: str, name: str) -> None:
    profile.rename(anna.id, typed)
    assert now(anna).name == name


@pytest.mark.parametrize("typed", ["а" * 101, "Анна\x00", "Анна\u202eавон", "\u200b", "\x1b[31m"])
def test_name_that_is_none(anna: cast.Person, typed: str) -> None:
    with pytest.raises(Refusal):
        profile.rename(anna.id, typed)


# ---- how addresses and phones are written


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("+7 913 555-01-23", "+79135550123"),
        ("8(913)5550123", "+79135550123"),
        ("9135550123", "+79135550123"),
        ("7 913 555 01 23", "+79135550123"),
        ("8 (391) 299-00-24", "+73912990024"),
    ],
)
def test_russian_phone_is_written_one_way(typed: str, stored: str) -> None:
    assert normal_phone(typed) == stored


@pytest.mark.parametrize(
    "typed", ["", "1", "913 555", "+375 29 123-45-67", "+7 701 123 45 67", "телефон", "\x00", "9" * 300]
)
def test_other_phones_are_refused(typed: str) -> None:
    with pytest.raises(Refusal):
        normal_phone(typed)


@pytest.mark.parametrize(
    "typed",
    ["", "@", "anna", "anna@", "@example.ru", "a b@example.ru", "a@b@c.ru", "anna@example.ru\n,x@y.ru", "a@localhost",
     "a" * 300 + "@example.ru"],
)  # fmt: skip
def test_what_is_no_address(typed: str) -> None:
    with pytest.raises(Refusal):
        normal_email(typed)


def test_address_with_cyrillic_letters() -> None:
    assert normal_email("Анна@Пример.рф") == "анна@пример.рф"
