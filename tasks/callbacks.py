"""Requests for a call: phones and names are forgotten once nobody needs them."""

from __future__ import annotations

import logging

from models.contact import callbacks

log = logging.getLogger("kabinet.callbacks")


def forget_phones() -> int:
    """Wipe the phones and names of requests that were over 90 days ago; how many."""
    gone = callbacks.forget()
    log.info("forgot the phones of %s callbacks", gone)
    return gone
