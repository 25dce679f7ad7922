"""The billing run: each account once, restartable, what is odd held, what cannot be worked out told."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from peewee import fn

from models.base import Refusal
from models.billing import bills, ledger, payments, run
from models.billing.bills import Bill, Charge
from models.billing.drafts import Clerk
from models.billing.ledger import Balance, Entry
from models.billing.shown import PENALTY, RECALCULATION
from models.billing.tariffs import Tariff
from models.metering import closings
from models.metering.readings import Reading
from tests import cast, prices

OCTOBER = "2026-10"


@pytest.fixture
def anna(db: Any) -> cast.Person:
    prices.load()
    return cast.anna()


def only_bill(person: cast.Person, period: str = OCTOBER) -> Bill:
    return Bill.get(Bill.account == person.account, Bill.period == period)


def test_bill_of_two_zones(anna: cast.Person) -> None:
    """120 kWh by day at 4,60 and 60 by night at 2,80."""
    summary = run.bill(OCTOBER)
    assert (summary.issued, summary.charged, summary.held, summary.failed) == (1, 55200 + 16800, [], [])
    assert ledger.by_service(anna.account.id) == {"electricity": 72000}
    bill = only_bill(anna)
    assert (bill.state, bill.total, bill.number) == ("issued", 72000, f"2610-{anna.account.number}")


def test_due_on_the_next_working_day(anna: cast.Person) -> None:
    run.bill(OCTOBER)  # 15 November 2026 is a Sunday
    assert only_bill(anna).due_on == date(2026, 11, 16)


def test_second_run_bills_nothing(anna: cast.Person) -> None:
    run.bill(OCTOBER)
    again = run.bill(OCTOBER)
    assert (again.issued, again.skipped) == (0, 1)
    assert (Bill.select().count(), ledger.balance(anna.account.id)) == (1, 72000)


def test_readings_stand_once_billed(anna: cast.Person) -> None:
    run.bill(OCTOBER)
    assert closings.is_closed(OCTOBER)
    assert {row.state for row in Reading.select().where(Reading.period == OCTOBER)} == {"billed"}


def test_run_restarts_where_it_was_killed(anna: cast.Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second chunk dies: the first stands, the next run does the rest."""
    cast.boris(anna), cast.vera()
    monkeypatch.setattr(run, "CHUNK", 1)
    draw, seen = Clerk.draw, []

    def dies(self: Any, account: Any, *rest: Any) -> Any:
        seen.append(account.id)
        if len(seen) == 2:
            raise RuntimeError("killed")
        return draw(self, account, *rest)

    monkeypatch.setattr(Clerk, "draw", dies)
    with pytest.raises(RuntimeError):
        run.bill(OCTOBER)
    assert Bill.select().count() == 1
    monkeypatch.setattr(Clerk, "draw", draw)
    summary = run.bill(OCTOBER)
    assert (summary.skipped, Bill.select().count()) == (1, 3)


def test_tariff_gap_stops_that_account_alone(anna: cast.Person) -> None:
    vera = cast.vera()  # one zone
    Tariff.delete().where(Tariff.plan == 1).execute()
    summary = run.bill(OCTOBER)
    assert [account for account, _ in summary.failed] == [vera.account.number]
    assert "Нет тарифа: electricity" in summary.failed[0][1]
    assert only_bill(anna).state == "issued"
    assert ledger.balance(vera.account.id) == 0


def test_failed_bill_is_tried_again(anna: cast.Person) -> None:
    Tariff.update(until=date(2026, 10, 10)).where(Tariff.plan == 2).execute()
    assert run.bill(OCTOBER).failed_count == 1
    Tariff.update(until=None).execute()
    assert run.bill(OCTOBER).issued == 1
    assert only_bill(anna).total == 72000


@pytest.mark.parametrize(("period", "rule"), [("2026-11", "billing.early"), ("2027-01", "billing.early")])
def test_month_that_is_not_over(anna: cast.Person, period: str, rule: str) -> None:
    with pytest.raises(Refusal) as refusal:
        run.bill(period)
    assert refusal.value.problems[0].rule == rule


def test_no_month_is_left_out(anna: cast.Person) -> None:
    run.bill("2026-08")
    with pytest.raises(Refusal, match="2026-09"):
        run.bill(OCTOBER)


def test_earlier_months_stay_as_they_are(anna: cast.Person) -> None:
    run.bill("2026-09")
    with pytest.raises(Refusal, match="уже выставлены"):
        run.bill("2026-08")


NEXT_BILLING = {
    "2026-11": "2026-12-03T10:00",
    "2026-12": "2027-01-03T10:00",
    "2027-01": "2027-02-03T10:00",
    "2027-02": "2027-03-03T10:00",
    "2027-03": "2027-04-03T10:00",
}


def live_to(at: Any, last: str) -> None:
    """Bill each month in its turn, from November 2026 on."""
    for period, moment in NEXT_BILLING.items():
        at(moment)
        run.bill(period)
        if period == last:
            return


