"""What was typed into a form whose session had ended, kept until the customer has signed in again."""

from __future__ import annotations

from datetime import timedelta

from peewee import CharField, DateTimeField, JSONField

from models import clock, seal
from models.base import Row

LIVES = timedelta(hours=2)
MOST = 200_000  # characters of all values together: a whole appeal fits


class KeptForm(Row):
    fingerprint = CharField(unique=True)
    path = CharField(max_length=500)
    fields = JSONField()
    created_at = DateTimeField(default=clock.now, index=True)


def keep(path: str, fields: dict[str, list[str]]) -> str | None:
    """Keep the values for the page at `path`; the secret that brings them back, None when they are more than MOST."""
    if sum(len(value) for values in fields.values() for value in values) > MOST:
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
