"""Sign-in by e-mail or account number, and limits that cannot be turned against a victim."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from argon2 import PasswordHasher
from peewee import Database

from models import audit
from models.base import Refusal
from models.company import Company
from models.entrance import sign_in
from models.people import passwords
from models.people.customers import Customer
from tests import cast


@pytest.fixture
def anna(db: Database) -> cast.Person:
    return cast.anna(history=False)


def enter(login: str, password: str = cast.PASSWORD, device: str = "") -> sign_in.SignedIn:
    return sign_in.sign_in(login, password, device)


def refusal(login: str, password: str = "неверный", device: str = "") -> Refusal:
    with pytest.raises(Refusal) as caught:
        enter(login, password, device)
    return caught.value


def rule(login: str, password: str = "неверный", device: str = "") -> str:
    return refusal(login, password, device).problems[0].rule


@pytest.mark.feature("S7")
@pytest.mark.parametrize("login", ["anna@example.ru", " Anna@Example.RU "])
def test_by_address(anna: cast.Person, login: str) -> None:
    assert enter(login).customer == anna.customer


@pytest.mark.feature("S7")
def test_by_account_number(anna: cast.Person) -> None:
    assert enter(anna.account.number).customer == anna.customer
    assert enter("2410 1000-0054").customer == anna.customer


@pytest.mark.feature("S3")
@pytest.mark.feature("S7")
@pytest.mark.company("irkutsk")
def test_by_account_number_with_letters_of_any_case(company: Company, anna: cast.Person) -> None:
    assert enter("инзб38100054").customer == enter("ИнЗб 38100054").customer == anna.customer


def test_family_signs_in_by_number_each_with_their_own_password(anna: cast.Person) -> None:
    mother = cast.customer("maria@example.ru", "Мария", anna.account)
    Customer.update(password_hash=passwords.hashed("совсем другой")).where(Customer.id == mother.id).execute()
    assert enter(anna.account.number).customer == anna.customer
    assert enter(anna.account.number, "совсем другой").customer == mother


def test_family_signs_in_by_number_at_one_computer(anna: cast.Person) -> None:
    """The browser keeps the proof of whoever signed in last; it must not shut the others out."""
    maria = cast.customer("maria@example.ru", "Мария", anna.account)
    Customer.update(password_hash=passwords.hashed("drugoy-parol-marii")).where(Customer.id == maria.id).execute()
    device = enter(anna.account.number).device
    assert enter(anna.account.number, "drugoy-parol-marii", device).customer == maria


def test_number_of_an_account_that_is_not_ones_primary(anna: cast.Person) -> None:
    boris = cast.boris(anna)
    Customer.update(password_hash=passwords.hashed("совсем другой")).where(Customer.id == boris.id).execute()
    assert rule(anna.account.number, "совсем другой") == "sign_in.wrong"


def test_wrong_log_in_and_wrong_password_are_told_the_same(anna: cast.Person) -> None:
    told = refusal("anna@example.ru").problems
    assert told == refusal("nobody@example.ru").problems == refusal(cast.number(99999)).problems == refusal("").problems
    assert told[0].field is None


@pytest.mark.parametrize(
    "password", ["", "SVET-I-TEPLO", "svet-i-tepl", "svet-i-teplo ", "svet-i-teplo\x00", "x" * 10_000]
)
def test_wrong_password(anna: cast.Person, password: str) -> None:
    assert rule("anna@example.ru", password) == "sign_in.wrong"


@pytest.mark.parametrize("login", ["\x00", "anna\x00@example.ru", "' OR 1=1 --", "@" * 10_000, "\u202eanna@example.ru"])
def test_log_in_that_is_none(anna: cast.Person, login: str) -> None:
    assert rule(login, cast.PASSWORD) == "sign_in.wrong"


@pytest.mark.parametrize(
    ("login", "hashes"), [("anna@example.ru", 1), ("nobody@example.ru", 1), ("241010000054", 3), ("241010099999", 3)]
)
def test_as_many_hashes_whether_the_customer_exists_or_not(
    anna: cast.Person, monkeypatch: pytest.MonkeyPatch, login: str, hashes: int
) -> None:
    verified = []
    verify = passwords.verify
    monkeypatch.setattr(passwords, "verify", lambda stored, given: verified.append(stored) or verify(stored, given))
    refusal(login)
    assert len(verified) == hashes


def test_hash_of_older_cost_is_renewed(anna: cast.Person) -> None:
    old = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1).hash(cast.PASSWORD)
    Customer.update(password_hash=old).execute()
    enter("anna@example.ru")
    stored = Customer.get().password_hash
    assert stored != old and not passwords.is_stale(stored) and passwords.verify(stored, cast.PASSWORD)


# ---- limits


def test_guesses_at_one_log_in_are_slowed(anna: cast.Person) -> None:
    for _ in range(10):
        assert rule("anna@example.ru") == "sign_in.wrong"
    assert rule("anna@example.ru", cast.PASSWORD) == "limit.sign_in.login"


def test_limit_ends_with_its_quarter_of_an_hour(anna: cast.Person, at: Callable[[str], datetime]) -> None:
    for _ in range(11):
        refusal("anna@example.ru")
    at("2026-11-20T10:15")
    assert enter("anna@example.ru")


def test_spelling_the_log_in_otherwise_gives_no_more_guesses(anna: cast.Person) -> None:
    for i in range(10):
        refusal(("anna@example.ru", "ANNA@example.ru", " anna@EXAMPLE.ru ")[i % 3])
    assert rule("Anna@Example.ru") == "limit.sign_in.login"


def test_known_device_is_not_locked_out(anna: cast.Person) -> None:
    device = enter("anna@example.ru").device
    with audit.acting("guest", "198.51.100.9"):
        for _ in range(20):
            refusal("anna@example.ru")
    assert enter("anna@example.ru", device=device).customer == anna.customer


def test_known_device_is_limited_too(anna: cast.Person) -> None:
    device = enter("anna@example.ru").device
    for _ in range(10):
        assert rule("anna@example.ru", device=device) == "sign_in.wrong"
    assert rule("anna@example.ru", cast.PASSWORD, device) == "limit.sign_in.login"


@pytest.mark.parametrize("device", ["1.abc", "1.abc.", ".", "1.abc." + "0" * 32, "\x00", "x" * 5000])
def test_forged_device_is_an_unknown_one(anna: cast.Person, device: str) -> None:
    for _ in range(10):
        refusal("anna@example.ru", device=device)
    assert rule("anna@example.ru") == "limit.sign_in.login"


def test_device_of_one_customer_gives_no_guesses_at_another(anna: cast.Person) -> None:
    cast.vera()
    device = enter("vera@example.ru").device
    for _ in range(10):
        refusal("anna@example.ru")
    assert rule("anna@example.ru", device=device) == "limit.sign_in.login"


def test_guesses_from_one_address_are_slowed(anna: cast.Person) -> None:
    with audit.acting("guest", "192.0.2.7"):
        for n in range(200):
            assert rule(f"n{n}@example.ru") == "sign_in.wrong"
        assert rule("anna@example.ru", cast.PASSWORD) == "limit.sign_in.address"
    assert enter("anna@example.ru")
