"""Accounts: linking by the holder's secret, the switcher in the head, the primary one, unlinking."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.both import both_ways
from tests.browser.portal import Portal
from tests.browser.visitor import Visitor, visiting

pytestmark = pytest.mark.browser


@both_ways
@pytest.mark.feature("S6")
def test_link_switch_make_primary_unlink(newcomer: Visitor, portal: Portal) -> None:
    first, second = newcomer.account, portal.household()
    newcomer.open("/accounts/link")
    newcomer.fill(Лицевой_счёт=second.account, Код_доступа_или_конец_номера_счётчика=second.access_code)
    newcomer.press("Привязать")
    assert second.account in newcomer.page.url
    switch_to(newcomer, first)
    newcomer.open("/")
    assert chosen(newcomer) == first, "the account chosen last is the one to come back to"

    newcomer.open("/accounts")
    newcomer.page.get_by_role("main").get_by_role("button", name="Сделать основным").click()
    newcomer.sees(f"Основной лицевой счёт теперь {second.account}.")
    newcomer.open(f"/accounts/{first}/unlink")
    newcomer.press("Отвязать")
    newcomer.sees(f"Лицевой счёт {first} отвязан.")
    newcomer.open(f"/accounts/{first}/")
    newcomer.heading("Такой страницы нет")
    newcomer.open("/")
    assert chosen(newcomer) == second.account
    assert newcomer.noise == []


@both_ways
def test_a_wrong_code_links_nothing_and_keeps_the_number(newcomer: Visitor) -> None:
    newcomer.open("/accounts/link")
    newcomer.fill(Лицевой_счёт="241010000054", Код_доступа_или_конец_номера_счётчика="0000")
    newcomer.press("Привязать")
    expect(newcomer.summary()).to_contain_text("Не нашли лицевого счёта с таким номером и кодом.")
    expect(newcomer.field("Лицевой счёт")).to_have_value("241010000054")
    newcomer.open("/accounts/241010000054/")
    newcomer.heading("Такой страницы нет")


def test_a_family_shares_an_account(newcomer: Visitor, chromium: Any, portal: Portal) -> None:
    """One relative unlinking the account leaves the other's cabinet alone."""
    with visiting(chromium, portal) as relative:
        relative.settle(newcomer.household)
        relative.open(f"/accounts/{newcomer.account}/unlink").press("Отвязать")
        relative.sees("отвязан")
    newcomer.open(f"/accounts/{newcomer.account}/")
    newcomer.heading("Здравствуйте")


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
