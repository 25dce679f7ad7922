"""Closing a cabinet for good: nothing of the person is left in any room, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from models.contact import callbacks
from models.contact.appeals import forgetting
from models.contact.bounces import Undelivered
from models.entrance import leaving
from models.mailings.mailings import Recipient
from models.people.customers import Customer


def close(customer_id: int) -> bool:
    """Close the cabinet that is due and destroy what is known of the person, as `leaving.close` does and says."""
    return leaving.close(customer_id, _elsewhere)


def _elsewhere(customer: Customer, letters: Sequence[int]) -> dict[str, int]:
    """That a letter came back, or was part of a mailing, stays known; to which address does not."""
    theirs = (Undelivered.address == customer.email) | Undelivered.message.in_(letters)
    back = Undelivered.update(address="", reason="").where(theirs).execute()
    met = (Recipient.customer == customer.id) | (Recipient.address == customer.email)
    mailed = Recipient.update(address="").where(met, Recipient.address != "").execute()
    told = {"letters that came back": back, "letters of mailings": mailed, "callbacks": callbacks.wipe(customer.id)}
    return {**told, **forgetting.forget(customer)}
