"""What goes with a letter: drawn when it is sent, kept nowhere, the same bytes at each try."""

from __future__ import annotations

from typing import NamedTuple

from models import company, words
from models.billing import e_receipts
from models.billing.bills import Open
from models.billing.payments import Payment
from models.outbox import Message
from tasks import cheques
from tasks.papers import bill as bill_paper

_PDF = "application/pdf"


class Attachment(NamedTuple):
    """A file in a letter: its name, its media type, its bytes."""

    name: str
    kind: str
    body: bytes


def of(message: Message, public_url: str) -> list[Attachment]:
    """The files of a message; most have none. Codes on a paper lead to the portal's public address."""
    if message.is_a_test or not message.data:  # of a cabinet that was closed
        return []
    if message.letter == e_receipts.LETTER:
        return _bill(message.data["account"], message.data["period"], public_url)
    if message.letter == "cheque":
        return _cheque(message.data["number"])
    return []


def _bill(number: str, period: str, public_url: str) -> list[Attachment]:
    """The bill as it was issued; none where there is no such bill."""
    account = e_receipts.payer.first(number=number)
    opened = Open(account, period) if account else None
    if opened is None or not opened.is_there:
        return []
    shown = opened.shown(opened.lines().get(period, ()), public_url)
    name = f"Счёт {number} {words.month(period)}.pdf".replace(words.NBSP, " ")
    return [Attachment(name, _PDF, bill_paper.draw(shown, company.current()))]


def _cheque(number: str) -> list[Attachment]:
    payment = Payment.get_or_none(Payment.number == number)
    if payment is None or not payment.cheque:
        return []
    return [Attachment(f"Чек {number}.pdf", _PDF, cheques.drawn(payment))]
