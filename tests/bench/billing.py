"""Speed and memory of the billing run on 1,000 to 100,000 accounts, beside a bare loop that inserts the same rows; and what rests on it.

`python -m tests.bench.billing ACCOUNTS FOLDER` is one size in a process of its own; it prints JSON.

A size is made of 200 invented accounts billed by the portal itself month after month, and copies of them in SQL: for the run it is a
usual month of a portal that has been billing for a while.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from peewee import fn

from models import base, clock, company, doctor, periods, schema, seal, settings
from models.base import Row, database, insert_rows
from models.billing import charges, explain, ledger, payments, qr, run
from models.billing.bills import Bill, Charge
from models.billing.charges import SCALE, Days, Quantity
from models.billing.ledger import Balance, Entry
from models.billing.shown import AVERAGE, PENALTY, READING, RECALCULATION, Line
from models.billing.tariffs import Tariffs
from models.metering import finding
from models.metering.accounts import Account
from models.metering.meters import Meter
from models.metering.readings import Reading
from tests import prices
from tests.bench.child import peak
from tests.bench.house import ROOT
from tests.bench.table import Table

SIZES, QUICK_SIZES = (1_000, 10_000, 100_000), (200, 1_000)
PAIRS, QUICK_PAIRS = 1_000_000, 20_000
CODES, QUICK_CODES = 20_000, 1_000
PERIOD = "2026-10"  # the one that is measured
BILLED_BEFORE = ("2026-06", "2026-07", "2026-08", "2026-09")
MONTHS = 12  # of readings before
INVENTED = 200
FIRST_ID = 700_000_001  # of accounts and their meters: digits that stand nowhere else, so a copy replaces them in texts
PERCENT_READ, PERCENT_PAY, PERCENT_PAY_HALF = 85, 80, 10
SEED = 2026
GROWTH = 1.3  # at most: an account of the largest size beside one of the smallest
COLUMNS = {
    "what": "what", "count": "how many", "seconds": "s", "speed": "a second", "each": "CPU ms each", "growth": "× the smallest",
    "control": "× bare inserts", "rss": "peak RSS MB",
}  # fmt: skip


def measure(*, quick: bool = False) -> Table:
    table = Table("billing", "The billing run, each size in a process of its own; and what rests on bills", COLUMNS)
    table.notes = [
        "Growth and «× bare inserts» go by CPU time: whatever else runs on the machine moves it least.",
        "«× bare inserts»: beside a loop that inserts the same rows, chunk by chunk, and works nothing out.",
        "Peak RSS is that of the run; start-up alone is some 60 MB of it.",
    ]
    sizes = QUICK_SIZES if quick else SIZES
    found = [_child(size) for size in sizes]
    base_cost = found[0]["cpu"] / found[0]["accounts"]
    for one in found:
        cost = one["cpu"] / one["accounts"]
        table.add(
            what="accounts billed", count=one["accounts"], seconds=round(one["seconds"], 2), speed=round(one["accounts"] / one["seconds"]),
            each=round(cost * 1000, 3), growth=round(cost / base_cost, 2), control=round(one["cpu"] / one["bare"], 1),
            rss=round(one["rss"]),
        )  # fmt: skip
        table.errors += one["errors"]
        if not quick and cost / base_cost > GROWTH:
            table.misses.append(
                f"{one['accounts']:,} accounts: {cost / base_cost:.2f} × the smallest a bill, > {GROWTH}"
            )
    table.add(what=f"doctor on {sizes[-1]:,} accounts", count=sizes[-1], seconds=round(found[-1]["doctor"], 2))
    _add(table, "pairs of bills explained, both cores", *_explained(QUICK_PAIRS if quick else PAIRS))
    _add(table, "payment codes put together", *_codes(QUICK_CODES if quick else CODES))
    return table


def _add(table: Table, what: str, count: int, seconds: float, errors: Sequence[str]) -> None:
    """A row of something worked out in memory; the seconds are of the CPU of the busiest process."""
    table.add(
        what=what, count=count, seconds=round(seconds, 2), speed=round(count / seconds), each=round(seconds / count * 1000, 3)
    )  # fmt: skip
    table.errors += errors


def _child(accounts: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="kabinet-billing-") as folder:
        command = [sys.executable, "-m", "tests.bench.billing", str(accounts), folder]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main(accounts: int, folder: Path) -> None:
    with month(accounts, folder):
        began, used = time.perf_counter(), time.process_time()
        summary = run.bill(PERIOD)
        seconds, cpu, rss = time.perf_counter() - began, time.process_time() - used, peak()
        errors = _wrong(summary, accounts)
        began = time.perf_counter()
        errors += doctor.complaints()
        asked = time.perf_counter() - began
        bare = _bare()
    found = {"accounts": accounts, "seconds": seconds, "cpu": cpu, "rss": rss}
    print(json.dumps({**found, "doctor": asked, "bare": bare, "errors": errors}))


def _wrong(summary: run.Summary, accounts: int) -> list[str]:
    done = summary.issued + summary.held_count
    if (done, summary.failed_count) == (accounts, 0):
        return []
    return [f"{accounts} accounts: {summary.issued} issued, {summary.held_count} held, {summary.failed[:3]} failed"]


# ---- a month ready for billing


@contextmanager
def month(accounts: int, folder: Path) -> Iterator[None]:
    """A database in the folder in which October is over and not billed; the clock stands at 3 November 2026."""
    company.use(_company())
    seal.use(settings.DEMO_SECRET)
    base.database.initialize(base.connect(f"sqlite:///{folder}/bench.db"))
    with base.connection():
        schema.migrate(base.database.obj)
        prices.load()
        _invent()
        for period in BILLED_BEFORE:
            _stand_after(period)
            if run.bill(period).issued != INVENTED:
                raise SystemExit(f"{period}: not every invented bill was issued; it is not a usual month")
            _pay(period)
        _multiply(accounts)
        finding.fill()
        _stand_after(PERIOD)
        yield
    base.database.close()


@cache
def _company() -> company.Company:
    return company.find("krasnoyarsk", ROOT / "companies")


def _stand_after(period: str) -> None:
    clock.freeze(clock.utc(datetime.fromisoformat(f"{periods.shift(period, 1)}-03T10:00")))


def _invent() -> None:
    """The accounts that are copied later: one zone and two, with capital repair or without, a year of readings."""
    dice = random.Random(SEED)
    accounts, meters, readings = [], [], []
    for i in range(INVENTED):
        own = FIRST_ID + i
        zones, dial = 2 if i % 2 else 1, [dice.randint(5_000, 60_000) for _ in range(2)]
        accounts.append({
            "id": own, "number": f"241{own}", "last_name": "Проба", "first_name": "Анна", "middle_name": "Сергеевна",
            "settlement": f"г. {'Красноярск' if i % 3 else 'Ачинск'}", "street": f"ул. {dice.randint(1, 40)}-я Полярная",
            "house": str(dice.randint(1, 99)), "flat": str(dice.randint(1, 120)), "dwelling": "urban", "persons": dice.randint(1, 5),
            "area": dice.randint(2800, 9000), "services": "electricity,repair" if i % 3 == 0 else "electricity",
            "access_code": f"{own}", "opened": date(2012, 4, 2), "email": "", "phone": "",
        })  # fmt: skip
        meters.append({
            "id": own, "account": own, "serial": f"B{own}", "service": "electricity", "model": "Меркурий 201", "zones": zones, "digits": 6,
            "installed": date(2025, 9, 20), "initial_t1": dial[0], "initial_t2": dial[1] if zones > 1 else None,
            "verification_due": date(2031, 1, 1), "ratio": 1,
        })  # fmt: skip
        readings += _read(own, zones, dial, dice)
    insert_rows(Account, accounts)
    insert_rows(Meter, meters)
    insert_rows(Reading, readings)


def _read(own: int, zones: int, dial: list[int], dice: random.Random) -> Iterator[dict[str, Any]]:
    """A year of readings, and the month's own; now and then one is missing."""
    usual = dice.randint(80, 260)
    for period in periods.span(periods.shift(PERIOD, -MONTHS), PERIOD):
        dial = [
            value + dice.randint(usual * 8 // 10, usual * 12 // 10) // (zone + 1) for zone, value in enumerate(dial)
        ]
        if dice.randint(1, 100) <= PERCENT_READ:
            day = periods.first_day(period).replace(day=dice.randint(18, 25))
            yield {
                "meter": own, "account": own, "period": period, "taken": day, "received_at": datetime(day.year, day.month, day.day, 5),
                "channel": "web", "t1": dial[0], "t2": dial[1] if zones > 1 else None, "state": "accepted", "reason": "",
                "trace": {"rule": "imported"},
            }  # fmt: skip


def _pay(period: str) -> None:
    """Most pay the whole bill a week later, some half of it, some nothing."""
    day = periods.first_day(periods.shift(period, 1)).replace(day=10)
    for account, total in base.pairs(Bill.select(Bill.account, Bill.total).where(Bill.period == period)):
        share = account % 100
        amount = total if share < PERCENT_PAY else total // 2 if share < PERCENT_PAY + PERCENT_PAY_HALF else 0
        if amount > 0:
            payments.take_external(account, amount, channel="bank", document=f"{period}/{account}", day=day)


def _multiply(accounts: int) -> None:
    """Copy the invented accounts in SQL until there are so many; readings are laid in the order of time, as they come in life."""
    if accounts % INVENTED:
        raise SystemExit(f"{accounts} is no multiple of {INVENTED}")
    last = Bill.period == BILLED_BEFORE[-1]
    bill_step, entry_step = _last_id(Bill), _last_id(Entry)
    entry = "json_extract(carry, '$.entry')"
    carry = f"replace({_named('carry')}, '\"entry\":' || {entry}, '\"entry\":' || ({entry} + n * {entry_step}))"
    payment_step = _last_id(payments.Payment)
    paid = "CAST(substr(source, 9, instr(substr(source, 9), ':') - 1) AS INTEGER)"  # of «payment:<id>:<service>»
    paid = f"'payment:' || ({paid} + n * {payment_step}) || ':' || service"
    source = f"CASE kind WHEN 'payment' THEN {paid} ELSE {_named('source')} END"
    with database.atomic():
        database.execute_sql("CREATE TEMP TABLE copy (n INTEGER PRIMARY KEY)")
        copies = [(n,) for n in range(1, accounts // INVENTED)]
        database.cursor().executemany("INSERT INTO copy VALUES (?)", copies)
        _copy(Account, id=_moved("id"), number=_named("number", "id"))
        _copy(Meter, id=_moved("id"), account_id=_moved("account_id"), serial=_named("serial"))
        _copy(Reading, order="taken, n", meter_id=_moved("meter_id"), account_id=_moved("account_id"))
        _copy(
            Bill, where=last, id=f"id + n * {bill_step}", account_id=_moved("account_id"), number=_named("number"),
            carry=carry,
        )  # fmt: skip
        _copy(Charge, where=Charge.bill.in_(Bill.select(Bill.id).where(last)), bill_id=f"bill_id + n * {bill_step}")
        _copy(Entry, id=f"id + n * {entry_step}", account_id=_moved("account_id"), source=source)
        _copy(Balance, account_id=_moved("account_id"))
        _copy(
            payments.Payment, id=f"id + n * {payment_step}", account_id=_moved("account_id"), number="number || '-' || n",
            document=_named("document"),
        )  # fmt: skip
        database.execute_sql("DROP TABLE copy")
    database.execute_sql("ANALYZE")
    database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def _copy(table: type[Row], where: Any = None, order: str = "n", **changed: str) -> None:
    """Copy a table's invented rows; `changed` are columns with their SQL, the key among them unless it counts by itself."""
    own = [field.column_name for field in table._meta.sorted_fields]  # type: ignore[attr-defined]
    names = [name for name in own if name != "id" or name in changed]
    rows, values = (table.select() if where is None else table.select().where(where)).sql()
    shown = ", ".join(changed.get(name, f'"{name}"') for name in names)
    columns = ", ".join(f'"{name}"' for name in names)
    into = f'INSERT INTO "{table._meta.table_name}" ({columns})'  # type: ignore[attr-defined]
    database.execute_sql(f"{into} SELECT {shown} FROM ({rows}), copy ORDER BY {order}", values)


def _moved(column: str) -> str:
    return f"{column} + n * {INVENTED}"


def _named(column: str, account: str = "account_id") -> str:
    """A text in which the account's id stands, with the copy's id instead."""
    return f"replace({column}, CAST({account} AS TEXT), CAST({_moved(account)} AS TEXT))"


def _last_id(table: type[Row]) -> int:
    return int(table.select(fn.MAX(table.id)).scalar())


# ---- the control


def _bare() -> float:
    """CPU seconds to insert the month's rows once more, as another month, in chunks as the run does."""
    seconds, last = 0.0, 0
    while True:
        query = Account.select(Account.id).where(Account.id > last).order_by(Account.id).limit(run.CHUNK)
        ids = [row[0] for row in query.tuples()]
        if not ids:
            return seconds
        last = ids[-1]
        own = Bill.select(Bill.id).where(Bill.account.in_(ids), Bill.period == PERIOD)
        rows = [
            _rows(Bill, Bill.account.in_(ids), Bill.period == PERIOD),
            _rows(Charge, Charge.bill.in_(own)),
            _rows(Entry, Entry.account.in_(ids), Entry.period == PERIOD, Entry.kind.in_(ledger.BILLED)),
        ]
        began = time.process_time()
        with database.atomic():
            for sql, values in rows:
                database.cursor().executemany(sql, values)
        seconds += time.process_time() - began


def _rows(table: type[Row], *where: Any) -> tuple[str, list[tuple[Any, ...]]]:
    """A statement and the rows for it: the table's own, moved where nothing of them is taken yet."""
    fields = [field for field in table._meta.sorted_fields if field.name != "id"]  # type: ignore[attr-defined]
    sql, values = table.select(*fields).where(*where).sql()
    changed = {"period": "2040-01", "number": "bare-{}", "source": "bare-{}"}
    found = database.execute_sql(sql, values).fetchall()
    rows = [tuple(_placed(field.name, cell, changed) for field, cell in zip(fields, row, strict=True)) for row in found]
    columns = ", ".join(f'"{field.column_name}"' for field in fields)
    marks = ", ".join("?" * len(fields))
    return f'INSERT INTO "{table._meta.table_name}" ({columns}) VALUES ({marks})', rows  # type: ignore[attr-defined]


def _placed(name: str, cell: Any, changed: dict[str, str]) -> Any:
    return cell + 1000 if name == "place" else changed[name].format(cell) if name in changed else cell


# ---- what rests on bills


def _explained(count: int) -> tuple[int, float, list[str]]:
    """Random pairs of months explained, each checked to add up to the kopeck, by one process a core."""
    workers = os.cpu_count() or 1
    with get_context("spawn").Pool(workers) as pool:
        done = pool.starmap(_explain, [(SEED + i, count // workers) for i in range(workers)])
    wrong = sum(one for _, one in done)
    return (
        count // workers * workers,
        max(seconds for seconds, _ in done),
        [f"{wrong} explanations do not add up"] if wrong else [],
    )


def _explain(seed: int, count: int) -> tuple[float, int]:
    dice = random.Random(seed)
    tariffs = _tariffs()
    months = [_lines(dice, tariffs) for _ in range(3_000)]
    pairs = [(dice.choice(months), dice.choice(months)) for _ in range(count)]
    wrong = 0
    began = time.process_time()
    for before, now in pairs:
        found = explain.difference(before, now)
        wrong += sum(part.amount for part in found.parts) != charges.amount_of(now) - charges.amount_of(before)
    return time.process_time() - began, wrong


def _tariffs() -> Tariffs:
    """Two years of dear and cheap prices for all plans and bands, a rise in the middle of a month among them."""
    rows = []
    for since, percent in ((date(2025, 1, 1), 100), (date(2026, 1, 1), 109), (date(2026, 7, 10), 117)):
        for plan, kopecks in prices.ELECTRICITY.items():
            for zone, price in zip(("t1", "t2", "t3"), kopecks, strict=False):
                for band in (1, 2, 3):
                    rows.append(
                        SimpleNamespace(
                            service="electricity", dwelling="", plan=plan, zone=zone, band=band, since=since, until=None,
                            price=price * percent * band, vat=22,
                        )
                    )  # fmt: skip
        rows.append(
            SimpleNamespace(service="repair", dwelling="", plan=0, zone="", band=1, since=since, until=None,
                            price=prices.REPAIR * percent, vat=0)
        )  # fmt: skip
    limits = [
        SimpleNamespace(service="electricity", dwelling="", since=date(2025, 1, 1), until=None, first=300, second=600)
    ]
    return Tariffs(rows, limits)


def _lines(dice: random.Random, tariffs: Tariffs) -> list[Line]:
    """A month as it may be: any plan, by meter or estimated, part of it only, with a recalculation or a penalty."""
    period = f"{dice.choice((2025, 2026))}-{dice.randint(1, 12):02}"
    whole = periods.days(period)
    first, last = periods.first_day(period), periods.last_day(period)
    if dice.random() < 0.1:
        first = first.replace(day=dice.randint(1, whole))
    days = Days(first, last, whole)
    plan = dice.randint(1, 3)
    zones = tuple(dice.randint(0, 500) * SCALE for _ in range(plan))
    trace = {"rule": AVERAGE, "days": [days.count, whole]}
    quantity = Quantity(plan, zones, dice.choice((READING, AVERAGE)), 1, trace)
    lines = charges.of_use("electricity", "urban", [quantity], days, tariffs)
    if dice.random() < 0.3:
        lines += charges.of_area("repair", "urban", dice.randint(2_000, 9_000), days, tariffs)
    if dice.random() < 0.2:
        lines.append(
            Line("electricity", RECALCULATION, AVERAGE, 0, 0, dice.randint(-90_000, 90_000), 22, plan, about="2025-12")
        )
    if dice.random() < 0.2:
        lines.append(Line("electricity", PENALTY, PENALTY, 0, 0, dice.randint(-500, 5_000)))
    return lines


def _codes(count: int) -> tuple[int, float, list[str]]:
    began = time.process_time()
    for i in range(count):
        text = qr.payment(
            _company(), account=f"2410{i:08}", holder=("Проба", "Анна", "Сергеевна"), address=f"г. Красноярск, ул. Мира, {i}",
            period=PERIOD, kopecks=100 + i,
        )  # fmt: skip
    return count, time.process_time() - began, [] if f"Sum={99 + count}" in text else ["a payment code without its sum"]


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
