"""News as customers read them: the list, one item, the lines of the home pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from models import clock
from models.contact import news
from models.contact.news import NewsItem
from tests.cast import Person
from tests.page import Client


def publish(title: str = "Работа в праздники", **given: Any) -> NewsItem:
    today = clock.today()
    usual = {
        "text": "Офисы закрыты.\n\nМожно:\n- передать показания;\n- заплатить.",
        "begins_on": today,
        "until_on": today + timedelta(9),
    }
    return news.publish(news.draft(news.written(title, **{**usual, **given})).id, version=1)


def test_guests_and_customers_are_told_on_their_home_pages(home: Client, anna: Person) -> None:
    publish()
    for page in (home.get("home.show", number=anna.account.number), home.another().get("home.front")):
        page = page.click("Работа в праздники")
        assert page.h1 == "Работа в праздники"
        assert [item.get_text() for item in page.soup.select("article li")] == ["передать показания;", "заплатить."]


def test_news_for_one_settlement_say_so_and_are_on_no_guests_home_page(home: Client, anna: Person) -> None:
    item = publish(settlements=["г. Красноярск"])
    assert "Работа в праздники" in home.get("home.show", number=anna.account.number).text
    guest = home.another()
    assert "Работа в праздники" not in guest.get("home.front").text
    assert "Для кого: г. Красноярск" in guest.get("news.show", news_id=item.id).text


def test_a_draft_and_what_was_taken_down_are_not_there(client: Client) -> None:
    item = publish()
    news.take_down(item.id, version=2)
    assert client.get("news.show", news_id=item.id).status == 404
    assert client.get("news.show", news_id=10**9).status == 404
    assert "Новостей пока нет." in client.get("news.index").text


def test_what_is_written_is_text_and_never_markup(client: Client) -> None:
    item = publish("<b>Жирно</b>", text="<script>alert(1)</script>\n\n- <i>раз</i>")
    page = client.get("news.show", news_id=item.id)
    assert page.h1 == "<b>Жирно</b>" and "<script>alert" not in page.markup


@pytest.mark.parametrize("number", ["1", "2", "9", "x", "-1", "99999999999999999999"])
def test_the_list_is_paged(client: Client, number: str) -> None:
    for i in range(12):
        publish(f"Новость {i}")
    page = client.get("news.index", page=number)
    assert page.status == 200
    if number == "1":
        assert len(page.soup.select("main .rows li")) == 10
        assert len(page.click("старше →").soup.select("main .rows li")) == 2
