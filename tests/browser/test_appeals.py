"""Appeals from both sides: a customer with a phone, an operator at a desk, a guest whose browser runs no scripts."""

from __future__ import annotations

import io
import re
import subprocess
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.both import both_ways
from tests.browser.test_looks import faults
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
TEXT = "На табло счётчика не видно цифр. Что передавать за ноябрь?"
SENT = re.compile(r"/appeals/\d{4}-\d{6}$")


def photo(side: int = 400) -> Any:
    made = io.BytesIO()
    Image.effect_noise((side, side // 2), 60).convert("RGB").save(made, "JPEG")
    return {"name": "счётчик.jpg", "mimeType": "image/jpeg", "buffer": made.getvalue()}


def write(visitor: Visitor, text: str = TEXT) -> str:
    """An appeal with a photo, as far as its page; its number."""
    visitor.open("/appeals").follow("Новое обращение")
    visitor.field("О чём вы пишете").select_option("readings")
    visitor.fill(Что_случилось=text)
    visitor.field("Фотографии и документы").set_input_files(photo())
    if visitor.js:
        expect(visitor.page.get_by_role("button", name="Убрать счётчик.jpg")).to_be_visible()
    visitor.press("Отправить")
    visitor.page.wait_for_url(SENT)
    return visitor.page.url.rpartition("/")[2]


def reply(operator: Visitor, number: str, text: str, button: str) -> None:
    """At the office: open the appeal, write, press the button that begins so."""
    operator.open(f"/staff/appeals/{number}")
    door = operator.page.get_by_role("main").get_by_role("button", name=re.compile("^Открыть"))
    if door.count():
        door.click()
    operator.page.get_by_role("main").locator("textarea[name=text]").fill(text)
    operator.page.get_by_role("button", name=re.compile(f"^{button}")).click()
    operator.sees(text)


def newest_letter(visitor: Visitor, holding: str) -> str:
    """The newest letter to the visitor that holds these words, as the demo shows it."""
    letters = visitor.context.request.get("/demo/letters").text()
    assert holding in letters, f"no letter with {holding!r}"
    return letters


@both_ways
@pytest.mark.feature("S36", "S37")
def test_both_sides_of_an_appeal(newcomer: Visitor, oleg: Visitor) -> None:
    number = write(newcomer)
    newcomer.heading(f"Обращение {number}")
    newcomer.sees("не позже")
    with newcomer.page.expect_download() as taken:
        newcomer.follow("счётчик.jpg")
    assert taken.value.path().read_bytes().startswith(b"\xff\xd8")

    reply(oleg, number, "Пришлите номер счётчика.", "Спросить клиента")
    oleg.sees(TEXT)
    assert "Пришлите номер счётчика." in newest_letter(newcomer, number)
    newcomer.page.reload()
    newcomer.sees("ждём вашего ответа")
    newcomer.fill(Сообщение="Номер 87749621")
    newcomer.press("Отправить")
    newcomer.sees("Сообщение отправлено.")

    reply(oleg, number, "Передайте прежнее показание, мастер придёт в среду.", "Отправить ответ")
    oleg.sees("Номер 87749621")
    newcomer.page.reload()
    newcomer.sees("ответ дан")
    newcomer.page.get_by_role("radio", name="2 — плохо").check()
    newcomer.press("Оценить")
    newcomer.sees("Спасибо за оценку.")
    newcomer.fill(Сообщение="Среда прошла, мастера не было.")
    newcomer.press("Открыть снова")
    newcomer.sees("Обращение открыто снова.")
    newcomer.sees("не позже")
    oleg.page.reload()
    oleg.sees("Среда прошла, мастера не было.")
    assert newcomer.noise == []
    assert oleg.noise == []


@pytest.mark.parametrize("guest", [True], ids=["js"], indirect=True)
def test_what_is_typed_on_the_phone_is_there_on_the_desk(newcomer: Visitor, stage: Any) -> None:
    newcomer.open("/appeals/new")
    newcomer.field("О чём вы пишете").select_option("readings")
    newcomer.fill(Что_случилось="Когда и как передавать показания счётчика?")
    newcomer.sees("Черновик сохранён")
    newcomer.sees("Возможно, ответ здесь")
    newcomer.sees("приложите снимок счётчика")
    newcomer.field("Фотографии и документы").set_input_files(photo(3000))
    expect(newcomer.page.get_by_role("button", name="Убрать счётчик.jpg")).to_be_visible()
    assert newcomer.noise == []
    desk = newcomer.another()
    stage.callback(desk.close)
    desk.open("/appeals").follow("Дописать и отправить")
    expect(desk.field("Что случилось")).to_have_value("Когда и как передавать показания счётчика?")
    desk.sees("счётчик.jpg")
    desk.page.get_by_role("button", name="Убрать счётчик.jpg").click()
    expect(desk.page.get_by_role("button", name="Убрать счётчик.jpg")).to_have_count(0)
    expect(desk.field("Что случилось")).to_have_value("Когда и как передавать показания счётчика?")


@both_ways
@pytest.mark.feature("S36")
def test_a_guest_writes_confirms_and_comes_back_by_the_link(guest: Visitor, stage: Any) -> None:
    email = f"guest-{'js' if guest.js else 'plain'}@example.ru"
    guest.open("/appeals/new").field("О чём вы пишете").select_option("supply")
    guest.fill(Что_случилось="Нет света с утра.", Как_к_вам_обращаться="Пётр")
    guest.press("Отправить")
    guest.summary().get_by_text("почт").first.wait_for()
    expect(guest.field("Что случилось")).to_have_value("Нет света с утра.")
    guest.fill(Почта=email)
    guest.field("Даю согласие на обработку персональных данных").check()
    guest.press("Отправить")
    guest.heading("Подтвердите почту")
    code = re.search(r"код:\s*(\d{6})", newest_letter(guest, email))
    assert code is not None
    guest.fill(Код_из_письма=code[1])
    guest.press("Подтвердить")
    guest.page.wait_for_url(SENT)
    guest.sees("Нет света с утра.")
    link = re.search(r"/appeals/link/[\w.]+", newest_letter(guest, "/appeals/link/"))
    assert link is not None
    phone = Visitor(guest.browser, guest.portal, js=guest.js)
    stage.callback(phone.close)
    phone.open(link[0])
    phone.page.wait_for_url(SENT)
    phone.sees("Нет света с утра.")
    phone.fill(Сообщение="Свет дали.")
    phone.press("Отправить")
    guest.page.reload()
    guest.sees("Свет дали.")
    assert guest.noise == []
    assert phone.noise == []


def test_pages_of_an_appeal_have_no_faults(newcomer: Visitor) -> None:
    newcomer.open("/appeals")
    assert faults(newcomer) == [], "no appeals yet"
    newcomer.open("/appeals/new").press("Отправить")
    newcomer.page.get_by_text("Проверьте, пожалуйста").wait_for()
    assert faults(newcomer) == [], "mistakes"
    number = write(newcomer)
    assert faults(newcomer) == [], "an appeal"
    for path in ("/appeals", "/appeals/new", f"/appeals/{number}/print", f"/appeals/{number}/withdraw"):
        newcomer.open(path)
        assert faults(newcomer) == [], path


def test_pages_of_guests_have_no_faults(guest: Visitor) -> None:
    for path in ("/appeals/new", "/appeals/confirm", "/appeals/confirm/no-such-token"):
        guest.open(path)
        assert faults(guest) == [], path


@pytest.mark.feature("B1")
def test_the_form_reads_well_as_letters_alone(guest: Visitor) -> None:
    command = ["w3m", "-dump", "-cols", "100", "-I", "UTF-8", "-O", "UTF-8", guest.portal.url + "/appeals/new"]
    text = subprocess.run(command, capture_output=True, check=True, timeout=30).stdout.decode()
    for words in ("Новое обращение", "О чём вы пишете", "каждый до 10", "Даю согласие", "Сохранить черновик"):
        assert words in text
    assert "{" not in text
