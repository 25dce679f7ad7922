"""What an account owes now, and by which bill: what the home page, the list of bills and a bill begin with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from peewee import JOIN, ModelSelect, fn

from models import periods
from models.base import compiled, pairs, param
from models.billing import ledger
from models.billing.bills import ISSUED, Bill
from models.billing.ledger import Balance
from models.billing.payments import OPEN, Payment
from models.metering.accounts import Account


class Parts(NamedTuple):
    """What a debt is made of, kopecks: the debt from before the last bill, its month, its penalties."""

    past: int
    month: int
    penalty: int


@dataclass(frozen=True)
class Owed:
    """Kopecks by service, the last issued bill and the one before it, the number of an order still open at the acquirer."""

    by_service: dict[str, int]
    bill: Any | None
    before: Any | None
    unfinished: str
    first_period: str  # of the first bill; empty: none was issued

    @property
    def total(self) -> int:
        """The whole balance; negative: paid in advance."""
        return sum(self.by_service.values())

    @property
    def debts(self) -> dict[str, int]:
        """The services in debt."""
        return {code: amount for code, amount in self.by_service.items() if amount > 0}

    @property
    def advances(self) -> dict[str, int]:
        """The services paid in advance, as positive sums: an advance for one service pays no debt for another."""
        return {code: -amount for code, amount in self.by_service.items() if amount < 0}

    @property
    def due(self) -> int:
        """What is to be paid now: the debts alone."""
        return sum(self.debts.values())

    @property
    def parts(self) -> Parts | None:
        """The debt taken apart, where it holds more than the last month; payments settle what is oldest.

        None: the month alone, or an advance stands beside the debt.
        """
        if not self.bill or self.advances:
            return None
        month, penalty = self.bill.charged + self.bill.recalculated, self.bill.penalty
        past = self.due - month - penalty
        return Parts(past, month, penalty) if past >= 0 and (past or penalty > 0) and month >= 0 else None

    def days_left(self, today: date) -> int:
        """Days to pay the last bill in time; negative: so many have passed."""
        return (self.bill.due_on - today).days if self.bill else 0

    @property
    def difference(self) -> int | None:
        """How much more the last month cost than the month before it; None: there is nothing to compare with."""
        if not self.bill or not self.before or periods.shift(self.before.period, 1) != self.bill.period:
            return None
        return _cost(self.bill) - _cost(self.before)


@compiled
def _newest() -> ModelSelect[Any]:
    """The last two issued bills of an account; one row without a bill where there is none."""
    all_bills = Bill.alias()
    first = all_bills.select(fn.MIN(all_bills.period)).where(
        all_bills.account == param("account"), all_bills.state == ISSUED
    )
    order = Payment.select(fn.MIN(Payment.number)).where(Payment.account == param("account"), Payment.state.in_(OPEN))
    return (
        Account.select(
            Bill.period, Bill.due_on, Bill.issued_on, Bill.number, Bill.charged, Bill.recalculated, Bill.penalty, Bill.total,
            first.alias("first_period"), order.alias("unfinished"),
        )
        .join(Bill, JOIN.LEFT_OUTER, on=(Bill.account == Account.id) & (Bill.state == ISSUED))
        .where(Account.id == param("account"))
        .order_by(Bill.period.desc())
        .limit(2)
    )  # fmt: skip


def now(account_id: int) -> Owed:
    rows = _newest(account=account_id)
    billed = [row for row in rows if row.period]
    return Owed(
        ledger.by_service(account_id),
        billed[0] if billed else None,
        billed[1] if len(billed) > 1 else None,
        (rows[0].unfinished or "") if rows else "",
        (rows[0].first_period or "") if rows else "",
    )


def due_by_number(numbers: Iterable[str]) -> dict[str, int]:
    """What is to be paid now for each of these accounts that has a debt, kopecks: as `Owed.due`."""
    own = Balance.select(Account.number, fn.SUM(Balance.amount)).join(Account).group_by(Account.number)
    return {number: int(due) for number, due in pairs(own.where(Account.number.in_(list(numbers)), Balance.amount > 0))}


def _cost(bill: Any) -> int:
    return int(bill.charged + bill.recalculated + bill.penalty)
