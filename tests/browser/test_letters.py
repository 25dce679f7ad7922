"""Letters in a browser: how they look to their readers, and how the office finds, reads and repeats them."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_looks import faults, sideways
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
ANNAS = "241010000054"
SHOWN = ("e_receipt", "debt_notice", "window_closing", "recover", "reading_corrected", "news")


def preview(oleg: Visitor, letter: str, kind: str = "email") -> None:
    """The letter with Anna's data; the reason is asked for once."""
    oleg.open(f"/staff/letters?letter={letter}&kind={kind}&account={ANNAS}")
    reason = oleg.page.get_by_label("Зачем открываете")
    if reason.count():
        reason.select_option(label="звонок")
        oleg.press("Открыть")


@pytest.mark.feature("B5")
def test_letters_have_no_barrier_on_a_phone_or_a_desk_by_day_or_by_night(oleg: Visitor) -> None:
    for letter in SHOWN:
        preview(oleg, letter)
        expect(oleg.page.get_by_role("alert")).to_have_count(0)
        assert faults(oleg) == [], letter
        oleg.follow("Как это видит получатель")
        expect(oleg.page.get_by_role("heading", level=1)).to_be_visible()
        assert faults(oleg) == [], letter
        for button in oleg.page.locator("main > p > a:only-child").all():
            box = button.bounding_box()
            assert box and box["height"] >= 44, letter


@pytest.mark.parametrize("oleg", [True, False], ids=["js", "plain"], indirect=True)
def test_an_operator_finds_a_letter_and_reads_it_for_a_reason(oleg: Visitor, guest: Visitor) -> None:
    guest.open("/recover")
    guest.page.locator("main [name=login]").fill("vera@example.ru")
    guest.page.locator("main form button").first.click()
    oleg.open("/staff/messages")
    oleg.page.get_by_label("Кому").fill("vera@example.ru")
    oleg.page.get_by_label("Что").select_option(label="Новый пароль")
    oleg.press("Показать")
    expect(oleg.page.get_by_role("row").nth(1)).to_contain_text("v***@example.ru")
    assert sideways(oleg.page) == []
    oleg.page.get_by_role("row").nth(1).get_by_role("link").click()
    expect(oleg.page.get_by_text("Вы просили новый пароль")).to_have_count(0)
    oleg.page.get_by_label("Зачем открываете").select_option(label="звонок")
    oleg.press("Открыть")
    expect(oleg.page.get_by_text("Вы просили новый пароль")).to_be_visible()
    assert re.search(r"/recover/…", oleg.page.locator("main").inner_text())
    assert sideways(oleg.page) == []
