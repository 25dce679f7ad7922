"""The kinds of import files: their columns, and how a batch of lines becomes rows. A repeat changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any

from models import clock, company
from models.base import pairs
from models.exchange.table import BadCell, Column, Fault, choice, day, hundredths, whole, words
from models.metering.accounts import Account, Office
from models.metering.channels import CHANNELS
from models.metering.meters import ZONES, Meter
from models.metering.readings import ACCEPTED, BILLED, COUNTED, HELD, REJECTED, REPLACED, Reading, is_closed
from models.people.customers import normal_email, normal_phone

Line = tuple[int, dict[str, Any]]
MOST_FAULTS = 1000


@dataclass
class Counts:
    """What a file did or would do."""

    read: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    bad: int = 0  # faults in all
    faults: list[Fault] = field(default_factory=list)  # the first of them: a million must not fill the memory

    def refuse(self, *faults: Fault) -> None:
        self.bad += len(faults)
        self.faults += faults[: max(0, MOST_FAULTS - len(self.faults))]


@dataclass(frozen=True)
class Kind:
    name: str
    columns: tuple[Column, ...]
    key: Callable[[dict[str, Any]], Any]  # what names a row; twice in one batch is loaded as two batches
    load: Callable[[list[Line], Counts], None]


def _account_number(text: str) -> str:
    number = company.current().normal_number(text)
    if number is None:
        raise BadCell(f"«{text[:40]}»: номер лицевого счёта — {company.current().number.hint}")
    return number


def _services(text: str) -> str:
    codes = [code.strip() for code in text.split(",")]
    if unknown := [code for code in codes if code not in company.current().services]:
        raise BadCell(f"услуги «{unknown[0][:40]}» у компании нет; есть: {', '.join(company.current().services)}")
    return ",".join(codes)


def _contact(normal: Callable[[str], str]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        try:
            return normal(text)
        except Exception as refusal:
            raise BadCell(str(refusal)) from None

    return parse


_DIALS = tuple(
    Column(f"{prefix}{zone}", whole(0, 10**9 - 1), required=False)
    for prefix in ("initial_", "final_")
    for zone in ZONES
)

OFFICE_COLUMNS = (
    Column("code", words(20)), Column("name", words(200)), Column("settlement", words(200)), Column("address", words(250)),
    Column("phone", words(60), False, ""), Column("hours", words(250), False, ""),
)  # fmt: skip
ACCOUNT_COLUMNS = (
    Column("account", _account_number), Column("office", words(20), False), Column("last_name", words(100)),
    Column("first_name", words(100)), Column("middle_name", words(100), False, ""), Column("settlement", words(200)),
    Column("street", words(200)), Column("house", words(20)), Column("flat", words(20), False, ""),
    Column("dwelling", choice("urban", "stove", "rural")), Column("persons", whole(0, 99)),
    Column("area_m2", hundredths), Column("services", _services), Column("access_code", words(20)), Column("opened", day),
    Column("closed", day, False), Column("email", _contact(normal_email), False, ""), Column("phone", _contact(normal_phone), False, ""),
)  # fmt: skip
METER_COLUMNS = (
    Column("account", _account_number), Column("serial", words(40)), Column("service", words(20)), Column("model", words(100)),
    Column("zones", whole(1, 3)), Column("digits", whole(3, 9)), Column("ratio", whole(1, 10_000), False, 1), Column("installed", day),
    Column("removed", day, False), *_DIALS, Column("verification_due", day, False),
)  # fmt: skip
READING_COLUMNS = (
    Column("account", _account_number), Column("serial", words(40)), Column("taken", day), Column("channel", choice(*CHANNELS)),
    Column("t1", whole(0, 10**9 - 1)), Column("t2", whole(0, 10**9 - 1), False), Column("t3", whole(0, 10**9 - 1), False),
    Column("state", choice(ACCEPTED, HELD, REJECTED, REPLACED)), Column("reason", words(250), False, ""),
)  # fmt: skip


def _load_offices(lines: list[Line], counts: Counts) -> None:
    _upsert(Office, ("code",), [values for _, values in lines], counts)


def _load_accounts(lines: list[Line], counts: Counts) -> None:
    offices = _ids(Office, Office.code, {values["office"] for _, values in lines if values["office"]})
    rows = []
    for number, values in lines:
        office = values.pop("office")
        if office and office not in offices:
            counts.refuse(Fault(number, "office", f"участка «{office}» нет; загрузите offices раньше"))
            continue
        rows.append(
            {"number": values.pop("account"), "office": offices.get(office), "area": values.pop("area_m2"), **values}
        )
    _upsert(Account, ("number",), rows, counts)


def _load_meters(lines: list[Line], counts: Counts) -> None:
    accounts = _ids(Account, Account.number, {values["account"] for _, values in lines})
    serials = [values["serial"] for _, values in lines]
    held = dict(pairs(Meter.select(Meter.serial, Meter.account).where(Meter.serial.in_(serials))))
    rows = []
    for number, values in lines:
        if faults := _meter_faults(number, values, accounts, held):
            counts.refuse(*faults)
            continue
        rows.append({**values, "account": accounts[values["account"]]})
    _upsert(Meter, ("serial",), rows, counts)


def _meter_faults(number: int, values: dict[str, Any], accounts: dict[str, int], held: dict[str, int]) -> list[Fault]:
    faults = []
    if values["account"] not in accounts:
        faults.append(Fault(number, "account", "такого лицевого счёта нет; загрузите accounts раньше"))
    elif held.get(values["serial"], accounts[values["account"]]) != accounts[values["account"]]:
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


def _load_readings(lines: list[Line], counts: Counts) -> None:
    serials = {values["serial"] for _, values in lines}
    meters = {
        meter.serial: meter
        for meter in Meter.select(Meter, Account.id, Account.number).join(Account).where(Meter.serial.in_(serials))
    }
    stored = _stored_readings(meters.values(), {clock.period(values["taken"]) for _, values in lines})
    known = {_reading_key(one.meter_id, one.taken, one.channel, (one.t1, one.t2, one.t3)): one for one in stored}
    counted = {(one.meter_id, one.period) for one in stored if one.state in COUNTED}
    closed: dict[str, bool] = {}
    fresh = []
    for number, values in lines:
        if faults := _reading_faults(number, values, meters):
            counts.refuse(*faults)
            continue
        meter, period = meters[values["serial"]], clock.period(values["taken"])
        if period not in closed:
            closed[period] = is_closed(period)
        state = BILLED if values["state"] == ACCEPTED and closed[period] else values["state"]
        dials = tuple(values[zone] for zone in ZONES)
        old = known.get(_reading_key(meter.id, values["taken"], values["channel"], dials))
        if old is not None and (old.state, old.reason) == (state, values["reason"]):
            counts.same += 1
        elif state in COUNTED and (meter.id, period) in counted and not (old is not None and old.state in COUNTED):
            counts.refuse(Fault(number, "state", "за этот месяц уже есть принятое показание этого счётчика"))
        elif old is not None:
            Reading.update(state=state, reason=values["reason"]).where(Reading.id == old.id).execute()
            counts.changed += 1
        else:
            fresh.append(_reading_row(meter, period, state, values))
            counts.new += 1
        if state in COUNTED:
            counted.add((meter.id, period))
    if fresh:
        Reading.insert_many(fresh).execute()


def _stored_readings(meters: Iterable[Any], months: set[str]) -> list[Any]:
    """What the meters have already in these months."""
    columns = (
        Reading.id,
        Reading.meter.alias("meter_id"),
        Reading.period,
        Reading.taken,
        Reading.channel,
        Reading.state,
        Reading.reason,
    )
    ids = [meter.id for meter in meters]
    return list(
        Reading.select(*columns, Reading.t1, Reading.t2, Reading.t3)
        .where(Reading.meter.in_(ids), Reading.period.in_(months))
        .namedtuples()
    )


def _reading_key(meter_id: int, taken: Any, channel: str, dials: tuple[int | None, ...]) -> Any:
    return meter_id, taken, channel, dials


def _reading_faults(number: int, values: dict[str, Any], meters: dict[str, Any]) -> list[Fault]:
    meter = meters.get(values["serial"])
    if meter is None or meter.account.number != values["account"]:
        return [Fault(number, "serial", "такого счётчика на этом лицевом счёте нет; загрузите meters раньше")]
    faults = []
    for i, zone in enumerate(ZONES):
        if (values[zone] is None) == (i < meter.zones):
            faults.append(
                Fault(number, zone, "пусто" if i < meter.zones else f"у счётчика {meter.zones} зон(ы), значение лишнее")
            )
        elif values[zone] is not None and values[zone] >= 10**meter.digits:
            faults.append(Fault(number, zone, f"больше, чем помещается на {meter.digits} цифрах"))
    if values["taken"] < meter.installed or (meter.removed and values["taken"] > meter.removed):
        faults.append(Fault(number, "taken", "в этот день счётчик не стоял"))
    if values["taken"] > clock.today():
        faults.append(Fault(number, "taken", "этот день ещё не наступил"))
    return faults


def _reading_row(meter: Any, period: str, state: str, values: dict[str, Any]) -> dict[str, Any]:
    return {
        "meter": meter.id, "account": meter.account_id, "period": period, "taken": values["taken"], "channel": values["channel"],
        "received_at": clock.utc(datetime.combine(values["taken"], time(12))), "state": state, "reason": values["reason"],
        "trace": {"rule": "imported"}, **{zone: values[zone] for zone in ZONES},
    }  # fmt: skip


def _upsert(table: Any, key: tuple[str, ...], rows: list[dict[str, Any]], counts: Counts) -> None:
    """Insert new rows and update changed ones, one statement for all; equal rows are not touched."""
    if not rows:
        return
    names = list(rows[0])
    fields = [table._meta.fields[name] for name in names]
    keys = [table._meta.fields[name] for name in key]
    found = table.select(*fields).where(keys[0].in_([row[key[0]] for row in rows])).tuples()
    stored = {values[names.index(key[0])]: values for values in found}
    wanted = []
    for row in rows:
        old = stored.get(row[key[0]])
        if old is None:
            counts.new += 1
        elif tuple(old) == tuple(row[name] for name in names):
            counts.same += 1
            continue
        else:
            counts.changed += 1
        wanted.append(row)
    if wanted:
        preserved = [table._meta.fields[name] for name in names if name not in key]
        table.insert_many(wanted).on_conflict(conflict_target=keys, preserve=preserved).execute()


def _ids(table: Any, column: Any, names: Iterable[str]) -> dict[str, int]:
    return dict(pairs(table.select(column, table._meta.primary_key).where(column.in_(list(names)))))


KINDS = {
    kind.name: kind
    for kind in (
        Kind("offices", OFFICE_COLUMNS, lambda values: values["code"], _load_offices),
        Kind("accounts", ACCOUNT_COLUMNS, lambda values: values["account"], _load_accounts),
        Kind("meters", METER_COLUMNS, lambda values: values["serial"], _load_meters),
        Kind(
            "readings",
            READING_COLUMNS,
            lambda values: (values["serial"], values["taken"], values["channel"], values["t1"]),
            _load_readings,
        ),
    )
}
