"""Four eyes: who proposes never approves, what has changed meanwhile is not done, and each decision is made once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from time import sleep
from typing import Any

import pytest
from peewee import Database

from models import doctor
from models.audit import AuditRow
from models.base import Refusal
from models.billing import acquiring, ledger, payments, run
from models.billing.bills import Bill
from models.billing.payments import Payment
from models.billing.tariffs import Tariff
from models.metering.readings import Reading
from models.office import approvals, desk, proposal_kinds, proposals
from models.office.proposals import Proposal
from models.people.staff import Employee
from tests import cast, prices
from tests.crowd import at_once

AMOUNT = 129_900
NOVEMBER = "2026-11"
WHY = "Абонент заплатил дважды"


@pytest.fixture
def oleg(db: Database) -> Employee:
    return cast.employee("operator", email="oleg@example.ru")


@pytest.fixture
def irina(db: Database) -> Employee:
    return cast.employee("administrator", email="irina@example.ru")


@pytest.fixture
def marta(db: Database) -> Employee:
    return cast.employee("administrator", email="marta@example.ru")


@pytest.fixture
def anna(db: Database) -> cast.Person:
    prices.load()
    return cast.anna()


def payment_of(anna: cast.Person, state: str = payments.PAID) -> Payment:
    """A payment by card, paid or in dispute."""
    made = payments.start(
        anna.account, {"electricity": AMOUNT}, customer_id=anna.id, email="anna@example.ru", key="k", consented=True
    )
    acquiring.registered(made.id, "order-1", "https://bank.example/pay")
    said = 0 if state == payments.DISPUTED else AMOUNT
    acquiring.learn(made.id, acquiring.Word(made.number, "order-1", "paid", AMOUNT, deposited=said, card="5555**4444"))
    fresh = Payment.get_by_id(made.id)
    assert fresh.state == state
    return fresh


def refund(by: Employee, payment: Payment, kopecks: int = AMOUNT, **more: Any) -> Proposal:
    subject, data = proposal_kinds.of_payment(payment.number, kopecks)
    return approvals.propose("payment.refund", subject, data, more.pop("reason", WHY), by.id, **more)


def settle(by: Employee, payment: Payment, kopecks: int = AMOUNT) -> Proposal:
    subject, data = proposal_kinds.of_payment(payment.number, kopecks)
    return approvals.propose("payment.settle", subject, data, "Банк показал выписку", by.id)


def about_bills(by: Employee, kind: str, *numbers: str, period: str = NOVEMBER) -> Proposal:
    subject, data = proposal_kinds.of_bills(period, numbers)
    return approvals.propose(kind, subject, data, "Звонили абоненту, расход верный", by.id)


@pytest.fixture
def held(anna: cast.Person, at: Callable[[str], Any]) -> cast.Person:
    """Anna's November bill is held: twenty thousand kilowatt-hours."""
    for month in ("2026-08", "2026-09", "2026-10"):
        run.bill(month)
    cast.read(anna.meter, "2026-11-20", 6320 + 20_000, 2660)
    at("2026-12-03T10:00")
    assert run.bill(NOVEMBER).held_count == 1
    return anna


def rule(raised: Any) -> str:
    return str(raised.value.problems[0].rule)


def wrong_money() -> list[str]:
    """What doctor says of bills and ledger: the audit's seals wait for a worker."""
    return [one for one in doctor.complaints() if not one.startswith("audit")]


def deeds() -> list[str]:
    rows = AuditRow.select().where(AuditRow.deed.startswith("proposal.")).order_by(AuditRow.id)
    return [row.deed.removeprefix("proposal.") for row in rows]


# ---- proposing


def test_nothing_is_done_by_proposing(anna: cast.Person, oleg: Employee) -> None:
    payment = payment_of(anna, payments.DISPUTED)
    made = settle(oleg, payment)
    assert (made.state, made.proposed_by_id, made.facts["amount"]) == ("waiting", oleg.id, AMOUNT)
    assert Payment.get_by_id(payment.id).state == "disputed" and ledger.balance(anna.account.id) == 0
    assert deeds() == ["made"]


