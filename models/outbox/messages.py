"""Letters and SMS waiting to go out, written in the transaction of what causes them.

A row names its letter and the letter's data; the words are put together when it is sent or shown. What is secret in it (links,
codes) lies apart and is wiped once the message has gone.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any, TypedDict, Unpack

from peewee import CharField, DateTimeField, IntegerField, JSONField, ModelSelect, TextField

from models import clock, company
from models.base import Row
from models.outbox import kinds

# waiting → sending → sent → bounced; back to waiting when it is to be tried again. The others are ends that staff see.
WAITING, SENDING, SENT = "waiting", "sending", "sent"
FAILED = "failed"  # refused for good, or tried until nobody needs it any more
WITHHELD = "withheld"  # not to be sent: unsubscribed, no consent, the address takes no mail
EXPIRED = "expired"  # nobody tried in time
BOUNCED = "bounced"  # taken, and brought back by a report
PAUSED, CANCELLED = "paused", "cancelled"  # with its mailing
EMAIL, SMS = "email", "sms"

_rung: ContextVar[bool] = ContextVar("rung", default=False)


class Message(Row):
    kind = CharField()  # email | sms
    to = CharField(column_name="recipient", index=True)
    domain = CharField(default="")  # of the address, small letters; pace is kept for each
    letter = CharField()
    data = JSONField(default=dict)
    secrets = JSONField(default=dict)
    subject = CharField(default="")  # whom it is for: 'customer:12', 'staff:3', '' when nobody is known
    account = CharField(default="")  # the account's number it is about
    mailing = IntegerField(null=True)  # the mailing's id
    message_id = CharField(unique=True)
    key = CharField(null=True, unique=True)
    state = CharField(default=WAITING)
    priority = IntegerField(default=1)  # kinds.URGENT goes first
    created_at = DateTimeField(default=clock.now)
    due_at = DateTimeField(default=clock.now)  # while sending: when the lease ends
    expires_at = DateTimeField(null=True)  # after it nobody needs the letter
    claim = CharField(default="")  # who sends it now
    attempts = IntegerField(default=0)
    provider = CharField(default="")  # who took it
    error = TextField(default="")  # what was said last
    ended_at = DateTimeField(null=True)  # when it reached its end: sent, failed, withheld, expired, bounced, cancelled
    wiped_at = DateTimeField(null=True)  # when its secrets were wiped, if it had any: it cannot be put together again

    class Meta:
        indexes = (
            (("state", "due_at"), False),
            (("state", "priority", "due_at", "domain"), False),
            (("state", "id"), False),
            (("letter", "id"), False),
            (("mailing", "state"), False),
            (("account",), False),
            (("created_at",), False),
        )

    @property
    def context(self) -> dict[str, Any]:
        return {**self.data, **self.secrets}

    @property
    def is_a_test(self) -> bool:
        """Whether an employee sends a mailing's letter to themselves: its account is invented, whoever may have that number."""
        return self.subject.startswith("staff:") and kinds.stored(self.letter).basis not in (kinds.ASKED, kinds.TOLD)

    @classmethod
    def newest(cls, count: int) -> ModelSelect[Any]:
        return cls.select().order_by(cls.id.desc()).limit(count)


Message.add_index(Message.id, where=Message.kind == SMS, name="message_sms")  # few among many letters


class Facts(TypedDict, total=False):
    """What a message may tell beside its words."""

    kind: str
    key: str | None  # a second message with the same one is dropped
    subject: str
    account: str
    mailing: int | None
    due_at: datetime | None


def post(
    letter: str, to: str, data: Mapping[str, Any], secrets: Mapping[str, Any] | None = None, **facts: Unpack[Facts]
) -> None:
    """Put a message in the outbox; a second one with the same key is dropped. A letter that `kinds` does not know: KeyError."""
    _rung.set(True)
    Message.insert(**drafted(letter, to, data, secrets, **facts)).on_conflict_ignore().execute()


def drafted(
    letter: str,
    to: str,
    data: Mapping[str, Any],
    secrets: Mapping[str, Any] | None = None,
    *,
    kind: str = EMAIL,
    key: str | None = None,
    subject: str = "",
    account: str = "",
    mailing: int | None = None,
    due_at: datetime | None = None,
) -> dict[str, Any]:
    """The row of a message that is not stored yet: for whoever stores many at once."""
    own, now = kinds.of(letter), clock.now()
    due = due_at or now
    return {
        "kind": kind,
        "to": to,
        "domain": domain_of(to) if kind == EMAIL else kind,
        "letter": letter,
        "data": dict(data),
        "secrets": dict(secrets or {}),
        "subject": subject,
        "account": account or str(data.get("account") or ""),
        "mailing": mailing,
        "message_id": f"<{uuid.uuid4().hex}@{domain_of(company.current().letters.sender)}>",
        "key": key,
        "state": WAITING,
        "priority": own.priority,
        "created_at": now,
        "due_at": due,
        "expires_at": due + timedelta(hours=own.hours),
        "claim": "",
        "attempts": 0,
        "provider": "",
        "error": "",
    }


def follow(subject: str, old: str, new: str) -> int:
    """What waits for somebody goes on to their new address, but for warnings: those are for the address of the day; how many.

    What is handed over at this very moment may still go to the old one.
    """
    urgent = [letter for letter, rules in kinds.KINDS.items() if rules.priority == kinds.URGENT]
    waiting = Message.state.in_((WAITING, SENDING, PAUSED)) & (Message.kind == EMAIL) & Message.letter.not_in(urgent)
    moved = Message.update(to=new, domain=domain_of(new)).where(Message.subject == subject, Message.to == old, waiting)
    return int(moved.execute())


def domain_of(address: str) -> str:
    return address.rpartition("@")[2].lower()


def taken_rung() -> bool:
    """Whether something was posted here since the last time this was asked: then the bell is worth ringing."""
    rung = _rung.get()
    _rung.set(False)
    return rung
