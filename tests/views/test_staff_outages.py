"""Announcing an outage: nobody is told before it was looked at; moved, ended, cancelled, with its history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from models.contact.outages import announcing
from models.contact.outages.rows import Outage
from tests.cast import Person
from tests.page import Client, Page

FIELDS = {
    "settlement": "г. Красноярск",
    "streets": "Садовая, 30–40",
    "reason": "замена опор",
    "begins": "2026-11-21T10:00",
    "ends": "2026-11-21T14:00",
}


def text(page: Page) -> str:
    return page.text.replace("\u00a0", " ")


def look(client: Client, **given: str) -> Page:
    page = client.get("staff_outages.new")
    return page.submit({**FIELDS, **given}, button="Посмотреть, кого коснётся")


def announce(client: Client) -> Page:
    return look(client).submit(button="Объявить").follow()


def test_looked_at_first_then_announced(oleg: Client, anna: Person) -> None:
    page = look(oleg)
    assert page.status == 200 and "Под отключение попадает 1 лицевой счёт" in text(page)
    assert "ул. Садовая, 33 — 1" in text(page) and not Outage.select().exists()
    page = page.submit(button="Объявить").follow()
    assert "Объявлено. Под отключение попадает 1 лицевой счёт." in text(page)
    assert "Олег" in page.text or "Oleg" in page.text


def test_what_was_changed_after_the_look_is_looked_at_again(oleg: Client, anna: Person) -> None:
    page = look(oleg).submit({"ends": "2026-11-21T18:00"}, button="Объявить")
    assert page.status == 200 and "до 18:00" in text(page) and not Outage.select().exists()
    assert page.submit(button="Объявить").status == 303


def test_pressed_twice_it_is_announced_once(oleg: Client, anna: Person) -> None:
    page = look(oleg)
    for _ in range(2):
        assert page.submit(button="Объявить").status == 303
    assert Outage.select().count() == 1


def test_what_is_wrong_is_told_beside_the_field(oleg: Client, anna: Person) -> None:
    page = look(oleg, streets="Небывалая", reason="", ends="вчера")
    assert page.status == 422 and "нет ни в одном лицевом счёте" in page.error("streets")
    assert page.error("reason") and page.error("ends") and page.value("streets") == "Небывалая"


def test_moved_and_cancelled(oleg: Client, anna: Person) -> None:
    page = announce(oleg)
    page = page.submit(
        {"text": "мороз", "begins": "2026-11-22T10:00", "ends": "2026-11-22T12:00"}, button="Перенести"
    ).follow()
    assert "22 ноября с 10:00 до 12:00" in text(page) and "перенесено" in page.text
    page = page.submit({"text": "не нужно"}, button="Отменить отключение").follow()
    assert "отменено" in page.text and page.soup.find("button", string="Перенести") is None


def test_one_under_way_has_another_end_alone(oleg: Client, anna: Person, at: Callable[[str], datetime]) -> None:
    look(oleg, begins="2026-11-20T10:05").submit(button="Объявить")
    at("2026-11-20T10:08")
    page = oleg.get("staff_outages.show", outage_id=Outage.get().id)
    assert page.soup.find(id="begins") is None
    page = page.submit({"text": "ждём опору", "ends": "2026-11-22T12:00"}, button="Изменить конец").follow()
    assert "ждём опору" in page.text and Outage.get().version == 2


def test_the_power_is_back_early(oleg: Client, anna: Person, at: Callable[[str], datetime]) -> None:
    look(oleg, begins="2026-11-20T10:05").submit(button="Объявить")
    at("2026-11-20T10:08")
    page = oleg.get("staff_outages.show", outage_id=Outage.get().id).submit(button="Свет уже дали").follow()
    assert "свет дали раньше" in page.text


def test_whoever_has_an_old_page_open_changes_nothing(oleg: Client, irina: Client, anna: Person) -> None:
    announce(oleg)
    old = irina.get("staff_outages.show", outage_id=Outage.get().id)
    announcing.cancel(Outage.get().id, "мороз", version=1)
    page = old.submit({"text": "не нужно"}, button="Отменить отключение")
    assert page.status == 422 and "обновите страницу" in page.text


def test_a_reason_is_wanted_for_what_customers_read(oleg: Client, anna: Person) -> None:
    page = announce(oleg).submit({"text": ""}, button="Отменить отключение")
    assert page.status == 422 and "это прочтут клиенты" in page.error("text")


@pytest.mark.parametrize("name", ["galina", "nina", "pavel"])
def test_others_only_look(name: str, request: pytest.FixtureRequest, oleg: Client, anna: Person) -> None:
    announce(oleg)
    client: Client = request.getfixturevalue(name)
    page = client.get("staff_outages.index")
    assert "замена опор" in page.text and page.soup.find("a", href="/staff/outages/new") is None
    assert client.get("staff_outages.show", outage_id=Outage.get().id).soup.select_one("main form") is None
    assert client.get("staff_outages.new").status == 403
