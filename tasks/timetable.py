"""What the background does: the one list of periodic jobs, and what can be rung for.

Times are UTC: Huey's clock knows no zones. Each job may run twice and does no harm by it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from huey import crontab

from tasks import (
    appeals,
    approvals,
    audit,
    bounces,
    callbacks,
    exchange,
    files,
    housekeeping,
    mailings,
    messages,
    payments,
)

JOBS = (
    (housekeeping.forget_expired, crontab(minute="17", strict=True)),
    (housekeeping.close_cabinets, crontab(minute="47", strict=True)),
    (appeals.tidy, crontab(hour="19", minute="11", strict=True)),
    (callbacks.forget_phones, crontab(hour="19", minute="27", strict=True)),
    (files.sweep, crontab(hour="19", minute="23", strict=True)),
    (files.scan_files, crontab(minute="*", strict=True)),
    (messages.send_all, crontab(minute="*", strict=True)),
    (bounces.read_mailbox, crontab(minute="*", strict=True)),
    (mailings.make_regular, crontab(minute="7", strict=True)),
    (mailings.work_all, crontab(minute="*", strict=True)),
    (mailings.forget, crontab(hour="19", minute="31", strict=True)),
    (payments.check_all, crontab(minute="*", strict=True)),
    (exchange.work_all, crontab(minute="*", strict=True)),
    (approvals.carry_out_all, crontab(minute="*", strict=True)),
    (audit.seal_audit, crontab(minute="*", strict=True)),
    (audit.verify_audit, crontab(hour="20", minute="41", strict=True)),
)
# Work on one row, by name; a periodic job does the same for rows whose bell nobody heard.
BELLS: Mapping[str, Callable[[int], Any]] = {
    "send_messages": messages.send,
    "scan_file": files.scan_file,
    "expand_mailing": mailings.work,
    "check_payment": payments.check,
    "handle_transfer": exchange.work,
    "carry_out_proposal": approvals.carry_out,
}
