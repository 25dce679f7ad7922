"""Who is writing in an appeal just now: known from the drafts that their pages keep."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from peewee import Value

from models import clock
from models.contact.appeals.rows import AppealDraft
from models.people.staff import Employee

FRESH = timedelta(minutes=5)


def names(appeal_id: int, *, apart_from: int) -> list[str]:
    """The other employees who have typed something in it within the last five minutes and have not sent it."""
    query: Any = (
        AppealDraft.select(Employee.name, AppealDraft.fields)
        .join(Employee, on=AppealDraft.author == Value("staff:").concat(Employee.id.cast("TEXT")))
        .where(AppealDraft.appeal == appeal_id, AppealDraft.updated_at > clock.now() - FRESH, Employee.id != apart_from)
        .order_by(Employee.name)
    )
    return [row.name for row in query.namedtuples() if str(row.fields.get("text", "")).strip()]
