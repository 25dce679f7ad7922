"""Ending a customer's hold of an account, with what rested on it: the e-mail of its bills, the consents given for it."""

from __future__ import annotations

from typing import Any

from models import consents
from models.base import database
from models.billing import delivery, ledger
from models.metering import accounts
from models.people.customers import subject

_WHY = "лицевой счёт отвязан от кабинета, на почту которого приходили счета"


def unlink(customer_id: int, account: Any) -> None:
    """End the holding; bills that came by e-mail to this customer come on paper again, their consents for the account end."""
    with database.atomic():
        ledger.hold([account.id])
        delivery.to_paper(account.id, _WHY, delivery.UNLINKED, reader=customer_id)
        accounts.unlink(customer_id, account)
        consents.leave(subject(customer_id), account.number)
