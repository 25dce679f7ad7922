"""The report of a batch as files."""

from __future__ import annotations

import io
from datetime import date

import openpyxl
import pypdfium2 as pdfium
import pytest

from models.metering.accounts import Office
from models.metering.paperforms import batches, entry
from models.metering.paperforms.batches import Batch
from models.people.staff import Employee
from tests import cast
from tests.page import Client


@pytest.fixture
def batch(galina: Client, anna: cast.Person) -> Batch:
    office = Office.create(code="len", name="Ленинский", settlement="г. Красноярск", address="ул. Мира, 1")
    who = Employee.by_email("galina@example.ru")
    made = batches.start(office.id, date(2026, 11, 20), "staff", key="1", employee_id=who.id)
    entry.enter(made.id, anna.account.number, list(map(str, cast.USUAL)), key="1", employee_id=who.id)
    return made


@pytest.mark.feature("M10")
def test_the_report_is_a_pdf(galina: Client, batch: Batch) -> None:
    page = galina.get("batch_reports.pdf", batch_id=batch.id)
    assert page.headers["Content-Type"] == "application/pdf"
    assert f"batch-{batch.id}-2026-11-20.pdf" in page.headers["Content-Disposition"]
    said = pdfium.PdfDocument(io.BytesIO(page.answer.data))[0].get_textpage().get_text_range()
    assert f"Отчёт по пачке {batch.id}" in said and "241010000054" in said


@pytest.mark.feature("M10")
def test_the_report_is_a_table(galina: Client, batch: Batch) -> None:
    page = galina.get("batch_reports.xlsx", batch_id=batch.id)
    assert f"batch-{batch.id}-2026-11-20.xlsx" in page.headers["Content-Disposition"]
    rows = list(openpyxl.load_workbook(io.BytesIO(page.answer.data)).active.values)
    assert rows[0][:4] == ("Пачка", "Дата бланков", "Строка", "Лицевой счёт") and len(rows) == 3
    assert rows[1][3] == "241010000054"


def test_an_auditor_may_read_it(nina: Client, batch: Batch) -> None:
    assert nina.get("batch_reports.pdf", batch_id=batch.id).status == 200


@pytest.mark.parametrize("endpoint", ["batch_reports.pdf", "batch_reports.xlsx"])
def test_no_batch_has_no_report(galina: Client, endpoint: str) -> None:
    assert galina.get(endpoint, batch_id=999).status == 404


def test_a_customer_gets_none(client: Client, batch: Batch, home: Client) -> None:
    assert home.get("batch_reports.pdf", batch_id=batch.id).status == 303
