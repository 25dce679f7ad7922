"""A bill as it is shown, on the page and on paper: plain data, put together by `bills`, drawn by views and papers.

Money is kopecks, positive what the customer owes. Quantities are ten-thousandths of the unit (kWh, Gcal, m²), prices
ten-thousandths of a ruble for a unit, VAT included.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

USE, FIXED, RECALCULATION, PENALTY = "use", "fixed", "recalculation", "penalty"  # kinds of lines
READING, AVERAGE, NORM, AREA = "reading", "average", "norm", "area"  # what a line's quantity rests on


@dataclass(frozen=True)
class Line:
    """One charge: a zone and band of a service, a recalculation of an earlier month, a penalty."""

    service: str
    kind: str
    basis: str
    quantity: int
    price: int
    amount: int
    vat: int = 0  # percent, included in price and amount; 0: none
    plan: int = 0  # zones in the meter's plan; 0 where there is no meter
    zone: str = ""  # t1, t2, t3
    band: int = 0
    about: str = ""  # the month recalculated
    reason: str = ""  # of a recalculation or penalty, in words
    trace: dict[str, Any] = field(default_factory=dict)  # the rule, its inputs, the readings it rests on


@dataclass(frozen=True)
class Dial:
    """One meter's values behind a bill; `now` is None where the month was estimated."""

    service: str
    serial: str
    model: str
    plan: int
    ratio: int
    before: tuple[int, ...]
    before_on: date | None
    now: tuple[int, ...] | None
    now_on: date | None
    volume: int  # the service's unit, after the ratio


@dataclass(frozen=True)
class Service:
    """How one service stands: opening + charged + recalculated + penalty - paid = closing."""

    code: str
    title: str
    unit: str
    opening: int
    paid: int
    charged: int
    recalculated: int
    penalty: int
    closing: int
    penalty_due: int = 0  # the part of closing that is penalty


@dataclass(frozen=True)
class Month:
    """A month of the chart: what was charged (with recalculations), and the volume of the first metered service."""

    period: str
    charged: int
    volume: int
    basis: str


@dataclass(frozen=True)
class Bill:
    """All that stands on a bill of one account for one period."""

    number: str
    account: str
    holder: str
    address: str
    persons: int
    area: int  # hundredths of a m²
    dwelling: str
    access_code: str
    period: str
    issued_on: date
    due_on: date
    services: tuple[Service, ...]
    lines: tuple[Line, ...]
    dials: tuple[Dial, ...]
    months: tuple[Month, ...]  # up to twelve, the oldest first, this one last
    norms: tuple[str, ...]  # in words, such as «80 кВт⋅ч на человека»
    qr: str  # ГОСТ Р 56042 text of the payment; empty when nothing is owed
    readings_url: str  # where the second code leads; empty: readings cannot be passed by it
    route: tuple[str, ...] = ()  # order of delivery: office, settlement, street, house, flat

    @property
    def opening(self) -> int:
        return sum(service.opening for service in self.services)

    @property
    def paid(self) -> int:
        return sum(service.paid for service in self.services)

    @property
    def charged(self) -> int:
        return sum(service.charged for service in self.services)

    @property
    def recalculated(self) -> int:
        return sum(service.recalculated for service in self.services)

    @property
    def penalty(self) -> int:
        return sum(service.penalty for service in self.services)

    @property
    def total(self) -> int:
        """What is owed with this bill; negative: paid in advance."""
        return sum(service.closing for service in self.services)
