"""Sign-up: an application, a letter, an activation. No customer exists before the address is confirmed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from peewee import IntegrityError

from models import audit, clock, company, consents, limits, outbox, tokens
from models.base import Problem, Refusal, database
from models.metering.accounts import Account, link
from models.metering.proof import proven
from models.outbox import addresses
from models.people.customers import Customer, normal_email, normal_phone
from models.people.passwords import check_again, check_new, hashed, verify

PURPOSE = "activate"
LIVES = timedelta(days=3)
CONSENT = "personal-data"
_OFTEN = "На этот адрес уже отправлено несколько писем. Проверьте почту, в том числе папку «Спам»."


class Application(NamedTuple):
    """What was typed into the sign-up form."""

    email: str
    password: str
    password_again: str
    phone: str
    account: str
    secret: str
    consented: bool


def problems(typed: Application) -> list[Problem]:
    """Everything wrong with the application that can be told without asking the database."""
    found: list[Problem] = []
    for check in (
        lambda: normal_email(typed.email),
        lambda: _phone(typed.phone),
        lambda: check_new(typed.password, typed.email, typed.phone, typed.account),
        lambda: check_again(typed.password, typed.password_again),
    ):
        try:
            check()
        except Refusal as refusal:
            found += refusal.problems
    if not typed.consented:
        found.append(
            Problem("consent", "Без согласия на обработку персональных данных кабинет не открыть.", "consent.missing")
        )
    return found


def apply(typed: Application) -> str:
    """Ask for a log-in: a letter with a link and a code goes to the address. Returns the handle for the code.

    The answer is the same, in words and in time, whether the address is known or not: its owner learns it from the letter.
    Refused: malformed or missing fields, a weak password, no consent; where the company signs up by account, an unproven account.
    """
    if found := problems(typed):
        raise Refusal(problems=found)
    limits.spend_address("sign_up.address", audit.actor().ip, 60, 3600)
    by_account = company.current().sign_up.by == "account"
    number = proven(typed.account, typed.secret).number if by_account else ""
    email = normal_email(typed.email)
    limits.spend("sign_up.email", email, 5, 3600, _OFTEN)
    return _send(email, hashed(typed.password), _phone(typed.phone), number)


def knows_password(token: tokens.Token, password: str) -> bool:
    """Whether the password of the application is known.

    Asked where the letter is opened in another browser than the form was filled in: a stranger who applied with somebody's
    address would otherwise have its owner open a cabinet under the stranger's password.
    """
    limits.spend("activate.password", token.handle, 10, 3600)
    return verify(token.data["password_hash"], password)


def activate(token: tokens.Token) -> Customer:
    """Spend the letter's token: the customer, the consent and the first account come to be together."""
    data = token.data
    with database.atomic():
        tokens.use(token)
        try:
            with database.atomic():
                customer = Customer.create(
                    email=data["email"],
                    phone=data["phone"],
                    password_hash=data["password_hash"],
                    created_at=clock.now(),
                )
        except IntegrityError:
            raise Refusal(None, "Этот адрес уже подтверждён. Войдите в кабинет.", "sign_up.done") from None
        document = company.current().consent_versions[CONSENT, data["version"]]  # the one that was shown
        given = datetime.fromisoformat(data["consented_at"])
        consents.give(customer.subject, document, channel="web", at=given, ip=data["ip"], account=data["account"])
        if data["account"] and (account := Account.get_or_none(Account.number == data["account"])):
            link(customer.id, account, primary=True)
        addresses.restore(customer.email, customer.subject)  # the letter with the link arrived
        audit.record("customer.activated", customer.subject)
    return customer


def _send(email: str, password_hash: str, phone: str, account: str) -> str:
    with database.atomic():
        if known := Customer.by_email(email):
            outbox.post("known", email, {}, subject=known.subject)
            return tokens.pretend(f"email:{email}").handle  # as much work as for a new one
        issued = tokens.issue(
            PURPOSE, f"email:{email}", LIVES, email=email, password_hash=password_hash, phone=phone, account=account,
            consented_at=clock.now().isoformat(), ip=audit.actor().ip, version=company.current().consents[CONSENT].version,
        )  # fmt: skip
        outbox.post("activate", email, {"account": account}, {"token": issued.secret, "code": issued.code})
        return issued.handle


def _phone(typed: str) -> str:
    if not typed.strip() and company.current().sign_up.phone == "optional":
        return ""
    return normal_phone(typed)
