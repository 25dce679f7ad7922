"""News at the office: draft, look, publish, change, take down; earlier words; two employees at once."""

from __future__ import annotations

import pytest

from models.contact import news
from models.contact.news import NewsItem
from tests.cast import Person
from tests.page import Client, Page

FIELDS = {"title": "Работа в праздники", "text": "Офисы закрыты.\n\n- раз\n- два"}


def draft(client: Client, **given: str) -> Page:
    return client.get("staff_news.new").submit({**FIELDS, **given}, button="Сохранить черновик")


def test_drafted_looked_at_and_published(oleg: Client, client: Client) -> None:
    page = draft(oleg).follow()
    assert "черновик" in page.text and len(page.soup.select("article li")) == 2
    assert "Новостей пока нет." in client.get("news.index").text
    page = page.submit(button="Опубликовать").follow()
    assert (
        "Опубликовано: в течение полуминуты это увидят клиенты." in page.text
        and "Работа в праздники" in client.get("news.index").text
    )


def test_an_empty_form_tells_all_that_is_wanted(oleg: Client) -> None:
    page = oleg.get("staff_news.new").submit({"begins_on": ""}, button="Сохранить черновик")
    assert page.status == 422 and page.error("title") and page.error("text") and page.error("begins_on")


def test_changed_with_the_earlier_words_kept_and_taken_down(oleg: Client, client: Client) -> None:
    page = draft(oleg).follow().submit(button="Опубликовать").follow().click("Изменить\u00a0E")
    assert "изменения в течение полуминуты увидят все" in page.text and page.value("title") == "Работа в праздники"
    page = page.submit({"title": "Новогодние дни"}, button="Сохранить").follow()
    assert page.h1 == "Новогодние дни" and "Работа в праздники" in page.text
    assert "Новогодние дни" in client.get("news.index").text
    page = page.submit(button="Снять").follow()
    assert (
        "Снято: в течение полуминуты этого больше не увидят." in page.text
        and client.get("news.show", news_id=NewsItem.get().id).status == 404
    )


def test_what_is_wrong_is_told_beside_the_field(oleg: Client) -> None:
    page = draft(oleg, title="", text="", until_on="скоро")
    assert page.status == 422 and page.error("title")
    page = draft(oleg, text="а\u202eб", until_on="скоро")
    assert page.error("text") and page.error("until_on") and not NewsItem.select().exists()


def test_pressed_twice_makes_one_draft(oleg: Client) -> None:
    page = oleg.get("staff_news.new")
    for _ in range(2):
        assert page.submit(FIELDS, button="Сохранить черновик").status == 303
    assert NewsItem.select().count() == 1


def test_for_one_settlement(oleg: Client, anna: Person) -> None:
    page = draft(oleg, settlements="г. Красноярск").follow()
    assert "г. Красноярск" in page.text and NewsItem.get().settlements == ["г. Красноярск"]
    page = page.click("Изменить\u00a0E")
    assert page.soup.select_one("option[selected]")["value"] == "г. Красноярск"
    assert draft(oleg, settlements="г. Нигде").status == 422


def test_two_employees_do_not_change_it_past_each_other(oleg: Client, irina: Client) -> None:
    draft(oleg)
    item = NewsItem.get()
    old = irina.get("staff_news.form", news_id=item.id)
    news.publish(item.id, version=1)
    page = old.submit({"title": "Моё"}, button="Сохранить")
    assert page.status == 422 and "изменил другой сотрудник" in page.text


@pytest.mark.parametrize("name", ["galina", "nina", "pavel"])
def test_others_only_look(name: str, request: pytest.FixtureRequest, oleg: Client) -> None:
    draft(oleg)
    client: Client = request.getfixturevalue(name)
    page = client.get("staff_news.show", news_id=NewsItem.get().id)
    assert page.status == 200 and page.soup.select_one("main form") is None
    assert client.get("staff_news.new").status == 403
