"""A consent on paper: printed by the customer, scanned and registered by a clerk, seen by the customer, withdrawn by a letter."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pytest
import zxingcpp
from playwright.sync_api import expect

from tests.browser.both import both_ways
from tests.browser.test_looks import faults
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
TITLE = re.compile("уведомлени")
SCAN: Any = {
    "name": "Согласие.pdf",
    "mimeType": "application/pdf",
    "buffer": b"%PDF-1.7\n" + bytes(100) + b"%%EOF\n",
}


def scanned(path: Path) -> str:
    """What a scanner reads from the printed blank."""
    page = pdfium.PdfDocument(path)[0].render(scale=200 / 72).to_pil()
    (code,) = zxingcpp.read_barcodes(page)
    return code.text


@both_ways
@pytest.mark.feature("S33")
def test_a_paper_goes_from_the_printer_to_the_register_and_back(newcomer: Visitor, galina: Visitor) -> None:
    newcomer.open("/consents/official-papers")
    with newcomer.page.expect_download() as printed:
        newcomer.press(f"Бланк для счёта {newcomer.account}, PDF")
    code = scanned(printed.value.path())

    galina.open("/staff/consents/register")
    expect(galina.field("Номер бланка")).to_be_focused()
    galina.page.keyboard.type(code)
    galina.page.keyboard.press("Enter")  # as a scanner ends
    galina.sees(str(newcomer.account))
    expect(galina.field("Когда подписано")).to_be_focused()
    galina.field("Что отмечено на бланке").select_option(label="письмом на почту")
    galina.fill(Адрес_почты_или_телефон_с_бланка="me@example.ru")
    galina.press("Зарегистрировать")
    galina.sees("Приложите скан подписанной бумаги")
    expect(galina.field("Адрес почты или телефон с бланка")).to_have_value("me@example.ru")
    galina.field("Скан подписанной бумаги").set_input_files(SCAN)
    galina.press("Зарегистрировать")
    galina.sees("Согласие зарегистрировано.")

    newcomer.open("/consents")
    newcomer.sees(re.compile("на бумаге в офисе, бланк № С-"))

    galina.open(f"/staff/consents/withdrawals?account={newcomer.account}")
    galina.page.locator("main li a", has_text=TITLE).click()
    galina.field("Как пришло").select_option(label="пришло почтой")
    galina.field("Скан заявления").set_input_files({**SCAN, "name": "Отзыв.pdf"})
    galina.press("Отозвать согласие")
    galina.sees("Отзыв зарегистрирован.")
    with galina.page.expect_download() as got:
        galina.press("Отзыв.pdf")
    assert got.value.path().read_bytes() == SCAN["buffer"]

    newcomer.open("/consents/official-papers")
    newcomer.sees(re.compile("Обработка прекратится"))
    assert newcomer.noise == [] and galina.noise == []


@pytest.mark.parametrize("path", ["", "/register", "/print", "/withdrawals", "/1", "/1/withdraw"])
def test_pages_have_no_barrier(galina: Visitor, path: str) -> None:
    galina.open(f"/staff/consents{path}")
    assert not faults(galina)


def test_the_steps_of_a_paper_have_no_barrier(galina: Visitor) -> None:
    galina.open("/staff/consents/register?form=С-000001-1")
    assert not faults(galina)
    galina.open("/staff/consents/register")
    chosen = galina.field("Какое согласие").locator("option", has_text=TITLE).get_attribute("value")
    galina.field("Какое согласие").select_option(chosen)
    galina.field("Лицевой счёт").fill("241010000054")
    galina.press("Дальше")
    galina.sees("Когда подписано")
    assert not faults(galina)


def test_the_register_is_taken_away_with_its_proofs(irina: Visitor) -> None:
    irina.open("/staff/consents")
    with irina.page.expect_download() as got:
        irina.press("Выгрузить реестр с доказательствами, ZIP")
    assert got.value.path().read_bytes().startswith(b"PK")
