"""What was typed into a form whose session had ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from peewee import Database

from models import audit, kept
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
    assert kept.keep("/appeals", {"text": ["а" * 49_996]})
    assert kept.keep("/appeals", {"text": ["а" * 49_997]}) is None
    assert KeptForm.select().count() == 1


def test_heap_of_fields_is_not_kept(db: Database) -> None:
    assert kept.keep("/appeals", {f"n{i}": ["1"] for i in range(200)})
    assert kept.keep("/appeals", {f"n{i}": ["1"] for i in range(201)}) is None
    assert kept.keep("/appeals", {"n" * 50_001: [""]}) is None


def test_thirty_an_hour_from_one_address(db: Database, at: Callable[[str], datetime]) -> None:
    with audit.acting("guest", "192.0.2.7"):
        assert all(kept.keep("/appeals", TYPED) for _ in range(30))
        assert kept.keep("/appeals", TYPED) is None
    with audit.acting("guest", "192.0.2.8"):
        assert kept.keep("/appeals", TYPED)
    assert KeptForm.select().count() == 31
    at("2026-11-20T11:00")
    with audit.acting("guest", "192.0.2.7"):
        assert kept.keep("/appeals", TYPED)


def test_forgotten_on_demand(secret: str) -> None:
    kept.forget(secret)
    assert kept.find(secret, "/appeals") is None


def test_forgotten_in_time(secret: str, at: Callable[[str], datetime]) -> None:
    at("2026-11-20T12:00")
    assert kept.purge() == 0
    at("2026-11-20T12:01")
    assert kept.purge() == 1
