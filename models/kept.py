"""What was typed into a form whose session had ended, kept until the customer has signed in again."""

from __future__ import annotations

from datetime import timedelta

from peewee import CharField, DateTimeField, JSONField

from models import audit, clock, limits, seal
from models.base import Row

LIVES = timedelta(hours=2)
MOST, MOST_FIELDS = 50_000, 200  # characters of all names and values together: a whole appeal fits
TRIES, PER = 30, 3600  # forms an address may have kept: nobody fills the disk with what was never sent


class KeptForm(Row):
    fingerprint = CharField(unique=True)
    path = CharField(max_length=500)
    fields = JSONField()
    created_at = DateTimeField(default=clock.now, index=True)


def keep(path: str, fields: dict[str, list[str]]) -> str | None:
    """Keep the values for the page at `path`; the secret that brings them back, None past MOST characters or TRIES an hour."""
    size = sum(len(name) + sum(map(len, values)) for name, values in fields.items())
    if size > MOST or len(fields) > MOST_FIELDS:
        return None
    if limits.hit("kept.address", limits.network(audit.actor().ip), PER) > TRIES:
        return None
    secret = seal.token()
    KeptForm.create(fingerprint=seal.fingerprint(secret), path=path, fields=fields, created_at=clock.now())
    return secret


def find(secret: str, path: str) -> dict[str, list[str]] | None:
    row = KeptForm.get_or_none(KeptForm.fingerprint == seal.fingerprint(secret), KeptForm.path == path)
    return row.fields if row and row.created_at > clock.now() - LIVES else None


def forget(secret: str) -> None:
    KeptForm.delete().where(KeptForm.fingerprint == seal.fingerprint(secret)).execute()


def purge() -> int:
    return KeptForm.delete().where(KeptForm.created_at < clock.now() - LIVES).execute()
