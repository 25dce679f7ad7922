"""Exports for other systems. Readings go out once, in the format in which they come in; what no longer counts goes out again, saying so.

An export is a transfer: its file is kept and can be taken again, the same to the byte.
"""

from __future__ import annotations

import csv
import hashlib
import os
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from secrets import token_hex
from typing import Any, NamedTuple

from peewee import JOIN, Value

from models import audit, clock
from models.base import Refusal, database
from models.billing.payments import PAID, Payment
from models.consents import Consent, ConsentText
from models.exchange import exports, transfers, xlsx
from models.exchange.transfers import CSV, MADE, MAKING, OUT, XLSX, Transfer
from models.metering.accounts import Account
from models.metering.meters import Meter
from models.metering.readings import ACCEPTED, BILLED, COUNTED, UNCOUNTED, Reading
from models.people.customers import Customer

_CHUNK = 500

Rows = Iterator[Sequence[Any]]


class Export(NamedTuple):
    """What can be exported: its title, its columns, its rows since a day, and whether it goes on where the last one ended."""

    title: str
    header: tuple[str, ...]
    since: Callable[[date], Rows]
    goes_on: bool = False


def order(kind: str, file_format: str, *, since: date | None = None, employee_id: int | None = None) -> Transfer:
    """Write down that a file is to be made. Without a day it holds what no export has told yet. Refused: an unknown kind, no day."""
    if kind not in EXPORTS or file_format not in (CSV, XLSX):
        raise Refusal("kind", "Выберите, что выгрузить и в каком виде.", "export.kind")
    if since is None and not EXPORTS[kind].goes_on:
        raise Refusal("since", "Укажите, с какого дня.", "export.since")
    with database.atomic():
        transfer = Transfer.create(
            direction=OUT, kind=kind, format=file_format, name=_name(kind, file_format), stored=f"{clock.today():%Y-%m}-{token_hex(12)}",
            since=since.isoformat() if since else "", state=MAKING, employee=employee_id, created_at=clock.now(),
        )  # fmt: skip
        audit.record("transfer.ordered", transfer.subject, kind=kind, since=transfer.since)
        return transfer


def make(transfer: Transfer) -> None:
    """Make the file, and mark what it tells, in one transaction: told is only what is in a file that is there."""
    export = EXPORTS[transfer.kind]
    with database.atomic():
        transfers.hold(transfer)
        rows = export.since(date.fromisoformat(transfer.since)) if transfer.since else _untold(transfer.id)
        counted = _Counted(rows)
        part = transfer.path.with_suffix(".part")
        _write(part, transfer.format, export, counted)
        os.replace(part, transfer.path)
        size, sha256 = transfer.path.stat().st_size, _hash(transfer.path)
        counts = (
            {"read": counted.count, "retracted": counted.count - counted.counting}
            if export.goes_on
            else {"read": counted.count}
        )
        transfers.end(transfer, MADE, counts=counts, size=size, sha256=sha256, loaded_at=clock.now())
        audit.record("transfer.exported", transfer.subject, kind=transfer.kind, **counts)


def untold() -> int:
    """How many readings the next export would hold."""
    return sum(Reading.select().where(which).count() for which in _UNTOLD)


# ---- readings

_HEADER = ("account", "serial", "taken", "channel", "t1", "t2", "t3", "state", "reason")
_STATE = _HEADER.index("state")
_PASSED_HERE = Reading.receipt.is_null(False)  # the others came from a file of the billing system
_NEW = Reading.exported_by.is_null() & _PASSED_HERE & Reading.state.in_(COUNTED)
_COUNTED_AGAIN = (
    Reading.retracted_by.is_null(False) & (Reading.retracted_by > Reading.exported_by) & Reading.state.in_(COUNTED)
)
_TOLD_LAST = Reading.retracted_by.is_null() | (Reading.retracted_by < Reading.exported_by)
_RETRACTED = Reading.exported_by.is_null(False) & UNCOUNTED & _TOLD_LAST
_UNTOLD = (_NEW, _COUNTED_AGAIN, _RETRACTED)


def _untold(transfer_id: int) -> Rows:
    """Mark what no export has told, and give it: first what counts no longer, so that its place is free for what counts now."""
    retracted = _mark(_RETRACTED, retracted_by=transfer_id)
    counting = _mark(_NEW, exported_by=transfer_id) + _mark(_COUNTED_AGAIN, exported_by=transfer_id)
    yield from _of(retracted)
    yield from _of(counting)


def _mark(which: Any, **mark: int) -> array[int]:
    """Mark the readings; their ids, in eight bytes each."""
    sql, values = Reading.update(**mark).where(which).returning(Reading.id).sql()
    return array("q", (reading_id for (reading_id,) in database.execute_sql(sql, values)))


