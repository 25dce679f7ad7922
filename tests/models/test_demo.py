"""The demo of each company: as much life as contract promises, and nothing for the doctor to complain of."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from peewee import Database, fn

from models import clock, doctor, periods
from models import company as companies
from models.base import Refusal
from models.billing import ledger
from models.billing.bills import Bill, Charge
from models.billing.ledger import Entry
from models.billing.payments import Payment
from models.billing.tariffs import Tariff
from models.company import Company
from models.entrance.sign_in import sign_in
from models.exchange import demo
from models.metering import accounts, standings
from models.metering.accounts import Account, Holding
from models.metering.meters import Meter, verification_is_expired
from models.metering.readings import Reading, Receipt
from models.people.customers import Customer
from models.workdays import SpecialDay
from tests import cast
from tests.engines import Engine

COMPANIES = Path(__file__).resolve().parents[2] / "companies"
NAMES = ("krasnoyarsk", "kaluga", "koryak", "irkutsk")

each_company = pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.company(name)) for name in NAMES])


_snapshots: dict[str, sqlite3.Connection] = {}


@pytest.fixture
def loaded(db: Database, company: Company, engine: Engine) -> None:
    """The demo as one load has left it: loaded once a company, then copied. Its load on Postgres is a test of its own."""
    if engine.name == "postgres":
        pytest.skip("the same rows as on SQLite")
    if company.code in _snapshots:
        _snapshots[company.code].backup(db.connection())
        return
    demo.load(COMPANIES / company.code)
    copy = _snapshots[company.code] = sqlite3.connect(":memory:")
    db.connection().backup(copy)


@pytest.mark.postgres
def test_loads_on_postgres_as_well_twice(db: Database, company: Company) -> None:
    demo.load(COMPANIES / company.code)
    before = _sizes()
    demo.load(COMPANIES / company.code)
    assert _sizes() == before and min(before) > 0
    assert doctor.complaints() == []


@each_company
def test_loads_and_the_doctor_has_nothing_to_say(loaded: None, name: str) -> None:
    assert Account.select().count() >= 40
    assert doctor.complaints() == []


@each_company
def test_has_what_the_contract_lists(loaded: None, name: str) -> None:
    months = {row.period for row in Reading.select(Reading.period).distinct()}
    assert set(periods.span(periods.shift(clock.period(), -36), periods.shift(clock.period(), -1))) <= months
    assert {row.zones for row in Meter.select(Meter.zones).distinct()} == {1, 2, 3}
    assert Account.select().where(Account.id.not_in(Meter.select(Meter.account))).exists()
    assert any(verification_is_expired(meter, clock.today()) for meter in Meter.select())
    assert {"accepted", "billed", "held", "rejected", "replaced"} <= {
        row.state for row in Reading.select(Reading.state).distinct()
    }


@each_company
def test_anna_has_three_accounts_boris_one_of_them_vera_none(loaded: None, name: str) -> None:
    """And Anna's first one has two zones and awaits a reading."""
    ids = [sign_in(f"{who}@example.ru", "svet-i-teplo").customer.id for who in ("anna", "boris", "vera")]
    anna, boris, vera = ([row.number for row in accounts.held_by(customer=one)] for one in ids)
    assert len(anna) == 3 and set(anna) & set(boris)
    assert vera and not set(vera) & {*anna, *boris}
    standing = standings.of_account(accounts.one_of(ids[0], anna[0]).id, clock.today())[0]
    assert (standing.meter.zones, standing.current, bool(standing.usual_daily)) == (2, None, True)


def test_everyone_has_all_their_past_billed(loaded: None) -> None:
    assert not Reading.select().where(Reading.state == "accepted", Reading.period < clock.period()).exists()


@each_company
def test_all_the_past_has_issued_bills_of_its_day(loaded: None, name: str) -> None:
    months = periods.span("2023-10", periods.shift(clock.period(), -1))
    assert [row.period for row in Bill.select(Bill.period).distinct().order_by(Bill.period)] == months
    assert {row.state for row in Bill.select(Bill.state).distinct()} == {"issued"}
    days = {row.period: row.issued_on for row in Bill.select(Bill.period, Bill.issued_on).distinct()}
    assert days == {period: periods.first_day(periods.shift(period, 1)).replace(day=5) for period in months}


@each_company
def test_bills_have_everything_that_bills_can_have(loaded: None, name: str) -> None:
    lines = {(row.kind, row.basis) for row in Charge.select(Charge.kind, Charge.basis).distinct()}
    use = {("use", basis) for basis in ("reading", "average", "norm")}
    put_right = {("recalculation", basis) for basis in ("average", "norm")}
    assert use | put_right | {("penalty", "penalty")} <= lines
    assert {1, 2} <= {row.band for row in Charge.select(Charge.band).distinct()}
    october = {row.price for row in _prices("2026-10")}
    assert october and not october & {row.price for row in _prices("2026-09")}


def _prices(period: str) -> list[Any]:
    return list(
        Charge.select(Charge.price).join(Bill).where(Bill.period == period, Charge.kind == "use", Charge.quantity > 0)
    )


