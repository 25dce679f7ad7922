"""What becomes of a form: the account it names, what is known of its meters, the checks of every channel, its twin in the batch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from models import clock, words
from models.base import Refusal
from models.metering import checks, dating, intake
from models.metering.accounts import short_address
from models.metering.channels import CHANNELS
from models.metering.checks import Verdict
from models.metering.intake import Unconfirmed
from models.metering.meters import in_words, unit, values
from models.metering.paperforms.batches import (
    ACCEPTED,
    DOUBT,
    HELD,
    REFUSED,
    REPLACED,
    SAME,
    WITHDRAWN,
    Batch,
    PaperForm,
)
from models.metering.paperforms.numbers import Meant
from models.metering.readings import Reading
from models.metering.standings import Standing

_NUMBER = re.compile(r"[0-9]+")
_MOST_DIGITS = 12  # times the largest ratio: a number both engines can hold
_SPACES = re.compile(r"[\s\u00a0\u2009\u202f]")


@dataclass
class Judged:
    """What becomes of a form."""

    state: str
    rule: str = ""
    reason: str = ""
    receipt_id: int | None = None
    dials: list[dict[str, Any]] = field(default_factory=list)


def judge(batch: Batch, meant: Meant, texts: Sequence[str], key: str, is_sure: bool, line: int | None) -> Judged:
    account = meant.account
    if account is None:
        return _unknown(meant)
    dials: list[dict[str, Any]] = []
    try:
        standings = standings_of(account.id, batch.taken)
        typed = _spread(standings, texts)
        dials = [_dial(standing, typed[standing.meter.id]) for standing in standings]
        twin = _twin(batch, account, dials, line)
        if twin and _shown(twin.dials) == _shown(dials):
            reason = f"Этот бланк уже введён в строке {twin.line}."
            return Judged(REFUSED, "form.duplicate", reason, dials=dials)
        if known := _known(batch, account, standings, dials):
            return Judged(SAME, "reading.same", known, dials=dials)
        if twin and not is_sure:
            return _doubtful_twin(batch, account, typed, twin, dials)
        return _received(batch, account, typed, key, is_sure, dials)
    except Refusal as refusal:
        first = refusal.problems[0]
        return Judged(REFUSED, first.rule, " ".join(dict.fromkeys(one.text for one in refusal.problems)), dials=dials)


def _unknown(meant: Meant) -> Judged:
    if meant.candidates:
        listed = "; ".join(f"{one.number} ({short_address(one)})" for one in meant.candidates)
        return Judged(REFUSED, "account.several", f"Подходит несколько счетов: {listed}. Наберите номер полностью.")
    text = "Такого лицевого счёта нет. Проверьте номер на бланке или найдите по адресу (F2)."
    return Judged(REFUSED, "account.none", text)


def _spread(standings: Sequence[Standing], texts: Sequence[str]) -> dict[int, tuple[str, ...]]:
    """The typed texts by meter, in the order of the fields; blanks where nothing was typed."""
    if not standings:
        raise Refusal(None, "На этом счёте нет действующего счётчика. Отложите бланк.", "meter.none")
    found, at = {}, 0
    for standing in standings:
        zones = standing.meter.zones
        found[standing.meter.id] = tuple((*texts[at : at + zones], "", "", "")[:zones])
        at += zones
    if any(texts[at:]):
        count = words.plural(at, "показание", "показания", "показаний")
        raise Refusal(None, f"На этом счёте {count}, а введено {len(texts)}.", "reading.zones")
    return found


def _dial(standing: Standing, texts: Sequence[str]) -> dict[str, Any]:
    meter, now = standing.meter, [_value(text) for text in texts]
    used = None
    if None not in now:
        pairs = zip(standing.previous, now, strict=True)
        used = meter.ratio * sum(after - before for before, after in pairs if after is not None)
    return {
        "meter": meter.id, "serial": meter.serial, "unit": unit(meter), "zones": meter.zones, "digits": meter.digits,
        "was": list(standing.previous), "now": now, "volume": used,
    }  # fmt: skip


def _shown(dials: Sequence[dict[str, Any]]) -> dict[int, list[int]]:
    """The values of the meters that were filled in."""
    return {dial["meter"]: dial["now"] for dial in dials if any(now is not None for now in dial["now"])}


def _twin(batch: Batch, account: Any, dials: list[dict[str, Any]], line: int | None) -> PaperForm | None:
    """Another row of the batch for one of the same meters."""
    stands = (PaperForm.state.not_in((REPLACED, WITHDRAWN, REFUSED)), PaperForm.line != (line or 0))
    rows = PaperForm.select().where(PaperForm.batch == batch.id, PaperForm.account == account.id, *stands)
    mine = set(_shown(dials))
    return next((row for row in rows.order_by(PaperForm.line) if mine & set(_shown(row.dials))), None)


def _doubtful_twin(batch: Batch, account: Any, typed: Any, twin: PaperForm, dials: list[dict[str, Any]]) -> Judged:
    others = ", ".join(in_words(tuple(values_)) for values_ in _shown(twin.dials).values() if None not in values_)
    reason = f"Этот счёт уже есть в строке {twin.line} с другими показаниями: {others}."
    verdicts = intake.look(account, typed, channel=batch.channel, taken=batch.taken)
    odd = [verdict for verdict in verdicts.values() if verdict.outcome != checks.ACCEPTED]
    return Judged(DOUBT, "form.twin", " ".join((reason, *map(_why, odd))), dials=_measured(dials, verdicts))


def _known(batch: Batch, account: Any, standings: Sequence[Standing], dials: list[dict[str, Any]]) -> str:
    """Where the same values are known from, if all of them are and a word of this rank adds nothing to it."""
    period = dating.period_of(batch.taken, clock.today())
    known, given = dating.known_on(account.id, batch.taken, period), _shown(dials)
    found = None
    for standing in standings:
        if standing.meter.id in given:
            later = [one for one in known.later.get(standing.meter.id, ()) if one.period <= period]
            stands = later[:1] or [one for one in (standing.newest,) if one]
            if not stands or list(values(stands[0], standing.meter.zones)) != given[standing.meter.id]:
                return ""
            found = stands[0]
            if batch.channel == "inspector" and found.channel != "inspector":
                return ""
    if found is None:
        return ""
    waits = ", на проверке" if found.state == HELD else ""
    return f"То же показание уже есть: {CHANNELS[found.channel].title}, {words.day_month(found.taken)}{waits}."


def _received(batch: Batch, account: Any, typed: Any, key: str, is_sure: bool, dials: list[dict[str, Any]]) -> Judged:
    try:
        received = intake.receive(
            account, typed, channel=batch.channel, key=f"form:{key}", confirmed=is_sure, taken=batch.taken
        )
    except Unconfirmed as unconfirmed:
        verdicts = unconfirmed.verdicts
        rule = next(iter(verdicts.values())).rule
        return Judged(DOUBT, rule, " ".join(map(_why, verdicts.values())), dials=_measured(dials, verdicts))
    readings = list(Reading.select().where(Reading.receipt == received.receipt_id))
    held = next((reading for reading in readings if reading.state == HELD), None)
    volumes = {reading.meter_id: reading.trace.get("volume") for reading in readings}
    dials = [{**dial, "volume": volumes.get(dial["meter"], dial["volume"])} for dial in dials]
    if held:
        return Judged(HELD, held.trace["rule"], held.reason, received.receipt_id, dials)
    return Judged(ACCEPTED, "", "", received.receipt_id, dials)


def _why(verdict: Verdict) -> str:
    return " ".join((verdict.reason, *(_guess(hint) for hint in verdict.hints)))


def _guess(hint: checks.Hint) -> str:
    return f"{hint.text} Может быть, {in_words(hint.values)}?" if hint.values else hint.text


def _measured(dials: list[dict[str, Any]], verdicts: dict[int, Verdict]) -> list[dict[str, Any]]:
    return [
        {**dial, "volume": verdicts[dial["meter"]].volume if dial["meter"] in verdicts else dial["volume"]}
        for dial in dials
    ]


def usage(dials: Sequence[dict[str, Any]]) -> int | None:
    """The use of the meters that share the first one's unit; none while nothing is known."""
    volumes = [dial["volume"] for dial in dials if dial["unit"] == dials[0]["unit"] and dial["volume"] is not None]
    return sum(volumes) if volumes else None


def standings_of(account_id: int, taken: date) -> list[Standing]:
    """The meters of an account in the order of the fields: electricity first."""
    found = intake.standings_on(account_id, taken)
    return sorted(found, key=lambda standing: standing.meter.service != "electricity")


def sums(texts: Sequence[str]) -> int:
    """The sum of typed values, whole units: what a clerk with a calculator would add up."""
    parts = (_NUMBER.match(_SPACES.sub("", text)) for text in texts)
    return sum(int(match[0][:_MOST_DIGITS]) for match in parts if match)


def plain(texts: Sequence[str]) -> list[str]:
    """Typed values as they are compared: whole units without spaces and leading zeros, no blanks at the end."""
    found = [_whole(text) for text in texts]
    while found and not found[-1]:
        found.pop()
    return found


def _value(text: str) -> int | None:
    """Whole units; none for what is no number of a dial, as an account number scanned into its field."""
    digits = _whole(text)
    return int(digits) if _NUMBER.fullmatch(digits) and len(digits) <= _MOST_DIGITS else None


def _whole(text: str) -> str:
    bare = _SPACES.sub("", text)
    match = _NUMBER.match(bare)
    return (match[0].lstrip("0") or "0") if match else bare
