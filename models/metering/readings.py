"""Readings (показания): the table, what is known of each meter, and how a reading is received — one verb for every channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from peewee import BigIntegerField, CharField, DateField, DateTimeField, ForeignKeyField, JSONField, ModelSelect

from models import audit, clock, company, seal, words
from models.base import PeriodField, Problem, Refusal, Row, compiled, database, is_sqlite, locked, param
from models.metering import checks, windows
from models.metering.accounts import Account, is_open
from models.metering.channels import CHANNELS, rank
from models.metering.checks import Dial, Verdict
from models.metering.meters import Meter, active, of_account, unit, values, zones_of
from models.people.customers import Customer

ACCEPTED, HELD, REJECTED, REPLACED, BILLED = "accepted", "held", "rejected", "replaced", "billed"
COUNTED = (ACCEPTED, BILLED)

_DEEDS = {"staff": "принял сотрудник", "inspector": "снял контролёр", "customer": "передал клиент"}
_YEAR = timedelta(days=400)


class Receipt(Row):
    """One act of passing readings: the readings of one or several meters, received together."""

    account = ForeignKeyField(Account, on_delete="CASCADE")
    customer = ForeignKeyField(Customer, null=True, on_delete="SET NULL")
    channel = CharField()
    key = CharField()  # of the intake; with the channel unique, so that a repeat is recognised
    received_at = DateTimeField(index=True)

    class Meta:
        indexes = ((("channel", "key"), True),)


class Reading(Row):
    meter = ForeignKeyField(Meter, backref="readings", on_delete="CASCADE")
    account = ForeignKeyField(Account, on_delete="CASCADE")
    receipt = ForeignKeyField(Receipt, null=True, backref="readings", on_delete="SET NULL")  # none: imported
    period = PeriodField()
    taken = DateField()  # the local day on which the dial was read
    received_at = DateTimeField()
    channel = CharField()
    t1 = BigIntegerField()
    t2 = BigIntegerField(null=True)
    t3 = BigIntegerField(null=True)
    state = CharField()
    reason = CharField(default="")
    trace = JSONField(default=dict)  # the rule and the inputs the decision rests on

    class Meta:
        indexes = ((("account", "taken"), False), (("state", "period"), False))


# One counted reading a meter and period, whatever races.
Reading.add_index(Reading.meter, Reading.period, unique=True, where=Reading.state.in_(COUNTED), name="reading_counted")


class Closing(Row):
    """A period was billed at a moment: from then on its readings stand."""

    period = PeriodField(unique=True)
    closed_at = DateTimeField(default=clock.now)


@dataclass(frozen=True)
class Standing:
    """How a meter stands today: the reading the next one is compared with, the usual use, and what this period already has."""

    meter: Any
    previous: tuple[int, ...]
    previous_on: date
    usual_daily: float | None
    current: Any | None  # this period's counted reading
    held: Any | None  # this period's reading that waits for staff; always newer than the counted one

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
def since() -> ModelSelect[Any]:
    """An account's readings taken on a day or later, the newest first."""
    return (
        Reading.select(
            Reading.id, Reading.meter.alias("meter_id"), Reading.receipt.alias("receipt_id"), Reading.period, Reading.taken,
            Reading.received_at, Reading.channel, Reading.t1, Reading.t2, Reading.t3, Reading.state, Reading.reason,
        )
        .where(Reading.account == param("account"), Reading.taken >= param("day"))
        .order_by(Reading.taken.desc(), Reading.id.desc())
    )  # fmt: skip


@compiled
def of_receipt() -> ModelSelect[Any]:
    return (
        Reading.select(Reading, Meter.serial, Meter.model, Meter.zones, Meter.service)
        .join(Meter)
        .where(Reading.receipt == param("receipt"))
        .order_by(Reading.id)
    )


@compiled
def _receipt_by_key() -> ModelSelect[Any]:
    """The receipt of an intake with the states of its readings."""
    return (
        Receipt.select(Receipt.id, Reading.state)
        .join(Reading)
        .where(Receipt.channel == param("channel"), Receipt.key == param("key"), Receipt.account == param("account"))
    )


@compiled
def _last_counted() -> ModelSelect[Any]:
    """The last counted reading of a meter before a period, however long ago."""
    return (
        Reading.select()
        .where(Reading.meter == param("meter"), Reading.period < param("period"), Reading.state.in_(COUNTED))
        .order_by(Reading.taken.desc())
        .limit(1)
    )


@compiled
def _closing() -> ModelSelect[Any]:
    return Closing.select(Closing.id).where(Closing.period == param("period"))


