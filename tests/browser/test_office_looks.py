"""The rooms of the office on every screen: no barrier that axe finds, no sideways scrolling, a quiet console, also without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.portal import PASSWORD, Portal
from tests.browser.test_looks import faults, sideways
from tests.browser.visitor import Visitor, visiting

pytestmark = pytest.mark.browser
ROOMS = (
    "/staff/", "/staff/paperforms", "/staff/paperforms/print", "/staff/paperforms/checks", "/staff/readings", "/staff/customers",
    "/staff/customers?q=иванова", "/staff/approvals", "/staff/bills", "/staff/exchange", "/staff/exchange/formats", "/staff/audit",
    "/staff/people", "/staff/people/new", "/staff/people/rights", "/staff/people/1", "/staff/me", "/staff/sign-out", "/staff/no-such",
)  # fmt: skip


@pytest.fixture(scope="module")
def signed_in(chromium: Any, portal: Portal) -> Any:
    """What the administrator's browser keeps after signing in."""
    with visiting(chromium, portal) as visitor:
        visitor.open("/staff/sign-in")
        assert faults(visitor) == []
        visitor.fill(Рабочая_почта="irina@example.ru", Пароль=PASSWORD)
        visitor.press("Дальше")
        visitor.heading("Код входа")
        assert faults(visitor) == []
        visitor.page.get_by_label("Код").fill(visitor.page.locator(".note b").inner_text())
        visitor.press("Войти")
        visitor.page.wait_for_url(lambda url: "sign-in" not in url)
        return visitor.context.storage_state()


@pytest.fixture
def irina(request: pytest.FixtureRequest, chromium: Any, portal: Portal, signed_in: Any) -> Iterator[Visitor]:
    with visiting(chromium, portal, js=getattr(request, "param", True), cookies=signed_in) as visitor:
        yield visitor


@pytest.mark.parametrize("path", ROOMS)
def test_rooms(irina: Visitor, path: str) -> None:
    irina.open(path)
    assert [fault for fault in faults(irina) if "404" not in fault] == []


@pytest.mark.parametrize("irina", [False], ids=["plain"], indirect=True)
def test_rooms_without_scripts(irina: Visitor) -> None:
    for path in ROOMS:
        irina.open(path)
        assert sideways(irina.page) == [], path
