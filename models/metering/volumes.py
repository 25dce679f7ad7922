"""A month's volume of an account: by meter, by average, by norm, with recalculation (ПП 354 п. 59–60; product rules «Charges»).

Pure: facts in, months out. Volumes are in the service's unit, after the transformer ratio.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from models import periods
from models.company import Averages
from models.metering.checks import usage_between
from models.metering.meters import replaces
from models.metering.meters import values as dial_values

READING, AVERAGE, NORM = "reading", "average", "norm"

Volume = tuple[int, int, int]  # t1, t2, t3
_NOTHING: Volume = (0, 0, 0)


@dataclass(frozen=True)
class Month:
    """What a period is charged for. `corrected` is the part of a reading's use that earlier estimates had charged already."""

    period: str
    zones: Volume
    basis: str
    corrected: int = 0

    @property
    def total(self) -> int:
        return sum(self.zones)


@dataclass
class _Point:
    """One metering point: the meters that hung there one after another, and what has been read and charged so far."""

    meters: list[Any]
    readings: dict[tuple[int, str], list[tuple[int, ...]]]  # by meter and period, the oldest first
    last: dict[int, tuple[int, ...]] = field(default_factory=dict)
    used: list[Volume] = field(default_factory=list)  # metered use, a month each
    estimated: list[Volume] = field(default_factory=list)  # charged since the last reading

    def is_gone(self, period: str) -> bool:
        """Whether its last meter was taken away before the period and none was hung instead."""
        removed = self.meters[-1].removed
        return removed is not None and removed < periods.first_day(period)

    def month(self, period: str, averages: Averages, norm_of: Callable[[str], int]) -> Month:
        """The period's volume, in the order of the rules: by meter, by average, by norm."""
        metered = self._metered(period)
        if metered is not None:
            return self._charge_metered(period, metered)
        if self.meters[0].installed > periods.last_day(period):
            # No meter yet: owed by norm, nothing to recalculate later.
            return Month(period, (norm_of(period), 0, 0), NORM)
        return self._charge_estimate(period, averages, norm_of)

    def _metered(self, period: str) -> Volume | None:
        """Use found in the period by readings and by a removed meter's final values; None without either."""
        total, found = _NOTHING, False
        for meter in self.meters:
            before = self.last.get(meter.id) or dial_values(meter, meter.zones, "initial_")
            seen = self.readings.get((meter.id, period), ())
            if meter.removed is not None and f"{meter.removed:%Y-%m}" == period and meter.final_t1 is not None:
                seen = [*seen, dial_values(meter, meter.zones, "final_")]
            for values in seen:
                total, before, found = _plus(total, _use(meter, before, values)), values, True
            self.last[meter.id] = before
        return total if found else None

    def _charge_metered(self, period: str, metered: Volume) -> Month:
        months = len(self.estimated) + 1
        self.used.extend([_share(metered, months)] * months)
        charged = _NOTHING
        for volume in self.estimated:
            charged = _plus(charged, volume)
        self.estimated.clear()
        return Month(period, _plus(metered, charged, -1), READING, corrected=sum(charged))

    def _charge_estimate(self, period: str, averages: Averages, norm_of: Callable[[str], int]) -> Month:
        year = self.used[-averages.months :]
        if len(year) >= averages.least and len(self.estimated) < averages.periods:
            volume, basis = _mean(year), AVERAGE
        else:
            volume, basis = (norm_of(period), 0, 0), NORM
        self.estimated.append(volume)
        return Month(period, volume, basis)


def of_account(
    meters: Sequence[Any],
    readings: Sequence[Any],
    span: Sequence[str],
    averages: Averages,
    norm_of: Callable[[str], int],
) -> list[Month]:
    """The volumes of one service of one account for consecutive periods.

    `meters` are those of the service, `readings` the accepted ones (meter_id, taken, t1…t3) from the very first on, since estimates
    rest on what came before; `norm_of(period)` is the whole account's norm. With several metering points the norm is charged once,
    and a point whose meter was taken away for good is charged nothing while another one works.
    """
    points = _points(meters, readings)
    months = []
    for period in span:
        working = [point for point in points if not point.is_gone(period)] or points[:1]
        parts = [point.month(period, averages, norm_of if i == 0 else _no_norm) for i, point in enumerate(working)]
        months.append(_joined(parts) if parts else Month(period, (norm_of(period), 0, 0), NORM))
    return months


def _points(meters: Sequence[Any], readings: Sequence[Any]) -> list[_Point]:
    by_month: dict[tuple[int, str], list[tuple[int, ...]]] = {}
    zones = {meter.id: meter.zones for meter in meters}
    for reading in sorted(readings, key=lambda one: one.taken):
        if reading.meter_id in zones:
            month = by_month.setdefault((reading.meter_id, reading.period), [])
            month.append(dial_values(reading, zones[reading.meter_id]))
    points: list[_Point] = []
    for meter in sorted(meters, key=lambda one: one.installed):
        for point in points:
            if replaces(meter, point.meters[-1]):
                point.meters.append(meter)
                break
        else:
            points.append(_Point([meter], by_month))
    return points


def _no_norm(_period: str) -> int:
    return 0


def _joined(parts: list[Month]) -> Month:
    """The points of an account together; one estimated part makes the whole an estimate."""
    if len(parts) == 1:
        return parts[0]
    zones = _NOTHING
    for part in parts:
        zones = _plus(zones, part.zones)
    estimates = [part.basis for part in parts if part.basis != READING and part.total]
    basis = NORM if NORM in estimates else AVERAGE if estimates else parts[0].basis
    return Month(parts[0].period, zones, basis, sum(part.corrected for part in parts))


def _use(meter: Any, before: tuple[int, ...], now: tuple[int, ...]) -> Volume:
    used = [usage_between(b, n, meter.digits) * meter.ratio for b, n in zip(before, now, strict=True)]
    t1, t2, t3 = (*used, 0, 0)[:3]
    return t1, t2, t3


def _plus(a: Volume, b: Volume, sign: int = 1) -> Volume:
    return a[0] + sign * b[0], a[1] + sign * b[1], a[2] + sign * b[2]


def _share(volume: Volume, months: int) -> Volume:
    return volume[0] // months, volume[1] // months, volume[2] // months


def _mean(months: list[Volume]) -> Volume:
    t1, t2, t3 = (round(sum(month[zone] for month in months) / len(months)) for zone in range(3))
    return t1, t2, t3
