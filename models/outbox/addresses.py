"""Addresses that take no mail: a permanent refusal suspends one, and what is told (not what is asked for) goes there no more.

A suspension is a dated fact. It ends when the reader proves that letters arrive, or when staff say so.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import idna
from peewee import CharField, DateTimeField, ModelSelect, TextField, fn

from models import audit, clock
from models.base import Row, database


class Suspension(Row):
    address = CharField()
    since = DateTimeField(default=clock.now, index=True)
    reason = TextField()  # what the other side said
    until = DateTimeField(null=True)
    lifted_by = CharField(default="")  # 'customer:12', 'staff:3'


Suspension.add_index(Suspension.address, unique=True, where=Suspension.until.is_null(), name="suspension_open")


def ascii_domain(domain: str) -> str:
    """A domain as DNS writes it, by the rules that its address was checked by (IDNA 2008); UnicodeError for one that cannot be."""
    encoded: bytes = domain.encode("idna") if domain.isascii() else idna.encode(domain.lower())
    return encoded.decode()


def suspended(addresses: Iterable[str]) -> set[str]:
    """Those among the addresses that take no mail now."""
    asked = list(addresses)
    query = Suspension.select(Suspension.address).where(Suspension.address.in_(asked), Suspension.until.is_null())
    return {one.address for one in query} if asked else set()


def listed(search: str = "", *, before: int | None = None, most: int = 50) -> list[Suspension]:
    """Addresses that take no mail now, the newest first: those that begin with `search`, after the row `before` of the last page."""
    query = Suspension.select().where(Suspension.until.is_null())
    if search := search.strip().lower().replace("\0", ""):
        query = query.where(fn.SUBSTR(Suspension.address, 1, len(search)) == search)
    if before is not None:
        query = query.where(Suspension.id < before)
    return list(query.order_by(Suspension.id.desc()).limit(most))


def suspended_since(moment: datetime) -> ModelSelect[Any]:
    """The addresses that were suspended since then, restored or not."""
    return Suspension.select(Suspension.address).where(Suspension.since > moment)


def restored_at(address: str) -> datetime | None:
    """When letters were last allowed to go there again; None: they never stopped, or have not been allowed since."""
    query = Suspension.select(Suspension.until).where(Suspension.address == address, Suspension.until.is_null(False))
    found = query.order_by(Suspension.until.desc()).first()
    return found.until if found else None


def suspend(address: str, reason: str) -> bool:
    """Send nothing more there but what its reader asks for; whether it is news. Call inside the verb's transaction."""
    row = {"address": address, "reason": reason[:1000], "since": clock.now()}
    is_new = Suspension.insert(**row).on_conflict_ignore().as_rowcount().execute() == 1
    if is_new:
        audit.record("address.suspended", f"email:{address}", reason=reason[:300])
    return is_new


def restore(address: str, by: str) -> bool:
    """Letters may go there again: a link that lay in a letter was opened, or staff say so; whether it was suspended."""
    with database.atomic():
        lifted = (
            Suspension.update(until=clock.now(), lifted_by=by)
            .where(Suspension.address == address, Suspension.until.is_null())
            .execute()
        )
        if lifted:
            audit.record("address.restored", f"email:{address}", by=by)
        return bool(lifted)
