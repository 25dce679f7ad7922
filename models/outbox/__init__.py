"""What goes out by mail and SMS: messages wait as rows (messages), by rules of their letter (kinds), to addresses that take mail
(addresses), and are handed over one by one (sending)."""

from models.outbox.messages import (
    BOUNCED,
    CANCELLED,
    EXPIRED,
    FAILED,
    PAUSED,
    SENDING,
    SENT,
    WAITING,
    WITHHELD,
    Message,
    post,
    taken_rung,
)

__all__ = [
    "BOUNCED",
    "CANCELLED",
    "EXPIRED",
    "FAILED",
    "PAUSED",
    "SENDING",
    "SENT",
    "WAITING",
    "WITHHELD",
    "Message",
    "post",
    "taken_rung",
]
