"""Passwords: hashes, and what is refused as a new one."""

from __future__ import annotations

import importlib.util

import pytest
from argon2 import extract_parameters
from hypothesis import given, settings
from hypothesis import strategies as st

from models.base import Refusal
from models.people import passwords


def rule(password: str, *own: str) -> str:
    with pytest.raises(Refusal) as caught:
        passwords.check_new(password, *own)
    return caught.value.problems[0].rule


@pytest.mark.parametrize(
    "password", ["трава-у-дома", "correct horse battery", "1Ab!тЪ7 ", "🙂🙃🙂😀абвг", "а" * 60 + "б" * 60 + "вг"]
)
def test_good(password: str) -> None:
    passwords.check_new(password, "anna@example.ru")


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("", "password.short"),
        ("1234567", "password.short"),
        ("абвгдеж", "password.short"),
        ("абв" * 43, "password.long"),
        ("12345678", "password.common"),
        ("PASSWORD", "password.common"),
        ("qwertyuiop", "password.common"),
        ("aaaaaaaaaa", "password.common"),
        ("абабабабаб", "password.common"),
    ],
)
def test_bad(password: str, expected: str) -> None:
    assert rule(password) == expected


@pytest.mark.parametrize(
    "password", ["anna@example.ru", "ANNA@example.ru", "anna@example.ru1", "241010000054", "+79135550123"]
)
def test_what_everybody_knows_of_the_customer(password: str) -> None:
    assert rule(password, "anna@example.ru", "241010000054", "+79135550123", "") == "password.own"


def test_a_part_of_a_long_phrase_may_be_ones_own() -> None:
    passwords.check_new("241010000054 и ещё много других слов", "241010000054")


def test_full_length_counts() -> None:
    long = "абв" * 42
    stored = passwords.hashed(long)
    assert passwords.verify(stored, long)
    assert not passwords.verify(stored, long[:-1])


def test_same_letters_from_another_keyboard() -> None:
    assert passwords.verify(passwords.hashed("ёлка-зелёная"), "е\u0308лка-зеле\u0308ная")
    assert passwords.verify(passwords.hashed("１２ab34cd"), "12ab34cd")


def test_each_hash_has_a_salt_of_its_own() -> None:
    assert passwords.hashed("трава-у-дома") != passwords.hashed("трава-у-дома")


@pytest.mark.parametrize("stored", ["", "x", "$2b$12$abcdefghijklmnopqrstuv"])
def test_what_is_no_hash_matches_nothing(stored: str) -> None:
    assert not passwords.verify(stored, "трава-у-дома")


def test_nothing_matches_the_decoy() -> None:
    assert passwords.decoy() is passwords.decoy()
    assert not passwords.verify(passwords.decoy(), "no such customer")


def test_cost_in_production() -> None:
    """Argon2id, 19 MiB, two passes: OWASP's least. The tests' own hasher is cheaper, so this looks at a fresh one."""
    spec = importlib.util.find_spec("models.people.passwords")
    fresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    cost = extract_parameters(fresh.hashed("x"))
    assert (cost.type.name, cost.memory_cost, cost.time_cost) == ("ID", 19_456, 2)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=8, max_size=40))
@settings(max_examples=50)
def test_whatever_is_taken_can_be_signed_in_with(password: str) -> None:
    try:
        passwords.check_new(password)
    except Refusal:
        return
    assert passwords.verify(passwords.hashed(password), password)
