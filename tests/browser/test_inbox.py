"""The inbox in browsers: by keys alone, two operators at once, many at once, a colleague's opinion; every page on every screen."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_looks import faults, sideways
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
DESKTOP = {"width": 1280, "height": 900}
ANSWER = "Мы всё пересчитали. Разница вернётся в следующем счёте."
PAGES = (
    "/staff/appeals?queue=open", "/staff/appeals?queue=all&q=счёт", "/staff/appeals?queue=all&q=нетакого", "/staff/appeals/statistics",
    "/staff/appeals/templates", "/staff/appeals/templates/new", "/staff/appeals/rules",
)  # fmt: skip


@pytest.fixture
def oleg(oleg: Visitor) -> Visitor:
    oleg.page.set_viewport_size(DESKTOP)
    return oleg


def keys(visitor: Visitor, *pressed: str) -> None:
    visitor.page.wait_for_load_state()  # the heading is there before the scripts
    for one in pressed:
        visitor.page.keyboard.press(one)


def listed(visitor: Visitor, queue: str) -> list[str]:
    """The numbers of the appeals in a queue."""
    visitor.open(f"/staff/appeals?queue={queue}")
    return visitor.page.locator("[data-step]").all_inner_texts()


def look_into(visitor: Visitor, number: str) -> None:
    visitor.open(f"/staff/appeals/{number}")
    if visitor.page.get_by_role("heading", level=1).inner_text() == f"Обращение {number}":
        visitor.page.get_by_role("button", name=re.compile("^Открыть")).click()
    visitor.heading(re.compile(f"^{number}: "))


def told(visitor: Visitor) -> str:
    return visitor.page.get_by_role("article").last.inner_text()


@pytest.mark.feature("S37")
def test_operator_opens_takes_answers_by_a_template_and_goes_on_without_the_mouse(oleg: Visitor) -> None:
    first = listed(oleg, "nobody")[0]
    keys(oleg, "j", "Enter")
    oleg.heading(re.compile(f"^{first}: "))
    keys(oleg, "t")
    oleg.sees("Обращение за вами.")
    keys(oleg, "z", "ArrowDown", "Tab", "Enter")
    expect(oleg.field("Текст")).to_have_value(re.compile("Здравствуйте"))
    keys(oleg, "a", "Control+End")
    oleg.page.keyboard.type(ANSWER)
    keys(oleg, "Escape", "r")
    oleg.sees("Ответ отправлен.")
    assert ANSWER in told(oleg)
    keys(oleg, "n")
    oleg.page.wait_for_url(lambda url: first not in url)
    expect(oleg.page.get_by_role("heading", level=1)).to_have_text(re.compile(r"^\d{4}-\d{6}: "))
    assert oleg.noise == []


@pytest.mark.feature("S37")
@pytest.mark.parametrize("oleg", [True, False], ids=["js", "plain"], indirect=True)
def test_second_operator_sees_what_the_first_has_sent_before_sending(oleg: Visitor, irina: Visitor) -> None:
    number = listed(oleg, "nobody")[-1]
    look_into(oleg, number)
    look_into(irina, number)
    irina.fill(Текст="За какой месяц счёт?")
    irina.page.get_by_role("button", name=re.compile("^Спросить клиента")).click()
    irina.sees("Вопрос отправлен")
    oleg.fill(Текст=ANSWER)
    oleg.page.get_by_role("button", name=re.compile("^Отправить ответ")).click()
    expect(oleg.summary()).to_contain_text("появилось новое")
    assert "За какой месяц счёт?" in told(oleg) and "новое" in told(oleg)
    expect(oleg.field("Текст")).to_have_value(ANSWER)
    oleg.page.get_by_role("button", name=re.compile("^Отправить ответ")).click()
    oleg.sees("Ответ отправлен.")
    assert ANSWER in told(oleg)


def test_what_is_typed_is_kept_and_the_other_sees_who_is_writing(oleg: Visitor, irina: Visitor) -> None:
    number = listed(oleg, "nobody")[0]
    look_into(oleg, number)
    oleg.field("Текст").press_sequentially("Уже выясняю")
    expect(oleg.page.get_by_text("Черновик сохранён")).to_be_visible()
    look_into(irina, number)
    irina.sees("Сейчас пишет Олег Климов")
    oleg.open(f"/staff/appeals/{number}")
    expect(oleg.field("Текст")).to_have_value("Уже выясняю")
    oleg.field("Текст").fill("")
    oleg.press("Сохранить черновик")


@pytest.mark.parametrize("irina", [True, False], ids=["js", "plain"], indirect=True)
def test_ticked_rows_are_handed_out_at_once(irina: Visitor) -> None:
    irina.page.set_viewport_size(DESKTOP)
    numbers = listed(irina, "open")[-2:]
    for number in numbers:
        irina.page.get_by_label(f"Отметить {number}").check()
    irina.page.get_by_label("Кому").select_option(label="Марта Вебер")
    irina.press("Поручить")
    irina.sees("Поручить: 2")
    for number in numbers:
        row = irina.page.get_by_role("row").filter(has_text=number)
        expect(row).to_contain_text("Марта Вебер")


@pytest.mark.feature("S36")
def test_colleague_gives_an_opinion_that_the_customer_never_sees(oleg: Visitor, galina: Visitor) -> None:
    number = listed(oleg, "open")[0]
    look_into(oleg, number)
    keys(oleg, "o")
    oleg.page.keyboard.type("Приносила ли она бумажный бланк?")
    oleg.page.get_by_label("Галина Петрова").check()
    oleg.press("Спросить")
    oleg.sees("Коллегам отправлено письмо.")
    assert number in listed(galina, "asked")
    galina.page.get_by_role("button", name=number).click()
    galina.fill(Ваше_мнение="Да, десятого числа, он в пачке 12.")
    galina.press("Отправить мнение")
    galina.sees("Мнение записано")
    oleg.open(f"/staff/appeals/{number}")
    assert "внутри офиса: мнение" in told(oleg) and "в пачке 12" in told(oleg)


@pytest.mark.parametrize("path", PAGES)
def test_pages_of_the_inbox_on_every_screen(irina: Visitor, path: str) -> None:
    irina.open(path)
    assert faults(irina) == []


def test_appeal_on_every_screen(irina: Visitor) -> None:
    look_into(irina, listed(irina, "open")[0])
    irina.page.locator("main details").evaluate_all("all => all.forEach((one) => { one.open = true })")
    assert faults(irina) == []


@pytest.mark.parametrize("irina", [False], ids=["plain"], indirect=True)
def test_inbox_without_scripts(irina: Visitor) -> None:
    for path in PAGES:
        irina.open(path)
        assert sideways(irina.page) == [], path
    look_into(irina, listed(irina, "open")[0])
    assert sideways(irina.page) == []
