"""The demo company: its files loaded through the same import a real company uses, its customers, and a little life this month."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from models import audit, clock, company, consents, periods
from models.base import Refusal, database
from models.exchange import imports
from models.metering import closings, intake, readings, standings
from models.metering.accounts import Account, Holding, link
from models.metering.meters import active, of_account
from models.people.customers import Customer
from models.people.passwords import hashed

FILES = ("offices", "accounts", "meters", "readings")
_FAR_TOO_MUCH = 40  # times the usual use: surely held


def load(folder: Path, note: Callable[[str], None] = lambda text: None) -> None:
    """Load a company's demo folder. Raises Refusal when one of its files has faults; a second time changes nothing."""
    begins = periods.first_day(clock.period())
    for kind in FILES:
        # The files reach into the future, so that the demo never grows old: what has not happened yet stays out.
        counts = imports.load(
            kind, folder / f"{kind}.csv", only=(lambda line: line["taken"] < begins) if kind == "readings" else None
        )
        if counts.faults:
            fault = counts.faults[0]
            raise Refusal(None, f"{folder.name}/{kind}.csv, строка {fault.line}, {fault.column}: {fault.reason}")
        note(f"{kind}: {counts.read}")
    for period in _past_periods():
        closings.close(period)
    facts = tomllib.loads((folder / "demo.toml").read_text("utf-8"))
    for facts_of_one in facts["customers"]:
        _customer(facts_of_one, facts["password"])
    _this_month()
    audit.record("demo.loaded", f"company:{folder.name}")


def is_empty() -> bool:
    return not Account.select().exists()


def _past_periods() -> list[str]:
    query = readings.Reading.select(readings.Reading.period).distinct().where(readings.Reading.period < clock.period())
    return sorted(row.period for row in query)


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
