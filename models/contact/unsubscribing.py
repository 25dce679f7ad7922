"""The way out of letters that a letter itself carries (RFC 8058): a signature, not a row; it needs no signing in and has no end.

A token names the customer, the topic, and for e-receipts the account. It can end what it names and take that back, nothing else.
"""

from __future__ import annotations

import base64
import binascii
from contextlib import AbstractContextManager
from typing import NamedTuple

from models import audit, seal
from models.base import Refusal, database
from models.billing import delivery
from models.metering.accounts import Account
from models.outbox import Message, kinds
from models.people import wishes
from models.people.customers import Customer, subject

_LETTERS = {kinds.RECEIPT: "b", kinds.REMINDERS: "r", kinds.NEWS: "n"}
_TOPICS = {letter: basis for basis, letter in _LETTERS.items()}
_SIGNATURE = 32  # hex digits: 128 bits
_LONGEST = 200
_PURPOSE = "unsubscribing"
_CHOSEN_SINCE = "С тех пор выбрали заново. Войдите в кабинет, чтобы изменить выбор."


class Exit(NamedTuple):
    """What a token lets one out of: `basis` is RECEIPT, REMINDERS or NEWS of outbox.kinds; the account for receipts alone."""

    customer: Customer
    basis: str
    account: Account | None


def link(message: Message, public_url: str) -> str:
    """The address in a message's List-Unsubscribe and at its foot; empty: the letter has no way out."""
    name, _, customer = message.subject.partition(":")
    basis = kinds.of(message.letter).basis
    if basis not in _LETTERS or name != "customer" or (basis == kinds.RECEIPT and not message.account):
        return ""
    return f"{public_url}/unsubscribe/{token(int(customer), basis, message.account)}"


def token(customer_id: int, basis: str, account: str = "") -> str:
    head = f"{_LETTERS[basis]}{customer_id:x}"
    if basis == kinds.RECEIPT:
        head += "." + base64.urlsafe_b64encode(account.encode()).decode().rstrip("=")
    return f"{head}.{seal.digest(_PURPOSE, head)[:_SIGNATURE]}"


def find(given: str) -> Exit | None:
    """What a token names, if we have signed it and the customer and the account are there."""
    head, _, signature = given.rpartition(".")
    if len(given) > _LONGEST or len(signature) != _SIGNATURE or not seal.matches(_PURPOSE, head, signature):
        return None
    who, _, number = head.partition(".")
    basis, customer = _TOPICS[who[0]], Customer.get_or_none(Customer.id == int(who[1:], 16))
    if basis != kinds.RECEIPT:
        return Exit(customer, basis, None) if customer else None
    account = Account.get_or_none(Account.number == _plain(number))
    return Exit(customer, basis, account) if customer and account else None


def _plain(number: str) -> str:
    try:
        return base64.urlsafe_b64decode(number + "=" * (-len(number) % 4)).decode()
    except (binascii.Error, ValueError):
        return ""


def is_out(way: Exit) -> bool:
    """Whether what the token names comes no more."""
    if way.account is None:
        return not wishes.of(way.customer.id)[way.basis]
    now = delivery.current(way.account.id)
    return not now.is_by_email or now.customer_id != way.customer.id


def act(way: Exit) -> bool:
    """Let it come no more; bills come on paper again. Whether it came until now: a repeat changes nothing."""
    with _as_customer(way), database.atomic():
        if way.account is None:
            return wishes.wish(way.customer.id, way.basis, False, delivery.LETTER)
        return delivery.to_paper(way.account.id, "", delivery.LETTER, reader=way.customer.id)


def can_take_back(way: Exit) -> bool:
    """Whether the last word is this token's own, so that it may be taken back without signing in."""
    if way.account is None:
        return is_out(way) and wishes.last_channel(way.customer.id, way.basis) == delivery.LETTER
    return is_out(way) and _before(way.customer.id, way.account.id) is not None


def take_back(way: Exit) -> bool:
    """Let it come again as it did before `act`. Refused: somebody has chosen anew since, the account is held no more."""
    with _as_customer(way), database.atomic():
        if not is_out(way):
            return False
        if not can_take_back(way):
            raise Refusal(None, _CHOSEN_SINCE, "unsubscribing.chosen_since")
        if way.account is None:
            return wishes.wish(way.customer.id, way.basis, True, delivery.BACK)
        before = _before(way.customer.id, way.account.id) or ""
        return delivery.choose(way.customer.id, way.account, before, delivery.BACK)


def _before(customer_id: int, account_id: int) -> str | None:
    """How the bills came before this customer's own unsubscribing, if that is the last word."""
    last = delivery.history(account=account_id)[:2]
    if len(last) < 2 or last[0].channel != delivery.LETTER or last[1].customer != customer_id:
        return None
    return str(last[1].way)


def _as_customer(way: Exit) -> AbstractContextManager[None]:
    """Whoever holds the letter acts as its reader."""
    return audit.acting(subject(way.customer.id), audit.actor().ip)
