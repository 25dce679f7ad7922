"""Settings: one's data, and the devices that are signed in."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from playwright.sync_api import expect

from tests.browser.both import both_ways
from tests.browser.portal import PASSWORD
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
NEW = "tri-kota-na-kryshe"


@both_ways
def test_ending_another_device_signs_it_out(relative: Visitor, stage: ExitStack) -> None:
    other = _other(relative, stage)
    other.open("/settings")
    other.heading("Настройки")
    relative.open("/settings")
    relative.sees("это устройство")
    relative.page.get_by_role("main").get_by_role("button", name="Закончить").click()
    relative.sees("Вход на том устройстве закончен.")
    other.open("/settings")
    other.heading("Вход")
    relative.open("/settings")
    relative.heading("Настройки")


def test_all_others_at_once(relative: Visitor, stage: ExitStack) -> None:
    others = [_other(relative, stage) for _ in range(2)]
    relative.open("/settings")
    relative.press("Выйти на всех других устройствах")
    relative.sees("Вход на всех других устройствах закончен.")
    for other in others:
        other.open("/settings")
        other.heading("Вход")


@both_ways
@pytest.mark.feature("S12")
def test_name_phone_and_password_are_changed(relative: Visitor) -> None:
    relative.open("/settings/name").fill(Как_к_вам_обращаться="Пётр Ильич")
    relative.press("Сохранить")
    relative.sees("Пётр Ильич")
    relative.open("/settings/phone").fill(Новый_телефон="8 913 555 01 23", Нынешний_пароль=PASSWORD)
    relative.press("Сохранить")
    relative.sees("+7 913 555-01-23")
    relative.open("/settings/password")
    relative.fill(Нынешний_пароль=PASSWORD, Новый_пароль=NEW, Новый_пароль_ещё_раз=NEW)
    relative.press("Сохранить")
    relative.sees("Пароль изменён.")
    relative.page.get_by_role("button", name="Выйти").click()
    relative.page.get_by_role("navigation", name="Вход").wait_for()
    relative.sign_in(relative.email, NEW)
    assert relative.noise == []


@both_ways
@pytest.mark.feature("S12")
def test_a_new_address_is_confirmed_by_its_letter(relative: Visitor) -> None:
    old, new = relative.email, f"moved-{relative.email}"
    relative.open("/settings/email").fill(Новая_почта=new, Нынешний_пароль=PASSWORD)
    relative.press("Сохранить")
    expect(relative.page.get_by_role("main")).to_contain_text(old)
    relative.open("/demo/letters")
    letter = relative.page.get_by_role("article").filter(has_text=new).first
    letter.get_by_role("link", name="/settings/email/").click()
    relative.press("Подтвердить новую почту")
    relative.sees(new)


def _other(relative: Visitor, stage: ExitStack) -> Visitor:
    other = relative.another()
    stage.callback(other.close)
    return other
