"""Approved refunds against a real bank on loopback: given back once, whatever breaks off, and told when the bank says no."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from peewee import Database

from models.audit import AuditRow
from models.billing import acquiring
from models.billing.payments import Payment
from models.office import approvals, proposal_kinds, proposals
from models.office.proposals import Proposal
from models.people.staff import Employee
from tasks import approvals as work
from tasks import payments, timetable
from tests import cast, paying
from tests.cast import Person
from tests.crowd import at_once
from tests.paying import DEBT, again, credited, ordered
from tests.standins import StandIn

PART = 100_000


@pytest.fixture
def anna(db: Database) -> Person:
    person = cast.anna(history=False)
    paying.owe(person.account)
    return person


@pytest.fixture
def oleg(db: Database) -> Employee:
    return cast.employee("operator", email="oleg@example.ru")


@pytest.fixture
def irina(db: Database) -> Employee:
    return cast.employee("administrator", email="irina@example.ru")


@pytest.fixture
def bank(anna: Person, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with paying.open_desk(monkeypatch, timeout=1) as standing:
        yield standing


@pytest.fixture
def payment(anna: Person, bank: StandIn) -> Payment:
    made = ordered(anna)
    bank.pay(made.form_url)
    payments.check(made.id)
    return again(made)


@pytest.fixture
def approved(payment: Payment, oleg: Employee, irina: Employee) -> Proposal:
    """A thousand rubles to be given back, as two people agreed."""
    subject, data = proposal_kinds.of_payment(payment.number, PART)
    made = approvals.propose("payment.refund", subject, data, "Заплатил дважды", oleg.id)
    return approvals.approve(made.id, irina.id)


def state(proposal: Proposal) -> str:
    return str(Proposal.get_by_id(proposal.id).state)


def later(at: Callable[[str], Any]) -> None:
    at("2026-11-20T11:30")


def test_approved_refund_is_given_back(anna: Person, bank: StandIn, payment: Payment, approved: Proposal) -> None:
    work.carry_out(approved.id)
    assert state(approved) == "done"
    assert bank.captured() == credited(anna.account) == DEBT - PART
    assert Proposal.get_by_id(approved.id).outcome.startswith("банк вернул")
    ended = AuditRow.get(AuditRow.deed == "proposal.done")
    assert (ended.who, ended.detail["proposed_by"], ended.detail["decided_by"]) == ("system", "staff:1", "staff:2")


def test_waiting_proposal_is_not_carried_out(bank: StandIn, payment: Payment, oleg: Employee) -> None:
    subject, data = proposal_kinds.of_payment(payment.number, PART)
    made = approvals.propose("payment.refund", subject, data, "Заплатил дважды", oleg.id)
    work.carry_out(made.id)
    assert (state(made), work.carry_out_all(), bank.captured()) == ("waiting", 0, DEBT)


def test_bell_that_nobody_heard(anna: Person, bank: StandIn, approved: Proposal) -> None:
    assert work.carry_out_all() == 1
    assert (state(approved), work.carry_out_all()) == ("done", 0)
    assert credited(anna.account) == DEBT - PART


def test_rung_ten_times_at_once_gives_once(anna: Person, bank: StandIn, approved: Proposal) -> None:
    at_once(10, lambda _: work.carry_out(approved.id))
    assert (state(approved), bank.captured()) == ("done", DEBT - PART)
    assert credited(anna.account) == DEBT - PART
    assert len([row for row in AuditRow.select() if row.deed == "payment.refund_asked"]) == 1


def test_bank_that_says_no_ends_it_with_its_words(
    anna: Person, bank: StandIn, payment: Payment, approved: Proposal, oleg: Employee
) -> None:
    (order,) = bank.orders()
    bank.put(order["id"], refunded=DEBT - 50)  # it gave back nearly all without telling us
    work.carry_out(approved.id)
    ended = Proposal.get_by_id(approved.id)
    assert ended.state == "failed" and ended.error
    assert AuditRow.select().where(AuditRow.deed == "proposal.failed").count() == 1
    work.carry_out(approved.id)
    assert state(approved) == "failed"


def test_silent_bank_is_asked_again(anna: Person, bank: StandIn, approved: Proposal, at: Callable[[str], Any]) -> None:
    bank.fault(errors=20)
    work.carry_out(approved.id)
    put_off = Proposal.get_by_id(approved.id)
    assert (put_off.state, put_off.error) == ("approved", "банк не ответил, спросим ещё раз")
    assert proposals.due() == []
    bank.fault(errors=0)
    later(at)
    assert work.carry_out_all() == 1
    assert (state(approved), Proposal.get_by_id(approved.id).error) == ("done", "")
    assert bank.captured() == credited(anna.account) == DEBT - PART


def test_lost_answer_gives_nothing_twice(
    anna: Person, bank: StandIn, approved: Proposal, at: Callable[[str], Any]
) -> None:
    bank.fault(delay=1.5)
    work.carry_out(approved.id)
    assert state(approved) == "approved"
    bank.fault(delay=0)
    later(at)
    work.carry_out_all()
    assert state(approved) == "done"
    assert bank.captured() == credited(anna.account) == DEBT - PART


@pytest.mark.parametrize("dies_in", ["ask_refund", "refund_answered", "done"])
def test_worker_killed_anywhere_gives_nothing_twice(
    anna: Person,
    bank: StandIn,
    approved: Proposal,
    at: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
    dies_in: str,
) -> None:
    """Killed before the bank was asked, after it said yes, after the money was counted: the next try ends it."""
    place = approvals if dies_in == "done" else acquiring

    def dies(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(place, dies_in, dies)
        with pytest.raises(KeyboardInterrupt):
            work.carry_out(approved.id)
    assert state(approved) == "approved" and proposals.due() == []  # the lease holds
    later(at)
    assert work.carry_out_all() == 1
    assert state(approved) == "done"
    assert bank.captured() == credited(anna.account) == DEBT - PART


def test_yes_whose_new_state_was_not_told_is_counted_later(
    anna: Person,
    bank: StandIn,
    payment: Payment,
    approved: Proposal,
    at: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The bank gives back, then does not answer the question after it: the money is counted by the next try."""
    with monkeypatch.context() as patch:
        patch.setattr(payments, "_ask", lambda *_, **__: False)
        work.carry_out(approved.id)
    assert (state(approved), again(payment).refunded, bank.captured()) == ("approved", 0, DEBT - PART)
    later(at)
    work.carry_out_all()
    assert (state(approved), credited(anna.account)) == ("done", DEBT - PART)


