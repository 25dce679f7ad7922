"""The notice for all customers: one at a time, dated, read by pages from the process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from peewee import Database, OperationalError

from models import audit, base, clock, notices
from models.audit import AuditRow
from models.base import Refusal
from models.notices import Notice
from tests.crowd import at_once


def later(hours: float) -> datetime:
    return clock.now() + timedelta(hours=hours)


def deeds() -> list[str]:
    return [row.deed for row in AuditRow.select().order_by(AuditRow.id)]


def test_notice_stands_until_its_end(db: Database, at: Callable[[str], datetime]) -> None:
    with audit.acting("staff:2"):
        notices.announce("  Много звонков.\n Пишите. ", later(2))
    assert notices.standing() == "Много звонков. Пишите."
    notice = notices.present()
    assert notice is not None and notice.by == "staff:2"
    at("2026-11-20T12:00")
    assert notices.standing() == "" and notices.present() is None
    assert not notices.take_down()


def test_taken_down_at_once(db: Database) -> None:
    notices.announce("Много звонков.", later(2))
    assert notices.take_down()
    assert notices.standing() == "" and notices.present() is None
    assert deeds() == ["notice.put_up", "notice.taken_down"]
    assert not notices.take_down()


def test_new_one_replaces_the_old(db: Database) -> None:
    first = notices.announce("Первое.", later(2))
    notices.announce("Второе.", later(3))
    assert notices.standing() == "Второе."
    assert Notice.get_by_id(first.id).ended_at == clock.now()
    assert Notice.select().where(Notice.ended_at.is_null()).count() == 1


def test_new_one_may_follow_one_that_is_over(db: Database, at: Callable[[str], datetime]) -> None:
    notices.announce("Первое.", later(2))
    at("2026-11-21T10:00")
    notices.announce("Второе.", later(2))
    assert [notice.text for notice in notices.past()] == ["Второе.", "Первое."]


@pytest.mark.parametrize(
    ("text", "hours", "field"),
    [
        (" \n ", 2, "text"),
        ("ё" * 241, 2, "text"),
        ("Да\0", 2, "text"),
        ("Да\u202eтен", 2, "text"),
        ("Да", 0, "until"),
        ("Да", -1, "until"),
        ("Да", 24 * 7 + 1, "until"),
    ],
)
def test_refused(db: Database, text: str, hours: float, field: str) -> None:
    with pytest.raises(Refusal) as refusal:
        notices.announce(text, later(hours))
    assert refusal.value.problems[0].field == field
    assert not Notice.select().exists() and deeds() == []


def test_two_at_once_are_one(db: Database) -> None:
    answers = at_once(6, lambda i: notices.announce(f"Номер {i}.", later(2)))
    assert all(isinstance(answer, (Notice, Refusal)) for answer in answers), answers
    made = [answer for answer in answers if isinstance(answer, Notice)]
    assert made and Notice.select().where(Notice.ended_at.is_null()).count() == 1
    assert Notice.select().count() == len(made) == deeds().count("notice.put_up")


# ---- pages ask the process, not the database


@pytest.fixture
def queries(db: Database) -> list[object]:
    seen: list[object] = []
    db.query_hooks.append(seen.append)
    return seen


@pytest.fixture(autouse=True)
def no_hooks_left(db: Database) -> object:
    yield
    db.query_hooks.clear()


def test_pages_ask_once_in_half_a_minute(queries: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(notices.time, "monotonic", lambda: now)
    notices.forget()
    assert [notices.standing() for _ in range(5)] == [""] * 5
    assert len(queries) == 1
    now += notices.FRESH + 1
    notices.standing()
    assert len(queries) == 2


def test_other_process_learns_within_half_a_minute(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(notices.time, "monotonic", lambda: now)
    notices.forget()
    assert notices.standing() == ""
    Notice.create(text="Из другого процесса.", until=later(2), by="staff:1")
    assert notices.standing() == ""
    now += 31
    assert notices.standing() == "Из другого процесса."


def test_database_that_does_not_answer_fails_no_page(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    notices.announce("Много звонков.", later(2))
    notices.forget()

    def locked(*_: object, **__: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(base.database.obj, "execute_sql", locked)
    assert notices.standing() == "Много звонков."
