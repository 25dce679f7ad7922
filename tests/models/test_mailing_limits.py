"""Mailings within bounds: what one employee may send alone, what an approval covers, and how little a large one keeps others waiting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from peewee import Database

from models import audit, clock, company, consents, outbox
from models.base import Refusal, database
from models.billing import delivery, e_receipts
from models.billing.bills import Bill
from models.mailings import addressing, control, expansion, mailings, recipients, regular, texts
from models.mailings.audiences import Filters
from models.mailings.mailings import RUNNING, STOPPED, Mailing
from models.metering.accounts import Account
from models.office import approvals, mailing_kinds
from models.outbox import Message, sending
from models.people.customers import Customer
from models.people.staff import Employee
from tests import cast

pytestmark = pytest.mark.feature("B5")
NEWS = {"title": "Плановые работы", "text": "В субботу света не будет."}


@pytest.fixture
def oleg(db: Database) -> Employee:
    return cast.employee("operator", email="oleg@example.ru")


@pytest.fixture
def irina(db: Database) -> Employee:
    return cast.employee("administrator", email="irina@example.ru")


@pytest.fixture(autouse=True)
def strict(company: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mailing to five or more needs two."""
    monkeypatch.setattr("models.company._current", replace(company, letters=replace(company.letters, two_from=5)))


def people(count: int, first: int = 1000, **facts: Any) -> list[Customer]:
    return [
        cast.customer(f"p{n}@example.ru", f"Жилец {n}", cast.account(n, **facts)) for n in range(first, first + count)
    ]


def drafted(by: Employee, letter: str = texts.NEWS, data: Any = None, **facts: Any) -> Mailing:
    filters = facts.pop("filters", Filters())
    return mailings.draft(by.id, letter, "Проба", NEWS if data is None else data, filters, **facts)


def started(by: Employee, **facts: Any) -> Mailing:
    made = control.start(drafted(by, **facts).id)
    mailings.begin(made.id)
    return made


def written(mailing: Mailing) -> list[Message]:
    while expansion.expand(mailing.id):
        pass
    return list(Message.select().where(Message.mailing == mailing.id).order_by(Message.id))


def approved(by: Employee, second: Employee, mailing: Mailing) -> Mailing:
    asked = approvals.propose(mailing_kinds.SEND, *mailing_kinds.to_send(mailing), "Так решили", by.id)
    approvals.approve(asked.id, second.id)
    return now(mailing)


def now(mailing: Mailing) -> Mailing:
    found: Mailing = Mailing.get_by_id(mailing.id)
    return found


def states(mailing: Mailing) -> dict[str, int]:
    found = [one.state for one in Message.select().where(Message.mailing == mailing.id)]
    return {state: found.count(state) for state in set(found)}


def rule_of(caught: Any) -> str:
    return str(caught.value.problems[0].rule)


# ---- one employee alone


def test_small_mailings_of_one_employee_count_together_for_a_day(oleg, irina, at):
    people(3)
    written(started(oleg))
    with pytest.raises(Refusal) as caught:
        control.start(drafted(oleg).id)
    assert rule_of(caught) == "mailing.two" and "вместе с вашими рассылками" in str(caught.value)
    assert control.start(drafted(irina).id)  # another's are counted apart
    at("2026-11-22T10:00")
    Mailing.update(state=mailings.DONE).execute()
    assert control.start(drafted(oleg).id)


def test_drafts_of_others_are_counted_for_whoever_starts_them(oleg, irina):
    people(3)
    with audit.acting(oleg.subject):
        control.start(drafted(irina).id)
        with pytest.raises(Refusal) as caught:
            control.start(drafted(irina).id)
    assert rule_of(caught) == "mailing.two"
    with audit.acting(irina.subject):
        assert control.start(drafted(oleg).id)


def test_planned_mailings_of_one_employee_count_from_the_start(oleg):
    people(3)
    control.start(drafted(oleg, planned_at=clock.now() + timedelta(days=3)).id)
    with pytest.raises(Refusal) as caught:
        control.start(drafted(oleg, planned_at=clock.now() + timedelta(days=5)).id)
    assert rule_of(caught) == "mailing.two"


def test_what_a_second_one_approved_is_not_counted_against_the_author(oleg, irina):
    people(5, settlement="село")
    people(2, first=2000)
    mailing = approved(oleg, irina, drafted(oleg, filters=Filters(settlement="село")))
    mailings.begin(mailing.id)
    assert len(written(mailing)) == 5
    assert control.start(drafted(oleg, filters=Filters(settlement="г. Красноярск")).id)


def test_small_mailings_that_grow_together_are_stopped(oleg):
    people(2)
    first, second = started(oleg), started(oleg)
    people(1, first=2000)
    assert written(first) == [] and now(first).state == STOPPED and "второй сотрудник" in now(first).note
    assert len(written(second)) == 3 and now(second).state == RUNNING


