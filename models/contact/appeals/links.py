"""The secret link of an appeal's letters: a signature, not a row. It opens this one appeal, for whoever holds the letter.

What is signed is the address that the letter goes to, too: with the address of a cabinet its older links die.
"""

from __future__ import annotations

import re
from datetime import timedelta

from peewee import JOIN

from models import clock, seal
from models.contact.appeals.rows import CLOSED, MERGED, Appeal
from models.people.customers import Customer

LIVES = timedelta(days=60)  # after the appeal was closed
_PURPOSE = "appeal-link"
_SIGNATURE = 32  # hex digits: 128 bits
_TOKEN = re.compile(r"([1-9a-f][0-9a-f]{0,7})\.([0-9a-f]{32})", re.ASCII)
_LARGEST = 2**31 - 1


def token(appeal: Appeal) -> str:
    """What the secret link of the appeal ends with."""
    return f"{appeal.id:x}.{_signature(appeal.id, appeal.link_no, address(appeal))}"


def opened(token: str) -> Appeal | None:
    """The appeal that the link opens; None for a link that is not ours, was voided, or whose appeal was closed 60 days ago.

    The same work is done for one that is guessed: a row is looked for, a signature compared.
    """
    match = _TOKEN.fullmatch(token)
    appeal_id = int(match[1], 16) if match else 0
    found = _with_customer(appeal_id if appeal_id <= _LARGEST else 0)
    place = _place(found, found.customer) if found else ""
    link_no = found.link_no if found else 0
    given = match[2] if match else "0" * _SIGNATURE
    is_right = seal.matches(_PURPOSE, _signed(appeal_id, link_no, place), given)
    return found if found and place and is_right and not _is_over(found) else None


def void(appeal: Appeal) -> None:
    """The links that have gone out open nothing any more. Call inside the verb's transaction."""
    Appeal.update(link_no=Appeal.link_no + 1).where(Appeal.id == appeal.id).execute()


def address(appeal: Appeal) -> str:
    """Where news of the appeal go now: a customer's present address, a guest's own; '' where the person is gone."""
    return _place(appeal, Customer.get_by_id(appeal.customer_id) if appeal.customer_id else None)


def _with_customer(appeal_id: int) -> Appeal | None:
    """One query for any appeal and for none."""
    query = Appeal.select(Appeal, Customer).join(Customer, JOIN.LEFT_OUTER).where(Appeal.id == appeal_id)
    return query.first()  # type: ignore[no-any-return]


def _place(appeal: Appeal, customer: Customer | None) -> str:
    if customer is None:
        return str(appeal.email)
    return "" if customer.closed_at is not None else str(customer.email)


def _is_over(appeal: Appeal) -> bool:
    return appeal.state in (CLOSED, MERGED) and appeal.state_at < clock.now() - LIVES


def _signature(appeal_id: int, link_no: int, place: str) -> str:
    return seal.digest(_PURPOSE, _signed(appeal_id, link_no, place))[:_SIGNATURE]


def _signed(appeal_id: int, link_no: int, place: str) -> str:
    return f"{appeal_id}.{link_no}.{place}"
