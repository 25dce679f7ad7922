"""What the background does with a transfer: the check of a file, its loading, its undoing. Each step may run twice and counts once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from itertools import islice
from typing import Any

from models import audit, clock, words
from models.base import database
from models.billing import registers
from models.exchange import decisions, imports, outgoing, register, table, transfers, xlsx
from models.exchange.kinds import KINDS
from models.exchange.rows import Counts
from models.exchange.table import BadFile, Column, Fault
from models.exchange.transfers import (
    CHECKED,
    LOADED,
    LOADING,
    MAKING,
    MOST_TRIES,
    REGISTER,
    UNDOING,
    UNDONE,
    UPLOADED,
    XLSX,
    Lost,
    Transfer,
    printable,
)
from models.metering import closings
from models.metering.readings import REPLACED, Reading
from models.people import staff

SHOWN_LINES = 8
KEPT_FAULTS = 200
_RENEWED = 8 << 20  # bytes read between two renewals of the lease

Progress = Callable[[int], None]


def step(transfer_id: int) -> None:
    """Do what is due on a transfer, if nobody else does. What breaks off is tried again later, and the reason raised."""
    transfer = transfers.claim(transfer_id)
    if transfer is None:
        return
    try:
        with audit.acting(_actor(transfer)):
            if transfer.tries < MOST_TRIES:
                _STEPS[transfer.state](transfer)
            else:
                _give_up(transfer)
    except Lost:
        return
    except BadFile as error:
        transfers.fail(transfer, str(error))
    except Exception:
        transfers.release(transfer)
        raise


def _give_up(transfer: Transfer) -> None:
    """What was begun too often and never ended is not begun again: people look at it."""
    if transfer.state == MAKING:
        outgoing.forget(transfer)
    transfers.fail(
        transfer, "Не получилось за несколько попыток. Позовите администратора: подробности в журнале сервера."
    )


def read(transfer: Transfer, progress: Progress | None = None) -> Iterator[imports.Read]:
    """The lines of a transfer's file, whatever its format."""
    columns = KINDS[transfer.kind].columns
    if transfer.format == REGISTER:
        mended = {line: number for line, (number, _) in transfer.mended.items()}
        return register.lines(transfer.path, register.of(transfer.register), mended, progress)
    if transfer.format == XLSX:
        return xlsx.lines(transfer.path, columns, progress)
    return table.lines(transfer.path, columns, progress)


def _check(transfer: Transfer) -> None:
    transfers.intact(transfer)
    first: list[tuple[int, dict[str, Any]]] = []
    renewing = _Renewing(transfer)

    def lines() -> Iterator[imports.Read]:
        for number, line in read(transfer, renewing):
            if len(first) < SHOWN_LINES and isinstance(line, dict) and (not first or first[-1][0] < number):
                first.append((number, dict(line)))
            yield number, line

    counts = imports.check(transfer.kind, lines)
    with database.atomic():
        transfers.end(
            transfer, CHECKED, checked_at=clock.now(), counts=counted(counts), faults=_faults(counts), facts=_facts(transfer, counts),
            preview=_preview(KINDS[transfer.kind].columns, first),
        )  # fmt: skip
        audit.record("transfer.checked", transfer.subject, read=counts.read, bad=counts.bad)


def _load(transfer: Transfer) -> None:
    transfers.intact(transfer)
    if KINDS[transfer.kind].in_parts:
        _load_in_parts(transfer)
    else:
        _load_at_once(transfer)


def _load_at_once(transfer: Transfer) -> None:
    """All lines or none, in one transaction."""
    held = imports.numbers(read(transfer)) if KINDS[transfer.kind].holds else ()
    with database.atomic():
        transfers.hold(transfer)
        counts = imports.take(
            transfer.kind, read(transfer), transfer.name, keep_good=transfer.keep_good, held=held, loaded_by=transfer.id
        )  # fmt: skip
        if counts.faults and not transfer.keep_good:
            _send_back(transfer, counts)
        else:
            _end_load(transfer, counts, "")


def _load_in_parts(transfer: Transfer) -> None:
    """Batch by batch, so that others who write wait for a batch alone. How far it got is stored with each: another try goes on there."""
    is_alone = transfer.approved_by_id is None
    if not transfer.progress and not transfer.keep_good:
        checked = imports.check(transfer.kind, lambda: read(transfer, _Renewing(transfer)), is_alone=is_alone)
        if checked.faults:
            with database.atomic():
                transfers.hold(transfer)
                _send_back(transfer, checked)
            return
    counts = _counts_so_far(transfer) if transfer.progress else Counts()
    counts.loaded_by, counts.is_alone = transfer.id, is_alone

    @contextmanager
    def part(line: int) -> Iterator[None]:
        with database.atomic():
            transfers.hold(transfer)
            yield
            transfers.go_on(transfer, line, counts=counted(counts), faults=_faults(counts))

    begun = transfer.progress
    imports.take_in_parts(transfer.kind, (one for one in read(transfer) if one[0] > begun), counts, part)
    with database.atomic():
        transfers.hold(transfer)
        _end_load(transfer, counts, "" if transfer.keep_good or not counts.bad else _CHANGED_MEANWHILE)


