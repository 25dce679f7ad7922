"""Whether a message may go at all, asked when it is handed over: what stood when it was written may have been taken back since.

A few queries for any number of messages. The reasons are Russian, for the staff's list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from models import consents
from models.base import pairs
from models.billing import delivery
from models.company_consents import CHARGES_NEWS, OFFICIAL_PAPERS
from models.entrance import agreeing
from models.metering.accounts import Account, Holding
from models.outbox import Message, kinds
from models.outbox.addresses import suspended
from models.outbox.messages import EMAIL
from models.people import wishes
from models.people.customers import Customer, id_of, leaving

NO_MAIL = "адрес не принимает писем"
LEAVING = "клиент отозвал согласие на обработку персональных данных"
NOT_HELD = "счёт больше не привязан к кабинету клиента"
ON_PAPER = "счета больше не приходят по почте"
MOVED = "у клиента теперь другой адрес"
UNWANTED = "клиент отказался от таких писем"
NO_CONSENT = "нет согласия получать документы по этому адресу"

_TOPICS = {kinds.REMINDERS: wishes.REMINDERS, kinds.NEWS: wishes.NEWS}
_DEBT = "debt_notice"
Reasons = dict[int, str]


def withheld(messages: Sequence[Message]) -> Reasons:
    """Why some of the messages must not go, by id; the others may."""
    told = [one for one in messages if _basis(one) != kinds.ASKED]
    reasons = _suspended(told)
    for judge in _JUDGES:
        reasons.update(judge([one for one in told if one.id not in reasons and not one.is_a_test]))
    return reasons


def _suspended(messages: Sequence[Message]) -> Reasons:
    dead = suspended({one.to for one in messages if one.kind == EMAIL})
    return {one.id: NO_MAIL for one in messages if one.kind == EMAIL and one.to in dead}


def _left(messages: Sequence[Message]) -> Reasons:
    """Who is leaving gets what must be told, nothing else."""
    optional = [one for one in messages if _basis(one) != kinds.TOLD]
    gone = leaving({reader for one in optional if (reader := id_of(one.subject)) is not None})
    return {one.id: LEAVING for one in optional if id_of(one.subject) in gone}


def _moved(messages: Sequence[Message]) -> Reasons:
    """Nothing goes to an address that the customer has left. A warning does: it may be about that very change."""
    own = [
        (one, reader)
        for one in messages
        if _basis(one) in (kinds.TOLD, *_TOPICS)
        and kinds.stored(one.letter).priority != kinds.URGENT
        and (reader := id_of(one.subject)) is not None
    ]
    if not own:
        return {}
    query = Customer.select(Customer.id, Customer.email, Customer.phone)
    now = {one.id: one for one in query.where(Customer.id.in_([reader for _, reader in own]))}
    return {one.id: MOVED for one, reader in own if reader in now and one.to != _place(now[reader], one.kind)}


def _place(customer: Customer, kind: str) -> str:
    """Where a customer is written to."""
    return str(customer.email if kind == EMAIL else customer.phone)


def _on_paper(messages: Sequence[Message]) -> Reasons:
    """E-receipts go to whoever gets the account's bills by e-mail now, and nowhere else."""
    receipts = [one for one in messages if _basis(one) == kinds.RECEIPT]
    ids = _accounts(one.account for one in receipts)
    now = delivery.receivers(ids.values())
    reasons = {}
    for one in receipts:
        reader = now.get(ids.get(one.account, 0))
        if reader is None or reader.customer_id != id_of(one.subject):
            reasons[one.id] = ON_PAPER
        elif reader.email != one.to:
            reasons[one.id] = MOVED
    return reasons


def _unwanted(messages: Sequence[Message]) -> Reasons:
    reasons = {}
    for basis, topic in _TOPICS.items():
        own = [(one.id, id_of(one.subject)) for one in messages if _basis(one) == basis]
        refused = wishes.unwanted({reader for _, reader in own if reader is not None}, topic)
        reasons.update({message: UNWANTED for message, reader in own if reader in refused})
    return reasons


