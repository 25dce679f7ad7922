"""Invented prices of the demo companies, near those of their regions, and the production calendar: plain data for make_demo.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple


class Prices(NamedTuple):
    """Kopecks for a kWh of the first band in a town through one dial, by the day it begins; what else follows from it."""

    electricity: dict[str, int]
    stove: float  # parts of the town's price
    rural: float
    norms: tuple[
        tuple[str, int, int, int], ...
    ]  # since; kWh for a person in a town, with an electric stove, in the country
    bands: tuple[tuple[str, int, int], ...]  # dwelling; kWh of a month where the first and the second band end
    heat: dict[str, int] = {}  # kopecks for a Gcal
    heat_norms: tuple[tuple[str, str, str], ...] = ()  # since, until; Gcal for a m² a month: the seasons of heating
    repair: dict[str, int] = {}  # kopecks for a m²


ZONES = {(1, "t1"): 1.0, (2, "t1"): 1.15, (2, "t2"): 0.68, (3, "t1"): 1.32, (3, "t2"): 0.68, (3, "t3"): 1.0}
BANDS = {1: 1.0, 2: 1.4, 3: 2.2}
BANDS_SINCE = "2025-01-01"
VAT_CHANGED, VAT_BEFORE, VAT_NOW = "2026-01-01", 20, 22

PRICES = {
    "krasnoyarsk": Prices(
        electricity={
            "2023-01-01": 312, "2023-07-01": 323, "2024-07-01": 351, "2025-01-01": 351, "2025-07-01": 394, "2026-01-01": 401,
            "2026-10-01": 439, "2027-07-01": 468,
        },
        stove=0.72,
        rural=0.70,
        norms=(("2020-01-01", 75, 110, 90), ("2025-07-01", 80, 115, 95)),
        bands=(("", 3900, 6000),),
        repair={"2023-01-01": 935, "2024-01-01": 1020, "2025-01-01": 1130, "2026-01-01": 1260, "2027-01-01": 1345},
    ),
    "kaluga": Prices(
        electricity={
            "2023-01-01": 566, "2023-07-01": 583, "2024-07-01": 634, "2025-01-01": 634, "2025-07-01": 714, "2026-01-01": 726,
            "2026-10-01": 797, "2027-07-01": 851,
        },
        stove=0.71,
        rural=0.70,
        norms=(("2020-01-01", 70, 105, 85),),
        bands=(("", 3900, 6000),),
    ),
    "koryak": Prices(
        electricity={
            "2023-01-01": 541, "2023-07-01": 552, "2024-07-01": 583, "2025-01-01": 583, "2025-07-01": 655, "2026-01-01": 666,
            "2026-10-01": 722, "2027-07-01": 765,
        },
        stove=0.70,
        rural=0.70,
        norms=(("2020-01-01", 85, 120, 110),),
        bands=(("", 3900, 6000),),
        heat={
            "2023-01-01": 301_240, "2023-07-01": 309_875, "2024-07-01": 337_764, "2025-07-01": 378_296, "2026-01-01": 384_603,
            "2026-10-01": 399_988, "2027-07-01": 399_988,
        },
        heat_norms=tuple((f"{year}-09-01", f"{year + 1}-05-31", "0.0298") for year in range(2022, 2028)),
    ),
    "irkutsk": Prices(
        electricity={
            "2023-01-01": 142, "2023-07-01": 147, "2024-07-01": 158, "2025-01-01": 158, "2025-07-01": 176, "2026-01-01": 179,
            "2026-10-01": 197, "2027-07-01": 212,
        },
        stove=0.85,
        rural=0.70,
        norms=(("2020-01-01", 80, 115, 100),),
        bands=(("", 3900, 6000), ("stove", 3000, 5000)),
        heat={
            "2023-01-01": 201_312, "2023-07-01": 207_944, "2024-07-01": 226_243, "2025-07-01": 253_392, "2026-01-01": 257_615,
            "2026-10-01": 280_286, "2027-07-01": 299_906,
        },
        heat_norms=tuple((f"{year}-10-01", f"{year + 1}-04-30", "0.0262") for year in range(2022, 2028)),
    ),
}  # fmt: skip

# ЖК 155 ч. 14, and ч. 14.1 for capital repair: 1/300 however long it lasts.
PENALTIES = ("", "2022-02-28", "9.5", 30, 90, 300, 130)
REPAIR_PENALTIES = ("repair", "2022-02-28", "9.5", 30, 90, 300, 300)

# Public holidays on working days, and days off moved by the government; 2027 before the moves.
DAYS_OFF = (
    "2023-01-02 2023-01-03 2023-01-04 2023-01-05 2023-01-06 2023-02-23 2023-02-24 2023-03-08 2023-05-01 2023-05-08 2023-05-09 "
    "2023-06-12 2023-11-06 "
    "2024-01-01 2024-01-02 2024-01-03 2024-01-04 2024-01-05 2024-01-08 2024-02-23 2024-03-08 2024-04-29 2024-04-30 2024-05-01 "
    "2024-05-09 2024-05-10 2024-06-12 2024-11-04 2024-12-30 2024-12-31 "
    "2025-01-01 2025-01-02 2025-01-03 2025-01-06 2025-01-07 2025-01-08 2025-05-01 2025-05-02 2025-05-08 2025-05-09 2025-06-12 "
    "2025-06-13 2025-11-03 2025-11-04 2025-12-31 "
    "2026-01-01 2026-01-02 2026-01-05 2026-01-06 2026-01-07 2026-01-08 2026-01-09 2026-02-23 2026-03-09 2026-05-01 2026-05-11 "
    "2026-06-12 2026-11-04 2026-12-31 "
    "2027-01-01 2027-01-04 2027-01-05 2027-01-06 2027-01-07 2027-01-08 2027-02-23 2027-03-08 2027-05-03 2027-05-10 2027-06-14 "
    "2027-11-04"
).split()
WORKING_DAYS = "2024-04-27 2024-11-02 2024-12-28 2025-11-01".split()

TARIFF_HEAD = "service dwelling plan zone band since until price vat".split()
BAND_HEAD = "service dwelling since until first second".split()
NORM_HEAD = "service dwelling since until per amount".split()
PENALTY_HEAD = "service since rate grace step divisor later".split()
DAY_HEAD = "day working".split()


def tariffs(prices: Prices) -> Iterator[list[Any]]:
    """Rows without an end: the next one for the same thing ends them."""
    for since, town in prices.electricity.items():
        for dwelling, part in (("urban", 1.0), ("stove", prices.stove), ("rural", prices.rural)):
            for band in BANDS if since >= BANDS_SINCE else (1,):
                for (plan, zone), share in ZONES.items():
                    price = round(town * part * share * BANDS[band])
                    yield ["electricity", dwelling, plan, zone, band, since, "", _rubles(price), _vat(since)]
    for since, price in prices.heat.items():
        yield ["heat", "", "", "", "", since, "", _rubles(price), _vat(since)]
    for since, price in prices.repair.items():
        yield ["repair", "", "", "", "", since, "", _rubles(price), 0]


def bands(prices: Prices) -> Iterator[list[Any]]:
    for dwelling, first, second in prices.bands:
        yield ["electricity", dwelling, BANDS_SINCE, "", first, second]


def norms(prices: Prices) -> Iterator[list[Any]]:
    for since, *kwh in prices.norms:
        for dwelling, amount in zip(("urban", "stove", "rural"), kwh, strict=True):
            yield ["electricity", dwelling, since, "", "person", amount]
    for since, until, gigacalories in prices.heat_norms:
        yield ["heat", "", since, until, "m2", gigacalories]


def penalties(prices: Prices) -> Iterator[tuple[Any, ...]]:
    yield PENALTIES
    if prices.repair:
        yield REPAIR_PENALTIES


def days() -> Iterator[list[Any]]:
    yield from ([day, "yes" if day in WORKING_DAYS else "no"] for day in sorted([*DAYS_OFF, *WORKING_DAYS]))


def _vat(since: str) -> int:
    return VAT_NOW if since >= VAT_CHANGED else VAT_BEFORE


def _rubles(kopecks: int) -> str:
    return f"{kopecks / 100:.2f}"
