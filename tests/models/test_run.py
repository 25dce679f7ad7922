"""The billing run: each account once, restartable, what is odd held, what cannot be worked out told."""

from __future__ import annotations

from datetime import date
from itertools import permutations
from typing import Any

import pytest
from peewee import fn

from models import doctor, periods
from models.base import Refusal, database
from models.billing import bills, charges, ledger, payments, penalties, run
from models.billing.bills import Bill, Charge
from models.billing.drafts import Clerk
from models.billing.ledger import Balance, Entry
from models.billing.penalties import Debt
from models.billing.shown import PENALTY, RECALCULATION, USE, Line
from models.billing.tariffs import Tariff
from models.metering import closings
from models.metering.readings import Reading
from tests import cast, prices
from tests.crowd import at_once

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


def test_first_month_begun_for_one_account_is_finished_before_the_next(anna: cast.Person, at: Any) -> None:
    """Nobody else has a bill yet: the next month must not begin them anew and lose this one."""
    vera = cast.vera()
    run.bill(OCTOBER, only=[anna.account.number])
    at("2026-12-03T10:00")
    with pytest.raises(Refusal, match="не всем: сначала bill 2026-10"):
        run.bill("2026-11")
    assert run.bill(OCTOBER).issued == 1
    assert run.bill("2026-11").issued == 2
    assert {bill.period for bill in Bill.select().where(Bill.account == vera.account)} == {OCTOBER, "2026-11"}


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
    assert run.bill("2026-08").issued == 0
    assert [bill.period for bill in Bill.select()] == ["2026-09"]


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


# ---- at once, and from any point


def town(count: int) -> list[Any]:
    """Accounts with a meter each, read in October."""
    found = []
    for n in range(1, count + 1):
        flat = cast.account(n)
        meter = cast.hang(flat, f"10000{n}", initial=(100,), installed="2026-09-15")
        cast.read(meter, "2026-10-20", 200 + n)
        found.append(flat)
    return found


