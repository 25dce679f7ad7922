"""Taking back what staff have received by mistake: a paper typed under another account, a slip of the hand."""

from __future__ import annotations

from typing import Any

from peewee import IntegrityError

from models import audit, words
from models.base import Refusal, database, locked
from models.metering import closings
from models.metering.decisions import ASKED, Decision
from models.metering.meters import Meter
from models.metering.readings import ACCEPTED, BILLED, COUNTED, HELD, REJECTED, REPLACED, Reading

_STANDING = (ACCEPTED, HELD)


def withdraw(account: Any, receipt_id: int, reason: str, *, corrected: bool = False) -> None:
    """Let the readings of a receipt count no more; what they had replaced counts again.

    They become rejected with the reason, which the customer sees, or replaced where a right one follows at once (`corrected`).
    What is replaced or rejected already stays so. Refused: a reading that is billed or has been decided on.
    """
    with database.atomic():
        list(locked(Meter.select(Meter.id).where(Meter.account == account.id).order_by(Meter.id)).tuples())
        closings.hold()
        readings = list(Reading.select().where(Reading.receipt == receipt_id, Reading.account == account.id))
        for reading in readings:
            _check(reading)
        standing = [reading for reading in readings if reading.state in _STANDING]
        for reading in standing:
            _move(reading, _STANDING, REPLACED if corrected else REJECTED, reason)
            _restore(reading)
        if standing:
            audit.record("readings.withdrawn", f"account:{account.number}", receipt=receipt_id, reason=reason)


def _check(reading: Any) -> None:
    decided = (Decision.reading == reading.id, Decision.verdict != ASKED)
    if Decision.select().where(*decided).exists():
        text = "Это показание уже разобрал сотрудник: исправьте его новым показанием."
        raise Refusal(None, text, "reading.decided")
    if reading.state == BILLED:
        text = f"Это показание уже учтено в счёте за {words.month(reading.period)}: исправьте его новым показанием."
        raise Refusal(None, text, "reading.billed")


def _restore(reading: Any) -> None:
    """Bring back what the reading had replaced, unless another one has come or the month is billed."""
    if closings.is_closed(reading.period):
        return
    for state, former in reading.trace.get("replaced", {}).items():
        stands = (Reading.meter == reading.meter_id, Reading.period == reading.period)
        blocking = COUNTED if state == ACCEPTED else (HELD,)
        if not Reading.select().where(*stands, Reading.state.in_(blocking)).exists():
            found = Reading.get_or_none(Reading.id == former)
            if found and found.state == REPLACED:
                _move(found, (REPLACED,), state, found.reason)


def _move(reading: Any, states: tuple[str, ...], state: str, reason: str) -> None:
    moved = (
        Reading.update(state=state, reason=reason).where(Reading.id == reading.id, Reading.state.in_(states)).execute()
    )
    if moved != 1:
        raise IntegrityError(f"reading {reading.id} is no longer {' or '.join(states)}")
