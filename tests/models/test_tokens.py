"""Single-use links and codes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from peewee import Database

from models import tokens
from models.base import Refusal
from models.tokens import Issued, Token
from tests.crowd import at_once

HOUR = timedelta(hours=1)


@pytest.fixture
def issued(db: Database) -> Issued:
    return tokens.issue("test", "customer:1", HOUR, email="anna@example.ru")


def found(issued: Issued) -> Token:
    token = tokens.find("test", issued.secret)
    assert token is not None
    return token


def by_code(issued: Issued, code: str | None = None) -> Token | None:
    return tokens.find_by_code("test", issued.handle, issued.code if code is None else code)


def wrong(issued: Issued) -> str:
    return f"{(int(issued.code) + 1) % 10**6:06d}"


def test_link_opens_what_was_asked_for(issued: Issued) -> None:
    assert (found(issued).subject, found(issued).data) == ("customer:1", {"email": "anna@example.ru"})


def test_secrets_are_long_and_lie_nowhere(issued: Issued) -> None:
    row = Token.get()
    assert len(issued.secret) >= 43 and len(issued.code) == 6
    assert issued.secret not in str(row.__data__) and issued.code not in row.code_seal


@pytest.mark.parametrize("secret", ["", "x", "\x00", "x" * 10_000])
def test_wrong_link(issued: Issued, secret: str) -> None:
    assert tokens.find("test", secret) is None


def test_link_of_another_purpose(issued: Issued) -> None:
    assert tokens.find("other", issued.secret) is None
    assert tokens.find_by_code("other", issued.handle, issued.code) is None


def test_link_expires(issued: Issued, at: Callable[[str], datetime]) -> None:
    at("2026-11-20T10:59")
    assert tokens.find("test", issued.secret)
    at("2026-11-20T11:00")
    assert tokens.find("test", issued.secret) is None


def test_used_once(issued: Issued) -> None:
    token = found(issued)
    tokens.use(token)
    with pytest.raises(Refusal):
        tokens.use(token)
    assert tokens.find("test", issued.secret) is None
    assert by_code(issued) is None


def test_used_once_by_many_at_once(issued: Issued) -> None:
    token = found(issued)
    done = at_once(20, lambda i: tokens.use(token))
    assert done.count(None) == 1
    assert sum(isinstance(one, Refusal) for one in done) == 19


def test_right_code_finds_the_same(issued: Issued) -> None:
    assert by_code(issued) == found(issued)


@pytest.mark.parametrize("code", ["", "x", "０００００１", "\x00", "1" * 10_000])
def test_code_that_is_none(issued: Issued, code: str) -> None:
    assert by_code(issued, code) is None


def test_code_belongs_to_its_request(issued: Issued) -> None:
    other = tokens.issue("test", "customer:2", HOUR)
    while other.code == issued.code:  # once in a million
        other = tokens.issue("test", "customer:2", HOUR)
    assert by_code(other, issued.code) is None
    assert by_code(other) is not None


def test_fifth_try_is_the_last(issued: Issued) -> None:
    for _ in range(4):
        assert by_code(issued, wrong(issued)) is None
    assert by_code(issued)
    assert by_code(issued) is None


def test_link_outlives_the_codes_tries(issued: Issued) -> None:
    for _ in range(6):
        by_code(issued, wrong(issued))
    assert found(issued)


def test_guesses_made_at_once_count_each(issued: Issued) -> None:
    at_once(20, lambda i: by_code(issued, wrong(issued)))
    assert Token.get().tries == 5
    assert by_code(issued) is None


def test_decoy_opens_nothing_and_counts_tries_like_any_other(db: Database) -> None:
    decoy = tokens.pretend("nobody")
    for code in [wrong(decoy)] * 3 + [decoy.code] * 3:
        assert by_code(decoy, code) is None
    assert (Token.get().purpose, Token.get().tries) == ("decoy", 5)
    assert tokens.find("test", decoy.secret) is None


def test_code_lives_ten_minutes(issued: Issued, at: Callable[[str], datetime]) -> None:
    at("2026-11-20T10:09")
    assert by_code(issued)
    at("2026-11-20T10:10")
    assert by_code(issued) is None


def test_code_leads_on_to_a_new_link(issued: Issued) -> None:
    secret = tokens.renew(found(issued))
    assert tokens.find("test", secret)
    assert tokens.find("test", issued.secret) is None


def test_voided_opens_nothing_others_stay(issued: Issued) -> None:
    other = tokens.issue("test", "customer:2", HOUR)
    tokens.void("test", "customer:1")
    assert tokens.find("test", issued.secret) is None
    assert tokens.find("test", other.secret)


def test_forgotten_a_day_after_it_expired(issued: Issued, at: Callable[[str], datetime]) -> None:
    at("2026-11-21T11:00")
    assert tokens.purge() == 0
    at("2026-11-21T11:01")
    assert tokens.purge() == 1
