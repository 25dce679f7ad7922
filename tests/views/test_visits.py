"""The result of a visit on its page: a replacement with photos, what is unusual asked once, nothing typed lost."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from models import files
from models.metering.meters import Meter
from models.metering.orders import placing
from models.metering.orders.placing import Wish
from models.metering.orders.rows import DONE, OPEN, Order
from tests.cast import Person
from tests.page import Client, Page

RESULT = {
    "day": "2026-11-19", "final_t1": "6400", "final_t2": "2700", "serial": "5000111", "model": "Меркурий 200.02", "zones": "2",
    "digits": "5", "ratio": "1", "initial_t1": "10", "initial_t2": "5", "seals": "А-1",
}  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_folder", tmp_path)


def place(person: Person, kind: str = "replacement") -> Order:
    what = f"{kind}-{person.meter.id}" if person.meter else "installation-electricity"
    return placing.place(person.account, Wish(what, "merkuriy-200", "89135550123"), key=kind, customer_id=person.id)


def picture() -> bytes:
    body = io.BytesIO()
    Image.new("RGB", (60, 40), (10, 20, 30)).save(body, "JPEG")
    return body.getvalue()


def send(page: Page, sent: dict[str, str], *photos: tuple[bytes, str], where: str = "") -> Page:
    data: dict[str, Any] = {
        "csrf_token": page.token,
        "files": [(io.BytesIO(body), name) for body, name in photos],
        **sent,
    }
    return page.client.open(where or page.path, method="POST", data=data, content_type="multipart/form-data")


@pytest.mark.feature("S44")
def test_a_replacement_is_entered_and_the_customer_reads_the_new_meter(
    pavel: Client, home: Client, anna: Person
) -> None:
    order = place(anna)
    page = pavel.get("visits.form", number=order.number)
    assert (page.value("model"), page.value("zones"), page.value("digits")) == ("Меркурий 200.02", "2", "5")
    assert "Последнее учтённое: день\u00a06\u202f320, ночь\u00a02\u202f660" in page.text
    shown = send(page, RESULT, (picture(), "Акт.jpg")).follow()
    assert "выполнена" in shown.text and "№ 5000111" in shown.text and "А-1" in shown.text
    taken = shown.submit(button="Акт.jpg")
    assert taken.headers["Content-Disposition"].startswith("attachment") and taken.answer.data[:3] == b"\xff\xd8\xff"
    assert "5000111" in home.get("readings.form", number=anna.account.number).text
    assert "Поставлен" in home.get("orders.show", number=order.number).text


def test_what_is_wrong_is_told_and_all_that_was_typed_stays(pavel: Client, anna: Person) -> None:
    order = place(anna)
    page = pavel.get("visits.form", number=order.number)
    refused = send(page, {**RESULT, "final_t1": "6300", "verification_due": "когда-нибудь"})
    assert refused.status == 422 and refused.error("verification_due") == "Это не похоже на дату. Пример: 20.11.2026"
    refused = send(page, {**RESULT, "final_t1": "6300"}, (picture(), "a.jpg"))
    assert "Меньше, чем было 20\u00a0октября" in refused.error("final_t1")
    assert {name: refused.value(name) for name in RESULT} == {**RESULT, "final_t1": "6300"}
    assert Order.get().state in OPEN and not list(files.of(order.subject))


def test_unusual_use_is_asked_about_once(pavel: Client, anna: Person) -> None:
    page = pavel.get("visits.form", number=place(anna).number)
    asked = send(page, {**RESULT, "final_t1": "9400"})
    assert asked.status == 422 and "больше" in asked.text
    mark = asked.value("confirmed")
    assert send(asked, {**RESULT, "final_t1": "9999", "confirmed": mark}).status == 422
    assert send(asked, {**RESULT, "final_t1": "9400", "confirmed": mark}).status == 303
    assert Order.get().state == DONE


def test_a_file_that_is_no_picture_stops_it_all(pavel: Client, anna: Person) -> None:
    page = pavel.get("visits.form", number=place(anna).number)
    refused = send(page, RESULT, (b"MZ\x90", "акт.exe"))
    assert refused.status == 422 and refused.error("files")
    assert Meter.select().count() == 1


def test_photos_come_later_too(pavel: Client, anna: Person) -> None:
    order = place(anna)
    shown = pavel.get("staff_orders.show", number=order.number)
    where = pavel.path("visits.attach", number=order.number)
    assert "Приложено." in send(shown, {}, (picture(), "Позже.jpg"), where=where).follow().text
    assert "Выберите файлы." in send(shown, {}, where=where).follow().text
    assert [one.title for one in files.of(order.subject)] == ["Позже.jpg"]


def test_a_first_meter(pavel: Client, boris: Person) -> None:
    page = pavel.get("visits.form", number=place(boris).number)
    assert "final_t1" not in page.fields
    assert send(page, {name: value for name, value in RESULT.items() if not name.startswith("final")}).status == 303
    assert Meter.get(Meter.serial == "5000111").account_id == boris.account.id


def test_a_verification(pavel: Client, anna: Person) -> None:
    page = pavel.get("visits.form", number=place(anna, "verification").number)
    assert send(page, {"day": "19.11.2026"}).errors == ["Выберите, прошёл ли счётчик поверку."]
    assert send(page, {"day": "19.11.2026", "outcome": "passed", "due": "19.11.2034"}).status == 303
    assert Meter.get().verification_due == date(2034, 11, 19)


def test_a_verification_that_failed(pavel: Client, anna: Person) -> None:
    page = pavel.get("visits.form", number=place(anna, "verification").number)
    refused = send(page, {"day": "2026-11-19", "outcome": "failed"})
    assert refused.error("reason") == "Напишите, что со счётчиком: это прочтёт клиент."
    shown = send(page, {"day": "2026-11-19", "outcome": "failed", "reason": "Погрешность 4 %"}).follow()
    assert "не прошёл: Погрешность 4 %." in shown.text


def test_an_order_that_is_over_has_no_result_to_enter(pavel: Client, anna: Person) -> None:
    order = place(anna)
    page = pavel.get("visits.form", number=order.number)
    placing.cancel(order.id)
    assert pavel.get("visits.form", number=order.number).status == 303
    assert send(page, RESULT).errors == ["Заявка тем временем изменилась. Посмотрите, что с ней теперь."]


def test_somebody_elses_file_does_not_exist(pavel: Client, anna: Person, vera: Person) -> None:
    order, other = place(anna), place(vera)
    shown = pavel.get("staff_orders.show", number=order.number)
    send(shown, {}, (picture(), "a.jpg"), where=pavel.path("visits.attach", number=order.number))
    file_id = next(iter(files.of(order.subject))).id
    token = {"csrf_token": shown.token}
    assert pavel.post("visits.download", token, number=other.number, file_id=file_id).status == 404
    assert pavel.post("visits.download", token, number=order.number, file_id=file_id).status == 200


def test_each_dial_that_is_missing_is_named(oleg: Client, anna: Person) -> None:
    page = send(oleg.get("visits.form", number=place(anna).number), {**RESULT, "final_t2": "", "initial_t1": ""})
    assert page.status == 422 and page.errors == [
        "Снятый счётчик, Т2: введите показание: цифры до запятой.",
        "Новый счётчик, Т1: введите показание: цифры до запятой.",
    ]
    assert "Ночь, Т2" in page.text