# ---- what was approved


def test_an_approved_mailing_that_outgrows_the_approval_is_stopped(oleg, irina):
    people(5)
    mailing = approved(oleg, irina, drafted(oleg, planned_at=clock.now() + timedelta(days=1)))
    assert mailing.counted == 5
    people(40, first=2000)
    Mailing.update(planned_at=clock.now()).execute()
    mailings.begin(mailing.id)
    written(mailing)
    assert now(mailing).state == STOPPED and "Утвердили 5\u00a0писем" in now(mailing).note
    assert set(states(mailing)) <= {"cancelled"}


def test_a_little_more_than_was_approved_is_still_the_same(oleg, irina):
    people(5)
    mailing = approved(oleg, irina, drafted(oleg))
    people(1, first=2000)
    mailings.begin(mailing.id)
    assert len(written(mailing)) == 6 and now(mailing).state == RUNNING


def test_nobody_approves_what_begins_in_a_year(oleg, irina):
    people(5)
    mailing = drafted(oleg, planned_at=clock.now() + timedelta(days=31))
    with pytest.raises(Refusal) as caught:
        approved(oleg, irina, mailing)
    assert rule_of(caught) == "mailing.far"


def test_a_draft_whose_bills_would_go_to_all_again_is_not_what_was_proposed(oleg, irina):
    for customer in people(5):
        account = Account.of(customer.id).get()
        Bill.create(
            account=account.id, period="2026-10", number=f"n{account.id}", state="issued", total=1, charged=1,
            due_on=clock.today(),
        )  # fmt: skip
        delivery.choose(customer.id, account, "email", "web")
    mailing = drafted(oleg, "e_receipt", {"period": "2026-10"})
    asked = approvals.propose(mailing_kinds.SEND, *mailing_kinds.to_send(mailing), "Надо", oleg.id)
    again = {"period": "2026-10", "again": True}
    Mailing.update(data=again).where(Mailing.id == mailing.id).execute()
    assert "ещё раз" in texts.about("e_receipt", again) and "ещё раз" not in texts.about("e_receipt", mailing.data)
    with pytest.raises(Refusal) as caught:
        approvals.approve(asked.id, irina.id)
    assert rule_of(caught) == "proposal.stale"


def test_an_approval_covers_also_what_the_page_does_not_tell(oleg):
    people(5)
    mailing = drafted(oleg)
    asked = approvals.propose(mailing_kinds.SEND, *mailing_kinds.to_send(mailing), "Надо", oleg.id)
    Mailing.update(data={**NEWS, "again": True}).where(Mailing.id == mailing.id).execute()
    assert approvals.stands(asked) != ""


# ---- a large one among others


def test_who_gets_what_is_planned_while_others_may_write(oleg, monkeypatch):
    people(2)
    mailing = started(oleg)
    plan, seen = recipients.plan, []

    def watched(*args: Any) -> Any:
        seen.append(database.in_transaction())
        return plan(*args)

    monkeypatch.setattr(recipients, "plan", watched)
    written(mailing)
    assert seen and not any(seen)


def test_a_part_that_somebody_else_has_written_meanwhile_is_not_written_again(oleg, monkeypatch):
    monkeypatch.setattr(expansion, "CHUNK", 2)
    people(4)
    mailing = started(oleg)
    plan, calls = recipients.plan, []

    def slow(*args: Any) -> Any:
        planned = plan(*args)
        calls.append(1)
        if len(calls) == 1:  # the other worker is two parts ahead
            assert expansion.expand(mailing.id) and expansion.expand(mailing.id)
            calls.append(now(mailing).cursor)
        return planned

    monkeypatch.setattr(recipients, "plan", slow)
    assert expansion.expand(mailing.id)  # nothing of it, but there is more
    assert now(mailing).cursor == calls[-1]
    assert len(written(mailing)) == 4 and now(mailing).posted == 4


def test_a_mailing_that_was_stopped_while_a_part_was_planned_gets_none_of_it(oleg, monkeypatch):
    people(2)
    mailing, plan = started(oleg), recipients.plan

    def stopped(*args: Any) -> Any:
        control.stop(mailing.id)
        return plan(*args)

    monkeypatch.setattr(recipients, "plan", stopped)
    assert not expansion.expand(mailing.id)
    assert Message.select().count() == 0


@pytest.fixture
def waiting(oleg, monkeypatch, at: Callable[[str], datetime]) -> Mailing:
    """Four letters that are due, marked two at a time."""
    monkeypatch.setattr(control, "PORTION", 2)
    people(4)
    mailing = started(oleg, per_minute=60)
    written(mailing)
    at("2026-11-20T11:00")
    return mailing


