"""A mailing written into the outbox: parts that lose and double nothing, at its time and pace; the lists of mailings and recipients."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from peewee import Database

from models import clock, outbox
from models.base import insert_rows
from models.mailings import (
    control,
    expansion,
    mailings,
    progress,
    regular,
)
from models.mailings.mailings import PLANNED, RUNNING, Recipient
from models.outbox import Message
from models.people.staff import Employee
from tests import cast
from tests.crowd import at_once
from tests.mailing import drafted, now, people, started, written

pytestmark = pytest.mark.feature("B5")


@pytest.fixture
def oleg(db: Database) -> Employee:
    return cast.employee("operator", email="oleg@example.ru")


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of three accounts: a mailing to ten has four."""
    monkeypatch.setattr(expansion, "CHUNK", 3)


# ---- parts


def test_a_mailing_stopped_anywhere_goes_on_there(oleg, few):
    people(10)
    mailing = started(oleg)
    assert expansion.expand(mailing.id)
    assert expansion.expand(mailing.id)
    assert Message.select().count() == 6
    assert len(written(mailing)) == 10
    assert not expansion.expand(mailing.id)
    assert now(mailing).expanded_at is not None


@pytest.mark.feature("M14")
def test_a_part_that_fails_leaves_nothing_of_itself(oleg, few, monkeypatch):
    people(5)
    mailing = started(oleg)
    expansion.expand(mailing.id)

    def fails(table: Any, rows: Any) -> None:
        insert_rows(table, rows)
        if table is Recipient:
            raise RuntimeError("the machine is gone")

    with monkeypatch.context() as patch:
        patch.setattr("models.mailings.expansion.insert_rows", fails)
        with pytest.raises(RuntimeError):
            expansion.expand(mailing.id)
    assert (Message.select().count(), Recipient.select().count(), now(mailing).posted) == (3, 3, 3)
    assert len(written(mailing)) == 5


@pytest.mark.feature("M14")
def test_two_workers_at_once_write_to_each_once(oleg, few):
    people(40)
    mailing = started(oleg)

    def work(_: int) -> None:
        while expansion.expand(mailing.id):
            pass

    assert at_once(4, work) == [None] * 4
    to = [one.to for one in Message.select()]
    assert len(to) == len(set(to)) == 40
    assert (now(mailing).posted, Recipient.select().count()) == (40, 40)


def test_letters_are_due_at_the_mailings_pace_over_all_parts(oleg, few):
    people(7)
    mailing = started(oleg, per_minute=30)
    begun = clock.now()
    due = [one.due_at for one in written(mailing)]
    assert due == [begun + timedelta(seconds=2 * i) for i in range(7)]
    assert all(one.expires_at == one.due_at + timedelta(hours=240) for one in Message.select())


def test_it_begins_at_its_time(oleg, at):
    people(2)
    mailing = control.start(drafted(oleg, planned_at=clock.now() + timedelta(hours=1)).id)
    assert mailing.state == PLANNED and control.due() == [] and not mailings.begin(mailing.id)
    at("2026-11-20T11:01")
    assert control.due() == [mailing.id] and mailings.begin(mailing.id)
    assert now(mailing).state == RUNNING


# ---- the lists


def test_the_list_tells_who_made_each(oleg, at):
    cast.anna()
    drafted(oleg)
    at("2026-11-26T10:07")
    regular.make()
    assert [(one.letter, one.author_name) for one in progress.listed()] == [
        ("window_closing", None),
        ("news", oleg.name),
    ]
    newest = progress.listed(most=1)[0]
    assert [one.letter for one in progress.listed(before=newest.id)] == ["news"]


def test_recipients_are_paged_and_filtered_by_state(oleg, few):
    people(7)
    mailing = started(oleg)
    messages = written(mailing)
    Message.update(state=outbox.FAILED, error="550 нет такого").where(Message.id == messages[2].id).execute()
    Message.update(state=outbox.SENT).where(Message.id == messages[3].id).execute()
    first = progress.recipients(mailing.id, most=5)
    rest = progress.recipients(mailing.id, after=first[-1].place, most=5)
    assert [row.address for row in first + rest] == [f"p{n}@example.ru" for n in range(1000, 1007)]
    (bad,) = progress.recipients(mailing.id, "failed")
    assert (bad.address, bad.said, bad.account) == ("p1002@example.ru", "550 нет такого", cast.number(1002))
    assert progress.percents(progress.listed()) == {mailing.id: 14}
    found = progress.of(now(mailing))
    assert (found.by_state, found.letters, found.sent) == ({"waiting": 5, "sent": 1, "failed": 1}, 7, 1)
    assert found.percent == 14
