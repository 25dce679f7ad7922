"""Who did what to whom, written in the transaction of the deed. Rows are only ever added; `audit_chain` proves that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from peewee import BigIntegerField, CharField, DateTimeField, JSONField

from models import clock
from models.base import Row


@dataclass(frozen=True)
class Actor:
    """Whoever acts now: 'customer:12', 'console', 'system', a guest; with the address they come from."""

    who: str = "system"
    ip: str = ""


_actor: ContextVar[Actor] = ContextVar("actor", default=Actor())  # noqa: B039  frozen


class AuditRow(Row):
    at = DateTimeField(default=clock.now, index=True)
    who = CharField()
    ip = CharField(default="")
    deed = CharField()
    subject = CharField()
    detail = JSONField(default=dict)
    place = BigIntegerField(null=True, unique=True)  # in the chain, 1, 2, 3…; none until the row is sealed
    hash = CharField(null=True, max_length=64)  # over the row and the hash before it

    class Meta:
        table_name = "audit"
        indexes = (
            (("who", "at"), False),
            (("ip", "at"), False),
            (("deed", "at"), False),
            (("subject", "at"), False),
        )


AuditRow.add_index(AuditRow.id, where=AuditRow.place.is_null(), name="audit_unsealed")


def actor() -> Actor:
    return _actor.get()


@contextmanager
def acting(who: str, ip: str = "") -> Iterator[None]:
    """All deeds inside are this actor's."""
    mark = _actor.set(Actor(who, ip))
    try:
        yield
    finally:
        _actor.reset(mark)


def identify(who: str) -> None:
    """From here on the deeds inside the present `acting` are this one's."""
    _actor.set(Actor(who, _actor.get().ip))


def record(deed: str, subject: str, **detail: Any) -> None:
    """Append one row: the deed as 'account.linked', the subject as 'account:2403…', never a secret in the detail."""
    now = actor()
    AuditRow.insert(at=clock.now(), who=now.who, ip=now.ip, deed=deed, subject=subject, detail=detail).execute()
