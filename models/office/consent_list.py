"""Consents for the office: looked for, those of an account, one with its papers; what ends soon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from peewee import ModelSelect, fn

from models import audit, clock, company, consents, limits, words
from models.base import Refusal
from models.company_consents import ACCOUNT, CUSTOMER, KINDS, PAYMENT
from models.consents import Consent, ConsentText
from models.entrance import consent_letters
from models.metering.accounts import Account, Holding
from models.people import customers
from models.people.customers import Customer
from models.people.staff import Employee

PAGE = 30
UNNOTED_LOOKS, HOUR = 60, 3600  # of one employee
SOON = timedelta(days=30)  # a term that ends within it is running out
RUNNING_OUT = "running_out"
STATES = {
    consents.IN_FORCE: ("действует", "good"),
    consents.WITHDRAWN: ("отозвано", "wait"),
    consents.ENDED: ("обработка закончена", ""),
    consents.EXPIRED: ("срок вышел", "bad"),
    consents.REPLACED: ("заменено новым", ""),
}
SOUGHT_STATES = {**{code: title for code, (title, _) in STATES.items()}, RUNNING_OUT: "срок выходит через месяц"}
ENDINGS = {
    **consents.CHANNELS,
    "replaced": "дано новое",
    "unlinked": "счёт отвязан от кабинета",
    "sold": "у счёта новый владелец",
    "closed": "кабинет закрыт",
}  # how a consent may have ended


@dataclass(frozen=True)
class Search:
    """What is looked for; '' and None for anything. Days are local ones, both included, of the day it was given."""

    kind: str = ""
    state: str = ""
    channel: str = ""
    account: str = ""
    first: date | None = None
    last: date | None = None


class Due(NamedTuple):
    """Withdrawn consents whose processing has not ended yet: how many, and when the first must have."""

    number: int
    first: datetime | None


@dataclass(frozen=True)
class Shown:
    """A consent with its words, whose it is, and who of the office put it in."""

    consent: Consent
    text: ConsentText
    numbers: list[str] = field(default_factory=list)  # of the accounts it is about, or that whoever gave it holds
    registered_by: str = ""
    withdrawn_by: str = ""

    @property
    def state(self) -> str:
        return consents.state(self.consent)


def find(asked: Search, before: int | None = None, limit: int | None = PAGE) -> list[Consent]:
    """The consents that match, with their words, the newest first; those below the id `before`."""
    query = matching(asked).order_by(Consent.id.desc())
    if before is not None:
        query = query.where(Consent.id < before)
    return list(query.limit(limit))


def matching(asked: Search) -> ModelSelect[Any]:
    query = Consent.select(Consent, ConsentText.hash, ConsentText.version).join(ConsentText)
    for condition in _conditions(asked):
        query = query.where(condition)
    return query


def open_one(consent_id: int) -> Shown | None:
    """One consent as its page shows it."""
    found: Consent | None = (
        Consent.select(Consent, ConsentText).join(ConsentText).where(Consent.id == consent_id).first()
    )
    if found is None:
        return None
    names = _names(found)
    return Shown(
        found,
        found.text,
        _numbers(found),
        names.get(f"staff:{found.registered_by}", ""),
        names.get(found.withdrawn_by, ""),
    )


def kinds() -> list[str]:
    """The kinds that there are documents of, or were when somebody agreed."""
    known = {kind for kind, _ in company.current().consent_versions}
    texts: Any = ConsentText.select(ConsentText.kind).distinct()
    known |= {kind for (kind,) in texts.tuples()}
    return [code for code in KINDS if code in known]


def count_look(employee_id: int, shown: Shown) -> None:
    """One more consent looked at; many in an hour are noted: whoever goes through them all reads the customer base."""
    if limits.hit("consents.shown", str(employee_id), HOUR) > UNNOTED_LOOKS:
        detail = {"account": ", ".join(shown.numbers)} if shown.numbers else {}
        audit.record("consents.looked_up", f"staff:{employee_id}", consent=shown.consent.id, **detail)


def emails(found: Sequence[Consent]) -> dict[str, str]:
    """The masked addresses of those who gave these consents in the cabinet, by subject: to tell two holders apart."""
    ids = [customer_id for one in found if (customer_id := customers.id_of(one.subject)) is not None]
    people = Customer.select(Customer.id, Customer.email).where(Customer.id.in_(ids)) if ids else []
    return {customers.subject(one.id): consent_letters.masked({"email": one.email}) for one in people}


def is_of_account(consent: Consent) -> bool:
    """Whether it is about an account: a person's own goes with the person, but for a paper of somebody without a cabinet."""
    kind = KINDS.get(consent.kind)
    return customers.id_of(consent.subject) is None or kind is None or kind.about == ACCOUNT


def of_account(account: Any) -> list[Consent]:
    """Consents about an account, and those that whoever holds it now gave about themselves; the newest first."""
    holders: Any = Holding.select(Holding.customer).where(Holding.account == account.id, Holding.until.is_null())
    return about(account.number, [customers.subject(customer_id) for (customer_id,) in holders.tuples()])


