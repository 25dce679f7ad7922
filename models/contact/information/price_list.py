"""The prices of today for everybody: by service and kind of dwelling, each zone plan with its zones and bands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from models import company
from models.billing.tariffs import BANDS, Gap, Tariffs
from models.company import DWELLINGS, ELECTRICITY

DWELLING_TITLES = {
    "urban": "Дома с газовыми плитами",
    "stove": "Дома с электроплитами",
    "rural": "Сельские населённые пункты",
}


@dataclass(frozen=True)
class Rates:
    """One plan of one kind of dwelling: prices (ten-thousandths of a ruble, VAT included) of each zone, by band."""

    plan: int  # how many zones; 0 where there are none
    limits: tuple[int, ...]  # where the bands but the last end, in the service's unit a month
    zones: tuple[tuple[str, tuple[int, ...]], ...]
    vat: int


@dataclass(frozen=True)
class Dwelling:
    code: str  # '' where the price is the same for all
    title: str
    plans: tuple[Rates, ...]


@dataclass(frozen=True)
class Priced:
    service: str
    dwellings: tuple[Dwelling, ...]


def today(day: date) -> list[Priced]:
    """The services that have a price on that day, in the company's order."""
    tariffs = Tariffs.load()
    found = [Priced(code, tuple(_dwellings(tariffs, code, day))) for code in company.current().services]
    return [one for one in found if one.dwellings]


def _dwellings(tariffs: Tariffs, service: str, day: date) -> Iterator[Dwelling]:
    known = [(code, plans) for code in DWELLINGS if (plans := _plans(tariffs, service, code, day))]
    if known and all(plans == known[0][1] for _, plans in known):
        yield Dwelling("", "", known[0][1])
        return
    for code, plans in known:
        yield Dwelling(code, DWELLING_TITLES[code], plans)


def _plans(tariffs: Tariffs, service: str, dwelling: str, day: date) -> tuple[Rates, ...]:
    offered = tariffs.plans(service, dwelling, day) if service == ELECTRICITY else []
    found = (_rates(tariffs, service, dwelling, plan, day) for plan in offered or [0])
    return tuple(one for one in found if one)


def _rates(tariffs: Tariffs, service: str, dwelling: str, plan: int, day: date) -> Rates | None:
    limits = tariffs.limits(service, dwelling, day)
    names = [f"t{place}" for place in range(1, plan + 1)] or [""]
    try:
        prices = [
            [tariffs.price(service, dwelling, plan, zone, band, day) for band in BANDS[: len(limits) + 1]]
            for zone in names
        ]
    except Gap:
        return None
    zones = tuple((zone, tuple(one.price for one in row)) for zone, row in zip(names, prices, strict=True))
    return Rates(plan, limits, zones, prices[0][0].vat)
