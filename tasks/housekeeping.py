"""What nobody waits for: forgetting what has expired, and whoever has left."""

from __future__ import annotations

import logging

from models import kept, limits, tokens
from models.contact import incoming
from models.entrance import leaving
from models.office import destruction
from models.outbox import ends, pace
from models.people import sessions, staff_sessions

log = logging.getLogger("kabinet.housekeeping")


def forget_expired() -> dict[str, int]:
    """Remove expired links, codes, rate-limit counts, kept forms and dead sessions; how many of each."""
    forgotten = {
        "tokens": tokens.purge(),
        "limits": limits.purge(),
        "kept forms": kept.purge(),
        "sessions": sessions.purge(),
        "staff's sessions": staff_sessions.purge(),
        "secrets of messages": ends.wipe(),
        "old messages": ends.purge(),
        "notes of incoming letters": incoming.purge(),
        "domains of mail": pace.purge(),
    }
    log.info("forgot %s", forgotten)
    return forgotten


def close_cabinets() -> int:
    """Close the cabinets of those who withdrew their consent thirty days ago; how many. Each by itself: one fault stops no other."""
    closed = 0
    for customer_id in leaving.due():
        try:
            closed += destruction.close(customer_id)
        except Exception:
            log.exception("the cabinet of customer %s was not closed", customer_id)
    if closed:
        log.info("closed %s cabinets", closed)
    return closed
