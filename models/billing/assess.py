"""What one account owes for one month: volumes priced, earlier estimates put right, penalties. Pure: facts in, lines and state out.

The state is all that the next month rests on: what each dial showed last, what was estimated since and what was asked for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from models import periods, words
from models.billing import charges, penalties
from models.billing.charges import SCALE, Days, Quantity, amount_of
from models.billing.shown import PENALTY, RECALCULATION, Dial, Line
from models.billing.tariffs import Tariffs
from models.company import Company
from models.metering import norms
from models.metering.meters import values as dial_values
from models.metering.norms import InForce
from models.metering.volumes import AVERAGE, NORM, READING, Estimate, Month, Part, Points, Use


@dataclass(frozen=True)
class Rules:
    """The company's rules and prices, the same for all accounts of a run."""

    company: Company
    tariffs: Tariffs
    norms: Sequence[InForce]
    penalties: Sequence[penalties.Rule]


@dataclass(frozen=True)
class Home:
    """What of an account charges depend on; `area` is hundredths of a m²."""

    services: tuple[str, ...]
    dwelling: str
    persons: int
    area: int
    opened: date
    closed: date | None

    def days(self, period: str) -> Days | None:
        """The days of the period on which the account was open; None when there was none."""
        first = max(periods.first_day(period), self.opened)
        last = min(periods.last_day(period), self.closed or date.max)
        return Days(first, last, periods.days(period)) if first <= last else None


@dataclass
class Assessed:
    """A month of one account: the lines, the dials behind them, the state for the next month."""

    lines: list[Line] = field(default_factory=list)
    dials: list[Dial] = field(default_factory=list)
    state: dict[str, Any] = field(default_factory=dict)
    volume: int = 0  # of the first metered service
    basis: str = ""


def month(
    home: Home,
    period: str,
    meters: Sequence[Any],
    readings: Sequence[Any],
    state: Mapping[str, Any],
    rules: Rules,
) -> Assessed:
    """The charges of a period without penalties. `readings` are the period's counted ones. Raises tariffs.Gap."""
    done = Assessed()
    metered_first = True
    for code in services_of(home, meters, rules.company):
        if not rules.company.services[code].metered:
            days = home.days(period)
            if days:
                done.lines += charges.of_area(code, home.dwelling, home.area, days, rules.tariffs)
            continue
        own = [meter for meter in meters if meter.service == code]
        course = _Course(home, code, period, own, state.get(code, {}), rules)
        found = course.run(readings) if code in home.services or course.is_alive(readings) else Assessed()
        done.lines += found.lines
        done.dials += found.dials
        done.state[code] = course.state()
        if metered_first:
            done.volume, done.basis, metered_first = found.volume, found.basis, False
    return done


def services_of(home: Home, meters: Sequence[Any], company: Company) -> list[str]:
    """The codes of the account's services in the company's order; a meter of a service is reason enough."""
    own = {*home.services, *(meter.service for meter in meters)}
    return [code for code in company.services if code in own]


def penalty(service: str, debt: penalties.Debt, period: str) -> Line | None:
    """The penalty line of a period whose days have passed for the debt; it may take back what was charged too much."""
    amount = debt.uncharged
    if not amount:
        return None
    pieces = [piece for piece in debt.pieces if piece.last >= periods.first_day(period)]
    trace = {
        "rule": "penalty",
        "after": amount + debt.charged,
        "before": debt.charged,
        "pieces": [
            {
                "period": piece.period,
                "debt": piece.debt,
                "first": piece.first.isoformat(),
                "last": piece.last.isoformat(),
                "rate": piece.rate,
                "divisor": piece.divisor,
            }
            for piece in pieces
        ],
    }
    reason = "пени за просрочку" if amount > 0 else "пени пересчитаны: платёж учтён по его дате"
    return Line(service, PENALTY, PENALTY, 0, 0, amount, reason=reason, trace=trace)


