"""The demo of each company: as much life as contract promises, and nothing for the doctor to complain of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from peewee import Database, fn

from models import clock, doctor, periods
from models.base import Refusal
from models.company import Company
from models.entrance.sign_in import sign_in
from models.exchange import demo
from models.metering import accounts, standings
from models.metering.accounts import Account, Holding
from models.metering.meters import Meter, verification_is_expired
from models.metering.readings import Reading, Receipt
from models.people.customers import Customer
from tests.engines import Engine

COMPANIES = Path(__file__).resolve().parents[2] / "companies"
NAMES = ("krasnoyarsk", "kaluga", "koryak", "irkutsk")

each_company = pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.company(name)) for name in NAMES])


@pytest.fixture
def loaded(db: Database, company: Company, engine: Engine) -> None:
    if engine.name == "postgres" and company.code != "krasnoyarsk":
        pytest.skip("one company is enough for Postgres")
    demo.load(COMPANIES / company.code)


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


def test_second_time_changes_nothing(loaded: None, company: Company) -> None:
    def sizes() -> list[int]:
        return [
            table.select(fn.COUNT(table.id)).scalar() for table in (Account, Meter, Reading, Receipt, Customer, Holding)
        ]

    before = sizes()
    demo.load(COMPANIES / company.code)
    assert sizes() == before


def test_nothing_of_the_future(loaded: None) -> None:
    assert not Reading.select().where(Reading.taken > clock.today()).exists()


def test_a_year_later_the_demo_is_as_fresh(db: Database, company: Company, at: Callable[[str], datetime]) -> None:
    at("2027-11-20T10:00")
    demo.load(COMPANIES / company.code)
    months = {row.period for row in Reading.select(Reading.period).distinct()}
    assert {"2027-10", "2027-11"} <= months
    assert doctor.complaints() == []


def test_empty_until_it_is_loaded(db: Database, company: Company) -> None:
    assert demo.is_empty()
    demo.load(COMPANIES / company.code)
    assert not demo.is_empty()


def test_faulty_file_is_named(db: Database, company: Company, tmp_path: Path) -> None:
    (tmp_path / "offices.csv").write_text("code;name;settlement;address\n;Участок;г. Канск;ул. Мира\n", "utf-8")
    with pytest.raises(Refusal, match=r"offices\.csv, строка 2, code: пусто"):
        demo.load(tmp_path)
