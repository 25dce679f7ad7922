"""How readings are received: one verb for every channel, with all the checks of the company's rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from peewee import ModelSelect

from models import audit, clock, company, seal, words
from models.base import Problem, Refusal, compiled, database, locked, param
from models.metering import checks, closings, dating, windows
from models.metering.accounts import is_open
from models.metering.channels import CHANNELS, rank
from models.metering.checks import Verdict
from models.metering.dating import Known
from models.metering.meters import Meter, values, zones_of
from models.metering.readings import ACCEPTED, HELD, REPLACED, Reading, Receipt
from models.metering.standings import Standing

MOST_A_PERIOD = 100  # readings of a meter; past it a correction goes through staff
_DEEDS = {"staff": "принял сотрудник", "inspector": "снял контролёр", "customer": "передал клиент"}


class Received(NamedTuple):
    receipt_id: int
    is_new: bool
    cut: bool  # a fraction was cut off somewhere


class Unconfirmed(Exception):  # noqa: N818
    """Nothing was stored: the customer should look again. The verdicts by meter id say at what."""

    def __init__(self, verdicts: dict[int, Verdict]):
        super().__init__("; ".join(verdict.reason for verdict in verdicts.values()))
        self.verdicts = verdicts


@compiled
def _receipt_by_key() -> ModelSelect[Any]:
    """The receipt of an intake with the states of its readings."""
    return (
        Receipt.select(Receipt.id, Reading.state)
        .join(Reading)
        .where(Receipt.channel == param("channel"), Receipt.key == param("key"), Receipt.account == param("account"))
    )


def receive(
    account: Any,
    typed: Mapping[int, tuple[str, ...]],
    *,
    channel: str,
    key: str,
    customer_id: int | None = None,
    confirmed: bool = False,
    taken: date | None = None,
) -> Received:
    """Receive the typed dial values of an account's meters ({meter id: a text per zone}), all of them or none.

    `taken` is the day of a dated paper, for the channels of staff and inspectors alone; today where it is not given. A repeat of the
    same intake, or the same values again in the same period, gives the first receipt and stores nothing. Refused (Refusal, a problem
    a field): a closed window or account, another account's meter, no or partial or malformed values, a period already billed, a
    reading of higher rank, a paper from the future, too old, or older than what is counted already. Raises Unconfirmed when a value
    is unusual and `confirmed` is not set.
    """
    intake = _intake_key(account.id, channel, key, typed, taken)
    repeated, _ = _repeated(account.id, channel, intake)
    if repeated:
        return Received(repeated, False, False)
    day, _ = _check_open(account, channel, taken)
    with database.atomic():
        list(locked(Meter.select(Meter.id).where(Meter.account == account.id).order_by(Meter.id)).tuples())
        repeated, intake = _repeated(account.id, channel, intake)  # by whoever held the lock before
        if repeated:
            return Received(repeated, False, False)
        closings.hold()
        period = dating.period_of(day, clock.today())
        known = _known(account, typed, day, period, taken)
        parsed, cut = _parse(known.standings, typed)
        verdicts = _judged(known, parsed, channel, day, period)
        if not verdicts:
            return Received(_first_receipt(known.standings, parsed), False, cut)
        unusual = {meter_id: verdict for meter_id, verdict in verdicts.items() if verdict.outcome != checks.ACCEPTED}
        if unusual and not confirmed:
            raise Unconfirmed(unusual)
        receipt = Receipt.create(
            account=account.id, customer=customer_id, channel=channel, key=intake, received_at=clock.now()
        )
        for meter_id, verdict in verdicts.items():
            stored = _store(known.standings[meter_id], parsed[meter_id], verdict, receipt, day, period, confirmed)
            Reading.create(account=account.id, **stored)
        audit.record("readings.received", f"account:{account.number}", receipt=receipt.id, channel=channel)
        return Received(receipt.id, True, cut)


def look(
    account: Any, typed: Mapping[int, tuple[str, ...]], *, channel: str, taken: date | None = None
) -> dict[int, Verdict]:
    """The verdicts `receive` would come to, storing nothing; refused as there. What is passed already has none."""
    day, period = _check_open(account, channel, taken)
    known = _known(account, typed, day, period, taken)
    parsed, _ = _parse(known.standings, typed)
    return _judged(known, parsed, channel, day, period)


def standings_on(account_id: int, taken: date) -> list[Standing]:
    """How the account's meters stood for a reading of that day. Refused when its month and the present one are billed."""
    return list(dating.known_on(account_id, taken, dating.period_of(taken, clock.today())).standings.values())


