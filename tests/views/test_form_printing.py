"""The page that prints reading forms."""

from __future__ import annotations

import io
from typing import Any

import pypdfium2 as pdfium
import pytest

from models.audit import AuditRow
from models.metering.accounts import Account, Office
from tests import cast
from tests.page import Client, Page
from tests.views.conftest import _at_the_office
from views.staff import form_printing


@pytest.fixture
def office(client: Client) -> Office:
    """The central office, with Anna's flat and its neighbour."""
    made = Office.create(
        code="101", name="Центральный участок", settlement="г. Красноярск", address="ул. Светлая, 24", hours="пн–пт 8–19"
    )  # fmt: skip
    anna = cast.anna()
    cast.hang(cast.account(55, street="ул. Мира", house="2", last_name="Сосед"), "1234", initial=(70,))
    Account.update(office=made).execute()
    assert anna.account.number == "241010000054"
    return made


def said(page: Page) -> str:
    assert page.status == 200, page.errors
    assert page.headers["Content-Type"] == "application/pdf"
    document = pdfium.PdfDocument(io.BytesIO(page.answer.data))
    return " ".join(" ".join(one.get_textpage().get_text_range().split()) for one in document)


def opened(client: Client, office: Office) -> Page:
    return client.get("form_printing.show").submit({"office": office.code}, button="Показать улицы")


@pytest.mark.feature("M10")
def test_a_clerk_prints_the_forms_of_an_office(galina: Client, office: Office) -> None:
    page = opened(galina, office)
    assert "По адресам: Центральный участок" in page.text
    answer = page.submit({"first": "1"}, button="Скачать PDF")
    text = said(answer)
    assert "№ 1 из 2" in text and "№ 2 из 2" in text and "за ноябрь 2026" in text
    assert text.index("241010000055") < text.index("241010000054")
    assert "Бланк верните: ул. Светлая, 24, пн–пт 8–19." in text
    assert "Иванова" not in text
    assert "forms-2026-11-101-1.pdf" in answer.headers["Content-Disposition"]
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Cache-Control"] == "no-store"


def test_one_street_with_names_for_the_next_month(pavel: Client, office: Office) -> None:
    page = opened(pavel, office)
    street = "г. Красноярск, ул. Садовая"
    text = said(page.submit({"part": street, "period": "2026-12", "with_names": True}, button="Скачать PDF"))
    assert "Иванова Анна Сергеевна" in text and "241010000055" not in text and "за декабрь 2026" in text


def test_who_has_passed_already_can_be_left_out(oleg: Client, office: Office) -> None:
    meter = Account.get(Account.number == "241010000054").meters.get()
    cast.read(meter, "2026-11-18", *cast.USUAL)
    text = said(opened(oleg, office).submit({"only_missing": True}, button="Скачать PDF"))
    assert "241010000054" not in text and "№ 1 из 1" in text


