"""Why a month cost more or less than another, in plain Russian: a sentence for each part of the difference. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import NamedTuple

from models import periods, words
from models.billing import explain
from models.billing.charges import SCALE
from models.billing.explain import DAYS, VOLUME
from models.billing.shown import AVERAGE, FIXED, NORM, PENALTY, READING, RECALCULATION, USE, Line
from models.billing.told import BASES, open_days, price, quantity
from models.company import Service
from models.metering.meters import ZONES
from models.words import NBSP

_ESTIMATES = (AVERAGE, NORM)
HEAT = "heat"  # the service that stops for the summer
_TRIFLE = 100  # kopecks
_PLANS = {1: "одной зоне", 2: "двум зонам", 3: "трём зонам"}


class Cause(NamedTuple):
    """One cause of a difference: what it is about, the sentence, kopecks."""

    service: str
    text: str
    amount: int


@dataclass(frozen=True)
class Comparison:
    """A month beside an earlier one; the causes add up to `amount`. Kopecks."""

    period: str  # the earlier one
    before: int
    now: int
    causes: tuple[Cause, ...]

    @property
    def amount(self) -> int:
        return self.now - self.before


def compare(
    period: str, earlier: str, lines: Mapping[str, Sequence[Line]], services: Mapping[str, Service]
) -> Comparison | None:
    """Why `period` cost more or less than `earlier`, by the lines of their bills; None: there is no earlier bill."""
    if earlier not in lines:
        return None
    before, now = lines[earlier], lines.get(period, ())
    found = explain.difference(before, now)
    causes = []
    for code, parts in groupby(found.parts, key=lambda part: part.service):
        of_service = _Teller(period, earlier, services[code], _of(before, code), _of(now, code))
        causes += of_service.causes(list(parts))
    return Comparison(earlier, found.before, found.now, tuple(causes))


class _Teller:
    """The sentences for one service in two months."""

    def __init__(self, period: str, earlier: str, service: Service, before: Sequence[Line], now: Sequence[Line]):
        self.period, self.earlier, self.service = period, earlier, service
        self.before, self.now = before, now
        self.unit = service.unit

    def causes(self, parts: Sequence[explain.Part]) -> list[Cause]:
        if not self._is_read or min(_quantity(self.before), _quantity(self.now)) <= 0:
            parts = list(_without_days(parts))
        parts = _without_trifles(parts)
        days = next((part for part in parts if part.cause == DAYS), None)
        return [Cause(self.service.code, self._said(part, days), part.amount) for part in parts if part.amount]

    @property
    def _is_read(self) -> bool:
        """Whether both months rest on readings: only then the days between them tell anything."""
        use = [line for line in (*self.before, *self.now) if line.kind == USE]
        return bool(use) and all(line.basis == READING for line in use)

    def _said(self, part: explain.Part, days: explain.Part | None) -> str:
        if part.cause == VOLUME:
            return self._volume(part, days)
        tell: Mapping[str, Callable[[explain.Part], str]] = {
            DAYS: self._days,
            explain.ZONES: self._zones,
            explain.TARIFF: self._tariff,
            explain.BAND: self._band,
            explain.STARTED: lambda part: "Новая услуга в счёте",
            explain.ENDED: lambda part: "Услуга больше не начисляется",
            RECALCULATION: self._recalculation,
            PENALTY: self._penalty,
        }
        return tell[part.cause](part)

    def _days(self, part: explain.Part) -> str:
        return f"Между показаниями {words.plural(part.now, 'день', 'дня', 'дней')} вместо {part.before}"

    def _volume(self, part: explain.Part, days: explain.Part | None) -> str:
        now, before = _quantity(self.now), _quantity(self.before)
        how, was = _estimated(self.now), _estimated(self.before)
        in_part = _part_of_month(self.now)
        if any(line.kind == FIXED for line in self.now):
            return f"Площадь в расчёте {quantity(now, self.unit)}{in_part} вместо {quantity(before, self.unit)}"
        if days and before > 0 and now > 0:
            daily, earlier = _apart(now / days.now / SCALE, before / days.before / SCALE)
            return f"В день уходило {daily}{NBSP}{self.unit} вместо {earlier}"
        if before == now:
            return "Округление до копейки"
        if before == 0 and self.service.code == HEAT and how:
            season = "Отопительный сезон начался: " if periods.shift(self.earlier, 1) == self.period else ""
            return (
                f"{season}{quantity(now, self.unit)}{how}{in_part}, в {words.month_in(self.earlier)} отопления не было"
            )
        used = f"{quantity(now, self.unit)}{how if how != was else ''}{in_part}"
        return f"Расход {used} вместо {words.decimal(before, SCALE)}{was}"

    def _zones(self, part: explain.Part) -> str:
        old, new = _plans(self.before), _plans(self.now)
        if old != new and len(old) == len(new) == 1:
            was, became = (_PLANS.get(max(plans), "одной зоне") for plans in (old, new))
            return f"Расчёт по {became}{_estimated(self.now)} вместо расчёта по {was}: цены другие"
        if new == {2} == old:
            night, earlier = round(_night(self.now)), round(_night(self.before))
            if night == earlier:
                return f"День и ночь в немного другом соотношении, на ночь около {night}{NBSP}%"
            return f"На ночь пришлось {night}{NBSP}% расхода вместо {earlier}{NBSP}%"
        return "Расход иначе разделён между зонами суток"

    def _tariff(self, part: explain.Part) -> str:
        was, became = _prices(self.before), _prices(self.now)
        changed = [key for key in became if key in was and was[key] != became[key]]
        if not changed:
            return "Тариф другой"
        grew = {became[key][-1] > was[key][-1] or became[key] > was[key] for key in changed}
        verb = "изменился" if len(grew) > 1 else "вырос" if True in grew else "снизился"
        told = [self._price_change(key, was[key], became[key]) for key in changed]
        return f"Тариф {verb}{self._since()}: {', '.join(told)} за {self.unit}"

    def _price_change(self, key: tuple[int, str], was: list[int], became: list[int]) -> str:
        plan, zone = key
        name = f"{words.ZONES[plan][ZONES.index(zone)]} " if plan > 1 and zone else ""
        return f"{name}{' и '.join(map(price, became))} вместо {' и '.join(map(price, was))}"

    def _since(self) -> str:
        """« с 10 октября», where the bills show the day."""
        for line in self.now:
            if line.kind in (USE, FIXED) and line.trace.get("place") and "from" in line.trace:
                return f" с {words.day_month(date.fromisoformat(line.trace['from']))}"
        one_price = all(len(prices) == 1 for lines in (self.before, self.now) for prices in _prices(lines).values())
        if one_price and periods.shift(self.earlier, 1) == self.period:
            return f" с {words.day_month(periods.first_day(self.period))}"
        return ""

    def _band(self, part: explain.Part) -> str:
        was, became = _above(self.before), _above(self.now)
        if was == became:
            return "Цены второго и третьего диапазонов изменились"
        return f"Дороже первого диапазона посчитано {quantity(became, self.unit)} вместо {words.decimal(was, SCALE)}"

    def _recalculation(self, part: explain.Part) -> str:
        if not part.now:
            return f"Перерасчёт в {words.month_in(self.earlier)}: {words.rubles(part.before)}, теперь его нет"
        about = [line.about for line in self.now if line.kind == RECALCULATION and line.about]
        months = words.listed([words.month(one) for one in dict.fromkeys(about)]) if about else ""
        text = f"Перерасчёт{' за ' + months if months else ''}: {words.rubles(part.now)}"
        return f"{text}; в {words.month_in(self.earlier)} был {words.rubles(part.before)}" if part.before else text

    def _penalty(self, part: explain.Part) -> str:
        if not part.before:
            return f"Пени {words.rubles(part.now)}, в {words.month_in(self.earlier)} их не было"
        if not part.now:
            return f"Пеней нет, в {words.month_in(self.earlier)} было {words.rubles(part.before)}"
        return f"Пени {words.rubles(part.now)} вместо {words.rubles(part.before)}"


def _without_days(parts: Sequence[explain.Part]) -> Iterator[explain.Part]:
    """An estimate or an area does not grow with the days between readings: they go into the volume."""
    days = sum(part.amount for part in parts if part.cause == DAYS)
    volume = next((part for part in parts if part.cause == VOLUME), None)
    if days and volume is None:
        first = next(part for part in parts if part.cause == DAYS)
        yield explain.Part(first.service, VOLUME, days)
    for part in parts:
        if part.cause == VOLUME:
            yield part._replace(amount=part.amount + days)
        elif part.cause != DAYS:
            yield part


def _without_trifles(parts: Sequence[explain.Part]) -> list[explain.Part]:
    """Zones that moved less than a ruble go into the volume: no line for kopecks."""
    trifle = sum(part.amount for part in parts if part.cause == explain.ZONES and abs(part.amount) < _TRIFLE)
    if not any(part.cause == VOLUME for part in parts):
        return list(parts)
    return [
        part._replace(amount=part.amount + trifle) if part.cause == VOLUME else part
        for part in parts
        if part.cause != explain.ZONES or abs(part.amount) >= _TRIFLE
    ]


def _of(lines: Iterable[Line], code: str) -> list[Line]:
    return [line for line in lines if line.service == code]


def _apart(one: float, other: float) -> tuple[str, str]:
    """Two numbers with as few decimals as show that they differ."""
    for digits in (1, 2, 3):
        texts = tuple(f"{value:.{digits}f}".replace(".", ",") for value in (one, other))
        if texts[0] != texts[1]:
            break
    return texts[0], texts[1]


def _estimated(lines: Iterable[Line]) -> str:
    bases = dict.fromkeys(BASES[line.basis] for line in lines if line.kind == USE and line.basis in _ESTIMATES)
    return f" ({', '.join(bases)})" if bases else ""


def _part_of_month(lines: Iterable[Line]) -> str:
    for line in lines:
        days, whole = open_days(line)
        if days < whole:
            return f" (за {words.plural(days, 'день', 'дня', 'дней')} из {whole})"
    return ""


def _plans(lines: Iterable[Line]) -> set[int]:
    return {line.plan for line in lines if line.kind == USE}


def _night(lines: Iterable[Line]) -> float:
    """The night's part of the use, percent."""
    use = [line for line in lines if line.kind == USE]
    total = sum(line.quantity for line in use)
    return 100 * sum(line.quantity for line in use if line.zone == "t2") / total if total else 0


def _prices(lines: Iterable[Line]) -> dict[tuple[int, str], list[int]]:
    """The prices of the first band in the order of time, by plan and zone."""
    found: dict[tuple[int, str], list[int]] = {}
    for line in lines:
        if line.kind in (USE, FIXED) and line.band <= 1:
            prices = found.setdefault((line.plan, line.zone), [])
            if line.price not in prices:
                prices.append(line.price)
    return found


def _quantity(lines: Iterable[Line]) -> int:
    return sum(line.quantity for line in lines if line.kind in (USE, FIXED))


def _above(lines: Iterable[Line]) -> int:
    return sum(line.quantity for line in lines if line.kind == USE and line.band > 1)
