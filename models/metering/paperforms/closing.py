"""Closing a batch: what is typed compared with what was counted by hand."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from peewee import fn

from models import audit, clock, words
from models.base import Refusal, database
from models.metering.paperforms.batches import (
    DOUBT,
    REPLACED,
    UNRESOLVED,
    WITHDRAWN,
    Batch,
    PaperForm,
    hold,
)

_MOST_NAMED = 8


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
    return Totals(by_state.total(), batch.expected, dict(by_state), total, batch.control_sum, usage, unresolved)


def _counted(state: str, used: int | None) -> int:
    """A doubt and a refusal are no use yet."""
    return 0 if state in UNRESOLVED else int(used or 0)


def close(batch_id: int, employee_id: int, *, acknowledged: bool = False, reason: str = "") -> Totals:
    """End a batch. Refused: unresolved rows, an empty batch, a difference in count or sum without a tick and a reason."""
    reason = reason.strip()[:250]
    with database.atomic():
        batch = hold(batch_id)
        found = totals(batch)
        if not batch.is_open:
            return found
        _check(found, acknowledged, reason)
        facts = {"closed_by": employee_id, "closed_at": clock.now(), "difference": reason if found.differs else ""}
        closed = Batch.update(**facts).where(Batch.id == batch_id, Batch.closed_at.is_null()).execute()
        if closed != 1:
            raise RuntimeError(f"batch {batch_id} was closed twice")
        audit.record(
            "batch.closed", batch.subject, entered=found.entered, expected=found.expected, total=found.total,
            control_sum=found.control_sum, reason=facts["difference"], **found.by_state,
        )  # fmt: skip
        return found


def reopen(batch_id: int, employee_id: int, reason: str) -> None:
    """Open a closed batch again, with a reason. An open one stays as it is."""
    if len(reason.strip()) < 3:
        raise Refusal("reason", "Напишите, зачем пачка открывается снова.", "reopen.reason")
    with database.atomic():
        batch = hold(batch_id)
        facts = {"closed_by": None, "closed_at": None, "difference": ""}
        if Batch.update(**facts).where(Batch.id == batch_id, Batch.closed_at.is_null(False)).execute():
            audit.record("batch.reopened", batch.subject, reason=reason.strip()[:250])


def _check(found: Totals, acknowledged: bool, reason: str) -> None:
    if not found.entered:
        raise Refusal(None, "В пачке нет ни одного бланка.", "batch.empty")
    if found.unresolved:
        named = ", ".join(map(str, found.unresolved[:_MOST_NAMED])) + ("…" if found.unresolved[_MOST_NAMED:] else "")
        count = words.plural(len(found.unresolved), "строка", "строки", "строк")
        text = f"Не решено: {count} ({named}). Исправьте каждую, снимите или отложите с причиной."
        raise Refusal(None, text, "batch.unresolved")
    if found.differs and not acknowledged:
        text = "Количество или сумма не сходятся. Найдите ошибку или отметьте, что закрываете с расхождением."
        raise Refusal("acknowledged", text, "batch.differs")
    if found.differs and len(reason) < 3:
        raise Refusal("reason", "Напишите, почему не сходится.", "batch.reason")
