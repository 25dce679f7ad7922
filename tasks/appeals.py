"""The reception's daily round: answered appeals that nobody came back to are closed, unfinished drafts and guests who left forgotten."""

from __future__ import annotations

import logging

from models.contact.appeals import drafts, forgetting, talking

log = logging.getLogger("kabinet.appeals")


def tidy() -> dict[str, int]:
    """Close what was answered more than the company's `reopen_days` ago, sweep old drafts, wipe guests; how many of each."""
    done = {"closed": talking.close_answered(), "drafts": drafts.sweep(), "wiped": forgetting.forget_guests()}
    log.info("tidied appeals: %s", done)
    return done
