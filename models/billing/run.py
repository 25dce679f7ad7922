"""The billing run: a bill for each account and period, once; restartable at any point, in chunks of accounts, each one transaction.

What cannot be worked out (no tariff for a day) is kept as failed with the reason and tried again by the next run. What looks wrong
(nothing, ten times the usual, less than nothing) is held until somebody decides. Only issued bills reach the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any

from peewee import OperationalError, fn

from models import audit, clock, company, periods, words
from models.audit import AuditRow
from models.base import Refusal, database, insert_rows, pairs
from models.billing import bills, drafts, e_receipts, ledger
from models.billing.bills import FAILED, HELD, ISSUED, Bill, Charge
from models.billing.drafts import Clerk, Draft
from models.billing.e_receipts import Issued
from models.billing.facts import Facts
from models.billing.ledger import Balance, Entry, New
from models.billing.shown import Line
from models.metering import closings
from models.metering.accounts import Account

CHUNK = 200
_FINALS = 3  # months in which the final values of a closed account's meters may still come
_ATTEMPTS = 3
_BEGUN, _WHOLE = "period.billing", "period.billed"  # deeds: a run was begun; one of all accounts came to its end
MOST_NAMED = 200
_LINE = tuple(one.name for one in fields(Line))


@dataclass
class Summary:
    """What a run did."""

    period: str
    issued: int = 0
    charged: int = 0  # kopecks, of the issued ones
    skipped: int = 0  # billed before
    # What waits for people now, whichever run left it so: account numbers with the reason, the first of them.
    held: list[tuple[str, str]] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    held_count: int = 0
    failed_count: int = 0


def bill(
    period: str,
    *,
    progress: Callable[[int], None] | None = None,
    only: Iterable[str] | None = None,
    issued_on: date | None = None,
) -> Summary:
    """Bill a period that is over: every account open in it that has no bill yet. `only` names some accounts.

    The bills carry today's date unless `issued_on` gives another (a history loaded at once).

    Refused: a period that is not over, one before which another was left out, a company whose bills are imported.
    """
    _check(period)
    _check_known(only)
    closings.close(period)
    audit.record(_BEGUN, f"period:{period}", whole=only is None)
    summary = Summary(period)
    clerk = Clerk(period, issued_on or clock.today())
    for ids in _chunks(period, only):
        _run(clerk, ids, summary)
        if progress:
            progress(len(ids))
    summary.held, summary.held_count = _waiting(period, HELD)
    summary.failed, summary.failed_count = _waiting(period, FAILED)
    record = {"issued": summary.issued, "held": summary.held_count, "failed": summary.failed_count}
    if only is None:
        audit.record(_WHOLE, f"period:{period}", **record, kopecks=summary.charged)
    return summary


def _waiting(period: str, state: str) -> tuple[list[tuple[str, str]], int]:
    query = Bill.select(Account.number, Bill.reason).join(Account).where(Bill.period == period, Bill.state == state)
    return pairs(query.order_by(Account.number).limit(MOST_NAMED)), int(query.count())


def count(period: str) -> int:
    """How many accounts a run of the period goes through."""
    return int(_open_accounts(period).count())


def issue_held(period: str, accounts: Iterable[str] | None = None, *, issued_on: date | None = None) -> int:
    """Issue bills that were held, after somebody has looked: those of the accounts named, or all. Returns how many."""
    columns = (Bill.id, Bill.account, Account.number, Bill.reason)
    query = Bill.select(*columns).join(Account).where(Bill.period == period, Bill.state == HELD)
    if accounts is not None:
        query = query.where(Account.number.in_(list(accounts)))
    _check_known(accounts)
    day = issued_on or clock.today()
    return sum(_issue(period, day, *row) for row in list(query.tuples()))  # type: ignore[misc]


def drop_held(period: str, accounts: Iterable[str]) -> int:
    """Throw held bills away, so that the next run works them out anew (after a reading or a tariff was put right)."""
    own = Account.select(Account.id).where(Account.number.in_(list(accounts)))
    with database.atomic():
        gone = Bill.delete().where(Bill.period == period, Bill.state == HELD, Bill.account.in_(own)).execute()
        if gone:
            audit.record("bills.dropped", f"period:{period}", count=gone)
    return int(gone)


def take_imported(account_id: int, period: str, lines: Sequence[Line], clerk: Clerk | None = None) -> bool:
    """Issue a bill that the company's own billing system has worked out. False: the very same bill is there already.

    Many bills of one period share a `clerk`, so that the company's tables are read once.

    Refused: another bill of the account for the period, an account that does not exist. Call inside the import's transaction.
    """
    ledger.hold([account_id])
    stored = Bill.get_or_none(Bill.account == account_id, Bill.period == period)
    if Bill.select().where(Bill.account == account_id, Bill.period > period).exists():
        raise Refusal("period", f"Счёт за месяц после {period} уже есть: загружайте месяцы по порядку.", "billing.late")
    if stored is not None:
        charges = Charge.select().where(Charge.bill == stored.id).order_by(Charge.place)
        if stored.state == ISSUED and [bills.line_of(one) for one in charges] == list(lines):
            return False
        text = f"Счёт за {period} уже есть, и он другой. Строки одного счёта должны стоять в файле подряд."
        raise Refusal("period", text, "billing.other")
    clerk = clerk or Clerk(period, clock.today())
    facts = Facts([account_id], period, clerk.before)
    if not facts.accounts:
        raise Refusal("account", "Такого лицевого счёта нет.", "account.unknown")
    _store([clerk.imported(facts.accounts[0], facts, lines)], Summary(period))
    return True


def _issue(period: str, day: date, bill_id: int, account_id: int, number: str, reason: str) -> bool:
    with database.atomic():
        ledger.hold([account_id])
        held = Bill.update(state=ISSUED, issued_on=day).where(Bill.id == bill_id, Bill.state == HELD)
        if not held.execute():
            return False
        charges = Charge.select().where(Charge.bill == bill_id).order_by(Charge.place)
        ledger.post_all(drafts.entries(account_id, period, [bills.line_of(one) for one in charges]))
        if day == clock.today():
            row = Bill.get_by_id(bill_id)
            e_receipts.post(period, [Issued(bill_id, account_id, row.total, row.due_on)])
        audit.record("bill.issued", f"account:{number}", period=period, held_for=reason)
        return True


def _check(period: str) -> None:
    if company.current().billing.by != "portal":
        raise Refusal(
            None, "Счета этой компании загружаются из её биллинга командой import charges.", "billing.imported"
        )
    if period >= clock.period():
        raise Refusal(None, f"Месяц {period} ещё не закончился: счёт выставляется за прошедший.", "billing.early")
    last = Bill.select(Bill.period).where(Bill.period < period).order_by(Bill.period.desc()).first()
    before = periods.shift(period, -1)
    if last and last.period == before and (left := _left_out(before)):
        text = f"За {before} нет счёта у {words.plural(left, 'лицевого счёта', 'лицевых счетов', 'лицевых счетов')}: сначала bill {before}."
        raise Refusal(None, text, "billing.order")
    if _was(_BEGUN, before) and not _was(_WHOLE, before):
        raise Refusal(None, f"Счета за {before} выставлены не всем: сначала bill {before}.", "billing.order")
    if last and last.period < before:
        missing = periods.shift(last.period, 1)
        raise Refusal(None, f"Сначала выставьте счета за {missing} командой bill {missing}.", "billing.order")


def _was(deed: str, period: str) -> bool:
    return AuditRow.select().where(AuditRow.deed == deed, AuditRow.subject == f"period:{period}").exists()


def _open_accounts(period: str) -> Any:
    """Accounts open on some day of the period, closed lately (final values may come), or with money to settle or moved since."""
    last = periods.last_day(period)
    first = periods.first_day(periods.shift(period, -_FINALS))
    owing = Balance.select(Balance.id).where(Balance.account == Account.id, Balance.amount != 0)
    moved = Entry.select(Entry.id).where(Entry.account == Account.id, Entry.day >= first)
    lasts = Account.closed.is_null() | (Account.closed >= first) | fn.EXISTS(owing) | fn.EXISTS(moved)
    return Account.select(Account.id).where(Account.opened <= last, lasts)


def _check_known(accounts: Iterable[str] | None) -> None:
    given = list(accounts or ())
    known = {account.number for account in Account.select(Account.number).where(Account.number.in_(given))}
    if unknown := [number for number in given if number not in known]:
        raise Refusal("account", f"Лицевого счёта {unknown[0]} нет.", "account.unknown")


def _left_out(period: str) -> int:
    """How many accounts were open in a billed period and have no bill of any state for it."""
    theirs = Bill.select(Bill.id).where(Bill.account == Account.id, Bill.period == period)
    lasts = Account.closed.is_null() | (Account.closed >= periods.first_day(period))
    query = Account.select(Account.id).where(Account.opened <= periods.last_day(period), lasts, ~fn.EXISTS(theirs))
    return int(query.where(fn.EXISTS(Bill.select(Bill.id).where(Bill.account == Account.id))).count())


def _chunks(period: str, only: Iterable[str] | None) -> Iterator[list[int]]:
    query = _open_accounts(period)
    if only is not None:
        query = query.where(Account.number.in_(list(only)))
    last = 0
    while ids := [row[0] for row in query.where(Account.id > last).order_by(Account.id).limit(CHUNK).tuples()]:
        yield ids
        last = ids[-1]


def _run(clerk: Clerk, ids: list[int], summary: Summary) -> None:
    """Bill a chunk of accounts in one transaction; another that waits for ours while we wait for it makes us begin again."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with database.atomic():
                new = _bill(clerk, ids)
            break
        except OperationalError:
            if attempt == _ATTEMPTS:
                raise
    summary.skipped += new.skipped
    summary.issued += new.issued
    summary.charged += new.charged


