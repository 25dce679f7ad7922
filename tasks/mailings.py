"""Mailings in the background: begun at their time, written into the outbox part by part, put right, ended."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from models.mailings import control, expansion, mailings, regular

logger = logging.getLogger("kabinet.mailings")
LONGEST = 10  # seconds of one round, the next one goes on: the same worker looks after payments
BREATH = 0.05  # seconds between two parts: whoever waits to write looks again only so often


def make_regular() -> None:
    """Make the mailings that are due by the company's clock."""
    for made in regular.make():
        logger.info("mailing %s: %s", made.id, made.key)


def forget() -> None:
    """Forget to whom mailings went that ended long ago."""
    if count := control.forget():
        logger.info("forgot %s recipients", count)


def work_all() -> None:
    """Begin and write what is due, whoever's bell was not heard; settle what goes on. A fault in one mailing stops no other."""
    until = time.monotonic() + LONGEST
    for mailing_id in control.due():
        _safely(mailing_id, lambda one: _write(one, until))
    for mailing_id in control.unsettled():
        _safely(mailing_id, lambda one: _settle(one, until))


def work(mailing_id: int) -> None:
    """One mailing was started, paused or stopped just now."""
    until = time.monotonic() + LONGEST
    _write(mailing_id, until)
    if mailing_id in control.unsettled():
        _settle(mailing_id, until)


def _safely(mailing_id: int, work: Callable[[int], None]) -> None:
    try:
        work(mailing_id)
    except Exception:
        logger.exception("mailing %s: broke off, tried again in a minute", mailing_id)


def _write(mailing_id: int, until: float) -> None:
    mailings.begin(mailing_id)
    while expansion.expand(mailing_id) and time.monotonic() < until:
        time.sleep(BREATH)


def _settle(mailing_id: int, until: float) -> None:
    while control.settle(mailing_id) and time.monotonic() < until:
        time.sleep(BREATH)
