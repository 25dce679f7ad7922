"""E-receipts: the letter with a bill, written when the bill is issued, in the same transaction, once a bill."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, NamedTuple

from peewee import ModelSelect, Value, fn

from models import clock, periods
from models.base import compiled, insert_rows, param
from models.billing import delivery
from models.billing.bills import Bill
from models.metering.accounts import Account
from models.outbox.messages import (
    BOUNCED,
    CANCELLED,
    EXPIRED,
    FAILED,
    SENDING,
    SENT,
    WAITING,
    WITHHELD,
    Message,
    drafted,
)
from models.people.customers import subject

LETTER = "e_receipt"
_KEY = "e-receipt:"
_ON_ITS_WAY = (WAITING, SENDING, SENT)
_LOST = (FAILED, WITHHELD, EXPIRED, BOUNCED, CANCELLED)


class Issued(NamedTuple):
    """A bill that has just been issued; `total` is what is owed with it, kopecks, negative when paid in advance."""

    id: int
    account: int
    total: int
    due_on: date


@compiled
def payer() -> ModelSelect[Any]:
    """The account of this number, as far as its bill on paper needs it: 100,000 letters ask."""
    return Account.select(Account.id, Account.number, Account.access_code).where(Account.number == param("number"))


def are_news(period: str, issued_on: date) -> bool:
    """Whether bills of a period are worth a letter: issued today, not a history that is loaded at once."""
    return issued_on == clock.today() and period >= periods.shift(clock.period(), -1)


def post(period: str, issued: Iterable[Issued]) -> int:
    """Write the letters for those of the bills that go by e-mail; how many do. Call inside the transaction that issues them."""
    bills = {one.account: one for one in issued}
    readers = delivery.receivers(bills)
    rows = [
        drafted(
            LETTER,
            reader.email,
            {
                "account": reader.account,
                "period": period,
                "kopecks": bills[account].total,
                "due": bills[account].due_on.isoformat(),
            },
            key=key(bills[account].id),
            subject=subject(reader.customer_id),
            account=reader.account,
        )
        for account, reader in readers.items()
    ]
    insert_rows(Message, rows)
    return len(rows)


def next_period(account_id: int) -> str:
    """The month that the account's next bill is for."""
    last = Bill.select(fn.MAX(Bill.period)).where(Bill.account == account_id).scalar()
    return max(periods.shift(last, 1), periods.shift(clock.period(), -1)) if last else clock.period()


def is_on_its_way() -> Any:
    """For a query of bills: whether the bill's letter waits or has gone; one that failed or came back counts for nothing."""
    own = Message.key == Value(_KEY).concat(Bill.id.cast("text"))
    return fn.EXISTS(Message.select(Message.id).where(own, Message.state.in_(_ON_ITS_WAY)))


def failed_since(moment: datetime) -> ModelSelect[Any]:
    """The ids of the bills whose letter, written before that moment, has reached its end after it and nobody by it; for other queries."""
    ours = (Message.letter == LETTER) & (fn.SUBSTR(Message.key, 1, len(_KEY)) == _KEY)
    ended = Message.state.in_(_LOST) & (Message.created_at <= moment) & (Message.ended_at > moment)
    return Message.select(fn.SUBSTR(Message.key, len(_KEY) + 1).cast("integer")).where(ours, ended)


def key(bill_id: int) -> str:
    """What keeps a bill from being sent twice."""
    return f"{_KEY}{bill_id}"
