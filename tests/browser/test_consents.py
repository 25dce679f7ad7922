"""Consents: read, given, printed, withdrawn; the cabinet left and kept after all."""

from __future__ import annotations

import re
from contextlib import ExitStack

import pytest
from playwright.sync_api import expect

from tests.browser.both import both_ways
from tests.browser.portal import PASSWORD
from tests.browser.test_looks import faults
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
PAPERS = "/consents/official-papers"
TICK = "Документ прочитан, я даю это согласие"


@both_ways
@pytest.mark.feature("S13")
@pytest.mark.feature("S33")
@pytest.mark.feature("B4")
def test_a_consent_is_given_shown_and_withdrawn(newcomer: Visitor) -> None:
    newcomer.open("/settings").follow("Что разрешено и как отозвать")
    newcomer.heading("Согласия")
    newcomer.page.get_by_role("link", name=re.compile("Подробнее.*на получение уведомлений")).click()
    expect(newcomer.field(TICK)).not_to_be_checked()
    newcomer.press("Дать согласие")
    newcomer.summary().get_by_text("поставьте отметку").wait_for()
    unsaid = newcomer.summary().get_by_text("Выберите, как получать уведомления.")
    unsaid.wait_for()
    newcomer.page.get_by_label(f"по почте на {newcomer.email}").check()
    newcomer.press("Дать согласие")
    expect(unsaid).to_have_count(0)
    newcomer.field(TICK).check()
    newcomer.press("Дать согласие")
    newcomer.sees("Согласие дано. Отозвать его можно здесь же в любой день.")
    newcomer.sees("действует")
    newcomer.follow(f"Отозвать для счёта {newcomer.account}")
    newcomer.sees("снова будут приходить на бумаге")
    newcomer.press("Отозвать")
    newcomer.sees("Согласие отозвано.")
    newcomer.sees("не позже")
    assert newcomer.noise == []


@pytest.mark.feature("S33")
def test_the_blank_is_printed(newcomer: Visitor) -> None:
    newcomer.open(PAPERS)
    with newcomer.page.expect_download() as printed:
        newcomer.press(f"Бланк для счёта {newcomer.account}, PDF")
    assert printed.value.path().read_bytes().startswith(b"%PDF")
    with newcomer.page.expect_download() as blank:
        newcomer.follow("Пустой бланк, PDF")
    assert blank.value.path().read_bytes().startswith(b"%PDF")


@both_ways
@pytest.mark.feature("S13")
def test_who_leaves_the_cabinet_is_told_what_goes_and_may_stay_after_all(newcomer: Visitor, stage: ExitStack) -> None:
    other = newcomer.another()
    stage.callback(other.close)
    newcomer.open("/consents/personal-data").follow("Отозвать")
    newcomer.sees("он закроется")
    newcomer.fill(Пароль=PASSWORD)
    newcomer.press("Отозвать и закрыть кабинет")
    newcomer.summary().get_by_text("кабинет закроется").wait_for()
    newcomer.fill(Пароль=PASSWORD)
    newcomer.field("Понимаю, что кабинет закроется").check()
    newcomer.press("Отозвать и закрыть кабинет")
    newcomer.sees("Вы отозвали это согласие: кабинет закроется")
    other.open("/settings")
    other.heading("Вход")
    newcomer.open("/settings").follow("Передумать")
    newcomer.field(TICK).check()
    newcomer.press("Дать согласие")
    newcomer.sees("Согласие дано снова: кабинет остаётся.")
    newcomer.open("/settings")
    expect(newcomer.page.get_by_role("main")).not_to_contain_text("кабинет закроется")
    assert newcomer.noise == []


@pytest.mark.parametrize(
    "path",
    ["/consents", PAPERS, "/consents/recording", "/consents/payment", "/consents/personal-data", "/consents/personal-data/withdraw"],
)  # fmt: skip
def test_pages_of_consents_have_no_barrier(anna: Visitor, path: str) -> None:
    anna.open(path)
    assert faults(anna) == []


def test_states_of_the_forms_have_no_barrier(newcomer: Visitor) -> None:
    newcomer.open(PAPERS).press("Дать согласие")
    newcomer.summary().wait_for()
    assert faults(newcomer) == []
    newcomer.open("/consents/personal-data/withdraw").press("Отозвать и закрыть кабинет")
    newcomer.summary().wait_for()
    assert faults(newcomer) == []
