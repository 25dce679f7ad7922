"""Links to pass one account's readings for one period without signing in: on paper bills (as a QR code) and in letters.

A link is a signature, not a row: it names the account and the period, opens nothing else, and ends with the period. It tells
nothing about anybody.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from models import seal
from models.metering.accounts import Account

_SIGNATURE = 24  # hex digits: 96 bits
_LONGEST = 200


class Named(NamedTuple):
    """What a link opens."""

    account: Any
    period: str


def address(public_url: str, account_id: int, period: str) -> str:
    """The link for an account's readings of a period; short, since a code on paper has to hold it."""
    return f"{public_url}/r/{token(account_id, period)}"


def token(account_id: int, period: str) -> str:
    head = f"{account_id:x}-{period[2:4]}{period[5:]}"
    return f"{head}-{seal.digest('reading-link', head)[:_SIGNATURE]}"


def find(given: str) -> Named | None:
    """The account and period a token names, if we have signed it; whether the period is open is the intake's to say."""
    head, _, signature = given.rpartition("-")
    if (
        len(given) > _LONGEST
        or len(signature) != _SIGNATURE
        or given != given.lower()
        or not seal.matches("reading-link", head, signature)
    ):
        return None
    account_id, _, month = head.partition("-")
    account = Account.get_or_none(Account.id == int(account_id, 16))
    return Named(account, f"20{month[:2]}-{month[2:]}") if account else None
