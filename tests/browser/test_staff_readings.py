"""An operator goes through held readings: by keys alone, and without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_looks import faults
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
DESKTOP = {"width": 1280, "height": 800}


@pytest.fixture
def oleg(oleg: Visitor) -> Visitor:
    oleg.page.set_viewport_size(DESKTOP)
    return oleg


@pytest.fixture
def held(newcomer: Visitor) -> Visitor:
    """A customer whose reading has a digit too many, sent all the same."""
    newcomer.open_readings()
    day, night = newcomer.used(150, 60)
    newcomer.type_readings(day % 10_000 * 10 + 5, night)
    newcomer.press("Передать")
    newcomer.press("Всё верно, передать")
    newcomer.heading("Показания на проверке")
    return newcomer


def find(oleg: Visitor, account: str) -> None:
    """Walk the queue by keys to the row of this account and open it."""
    oleg.open("/staff/readings")
    for _ in range(60):
        oleg.page.keyboard.press("j")
        if account in (oleg.page.evaluate("document.activeElement.ariaLabel") or ""):
            break
    else:
        raise AssertionError(f"{account} is not in the queue")
    oleg.page.keyboard.press("Enter")
    oleg.page.wait_for_url(re.compile(r"/staff/readings/\d+"))


def keys(oleg: Visitor, *pressed: str) -> None:
    for one in pressed:
        oleg.page.keyboard.press(one)


def test_reading_is_accepted_by_one_key(oleg: Visitor, held: Visitor) -> None:
    find(oleg, held.account)
    keys(oleg, "a")
    expect(oleg.page.get_by_role("status").filter(has_text=held.account)).to_contain_text("Принято")
    held.open_readings()
    held.sees("принято к расчёту")
    assert oleg.noise == []


def test_right_digits_are_typed_without_a_mouse(oleg: Visitor, held: Visitor) -> None:
    find(oleg, held.account)
    keys(oleg, "e")
    day, night = held.open_readings().used(150, 60)
    oleg.page.keyboard.type(str(day))
    keys(oleg, "Tab")
    oleg.page.keyboard.type(str(night))
    keys(oleg, "Tab", "Tab")
    oleg.page.keyboard.type("Сверили с вами по телефону.")
    keys(oleg, "Enter")
    expect(oleg.page.get_by_role("status").filter(has_text=held.account)).to_contain_text("Исправлено")
    held.open_readings()
    assert [day, night] in held.stored()


def test_rejection_with_the_usual_reason_takes_two_keys(oleg: Visitor, held: Visitor) -> None:
    find(oleg, held.account)
    keys(oleg, "r", "Enter")
    expect(oleg.page.get_by_role("status").filter(has_text=held.account)).to_contain_text("Отклонено")
    held.open_readings()
    held.sees("не принято")


def test_letters_in_a_field_are_only_letters(oleg: Visitor, held: Visitor) -> None:
    find(oleg, held.account)
    keys(oleg, "q")
    oleg.page.keyboard.type("aers?")
    expect(oleg.field("Вопрос клиенту")).to_have_value("aers?")
    keys(oleg, "Escape", "r")
    expect(oleg.page.get_by_role("button", name="Отклонить", exact=True)).to_be_visible()


def test_keys_work_in_the_russian_layout(oleg: Visitor, held: Visitor) -> None:
    find(oleg, held.account)
    oleg.page.evaluate(
        """() => document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "й", code: "KeyQ", bubbles: true}))"""
    )
    expect(oleg.field("Вопрос клиенту")).to_be_focused()


@pytest.mark.parametrize("oleg", [True, False], ids=["js", "plain"], indirect=True)
def test_question_reaches_the_customer(oleg: Visitor, held: Visitor) -> None:
    oleg.open("/staff/readings")
    oleg.page.get_by_role("button", name=f"Открыть показание, лицевой счёт {held.account}").click()
    oleg.page.get_by_text("Спросить клиента").first.click()
    oleg.fill(Вопрос_клиенту="Какие цифры стоят до запятой?")
    oleg.press("Отправить вопрос")
    oleg.page.wait_for_load_state()
    held.open_readings()
    held.sees("Какие цифры стоят до запятой?")
    oleg.open("/staff/readings?waits=client")
    oleg.sees(held.account)


def test_no_page_has_a_barrier(oleg: Visitor, held: Visitor) -> None:
    find(oleg, held.account)
    for key in ("?", "e", "r", "q"):
        keys(oleg, key, "Escape")
    assert faults(oleg) == []
    oleg.field("Вопрос клиенту").fill("нет")
    oleg.press("Отправить вопрос")
    expect(oleg.summary()).to_contain_text("хотя бы тремя словами")
    assert faults(oleg) == []
    oleg.open("/staff/readings")
    assert faults(oleg) == []
