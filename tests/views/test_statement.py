"""The statement: every entry between two balances, as rows, page, paper and file."""

from __future__ import annotations

import csv
import io
from datetime import date
from types import SimpleNamespace

import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import periods
from models.billing import ledger, payments, run
from models.billing.ledger import New
from models.billing.statement import Book, payment_of
from tests import cast, prices

NB, THIN = "\u00a0", "\u202f"
KINDS = (ledger.CHARGE, ledger.RECALCULATION, ledger.PENALTY, ledger.PAYMENT, ledger.REFUND, ledger.CORRECTION)


def entry(day, kind, amount, source="bill:1", period=None):
    return SimpleNamespace(
        day=date.fromisoformat(day), kind=kind, amount=amount, source=source, period=period, service="electricity"
    )


YEAR = [
    entry("2026-08-31", "charge", 70000, period="2026-08"),
    entry("2026-09-12", "payment", -70000, "payment:7:electricity"),
    entry("2026-09-30", "charge", 72000, period="2026-09"),
    entry("2026-09-30", "recalculation", -2000, period="2026-09"),
    entry("2026-09-30", "penalty", 100, period="2026-09"),
    entry("2026-10-15", "payment", -80000, "payment:8:electricity"),
    entry("2026-10-16", "refund", 9900, "refund:8:9900:electricity"),
]


def plain(text):
    return text.replace(NB, " ").replace(THIN, " ")


# ---- the book


def test_months_of_the_ledger():
    months = Book(YEAR, "2026-11").months("2026-09", "2026-11")
    assert [tuple(month) for month in months] == [
        ("2026-09", 72000, -2000, 100, 0, 70000, 70100),
        ("2026-10", 0, 0, 0, 0, 70100, 0),
        ("2026-11", 0, 0, 0, 0, 0, 0),
    ]


def test_statement_runs_from_the_opening_balance_to_the_closing_one():
    found = Book(YEAR, "2026-11").statement("2026-09", "2026-10", {7: "sberbank", 8: "web"})
    assert (found.opening, found.charged, found.paid, found.closing) == (70000, 70100, 140100, 0)
    assert [(row.what.replace(NB, " "), row.charged, row.paid, row.balance) for row in found.rows] == [
        ("Оплачено через Сбербанк", 0, 70000, 0),
        ("Начислено за сентябрь 2026", 72000, 0, 72000),
        ("Перерасчёт в счёте за сентябрь 2026", -2000, 0, 70000),
        ("Пени в счёте за сентябрь 2026", 100, 0, 70100),
        ("Оплачено картой на сайте", 0, 80000, -9900),
        ("Возврат платежа: картой на сайте", 0, -9900, 0),
    ]


@pytest.mark.parametrize(
    ("source", "payment"),
    [("payment:12:heat", 12), ("refund:3:500:heat", 3), ("bill:1:2026-10:heat:charge", 0), ("payment:x", 0), ("", 0)],
)
def test_payment_behind_an_entry(source, payment):
    assert payment_of(source) == payment


def test_payment_told_by_services_has_its_whole_sum():
    entries = [
        entry("2026-09-12", "payment", -74345, "payment:7:electricity"),
        entry("2026-09-12", "payment", -72954, "payment:7:repair"),
        entry("2026-09-13", "payment", -100, "payment:8:electricity"),
    ]
    rows = Book(entries, "2026-09").statement("2026-09", "2026-09", {}).rows
    assert [row.whole for row in rows] == [147299, 147299, 0]


def test_balance_taken_over_and_correction_have_their_words():
    entries = [
        entry("2026-09-01", "correction", 500, "balance:1:heat"),
        entry("2026-09-02", "correction", -500, "staff:1"),
    ]
    assert [row.what for row in Book(entries, "2026-10").statement("2026-09", "2026-10", {}).rows] == [
        "Входящий остаток",
        "Исправление",
    ]


def test_book_without_an_entry():
    book = Book([], "2026-11")
    assert (book.periods, book.statement("2026-11", "2026-11", {}).closing) == (["2026-11"], 0)


@given(
    st.lists(st.tuples(st.integers(0, 700), st.sampled_from(KINDS), st.integers(-(10**9), 10**9)), max_size=40),
    st.integers(0, 23),
    st.integers(0, 23),
)
def test_statement_closes_with_the_balance_of_its_last_month(rows, one, other):
    days = sorted(rows, key=lambda row: row[0])
    entries = [
        entry(date.fromordinal(date(2025, 1, 1).toordinal() + day).isoformat(), kind, amount)
        for day, kind, amount in days
    ]
    first, last = (periods.shift("2025-01", months) for months in sorted((one, other)))
    book = Book(entries, "2026-12")
    found = book.statement(first, last, {})
    months = book.months(first, last)
    assert found.closing == sum(row.amount for row in entries if f"{row.day:%Y-%m}" <= last)
    assert not months or months[-1].balance == (found.closing if months[-1].period == last else months[-1].balance)
    if found.rows:
        assert found.rows[-1].balance == found.closing


