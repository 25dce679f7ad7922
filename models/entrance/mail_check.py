"""An address that letters came back from, tried once more: a letter with a link; whoever opens it has got it."""

from __future__ import annotations

from datetime import timedelta

from models import limits, outbox, tokens
from models.base import Refusal, database
from models.outbox import addresses
from models.people.customers import Customer

PURPOSE = "email_check"
LIVES = timedelta(days=1)
_OFTEN = "Письмо уже отправлено несколько раз. Если его нет и в папке «Спам», укажите другую почту."


def ask(customer_id: int) -> None:
    """Send a letter to the customer's address though others do not arrive there; refused when letters arrive, and past three an hour."""
    limits.spend("mail.check", str(customer_id), 3, 3600, _OFTEN)
    customer = Customer.get_by_id(customer_id)
    with database.atomic():
        if not addresses.suspended([customer.email]):
            raise Refusal(None, "Письма на ваш адрес доходят, проверять его не нужно.", "mail.alive")
        tokens.void(PURPOSE, customer.subject)
        issued = tokens.issue(PURPOSE, customer.subject, LIVES, email=customer.email)
        outbox.post("email_check", customer.email, {}, {"token": issued.secret}, subject=customer.subject)


def confirm(token: tokens.Token) -> bool:
    """Spend the token: letters go to the address again; whether they did not.

    Bills stay on paper until the customer chooses e-mail again. Refused when the customer has another address by now.
    """
    with database.atomic():
        tokens.use(token)
        customer = Customer.get_by_id(int(token.subject.partition(":")[2]))
        if customer.email != token.data["email"]:
            raise Refusal(None, "Почта в кабинете уже другая.", "mail.other")
        return addresses.restore(customer.email, customer.subject)
