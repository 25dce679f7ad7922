"""A forgotten password: a link and a code to the confirmed address, the same answer for everybody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from peewee import Database

from models import audit, tokens
from models.base import Refusal
from models.entrance import profile, recovery
from models.outbox import Message
from models.people import passwords, sessions
from models.people.customers import Customer
from models.people.sessions import Session
from models.tokens import Token
from tests import cast
from tests.crowd import at_once

GOOD = "трава-у-дома"


@pytest.fixture
def anna(db: Database) -> cast.Person:
    return cast.anna(history=False)


def token(login: str = "anna@example.ru") -> Token:
    """What the link of the letter opens."""
    recovery.request(login)
    found = tokens.find(recovery.PURPOSE, Message.newest(1).get().secrets["token"])
    assert found is not None
    return found


def rule(login: str) -> str:
    with pytest.raises(Refusal) as caught:
        recovery.request(login)
    return caught.value.problems[0].rule


@pytest.mark.feature("S8")
@pytest.mark.parametrize("login", ["anna@example.ru", " Anna@Example.RU ", "2410 1000-0054"])
def test_letter_goes_to_the_confirmed_address(anna: cast.Person, login: str) -> None:
    recovery.request(login)
    message = Message.newest(1).get()
    assert (message.letter, message.to, set(message.secrets)) == ("recover", "anna@example.ru", {"token", "code"})


@pytest.mark.feature("S8")
def test_code_of_the_letter_opens_the_same(anna: cast.Person) -> None:
    handles = recovery.request(anna.account.number)
    code = Message.newest(1).get().secrets["code"]
    found = [token for handle in handles if (token := tokens.find_by_code(recovery.PURPOSE, handle, code))]
    assert [token.subject for token in found] == [anna.customer.subject]


def test_each_of_a_family_gets_a_letter(anna: cast.Person) -> None:
    cast.customer("maria@example.ru", "Мария", anna.account)
    recovery.request(anna.account.number)
    assert {message.to for message in Message.select()} == {"anna@example.ru", "maria@example.ru"}


def test_account_that_is_not_the_primary_one_brings_no_letter(anna: cast.Person) -> None:
    boris = cast.boris(anna)
    recovery.request(boris.account.number)
    assert [row.to for row in Message.select().where(Message.letter == "recover")] == ["boris@example.ru"]


@pytest.mark.parametrize("login", ["nobody@example.ru", "241010099999", "x", "' OR 1=1 --", "nobody\x00@example.ru"])
def test_nobody_gets_no_letter_and_the_same_answer(anna: cast.Person, login: str) -> None:
    known, unknown = recovery.request("anna@example.ru"), recovery.request(login)
    assert [len(handle) for handle in known] == [len(handle) for handle in unknown]
    assert Message.select().count() == 1


def test_answer_does_not_count_a_family(anna: cast.Person) -> None:
    """The handles lie in the browser's cookie: their number must not tell that an account is in use."""
    cast.customer("maria@example.ru", "Мария", anna.account)
    assert len(recovery.request(anna.account.number)) == len(recovery.request("241010099999"))


def test_nothing_typed(anna: cast.Person) -> None:
    assert rule(" ") == "login.empty"


def test_letters_are_limited_whether_the_customer_exists_or_not(anna: cast.Person) -> None:
    for login in ("anna@example.ru", "nobody@example.ru"):
        for _ in range(5):
            recovery.request(login)
        assert rule(login.upper()) == "limit.recover.login"


def test_requests_from_one_address_are_limited(anna: cast.Person) -> None:
    with audit.acting("guest", "192.0.2.7"):
        for n in range(60):
            recovery.request(f"n{n}@example.ru")
        assert rule("anna@example.ru") == "limit.recover.address"
    assert recovery.request("anna@example.ru")


