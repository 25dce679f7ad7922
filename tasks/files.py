"""The folder of attached files: what belongs to nobody any more is swept away."""

from __future__ import annotations

import logging

from models import files

log = logging.getLogger("kabinet.files")


def sweep() -> int:
    """Remove files without a row and those removed a month ago; how many."""
    gone = files.sweep()
    log.info("swept %s files", gone)
    return gone