def is_closed(period: str) -> bool:
    return _closing.first(period=period) is not None


def recent(account_id: int, day: date) -> list[Any]:
    """The readings of the last thirteen months, the newest first: enough for the form, the usual use and a year's chart."""
    return since(account=account_id, day=day - _YEAR)


def standings(
    account_id: int, day: date, readings: list[Any] | None = None, meters: list[Any] | None = None
) -> list[Standing]:
    """The standing of each meter active on the day. `readings` and `meters` may be what was loaded already."""
    own = active(of_account(account=account_id) if meters is None else meters, day)
    found = recent(account_id, day) if readings is None else readings
    return [_standing(meter, [reading for reading in found if reading.meter_id == meter.id], day) for meter in own]


def receive(
    account: Any,
    typed: Mapping[int, tuple[str, ...]],
    *,
    channel: str,
    key: str,
    customer_id: int | None = None,
    confirmed: bool = False,
) -> Received:
    """Receive the typed dial values of an account's meters ({meter id: a text per zone}), all of them or none.

    A repeat of the same intake, or the same values again in the same period, gives the first receipt and stores nothing. Refused
    (Refusal, a problem a field): a closed window or account, another account's meter, no or partial or malformed values, a period
    already billed, a reading of higher rank. Raises Unconfirmed when a value is unusual and `confirmed` is not set.
    """
    today = clock.today()
    intake = _intake_key(account.id, key, typed)
    repeated, _ = _repeated(account.id, channel, intake)
    if repeated:
        return Received(repeated, False, False)
    _check_open(account, channel, today)
    with database.atomic():
        list(locked(Meter.select(Meter.id).where(Meter.account == account.id)).tuples())
        repeated, intake = _repeated(account.id, channel, intake)  # by whoever held the lock before
        if repeated:
            return Received(repeated, False, False)
        _keep_open(today)
        known = {standing.meter.id: standing for standing in standings(account.id, today)}
        parsed, cut = _parse(known, typed)
        fresh = {meter_id: given for meter_id, given in parsed.items() if not _is_same(known[meter_id], given)}
        if not fresh:
            return Received(_first_receipt(known, parsed), False, cut)
        _check_rank(known, fresh, channel)
        verdicts = _judge(known, fresh, today)
        unusual = {meter_id: verdict for meter_id, verdict in verdicts.items() if verdict.outcome != checks.ACCEPTED}
        if unusual and not confirmed:
            raise Unconfirmed(unusual)
        receipt = Receipt.create(
            account=account.id, customer=customer_id, channel=channel, key=intake, received_at=clock.now()
        )
        for meter_id, verdict in verdicts.items():
            _store(account, known[meter_id], fresh[meter_id], verdict, receipt, today, confirmed)
        audit.record("readings.received", f"account:{account.number}", receipt=receipt.id, channel=channel)
        return Received(receipt.id, True, cut)


def look(account: Any, typed: Mapping[int, tuple[str, ...]], *, channel: str) -> dict[int, Verdict]:
    """The verdicts `receive` would come to, storing nothing; refused as there."""
    today = clock.today()
    _check_open(account, channel, today)
    known = {standing.meter.id: standing for standing in standings(account.id, today)}
    parsed, _ = _parse(known, typed)
    return _judge(known, parsed, today)


def close(period: str) -> int:
    """Mark the period billed: its accepted readings stand from now on. Returns how many; a second time none."""
    with database.atomic():
        Closing.insert(period=period, closed_at=clock.now()).on_conflict_ignore().execute()
        billed = Reading.update(state=BILLED).where(Reading.period == period, Reading.state == ACCEPTED).execute()
        audit.record("period.closed", f"period:{period}", readings=billed)
    return billed


def _standing(meter: Any, own: list[Any], day: date) -> Standing:
    """`own` are the meter's readings, the newest first."""
    period = clock.period(day)
    counted = [reading for reading in own if reading.state in COUNTED]
    earlier = [reading for reading in counted if reading.period < period] or _last_counted(
        meter=meter.id, period=period
    )
    current = next((reading for reading in counted if reading.period == period), None)
    held = next((reading for reading in own if reading.period == period and reading.state == HELD), None)
    previous = values(earlier[0], meter.zones) if earlier else values(meter, meter.zones, "initial_")
    previous_on = earlier[0].taken if earlier else meter.installed
    year = [reading for reading in earlier if reading.taken >= day - _YEAR]
    return Standing(meter, previous, previous_on, _usual_daily(meter, year), current, held)


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


