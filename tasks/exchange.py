"""Files in and out: what the office has asked for is done here, one step of one transfer at a time."""

from __future__ import annotations

import logging

from models.exchange import handling, transfers

logger = logging.getLogger("kabinet.exchange")


def work(transfer_id: int) -> None:
    """Do what is due on a transfer: check it, load it, undo it, make its file. A failure is told to the log and tried again."""
    try:
        handling.step(transfer_id)
    except Exception:
        logger.exception("transfer %d: the step broke off", transfer_id)


def work_all() -> int:
    """Do what no bell was heard for; how many transfers there were."""
    waiting = transfers.due()
    for transfer_id in waiting:
        work(transfer_id)
    return len(waiting)
