"""The desk and the audit log in a browser: the notice of a peak day from the office to every customer, the log searched."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.test_looks import faults, sideways
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
both_ways = pytest.mark.parametrize("marta", [True, False], ids=["js", "plain"], indirect=True)
TEXT = "Сегодня не дозвониться: передайте показания здесь."


@both_ways
@pytest.mark.feature("S39")
def test_notice_of_a_peak_day_reaches_customers_and_goes(marta: Visitor, anna: Visitor) -> None:
    marta.open("/staff/")
    marta.page.get_by_label("Что увидят клиенты").fill(TEXT)
    marta.press("Показать всем клиентам")
    marta.sees("Объявление включено")
    try:
        anna.open("/about/contacts")
        expect(anna.page.get_by_role("banner").get_by_text(TEXT)).to_be_visible()
    finally:
        marta.press("Снять объявление")
    marta.sees("Объявление снято.")
    anna.open("/about/contacts")
    expect(anna.page.get_by_text(TEXT)).to_have_count(0)


def test_log_is_searched_and_taken_away(marta: Visitor) -> None:
    marta.open("/staff/audit")
    marta.heading("Журнал действий")
    marta.page.get_by_label("Что сделал").select_option(label="Сотрудник вошёл")
    marta.press("Показать")
    expect(marta.page.get_by_role("row").nth(1)).to_contain_text("Сотрудник вошёл")
    with marta.page.expect_download() as download:
        marta.press("Выгрузить CSV")
    assert "Сотрудник вошёл" in download.value.path().read_text("utf-8-sig")


def test_nothing_is_wrong_with_the_pages(marta: Visitor) -> None:
    for path in ("/staff/", "/staff/audit"):
        marta.open(path)
        for details in marta.page.locator("main details:not([open]) > summary").all():
            details.click()
        assert not faults(marta)
        assert not sideways(marta.page)
