"""A month's volume of an account: by meter, by average, by norm, with recalculation (ПП 354 п. 59–60; product rules «Charges»).

Pure: facts in, months out. Volumes are in the service's unit, after the transformer ratio.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from models import periods
from models.company import Averages
from models.metering.checks import usage_between
from models.metering.meters import replaces
from models.metering.meters import values as dial_values

READING, AVERAGE, NORM = "reading", "average", "norm"

Volume = tuple[int, int, int]  # t1, t2, t3
_NOTHING: Volume = (0, 0, 0)
_REMEMBERED = 36  # months of use: the most a company may average over


class Use(NamedTuple):
    """What one meter measured between two values of its dial."""

    meter: Any
    before: tuple[int, ...]
    now: tuple[int, ...]
    before_on: date | None  # None: not known any more
    now_on: date
    volume: Volume


class Estimate(NamedTuple):
    """A month charged without a reading; `zones` as it was charged, `now` as a later reading tells, if one has come."""

    period: str
    basis: str
    plan: int
    zones: Volume
    now: Volume = _NOTHING


class Part(NamedTuple):
    """The month of one metering point: its own volume, what it rests on, and the estimates that a reading puts right."""

    point: int  # the id of the first meter that hung there; 0: no meter
    plan: int  # zones in the meter's plan
    basis: str
    zones: Volume
    uses: tuple[Use, ...] = ()
    settled: tuple[Estimate, ...] = ()
    earlier: tuple[Volume, ...] = ()  # the shares of earlier months in what was measured
    averaged: int = 0  # over how many months


@dataclass(frozen=True)
class Month:
    """What a period is charged for. `corrected` is the part of a reading's use that earlier estimates had charged already."""

    period: str
    zones: Volume
    basis: str
    corrected: int = 0
    parts: tuple[Part, ...] = field(default=(), compare=False)

    @property
    def total(self) -> int:
        return sum(self.zones)


class _Told(NamedTuple):
    """What one point adds to a month, and how it came about."""

    zones: Volume
    basis: str
    corrected: int
    part: Part


