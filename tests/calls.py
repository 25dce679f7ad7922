"""What requests for a call have in common."""

from __future__ import annotations

from models import company
from models.company_consents import PERSONAL_DATA


def agreed() -> str:
    """The version of the document that a guest has agreed to."""
    return company.current().consents[PERSONAL_DATA].version
