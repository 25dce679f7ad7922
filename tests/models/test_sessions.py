"""Server-side sessions: found by their secret, ended from anywhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from peewee import Database

from models import audit
from models.audit import AuditRow
from models.base import Refusal
from models.people import sessions
from models.people.customers import Customer
from models.people.sessions import Session
from tests import cast


@pytest.fixture
def anna(db: Database) -> cast.Person:
    return cast.anna(history=False)


@pytest.fixture
def secret(anna: cast.Person) -> str:
    with audit.acting("guest", "192.0.2.7"):
        return Session.open(anna.customer, "Firefox на Linux")


def test_found_with_what_a_page_needs(anna: cast.Person, secret: str) -> None:
    found = sessions.find(secret)
    assert (found.customer_id, found.email, found.name) == (anna.id, "anna@example.ru", "Анна Сергеевна")


def test_secret_lies_nowhere(secret: str) -> None:
    assert secret not in str(Session.get().__data__)
    assert len(secret) >= 43


def test_each_sign_in_has_a_secret_of_its_own(anna: cast.Person, secret: str) -> None:
    assert Session.open(anna.customer, "") != secret


def test_none_for_a_password_that_was_changed_while_it_was_verified(anna: cast.Person) -> None:
    Customer.update(password_hash="changed").where(Customer.id == anna.id).execute()
    with pytest.raises(Refusal) as caught:
        Session.open(anna.customer, "")
    assert caught.value.problems[0].rule == "session.stale_password"
    assert not Session.select().exists()


@pytest.mark.parametrize("wrong", ["", "x", "\x00", "x" * 10_000])
def test_wrong_secret(secret: str, wrong: str) -> None:
    assert sessions.find(wrong) is None
    assert sessions.find(Session.get().fingerprint) is None


def test_falls_asleep_after_fourteen_days_unseen(secret: str, at: Callable[[str], datetime]) -> None:
    at("2026-12-04T09:59")
    assert sessions.find(secret)
    at("2026-12-18T09:59")
    assert sessions.find(secret) is None


def test_ends_ninety_days_after_the_sign_in_however_busy(secret: str, at: Callable[[str], datetime]) -> None:
    for day in (
        "2026-12-01",
        "2026-12-12",
        "2026-12-24",
        "2027-01-05",
        "2027-01-17",
        "2027-01-29",
        "2027-02-10",
        "2027-02-18",
    ):
        at(f"{day}T09:00")
        assert sessions.find(secret), day
    at("2027-02-18T10:00")
    assert sessions.find(secret) is None


def test_seen_is_written_once_an_hour(secret: str, at: Callable[[str], datetime]) -> None:
    opened = Session.get().seen_at
    at("2026-11-20T10:59")
    sessions.find(secret)
    assert Session.get().seen_at == opened
    later = at("2026-11-20T11:01")
    sessions.find(secret)
    assert Session.get().seen_at == later


def test_ended_session_opens_nothing(anna: cast.Person, secret: str) -> None:
    sessions.end(sessions.find(secret).id, anna.id)
    assert sessions.find(secret) is None
    assert AuditRow.select().where(AuditRow.deed == "session.ended").count() == 1


def test_nobody_ends_a_session_of_somebody_else(secret: str) -> None:
    sessions.end(sessions.find(secret).id, cast.vera().id)
    assert sessions.find(secret)


def test_all_others_end(anna: cast.Person, secret: str) -> None:
    others = [Session.open(anna.customer, "") for _ in range(2)]
    hers = Session.open(cast.vera().customer, "")
    assert sessions.end_others(anna.id, but=sessions.find(secret).id) == 2
    assert [bool(sessions.find(one)) for one in (secret, *others, hers)] == [True, False, False, True]


def test_list_of_devices_the_last_seen_first(anna: cast.Person, secret: str, at: Callable[[str], datetime]) -> None:
    at("2026-11-20T12:00")
    Session.open(anna.customer, "Chrome на Android")
    sessions.end(Session.create(fingerprint="x", customer=anna.id).id, anna.id)
    assert [(one.device, one.ip) for one in Session.live(anna.id)] == [
        ("Chrome на Android", ""),
        ("Firefox на Linux", "192.0.2.7"),
    ]


def test_list_leaves_out_what_fell_asleep(anna: cast.Person, secret: str, at: Callable[[str], datetime]) -> None:
    at("2026-12-04T10:00")
    assert list(Session.live(anna.id)) == []


def test_long_device_is_cut(anna: cast.Person) -> None:
    Session.open(anna.customer, "x" * 5000)
    assert len(Session.get().device) == 200


def test_customer_gone_takes_the_sessions_along(anna: cast.Person, secret: str) -> None:
    anna.customer.delete_instance()
    assert sessions.find(secret) is None


def test_forgotten_after_ninety_days(secret: str, at: Callable[[str], datetime]) -> None:
    at("2027-02-18T10:00")
    assert sessions.purge() == 0
    at("2027-02-18T10:01")
    assert sessions.purge() == 1
