"""The main job: passing readings, with every turn it may take."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.both import both_ways
from tests.browser.portal import PASSWORD, Household
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
STATE = "Состояние"
RECEIPT = re.compile(r"\d{4}-\d{6}")


@both_ways
@pytest.mark.feature("S23")
@pytest.mark.feature("B1")
def test_pass_a_reading_and_get_a_receipt(newcomer: Visitor) -> None:
    newcomer.open("/").follow("Показания")
    values = newcomer.used(160)
    newcomer.type_readings(*values)
    newcomer.press("Передать")
    newcomer.heading("Показания переданы")
    newcomer.sees(RECEIPT)
    newcomer.sees("160\u00a0кВт⋅ч")
    assert newcomer.stored() == [values]
    assert [row[STATE] for row in newcomer.passed()] == ["принято к расчёту"]
    assert newcomer.noise == []


@pytest.mark.feature("S23")
def test_usage_is_shown_while_one_types(newcomer: Visitor) -> None:
    newcomer.open_readings()
    day, night = newcomer.used(1200, 34)
    first, second = newcomer.dials()
    first.press_sequentially(str(day))
    usage = newcomer.page.get_by_role("status").filter(has_text="кВт⋅ч")
    expect(usage.first).to_have_text("1\u202f200\u00a0кВт⋅ч")
    second.press_sequentially(str(night))
    newcomer.sees("Расход 1\u202f234\u00a0кВт⋅ч")
    second.fill("0")
    newcomer.sees("меньше предыдущего")
    second.fill("12x")
    newcomer.sees("нужны только цифры")
    assert newcomer.passed() == []


@pytest.mark.parametrize("guest", [False], ids=["plain"], indirect=True)
@pytest.mark.feature("S23")
def test_usage_is_shown_before_sending_without_scripts(newcomer: Visitor) -> None:
    newcomer.open_readings()
    newcomer.type_readings(*newcomer.used(134))
    newcomer.press("Проверить")
    newcomer.sees("Расход 134\u00a0кВт⋅ч")
    assert newcomer.passed() == []
    newcomer.press("Передать")
    newcomer.heading("Показания переданы")


@both_ways
@pytest.mark.feature("M6")
def test_swapped_zones_are_guessed_and_the_guess_is_taken(newcomer: Visitor) -> None:
    newcomer.open_readings()
    day, night = newcomer.used(90, 60)
    newcomer.type_readings(night, day)
    newcomer.press("Передать")
    expect(newcomer.summary()).to_contain_text("перепутаны зоны")
    assert newcomer.passed() == []
    newcomer.page.get_by_role("button", name=re.compile("^Да, передать")).first.click()
    newcomer.heading("Показания переданы")
    assert newcomer.stored() == [[day, night]]


@both_ways
def test_a_doubt_is_confirmed_and_held_for_staff(newcomer: Visitor) -> None:
    newcomer.open_readings()
    values = newcomer.used(30 * newcomer.usual())
    newcomer.type_readings(*values)
    newcomer.press("Передать")
    expect(newcomer.summary()).to_contain_text("больше")
    assert newcomer.typed() == [str(value) for value in values]
    newcomer.press("Всё верно, передать")
    newcomer.heading("Показания на проверке")
    assert [row[STATE] for row in newcomer.passed()] == ["на проверке"]


@both_ways
@pytest.mark.feature("S24")
def test_a_correction_replaces_and_the_history_keeps_both(newcomer: Visitor) -> None:
    newcomer.open_readings()
    newcomer.type_readings(*newcomer.used(100))
    newcomer.press("Передать")
    newcomer.follow("Исправить показание")
    newcomer.type_readings(*newcomer.used(110))
    newcomer.page.get_by_role("main").get_by_role("button", name=re.compile("^(Передать|Исправить)")).first.click()
    newcomer.heading("Показания переданы")
    assert sorted(row[STATE] for row in newcomer.passed()) == ["заменено", "принято к расчёту"]
    newcomer.open(f"/accounts/{newcomer.account}/history/readings")
    newcomer.sees("заменено")
    newcomer.sees("принято к расчёту")


@both_ways
@pytest.mark.feature("S21")
def test_a_fraction_is_cut_and_said(newcomer: Visitor) -> None:
    newcomer.open_readings()
    values = newcomer.used(20)
    newcomer.type_readings(*(f"{value},9" for value in values))
    newcomer.press("Передать")
    newcomer.sees("записали только целую часть")
    assert newcomer.stored() == [values]


@both_ways
def test_mistakes_are_said_by_the_field_and_nothing_typed_is_lost(newcomer: Visitor) -> None:
    newcomer.open_readings()
    newcomer.type_readings("abc", "12345678")
    newcomer.press("Передать")
    expect(newcomer.summary()).to_be_focused()
    expect(newcomer.summary().get_by_role("link")).to_have_count(2)
    assert newcomer.typed() == ["abc", "12345678"]
    newcomer.summary().get_by_role("link").first.click()
    expect(newcomer.dials()[0]).to_be_focused()
    assert newcomer.passed() == []


@both_ways
def test_back_and_again_is_one_reading(newcomer: Visitor) -> None:
    newcomer.open_readings()
    values = newcomer.used(50)
    newcomer.type_readings(*values)
    newcomer.press("Передать")
    newcomer.heading("Показания переданы")
    newcomer.page.go_back()
    newcomer.type_readings(*values)
    newcomer.page.get_by_role("main").get_by_role("button", name=re.compile("^(Передать|Исправить)")).first.click()
    newcomer.sees("второй раз ничего не записано")
    assert len(newcomer.passed()) == 1


@both_ways
def test_a_double_click_is_one_reading(newcomer: Visitor) -> None:
    newcomer.open_readings()
    newcomer.type_readings(*newcomer.used(50))
    newcomer.page.get_by_role("main").get_by_role("button", name="Передать", exact=True).dblclick()
    newcomer.heading("Показания переданы")
    assert len(newcomer.passed()) == 1


@both_ways
def test_what_was_typed_survives_a_session_that_ended(newcomer: Visitor) -> None:
    newcomer.open_readings()
    values = newcomer.used(70)
    newcomer.type_readings(*values)
    form = newcomer.page
    newcomer.tab().goto("/")
    newcomer.page.get_by_role("button", name="Выйти").click()
    newcomer.page.get_by_role("navigation", name="Вход").wait_for()
    newcomer.page = form
    newcomer.press("Передать")
    newcomer.heading("Вход")
    newcomer.sees("сохранено")
    newcomer.fill(Почта_или_лицевой_счёт=newcomer.email, Пароль=PASSWORD)
    newcomer.press("Войти")
    newcomer.page.wait_for_url(f"**/accounts/{newcomer.account}/readings")
    assert newcomer.typed() == [str(value) for value in values]
    newcomer.press("Передать")
    newcomer.heading("Показания переданы")
    assert len(newcomer.passed()) == 1


def test_the_home_page_takes_readings_too(newcomer: Visitor) -> None:
    newcomer.open("/")
    newcomer.type_readings(*newcomer.used(33))
    newcomer.press("Передать")
    newcomer.heading("Показания переданы")


def test_no_meter_says_so(guest: Visitor) -> None:
    no_meter = guest.settle(Household("241050000374", "57921742"))
    no_meter.open_readings()
    no_meter.sees("нет действующего счётчика")
    assert no_meter.dials() == []
