"""Exports for other systems. Readings go out once, in the format in which they come in; what no longer counts goes out again, saying so.

An export is a transfer: its file is kept and can be taken again, the same to the byte.
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from io import TextIOWrapper
from pathlib import Path
from secrets import token_hex
from typing import Any, NamedTuple

from peewee import JOIN, Value

from models import audit, clock
from models.base import Refusal, database
from models.billing import delivery
from models.billing.delivery import DeliveryChoice
from models.billing.payments import PAID, Payment
from models.consents import Consent, ConsentText
from models.exchange import exports, reading_export, transfers, xlsx
from models.exchange.reading_export import Rows, midnight, paged
from models.exchange.transfers import CSV, MADE, MAKING, OUT, XLSX, Transfer
from models.metering.accounts import Account
from models.metering.readings import COUNTED
from models.people.customers import Customer

_PART = ".part"


class Export(NamedTuple):
    """What can be exported: its title, its columns, its rows since a day, and what an export without a day holds: what no other has
    told yet (goes_on), or all there is (whole)."""

    title: str
    header: tuple[str, ...]
    since: Callable[[date], Rows]
    goes_on: bool = False
    whole: Callable[[], Rows] | None = None


def order(kind: str, file_format: str, *, since: date | None = None, employee_id: int | None = None) -> Transfer:
    """Write down that a file is to be made, since a day or as `Export` says. Refused: an unknown kind, no day where it needs one."""
    if kind not in EXPORTS or file_format not in (CSV, XLSX):
        raise Refusal("kind", "Выберите, что выгрузить и в каком виде.", "export.kind")
    if since is None and not EXPORTS[kind].goes_on and not EXPORTS[kind].whole:
        raise Refusal("since", "Укажите, с какого дня.", "export.since")
    with database.atomic():
        transfer = Transfer.create(
            direction=OUT, kind=kind, format=file_format, name=_name(kind, file_format), stored=f"{clock.today():%Y-%m}-{token_hex(12)}",
            since=since.isoformat() if since else "", state=MAKING, employee=employee_id, created_at=clock.now(),
        )  # fmt: skip
        audit.record("transfer.ordered", transfer.subject, kind=kind, since=transfer.since)
        return transfer


def make(transfer: Transfer) -> None:
    """Make the file. What it tells is marked before, and it is there before the row says so: told is only what is in a file."""
    export = EXPORTS[transfer.kind]
    untold = reading_export.Untold(transfer) if export.goes_on and not transfer.since else None
    counted = _Counted(untold.rows() if untold else _rows(export, transfer.since))
    for left in transfer.path.parent.glob(f"{transfer.stored}.*{_PART}"):  # of a try that broke off
        left.unlink(missing_ok=True)
    part = transfer.path.with_name(f"{transfer.stored}.{token_hex(4)}{_PART}")
    _write(part, transfer.format, export, counted)
    facts = {"size": part.stat().st_size, "sha256": _hash(part), "loaded_at": clock.now()}
    counts = {"read": counted.count}
    if export.goes_on:
        counts["retracted"] = counted.count - counted.counting
    with database.atomic():
        transfers.hold(transfer)
        if untold:
            untold.settle()
        os.replace(part, transfer.path)
        transfers.end(transfer, MADE, counts=counts, **facts)
        audit.record("transfer.exported", transfer.subject, kind=transfer.kind, **counts)


def _rows(export: Export, since: str) -> Rows:
    if not since and export.whole:
        return export.whole()
    return export.since(date.fromisoformat(since))


def forget(transfer: Transfer) -> None:
    """Give up an export: what it would have told is told by the next."""
    if not transfer.since:
        reading_export.forget(transfer)


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
    which = (Payment.settled_at >= midnight(day)) & (Payment.state == PAID) & (left > 0)
    for row in paged(Payment.select(*columns).join(Account), Payment.id, which):
        _, account, paid, kopecks, channel, document, number, period = row
        yield account, paid, _Money(kopecks), channel, document or number, period


def _consents_since(day: date) -> Rows:
    """Consents given or withdrawn since a day, moments by the company's clock."""
    moment = midnight(day)
    whose = Consent.subject == Value("customer:").concat(Customer.id.cast("text"))
    columns = (
        Consent.id, Customer.email, Consent.subject, Consent.account, ConsentText.kind, ConsentText.version, Consent.given_at,
        Consent.channel, Consent.ip, Consent.withdrawn_at,
    )  # fmt: skip
    base = Consent.select(*columns).join(ConsentText).join_from(Consent, Customer, JOIN.LEFT_OUTER, on=whose)
    for row in paged(base, Consent.id, (Consent.given_at >= moment) | (Consent.withdrawn_at >= moment)):
        _, email, subject, account, kind, version, given_at, channel, ip, withdrawn_at = row
        yield email or subject, account, kind, version, _local(given_at), channel, ip, _local(withdrawn_at)


# ---- how bills come, for the print house: no e-mail address


_DELIVERY = ("account", "holder", "settlement", "address", "way", "since")


def _delivery() -> Rows:
    """Every open account with the way its bills come; without a day where nobody has chosen."""
    return _ways(Account.closed.is_null() | (Account.closed >= clock.today()))


def _delivery_since(day: date) -> Rows:
    """The accounts whose way was chosen since a day."""
    return _ways(DeliveryChoice.since >= midnight(day))


def _ways(which: Any) -> Rows:
    columns = (
        Account.id, Account.number, Account.last_name, Account.first_name, Account.middle_name, Account.settlement, Account.street,
        Account.house, Account.flat, DeliveryChoice.way, DeliveryChoice.customer, DeliveryChoice.since,
    )  # fmt: skip
    base = Account.select(*columns).join(DeliveryChoice, JOIN.LEFT_OUTER, on=delivery.holds_for_account())
    for row in paged(base, Account.id, which):
        _, number, last, first, middle, settlement, street, house, flat, way, reader, since = row
        where = f"{street}, {house}{f', {flat}' if flat else ''}"
        now = delivery.Choice(way or delivery.PAPER, reader, since)
        shown = delivery.PAPER if not now.is_by_email else now.way
        yield number, " ".join(filter(None, (last, first, middle))), settlement, where, shown, _local(since)


EXPORTS = {
    "readings": Export("Показания", reading_export.HEADER, reading_export.since, goes_on=True),
    "payments": Export("Платежи", ("account", "paid", "amount", "channel", "document", "period"), _payments_since),
    "consents": Export(
        "Согласия", ("who", "account", "consent", "version", "given", "channel", "from", "withdrawn"), _consents_since
    ),
    "delivery": Export("Доставка счетов", _DELIVERY, _delivery_since, whole=_delivery),
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
            self.counting += row[reading_export.STATE] in COUNTED if len(row) == len(reading_export.HEADER) else 0
            yield row


def _write(path: Path, file_format: str, export: Export, rows: Iterable[Sequence[Any]]) -> None:
    with transfers.private(path) as file:
        if file_format == XLSX:
            money = ([xlsx.money(cell) if isinstance(cell, _Money) else cell for cell in row] for row in rows)
            xlsx.write(file, export.header, money, export.title)
        else:
            text = TextIOWrapper(file, encoding="utf-8-sig", newline="")
            writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
            writer.writerow(export.header)
            writer.writerows([_as_text(cell) for cell in row] for row in rows)
            text.detach()
        file.flush()
        os.fsync(file.fileno())


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


def _local(moment: datetime | None) -> datetime | None:
    return clock.local(moment).replace(tzinfo=None) if moment else None
