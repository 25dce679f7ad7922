"""What nobody waits for: forgetting what has expired."""

from __future__ import annotations

import logging

from models import kept, limits, tokens
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
    }
    log.info("forgot %s", forgotten)
    return forgotten