@pytest.mark.feature("S8")
def test_new_password_is_in_force(anna: cast.Person) -> None:
    recovery.set_password(token(), GOOD, GOOD)
    stored = Customer.get().password_hash
    assert passwords.verify(stored, GOOD) and not passwords.verify(stored, cast.PASSWORD)


def test_every_device_is_signed_out(anna: cast.Person) -> None:
    vera = cast.vera()
    mine = [Session.open(anna.customer, "phone"), Session.open(anna.customer, "laptop")]
    hers = Session.open(vera.customer, "phone")
    recovery.set_password(token(), GOOD, GOOD)
    assert [sessions.find(secret) for secret in mine] == [None, None]
    assert sessions.find(hers)


def test_customer_is_told(anna: cast.Person) -> None:
    recovery.set_password(token(), GOOD, GOOD)
    message = Message.newest(1).get()
    assert (message.letter, message.to) == ("password_changed", "anna@example.ru")


def test_link_works_once(anna: cast.Person) -> None:
    once = token()
    recovery.set_password(once, GOOD, GOOD)
    with pytest.raises(Refusal):
        recovery.set_password(once, "ещё-один-пароль", "ещё-один-пароль")
    assert passwords.verify(Customer.get().password_hash, GOOD)


def test_link_works_once_when_used_many_times_at_once(anna: cast.Person) -> None:
    once = token()
    done = at_once(10, lambda i: recovery.set_password(once, f"{GOOD}-{i}", f"{GOOD}-{i}"))
    winners = [i for i, one in enumerate(done) if isinstance(one, Customer)]
    assert len(winners) == 1
    assert passwords.verify(Customer.get().password_hash, f"{GOOD}-{winners[0]}")


def test_earlier_letters_open_nothing_any_more(anna: cast.Person) -> None:
    earlier = token()
    recovery.set_password(token(), GOOD, GOOD)
    with pytest.raises(Refusal):
        recovery.set_password(earlier, "ещё-один-пароль", "ещё-один-пароль")


def test_letter_opens_nothing_once_the_password_was_changed_inside(anna: cast.Person) -> None:
    """Whoever reads old letters must not undo what the customer has done since."""
    token()
    secret = Message.newest(1).get().secrets["token"]
    profile.change_password(anna.id, cast.PASSWORD, GOOD, GOOD, 0)
    assert tokens.find(recovery.PURPOSE, secret) is None


def test_letter_to_the_old_address_opens_nothing_once_the_address_has_changed(anna: cast.Person) -> None:
    token()
    secret = Message.newest(1).get().secrets["token"]
    profile.ask_for_email(anna.id, cast.PASSWORD, "new@example.ru")
    change = tokens.find(profile.PURPOSE, Message.newest(1).get().secrets["token"])
    assert change is not None
    profile.confirm_email(change)
    assert tokens.find(recovery.PURPOSE, secret) is None


@pytest.mark.parametrize(
    ("password", "again", "field"),
    [
        ("корова", "корова", "password"),
        (GOOD, GOOD + "!", "password_again"),
        ("anna@example.ru", "anna@example.ru", "password"),
    ],
)
def test_refused_password_does_not_spend_the_link(anna: cast.Person, password: str, again: str, field: str) -> None:
    once = token()
    with pytest.raises(Refusal) as caught:
        recovery.set_password(once, password, again)
    assert caught.value.problems[0].field == field
    assert recovery.set_password(once, GOOD, GOOD) == anna.customer


def test_link_lives_an_hour_the_code_ten_minutes(anna: cast.Person, at: Callable[[str], datetime]) -> None:
    handles = recovery.request("anna@example.ru")
    secrets = Message.newest(1).get().secrets
    at("2026-11-20T10:10")
    assert not any(tokens.find_by_code(recovery.PURPOSE, handle, secrets["code"]) for handle in handles)
    at("2026-11-20T10:59")
    assert tokens.find(recovery.PURPOSE, secrets["token"])
    at("2026-11-20T11:00")
    assert tokens.find(recovery.PURPOSE, secrets["token"]) is None
