"""Customers at the office: finding one, the reason, the card."""

from __future__ import annotations

from datetime import date
from urllib.parse import urlencode

import pytest

from models.audit import AuditRow
from models.billing import payments
from models.office import cards
from models.office.cards import Opening
from models.outbox import Message
from tests import cast
from tests.card import NUMBER, bill_two_months, opened

VERAS = "241010000171"


def deeds() -> list[str]:
    return [row.deed for row in AuditRow.select().where(AuditRow.who.startswith("staff:")).order_by(AuditRow.id)]


@pytest.fixture
def billed(anna):
    bill_two_months()
    return anna


# ---- finding


def test_what_is_found_is_masked(galina, anna, vera):
    page = galina.get("staff_customers.index", q="иванова садовая")
    assert page.rows == [
        [NUMBER, "И*** Анна Сергеевна", "ул. Садовая, 33, кв.\u00a091 г. Красноярск", f"Открыть {NUMBER}"]
    ]
    assert "Иванова" not in page.text and "87749621" not in page.text
    assert not Opening.select().exists()


def test_the_page_opens_with_an_empty_search(galina):
    page = galina.get("staff_customers.index")
    assert page.h1 == "Абоненты" and page.rows == []
    assert page.field("q").has_attr("autofocus")


def test_nobody_found_is_said_with_what_to_do(galina, anna):
    page = galina.get("staff_customers.index", q="<b>сидоров</b>")
    assert "никого нет" in page.text and "<b>сидоров</b>" in page.text
    assert page.rows == []


def test_a_whole_number_leaves_one_and_the_focus_is_where_one_goes_on(galina, anna):
    cast.account(60, phone="+79241010054")
    page = galina.get("staff_customers.index", q="2410 1000 0054")
    assert [row[0] for row in page.rows] == [NUMBER]
    assert [field.get("name") for field in page.soup.select("[autofocus]")] == ["reason"]
    page.submit(reason="call", button=NUMBER)
    page = galina.get("staff_customers.index", q=NUMBER)
    assert [field.get("value") for field in page.soup.select("[autofocus]")] == [NUMBER]


@pytest.mark.parametrize(
    "typed", ["\0", "иванова\0", "\ud83d", '"OR*', "'&|!<->", "%", "\u202e", "а" * 5000, "\t\n", "0" * 300]
)
def test_whatever_is_typed_gives_a_page(galina, anna, typed):
    page = galina.get("/staff/customers?" + urlencode({"q": typed}, errors="replace"))
    assert page.status == 200
    if page.rows:
        answer = page.submit(reason="", sought=typed.replace("\ud83d", ""), button="Открыть")
        assert answer.status == 422


def test_many_are_cut_and_said(galina):
    for n in range(25):
        cast.account(1000 + n, last_name="Одинаков")
    page = galina.get("staff_customers.index", q="одинаков")
    assert len(page.rows) == 20
    assert "Первые 20, есть ещё" in page.text


def test_too_many_searches_are_refused(galina, anna, monkeypatch):
    monkeypatch.setattr(cards, "MOST_SEARCHES", 1)
    assert galina.get("staff_customers.index", q="иванова").status == 200
    page = galina.get("staff_customers.index", q="иванова")
    assert page.status == 422 and "Слишком много поисков" in page.text
    assert galina.get("staff_customers.index").status == 200


def test_a_form_without_a_reason_is_a_search_like_any_other(galina, anna, monkeypatch):
    page = galina.get("staff_customers.index", q="иванова")
    monkeypatch.setattr(cards, "MOST_SEARCHES", 2)
    assert page.submit(button=NUMBER).status == 422
    answer = page.submit(button=NUMBER)
    assert answer.status == 422 and "Слишком много поисков" in answer.text


# ---- the reason


def test_the_reason_is_asked_and_kept_for_the_next_card(galina, anna, vera):
    page = galina.get("staff_customers.index", q=NUMBER)
    assert page.value("reason") == ""
    answer = page.submit(button=NUMBER)
    assert answer.status == 422 and answer.errors == ["Выберите, зачем открываете карточку."]
    assert answer.rows[0][0] == NUMBER
    assert answer.submit(reason="visit", button=NUMBER).status == 303
    assert galina.get("staff_customers.index", q=VERAS).value("reason") == "visit"


def test_enter_in_a_field_opens_nobodys_card(galina, anna):
    answer = galina.get("staff_customers.index", q="иванова").submit(reason="call", button="Открыть")
    assert answer.status == 422 and "нажмите «Открыть» в его строке" in answer.errors[0]
    assert not Opening.select().exists()


def test_another_reason_wants_words(galina, anna):
    page = galina.get("staff_customers.index", q=NUMBER)
    assert page.submit(reason="other", button=NUMBER).status == 422
    shown = page.submit(reason="other", note="сверяю квитанцию", button=NUMBER).follow()
    assert "Открыто: другое: сверяю квитанцию" in shown.text


