"""The open customer card behind a page of the office: whoever has not opened it is asked for a reason first."""

from __future__ import annotations

from typing import Any

from flask import abort

from models.office import cards
from views.page import see
from views.staff_door import officer


def card_or_reason(number: str) -> Any:
    """The account of the card that this employee has open; else off to where the reason is asked for."""
    found = cards.present(officer().id, number)
    if found is None:
        abort(see("staff_customers.show", number=number))
    return found
