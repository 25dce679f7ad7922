"""Leaving the cabinet: whoever withdraws the consent to personal data may come back for thirty days, then nothing of them is left.

What the law keeps stays: readings, bills and payments of the account, appeals and their answers, the consents themselves, the
audit log.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from models import audit, clock, company, consents, outbox, tokens
from models.base import database, locked
from models.billing import delivery
from models.billing.payments import Payment
from models.entrance import linking
from models.metering import finding
from models.metering.accounts import Account
from models.metering.orders import placing as orders
from models.outbox.addresses import Suspension
from models.people import sessions
from models.people.customers import Customer, subject

ERASED_EMAIL = "closed-{id}@closed.invalid"  # RFC 2606: no letter can go there
_WHY = "клиент отозвал согласие на обработку персональных данных"
_NOTE = "отозвано согласие на обработку персональных данных"
_ERASED = (
    "имя",
    "электронная почта",
    "телефон",
    "пароль",
    "сеансы и устройства",
    "ссылки и коды",
    "адреса и тексты писем",
    "имя, почта и телефон в обращениях, черновики обращений",
    "телефон и пояснения в заявках на счётчик",
)
_KEPT = "показания, счета и платежи лицевого счёта; тексты обращений и ответов; согласия и отзывы; журнал действий"


Elsewhere = Callable[
    [Customer, Sequence[int]], Mapping[str, int]
]  # the customer, the ids of their letters; how many of what


def begin(customer_id: int, closes_at: datetime, *, but: int | None = None) -> None:
    """The cabinet closes at that moment. At once: other devices than session `but` are signed out, bills come on paper again.

    Call inside the withdrawal's transaction.
    """
    begun = (
        Customer.update(closes_at=closes_at)
        .where(Customer.id == customer_id, Customer.closes_at.is_null(), Customer.closed_at.is_null())
        .execute()
    )
    if begun:
        sessions.end_others(customer_id, but=but)
        tokens.void_all(subject(customer_id))
        delivery.all_to_paper(customer_id, _NOTE, delivery.WEB)
        audit.record("customer.leaving", subject(customer_id), closes=closes_at.isoformat())


def stay(customer_id: int) -> None:
    """The consent is given again in time: the cabinet stays. Call inside the consent's transaction."""
    stays = (Customer.id == customer_id) & Customer.closes_at.is_null(False) & Customer.closed_at.is_null()
    if Customer.update(closes_at=None).where(stays).execute():
        audit.record("customer.stays", subject(customer_id))


def due() -> list[int]:
    """The customers whose cabinet is to be closed now."""
    query: Any = Customer.select(Customer.id).where(Customer.closes_at <= clock.now(), Customer.closed_at.is_null())
    return [customer_id for (customer_id,) in query.order_by(Customer.id).tuples()]


def close(customer_id: int, elsewhere: Elsewhere | None = None) -> bool:
    """Close the cabinet and destroy what is known of the person there; an audit row is the act of destruction.

    `elsewhere` destroys, in the same transaction, what rooms above this one know. False: it is not due (any more), or a letter is on its
    way this very moment, so the next round does it.
    """
    letters = _letters(Customer.get_by_id(customer_id))
    with database.atomic():
        customer: Customer | None = locked(Customer.select().where(Customer.id == customer_id)).first()
        if customer is None or customer.closed_at is not None:
            return False
        if customer.closes_at is None or customer.closes_at > clock.now() or _is_being_sent(letters):
            return False
        for account in Account.of(customer_id).order_by(Account.id):  # one order of locks everywhere
            linking.unlink(customer_id, account)
        orders.forget(customer_id)
        counts = {**(elsewhere(customer, letters) if elsewhere else {}), **_erase(customer, letters)}
        audit.record("customer.destroyed", customer.subject, **_act(), **counts)
        return True


def _erase(customer: Customer, letters: list[int]) -> dict[str, int]:
    addresses = _addresses(customer, letters)
    counts = {
        "consents": consents.end_all(customer.subject),
        "sessions": sessions.Session.delete().where(sessions.Session.customer == customer.id).execute(),
        "links": _forget_links(customer),
        "letters": _wipe(letters),
        "payments": Payment.update(email="").where(Payment.customer == customer.id, Payment.email != "").execute(),
    }
    Suspension.delete().where(Suspension.address.in_(addresses)).execute()
    nobody = {"email": ERASED_EMAIL.format(id=customer.id), "phone": "", "name": "", "password_hash": ""}
    Customer.update(closed_at=clock.now(), **nobody).where(Customer.id == customer.id).execute()
    finding.refresh_customer(customer.id)
    return counts


def _forget_links(customer: Customer) -> int:
    theirs = tokens.Token.subject.in_((customer.subject, f"email:{customer.email}"))
    return int(tokens.Token.delete().where(theirs).execute())


def _letters(customer: Customer) -> list[int]:
    """The messages to the customer; looked for outside the transaction, there may be a million of others."""
    theirs = (outbox.Message.subject == customer.subject) | (outbox.Message.to == customer.email)
    query: Any = outbox.Message.select(outbox.Message.id).where(theirs)
    return [message_id for (message_id,) in query.tuples()]


def _addresses(customer: Customer, letters: list[int]) -> list[str]:
    """The address that the customer has, and those they had, but for what is another customer's or an account's by now."""
    sent: Any = outbox.Message.select(outbox.Message.to).where(outbox.Message.id.in_(letters)).distinct().tuples()
    had = {address for (address,) in sent if address}
    others: Any = Customer.select(Customer.email).where(Customer.email.in_(had), Customer.id != customer.id).tuples()
    accounts: Any = Account.select(Account.email).where(Account.email.in_(had)).tuples()
    return sorted(had - {address for (address,) in [*others, *accounts]} | {customer.email})


def _is_being_sent(letters: list[int]) -> bool:
    sending = outbox.Message.state == outbox.SENDING
    return bool(letters) and outbox.Message.select().where(outbox.Message.id.in_(letters), sending).exists()


def _wipe(letters: list[int]) -> int:
    """That and when a letter went stays known; to whom and what it said does not."""
    if not letters:
        return 0
    message = outbox.Message
    waiting = message.id.in_(letters) & message.state.in_((outbox.WAITING, outbox.PAUSED))
    message.update(state=outbox.CANCELLED, ended_at=clock.now()).where(waiting).execute()
    empty = {"to": "", "domain": "", "data": {}, "secrets": {}, "error": ""}
    wiped: int = message.update(**empty).where(message.id.in_(letters)).execute()
    return wiped


def _act() -> dict[str, Any]:
    """What an act of destruction says (order of Roskomnadzor of 28.10.2022 No 179)."""
    rules = company.current()
    return {
        "operator": rules.legal_name, "address": rules.legal_address, "why": _WHY, "how": "стирание в базе данных портала",
        "erased": list(_ERASED), "kept": _KEPT, "day": clock.today().isoformat(),
    }  # fmt: skip
