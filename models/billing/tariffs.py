"""Tariffs: dated prices by service, dwelling, zone plan, zone and band, and the monthly limits of the bands. All of it imported.

Prices are ten-thousandths of a ruble for a unit, VAT included.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from peewee import BigIntegerField, CharField, DateField, IntegerField

from models import words
from models.base import Refusal, Row

PRICE_SCALE = 10_000
BANDS = (1, 2, 3)
_ONE = timedelta(days=1)
_FOREVER = date(9999, 12, 31)


class Tariff(Row):
    """A price from `since` on, through `until` or until the next row for the same thing."""

    service = CharField()
    dwelling = CharField(default="")  # empty: any
    plan = IntegerField(default=0)  # how many zones the meter has; 0: any, or no meter
    zone = CharField(default="")  # t1, t2, t3; empty: any
    band = IntegerField(default=1)
    since = DateField()
    until = DateField(null=True)
    price = BigIntegerField()
    vat = IntegerField()  # percent, included; 0: none

    class Meta:
        indexes = ((("service", "dwelling", "plan", "zone", "band", "since"), True),)


class Band(Row):
    """Where the first and the second band of a month end, in the service's unit; null: never."""

    service = CharField()
    dwelling = CharField(default="")
    since = DateField()
    until = DateField(null=True)
    first = IntegerField()
    second = IntegerField(null=True)

    class Meta:
        indexes = ((("service", "dwelling", "since"), True),)


class Price(NamedTuple):
    price: int
    vat: int


class Gap(Refusal):
    """No price for a day: whoever needs it is told for what, and nothing is charged in silence."""

    def __init__(self, service: str, dwelling: str, plan: int, zone: str, day: date):
        self.service, self.day = service, day
        what = " ".join(part for part in (dwelling, f"{plan}-зонный" if plan else "", zone) if part)
        super().__init__(None, f"Нет тарифа: {service} {what}, {words.day(day)}. Загрузите tariffs.", "tariff.gap")


class Span(NamedTuple):
    """Days with one price, both included."""

    first: date
    last: date
    price: Price

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


class Tariffs:
    """All prices and limits of the company, loaded once for a run or a page; look-ups are remembered."""

    def __init__(self, prices: Iterable[Any], limits: Iterable[Any]):
        self._prices = sorted(prices, key=lambda row: row.since)
        self._limits = sorted(limits, key=lambda row: row.since)
        self._spans: dict[tuple[Any, ...], list[Span]] = {}
        self._bands: dict[tuple[str, str, date], tuple[int, ...]] = {}

    @classmethod
    def load(cls) -> Tariffs:
        return cls(Tariff.select().namedtuples(), Band.select().namedtuples())

    def price(self, service: str, dwelling: str, plan: int, zone: str, band: int, day: date) -> Price:
        """The price of that day. Raises Gap where the company has none."""
        return self.spans(service, dwelling, plan, zone, band, day, day)[0].price

    def spans(
        self, service: str, dwelling: str, plan: int, zone: str, band: int, first: date, last: date
    ) -> list[Span]:
        """The prices of days first … last, one span for each. Raises Gap if any day has none."""
        key = (service, dwelling, plan, zone, band, first, last)
        if key not in self._spans:
            self._spans[key] = _joined(self._find(*key))
        return self._spans[key]

    def limits(self, service: str, dwelling: str, day: date) -> tuple[int, ...]:
        """The upper limits of the bands but the last, in the service's unit; empty: one band for all."""
        key = (service, dwelling, day)
        if key not in self._bands:
            row = _nearest(
                [row for row in self._limits if row.service == service and row.dwelling in (dwelling, "")], day
            )
            found = () if row is None else (row.first,) if row.second is None else (row.first, row.second)
            self._bands[key] = found
        return self._bands[key]

    def plans(self, service: str, dwelling: str, day: date) -> list[int]:
        """The zone plans that the company has a price for on that day."""
        fit = [row for row in self._prices if row.service == service and row.dwelling in (dwelling, "") and row.plan]
        return sorted({row.plan for row in fit if _nearest([row], day)})

    def _find(
        self, service: str, dwelling: str, plan: int, zone: str, band: int, first: date, last: date
    ) -> Iterator[Span]:
        own = [
            row
            for row in self._prices
            if row.service == service
            and row.dwelling in (dwelling, "")
            and row.plan in (plan, 0)
            and row.zone in (zone, "")
            and row.band in (band, 1)
        ]
        if band > 1 and any(row.band == band for row in own):
            own = [row for row in own if row.band == band]  # where bands have prices, the first band's is not another's
        day = first
        while day <= last:
            row = _nearest(own, day)
            if row is None:
                raise Gap(service, dwelling, plan, zone, day)
            end = min([last, row.until or _FOREVER, *(other.since - _ONE for other in own if other.since > day)])
            yield Span(day, end, Price(row.price, row.vat))
            day = end + _ONE


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Neighbours with the same price as one: another household's new price cuts nobody else's month."""
    found: list[Span] = []
    for span in spans:
        if found and found[-1].price == span.price:
            found[-1] = Span(found[-1].first, span.last, span.price)
        else:
            found.append(span)
    return found


def _nearest(rows: list[Any], day: date) -> Any | None:
    """The row in force: the most particular one, then the latest; a later row for the same thing ends an earlier one."""
    fit = [row for row in rows if row.since <= day]
    latest: dict[tuple[Any, ...], Any] = {}
    for row in fit:  # in the order of `since`
        latest[_thing(row)] = row
    lasting = [row for row in latest.values() if row.until is None or day <= row.until]
    return max(lasting, key=lambda row: (_weight(row), row.since), default=None)


def _thing(row: Any) -> tuple[Any, ...]:
    return tuple(getattr(row, name, "") for name in ("dwelling", "plan", "zone", "band"))


def _weight(row: Any) -> tuple[bool, ...]:
    band = getattr(row, "band", 1)
    return band > 1, bool(row.dwelling), bool(getattr(row, "plan", 0)), bool(getattr(row, "zone", ""))