def test_a_long_route_is_printed_by_parts(galina: Client, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(form_printing, "MOST", 1)
    page = opened(galina, office)
    assert "начните второй с № 2" in page.text
    assert "№ 1 из 2" in said(page.submit({"first": "1"}, button="Скачать PDF"))
    text = said(page.submit({"first": "2"}, button="Скачать PDF"))
    assert "№ 2 из 2" in text and "№ 1 из 2" not in text


@pytest.mark.parametrize("first", ["0", "-1", "x", "", "1.5", "٣", "9999999999"])
def test_a_number_that_is_none_is_refused(galina: Client, office: Office, first: str) -> None:
    page = opened(galina, office).submit({"first": first}, button="Скачать PDF")
    assert page.status == 422 and "Напишите число" in page.error("first")


def test_a_number_beyond_the_route_is_refused(galina: Client, office: Office) -> None:
    page = opened(galina, office)
    answer = page.submit({"first": "3"}, button="Скачать PDF")
    assert answer.status == 422 and "от 1 до 2" in answer.error("first")
    answer = page.submit({"first": "2", "part": "г. Красноярск, ул. Мира"}, button="Скачать PDF")
    assert answer.status == 422 and "Бланков здесь 1" in answer.error("first")


def test_nobody_to_print_for_is_told(galina: Client, office: Office) -> None:
    for meter in Account.get(Account.number == "241010000054").meters:
        cast.read(meter, "2026-11-18", *cast.USUAL)
    page = opened(galina, office).submit(
        {"part": "г. Красноярск, ул. Садовая", "only_missing": True}, button="Скачать PDF"
    )
    assert page.status == 422 and "некому печатать" in page.error("part")


def test_a_street_that_is_not_there_is_refused(galina: Client, office: Office) -> None:
    page = opened(galina, office).submit({"part": "г. Москва, ул. Мира"}, button="Скачать PDF")
    assert page.status == 422


def test_an_office_without_meters_has_blank_forms_alone(galina: Client, office: Office) -> None:
    empty = Office.create(code="103", name="Дальний", settlement="с. Даль", address="ул. Одна, 1")
    page = opened(galina, empty)
    assert "нет открытых лицевых счетов" in page.text
    text = said(page.submit({"count": "4"}, button="Скачать PDF"))
    assert text.count("Фамилия") == 4 and "Бланк верните: ул. Одна, 1." in text
    forged = {"office": "103", "part": "", "period": "2026-11", "csrf_token": page.token}
    assert galina.open("/staff/paperforms/print", method="POST", data=forged).status == 400


def test_blank_forms_need_no_office(galina: Client, office: Office) -> None:
    page = galina.get("form_printing.show")
    assert page.value("count") == "30"
    assert said(page.submit({"count": "2"}, button="Скачать PDF")).count("Телефон") == 2


@pytest.mark.parametrize("count", ["0", "2001", "много"])
def test_too_many_blank_forms_are_refused(galina: Client, office: Office, count: str) -> None:
    page = galina.get("form_printing.show").submit({"count": count}, button="Скачать PDF")
    assert page.status == 422 and "от 1 до 2\u202f000" in page.error("count")


def test_an_unknown_office_is_not_there(galina: Client, office: Office) -> None:
    for code in ("999", "1\0", "' OR 1=1"):
        assert galina.get("form_printing.show", office=code).status == 404


def test_ones_own_office_is_chosen_already(client: Client, office: Office) -> None:
    vasily = client.another()
    cast.employee("clerk", email="vasily@example.ru", office="101")
    assert vasily.enter_office("vasily@example.ru", cast.PASSWORD).status == 303
    assert "По адресам: Центральный участок" in vasily.get("form_printing.show").text


def test_printing_addresses_is_in_the_audit_log(galina: Client, office: Office) -> None:
    opened(galina, office).submit({"with_names": True}, button="Скачать PDF")
    row = AuditRow.get(AuditRow.deed == "paperforms.printed")
    assert row.subject == "office:101" and row.detail["forms"] == 2 and row.detail["with_names"] is True
    assert row.who.startswith("staff:")


def test_files_of_an_hour_are_limited(galina: Client, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(form_printing, "_FILES", 2)
    page = opened(galina, office)
    assert [page.submit({"first": "1"}, button="Скачать PDF").status for _ in range(3)] == [200, 200, 422]


def test_an_auditor_prints_nothing(nina: Client, office: Office) -> None:
    assert nina.get("form_printing.show").status == 403


def test_a_customer_is_sent_to_the_office_door(home: Any, client: Client) -> None:
    page = client.get("form_printing.show")
    assert page.status == 303 and "/staff/sign-in" in page.location


def test_a_controller_of_another_role_may(client: Client, office: Office) -> None:
    for role, name in (("operator", "olga"), ("administrator", "ada")):
        assert _at_the_office(client.another(), role, name).get("form_printing.show").status == 200
