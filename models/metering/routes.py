"""Delivery routes (маршруты обхода): an office's accounts in the order in which somebody walks, with what a reading form shows of each."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from peewee import ModelSelect, fn

from models import audit
from models.base import compiled, database, param
from models.metering.accounts import Account, Office, full_address, holder
from models.metering.meters import Meter, unit, values, zone_names
from models.metering.readings import IS_COUNTED, Reading

CHUNK = 200
_NUMBER = re.compile("[0-9]+")


class Part(NamedTuple):
    """A street of an office, and how many accounts with meters are on it."""

    settlement: str
    street: str
    accounts: int


@dataclass(frozen=True)
class Dial:
    """A meter as it stands on a form: what each zone showed last."""

    serial: str
    model: str
    unit: str
    digits: int  # before the comma
    zones: tuple[str, ...]  # names from t1 on
    previous: tuple[int, ...]
    previous_on: date


@dataclass(frozen=True)
class Stop:
    """An account on the way: the `place`-th of `count`."""

    place: int
    count: int
    account: str
    address: str
    holder: str
    dials: tuple[Dial, ...]


@dataclass(frozen=True)
class Way:
    """The accounts to walk to, by their keys in order; whose meters hang on the day, and the period whose readings are wanted."""

    office: Office
    period: str
    day: date
    accounts: array[int]


def order(route: Sequence[str]) -> str:
    """What sorts as somebody walks: settlement, street, house, flat; house 2 before 10, and 10 before 10а."""
    return "\0".join(_NUMBER.sub(_weighed, part.casefold().replace("ё", "е")) for part in route)


def _weighed(number: re.Match[str]) -> str:
    digits = number[0].lstrip("0")
    return f"{len(digits):03}{digits}"


def parts(office: Office, day: date) -> list[Part]:
    """The office's streets with open accounts that have a meter on the day, in order."""
    query: Any = (
        Account.select(Account.settlement, Account.street, fn.COUNT(Account.id))
        .where(*_metered(office, day))
        .group_by(Account.settlement, Account.street)
    )
    return sorted((Part(*row) for row in query.tuples()), key=lambda part: order(part[:2]))


def way(
    office: Office, period: str, day: date, settlement: str = "", street: str = "", *, only_missing: bool = False
) -> Way:
    """The way to the office's accounts, to those of one settlement or of one street of it.

    `only_missing` leaves out those of whose meters each has a counted reading of the period.
    """
    where = [*_metered(office, day)]
    where += [Account.settlement == settlement] if settlement else []
    where += [Account.street == street] if street else []
    where += [_lacks_reading(period, day)] if only_missing else []
    query: Any = Account.select(Account.id, Account.settlement, Account.street, Account.house, Account.flat)
    found = [(order(place), key) for key, *place in query.where(*where).tuples().iterator()]
    found.sort()
    return Way(office, period, day, array("q", (key for _, key in found)))


def stops(way: Way, first: int, most: int) -> Iterator[Stop]:
    """The stops from the `first`-th on, `most` at most, read in parts so that memory stays flat."""
    count = len(way.accounts)
    for start in range(first - 1, min(count, first - 1 + most), CHUNK):
        keys = way.accounts[start : min(start + CHUNK, first - 1 + most)]
        rows = {row.id: row for row in Account.select().where(Account.id.in_(list(keys))).namedtuples()}
        dials = _dials(way, keys)
        for place, key in enumerate(keys, start + 1):
            row = rows[key]
            yield Stop(place, count, row.number, full_address(row), holder(row), tuple(dials.get(key, ())))


def record(way: Way, first: int, count: int, *, with_names: bool) -> None:
    """Note that so many forms with people's addresses were printed, from the `first`-th on."""
    with database.atomic():
        detail = {"period": way.period, "first": first, "forms": count, "with_names": with_names}
        audit.record("paperforms.printed", f"office:{way.office.code}", **detail)


def _metered(office: Office, day: date) -> tuple[Any, ...]:
    """The office's open accounts that have a meter on the day."""
    is_open = (Account.opened <= day) & (Account.closed.is_null() | (Account.closed >= day))
    return Account.office == office, is_open, fn.EXISTS(_hanging(day))


def _lacks_reading(period: str, day: date) -> Any:
    """Whether an account has a meter whose reading of the period is not there."""
    counted = Reading.select(Reading.id).where(Reading.meter == Meter.id, Reading.period == period, IS_COUNTED)
    return fn.EXISTS(_hanging(day).where(~fn.EXISTS(counted)))


def _hanging(day: date) -> ModelSelect[Any]:
    """The meters of an account, the outer query's, on the day: looked up one by one, so that a street does not read all there are."""
    return Meter.select(Meter.id).where(Meter.account == Account.id, *_hangs(day))


def _hangs(day: date) -> tuple[Any, ...]:
    return Meter.installed <= day, Meter.removed.is_null() | (Meter.removed > day)


def _dials(way: Way, accounts: Sequence[int]) -> dict[int, list[Dial]]:
    """The accounts' meters, each with its last counted reading before the way's period."""
    query = Meter.select().where(Meter.account.in_(list(accounts)), *_hangs(way.day))
    meters = list(query.order_by(Meter.installed, Meter.id))
    found: dict[int, list[Dial]] = {}
    for meter in meters:
        row = _last.first(meter=meter.id, period=way.period)
        previous = values(row, meter.zones) if row else values(meter, meter.zones, "initial_")
        dial = Dial(
            meter.serial, meter.model, unit(meter), meter.digits, tuple(zone_names(meter).values()), previous,
            row.taken if row else meter.installed,
        )  # fmt: skip
        found.setdefault(meter.account_id, []).append(dial)
    return found


@compiled
def _last() -> ModelSelect[Any]:
    """A meter's last counted reading before a period."""
    return (
        Reading.select(Reading.taken, Reading.t1, Reading.t2, Reading.t3)
        .where(Reading.meter == param("meter"), Reading.period < param("period"), IS_COUNTED)
        .order_by(Reading.period.desc())
        .limit(1)
    )