def test_clerk_proposes_no_money(anna: cast.Person) -> None:
    clerk = cast.employee("clerk")
    with pytest.raises(Refusal) as raised:
        refund(clerk, payment_of(anna))
    assert rule(raised) == "proposal.right" and not Proposal.select().exists()


@pytest.mark.parametrize("reason", ["", "  \n ", "я" * 501])
def test_reason_is_said(anna: cast.Person, oleg: Employee, reason: str) -> None:
    with pytest.raises(Refusal) as raised:
        refund(oleg, payment_of(anna), reason=reason)
    assert raised.value.problems[0].field == "reason"


@pytest.mark.parametrize("kopecks", [0, -1, AMOUNT + 1])
def test_no_more_is_proposed_back_than_was_paid(anna: cast.Person, oleg: Employee, kopecks: int) -> None:
    with pytest.raises(Refusal, match="Вернуть можно от копейки до") as raised:
        refund(oleg, payment_of(anna), kopecks)
    assert raised.value.problems[0].field == "amount"


def test_only_what_the_card_paid_is_given_back_to_it(anna: cast.Person, oleg: Employee) -> None:
    cash = payments.take_external(anna.account.id, 5000, channel="cash", document="1", day=date(2026, 11, 10))
    with pytest.raises(Refusal) as raised:
        refund(oleg, cash, 5000)  # type: ignore[arg-type]
    assert rule(raised) == "refund.state"


def test_payment_that_does_not_exist(oleg: Employee) -> None:
    with pytest.raises(Refusal, match="нет"):
        approvals.propose("payment.refund", *proposal_kinds.of_payment("2611-NONESUCH", 1), WHY, oleg.id)


def test_second_proposal_about_the_same_waits_for_the_first(anna: cast.Person, oleg: Employee, irina: Employee) -> None:
    payment = payment_of(anna)
    first = refund(oleg, payment, 100)
    with pytest.raises(Refusal, match=f"№ {first.id}") as raised:
        refund(irina, payment, 200)
    assert rule(raised) == "proposal.live"
    approvals.withdraw(first.id, oleg.id)
    assert refund(irina, payment, 200).state == "waiting"


def test_same_form_twice_is_one_proposal(anna: cast.Person, oleg: Employee, irina: Employee) -> None:
    payment = payment_of(anna)
    first = refund(oleg, payment, key="form")
    assert refund(oleg, payment, key="form").id == first.id
    approvals.refuse(first.id, irina.id, "нет")
    assert refund(oleg, payment, key="form").id == first.id  # Back and Enter again: decided already
    assert refund(oleg, payment, 100, key="form").id != first.id


def test_same_form_at_once_is_one_proposal(anna: cast.Person, oleg: Employee) -> None:
    payment = payment_of(anna)
    done = at_once(8, lambda _: refund(oleg, payment, key="form").id)
    assert len(set(done)) == 1 and Proposal.select().count() == 1


def test_two_forms_at_once_leave_one_waiting(anna: cast.Person, oleg: Employee) -> None:
    payment = payment_of(anna)
    done = at_once(8, lambda i: refund(oleg, payment, 100 + i))
    assert sum(isinstance(one, Proposal) for one in done) == 1
    assert {rule_of(one) for one in done if not isinstance(one, Proposal)} == {"proposal.live"}


def rule_of(error: Any) -> str:
    assert isinstance(error, Refusal), repr(error)
    return error.problems[0].rule


# ---- deciding


def test_dispute_is_settled_by_two(anna: cast.Person, oleg: Employee, irina: Employee) -> None:
    payment = payment_of(anna, payments.DISPUTED)
    made = settle(oleg, payment, 100_000)
    ended = approvals.approve(made.id, irina.id, "Сверила")
    fresh = Payment.get_by_id(payment.id)
    assert (ended.state, fresh.state, fresh.amount) == ("done", "paid", 100_000)
    assert ledger.balance(anna.account.id) == -100_000
    assert Proposal.get_by_id(made.id).outcome.replace("\u202f", " ") == "засчитано 1 000,00\u00a0₽"


def test_no_more_is_settled_than_was_ordered(anna: cast.Person, oleg: Employee) -> None:
    payment = payment_of(anna, payments.DISPUTED)
    with pytest.raises(Refusal, match="можно не больше"):
        settle(oleg, payment, AMOUNT + 1)
    assert settle(oleg, payment, AMOUNT).state == proposals.WAITING


