"""Reading an appeal is looking at somebody's personal data: noted, once an hour for each employee (152-ФЗ art. 18.1, 19)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from models import audit, clock, limits
from models.audit import AuditRow
from models.base import compiled, database, param
from models.contact.appeals.rows import subject
from models.people import staff

LASTS = timedelta(hours=1)
MOST, PER = 300, 3600  # appeals that one employee opens in so many seconds
_DEED = "appeal.opened"
_TOO_MANY = "Слишком много обращений за час. Подождите немного; если работы правда столько, скажите администратору."


def open(employee_id: int, appeal_id: int) -> None:
    """Note that the employee reads this appeal, unless that was noted within the hour. Refused past what anybody's work needs."""
    if is_open(employee_id, appeal_id):
        return
    limits.spend("staff.appeal", str(employee_id), MOST, PER, _TOO_MANY)
    with database.atomic():
        audit.record(_DEED, subject(appeal_id))


def is_open(employee_id: int, appeal_id: int) -> bool:
    """Whether it is noted that the employee reads this appeal now."""
    since = clock.now() - LASTS
    return _noted.first(who=staff.subject(employee_id), subject=subject(appeal_id), since=since) is not None


@compiled
def _noted() -> Any:
    own = (AuditRow.who == param("who")) & (AuditRow.deed == _DEED)
    return (
        AuditRow.select(AuditRow.id)
        .where(AuditRow.subject == param("subject"), AuditRow.at > param("since"), own)
        .limit(1)
    )
