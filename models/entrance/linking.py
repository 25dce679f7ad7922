"""Changing a customer's hold of an account, with what rested on it: the e-mail of its bills, the consents given for it."""

from __future__ import annotations

from typing import Any

from models import company, consents
from models.base import database
from models.billing import delivery, ledger
from models.metering import accounts
from models.people.customers import subject

_NOT_PRIMARY = "основным стал другой лицевой счёт, а по почте приходят счета только основного"
_WHY = "лицевой счёт отвязан от кабинета, на почту которого приходили счета"


def unlink(customer_id: int, account: Any) -> None:
    """End the holding; bills that came by e-mail to this customer come on paper again, their consents for the account end."""
    with database.atomic():
        ledger.hold([account.id])
        delivery.to_paper(account.id, _WHY, delivery.UNLINKED, reader=customer_id)
        accounts.unlink(customer_id, account)
        consents.leave(subject(customer_id), account.number)


def make_primary(customer_id: int, account: Any) -> bool:
    """Make it the primary one; whether bills of another account go back to paper by it, where only the primary one's come by e-mail."""
    with database.atomic():
        accounts.make_primary(customer_id, account)
        if company.current().delivery.accounts == "all":
            return False
        others = sorted(one for one in delivery.read_by(customer_id) if one != account.id)
        moved = [delivery.to_paper(one, _NOT_PRIMARY, delivery.PRIMARY, reader=customer_id) for one in others]
        return any(moved)