def test_dispute_settled_with_nothing_closes_the_payment(anna: cast.Person, oleg: Employee, irina: Employee) -> None:
    payment = payment_of(anna, payments.DISPUTED)
    approvals.approve(settle(oleg, payment, 0).id, irina.id)
    assert Payment.get_by_id(payment.id).state == "failed" and ledger.balance(anna.account.id) == 0


def test_nobody_approves_their_own(anna: cast.Person, irina: Employee) -> None:
    made = settle(irina, payment_of(anna, payments.DISPUTED))
    for decide in (lambda: approvals.approve(made.id, irina.id), lambda: approvals.refuse(made.id, irina.id, "нет")):
        with pytest.raises(Refusal) as raised:
            decide()
        assert rule(raised) == "proposal.own"
    assert Proposal.get_by_id(made.id).state == "waiting" and ledger.balance(anna.account.id) == 0


def test_operator_approves_nothing(anna: cast.Person, oleg: Employee, irina: Employee) -> None:
    made = settle(irina, payment_of(anna, payments.DISPUTED))
    with pytest.raises(Refusal) as raised:
        approvals.approve(made.id, oleg.id)
    assert rule(raised) == "proposal.right"


@pytest.mark.parametrize("loses", [{"role": "auditor"}, {"closed_at": "now"}])
@pytest.mark.parametrize("who", ["proposer", "approver"])
def test_right_lost_meanwhile_decides_nothing(
    anna: cast.Person, oleg: Employee, irina: Employee, who: str, loses: dict[str, Any]
) -> None:
    made = settle(oleg, payment_of(anna, payments.DISPUTED))
    facts = {"closed_at": made.proposed_at} if "closed_at" in loses else loses
    Employee.update(**facts).where(Employee.id == (oleg if who == "proposer" else irina).id).execute()
    with pytest.raises(Refusal) as raised:
        approvals.approve(made.id, irina.id)
    assert rule(raised) == "proposal.right"
    assert Proposal.get_by_id(made.id).state == "waiting" and ledger.balance(anna.account.id) == 0


def test_refusal_says_why(anna: cast.Person, oleg: Employee, irina: Employee) -> None:
    made = settle(oleg, payment_of(anna, payments.DISPUTED))
    with pytest.raises(Refusal) as raised:
        approvals.refuse(made.id, irina.id, " ")
    assert raised.value.problems[0].field == "note"
    approvals.refuse(made.id, irina.id, "Нет выписки")
    assert (Proposal.get_by_id(made.id).state, Proposal.get_by_id(made.id).note) == ("refused", "Нет выписки")
    with pytest.raises(Refusal, match="уже решено"):
        approvals.approve(made.id, irina.id)


def test_only_the_proposer_withdraws(anna: cast.Person, oleg: Employee, irina: Employee) -> None:
    made = settle(oleg, payment_of(anna, payments.DISPUTED))
    with pytest.raises(Refusal) as raised:
        approvals.withdraw(made.id, irina.id)
    assert rule(raised) == "proposal.other"
    approvals.withdraw(made.id, oleg.id)
    assert Proposal.get_by_id(made.id).state == "withdrawn"


@pytest.mark.parametrize("decide", [approvals.approve, approvals.withdraw])
def test_proposal_that_does_not_exist(irina: Employee, decide: Callable[[int, int], Any]) -> None:
    with pytest.raises(Refusal) as raised:
        decide(987_654, irina.id)
    assert rule(raised) == "proposal.unknown"


def test_dispute_settled_at_the_console_meanwhile(anna: cast.Person, oleg: Employee, irina: Employee) -> None:
    payment = payment_of(anna, payments.DISPUTED)
    made = settle(oleg, payment)
    acquiring.settle_by_hand(payment.id, 5_000, "по телефону")
    assert "не на выяснении" in approvals.stands(made)
    with pytest.raises(Refusal) as raised:
        approvals.approve(made.id, irina.id)
    assert rule(raised) == "proposal.stale"
    assert ledger.balance(anna.account.id) == -5_000


