"""Accounts: linking by the holder's secret, the switcher in the head, the primary one, unlinking."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.both import both_ways
from tests.browser.portal import Portal
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser


@both_ways
@pytest.mark.feature("S6")
def test_link_switch_make_primary_unlink(relative: Visitor, portal: Portal) -> None:
    first, second = relative.account, portal.household()
    relative.open("/accounts/link")
    relative.fill(Лицевой_счёт=second.account, Код_доступа_или_конец_номера_счётчика=second.access_code)
    relative.press("Привязать")
    assert second.account in relative.page.url
    switch_to(relative, first)
    relative.open("/")
    assert chosen(relative) == first, "the account chosen last is the one to come back to"

    relative.open("/accounts")
    relative.page.get_by_role("main").get_by_role("button", name="Сделать основным").click()
    relative.sees(f"Основной лицевой счёт теперь {second.account}.")
    relative.open(f"/accounts/{first}/unlink")
    relative.press("Отвязать")
    relative.sees(f"Лицевой счёт {first} отвязан.")
    relative.open(f"/accounts/{first}/")
    relative.heading("Такой страницы нет")
    relative.open("/")
    assert chosen(relative) == second.account
    assert relative.noise == []


@both_ways
def test_a_wrong_code_links_nothing_and_keeps_the_number(relative: Visitor) -> None:
    relative.open("/accounts/link")
    relative.fill(Лицевой_счёт="241010000054", Код_доступа_или_конец_номера_счётчика="0000")
    relative.press("Привязать")
    expect(relative.summary()).to_contain_text("Не нашли лицевого счёта с таким номером и кодом.")
    expect(relative.field("Лицевой счёт")).to_have_value("241010000054")
    relative.open("/accounts/241010000054/")
    relative.heading("Такой страницы нет")


def test_a_family_shares_an_account(relative: Visitor) -> None:
    """Maria's account belongs to Anna's cabinet and to Boris's; one of them unlinking it leaves the other alone."""
    relative.open("/accounts/link")
    relative.fill(Лицевой_счёт="241010000100", Код_доступа_или_конец_номера_счётчика="29289408")
    relative.press("Привязать")
    relative.sees("Лицевой счёт 241010000100 привязан.")


def switch_to(visitor: Visitor, number: str) -> None:
    head = visitor.page.get_by_role("banner")
    head.get_by_text(chosen(visitor)).first.click()
    head.get_by_role("link", name=number).click()
    visitor.page.wait_for_url(f"**/accounts/{number}/")
    assert chosen(visitor) == number


def chosen(visitor: Visitor) -> str:
    """The account that the head of the page names."""
    text = visitor.page.get_by_role("banner").locator("summary").inner_text()
    return text.split()[-1]
