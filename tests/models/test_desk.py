"""The desk's queues and figures: right, and cheap however many wait."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from peewee import Database

from models import audit, audit_chain, base, clock, outbox
from models.audit import AuditRow
from models.billing import acquiring, payments, run
from models.billing.bills import Bill
from models.billing.payments import Payment
from models.exchange.transfers import Transfer
from models.metering.accounts import Office
from models.metering.channels import CHANNELS
from models.metering.paperforms.batches import Batch
from models.metering.readings import Receipt
from models.office import desk, held_bills, received
from models.office.desk import Queue
from models.office.proposals import Proposal
from tests import cast, prices


@pytest.fixture
def anna(db: Database) -> cast.Person:
    return cast.anna()


def wall(text: str) -> datetime:
    return clock.utc(datetime.fromisoformat(text))


def test_empty_desk(db: Database) -> None:
    nothing = Queue(0, None)
    assert (desk.held_readings(), desk.disputed_payments(), desk.letters_waiting()) == (nothing,) * 3
    assert desk.open_batches(1).all == nothing and desk.rows_to_check(1) == 0
    assert desk.bills_waiting() == desk.Bills(None, 0, 0)
    assert desk.files_waiting() == desk.Files(0, 0, 0)
    assert desk.acquirer() == desk.Acquirer(nothing, None)
    assert desk.chain() == desk.Chain(0, None, None)
    assert desk.last_billing() is None
    assert desk.to_approve(1, []) == nothing


def test_held_readings_and_the_oldest_of_them(anna: cast.Person) -> None:
    cast.read(anna.meter, "2026-11-18", 9000, 9000, state="held", reason="x")  # type: ignore[arg-type]
    cast.read(anna.meter, "2026-11-16", 9000, 9000, state="held", reason="x")  # type: ignore[arg-type]
    found = desk.held_readings()
    assert (found.count, found.oldest, found.shown) == (2, wall("2026-11-16T12:00"), "2")


def test_count_stops_at_a_thousand(anna: cast.Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "MOST", 3)
    for _ in range(5):
        cast.read(anna.meter, "2026-11-18", 9000, 9000, state="held", reason="x")  # type: ignore[arg-type]
    found = desk.held_readings()
    assert (found.count, found.is_more, found.shown) == (3, True, "3+")


def test_open_batches_and_mine(db: Database) -> None:
    office = Office.create(code="1", name="Первый", settlement="г. Ачинск", address="ул. Мира, 1")
    galina, oleg = cast.employee("clerk"), cast.employee("operator")
    for i, (owner, closed) in enumerate(((galina, None), (oleg, None), (oleg, clock.now()))):
        Batch.create(
            office=office, taken=date(2026, 11, 20), channel="staff", key=str(i), opened_by=owner, closed_at=closed
        )
    found = desk.open_batches(galina.id)
    assert (found.all.count, found.mine) == (2, 1)


def test_proposals_of_others(db: Database) -> None:
    galina, oleg = cast.employee("administrator"), cast.employee("operator")
    for i, (owner, state) in enumerate(((galina, "waiting"), (oleg, "waiting"), (oleg, "refused"))):
        Proposal.create(
            kind="payment.refund", subject=f"payment:{i}", data={}, facts={}, reason="x", proposed_by=owner, state=state
        )
    assert desk.to_approve(galina.id, ["payment.refund"]).count == 1
    assert desk.to_approve(galina.id, ["other"]).count == 0


@pytest.fixture
def paying(anna: cast.Person) -> Payment:
    prices.load()
    return payments.start(anna.account, {"electricity": 9_000}, customer_id=anna.id, email="", key="k", consented=True)


def test_payments_asked_about_and_the_last_answer(paying: Payment) -> None:
    assert desk.acquirer().asked == Queue(1, clock.now())
    acquiring.learn(paying.id, acquiring.Word(paying.number, "order", "paid", 9_000, "643", 9_000))
    Payment.update(answered_at=clock.now()).execute()
    for i in range(60):  # a register of a bank does not hide it
        payments.take_external(paying.account_id, 100, channel="bank", document=str(i), day=date(2026, 11, 10))
    assert desk.acquirer() == desk.Acquirer(Queue(0, None), clock.now())


def test_disputed_payment(paying: Payment) -> None:
    acquiring.learn(paying.id, acquiring.Word(paying.number, "order", "paid", 1, "643", 1))
    assert desk.disputed_payments().count == 1


def test_bills_of_the_last_month_and_those_forgotten_before_it(anna: cast.Person) -> None:
    prices.load()
    run.bill("2026-09")
    run.bill("2026-10")
    Bill.update(state="held").where(Bill.period == "2026-09").execute()
    assert desk.bills_waiting() == desk.Bills("2026-10", 0, 0, earlier=1)
    Bill.update(state="failed").where(Bill.period == "2026-10").execute()
    assert desk.bills_waiting() == desk.Bills("2026-10", 0, 1, earlier=1)
    assert held_bills.months() == ["2026-10", "2026-09"]
    billing = desk.last_billing()
    assert billing is not None and (billing.period, billing.issued) == ("2026-10", 1)


def test_files_by_what_they_wait_for(db: Database) -> None:
    for state in ("checked", "checked", "waiting", "loading", "loaded", "dropped"):
        Transfer.create(**_transfer(state))
    assert desk.files_waiting() == desk.Files(2, 1, 1)


def _transfer(state: str) -> dict[str, Any]:
    facts: dict[str, Any] = {"direction": "in", "kind": "readings", "format": "csv", "state": state}
    usual = {"name": "x.csv", "sha256": "0" * 64, "stored": "x", "size": 1}
    return {**{name: value for name, value in usual.items() if name in Transfer._meta.fields}, **facts}  # type: ignore[attr-defined]


def test_letters_that_should_have_gone(db: Database) -> None:
    outbox.post("known", "a@example.ru", {})
    assert desk.letters_waiting() == Queue(1, clock.now())
    outbox.Message.update(due_at=clock.now() + timedelta(hours=1)).execute()
    assert desk.letters_waiting() == Queue(0, None)


def test_chain_and_what_waits_for_it(db: Database) -> None:
    audit.record("test", "x")
    assert desk.chain() == desk.Chain(0, None, clock.now())
    assert not desk.chain().is_late
    AuditRow.update(at=clock.now() - timedelta(minutes=11)).execute()
    assert desk.chain().is_late
    audit_chain.seal_rows()
    assert desk.chain() == desk.Chain(1, clock.now(), None)


def test_windows_that_stand_alike_are_told_together(db: Database) -> None:
    found = desk.windows_today()
    assert sorted(name for window in found for name in window.channels) == sorted(CHANNELS)
    web = next(window for window in found if "web" in window.channels)
    assert web.is_open and "kiosk" in web.channels and "sberbank" not in web.channels
    assert [window.is_open for window in found] == sorted((window.is_open for window in found), reverse=True)


# ---- readings by hour


def pass_on(account: Any, moment: str, channel: str = "web") -> None:
    Receipt.create(
        account=account, channel=channel, key=f"{moment}{channel}{Receipt.select().count()}", received_at=wall(moment)
    )


def test_readings_by_local_hour_and_channel(anna: cast.Person) -> None:
    for moment, channel in (
        ("2026-11-20T00:00", "web"), ("2026-11-20T00:59:59", "web"), ("2026-11-20T09:30", "staff"), ("2026-11-20T09:31", "inspector"),
        ("2026-11-20T23:59", "citypay"), ("2026-11-19T23:59", "web"), ("2026-11-21T00:00", "web"), ("2026-10-20T09:00", "sms"),
    ):  # fmt: skip
        pass_on(anna.account, moment, channel)
    day, before = received.on(date(2026, 11, 20))
    assert (day.hours[0], day.hours[9], day.hours[23]) == ([2, 0, 0, 0, 0], [0, 2, 0, 0, 0], [0, 0, 0, 0, 1])
    assert (day.total, day.by_group) == (5, [2, 2, 0, 0, 1])
    assert (before.day, before.total, before.hours[9]) == (date(2026, 10, 20), 1, [0, 0, 0, 1, 0])


@pytest.mark.company("kaluga")
def test_hours_are_the_companys_own(anna: cast.Person) -> None:
    Receipt.create(account=anna.account, channel="web", key="k", received_at=datetime(2026, 11, 19, 21, 30))
    day, _ = received.on(date(2026, 11, 20))
    assert day.totals[0] == 1


@pytest.mark.parametrize(
    ("day", "before"),
    [
        ("2026-11-20", "2026-10-20"),
        ("2026-12-31", "2026-11-30"),
        ("2026-03-30", "2026-02-28"),
        ("2026-01-05", "2025-12-05"),
    ],
)
def test_same_day_a_month_before(day: str, before: str) -> None:
    assert received.month_before(date.fromisoformat(day)) == date.fromisoformat(before)


def test_every_channel_is_in_a_group() -> None:
    grouped = [channel for _, channels in received.GROUPS for channel in channels]
    assert sorted(grouped) == sorted(CHANNELS)


def test_counted_once_a_minute(anna: cast.Person, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(received.seconds, "monotonic", lambda: now)
    assert received.on(date(2026, 11, 20))[0].total == 0
    pass_on(anna.account, "2026-11-20T09:30")
    assert received.on(date(2026, 11, 20))[0].total == 0
    now += received.FRESH + 1
    assert received.on(date(2026, 11, 20))[0].total == 1


def test_days_kept_are_few(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(received, "_MOST_KEPT", 3)
    for i in range(10):
        received.on(date(2026, 11, 1) + timedelta(days=i))
        assert len(received._kept) <= 3


def test_day_is_counted_by_an_index(anna: cast.Person, db: Database) -> None:
    start = wall("2026-11-01T00:00")
    lines = [
        {"account": anna.account.id, "channel": "web", "key": str(i), "received_at": start + timedelta(minutes=i)}
        for i in range(20_000)
    ]
    base.insert_rows(Receipt, lines)
    sql, values = received._counted(date(2026, 11, 3)).sql()
    if base.is_sqlite():
        plan = "\n".join(row[3] for row in db.execute_sql(f"EXPLAIN QUERY PLAN {sql}", values).fetchall())
        assert "SEARCH" in plan and "received_at>" in plan, plan
    else:
        db.execute_sql("ANALYZE receipt")
        plan = "\n".join(row[0] for row in db.execute_sql(f"EXPLAIN {sql}", values).fetchall())
        assert "Seq Scan" not in plan, plan
