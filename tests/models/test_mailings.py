"""Mailings in the hands of staff: drafts, a letter to oneself, pause and stop, two people for a large one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from time import sleep

import pytest
from peewee import Database

from models import clock, outbox
from models.audit import AuditRow
from models.base import Refusal
from models.mailings import (
    control,
    expansion,
    mailings,
)
from models.mailings.audiences import Filters
from models.mailings.mailings import DONE, DRAFT, PLANNED, RUNNING, STOPPED, Mailing, Recipient
from models.office import approvals, mailing_kinds, proposals
from models.outbox import Message, sending
from models.people.staff import Employee
from tests import cast
from tests.crowd import at_once
from tests.mailing import NEWS, drafted, now, people, refused, started, states, written

pytestmark = pytest.mark.feature("B5")


@pytest.fixture
def oleg(db: Database) -> Employee:
    return cast.employee("operator", email="oleg@example.ru")


@pytest.fixture
def irina(db: Database) -> Employee:
    return cast.employee("administrator", email="irina@example.ru")


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of three accounts: a mailing to ten has four."""
    monkeypatch.setattr(expansion, "CHUNK", 3)


# ---- drafts


def test_the_same_form_makes_one_draft(oleg):
    first, second = drafted(oleg, key="k"), drafted(oleg, key="k")
    assert first.id == second.id
    assert Mailing.select().count() == 1
    assert [row.deed for row in AuditRow.select()] == ["mailing.drafted"]


@pytest.mark.parametrize(
    ("letter", "data", "facts", "rule"),
    [
        ("activate", {}, {}, "mailing.letter"),
        ("news", {"title": "", "text": "т"}, {}, "mailing.title"),
        ("news", {"title": "т", "text": " \n "}, {}, "mailing.text"),
        ("news", {"title": "т", "text": "а" * 5001}, {}, "mailing.text"),
        ("news", {"title": "т", "text": "<b>Скидки</b>"}, {}, "mailing.tags"),
        ("news", {"title": "т\u202eтевирп", "text": "т"}, {}, "mailing.hidden"),
        ("news", {"title": "т", "text": "\0"}, {}, "mailing.hidden"),
        ("e_receipt", {"period": "2026-13"}, {}, "mailing.period"),
        ("e_receipt", {"period": "2026-10"}, {}, "mailing.period"),
        ("news", NEWS, {"per_minute": 0}, "mailing.pace"),
        ("news", NEWS, {"planned_at": datetime(2026, 11, 19)}, "mailing.time"),
        ("news", NEWS, {"planned_at": datetime(2028, 1, 1)}, "mailing.time"),
        ("news", NEWS, {"filters": Filters(office="x")}, "audience.office"),
        ("news", NEWS, {"filters": Filters(settlement="\0")}, "audience.settlement"),
        ("news", NEWS, {"filters": Filters(service="gas")}, "audience.service"),
        ("news", NEWS, {"filters": Filters(debt_from=-1)}, "audience.debt"),
        ("news", NEWS, {"filters": Filters(verification_months=25)}, "audience.months"),
    ],
)
def test_what_a_draft_may_not_be(oleg, letter, data, facts, rule):
    with refused(rule):
        drafted(oleg, letter, data, **facts)


def test_words_keep_their_lines_and_no_break_spaces(oleg):
    made = drafted(oleg, data={"title": "  Работы  28\u00a0ноября ", "text": "Первая.\r\n\r\nВторая 5\u00a0кВ. \r\n"})
    assert made.data == {"title": "Работы 28 ноября", "text": "Первая.\n\nВторая 5\u00a0кВ."}


def test_a_started_mailing_is_not_changed_nor_dropped(oleg):
    people(1)
    made = started(oleg)
    with refused("mailing.state"):
        mailings.change(made.id, "news", "Другая", NEWS, Filters())
    with refused("mailing.state"):
        mailings.drop(made.id)
    assert now(made).name == "Проба"


