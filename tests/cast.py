"""The fixed cast of the tests, built as rows: Anna the owner, Boris the relative, Vera the stranger.

Anna's flat has a two-zone meter read on the 20th of each month from November 2025 to October 2026: 120 kWh by day and 60 by night a
month. The October values are 6320 and 2660, so on 20 November 2026 some 184 kWh would be usual.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from models import clock, company, consents, periods, seal
from models.metering import finding
from models.metering.accounts import Account, link
from models.metering.meters import Meter
from models.metering.readings import Reading
from models.people import passwords
from models.people.customers import Customer
from models.people.staff import Employee

PASSWORD = "svet-i-teplo"
SECRET = "9621"  # the last four characters of the number of Anna's meter
PREVIOUS = (6320, 2660)  # on Anna's meter on 20 October 2026
USUAL = (6440, 2720)  # what Anna's meter shows a month later

_NUMBERS = {"krasnoyarsk": "2410100{:05d}", "kaluga": "4001{:05d}", "koryak": "4110{:05d}", "irkutsk": "ИНЗБ381{:05d}"}


@dataclass
class Person:
    """One of the cast with the primary account and its meter, if there is one."""

    customer: Customer
    account: Account
    meter: Meter | None = None

    @property
    def id(self) -> int:
        return self.customer.id


def anna(*, history: bool = True) -> Person:
    """The owner: e-mail confirmed, the flat linked and primary, a year of readings (none with history=False)."""
    flat = account(54, last_name="Иванова", first_name="Анна", middle_name="Сергеевна", access_code="16359559")
    meter = hang(flat, "87749621", zones=2, initial=(5000, 2000), installed="2025-10-21")
    if history:
        for i, period in enumerate(periods.span("2025-11", "2026-10")):
            read(meter, f"{period}-20", 5000 + 120 * i, 2000 + 60 * i)
    return Person(customer("anna@example.ru", "Анна Сергеевна", flat), flat, meter)


def boris(relative: Person) -> Person:
    """The relative: a flat of his own without a meter, and Anna's linked beside it."""
    flat = account(127, last_name="Орлов", first_name="Борис", access_code="40217733")
    him = Person(customer("boris@example.ru", "Борис Петрович", flat), flat)
    link(him.id, relative.account)
    return him


def vera() -> Person:
    """The stranger: a house in the country, a one-zone meter hung on 1 September 2026, one reading, no usual use worth the name."""
    house = account(171, last_name="Седых", first_name="Вера", dwelling="rural", flat="", access_code="55501122")
    meter = hang(house, "009450235068549", initial=(11882,), installed="2026-09-01")
    read(meter, "2026-10-20", 12000)
    return Person(customer("vera@example.ru", "Вера Николаевна", house), house, meter)


def number(n: int) -> str:
    """An account number as the present company writes them."""
    return _NUMBERS[company.current().code].format(n)


def account(n: int, **facts: Any) -> Account:
    usual = {
        "last_name": "Жилец", "first_name": "Некий", "settlement": "г. Красноярск", "street": "ул. Садовая", "house": "33", "flat": "91",
        "dwelling": "urban", "persons": 3, "area": 5790, "services": "electricity", "access_code": f"{n:08d}", "opened": date(2012, 4, 2),
    }  # fmt: skip
    made = Account.create(number=number(n), **{**usual, **facts})
    finding.refresh([made.id])
    return made


def customer(email: str, name: str, *accounts: Account) -> Customer:
    """A customer with consent given; the first of the accounts is primary."""
    made = Customer.create(
        email=email, name=name, phone="+79135550123", password_hash=passwords.hashed(PASSWORD), created_at=clock.now()
    )
    number = accounts[0].number if accounts else ""
    consents.give(made.subject, company.current().consents["personal-data"], channel="web", account=number)
    for one in accounts:
        link(made.id, one, primary=one is accounts[0])
    return made


def employee(role: str = "clerk", *, email: str = "", name: str = "", office: str = "") -> Employee:
    """Somebody of the staff, password and second factor set."""
    email = email or f"{role}@example.ru"
    now = clock.now()
    return Employee.create(
        email=email, name=name or email.partition("@")[0].capitalize(), role=role, office=office,
        password_hash=passwords.hashed(PASSWORD), factor_seed=seal.token(), factor_since=now, created_at=now,
    )  # fmt: skip


def hang(
    account: Account,
    serial: str,
    *,
    zones: int = 1,
    digits: int = 5,
    ratio: int = 1,
    initial: tuple[int, ...] = (0,),
    installed: str = "2019-06-15",
    removed: str | None = None,
    final: tuple[int, ...] = (),
    **facts: Any,
) -> Meter:
    dials = {
        f"{kind}_t{i}": value
        for kind, row in (("initial", initial), ("final", final))
        for i, value in enumerate(row, 1)
    }
    usual = {"service": "electricity", "model": "Меркурий 200.02"}
    made = Meter.create(
        account=account, serial=serial, zones=zones, digits=digits, ratio=ratio, installed=date.fromisoformat(installed),
        removed=date.fromisoformat(removed) if removed else None, **{**usual, **dials, **facts},
    )  # fmt: skip
    finding.refresh([account.id])
    return made


def read(
    meter: Meter, day: str, *values: int, state: str = "accepted", channel: str = "web", reason: str = ""
) -> Reading:
    """A reading that is there already, as an import would have stored it."""
    taken = date.fromisoformat(day)
    return Reading.create(
        meter=meter, account=meter.account_id, period=clock.period(taken), taken=taken, channel=channel, state=state, reason=reason,
        received_at=clock.utc(datetime.combine(taken, time(12))), trace={"rule": "imported"},
        **{f"t{i}": value for i, value in enumerate(values, 1)},
    )  # fmt: skip
