"""The portal's own check-up: what must hold in every database that is well."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from peewee import JOIN, PeeweeException, Value, fn

from models import audit_chain, clock, company, files, periods, schema
from models.audit import AuditRow
from models.base import database, is_sqlite, pairs
from models.billing.bills import FAILED, HELD, ISSUED, Bill, Charge
from models.billing.ledger import BILLED, PAYMENT, REFUND, Balance, Entry
from models.billing.payments import DISPUTED, OPEN, PAID, REFUNDED, Payment
from models.consents import Consent
from models.contact import bounces
from models.contact.appeals import check_up
from models.contact.incoming import Mailbox
from models.entrance import agreeing
from models.exchange import transfers
from models.metering import decisions, finding, readings
from models.metering.accounts import Account
from models.metering.closings import Closing
from models.metering.decisions import Decision
from models.metering.meters import Meter
from models.metering.readings import Reading, Receipt
from models.outbox import WAITING, Message, sending
from models.people.customers import Customer
from models.settings import Settings

_LONG_OPEN = timedelta(days=1)
_LONG_UNSENT = timedelta(minutes=30)
_LONG_UNREAD = timedelta(minutes=15)
_SOON = timedelta(minutes=2)  # a provider that is down is tried again each minute


def complaints() -> list[str]:
    """What is wrong, in words an administrator can act on; empty when all is well."""
    try:
        if pending := schema.pending(database.obj):
            return [f"database: migrations not applied: {', '.join(pending)}; run `flask --app app migrate`"]
        return [*_integrity(), *_readings(), *_people(), *_office(), *_money(), *audit_chain.verify()]
    except PeeweeException as error:
        return [f"database: {error}"]


def standing_still() -> list[str]:
    """What the background should have done by now: nothing is wrong with the data, but nobody looks after them."""
    try:
        return [*audit_chain.unsealed(), *_unsent(), *_unbelieved()]
    except PeeweeException:  # `complaints` has told it already
        return []


def reports(settings: Settings) -> list[str]:
    """Whether it becomes known which letters were not delivered."""
    if not settings.smtp or settings.is_demo:
        return []
    if settings.imap is None:
        wanted = "letters: neither KABINET_IMAP_URL nor KABINET_BOUNCE_KEY is set: what was not delivered stays unknown"
        return [] if settings.bounce_key else [wanted]
    try:
        box = Mailbox.get_or_none(Mailbox.folder == settings.imap.mailbox)
    except PeeweeException:  # `complaints` has told it already
        return []
    if box is not None and box.error:
        return [f"letters: the mailbox of reports cannot be read: {box.error}"]
    if box is not None and box.read_at is not None and box.read_at < clock.now() - _LONG_UNREAD:
        return [f"letters: the mailbox of reports was read last at {box.read_at!s:.16} UTC; does the worker run?"]
    return []


def _unsent() -> Iterator[str]:
    """Letters that nobody has taken up for a while, though nothing says they should wait."""
    now = clock.now()
    last = sending.last_sent()
    if last is not None and last > now - _LONG_UNSENT:  # a long mailing keeps its pace
        return
    waiting = Message.select(fn.COUNT(Message.id), fn.MIN(Message.created_at)).where(
        Message.state == WAITING, Message.due_at <= now + _SOON, Message.created_at < now - _LONG_UNSENT
    )
    count, since = waiting.tuples().first()
    if count:
        yield f"letters: {count} wait, the first since {since!s:.16} UTC; is KABINET_SMTP_URL set, does it answer, does the worker run?"


def _unbelieved() -> Iterator[str]:
    """So many letters come back that it is not the addresses."""
    if count := bounces.are_too_many():
        yield (
            f"letters: {count} addresses were suspended within a day, more than one letter in {bounces.ONE_IN}; no more are. "
            "Is our domain found, is the server on a list of spammers? What was said stands in /staff/messages/addresses"
        )


def other_company() -> list[str]:
    """Whether the demo in this database is of another company than the one whose rules hold now."""
    own = f"company:{company.current().code}"
    loaded = (
        AuditRow.select(AuditRow.subject).where(AuditRow.deed == "demo.loaded").order_by(AuditRow.id.desc()).first()
    )
    if loaded is None or loaded.subject == own:
        return []
    there = loaded.subject.partition(":")[2]
    return [f"database: it holds the demo of {there}; give {company.current().code} a KABINET_VAR_DIR of its own"]


def demo_leftovers() -> list[str]:
    """What the demo left behind: everybody knows its customers' password. A complaint in production."""
    demo = AuditRow.select(fn.COUNT(AuditRow.id)).where(AuditRow.deed == "demo.loaded").scalar()
    return (
        ["database: it holds the demo company, whose log-ins are public; start production with an empty one"]
        if demo
        else []
    )


