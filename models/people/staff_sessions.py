"""Sessions of the staff: short, ended from anywhere and at once, the role read anew with each request."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from peewee import CharField, DateTimeField, ForeignKeyField, ModelSelect

from models import audit, clock, seal
from models.base import Refusal, Row, compiled, database, locked, param
from models.people.staff import Employee, subject

IDLE = timedelta(hours=1)
LIVES = timedelta(hours=12)
_SEEN_EVERY = timedelta(minutes=1)


class StaffSession(Row):
    fingerprint = CharField(unique=True)
    employee = ForeignKeyField(Employee, backref="sessions", on_delete="CASCADE")
    device = CharField(default="")
    ip = CharField(default="")
    created_at = DateTimeField(default=clock.now)
    seen_at = DateTimeField(default=clock.now, index=True)
    ended_at = DateTimeField(null=True)

    @classmethod
    def live(cls, employee_id: int) -> ModelSelect[Any]:
        """The sessions that still open the office, the last seen first."""
        now = clock.now()
        own = cls.select().where(cls.employee == employee_id, cls.ended_at.is_null())
        return own.where(cls.seen_at > now - IDLE, cls.created_at > now - LIVES).order_by(cls.seen_at.desc())


def begin(employee: Employee, device: str) -> str:
    """Begin a session after password and second factor; the secret for the cookie.

    Refused when the password, the second factor or the right to work here changed meanwhile.
    """
    secret = seal.token()
    with database.atomic():
        same = (Employee.id == employee.id) & (Employee.password_hash == employee.password_hash)
        same &= (Employee.factor_seed == employee.factor_seed) & Employee.closed_at.is_null()
        if locked(Employee.select(Employee.id).where(same)).first() is None:
            raise Refusal(None, "Доступ только что изменили. Войдите ещё раз.", "staff.stale")
        facts = {"created_at": clock.now(), "seen_at": clock.now(), "ip": audit.actor().ip, "device": device[:200]}
        StaffSession.create(fingerprint=seal.fingerprint(secret), employee=employee.id, **facts)
        with audit.acting(employee.subject, audit.actor().ip):
            audit.record("staff.signed_in", employee.subject, device=device[:200])
    return secret


@compiled
def _by_fingerprint() -> ModelSelect[Any]:
    return (
        StaffSession.select(
            StaffSession.id,
            StaffSession.created_at,
            StaffSession.seen_at,
            Employee.id.alias("employee_id"),
            Employee.email,
            Employee.name,
            Employee.role,
            Employee.office,
        )
        .join(Employee)
        .where(StaffSession.fingerprint == param("fingerprint"), StaffSession.ended_at.is_null())
        .where(Employee.closed_at.is_null())
    )


def find(secret: str) -> Any | None:
    """The live session of this secret with its employee, or None."""
    row = _by_fingerprint.first(fingerprint=seal.fingerprint(secret))
    if row is None:
        return None
    now = clock.now()
    if row.seen_at <= now - IDLE or row.created_at <= now - LIVES:
        return None
    if row.seen_at < now - _SEEN_EVERY:
        StaffSession.update(seen_at=now).where(StaffSession.id == row.id).execute()
    return row


def end(session_id: int, employee_id: int) -> None:
    """End one session of this employee; nothing happens to somebody else's."""
    own = (StaffSession.id == session_id) & (StaffSession.employee == employee_id) & StaffSession.ended_at.is_null()
    with database.atomic():
        if StaffSession.update(ended_at=clock.now()).where(own).execute():
            audit.record("staff.session_ended", subject(employee_id), session=session_id)


def end_all(employee_id: int, but: int | None = None) -> int:
    """End all sessions of an employee, but one if named; how many were."""
    query = StaffSession.update(ended_at=clock.now()).where(
        StaffSession.employee == employee_id, StaffSession.ended_at.is_null()
    )
    if but is not None:
        query = query.where(StaffSession.id != but)
    with database.atomic():
        ended = int(query.execute())
        if ended:
            audit.record("staff.sessions_ended", subject(employee_id), count=ended)
    return ended


def purge() -> int:
    """Forget sessions that nobody used for 90 days."""
    return int(StaffSession.delete().where(StaffSession.seen_at < clock.now() - timedelta(days=90)).execute())
