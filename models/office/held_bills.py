"""Bills that wait for somebody: held because they look strange, or failed; what the office looks through and proposes about."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from peewee import ModelSelect, fn

from models import clock, periods
from models.base import pairs
from models.billing.bills import FAILED, HELD, ISSUED, Bill, Charge, line_of
from models.billing.shown import Line, Service
from models.metering.accounts import Account
from models.office.proposal_kinds import MOST_BILLS
from models.office.proposals import live_accounts

PAGE = 50  # rows
MOST_MONTHS = 24  # looked back on
STATES = (HELD, FAILED)
_LONGEST = 100
_MONTHS = 12


@dataclass(frozen=True)
class Search:
    """What is looked for: a month, and if wished one state, a part of the reason, the beginning of an account number."""

    period: str
    state: str = ""
    reason: str = ""
    account: str = ""


class Found(NamedTuple):
    """A bill in the list; sums are kopecks, `usual` is the mean of the months before (None: too few)."""

    account: str
    number: str
    state: str
    reason: str
    charged: int
    total: int
    usual: int | None
    proposal: int | None  # that waits about it


class Sums(NamedTuple):
    """How many bills, and what they charge together in kopecks."""

    bills: int
    charged: int


def months() -> list[str]:
    """The months with bills that wait, the newest first; without any the last one billed."""
    newest = last_billed()
    return sorted(waiting_by_month(newest), reverse=True) or [newest] if newest else [periods.shift(clock.period(), -1)]


def last_billed() -> str | None:
    newest: str | None = Bill.select(fn.MAX(Bill.period)).scalar()
    return newest


def waiting_by_month(newest: str) -> dict[str, dict[str, int]]:
    """How many bills wait, by month and state, in the two years up to a month."""
    # The months are named: an index leads to them, while the states alone would read every bill there is.
    looked_at = [periods.shift(newest, -back) for back in range(MOST_MONTHS)]
    query: Any = Bill.select(Bill.period, Bill.state, fn.COUNT(Bill.id)).where(
        Bill.period.in_(looked_at), Bill.state.in_(STATES)
    )
    found: dict[str, dict[str, int]] = {}
    for period, state, count in query.group_by(Bill.period, Bill.state).tuples():
        found.setdefault(period, {})[state] = int(count)
    return found


def find(asked: Search, page: int = 1) -> list[Found]:
    """One page of the bills, by account number."""
    # Only ids are sorted: a bill's carry is long, and a month may hold ten thousand.
    query = _where(asked, Bill.select(Bill.id).join(Account)).order_by(Account.number).paginate(page, PAGE)
    ids = [bill.id for bill in query]
    return _found(asked.period, Bill.select(*_COLUMNS).join(Account).where(Bill.id.in_(ids)).order_by(Account.number))


def named(period: str, accounts: Iterable[str]) -> list[Found]:
    """The bills of these accounts in whatever state they are now."""
    query = Bill.select(*_COLUMNS).join(Account).where(Bill.period == period, Account.number.in_(list(accounts)))
    return _found(period, query.order_by(Account.number))


def sums(asked: Search) -> dict[str, Sums]:
    """What is found, by state."""
    charged = fn.COALESCE(fn.SUM(Bill.charged + Bill.recalculated + Bill.penalty), 0)
    query: Any = _where(asked, Bill.select(Bill.state, fn.COUNT(Bill.id), charged).join(Account)).group_by(Bill.state)
    return {state: Sums(int(count), int(total)) for state, count, total in query.tuples()}


def reasons(period: str) -> list[tuple[str, int]]:
    """The reasons without their numbers, with how many bills each: «больше обычного в», 312."""
    counted: dict[str, int] = {}
    query = Bill.select(Bill.reason, fn.COUNT(Bill.id)).where(Bill.period == period, Bill.state.in_(STATES))
    for reason, count in pairs(query.group_by(Bill.reason)):
        head = re.split(r"\d", reason, maxsplit=1)[0].strip(" :,") or reason
        counted[head] = counted.get(head, 0) + int(count)
    return sorted(counted.items(), key=lambda one: (-one[1], one[0]))


def numbers(asked: Search, most: int = MOST_BILLS + 1) -> list[str]:
    """The account numbers of all that is found and stands in no proposal yet, up to `most`."""
    taken = live_accounts(asked.period)
    query = _where(asked, Bill.select(Account.number).join(Account)).order_by(Account.number).tuples()
    free = (row[0] for row in query.iterator() if row[0] not in taken)
    return [number for number, _ in zip(free, range(most), strict=False)]


class Opened:
    """One bill of any state, with its lines by service and the months before it."""

    def __init__(self, number: str):
        self.bill: Bill | None = (
            Bill.select(Bill, Account).join(Account).where(Bill.number == number).first()
            if "\0" not in number
            else None
        )

    def found(self) -> Found:
        assert self.bill is not None  # noqa: S101  the view has answered 404
        return named(self.bill.period, [self.bill.account.number])[0]

    def services(self) -> list[tuple[Service, list[Line]]]:
        """Each service as it would stand, with what it is charged for."""
        assert self.bill is not None  # noqa: S101
        charges = Charge.select().where(Charge.bill == self.bill.id).order_by(Charge.place)
        lines = [line_of(one) for one in charges]
        services = [Service(**one) for one in self.bill.facts.get("services", ())]
        return [(one, [line for line in lines if line.service == one.code]) for one in services]

    def before(self) -> list[Any]:
        """The bills issued in the twelve months before, the newest first."""
        assert self.bill is not None  # noqa: S101
        query = Bill.select(Bill.period, Bill.charged, Bill.recalculated, Bill.penalty, Bill.volume, Bill.basis)
        earlier = (Bill.account == self.bill.account_id) & (Bill.state == ISSUED) & (Bill.period < self.bill.period)
        since = Bill.period >= periods.shift(self.bill.period, -_MONTHS)
        return list(query.where(earlier, since).order_by(Bill.period.desc()).namedtuples())


_COLUMNS = (
    Account.number, Bill.number, Bill.state, Bill.reason, Bill.charged, Bill.recalculated, Bill.penalty, Bill.total, Bill.carry,
)  # fmt: skip


def _where(asked: Search, query: ModelSelect[Any]) -> ModelSelect[Any]:
    query = query.where(
        Bill.period == asked.period, Bill.state.in_((asked.state,) if asked.state in STATES else STATES)
    )
    if reason := _typed(asked.reason):
        query = query.where(fn.LOWER(Bill.reason).contains(reason))
    if account := _typed(asked.account):
        query = query.where(Account.number.startswith(account.upper()))
    return query


def _typed(text: str) -> str:
    return " ".join(text.replace("\0", "").lower().split())[:_LONGEST]


def _found(period: str, query: ModelSelect[Any]) -> list[Found]:
    taken = live_accounts(period)
    rows: Any = query.tuples()
    return [
        Found(account, number, state, reason, charged + changed + penalty, total, _usual(carry), taken.get(account))
        for account, number, state, reason, charged, changed, penalty, total, carry in rows
    ]


def _usual(carry: dict[str, Any]) -> int | None:
    """The mean of the months before this one, as the run had it when it held the bill."""
    before = carry.get("usual", ())[:-1]
    return sum(before) // len(before) if before else None