def _intake_key(
    account_id: int, channel: str, key: str, typed: Mapping[int, tuple[str, ...]], taken: date | None
) -> str:
    """A machine's key (a terminal's transaction, a Message-ID) as it is: its repeat gets the first answer.

    A form's key with its values: the same form sent again is a repeat, the same form corrected by way of Back is not.
    """
    if not CHANNELS[channel].is_form:
        return seal.fingerprint(f"{account_id}|{key}")
    day = f"{taken}|" if taken else ""
    return seal.fingerprint(
        f"{account_id}|{key}|{day}{sorted((meter_id, tuple(texts)) for meter_id, texts in typed.items())}"
    )


def _repeated(account_id: int, channel: str, intake: str) -> tuple[int | None, str]:
    """The receipt an intake has already, if its readings still stand; else a key under which it can be stored.

    What was passed, corrected, and then passed again with the very same form is no repeat: the customer went back to it.
    """
    while rows := _receipt_by_key(channel=channel, key=intake, account=account_id):
        if not CHANNELS[channel].is_form or any(row.state != REPLACED for row in rows):
            return rows[0].id, intake
        intake = seal.fingerprint(f"{intake}|{rows[0].id}")
    return None, intake


def _known(account: Any, typed: Mapping[int, Any], day: date, period: str, taken: date | None) -> Known:
    known = dating.known_on(account.id, day, period)
    if taken:
        dating.check_meters(known.meters, typed, day, period)
    return known


def _judged(
    known: Known, parsed: dict[int, tuple[int, ...]], channel: str, day: date, period: str
) -> dict[int, Verdict]:
    """Verdicts on what is new among the values; refused where a reading of higher rank or of a later day stands."""
    stand = known.standings
    fresh = {meter_id: given for meter_id, given in parsed.items() if not _is_same(stand[meter_id], given, channel)}
    _check_rank(stand, fresh, channel)
    dating.check_not_outdated(known, fresh, period)
    if any(stand[meter_id].times >= MOST_A_PERIOD for meter_id in fresh):
        text = f"За этот месяц показание передавали уже {MOST_A_PERIOD} раз. Чтобы исправить его ещё раз, позвоните или напишите нам."
        raise Refusal(None, text, "reading.too_often")
    bounds = {meter_id: company.current().checks_of(stand[meter_id].meter.service) for meter_id in fresh}
    return dating.against_later(known, _judge(stand, fresh, day), fresh, bounds)


def _check_open(account: Any, channel: str, taken: date | None) -> tuple[date, str]:
    """The day and the period of the reading; refused where none can be received."""
    today = clock.today()
    window = windows.of(channel, today)
    if not window.is_open:
        raise Refusal(None, window.text, "window.closed")
    day = taken or today
    dating.check_day(channel, day, today)
    if not is_open(account, today):
        raise Refusal(None, "Лицевой счёт закрыт, показания по нему не принимаются.", "account.closed")
    if day < account.opened:
        text = f"Лицевой счёт открыт {words.day(account.opened)}, позже даты бланка."
        raise Refusal("taken", text, "account.not_yet")
    return day, dating.period_of(day, today)


def _parse(known: dict[int, Standing], typed: Mapping[int, tuple[str, ...]]) -> tuple[dict[int, tuple[int, ...]], bool]:
    """Values by meter, and whether a fraction was cut. A meter left wholly blank is left out, if another one is filled in."""
    if not known:
        raise Refusal(None, "На этом лицевом счёте нет действующего счётчика.", "meter.none")
    if set(typed) - set(known):
        raise Refusal(
            None, "Такого счётчика на этом лицевом счёте нет. Откройте страницу показаний заново.", "meter.unknown"
        )
    filled = {meter_id: texts for meter_id, texts in typed.items() if any(text.strip() for text in texts)}
    parsed: dict[int, tuple[int, ...]] = {}
    problems: list[Problem] = []
    cut = False
    for meter_id, texts in (filled or typed or {next(iter(known)): ("",)}).items():
        meter = known[meter_id].meter
        numbers = []
        if any(text.strip() for text in texts[meter.zones :]):
            count = words.plural(meter.zones, "показание", "показания", "показаний")
            problems.append(
                Problem(f"meter-{meter_id}-t1", f"У этого счётчика {count}, а передано больше.", "reading.zones")
            )
        for zone, text in zip(zones_of(meter), (*texts, "", "", ""), strict=False):
            try:
                value = checks.parse(text, meter.digits, f"meter-{meter_id}-{zone}")
            except Refusal as refusal:
                problems += refusal.problems
            else:
                numbers.append(value.value)
                cut = cut or value.was_cut
        parsed[meter_id] = tuple(numbers)
    if problems:
        raise Refusal(problems=problems)
    return parsed, cut


