"""Server-side sessions: the cookie carries a random secret, the row can be ended from anywhere and at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from peewee import JOIN, CharField, DateTimeField, ForeignKeyField, ModelSelect

from models import audit, clock, seal
from models.base import Refusal, Row, compiled, database, locked, param
from models.outbox.addresses import Suspension
from models.people.customers import Customer

IDLE = timedelta(days=14)
LIVES = timedelta(days=90)
_SEEN_EVERY = timedelta(hours=1)


class Session(Row):
    fingerprint = CharField(unique=True)
    customer = ForeignKeyField(Customer, backref="sessions", on_delete="CASCADE")
    device = CharField(default="")  # what the browser says of itself
    ip = CharField(default="")
    created_at = DateTimeField(default=clock.now)
    seen_at = DateTimeField(default=clock.now)
    ended_at = DateTimeField(null=True)

    @classmethod
    def open(cls, customer: Customer, device: str) -> str:
        """Begin a session; the secret for the cookie. Refused when the password that was verified has been changed meanwhile."""
        secret, customer_id = seal.token(), customer.id
        with database.atomic():
            same = (Customer.id == customer_id) & (Customer.password_hash == customer.password_hash)
            if locked(Customer.select(Customer.id).where(same)).first() is None:
                raise Refusal(None, "Пароль только что изменили. Войдите с новым.", "session.stale_password")
            cls.create(
                fingerprint=seal.fingerprint(secret),
                customer=customer_id,
                device=device[:200],
                ip=audit.actor().ip,
                created_at=clock.now(),
                seen_at=clock.now(),
            )
            audit.record("session.opened", f"customer:{customer_id}", device=device[:200])
        return secret

    @classmethod
    def live(cls, customer_id: int) -> ModelSelect[Any]:
        """The sessions that still open the cabinet, the last seen first."""
        now = clock.now()
        return (
            cls.select()
            .where(
                cls.customer == customer_id,
                cls.ended_at.is_null(),
                cls.seen_at > now - IDLE,
                cls.created_at > now - LIVES,
            )
            .order_by(cls.seen_at.desc())
        )


@compiled
def _by_fingerprint() -> ModelSelect[Any]:
    return (
        Session.select(
            Session.id,
            Session.created_at,
            Session.seen_at,
            Customer.id.alias("customer_id"),
            Customer.email,
            Customer.phone,
            Customer.name,
            Customer.closes_at,
            Suspension.since.alias("silent_since"),
        )
        .join(Customer)
        .join(Suspension, JOIN.LEFT_OUTER, on=(Suspension.address == Customer.email) & Suspension.until.is_null())
        .where(Session.fingerprint == param("fingerprint"), Session.ended_at.is_null())
    )


def find(secret: str) -> Any | None:
    """The live session of this secret with its customer's e-mail, phone and name, or None.

    `silent_since`: since when letters to that e-mail have come back, None while they arrive; `closes_at`: when the cabinet closes, None of
    one that stays.
    """
    row = _by_fingerprint.first(fingerprint=seal.fingerprint(secret))
    if row is None:
        return None
    now = clock.now()
    if row.seen_at <= now - IDLE or row.created_at <= now - LIVES:
        return None
    if row.seen_at < now - _SEEN_EVERY:
        Session.update(seen_at=now).where(Session.id == row.id).execute()
    return row


def end(session_id: int, customer_id: int) -> None:
    """Sign one device out; nothing happens to a session of somebody else."""
    with database.atomic():
        ended = (
            Session.update(ended_at=clock.now())
            .where(Session.id == session_id, Session.customer == customer_id, Session.ended_at.is_null())
            .execute()
        )
        if ended:
            audit.record("session.ended", f"customer:{customer_id}", session=session_id)


def end_others(customer_id: int, but: int | None = None) -> int:
    """Sign all devices out but the one of session `but`; how many were."""
    query = Session.update(ended_at=clock.now()).where(Session.customer == customer_id, Session.ended_at.is_null())
    if but is not None:
        query = query.where(Session.id != but)
    with database.atomic():
        ended = query.execute()
        if ended:
            audit.record("session.others_ended", f"customer:{customer_id}", count=ended)
    return ended


def purge() -> int:
    """Forget sessions that ended or fell asleep 90 days ago."""
    return Session.delete().where(Session.seen_at < clock.now() - LIVES).execute()