@dataclass
class _Point:
    """One metering point: the meters that hung there one after another, and what has been read and charged so far."""

    meters: list[Any]
    last: dict[int, tuple[tuple[int, ...], date | None]] = field(default_factory=dict)  # by meter
    used: list[Volume] = field(default_factory=list)  # metered use, a month each
    estimated: list[Estimate] = field(default_factory=list)  # charged since the last reading

    @property
    def id(self) -> int:
        return int(self.meters[0].id)

    def is_gone(self, period: str) -> bool:
        """Whether its last meter was taken away before the period and none was hung instead."""
        last = self.meters[-1]
        is_removed = last.removed is not None and last.removed < periods.first_day(period)
        return is_removed and not any(self._has_final(meter, period) for meter in self.meters)

    def tells(self, period: str, readings: Sequence[Any]) -> bool:
        """Whether anything was measured in the period."""
        ids = {meter.id for meter in self.meters}
        return any(one.meter_id in ids for one in readings) or any(
            self._has_final(meter, period) for meter in self.meters
        )

    def plan(self, period: str) -> int:
        """The zone plan at the end of the period."""
        hung = [meter for meter in self.meters if meter.installed <= periods.last_day(period)]
        return int((hung or self.meters)[-1].zones)

    def month(self, period: str, readings: Sequence[Any], averages: Averages, norm_of: Callable[[str], int]) -> _Told:
        """The period's volume, in the order of the rules: by meter, by average, by norm."""
        uses = self._uses(period, readings)
        if uses:
            return self._charge_metered(period, uses, averages)
        if self.meters[0].installed > periods.last_day(period):
            # No meter yet: owed by norm, nothing to recalculate later.
            zones = (norm_of(period), 0, 0)
            return _Told(zones, NORM, 0, Part(self.id, 1, NORM, zones))
        return self._charge_estimate(period, averages, norm_of)

    def _uses(self, period: str, readings: Sequence[Any]) -> tuple[Use, ...]:
        """Use found in the period by readings and by a removed meter's final values."""
        found = []
        for meter in self.meters:
            before, before_on = self._last(meter, period)
            seen = [(dial_values(one, meter.zones), one.taken) for one in readings if one.meter_id == meter.id]
            if self._has_final(meter, period):
                seen.append((dial_values(meter, meter.zones, "final_"), meter.removed))
            for values, day in seen:
                found.append(Use(meter, before, values, before_on, day, _use(meter, before, values)))
                before, before_on = values, day
            self.last[meter.id] = before, before_on
        return tuple(found)

    def _has_final(self, meter: Any, period: str) -> bool:
        """Whether a removed meter's final values are still to be counted: in the month of removal, or when they come later."""
        if meter.removed is None or meter.final_t1 is None or meter.removed > periods.last_day(period):
            return False
        final = (dial_values(meter, meter.zones, "final_"), meter.removed)
        return self._last(meter, period) != final

    def _last(self, meter: Any, period: str) -> tuple[tuple[int, ...], date | None]:
        """What the dial showed last; of a meter that was gone before anybody followed it, its end."""
        if meter.id in self.last:
            return self.last[meter.id]
        if meter.removed is not None and meter.final_t1 is not None and meter.removed < periods.first_day(period):
            return dial_values(meter, meter.zones, "final_"), meter.removed
        return dial_values(meter, meter.zones, "initial_"), meter.installed

    def _charge_metered(self, period: str, uses: tuple[Use, ...], averages: Averages) -> _Told:
        metered, plan = uses[0].volume, uses[-1].meter.zones
        for use in uses[1:]:
            metered = _plus(metered, use.volume)
        if not self.estimated:
            self.used.append(metered)
            return _Told(metered, READING, 0, Part(self.id, plan, READING, metered, uses))
        months = len(self.estimated) + 1
        share = _share(metered, months)
        self.used.extend([share] * months)
        final = [one for one in self.estimated if averages.norm_is_final and one.basis == NORM]
        settled = tuple(one._replace(now=share) for one in self.estimated if one not in final)
        charged = kept = _NOTHING
        for one in settled:
            charged, kept = _plus(charged, one.zones), _plus(kept, one.now)
        for _ in final:  # these months stay as the norm has it: their share is charged already
            charged, kept = _plus(charged, share), _plus(kept, share)
        earlier = (share,) * len(self.estimated)
        self.estimated.clear()
        part = Part(self.id, plan, READING, _plus(metered, kept, -1), uses, settled, earlier)
        return _Told(_plus(metered, charged, -1), READING, sum(charged), part)

    def _charge_estimate(self, period: str, averages: Averages, norm_of: Callable[[str], int]) -> _Told:
        year, plan = self.used[-averages.months :], self.plan(period)
        if len(year) >= averages.least and len(self.estimated) < averages.periods:
            volume, basis = _mean(year), AVERAGE
        else:
            volume, basis, plan = (norm_of(period), 0, 0), NORM, 1  # a norm knows no zones
        self.estimated.append(Estimate(period, basis, plan, volume))
        averaged = len(year) if basis == AVERAGE else 0
        return _Told(volume, basis, 0, Part(self.id, plan, basis, volume, averaged=averaged))


class Points:
    """The metering points of one service of one account, charged month after month in order."""

    def __init__(self, meters: Sequence[Any], state: Mapping[str, Any] | None = None):
        """`meters` are those of the service, all that ever hung; `state` is what `state()` gave after the month before."""
        self._points = _points(meters)
        self._installed = {meter.id: meter.verification_due for meter in meters}
        for point in self._points:
            _restore(point, (state or {}).get(str(point.id)))

    def month(self, period: str, readings: Sequence[Any], averages: Averages, norm_of: Callable[[str], int]) -> Month:
        """The next month. `readings` are the period's counted ones in the order of time; `norm_of` is the whole account's norm.

        With several metering points the norm is charged once, and a point whose meter was taken away for good is charged
        nothing while another one works.
        """
        if averages.expired_meter != "counts":
            readings = [one for one in readings if not self._is_expired(one)]
        working = [point for point in self._points if not point.is_gone(period)] or self._points[:1]
        found = [
            point.month(period, readings, averages, norm_of if i == 0 else _no_norm) for i, point in enumerate(working)
        ]
        if not found:
            zones = (norm_of(period), 0, 0)
            found = [_Told(zones, NORM, 0, Part(0, 1, NORM, zones))]
        return _joined(period, found)

    def tells(self, period: str, readings: Sequence[Any]) -> bool:
        """Whether anything was measured in the period."""
        return any(point.tells(period, readings) for point in self._points)

    def meters_of(self, point_id: int) -> list[Any]:
        """The meters that hung at a point one after another; none for a point that is not there."""
        return next((point.meters for point in self._points if point.id == point_id), [])

    def state(self) -> dict[str, Any]:
        """All that the months to come rest on, as JSON takes it."""
        return {str(point.id): _kept(point) for point in self._points}

    def _is_expired(self, reading: Any) -> bool:
        """Whether the meter's verification had run out when it was read (ПП 354 п. 59 а)."""
        due = self._installed.get(reading.meter_id)
        return due is not None and due < reading.taken