def _integrity() -> Iterator[str]:
    if not is_sqlite():
        return
    for (state,) in database.execute_sql("PRAGMA integrity_check").fetchall():
        if state != "ok":
            yield f"database: {state}"
    for table, *_ in database.execute_sql("PRAGMA foreign_key_check").fetchall():
        yield f"database: a row of {table} refers to nothing"


def _readings() -> Iterator[str]:
    stray = Reading.select(fn.COUNT(Reading.id)).join(Meter).where(Reading.account != Meter.account).scalar()
    if stray:
        yield f"readings: {stray} stand under an account that is not their meter's"
    longest = (
        fn.MAX(Reading.t1, fn.COALESCE(Reading.t2, 0), fn.COALESCE(Reading.t3, 0))
        if is_sqlite()
        else fn.GREATEST(Reading.t1, Reading.t2, Reading.t3)
    )
    too_long = (
        Reading.select(fn.COUNT(Reading.id)).join(Meter).where(fn.LENGTH(longest.cast("text")) > Meter.digits).scalar()
    )
    if too_long:
        yield f"readings: {too_long} do not fit their dial"
    unlike = (
        Reading.select(fn.COUNT(Reading.id))
        .join(Meter)
        .where((Reading.t2.is_null() != (Meter.zones < 2)) | (Reading.t3.is_null() != (Meter.zones < 3)))
        .scalar()
    )
    if unlike:
        yield f"readings: {unlike} have values that their meter's zones do not"
    open_in_closed = (
        Reading.select(fn.COUNT(Reading.id))
        .where(Reading.state == "accepted", Reading.period.in_(Closing.select(Closing.period)))
        .scalar()
    )
    if open_in_closed:
        yield f"readings: {open_in_closed} are still open in a period that was billed"
    unexplained = (
        Reading.select(fn.COUNT(Reading.id))
        .where(Reading.state.in_((readings.HELD, readings.REJECTED)), Reading.reason == "")
        .scalar()
    )
    if unexplained:
        yield f"readings: {unexplained} held or rejected without a reason"
    empty = (
        Receipt.select(fn.COUNT(Receipt.id))
        .where(Receipt.id.not_in(Reading.select(Reading.receipt).where(Reading.receipt.is_null(False))))
        .scalar()
    )
    if empty:
        yield f"receipts: {empty} without a reading"


def _office() -> Iterator[str]:
    """What staff decided has become so, and what they attached is there."""
    decided = Decision.verdict != decisions.ASKED
    undone = Decision.select(fn.COUNT(Decision.id)).join(Reading, on=(Decision.reading == Reading.id))
    if count := undone.where(decided, Reading.state == readings.HELD).scalar():
        yield f"readings: {count} were decided on and are still held"
    wanting = Decision.select(fn.COUNT(Decision.id))
    if count := wanting.where(Decision.verdict == decisions.CORRECTED, Decision.instead.is_null()).scalar():
        yield f"readings: {count} were corrected and have nothing in their place"
    if lost := files.missing():
        yield f"files: {len(lost)} are not in the folder of files, such as {lost[0]}; bring them back from a backup"
    if late := files.unscanned(timedelta(hours=1)):
        yield f"files: {late} have waited for the virus scanner for an hour; see that it runs and takes files of 10 MB"
    if files.is_nearly_full():
        yield "files: less than 1 GB is left on their disk: none are taken until there is more"
    yield from check_up.oddities()
    if gone := transfers.missing():
        yield f"exchange: files of {len(gone)} transfers are gone, such as {gone[0]}; bring them back from a backup"


def _people() -> Iterator[str]:
    agreed = Consent.select(Consent.subject)
    silent = (
        Customer.select(fn.COUNT(Customer.id))
        .where(Value("customer:").concat(Customer.id.cast("text")).not_in(agreed))
        .scalar()
    )
    if silent:
        yield f"customers: {silent} without a consent to the processing of personal data"
    yield from agreeing.oddities()
    if unseen := finding.missing():
        yield f"accounts: {unseen} cannot be found by the staff; run `flask --app app reindex --missing`"