def _bill(clerk: Clerk, ids: list[int]) -> Summary:
    done = Summary(clerk.period)
    ledger.hold(ids)
    known = _states(ids, clerk)
    later = _billed_later(ids, clerk.period)
    due = [one for one in ids if known.get((one, clerk.period)) in (None, FAILED) and one not in later]
    done.skipped = sum(known.get((one, clerk.period)) == ISSUED for one in ids)
    if not due:
        return done
    facts = Facts(due, clerk.period, clerk.before)
    drawn = [clerk.draw(account, facts, known.get((account.id, clerk.before))) for account in facts.accounts]
    Bill.delete().where(Bill.period == clerk.period, Bill.account.in_(due), Bill.state == FAILED).execute()
    _store([one for one in drawn if one is not None], done)
    # What a month carries to the next is of no use once that one is billed; the last is kept, for a bill drawn anew.
    old = periods.shift(clerk.before, -1)
    Bill.update(carry={}).where(Bill.account.in_(due), Bill.period == old).execute()
    return done


def _billed_later(ids: list[int], period: str) -> set[int]:
    """Accounts that have a bill for a later month: what comes before it cannot change any more."""
    query = Bill.select(Bill.account).where(Bill.account.in_(ids), Bill.period > period, Bill.state != FAILED)
    return {bill.account_id for bill in query}