@pytest.mark.parametrize("deed", [control.pause, control.stop])
def test_no_letter_goes_from_the_moment_of_the_deed_though_most_are_marked_later(waiting, deed):
    deed(waiting.id)
    assert states(waiting)["waiting"] == 2
    assert list(control.held_back()) == [waiting.id]
    assert sending.claim(without=control.held_back()) == []
    while control.settle(waiting.id):
        pass
    assert set(states(waiting)) == {"paused" if deed is control.pause else "cancelled"}


def test_a_resumed_mailing_is_let_go_in_portions_one_behind_the_other(waiting):
    control.pause(waiting.id)
    while control.settle(waiting.id):
        pass
    control.resume(waiting.id)
    assert states(waiting) == {"waiting": 2, "paused": 2} and control.held_back() == []
    while control.settle(waiting.id):
        pass
    due = [one.due_at for one in Message.select().order_by(Message.id)]
    assert due[0] == clock.now() and due == sorted(due) and due[-1] - due[0] >= timedelta(seconds=2)
    assert now(waiting).state == RUNNING


def test_a_mailing_goes_on_only_when_all_of_its_letters_are_put_aside(waiting):
    """Those still waiting are all overdue by now: they would go at once, whatever the pace."""
    control.pause(waiting.id)
    with pytest.raises(Refusal) as caught:
        control.resume(waiting.id)
    assert rule_of(caught) == "mailing.settling" and list(control.held_back()) == [waiting.id]
    while control.settle(waiting.id):
        pass
    control.resume(waiting.id)


def test_a_stopped_mailing_is_held_back_until_its_last_letter_can_go_no_more(waiting, at):
    (claimed, *_rest) = sending.claim(4)
    control.stop(waiting.id)
    at("2026-11-21T11:00")  # the worker is gone, and nobody looked for a day
    assert list(control.held_back()) == [waiting.id] == control.unsettled()
    while control.settle(waiting.id):
        pass
    assert control.held_back() == [] == control.unsettled()
    assert states(waiting) == {"cancelled": 4}
    assert not sending.sent(claimed, "late")


def test_a_letter_under_way_keeps_a_stopped_mailing_from_being_settled(waiting):
    (claimed,) = sending.claim(1)
    control.stop(waiting.id)
    while control.settle(waiting.id):
        pass
    assert list(control.held_back()) == [waiting.id]
    assert sending.sent(claimed, "test")
    control.settle(waiting.id)
    assert control.held_back() == []
    assert states(waiting) == {"sent": 1, "cancelled": 3}


# ---- small ones


def test_a_bill_whose_letter_never_reached_its_reader_goes_again(oleg):
    customer, other = people(2)
    for one in (customer, other):
        account = Account.of(one.id).get()
        Bill.create(
            account=account.id, period="2026-10", number=f"n{account.id}", state="issued", total=1, charged=1,
            due_on=clock.today(),
        )  # fmt: skip
        delivery.choose(one.id, account, "email", "web")
    first = started(oleg, letter="e_receipt", data={"period": "2026-10"})
    assert len(written(first)) == 2
    Message.update(state=outbox.FAILED).where(Message.to == customer.email).execute()
    second = drafted(oleg, "e_receipt", {"period": "2026-10"})
    assert control.counted(second) == recipients.Count(1, {"sent_before": 1}, True)
    control.start(second.id)
    mailings.begin(second.id)
    assert [one.to for one in written(second)] == [customer.email]
    assert control.counted(drafted(oleg, "e_receipt", {"period": "2026-10"})).letters == 0
    assert Bill.select().where(e_receipts.is_on_its_way()).count() == 2


@pytest.mark.company("koryak")
@pytest.mark.feature("S33")
def test_a_paper_consent_to_news_of_charges_counts_for_the_accounts_first_holder(db):
    (customer,) = people(1)
    account = Account.of(customer.id).get()
    document = company.current().consents["charges-news"]
    consents.give(f"account:{account.number}", document, channel="office", account=account.number)
    told = {account.id: [("", {"account": account.number})]}
    (planned,) = addressing.officially([account], told, with_news=True)
    assert (planned.address, planned.excluded) == (customer.email, "")


def test_accounts_are_looked_through_for_meters_once_a_day(db, monkeypatch, at):
    looked = []

    def nobody(*args: Any) -> bool:
        looked.append(args)
        return False

    monkeypatch.setattr(recipients, "is_anybody", nobody)
    for moment in ("2026-11-02T10:00", "2026-11-02T11:00", "2026-11-03T10:00"):
        at(moment)
        regular.verification_notice(clock.today())
    assert len(looked) == 2


def test_a_meter_whose_owner_is_not_written_to_makes_a_mailing_all_the_same(db, at):
    account = cast.account(1)
    cast.hang(account, "A", verification_due=datetime(2027, 5, 2).date())
    at("2026-11-02T10:00")
    made = regular.verification_notice(clock.today())
    assert made is not None
    mailings.begin(made.id)
    assert written(made) == [] and now(made).left_out == {"no_consent": 1}