# ---- the page


@pytest.fixture
def settled(anna):
    """Two months billed, the first paid in the Sberbank."""
    prices.load()
    for period in ("2026-09", "2026-10"):
        run.bill(period, issued_on=date(2026, 11, 3))
    payments.take_external(anna.account.id, 72000, channel="sberbank", document="1", day=date(2026, 10, 9))
    return anna


def open_(client, person, endpoint, **query):
    return client.get(endpoint, number=person.account.number, **query)


def test_statement_of_the_last_three_months(home, settled):
    page = open_(home, settled, "bills.statement")
    assert [[plain(cell) for cell in row] for row in page.rows] == [
        ["30 сентября 2026", "Начислено за сентябрь 2026", "720,00 ₽", "—", "720,00 ₽"],
        ["9 октября 2026", "Оплачено через Сбербанк", "—", "720,00 ₽", "0,00 ₽"],
        ["31 октября 2026", "Начислено за октябрь 2026", "720,00 ₽", "—", "720,00 ₽"],
    ]
    assert page.soup.caption.get_text(" ", strip=True) == "На начало: долга нет"


def test_statement_of_the_months_asked_for(home, settled):
    page = open_(home, settled, "bills.statement", **{"from": "2026-10", "to": "2026-10"})
    assert len(page.rows) == 2
    assert plain(page.soup.caption.get_text(" ", strip=True)) == "На начало: долг 720,00 ₽"
    assert page.value("from") == "2026-10"


@pytest.mark.feature("S27")
def test_statement_on_paper(home, settled):
    page = open_(home, settled, "bills.statement_paper", **{"from": "2026-09", "to": "2026-10"})
    assert page.headers["Content-Type"] == "application/pdf"
    name = f"statement-2026-09-2026-10-{settled.account.number}.pdf"
    assert page.headers["Content-Disposition"] == f"inline; filename={name}"
    text = " ".join(plain(sheet.get_textpage().get_text_range()) for sheet in pypdfium2.PdfDocument(page.answer.data))
    assert "Оплачено через Сбербанк" in text
    assert "720,00" in text


def test_statement_as_a_file(home, settled):
    page = open_(home, settled, "bills.statement_file", **{"from": "2026-10", "to": "2026-10"})
    rows = list(csv.reader(io.StringIO(page.answer.data.decode("utf-8-sig")), delimiter=";"))
    assert rows[1] == ["2026-10", "Долг на начало", "", "", "", "720,00"]
    assert rows[2] == ["2026-10-09", "Оплачено через Сбербанк", "Электроэнергия", "0,00", "720,00", "0,00"]
    assert rows[-1] == ["2026-10", "Долг на конец", "", "720,00", "720,00", "720,00"]


def test_negative_sum_in_a_file_is_a_number(home, settled):
    ledger.post(New(settled.account.id, "electricity", ledger.CORRECTION, -123456, date(2026, 11, 1), "staff:1"))
    page = open_(home, settled, "bills.statement_file", **{"from": "2026-11", "to": "2026-11"})
    rows = list(csv.reader(io.StringIO(page.answer.data.decode("utf-8-sig")), delimiter=";"))
    assert rows[2][3:] == ["-1234,56", "0,00", "-514,56"]


@pytest.mark.parametrize("endpoint", ["bills.statement", "bills.statement_file", "bills.statement_paper"])
@pytest.mark.parametrize("query", [{"from": "x"}, {"to": "1999-01"}, {"from": "2026-11", "to": "2026-01"}])
def test_nonsense_in_the_query_is_answered_with_what_there_is(home, settled, endpoint, query):
    assert open_(home, settled, endpoint, **query).status == 200


def test_history_is_the_section_of_a_statement(home, settled):
    here = open_(home, settled, "bills.statement").soup.select_one('header nav [aria-current="page"]')
    assert here.get_text() == "История"


def test_statement_of_an_account_with_a_payment_alone(client, boris):
    prices.load()
    payments.take_external(boris.account.id, 500, channel="cash", document="7", day=date(2026, 11, 2))
    client.sign_in("boris@example.ru", cast.PASSWORD)
    page = open_(client, boris, "bills.statement")
    assert [[plain(cell) for cell in row[1:]] for row in page.rows] == [["Оплачено в кассе", "—", "5,00 ₽", "−5,00 ₽"]]
