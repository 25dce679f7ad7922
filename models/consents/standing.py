"""Whether a consent stands: asked at the moment of use, so that nothing goes on resting on one that was withdrawn."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from models import clock
from models.consents import given
from models.consents.given import Consent

IN_FORCE = "in_force"
WITHDRAWN = "withdrawn"  # processing ends by `ends_at`
ENDED = "ended"  # withdrawn, and processing has ended
EXPIRED = "expired"  # its term is over
REPLACED = "replaced"  # given anew


def state(consent: Any, now: datetime | None = None) -> str:
    """The state of a consent now; whatever has its columns will do."""
    now = now or clock.now()
    if consent.withdrawn_at is not None:
        if consent.withdrawal_channel == given.REPLACED:
            return REPLACED
        return WITHDRAWN if consent.ends_at is not None and consent.ends_at > now else ENDED
    if consent.term_until is not None and consent.term_until < clock.local(now).date():
        return EXPIRED
    return IN_FORCE


def stands(kind: str, account_number: str) -> Consent | None:
    """The consent of that kind in force for the account, the newest if several people gave one."""
    return standing(kind, [account_number]).get(account_number)


def standing(kind: str, numbers: Iterable[str]) -> dict[str, Consent]:
    """Those in force by the number of the account they are about; accounts without one are left out."""
    asked = list(numbers)
    return {one.account: one for one in _in_force(kind).where(Consent.account.in_(asked))} if asked else {}


def standing_all(kind: str, numbers: Iterable[str]) -> dict[str, list[Consent]]:
    """The same, all of them: several people may have given one for the account, the newest last."""
    asked = list(numbers)
    found: dict[str, list[Consent]] = {}
    for one in _in_force(kind).where(Consent.account.in_(asked)) if asked else ():
        found.setdefault(one.account, []).append(one)
    return found


def standing_for(kind: str, subjects: Iterable[str]) -> dict[str, Consent]:
    """Those in force by who gave them: for what is about a person, not an account."""
    asked = list(subjects)
    return {one.subject: one for one in _in_force(kind).where(Consent.subject.in_(asked))} if asked else {}


def _in_force(kind: str) -> Any:
    lasts = Consent.term_until.is_null() | (Consent.term_until >= clock.today())
    return (
        Consent.select()
        .where(Consent.kind == kind, Consent.withdrawn_at.is_null(), lasts)
        .order_by(Consent.given_at, Consent.id)
    )
