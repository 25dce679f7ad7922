"""The desk and the audit log in a browser: the notice of a peak day from the office to every customer, the log searched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.portal import PASSWORD, Portal
from tests.browser.test_looks import faults, sideways
from tests.browser.visitor import Visitor, visiting

pytestmark = pytest.mark.browser
both_ways = pytest.mark.parametrize("marta", [True, False], ids=["js", "plain"], indirect=True)
TEXT = "Сегодня не дозвониться: передайте показания здесь."


@pytest.fixture(scope="module")
def at_the_office(chromium: Any, portal: Portal) -> Any:
    """What the second administrator's browser keeps after signing in: a code of the second factor opens once."""
    with visiting(chromium, portal) as visitor:
        visitor.open("/staff/sign-in")
        visitor.fill(Рабочая_почта="marta@example.ru", Пароль=PASSWORD)
        visitor.press("Дальше")
        visitor.page.get_by_label("Код").fill(visitor.page.locator(".note b").inner_text())
        visitor.press("Войти")
        visitor.page.wait_for_url(lambda url: "sign-in" not in url)
        return visitor.context.storage_state()


@pytest.fixture
def marta(request: pytest.FixtureRequest, chromium: Any, portal: Portal, at_the_office: Any) -> Iterator[Visitor]:
    with visiting(chromium, portal, js=getattr(request, "param", True), cookies=at_the_office) as visitor:
        yield visitor


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