def test_money_given_back_meanwhile(anna: cast.Person, oleg: Employee, irina: Employee) -> None:
    payment = payment_of(anna)
    made = refund(oleg, payment, 30_000)
    word = acquiring.Word(payment.number, "order-1", "refunded", AMOUNT, deposited=AMOUNT, refunded=30_000)
    acquiring.learn(payment.id, word)
    with pytest.raises(Refusal, match="изменились") as raised:
        approvals.approve(made.id, irina.id)
    assert rule(raised) == "proposal.stale"


def test_money_being_given_back_meanwhile(anna: cast.Person, oleg: Employee, irina: Employee) -> None:
    payment = payment_of(anna)
    made = refund(oleg, payment, 30_000)
    acquiring.ask_refund(payment.id, 1_000)
    with pytest.raises(Refusal, match="Банк ещё не ответил"):
        approvals.approve(made.id, irina.id)


def test_refund_approved_waits_for_the_background(anna: cast.Person, oleg: Employee, irina: Employee) -> None:
    made = refund(oleg, payment_of(anna), 30_000)
    assert proposals.due() == []
    assert approvals.approve(made.id, irina.id).state == "approved"
    assert proposals.due() == [made.id]
    assert ledger.balance(anna.account.id) == -AMOUNT


def test_both_people_are_in_the_audit_log(anna: cast.Person, oleg: Employee, irina: Employee) -> None:
    payment = payment_of(anna, payments.DISPUTED)
    approvals.approve(settle(oleg, payment).id, irina.id)
    rows = list(AuditRow.select().where(AuditRow.deed.startswith("proposal.")).order_by(AuditRow.id))
    assert [row.deed for row in rows] == ["proposal.made", "proposal.approved", "proposal.done"]
    assert {row.subject for row in rows} == {f"payment:{payment.number}"}
    assert rows[1].detail["proposed_by"] == oleg.subject and rows[1].detail["decided_by"] == irina.subject


# ---- bills


def test_held_bill_is_issued_by_two(held: cast.Person, oleg: Employee, irina: Employee) -> None:
    bill = Bill.get(Bill.account == held.account, Bill.period == NOVEMBER)
    made = about_bills(oleg, "bills.issue", held.account.number)
    assert (made.facts["charged"], made.facts["count"]) == (bill.charged + bill.recalculated + bill.penalty, 1)
    ended = approvals.approve(made.id, irina.id)
    assert (ended.state, ended.outcome) == ("done", "выставлено 1\u00a0счёт")
    assert Bill.get_by_id(bill.id).state == "issued"
    assert ledger.balance(held.account.id) == bill.total
    assert wrong_money() == []


def test_held_bill_is_worked_out_anew_by_two(held: cast.Person, oleg: Employee, irina: Employee) -> None:
    made = about_bills(oleg, "bills.redo", held.account.number)
    Reading.update(t1=6320 + 120, t2=2660 + 60).where(Reading.period == NOVEMBER).execute()
    ended = approvals.approve(made.id, irina.id)
    assert ended.outcome == "выставлено 1, снова задержано 0, не рассчитано 0"
    bill = Bill.get(Bill.account == held.account, Bill.period == NOVEMBER)
    assert (bill.state, bill.charged) == ("issued", 72_000)


def test_redone_bill_that_is_still_odd_is_held_again(held: cast.Person, oleg: Employee, irina: Employee) -> None:
    ended = approvals.approve(about_bills(oleg, "bills.redo", held.account.number).id, irina.id)
    assert ended.outcome == "выставлено 0, снова задержано 1, не рассчитано 0"
    assert about_bills(oleg, "bills.issue", held.account.number).state == "waiting"


def test_bill_redone_at_the_console_meanwhile_is_not_issued(held: cast.Person, oleg: Employee, irina: Employee) -> None:
    made = about_bills(oleg, "bills.issue", held.account.number)
    run.drop_held(NOVEMBER, [held.account.number])
    with pytest.raises(Refusal, match="больше нет"):
        approvals.approve(made.id, irina.id)
    Reading.update(t2=2660 + 1).where(Reading.period == NOVEMBER).execute()
    run.bill(NOVEMBER)
    with pytest.raises(Refusal, match="изменились"):
        approvals.approve(made.id, irina.id)
    assert Bill.get(Bill.account == held.account, Bill.period == NOVEMBER).state == "held"


