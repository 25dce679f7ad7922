"""Consents at the office: one page by page, withdrawn by a paper, found, taken away, on the card."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from models import company as companies
from models import consents, files
from models.audit import AuditRow
from models.consents import Consent
from models.files import StoredFile
from models.office import consent_list
from models.people.staff import Employee
from tests import cast
from tests.consenting import PDF, give, link, send
from tests.page import Client


@pytest.fixture(autouse=True)
def folder(app: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(files, "_folder", tmp_path)
    return tmp_path


@pytest.mark.feature("S13")
def test_a_consent_is_withdrawn_by_a_paper_and_its_settlements_end(galina: Client, anna: cast.Person) -> None:
    give(anna, "official-papers", contact={"way": "email", "email": "anna@example.ru"})
    page = galina.get("staff_consents.withdrawals").submit({"account": anna.account.number}, button="Найти согласия")
    page = page.click(companies.current().consents["official-papers"].title)
    assert "прекратится сразу" in page.text
    page = send(page, {"received": "2026-11-20", "channel": "post"}).follow()
    assert "Отзыв зарегистрирован." in page.text and "закончится, когда завершатся расчёты" in page.text
    assert "на бумаге по почте" in page.text and "Galina" in page.text
    assert consents.stands("official-papers", anna.account.number) is None
    page = page.submit(button="Расчёты завершены").follow()
    assert "обработка закончена" in page.text
    assert Consent.get(Consent.kind == "official-papers").ends_at is not None


def test_withdrawing_personal_data_says_what_becomes_of_the_cabinet(galina: Client, anna: cast.Person) -> None:
    consent = Consent.get(Consent.subject == anna.customer.subject)
    page = galina.get("staff_consents.ask", consent_id=consent.id)
    assert "закончится личный кабинет" in page.text and "30 дней" in page.text
    assert send(page, {"received": "2026-11-20"}).status == 303
    assert consents.state(Consent.get_by_id(consent.id)) == consents.WITHDRAWN


def test_a_scan_is_taken_by_a_post_that_the_log_knows(galina: Client, nina: Client, anna: cast.Person) -> None:
    version = companies.current().consents["recording"].version
    page = galina.get("consent_papers.begin", kind=f"recording.{version}", account=anna.account.number)
    where = send(page, {"signed_on": "2026-11-18"}).location
    before = AuditRow.select().count()
    page = nina.get(where)
    assert AuditRow.select().count() == before
    got = page.submit(button="Согласие.pdf")
    assert got.answer.data == PDF and got.headers["Content-Disposition"].startswith("attachment")
    assert AuditRow.get(AuditRow.deed == "file.taken").who == _employee("nina").subject
    other = give(anna, "official-papers")
    stolen = nina.post(
        "staff_consents.download", {"csrf_token": page.token}, consent_id=other.id, file_id=StoredFile.get().id
    )
    assert stolen.status == 404


def test_a_page_of_a_consent_shows_the_words_and_no_contact_in_full(nina: Client, anna: cast.Person) -> None:
    consent = give(anna, "official-papers", contact={"way": "sms", "phone": "+79135550123"})
    page = nina.get("staff_consents.show", consent_id=consent.id)
    assert consent.text_id in page.text and "+7 *** 01-23" in page.text and "913" not in page.text
    assert "Зарегистрировать отзыв" not in page.text
    assert nina.get("staff_consents.show", consent_id=999).status == 404


# ---- the list and the register


def test_the_list_is_narrowed_and_paged(nina: Client, anna: cast.Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consent_list, "PAGE", 2)
    for kind in ("official-papers", "recording"):
        give(anna, kind)
    page = nina.get("staff_consents.index")
    assert len(page.soup.select("tbody tr")) == 2
    assert len(nina.get(link(page, "Раньше →")).soup.select("tbody tr")) == 1
    page = nina.get("staff_consents.index", kind="recording", account=anna.account.number, first="2026-11-20")
    assert len(page.soup.select("tbody tr")) == 1
    assert "Таких согласий нет" in nina.get("staff_consents.index", last="2026-11-19").text
    for wrong in ({"first": "вчера"}, {"account": "x"}, {"last": "0001-01-01"}):
        assert nina.get("staff_consents.index", **wrong).status == 422


@pytest.mark.feature("S13")
def test_the_register_is_taken_as_it_was_narrowed(nina: Client, anna: cast.Person) -> None:
    give(anna, "recording")
    page = nina.get("staff_consents.index", kind="recording")
    answer = page.submit(button="Выгрузить реестр с доказательствами, ZIP")
    assert re.search(r"consents-2026-11-20\.zip", answer.headers["Content-Disposition"])
    table = zipfile.ZipFile(io.BytesIO(answer.answer.data)).read("consents.csv").decode("utf-8-sig")
    assert len(table.splitlines()) == 2 and "recording" in table
    row = AuditRow.get(AuditRow.deed == "consents.exported")
    assert row.who == _employee("nina").subject


def test_a_register_at_the_console_is_checked_at_the_console(app: Any, anna: cast.Person, tmp_path: Path) -> None:
    runner = app.test_cli_runner()
    path = tmp_path / "consents.zip"
    made = runner.invoke(args=["export", "consents", str(path), "--since", "2026-01-01"])
    assert made.exit_code == 0, made.output
    checked = runner.invoke(args=["consents", "verify", str(path)])
    assert checked.exit_code == 0 and checked.output.startswith("ok"), checked.output
    AuditRow.update(hash="0" * 64).execute()
    checked = runner.invoke(args=["consents", "verify", str(path)])
    assert checked.exit_code == 1 and "FAIL" in checked.output
    assert "exists" in runner.invoke(args=["export", "consents", str(path)]).output


# ---- the card


def test_the_card_shows_consents_and_how_bills_come(galina: Client, anna: cast.Person) -> None:
    consent = give(anna, "official-papers")
    page = galina.get("staff_customers.show", number=anna.account.number)
    page = page.submit({"reason": "call"}, button=f"Открыть {anna.account.number}").follow()
    assert "Как приходят счета" in page.text and "на бумаге" in page.text
    assert link(page, companies.current().consents["official-papers"].title).endswith(f"/{consent.id}")


def _employee(name: str) -> Employee:
    found = Employee.by_email(f"{name}@example.ru")
    assert found is not None
    return found
