"""Bills read back for a page or paper, and what an account owes now."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from peewee import Database

from models import periods
from models.billing import bills, ledger, owed, payments, run
from models.billing.bills import Bill, Charge
from models.billing.shown import Dial
from models.metering import reading_links
from tests import cast, prices

SITE = "https://kabinet.example"
YEAR = periods.span("2025-10", "2026-10")


@pytest.fixture
def anna(db: Database) -> cast.Person:
    prices.load()
    return cast.anna()


def opened(person: cast.Person, period: str = "2026-10") -> bills.Open:
    return bills.Open(person.account, period)


def shown(person: cast.Person, period: str = "2026-10") -> Any:
    found = opened(person, period)
    return found.shown(found.lines().get(period, []), SITE)


def test_number_of_a_bill() -> None:
    assert bills.number_of("241010000054", "2026-10") == "2610-241010000054"


def test_dial_survives_its_facts() -> None:
    for now, day in (((6320, 2660), date(2026, 10, 20)), (None, None)):
        dial = Dial("electricity", "8774", "Меркурий", 2, 20, (6200, 2600), date(2026, 9, 20), now, day, 180)
        assert bills._dial(bills.dial_facts(dial)) == dial


def test_bill_is_read_with_those_it_is_compared_with(anna: cast.Person) -> None:
    for month in YEAR:
        run.bill(month)
        run.issue_held(month)  # the second month gives the norm of the first one back
    found = opened(anna)
    assert sorted(found.lines()) == ["2025-10", "2026-09", "2026-10"]
    assert found.is_there and not opened(anna, "2026-11").is_there
    bill = shown(anna)
    assert [month.period for month in bill.months] == YEAR[1:]
    assert [(month.charged, month.volume, month.basis) for month in bill.months][-1] == (72_000, 180, "reading")


def test_bill_shows_whose_it_is_and_where_to_pass_readings(anna: cast.Person) -> None:
    run.bill("2026-10")
    bill = shown(anna)
    assert (bill.holder, bill.number, bill.access_code) == (
        "Иванова Анна Сергеевна",
        f"2610-{anna.account.number}",
        "16359559",
    )
    assert (bill.issued_on, bill.due_on) == (date(2026, 11, 20), date(2026, 11, 16))
    token = bill.readings_url.removeprefix(f"{SITE}/r/")
    named = reading_links.find(token)
    assert named is not None and (named.account.id, named.period) == (anna.account.id, "2026-11")
    assert "Sum=72000" in bill.qr and bill.norms == ("Электроэнергия: 80\u00a0кВт⋅ч на человека в месяц",)


def test_nothing_owed_no_payment_code(anna: cast.Person) -> None:
    payments.take_external(anna.account.id, 100_000, channel="bank", document="1", day=date(2026, 10, 10))
    run.bill("2026-10")
    bill = shown(anna)
    assert (bill.total, bill.qr) == (-28_000, "")
    (service,) = bill.services
    assert (service.opening, service.paid, service.charged) == (0, 100_000, 72_000)


@pytest.mark.parametrize("state", ["held", "failed"])
def test_bill_that_was_not_issued_is_not_shown(anna: cast.Person, state: str) -> None:
    run.bill("2026-09")
    run.bill("2026-10")
    Bill.update(state=state).where(Bill.period == "2026-10").execute()
    assert not opened(anna).is_there and "2026-10" not in opened(anna).lines()
    assert bills.newest.first(account=anna.account.id).period == "2026-09"
    now = owed.now(anna.account.id)
    assert now.bill is not None and now.bill.period == "2026-09"


def test_bills_of_others_are_not_read(anna: cast.Person) -> None:
    vera = cast.vera()
    run.bill("2026-10")
    numbers = {Charge.get_by_id(row.id).bill.account_id for row in Charge.select()}
    assert numbers == {anna.account.id, vera.account.id}
    assert shown(vera).total == 118 * 400 and len(opened(vera).lines()["2026-10"]) == 1


def test_what_is_owed_now(anna: cast.Person) -> None:
    assert owed.now(anna.account.id) == owed.Owed({}, None, None, "", "")
    run.bill("2026-09")
    run.bill("2026-10")
    payments.take_external(anna.account.id, 50_000, channel="bank", document="1", day=date(2026, 11, 10))
    order = payments.start(
        anna.account, {"electricity": 10_000}, customer_id=anna.id, email="", key="k", consented=True
    )
    now = owed.now(anna.account.id)
    assert (now.total, now.difference, now.unfinished, now.first_period) == (94_000, 0, order.number, "2026-09")
    assert now.days_left(date(2026, 11, 11)) == 5


def test_advance_for_one_service_pays_no_debt_for_another(anna: cast.Person) -> None:
    run.bill("2026-10")
    ledger.post(ledger.New(anna.account.id, "repair", ledger.PAYMENT, -200_000, date(2026, 11, 1), "test:1"))
    now = owed.now(anna.account.id)
    assert (now.total, now.due) == (-128_000, 72_000)
    assert (now.debts, now.advances, now.parts) == ({"electricity": 72_000}, {"repair": 200_000}, None)
    assert owed.due_by_number([anna.account.number, "none"]) == {anna.account.number: 72_000}


def test_debt_is_taken_apart_and_the_oldest_of_it_is_paid_first(anna: cast.Person) -> None:
    run.bill("2026-09")
    run.bill("2026-10")
    assert owed.now(anna.account.id).parts == (72_000, 72_000, 0)
    payments.take_external(anna.account.id, 50_000, channel="bank", document="1", day=date(2026, 11, 10))
    assert owed.now(anna.account.id).parts == (22_000, 72_000, 0)
    payments.take_external(anna.account.id, 22_000, channel="bank", document="2", day=date(2026, 11, 10))
    assert owed.now(anna.account.id).parts is None


def test_difference_of_months_that_do_not_follow_is_none(anna: cast.Person) -> None:
    run.bill("2026-08")
    run.bill("2026-09")
    run.bill("2026-10")
    Bill.update(state="held").where(Bill.period == "2026-09").execute()
    assert owed.now(anna.account.id).difference is None