# ---- pause, resume, stop, done


def test_pause_holds_back_what_waits_and_resume_spreads_it_anew(oleg, few, at):
    people(7)
    mailing = started(oleg, per_minute=60)
    expansion.expand(mailing.id)
    Message.update(state=outbox.SENT).where(Message.to == "p1000@example.ru").execute()
    Message.update(state=outbox.SENDING).where(Message.to == "p1001@example.ru").execute()
    control.pause(mailing.id)
    assert not expansion.expand(mailing.id)
    assert states() == {"sent": 1, "sending": 1, "paused": 1}
    Message.update(state=outbox.WAITING).where(Message.state == outbox.SENDING).execute()
    control.settle(mailing.id)
    assert states() == {"sent": 1, "paused": 2}
    at("2026-11-20T15:00")
    control.resume(mailing.id)
    assert len(written(mailing)) == 7
    waiting = list(Message.select().where(Message.state == outbox.WAITING).order_by(Message.id))
    assert len(waiting) == 6 and all(one.due_at >= clock.now() for one in waiting)
    assert waiting[0].expires_at == clock.now() + timedelta(hours=240)
    assert waiting[-1].due_at == clock.now() + timedelta(seconds=5)


def test_a_pause_among_senders_at_work_leaves_each_letter_sent_or_held_back(oleg, at):
    people(60)
    mailing = started(oleg, per_minute=100_000)
    written(mailing)
    at("2026-11-20T10:01")

    def work(place: int) -> int:
        if place == 0:
            sleep(0.02)
            control.pause(mailing.id)
            return 0
        return sum(sending.sent(one, "test") for _ in range(12) for one in sending.claim(5))

    _, first, second = at_once(3, work)
    control.settle(mailing.id)
    found = states()
    assert found["sent"] == first + second
    assert sum(found.values()) == 60 and set(found) <= {"sent", "paused"}
    control.resume(mailing.id)
    at("2026-11-20T10:02")
    while claimed := sending.claim():
        assert all(sending.sent(one, "test") for one in claimed)
    assert states() == {"sent": 60}


def test_stop_cancels_what_has_not_gone(oleg):
    people(3)
    mailing = started(oleg)
    written(mailing)
    Message.update(state=outbox.SENT).where(Message.to == "p1000@example.ru").execute()
    control.stop(mailing.id)
    assert states() == {"sent": 1, "cancelled": 2}
    assert now(mailing).state == STOPPED
    with refused("mailing.state"):
        control.resume(mailing.id)


def test_what_staff_send_again_of_a_stopped_mailing_goes_out(oleg, at):
    people(2)
    mailing = started(oleg)
    written(mailing)
    Message.update(state=outbox.SENDING).where(Message.to == "p1000@example.ru").execute()
    control.stop(mailing.id)
    Message.update(state=outbox.WAITING).where(Message.state == outbox.SENDING).execute()
    assert control.unsettled() == [mailing.id]
    control.settle(mailing.id)
    assert states() == {"cancelled": 2}
    at("2026-11-20T10:20")
    assert control.unsettled() == []


def test_moves_that_are_none_are_refused(oleg):
    people(1)
    draft = drafted(oleg)
    for deed in (control.pause, control.resume, control.stop):
        with refused("mailing.state"):
            deed(draft.id)
        with refused("mailing.unknown"):
            deed(999)
    control.start(draft.id)
    with refused("mailing.state"):
        control.start(draft.id)


def test_two_who_start_at_once_start_it_once(oleg):
    people(1)
    draft = drafted(oleg)
    done = at_once(3, lambda _: control.start(draft.id))
    assert sum(isinstance(one, Mailing) for one in done) == 1
    assert sum(isinstance(one, Refusal) for one in done) == 2


def test_it_is_done_when_nothing_waits_any_more(oleg):
    people(2)
    mailing = started(oleg)
    written(mailing)
    control.settle(mailing.id)
    assert now(mailing).state == RUNNING
    Message.update(state=outbox.SENT).execute()
    control.settle(mailing.id)
    assert now(mailing).state == DONE and mailing.id not in control.unsettled()


