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
def test_ending_another_device_signs_it_out(newcomer: Visitor, stage: ExitStack) -> None:
    other = _other(newcomer, stage)
    other.open("/settings")
    other.heading("Настройки")
    newcomer.open("/settings")
    newcomer.sees("это устройство")
    newcomer.page.get_by_role("main").get_by_role("button", name="Закончить").click()
    newcomer.sees("Вход на том устройстве закончен.")
    other.open("/settings")
    other.heading("Вход")
    newcomer.open("/settings")
    newcomer.heading("Настройки")


def test_all_others_at_once(newcomer: Visitor, stage: ExitStack) -> None:
    others = [_other(newcomer, stage) for _ in range(2)]
    newcomer.open("/settings")
    newcomer.press("Выйти на всех других устройствах")
    newcomer.sees("Вход на всех других устройствах закончен.")
    for other in others:
        other.open("/settings")
        other.heading("Вход")


@both_ways
@pytest.mark.feature("S12")
def test_name_phone_and_password_are_changed(newcomer: Visitor) -> None:
    newcomer.open("/settings/name").fill(Как_к_вам_обращаться="Пётр Ильич")
    newcomer.press("Сохранить")
    newcomer.sees("Пётр Ильич")
    newcomer.open("/settings/phone").fill(Новый_телефон="8 913 555 01 23", Нынешний_пароль=PASSWORD)
    newcomer.press("Сохранить")
    newcomer.sees("+7 913 555-01-23")
    newcomer.open("/settings/password")
    newcomer.fill(Нынешний_пароль=PASSWORD, Новый_пароль=NEW, Новый_пароль_ещё_раз=NEW)
    newcomer.press("Сохранить")
    newcomer.sees("Пароль изменён.")
    newcomer.page.get_by_role("button", name="Выйти").click()
    newcomer.page.get_by_role("navigation", name="Вход").wait_for()
    newcomer.sign_in(newcomer.email, NEW)
    assert newcomer.noise == []


@both_ways
@pytest.mark.feature("S12")
def test_a_new_address_is_confirmed_by_its_letter(newcomer: Visitor) -> None:
    old, new = newcomer.email, f"moved-{newcomer.email}"
    newcomer.open("/settings/email").fill(Новая_почта=new, Нынешний_пароль=PASSWORD)
    newcomer.press("Сохранить")
    expect(newcomer.page.get_by_role("main")).to_contain_text(old)
    newcomer.open("/demo/letters")
    letter = newcomer.page.get_by_role("article").filter(has_text=new).first
    letter.get_by_role("link", name="/settings/email/").click()
    newcomer.press("Подтвердить новую почту")
    newcomer.sees(new)


def _other(newcomer: Visitor, stage: ExitStack) -> Visitor:
    other = newcomer.another()
    stage.callback(other.close)
    return other
