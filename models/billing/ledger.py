"""The ledger: charges, payments, corrections, one row each and never changed; a balance is their sum.

Amounts are kopecks: positive what the customer owes more, negative what was paid or given off.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from peewee import BigIntegerField, CharField, DateField, DateTimeField, ForeignKeyField, ModelSelect

from models import clock
from models.base import PeriodField, Row, compiled, database, locked, param
from models.metering.accounts import Account

CHARGE, RECALCULATION, PENALTY = "charge", "recalculation", "penalty"
PAYMENT, REFUND, CORRECTION = "payment", "refund", "correction"
BILLED = (CHARGE, RECALCULATION, PENALTY)  # kinds that a bill posts
_CHUNK = 400
_SERVICES = 12  # more than any account has


class Entry(Row):
    account = ForeignKeyField(Account, on_delete="RESTRICT")
    service = CharField()
    kind = CharField()
    amount = BigIntegerField()
    day = DateField()  # local, to which it belongs: the last of the month for charges, the day of payment
    period = PeriodField(null=True)  # of a charge; of a payment that names one
    source = CharField(unique=True)  # what caused it, so that nothing counts twice
    created_at = DateTimeField(default=clock.now)

    class Meta:
        indexes = ((("account", "day"), False), (("account", "id"), False))


class Balance(Row):
    """The sum of an account's entries for one service, kept up with them."""

    account = ForeignKeyField(Account, on_delete="RESTRICT")
    service = CharField()
    amount = BigIntegerField()

    class Meta:
        indexes = ((("account", "service"), True),)


class New(NamedTuple):
    """An entry about to be posted."""

    account: int
    service: str
    kind: str
    amount: int
    day: date
    source: str
    period: str | None = None


@compiled
def balances() -> ModelSelect[Any]:
    """What an account owes for each service."""
    return Balance.select(Balance.service, Balance.amount).where(Balance.account == param("account"))


@compiled
def entries() -> ModelSelect[Any]:
    """An account's entries in the order of their days."""
    return (
        Entry.select(Entry.id, Entry.service, Entry.kind, Entry.amount, Entry.day, Entry.period, Entry.source)
        .where(Entry.account == param("account"))
        .order_by(Entry.day, Entry.id)
    )


def balance(account_id: int) -> int:
    """What the account owes in all; negative: paid in advance."""
    return sum(row.amount for row in balances(account=account_id))


def by_service(account_id: int) -> dict[str, int]:
    return {row.service: row.amount for row in balances(account=account_id)}


def hold(account_ids: Iterable[int]) -> None:
    """Let nobody else post to these accounts until the transaction ends."""
    ids = sorted(account_ids)
    for start in range(0, len(ids), _CHUNK):
        own = Account.select(Account.id).where(Account.id.in_(ids[start : start + _CHUNK]))
        list(locked(own.order_by(Account.id)).tuples())  # everybody in the same order: no two wait for each other


def post(entry: New) -> bool:
    """Post one entry unless its source has been posted; whether it was new. Call inside the verb's transaction."""
    with database.atomic():
        hold([entry.account])
        row = Entry.insert(**_row(entry)).on_conflict_ignore().returning(Entry.id).tuples().execute()
        if not list(row):
            return False
        _add([entry])
        return True


def post_all(new: Sequence[New]) -> None:
    """Post many entries at once, all of them new. The caller holds the accounts; a source posted before fails it all."""
    if not new:
        return
    names = ("account_id", "service", "kind", "amount", "day", "period", "source", "created_at")
    places = ", ".join([database.param] * len(names))
    now = clock.now()
    rows = [(one.account, one.service, one.kind, one.amount, one.day, one.period, one.source, now) for one in new]
    sql = f"INSERT INTO entry ({', '.join(names)}) VALUES ({places})"  # noqa: S608  our own names alone
    database.cursor().executemany(sql, rows)
    _add(new)


def _row(entry: New) -> dict[str, Any]:
    return {**entry._asdict(), "created_at": clock.now()}


def _add(new: Iterable[New]) -> None:
    sums: dict[tuple[int, str], int] = {}
    for one in new:
        key = (one.account, one.service)
        sums[key] = sums.get(key, 0) + one.amount
    mark = database.param
    sql = (
        f"INSERT INTO balance (account_id, service, amount) VALUES ({mark}, {mark}, {mark}) "  # noqa: S608  only the driver's own marks
        "ON CONFLICT (account_id, service) DO UPDATE SET amount = balance.amount + excluded.amount"
    )
    database.cursor().executemany(sql, [(account, service, amount) for (account, service), amount in sums.items()])


@compiled
def _charged() -> ModelSelect[Any]:
    return (
        Entry.select(Entry.service, Entry.amount, Entry.day)
        .where(Entry.account == param("account"), Entry.kind == CHARGE)
        .order_by(Entry.day.desc())
        .limit(_SERVICES)
    )


def usual(account_id: int) -> dict[str, int]:
    """What the last charges were, by service: how an advance is to be divided."""
    rows = _charged(account=account_id)
    return {row.service: row.amount for row in rows if row.day == rows[0].day}


def shares(
    owed: Mapping[str, int], amount: int, order: Sequence[str], usual: Mapping[str, int] | None = None
) -> dict[str, int]:
    """A payment divided among services: in proportion to what is owed for each (ПП 354 п. 118), an advance to what is usual.

    `owed` are balances, `order` the account's services, `usual` the last charges (without them an advance is for the first
    service). The parts add up to the amount; a part of nothing is left out.
    """
    debts = {service: owed[service] for service in order if owed.get(service, 0) > 0}
    total = sum(debts.values())
    parts = in_proportion(min(amount, total), debts)
    if amount > total:
        coming = {service: part for service in order if (part := (usual or {}).get(service, 0)) > 0}
        for service, part in in_proportion(amount - total, coming or {order[0]: 1}).items():
            parts[service] = parts.get(service, 0) + part
    return {service: part for service, part in parts.items() if part}


def in_proportion(amount: int, weights: Mapping[str, int]) -> dict[str, int]:
    """The amount in whole kopecks by weights; what is left over goes to the largest remainders."""
    total = sum(weights.values())
    parts = {name: amount * weight // total for name, weight in weights.items()}
    left = amount - sum(parts.values())
    for name in sorted(weights, key=lambda one: -(amount * weights[one] % total))[:left]:
        parts[name] += 1
    return parts