def test_bill_redone_with_the_same_result_is_the_same_bill(held: cast.Person, oleg: Employee, irina: Employee) -> None:
    made = about_bills(oleg, "bills.issue", held.account.number)
    run.drop_held(NOVEMBER, [held.account.number])
    run.bill(NOVEMBER)
    assert approvals.approve(made.id, irina.id).state == "done"


def test_bill_issued_at_the_console_meanwhile(held: cast.Person, oleg: Employee, irina: Employee) -> None:
    made = about_bills(oleg, "bills.redo", held.account.number)
    run.issue_held(NOVEMBER)
    with pytest.raises(Refusal, match="уже выставлен"):
        approvals.approve(made.id, irina.id)
    assert ledger.balance(held.account.id) == Bill.get(Bill.period == NOVEMBER).total


def test_bill_in_a_waiting_proposal_is_in_no_other(held: cast.Person, oleg: Employee, irina: Employee) -> None:
    first = about_bills(oleg, "bills.issue", held.account.number)
    with pytest.raises(Refusal, match=f"№ {first.id}") as raised:
        about_bills(irina, "bills.redo", held.account.number)
    assert rule(raised) == "proposal.live"


def test_failed_bill_is_only_worked_out_anew(anna: cast.Person, oleg: Employee, irina: Employee) -> None:
    Tariff.update(until=date(2026, 10, 10)).where(Tariff.plan == 2).execute()
    run.bill("2026-10")
    with pytest.raises(Refusal, match="можно только пересчитать"):
        about_bills(oleg, "bills.issue", anna.account.number, period="2026-10")
    made = about_bills(oleg, "bills.redo", anna.account.number, period="2026-10")
    Tariff.update(until=None).execute()
    approvals.approve(made.id, irina.id)
    assert Bill.get(Bill.account == anna.account).state == "issued"


def test_no_bills_or_too_many_are_refused() -> None:
    with pytest.raises(Refusal, match="Отметьте"):
        proposal_kinds.of_bills(NOVEMBER, [])
    with pytest.raises(Refusal, match="За один раз"):
        proposal_kinds.of_bills(NOVEMBER, map(str, range(proposal_kinds.MOST_BILLS + 1)))


