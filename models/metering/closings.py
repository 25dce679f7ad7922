"""The closing of periods: from the moment a period is billed its readings stand."""

from __future__ import annotations

from typing import Any

from peewee import DateTimeField, ModelSelect

from models import audit, clock
from models.base import PeriodField, Row, compiled, database, is_sqlite, param
from models.metering.readings import ACCEPTED, BILLED, Reading


class Closing(Row):
    """A period was billed at a moment: a dated fact."""

    period = PeriodField(unique=True)
    closed_at = DateTimeField(default=clock.now)


@compiled
def _closing() -> ModelSelect[Any]:
    return Closing.select(Closing.id).where(Closing.period == param("period"))


def is_closed(period: str) -> bool:
    return _closing.first(period=period) is not None


def hold() -> None:
    """Let no period be closed until the present transaction ends; whoever stores a reading asks `is_closed` after this."""
    if not is_sqlite():  # there the transaction itself is the lock
        database.execute_sql("LOCK TABLE closing IN SHARE MODE")


def close(period: str) -> int:
    """Mark the period billed: its accepted readings stand from now on. Returns how many; a second time none."""
    with database.atomic():
        Closing.insert(period=period, closed_at=clock.now()).on_conflict_ignore().execute()
        billed = Reading.update(state=BILLED).where(Reading.period == period, Reading.state == ACCEPTED).execute()
        audit.record("period.closed", f"period:{period}", readings=billed)
    return billed
