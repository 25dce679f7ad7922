"""A forgotten password: a link and a code to the confirmed address only, the same answer for everybody."""

from __future__ import annotations

from datetime import timedelta

from models import audit, company, limits, outbox, tokens
from models.base import Refusal, database
from models.metering.accounts import primary_holders
from models.outbox import addresses
from models.people import sessions
from models.people.customers import Customer
from models.people.passwords import check_again, check_new, hashed

PURPOSE = "recover"
LIVES = timedelta(hours=1)
_HOLDERS = 3


def request(login: str) -> list[str]:
    """Send letters to whoever signs in with this e-mail or account number. Returns handles for the letters' codes."""
    login = login.strip()
    if not login:
        raise Refusal("login", "Введите почту или номер лицевого счёта.", "login.empty")
    limits.spend_address("recover.address", audit.actor().ip, 60, 3600)
    number = company.current().normal_number(login)
    limits.spend(
        "recover.login",
        number or login.lower(),
        5,
        3600,
        "Письмо уже отправлено несколько раз. Проверьте почту, в том числе папку «Спам», или попробуйте через час.",
    )
    customer = None if number else Customer.by_email(login.lower())
    found = primary_holders(number, _HOLDERS) if number else [customer] if customer else []
    return [*(send(one) for one in found), *(_pretend() for _ in range(_HOLDERS - len(found)))]


def send(customer: Customer) -> str:
    """The letter with link and code to the customer's confirmed address; the handle for the code."""
    with database.atomic():
        issued = tokens.issue(PURPOSE, customer.subject, LIVES)
        secrets = {"token": issued.secret, "code": issued.code}
        outbox.post("recover", customer.email, {}, secrets, subject=customer.subject)
    return issued.handle


def set_password(token: tokens.Token, password: str, again: str) -> Customer:
    """Spend the token and set the password; every device is signed out and the customer is told."""
    customer = Customer.get_by_id(int(token.subject.partition(":")[2]))
    check_new(password, customer.email, customer.phone)
    check_again(password, again)
    with database.atomic():
        tokens.use(token)
        tokens.void_all(token.subject)
        customer.password_hash = hashed(password)
        Customer.update(password_hash=customer.password_hash).where(Customer.id == customer.id).execute()
        sessions.end_others(customer.id)
        addresses.restore(customer.email, customer.subject)  # the letter with the link arrived
        outbox.post("password_changed", customer.email, {}, subject=customer.subject)
        audit.record("customer.password_recovered", token.subject)
    return customer


def _pretend() -> str:
    """As much work as a letter: how long the answer takes must not tell that there is no such customer."""
    with database.atomic():
        issued = tokens.pretend("nobody")
        audit.record("recovery.unknown", "nobody")
    return issued.handle