def _states(ids: list[int], clerk: Clerk) -> dict[tuple[int, str], str]:
    """The states of the bills that are there already, for the period and the one before."""
    query = Bill.select(Bill.account, Bill.period, Bill.state)
    rows: Any = query.where(Bill.account.in_(ids), Bill.period.in_([clerk.period, clerk.before])).tuples()
    return {(account, period): state for account, period, state in rows}


def _store(drawn: Sequence[Draft], summary: Summary) -> None:
    insert_rows(Bill, [one.row for one in drawn])
    query = Bill.select(Bill.account, Bill.id).where(
        Bill.period == summary.period, Bill.account.in_([one.row["account"] for one in drawn])
    )
    ids = dict(pairs(query))
    _insert_charges([(ids[one.row["account"]], one.lines) for one in drawn])
    entries: list[New] = []
    issued: list[Issued] = []
    for row, lines in drawn:
        if row["state"] == ISSUED:
            entries += drafts.entries(row["account"], summary.period, lines)
            summary.issued += 1
            summary.charged += row["charged"] + row["recalculated"] + row["penalty"]
            if e_receipts.are_news(summary.period, row["issued_on"]):
                issued.append(Issued(ids[row["account"]], row["account"], row["total"], row["due_on"]))
    ledger.post_all(entries)
    e_receipts.post(summary.period, issued)


def _insert_charges(bills_lines: Sequence[tuple[int, Sequence[Line]]]) -> None:
    rows = [
        {"bill": bill_id, "place": place, **{name: getattr(line, name) for name in _LINE}}
        for bill_id, lines in bills_lines
        for place, line in enumerate(lines)
    ]
    insert_rows(Charge, rows)