def _readings_since(day: date) -> Rows:
    """All counted readings passed here since a day, told or not; nothing is marked."""
    which = (Reading.received_at >= _midnight(day)) & _PASSED_HERE & Reading.state.in_(COUNTED)
    return map(_shown, _paged(_told(), Reading.id, which))


def _of(ids: array[int]) -> Rows:
    for start in range(0, len(ids), _CHUNK):
        chunk = _told().where(Reading.id.in_(ids[start : start + _CHUNK].tolist())).order_by(Reading.id)
        yield from map(_shown, chunk.tuples())


def _told() -> Any:
    columns = (
        Reading.id, Account.number, Meter.serial, Reading.taken, Reading.channel, Reading.t1, Reading.t2, Reading.t3, Reading.state,
        Reading.reason,
    )  # fmt: skip
    return Reading.select(*columns).join(Meter).join(Account)


def _shown(row: Sequence[Any]) -> Sequence[Any]:
    """A reading as the import takes it: what is billed is told as accepted."""
    told = list(row[1:])
    if told[_STATE] == BILLED:
        told[_STATE] = ACCEPTED
    return told


# ---- money and consents


def _payments_since(day: date) -> Rows:
    """Payments that became known since a day, less what was given back of them."""
    left = Payment.amount - Payment.refunded
    columns = (
        Payment.id,
        Account.number,
        Payment.paid_on,
        left,
        Payment.channel,
        Payment.document,
        Payment.number,
        Payment.period,
    )
    which = (Payment.settled_at >= _midnight(day)) & (Payment.state == PAID) & (left > 0)
    for row in _paged(Payment.select(*columns).join(Account), Payment.id, which):
        _, account, paid, kopecks, channel, document, number, period = row
        yield account, paid, _Money(kopecks), channel, document or number, period


def _consents_since(day: date) -> Rows:
    """Consents given or withdrawn since a day, moments by the company's clock."""
    moment = _midnight(day)
    whose = Consent.subject == Value("customer:").concat(Customer.id.cast("text"))
    columns = (
        Consent.id, Customer.email, Consent.subject, Consent.account, ConsentText.kind, ConsentText.version, Consent.given_at,
        Consent.channel, Consent.ip, Consent.withdrawn_at,
    )  # fmt: skip
    base = Consent.select(*columns).join(ConsentText).join_from(Consent, Customer, JOIN.LEFT_OUTER, on=whose)
    for row in _paged(base, Consent.id, (Consent.given_at >= moment) | (Consent.withdrawn_at >= moment)):
        _, email, subject, account, kind, version, given_at, channel, ip, withdrawn_at = row
        yield email or subject, account, kind, version, _local(given_at), channel, ip, _local(withdrawn_at)


def _paged(query: Any, key: Any, which: Any) -> Rows:
    """The rows of a query whose first column is the key, some hundreds at a time: memory does not grow with them."""
    last = 0
    while rows := list(query.where(which, key > last).order_by(key).limit(_CHUNK).tuples()):
        last = rows[-1][0]
        yield from rows


EXPORTS = {
    "readings": Export("Показания", _HEADER, _readings_since, goes_on=True),
    "payments": Export("Платежи", ("account", "paid", "amount", "channel", "document", "period"), _payments_since),
    "consents": Export(
        "Согласия", ("who", "account", "consent", "version", "given", "channel", "from", "withdrawn"), _consents_since
    ),
}  # fmt: skip


# ---- the file


class _Money(int):
    """Kopecks, which a file writes as rubles."""


class _Counted:
    """Rows on their way into a file: how many, and how many of them say that something counts."""

    def __init__(self, rows: Iterable[Sequence[Any]]):
        self.rows, self.count, self.counting = rows, 0, 0

    def __iter__(self) -> Rows:
        for row in self.rows:
            self.count += 1
            self.counting += row[_STATE] in COUNTED if len(row) == len(_HEADER) else 0
            yield row


def _write(path: Path, file_format: str, export: Export, rows: Iterable[Sequence[Any]]) -> None:
    if file_format == XLSX:
        money = ([xlsx.money(cell) if isinstance(cell, _Money) else cell for cell in row] for row in rows)
        xlsx.write(path, export.header, money, export.title)
    else:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
            writer.writerow(export.header)
            writer.writerows([_as_text(cell) for cell in row] for row in rows)
    with path.open("rb") as written:
        os.fsync(written.fileno())


def _as_text(cell: Any) -> Any:
    if isinstance(cell, _Money):
        return exports.rubles(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(" ", "minutes")
    return cell.isoformat() if isinstance(cell, date) else exports.safe(cell)


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _name(kind: str, file_format: str) -> str:
    return f"{kind}-{clock.local(clock.now()):%Y-%m-%d-%H%M}.{file_format}"


def _midnight(day: date) -> datetime:
    return clock.utc(datetime.combine(day, time()))


def _local(moment: datetime | None) -> datetime | None:
    return clock.local(moment).replace(tzinfo=None) if moment else None