def about(number: str, people: Sequence[str]) -> list[Consent]:
    """The same for people who are known already. Those given with payments are left out: there is one a payment.

    What is about a person goes with the person, whatever account they signed up with.
    """
    of_account = Consent.kind.in_([one.code for one in KINDS.values() if one.about == ACCOUNT and one.code != PAYMENT])
    of_person = Consent.kind.in_([one.code for one in KINDS.values() if one.about == CUSTOMER])
    mine = (of_account & (Consent.account == number)) | (
        of_person & Consent.subject.in_([*people, f"account:{number}"])
    )
    query = Consent.select(Consent, ConsentText).join(ConsentText)
    return list(query.where(mine).order_by(Consent.id.desc()))


def standing_of(account: Any) -> list[Consent]:
    """Those of `of_account` that can be withdrawn."""
    return [one for one in of_account(account) if consents.state(one) == consents.IN_FORCE]


def due() -> Due:
    """What was withdrawn and is still being wound up: for a note on the page."""
    running = (Consent.ends_at > clock.now()) & _taken_back()
    count, first = Consent.select(fn.COUNT(Consent.id), fn.MIN(Consent.ends_at)).where(running).tuples().first()
    return Due(count, Consent.ends_at.python_value(first))


def day(field_name: str, text: str) -> date | None:
    """A day as a browser sends it or as people type it; None for none. Refused: what is no day."""
    if not text:
        return None
    for form in ("%Y-%m-%d", "%d.%m.%Y"):
        try:
            found = datetime.strptime(text, form).date()
        except ValueError:
            continue
        if 2000 <= found.year <= 2099:
            return found
    raise Refusal(field_name, "Введите день, например 20.11.2026.", "consents.day")


def when(consent: Consent) -> str:
    """The moment it was given in the cabinet, or the day under the signature."""
    given = clock.local(consent.given_at)
    return words.moment(given) if consent.channel == "web" else words.day(given.date())


def ended(consent: Consent) -> str:
    """The moment it ended, or the day on which the paper came. '' while it has not."""
    if consent.withdrawn_at is None:
        return ""
    at = clock.local(consent.withdrawn_at)
    return words.day(at.date()) if consent.withdrawal_channel in ("office", "post") else words.moment(at)


def _conditions(asked: Search) -> list[Any]:
    found: list[Any] = [Consent.kind.in_([asked.kind] if asked.kind else list(KINDS))]
    if asked.account:
        own = Consent.kind.in_([one.code for one in KINDS.values() if one.about == ACCOUNT])
        found.append((Consent.account == asked.account) & (own | (Consent.subject == f"account:{asked.account}")))
    if asked.channel:
        found.append(Consent.channel == asked.channel)
    if asked.first:
        found.append(Consent.given_at >= _midnight(asked.first))
    if asked.last:
        found.append(Consent.given_at < _midnight(asked.last + timedelta(days=1)))
    return found + _in_state(asked.state)


def _in_state(state: str) -> list[Any]:
    """The same as `consents.state` says of a row, asked of the database."""
    today, now, open_ = clock.today(), clock.now(), Consent.withdrawn_at.is_null()
    lasts = Consent.term_until.is_null() | (Consent.term_until >= today)
    conditions = {
        consents.IN_FORCE: [open_, lasts],
        consents.EXPIRED: [open_, Consent.term_until < today],
        consents.REPLACED: [Consent.withdrawal_channel == "replaced"],
        consents.WITHDRAWN: [_taken_back(), Consent.ends_at > now],
        consents.ENDED: [_taken_back(), Consent.ends_at.is_null() | (Consent.ends_at <= now)],
        RUNNING_OUT: [open_, Consent.term_until.between(today, today + SOON)],
    }
    return conditions.get(state, [])


def _taken_back() -> Any:
    return Consent.withdrawn_at.is_null(False) & (Consent.withdrawal_channel != "replaced")


def _numbers(consent: Consent) -> list[str]:
    """The account that a consent is about; else those that whoever gave it holds now."""
    customer_id = customers.id_of(consent.subject)
    if customer_id is None or is_of_account(consent):
        return [consent.account] if consent.account else []
    held: Any = (
        Account.select(Account.number).join(Holding).where(Holding.customer == customer_id, Holding.until.is_null())
    )
    return [number for (number,) in held.order_by(Holding.id).tuples()]


def _names(consent: Consent) -> dict[str, str]:
    """The employees who had to do with it, by how the audit log calls them."""
    asked: Sequence[Any] = [consent.registered_by, consent.withdrawn_by.removeprefix("staff:")]
    ids = [int(one) for one in asked if str(one or "").isdigit()]
    rows = Employee.select(Employee.id, Employee.name).where(Employee.id.in_(ids)).tuples() if ids else []
    return {f"staff:{employee_id}": name for employee_id, name in rows}


def _midnight(day: date) -> datetime:
    return clock.utc(datetime.combine(day, time()))
