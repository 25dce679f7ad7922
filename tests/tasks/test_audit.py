"""Sealing each minute and the nightly walk, as the background does them."""

from __future__ import annotations

import logging

import pytest
from peewee import Database

from models import audit, audit_chain
from models.audit import AuditRow
from tasks import audit as task


@pytest.fixture
def three(db: Database) -> None:
    for i in range(3):
        audit.record("test", str(i))


def test_what_was_written_is_sealed_and_the_end_is_noted_outside(three: None, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert task.seal_audit() == 3
    assert f"sealed up to place 3, hash {audit_chain.end().hash}" in caplog.text
    caplog.clear()
    assert task.seal_audit() == 0
    assert caplog.text == ""


def test_tampered_end_is_cried_out_and_left_alone(three: None, caplog: pytest.LogCaptureFixture) -> None:
    task.seal_audit()
    AuditRow.delete().where(AuditRow.place == 3).execute()
    audit.record("test", "4")
    assert task.seal_audit() == 0
    assert caplog.records[-1].levelno == logging.CRITICAL and "audit verify" in caplog.text
    assert AuditRow.get(AuditRow.subject == "4").place is None


def test_nightly_walk_writes_its_outcome(three: None, caplog: pytest.LogCaptureFixture) -> None:
    task.seal_audit()
    assert task.verify_audit() == []
    AuditRow.update(who="x").where(AuditRow.place == 2).execute()
    assert len(task.verify_audit()) == 1
    assert "place 2 is not what was sealed" in caplog.text
    rows = AuditRow.select().where(AuditRow.deed == audit_chain.VERIFIED).order_by(AuditRow.id)
    assert [row.detail["complaints"] for row in rows] == [0, 1]
