"""Who did what to whom."""

from __future__ import annotations

from peewee import Database

from models import audit, clock
from models.audit import AuditRow
from tests.crowd import at_once


def test_row_says_who_what_whom_when(db: Database) -> None:
    with audit.acting("customer:1", "192.0.2.7"):
        audit.record("account.linked", "account:1", how="secret")
    row = AuditRow.get()
    assert (row.who, row.ip, row.at) == ("customer:1", "192.0.2.7", clock.now())
    assert (row.deed, row.subject, row.detail) == ("account.linked", "account:1", {"how": "secret"})


def test_actor_is_the_innermost_and_comes_back() -> None:
    with audit.acting("console"):
        with audit.acting("guest", "192.0.2.7"):
            audit.identify("customer:1")
            assert audit.actor() == audit.Actor("customer:1", "192.0.2.7")
        assert audit.actor() == audit.Actor("console")
    assert audit.actor() == audit.Actor("system")


def test_threads_do_not_mix(db: Database) -> None:
    def act(i: int) -> str:
        with audit.acting(f"customer:{i}"):
            audit.record("test", str(i))
            return audit.actor().who

    assert at_once(10, act) == [f"customer:{i}" for i in range(10)]
    assert {(row.who, row.subject) for row in AuditRow.select()} == {(f"customer:{i}", str(i)) for i in range(10)}


def test_undone_with_its_deed(db: Database) -> None:
    with db.atomic() as deed:
        audit.record("test", "x")
        deed.rollback()
    assert not AuditRow.select().exists()
