"""What goes with a letter."""

from __future__ import annotations

from typing import Any

import pypdfium2 as pdfium
import pytest

from models.billing import acquiring, delivery, payments, run
from models.billing.delivery import EMAIL, WEB
from models.outbox import Message
from tasks import attachments
from tests import cast, prices
from tests.paying import FISCAL

SITE = "https://lk.example.ru"


@pytest.fixture
def anna(db: Any, company: Any) -> cast.Person:
    prices.load()
    return cast.anna()


def words_of(body: bytes) -> str:
    return " ".join(page.get_textpage().get_text_range() for page in pdfium.PdfDocument(body))


@pytest.mark.feature("S32", "M10")
def test_an_e_receipt_carries_the_bill(anna: cast.Person) -> None:
    delivery.choose(anna.id, anna.account, EMAIL, WEB)
    run.bill("2026-10")
    (file,) = attachments.of(Message.get(Message.letter == "e_receipt"), SITE)
    assert (file.name, file.kind) == (f"Счёт {anna.account.number} октябрь 2026.pdf", "application/pdf")
    assert anna.account.number in words_of(file.body)


def test_the_same_letter_carries_the_same_bytes_at_each_try(anna: cast.Person) -> None:
    delivery.choose(anna.id, anna.account, EMAIL, WEB)
    run.bill("2026-10")
    message = Message.get(Message.letter == "e_receipt")
    assert attachments.of(message, SITE) == attachments.of(message, SITE)


def test_a_letter_about_a_bill_that_is_not_there_carries_nothing(anna: cast.Person) -> None:
    for account, period in ((anna.account.number, "2026-10"), ("249999999999", "2026-10")):
        message = Message(letter="e_receipt", data={"account": account, "period": period})
        assert attachments.of(message, SITE) == []


@pytest.mark.parametrize("letter", ["e_receipt", "cheque"])
def test_a_letter_of_a_closed_cabinet_carries_nothing(db: Any, company: Any, letter: str) -> None:
    assert attachments.of(Message(letter=letter, data={}), SITE) == []


def test_a_letter_tried_by_staff_carries_nothing_though_somebody_has_its_invented_number(anna: cast.Person) -> None:
    delivery.choose(anna.id, anna.account, EMAIL, WEB)
    run.bill("2026-10")
    message = Message.get(Message.letter == "e_receipt")
    message.subject = "staff:1"
    assert attachments.of(message, SITE) == []


def test_a_cheque_comes_with_its_letter(anna: cast.Person) -> None:
    payment = payments.start(
        anna.account, {"electricity": 100}, customer_id=anna.id, email="anna@example.ru", key="k", consented=True
    )
    acquiring.learn(payment.id, acquiring.Word(payment.number, "order", "paid", kopecks=100, deposited=100))
    acquiring.keep_cheque(payment.id, FISCAL)
    (file,) = attachments.of(Message.get(Message.letter == "cheque"), SITE)
    assert file.name == f"Чек {payment.number}.pdf" and file.body.startswith(b"%PDF")


def test_other_letters_carry_nothing(db: Any, company: Any) -> None:
    assert attachments.of(Message(letter="password_changed", data={}), SITE) == []
