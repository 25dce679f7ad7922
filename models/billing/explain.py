"""Why a month cost more or less than another: the difference split into its causes, which add up to the kopeck. Pure.

The causes are told one after another (first the days, then the use, the zones, the price, the bands), each as the change in kopecks
it makes to the month before; so nothing is left over and nothing counts twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from math import floor
from typing import NamedTuple

from models.billing.shown import FIXED, PENALTY, RECALCULATION, USE, Line

DAYS, VOLUME, ZONES, TARIFF, BAND = "days", "volume", "zones", "tariff", "band"
STARTED, ENDED = "started", "ended"
CAUSES = (DAYS, VOLUME, ZONES, TARIFF, BAND, STARTED, ENDED, RECALCULATION, PENALTY)
_KOPECK = 1_000_000  # quantity × price in a kopeck
_ByZone = dict[tuple[int, str], Fraction]  # by plan and zone


class Part(NamedTuple):
    """One cause for one service: kopecks, and the facts its sentence needs (quantities in ten-thousandths, days, prices)."""

    service: str
    cause: str
    amount: int
    before: int = 0
    now: int = 0


@dataclass(frozen=True)
class Difference:
    """Two months compared; the parts add up to `amount`."""

    before: int
    now: int
    parts: tuple[Part, ...]

    @property
    def amount(self) -> int:
        return self.now - self.before


@dataclass
class _Use:
    """What a service was charged for in a month, as its lines have it."""

    amount: int = 0
    quantity: int = 0
    days: int = 0  # in words: between the readings, or charged of the month
    length: Fraction = Fraction(0)  # the same as a measure: days between readings, or a part of the month; 0: not known
    is_by_readings: bool = False
    shares: _ByZone = field(default_factory=dict)  # of the quantity
    prices: _ByZone = field(default_factory=dict)  # of the first band
    is_banded: bool = False


def _cost(quantity: Fraction, shares: _ByZone, prices: _ByZone) -> int:
    """Kopecks of so much use, all of it in the first band."""
    exact = sum((quantity * share * prices[key] for key, share in shares.items()), Fraction(0)) / _KOPECK
    return floor(exact + Fraction(1, 2))


def difference(before: Sequence[Line], now: Sequence[Line]) -> Difference:
    """The causes of the difference between the charges of two months; a cause that changed nothing is left out."""
    parts: list[Part] = []
    for service in dict.fromkeys(line.service for line in (*now, *before)):
        old = [line for line in before if line.service == service]
        new = [line for line in now if line.service == service]
        parts += _of_use(service, _use(old), _use(new))
        for kind in (RECALCULATION, PENALTY):
            was, became = _sum(old, kind), _sum(new, kind)
            parts.append(Part(service, kind, became - was, was, became))
    return Difference(
        sum(line.amount for line in before),
        sum(line.amount for line in now),
        tuple(part for part in parts if part.amount),
    )


def _of_use(service: str, old: _Use | None, new: _Use | None) -> list[Part]:
    if old is None or new is None:
        amount = (new.amount if new else 0) - (old.amount if old else 0)
        return [Part(service, STARTED if new else ENDED, amount)]
    known = set(new.shares) <= set(old.prices) and set(new.shares) <= set(new.prices)
    v0, v1 = Fraction(old.quantity), Fraction(new.quantity)
    start = _cost(v0, old.shares, old.prices)
    is_alike = bool(old.length and new.length) and old.is_by_readings == new.is_by_readings
    same_days = v0 * new.length / old.length if is_alike else v0
    after_days = _cost(same_days, old.shares, old.prices)
    after_volume = _cost(v1, old.shares, old.prices)
    end = _cost(v1, new.shares, new.prices)
    # Another zone plan, or the norm, which knows no zones: its old price is not on the old bill, so price and zones go together.
    after_zones = _cost(v1, new.shares, old.prices) if known else end
    bands = (new.amount - end) - (old.amount - start)
    volume = after_volume - after_days
    if not (old.is_banded or new.is_banded):
        volume, bands = volume + bands, 0  # a kopeck of rounding
    return [
        Part(service, DAYS, after_days - start, old.days, new.days),
        Part(service, VOLUME, volume, old.quantity, new.quantity),
        Part(service, ZONES, after_zones - after_volume),
        Part(service, TARIFF, end - after_zones),
        Part(service, BAND, bands),
    ]


def _use(lines: Iterable[Line]) -> _Use | None:
    own = [line for line in lines if line.kind in (USE, FIXED)]
    if not own:
        return None
    use = _Use(sum(line.amount for line in own), sum(line.quantity for line in own))
    use.days, use.length = max(map(_length, own), key=lambda known: known[1])
    use.is_by_readings = any("meters" in line.trace for line in own)
    for key in dict.fromkeys((line.plan, line.zone) for line in own):
        mine = [line for line in own if (line.plan, line.zone) == key]
        first = [line for line in mine if line.band <= 1] or mine
        weight = sum(line.quantity for line in first)
        total = Fraction(sum(line.quantity * line.price for line in first))
        use.prices[key] = total / weight if weight else Fraction(first[0].price)
        if use.quantity:
            use.shares[key] = Fraction(sum(line.quantity for line in mine), use.quantity)
        else:
            use.shares[key] = Fraction(1 if not use.shares else 0)
    use.is_banded = any(line.band > 1 for line in own)
    return use


def _length(line: Line) -> tuple[int, Fraction]:
    """How long the line's use took: days between the readings, else the part of its month that was charged."""
    trace = line.trace
    if "meters" in trace:
        spans = [(meter["before_on"], meter["now_on"]) for meter in trace["meters"] if meter["before_on"]]
        if not spans:
            return 0, Fraction(0)
        first, last = (date.fromisoformat(day) for day in (min(a for a, _ in spans), max(b for _, b in spans)))
        length = Fraction((last - first).days, len(trace.get("earlier", ())) + 1)
        return round(length), length
    days, whole = (trace["open"], trace["of"]) if "open" in trace else trace.get("days", (0, 1))
    return int(days), Fraction(days, whole)


def _sum(lines: Iterable[Line], kind: str) -> int:
    return sum(line.amount for line in lines if line.kind == kind)
