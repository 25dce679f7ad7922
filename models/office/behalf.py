"""What an employee does in a customer's card instead of the customer: the same verbs, marked as such in the audit log.

Each takes the card's row (`cards.present`), whose reason goes into the log, and tells the customer by letter.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from models import audit, limits, outbox
from models.base import Refusal, database, locked
from models.billing import delivery
from models.consents import Consent
from models.contact import consent_papers
from models.entrance import linking, recovery
from models.files import Draft
from models.metering import finding, intake
from models.metering.accounts import Account, Holding
from models.metering.intake import Received
from models.office import cards
from models.office.consent_list import Shown
from models.people import sessions
from models.people.customers import Customer, id_of, normal_email, normal_phone

CHANNEL = "staff"
LONGEST_WHY = 200
_CONTACTS = {"email": "почта", "phone": "телефон"}
_OFTEN = "Писем за этот час уже отправлено несколько. Попросите клиента посмотреть почту, в том числе папку «Спам»."


def pass_readings(
    card: Any, typed: Mapping[int, tuple[str, ...]], *, key: str, confirmed: bool, taken: date | None = None
) -> Received:
    """Receive what the customer dictates or shows; refused and doubted as the customer's own (`intake.receive`)."""
    with database.atomic():
        received = intake.receive(card, typed, channel=CHANNEL, key=key, confirmed=confirmed, taken=taken)
        if received.is_new:
            _record("behalf.readings", card, receipt=received.receipt_id)
        return received


def change_contact(card: Any, email: str, phone: str) -> None:
    """Where bills and calls for this account go; both may be empty. The address before and the new one get a letter.

    Refused: no address, no phone of Russia, nothing changed.
    """
    new = {"email": _normal(normal_email, email), "phone": _normal(normal_phone, phone)}
    with database.atomic():
        old = locked(Account.select(Account.email, Account.phone).where(Account.id == card.id)).get()
        changed = [name for name, value in new.items() if getattr(old, name) != value]
        if not changed:
            raise Refusal("email", "Телефон и почта те же, менять нечего.", "contact.same")
        what = " и ".join(_CONTACTS[name] for name in changed)
        Account.update(new).where(Account.id == card.id).execute()
        finding.refresh([card.id])
        for address in {old.email, new["email"]} - {""}:
            outbox.post("contact_changed", address, {"account": card.number, "changed": what}, account=card.number)
        _record("behalf.contact_changed", card, what=what)


def choose_delivery(card: Any, customer_id: int, way: str, key: str) -> bool:
    """Let the account's bills come as a holder asks, by e-mail to that holder; whether it was news. Refused as their own choice."""
    with database.atomic():
        holder = _holder(card, customer_id)
        is_new = delivery.choose(holder.id, card, way, delivery.STAFF, key)
        if is_new:
            _record("behalf.delivery_chosen", card, customer=holder.id, way=way)
        return is_new


def unlink_holder(card: Any, customer_id: int, said: str) -> None:
    """End a customer's hold of the account and tell them so. Refused: no holder, no word why."""
    told = " ".join(said.split())
    if not 3 <= len(told) <= LONGEST_WHY:
        text = f"Напишите, почему отвязываете, до {LONGEST_WHY} знаков: клиент прочтёт это в письме."
        raise Refusal("why", text, "unlink.why")
    with database.atomic():
        holder = _holder(card, customer_id)
        linking.unlink(holder.id, card)
        facts = {"account": card.number, "reason": told}
        outbox.post("unlinked", holder.email, facts, subject=holder.subject)
        _record("behalf.unlinked", card, customer=holder.id, note=told)


def needs_card(shown: Shown) -> bool:
    """Whether a withdrawal wants an open card: of a consent that a person gave in the cabinet, while an account leads to them."""
    return id_of(shown.consent.subject) is not None and bool(shown.numbers)


def card_of(shown: Shown, employee_id: int) -> Any | None:
    """The first open card among those of the accounts that a consent is about."""
    return next((card for one in shown.numbers if (card := cards.present(employee_id, one))), None)


def withdraw_consent(
    card: Any | None, consent_id: int, *, scan: Draft | None, employee_id: int, **facts: Any
) -> tuple[Consent, bool]:
    """End a consent by a paper (`consent_papers.withdraw`); no card where `needs_card` says that none is needed."""
    with database.atomic():
        consent, is_new = consent_papers.withdraw(consent_id, scan=scan, employee_id=employee_id, **facts)
        if is_new and card is not None:
            _record("behalf.consent_withdrawn", card, consent=consent_id, kind=consent.kind)
        return consent, is_new


def end_sessions(card: Any, customer_id: int) -> int:
    """Sign a holder out on all devices; how many there were."""
    with database.atomic():
        holder = _holder(card, customer_id)
        ended = sessions.end_others(holder.id)
        _record("behalf.sessions_ended", card, customer=holder.id, count=ended)
        return ended


def send_recovery(card: Any, customer_id: int) -> str:
    """Send a holder the letter for a new password, to the confirmed address alone; that address. Nobody here sees the code."""
    holder = _holder(card, customer_id)
    limits.spend("recover.login", holder.email, 5, 3600, _OFTEN)
    with database.atomic():
        recovery.send(holder)
        _record("behalf.recovery_sent", card, customer=holder.id)
    return holder.email


def printed(card: Any, what: str, **detail: Any) -> None:
    """Note that a paper of the account was printed for the customer: «bill» or «statement»."""
    with database.atomic():
        _record(f"behalf.{what}_printed", card, **detail)


def _record(deed: str, card: Any, **detail: Any) -> None:
    audit.record(deed, f"account:{card.number}", on_behalf=True, reason=cards.why(card), **detail)


def _holder(card: Any, customer_id: int) -> Customer:
    """A customer who holds the card's account now; nobody else's log-in can be touched from this card."""
    held = (Holding.account == card.id) & (Holding.customer == customer_id) & Holding.until.is_null()
    found: Customer | None = Customer.select().join(Holding).where(held).first()
    if found is None:
        raise Refusal(None, "Этот клиент больше не держит счёт в своём кабинете. Обновите карточку.", "holder.none")
    return found


def _normal(normal: Any, typed: str) -> str:
    return str(normal(typed)) if typed.strip() else ""
