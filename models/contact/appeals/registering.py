"""A new appeal: its number, its day, its term and its owner, at once. A customer's comes from the cabinet; a guest's from `guests`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from peewee import IntegrityError

from models import audit, clock, company, limits, workdays
from models.base import Problem, Refusal, database
from models.contact.appeals import assign_rules, drafts, moves, telling, terms, typed
from models.contact.appeals.rows import (
    EVENT,
    GUEST,
    MESSAGE,
    REGISTERED,
    Appeal,
    AppealDraft,
    AppealEntry,
    topic_of,
)
from models.metering.accounts import Account
from models.people.customers import Customer, normal_email, normal_phone, subject

A_DAY = 86_400
MOST_A_DAY = 20  # appeals of one customer
LONGEST_EMAIL = 240  # a guest's consent is kept under it
LONGEST_ACCOUNT = 40
_OFTEN = "Сегодня от вас уже много обращений. Допишите в одно из них или попробуйте завтра."
_NO_TOPIC = "Выберите, о чём обращение."
_NOT_HELD = "Этот лицевой счёт не привязан к вашему кабинету. Выберите другой или оставьте «без счёта»."
_NO_NAME = "Напишите, как к вам обращаться."


@dataclass(frozen=True)
class Applicant:
    """Who appeals, and about which account: a customer with one they hold, or a guest with what they typed."""

    customer_id: int | None = None
    email: str = ""  # a guest's; a customer's is the cabinet's
    name: str = ""
    phone: str = ""
    account_id: int | None = None  # held by the customer
    typed_account: str = ""  # a guest's; proves nothing

    @property
    def author(self) -> str:
        return GUEST if self.customer_id is None else subject(self.customer_id)


def of_customer(customer_id: int, number: str = "") -> Applicant:
    """The customer as an applicant, about the account with this number ('' for none). Refused: they do not hold it."""
    account = Account.of(customer_id).where(Account.number == number).first() if number else None
    if number and account is None:
        raise Refusal("account", _NOT_HELD, "appeal.account")
    return Applicant(customer_id, account_id=account.id if account else None)


def check(applicant: Applicant, topic: str, text: str, more: list[Problem] | None = None) -> tuple[Applicant, str]:
    """The applicant and the text as they will be kept; refused with what is wrong in all fields, `more` among them.

    Refused: a topic that the company has not, nothing in the text or more than 20,000 characters, an account that the customer does
    not hold; of a guest, no name, no e-mail, a phone that is none.
    """
    problems: list[Problem] = []
    if topic not in company.current().reception.topics:
        problems.append(Problem("topic", _NO_TOPIC, "appeal.topic"))
    clean = _noted(problems, lambda: typed.text(text))
    if applicant.customer_id is None:
        applicant = _guest(applicant, problems)
    elif applicant.account_id is not None and not _holds(applicant.customer_id, applicant.account_id):
        problems.append(Problem("account", _NOT_HELD, "appeal.account"))
    problems += more or []
    if problems:
        raise Refusal(problems=problems)
    return applicant, clean


def register(
    applicant: Applicant,
    topic: str,
    text: str,
    *,
    key: str,
    draft: AppealDraft | None = None,
    channel: str = "web",
) -> Appeal:
    """Register an appeal: number, day, term, whose queue it is in; its letter goes out, the draft's files become its own.

    The same key with the same words gives the same appeal. Refused: as `check` says; past twenty a day of one customer.
    """
    applicant, clean = check(applicant, topic, text)
    own_key = key_of(applicant, topic, clean, key)
    if repeated := _made_by(own_key, draft):
        return repeated
    if applicant.customer_id is not None:
        limits.spend("appeal.customer", applicant.author, MOST_A_DAY, A_DAY, _OFTEN)
    try:
        with database.atomic():
            return _registered(applicant, topic, clean, own_key, draft, channel)
    except IntegrityError:
        if repeated := _made_by(own_key, draft):  # the same form at the same moment
            return repeated
        raise


def key_of(applicant: Applicant, topic: str, clean: str, key: str) -> str:
    """What the key of the applicant's form is kept as: it says about what, about which account, and in which words."""
    said = f"{topic}|{applicant.account_id or applicant.typed_account}|{clean}"
    return drafts.form_key(applicant.author, key, said=said, email=applicant.email)


def _made_by(own_key: str, draft: AppealDraft | None) -> Appeal | None:
    """The appeal that this very form has made before."""
    appeal: Appeal | None = Appeal.get_or_none(Appeal.key == own_key)
    if appeal is not None:
        said = AppealEntry.select().where(AppealEntry.appeal == appeal.id, AppealEntry.kind == MESSAGE)
        drafts.repeated(draft, said.order_by(AppealEntry.id).get().subject)
    return appeal


def _registered(
    applicant: Applicant, topic: str, text: str, key: str, draft: AppealDraft | None, channel: str
) -> Appeal:
    now = clock.now()
    account = Account.get_by_id(applicant.account_id) if applicant.account_id else None
    office, owner = assign_rules.choose(topic, _office(account))
    appeal: Appeal = Appeal.create(
        **_who(applicant), account=account, typed_account=applicant.typed_account, topic=topic, office=office,
        channel=channel, title=typed.title(text), state=REGISTERED, state_at=now, registered_at=now,
        due_on=due_on(topic), owner=owner, owned_at=now if owner else None, key=key,
    )  # fmt: skip
    moves.add(appeal, EVENT, "", author=applicant.author, data={"state": REGISTERED}, is_public=True)
    said = moves.add(appeal, MESSAGE, text, author=applicant.author)
    drafts.spend(draft, said.subject)
    telling.tell_registered(appeal, text)
    audit.record(
        "appeal.registered", appeal.subject, number=appeal.number, about=topic, office=office, channel=channel,
        due=appeal.due_on.isoformat(),
    )  # fmt: skip
    return appeal


def due_on(topic: str) -> date:
    """The last day to answer what is registered, or opened again, today."""
    return terms.due(clock.today(), topic_of(topic), workdays.special())


def _who(applicant: Applicant) -> dict[str, Any]:
    if applicant.customer_id is None:
        return {"customer": None, "email": applicant.email, "name": applicant.name, "phone": applicant.phone}
    customer = Customer.get_by_id(applicant.customer_id)
    return {"customer": customer, "email": customer.email, "name": customer.name, "phone": customer.phone}


def _office(account: Account | None) -> str:
    """The code of the account's office."""
    return str(account.office.code) if account is not None and account.office is not None else ""


def _holds(customer_id: int, account_id: int) -> bool:
    return bool(Account.of(customer_id).where(Account.id == account_id).exists())


def _guest(applicant: Applicant, problems: list[Problem]) -> Applicant:
    name = typed.line(applicant.name, typed.LONGEST_NAME)
    if not name:
        problems.append(Problem("name", _NO_NAME, "appeal.name"))
    email = _noted(problems, lambda: _email(applicant.email))
    phone = _noted(problems, lambda: normal_phone(applicant.phone)) if applicant.phone.strip() else ""
    return Applicant(None, email, name, phone, None, typed.line(applicant.typed_account, LONGEST_ACCOUNT))


def _email(given: str) -> str:
    email = normal_email(given)
    if len(email) > LONGEST_EMAIL:
        raise Refusal("email", "Этот адрес слишком длинный. Укажите другую почту.", "email.long")
    return email


def _noted(problems: list[Problem], made: Callable[[], str]) -> str:
    try:
        return made()
    except Refusal as refusal:
        problems += refusal.problems
        return ""