def _not_held(messages: Sequence[Message]) -> Reasons:
    """What is about an account goes to a customer only while they hold it."""
    own = [
        (one.id, reader, one.account)
        for one in messages
        if _basis(one) in _TOPICS and one.account and (reader := id_of(one.subject)) is not None
    ]
    held = _held({reader for _, reader, _ in own}, {account for _, _, account in own})
    return {message: NOT_HELD for message, reader, account in own if (reader, account) not in held}


def _unsigned(messages: Sequence[Message]) -> Reasons:
    """Official papers go where their consent says; a debt's also to a customer who agreed to hear of charges."""
    official = [one for one in messages if _basis(one) == kinds.OFFICIAL]
    signed = consents.standing_all(OFFICIAL_PAPERS, {one.account for one in official if one.account})
    theirs = _of_holders([one for several in signed.values() for one in several])
    contacts = agreeing.contacts(theirs)
    named: dict[str, list[Mapping[str, str]]] = {}
    for consent in theirs:
        named.setdefault(consent.account, []).append(contacts[consent.id])
    left = [one for one in official if not any(_is_named(one, contact) for contact in named.get(one.account, ()))]
    debts = _may_hear_of_charges([one for one in left if one.letter == _DEBT])
    return {one.id: NO_CONSENT for one in left if one.id not in debts}


def _of_holders(signed: Sequence[consents.Consent]) -> list[consents.Consent]:
    """A customer's own consent holds as long as they hold the account, a paper's for whoever does."""
    own = {one.id: (reader, one.account) for one in signed if (reader := id_of(one.subject)) is not None}
    held = _held({reader for reader, _ in own.values()}, {account for _, account in own.values()})
    return [one for one in signed if one.id not in own or own[one.id] in held]


def _is_named(message: Message, contact: Mapping[str, str]) -> bool:
    where = contact.get("email" if message.kind == EMAIL else "phone")
    return contact.get("way", message.kind) == message.kind and where == message.to


def _may_hear_of_charges(debts: Sequence[Message]) -> set[int]:
    """The debt notices that a consent to news of charges covers, by id: to the customer's own address, while they hold the account."""
    agreed = consents.standing_for(CHARGES_NEWS, {one.subject for one in debts if one.subject})
    on_paper = consents.standing(CHARGES_NEWS, {one.account for one in debts if one.account})
    own = [(one, id_of(one.subject)) for one in debts if one.subject in agreed or one.account in on_paper]
    readers = {reader for _, reader in own if reader is not None}
    if not readers:
        return set()
    people = {one.id: one for one in Customer.select().where(Customer.id.in_(list(readers)))}
    held = _held(readers, {one.account for one, _ in own})
    return {
        one.id
        for one, reader in own
        if reader in people and one.to == _place(people[reader], one.kind) and (reader, one.account) in held
    }


_JUDGES: tuple[Callable[[Sequence[Message]], Reasons], ...] = (
    _left,
    _moved,
    _on_paper,
    _unwanted,
    _not_held,
    _unsigned,
)


def _basis(message: Message) -> str:
    return kinds.stored(message.letter).basis


def _accounts(numbers: Iterable[str]) -> dict[str, int]:
    asked = list(set(numbers) - {""})
    query = Account.select(Account.number, Account.id).where(Account.number.in_(asked))
    return {one.number: one.id for one in query} if asked else {}


def _held(customer_ids: set[int], numbers: set[str]) -> set[tuple[int, str]]:
    """Which of the customers hold which of the accounts now."""
    if not customer_ids or not numbers:
        return set()
    query = Holding.select(Holding.customer, Account.number).join(Account).where(Holding.until.is_null())
    query = query.where(Holding.customer.in_(list(customer_ids)), Account.number.in_(list(numbers)))
    return set(pairs(query))
