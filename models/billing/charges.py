"""Charges: what one month of one service costs, by tariffs, zones and bands. Pure: quantities in, lines out.

Quantities are ten-thousandths of the service's unit, money is kopecks, rounded half up once a line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from models.billing.shown import AREA, FIXED, USE, Line
from models.billing.tariffs import Price, Span, Tariffs
from models.metering.checks import usage_between
from models.metering.meters import ZONES

SCALE = 10_000  # quantities in a unit
_KOPECK = 1_000_000  # quantity × price in a kopeck: 10⁻⁴ × 10⁻⁴ rubles


@dataclass(frozen=True)
class Quantity:
    """What one metering point (or the norm, or the area) is charged for in a month: a value for each zone of the plan."""

    plan: int
    zones: tuple[int, ...]
    basis: str
    point: int = 0
    trace: dict[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Days:
    """The days of a month on which the account was open, both included, and how many the month has."""

    first: date
    last: date
    whole: int

    @property
    def count(self) -> int:
        return (self.last - self.first).days + 1


def rounded(quantity: int, price: int) -> int:
    """Kopecks for a quantity at a price, half up away from zero."""
    product = abs(quantity) * price
    kopecks = (2 * product + _KOPECK) // (2 * _KOPECK)
    return kopecks if quantity >= 0 else -kopecks


def vat_of(amount: int, vat: int) -> int:
    """The VAT inside an amount, kopecks."""
    return (2 * amount * vat + 100 + vat) // (2 * (100 + vat)) if vat else 0


def portion(quantity: int, open_days: int, whole: int) -> int:
    """The part of a whole month's quantity that falls on the open days, half up."""
    return (2 * quantity * open_days + whole) // (2 * whole)


def of_area(service: str, dwelling: str, area: int, days: Days, tariffs: Tariffs) -> list[Line]:
    """A service paid for each m² a month (`area` in hundredths of a m²), for the open days only. Raises Gap."""
    whole = area * (SCALE // 100)
    spans = tariffs.spans(service, dwelling, 0, "", 1, days.first, days.last)
    weights = [span.days for span in spans]
    parts = _divided(portion(whole, days.count, days.whole), weights, 1)
    trace = {"rule": "area", "m2": area / 100, "open": days.count, "of": days.whole, "weights": weights}
    return [
        _line(service, FIXED, AREA, part, span.price, trace={**trace, "place": place, "days": span.days})
        for place, (span, part) in enumerate(zip(spans, parts, strict=True))
    ]


def of_use(service: str, dwelling: str, quantities: Sequence[Quantity], days: Days, tariffs: Tariffs) -> list[Line]:
    """The lines of a month's use. Raises Gap.

    The bands of the month are filled by the account's whole use of the service, all points and zones in proportion. A price that
    changes within the month divides the use by days.
    """
    uses = [value for quantity in quantities for value in quantity.zones]
    limits = tariffs.limits(service, dwelling, days.first)
    bands = in_bands(uses, limits)
    lines: list[Line] = []
    place = 0
    for quantity in quantities:
        for zone, value in zip(ZONES, quantity.zones, strict=False):
            trace = {**quantity.trace, "uses": uses, "use": place, "limits": list(limits)}
            # A month without use has one line, which says so.
            is_shown = value or (zone == "t1" and not any(quantity.zones))
            for band, parts in enumerate(bands if is_shown else (), 1):
                if parts[place] or (not value and band == 1):
                    spans = tariffs.spans(service, dwelling, quantity.plan, zone, band, days.first, days.last)
                    lines += _priced(replace(quantity, trace=trace), zone, band, parts[place], spans, service)
            place += 1
    return lines


def derived(line: Line) -> int:
    """The amount of a line worked out anew from its trace and price alone: what an auditor would do by hand."""
    trace = line.trace
    if trace["rule"] in ("recalculation", "penalty"):
        return int(trace["after"]) - int(trace["before"])
    if trace["rule"] == "area":
        whole = round(trace["m2"] * 100) * (SCALE // 100)
        value = portion(whole, trace["open"], trace["of"])
        return rounded(_divided(value, trace["weights"], 1)[trace["place"]], line.price)
    uses, place = list(trace["uses"]), trace["use"]
    if trace["rule"] == "reading":
        uses[place] = _zone_use(line)
    value = in_bands(uses, trace["limits"])[line.band - 1][place]
    if "weights" in trace:
        value = _divided(value, trace["weights"], _grain(value))[trace["place"]]
    return rounded(value, line.price)


def _zone_use(line: Line) -> int:
    """The use of the line's zone: the differences of the dials, less what belongs to the months recalculated."""
    place = ZONES.index(line.zone)
    used = 0
    for meter in line.trace["meters"]:
        pairs = zip(meter["before"], meter["now"], strict=True)
        own = [usage_between(before, now, meter["digits"]) * meter["ratio"] for before, now in pairs]
        used += own[place] if place < len(own) else 0
        used += sum(own[line.plan :]) if place == 0 else 0  # zones that the plan does not know
    return (used - sum(zones[place] for zones in line.trace.get("earlier", ()))) * SCALE


def in_bands(uses: Sequence[int], limits: Sequence[int]) -> list[list[int]]:
    """The uses of a month's zones and points divided into bands: a list for each band, a value for each use.

    `limits` are the household's, in units: a band is filled by all uses in proportion, the last takes what is left. Less than
    nothing is all in the first band.
    """
    left = list(uses)
    grain = SCALE if all(use % SCALE == 0 for use in uses) else 1
    bands, below = [], 0
    for limit in limits:
        width = limit * SCALE - below
        below = limit * SCALE
        parts = left if sum(left) <= width else _divided(width, left, grain)
        bands.append(parts)
        left = [use - part for use, part in zip(left, parts, strict=True)]
    return [*bands, left]


def amount_of(lines: Iterable[Line]) -> int:
    return sum(line.amount for line in lines)


def _priced(
    quantity: Quantity, zone: str, band: int, value: int, spans: Sequence[Span], service: str
) -> Iterator[Line]:
    weights = [span.days for span in spans]
    for place, (span, part) in enumerate(zip(spans, _divided(value, weights, _grain(value)), strict=True)):
        trace = dict(quantity.trace)
        if len(spans) > 1:
            trace |= {"from": span.first.isoformat(), "to": span.last.isoformat(), "weights": weights, "place": place}
        yield _line(
            service, USE, quantity.basis, part, span.price, plan=quantity.plan, zone=zone, band=band, trace=trace
        )


def _line(service: str, kind: str, basis: str, quantity: int, price: Price, **more: Any) -> Line:
    amount = rounded(quantity, price.price)
    return Line(service, kind, basis, quantity, price.price, amount, price.vat, **more)


def _grain(value: int) -> int:
    """Whole units stay whole when they are divided."""
    return SCALE if value % SCALE == 0 else 1


def _divided(value: int, weights: Sequence[int], grain: int) -> list[int]:
    """The value in parts in proportion to the weights, to the grain, none lost: the largest remainders get what is left."""
    total = sum(weights)
    if not total:
        return [value, *[0] * (len(weights) - 1)]
    sign, grains = (1, value // grain) if value >= 0 else (-1, -value // grain)
    exact = [divmod(grains * abs(weight), abs(total)) for weight in weights]
    parts = [whole for whole, _ in exact]
    left = grains - sum(parts)
    for i in sorted(range(len(parts)), key=lambda i: (-exact[i][1], i))[:left]:
        parts[i] += 1
    return [sign * part * grain for part in parts]
