"""The report of a batch of paper forms as plain data: what was typed, by whom, and what became of it. Page, paper and table draw it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from models import audit, clock
from models.base import database
from models.metering.accounts import full_address, holder
from models.metering.paperforms import batches, closing
from models.metering.paperforms.batches import CHANNELS, PaperForm
from models.people.staff import Employee

STATES = {
    "accepted": "принято",
    "held": "на проверке",
    "same": "уже было",
    "doubt": "сомнение",
    "refused": "не принято",
    "withdrawn": "снято",
}
HEADER = (
    "Пачка", "Дата бланков", "Строка", "Лицевой счёт", "Адрес", "Абонент", "Счётчик", "Зона", "Было", "Стало", "Расход", "Единица",
    "Итог", "Причина", "Отложено", "Ввёл", "Когда",
)  # fmt: skip
WIDTHS = (8, 12, 8, 16, 42, 30, 18, 6, 10, 10, 10, 8, 13, 46, 30, 24, 16)


@dataclass(frozen=True)
class Zone:
    """A dial's zone: what it showed before and what stands on the form, None where it is left out."""

    name: str  # «Т1», '' on a meter of one zone
    was: int
    now: int | None


@dataclass(frozen=True)
class Dial:
    serial: str
    unit: str
    zones: tuple[Zone, ...]
    volume: int | None  # use in the unit, after the ratio; None while nothing is known


@dataclass(frozen=True)
class Row:
    """A form."""

    line: int
    account: str  # as typed where no account was found
    address: str
    holder: str
    typed: str  # what was typed where it went to no meter, '' elsewhere
    dials: tuple[Dial, ...]
    usage: int | None
    state: str
    reason: str
    aside: str
    by: str
    at: datetime  # local


@dataclass(frozen=True)
class Report:
    """A batch. The control sum is that of all new values on the forms; withdrawn rows are in no sum."""

    batch: int
    office: str
    taken: date
    channel: str
    opened_by: str
    opened_at: datetime  # local
    closed_by: str
    closed_at: datetime | None
    expected: int | None
    entered: int
    control_sum: int | None
    total: int
    usage: int
    by_state: dict[str, int]
    difference: str  # why count or sum differ, as told at the closing
    rows: tuple[Row, ...]

    @property
    def missing(self) -> int:
        return 0 if self.expected is None else self.expected - self.entered

    @property
    def is_closed(self) -> bool:
        return self.closed_at is not None


def of(batch_id: int) -> Report | None:
    """The report as of now; None for a batch that is not there."""
    batch = batches.find(batch_id)
    if batch is None:
        return None
    found = closing.totals(batch)
    rows = tuple(_row(form) for form in batches.rows(batch_id))
    withdrawn = sum(1 for row in rows if row.state == batches.WITHDRAWN)
    closed_by = Employee.get_by_id(batch.closed_by_id).name if batch.closed_by_id else ""
    return Report(
        batch=batch.id, office=batch.office.name, taken=batch.taken, channel=CHANNELS[batch.channel],
        opened_by=batch.opened_by.name, opened_at=clock.local(batch.opened_at), closed_by=closed_by,
        closed_at=clock.local(batch.closed_at) if batch.closed_at else None, expected=batch.expected, entered=found.entered,
        control_sum=batch.control_sum, total=found.total, usage=found.usage,
        by_state={**found.by_state, **({batches.WITHDRAWN: withdrawn} if withdrawn else {})},
        difference=batch.difference, rows=rows,
    )  # fmt: skip


def taken(report: Report, form: str) -> None:
    """Note that somebody takes the report away as a file: 'pdf' or 'xlsx'."""
    with database.atomic():
        audit.record("batch.report_taken", f"batch:{report.batch}", format=form, rows=len(report.rows))


def table(report: Report) -> Iterator[tuple[Any, ...]]:
    """The report for a spreadsheet: a row a zone, with everything that is known of its form beside it."""
    for row in report.rows:
        before = (report.batch, report.taken, row.line, row.account, row.address, row.holder)
        after = (STATES[row.state], row.reason, row.aside, row.by, row.at)
        zones = [(dial, zone) for dial in row.dials for zone in dial.zones]
        if not zones:
            yield (*before, None, None, None, row.typed or None, None, None, *after)
        told: set[str] = set()
        for dial, zone in zones:
            use = dial.volume if dial.serial not in told else None  # once a meter, so that the column adds up
            told.add(dial.serial)
            yield (*before, dial.serial, zone.name or None, zone.was, zone.now, use, dial.unit, *after)


def _row(form: PaperForm) -> Row:
    account = form.account
    dials = tuple(_dial(dial) for dial in form.dials if any(now is not None for now in dial["now"]))
    return Row(
        line=form.line, account=account.number if account else form.account_text, address=full_address(account) if account else "",
        holder=holder(account) if account else "", typed="" if dials else _said(form.typed), dials=dials, usage=form.usage,
        state=form.state, reason=form.reason, aside=form.aside, by=form.entered_by.name, at=clock.local(form.entered_at),
    )  # fmt: skip


def _said(typed: Sequence[str]) -> str:
    """«120 / —»: the texts of a form's zones, those left out marked."""
    return " / ".join(text or "—" for text in typed) if any(typed) else ""


def _dial(dial: dict[str, Any]) -> Dial:
    names = [f"Т{number}" if dial["zones"] > 1 else "" for number in range(1, dial["zones"] + 1)]
    zones = tuple(Zone(*each) for each in zip(names, dial["was"], dial["now"], strict=True))
    return Dial(dial["serial"], dial["unit"], zones, dial["volume"])