class _Course:
    """One metered service of one account in one month."""

    def __init__(
        self, home: Home, code: str, period: str, meters: Sequence[Any], state: Mapping[str, Any], rules: Rules
    ):
        self.home, self.code, self.period, self.rules = home, code, period, rules
        self.meters = meters
        self.points = Points(meters, state.get("points"))
        # Months with an estimate in them, as they are charged now, until a reading puts them right.
        self.open: dict[str, dict[str, Any]] = {month: dict(facts) for month, facts in state.get("open", {}).items()}

    def is_alive(self, readings: Sequence[Any]) -> bool:
        """Whether a meter still hangs, or something was measured: what a service that only its meter names is charged for."""
        first = periods.first_day(self.period)
        hangs = any(meter.removed is None or meter.removed >= first for meter in self.meters)
        return hangs or self.points.tells(self.period, readings)

    def run(self, readings: Sequence[Any]) -> Assessed:
        days = self.home.days(self.period)
        if days is None and not self.points.tells(self.period, readings):
            return Assessed()  # closed: nothing is estimated any more
        found = self.points.month(self.period, readings, self.rules.company.averages, self._norm)
        days = days or Days(periods.first_day(self.period), periods.last_day(self.period), periods.days(self.period))
        quantities = [one for i, part in enumerate(found.parts) for one in self._quantities(part, days, i)]
        charged = [one for i, one in enumerate(quantities) if i == 0 or one.basis == READING or any(one.zones)]
        done = Assessed(charges.of_use(self.code, self.home.dwelling, charged, days, self.rules.tariffs))
        for part in found.parts:
            for estimate in part.settled:
                done.lines.append(self._put_right(part, estimate))
        self._remember(found, quantities, done.lines, days)
        done.dials = [dial for part in found.parts for dial in self._dials(part)]
        done.volume = (sum(line.quantity for line in done.lines) + SCALE // 2) // SCALE
        done.basis = found.basis
        return done

    def state(self) -> dict[str, Any]:
        return {"points": self.points.state(), "open": self.open}

    def _norm(self, period: str) -> int:
        home = self.home
        return norms.of_month(self.rules.norms, self.code, home.dwelling, home.persons, home.area, period)

    def _quantities(self, part: Part, days: Days, place: int) -> list[Quantity]:
        """What the point is charged for: one quantity, or one a zone plan where a meter of another plan was hung in the month."""
        if part.basis == NORM:
            return [self._by_norm(part, days) if place == 0 else Quantity(1, (0,), NORM, part.point)]
        if part.basis == AVERAGE:
            zones = (charges.portion(value, days.count, days.whole) for value in _scaled(part.zones, part.plan))
            trace = {"rule": AVERAGE, "months": part.averaged, "days": [days.count, days.whole]}
            return [Quantity(part.plan, tuple(zones), AVERAGE, part.point, trace)]
        plans = [part.plan] if part.earlier else list(dict.fromkeys(use.meter.zones for use in part.uses))
        return [self._by_reading(part, plan, plans) for plan in plans]

    def _by_reading(self, part: Part, plan: int, plans: Sequence[int]) -> Quantity:
        uses = part.uses if len(plans) == 1 else [use for use in part.uses if use.meter.zones == plan]
        trace: dict[str, Any] = {"rule": READING, "meters": [_meter_facts(use) for use in uses]}
        zones = part.zones if len(plans) == 1 else _total(uses)
        if part.earlier:
            trace["earlier"] = [_folded(share, plan) for share in part.earlier]
        return Quantity(plan, _scaled(zones, plan), READING, part.point, trace)

    def _by_norm(self, part: Part, days: Days) -> Quantity:
        """The norm of the open days: persons or m² times what the company's table says."""
        norm = norms.on(self.rules.norms, self.code, self.home.dwelling, days.first)
        times = norms.times(norm, self.home.persons, self.home.area) if norm else 0
        whole = ((norm.amount if norm else 0) * times + 50) // 100
        trace: dict[str, Any] = {"rule": NORM, "days": [days.count, days.whole], "times": times}
        if norm:
            trace |= {"norm": norm.amount, "per": norm.per, "since": norm.since.isoformat()}
        return Quantity(1, (charges.portion(whole, days.count, days.whole),), NORM, part.point, trace)

    def _put_right(self, part: Part, estimate: Estimate) -> Line:
        """The recalculation of a month: what it costs by the reading, less what was charged (ПП 354 п. 61)."""
        facts = self.open.get(estimate.period) or self._unknown(estimate, part)
        before = facts["parts"]
        now = [part.plan, list(_scaled(estimate.now, part.plan)), READING, part.point]
        after = [now if one[3] == part.point else one for one in before]
        lines = self._priced(after, facts)
        amount, charged = amount_of(lines), facts["amount"]
        if charged is None:  # by whoever billed before us: as our tariffs of that month have it
            charged = amount_of(self._priced(before, facts))
        was, became = _sum(before), _sum(after)
        if any(one[2] != READING for one in after):
            self.open[estimate.period] = {**facts, "parts": after, "amount": amount}
        else:
            self.open.pop(estimate.period, None)
        unit = self.rules.company.services[self.code].unit
        how = "по среднему" if estimate.basis == AVERAGE else "по нормативу"
        reason = (
            f"{words.month(estimate.period)}: {how} было {_amount(was, unit)}, по показаниям {_amount(became, unit)}"
        )
        trace = {"rule": RECALCULATION, "before": charged, "after": amount, "was": before, "became": after}
        vat = lines[0].vat if lines else 0
        return Line(
            self.code, RECALCULATION, estimate.basis, became - was, 0, amount - charged, vat, part.plan,
            about=estimate.period, reason=reason, trace=trace,
        )  # fmt: skip

    def _unknown(self, estimate: Estimate, part: Part) -> dict[str, Any]:
        """An estimated month from before the portal billed: its quantity is known, its price is not."""
        days = self.home.days(estimate.period)
        zones = list(_scaled(estimate.zones, estimate.plan))
        first = days.first if days else periods.first_day(estimate.period)
        last = days.last if days else periods.last_day(estimate.period)
        return {
            "parts": [[estimate.plan, zones, estimate.basis, part.point]],
            "amount": None,
            "days": [first.isoformat(), last.isoformat()],
            "dwelling": self.home.dwelling,
        }

    def _priced(self, parts: Sequence[Any], facts: Mapping[str, Any]) -> list[Line]:
        first, last = (date.fromisoformat(day) for day in facts["days"])
        quantities = [Quantity(plan, tuple(zones), basis, point) for plan, zones, basis, point in parts]
        days = Days(first, last, 0)
        return charges.of_use(self.code, facts["dwelling"], quantities, days, self.rules.tariffs)

    def _remember(self, found: Month, quantities: Sequence[Quantity], lines: Sequence[Line], days: Days) -> None:
        """Keep the month open while a part of it is estimated and a reading may still put it right."""
        kept = {estimate for point in self.points.state().values() for estimate, *_ in point["estimated"]}
        self.open = {month: facts for month, facts in self.open.items() if month in kept}
        if found.period in kept:
            own = [line for line in lines if line.kind != RECALCULATION]
            self.open[found.period] = {
                "parts": [[one.plan, list(one.zones), one.basis, one.point] for one in quantities],
                "amount": amount_of(own),
                "days": [days.first.isoformat(), days.last.isoformat()],
                "dwelling": self.home.dwelling,
            }

    def _dials(self, part: Part) -> list[Dial]:
        if part.uses:
            return [_dial(self.code, use) for use in part.uses]
        point = self.points.state().get(str(part.point))
        meter = self._hanging(part.point)
        if point is None or meter is None:
            return []
        values, day = point["last"].get(str(meter.id)) or [list(dial_values(meter, meter.zones, "initial_")), None]
        before_on = date.fromisoformat(day) if day else meter.installed
        volume = sum(part.zones)
        return [
            Dial(
                self.code,
                meter.serial,
                meter.model,
                meter.zones,
                meter.ratio,
                tuple(values),
                before_on,
                None,
                None,
                volume,
            )
        ]

    def _hanging(self, point: int) -> Any | None:
        """The meter of the point at the end of the period."""
        last = periods.last_day(self.period)
        own = [one for one in self.points.meters_of(point) if one.installed <= last]
        return next((one for one in own if one.removed is None or one.removed > last), None)


def baseline(home: Home, meters: Sequence[Any], readings: Sequence[Any], last: str, rules: Rules) -> dict[str, Any]:
    """The state after `last` of an account that somebody else has billed so far, from its readings alone."""
    begins = min((one.period for one in readings), default=periods.shift(last, 1))
    state: dict[str, Any] = {}
    for code in services_of(home, meters, rules.company):
        if not rules.company.services[code].metered:
            continue
        points = Points([meter for meter in meters if meter.service == code])
        norm = _norm_of(home, code, rules)
        for period in periods.span(begins, last):
            own = [one for one in readings if one.period == period]
            points.month(period, own, rules.company.averages, norm)
        state[code] = {"points": points.state(), "open": {}}
    return state


def _norm_of(home: Home, code: str, rules: Rules) -> Callable[[str], int]:
    return lambda period: norms.of_month(rules.norms, code, home.dwelling, home.persons, home.area, period)


def _meter_facts(use: Use) -> dict[str, Any]:
    return {
        "meter": use.meter.id,
        "serial": use.meter.serial,
        "digits": use.meter.digits,
        "ratio": use.meter.ratio,
        "before": list(use.before),
        "now": list(use.now),
        "before_on": use.before_on and use.before_on.isoformat(),
        "now_on": use.now_on.isoformat(),
    }


def _dial(code: str, use: Use) -> Dial:
    meter = use.meter
    return Dial(
        code, meter.serial, meter.model, meter.zones, meter.ratio, use.before, use.before_on, use.now, use.now_on, sum(use.volume)
    )  # fmt: skip


def _folded(zones: Sequence[int], plan: int) -> list[int]:
    """The zones as a plan of so many counts them: what it has no zone for goes to the first."""
    own = list(zones[:plan])
    own[0] += sum(zones[plan:])
    return own


def _scaled(zones: Sequence[int], plan: int) -> tuple[int, ...]:
    return tuple(value * SCALE for value in _folded(zones, plan))


def _total(uses: Sequence[Use]) -> list[int]:
    return [sum(use.volume[zone] for use in uses) for zone in range(3)]


def _sum(parts: Sequence[Any]) -> int:
    return sum(sum(zones) for _, zones, _, _ in parts)


def _amount(quantity: int, unit: str) -> str:
    return f"{words.decimal(quantity, SCALE)}{words.NBSP}{unit}"
