"""Messages that nobody needs any more: their end, the wiping of their secrets, their removal after a year."""

from __future__ import annotations

from datetime import timedelta

from peewee import fn

from models import clock
from models.base import database
from models.outbox.messages import (
    BOUNCED,
    CANCELLED,
    EXPIRED,
    FAILED,
    SENDING,
    SENT,
    WAITING,
    WITHHELD,
    Message,
)
from models.outbox.sending import LONGEST_ERROR, NOBODY_TRIED, NOT_IN_TIME

KEPT = timedelta(days=365)
_ENDS = (SENT, FAILED, WITHHELD, EXPIRED, BOUNCED, CANCELLED)
_AT_ONCE = 500


def expire() -> int:
    """End what waited for longer than it is worth: untried or in vain; how many. A sender at work is not disturbed."""
    now, count = clock.now(), 0
    while True:
        with database.atomic():
            over = Message.select().where(
                Message.state.in_((WAITING, SENDING)), Message.due_at <= now, Message.expires_at <= now
            )
            rows = list(over.limit(_AT_ONCE))
            for one in rows:
                count += _expired(one)
        if len(rows) < _AT_ONCE:
            return count


def wipe() -> int:
    """Wipe the secrets of messages that reached no reader and whose links are dead by now; how many."""
    now = clock.now()
    return int(
        Message.update(secrets={}, wiped_at=now)
        .where(
            Message.state.in_((FAILED, WITHHELD, BOUNCED, CANCELLED)),
            Message.expires_at <= now,
            fn.LENGTH(Message.secrets.cast("text")) > len("{}"),
        )
        .execute()
    )


def purge() -> int:
    """Remove what came to its end a year ago; how many."""
    old, count = clock.now() - KEPT, 0
    while True:
        ids = Message.select(Message.id).where(Message.state.in_(_ENDS), Message.due_at < old, Message.ended_at < old)
        found = [one.id for one in ids.limit(_AT_ONCE)]
        gone = Message.delete().where(Message.id.in_(found), Message.state.in_(_ENDS)).execute() if found else 0
        count += gone
        if gone < _AT_ONCE:
            return count


def _expired(message: Message) -> int:
    now = clock.now()
    was_tried = message.attempts > 0
    error = f"{NOT_IN_TIME if was_tried else NOBODY_TRIED}: {message.error}".rstrip(": ")
    ended = {"state": FAILED if was_tried else EXPIRED, "error": error[:LONGEST_ERROR], "ended_at": now, "due_at": now}
    if message.secrets:
        ended |= {"secrets": {}, "wiped_at": now}
    mine = (Message.id == message.id) & (Message.state == message.state) & (Message.claim == message.claim)
    return int(Message.update(claim="", **ended).where(mine).execute())
