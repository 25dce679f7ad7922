"""Meters (приборы учёта): what hangs on the wall, its dial and its zones."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from peewee import BigIntegerField, CharField, DateField, ForeignKeyField, IntegerField, ModelSelect

from models import company, words
from models.base import Row, compiled, param
from models.metering.accounts import Account

ZONES = ("t1", "t2", "t3")
ZONE_NAMES = {
    1: {"t1": "Показание"},
    2: {"t1": "День, Т1", "t2": "Ночь, Т2"},
    3: {"t1": "Пик, Т1", "t2": "Ночь, Т2", "t3": "Полупик, Т3"},
}
ZONE_PLANS = {1: "однотарифный", 2: "двухтарифный: день и ночь", 3: "трёхтарифный: пик, полупик, ночь"}
VERIFICATION_WARNING_MONTHS = 6
_SAME_POINT = timedelta(days=62)


class Meter(Row):
    account = ForeignKeyField(Account, backref="meters", on_delete="CASCADE")
    serial = CharField(unique=True)
    service = CharField()
    model = CharField()
    zones = IntegerField()
    digits = IntegerField()  # before the comma
    ratio = IntegerField(default=1)  # of the current transformers
    installed = DateField()
    removed = DateField(null=True)
    initial_t1 = BigIntegerField(default=0)
    initial_t2 = BigIntegerField(null=True)
    initial_t3 = BigIntegerField(null=True)
    final_t1 = BigIntegerField(null=True)
    final_t2 = BigIntegerField(null=True)
    final_t3 = BigIntegerField(null=True)
    verification_due = DateField(null=True)


@compiled
def of_account() -> ModelSelect[Any]:
    """All meters the account ever had, the oldest first."""
    return Meter.select().where(Meter.account == param("account")).order_by(Meter.installed, Meter.id)


def active(meters: list[Any], day: date) -> list[Any]:
    return [meter for meter in meters if is_active(meter, day)]


def is_active(meter: Any, day: date) -> bool:
    return meter.installed <= day and (meter.removed is None or day < meter.removed)


def replaces(meter: Any, earlier: Any) -> bool:
    """Whether the meter was hung in place of the earlier one: within two months of its removal."""
    return earlier.removed is not None and timedelta(0) <= meter.installed - earlier.removed <= _SAME_POINT


def zones_of(meter: Any) -> tuple[str, ...]:
    return ZONES[: meter.zones]


def zone_names(meter: Any) -> dict[str, str]:
    return ZONE_NAMES[meter.zones]


def in_words(numbers: tuple[int, ...]) -> str:
    """«день 10 909, ночь 5 033»; a single zone's value alone."""
    if len(numbers) == 1:
        return words.number(numbers[0])
    named = zip(words.ZONES[len(numbers)], numbers, strict=True)
    return ", ".join(f"{name}{words.NBSP}{words.number(value)}" for name, value in named)


def values(row: Any, zones: int, prefix: str = "") -> tuple[int, ...]:
    """The dial values of a meter's zones from columns t1…t3 (or initial_t1…, final_t1…)."""
    if not prefix:  # a page asks this of every reading it has
        return (row.t1, row.t2, row.t3)[:zones]
    return tuple(getattr(row, prefix + zone) for zone in ZONES[:zones])


def final_in_words(meter: Any) -> str:
    """What it showed when it was taken down; '' where that is not known."""
    shown = values(meter, meter.zones, "final_")
    return in_words(shown) if None not in shown else ""


def unit(meter: Any) -> str:
    return company.current().services[meter.service].unit


def amount(volume: int, meter: Any) -> str:
    """«166 кВт⋅ч»"""
    return f"{words.number(volume)}{words.NBSP}{unit(meter)}"


def verification_is_expired(meter: Any, day: date) -> bool:
    return meter.verification_due is not None and meter.verification_due < day


def verification_is_near(meter: Any, day: date) -> bool:
    """Within the last six months before the verification interval ends."""
    due = meter.verification_due
    if due is None or due < day:
        return False
    return (due.year - day.year) * 12 + due.month - day.month < VERIFICATION_WARNING_MONTHS or (due - day).days <= 183
