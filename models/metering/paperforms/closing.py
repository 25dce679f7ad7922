"""Closing a batch: what is typed compared with what was counted by hand."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from peewee import fn

from models import audit, clock, words
from models.base import Refusal, database
from models.metering.paperforms import second_look
from models.metering.paperforms.batches import (
    DOUBT,
    HELD,
    REPLACED,
    UNRESOLVED,
    WITHDRAWN,
    Batch,
    PaperForm,
    clean,
    hold,
)

_MOST_NAMED = 8
_LONGEST_REASON = 250


@dataclass(frozen=True)
class Totals:
    """A batch in figures; withdrawn rows are in none of the sums."""

    entered: int
    expected: int | None
    by_state: dict[str, int]
    total: int  # of the new values as typed
    control_sum: int | None
    usage: int
    unresolved: list[int]  # lines with a doubt or a refusal that nobody has put aside
    undecided: list[int]  # lines that two have read differently
    unchecked: list[int]  # held lines that nobody has checked

    @property
    def missing(self) -> int:
        """Forms fewer than expected, negative when there are more."""
        return 0 if self.expected is None else self.expected - self.entered

    @property
    def difference(self) -> int:
        """What is typed less the control sum."""
        return 0 if self.control_sum is None else self.total - self.control_sum

    @property
    def differs(self) -> bool:
        return bool(self.missing or self.difference)

    @property
    def wants_reason(self) -> bool:
        return self.differs or bool(self.unchecked)

    @property
    def doubts(self) -> int:
        return self.by_state.get(DOUBT, 0)


def totals(batch: Batch) -> Totals:
    stands = (PaperForm.batch == batch.id, PaperForm.state.not_in((REPLACED, WITHDRAWN)))
    columns = (PaperForm.state, fn.COUNT(PaperForm.id), fn.SUM(PaperForm.total), fn.SUM(PaperForm.usage))
    by_state: Counter[str] = Counter()
    total = usage = 0
    rows: Any = PaperForm.select(*columns).where(*stands).group_by(PaperForm.state).tuples()
    for state, count, typed, used in rows:
        by_state[state], total, usage = count, total + int(typed or 0), usage + _counted(state, used)
    lines: Any = PaperForm.select(PaperForm.line).where(*stands, PaperForm.state.in_(UNRESOLVED), PaperForm.aside == "")
    unresolved = [line for (line,) in lines.order_by(PaperForm.line).tuples()]
    undecided = [look.form.line for look in second_look.undecided(batch.id)]
    unchecked = second_look.unchecked(batch.id) if by_state[HELD] else []
    return Totals(
        by_state.total(), batch.expected, dict(by_state), total, batch.control_sum, usage, unresolved, undecided, unchecked
    )  # fmt: skip


def _counted(state: str, used: int | None) -> int:
    """A doubt and a refusal are no use yet."""
    return 0 if state in UNRESOLVED else int(used or 0)


def close(
    batch_id: int, employee_id: int, *, acknowledged: bool = False, unchecked: bool = False, reason: str = ""
) -> Totals:
    """End a batch. Refused: an empty one, rows that are unresolved or read differently by two.

    A difference in count or sum, and held rows that nobody has checked, want a tick each and a reason.
    """
    reason = clean(reason, _LONGEST_REASON)
    with database.atomic():
        batch = hold(batch_id)
        found = totals(batch)
        if not batch.is_open:
            return found
        _check(found)
        _check_told(found, acknowledged, unchecked, reason)
        told = reason if found.wants_reason else ""
        facts = {"closed_by": employee_id, "closed_at": clock.now(), "difference": told}
        closed = Batch.update(**facts).where(Batch.id == batch_id, Batch.closed_at.is_null()).execute()
        if closed != 1:
            raise RuntimeError(f"batch {batch_id} was closed twice")
        audit.record(
            "batch.closed", batch.subject, entered=found.entered, expected=found.expected, total=found.total,
            control_sum=found.control_sum, reason=told, unchecked=len(found.unchecked), **found.by_state,
        )  # fmt: skip
        return found


def reopen(batch_id: int, employee_id: int, reason: str) -> None:
    """Open a closed batch again, with a reason. An open one stays as it is."""
    reason = clean(reason, _LONGEST_REASON)
    if len(reason) < 3:
        raise Refusal("reason", "Напишите, зачем пачка открывается снова.", "reopen.reason")
    with database.atomic():
        batch = hold(batch_id)
        facts = {"closed_by": None, "closed_at": None, "difference": ""}
        if Batch.update(**facts).where(Batch.id == batch_id, Batch.closed_at.is_null(False)).execute():
            audit.record("batch.reopened", batch.subject, reason=reason)


def _check(found: Totals) -> None:
    if not found.entered:
        raise Refusal(None, "В пачке нет ни одного бланка.", "batch.empty")
    if found.unresolved:
        text = f"Не решено: {_named(found.unresolved)}. Исправьте каждую, снимите или отложите с причиной."
        raise Refusal(None, text, "batch.unresolved")
    if found.undecided:
        text = f"Прочитано по-разному: {_named(found.undecided)}. Посмотрите на бланки и решите, что на них."
        raise Refusal(None, text, "batch.undecided")


def _check_told(found: Totals, acknowledged: bool, unchecked: bool, reason: str) -> None:
    if found.differs and not acknowledged:
        text = "Количество или сумма не сходятся. Найдите ошибку или отметьте, что закрываете с расхождением."
        raise Refusal("acknowledged", text, "batch.differs")
    if found.unchecked and not unchecked:
        text = f"Ждёт сверки: {_named(found.unchecked)}. Попросите другого сотрудника сверить или отметьте, что закрываете без сверки."
        raise Refusal("unchecked", text, "batch.unchecked")
    if found.wants_reason and len(reason) < 3:
        raise Refusal("reason", "Напишите, почему закрываете так.", "batch.reason")


def _named(lines: list[int]) -> str:
    """«3 строки (2, 7, 8)»."""
    more = "…" if lines[_MOST_NAMED:] else ""
    return f"{words.plural(len(lines), 'строка', 'строки', 'строк')} ({', '.join(map(str, lines[:_MOST_NAMED]))}{more})"
