"""The audit log's chain in the background: places for what was written, and a walk through all of it each night."""

from __future__ import annotations

import logging

from models import audit_chain

log = logging.getLogger("kabinet.audit")


def seal_audit() -> int:
    """Seal what was written since the last time; how many rows. The log of the process keeps each end: nothing can be cut off there."""
    try:
        count = audit_chain.seal_rows()
    except audit_chain.Broken as error:
        log.critical(
            "the audit log was tampered with, sealing stands still: %s; run `flask --app app audit verify`", error
        )
        return 0
    if count:
        log.info("audit log sealed up to place %s, hash %s", *audit_chain.end())
    return count


def verify_audit() -> list[str]:
    """Walk through the log and write the outcome into it; what is wrong."""
    complaints = audit_chain.examine()
    for complaint in complaints:
        log.critical(complaint)
    return complaints
