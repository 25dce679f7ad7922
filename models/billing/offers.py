"""What an account pays by today, how the month goes towards the next band, and what other zone plans would have cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from models import company, periods
from models.billing import charges, forecast
from models.billing.charges import SCALE, Days, Quantity
from models.billing.forecast import Ahead, Option
from models.billing.tariffs import Gap, Tariffs
from models.metering import meters
from models.metering.history import Past
from models.metering.meters import ZONES
from models.metering.volumes import READING, Month

_LOOKED_BACK = (1500, 730, 365, 180, 90, 31, 0)  # days; the farther, the more surely the day a price began is found
_YEAR = 12
_LEAST = 3  # months with readings, fewer say nothing of a year


class Rate(NamedTuple):
    """The prices of one zone today, a band each, ten-thousandths of a ruble."""

    zone: str  # t1, t2, t3; empty: no zones
    prices: tuple[int, ...]
    since: date | None  # None: longer ago than is known


@dataclass(frozen=True)
class Tariff:
    """What one service costs today by one zone plan."""

    service: str
    plan: int  # 0: a service without zones
    rates: tuple[Rate, ...]
    limits: tuple[int, ...]  # where the bands end, the service's unit
    vat: int


@dataclass(frozen=True)
class Comparison:
    """The plans over the months with readings, each at today's prices."""

    options: tuple[Option, ...]
    months: int
    night_pays: float | None  # the part of the use at night from which two zones cost less than one; None: never
    night_share: float | None  # the customer's own; None: not known

    @property
    def present(self) -> Option:
        return next(option for option in self.options if option.is_present)

    @property
    def best(self) -> Option:
        return min(self.options, key=lambda option: (option.amount, not option.is_present))

    def saving(self, option: Option) -> int:
        """Kopecks a year less than now, reckoned from the months there are; negative: dearer."""
        return round((self.present.amount - option.amount) * _YEAR / self.months)


class Offer:
    """The prices of one account and what they mean for it."""

    def __init__(self, past: Past, tariffs: Tariffs):
        self.past, self.tariffs = past, tariffs
        self.account, self.today = past.account, past.today

    def today_by_service(self) -> list[Tariff]:
        """What each service costs today; a meter's zones as they are. Raises tariffs.Gap."""
        return [
            self._tariff(code, plan)
            for code in company.current().services
            if code in self._codes()
            for plan in self._plans(code)
        ]

    def ahead(self) -> Ahead | None:
        """This month's electricity towards the next band; None where there is none to come."""
        limits = self.tariffs.limits(company.ELECTRICITY, self.account.dwelling, self.today)
        months = self.past.months(company.ELECTRICITY, self.past.last_period)
        read = [month for month in months[:-1] if month.basis == READING][-_YEAR:]
        if not limits or not read:
            return None
        used = months[-1].total if months[-1].basis == READING else 0
        # Who heats by electricity uses in January what no mean of the year tells: the same month a year ago does.
        year_ago = next((month for month in read if month.period == periods.shift(months[-1].period, -_YEAR)), None)
        usual = (
            year_ago.total if year_ago and year_ago.total > 0 else round(sum(month.total for month in read) / len(read))
        )
        return forecast.ahead(max(used, 0), max(usual, 0), limits)

    def comparison(self) -> Comparison | None:
        """The plans side by side; None without a meter of electricity or with fewer than three months read. Raises tariffs.Gap."""
        plans = self._plans(company.ELECTRICITY)
        months = self._comparable(plans[0]) if len(plans) == 1 and self._meters(company.ELECTRICITY) else []
        if len(months) < _LEAST:
            return None
        dwelling, day = self.account.dwelling, self.today
        found = forecast.options(months, plans[0], company.ELECTRICITY, dwelling, self.tariffs, day)
        if not any(option.is_present for option in found) or len(found) < 2:
            return None
        return Comparison(tuple(found), len(months), self._night_pays(found), _night_share(months, plans[0]))

    def _comparable(self, plan: int) -> list[Month]:
        """The last twelve months that were read whole, by meters of the present plan, nothing put right in them."""
        last = periods.shift(self.past.last_period, -1)
        months = self.past.months(company.ELECTRICITY, last)[-_YEAR:]
        return [
            month
            for month in months
            if month.basis == READING and not month.corrected and all(part.plan == plan for part in month.parts)
        ]

    def _night_pays(self, found: list[Option]) -> float | None:
        if not {1, 2} <= {option.plan for option in found}:
            return None
        one, day, night = (
            self._price(company.ELECTRICITY, plan, zone, 1) for plan, zone in ((1, "t1"), (2, "t1"), (2, "t2"))
        )
        return forecast.night_that_pays(one, day, night)

    def _tariff(self, code: str, plan: int) -> Tariff:
        dwelling = self.account.dwelling
        limits = self.tariffs.limits(code, dwelling, self.today) if plan else ()
        zones = ZONES[:plan] if plan else ("",)
        rates = tuple(
            Rate(
                zone,
                tuple(self._price(code, plan, zone, band) for band in range(1, len(limits) + 2)),
                self._since(code, plan, zone),
            )
            for zone in zones
        )
        vat = self.tariffs.price(code, dwelling, plan, zones[0], 1, self.today).vat
        return Tariff(code, plan, rates, limits, vat)

    def _price(self, code: str, plan: int, zone: str, band: int) -> int:
        return self.tariffs.price(code, self.account.dwelling, plan, zone, band, self.today).price

    def _since(self, code: str, plan: int, zone: str) -> date | None:
        """The day today's price began."""
        for days in _LOOKED_BACK:
            first = self.today - timedelta(days=days)
            try:
                spans = self.tariffs.spans(code, self.account.dwelling, plan, zone, 1, first, self.today)
            except Gap:
                continue
            return _began(spans)
        return None

    def _codes(self) -> set[str]:
        return {*self.account.services.split(","), *(meter.service for meter in self._active())}

    def _plans(self, code: str) -> list[int]:
        """The zone plans by which the service is charged: of its meters, else one zone as the norm is; 0 without zones."""
        if not company.current().services[code].metered or code != company.ELECTRICITY:
            return [0]
        return sorted({meter.zones for meter in self._meters(code)}) or [1]

    def _meters(self, code: str) -> list[Any]:
        return [meter for meter in self._active() if meter.service == code]

    def _active(self) -> list[Any]:
        return meters.active(self.past.meters, self.today)


def cost(account: Any, meter: Any, usage: Sequence[int], tariffs: Tariffs, day: date) -> int | None:
    """About what a use will cost at the prices of the day, kopecks; `usage` by zone in dial units. None: nobody can say yet."""
    if min(usage) < 0:
        return None
    zones = tuple(value * meter.ratio * SCALE for value in usage)
    try:
        lines = charges.of_use(
            meter.service, account.dwelling, [Quantity(meter.zones, zones, READING)], Days(day, day, 1), tariffs
        )
    except Gap:
        return None
    return charges.amount_of(lines)


def _began(spans: Any) -> date | None:
    """Where the last run of days with one price begins; None: before the first day looked at."""
    price = spans[-1].price.price
    for i in range(len(spans) - 1, -1, -1):
        if spans[i].price.price != price:
            return spans[i + 1].first  # type: ignore[no-any-return]
    return None


def _night_share(months: list[Month], plan: int) -> float | None:
    total = sum(month.total for month in months)
    return sum(month.zones[1] for month in months) / total if plan > 1 and total else None
