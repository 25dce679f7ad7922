"""«Перезвоните мне»: a guest on a phone asks, an operator calls, both in browsers of their own; with scripts and without."""

from __future__ import annotations

import re
from contextlib import closing
from sqlite3 import connect

import pytest
from playwright.sync_api import expect

from tests.browser.both import both_ways
from tests.browser.portal import Portal
from tests.browser.test_looks import faults, sideways
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
PHONES = {True: "+7 913 555-02-01", False: "+7 913 555-02-02"}


@pytest.fixture(autouse=True)
def _nobody_waits(portal: Portal) -> None:
    """The demo's own requests are not called first."""
    with closing(connect(portal.database, timeout=10)) as database, database:
        database.execute("UPDATE callback SET state = 'cancelled' WHERE state = 'waiting'")


@pytest.mark.feature("B1")
@both_ways
def test_a_guest_asks_and_an_operator_calls(guest: Visitor, oleg: Visitor) -> None:
    guest.open("/about/contacts").follow("Перезвоните мне")
    guest.heading("Перезвоните мне")
    assert wrong(guest) == []
    guest.press("Жду звонка")
    expect(guest.summary()).to_contain_text("Введите номер телефона.")
    guest.fill(Телефон=PHONES[guest.js], Как_к_вам_обращаться="Светлана")
    guest.field("О чём вопрос").select_option(label="Начисления и счета")
    guest.field("Даю согласие на обработку персональных данных").check()
    guest.press("Жду звонка")
    guest.sees("Мы позвоним")
    assert wrong(guest) == []

    oleg.open("/staff/callbacks")
    oleg.sees("Светлана")
    assert wrong(oleg) == []
    if oleg.js:
        oleg.page.keyboard.press("n")
    else:
        oleg.press("Взять следующий N")
    oleg.heading(re.compile("Звонок № "))
    expect(oleg.page.get_by_role("link", name=PHONES[guest.js])).to_have_attribute(
        "href", "tel:" + re.sub(r"[ -]", "", PHONES[guest.js])
    )
    oleg.sees("со страницы /about/contacts")
    assert wrong(oleg) == []

    guest.press("Отменить звонок")
    guest.sees("Вам уже звонят")
    oleg.fill(О_чём_говорили="Объяснили счёт.")
    oleg.press("Вопрос решён A")
    oleg.sees("Записано: поговорили.")
    guest.open("/callbacks")
    guest.sees("поговорили")


def wrong(visitor: Visitor) -> list[str]:
    """What a browser finds wrong with the page in front; axe runs where scripts do."""
    return faults(visitor) if visitor.js else sideways(visitor.page)
