"""Import files of meters and of their readings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time
from typing import Any

from models import clock, company
from models.base import insert_rows
from models.billing import bills
from models.exchange import rows
from models.exchange.rows import Counts, Kind, Line
from models.exchange.table import Column, Fault, choice, day, whole, words
from models.metering import closings, finding
from models.metering.accounts import Account
from models.metering.channels import CHANNELS
from models.metering.meters import ZONES, Meter
from models.metering.readings import ACCEPTED, BILLED, COUNTED, HELD, REJECTED, REPLACED, Reading
from models.words import plural

_FIXED = ("service", "zones", "digits", "ratio", "installed")  # columns of a meter

_DIALS = tuple(
    Column(f"{prefix}{zone}", whole(0, 10**9 - 1), required=False)
    for prefix in ("initial_", "final_")
    for zone in ZONES
)

METER_COLUMNS = (
    Column("account", rows.account_number), Column("serial", words(40)), Column("service", words(20)), Column("model", words(100)),
    Column("zones", whole(1, 3)), Column("digits", whole(3, 9)), Column("ratio", whole(1, 10_000), False, 1), Column("installed", day),
    Column("removed", day, False), *_DIALS, Column("verification_due", day, False),
)  # fmt: skip
READING_COLUMNS = (
    Column("account", rows.account_number), Column("serial", words(40)), Column("taken", day), Column("channel", choice(*CHANNELS)),
    Column("t1", whole(0, 10**9 - 1)), Column("t2", whole(0, 10**9 - 1), False), Column("t3", whole(0, 10**9 - 1), False),
    Column("state", choice(ACCEPTED, HELD, REJECTED, REPLACED)), Column("reason", words(250), False, ""),
)  # fmt: skip


def _load_meters(lines: list[Line], counts: Counts) -> None:
    accounts = rows.accounts(lines)
    serials = [values["serial"] for _, values in lines]
    known: Iterable[Any] = Meter.select().where(Meter.serial.in_(serials)).dicts()
    stored = {meter["serial"]: meter for meter in known}
    defaults = rows.defaults(METER_COLUMNS)
    found = []
    for number, values in lines:
        old = stored.get(values["serial"], defaults)
        if faults := _meter_faults(number, {**old, **values}, accounts, old):
            counts.refuse(*faults)
            continue
        found.append({**values, "account": accounts[values["account"]]})
    rows.upsert(Meter, ("serial",), found, defaults, counts)
    finding.refresh(values["account"] for values in found)


def _meter_faults(number: int, values: dict[str, Any], accounts: dict[str, int], old: dict[str, Any]) -> list[Fault]:
    """What is wrong with a meter as it would be; `old` is the meter as it is stored, or the defaults."""
    faults = _fixed_faults(number, values, old) if "id" in old else []
    if values["account"] not in accounts:
        faults.append(rows.no_account(number))
    elif old.get("account", accounts[values["account"]]) != accounts[values["account"]]:
        faults.append(Fault(number, "serial", "счётчик с этим номером числится на другом лицевом счёте"))
    service = company.current().services.get(values["service"])
    if service is None or not service.metered:
        faults.append(Fault(number, "service", f"по услуге «{values['service'][:40]}» счётчиков не бывает"))
    if values["removed"] and values["removed"] < values["installed"]:
        faults.append(Fault(number, "removed", "снят раньше, чем установлен"))
    for column in _wanted_dials(values):
        if values[column] is None:
            faults.append(Fault(number, column, "пусто"))
    for column in (f"{prefix}{zone}" for prefix in ("initial_", "final_") for zone in ZONES):
        if values[column] is not None and values[column] >= 10 ** values["digits"]:
            faults.append(Fault(number, column, f"больше, чем помещается на {values['digits']} цифрах"))
    return faults


def _wanted_dials(values: dict[str, Any]) -> list[str]:
    zones = ZONES[: values["zones"]]
    return [f"initial_{zone}" for zone in zones] + ([f"final_{zone}" for zone in zones] if values["removed"] else [])


def _fixed_faults(number: int, values: dict[str, Any], old: dict[str, Any]) -> list[Fault]:
    """What gives a meter's readings their meaning stays once it has some."""
    moved = [column for column in _FIXED if values[column] != old[column]]
    if not moved or not Reading.select().where(Reading.meter == old["id"]).exists():
        return []
    reason = "у счётчика уже есть показания: было «{}», менять нельзя; заведите новый счётчик"
    return [Fault(number, column, reason.format(old[column])) for column in moved]