def of_account(
    meters: Sequence[Any],
    readings: Sequence[Any],
    span: Sequence[str],
    averages: Averages,
    norm_of: Callable[[str], int],
) -> list[Month]:
    """The volumes of one service of one account for consecutive periods.

    `meters` are those of the service, `readings` the accepted ones (meter_id, taken, t1…t3) from the very first on, since estimates
    rest on what came before; `norm_of(period)` is the whole account's norm.
    """
    points = Points(meters)
    by_month: dict[str, list[Any]] = {}
    for reading in sorted(readings, key=lambda one: one.taken):
        by_month.setdefault(reading.period, []).append(reading)
    return [points.month(period, by_month.get(period, ()), averages, norm_of) for period in span]


def _points(meters: Sequence[Any]) -> list[_Point]:
    points: list[_Point] = []
    for meter in sorted(meters, key=lambda one: one.installed):
        for point in points:
            if replaces(meter, point.meters[-1]):
                point.meters.append(meter)
                break
        else:
            points.append(_Point([meter]))
    return points


def _kept(point: _Point) -> dict[str, Any]:
    return {
        "last": {str(meter): [list(values), day and day.isoformat()] for meter, (values, day) in point.last.items()},
        "used": [list(volume) for volume in point.used[-_REMEMBERED:]],
        "estimated": [[one.period, one.basis, one.plan, list(one.zones)] for one in point.estimated],
    }


def _restore(point: _Point, state: Mapping[str, Any] | None) -> None:
    if state is None:
        return
    point.last = {
        int(meter): (tuple(values), date.fromisoformat(day) if day else None)
        for meter, (values, day) in state["last"].items()
    }
    point.used = [_volume(values) for values in state["used"]]
    point.estimated = [
        Estimate(period, basis, plan, _volume(zones)) for period, basis, plan, zones in state["estimated"]
    ]


def _volume(values: Sequence[int]) -> Volume:
    t1, t2, t3 = values
    return t1, t2, t3


def _no_norm(_period: str) -> int:
    return 0


def _joined(period: str, found: list[_Told]) -> Month:
    """The points of an account together; one estimated part makes the whole an estimate."""
    first = found[0]
    if len(found) == 1:
        return Month(period, first.zones, first.basis, first.corrected, (first.part,))
    zones = _NOTHING
    for one in found:
        zones = _plus(zones, one.zones)
    estimates = [one.basis for one in found if one.basis != READING and any(one.zones)]
    basis = NORM if NORM in estimates else AVERAGE if estimates else first.basis
    return Month(period, zones, basis, sum(one.corrected for one in found), tuple(one.part for one in found))


def _use(meter: Any, before: tuple[int, ...], now: tuple[int, ...]) -> Volume:
    used = [usage_between(b, n, meter.digits) * meter.ratio for b, n in zip(before, now, strict=True)]
    t1, t2, t3 = (*used, 0, 0)[:3]
    return t1, t2, t3


def _plus(a: Volume, b: Volume, sign: int = 1) -> Volume:
    return a[0] + sign * b[0], a[1] + sign * b[1], a[2] + sign * b[2]


def _share(volume: Volume, months: int) -> Volume:
    return volume[0] // months, volume[1] // months, volume[2] // months


def _mean(months: list[Volume]) -> Volume:
    """Half up, as money is."""
    count = len(months)
    t1, t2, t3 = ((2 * sum(month[zone] for month in months) + count) // (2 * count) for zone in range(3))
    return t1, t2, t3
