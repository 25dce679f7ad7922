"""Import files of money: balances at the start, bills of a company with a billing system of its own, payments from outside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from models import clock, company, words
from models.base import Refusal, pairs
from models.billing import ledger, registers, run
from models.billing.drafts import Clerk
from models.billing.ledger import Entry, New
from models.billing.registers import Incoming
from models.billing.shown import AREA, AVERAGE, FIXED, NORM, PENALTY, READING, RECALCULATION, USE, Line
from models.billing.tariffs import BANDS
from models.exchange import rows, table
from models.exchange.rows import Counts, Kind
from models.exchange.table import Column, Fault, choice, day, period, whole
from models.metering.accounts import Account
from models.metering.meters import ZONES

_LINE = ("service", "kind", "basis", "quantity", "price", "amount", "vat", "plan", "zone", "band", "about", "reason")

BALANCE_COLUMNS = (
    Column("account", rows.account_number), Column("service", rows.service), Column("day", day), Column("amount", table.kopecks),
)  # fmt: skip
CHARGE_COLUMNS = (
    Column("account", rows.account_number), Column("period", period), Column("service", rows.service),
    Column("kind", choice(USE, FIXED, RECALCULATION, PENALTY)), Column("basis", choice(READING, AVERAGE, NORM, AREA), False, ""),
    Column("plan", whole(1, 3), False, 0), Column("zone", choice(*ZONES), False, ""), Column("band", whole(BANDS[0], BANDS[-1]), False, 0),
    Column("quantity", table.quantity, False, 0), Column("price", table.price, False, 0), Column("vat", whole(0, 99), False, 0),
    Column("amount", table.kopecks), Column("about", period, False, ""), Column("reason", table.words(250), False, ""),
)  # fmt: skip
PAYMENT_COLUMNS = (
    Column("account", rows.account_number), Column("paid", day), Column("amount", table.positive_kopecks),
    Column("channel", choice(*company.REPORTED_BY)), Column("document", table.words(60)), Column("period", period, False),
    Column("service", rows.service, False),
)  # fmt: skip


def _load_balances(lines: list[rows.Line], counts: Counts) -> None:
    accounts = rows.accounts(lines)
    ledger.hold(accounts.values())
    sources = [_balance_source(values) for _, values in lines]
    stored = {one.source: one for one in Entry.select().where(Entry.source.in_(sources)).namedtuples()}
    new: list[New] = []
    for number, values in lines:
        source = _balance_source(values)
        old = stored.get(source)
        if values["account"] not in accounts:
            counts.refuse(rows.no_account(number))
        elif fault := _not_yet("day", values["day"]):
            counts.refuse(Fault(number, *fault))
        elif old is None:
            counts.new += 1
            account = accounts[values["account"]]
            counts.kopecks += values["amount"]
            new.append(New(account, values["service"], ledger.CORRECTION, values["amount"], values["day"], source))
        elif (old.amount, old.day) == (values["amount"], values["day"]):
            counts.same += 1
        else:
            known = f"{words.rubles(old.amount)} на {words.day(old.day)}"
            counts.refuse(Fault(number, "amount", f"остаток уже загружен: {known}; он вносится один раз"))
    ledger.post_all(new)


def _balance_source(values: dict[str, Any]) -> str:
    return f"balance:{values['account']}:{values['service']}"


def _load_charges(lines: list[rows.Line], counts: Counts) -> None:
    """Each group of lines with the same account and period, standing together, is a bill."""
    accounts = rows.accounts(lines)
    ledger.hold(accounts.values())  # all at once and in order: two imports would otherwise wait for each other
    clerks: dict[str, Clerk] = {}
    for (account, month), group in groupby(lines, key=lambda line: _bill_of(line[1])):
        own = list(group)
        faults = list(_charge_faults(own, account in accounts, month))
        if faults:
            counts.refuse(*faults)
            continue
        try:
            if month not in clerks:
                clerks[month] = Clerk(month, clock.today())
            is_new = run.take_imported(accounts[account], month, [_line(values) for _, values in own], clerks[month])
        except Refusal as refusal:
            counts.refuse(Fault(own[0][0], refusal.problems[0].field or "", refusal.text))
            continue
        if is_new:
            counts.new += len(own)
            counts.kopecks += sum(values["amount"] for _, values in own)
        else:
            counts.same += len(own)


def _bill_of(values: dict[str, Any]) -> tuple[str, str]:
    return values["account"], values["period"]


def _charge_faults(lines: Sequence[rows.Line], account_is_there: bool, month: str) -> Iterator[Fault]:
    first = lines[0][0]
    if company.current().billing.by != "import":
        yield Fault(first, "", 'эта компания начисляет в портале: в company.toml стоит [billing] by = "portal"')
    if not account_is_there:
        yield rows.no_account(first)
    if month >= clock.period():
        yield Fault(first, "period", "месяц ещё не закончился")
    for number, values in lines:
        for column, reason in _line_faults(values):
            yield Fault(number, column, reason)


def _line_faults(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    plan, zone = values.get("plan", 0), values.get("zone", "")
    if values["kind"] in (USE, FIXED):
        for column in ("basis", "price"):
            if not values.get(column):
                yield column, "пусто"
    if values["kind"] == RECALCULATION and not values.get("reason"):
        yield "reason", "у перерасчёта должна быть причина"
    if plan and zone and ZONES.index(zone) >= plan:
        yield "zone", f"у счётчика {words.plural(plan, 'зона', 'зоны', 'зон')}, зоны {zone} нет"


def _line(values: dict[str, Any]) -> Line:
    given = {name: values[name] for name in _LINE if name in values}
    plain: dict[str, Any] = {"basis": "", "quantity": 0, "price": 0}
    line = {**plain, **given}
    if not line["basis"]:
        line["basis"] = PENALTY if line["kind"] == PENALTY else READING
    return Line(**line, trace={"rule": "imported"})


def _load_payments(lines: list[rows.Line], counts: Counts) -> None:
    accounts = rows.accounts(lines)
    closed = _closed([values["account"] for _, values in lines if values.get("asks_of_closed")])
    given: list[tuple[int, Incoming]] = []
    for number, values in lines:
        if values["account"] not in accounts:
            counts.refuse(rows.no_account(number))
        elif fault := _not_yet("paid", values["paid"]):
            counts.refuse(Fault(number, *fault))
        elif since := closed.get(values["account"]):
            counts.refuse(Fault(number, "account", f"лицевой счёт закрыт {words.day(since)}"))
        else:
            given.append((number, _incoming(accounts[values["account"]], values)))
    outcomes = registers.take_all([one for _, one in given], loaded_by=counts.loaded_by)
    for (number, one), outcome in zip(given, outcomes, strict=True):
        if isinstance(outcome, Refusal):
            counts.refuse(Fault(number, outcome.problems[0].field or "", outcome.text))
        elif outcome:
            counts.new += 1
            counts.kopecks += one.amount
        else:
            counts.same += 1


def _incoming(account: int, values: dict[str, Any]) -> Incoming:
    return Incoming(
        account, values["amount"], values["channel"], values["document"], values["paid"], values.get("period"), values.get("service")
    )  # fmt: skip


def _closed(numbers: Sequence[str]) -> dict[str, date]:
    """Since when the accounts among these that are closed are so."""
    query = Account.select(Account.number, Account.closed).where(
        Account.number.in_(numbers), Account.closed.is_null(False)
    )
    return {number: since for number, since in pairs(query) if since < clock.today()}


def _not_yet(column: str, given: Any) -> tuple[str, str] | None:
    return (column, "этот день ещё не наступил") if given > clock.today() else None


def _document(values: dict[str, Any]) -> Any:
    return values["channel"], values["document"]


def _balance_of(values: dict[str, Any]) -> Any:
    return values["account"], values["service"]


KINDS = (
    Kind("balances", BALANCE_COLUMNS, _balance_of, _load_balances, once=_balance_of, holds=True),
    Kind("charges", CHARGE_COLUMNS, id, _load_charges, group=_bill_of),
    Kind("payments", PAYMENT_COLUMNS, _document, _load_payments, once=_document, holds=True),
)