def _load_readings(lines: list[Line], counts: Counts) -> None:
    closings.hold()
    meters = _meters_of_readings({values["serial"] for _, values in lines})
    months = {clock.period(values["taken"]) for _, values in lines}
    closed = {period for period in months if closings.is_closed(period)}
    mendable = bills.unissued([meter.account_id for meter in meters.values()], closed)
    stored = _stored_readings(meters.values(), months)
    known: dict[Any, list[Any]] = {}
    for one in stored:
        known.setdefault((one.meter_id, one.taken, one.channel, one.t1, one.t2, one.t3), []).append(one)
    counted = {(one.meter_id, one.period) for one in stored if one.state in COUNTED}
    fresh = []
    for number, given in lines:
        values = {"t2": None, "t3": None, **given}
        if faults := _reading_faults(number, values, meters):
            counts.refuse(*faults)
            continue
        meter, period = meters[values["serial"]], clock.period(values["taken"])
        alike = known.get((meter.id, *(values[name] for name in ("taken", "channel", *ZONES))), [])
        state = BILLED if values["state"] == ACCEPTED and period in closed else values["state"]
        old = _meant(alike, state, values.get("reason"))
        reason = values.get("reason", old.reason if old else "")
        if old and (old.state, old.reason) == (state, reason):
            counts.same += 1
        elif old and old.state == BILLED and (meter.account_id, period) not in mendable:
            counts.refuse(Fault(number, "state", "этот период уже рассчитан, показание не меняется"))
        elif state in COUNTED and (meter.id, period) in counted and not (old and old.state in COUNTED):
            counts.refuse(Fault(number, "state", "за этот месяц уже есть принятое показание этого счётчика"))
        elif old:
            _move(old, state, reason, counted)
            counts.changed += 1
        else:
            fresh.append({**_reading_row(meter, period, state, reason, values), "loaded_by": counts.loaded_by})
            counts.new += 1
            if state in COUNTED:
                counted.add((meter.id, period))
    if fresh:
        insert_rows(Reading, fresh)


def _meant(alike: list[Any], state: str, reason: str | None) -> Any | None:
    """Of stored readings alike (passed, corrected, passed again) the one a line repeats, else the one that counts, else the last."""
    same = (one for one in alike if one.state == state and reason in (None, one.reason))
    return next(same, None) or max(alike, key=lambda one: (one.state in COUNTED, one.id), default=None)


def _move(old: Any, state: str, reason: str, counted: set[tuple[int, str]]) -> None:
    """Give a stored reading another state; its month is then taken, or free for another reading."""
    Reading.update(state=state, reason=reason).where(Reading.id == old.id).execute()
    if state in COUNTED:
        counted.add((old.meter_id, old.period))
    elif old.state in COUNTED:
        counted.discard((old.meter_id, old.period))


def _meters_of_readings(serials: set[str]) -> dict[str, Any]:
    columns = (Meter.id, Meter.serial, Meter.zones, Meter.digits, Meter.installed, Meter.removed)
    query = Meter.select(*columns, Meter.account.alias("account_id"), Account.number.alias("account_number"))
    return {meter.serial: meter for meter in query.join(Account).where(Meter.serial.in_(serials)).namedtuples()}


def _stored_readings(meters: Iterable[Any], months: set[str]) -> list[Any]:
    """What the meters have already in these months."""
    columns = (
        Reading.id,
        Reading.meter.alias("meter_id"),
        Reading.period,
        Reading.taken,
        Reading.channel,
        Reading.state,
    )
    ids = [meter.id for meter in meters]
    return list(
        Reading.select(*columns, Reading.reason, Reading.t1, Reading.t2, Reading.t3)
        .where(Reading.meter.in_(ids), Reading.period.in_(months))
        .namedtuples()
    )


def _reading_faults(number: int, values: dict[str, Any], meters: dict[str, Any]) -> list[Fault]:
    meter = meters.get(values["serial"])
    if meter is None or meter.account_number != values["account"]:
        return [Fault(number, "serial", "такого счётчика на этом лицевом счёте нет; загрузите meters раньше")]
    faults = []
    for i, zone in enumerate(ZONES):
        if (values[zone] is None) == (i < meter.zones):
            extra = f"у счётчика {plural(meter.zones, 'зона', 'зоны', 'зон')}, значение лишнее"
            faults.append(Fault(number, zone, "пусто" if i < meter.zones else extra))
        elif values[zone] is not None and values[zone] >= 10**meter.digits:
            faults.append(Fault(number, zone, f"больше, чем помещается на {meter.digits} цифрах"))
    if values["taken"] < meter.installed or (meter.removed and values["taken"] > meter.removed):
        faults.append(Fault(number, "taken", "в этот день счётчик не стоял"))
    if values["taken"] > clock.today():
        faults.append(Fault(number, "taken", "этот день ещё не наступил"))
    return faults


def _reading_row(meter: Any, period: str, state: str, reason: str, values: dict[str, Any]) -> dict[str, Any]:
    return {
        "meter": meter.id, "account": meter.account_id, "period": period, "taken": values["taken"], "channel": values["channel"],
        "received_at": clock.utc(datetime.combine(values["taken"], time(12))), "state": state, "reason": reason,
        "trace": {"rule": "imported"}, **{zone: values[zone] for zone in ZONES},
    }  # fmt: skip


def _month_taken(values: dict[str, Any]) -> Any:
    return (values["serial"], clock.period(values["taken"])) if values["state"] == ACCEPTED else None


KINDS = (
    Kind("meters", METER_COLUMNS, lambda values: values["serial"], _load_meters, in_parts=True),
    Kind(
        "readings",
        READING_COLUMNS,
        lambda values: (values["serial"], values["taken"], values["channel"], values["t1"]),
        _load_readings,
        once=_month_taken,
        in_parts=True,
    ),
)
