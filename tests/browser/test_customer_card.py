"""A customer telephones: found by what they say, opened by keys alone, a reading taken; with scripts, without, on a narrow screen."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.portal import Portal
from tests.browser.test_looks import faults
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
both_ways = pytest.mark.parametrize("irina", [True, False], ids=["js", "plain"], indirect=True)


def keys(visitor: Visitor, *pressed: str) -> None:
    for one in pressed:
        visitor.page.keyboard.press(one)


def choose_reason(visitor: Visitor) -> None:
    visitor.page.get_by_label("Зачем открываете").select_option("звонок")


@both_ways
def test_a_reading_by_telephone_without_a_mouse(irina: Visitor, portal: Portal) -> None:
    account = portal.household().account
    irina.open("/staff/customers")
    expect(irina.page.get_by_role("searchbox")).to_be_focused()
    irina.page.keyboard.type(account)
    keys(irina, "Enter")
    expect(irina.page.get_by_role("searchbox")).to_have_value(account)
    choose_reason(irina)
    irina.page.get_by_role("button", name=f"Открыть {account}").press("Enter")
    irina.heading("Иванова Анна Сергеевна")
    irina.sees(account)
    irina.follow("Принять показания")
    expect(irina.dials()[0]).to_be_focused()
    irina.page.keyboard.type("11550")
    keys(irina, "Tab")
    irina.page.keyboard.type("5660")
    keys(irina, "Enter")
    irina.heading("Иванова Анна Сергеевна")
    expect(irina.page.get_by_role("status").first).to_contain_text("Показания приняты.")
    irina.sees(re.compile(r"день.11.550, ночь.5.660"))


def test_the_reason_stays_for_the_next_customer(irina: Visitor, portal: Portal) -> None:
    for number, is_first in ((portal.household().account, True), (portal.household().account, False)):
        irina.open(f"/staff/customers?q={number}")
        if is_first:
            choose_reason(irina)
            irina.page.get_by_role("button", name=f"Открыть {number}").focus()
        expect(irina.page.get_by_label("Зачем открываете").locator("option:checked")).to_have_text("звонок")
        keys(irina, "Enter")
        irina.heading("Иванова Анна Сергеевна")


def test_a_name_and_an_address_lead_to_one_of_many(irina: Visitor, portal: Portal) -> None:
    account = portal.household().account
    irina.open("/staff/customers?q=иванова")
    expect(irina.page.get_by_role("button", name=re.compile("Открыть"))).to_have_count(20)
    irina.sees("есть ещё: уточните запрос")
    irina.page.get_by_role("searchbox").fill(f"иванова {account[-5:]}")
    irina.press("Найти")
    expect(irina.page.get_by_role("button", name=re.compile("Открыть"))).to_have_count(1)


def test_nothing_is_wrong_with_the_pages(irina: Visitor) -> None:
    number = "241010000054"
    irina.open(f"/staff/customers?q={number}")
    assert not faults(irina)
    choose_reason(irina)
    irina.page.get_by_role("button", name=f"Открыть {number}").click()
    irina.heading("Иванова Анна Сергеевна")
    for details in irina.page.locator("main summary").all():
        details.click()
    assert not faults(irina)
    for page in ("readings", "contact"):
        irina.open(f"/staff/customers/{number}/{page}")
        assert not faults(irina)