_CHANGED_MEANWHILE = "Пока файл загружался, данные изменились: строки с ошибками не загружены, остальные загружены."


def _counts_so_far(transfer: Transfer) -> Counts:
    return Counts(**transfer.counts, faults=[Fault(*one) for one in transfer.faults])


def _send_back(transfer: Transfer, counts: Counts) -> None:
    """Faults that the check did not see: people look again."""
    reason = "Пока файл ждал, данные изменились, и в нём нашлись ошибки. Не загружено ничего."
    nobody = {"asked_by": None, "asked_at": None, "approved_by": None, "approved_at": None}
    facts = _facts(transfer, counts)
    transfers.end(
        transfer, CHECKED, counts=counted(counts), faults=_faults(counts), facts=facts, reason=reason, **nobody
    )


def _end_load(transfer: Transfer, counts: Counts, reason: str) -> None:
    transfers.end(
        transfer, LOADED, counts=counted(counts), faults=_faults(counts), loaded_at=clock.now(), reason=reason
    )
    audit.record("transfer.loaded", transfer.subject, **counted(counts))


def _undo(transfer: Transfer) -> None:
    with database.atomic():
        transfers.hold(transfer)
        if transfer.kind == "payments":
            back, kopecks = registers.give_back_all(transfer.id, f"отменён файл № {transfer.id}")
            undone = {"undone": back, "undone_kopecks": kopecks}
        else:
            undone = {"undone": _replace_readings(transfer)}
        counts = {**transfer.counts, **undone}
        transfers.end(transfer, UNDONE, counts=counts, undone_at=clock.now())
        audit.record("transfer.undone", transfer.subject, reason=transfer.undo_reason, **undone)


def _replace_readings(transfer: Transfer) -> int:
    closings.hold()
    reason = f"отменён файл № {transfer.id}: {transfer.undo_reason}"[:250]
    return int(
        Reading.update(state=REPLACED, reason=reason)
        .where(Reading.id.in_(decisions.undoable_readings(transfer.id)))
        .execute()
    )


_STEPS: dict[str, Callable[[Transfer], None]] = {
    UPLOADED: _check,
    LOADING: _load,
    UNDOING: _undo,
    MAKING: outgoing.make,
}


class _Renewing:
    """Holds the lease for longer as the reading of a long file goes on."""

    def __init__(self, transfer: Transfer):
        self.transfer, self.read = transfer, 0

    def __call__(self, size: int) -> None:
        self.read += size
        if self.read > _RENEWED:
            self.read = 0
            transfers.renew(self.transfer)


def _actor(transfer: Transfer) -> str:
    """In whose name the step is done: the last person who asked for it."""
    asked = transfer.undo_asked_by_id if transfer.state == UNDOING else transfer.asked_by_id
    employee = asked or transfer.employee_id
    return staff.subject(employee) if employee else audit.actor().who


def counted(counts: Counts) -> dict[str, int]:
    return {
        "read": counts.read, "new": counts.new, "changed": counts.changed, "same": counts.same, "bad": counts.bad,
        "kopecks": counts.kopecks, "owners": counts.owners,
    }  # fmt: skip


def _faults(counts: Counts) -> list[list[Any]]:
    return [[line, column, printable(reason)] for line, column, reason in islice(sorted(counts.faults), KEPT_FAULTS)]


def _facts(transfer: Transfer, counts: Counts) -> dict[str, Any]:
    """What a register says of itself, and its lines whose account is to be found by people."""
    if transfer.format != REGISTER:
        return {}
    layout = register.of(transfer.register)
    reasons = {
        fault.line: printable(fault.reason.partition(";")[0])
        for fault in counts.faults[:KEPT_FAULTS]
        if fault.column == "account"
    }
    told = register.details(transfer.path, layout, reasons) if reasons else []
    unclear = [{**_printable(one), "reason": reasons[one["line"]]} for one in told]
    return {"said": _printable(register.said(transfer.path, layout)), "unclear": unclear}


def _printable(values: dict[str, Any]) -> dict[str, Any]:
    return {name: printable(value)[:200] if isinstance(value, str) else value for name, value in values.items()}


def _preview(columns: Iterable[Column], lines: list[tuple[int, dict[str, Any]]]) -> dict[str, Any]:
    """The first lines as they were understood, as texts."""
    named = [column for column in columns if any(line.get(column.name) is not None for _, line in lines)]
    return {
        "header": [column.name for column in named],
        "rows": [[number, *(shown(column, line.get(column.name)) for column in named)] for number, line in lines],
    }


def shown(column: Column, value: Any) -> str:
    """A value of a column, for people."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "да" if value else "нет"
    if isinstance(value, date):
        return words.day(value)
    if column.parse in (table.kopecks, table.positive_kopecks):
        return words.rubles(value)
    if column.parse in (table.price, table.quantity):
        return words.decimal(value, 10_000)
    return words.decimal(value, 100) if column.parse in (table.percent, table.hundredths) else str(value)
