"""Consents to the processing of personal data (152-ФЗ art. 9): each a document of its own, given and withdrawn as dated facts
(given), and asked about by whatever rests on them (standing)."""

from models.consents.given import (
    CHANNELS,
    ENDS_IN,
    Consent,
    ConsentText,
    change_hands,
    end_all,
    give,
    leave,
    settle,
    wind_up,
    withdraw,
)
from models.consents.standing import (
    ENDED,
    EXPIRED,
    IN_FORCE,
    REPLACED,
    WITHDRAWN,
    standing,
    standing_all,
    standing_for,
    stands,
    state,
)

__all__ = [
    "CHANNELS",
    "ENDED",
    "ENDS_IN",
    "EXPIRED",
    "IN_FORCE",
    "REPLACED",
    "WITHDRAWN",
    "Consent",
    "ConsentText",
    "change_hands",
    "end_all",
    "give",
    "leave",
    "settle",
    "standing",
    "standing_all",
    "standing_for",
    "stands",
    "state",
    "wind_up",
    "withdraw",
]