@each_company
def test_anna_pays_always_but_october_is_yet_to_be_paid(loaded: None, name: str) -> None:
    """Exactly the bill: files made by other rules than today's would leave a remainder. `make_demo.py` writes them anew."""
    for account in _accounts("anna"):
        bills = {row.period: row for row in Bill.select().where(Bill.account == account.id)}
        assert ledger.balance(account.id) == bills["2026-10"].total > 0
        days = [row.paid_on for row in Payment.select(Payment.paid_on).where(Payment.account == account.id)]
        assert len(days) > 20 and {24, 25, 26} >= {day.day for day in days}
        assert not any(row.penalty for row in bills.values())


@each_company
def test_vera_is_in_debt_for_half_a_year_with_penalties(loaded: None, name: str) -> None:
    account = _accounts("vera")[0]
    newest = Bill.select().where(Bill.account == account.id).order_by(Bill.period.desc())[:6]
    assert all(row.total > 0 for row in newest) and newest[0].penalty > 0
    last = Payment.select(fn.MAX(Payment.paid_on)).where(Payment.account == account.id).scalar()
    assert f"{last:%Y-%m}" == "2026-04"


@each_company
def test_boris_has_paid_in_advance(loaded: None, name: str) -> None:
    own = [account for account in _accounts("boris") if account.last_name == "Орлов"]
    assert any(row.total < 0 for row in Bill.select().where(Bill.account == own[0].id, Bill.period >= "2026-01"))


@each_company
def test_payments_come_by_many_channels_and_none_from_the_future(loaded: None, name: str) -> None:
    known = {row.channel for row in Payment.select(Payment.channel).distinct()}
    assert {"web", "sberbank", "bank", "cash"} < known
    assert Payment.select(fn.MAX(Payment.paid_on)).scalar() < clock.today()


def _accounts(who: str) -> list[Any]:
    customer = Customer.by_email(f"{who}@example.ru")
    assert customer
    return list(Account.of(customer.id).order_by(Holding.id))


def test_second_time_changes_nothing(loaded: None, company: Company) -> None:
    before = _sizes()
    demo.load(COMPANIES / company.code)
    assert _sizes() == before and min(before) > 0


def _sizes() -> list[int]:
    tables = (Account, Meter, Reading, Receipt, Customer, Holding, Bill, Charge, Entry, Payment, Tariff, SpecialDay)
    return [table.select(fn.COUNT(table.id)).scalar() for table in tables]


def test_nothing_of_the_future(loaded: None) -> None:
    assert not Reading.select().where(Reading.taken > clock.today()).exists()


def test_a_year_later_the_demo_is_as_fresh(
    db: Database, company: Company, at: Callable[[str], datetime], engine: Engine
) -> None:
    if engine.name == "postgres":
        pytest.skip("the same rows as on SQLite")
    at("2027-11-20T10:00")
    demo.load(COMPANIES / company.code)
    months = {row.period for row in Reading.select(Reading.period).distinct()}
    assert {"2027-10", "2027-11"} <= months
    assert Bill.select(fn.MAX(Bill.period)).scalar() == "2027-10"
    assert f"{Payment.select(fn.MAX(Payment.paid_on)).scalar():%Y-%m}" == "2027-11"
    assert doctor.complaints() == []


def test_company_that_imports_its_bills_has_closed_periods(
    db: Database, company: Company, monkeypatch: pytest.MonkeyPatch, engine: Engine
) -> None:
    if engine.name == "postgres":
        pytest.skip("the same rows as on SQLite")
    monkeypatch.setattr(companies, "_current", replace(company, billing=replace(company.billing, by="import")))
    demo.load(COMPANIES / company.code)
    assert not Bill.select().exists() and Payment.select().exists()
    assert not Reading.select().where(Reading.state == "accepted", Reading.period < clock.period()).exists()
    assert doctor.complaints() == []


def test_empty_until_it_is_loaded(db: Database, company: Company) -> None:
    assert demo.is_empty()
    cast.account(54)
    assert not demo.is_empty()


def test_faulty_file_is_named(db: Database, company: Company, tmp_path: Path) -> None:
    for kind in ("days_off", "tariffs", "bands", "norms", "penalties"):
        (tmp_path / f"{kind}.csv").write_bytes((COMPANIES / company.code / f"{kind}.csv").read_bytes())
    (tmp_path / "offices.csv").write_text("code;name;settlement;address\n;Участок;г. Канск;ул. Мира\n", "utf-8")
    with pytest.raises(Refusal, match=r"offices\.csv, строка 2, code: пусто"):
        demo.load(tmp_path)


def test_faulty_payment_is_named(db: Database, company: Company, tmp_path: Path) -> None:
    for path in (COMPANIES / company.code).glob("*.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    head, first, *_ = (tmp_path / "payments.csv").read_text("utf-8").splitlines()
    (tmp_path / "payments.csv").write_text(f"{head}\n{first}\n{first.replace('.', ',1', 1)}\n", "utf-8")
    with pytest.raises(Refusal, match=r"payments\.csv, строка 3, "):
        demo.load(tmp_path)
