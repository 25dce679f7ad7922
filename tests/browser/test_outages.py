"""An outage from the office's form to the customers' pages, on a phone, without scripts, printed and in a browser of letters."""

from __future__ import annotations

import re

import pytest

from tests.browser.both import both_ways
from tests.browser.test_looks import faults, sideways
from tests.browser.test_text_browser import dump
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser


@pytest.mark.feature("B1")
@both_ways
def test_announced_and_read(guest: Visitor, oleg: Visitor) -> None:
    reason = "ремонт кабеля" if guest.js else "замена провода"
    oleg.open("/staff/outages").follow("Объявить отключение N")
    oleg.fill(
        Населённый_пункт="г. Красноярск", Улицы_и_дома="все улицы", Начало="2026-11-21T10:00", Конец="2026-11-21T14:00"
    )
    oleg.field("Причина, её прочтут клиенты").fill(reason)
    oleg.press("Посмотреть, кого коснётся")
    oleg.sees(re.compile(r"попадает \d+\sлицевы"))
    assert wrong(oleg) == []
    oleg.press("Объявить")
    oleg.sees("Объявлено.")
    assert wrong(oleg) == []

    guest.open("/about/outages")
    guest.fill(Населённый_пункт="красноярск", Улица="")
    guest.press("Найти")
    guest.sees(reason)
    assert wrong(guest) == []
    text = dump(f"{guest.portal.url}/about/outages")
    assert reason in text and "21 ноября" in text.replace("\u00a0", " ") and "{" not in text


@pytest.mark.parametrize("path", ["/about/news", "/about/outages", "/callbacks"])
def test_the_pages_have_no_barriers_and_read_well_as_text(guest: Visitor, path: str) -> None:
    guest.open(path)
    assert wrong(guest) == []
    text = dump(guest.portal.url + path)
    assert "Перезвоните мне" in text and "{" not in text


def test_news_are_written_and_published(guest: Visitor, oleg: Visitor) -> None:
    oleg.open("/staff/news").follow("Написать новость N")
    oleg.fill(Заголовок="Офис переехал", Текст="Новый адрес.\n\n- улица Мира, 1\n- вход со двора")
    assert wrong(oleg) == []
    oleg.press("Сохранить черновик")
    oleg.heading("Офис переехал")
    assert wrong(oleg) == []
    oleg.press("Опубликовать")
    oleg.sees("Опубликовано: в течение полуминуты это увидят клиенты.")
    guest.open("/about/news").follow("Офис переехал")
    guest.sees("вход со двора")
    assert wrong(guest) == []


def wrong(visitor: Visitor) -> list[str]:
    """What a browser finds wrong with the page in front; axe runs where scripts do."""
    return faults(visitor) if visitor.js else sideways(visitor.page)
