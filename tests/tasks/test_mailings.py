"""Mailings in the background: begun, written, settled, ended by the job or the bell; what the portal makes by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from peewee import Database

from models import clock, outbox, settings
from models.mailings import control, expansion, mailings
from models.mailings.audiences import Filters
from models.mailings.mailings import DONE, PLANNED, RUNNING, STOPPED, Mailing, Recipient
from models.outbox import Message, sending
from models.people.staff import Employee
from tasks import letters, messages, timetable
from tasks import mailings as work
from tests import cast
from tests.crowd import at_once

pytestmark = pytest.mark.feature("B5")
NEWS = {"title": "Плановые работы", "text": "В субботу света не будет."}


@pytest.fixture
def oleg(db: Database) -> Employee:
    return cast.employee("operator", email="oleg@example.ru")


def started(oleg: Employee, planned_at: datetime | None = None) -> Mailing:
    made = mailings.draft(oleg.id, "news", "Проба", NEWS, Filters(), planned_at=planned_at)
    return control.start(made.id)


def now(mailing: Mailing) -> Mailing:
    return mailings.held(mailing.id)


def test_the_bell_writes_a_mailing_whole(oleg, monkeypatch):
    monkeypatch.setattr(expansion, "CHUNK", 1)
    anna = cast.anna()
    cast.boris(anna)
    mailing = started(oleg)
    timetable.BELLS["expand_mailing"](mailing.id)
    own = Message.select().where(Message.mailing == mailing.id)
    assert sorted(one.to for one in own) == ["anna@example.ru", "boris@example.ru"]
    assert (now(mailing).state, now(mailing).posted) == (RUNNING, 2)


def test_the_job_does_it_when_nobody_heard_the_bell_and_ends_it(oleg):
    cast.anna()
    mailing = started(oleg)
    work.work_all()
    assert Message.select().count() == 1
    Message.update(state=outbox.SENT).execute()
    work.work_all()
    assert now(mailing).state == DONE


def test_a_planned_one_is_left_alone_until_its_time(oleg, at: Callable[[str], datetime]):
    cast.anna()
    mailing = started(oleg, planned_at=clock.now() + timedelta(hours=2))
    work.work(mailing.id)
    work.work_all()
    assert now(mailing).state == PLANNED
    at("2026-11-20T12:01")
    work.work_all()
    assert Message.select().count() == 1


def test_a_bell_for_a_stopped_or_unknown_one_does_nothing(oleg):
    cast.anna()
    mailing = started(oleg)
    control.stop(mailing.id)
    work.work(mailing.id)
    assert now(mailing).state == STOPPED
    assert Message.select().count() == 0


def test_a_fault_in_one_mailing_stops_no_other(oleg, monkeypatch):
    cast.anna()
    bad, good = started(oleg), started(oleg)
    expand = expansion.expand

    def breaks(mailing_id: int) -> bool:
        if mailing_id == bad.id:
            raise RuntimeError("a fault of ours")
        return expand(mailing_id)

    monkeypatch.setattr(expansion, "expand", breaks)
    work.work_all()
    assert (now(bad).posted, now(good).posted) == (0, 1)
    monkeypatch.setattr(expansion, "expand", expand)
    work.work_all()
    assert now(bad).posted == 1


def test_jobs_of_two_consumers_at_once_write_to_each_once(oleg, monkeypatch):
    monkeypatch.setattr(expansion, "CHUNK", 2)
    for n in range(1000, 1020):
        cast.customer(f"p{n}@example.ru", "", cast.account(n))
    started(oleg)
    assert at_once(2, lambda _: work.work_all()) == [None, None]
    to = [one.to for one in Message.select()]
    assert len(to) == len(set(to)) == 20


def test_recipients_are_forgotten_a_year_after_the_end(oleg, at: Callable[[str], datetime]):
    cast.anna()
    mailing = started(oleg)
    work.work(mailing.id)
    control.stop(mailing.id)
    at("2027-11-19T10:00")
    work.forget()
    assert Recipient.select().count() == 1
    at("2027-11-21T10:00")
    work.forget()
    assert (Recipient.select().count(), now(mailing).posted) == (0, 1)


def test_the_reminder_is_made_by_the_job_and_can_be_put_together(db, at: Callable[[str], datetime]):
    anna = cast.anna()
    at("2026-11-26T10:07")
    work.make_regular()
    work.make_regular()
    work.work_all()
    (message,) = Message.select()
    letter = letters.put_together(message, "https://lk.example.ru")
    assert anna.account.number in letter.text
    assert "29\u00a0ноября" in letter.text


def test_letters_of_a_paused_mailing_are_not_even_claimed(oleg, monkeypatch, at):
    """Most of a large one are marked only later, and must not be taken and given back all the while."""
    monkeypatch.setattr(control, "PORTION", 1)
    for n in (1, 2):
        cast.customer(f"p{n}@example.ru", "", cast.account(n))
    mailing = started(oleg)
    work.work(mailing.id)
    at("2026-11-20T11:00")
    control.pause(mailing.id)
    assert Message.select().where(Message.state == outbox.WAITING).count() == 1
    claim, claimed = sending.claim, []

    def watched(*args, **rest):
        found = claim(*args, **rest)
        claimed.extend(found)
        return found

    monkeypatch.setattr(sending, "claim", watched)
    monkeypatch.setattr(messages, "_desk", None)
    messages.use(settings.read({}))
    assert messages.send_all() == 0 and claimed == []
    work.work(mailing.id)
    assert {one.state for one in Message.select()} == {outbox.PAUSED}
