"""No mouse: the skip link, the order of the stops, a visible focus, Enter."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.both import both_ways
from tests.browser.portal import PASSWORD
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
FOCUS = """() => {
    const it = document.activeElement, style = getComputedStyle(it), box = it.getBoundingClientRect();
    return {
        name: (it.labels && it.labels[0] ? it.labels[0].textContent : it.textContent).trim().replace(/\\s+/g, " "),
        seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
        inside: box.width > 1 && box.height > 1 && box.left >= 0 && box.right <= innerWidth + 1,
        body: it === document.body,
    };
}"""


def stops(page: Page) -> list[dict]:
    """Where Tab stops from the top of the page to its end."""
    found: list[dict] = []
    for _ in range(80):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUS)
        if stop["body"] or (found and stop == found[0]):
            return found
        found.append(stop)
    raise AssertionError("Tab never leaves the page")


@pytest.mark.parametrize(
    "path", ["/", "/accounts/{}/readings", "/accounts/{}/history/consumption", "/accounts", "/settings"]
)
def test_every_stop_can_be_seen(anna: Visitor, path: str) -> None:
    anna.open(path.format(anna.account))
    found = stops(anna.page)
    assert found[0]["name"] == "К содержанию"
    assert not [stop["name"] for stop in found if not stop["seen"]], "no outline"
    assert not [stop["name"] for stop in found if not stop["inside"]], "outside the screen"


def test_the_form_is_walked_in_the_order_it_is_read(anna: Visitor) -> None:
    anna.open_readings()
    names = [stop["name"] for stop in stops(anna.page)]
    first = names.index("День, Т1")
    assert names[first : first + 3] == ["День, Т1", "Ночь, Т2", "Передать"]


def test_the_skip_link_leads_to_the_content(anna: Visitor) -> None:
    anna.open_readings()
    anna.page.keyboard.press("Tab")
    anna.page.keyboard.press("Enter")
    anna.page.keyboard.press("Tab")
    assert anna.page.evaluate(FOCUS)["name"] == "День, Т1"


@both_ways
@pytest.mark.feature("B1")
def test_sign_in_and_pass_a_reading_without_a_mouse(newcomer: Visitor) -> None:
    keys = newcomer.page.keyboard
    newcomer.context.clear_cookies()
    newcomer.open(f"/accounts/{newcomer.account}/readings")
    tab_to(newcomer.page, "Почта или лицевой счёт")
    keys.type(newcomer.email)
    keys.press("Tab")
    keys.type(PASSWORD)
    keys.press("Enter")
    newcomer.heading(re.compile("^Показания за"))
    for zone, value in zip(("День, Т1", "Ночь, Т2"), newcomer.used(25, 5), strict=True):
        tab_to(newcomer.page, zone)
        keys.type(str(value))
    keys.press("Enter")
    newcomer.heading("Показания переданы")


@both_ways
def test_enter_sends_what_is_typed(newcomer: Visitor) -> None:
    """After a doubt the guess has a button of its own; Enter in a corrected dial must not press it."""
    newcomer.open_readings()
    day, night = newcomer.used(90, 60)
    newcomer.type_readings(night, day)
    newcomer.press("Передать")
    expect(newcomer.summary()).to_be_focused()
    expect(newcomer.page.get_by_role("button", name=re.compile("^Да, передать"))).to_be_visible()
    newcomer.type_readings(day + 5, night)
    newcomer.dials()[1].press("Enter")
    newcomer.heading("Показания переданы")
    assert newcomer.stored() == [[day + 5, night]]


@both_ways
def test_the_list_of_mistakes_takes_the_focus(guest: Visitor) -> None:
    guest.open("/sign-up")
    guest.field("Почта").press("Enter")
    expect(guest.summary()).to_be_focused()


def tab_to(page: Page, name: str) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUS)["name"] == name:
            return
    raise AssertionError(f"Tab does not come to {name!r}")