def test_deed_that_breaks_off_undoes_the_approval(
    held: cast.Person, oleg: Employee, irina: Employee, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = about_bills(oleg, "bills.redo", held.account.number)

    def breaks(*_: Any, **__: Any) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr(run, "bill", breaks)
    with pytest.raises(RuntimeError):
        approvals.approve(made.id, irina.id)
    assert Proposal.get_by_id(made.id).state == "waiting"
    assert Bill.get(Bill.account == held.account, Bill.period == NOVEMBER).state == "held"
    assert deeds() == ["made"]


# ---- at once


def test_two_approvers_at_once_do_it_once(anna: cast.Person, oleg: Employee, irina: Employee, marta: Employee) -> None:
    made = settle(oleg, payment_of(anna, payments.DISPUTED))
    done = at_once(8, lambda i: approvals.approve(made.id, (irina, marta)[i % 2].id))
    assert sum(isinstance(one, Proposal) for one in done) == 1
    assert {rule_of(one) for one in done if not isinstance(one, Proposal)} == {"proposal.decided"}
    assert ledger.balance(anna.account.id) == -AMOUNT
    assert deeds() == ["made", "approved", "done"]


def test_without_the_lock_and_the_move_two_would_do_it(
    anna: cast.Person, oleg: Employee, irina: Employee, marta: Employee, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test above is worth something: a look, then a deed, as one would write it first, decides several times."""
    made = refund(oleg, payment_of(anna))

    def naively(proposal_id: int, employee_id: int) -> bool:
        proposal = Proposal.get_by_id(proposal_id)
        if proposal.state != "waiting":
            return False
        sleep(0.05)
        proposal.state, proposal.decided_by = "approved", employee_id
        proposal.save()
        return True

    assert sum(at_once(4, lambda i: naively(made.id, (irina, marta)[i % 2].id))) > 1


def test_approval_against_withdrawal_ends_one_way(anna: cast.Person, oleg: Employee, irina: Employee) -> None:
    for n in range(4):
        payment = _disputed(anna, n)
        made = settle(oleg, payment)

        def decide(i: int, made: Proposal = made) -> Any:
            return approvals.approve(made.id, irina.id) if i % 2 else approvals.withdraw(made.id, oleg.id)

        at_once(6, decide)
        ended, fresh = Proposal.get_by_id(made.id), Payment.get_by_id(payment.id)
        assert (ended.state, fresh.state) in (("done", "paid"), ("withdrawn", "disputed"))
    counted = AMOUNT * Proposal.select().where(Proposal.state == "done").count()
    assert ledger.balance(anna.account.id) == -counted


def _disputed(anna: cast.Person, n: int) -> Payment:
    made = payments.start(
        anna.account, {"electricity": AMOUNT}, customer_id=anna.id, email="", key=f"k{n}", consented=True
    )
    acquiring.registered(made.id, f"order-{n}", "https://bank.example/pay")
    acquiring.learn(made.id, acquiring.Word(made.number, f"order-{n}", "paid", AMOUNT, deposited=1))
    return Payment.get_by_id(made.id)


def test_approval_against_the_console_counts_once(anna: cast.Person, oleg: Employee, irina: Employee) -> None:
    payment = payment_of(anna, payments.DISPUTED)
    made = settle(oleg, payment, 70_000)

    def work(i: int) -> Any:
        return approvals.approve(made.id, irina.id) if i % 2 else acquiring.settle_by_hand(payment.id, 40_000, "x")

    at_once(6, work)
    assert ledger.balance(anna.account.id) in (-70_000, -40_000)
    is_done = Proposal.get_by_id(made.id).state == "done"
    assert ledger.balance(anna.account.id) == (-70_000 if is_done else -40_000)
    assert wrong_money() == []


def test_issuing_against_the_console_issues_once(held: cast.Person, oleg: Employee, irina: Employee) -> None:
    made = about_bills(oleg, "bills.issue", held.account.number)
    at_once(6, lambda i: approvals.approve(made.id, irina.id) if i % 2 else run.issue_held(NOVEMBER))
    assert ledger.balance(held.account.id) == Bill.get(Bill.period == NOVEMBER).total
    assert wrong_money() == []


# ---- lists


def test_lists_tell_who_and_count_what_waits_for_others(
    anna: cast.Person, oleg: Employee, irina: Employee, marta: Employee
) -> None:
    made = settle(irina, payment_of(anna, payments.DISPUTED))
    kinds = approvals.seen_by("administrator")
    assert [(one.id, one.proposed_by.name) for one in proposals.waiting(kinds)] == [(made.id, "Irina")]
    assert approvals.seen_by("clerk") == [] and set(approvals.seen_by("operator")) == set(kinds) - {"people.access"}
    waiting = [desk.to_approve(one.id, approvals.decided_by(one.role)).count for one in (irina, marta, oleg)]
    assert waiting == [0, 1, 0]
    approvals.approve(made.id, marta.id)
    (ended,) = proposals.decided(kinds)
    assert (ended.decided_by.name, list(proposals.waiting(kinds))) == ("Marta", [])
    assert [one.id for one in proposals.about(made.subject)] == [made.id]


def test_every_kind_tells_what_will_happen(held: cast.Person, oleg: Employee) -> None:
    """No kind without words: whoever approves must know what they approve."""
    payment = payment_of(held)
    made = [refund(oleg, payment), about_bills(oleg, "bills.issue", held.account.number)]
    approvals.withdraw(made[1].id, oleg.id)
    made.append(about_bills(oleg, "bills.redo", held.account.number))
    Payment.update(state="disputed").where(Payment.id == payment.id).execute()
    made.append(settle(oleg, payment))
    assert {one.kind for one in made} == set(proposal_kinds.KINDS)
    for one in made:
        kind = approvals.KINDS[one.kind]
        lines = kind.describe(one.data, one.facts)
        assert lines[0][0] == "Что произойдёт" and all(title and text for title, text in lines)
        assert "₽" in kind.brief(one.data, one.facts)
