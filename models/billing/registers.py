"""Money reported in bulk: a bank's register, a file of payments. Each counts once, as `payments.take_external` counts one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from peewee import Value, fn

from models import clock
from models.base import Refusal, database, pairs
from models.billing import ledger, payments
from models.billing.ledger import Balance, Entry, New
from models.billing.payments import PAID, REFUNDED, Payment
from models.metering.accounts import Account

_CHUNK = 400

Key = tuple[str, str]  # channel and document


class Incoming(NamedTuple):
    """A payment as somebody reports it; kopecks."""

    account: int
    amount: int
    channel: str
    document: str
    day: date
    period: str | None = None
    service: str | None = None


Outcome = bool | Refusal  # new, counted before, or why it is not taken


def take_all(incoming: Sequence[Incoming], *, loaded_by: int | None = None) -> list[Outcome]:
    """Count many payments, in their order, each once for its document; what became of each. `loaded_by`: the file they came in.

    Refused one by one: nothing or less than nothing; a document that was counted with another amount or account; a service the account
    does not have. The accounts are held in order.
    """
    with database.atomic():
        ledger.hold({one.account for one in incoming})
        divider = _Divider(incoming)
        known = _known((one.channel, one.document) for one in incoming)
        outcomes: list[Outcome] = []
        fresh: list[tuple[int, dict[str, Any]]] = []  # the place among the incoming, and the row
        for place, one in enumerate(incoming):
            before = known.get((one.channel, one.document))
            outcome = _again(one, before) if before else _wrong(one, divider)
            outcomes.append(True if outcome is None else outcome)
            if outcome is None:
                known[one.channel, one.document] = one.account, one.amount
                fresh.append((place, _row(one, divider.parts(one), loaded_by)))
        ids = _insert([row for _, row in fresh])
        if len(ids) < len(fresh):  # somebody else reported the same documents at the same moment, for other accounts
            _look_again([(place, row) for place, row in fresh if row["number"] not in ids], incoming, outcomes)
        ledger.post_all(
            [entry for _, row in fresh if row["number"] in ids for entry in _entries(row, ids[row["number"]])]
        )
        return outcomes


def give_back_all(loaded_by: int, reason: str) -> tuple[int, int]:
    """Take back what a file brought, as if given back today; its documents may come again. How many payments, how many kopecks."""
    mine = (Payment.loaded_by == loaded_by) & (Payment.state == PAID)
    note = Value(f"{reason}; документ ").concat(Payment.document)
    accounts: Any = Payment.select(Payment.account).where(mine).distinct().tuples()
    count = kopecks = last = 0
    with database.atomic():
        ledger.hold(account for (account,) in accounts)
        while rows := list(_paid(mine & (Payment.id > last))):
            last = rows[-1].id
            ids = [one.id for one in rows]
            given = Payment.update(state=REFUNDED, refunded=Payment.amount, document=None, reason=note)
            moved = given.where(Payment.id.in_(ids), Payment.state == PAID).execute()
            assert moved == len(rows)  # noqa: S101  their accounts are held
            ledger.post_all([entry for one in rows for entry in _back(one, clock.today())])
            count += len(rows)
            kopecks += sum(one.amount - one.refunded for one in rows)
    return count, kopecks


def _paid(mine: Any) -> Any:
    columns = (Payment.id, Payment.account, Payment.amount, Payment.refunded, Payment.parts, Payment.period)
    return Payment.select(*columns).where(mine).order_by(Payment.id).limit(_CHUNK).namedtuples()


def _wrong(one: Incoming, divider: _Divider) -> Refusal | None:
    if one.amount <= 0:
        return Refusal("amount", "Сумма платежа должна быть больше нуля.", "payment.amount")
    if one.service is not None and one.service not in divider.services(one.account):
        return Refusal("service", f"Услуги {one.service} на этом счёте нет.", "payment.service")
    return None


def _again(one: Incoming, before: tuple[int, int]) -> Outcome:
    """What a document is that was counted already."""
    if one.amount <= 0:
        return Refusal("amount", "Сумма платежа должна быть больше нуля.", "payment.amount")
    if before != (one.account, one.amount):
        return Refusal("document", f"Документ {one.document} уже учтён с другой суммой или счётом.", "payment.other")
    return False


class _Divider:
    """Divides sums among the services of accounts, following what is owed as the sums come in."""

    def __init__(self, incoming: Sequence[Incoming]):
        ids = sorted({one.account for one in incoming})
        self._owed: dict[int, dict[str, int]] = {account: {} for account in ids}
        self._own: dict[int, Any] = {}
        self._usual: dict[int, dict[str, int]] = {}
        for chunk in _chunks(ids):
            own: Any = Account.select(Account.id, Account.services).where(Account.id.in_(chunk))
            self._own.update((row.id, row) for row in own.namedtuples())
            balances: Any = Balance.select(Balance.account, Balance.service, Balance.amount).where(
                Balance.account.in_(chunk)
            )
            for account, service, amount in balances.tuples():
                self._owed[account][service] = amount
        self._look_up_usual(incoming)

    def services(self, account: int) -> list[str]:
        return payments.payable(self._own[account], self._owed[account])

    def parts(self, one: Incoming) -> dict[str, int]:
        owed = self._owed[one.account]
        if one.service:
            parts = {one.service: one.amount}
        else:
            parts = ledger.shares(owed, one.amount, self.services(one.account), self._usual.get(one.account))
        for service, part in parts.items():
            owed[service] = owed.get(service, 0) - part
        return parts

    def _look_up_usual(self, incoming: Sequence[Incoming]) -> None:
        """The last charges of the accounts that may end up with an advance: the others need no look."""
        paid: dict[int, int] = {}
        for one in incoming:
            paid[one.account] = paid.get(one.account, 0) + one.amount
        ahead = [
            account
            for account, sum_ in paid.items()
            if sum_ > sum(max(0, part) for part in self._owed[account].values())
        ]
        for chunk in _chunks(ahead):
            charges = Entry.kind == ledger.CHARGE, Entry.account.in_(chunk)
            last = Entry.select(Entry.account, fn.MAX(Entry.day).alias("day")).where(*charges).group_by(Entry.account)
            is_last = (last.c.account_id == Entry.account) & (last.c.day == Entry.day)
            columns = (Entry.account, Entry.service, Entry.amount)
            found: Any = Entry.select(*columns).join(last, on=is_last).where(Entry.kind == ledger.CHARGE)
            for account, service, amount in found.tuples():
                self._usual.setdefault(account, {})[service] = amount


def _known(keys: Iterable[Key]) -> dict[Key, tuple[int, int]]:
    """Account and amount of the payments already counted, by channel and document."""
    documents: dict[str, set[str]] = {}
    for channel, document in keys:
        documents.setdefault(channel, set()).add(document)
    columns = (Payment.channel, Payment.document, Payment.account, Payment.amount)
    found: dict[Key, tuple[int, int]] = {}
    for channel, names in documents.items():
        for chunk in _chunks(sorted(names)):
            query: Any = Payment.select(*columns).where(Payment.channel == channel, Payment.document.in_(chunk))
            found.update(
                ((channel, document), (account, amount)) for channel, document, account, amount in query.tuples()
            )
    return found


def _row(one: Incoming, parts: Mapping[str, int], loaded_by: int | None) -> dict[str, Any]:
    return {
        "number": payments.new_number(), "account": one.account, "channel": one.channel, "document": one.document, "amount": one.amount,
        "parts": parts, "period": one.period, "state": PAID, "created_at": payments.noon(one.day), "paid_on": one.day,
        "settled_at": clock.now(), "loaded_by": loaded_by,
    }  # fmt: skip


_PLAIN: dict[str, Any] = {
    "reason": "", "email": "", "form_url": "", "refunded": 0, "returning": 0, "card": "", "cheque": {},
}  # fmt: skip


def _insert(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Insert the payments whose documents are free; the ids of those inserted, by number."""
    if not rows:
        return {}
    # By document, so that two files that bring the same ones do not wait for each other.
    ordered = sorted(({**row, **_PLAIN} for row in rows), key=lambda row: (row["channel"], row["document"]))
    fields = [Payment._meta.fields[name] for name in ordered[0]]  # type: ignore[attr-defined]
    names = ", ".join(f'"{field.column_name}"' for field in fields)
    places = ", ".join([database.param] * len(fields))
    values = [tuple(json.dumps(one) if isinstance(one, dict) else one for one in row.values()) for row in ordered]
    sql = f"INSERT INTO payment ({names}) VALUES ({places}) ON CONFLICT DO NOTHING"  # noqa: S608  our own names alone
    database.cursor().executemany(sql, values)
    ids: dict[str, int] = {}
    for chunk in _chunks([row["number"] for row in ordered]):
        ids.update(pairs(Payment.select(Payment.number, Payment.id).where(Payment.number.in_(chunk))))
    return ids


def _look_again(missed: Sequence[tuple[int, Any]], incoming: Sequence[Incoming], outcomes: list[Outcome]) -> None:
    known = _known((row["channel"], row["document"]) for _, row in missed)
    for place, _ in missed:
        one = incoming[place]
        outcomes[place] = _again(one, known[one.channel, one.document])


def _entries(row: Mapping[str, Any], payment_id: int) -> Iterator[New]:
    for service, part in row["parts"].items():
        source = f"payment:{payment_id}:{service}"
        yield New(row["account"], service, ledger.PAYMENT, -part, row["paid_on"], source, row["period"])


def _back(payment: Any, day: date) -> Iterator[New]:
    """What of a payment has not been given back yet, by service."""
    left = dict(payment.parts)
    if payment.refunded:
        query = Entry.select(Entry.service, Entry.amount).where(
            Entry.account == payment.account, Entry.source.startswith(f"refund:{payment.id}:")
        )
        for service, back in pairs(query):
            left[service] -= back
    for service, part in left.items():
        if part > 0:
            source = f"refund:{payment.id}:{payment.amount}:{service}"
            yield New(payment.account, service, ledger.REFUND, part, day, source, payment.period)


def _chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]
