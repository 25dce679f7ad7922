"""A print run: the issued bills of a period in the order in which they are delivered, read in parts so that memory stays flat."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

from peewee import ModelSelect, Value

from models import audit, periods
from models.audit import AuditRow
from models.base import Refusal, database
from models.billing import bills, delivery, e_receipts
from models.billing.bills import HELD, ISSUED, Bill, Charge
from models.billing.shown import Bill as Shown
from models.billing.shown import Line
from models.metering.accounts import Account, Office
from models.metering.routes import order

CHUNK = 200
_PRINTED = "bills.printed"
_MONTHS = 12  # of the chart


class _Payer(NamedTuple):
    id: int
    number: str
    access_code: str


def routes(
    period: str, *, office: str | None = None, without: Collection[str] = (), left_over: bool = False
) -> dict[str, array[int]]:
    """The ids of the period's bills for paper by office code, in the order of delivery; `without` are account numbers.

    `left_over`: those alone that the last print run left to a letter which has reached nobody since. Refused: a period that has no
    issued bill, an office that is not there.
    """
    bills = _left_over(period) if left_over else _on_paper(period)
    if not left_over and not bills.exists():
        raise Refusal("period", f"Счетов за {period} нет: сначала bill {period}.", "printing.unbilled")
    if office is not None and not Office.select().where(Office.code == office).exists():
        raise Refusal("office", f"Участка {office} нет.", "printing.office")
    found: dict[str, list[tuple[str, int]]] = {}
    query: Any = bills.select(Bill.id, Account.number, Bill.facts["route"])
    for bill_id, account, route in query.tuples().iterator():
        if account not in without and office in (None, route[0]):
            found.setdefault(route[0], []).append((order(route[1:]), bill_id))
    return {code: _sorted(found.pop(code)) for code in sorted(found, key=lambda code: order([code]))}


def left_over() -> tuple[str, int] | None:
    """Of the period that was printed last: how many of its bills have reached nobody, on paper or by e-mail; None for none."""
    last = AuditRow.select(AuditRow.subject).where(AuditRow.deed == _PRINTED).order_by(AuditRow.id.desc()).first()
    period = last.subject.partition(":")[2] if last else ""
    count = int(_left_over(period).count()) if period else 0
    return (period, count) if count else None


def held(period: str) -> int:
    """How many bills of the period wait for a decision and are not printed."""
    return int(Bill.select().where(Bill.period == period, Bill.state == HELD).count())


def record(period: str, count: int, files: int) -> None:
    """Note that so many bills were put into files for the printer."""
    with database.atomic():
        audit.record(_PRINTED, f"period:{period}", bills=count, files=files)


def shown(ids: Sequence[int], period: str, public_url: str) -> Iterator[Shown]:
    """The bills with these ids in this order. Their lines come without traces: paper shows none."""
    for start in range(0, len(ids), CHUNK):
        yield from _chunk(ids[start : start + CHUNK], period, public_url)


def _sorted(found: list[tuple[str, int]]) -> array[int]:
    found.sort()
    return array("q", (bill_id for _, bill_id in found))


def _on_paper(period: str) -> ModelSelect[Any]:
    """The bills that are printed: all that were issued but those that went by e-mail instead of paper."""
    issued = Bill.select(Bill.id).join(Account).where(Bill.period == period, Bill.state == ISSUED)
    return issued.where(~delivery.is_paperless(Bill.account) | ~e_receipts.is_on_its_way())


def _left_over(period: str) -> ModelSelect[Any]:
    """The bills whose letter was on its way when the period was printed last, so that they were not, and failed after it."""
    rows = AuditRow.select(AuditRow.at).where(AuditRow.deed == _PRINTED, AuditRow.subject == f"period:{period}")
    last = rows.order_by(AuditRow.id.desc()).first()
    issued = Bill.select(Bill.id).join(Account).where(Bill.period == period, Bill.state == ISSUED)
    if last is None:
        return issued.where(Value(1) == 0)
    return issued.where(Bill.id.in_(e_receipts.failed_since(last.at)), delivery.was_paperless(Bill.account, last.at))


def _chunk(ids: Sequence[int], period: str, public_url: str) -> Iterator[Shown]:
    columns = (Bill.id, Bill.account, Bill.number, Bill.period, Bill.issued_on, Bill.due_on, Bill.facts)
    more = (Account.number.alias("account_number"), Account.access_code)
    query: Any = Bill.select(*columns, *more).join(Account).where(Bill.id.in_(list(ids)))
    rows = {row.id: row for row in query.namedtuples()}
    lines = _lines(ids)
    years = _years([row.account for row in rows.values()], period)
    for bill_id in ids:
        row = rows[bill_id]
        payer = _Payer(row.account, row.account_number, row.access_code)
        yield bills.shown(payer, row, lines.get(bill_id, ()), years[row.account], public_url)


def _lines(ids: Sequence[int]) -> dict[int, list[Line]]:
    names = (
        "service", "kind", "basis", "quantity", "price", "amount", "vat", "plan", "zone", "band", "about", "reason",
    )  # fmt: skip
    query: Any = Charge.select(Charge.bill, *(getattr(Charge, name) for name in names)).where(
        Charge.bill.in_(list(ids))
    )
    found: dict[int, list[Line]] = {}
    for bill_id, *cells in query.order_by(Charge.bill, Charge.place).tuples():
        found.setdefault(bill_id, []).append(Line(*cells))
    return found


def _years(accounts: Sequence[int], period: str) -> dict[int, list[Any]]:
    """The bills of the chart by account."""
    columns = (Bill.account, Bill.period, Bill.charged, Bill.recalculated, Bill.volume, Bill.basis)
    query: Any = Bill.select(*columns).where(Bill.account.in_(accounts), Bill.state == ISSUED)
    query = query.where(Bill.period.between(periods.shift(period, 1 - _MONTHS), period))
    found: dict[int, list[Any]] = {}
    for row in query.namedtuples():
        found.setdefault(row.account, []).append(row)
    return found
