"""Outages as customers see them: on their home page when their address is met, and on a page of their own by place alone."""

from __future__ import annotations

import gzip
from datetime import datetime
from typing import Any

import pytest

from models.contact.outages import announcing, live
from models.contact.outages.rows import Outage
from tests import cast
from tests.cast import Person
from tests.page import Client


def announce(streets: str = "Садовая, 30–40", **given: Any) -> Outage:
    usual: dict[str, Any] = {
        "settlement": "г. Красноярск", "kind": "planned", "reason": "замена опор", "begins": datetime(2026, 11, 21, 10),
        "ends": datetime(2026, 11, 21, 14),
    }  # fmt: skip
    return announcing.announce(announcing.plan(streets=streets, **{**usual, **given}))


def test_the_home_page_tells_those_whose_address_is_met(home: Client, anna: Person, stranger: Client) -> None:
    announce()
    page = home.get("home.show", number=anna.account.number)
    assert "21 ноября с 10:00 до 14:00 плановое отключение: замена опор" in page.text.replace("\u00a0", " ")
    page = page.click("Подробнее")
    assert page.h1 == "Отключения электричества" and "ул. Садовая, 30–40" in page.text


def test_the_home_page_tells_nothing_to_others(home: Client, anna: Person) -> None:
    cast.account(9, street="пер. Тихий")
    announce("Тихий")
    assert "отключение" not in home.get("home.show", number=anna.account.number).text


def test_the_home_page_asks_the_database_no_more_for_it(home: Client, anna: Person, db: Any) -> None:
    path = home.path("home.show", number=anna.account.number)

    def spent() -> int:
        asked: list[Any] = []
        db.query_hooks.append(asked.append)
        try:
            home.get(path)
        finally:
            db.query_hooks.remove(asked.append)
        return len(asked)

    home.get(path)
    before = spent()
    announce()
    live.of_account(anna.account)
    assert spent() == before


def test_everybody_reads_them_by_settlement_and_street(client: Client, anna: Person) -> None:
    cast.account(8, settlement="г. Минусинск", street="ул. Мира")
    announce()
    announce("Мира", settlement="г. Минусинск", kind="emergency", reason="обрыв провода")
    page = client.get("outages.index")
    assert "2 отключения" in page.text.replace("\u00a0", " ")
    page = page.submit({"street": "мира"}, button="Найти")
    assert "обрыв провода" in page.text and "замена опор" not in page.text
    assert "Садовая" in client.get("outages.index").click("г. Красноярск").text
    assert "не объявлено" in client.get("outages.index", place="Омск").text


@pytest.mark.parametrize(
    "street", ["Садовая 33", "ул. Садовая, д. 33, кв. 91", "садовая 33а", "Садовая д.33/2", "Садовая 33 корп 2"]
)
def test_who_types_the_house_too_finds_the_street(client: Client, anna: Person, street: str) -> None:
    announce()
    assert "замена опор" in client.get("outages.index", place="Красноярск", street=street).text


def test_a_street_that_is_called_by_a_number_stays_whole(client: Client, anna: Person) -> None:
    cast.account(8, street="ул. 8 Марта")
    announce("8 Марта")
    assert "замена опор" in client.get("outages.index", street="8 марта").text
    assert "не объявлено" in client.get("outages.index", street="8 июля").text


def test_nothing_on_a_street_is_no_promise_that_its_name_is_right(client: Client, anna: Person) -> None:
    announce()
    page = client.get("outages.index", street="Садавая")
    assert "По улице «Садавая» отключений не объявлено. Проверьте, верно ли она написана" in page.text


def test_cancelled_ones_say_so(client: Client, anna: Person) -> None:
    announcing.cancel(announce().id, "мороз", version=1)
    assert "отменено" in client.get("outages.index").text


def test_no_word_of_whose_account_lies_there(client: Client, anna: Person) -> None:
    announce()
    page = client.get("outages.index", street="садовая")
    assert anna.account.number not in page.markup and "Иванова" not in page.markup


@pytest.mark.parametrize("street", ["\0", "%", "a" * 500, "'; drop", "<b>"])
def test_anything_may_be_typed(client: Client, anna: Person, street: str) -> None:
    announce()
    assert client.get("outages.index", street=street, place=street, page="x").status == 200


def test_many_are_paged(client: Client, anna: Person) -> None:
    announce()
    live.assume([Outage.get()] * 200)
    page = client.get("outages.index", page="3")
    assert len(page.soup.select("main section")) == 15 and len(gzip.compress(page.answer.data)) < 14_000
    assert page.click("дальше →").status == 200
