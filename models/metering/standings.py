"""What is known of each meter on a day: the reading the next one is compared with, the usual use, what the period already has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from models import clock
from models.metering import checks
from models.metering.checks import Dial
from models.metering.meters import active, replaces, unit, values
from models.metering.meters import of_account as meters_of
from models.metering.readings import COUNTED, HELD, last_counted, since

_YEAR = timedelta(days=400)


@dataclass(frozen=True)
class Standing:
    """How a meter stands today: the reading the next one is compared with, the usual use, and what this period already has."""

    meter: Any
    previous: tuple[int, ...]
    previous_on: date
    usual_daily: float | None
    current: Any | None  # this period's counted reading
    held: Any | None  # this period's reading that waits for staff
    times: int  # how often a reading was passed this period

    @property
    def newest(self) -> Any | None:
        """What was passed last this period."""
        return self.held or self.current

    def dial(self, day: date) -> Dial:
        meter = self.meter
        days = max(1, (day - self.previous_on).days)
        return Dial(
            meter.serial, meter.zones, meter.digits, meter.ratio, self.previous, days, self.usual_daily, unit(meter)
        )


def of_account(
    account_id: int,
    day: date,
    readings: list[Any] | None = None,
    meters: list[Any] | None = None,
    period: str | None = None,
) -> list[Standing]:
    """The standing of each meter active on the day. `readings` and `meters` may be what was loaded already; `period` is the month
    a reading of the day goes to, where that is not the day's own."""
    hung = meters_of(account=account_id) if meters is None else meters
    found = since(account=account_id, day=day - _YEAR) if readings is None else readings
    return [_standing(meter, hung, found, day, period or clock.period(day)) for meter in active(hung, day)]


def _standing(meter: Any, hung: list[Any], found: list[Any], day: date, period: str) -> Standing:
    """`hung` are all meters of the account, `found` its readings, the newest first."""
    counted = [reading for reading in found if reading.meter_id == meter.id and reading.state in COUNTED]
    earlier = [reading for reading in counted if reading.period < period] or last_counted(meter=meter.id, period=period)
    current = next((reading for reading in counted if reading.period == period), None)
    passed = [reading for reading in found if reading.meter_id == meter.id and reading.period == period]
    held = next((reading for reading in passed if reading.state == HELD), None)
    previous = values(earlier[0], meter.zones) if earlier else values(meter, meter.zones, "initial_")
    previous_on = earlier[0].taken if earlier else meter.installed
    usual = _usual_daily(meter, [reading for reading in earlier if reading.taken >= day - _YEAR])
    if usual is None:
        usual = _usual_before(meter, hung, found, day)
    return Standing(meter, previous, previous_on, usual, current, held, len(passed))


def _usual_before(meter: Any, hung: list[Any], found: list[Any], day: date) -> float | None:
    """What the meter that hung here before used: a new one has no history of its own."""
    for former in hung:
        if former.service == meter.service and replaces(meter, former):
            own = [r for r in found if r.meter_id == former.id and r.state in COUNTED and r.taken >= day - _YEAR]
            return _usual_daily(former, own)
    return None


def _usual_daily(meter: Any, counted: list[Any]) -> float | None:
    """Mean use a day over the readings given (the newest first); with a single one, since the meter was hung."""
    if not counted:
        return None
    steps = [(reading.taken, values(reading, meter.zones)) for reading in reversed(counted)]
    if len(steps) == 1:
        steps.insert(0, (meter.installed, values(meter, meter.zones, "initial_")))
    days = (steps[-1][0] - steps[0][0]).days
    if days < 15:
        return None
    used = 0
    for (_, before), (_, now) in pairwise(steps):
        used += sum(checks.usage_between(b, n, meter.digits) for b, n in zip(before, now, strict=True))
    return used * meter.ratio / days
