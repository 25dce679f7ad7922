"""Consents to the processing of personal data (152-ФЗ art. 9): each a document of its own, given and withdrawn as dated facts."""

from __future__ import annotations

from datetime import datetime

from peewee import CharField, DateTimeField, ForeignKeyField, TextField

from models import audit, clock
from models.base import Row
from models.company import ConsentDocument


class ConsentText(Row):
    """The very words that were agreed to, kept as long as any consent to them."""

    hash = CharField(primary_key=True, max_length=64)
    kind = CharField()
    version = CharField()
    text = TextField()


class Consent(Row):
    subject = CharField(index=True)  # 'customer:12'
    text = ForeignKeyField(ConsentText, backref="consents")
    given_at = DateTimeField()
    ip = CharField(default="")
    channel = CharField()
    account = CharField(default="")
    withdrawn_at = DateTimeField(null=True)


def give(
    subject: str,
    document: ConsentDocument,
    *,
    channel: str,
    at: datetime | None = None,
    ip: str | None = None,
    account: str = "",
) -> Consent:
    """Note that the subject agreed to this version of the document; call inside the verb's transaction."""
    ConsentText.insert(
        hash=document.hash, kind=document.kind, version=document.version, text=document.text
    ).on_conflict_ignore().execute()
    consent = Consent.create(
        subject=subject,
        text=document.hash,
        given_at=at or clock.now(),
        ip=audit.actor().ip if ip is None else ip,
        channel=channel,
        account=account,
    )
    audit.record("consent.given", subject, kind=document.kind, version=document.version, hash=document.hash)
    return consent
