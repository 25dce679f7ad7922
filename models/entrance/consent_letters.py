"""Letters about consents: to whoever gave one, and to everybody whom it concerns without their having a hand in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from models import clock, outbox, words
from models.company_consents import PERSONAL_DATA
from models.consents import Consent
from models.metering.accounts import Account, Holding
from models.people.customers import Customer, id_of, subject

_MASKED = 3  # letters of an address that are shown
Readers = dict[str, str]  # the reader's subject, by address; '' where only the address is known


def given(consent: Consent, title: str, before: Consent | None = None) -> None:
    """A paper, and whatever names where to write, is told to all who hold the account, and where the one `before` said.

    Call inside the consent's transaction; told twice, it is one letter to each.
    """
    readers = _giver(consent)
    if consent.account and (consent.contact or id_of(consent.subject) is None):
        readers = {**_named(before), **_named(consent), **_holders(consent.account), **readers}
    for address, reader in readers.items():
        where = {"where": _where(consent.contact, address)} if consent.contact else {}
        _post("consent_given", consent, address, reader, {**_facts(consent, title, consent.given_at), **where})


def withdrawn(consent: Consent, title: str) -> None:
    """The same of a withdrawal; one that closes the cabinet says when."""
    readers = _giver(consent)
    if id_of(consent.subject) is None and consent.account:
        readers = {**_named(consent), **_holders(consent.account)}
    facts = _facts(consent, title, consent.withdrawn_at or clock.now())
    if consent.ends_at:
        facts["ends"] = _day(consent.ends_at)
    if closes_at := _closes_at(consent):
        facts["closes"] = _day(closes_at)
    for address, reader in readers.items():
        _post("consent_withdrawn", consent, address, reader, facts)


def masked(contact: Mapping[str, str] | None) -> str:
    """«ann***@example.ru», «+7 *** 01-23»: enough to compare with a paper, too little to write to. '' for none."""
    if email := (contact or {}).get("email"):
        name, _, domain = email.partition("@")
        return f"{name[:_MASKED]}***@{domain}"
    phone = (contact or {}).get("phone", "")
    return f"+7 *** {phone[-4:-2]}-{phone[-2:]}" if phone else ""


def _giver(consent: Consent) -> Readers:
    customer = Customer.get_or_none(Customer.id == (id_of(consent.subject) or 0))
    return {customer.email: customer.subject} if customer else {}


def _named(consent: Consent | None) -> Readers:
    """Where the consent itself says, if by letter."""
    email = consent.contact.get("email") if consent else None
    return {email: ""} if email else {}


def _holders(number: str) -> Readers:
    query = Customer.select(Customer.id, Customer.email).join(Holding).join(Account)
    held = query.where(Account.number == number, Holding.until.is_null()).order_by(Customer.id)
    return {one.email: subject(one.id) for one in held}


def _where(contact: Mapping[str, str], reader: str) -> str:
    """In full to the address itself; others see enough to know whether it is theirs."""
    if contact.get("email") == reader:
        return reader
    return masked(contact) if contact.get("email") else f"СМС на{words.NBSP}{masked(contact)}"


def _facts(consent: Consent, title: str, at: datetime) -> dict[str, str]:
    return {"title": title, "account": consent.account, "day": _day(at)}


def _closes_at(consent: Consent) -> datetime | None:
    """When the cabinet closes, if it is this consent's end that closes it."""
    if consent.kind != PERSONAL_DATA:
        return None
    customer = Customer.get_or_none(Customer.id == (id_of(consent.subject) or 0))
    return customer.closes_at if customer else None


def _post(letter: str, consent: Consent, address: str, reader: str, data: Mapping[str, str]) -> None:
    key = f"{letter}:{consent.id}:{reader or address}"[:255]
    outbox.post(letter, address, data, key=key, subject=reader, account=consent.account)


def _day(moment: datetime) -> str:
    return clock.local(moment).date().isoformat()