def test_refunded_at_the_console_meanwhile_is_not_refunded_again(
    anna: Person, bank: StandIn, payment: Payment, approved: Proposal
) -> None:
    payments.refund(payment.id, PART)
    work.carry_out(approved.id)
    ended = Proposal.get_by_id(approved.id)
    assert ended.state == "failed" and "уже возвращали" in ended.error
    assert bank.captured() == credited(anna.account) == DEBT - PART


def test_demand_of_the_console_without_an_answer_stops_it(
    anna: Person, bank: StandIn, payment: Payment, approved: Proposal
) -> None:
    acquiring.ask_refund(payment.id, 5_000)
    work.carry_out(approved.id)
    assert state(approved) == "failed" and bank.captured() == DEBT


def test_second_refund_after_one_told_by_a_callback(
    anna: Person, bank: StandIn, payment: Payment, oleg: Employee, irina: Employee, at: Callable[[str], Any]
) -> None:
    """The demand of an earlier refund is met, but was never closed: it does not stand in the next one's way."""
    acquiring.ask_refund(payment.id, 5_000)
    payments._desk.bank.refund(payment.order_id, 5_000, key=f"{payment.number}-5000")  # type: ignore[union-attr]
    payments.check(payment.id)
    assert (again(payment).refunded, again(payment).returning) == (5_000, 5_000)
    subject, data = proposal_kinds.of_payment(payment.number, PART)
    made = approvals.propose("payment.refund", subject, data, "Заплатил дважды", oleg.id)
    approvals.approve(made.id, irina.id)
    work.carry_out(made.id)
    assert (state(made), bank.captured()) == ("done", DEBT - 5_000 - PART)


def test_fault_of_ours_waits_for_the_next_try(
    anna: Person, bank: StandIn, approved: Proposal, at: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: Any) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(work, "WORK", {"payment.refund": breaks})
    work.carry_out(approved.id)
    assert state(approved) == "approved" and "внутренняя ошибка" in Proposal.get_by_id(approved.id).error
    monkeypatch.undo()
    assert state(approved) == "approved"


def test_tries_become_rarer_and_never_cease(bank: StandIn, approved: Proposal, at: Callable[[str], Any]) -> None:
    pauses = []
    for tries in (1, 2, 3, 6, 7, 60):
        Proposal.update(tries=tries).where(Proposal.id == approved.id).execute()
        proposal = Proposal.get_by_id(approved.id)
        proposals.put_off(proposal, "банк не ответил")
        pauses.append((Proposal.get_by_id(approved.id).next_try_at - proposals.clock.now()).total_seconds() // 60)
    assert pauses == [1, 2, 4, 32, 60, 60]


def test_background_knows_every_kind_that_the_portal_cannot_do_alone() -> None:
    assert set(work.WORK) == {code for code, kind in approvals.KINDS.items() if kind.do is None}
    assert timetable.BELLS["carry_out_proposal"] is work.carry_out
    assert work.carry_out_all in [job for job, _ in timetable.JOBS]
