"""Every page on every screen: no barrier that axe finds, no sideways scrolling, nothing from elsewhere, a quiet console."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
HEIGHT = 800
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RULES = {"light": STANDARDS, "dark": ["color-contrast", "link-in-text-block"]}  # dark differs in colours alone
OPEN = (
    "/", "/sign-in", "/sign-in?next=/settings", "/sign-up", "/activate", "/activate/no-such-token", "/recover", "/recover/code",
    "/recover/no-such-token", "/about/contacts", "/about/offices", "/about/privacy", "/about/privacy/personal-data", "/demo/letters",
    "/no-such-page",
)  # fmt: skip
OWN = (
    "/accounts/241010000054/", "/accounts/241030000075/", "/accounts/241010000100/", "/accounts/241010000054/readings",
    "/accounts/241010000054/history/readings", "/accounts/241010000054/history/consumption",
    "/accounts/241010000054/history/readings?from=2023-01&to=2023-01",
    "/accounts/241010000054/information", "/accounts/241030000075/information", "/accounts", "/accounts/link",
    "/accounts/241010000054/unlink", "/settings", "/settings/name", "/settings/email", "/settings/phone", "/settings/password",
    "/settings/email/no-such-token", "/sign-out", "/accounts/241010000127/",
)  # fmt: skip


@pytest.mark.parametrize("path", OPEN)
def test_open_pages(guest: Visitor, path: str) -> None:
    guest.open(path)
    assert faults(guest) == []


@pytest.mark.parametrize("path", OWN)
def test_own_pages(anna: Visitor, path: str) -> None:
    anna.open(path)
    assert faults(anna) == []


@pytest.mark.parametrize(
    "path", ["/accounts/241010000054/", "/accounts/241010000054/readings", "/accounts/241010000054/history/consumption"]
)
@pytest.mark.parametrize("anna", [False], ids=["plain"], indirect=True)
def test_pages_without_scripts(anna: Visitor, path: str) -> None:
    anna.open(path)
    assert sideways(anna.page) == []


def mistaken_sign_in(guest: Visitor) -> None:
    guest.open("/sign-in").press("Войти")
    guest.summary().wait_for()


def mistaken_sign_up(guest: Visitor) -> None:
    guest.open("/sign-up").press("Зарегистрироваться")
    guest.summary().wait_for()


def letter_sent(guest: Visitor) -> None:
    guest.open("/recover").fill(Почта_или_лицевой_счёт="vera@example.ru")
    guest.press("Восстановить")
    guest.fill(Код_из_письма="000000")
    guest.press("Дальше")
    guest.summary().wait_for()


@pytest.mark.parametrize("state", [mistaken_sign_in, mistaken_sign_up, letter_sent])
def test_states_of_open_pages(guest: Visitor, state: Callable[[Visitor], None]) -> None:
    state(guest)
    assert faults(guest) == []


def test_states_of_the_readings_form(newcomer: Visitor) -> None:
    """Usage shown, mistakes, a doubt with its guess, the receipt, the form with a value to correct."""
    newcomer.open_readings()
    day, night = newcomer.used(90, 60)
    newcomer.type_readings(day, "1")
    assert faults(newcomer) == [], "live usage"
    newcomer.type_readings("abc", "12345678")
    newcomer.press("Передать")
    newcomer.summary().wait_for()
    assert faults(newcomer) == [], "mistakes"
    newcomer.type_readings(night, day)
    newcomer.press("Передать")
    newcomer.page.get_by_role("button", name="Всё верно, передать").wait_for()
    assert faults(newcomer) == [], "a doubt"
    newcomer.press("Всё верно, передать")
    newcomer.heading("Показания на проверке")
    assert faults(newcomer) == [], "a receipt"
    newcomer.open_readings()
    assert faults(newcomer) == [], "to correct"
    newcomer.open("/")
    assert faults(newcomer) == [], "home"


def test_no_account_yet(newcomer: Visitor) -> None:
    newcomer.open(f"/accounts/{newcomer.account}/unlink").press("Отвязать")
    newcomer.heading("Мои лицевые счета")
    assert faults(newcomer) == []
    newcomer.open("/")
    assert faults(newcomer) == []


def test_the_switcher_opened(anna: Visitor) -> None:
    anna.open("/accounts")
    anna.page.get_by_role("banner").get_by_text("241010000054").first.click()
    assert faults(anna) == []


def faults(visitor: Visitor) -> list[str]:
    """What is wrong with the page in front, in light and dark, on a phone and on a desk."""
    page = visitor.page
    found = sideways(page)
    page.evaluate(AXE_SCRIPT)
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": HEIGHT})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found += [f"{width} {scheme}: {fault}" for fault in violations(page, RULES[scheme])]
    page.emulate_media(color_scheme="light")
    return found + visitor.noise


def violations(page: Page, rules: list[str]) -> list[str]:
    options = {"resultTypes": ["violations"], "runOnly": rules}
    answer: dict[str, Any] = page.evaluate("(options) => axe.run(document, options)", options)
    return [
        f"{one['id']}: {one['help']}: {', '.join(' '.join(map(str, node['target'])) for node in one['nodes'][:3])}"
        for one in answer["violations"]
    ]


def sideways(page: Page) -> list[str]:
    """The widths at which the page is broader than its window; also with text twice as large."""
    found = []
    for width, text in ((320, 100), (360, 100), (1280, 100), (360, 200), (1280, 200)):
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.evaluate("(percent) => { document.documentElement.style.fontSize = `${percent}%` }", text)
        if (over := page.evaluate("document.documentElement.scrollWidth - innerWidth")) > 0:
            found.append(f"{over} px too broad at {width} px, text {text} %")
    page.evaluate("document.documentElement.style.fontSize = ''")
    return found
