"""Coming in: sign-up with the letter, sign-in by either name, a forgotten password, sign-out."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.both import both_ways
from tests.browser.portal import PASSWORD, Portal
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
NEW = "tri-kota-na-kryshe"


@both_ways
@pytest.mark.feature("S6")
def test_sign_up_letter_link_cabinet_account(guest: Visitor, portal: Portal) -> None:
    home, email = portal.household(), f"sign-up-{guest.js}@example.ru"
    guest.open("/").follow("Регистрация")
    guest.fill(Почта=email, Пароль=PASSWORD, Пароль_ещё_раз=PASSWORD)
    guest.field("Даю согласие на обработку персональных данных").check()
    guest.press("Зарегистрироваться")
    guest.sees(email)
    open_letter(guest, email, "/activate/")
    guest.press("Подтвердить и открыть кабинет")
    guest.page.get_by_role("main").get_by_role("link", name="Привязать счёт").click()
    guest.fill(Лицевой_счёт=home.account, Код_доступа_или_конец_номера_счётчика=home.access_code)
    guest.press("Привязать")
    guest.sees(f"Лицевой счёт {home.account} привязан.")
    assert guest.noise == []


@both_ways
def test_sign_up_answers_with_what_was_typed(guest: Visitor) -> None:
    guest.open("/sign-up").fill(Почта="без собаки", Телефон="12")
    guest.press("Зарегистрироваться")
    expect(guest.summary()).to_be_visible()
    expect(guest.field("Почта")).to_have_value("без собаки")
    expect(guest.field("Телефон")).to_have_value("12")
    expect(guest.field("Даю согласие на обработку персональных данных")).not_to_be_checked()


@both_ways
@pytest.mark.feature("S7")
@pytest.mark.parametrize("login", ["anna@example.ru", "241010000054", "2410 1000 0054"])
def test_sign_in_by_mail_or_account(guest: Visitor, login: str) -> None:
    guest.sign_in(login)
    guest.heading("Здравствуйте, Анна Сергеевна")
    guest.page.get_by_role("button", name="Выйти").click()
    expect(guest.page.get_by_role("navigation", name="Вход")).to_be_visible()
    guest.open("/settings")
    guest.heading("Вход")
    assert guest.noise == []


@both_ways
def test_a_wrong_password_says_so_and_keeps_the_login(guest: Visitor) -> None:
    guest.open("/sign-in").fill(Почта_или_лицевой_счёт="anna@example.ru", Пароль="не тот")
    guest.press("Войти")
    expect(guest.summary()).to_contain_text("Неверный логин или пароль")
    expect(guest.field("Почта или лицевой счёт")).to_have_value("anna@example.ru")
    expect(guest.field("Пароль")).to_be_empty()


def test_sign_in_leads_where_one_was_going(guest: Visitor) -> None:
    guest.open("/accounts/241010000054/information")
    guest.fill(Почта_или_лицевой_счёт="anna@example.ru", Пароль=PASSWORD)
    guest.press("Войти")
    guest.heading("Информация")


@both_ways
@pytest.mark.feature("S8")
def test_recovery_by_link(guest: Visitor, portal: Portal) -> None:
    email = forgetful(guest, portal)
    open_letter(guest, email, "/recover/")
    choose_password(guest)
    guest.page.get_by_role("button", name="Выйти").click()
    guest.sign_in(email, NEW)
    assert guest.noise == []


@pytest.mark.feature("S8")
def test_recovery_by_code(guest: Visitor, portal: Portal) -> None:
    email = forgetful(guest, portal)
    guest.fill(Код_из_письма=letter(guest, email, r"код: (\d{6})"))
    guest.press("Дальше")
    choose_password(guest)


def forgetful(guest: Visitor, portal: Portal) -> str:
    """Someone with an account who has asked for a letter by the account's number; their address."""
    guest.settle(portal.household())
    guest.context.clear_cookies()
    guest.open("/sign-in").follow("Я не помню пароль")
    guest.fill(Почта_или_лицевой_счёт=guest.account)
    guest.press("Восстановить")
    guest.heading("Проверьте почту")
    return guest.email


def choose_password(guest: Visitor) -> None:
    guest.fill(Новый_пароль=NEW, Новый_пароль_ещё_раз=NEW)
    guest.press("Сохранить и войти")
    guest.sees("Пароль изменён.")


def open_letter(guest: Visitor, email: str, path: str) -> None:
    """Follow the link of the newest letter to this address."""
    guest.open("/demo/letters")
    message = guest.page.get_by_role("article").filter(has_text=email).first
    message.get_by_role("link", name=path).click()


def letter(guest: Visitor, email: str, pattern: str) -> str:
    """What the pattern finds in the newest letter to this address, read in another tab."""
    form = guest.page
    tab = guest.tab()
    tab.goto("/demo/letters")
    text = tab.get_by_role("article").filter(has_text=email).first.inner_text()
    tab.close()
    guest.page = form
    return re.search(pattern, text)[1]
