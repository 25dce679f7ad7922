"""The report of a batch as files."""

from __future__ import annotations

import io
from datetime import date

import openpyxl
import pypdfium2 as pdfium
import pytest

from models.audit import AuditRow
from models.metering.accounts import Office
from models.metering.paperforms import batches, entry
from models.metering.paperforms.batches import Batch
from models.people.staff import Employee
from tests import cast
from tests.page import Client, Page


@pytest.fixture
def batch(galina: Client, anna: cast.Person) -> Batch:
    office = Office.create(code="len", name="Ленинский", settlement="г. Красноярск", address="ул. Мира, 1")
    who = Employee.by_email("galina@example.ru")
    made = batches.start(office.id, date(2026, 11, 20), "staff", key="1", employee_id=who.id)
    entry.enter(made.id, anna.account.number, list(map(str, cast.USUAL)), key="1", employee_id=who.id)
    return made


def taken(client: Client, batch_id: int, kind: str) -> Page:
    token = client.get("me.show").token
    return client.post(f"batch_reports.{kind}", {"csrf_token": token}, batch_id=batch_id)


@pytest.mark.feature("M10")
def test_the_report_is_a_pdf(galina: Client, batch: Batch) -> None:
    page = taken(galina, batch.id, "pdf")
    assert page.headers["Content-Type"] == "application/pdf"
    assert f"batch-{batch.id}-2026-11-20.pdf" in page.headers["Content-Disposition"]
    said = pdfium.PdfDocument(io.BytesIO(page.answer.data))[0].get_textpage().get_text_range()
    assert f"Отчёт по пачке {batch.id}" in said and "241010000054" in said


@pytest.mark.feature("M10")
def test_the_report_is_a_table(galina: Client, batch: Batch) -> None:
    page = galina.get("paperforms.entry", batch_id=batch.id).submit(button="Отчёт XLSX")
    assert f"batch-{batch.id}-2026-11-20.xlsx" in page.headers["Content-Disposition"]
    rows = list(openpyxl.load_workbook(io.BytesIO(page.answer.data)).active.values)
    assert rows[0][:4] == ("Пачка", "Дата бланков", "Строка", "Лицевой счёт") and len(rows) == 3
    assert rows[1][3] == "241010000054"


def test_an_auditor_may_read_it(nina: Client, batch: Batch) -> None:
    assert nina.get("paperforms.entry", batch_id=batch.id).submit(button="Отчёт PDF").status == 200
    row = AuditRow.get(AuditRow.deed == "batch.report_taken")
    assert (row.subject, row.detail) == (f"batch:{batch.id}", {"format": "pdf", "rows": 1})
    assert row.who == Employee.by_email("nina@example.ru").subject


@pytest.mark.parametrize("kind", ["pdf", "xlsx"])
def test_no_batch_has_no_report(galina: Client, kind: str) -> None:
    assert taken(galina, 999, kind).status == 404
    assert not AuditRow.select().where(AuditRow.deed == "batch.report_taken").exists()


def test_a_customer_gets_none(client: Client, batch: Batch, home: Client) -> None:
    token = home.get("settings.show").token
    assert home.post("batch_reports.pdf", {"csrf_token": token}, batch_id=batch.id).status == 303