def test_averages_then_norm_then_recalculation(anna: cast.Person, at: Any) -> None:
    """Three months by the average of 110 and 55, one at the norm of 240 in one zone; then 1000 kWh for five months."""
    run.bill(OCTOBER)
    live_to(at, "2027-02")
    estimates = [only_bill(anna, period) for period in list(NEXT_BILLING)[:4]]
    average = 110 * 460 + 55 * 280
    assert [(bill.basis, bill.charged) for bill in estimates] == [("average", average)] * 3 + [("norm", 96000)]
    at("2027-03-20T10:00")
    cast.read(anna.meter, "2027-03-20", 6320 + 600, 2660 + 400)  # 120 and 80 a month
    at("2027-04-03T10:00")
    run.bill("2027-03")
    bill = only_bill(anna, "2027-03")
    month = 120 * 460 + 80 * 280
    assert (bill.charged, bill.recalculated) == (month, 3 * (month - average) + (month - 96000))
    lines = list(Charge.select().where(Charge.bill == bill, Charge.kind == RECALCULATION).order_by(Charge.place))
    assert [line.about for line in lines] == ["2026-11", "2026-12", "2027-01", "2027-02"]
    assert lines[0].reason.replace("\u00a0", " ") == "ноябрь 2026: по среднему было 165 кВт⋅ч, по показаниям 200 кВт⋅ч"
    use = Entry.select(fn.SUM(Entry.amount)).where(Entry.kind != PENALTY).scalar()
    assert use == 72000 + 5 * month


def test_penalty_of_late_months(anna: cast.Person, at: Any) -> None:
    """720,00 due on 16 November 2026: nothing for 30 days, then 720 × 9,5 % / 300 a day, from 17 December on."""
    run.bill(OCTOBER)
    live_to(at, "2026-12")
    assert only_bill(anna, "2026-11").penalty == 0
    fine = Charge.get(Charge.bill == only_bill(anna, "2026-12"), Charge.kind == PENALTY)
    assert fine.amount == 342  # 15 days at 22,8 kopecks


def test_payment_known_late_takes_the_penalty_back(anna: cast.Person, at: Any) -> None:
    """A bank reports in January what was paid on 10 November."""
    run.bill(OCTOBER)
    live_to(at, "2026-12")
    payments.take_external(anna.account.id, 72000, channel="bank", document="7", day=date(2026, 11, 10))
    at(NEXT_BILLING["2027-01"])
    run.bill("2027-01")
    bill = only_bill(anna, "2027-01")
    november = only_bill(anna, "2026-11").charged
    own = round(november * 950 / 10_000 / 300 * 16)  # of November, due on 15 December: 15 to 31 January and no day more
    assert abs(bill.penalty - (own - 342)) <= 30
    service = bill.facts["services"][0]
    assert (service["paid"], service["closing"]) == (72000, ledger.balance(anna.account.id))


def test_ten_times_the_usual_is_held(anna: cast.Person, at: Any) -> None:
    for month in ("2026-08", "2026-09", OCTOBER):
        run.bill(month)
    cast.read(anna.meter, "2026-11-20", 6320 + 20000, 2660)
    at("2026-12-03T10:00")
    summary = run.bill("2026-11")
    assert summary.held_count == 1
    before = ledger.balance(anna.account.id)
    assert before == only_bill(anna).total
    assert run.issue_held("2026-11") == 1
    assert ledger.balance(anna.account.id) == only_bill(anna, "2026-11").total > before
    assert run.issue_held("2026-11") == 0


def test_dropped_bill_is_worked_out_anew(anna: cast.Person, at: Any) -> None:
    for month in ("2026-08", "2026-09", OCTOBER):
        run.bill(month)
    wrong = cast.read(anna.meter, "2026-11-20", 6320 + 20000, 2660)
    at("2026-12-03T10:00")
    run.bill("2026-11")
    assert run.drop_held("2026-11", [anna.account.number]) == 1
    Reading.update(t1=6320 + 120, t2=2660 + 60).where(Reading.id == wrong.id).execute()
    assert run.bill("2026-11").issued == 1
    assert only_bill(anna, "2026-11").charged == 72000


def test_balance_is_the_sum_of_entries(anna: cast.Person) -> None:
    run.bill(OCTOBER)
    payments.take_external(anna.account.id, 50000, channel="bank", document="1", day=date(2026, 11, 10))
    assert Balance.get().amount == sum(entry.amount for entry in Entry.select()) == 22000


def test_shown_bill_adds_up(anna: cast.Person) -> None:
    run.bill("2026-09")
    run.bill(OCTOBER)
    opened = bills.Open(anna.account, OCTOBER)
    shown = opened.shown(opened.lines()[OCTOBER], "https://kabinet.example")
    assert shown.total == 144000
    assert shown.opening - shown.paid + shown.charged + shown.recalculated + shown.penalty == shown.total
    assert shown.readings_url.startswith("https://kabinet.example/r/")
    assert [(dial.before, dial.now, dial.volume) for dial in shown.dials] == [((6200, 2600), (6320, 2660), 180)]
