"""Consents at the office: one page by page, withdrawn by a paper, found, taken away, on the card."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from models import clock, consents, files
from models import company as companies
from models.audit import AuditRow
from models.consents import Consent
from models.entrance import agreeing
from models.entrance.agreeing import Agreement
from models.files import StoredFile
from models.office import consent_list
from models.people.customers import Customer
from models.people.staff import Employee
from tests import cast
from tests.consenting import PDF, give, link, send
from tests.page import Client, Page


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
    opened(galina, anna)
    page = galina.get("staff_consents.ask", consent_id=consent.id)
    assert "закончится личный кабинет" in page.text and "30 дней" in page.text
    page = send(page, {"received": "2026-11-20"})
    assert page.status == 303
    assert consents.state(Consent.get_by_id(consent.id)) == consents.WITHDRAWN
    row = AuditRow.get(AuditRow.deed == "behalf.consent_withdrawn")
    assert (row.subject, row.detail["reason"]) == (f"account:{anna.account.number}", "звонок")
    page = page.follow()
    assert "Расчёты завершены" not in page.text
    page = galina.post("staff_consents.settle", {"csrf_token": page.token}, consent_id=consent.id).follow()
    assert "уже закончена или оно не отозвано" in page.text
    assert Customer.get_by_id(anna.id).closes_at == clock.now() + consents.ENDS_IN


def test_a_cabinet_is_never_closed_without_a_scan(galina: Client, anna: cast.Person) -> None:
    consent = Consent.get(Consent.subject == anna.customer.subject)
    opened(galina, anna)
    page = galina.get("staff_consents.ask", consent_id=consent.id)
    assert "Почему скана нет" not in page.text
    page = send(page, {"received": "2026-11-20", "without_scan": "нет"}, None)
    assert page.status == 422 and "без подписи клиента" in page.error("scan")
    assert Customer.get_by_id(anna.id).closes_at is None


@pytest.mark.parametrize("kind", ["personal-data", "official-papers"])
def test_what_a_person_agreed_to_in_the_cabinet_is_ended_from_their_open_card_alone(
    galina: Client, anna: cast.Person, kind: str
) -> None:
    number = anna.account.number
    agreeing.agree(anna.id, "official-papers", Agreement(True, number, "email"), key="1")
    consent = Consent.get(Consent.subject == anna.customer.subject, Consent.kind == kind)
    page = galina.get("staff_consents.ask", consent_id=consent.id)
    assert page.location.endswith(f"/staff/customers/{number}")
    page = page.follow()
    assert "Сначала откройте его карточку" in page.text
    data = {"csrf_token": page.token, "received": "2026-11-20", "channel": "office", "without_scan": "нет"}
    page = galina.post("staff_consents.withdraw", data, consent_id=consent.id)
    assert page.location.endswith(f"/staff/customers/{number}")
    assert Consent.get_by_id(consent.id).withdrawn_at is None
    page = opened(galina, anna)
    page = galina.get(link(page, companies.current().consents[kind].title)).click("Зарегистрировать отзыв")
    assert send(page, {"received": "2026-11-20"}).status == 303


def opened(clerk: Client, person: cast.Person) -> Page:
    """The person's card, opened for a call."""
    page = clerk.get("staff_customers.show", number=person.account.number)
    return page.submit({"reason": "call"}, button=f"Открыть {person.account.number}").follow()


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


def test_a_clerk_sees_the_register_and_takes_nobodys_addresses_away(galina: Client, anna: cast.Person) -> None:
    page = galina.get("staff_consents.index")
    assert "Выгрузить реестр" not in page.text
    assert galina.post("staff_consents.export", {"csrf_token": page.token}).status == 403


def test_of_a_withdrawal_on_paper_the_hour_is_not_told(galina: Client, anna: cast.Person) -> None:
    consent = give(anna, "recording", at=clock.utc(datetime(2026, 11, 1)))
    page = send(galina.get("staff_consents.ask", consent_id=consent.id), {"received": "2026-11-18"}).follow()
    assert (
        "18\u00a0ноября\u00a02026" in page.text
        and "00:00" not in page.soup.select_one("dl.facts").get_text().partition("Обработка")[0]
    )


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


def test_many_looks_at_consents_leave_a_trace(nina: Client, anna: cast.Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consent_list, "UNNOTED_LOOKS", 2)
    consent = Consent.get(Consent.subject == anna.customer.subject)
    for _ in range(3):
        nina.get("staff_consents.show", consent_id=consent.id)
    row = AuditRow.get(AuditRow.deed == "consents.looked_up")
    assert (row.who, row.detail["account"]) == (_employee("nina").subject, anna.account.number)


def test_two_holders_are_told_apart(galina: Client, anna: cast.Person, boris: cast.Person) -> None:
    page = galina.get("staff_consents.withdrawals", account=anna.account.number)
    assert "ann***@example.ru" in page.text and "bor***@example.ru" in page.text
    consent = Consent.get(Consent.subject == boris.customer.subject)
    assert "bor***@example.ru" in galina.get("staff_consents.show", consent_id=consent.id).text


def test_only_kinds_that_the_company_has_are_offered(nina: Client) -> None:
    page = nina.get("staff_consents.index")
    assert "charges-news" not in [one["value"] for one in page.soup.select("#kind option")]
    assert "official-papers" in [one["value"] for one in page.soup.select("#kind option")]


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
