"""What waits for people, and whether the portal's own work goes on: counted so that it stays cheap at a million accounts.

A count stops at a thousand: nobody needs to know whether 4 000 or 5 000 readings wait, and the page must open at once on such a day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import SQL, DateTimeField, ModelSelect, fn

from models import audit_chain, clock, company, outbox, words
from models.audit import AuditRow
from models.base import compiled, pairs, param
from models.billing import bills
from models.billing.payments import DISPUTED, OPEN, Payment
from models.contact import bounces
from models.contact.appeals import assign_rules
from models.contact.appeals.rows import OPEN as OPEN_APPEALS
from models.contact.appeals.rows import REGISTERED, REOPENED, Appeal
from models.contact.callbacks import WAITING, Callback
from models.exchange import transfers
from models.exchange.transfers import Transfer
from models.metering import channels, readings, windows
from models.metering.orders import listing
from models.metering.orders.rows import Order
from models.metering.paperforms import second_look
from models.metering.paperforms.batches import Batch
from models.metering.readings import Reading
from models.office import held_bills, proposals
from models.office.inbox.opinions import OpinionAsked
from models.office.proposals import Proposal
from models.outbox import Message, sending

MOST = 1000
_RECENT = 50  # payments by card among which the acquirer's last answer is looked for
_BILLED = "period.billed"  # the deed of a whole run (billing/run.py)


@dataclass(frozen=True)
class Queue:
    """How many wait, up to MOST, and since when the first of them does."""

    count: int = 0
    oldest: datetime | None = None

    @property
    def is_more(self) -> bool:
        return self.count >= MOST

    @property
    def shown(self) -> str:
        return f"{words.number(MOST)}+" if self.is_more else words.number(self.count)


@dataclass(frozen=True)
class Batches:
    """Batches of paper forms that are open."""

    all: Queue
    mine: int


@dataclass(frozen=True)
class Bills:
    """Bills of the last billed month that wait for somebody, and those of months before that still do."""

    period: str | None
    held: int
    failed: int
    earlier: int = 0


@dataclass(frozen=True)
class Files:
    """Files that came in: checked and waiting for a press, waiting for a second person, being worked on."""

    checked: int
    to_approve: int
    working: int


@dataclass(frozen=True)
class Reception:
    """What waits for the office: appeals, orders to appoint or without a result, calls to make."""

    fresh: Queue  # appeals that nobody has taken
    overdue: int
    asked: int  # questions of colleagues that wait for this employee's opinion
    orders: int
    calls: int
    late_calls: int


@dataclass(frozen=True)
class Acquirer:
    """Payments whose end is not known yet, and when the bank answered last."""

    asked: Queue
    answered_at: datetime | None


@dataclass(frozen=True)
class Chain:
    """Up to which place the audit log is sealed, since when, and the first row that waits."""

    place: int
    sealed_at: datetime | None
    unsealed_since: datetime | None

    @property
    def is_late(self) -> bool:
        return self.unsealed_since is not None and clock.now() - self.unsealed_since > audit_chain.UNSEALED_FOR


@dataclass(frozen=True)
class Mail:
    """Messages that should have gone out by now, and when the last one went."""

    waiting: Queue
    sent_at: datetime | None


@dataclass(frozen=True)
class Billing:
    """The last run of all accounts that came to its end."""

    period: str
    at: datetime
    issued: int


@dataclass(frozen=True)
class Window:
    """Channels whose windows stand alike today."""

    channels: list[str]
    is_open: bool
    text: str


def held_readings() -> Queue:
    query = Reading.select(Reading.received_at.alias("at")).where(Reading.state == readings.HELD)
    return _queue(query.order_by(Reading.period))


def open_batches(employee_id: int) -> Batches:
    rows = pairs(Batch.select(Batch.opened_by, Batch.opened_at).where(Batch.closed_at.is_null()).limit(MOST))
    oldest = min((opened_at for _, opened_at in rows), default=None)
    return Batches(Queue(len(rows), oldest), sum(1 for owner, _ in rows if owner == employee_id))


def rows_to_check(employee_id: int) -> int:
    """Paper forms that this employee may read a second time."""
    return int(second_look.waiting(employee_id).limit(MOST).count())


def to_approve(employee_id: int, kinds: Sequence[str]) -> Queue:
    """Proposals of these kinds by others."""
    query = Proposal.select(Proposal.proposed_at.alias("at")).where(
        Proposal.state == proposals.WAITING, Proposal.kind.in_(list(kinds)), Proposal.proposed_by != employee_id
    )
    return _queue(query.order_by(Proposal.proposed_at))


def disputed_payments() -> Queue:
    return _queue(_payments(DISPUTED))


def bills_waiting() -> Bills:
    period = held_bills.last_billed()
    if period is None:
        return Bills(None, 0, 0)
    waiting = held_bills.waiting_by_month(period)
    last = waiting.pop(period, {})
    earlier = sum(sum(counts.values()) for counts in waiting.values())
    return Bills(period, last.get(bills.HELD, 0), last.get(bills.FAILED, 0), earlier)


def files_waiting() -> Files:
    states = (transfers.CHECKED, transfers.WAITING, *transfers.DUE)
    query = Transfer.select(Transfer.state, fn.COUNT(Transfer.id)).where(Transfer.state.in_(states))
    counts = dict(pairs(query.group_by(Transfer.state)))
    working = sum(counts.get(state, 0) for state in transfers.DUE)
    return Files(counts.get(transfers.CHECKED, 0), counts.get(transfers.WAITING, 0), working)


@compiled
def _reception() -> ModelSelect[Any]:
    is_fresh = assign_rules.is_nobodys() & Appeal.state.in_((REGISTERED, REOPENED))
    orders = Order.select(fn.COUNT(Order.id)).where(listing.is_waiting(param("today")))
    waits = (OpinionAsked.employee == param("me")) & OpinionAsked.given.is_null()
    asked = OpinionAsked.select(fn.COUNT(OpinionAsked.id)).where(waits)
    calls = Callback.select(fn.COUNT(Callback.id)).where(Callback.state == WAITING)
    return Appeal.select(
        fn.COUNT(Appeal.id).filter(is_fresh).alias("fresh"),
        fn.MIN(Appeal.registered_at).filter(is_fresh).alias("oldest"),
        fn.COUNT(Appeal.id).filter(Appeal.due_on < param("today")).alias("overdue"),
        asked.alias("asked"),
        orders.alias("orders"),
        calls.alias("calls"),
        calls.where(Callback.ends_at < param("now")).alias("late_calls"),
    ).where(Appeal.state.in_(OPEN_APPEALS))


def reception(employee_id: int) -> Reception:
    """In one query: the desk has many tiles."""
    found: Any = _reception.first(today=clock.today(), now=clock.now(), me=employee_id)
    fresh = Queue(found.fresh, _moment(found.oldest))
    return Reception(fresh, found.overdue, found.asked, found.orders, found.calls, found.late_calls)


def letters_waiting() -> Queue:
    """Messages that should have gone out by now."""
    due = (Message.state == outbox.WAITING) & (Message.due_at <= clock.now())
    return _queue(Message.select(Message.due_at.alias("at")).where(due).order_by(Message.due_at))


def mail() -> Mail:
    return Mail(letters_waiting(), sending.last_sent())


def letters_failed() -> Queue:
    """Messages of the last week that reached nobody."""
    return Queue(sending.failed(MOST))


def addresses_doubted() -> Queue:
    """Addresses that were suspended within a day, so many that no more are."""
    return Queue(bounces.are_too_many())


def acquirer() -> Acquirer:
    # A payment by card has no document of a reporter: with the channel that is an index whose rows lie in the order of ids.
    by_card = (Payment.channel == "web") & Payment.document.is_null()
    last = Payment.select(Payment.answered_at.alias("at")).where(by_card).order_by(Payment.id.desc()).limit(_RECENT)
    newest = last.alias("newest")
    asked, answered_at = _queue_beside(_payments(*OPEN), newest.select_from(fn.MAX(newest.c.at)))
    return Acquirer(asked, _moment(answered_at))


def chain() -> Chain:
    newest = audit_chain.newest_seal()
    waiting = AuditRow.select(fn.MIN(AuditRow.at)).where(AuditRow.place.is_null()).scalar()
    return Chain(newest.place if newest else 0, newest.at if newest else None, _moment(waiting))


def last_billing() -> Billing | None:
    query = AuditRow.select(AuditRow.subject, AuditRow.at, AuditRow.detail).where(AuditRow.deed == _BILLED)
    row = query.order_by(AuditRow.at.desc(), AuditRow.id.desc()).limit(1).namedtuples().first()
    return Billing(row.subject.partition(":")[2], row.at, row.detail.get("issued", 0)) if row else None


def windows_today() -> list[Window]:
    """Every channel's window, those that stand alike together, the open ones first."""
    today = clock.today()
    alike: dict[tuple[bool, str], list[str]] = {}
    for channel in channels.CHANNELS:
        if channel in company.current().windows:
            state = windows.of(channel, today)
            alike.setdefault((state.is_open, state.text), []).append(channel)
    return [
        Window(names, is_open, text) for (is_open, text), names in sorted(alike.items(), key=lambda one: not one[0][0])
    ]


def _payments(*states: str) -> ModelSelect[Any]:
    query = Payment.select(Payment.created_at.alias("at")).where(Payment.state.in_(states))
    return query.order_by(Payment.created_at) if len(states) == 1 else query


def _queue(query: ModelSelect[Any]) -> Queue:
    """The rows of a query that has one moment `at`, counted no further than MOST."""
    return _queue_beside(query, SQL("NULL"))[0]


def _queue_beside(query: ModelSelect[Any], other: Any) -> tuple[Queue, Any]:
    """The same, and one value more, in one query."""
    inner = query.limit(MOST).alias("waiting")
    count, oldest, value = inner.select_from(fn.COUNT(SQL("*")), fn.MIN(inner.c.at), other).tuples().first()
    return Queue(count, _moment(oldest)), value


def _moment(value: Any) -> datetime | None:
    """What an aggregate of moments gives: SQLite has text for it."""
    found: datetime | None = DateTimeField().python_value(value)
    return found