# ---- a letter to oneself


def test_a_test_letter_goes_to_the_employees_own_address_alone(oleg):
    people(2)
    assert control.try_out(drafted(oleg).id, oleg.id) == "oleg@example.ru"
    (message,) = Message.select()
    assert (message.to, message.subject, message.mailing, message.data) == ("oleg@example.ru", oleg.subject, None, NEWS)
    assert Recipient.select().count() == 0


# ---- two people


@pytest.fixture
def strict(company, monkeypatch):
    """A mailing to five or more needs two."""
    monkeypatch.setattr("models.company._current", replace(company, letters=replace(company.letters, two_from=5)))


def proposed(oleg: Employee, mailing: Mailing) -> proposals.Proposal:
    return approvals.propose(mailing_kinds.SEND, *mailing_kinds.to_send(mailing), "Так решили", oleg.id)


def test_a_small_mailing_needs_one_a_big_one_two(oleg, irina, strict):
    people(4)
    control.start(drafted(oleg).id)
    people(1, first=2000)
    mailing = drafted(oleg)
    with refused("mailing.two"):
        control.start(mailing.id)
    asked = proposed(oleg, mailing)
    assert now(mailing).state == DRAFT
    approvals.approve(asked.id, irina.id)
    assert now(mailing).state == PLANNED and now(mailing).approved_at
    mailings.begin(mailing.id)
    assert len(written(mailing)) == 5


def test_nobody_approves_a_mailing_of_their_own(irina, strict):
    people(5)
    asked = proposed(irina, mailings.draft(irina.id, "news", "Проба", NEWS, Filters()))
    with refused("proposal.own"):
        approvals.approve(asked.id, irina.id)


def test_an_operator_may_not_approve(oleg, irina, strict):
    people(5)
    asked = proposed(irina, mailings.draft(irina.id, "news", "Проба", NEWS, Filters()))
    with refused("proposal.right"):
        approvals.approve(asked.id, oleg.id)


def test_a_draft_that_was_changed_is_not_what_was_proposed(oleg, irina, strict):
    people(5)
    mailing = drafted(oleg)
    asked = proposed(oleg, mailing)
    assert approvals.stands(asked) == ""
    mailings.change(mailing.id, "news", "Проба", {**NEWS, "text": "Другое."}, Filters())
    with refused("proposal.stale"):
        approvals.approve(asked.id, irina.id)
    assert now(mailing).state == DRAFT


def test_an_audience_that_has_outgrown_its_count_is_not_what_was_proposed(oleg, irina, strict):
    people(10)
    asked = proposed(oleg, drafted(oleg))
    people(2, first=2000)
    assert approvals.stands(asked) == ""
    people(1, first=3000)
    with refused("proposal.stale"):
        approvals.approve(asked.id, irina.id)


def test_a_proposal_tells_words_audience_and_count(oleg, strict):
    people(5)
    asked = proposed(oleg, drafted(oleg, filters=Filters(dwelling="urban")))
    kind = approvals.KINDS[mailing_kinds.SEND]
    told = dict(kind.describe(asked.data, asked.facts))
    assert told["Писем"] == "5" and told["Жильё"] == "городские квартиры" and told["Текст"] == NEWS["text"]
    assert kind.brief(asked.data, asked.facts) == "Проба, 5\u00a0писем"


def test_nobody_to_write_to_is_nothing_to_propose(oleg, strict):
    with refused("mailing.empty"):
        proposed(oleg, drafted(oleg))


def test_one_employees_mailing_that_outgrows_them_is_stopped(oleg, strict, few):
    people(4)
    mailing = started(oleg)
    people(3, first=2000)
    written(mailing)
    assert now(mailing).state == STOPPED and "второй сотрудник" in now(mailing).note
    assert states() == {"cancelled": 3}
