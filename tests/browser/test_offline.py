"""A link that breaks and a server that fails: what was typed stays, and the page says what to do."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser


def test_without_a_link_the_reading_waits_on_the_page(newcomer: Visitor) -> None:
    newcomer.open_readings()
    values = newcomer.used(40)
    newcomer.type_readings(*values)
    newcomer.context.set_offline(True)
    newcomer.press("Передать")
    notice = newcomer.page.get_by_role("status").filter(has_text="Нет связи.")
    expect(notice).to_contain_text("то, что вы ввели, осталось на странице")
    assert newcomer.typed() == [str(value) for value in values]
    newcomer.context.set_offline(False)
    newcomer.press("Передать")
    newcomer.heading("Показания переданы")
    assert newcomer.stored() == [values]


def test_a_failing_server_leaves_the_page_as_it_is(newcomer: Visitor) -> None:
    newcomer.open_readings()
    values = newcomer.used(40)
    newcomer.type_readings(*values)
    newcomer.page.route("**/readings/form", lambda route: route.fulfill(status=500, body="<h1>Сломалось</h1>"))
    newcomer.press("Передать")
    expect(newcomer.page.get_by_role("status").filter(has_text="Портал сейчас не отвечает.")).to_be_visible()
    assert newcomer.typed() == [str(value) for value in values]
    newcomer.page.unroute("**/readings/form")
    newcomer.press("Передать")
    newcomer.heading("Показания переданы")


def test_an_answer_that_was_lost_makes_no_second_reading(newcomer: Visitor) -> None:
    """The server has stored the reading, the link broke before the answer came; the customer sends again."""
    newcomer.open_readings()
    newcomer.type_readings(*newcomer.used(40))

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    newcomer.page.route("**/readings/form", lose)
    newcomer.press("Передать")
    expect(newcomer.page.get_by_role("status").filter(has_text="Нет связи.")).to_be_visible()
    newcomer.page.unroute("**/readings/form")
    newcomer.press("Передать")
    newcomer.heading("Показания переданы")
    assert len(newcomer.passed()) == 1


def test_a_plain_form_is_not_sent_into_the_void(newcomer: Visitor) -> None:
    newcomer.open_readings()
    newcomer.context.set_offline(True)
    newcomer.page.get_by_role("button", name="Выйти").click()
    expect(newcomer.page.get_by_role("status").filter(has_text="Нет связи.")).to_be_visible()
    assert newcomer.page.url.endswith("/readings")
