"""Papers of consents at the office: a blank printed, scanned back, registered; what cannot be is said."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from models import audit, consents, files
from models import company as companies
from models.audit import AuditRow
from models.consents import Consent
from models.contact import consent_forms
from models.contact.consent_forms import ConsentForm
from tests import cast
from tests.consenting import PDF, bars, link, send
from tests.page import Client, Page
from tests.test_office import NASTY


@pytest.fixture(autouse=True)
def folder(app: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(files, "_folder", tmp_path)
    return tmp_path


@pytest.fixture
def version(app: Any) -> str:
    return companies.current().consents["official-papers"].version


def registered(galina: Client, form: ConsentForm) -> Page:
    page = galina.get("consent_papers.begin", form=form.code)
    return send(page, {"signed_on": "2026-11-20", "way": "email", "address": "anna@example.ru"})


# ---- blanks


@pytest.mark.feature("S33")
def test_a_clerk_prints_a_blank_and_scans_it_back(galina: Client, anna: cast.Person, version: str) -> None:
    page = galina.get("consent_papers.blanks", account=anna.account.number)
    answer = page.submit({"kind": "official-papers"}, button="Скачать PDF")
    assert answer.headers["Content-Type"] == "application/pdf"
    form = ConsentForm.get()
    assert bars(answer.answer.data) == [form.code]
    page = galina.get("consent_papers.begin", form=form.code)
    assert anna.account.number in page.text and "И*** Анна Сергеевна" in page.text and "Иванова" not in page.text
    page = send(page, {"signed_on": "2026-11-20", "way": "email", "address": "anna@example.ru"})
    assert page.status == 303
    page = page.follow()
    assert "Согласие зарегистрировано." in page.text and form.number in page.text and "ann***@example.ru" in page.text
    assert consents.stands("official-papers", anna.account.number)


def test_empty_blanks_are_printed_each_with_its_number(galina: Client) -> None:
    answer = galina.get("consent_papers.blanks").submit({"kind": "recording", "copies": "3"}, button="Скачать PDF")
    assert bars(answer.answer.data) == [one.code for one in ConsentForm.select().order_by(ConsentForm.id)]


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"kind": "payment"}, "kind"),
        ({"copies": "0"}, "copies"),
        ({"copies": "все"}, "copies"),
        ({"account": "777"}, "account"),
    ],
)
def test_what_cannot_be_printed_is_said(galina: Client, typed: dict[str, str], field: str) -> None:
    form = galina.get("consent_papers.blanks")
    data = {"csrf_token": form.token, "kind": "recording", "copies": "1", "account": "", **typed}
    page = galina.post("consent_papers.print_blanks", data)
    assert page.status == 422 and page.error(field)
    assert not ConsentForm.select().exists()


# ---- registering


def test_a_paper_without_a_number_asks_for_kind_and_account_by_its_end(
    galina: Client, anna: cast.Person, version: str
) -> None:
    cast.account(1054)
    page = galina.get("consent_papers.begin", kind=f"official-papers.{version}", account="1054")
    assert anna.account.number not in page.text and "Когда подписано" in page.text
    page = galina.get("consent_papers.begin", kind=f"official-papers.{version}", account="2410")
    assert "Подходит несколько счетов" in page.text and anna.account.number in page.text
    page = galina.get(link(page, anna.account.number))
    page = send(page, {"signed_on": "2026-11-18", "way": "sms", "address": "8 913 555 01 23"})
    assert page.status == 303
    assert "номер дан при регистрации" in page.follow().text
    assert Consent.get(Consent.kind == "official-papers").contact == {"way": "sms", "phone": "+79135550123"}


def test_a_public_blanks_code_leaves_only_the_account_to_be_typed(galina: Client, anna: cast.Person) -> None:
    code = consent_forms.code_of(companies.current().consents["recording"])
    page = galina.get("consent_papers.begin", form=code)
    page = page.submit({"account": anna.account.number}, button="Дальше")
    assert send(page, {"signed_on": "2026-11-18"}).status == 303
    assert Consent.get(Consent.kind == "recording").account == anna.account.number


def test_a_blank_that_is_registered_shows_its_consent(galina: Client, anna: cast.Person) -> None:
    with audit.acting("staff:1"):
        form = consent_forms.print_for(anna.account, companies.current().consents["official-papers"])
    first = registered(galina, form).location
    page = galina.get("consent_papers.begin", form=form.number)
    assert "Этот бланк уже зарегистрирован" in page.text and link(page, "Открыть согласие") == first


@pytest.mark.parametrize("typed", ["С-000001-0", "С-000123-4", "12", "\u202e", "0" * 40])
def test_a_number_that_leads_nowhere_is_said_and_kept(galina: Client, typed: str) -> None:
    page = galina.get("consent_papers.begin", form=typed)
    assert page.status == 422 and page.error("form")


def test_nothing_typed_is_said_too(galina: Client) -> None:
    for asked, field in (({"form": ""}, "form"), ({"kind": "", "account": ""}, "kind")):
        page = galina.get("consent_papers.begin", **asked)
        assert page.status == 422 and page.error(field)
    assert galina.get("staff_consents.withdrawals", account="").error("account")


def test_a_day_is_typed_as_people_write_it_and_a_lost_scan_is_asked_for_again(
    galina: Client, anna: cast.Person
) -> None:
    version = companies.current().consents["recording"].version
    page = galina.get("consent_papers.begin", kind=f"recording.{version}", account=anna.account.number)
    page = send(page, {"signed_on": "вчера"})
    assert "20.11.2026" in page.error("signed_on") and "Выберите файл снова" in page.text
    assert send(page, {"signed_on": "18.11.2026"}).status == 303


def test_what_was_typed_stays_when_something_is_wrong(galina: Client, anna: cast.Person, version: str) -> None:
    page = galina.get("consent_papers.begin", kind=f"official-papers.{version}", account=anna.account.number)
    page = send(page, {"signed_on": "2026-11-21", "way": "email", "address": "anna", "without_scan": "x"}, scan=None)
    assert page.status == 422
    assert "ещё не наступил" in page.error("signed_on") and page.error("address") and page.error("scan")
    assert page.field("address")["value"] == "anna" and page.field("signed_on")["value"] == "2026-11-21"
    assert not Consent.select().where(Consent.kind == "official-papers").exists()


def test_what_is_no_scan_is_said_beside_it(galina: Client, anna: cast.Person, version: str, folder: Path) -> None:
    page = galina.get("consent_papers.begin", kind=f"recording.{version}", account=anna.account.number)
    page = send(page, {"signed_on": "2026-11-18"}, scan=(b"MZ", "вирус.pdf"))
    assert page.status == 422 and "не JPEG, PNG или PDF" in page.error("scan")
    assert not [one for one in folder.rglob("*") if one.is_file()]


def test_large_scans_are_let_in_from_those_alone_who_register(galina: Client, nina: Client, anna: cast.Person) -> None:
    large = PDF[:-6] + bytes(3_000_000) + b"%%EOF\n"
    version = companies.current().consents["recording"].version
    page = galina.get("consent_papers.begin", kind=f"recording.{version}", account=anna.account.number)
    assert send(page, {"signed_on": "2026-11-18"}, scan=(large, "скан.pdf")).status == 303
    data = {"csrf_token": nina.get("me.show").token, "scan": (io.BytesIO(large), "скан.pdf")}
    path = nina.path("consent_papers.register")
    assert nina.open(path, method="POST", data=data, content_type="multipart/form-data").status == 413


def test_many_lookups_without_papers_are_noted(
    galina: Client, anna: cast.Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consent_forms, "UNNOTED_LOOKUPS", 2)
    for _ in range(3):
        galina.get("staff_consents.withdrawals", account=anna.account.number)
    assert AuditRow.get(AuditRow.deed == "consents.looked_up").detail["account"] == anna.account.number


@pytest.mark.both
@pytest.mark.parametrize("value", NASTY, ids=range(len(NASTY)))
def test_nothing_typed_from_a_paper_breaks_it(galina: Client, anna: cast.Person, version: str, value: str) -> None:
    kind = f"official-papers.{version}"
    page = galina.get("consent_papers.begin", kind=kind, account=anna.account.number)
    names = ("signed_on", "channel", "way", "address", "without_scan")
    for given in ({}, {"account": value}, {"kind": value}, {"form": value}):
        assert send(page, {**dict.fromkeys(names, value), **given}, scan=None).status in (303, 422)
    for name in ("form", "account", "kind"):
        asked = {"kind": kind, "account": anna.account.number, name: value}
        assert galina.get(galina.path("consent_papers.begin", **asked)).status in (200, 422)
