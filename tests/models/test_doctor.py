"""The portal's own check-up: quiet when all is well, and each illness is told."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
from peewee import Database

from models import audit, base, clock, doctor, files, outbox, settings
from models.billing import acquiring, payments, run
from models.billing.bills import Bill, Charge
from models.billing.ledger import CHARGE, PAYMENT, Balance, Entry
from models.billing.payments import Payment
from models.company import Company
from models.consents import Consent
from models.contact import bounces, incoming
from models.metering import closings, intake
from models.metering.closings import Closing
from models.metering.decisions import Decision
from models.metering.meters import Meter
from models.metering.readings import Reading, Receipt
from models.outbox import addresses, sending
from tests import cast, prices
from tests.engines import Engine


@pytest.fixture
def anna(db: Database) -> cast.Person:
    return cast.anna()


def test_well(anna: cast.Person) -> None:
    cast.boris(anna)
    cast.vera()
    intake.receive(anna.account, {anna.meter.id: ("6440", "2720")}, channel="web", key="1")
    intake.receive(anna.account, {anna.meter.id: ("6319", "2720")}, channel="web", key="2", confirmed=True)
    closings.close("2026-10")
    assert doctor.complaints() == []


def test_empty_database_is_well(db: Database) -> None:
    assert doctor.complaints() == []


def test_reading_under_another_account(anna: cast.Person) -> None:
    Reading.update(account=cast.vera().account).where(Reading.period == "2026-10").execute()
    assert "under an account that is not their meter's" in told()


def test_reading_longer_than_the_dial(anna: cast.Person) -> None:
    Meter.update(digits=4).execute()
    Reading.update(t2=66_666).where(Reading.period == "2026-10").execute()
    assert "1 do not fit their dial" in told()


@pytest.mark.parametrize(("t2", "t3"), [(None, None), (2660, 5)])
def test_reading_of_other_zones_than_the_meters(anna: cast.Person, t2: int | None, t3: int | None) -> None:
    cast.vera()
    Reading.update(t2=t2, t3=t3).where(Reading.period == "2026-10", Reading.meter == anna.meter).execute()
    assert "1 have values that their meter's zones do not" in told()


def test_reading_still_open_in_a_billed_period(anna: cast.Person) -> None:
    Closing.create(period="2026-10")
    assert "1 are still open in a period that was billed" in told()


def test_held_without_a_reason(anna: cast.Person) -> None:
    cast.read(anna.meter, "2026-11-20", 1, 1, state="held")
    assert "1 held or rejected without a reason" in told()


def test_receipt_of_nothing(anna: cast.Person) -> None:
    Receipt.create(account=anna.account, channel="web", key="k", received_at=clock.now())
    assert "1 without a reading" in told()


def test_customer_without_a_consent(anna: cast.Person) -> None:
    Consent.delete().execute()
    assert "1 without a consent" in told()


def test_each_illness_is_told(anna: cast.Person) -> None:
    Consent.delete().execute()
    Receipt.create(account=anna.account, channel="web", key="k", received_at=clock.now())
    assert len(doctor.complaints()) == 2


# ---- money


@pytest.fixture
def billed(anna: cast.Person) -> cast.Person:
    """Anna with two bills, a payment by card, one from a bank, and a part given back; all is well."""
    prices.load()
    run.bill("2026-09")
    run.bill("2026-10")
    payments.take_external(anna.account.id, 30_000, channel="bank", document="1", day=date(2026, 11, 10))
    paid = payments.start(anna.account, {"electricity": 20_000}, customer_id=anna.id, email="", key="k", consented=True)
    given_back = acquiring.Word(paid.number, "order", "refunded", 20_000, "643", 20_000, 5_000)
    acquiring.learn(paid.id, given_back)
    assert doctor.complaints() == []
    return anna


@pytest.mark.parametrize("more", [1, -1])
def test_balance_off_by_one_kopeck(billed: cast.Person, more: int) -> None:
    Balance.update(amount=Balance.amount + more).execute()
    assert "1 of 1 balances are not the sum of their entries" in told()


def test_balance_that_is_missing_or_of_nothing(billed: cast.Person) -> None:
    Balance.create(account=cast.account(9, opened=date(2026, 11, 1)), service="electricity", amount=0)
    assert "balances are not the sum" in told()
    Balance.delete().execute()
    assert "balances are not the sum" in told()


def test_entry_of_a_bill_is_missing(billed: cast.Person) -> None:
    Entry.delete().where(Entry.period == "2026-10", Entry.kind == CHARGE).execute()
    Balance.update(amount=Balance.amount - 72_000).execute()
    assert "bills: 1 were issued for another sum than the ledger has" in told()


def test_entry_of_a_payment_is_missing(billed: cast.Person) -> None:
    Entry.delete().where(Entry.kind == PAYMENT, Entry.amount == -30_000).execute()
    Balance.update(amount=Balance.amount + 30_000).execute()
    assert told().startswith("payments:")


def test_payment_that_is_not_in_the_ledger(billed: cast.Person) -> None:
    Payment.create(
        number="2611-STRAY", account=billed.account, channel="bank", amount=10_000, state="paid", parts={"electricity": 10_000}
    )  # fmt: skip
    assert told().startswith("payments:")


def test_two_payments_whose_errors_cancel_out(billed: cast.Person) -> None:
    """The sum of all payments is right, each of the two is wrong by a ruble."""
    for change, amount in ((100, -30_000), (-100, -20_000)):
        Entry.update(amount=Entry.amount + change).where(Entry.kind == PAYMENT, Entry.amount == amount).execute()
    assert told().startswith("payments:")


def test_line_of_a_bill_was_changed(billed: cast.Person) -> None:
    line = Charge.select().first()
    Charge.update(amount=Charge.amount + 1).where(Charge.id == line.id).execute()
    assert "bills: 1 have lines that do not add up" in told()


def test_bill_was_changed(billed: cast.Person) -> None:
    Bill.update(charged=Bill.charged - 1).where(Bill.period == "2026-10").execute()
    assert any("bills: 1 were issued for another sum" in one for one in doctor.complaints())


def test_held_bill_that_is_in_the_ledger(billed: cast.Person) -> None:
    Bill.update(state="held").where(Bill.period == "2026-10").execute()
    assert "1 are in the ledger without having been issued" in told()


def test_disputed_payment_is_told(billed: cast.Person) -> None:
    paid = payments.start(
        billed.account, {"electricity": 9_000}, customer_id=billed.id, email="", key="k2", consented=True
    )
    acquiring.learn(paid.id, acquiring.Word(paid.number, "order-2", "paid", 1, "643", 1))
    assert "payments: 1 disputed" in told()


def told() -> str:
    (complaint,) = doctor.complaints()
    return complaint


@pytest.fixture
def bare(engine: Engine) -> Iterator[None]:
    """A database that nobody has migrated."""
    before = base.database.obj
    with engine.fresh() as url:
        database = base.connect(url)
        base.database.initialize(database)
        with database.connection_context():
            yield
        database.close_all()
    base.database.initialize(before)


def test_migration_not_applied(bare: None) -> None:
    assert "migrations not applied: 0001_initial" in told() and "flask --app app migrate" in told()


def test_row_that_refers_to_nothing(anna: cast.Person, db: Database, engine: Engine) -> None:
    if engine.name == "postgres":
        with pytest.raises(Exception, match="foreign key"), db.atomic():
            Reading.update(meter=999).execute()
        return
    db.pragma("foreign_keys", 0)
    Reading.update(meter=999).where(Reading.taken == date(2026, 10, 20)).execute()
    db.pragma("foreign_keys", 1)
    assert "a row of reading refers to nothing" in " ".join(doctor.complaints())


def test_demo_in_production_is_a_complaint(db: Database, company: Company) -> None:
    assert doctor.demo_leftovers() == []
    audit.record("demo.loaded", "company:krasnoyarsk")
    assert "public" in doctor.demo_leftovers()[0]


@pytest.mark.company("kaluga")
def test_demo_of_another_company_is_a_complaint(db: Database, company: Company) -> None:
    audit.record("demo.loaded", "company:krasnoyarsk")
    assert "KABINET_VAR_DIR" in doctor.other_company()[0]
    audit.record("demo.loaded", "company:kaluga")
    assert doctor.other_company() == []


def test_decided_reading_that_is_still_held(anna: cast.Person) -> None:
    held = cast.read(anna.meter, "2026-11-19", 9999, 9999, state="held", reason="Много.")
    Decision.create(reading=held, verdict="rejected", text="Не то.", by=cast.employee("operator"), at=clock.now())
    assert "1 were decided on and are still held" in told()


def test_corrected_reading_with_nothing_in_its_place(anna: cast.Person) -> None:
    wrong = cast.read(anna.meter, "2026-11-19", 9999, 9999, state="replaced")
    Decision.create(reading=wrong, verdict="corrected", text="Цифры.", by=cast.employee("operator"), at=clock.now())
    assert "1 were corrected and have nothing in their place" in told()


def test_attached_file_that_is_gone(anna: cast.Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_folder", tmp_path)
    draft = files.put(io.BytesIO(b"%PDF-1.4\n%%EOF\n"), "лист.pdf")
    stored = files.attach(draft, "batch:1")
    assert doctor.complaints() == []
    next(tmp_path.rglob(stored.name)).unlink()
    assert f"1 are not in the folder of files, such as {stored.name}" in told()


def test_letters_that_nobody_takes_up(db: Database, at: Callable[[str], datetime]) -> None:
    outbox.post("password_changed", "anna@example.ru", {})
    at("2026-11-20T10:30")
    assert doctor.standing_still() == []
    at("2026-11-20T10:31")
    (told,) = doctor.standing_still()
    assert told.startswith("letters: 1 wait, the first since 2026-11-20 03:00 UTC; is KABINET_SMTP_URL set")
    outbox.post("password_changed", "boris@example.ru", {})
    sending.sent(sending.claim(1)[0], "smtp.example")
    assert doctor.standing_still() == []  # they go, only slowly


def test_more_letters_that_come_back_than_there_can_be_dead_addresses(
    anna: cast.Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounces, "MOST_A_DAY", 1)
    assert doctor.standing_still() == []
    addresses.suspend("anna@example.ru", "550 5.1.1 user unknown")
    (told,) = doctor.standing_still()
    assert told.startswith("letters: 1 addresses were suspended within a day")


def test_reports_that_nobody_reads(db: Database, at: Callable[[str], datetime]) -> None:
    production = {
        "KABINET_ENV": "production",
        "KABINET_SECRET_KEY": "x" * 32,
        "KABINET_PUBLIC_URL": "https://lk.example.ru",
    }
    mail = production | {"KABINET_SMTP_URL": "smtps://mail.example.ru"}
    assert doctor.reports(settings.read(production)) == doctor.reports(settings.read({})) == []
    (told,) = doctor.reports(settings.read(mail))
    assert "neither KABINET_IMAP_URL nor KABINET_BOUNCE_KEY" in told
    assert doctor.reports(settings.read(mail | {"KABINET_BOUNCE_KEY": "k" * 16})) == []
    boxed = settings.read(mail | {"KABINET_IMAP_URL": "imaps://b:p@imap.example.ru/Reports"})
    assert doctor.reports(boxed) == [] and boxed.imap is not None
    incoming.note(boxed.imap.mailbox, "")
    at("2026-11-20T10:15")
    assert doctor.reports(boxed) == []
    at("2026-11-20T10:16")
    assert "was read last at 2026-11-20 03:00 UTC" in doctor.reports(boxed)[0]
    incoming.note(boxed.imap.mailbox, "wrong password")
    assert doctor.reports(boxed) == ["letters: the mailbox of reports cannot be read: wrong password"]
