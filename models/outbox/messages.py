"""Letters and SMS waiting to go out, written in the transaction of what causes them.

A row names its letter and the letter's data; the words are put together when it is sent or shown. What is secret in it (links,
codes) lies apart and is wiped once the message has gone.
"""

from __future__ import annotations

import uuid
from typing import Any

from peewee import CharField, DateTimeField, IntegerField, JSONField, ModelSelect

from models import clock
from models.base import Row

WAITING = "waiting"


class Message(Row):
    kind = CharField()  # email | sms
    to = CharField(column_name="recipient", index=True)
    letter = CharField()
    data = JSONField(default=dict)
    secrets = JSONField(default=dict)
    message_id = CharField(unique=True)
    key = CharField(null=True, unique=True)
    state = CharField(default=WAITING)
    created_at = DateTimeField(default=clock.now)
    due_at = DateTimeField(default=clock.now)
    attempts = IntegerField(default=0)

    class Meta:
        indexes = ((("state", "due_at"), False),)

    @property
    def context(self) -> dict[str, Any]:
        return {**self.data, **self.secrets}

    @classmethod
    def newest(cls, count: int) -> ModelSelect[Any]:
        return cls.select().order_by(cls.id.desc()).limit(count)


def post(
    letter: str,
    to: str,
    data: dict[str, Any],
    secrets: dict[str, Any] | None = None,
    *,
    kind: str = "email",
    key: str | None = None,
) -> None:
    """Put a message in the outbox; a second one with the same key is dropped."""
    message_id = f"<{uuid.uuid4().hex}@kabinet>"
    Message.insert(
        kind=kind,
        to=to,
        letter=letter,
        data=data,
        secrets=secrets or {},
        message_id=message_id,
        key=key,
        created_at=clock.now(),
        due_at=clock.now(),
    ).on_conflict_ignore().execute()
