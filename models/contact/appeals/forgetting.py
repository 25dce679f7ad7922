"""What becomes of a person's appeals when the cabinet is destroyed, or a guest has withdrawn the consent.

What was asked and answered is correspondence that the company keeps, with its number and dates; who asked is wiped: name, e-mail, phone,
and with the address all secret links. What was being typed goes, with its files. Appeals that were written as a guest rest on a consent
of their own: they are wiped in the same way when it was withdrawn and its days are over.
"""

from __future__ import annotations

from typing import Any

from models import audit, clock
from models.base import database
from models.consents import Consent
from models.contact.appeals import drafts, search
from models.contact.appeals.rows import GUEST, Appeal
from models.people.customers import Customer

_GUEST = f"{GUEST}:"


def forget(customer: Customer) -> dict[str, int]:
    """Wipe the person from their appeals; how many of what. Call inside the transaction that closes the cabinet."""
    return {"appeals": _wipe(Appeal.customer == customer.id), "drafts of appeals": drafts.drop_all(customer.subject)}


def forget_guests() -> int:
    """Wipe the guests who withdrew their consent and gave no other, where processing had to end by now; how many appeals."""
    is_guests = Consent.subject.startswith(_GUEST)
    stands = Consent.select(Consent.subject).where(is_guests, Consent.withdrawn_at.is_null())
    is_over = is_guests & (Consent.ends_at <= clock.now()) & Consent.subject.not_in(stands)
    over: Any = Consent.select(Consent.subject).where(is_over).distinct().tuples()
    count = 0
    for (one,) in list(over):
        with database.atomic():
            count += _wipe(Appeal.customer.is_null() & (Appeal.email == one.removeprefix(_GUEST)))
    return count


def _wipe(which: Any) -> int:
    theirs = list(Appeal.select(Appeal.id).where(which).order_by(Appeal.id))
    nobody = {"name": "", "email": "", "phone": "", "typed_account": ""}
    Appeal.update(**nobody, link_no=Appeal.link_no + 1).where(which).execute()
    for appeal in theirs:
        search.refresh(appeal.id)
    if theirs:
        audit.record("appeals.wiped", "appeals", count=len(theirs))
    return len(theirs)
