"""Forgetting what has expired, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from peewee import Database

from models import kept, limits, tokens
from models.entrance import agreeing
from models.office import destruction
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
    assert set(housekeeping.forget_expired().values()) == {0}


def test_what_expired_goes(stock: None, at: Callable[[str], datetime]) -> None:
    at("2027-03-01T10:00")
    forgotten = housekeeping.forget_expired()
    assert {what: count for what, count in forgotten.items() if count} == {
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


@pytest.mark.feature("S13")
def test_cabinets_that_are_due_are_closed_and_one_fault_stops_no_other(
    db: Database, at: Callable[[str], datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [cast.anna(history=False), cast.vera()]
    for person in people:
        agreeing.withdraw_own(person.id, "personal-data", "", password=cast.PASSWORD)
    assert housekeeping.close_cabinets() == 0
    at("2026-12-20T10:00")
    close = destruction.close

    def broken(customer_id: int) -> bool:
        if customer_id == people[0].id:
            raise RuntimeError("out of disk")
        return close(customer_id)

    monkeypatch.setattr(destruction, "close", broken)
    assert housekeeping.close_cabinets() == 1
    monkeypatch.setattr(destruction, "close", close)
    assert housekeeping.close_cabinets() == 1
    assert housekeeping.close_cabinets() == 0