def test_without_an_opening_the_address_asks_for_the_reason(galina, oleg, anna):
    opened(galina)
    page = oleg.get("staff_customers.show", number=NUMBER)
    assert page.h1 == "Абоненты" and "Иванова" not in page.text
    assert page.submit(reason="call", button=NUMBER).follow().h1 == "Иванова Анна Сергеевна"


def test_a_card_closes_after_half_an_hour(galina, anna, at):
    opened(galina)
    at("2026-11-20T10:29")
    assert galina.get("staff_customers.show", number=NUMBER).h1 == "Иванова Анна Сергеевна"
    at("2026-11-20T10:31")
    assert galina.get("staff_customers.show", number=NUMBER).h1 == "Абоненты"


def test_an_account_that_is_not_there_is_no_page(galina, anna):
    assert galina.get("staff_customers.show", number="241010000059").status == 404
    assert galina.get("staff_customers.show", number="0054").status == 404


def test_a_made_up_number_in_the_form_is_refused(galina, anna):
    page = galina.get("staff_customers.index", q=NUMBER)
    data = {"csrf_token": page.token, "open": "999", "reason": "call"}
    assert galina.post("staff_customers.open", data).status == 422
    assert not Opening.select().exists()


# ---- the card


def test_the_card_tells_who_where_and_how_much(oleg, billed):
    payments.take_external(billed.account.id, 50_000, channel="sberbank", document="d1", day=date(2026, 11, 12))
    page = opened(oleg)
    for words in (
        "Иванова Анна Сергеевна", "ул. Садовая, 33, кв.\u00a091", NUMBER, "Последний счёт: октябрь\u00a02026", "просрочен на",
        "500,00\u00a0₽", "Сбербанк", "Счётчик № 87749621", "день 6\u202f320, ночь 2\u202f660", "anna@example.ru", "Согласие на обработку",
        "Карточка абонента открыта", "Открыто: звонок", "Карточка закроется в 10:30",
    ):  # fmt: skip
        assert words in page.text.replace("день\u00a0", "день ").replace("ночь\u00a0", "ночь "), words
    assert page.soup.select_one("figure.bars svg") is not None


def test_what_waits_stands_on_top(oleg, anna):
    cast.read(anna.meter, "2026-11-18", 16440, 2720, state="held", reason="Расход в 80 раз выше обычного.")
    payments.start(
        anna.account, {"electricity": 100_00}, customer_id=anna.id, email="anna@example.ru", key="key", consented=True
    )
    page = opened(oleg)
    notes = [note.get_text() for note in page.soup.select("main > .note")]
    assert "Показание на проверке" in notes[0] and "Расход в 80 раз выше обычного." in notes[0]
    assert "100,00" in notes[1]


def test_the_card_shows_letters_by_their_subjects_and_no_secrets(oleg, anna, client):
    client.get("recovery.form").submit(login="anna@example.ru")
    message = Message.get(Message.letter == "recover")
    page = opened(oleg)
    assert "Новый пароль ждёт отправки" in page.text
    assert message.secrets["code"] not in page.markup and message.secrets["token"] not in page.markup


def test_the_card_costs_few_queries(oleg, billed, db):
    cast.boris(billed)
    opened(oleg)
    seen = []
    db.query_hooks.append(seen.append)
    oleg.get("staff_customers.show", number=NUMBER)
    db.query_hooks.remove(seen.append)
    assert len(seen) <= 15


def test_looking_at_a_card_changes_nothing(oleg, anna):
    opened(oleg)
    before = deeds()
    oleg.get("staff_customers.show", number=NUMBER)
    assert deeds() == before and Opening.select().count() == 1


def test_who_may_only_look_has_no_buttons(nina, galina, anna):
    for browser in (nina, galina):
        page = opened(browser)
        assert page.h1 == "Иванова Анна Сергеевна"
        for words in ("Принять показания", "PDF", "Отвязать", "Отправить письмо", "Изменить телефон"):
            assert words not in page.text
        assert browser.get("staff_behalf.readings", number=NUMBER).status == 403


def test_a_card_of_an_account_with_nothing(oleg):
    flat = cast.account(9, closed=date(2026, 1, 31), flat="")
    page = opened(oleg, flat.number)
    assert "счёт закрыт 31\u00a0января\u00a02026" in page.text
    for words in (
        "Счётчика нет",
        "Счетов ещё не было",
        "Счёт ни к кому не привязан",
        "За год показаний нет",
        "За год платежей нет",
    ):
        assert words in page.text


@pytest.mark.company("irkutsk")
def test_an_account_number_of_letters(oleg):
    cast.account(14, last_name="Иванова", first_name="Анна")
    page = oleg.get("staff_customers.index", q="инзб 38100014")
    assert [row[0] for row in page.rows] == ["ИНЗБ38100014"]
    shown = page.submit(reason="call", button="ИНЗБ38100014").follow()
    assert shown.h1 == "Иванова Анна"
