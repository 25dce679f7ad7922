"""What accounts owe past its day: what a notice of a debt speaks of."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, NamedTuple

from peewee import fn

from models.base import pairs
from models.billing.bills import ISSUED, Bill
from models.billing.ledger import Balance

_LONGEST = 36  # months that are counted back


class Debt(NamedTuple):
    """Kopecks whose day to pay is over, and for how many of the last months they are owed."""

    kopecks: int
    months: int


class _Month(NamedTuple):
    due_on: date
    cost: int


def past_due(account_ids: Collection[int], day: date) -> dict[int, Debt]:
    """The debts of those accounts that have one: what is owed for each service, less the bills that may still be paid in time.

    Payments settle what is oldest, so a debt is owed for the last months.
    """
    query = Balance.select(Balance.account, fn.SUM(Balance.amount)).group_by(Balance.account)
    owed = {one: int(sum_) for one, sum_ in pairs(query.where(Balance.account.in_(account_ids), Balance.amount > 0))}
    bills = _bills(list(owed))
    found = {one: _debt(kopecks, bills.get(one, ()), day) for one, kopecks in owed.items()}
    return {one: debt for one, debt in found.items() if debt.kopecks > 0}


def _bills(account_ids: list[int]) -> dict[int, list[_Month]]:
    """The months by account, the newest first."""
    cost = Bill.charged + Bill.recalculated + Bill.penalty
    query: Any = Bill.select(Bill.account, Bill.due_on, cost).where(Bill.account.in_(account_ids), Bill.state == ISSUED)
    found: dict[int, list[_Month]] = {}
    for account, due_on, kopecks in query.order_by(Bill.period.desc()).tuples():
        found.setdefault(account, []).append(_Month(due_on, int(kopecks)))
    return found


def _debt(owed: int, bills: Sequence[_Month], day: date) -> Debt:
    kopecks = owed - sum(max(bill.cost, 0) for bill in bills if bill.due_on >= day)
    left, months = kopecks, 0
    for bill in [bill for bill in bills if bill.due_on < day][:_LONGEST]:
        if left <= 0:
            break
        left -= max(bill.cost, 0)
        months += 1
    return Debt(kopecks, max(months, 1))
