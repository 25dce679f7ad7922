"""Looking accounts up while forms are typed: limited by the hour, and noted where it goes on without forms.

A lookup is a GET and leaves no row: a clerk makes one a form. Who looks and types nothing reads the customer base; from UNNOTED on each
such lookup is in the audit log with its account.
"""

from __future__ import annotations

from models import audit, limits
from models.metering import finding
from models.metering.paperforms import numbers
from models.metering.paperforms.batches import Batch
from models.metering.paperforms.numbers import Meant

HOUR = 3600
MOST_LOOKUPS, MOST_SEARCHES = 1500, 300  # an hour; a quick clerk types 600 forms
UNNOTED_LOOKUPS, UNNOTED_SEARCHES = 100, 30  # an hour, less the forms typed
_UNUSED = "paperforms.unused"
_TOO_MANY = "Слишком много запросов за час. Бланки можно вводить и дальше, адрес появится после сохранения строки."
_TOO_MANY_SEARCHES = "Слишком много поисков за час. Отложите бланки с неразборчивым номером и найдите их позже."


def look_up(batch: Batch, text: str, employee_id: int) -> Meant:
    """Which account is meant. Refused: more than MOST_LOOKUPS an hour."""
    limits.spend("paperforms.lookup", str(employee_id), MOST_LOOKUPS, HOUR, _TOO_MANY)
    meant = numbers.recognise(text, batch.office_id)
    shown = [meant.account] if meant.account else meant.candidates
    if limits.hit(_UNUSED, str(employee_id), HOUR) > UNNOTED_LOOKUPS and shown:
        audit.record("paperforms.looked_up", batch.subject, account=", ".join(one.number for one in shown))
    return meant


def search(batch: Batch, text: str, employee_id: int) -> tuple[finding.Found, bool]:
    """Accounts by address, name or meter, and whether they are the batch's office's. Refused: more than MOST_SEARCHES an hour."""
    limits.spend("paperforms.find", str(employee_id), MOST_SEARCHES, HOUR, _TOO_MANY_SEARCHES)
    near = finding.find(text, office=batch.office.code)
    found = near if near.rows else finding.find(text)
    if limits.hit("paperforms.found", str(employee_id), HOUR) > UNNOTED_SEARCHES:
        audit.record("paperforms.searched", batch.subject, sought=text, count=len(found.rows))
    return found, bool(near.rows)


def count_form(employee_id: int) -> None:
    """A form was typed: one lookup was needed for it."""
    limits.give_back(_UNUSED, str(employee_id), HOUR)
