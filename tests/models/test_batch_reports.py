"""The report of a batch as data, and as a table for a spreadsheet."""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest
from peewee import Database

from models import seal
from models.exchange import xlsx
from models.metering import batch_reports
from models.metering.accounts import Office
from models.metering.batch_reports import HEADER, Report, Zone
from models.metering.paperforms import batches, closing, entry
from models.metering.paperforms.batches import Batch, PaperForm
from models.people.staff import Employee
from tests import cast

TAKEN = date(2026, 11, 20)


@pytest.fixture
def anna(db: Database) -> cast.Person:
    return cast.anna()


@pytest.fixture
def galina(db: Database) -> Employee:
    return cast.employee("clerk", email="galina@example.ru", name="Галина Петрова")


@pytest.fixture
def batch(galina: Employee) -> Batch:
    office = Office.create(code="len", name="Ленинский участок", settlement="г. Красноярск", address="ул. Мира, 1")
    facts = {"expected": 3, "control_sum": 9160}
    return batches.start(office.id, TAKEN, "inspector", key=seal.token(), employee_id=galina.id, **facts)


def type_in(batch: Batch, account: str, *typed: object) -> PaperForm:
    return entry.enter(batch.id, account, list(map(str, typed)), key=seal.token(), employee_id=batch.opened_by_id)


def report(batch: Batch) -> Report:
    found = batch_reports.of(batch.id)
    assert found is not None
    return found


def rows(found: Report) -> list[dict[str, Any]]:
    return [dict(zip(HEADER, row, strict=True)) for row in batch_reports.table(found)]


@pytest.mark.feature("M10")
def test_a_report_tells_the_batch_and_each_form(batch: Batch, anna: cast.Person) -> None:
    type_in(batch, anna.account.number, *cast.USUAL)
    found = report(batch)
    assert (found.batch, found.office, found.taken, found.channel) == (
        batch.id,
        "Ленинский участок",
        TAKEN,
        "снял контролёр",
    )
    assert (found.opened_by, found.opened_at) == ("Галина Петрова", datetime(2026, 11, 20, 10))
    assert (found.expected, found.entered, found.missing) == (3, 1, 2)
    assert (found.control_sum, found.total, found.usage) == (9160, 9160, 180)
    assert found.by_state == {"accepted": 1} and not found.is_closed
    [row] = found.rows
    assert (row.line, row.account, row.holder) == (1, anna.account.number, "Иванова Анна Сергеевна")
    assert (row.state, row.usage, row.by, row.at) == ("accepted", 180, "Галина Петрова", datetime(2026, 11, 20, 10))
    [dial] = row.dials
    assert dial.serial == "87749621" and dial.volume == 180
    assert dial.zones == (Zone("Т1", 6320, 6440), Zone("Т2", 2660, 2720))


def test_a_form_of_no_account_keeps_what_was_typed(batch: Batch) -> None:
    type_in(batch, "2410 1?", 123, 45)
    [row] = report(batch).rows
    assert (row.account, row.address, row.holder, row.typed, row.dials) == ("2410 1?", "", "", "123 / 45", ())
    assert row.state == "refused" and "лицевого счёта нет" in row.reason
    [line] = rows(report(batch))
    assert line["Стало"] == "123 / 45" and line["Итог"] == "не принято" and line["Счётчик"] is None


def test_a_zone_left_out_is_marked_and_a_form_of_nothing_has_nothing(batch: Batch) -> None:
    type_in(batch, "2410 1?", "1", "")
    type_in(batch, "2410 2?", "", "")
    found = batch_reports.of(batch.id)
    assert found is not None and [row.typed for row in found.rows] == ["1 / —", ""]


def test_a_row_typed_anew_is_told_once_and_a_withdrawn_one_is_in_no_sum(batch: Batch, anna: cast.Person) -> None:
    first = type_in(batch, anna.account.number, 6440, 2721)
    entry.enter(
        batch.id, anna.account.number, ["6440", "2720"], key="x", employee_id=batch.opened_by_id, line=first.line
    )
    gone = type_in(batch, "999", 1)
    entry.withdraw(gone.id)
    found = report(batch)
    assert [row.state for row in found.rows] == ["accepted", "withdrawn"]
    assert found.by_state == {"accepted": 1, "withdrawn": 1}
    assert (found.entered, found.total) == (1, 9160)


def test_a_closed_batch_tells_who_closed_it_and_why_it_differs(batch: Batch, anna: cast.Person, db: Database) -> None:
    type_in(batch, anna.account.number, *cast.USUAL)
    oleg = cast.employee("operator", email="oleg@example.ru", name="Олег Ким")
    closing.close(batch.id, oleg.id, acknowledged=True, reason="два бланка порваны")
    found = report(batch)
    assert (found.closed_by, found.closed_at) == ("Олег Ким", datetime(2026, 11, 20, 10))
    assert found.difference == "два бланка порваны" and found.is_closed


def test_a_meter_that_is_left_out_is_not_told(batch: Batch, anna: cast.Person) -> None:
    cast.hang(anna.account, "second", initial=(5,), installed="2026-01-01")
    type_in(batch, anna.account.number, *cast.USUAL, "")
    [row] = report(batch).rows
    assert [dial.serial for dial in row.dials] == ["87749621"]


def test_the_table_has_a_row_a_zone_and_the_use_once_a_meter(batch: Batch, anna: cast.Person) -> None:
    vera = cast.vera()
    type_in(batch, anna.account.number, *cast.USUAL)
    type_in(batch, vera.account.number, 12120)
    found = rows(report(batch))
    assert [(row["Строка"], row["Зона"], row["Было"], row["Стало"], row["Расход"]) for row in found] == [
        (1, "Т1", 6320, 6440, 180), (1, "Т2", 2660, 2720, None), (2, None, 12000, 12120, 120),
    ]  # fmt: skip
    assert {row["Пачка"] for row in found} == {batch.id} and {row["Дата бланков"] for row in found} == {TAKEN}


@pytest.mark.parametrize("text", ["=1+1", "+7", "-5", "@x", '=HYPERLINK("http://x")'])
def test_nothing_typed_runs_in_the_spreadsheet(batch: Batch, anna: cast.Person, text: str) -> None:
    anna.account.street, anna.account.last_name = text, text
    anna.account.save()
    type_in(batch, anna.account.number, *cast.USUAL)
    type_in(batch, text, text)
    file = io.BytesIO()
    found = report(batch)
    xlsx.write(file, HEADER, batch_reports.table(found), "Пачка", batch_reports.WIDTHS)
    cells = [cell for row in openpyxl.load_workbook(file).active.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d"}
    assert any(cell.value == text for cell in cells)


def test_a_batch_that_is_not_there_has_no_report(db: Database) -> None:
    assert batch_reports.of(999) is None


def test_each_column_has_a_width() -> None:
    assert len(batch_reports.WIDTHS) == len(HEADER)
