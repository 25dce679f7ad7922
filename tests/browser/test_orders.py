"""A meter is replaced: a customer chooses the hours, the office enters the visit, the customer sees the new meter."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.both import both_ways
from tests.browser.portal import NOW, Portal
from tests.browser.test_looks import faults
from tests.browser.visitor import Visitor, visiting

pytestmark = pytest.mark.browser
TODAY = date.fromisoformat(NOW[:10])


@pytest.fixture
def pavel(chromium: Any, portal: Portal, badges: Callable[[str], Any]) -> Any:
    """The controller in a browser of his own."""
    with visiting(chromium, portal, cookies=badges("pavel")) as visitor:
        yield visitor


def order(customer: Visitor) -> str:
    """Ask for another meter at the first free hours; the order's number."""
    customer.open(f"/accounts/{customer.account}/information")
    customer.page.get_by_role("link", name=re.compile("^Зака(жите|зать) ")).first.click()
    customer.page.get_by_role("radio", name=re.compile("^Замена счётчика")).check()
    customer.field("Какой счётчик поставить").select_option(index=1)
    customer.field("Телефон для связи").fill("+7 913 555-01-23")
    customer.page.locator('input[name="slot"]').first.check()
    customer.press("Отправить заявку")
    customer.heading(re.compile("^Заявка № "))
    customer.sees("Как подготовиться")
    return customer.page.url.rpartition("/")[2]


@both_ways
@pytest.mark.feature("S44")
def test_a_meter_is_replaced_from_the_wish_to_the_new_dial(newcomer: Visitor, pavel: Visitor) -> None:
    number = order(newcomer)
    assert not newcomer.js or faults(newcomer) == []
    pavel.open(f"/staff/orders/{number}")
    pavel.follow("Внести результат визита")
    last = pavel.page.get_by_text("Последнее учтённое:").inner_text()
    shown = [int(re.sub(r"\D", "", one)) for one in re.findall(r"[\d\u202f]+", last.partition(" от ")[0])]
    pavel.field("День визита").fill(TODAY.isoformat())
    for n, value in enumerate(shown, 1):
        pavel.page.locator(f'[name="final_t{n}"]').fill(str(value + 10))
    serial = f"55{number[-6:]}"
    pavel.field("Номер").fill(serial)
    zones = int(pavel.field("Зон").input_value())
    for n in range(1, zones + 1):
        pavel.page.locator(f'[name="initial_t{n}"]').fill("1")
    pavel.press("Внести результат")
    if pavel.page.get_by_role("button", name="Всё верно, внести").count():
        pavel.press("Всё верно, внести")
    pavel.sees("выполнена")
    newcomer.open(f"/orders/{number}")
    newcomer.sees(f"№ {serial}")
    newcomer.open(f"/accounts/{newcomer.account}/readings")
    newcomer.sees(serial)
    assert newcomer.noise == pavel.noise == []


@both_ways
def test_a_visit_is_moved_and_called_off(newcomer: Visitor) -> None:
    number = order(newcomer)
    newcomer.follow("Перенести визит")
    newcomer.page.locator('input[name="slot"]').nth(4).check()
    newcomer.press("Назначить")
    newcomer.sees("визит перенесён")
    newcomer.page.get_by_text("Отменить заявку").click()
    newcomer.press("Да, отменить")
    newcomer.sees("отменена")
    newcomer.open("/orders")
    expect(newcomer.page.get_by_role("row").filter(has_text=number)).to_contain_text("отменена")


def test_pages_fit_a_phone_and_large_text(newcomer: Visitor) -> None:
    for path in ("/orders/new", "/about/meters", "/orders"):
        newcomer.open(path)
        assert faults(newcomer) == [], path
