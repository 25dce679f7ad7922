"""Scans of a batch on its page: multipart, back as a file, for whom."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from models import files, seal
from models.audit import AuditRow
from models.files import StoredFile
from models.metering.accounts import Office
from models.metering.paperforms import batches
from models.metering.paperforms.batches import Batch
from models.people import staff_sessions
from models.people.staff import Employee
from tests.page import Client, Page

JPEG = b"\xff\xd8\xff\xe0" + bytes(3000) + b"\xff\xd9"
PDF = b"%PDF-1.7\n" + bytes(100) + b"%%EOF\n"


@pytest.fixture
def batch(galina: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Batch:
    monkeypatch.setattr(files, "_folder", tmp_path)
    office = Office.create(code="len", name="Ленинский", settlement="г. Красноярск", address="ул. Мира, 1")
    who = Employee.by_email("galina@example.ru")
    return batches.start(office.id, date(2026, 11, 20), "staff", key=seal.token(), employee_id=who.id)


def taken(client: Client, batch_id: int, file_id: int) -> Page:
    token = client.get("me.show").token
    return client.post("scans.download", {"csrf_token": token}, batch_id=batch_id, file_id=file_id)


def send(client: Client, batch: Batch, *sent: tuple[bytes, str]) -> Page:
    page = client.get("scans.index", batch_id=batch.id)
    data: dict[str, Any] = {"csrf_token": page.token, "files": [(io.BytesIO(body), name) for body, name in sent]}
    return client.open(page.path, method="POST", data=data, content_type="multipart/form-data")


@pytest.mark.feature("M10")
def test_a_clerk_attaches_scans_and_gets_them_back(galina: Client, batch: Batch) -> None:
    page = send(galina, batch, (JPEG, "Скан 1.jpg"), (PDF, "остальные.pdf"))
    assert page.status == 303
    page = page.follow()
    assert "Приложено: 2\u00a0файла." in page.text and "Скан 1.jpg" in page.text
    assert page.submit(button="Скан 1.jpg").answer.data == JPEG
    row = AuditRow.get(AuditRow.deed == "file.taken")
    assert (row.who, row.subject) == (Employee.by_email("galina@example.ru").subject, batch.subject)


def test_a_scan_goes_out_as_a_file_that_may_do_nothing(galina: Client, batch: Batch) -> None:
    got = send(galina, batch, (PDF, "Счёт «А».pdf")).follow().submit(button="Счёт «А».pdf")
    assert got.headers["Content-Type"] == "application/pdf"
    assert got.headers["Content-Disposition"].startswith("attachment")
    assert got.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ([], "Выберите файлы."),
        ([(b"", "")], "Выберите файлы."),
        ([(b"<script>", "скан.jpg")], "не JPEG, PNG или PDF"),
        ([(JPEG[:-2], "скан.jpg")], "обрывается"),
        ([(JPEG, "a.jpg"), (b"MZ", "b.exe")], "не JPEG, PNG или PDF"),
        ([(JPEG + bytes([n]) + JPEG, f"{n}.jpg") for n in range(21)], "За раз — до 20 файлов"),
    ],
)
def test_what_is_no_scan_is_refused_and_nothing_of_it_stays(
    galina: Client, batch: Batch, tmp_path: Path, sent: list[tuple[bytes, str]], said: str
) -> None:
    page = send(galina, batch, *sent)
    assert page.status == 422 and said in page.error("files")
    assert StoredFile.select().count() == 0
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_more_than_a_usual_form_is_taken_from_staff_alone(galina: Client, client: Client, batch: Batch) -> None:
    large = JPEG[:-2] + bytes(2_000_000) + JPEG[-2:]
    assert send(galina, batch, (large, "скан.jpg")).status == 303
    data: dict[str, Any] = {"csrf_token": "x", "files": [(io.BytesIO(large), "скан.jpg")]}
    path = f"/staff/paperforms/{batch.id}/scans"
    assert client.open(path, method="POST", data=data, content_type="multipart/form-data").status == 413


def test_more_than_a_usual_form_is_not_taken_from_who_may_not_add_or_is_signed_out(
    galina: Client, nina: Client, batch: Batch
) -> None:
    tokens = {client: client.get("me.show").token for client in (nina, galina)}
    staff_sessions.end_all(Employee.by_email("galina@example.ru").id)
    for client, token in tokens.items():
        large = io.BytesIO(JPEG[:-2] + bytes(2_000_000) + JPEG[-2:])
        data: dict[str, Any] = {"csrf_token": token, "files": [(large, "скан.jpg")]}
        path = f"/staff/paperforms/{batch.id}/scans"
        assert client.open(path, method="POST", data=data, content_type="multipart/form-data").status == 413


def test_far_too_much_is_refused_before_it_is_read(galina: Client, batch: Batch) -> None:
    most = b"-" * (files.SCANS.together + 1)
    assert send(galina, batch, (most, "скан.jpg")).status == 413


def test_a_scan_is_taken_away(galina: Client, batch: Batch) -> None:
    page = send(galina, batch, (JPEG, "скан.jpg")).follow()
    page = page.submit(button="Убрать").follow()
    assert "Скан убран." in page.text and "Сканов пока нет." in page.text
    assert taken(galina, batch.id, 1).status == 404


def test_a_scan_of_another_batch_is_not_there(galina: Client, batch: Batch) -> None:
    send(galina, batch, (JPEG, "скан.jpg"))
    other = batches.start(batch.office_id, date(2026, 11, 19), "staff", key="2", employee_id=batch.opened_by_id)
    scan = StoredFile.get()
    assert taken(galina, other.id, scan.id).status == 404
    assert taken(galina, batch.id, scan.id).status == 200
    assert galina.get("scans.index", batch_id=999).status == 404


def test_a_file_lost_from_the_disk_is_not_there(galina: Client, batch: Batch) -> None:
    send(galina, batch, (JPEG, "скан.jpg"))
    scan = StoredFile.get()
    scan.path.unlink()
    assert "Файла больше нет в хранилище" in taken(galina, batch.id, scan.id).follow().text
    assert not AuditRow.select().where(AuditRow.deed == "file.taken").exists()


def test_an_auditor_looks_and_changes_nothing(galina: Client, nina: Client, batch: Batch) -> None:
    send(galina, batch, (JPEG, "скан.jpg"))
    page = nina.get("scans.index", batch_id=batch.id)
    assert "скан.jpg" in page.text and "Убрать" not in page.text and "Приложить" not in page.text
    scan = StoredFile.get()
    data = {"csrf_token": nina.get("me.show").token}
    for path in (f"/staff/paperforms/{batch.id}/scans", f"/staff/paperforms/{batch.id}/scans/{scan.id}/remove"):
        assert nina.open(path, method="POST", data=data).status == 403
    assert taken(nina, batch.id, scan.id).answer.data == JPEG


def test_sizes_are_said_in_words(galina: Client, batch: Batch) -> None:
    page = send(galina, batch, (JPEG, "a.jpg"), (JPEG[:-2] + bytes(2_500_000) + JPEG[-2:], "b.jpg")).follow()
    assert "3\u00a0КБ" in page.text and "2,38\u00a0МБ" in page.text
