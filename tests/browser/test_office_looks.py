"""The rooms of the office on every screen: no barrier that axe finds, no sideways scrolling, a quiet console, also without scripts."""

from __future__ import annotations

import pytest

from tests.browser.portal import PASSWORD
from tests.browser.test_looks import faults, sideways
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
ROOMS = (
    "/staff/", "/staff/paperforms", "/staff/paperforms/print", "/staff/paperforms/checks", "/staff/readings", "/staff/customers",
    "/staff/customers?q=иванова", "/staff/approvals", "/staff/bills", "/staff/exchange", "/staff/exchange/formats", "/staff/audit",
    "/staff/people", "/staff/people/new", "/staff/people/rights", "/staff/people/1", "/staff/me", "/staff/sign-out", "/staff/no-such",
)  # fmt: skip


def test_sign_in(guest: Visitor) -> None:
    guest.open("/staff/sign-in")
    assert faults(guest) == []
    guest.fill(Рабочая_почта="irina@example.ru", Пароль=PASSWORD)
    guest.press("Дальше")
    guest.heading("Код входа")
    assert faults(guest) == []


@pytest.mark.parametrize("path", ROOMS)
def test_rooms(irina: Visitor, path: str) -> None:
    irina.open(path)
    assert [fault for fault in faults(irina) if "404" not in fault] == []


@pytest.mark.parametrize("irina", [False], ids=["plain"], indirect=True)
def test_rooms_without_scripts(irina: Visitor) -> None:
    for path in ROOMS:
        irina.open(path)
        assert sideways(irina.page) == [], path
