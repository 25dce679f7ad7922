"""Reading somebody's personal data apart from their card: noted, once an hour for each employee (152-ФЗ art. 18.1, 19)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from models import audit, clock, limits
from models.audit import AuditRow
from models.base import compiled, database, param
from models.people import staff

LASTS = timedelta(hours=1)
MOST, PER = 300, 3600  # of one kind that one employee opens in so many seconds
_TOO_MANY = "Вы открыли слишком много за час. Подождите немного; если работы правда столько, скажите администратору."


def open(employee_id: int, deed: str, subject: str) -> None:
    """Note that the employee reads this, unless that was noted within the hour. Refused past what anybody's work needs."""
    if is_open(employee_id, deed, subject):
        return
    limits.spend(f"staff.{deed}", str(employee_id), MOST, PER, _TOO_MANY)
    with database.atomic():
        audit.record(deed, subject)


def is_open(employee_id: int, deed: str, subject: str) -> bool:
    """Whether it is noted that the employee reads this now."""
    since = clock.now() - LASTS
    return _noted.first(who=staff.subject(employee_id), deed=deed, subject=subject, since=since) is not None


@compiled
def _noted() -> Any:
    own = (AuditRow.who == param("who")) & (AuditRow.deed == param("deed"))
    return (
        AuditRow.select(AuditRow.id)
        .where(AuditRow.subject == param("subject"), AuditRow.at > param("since"), own)
        .limit(1)
    )