def _is_same(standing: Standing, given: tuple[int, ...], channel: str) -> bool:
    """Whether nothing is to be stored: the same values again, unless by someone whose word ranks higher."""
    newest = standing.newest
    if newest is None or rank(newest.channel) < rank(channel):
        return False
    return values(newest, standing.meter.zones) == given


def _first_receipt(known: dict[int, Standing], parsed: dict[int, tuple[int, ...]]) -> int:
    receipts = [newest.receipt_id for meter_id in parsed if (newest := known[meter_id].newest) and newest.receipt_id]
    if not receipts:
        raise Refusal(None, "Такое показание за этот месяц уже есть, передавать его ещё раз не нужно.", "reading.same")
    return receipts[0]


def _check_rank(known: dict[int, Standing], fresh: dict[int, tuple[int, ...]], channel: str) -> None:
    """Refuse to replace a reading of higher rank, whether it counts already or waits for staff."""
    for meter_id in fresh:
        for stands in (known[meter_id].current, known[meter_id].held):
            if stands is not None and rank(stands.channel) > rank(channel):
                deed = _DEEDS[CHANNELS[stands.channel].source]
                text = f"Показание за этот месяц уже {deed} {words.day_month(stands.taken)}. Если оно неверно, позвоните или напишите нам."
                raise Refusal(f"meter-{meter_id}-t1", text, "reading.rank")


def _judge(known: dict[int, Standing], given: dict[int, tuple[int, ...]], today: date) -> dict[int, Verdict]:
    dials = {meter_id: standing.dial(today) for meter_id, standing in known.items()}
    return {
        meter_id: checks.judge(
            dials[meter_id],
            numbers,
            company.current().checks_of(known[meter_id].meter.service),
            tuple(dial for other, dial in dials.items() if _is_like(known[other].meter, known[meter_id].meter)),
        )
        for meter_id, numbers in given.items()
    }


def _is_like(other: Any, meter: Any) -> bool:
    """Another meter of the same service: whose value may have been typed by mistake."""
    return other.id != meter.id and other.service == meter.service


def _store(
    standing: Standing,
    given: tuple[int, ...],
    verdict: Verdict,
    receipt: Receipt,
    day: date,
    period: str,
    confirmed: bool,
) -> dict[str, Any]:
    """The columns of the reading; the period's earlier ones become replaced. A held one leaves an accepted one in force until staff
    decide, and whatever was read on a later day stays as it is."""
    is_held = verdict.outcome == checks.HELD
    Reading.update(state=REPLACED).where(
        Reading.meter == standing.meter.id,
        Reading.period == period,
        Reading.taken <= day,
        Reading.state.in_((HELD,) if is_held else (HELD, ACCEPTED)),
    ).execute()
    former = {HELD: standing.held, ACCEPTED: None if is_held else standing.current}
    replaced = {state: one.id for state, one in former.items() if one}
    t1, t2, t3 = (*given, None, None)[:3]
    trace = {
        "rule": verdict.rule, "outcome": verdict.outcome, "confirmed": confirmed, "hints": [hint.rule for hint in verdict.hints],
        "previous_on": standing.previous_on.isoformat(), **verdict.inputs,
        **({"replaced": replaced} if replaced else {}), **({"moved_from": clock.period(day)} if clock.period(day) != period else {}),
    }  # fmt: skip
    return {
        "meter": standing.meter.id, "receipt": receipt, "period": period, "taken": day, "received_at": receipt.received_at,
        "channel": receipt.channel, "t1": t1, "t2": t2, "t3": t3, "state": HELD if is_held else ACCEPTED,
        "reason": verdict.reason if is_held else "", "trace": trace,
    }  # fmt: skip
