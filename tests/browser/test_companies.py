"""The other three companies: a customer comes in and passes a reading, by that company's rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.portal import PASSWORD, Portal, served
from tests.browser.test_entrance import open_letter
from tests.browser.visitor import Visitor, visiting

pytestmark = pytest.mark.browser
LOGINS = {
    "kaluga": "400100040",
    "koryak": "anna@example.ru",
    "irkutsk": "инзб38100014",
}  # letters of a number in any case


@pytest.fixture(scope="module", params=["kaluga", "koryak", "irkutsk"])
def portal(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with served(request.param, tmp_path_factory.mktemp(request.param)) as running:
        yield running


@pytest.fixture
def anna(chromium: Any, portal: Portal) -> Iterator[Visitor]:
    with visiting(chromium, portal) as visitor:
        yield visitor.sign_in(LOGINS[portal.company])


@pytest.mark.feature("S2")
@pytest.mark.feature("S3")
@pytest.mark.feature("S7")
def test_pass_a_reading(anna: Visitor) -> None:
    anna.follow("Показания")
    anna.type_readings(*anna.used(100))
    anna.press("Передать")
    anna.heading("Показания переданы")
    anna.account = anna.page.url.split("/accounts/")[1].split("/")[0]
    assert len(anna.passed()) == 1
    anna.follow("История")
    anna.sees("принято к расчёту")
    assert anna.noise == []


@pytest.mark.feature("S4")
@pytest.mark.feature("S5")
def test_sign_up(chromium: Any, portal: Portal) -> None:
    """Kaluga asks for the account and its secret at once; the others let one link accounts afterwards."""
    home, email = portal.household(), "someone@example.ru"
    with visiting(chromium, portal) as guest:
        guest.open("/sign-up")
        if portal.company == "kaluga":
            guest.fill(Лицевой_счёт=home.account, Код_доступа_или_конец_номера_счётчика=home.access_code)
        guest.fill(Почта=email, Телефон="+7 913 555-01-23", Пароль=PASSWORD, Пароль_ещё_раз=PASSWORD)
        guest.field("Даю согласие на обработку персональных данных").check()
        guest.press("Зарегистрироваться")
        open_letter(guest, email, "/activate/")
        guest.press("Подтвердить и открыть кабинет")
        guest.sees("кабинет открыт")
        if portal.company == "kaluga":
            guest.sees("Показания за ноябрь 2026")
        else:
            guest.sees("Привяжите лицевой счёт")
