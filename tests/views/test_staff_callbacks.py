"""Callbacks at the contact centre: the list, the phone that only its caller sees, how a call ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from models.contact import callback_times, callbacks, calling
from models.contact.callbacks import Callback
from tests.calls import agreed
from tests.cast import Person
from tests.page import Client, Page
from views.staff.callbacks import masked_phone

PHONE, SHOWN = "+79135550177", "+7 913 555-01-77"


def ask(**given: Any) -> Callback:
    return callbacks.request(PHONE, "charges", callback_times.ASAP, name="Анна", consent_shown=agreed(), **given)


def text(page: Page) -> str:
    return page.text.replace("\u00a0", " ")


def test_taken_called_and_written_down(oleg: Client) -> None:
    ask()
    page = oleg.get("staff_callbacks.index")
    assert "Позвонить сейчас: 1" in text(page) and SHOWN not in text(page) and "•••-••-77" in text(page)
    page = page.submit(button="Взять следующий\u00a0N").follow()
    assert SHOWN in text(page) and page.soup.select_one(f'a[href="tel:{PHONE}"]') is not None
    page = page.submit({"text": "Объяснили счёт."}, button="Вопрос решён\u00a0A").follow()
    assert "Записано: поговорили." in text(page) and "Никто не ждёт звонка." in text(page)
    page = oleg.get("staff_callbacks.past")
    page = page.click(page.rows[0][0])
    assert "Объяснили счёт." in page.text and SHOWN not in text(page)


def test_others_see_neither_the_phone_nor_the_form(oleg: Client, irina: Client, nina: Client) -> None:
    made = ask()
    oleg.get("staff_callbacks.index").submit(button="Взять")
    for client in (irina, nina):
        page = client.get("staff_callbacks.show", callback_id=made.id)
        assert SHOWN not in text(page) and PHONE not in page.markup and page.soup.select_one("textarea") is None
        assert "звонит" in client.get("staff_callbacks.index").text
    page = irina.get("staff_callbacks.index")
    token = irina.get("me.show").token
    page = irina.post("staff_callbacks.take", {"csrf_token": token}, callback_id=made.id).follow()
    assert "заявка занята до" in text(page)


@pytest.mark.parametrize(
    ("button", "said"),
    [
        ("Не отвечает\u00a0N", "Позвонить снова: 20 ноября 2026, 10:30"),
        ("Занято\u00a0B", "10:10"),
        ("Не тот номер\u00a0W", "не дозвонились"),
    ],
)
def test_a_call_in_vain(oleg: Client, button: str, said: str) -> None:
    ask()
    page = oleg.get("staff_callbacks.index").submit(button="Взять").follow()
    assert said in text(page.submit(button=button).follow())


def test_called_later(oleg: Client) -> None:
    ask()
    page = oleg.get("staff_callbacks.index").submit(button="Взять").follow()
    wrong = page.submit({"again": "2026-11-21T12:00"}, button="Просит позже\u00a0L")
    assert wrong.status == 422 and "контактный центр не звонит" in wrong.error("again")
    page = wrong.submit({"again": "2026-11-23T12:00"}, button="Просит позже\u00a0L").follow()
    assert "Позвонить снова: 23 ноября 2026, 12:00" in text(page) and "Позже: 1" in text(page)


def test_the_wished_time_is_not_shown_beside_a_later_one(oleg: Client, at: Callable[[str], datetime]) -> None:
    ask()
    assert "удобно до 20 ноября 2026, 11:00" in text(oleg.get("staff_callbacks.index"))
    at("2026-11-20T10:50")
    oleg.get("staff_callbacks.index").submit(button="Взять").follow().submit(button="Не отвечает\u00a0N")
    page = oleg.get("staff_callbacks.index")
    assert "20 ноября 2026, 11:20" in text(page) and "удобно до" not in text(page)


def test_words_are_wanted_for_an_answer(oleg: Client) -> None:
    ask()
    page = oleg.get("staff_callbacks.index").submit(button="Взять").follow().submit(button="Вопрос решён\u00a0A")
    assert page.status == 422 and page.error("text") == "Напишите, о чём договорились."


def test_the_words_of_a_call_stay_when_a_colleague_has_taken_it(
    oleg: Client, irina: Client, at: Callable[[str], datetime]
) -> None:
    made = ask()
    page = oleg.get("staff_callbacks.index").submit(button="Взять").follow()
    at("2026-11-20T10:31")
    irina.get("staff_callbacks.index").submit(button="Взять")
    page = page.submit({"text": "Говорили сорок минут."}, button="Вопрос решён\u00a0A")
    assert page.status == 422 and page.value("text") == "Говорили сорок минут." and "Irina" in page.text
    assert SHOWN not in text(page) and callbacks.by_number(made.number).is_open  # type: ignore[union-attr]


def test_others_who_ask_by_the_same_phone_stand_on_the_page(oleg: Client, anna: Person) -> None:
    made = ask()
    own = callbacks.request(
        PHONE, "meter", callback_times.ASAP, name="Вера", customer_id=anna.id, account_id=anna.account.id
    )
    page = oleg.get("staff_callbacks.index")
    assert len(page.rows) == 1
    page = page.submit(button="Взять").follow()
    assert "Ещё спрашивают" in page.text and "Вера" in page.text and anna.account.number in page.text
    page = oleg.get("staff_callbacks.show", callback_id=own.id)
    assert page.soup.select_one("textarea") is None and f"№ {made.number}" in text(page)
    token = page.token
    page = oleg.post("staff_callbacks.take", {"csrf_token": token}, callback_id=own.id).follow()
    assert not calling.is_mine(Callback.get_by_id(own.id), 1)


def test_an_appeal_from_the_call(oleg: Client, anna: Person) -> None:
    ask(customer_id=anna.id, account_id=anna.account.id)
    page = oleg.get("staff_callbacks.index").submit(button="Взять").follow()
    page = page.submit(
        {"text": "Просит пересчитать.", "topic": "charges"}, button="Зарегистрировать обращение\u00a0R"
    ).follow()
    assert "зарегистрировано обращение № 2611-" in text(page)


def test_a_guest_has_no_button_for_an_appeal(oleg: Client) -> None:
    ask()
    page = oleg.get("staff_callbacks.index").submit(button="Взять").follow()
    assert page.soup.find("button", attrs={"value": "appeal"}) is None
    page = oleg.post(page.path, {"csrf_token": page.token, "outcome": "appeal", "text": "Просит.", "topic": "charges"})
    assert page.status == 422 and "клиента с кабинетом" in page.text


@pytest.mark.parametrize("outcome", ["", "nonsense", "done"])
def test_an_outcome_that_there_is_not_is_refused(oleg: Client, outcome: str) -> None:
    ask()
    page = oleg.get("staff_callbacks.index").submit(button="Взять").follow()
    page = oleg.post(page.path, {"csrf_token": page.token, "outcome": outcome, "text": "a\0b"})
    assert page.status == 422 and Callback.get().is_open


def test_left_to_others(oleg: Client, irina: Client) -> None:
    ask()
    oleg.get("staff_callbacks.index").submit(button="Взять").follow().submit(button="Оставить другим\u00a0X")
    assert irina.get("staff_callbacks.index").submit(button="Взять").status == 303


def test_nobody_to_call_now(oleg: Client) -> None:
    page = oleg.post("staff_callbacks.begin", {"csrf_token": oleg.get("me.show").token}).follow()
    assert "Сейчас звонить некому." in page.text


def test_masked() -> None:
    assert masked_phone(PHONE).replace("\u00a0", " ") == "+7 913 •••-••-77" and masked_phone("") == ""
