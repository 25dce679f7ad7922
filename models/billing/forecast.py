"""Looking ahead: how far the next band is this month, and what another zone plan would have cost over the past year. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from models.billing import charges
from models.billing.charges import SCALE, Days, Quantity
from models.billing.tariffs import Tariffs
from models.metering.volumes import READING, Month

# Hours of a day in each zone, local time (приказ ФСТ 1473-э of 26.11.2013): night 23–7; peak 7–10 and 17–21; half-peak the rest.
HOURS = {"peak": 7, "night": 8, "half": 9}


class Ahead(NamedTuple):
    """This month's use against the limits of the bands, in the service's unit."""

    used: int
    expected: int  # of the whole month, as it was a year ago or usually is
    band: int  # where the use is now
    limit: int  # where that band ends
    left: int  # until there
    will_pass: bool


class Option(NamedTuple):
    """A zone plan over the same months at one day's tariffs: kopecks for all of them, and how sure that is."""

    plan: int
    amount: int
    is_exact: bool  # False: the zones are not known, an even use around the clock is assumed
    is_present: bool


def ahead(used: int, expected: int, limits: Sequence[int]) -> Ahead | None:
    """How the month stands towards the next band; None where there is no band to come."""
    band = 1 + sum(used >= limit for limit in limits)
    if band > len(limits):
        return None
    limit = limits[band - 1]
    return Ahead(used, expected, band, limit, limit - used, max(used, expected) > limit)


def options(
    months: Sequence[Month], plan: int, service: str, dwelling: str, tariffs: Tariffs, day: date
) -> list[Option]:
    """What the months would have cost under each plan the company offers, bands and all, at the tariffs of `day`.

    The present plan is `plan`. From more zones to fewer the sums are exact; the other way the unknown zones are taken by the
    hours of the day. Raises tariffs.Gap.
    """
    found = []
    for other in tariffs.plans(service, dwelling, day):
        amount = 0
        for month in months:
            zones = tuple(value * SCALE for value in _seen_as(month.zones, plan, other))
            lines = charges.of_use(service, dwelling, [Quantity(other, zones, READING)], Days(day, day, 1), tariffs)
            amount += charges.amount_of(lines)
        found.append(Option(other, amount, other <= plan, other == plan))
    return found


def night_that_pays(one: int, day: int, night: int) -> float | None:
    """The share of the use that must fall on the night for two zones to cost no more than one, 0…1; None: never.

    Prices of a unit: of the one-zone plan, and of day and night of the two-zone plan.
    """
    if day <= one:
        return 0.0
    share = (day - one) / (day - night) if day > night else 2.0
    return share if share <= 1 else None


def _seen_as(zones: tuple[int, int, int], plan: int, other: int) -> tuple[int, ...]:
    """The zones of one plan as another would count them; t1 day or peak, t2 night, t3 half-peak."""
    t1, t2, t3 = zones
    total = t1 + t2 + t3
    if other == plan:
        return zones[:plan]
    if other == 1:
        return (total,)
    if other == 2:
        return (t1 + t3, t2) if plan == 3 else _parted(total, (HOURS["peak"] + HOURS["half"], HOURS["night"]))
    if plan == 2:
        peak, half = _parted(t1, (HOURS["peak"], HOURS["half"]))
        return peak, t2, half
    peak, night, half = _parted(total, (HOURS["peak"], HOURS["night"], HOURS["half"]))
    return peak, night, half


def _parted(value: int, hours: tuple[int, ...]) -> tuple[int, ...]:
    """The value by hours, whole units, the last part takes what is left."""
    parts = [value * part // sum(hours) for part in hours[:-1]]
    return (*parts, value - sum(parts))
