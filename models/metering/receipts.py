"""Signed receipts: proof for the customer that the company received these values at this moment (verified by `flask receipt verify`)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from peewee import ModelSelect

from models import clock, seal
from models.base import compiled, param
from models.metering.accounts import Account
from models.metering.checks import HELD
from models.metering.meters import values
from models.metering.readings import Receipt, of_receipt

_TOGETHER = timedelta(minutes=1)  # between readings and the payment they go with
_CODE = 20  # hex digits: 80 bits, short enough to be typed from paper


class Line(NamedTuple):
    """One meter on a receipt."""

    reading: Any
    values: tuple[int, ...]
    was_held: bool


class Shown(NamedTuple):
    number: str
    account: str
    channel: str
    received: datetime  # local wall time
    lines: list[Line]
    code: str


@compiled
def _of_account() -> ModelSelect[Any]:
    return _select().where(Receipt.id == param("receipt"), Receipt.account == param("account"))


@compiled
def _any() -> ModelSelect[Any]:
    return _select().where(Receipt.id == param("receipt"))


def _select() -> ModelSelect[Any]:
    return Receipt.select(Receipt.id, Receipt.channel, Receipt.received_at, Account.number.alias("account")).join(
        Account
    )


@compiled
def _before() -> ModelSelect[Any]:
    return (
        Receipt.select(Receipt.id, Receipt.received_at)
        .where(Receipt.account == param("account"), Receipt.received_at >= param("since"))
        .where(Receipt.received_at <= param("until"))
        .order_by(Receipt.id.desc())
        .limit(1)
    )


def together_with(account_id: int, moment: datetime) -> str | None:
    """The number of the receipt of what was passed just before that moment, with a payment; naive UTC."""
    row = _before.first(account=account_id, since=moment - _TOGETHER, until=moment)
    return number(row.id, row.received_at) if row else None


def number(receipt_id: int, received_at: datetime) -> str:
    """'2611-000123': year and month of receipt, and the running number."""
    return f"{clock.local(received_at):%y%m}-{receipt_id:06d}"


def find(typed_number: str, account_id: int | None = None) -> Shown | None:
    """The receipt with this number, of this account if one is given."""
    head, _, tail = typed_number.partition("-")
    if not (tail.isascii() and tail.isdigit() and len(tail) <= 15):
        return None
    found = (
        _any.first(receipt=int(tail))
        if account_id is None
        else _of_account.first(receipt=int(tail), account=account_id)
    )
    if found is None or number(found.id, found.received_at) != f"{head}-{tail}":
        return None
    lines = [Line(r, values(r, r.zones), r.trace["outcome"] == HELD) for r in of_receipt(receipt=found.id)]
    received = clock.local(found.received_at)
    text = signed_text(typed_number, found.account, received, [(line.reading.serial, line.values) for line in lines])
    return Shown(
        typed_number, found.account, found.channel, received, lines, _grouped(seal.digest("receipt", text)[:_CODE])
    )


def signed_text(receipt_number: str, account: str, received: datetime, lines: list[tuple[str, tuple[int, ...]]]) -> str:
    """What the signature covers: number, account, local time to the minute, each meter's serial number and values."""
    meters = ";".join(f"{serial}={','.join(map(str, numbers))}" for serial, numbers in sorted(lines))
    return f"{receipt_number}|{account}|{received:%Y-%m-%dT%H:%M}|{meters}"


def matches_code(shown: Shown, code: str) -> bool:
    """Whether the code on paper was issued for this receipt as it stands: a value changed since, here or there, shows."""
    given = "".join(character for character in code if character.isalnum())
    text = signed_text(
        shown.number, shown.account, shown.received, [(line.reading.serial, line.values) for line in shown.lines]
    )
    return len(given) == _CODE and seal.matches("receipt", text, given)


def _grouped(code: str) -> str:
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4)).upper()


def number_of(receipt_id: int) -> str:
    """The number of a receipt known by its row."""
    return number(receipt_id, Receipt.select(Receipt.received_at).where(Receipt.id == receipt_id).scalar())
