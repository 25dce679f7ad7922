"""Sign-in by e-mail or account number, with limits that slow a guesser and cannot lock a victim out (ASVS 6.1.1, 6.3.1).

Guesses from unknown devices share a bucket a log-in; a device that signed in before has a bucket of its own, so whoever hammers a
log-in from elsewhere does not shut its owner out.
"""

from __future__ import annotations

import secrets
from typing import NamedTuple

from models import audit, company, limits, seal
from models.base import Refusal
from models.metering.accounts import primary_holders
from models.people import passwords
from models.people.customers import Customer

PER = 900  # seconds
TRIES, TRIES_FROM_ADDRESS = 10, 200
_HOLDERS = 3
_WRONG = (
    "Неверный логин или пароль. Если вы только что зарегистрировались, сначала подтвердите почту по ссылке из письма."
)
_SLOW = "Слишком много попыток входа. Подождите 15 минут или восстановите пароль."


class SignedIn(NamedTuple):
    customer: Customer
    device: str  # proof for the next time that this device is known


def sign_in(login: str, password: str, device: str = "") -> SignedIn:
    """The customer whose log-in and password these are; `device` is the proof a former sign-in gave to this browser.

    Refused with one text for a wrong log-in and a wrong password, after the same time.
    """
    login = login.strip()
    number = company.current().normal_number(login)
    bucket = _known_device(device) or "unknown"
    limits.spend("sign_in.address", audit.actor().ip, TRIES_FROM_ADDRESS, PER, _SLOW)
    limits.spend("sign_in.login", f"{number or login.lower()}|{bucket}", TRIES, PER, _SLOW)
    customer = _by_account(number, password) if number else _by_email(login.lower(), password)
    if customer is None:
        raise Refusal(None, _WRONG, "sign_in.wrong")
    if passwords.is_stale(customer.password_hash):
        Customer.update(password_hash=passwords.hashed(password)).where(Customer.id == customer.id).execute()
    return SignedIn(customer, _device_proof(customer.id))


def _by_email(email: str, password: str) -> Customer | None:
    customer = Customer.by_email(email)
    matches = passwords.verify(customer.password_hash if customer else passwords.decoy(), password)
    return customer if matches else None


def _by_account(number: str, password: str) -> Customer | None:
    """A family may share an account: each for whom it is the primary one may use its number. Always as many hashes."""
    holders: list[Customer | None] = [*primary_holders(number, _HOLDERS)]
    holders += [None] * (_HOLDERS - len(holders))
    matching = [
        holder
        for holder in holders
        if passwords.verify(holder.password_hash if holder else passwords.decoy(), password)
    ]
    return next((holder for holder in matching if holder), None)


def _device_proof(customer_id: int) -> str:
    name = f"{customer_id}.{secrets.token_urlsafe(12)}"
    return f"{name}.{seal.digest('device', name)[:32]}"


def _known_device(proof: str) -> str | None:
    name, _, mark = proof.rpartition(".")
    return name if name and len(mark) == 32 and seal.matches("device", name, mark) else None
