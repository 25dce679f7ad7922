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
    candidates = _candidates(number, login.lower())
    owner = _device_owner(device, candidates)
    name = number or login.lower()
    limits.spend_address("sign_in.address", audit.actor().ip, TRIES_FROM_ADDRESS, PER, _SLOW)
    if owner is not None:
        limits.spend("sign_in.login", f"{name}|{device.rpartition('.')[0]}", TRIES, PER, _SLOW)
    # Every candidate's password is verified, and a decoy's for each that is missing: the time tells nothing.
    hashes = [one.password_hash if one else passwords.decoy() for one in candidates]
    matching = [one for one, stored in zip(candidates, hashes, strict=True) if passwords.verify(stored, password)]
    customer = owner if owner and owner in matching else next((one for one in matching if one), None)
    shared = any(one is not owner for one in candidates if one)
    if owner is None or (shared and customer is not owner):  # known for its owner, not for whoever shares the account
        limits.spend("sign_in.login", f"{name}|unknown", TRIES, PER, _SLOW)
    if customer is None:
        raise Refusal(None, _WRONG, "sign_in.wrong")
    if passwords.is_stale(customer.password_hash):
        _rehash(customer, password)
    return SignedIn(customer, _device_proof(customer.id))


def _rehash(customer: Customer, password: str) -> None:
    """The same password at today's cost, unless it was changed meanwhile."""
    fresh = passwords.hashed(password)
    same = (Customer.id == customer.id) & (Customer.password_hash == customer.password_hash)
    if Customer.update(password_hash=fresh).where(same).execute():
        customer.password_hash = fresh


def _candidates(number: str | None, email: str) -> list[Customer | None]:
    """Who may be meant: one for an e-mail; for an account, a family may share it, each for whom it is the primary one."""
    if number is None:
        return [Customer.by_email(email)]
    holders = primary_holders(number, _HOLDERS)
    return [*holders, *[None] * (_HOLDERS - len(holders))]


def _device_proof(customer_id: int) -> str:
    name = f"{customer_id}.{secrets.token_urlsafe(12)}"
    return f"{name}.{seal.digest('device', name)[:32]}"


def _device_owner(proof: str, candidates: list[Customer | None]) -> Customer | None:
    """The one of these customers who signed in on this device before."""
    name, _, mark = proof.rpartition(".")
    owner = next((one for one in candidates if one and str(one.id) == name.partition(".")[0]), None)
    return owner if owner and len(mark) == 32 and seal.matches("device", name, mark) else None
