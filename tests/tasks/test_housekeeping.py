"""Forgetting what has expired, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from peewee import Database

from models import kept, limits, tokens
from models.people import sessions, staff_sessions
from models.people.sessions import Session
from tasks import housekeeping
from tests import cast


@pytest.fixture
def stock(db: Database) -> None:
    """One of each that expires."""
    tokens.issue("test", "customer:1", timedelta(hours=1))
    limits.hit("test", "anna", 60)
    kept.keep("/appeals", {"text": ["…"]})  # and how many this address has kept
    Session.open(cast.anna(history=False).customer, "phone")
    staff_sessions.begin(cast.employee("clerk"), "desk")


def test_what_lives_stays(stock: None) -> None:
    assert housekeeping.forget_expired() == dict.fromkeys(
        ("tokens", "limits", "kept forms", "sessions", "staff's sessions"), 0
    )


def test_what_expired_goes(stock: None, at: Callable[[str], datetime]) -> None:
    at("2027-03-01T10:00")
    assert housekeeping.forget_expired() == {
        "tokens": 1,
        "limits": 2,
        "kept forms": 1,
        "sessions": 1,
        "staff's sessions": 1,
    }


def test_twice_does_no_harm(stock: None, at: Callable[[str], datetime]) -> None:
    secret = Session.open(cast.vera().customer, "phone")
    at("2026-11-23T10:00")
    housekeeping.forget_expired()
    assert set(housekeeping.forget_expired().values()) == {0}
    assert sessions.find(secret)