def _intake_key(account_id: int, key: str, typed: Mapping[int, tuple[str, ...]]) -> str:
    """The form's key with its values: the same form sent again is a repeat, the same form corrected by way of Back is not."""
    return seal.fingerprint(
        f"{account_id}|{key}|{sorted((meter_id, tuple(texts)) for meter_id, texts in typed.items())}"
    )


def _repeated(account_id: int, channel: str, intake: str) -> tuple[int | None, str]:
    """The receipt an intake has already, if its readings still stand; else a key under which it can be stored.

    What was passed, corrected, and then passed again with the very same form is no repeat: the customer went back to it.
    """
    while rows := _receipt_by_key(channel=channel, key=intake, account=account_id):
        if any(row.state != REPLACED for row in rows):
            return rows[0].id, intake
        intake = seal.fingerprint(f"{intake}|{rows[0].id}")
    return None, intake


def _keep_open(today: date) -> None:
    """Refuse a period billed meanwhile, and let none be billed until this transaction ends."""
    if not is_sqlite():  # there the transaction itself is the lock
        database.execute_sql("LOCK TABLE closing IN SHARE MODE")
    _check_not_billed(today)


def _check_not_billed(today: date) -> None:
    if is_closed(clock.period(today)):
        raise Refusal(
            None,
            f"За {words.month(clock.period(today))} плата уже рассчитана. Передайте показание в следующем месяце.",
            "period.billed",
        )


def _check_open(account: Any, channel: str, today: date) -> None:
    window = windows.of(channel, today)
    if not window.is_open:
        raise Refusal(None, window.text, "window.closed")
    if not is_open(account, today):
        raise Refusal(None, "Лицевой счёт закрыт, показания по нему не принимаются.", "account.closed")
    _check_not_billed(today)


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


def _is_same(standing: Standing, given: tuple[int, ...]) -> bool:
    return standing.newest is not None and values(standing.newest, standing.meter.zones) == given


def _first_receipt(known: dict[int, Standing], parsed: dict[int, tuple[int, ...]]) -> int:
    receipts = [newest.receipt_id for meter_id in parsed if (newest := known[meter_id].newest) and newest.receipt_id]
    if not receipts:
        raise Refusal(None, "Такое показание за этот месяц уже есть, передавать его ещё раз не нужно.", "reading.same")
    return receipts[0]


def _check_rank(known: dict[int, Standing], fresh: dict[int, tuple[int, ...]], channel: str) -> None:
    for meter_id in fresh:
        current = known[meter_id].current
        if current is not None and rank(current.channel) > rank(channel):
            deed = _DEEDS[CHANNELS[current.channel].source]
            text = f"Показание за этот месяц уже {deed} {words.day_month(current.taken)}. Если оно неверно, позвоните или напишите нам."
            raise Refusal(f"meter-{meter_id}-t1", text, "reading.rank")


def _judge(known: dict[int, Standing], given: dict[int, tuple[int, ...]], today: date) -> dict[int, Verdict]:
    dials = {meter_id: standing.dial(today) for meter_id, standing in known.items()}
    rules = company.current().checks
    return {
        meter_id: checks.judge(
            dials[meter_id], numbers, rules, tuple(dial for other, dial in dials.items() if other != meter_id)
        )
        for meter_id, numbers in given.items()
    }


def _store(
    account: Any,
    standing: Standing,
    given: tuple[int, ...],
    verdict: Verdict,
    receipt: Receipt,
    today: date,
    confirmed: bool,
) -> None:
    """Write the reading; the period's earlier ones become replaced. A held one leaves an accepted one in force until staff decide."""
    period, held = clock.period(today), verdict.outcome == checks.HELD
    replaced = (HELD,) if held else (HELD, ACCEPTED)
    Reading.update(state=REPLACED).where(
        Reading.meter == standing.meter.id, Reading.period == period, Reading.state.in_(replaced)
    ).execute()
    t1, t2, t3 = (*given, None, None)[:3]
    Reading.create(
        meter=standing.meter.id, account=account.id, receipt=receipt, period=period, taken=today, received_at=receipt.received_at,
        channel=receipt.channel, t1=t1, t2=t2, t3=t3, state=HELD if held else ACCEPTED, reason=verdict.reason if held else "",
        trace={"rule": verdict.rule, "outcome": verdict.outcome, "confirmed": confirmed, "hints": [hint.rule for hint in verdict.hints],
               "previous_on": standing.previous_on.isoformat(), **verdict.inputs},
    )  # fmt: skip