def test_two_runs_at_once_bill_each_account_once(db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    prices.load()
    flats = town(7)
    monkeypatch.setattr(run, "CHUNK", 2)
    done = at_once(4, lambda _: run.bill(OCTOBER))
    assert not [one for one in done if isinstance(one, Exception)]
    assert sum(one.issued for one in done) == 7 == Bill.select().count()
    assert sum(one.skipped for one in done) == 3 * 7
    assert {flat.id: ledger.balance(flat.id) for flat in flats} == {
        flat.id: (100 + n) * 400 for n, flat in enumerate(flats, 1)
    }
    assert doctor.complaints() == []


@pytest.mark.parametrize("dies_at", range(1, 7))
def test_run_killed_anywhere_is_finished_by_the_next(db: Any, monkeypatch: pytest.MonkeyPatch, dies_at: int) -> None:
    """Killed after the bills of a chunk were written and before its ledger was: the chunk is undone whole."""
    prices.load()
    town(6)
    monkeypatch.setattr(run, "CHUNK", 2)
    with monkeypatch.context() as patch:
        count, post = iter(range(1, 100)), ledger.post_all

        def dies(new: Any) -> None:
            if next(count) * 2 >= dies_at:
                raise RuntimeError("killed")
            post(new)

        patch.setattr(ledger, "post_all", dies)
        with pytest.raises(RuntimeError):
            run.bill(OCTOBER)
    assert [one for one in doctor.complaints() if "have none for 2026-10" not in one] == []
    stood = Bill.select().count()
    summary = run.bill(OCTOBER)
    assert (summary.skipped, summary.issued) == (stood, 6 - stood)
    assert Entry.select().count() == 6 and doctor.complaints() == []


def test_held_bill_is_issued_once_whoever_presses(anna: cast.Person, at: Any) -> None:
    for month in ("2026-08", "2026-09", OCTOBER):
        run.bill(month)
    cast.read(anna.meter, "2026-11-20", 6320 + 20000, 2660)
    at("2026-12-03T10:00")
    run.bill("2026-11")
    done = at_once(10, lambda _: run.issue_held("2026-11"))
    assert sorted(done) == [0] * 9 + [1]
    assert doctor.complaints() == []


def test_dropping_and_issuing_at_once_leaves_no_entry_without_a_bill(anna: cast.Person, at: Any) -> None:
    for month in ("2026-08", "2026-09", OCTOBER):
        run.bill(month)
    cast.read(anna.meter, "2026-11-20", 6320 + 20000, 2660)
    at("2026-12-03T10:00")
    run.bill("2026-11")
    number = anna.account.number
    done = at_once(8, lambda i: run.issue_held("2026-11") if i % 2 else run.drop_held("2026-11", [number]))
    assert sum(done) == 1
    assert doctor.complaints() == []


def test_billed_again_changes_nothing_at_all(anna: cast.Person) -> None:
    cast.boris(anna), cast.vera()
    run.bill(OCTOBER)
    before = everything()
    run.bill(OCTOBER)
    assert everything() == before


def everything() -> list[list[tuple[Any, ...]]]:
    return [sorted(table.select().tuples(), key=str) for table in (Bill, Charge, Entry, Balance)]


# ---- accounts of every kind


def test_account_without_a_meter_pays_the_norm(anna: cast.Person) -> None:
    boris = cast.boris(anna)
    run.bill(OCTOBER)
    bill = only_bill(boris)
    assert (bill.total, bill.basis, bill.volume) == (3 * 80 * 400, "norm", 240)
    opened = bills.Open(boris.account, OCTOBER)
    shown = opened.shown(opened.lines()[OCTOBER], "https://kabinet.example")
    assert (shown.dials, shown.readings_url) == ((), "")


def test_account_opened_mid_month(db: Any) -> None:
    prices.load()
    flat = cast.account(1, opened=date(2026, 10, 17), services="electricity,repair")  # 15 days of 31
    later = cast.account(2, opened=date(2026, 11, 1))
    run.bill(OCTOBER)
    norm, area = 2_400_000 * 15 / 31, 579_000 * 15 / 31
    assert ledger.by_service(flat.id) == {
        "electricity": round(round(norm) * 4 / 100),
        "repair": round(round(area) / 10),
    }
    assert not Bill.select().where(Bill.account == later.id).exists()


def test_closed_account_owes_penalties_until_it_has_paid(db: Any, at: Any) -> None:
    """Closed on 15 October with 464,52 owed: no more charges, penalties from 17 December on, nobody asked to decide."""
    prices.load()
    flat = cast.account(1, closed=date(2026, 10, 15))
    run.bill(OCTOBER)
    owed = ledger.balance(flat.id)
    assert owed == round(2_400_000 * 15 / 31 * 4 / 100)
    live_to(at, "2026-12")
    december = Bill.get(Bill.account == flat.id, Bill.period == "2026-12")
    assert (december.state, december.charged, december.volume) == ("issued", 0, 0)
    assert december.penalty == round(owed * 950 / 10_000 / 300 * 15)
    payments.take_external(flat.id, owed + december.penalty, channel="bank", document="1", day=date(2026, 12, 31))
    at(NEXT_BILLING["2027-01"])
    run.bill("2027-01")
    after = Bill.select().where(Bill.account == flat.id, Bill.period == "2027-01")
    assert [bill.period for bill in after if bill.charged or bill.penalty or bill.total] == []
    assert ledger.balance(flat.id) == 0


def test_closed_account_with_large_bills_is_not_held_for_its_zeros(db: Any, at: Any) -> None:
    """«Nothing, though there usually is something» is what closing means."""
    prices.load()
    flat = cast.account(1, persons=9, closed=date(2026, 10, 31))
    for month in ("2026-08", "2026-09", OCTOBER):
        run.bill(month)
    assert Bill.get(Bill.period == OCTOBER).charged > 100_000
    live_to(at, "2026-11")
    assert Bill.get(Bill.account == flat.id, Bill.period == "2026-11").state == "issued"


NASTY = "<script>alert('&amp;')</script> «О’Нил» \"\\' 😀 \u202e"


def test_nasty_names_stand_on_the_bill_as_they_are(db: Any) -> None:
    prices.load()
    name = (NASTY * 3)[:100]
    flat = cast.account(1, last_name=name, first_name=name, middle_name=name, street=NASTY, house="1/2 «А»")
    cast.read(cast.hang(flat, "77", initial=(0,), installed="2026-09-15"), "2026-10-20", 100)
    run.bill(OCTOBER)
    opened = bills.Open(flat, OCTOBER)
    shown = opened.shown(opened.lines()[OCTOBER], "https://kabinet.example")
    assert shown.holder == f"{name} {name} {name}" and len(shown.holder) == 302
    assert NASTY in shown.address
    flat.last_name = "Другая"
    flat.save()
    again = bills.Open(flat, OCTOBER)
    assert again.shown([], "https://kabinet.example").holder == shown.holder  # a bill does not change with its owner


@pytest.mark.feature("M7")
def test_stored_lines_derive_from_their_traces(anna: cast.Person, at: Any) -> None:
    cast.boris(anna), cast.vera()
    run.bill(OCTOBER)
    live_to(at, "2027-02")
    cast.read(anna.meter, "2027-03-20", 6320 + 600, 2660 + 400)
    at("2027-04-03T10:00")
    run.bill("2027-03")
    rows = list(Charge.select())
    assert {row.kind for row in rows} >= {USE, RECALCULATION, PENALTY}
    assert [row.id for row in rows if charges.derived(bills.line_of(row)) != row.amount] == []


def test_bill_closes_at_what_the_ledger_has(anna: cast.Person, at: Any) -> None:
    """At the end of each month the bill's services are the sums of the entries through that day."""
    cast.boris(anna), cast.vera()
    run.bill(OCTOBER)
    payments.take_external(anna.account.id, 30_000, channel="bank", document="1", day=date(2026, 11, 10))
    payments.take_external(anna.account.id, 90_000, channel="bank", document="2", day=date(2026, 12, 20))
    live_to(at, "2027-01")
    for bill in Bill.select():
        last = periods.last_day(bill.period)
        for service in bill.facts["services"]:
            own = Entry.select(fn.SUM(Entry.amount)).where(
                Entry.account == bill.account_id, Entry.service == service["code"], Entry.day <= last
            )
            assert service["closing"] == own.scalar()
            moved = service["charged"] + service["recalculated"] + service["penalty"] - service["paid"]
            assert service["opening"] + moved == service["closing"]
    assert doctor.complaints() == []


PAID = [(date(2026, 11, 10), 30_000), (date(2026, 12, 25), 50_000), (date(2027, 1, 31), 20_000)]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_penalties_do_not_depend_on_when_payments_became_known(
    anna: cast.Person, at: Any, order: tuple[int, ...]
) -> None:
    """Each payment becomes known in another month, in any order; the next run has the penalties of all their days."""
    run.bill(OCTOBER)
    known = {("2026-12", "2027-01", "2027-02")[place]: PAID[i] for place, i in enumerate(order)}
    for month, moment in NEXT_BILLING.items():
        at(moment)
        if month in known and known[month][0] < date.fromisoformat(moment[:10]):
            day, amount = known.pop(month)
            payments.take_external(anna.account.id, amount, channel="bank", document=f"{day}", day=day)
        run.bill(month)
    for day, amount in known.values():  # those that could not be known yet
        payments.take_external(anna.account.id, amount, channel="bank", document=f"{day}", day=day)
    at("2027-05-03T10:00")
    run.bill("2027-04")
    fines = Entry.select(fn.SUM(Entry.amount)).where(Entry.kind == PENALTY).scalar()
    assert fines == expected_fines(anna)
    assert doctor.complaints() == []


def expected_fines(person: cast.Person) -> int:
    """The same days followed at once, from the ledger alone."""
    debt = Debt(penalties.load())
    for entry in (
        Entry.select().where(Entry.account == person.account, Entry.kind != PENALTY).order_by(Entry.day, Entry.id)
    ):
        if entry.kind == ledger.PAYMENT:
            debt.pay(entry.day, -entry.amount, entry.period)
        else:
            due = bills.due_on(entry.period, {})
            if entry.day < date(2027, 4, 30):
                debt.charge(entry.day, entry.period, due, entry.amount)
    debt.until(date(2027, 4, 30))
    return debt.uncharged


# ---- bills of another system


def imported(amount: int = 72_000) -> list[Line]:
    return [
        Line("electricity", USE, "reading", 180 * 10_000, 40_000, amount, 22, 1, "t1", 1, trace={"rule": "imported"})
    ]


def test_imported_bill_is_taken_once(anna: cast.Person) -> None:
    assert run.take_imported(anna.account.id, OCTOBER, imported())
    assert not run.take_imported(anna.account.id, OCTOBER, imported())
    with pytest.raises(Refusal, match="другой"):
        run.take_imported(anna.account.id, OCTOBER, imported(72_001))
    assert (ledger.balance(anna.account.id), Bill.select().count()) == (72_000, 1)
    assert doctor.complaints() == []


def test_imported_bill_at_once_is_taken_once(anna: cast.Person) -> None:
    def take(_: int) -> bool:
        with database.atomic():
            return run.take_imported(anna.account.id, OCTOBER, imported())

    assert sorted(at_once(8, take)) == [False] * 7 + [True]
    assert ledger.balance(anna.account.id) == 72_000


def test_portal_bills_on_where_another_system_stopped(anna: cast.Person) -> None:
    """September came by import, October is worked out here."""
    run.take_imported(anna.account.id, "2026-09", imported())
    summary = run.bill(OCTOBER)
    assert (summary.issued, summary.failed) == (1, [])
    bill = only_bill(anna)
    assert (bill.charged, bill.total) == (72_000, 144_000)


def test_account_that_does_not_exist(anna: cast.Person) -> None:
    with pytest.raises(Refusal, match="нет"):
        run.take_imported(987_654, OCTOBER, imported())
