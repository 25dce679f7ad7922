"""Where a mailing's letter goes: to the holders of an account, or where a consent says; and why to nobody. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from models import consents
from models.company_consents import CHARGES_NEWS, OFFICIAL_PAPERS
from models.entrance import agreeing
from models.metering.accounts import Holding
from models.outbox.addresses import suspended
from models.outbox.messages import EMAIL, SMS
from models.people import wishes
from models.people.customers import Customer, leaving, subject

NOBODY, LEAVING, SUSPENDED, UNWANTED, NO_CONSENT, PAPER, SENT_BEFORE = (
    "nobody", "leaving", "suspended", "unwanted", "no_consent", "paper", "sent_before",
)  # fmt: skip
REASONS = {
    NOBODY: "нет кабинета",
    LEAVING: "клиент отозвал согласие на обработку персональных данных",
    SUSPENDED: "адрес не принимает писем",
    UNWANTED: "отказ от таких писем",
    NO_CONSENT: "нет согласия получать официальные бумаги по почте или СМС",
    PAPER: "счета приходят на бумаге",
    SENT_BEFORE: "письмо с этим счётом уже есть",
}


@dataclass(frozen=True)
class Planned:
    """One letter of a mailing, or one that is not written (`excluded`)."""

    account: int
    number: str
    customer: int = 0
    way: str = EMAIL
    address: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    about: str = ""
    key: str = ""  # of the message; empty: the mailing's own
    excluded: str = ""

    @property
    def subject(self) -> str:
        return subject(self.customer) if self.customer else ""


class _Person(NamedTuple):
    id: int
    email: str


def to_holders(accounts: Sequence[Any], told: Mapping[int, Mapping[str, Any]], topic: str) -> list[Planned]:
    """A letter to each customer who holds the account and has not said no to the topic."""
    people_of = holders([one.id for one in accounts])
    unwanted = wishes.unwanted({person.id for people in people_of.values() for person in people}, topic)
    found = []
    for one in accounts:
        people = people_of.get(one.id, ())
        if not people:
            found.append(Planned(one.id, one.number, excluded=NOBODY))
        for person in people:
            reason = UNWANTED if person.id in unwanted else ""
            found.append(Planned(one.id, one.number, person.id, EMAIL, person.email, told[one.id], excluded=reason))
    return found


def officially(
    accounts: Sequence[Any], told: Mapping[int, Sequence[tuple[str, Mapping[str, Any]]]], *, with_news: bool
) -> list[Planned]:
    """Letters that stand for an official paper: wherever the consents for the account say, once to each address, else to nobody.

    `with_news`: a customer's consent to be told of charges and debts will do as well. `told`: by account, what each is about.
    """
    meant = [one for one in accounts if one.id in told]
    standing = consents.standing_all(OFFICIAL_PAPERS, [one.number for one in meant])
    contacts = agreeing.contacts(consent for several in standing.values() for consent in several)
    rest = [one for one in meant if one.number not in standing]
    readers = _readers_of_news(rest) if with_news else {}
    found = []
    for one in meant:
        for about, facts in told[one.id]:
            if several := standing.get(one.number):
                by_place = {tuple(sorted(contacts[consent.id].items())): consent for consent in several}
                found += [_by_consent(one, consent, dict(place), facts, about) for place, consent in by_place.items()]
            elif person := readers.get(one.id):
                found.append(Planned(one.id, one.number, person.id, EMAIL, person.email, facts, about))
            else:
                found.append(Planned(one.id, one.number, about=about, excluded=NO_CONSENT))
    return found


def _by_consent(
    account: Any, consent: Any, contact: Mapping[str, str], facts: Mapping[str, Any], about: str
) -> Planned:
    way = SMS if contact.get("way") == SMS else EMAIL
    address = str(contact.get("phone" if way == SMS else "email") or "")
    who, _, number = consent.subject.partition(":")
    customer = int(number) if who == "customer" else 0
    return Planned(
        account.id, account.number, customer, way, address, facts, about, excluded="" if address else NO_CONSENT
    )


def _readers_of_news(accounts: Sequence[Any]) -> dict[int, _Person]:
    """Of each account, the first of its holders who agreed to be told of charges and debts, or the first of all where that was signed
    on paper for the account."""
    people_of = holders([one.id for one in accounts])
    agreed = consents.standing_for(
        CHARGES_NEWS, {subject(person.id) for people in people_of.values() for person in people}
    )
    on_paper = consents.standing(CHARGES_NEWS, [one.number for one in accounts])
    found = {}
    for one in accounts:
        people = people_of.get(one.id, ())
        if person := next((each for each in people if subject(each.id) in agreed or one.number in on_paper), None):
            found[one.id] = person
    return found


def holders(account_ids: Iterable[int]) -> dict[int, list[_Person]]:
    """Who holds the accounts now, whoever linked first standing first."""
    query: Any = Holding.select(Holding.account, Customer.id, Customer.email).join(Customer)
    query = query.where(Holding.account.in_(list(account_ids)), Holding.until.is_null()).order_by(Holding.id)
    found: dict[int, list[_Person]] = {}
    for account, customer, email in query.tuples():
        found.setdefault(account, []).append(_Person(customer, email))
    return found


def without_the_gone(planned: Sequence[Planned]) -> list[Planned]:
    """Nobody writes to who is leaving, nor to an address that takes no mail."""
    gone = leaving({one.customer for one in planned if one.customer})
    dead = suspended({one.address for one in planned if one.way == EMAIL and one.address})
    found = []
    for one in planned:
        reason = LEAVING if one.customer in gone else SUSPENDED if one.address in dead else ""
        found.append(replace(one, excluded=reason) if reason and not one.excluded else one)
    return found
