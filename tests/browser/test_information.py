"""Anyone reads and searches; an operator writes, an administrator looks and publishes, and a guest in another browser sees it."""

from __future__ import annotations

import pytest

from tests.browser.portal import Portal
from tests.browser.test_looks import faults
from tests.browser.test_text_browser import dump
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
PAGES = (
    "/about", "/about/contacts", "/about/offices", "/about/contracts", "/about/service-centre", "/about/tariffs",
    "/about/questions", "/about/questions?q=счётчик", "/about/questions/readings", "/about/cabinet",
)  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_pages_of_information(guest: Visitor, path: str) -> None:
    guest.open(path)
    assert faults(guest) == []


@pytest.mark.parametrize(
    "path",
    ["", "/questions", "/questions/preview", "/questions/items/no-power", "/questions/versions", "/contracts/add"],
)
def test_pages_of_the_office(irina: Visitor, path: str) -> None:
    irina.open(f"/staff/information{path}")
    assert faults(irina) == []


@pytest.mark.feature("S45")
@pytest.mark.feature("S46")
@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/about/contracts", "Договор энергоснабжения: частный дом"),
        ("/about/service-centre", "Установка однофазного счётчика"),
        ("/about/questions/supply", "единому номеру 220"),
        ("/about/tariffs", "Приказ"),
        ("/about/offices", "Как пройти"),
    ],
)
def test_a_text_browser_reads_them(portal: Portal, path: str, shown: str) -> None:
    assert shown in dump(portal.url + path)


@pytest.mark.parametrize("guest", [True, False], ids=["scripts", "plain"], indirect=True)
def test_a_question_is_found(guest: Visitor) -> None:
    guest.open("/about/questions")
    guest.fill(**{"Что ищете": "нет света"})
    guest.press("Найти")
    guest.sees("единому номеру 220")


@pytest.mark.parametrize("guest", [True, False], ids=["scripts", "plain"], indirect=True)
def test_what_an_operator_writes_everybody_reads_once_it_is_published(
    guest: Visitor, oleg: Visitor, irina: Visitor
) -> None:
    answer = f"Приходите в среду, окно {7 if guest.js else 8}."
    oleg.open("/staff/information/questions/items/persons-changed")
    oleg.fill(Ответ=answer)
    oleg.press("Сохранить в черновике")
    oleg.sees("Публикует администратор")
    guest.open("/about/questions/charges")
    assert answer not in guest.page.content()
    irina.open("/staff/information/questions")
    irina.page.get_by_role("region").or_(irina.page.locator("main")).get_by_role(
        "link", name="Как увидят клиенты"
    ).last.click()
    irina.sees(answer)
    irina.follow("Назад к черновику")
    irina.press("Опубликовать")
    irina.sees("Опубликовано: в течение полуминуты это увидят клиенты.")
    guest.page.wait_for_timeout(0)
    guest.open("/about/questions/charges")
    guest.sees(answer)
