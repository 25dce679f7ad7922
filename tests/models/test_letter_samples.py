"""What a letter would say to an account's holder today."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from peewee import Database

from models.audit import AuditRow
from models.base import Refusal
from models.company import Company
from models.office import letter_samples
from models.outbox import Message, kinds
from tasks import letters
from tests import cast
from tests.card import bill_two_months

URL = "https://lk.example.ru"


@pytest.fixture
def anna(db: Database, company: Company) -> cast.Person:
    person = cast.anna()
    bill_two_months()
    return person


def words_of(letter: str, person: cast.Person, kind: str = "email") -> str:
    return "\n".join(letters.put_together(letter_samples.of(letter, person.account, kind), URL, shown=True))


def test_every_letter_is_shown_or_says_why_not(anna: cast.Person) -> None:
    before = (Message.select().count(), AuditRow.select().count())
    shown, refused = set(), set()
    for letter in kinds.KINDS:
        try:
            assert anna.account.number in words_of(letter, anna) or letter not in ("e_receipt", "debt_notice")
            shown.add(letter)
        except Refusal:
            refused.add(letter)
    # She has paid nothing by card, and nobody has written down when her meter runs out.
    assert refused == {"cheque", "payment_refunded", "verification_notice"}
    assert (Message.select().count(), AuditRow.select().count()) == before


def test_e_receipt_has_the_last_bill(anna: cast.Person) -> None:
    from models.billing.bills import Bill

    bill = Bill.get(Bill.account == anna.account, Bill.period == "2026-10")
    message = letter_samples.of("e_receipt", anna.account)
    assert message.data["kopecks"] == bill.total and message.data["due"] == bill.due_on.isoformat()
    assert message.to == "anna@example.ru" and message.subject.startswith("customer:")


def test_notice_of_verification_has_the_meter_that_runs_out(anna: cast.Person) -> None:
    anna.meter.verification_due = date(2027, 2, 15)
    anna.meter.save()
    message = letter_samples.of("verification_notice", anna.account)
    assert (message.data["serial"], message.data["until"], message.data["months"]) == (
        anna.meter.serial,
        "2027-02-15",
        3,
    )


def test_nothing_shown_lets_one_in(anna: cast.Person) -> None:
    for letter in ("activate", "recover", "window_closing", "news"):
        assert f"{URL}/r/{anna.account.id:x}-" not in words_of(letter, anna)
        assert "…" in words_of(letter, anna)


def test_sms_goes_to_the_phone(anna: cast.Person) -> None:
    message = letter_samples.of("window_closing", anna.account, "sms")
    assert (message.kind, message.to) == ("sms", "+79135550123")
    assert len(words_of("window_closing", anna, "sms").strip()) <= 134


@pytest.mark.parametrize(
    ("letter", "rule"), [("e_receipt", "letter.no_bill"), ("cheque", "letter.no_cheque"), ("reading_rejected", "letter.no_reading"),
                         ("debt_notice", "letter.no_debt"), ("nonsense", "letter.unknown")],
)  # fmt: skip
def test_an_account_with_nothing_to_tell_says_so(db: Database, company: Company, letter: str, rule: str) -> None:
    with pytest.raises(Refusal) as refusal:
        letter_samples.of(letter, cast.account(77))
    assert refusal.value.problems[0].rule == rule


def test_an_account_without_a_holder_is_written_to_at_its_own_address(db: Database, company: Company) -> None:
    account: Any = cast.account(78, email="own@example.ru")
    message = letter_samples.of("one_more_holder", account)
    assert (message.to, message.subject) == ("own@example.ru", "")
