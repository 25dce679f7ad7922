"""Readings that come later than the dial was read: to which month they belong, and what has become known since.

A reading belongs to the month in which it was received; a dated paper form belongs to the month of its date while that month is not
billed, else to the present month, with its own date (product rules «Reading windows»).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, NamedTuple

from models import clock, words
from models.base import Refusal
from models.company import Checks
from models.metering import checks, closings, standings
from models.metering.channels import CHANNELS
from models.metering.checks import Verdict
from models.metering.meters import in_words, is_active, values
from models.metering.meters import of_account as meters_of
from models.metering.readings import COUNTED, since
from models.metering.standings import Standing

OLDEST = timedelta(days=90)
SOURCES = ("staff", "inspector")  # whose channels may name a day of their own
_YEAR = timedelta(days=400)


class Known(NamedTuple):
    """What is known of an account's meters for a reading of a day: as they stood then, and what was read after it."""

    standings: dict[int, Standing]
    later: dict[int, list[Any]]  # counted readings by meter id, the newest first
    meters: list[Any]  # all the account ever had


def check_day(channel: str, taken: date, today: date) -> None:
    """Refused: a day to come, one too long ago, and a day of its own from a channel that has none."""
    if taken == today:
        return
    if CHANNELS[channel].source not in SOURCES:
        raise Refusal(None, "Показание принимается только сегодняшним днём.", "taken.channel")
    if taken > today:
        text = f"{words.day(taken)} ещё не наступило. Исправьте дату на бланке."
        raise Refusal("taken", text, "taken.future")
    if today - taken > OLDEST:
        text = f"Бланк старше {OLDEST.days}{words.NBSP}дней: такое показание уже не принимается."
        raise Refusal("taken", text, "taken.too_old")


def period_of(taken: date, today: date) -> str:
    """The month a reading of that day belongs to. Refused when the present month is billed as well."""
    for period in (clock.period(taken), clock.period(today)):
        if not closings.is_closed(period):
            return period
    text = f"За {words.month(clock.period(today))} плата уже рассчитана. Передайте показание в следующем месяце."
    raise Refusal(None, text, "period.billed")


def known_on(account_id: int, taken: date, period: str) -> Known:
    """The account's meters as they stood on a day, for a reading that goes to that period."""
    hung = meters_of(account=account_id)
    readings = since(account=account_id, day=taken - _YEAR)
    before = [reading for reading in readings if reading.taken <= taken]
    later: dict[int, list[Any]] = {}
    for reading in readings:
        if reading.taken > taken and reading.state in COUNTED:
            later.setdefault(reading.meter_id, []).append(reading)
    found = standings.of_account(account_id, taken, before, hung, period)
    return Known({standing.meter.id: standing for standing in found}, later, hung)


def check_meters(meters: Iterable[Any], wanted: Iterable[int], taken: date, period: str) -> None:
    """Refuse a meter of the account that did not hang on the day, or is gone and its end was counted with a month already billed."""
    for meter in meters:
        if meter.id not in wanted:
            continue
        if taken < meter.installed:
            text = f"Счётчик № {meter.serial} установлен {words.day(meter.installed)}, позже даты бланка."
            raise Refusal(f"meter-{meter.id}-t1", text, "meter.not_yet")
        is_gone = meter.removed is not None and clock.period(meter.removed) < period
        if not is_active(meter, taken) or is_gone:
            text = f"Счётчик № {meter.serial} снят {words.day(meter.removed)}, его показания уже не нужны."
            raise Refusal(f"meter-{meter.id}-t1", text, "meter.removed")


def check_not_outdated(known: Known, wanted: Iterable[int], period: str) -> None:
    """Refuse what is older than a reading already counted in the same month or before."""
    for meter_id in wanted:
        newer = [reading for reading in known.later.get(meter_id, ()) if reading.period <= period]
        if newer:
            stands, zones = newer[0], known.standings[meter_id].meter.zones
            text = (
                f"За {words.month(stands.period)} уже есть более позднее показание: {in_words(values(stands, zones))} "
                f"от {words.day_month(stands.taken)}. Бланк старше, он не нужен."
            )
            raise Refusal(f"meter-{meter_id}-t1", text, "reading.later")


def against_later(
    known: Known, verdicts: Mapping[int, Verdict], given: Mapping[int, tuple[int, ...]], bounds: Mapping[int, Checks]
) -> dict[int, Verdict]:
    """The verdicts with what a later month says: a value above a later one is held, whatever its use."""
    return {
        meter_id: _contradicted(known, meter_id, verdict, given[meter_id], bounds[meter_id])
        for meter_id, verdict in verdicts.items()
    }


def shown_next(meter: Any, later: Sequence[Any]) -> tuple[tuple[int, ...], date] | None:
    """What the dial showed next, and when: the first of the later readings (the newest first), or the end of a meter taken down since."""
    if later:
        return values(later[-1], meter.zones), later[-1].taken
    if meter.removed is not None and meter.final_t1 is not None:
        return values(meter, meter.zones, "final_"), meter.removed
    return None


def _contradicted(known: Known, meter_id: int, verdict: Verdict, given: tuple[int, ...], bounds: Checks) -> Verdict:
    meter = known.standings[meter_id].meter
    after = shown_next(meter, known.later.get(meter_id, ()))
    if after is None:
        return verdict
    numbers, day = after
    pairs = zip(given, numbers, strict=True)
    if any(now > then and not checks.may_roll_over(now, meter.digits, bounds.rollover_percent) for now, then in pairs):
        reason = f"Показание больше более позднего: {words.day_month(day)} было {in_words(numbers)}."
        return replace(verdict, outcome=checks.HELD, rule="reading.above_later", reason=reason)
    return verdict
