"""The demo company: its files loaded through the same import a real company uses, its customers, and a little life this month."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from peewee import fn

from models import audit, clock, company, consents, periods, seal
from models.base import Refusal, database
from models.billing import run
from models.billing.bills import Bill
from models.exchange import imports, table
from models.exchange.kinds import KINDS
from models.metering import closings, intake, readings, standings
from models.metering.accounts import Account, Holding, link
from models.metering.meters import active, of_account
from models.people.customers import Customer
from models.people.passwords import hashed
from models.people.staff import Employee

FILES = ("days_off", "tariffs", "bands", "norms", "penalties", "offices", "accounts", "meters", "readings")
_FAR_TOO_MUCH = 40  # times the usual use: surely held


def load(folder: Path, note: Callable[[str], None] = lambda text: None) -> None:
    """Load a company's demo folder. Raises Refusal when one of its files has faults; a second time changes nothing."""
    begins = periods.first_day(clock.period())
    for kind in FILES:
        # The files reach into the future, so that the demo never grows old: what has not happened yet stays out.
        path = folder / f"{kind}.csv"
        counts = imports.load(kind, path, only=(lambda line: line["taken"] < begins) if kind == "readings" else None)
        refuse(path, counts.faults)
        note(f"{kind}: {counts.read}")
    note(f"payments: {_live(folder / 'payments.csv')}")
    facts = tomllib.loads((folder / "demo.toml").read_text("utf-8"))
    for facts_of_one in facts["customers"]:
        _customer(facts_of_one, facts["password"])
    for facts_of_one in facts["staff"]:
        _employee(facts_of_one, facts["password"])
    _this_month()
    audit.record("demo.loaded", f"company:{folder.name}")


def bill(period: str) -> None:
    """Bill a period that is over as if on its day; what looked wrong was looked at and went out.

    A company that imports its bills has none in the demo: its periods are closed.
    """
    if company.current().billing.by == "import":
        closings.close(period)
        return
    next_month = periods.first_day(periods.shift(period, 1))
    day = min(next_month.replace(day=company.current().billing.issue_day), clock.today())
    run.bill(period, issued_on=day)
    run.issue_held(period, issued_on=day)


def pay(source: Iterable[imports.Read], path: Path) -> int:
    """Take the payments of a month; how many were new."""
    counts = imports.take("payments", source, path.name)
    refuse(path, counts.faults)
    return counts.new


def is_empty() -> bool:
    return not Account.select().exists()


def _live(path: Path) -> int:
    """Month after month: the bills of the one before, then what was paid. How many payments there were."""
    paid = _payments_by_month(path)
    months, billed = _past_periods(), _last_billed()
    for period in months:
        if period > billed:
            bill(period)
        if own := paid.get(periods.shift(period, 1)):
            pay(own, path)
    return sum(len(paid.get(periods.shift(period, 1), ())) for period in months)


def _payments_by_month(path: Path) -> dict[str, list[imports.Read]]:
    """The lines of the payments before today, by the month of payment."""
    found: dict[str, list[imports.Read]] = {}
    for number, line in table.lines(path, KINDS["payments"].columns):
        if isinstance(line, list):
            refuse(path, line)
        elif line["paid"] < clock.today():
            found.setdefault(clock.period(line["paid"]), []).append((number, line))
    return found


def refuse(path: Path, faults: Sequence[table.Fault]) -> None:
    """Stop at the first fault of a file."""
    if faults:
        fault = faults[0]
        where = f"{path.parent.name}/{path.name}"
        raise Refusal(None, f"{where}, строка {fault.line}, {fault.column}: {fault.reason}")


def _last_billed() -> str:
    last = Bill.select(Bill.period).order_by(Bill.period.desc()).first()
    return last.period if last else ""


def _past_periods() -> list[str]:
    """All months from the first with a reading to the last that is over."""
    first = readings.Reading.select(fn.MIN(readings.Reading.period)).scalar()
    return periods.span(first, periods.shift(clock.period(), -1)) if first else []


def _customer(facts: dict[str, Any], password: str) -> None:
    if Customer.by_email(facts["email"]):
        return
    with database.atomic():
        customer = Customer.create(
            email=facts["email"],
            phone=facts["phone"],
            name=facts["name"],
            password_hash=hashed(password),
            created_at=clock.now(),
        )
        consents.give(
            customer.subject, company.current().consents["personal-data"], channel="web", account=facts["accounts"][0]
        )
        for number in facts["accounts"]:
            link(customer.id, Account.get(Account.number == number), primary=number == facts["accounts"][0], how="demo")


def _employee(facts: dict[str, Any], password: str) -> None:
    if not Employee.by_email(facts["email"]):
        now = clock.now()
        seed = {"factor_seed": seal.token(), "factor_since": now}
        Employee.create(**facts, password_hash=hashed(password), **seed, created_at=now)


def _this_month() -> None:
    """Some neighbours have passed their readings already: most plausible, a few that staff must look at."""
    held = Holding.select(Holding.account)
    neighbours = (
        Account.select().where(Account.id.not_in(held), Account.closed.is_null()).order_by(Account.number).limit(12)
    )
    for i, account in enumerate(neighbours):
        _pass(account, times=_FAR_TOO_MUCH if i % 5 == 4 else 1)


def _pass(account: Account, times: int) -> None:
    today = clock.today()
    if not active(of_account(account=account.id), today):
        return
    typed = {}
    for standing in standings.of_account(account.id, today):
        daily = standing.usual_daily or 3
        use = round(
            daily
            * max(1, (today - standing.previous_on) // timedelta(days=1))
            * times
            / standing.meter.ratio
            / standing.meter.zones
        )
        most = 10**standing.meter.digits
        typed[standing.meter.id] = tuple(str((value + use) % most) for value in standing.previous)
    try:
        intake.receive(account, typed, channel="web", key="demo", confirmed=True)
    except Refusal:  # the window is closed for a real clock in production-like tries: then nobody passes anything
        return
