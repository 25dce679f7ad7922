"""Where a held reading would count if it were accepted now: in its own month, or in the present one once that is billed.

What contradicts the readings before and after it counts nowhere: a dial that goes back would be billed as one gone through zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from models import clock, company, periods, words
from models.base import Refusal
from models.company import Checks
from models.metering import checks, dating
from models.metering.meters import in_words, values
from models.metering.readings import ACCEPTED


class Point(NamedTuple):
    """What a dial showed on a day."""

    values: tuple[int, ...]
    day: date


class Place(NamedTuple):
    """The month a reading counts in, the readings of it that give way, and the use that is billed, dial units a zone."""

    period: str
    replaced: list[int]
    usage: tuple[int, ...]


def place(reading: Any, meter: Any, account: Any) -> Place:
    """Refused: a month and a present one that are billed, a later reading in the same month or a billed one, a meter or an account
    that is gone, values below those before or above those after."""
    period = dating.period_of(periods.first_day(reading.period), clock.today())
    dating.check_meters([meter], [meter.id], reading.taken, period)
    if account.closed is not None and account.closed < periods.first_day(period):
        text = f"Лицевой счёт закрыт {words.day(account.closed)}, за {words.month(period)} платы не будет. Отклоните показание."
        raise Refusal(None, text, "decision.account_closed")
    known = dating.known_on(account.id, reading.taken, period)
    _check_no_later(known.later.get(meter.id, ()), meter, period)
    standing, rules = known.standings[meter.id], company.current().checks_of(meter.service)
    now = Point(values(reading, meter.zones), reading.taken)
    before = Point(standing.previous, standing.previous_on)
    if not _follows(before, now, meter, rules):
        text = f"Прошлое показание больше: {in_words(before.values)} от {words.day(before.day)}. Исправьте это или отклоните."
        raise Refusal(None, text, "decision.below")
    shown = dating.shown_next(meter, known.later.get(meter.id, ()))
    after = Point(*shown) if shown else None
    if after and not _follows(now, after, meter, rules):
        text = f"Позже принято меньшее показание: {in_words(after.values)} от {words.day(after.day)}. Исправьте это или отклоните."
        raise Refusal(None, text, "decision.above_later")
    current = standing.current
    replaced = [current.id] if current is not None and current.state == ACCEPTED else []
    return Place(period, replaced, _usage(before, now, meter))


def _check_no_later(later: Sequence[Any], meter: Any, period: str) -> None:
    newer = [one for one in later if one.period <= period]
    if newer:
        shown = in_words(values(newer[0], meter.zones))
        text = (
            f"Есть более позднее показание: {shown} от {words.day(newer[0].taken)}, оно уже учтено. "
            "Это больше не нужно: отклоните его."
        )
        raise Refusal(None, text, "decision.later")


def _follows(before: Point, now: Point, meter: Any, rules: Checks) -> bool:
    """Whether the dial can have gone from one to the other: forward, or through zero by no more than can be used."""
    gone_back = [b for b, n in zip(before.values, now.values, strict=True) if n < b]
    if not gone_back:
        return True
    if not all(checks.may_roll_over(one, meter.digits, rules.rollover_percent) for one in gone_back):
        return False
    days = max(1, (now.day - before.day).days)
    return sum(_usage(before, now, meter)) <= rules.max_per_day * days


def _usage(before: Point, now: Point, meter: Any) -> tuple[int, ...]:
    return tuple(checks.usage_between(b, n, meter.digits) for b, n in zip(before.values, now.values, strict=True))