def _money() -> Iterator[str]:
    """The ledger is the sum of its entries, and every bill and payment is in it to the kopeck."""
    sums = Entry.select(Entry.account, Entry.service, fn.SUM(Entry.amount).alias("total")).group_by(
        Entry.account, Entry.service
    )
    same = (sums.c.account_id == Balance.account) & (sums.c.service == Balance.service)
    joined = Balance.select(fn.COUNT(Balance.id)).join(sums, on=same)
    right = joined.where(Balance.amount == sums.c.total).scalar()
    balances, accounts = Balance.select().count(), sums.count()
    if not right == balances == accounts:
        wrong = max(balances, accounts) - right
        yield f"ledger: {wrong} of {max(balances, accounts)} balances are not the sum of their entries"
    yield from _bills()
    yield from _unbilled()
    yield from _payments()


def _unbilled() -> Iterator[str]:
    """Accounts that a month was billed without."""
    last = Bill.select(fn.MAX(Bill.period)).scalar()
    if last is None:
        return
    theirs = Bill.select(Bill.id).where(Bill.account == Account.id, Bill.period == last)
    lasts = Account.closed.is_null() | (Account.closed >= periods.first_day(last))
    missing = (
        Account.select(fn.COUNT(Account.id))
        .where(Account.opened <= periods.last_day(last), lasts, ~fn.EXISTS(theirs))
        .scalar()
    )
    if missing and company.current().billing.by == "portal":
        yield f"bills: {missing} accounts have none for {last}; run `flask --app app bill {last}` again"


def _bills() -> Iterator[str]:
    posted = (
        Entry.select(Entry.account, Entry.period, fn.SUM(Entry.amount).alias("total"))
        .where(Entry.kind.in_(BILLED))
        .group_by(Entry.account, Entry.period)
    )
    mine = (posted.c.account_id == Bill.account) & (posted.c.period == Bill.period)
    due = Bill.charged + Bill.recalculated + Bill.penalty
    unlike = (
        Bill.select(fn.COUNT(Bill.id))
        .join(posted, JOIN.LEFT_OUTER, on=mine)
        .where(Bill.state == ISSUED, due != fn.COALESCE(posted.c.total, 0))
        .scalar()
    )
    if unlike:
        yield f"bills: {unlike} were issued for another sum than the ledger has"
    early = Bill.select(fn.COUNT(Bill.id)).join(posted, on=mine).where(Bill.state.in_((HELD, FAILED))).scalar()
    if early:
        yield f"bills: {early} are in the ledger without having been issued"
    lines = Charge.select(Charge.bill, fn.SUM(Charge.amount).alias("total")).group_by(Charge.bill)
    other = (
        Bill.select(fn.COUNT(Bill.id))
        .join(lines, JOIN.LEFT_OUTER, on=(lines.c.bill_id == Bill.id))
        .where(Bill.state == ISSUED, due != fn.COALESCE(lines.c.total, 0))
        .scalar()
    )
    if other:
        yield f"bills: {other} have lines that do not add up"


def _payments() -> Iterator[str]:
    disputed = Payment.select(fn.COUNT(Payment.id)).where(Payment.state == DISPUTED).scalar()
    if disputed:
        yield f"payments: {disputed} disputed; look with `flask --app app payment show NUMBER`"
    yield from _uncounted()
    old = clock.now() - _LONG_OPEN
    stale = Payment.select(fn.COUNT(Payment.id)).where(Payment.state.in_(OPEN), Payment.created_at < old).scalar()
    if stale:
        yield f"payments: {stale} have been open for more than a day; `flask --app app payment check NUMBER` asks the bank"


def _uncounted() -> Iterator[str]:
    """Payments that the ledger has another sum of, each by itself: the faults of two could cancel out."""
    counted = Payment.select(Payment.id, Payment.amount - Payment.refunded).where(Payment.state.in_((PAID, REFUNDED)))
    owed: dict[int, int] = dict(pairs(counted))
    posted = Entry.select(Entry.source, Entry.amount).where(Entry.kind.in_((PAYMENT, REFUND)))
    for source, amount in pairs(posted):
        payment_id = int(source.split(":")[1])
        owed[payment_id] = owed.get(payment_id, 0) + amount
    wrong = sum(1 for rest in owed.values() if rest)
    if wrong:
        yield f"payments: {wrong} are in the ledger with another sum than was received"
