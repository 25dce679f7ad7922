"""Reading checks, one for every channel: pure, values in, a verdict out (product rules «Reading checks»; ПП 354)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any, NamedTuple

from models import words
from models.base import Refusal
from models.company import Checks

_SPACES = re.compile(r"[ \u00a0\u2009\u202f]")
_DIAL = re.compile(r"([0-9]+)(?:[.,]([0-9]*))?")

_LIKELY_TIMES = 2
ACCEPTED, CONFIRM, HELD = "accepted", "confirm", "held"


class Typed(NamedTuple):
    """One dial value as typed: the integer, and whether a fraction was cut off."""

    value: int
    was_cut: bool


@dataclass(frozen=True)
class Dial:
    """What is known of a meter before the new reading. Values are in dial units (kWh or Gcal before the ratio)."""

    serial: str
    zones: int
    digits: int
    ratio: int
    previous: tuple[int, ...]
    days: int  # since the previous reading
    usual_daily: float | None  # units a day over the last year, after the ratio; None: not known
    unit: str = "кВт⋅ч"


class Hint(NamedTuple):
    """A likely mistake: its rule, what to tell, and the values that were probably meant, if they can be guessed."""

    rule: str
    text: str
    values: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Verdict:
    """What becomes of a reading: accepted at once; accepted if confirmed; held for staff if confirmed."""

    outcome: str
    rule: str
    usage: tuple[int, ...]  # a zone, in dial units; negative where less than the previous
    volume: int  # all zones, after the ratio
    reason: str = ""
    hints: tuple[Hint, ...] = ()
    inputs: dict[str, Any] = field(default_factory=dict)


def parse(typed: str, digits: int, name: str) -> Typed:
    """An integer dial value: digits before the comma only, a fraction is cut off (seed 002).

    Refused: anything but ASCII digits, more digits than the dial has.
    """
    match = _DIAL.fullmatch(_SPACES.sub("", typed))
    if not match:
        if not typed.strip():
            raise Refusal(name, "Введите показание: цифры до запятой.", "reading.empty")
        raise Refusal(name, "Показание — это только цифры, например 14218. Уберите буквы и знаки.", "reading.digits")
    whole = match[1].lstrip("0") or "0"
    if len(whole) > digits:
        raise Refusal(
            name,
            f"На счётчике {words.plural(digits, 'цифра', 'цифры', 'цифр')} до запятой, а введено {len(whole)}. "
            "Красные цифры или цифры после запятой не нужны.",
            "reading.too_long",
        )
    return Typed(int(whole), match[2] is not None)


def judge(dial: Dial, values: tuple[int, ...], checks: Checks, others: tuple[Dial, ...] = ()) -> Verdict:
    """The verdict on all zones of one meter together, with hints at likely mistakes when it is not accepted at once."""
    plain = _judge(dial, values, checks)
    if plain.outcome == ACCEPTED:
        return plain
    hints = tuple(_hints(dial, values, checks, others))[:2]
    return Verdict(plain.outcome, plain.rule, plain.usage, plain.volume, plain.reason, hints, plain.inputs)


def _judge(dial: Dial, values: tuple[int, ...], checks: Checks) -> Verdict:
    pairs = list(zip(values, dial.previous, strict=True))
    usage = tuple(_usage(now, before, dial.digits, checks.rollover_percent) for now, before in pairs)
    rolled = any(now < before for now, before in pairs)
    volume = sum(usage) * dial.ratio
    most = round(checks.max_per_day * dial.days * dial.ratio)
    hold, ask = _bounds(dial, checks)
    inputs = {
        "previous": list(dial.previous), "values": list(values), "days": dial.days, "digits": dial.digits, "ratio": dial.ratio,
        "usual_daily": dial.usual_daily and round(dial.usual_daily, 2), "volume": volume,
        "asked_above": ask and round(ask), "held_above": hold and round(hold), "most": most, "rollover_percent": checks.rollover_percent,
    }  # fmt: skip

    def verdict(outcome: str, rule: str, reason: str = "") -> Verdict:
        return Verdict(outcome, rule, usage, volume, reason, (), inputs)

    if min(usage) < 0:
        return verdict(HELD, "usage.below_previous", "Показание меньше прошлого.")
    if rolled and volume > (most if ask is None else ask):
        reason = "Показание меньше прошлого, а на переход счётчика через ноль не похоже."
        return verdict(HELD, "usage.below_previous", reason)
    if volume > most:
        return verdict(HELD, "usage.above_power", _impossible(dial, volume, checks))
    if hold is not None and volume > hold:
        return verdict(HELD, "usage.far_above_usual", _above(dial, volume))
    if ask is not None and volume > ask:
        return verdict(CONFIRM, "usage.above_usual", _above(dial, volume))
    if (
        rolled and ask is None
    ):  # a first month that ends below its beginning: likely enough to ask, not to take in silence
        return verdict(
            CONFIRM, "usage.rollover_unsure", "Показание меньше прошлого: похоже, счётчик перешёл через ноль."
        )
    return verdict(ACCEPTED, "usage.rollover" if rolled else "usage.usual")


def asked_above(dial: Dial, checks: Checks) -> int | None:
    """The volume above which a reading is not accepted without a question; None when the usual use is not known."""
    ask = _bounds(dial, checks)[1]
    return None if ask is None else int(ask)


def may_roll_over(before: int, digits: int, rollover_percent: int) -> bool:
    """Whether a value less than `before` may be the dial gone through zero."""
    return before * 100 > rollover_percent * 10**digits


def usage_between(before: int, now: int, digits: int) -> int:
    """Units between two accepted values of one dial, through zero if the second is less."""
    return now - before if now >= before else 10**digits - before + now


def _usage(now: int, before: int, digits: int, rollover_percent: int) -> int:
    if now < before and may_roll_over(before, digits, rollover_percent):
        return 10**digits - before + now
    return now - before


def _bounds(dial: Dial, checks: Checks) -> tuple[float | None, float | None]:
    """Above the first: held. Above the second: ask. A floor keeps an empty house from being asked about a kettle."""
    if dial.usual_daily is None:
        return None, None
    expected, floor = dial.usual_daily * dial.days, checks.floor
    hold = max(checks.hold_times * expected, floor * checks.hold_times / checks.confirm_times)
    return hold, max(checks.confirm_times * expected, floor)


def _impossible(dial: Dial, volume: int, checks: Checks) -> str:
    power = f" при мощности {checks.max_kw * dial.ratio}{words.NBSP}кВт" if checks.max_kw else ""
    return f"Расход {_amount(volume, dial)} больше, чем можно израсходовать за {_days(dial.days)}{power}."


def _above(dial: Dial, volume: int) -> str:
    expected = (dial.usual_daily or 0) * dial.days
    used, times = _amount(volume, dial), round(volume / expected) if expected else 0
    usual = f"обычно за {_days(dial.days)} около {_amount(round(expected), dial)}"
    if times >= 2:
        return (
            f"Расход {used}{words.NBSP}— это в {words.plural(times, 'раз', 'раза', 'раз')} больше обычного ({usual})."
        )
    return f"Расход {used} много больше обычного ({usual})."


def _amount(volume: int, dial: Dial) -> str:
    return f"{words.number(volume)}{words.NBSP}{dial.unit}"


def _days(days: int) -> str:
    return words.plural(days, "день", "дня", "дней")


def _hints(dial: Dial, values: tuple[int, ...], checks: Checks, others: tuple[Dial, ...]) -> Iterator[Hint]:
    """The usual mistakes, the most telling first. A guess counts only if it would have been accepted without a question."""
    for other in others:
        if other.zones == dial.zones and all(v < 10**other.digits for v in values) and _fits(other, values, checks):
            yield Hint("mistake.other_meter", f"Похоже на показание другого счётчика, №{words.NBSP}{other.serial}.")
    if swapped := _best(dial, (order for order in permutations(values) if order != values), checks):
        yield Hint("mistake.zones_swapped", f"Похоже, перепутаны зоны: {_zones_moved(values, swapped)}.", swapped)
    if shorter := _best(dial, _each_zone(values, _digit_dropped), checks):
        yield Hint("mistake.extra_digit", "Похоже, введена лишняя цифра.", shorter)
    if turned := _best(dial, _each_zone(values, _neighbours_swapped), checks):
        yield Hint("mistake.digits_swapped", "Похоже, переставлены соседние цифры.", turned)
    guessed = swapped or shorter or turned
    if not guessed and any(len(str(now)) < len(str(before)) for now, before in zip(values, dial.previous, strict=True)):
        yield Hint("mistake.missing_digit", "Похоже, пропущена цифра.")


def _zones_moved(values: tuple[int, ...], meant: tuple[int, ...]) -> str:
    """«день и ночь»: the zones whose values are not where they belong."""
    names = words.ZONES[len(values)]
    return words.listed([name for name, now, right in zip(names, values, meant, strict=True) if now != right])


def _fits(dial: Dial, values: tuple[int, ...], checks: Checks) -> bool:
    return _judge(dial, values, checks).outcome == ACCEPTED


def _best(dial: Dial, guesses: Iterator[tuple[int, ...]], checks: Checks) -> tuple[int, ...] | None:
    """The guess that fits and lies nearest to the usual use; none above twice the usual, so that nobody is talked into an error."""
    expected = (dial.usual_daily or 0) * dial.days
    most = max(_LIKELY_TIMES * expected, checks.floor) if dial.usual_daily is not None else float("inf")
    fitting = [
        (abs(verdict.volume - expected), guess)
        for guess in guesses
        if (verdict := _judge(dial, guess, checks)).outcome == ACCEPTED and verdict.volume <= most
    ]
    return min(fitting)[1] if fitting else None


def _each_zone(values: tuple[int, ...], change: Any) -> Iterator[tuple[int, ...]]:
    for i, value in enumerate(values):
        for changed in change(str(value)):
            yield (*values[:i], changed, *values[i + 1 :])


def _digit_dropped(text: str) -> Iterator[int]:
    for i in range(len(text)):
        if len(text) > 1:
            yield int(text[:i] + text[i + 1 :])


def _neighbours_swapped(text: str) -> Iterator[int]:
    for i in range(len(text) - 1):
        if text[i] != text[i + 1]:
            yield int(text[:i] + text[i + 1] + text[i] + text[i + 2 :])
