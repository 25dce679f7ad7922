"""Norms of use (нормативы, ПП 354 п. 60): dated, imported; for each person registered or each square metre."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from peewee import CharField, DateField, IntegerField

from models import periods
from models.base import Row
from models.words import decimal

PERSON, SQUARE_METRE = "person", "m2"
SCALE = 10_000  # norms are kept in ten-thousandths of the service's unit


class Norm(Row):
    """Ten-thousandths of the unit a month for each person or m², from `since` through `until`."""

    service = CharField()
    dwelling = CharField(default="")  # empty: any
    since = DateField()
    until = DateField(null=True)
    per = CharField()
    amount = IntegerField()

    class Meta:
        indexes = ((("service", "dwelling", "since"), True),)


class InForce(NamedTuple):
    """A norm without its row: what calculations need."""

    service: str
    dwelling: str
    since: date
    until: date | None
    per: str
    amount: int

    def words(self, unit: str) -> str:
        """«80 кВт⋅ч на человека в месяц»"""
        each = "человека" if self.per == PERSON else "м²"
        return f"{decimal(self.amount, SCALE)}\u00a0{unit} на {each} в месяц"


def all_of() -> list[InForce]:
    """Every norm of the company, the oldest first."""
    columns = (Norm.service, Norm.dwelling, Norm.since, Norm.until, Norm.per, Norm.amount)
    return [InForce(*row) for row in Norm.select(*columns).order_by(Norm.since).tuples()]


def on(norms: Sequence[InForce], service: str, dwelling: str, day: date) -> InForce | None:
    """The norm of that day; one for the dwelling goes before one for any. None: there is no norm for it."""
    fit = [
        norm
        for norm in norms
        if norm.service == service
        and norm.dwelling in (dwelling, "")
        and norm.since <= day
        and (norm.until is None or day <= norm.until)
    ]
    return max(fit, key=lambda norm: (norm.dwelling != "", norm.since), default=None)


def of_month(norms: Sequence[InForce], service: str, dwelling: str, persons: int, area: int, period: str) -> int:
    """A whole month's norm of a household in the service's unit, rounded; 0 where the company has none.

    `area` is hundredths of a m². Nobody registered counts as one owner (ПП 354 п. 56(2)).
    """
    norm = on(norms, service, dwelling, periods.first_day(period))
    if norm is None:
        return 0
    return (norm.amount * times(norm, persons, area) + SCALE * 50) // (SCALE * 100)


def times(norm: InForce, persons: int, area: int) -> int:
    """How often the norm counts for a household, in hundredths: persons or m²."""
    return 100 * max(1, persons) if norm.per == PERSON else area
