"""Reading an appeal, or looking for one by words, is looking at personal data: noted (152-ФЗ art. 18.1, 19)."""

from __future__ import annotations

from models import audit, limits, seal
from models.contact.appeals.rows import subject
from models.office import openings
from models.people import staff

_DEED = "appeal.opened"
_AN_HOUR = 3600
_MARK = 16  # hex digits: the same words can be told from others


def open(employee_id: int, appeal_id: int) -> None:
    """Note that the employee reads this appeal, unless that was noted within the hour. Refused past what anybody's work needs."""
    openings.open(employee_id, _DEED, subject(appeal_id))


def is_open(employee_id: int, appeal_id: int) -> bool:
    """Whether it is noted that the employee reads this appeal now."""
    return openings.is_open(employee_id, _DEED, subject(appeal_id))


def searched(employee_id: int, text: str, count: int) -> None:
    """Note that the employee has looked for these words and found so many appeals, once in an hour of the clock.

    The words themselves, which may be a name, are not kept: nothing is ever wiped from the log.
    """
    sought = " ".join(text.casefold().split())
    if limits.hit("staff.appeal_search", f"{employee_id} {sought}", _AN_HOUR) == 1:
        mark = seal.fingerprint(sought)[:_MARK]
        audit.record("appeals.searched", staff.subject(employee_id), mark=mark, count=count)
