"""A mailing by two people: one writes it, another lets it go, the portal sends it; watched, paused, resumed, stopped."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.both import both_ways
from tests.browser.test_looks import faults
from tests.browser.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.feature("B5")]
SOON = 80_000  # milliseconds until the background has done its part: with the job of the next minute at the latest
TEXT = "В субботу с 10 до 14 часов света не будет."
FRESH = "Посмотреть, что нового"  # the link of a page without scripts


def write(oleg: Visitor, name: str) -> None:
    """A draft of news, one letter a minute: there is time to pause it."""
    oleg.open("/staff/mailings")
    oleg.follow("Новая рассылка")
    oleg.follow("Сообщение компании")
    oleg.fill(Название_рассылки=name, Тема_письма="Плановые работы", Текст_письма=TEXT, Писем_в_минуту="1")


def stands(visitor: Visitor, state: str) -> None:
    """The page says so by itself, or when it is opened again."""
    tag = visitor.page.get_by_role("main").get_by_text(state, exact=True)
    for _ in range(SOON // 500):
        if visitor.js or tag.count():
            break
        visitor.page.wait_for_timeout(500)
        visitor.page.reload()
    expect(tag).to_be_visible(timeout=SOON)


def to_all(visitor: Visitor) -> None:
    """Every letter of the audience is written."""
    done = re.compile(r"Отправлено \d+ из \d+.пис[а-я]+, больше писать некому")
    for _ in range(SOON // 500):
        if visitor.js or visitor.page.get_by_text(done).count():
            break
        visitor.page.wait_for_timeout(500)
        visitor.follow(FRESH)
    expect(visitor.page.get_by_text(done)).to_be_visible(timeout=SOON)


@both_ways
def test_a_mailing_by_two_people(guest: Visitor, oleg: Visitor, irina: Visitor) -> None:
    name = f"Работы, {'со скриптами' if guest.js else 'без скриптов'}"
    write(oleg, name)
    oleg.field("Долг от, ₽").fill("900000")
    if oleg.js:
        oleg.field("Долг от, ₽").press("Tab")
    else:
        oleg.press("Посчитать")
        expect(oleg.field("Текст письма")).to_have_value(TEXT)
    oleg.sees("Сейчас 0\u00a0писем")
    oleg.field("Долг от, ₽").fill("")
    oleg.press("Сохранить черновик")
    oleg.heading(name)
    oleg.sees(TEXT)
    address = oleg.page.url
    assert oleg.page.get_by_role("button", name=re.compile(r"^Отправить \d")).count() == 0
    oleg.fill(Зачем_эта_рассылка="Предупредить о работах")
    oleg.press("Попросить утвердить")
    oleg.sees("Утвердить или отклонить это должен другой сотрудник")
    irina.open(oleg.page.url)
    irina.sees(TEXT)
    irina.page.get_by_role("button", name=re.compile("^Утвердить")).click()
    irina.sees("Утверждено и исполнено")
    oleg.open(address)
    stands(oleg, "идёт")
    to_all(oleg)
    oleg.press("Приостановить")
    stands(oleg, "приостановлена")
    oleg.follow("Приостановлены")
    oleg.heading("Получатели")
    expect(oleg.page.get_by_role("row").nth(1)).to_contain_text("***@example.ru")
    oleg.open(address)
    oleg.press("Продолжить")
    stands(oleg, "идёт")
    oleg.page.get_by_text("Остановить совсем").click()
    oleg.press("Остановить")
    stands(oleg, "остановлена")
    oleg.follow("нет кабинета")
    expect(oleg.page.get_by_role("row").nth(1)).to_contain_text("не писали")
    assert oleg.noise == [] and irina.noise == []


def test_pages_have_no_barrier(oleg: Visitor) -> None:
    write(oleg, "Для проверки страниц")
    assert faults(oleg) == [], "the form"
    oleg.field("Тема письма").fill("")
    oleg.press("Сохранить черновик")
    oleg.summary().wait_for()
    assert faults(oleg) == [], "a mistake"
    oleg.fill(Тема_письма="Работы")
    oleg.press("Сохранить черновик")
    oleg.heading("Для проверки страниц")
    assert faults(oleg) == [], "the draft"
    for path in ("/staff/mailings", "/staff/mailings/letters", "/staff/mailings/1", "/staff/mailings/1/recipients"):
        oleg.open(path)
        assert faults(oleg) == [], path
