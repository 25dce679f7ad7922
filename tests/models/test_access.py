"""Letting in whoever approves money takes two administrators."""

from __future__ import annotations

from typing import Any

import pytest

from models.base import Refusal
from models.billing.payments import Payment
from models.office import access_kinds, approvals, proposal_kinds
from models.outbox import Message
from models.people import employment
from models.people.staff import Employee
from tests import cast, paying


@pytest.fixture
def irina(db: Any) -> Employee:
    return cast.employee("administrator", email="irina@example.ru")


@pytest.fixture
def marta(db: Any) -> Employee:
    return cast.employee("administrator", email="marta@example.ru")


def proposed(by: Employee, asked: tuple[str, dict[str, Any]]) -> approvals.Proposal:
    return approvals.propose(access_kinds.ACCESS, *asked, "Ирина уходит в отпуск", by.id)


def test_an_administrator_is_taken_on_by_two(irina: Employee, marta: Employee) -> None:
    proposal = proposed(irina, access_kinds.to_add("second@example.ru", "administrator", "Вторая", ""))
    assert Employee.by_email("second@example.ru") is None
    with pytest.raises(Refusal, match="другой сотрудник"):
        approvals.approve(proposal.id, irina.id)
    approvals.approve(proposal.id, marta.id)
    assert Employee.by_email("second@example.ru").role == "administrator"
    assert Message.get(Message.to == "second@example.ru").letter == "staff_invited"


def test_a_clerk_is_raised_and_an_administrator_let_in_anew_by_two(irina: Employee, marta: Employee) -> None:
    clerk = cast.employee("clerk")
    approvals.approve(proposed(irina, access_kinds.to_change(clerk, "administrator", "Галина", "")).id, marta.id)
    assert Employee.get_by_id(clerk.id).role == "administrator"
    approvals.approve(proposed(irina, access_kinds.to_reset(clerk)).id, marta.id)
    assert Employee.get_by_id(clerk.id).password_hash == ""
    employment.close(clerk.id)
    approvals.approve(proposed(marta, access_kinds.to_reset(Employee.get_by_id(clerk.id))).id, irina.id)
    assert Employee.get_by_id(clerk.id).is_open


def test_alone_one_is_told_of_the_console(irina: Employee) -> None:
    with pytest.raises(Refusal, match="flask --app app staff add"):
        proposed(irina, access_kinds.to_add("second@example.ru", "administrator", "Вторая", ""))


def test_what_has_changed_meanwhile_is_not_approved(irina: Employee, marta: Employee) -> None:
    clerk = cast.employee("clerk")
    proposal = proposed(irina, access_kinds.to_change(clerk, "administrator", "Галина", ""))
    employment.change(clerk.id, "operator", "Галина", "", by=irina.id)
    with pytest.raises(Refusal, match="изменились"):
        approvals.approve(proposal.id, marta.id)
    assert Employee.get_by_id(clerk.id).role == "operator"


def test_an_operator_neither_proposes_nor_approves_access(irina: Employee, marta: Employee) -> None:
    oleg = cast.employee("operator")
    asked = access_kinds.to_add("second@example.ru", "administrator", "Вторая", "")
    with pytest.raises(Refusal, match="нет такого права"):
        proposed(oleg, asked)
    with pytest.raises(Refusal, match="нет такого права"):
        approvals.approve(proposed(irina, asked).id, oleg.id)


def test_who_alone_let_an_operator_in_does_not_approve_what_they_propose(irina: Employee, marta: Employee) -> None:
    """Else one could reset an operator, propose as them and approve as oneself."""
    oleg = cast.employee("operator")
    anna = cast.anna()
    payment = paying.ordered(anna)
    Payment.update(state="disputed").where(Payment.id == payment.id).execute()
    employment.reset(oleg.id, by=irina.id)
    about, data = proposal_kinds.of_payment(payment.number, 0)
    proposal = approvals.propose("payment.settle", about, data, "Банк не брал", oleg.id)
    with pytest.raises(Refusal, match="открывали вы"):
        approvals.approve(proposal.id, irina.id)
    assert approvals.approve(proposal.id, marta.id).state == "done"
