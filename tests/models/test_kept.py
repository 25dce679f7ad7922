"""What was typed into a form whose session had ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from peewee import Database

from models import kept
from models.kept import KeptForm

TYPED = {"topic": ["Счёт"], "text": ["Длинное обращение…\r\n«кавычки» и <теги>"], "files": ["а", "б"]}


@pytest.fixture
def secret(db: Database) -> str:
    found = kept.keep("/appeals", TYPED)
    assert found is not None
    return found


def test_comes_back_as_typed(secret: str) -> None:
    assert kept.find(secret, "/appeals") == TYPED


def test_only_to_its_own_page_and_secret(secret: str) -> None:
    assert kept.find(secret, "/settings") is None
    assert kept.find("x", "/appeals") is None
    assert secret not in str(KeptForm.get().__data__)


def test_kept_two_hours(secret: str, at: Callable[[str], datetime]) -> None:
    at("2026-11-20T11:59")
    assert kept.find(secret, "/appeals")
    at("2026-11-20T12:00")
    assert kept.find(secret, "/appeals") is None


def test_whole_appeal_fits_more_does_not(db: Database) -> None:
    assert kept.keep("/appeals", {"text": ["а" * 200_000]})
    assert kept.keep("/appeals", {"text": ["а" * 200_000], "topic": ["б"]}) is None
    assert KeptForm.select().count() == 1


def test_forgotten_on_demand(secret: str) -> None:
    kept.forget(secret)
    assert kept.find(secret, "/appeals") is None


def test_forgotten_in_time(secret: str, at: Callable[[str], datetime]) -> None:
    at("2026-11-20T12:00")
    assert kept.purge() == 0
    at("2026-11-20T12:01")
    assert kept.purge() == 1
