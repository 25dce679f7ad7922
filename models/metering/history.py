"""What the history shows: readings with their use, and monthly volumes beside those of the year before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from models import clock, company, periods, words
from models.metering import norms, volumes
from models.metering.checks import usage_between
from models.metering.meters import in_words, of_account, values
from models.metering.norms import InForce
from models.metering.readings import COUNTED, since
from models.metering.volumes import Month

_BEGINNING = date(2000, 1, 1)


@dataclass(frozen=True)
class Line:
    """One reading as the history shows it; `usage` is in the service's unit, None where the reading does not count."""

    reading: Any
    meter: Any
    values: tuple[int, ...]
    usage: int | None


@dataclass(frozen=True)
class Bar:
    month: Month
    year_ago: int | None


class Past:
    """All an account's meters and readings, loaded once, and what can be told from them."""

    def __init__(self, account: Any, today: date):
        self.account, self.today = account, today

    @cached_property
    def meters(self) -> list[Any]:
        return of_account(account=self.account.id)

    @cached_property
    def readings(self) -> list[Any]:
        """The newest first."""
        return since(account=self.account.id, day=_BEGINNING)

    @cached_property
    def norms(self) -> list[InForce]:
        return norms.all_of()

    @property
    def first_period(self) -> str:
        """The first period of which anything can be shown: that of the first reading; without any, three years of norm."""
        begins = min((reading.period for reading in self.readings), default=periods.shift(self.last_period, -36))
        return min(max(begins, clock.period(self.account.opened)), self.last_period)

    @property
    def last_period(self) -> str:
        return clock.period(self.today)

    @property
    def periods(self) -> list[str]:
        return periods.span(self.first_period, self.last_period)

    @property
    def services(self) -> list[str]:
        """The codes of the account's metered services, electricity first."""
        metered = {code for code in self.account.services.split(",") if company.current().services[code].metered}
        codes = metered | {meter.service for meter in self.meters}
        return sorted(codes or {"electricity"}, key=lambda code: (code != "electricity", code))

    def zones(self, service: str) -> int:
        """The most zones any meter of the service had."""
        return max((meter.zones for meter in self.meters if meter.service == service), default=1)

    def lines(self, first: str, last: str) -> list[Line]:
        """The readings of the periods, the newest first, with the use since the counted reading before."""
        by_id = {meter.id: meter for meter in self.meters}
        before = {meter.id: values(meter, meter.zones, "initial_") for meter in self.meters}
        shown: list[Line] = []
        for reading in reversed(self.readings):
            meter = by_id[reading.meter_id]
            now, usage = values(reading, meter.zones), None
            is_shown = first <= reading.period <= last
            if reading.state in COUNTED and is_shown:
                usage = meter.ratio * sum(
                    usage_between(b, n, meter.digits) for b, n in zip(before[meter.id], now, strict=True)
                )
            if reading.state in COUNTED:
                before[meter.id] = now
            if is_shown:
                shown.append(Line(reading, meter, now, usage))
        return shown[::-1]

    def changes(self, first: str, last: str) -> list[tuple[date, str]]:
        """What became of the meters themselves in the periods, the newest first: a day, and what was taken down or hung with which values.
        The first meter of all is no change.
        """
        beginning = min((meter.installed for meter in self.meters), default=self.today)
        hung = [
            (meter.installed, f"установлен {_dial(meter, 'initial_')}")
            for meter in self.meters
            if beginning < meter.installed <= self.today
        ]
        gone = [
            (meter.removed, f"снят {_dial(meter, 'final_')}")
            for meter in self.meters
            if meter.removed and meter.removed <= self.today
        ]
        return [one for one in sorted(hung + gone, key=_newest) if first <= clock.period(one[0]) <= last]

    def bars(self, service: str, first: str, last: str) -> list[Bar]:
        """The volumes of one service for the periods, each beside the same month a year before."""
        months = {month.period: month for month in self.months(service, last)}
        return [
            Bar(months[period], ago.total if (ago := months.get(periods.shift(period, -12))) else None)
            for period in periods.span(first, last)
            if period in months
        ]

    def months(self, service: str, last: str) -> list[Month]:
        """The volumes from the first reading on: estimates rest on all that came before."""
        own = [meter for meter in self.meters if meter.service == service]
        counted = [reading for reading in self.readings if reading.state in COUNTED and reading.period <= last]
        rules = company.current()

        def norm(period: str) -> int:
            home = self.account
            return norms.of_month(self.norms, service, home.dwelling, home.persons, home.area, period)

        begins = min(self.first_period, last)
        return volumes.of_account(own, counted, periods.span(begins, last), rules.averages, norm)


def _newest(change: tuple[date, str]) -> tuple[int, str]:
    """The newest first; of one day what was taken down before what was hung."""
    return -change[0].toordinal(), change[1]


def _dial(meter: Any, which: str) -> str:
    """«счётчик № 87749621, показание: день 6 400, ночь 2 700»"""
    shown = values(meter, meter.zones, which)
    known = f", показание: {in_words(shown)}" if None not in shown else ""
    return f"счётчик №{words.NBSP}{meter.serial}{known}"
