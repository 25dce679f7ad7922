"""Keyed hashes under the portal's secret."""

from __future__ import annotations

import pytest

from models import seal


@pytest.fixture(autouse=True)
def own_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seal, "_keys", (b"first",))


def test_matches_whole_or_in_part() -> None:
    mark = seal.digest("a", "text")
    assert len(mark) == 64
    assert seal.matches("a", "text", mark) and seal.matches("a", "text", mark[:16].upper())


@pytest.mark.parametrize("given", ["", "0", "é" * 16, "\ud800" * 16, "\x00" * 16])
def test_too_little_or_no_digest(given: str) -> None:
    assert not seal.matches("a", "text", given)


def test_fifteen_digits_are_too_few() -> None:
    assert not seal.matches("a", "text", seal.digest("a", "text")[:15])


def test_more_than_the_digest() -> None:
    assert not seal.matches("a", "text", seal.digest("a", "text") + "0")


def test_each_purpose_has_a_key_of_its_own() -> None:
    assert not seal.matches("b", "text", seal.digest("a", "text"))
    assert seal.digest("a", "btext") != seal.digest("ab", "text")


def test_secret_may_be_changed() -> None:
    mark = seal.digest("a", "text")
    seal.use("second", "first")
    assert seal.matches("a", "text", mark)
    assert seal.digest("a", "text") != mark
    seal.use("second")
    assert not seal.matches("a", "text", mark)


def test_tokens_are_long_and_never_the_same() -> None:
    tokens = {seal.token() for _ in range(100)}
    assert len(tokens) == 100 and all(len(token) >= 43 for token in tokens)
