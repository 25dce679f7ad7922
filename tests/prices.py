"""Prices for tests: few and round, so that sums can be worked out by hand."""

from __future__ import annotations

from datetime import date

from models.billing.penalties import PenaltyRule
from models.billing.tariffs import Band, Tariff
from models.metering.norms import PERSON, SQUARE_METRE, Norm

BEGINNING = date(2020, 1, 1)
# Kopecks a kWh of the first band: one zone; day, night; peak, night, half-peak.
ELECTRICITY = {1: (400,), 2: (460, 280), 3: (600, 280, 400)}
SECOND_BAND, THIRD_BAND = 2, 3  # times as dear
LIMITS = (3900, 6000)
HEAT, REPAIR = 200_000, 1000  # kopecks a Gcal, a m²
NORM = 80  # kWh a person


def load(*, since: date = BEGINNING, vat: int = 22) -> None:
    """Tariffs, bands and the penalty rule of the law, the same on every day from `since` on; norms as below."""
    for plan, prices in ELECTRICITY.items():
        for zone, kopecks in zip(("t1", "t2", "t3"), prices, strict=False):
            for band, times in ((1, 1), (2, SECOND_BAND), (3, THIRD_BAND)):
                tariff("electricity", kopecks * times, since, plan=plan, zone=zone, band=band, vat=vat)
    tariff("heat", HEAT, since, vat=vat)
    tariff("repair", REPAIR, since, vat=0)
    Band.create(service="electricity", since=since, first=LIMITS[0], second=LIMITS[1])
    norms()
    Norm.create(service="heat", since=since, per=SQUARE_METRE, amount=250)
    PenaltyRule.create(since=since, rate=950)


def norms() -> None:
    """75 kWh a person until June 2025, 80 from July on."""
    july = date(2025, 7, 1)
    for since, until, amount in ((BEGINNING, date(2025, 6, 30), 75), (july, None, NORM)):
        Norm.create(service="electricity", since=since, until=until, per=PERSON, amount=amount * 10_000)


def tariff(
    service: str,
    kopecks: int,
    since: date,
    *,
    plan: int = 0,
    zone: str = "",
    band: int = 1,
    dwelling: str = "",
    until: date | None = None,
    vat: int = 22,
) -> Tariff:
    return Tariff.create(
        service=service, dwelling=dwelling, plan=plan, zone=zone, band=band, since=since, until=until, price=kopecks * 100, vat=vat
    )  # fmt: skip
