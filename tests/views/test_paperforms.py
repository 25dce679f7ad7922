"""The paper forms' room: batches, the plain form step by step, the script's parts, closing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from models.audit import AuditRow
from models.metering.accounts import Office
from models.metering.paperforms import looking
from models.metering.paperforms.batches import Batch, PaperForm
from tests import cast
from tests.page import Client, Page

NUMBER = "241010000054"


@pytest.fixture
def anna(db: Any) -> cast.Person:
    office = Office.create(code="len", name="Ленинский", settlement="г. Красноярск", address="ул. Мира, 1")
    person = cast.anna()
    person.account.office = office
    person.account.save()
    return person


@pytest.fixture
def batch(anna: cast.Person, galina: Client) -> Batch:
    galina.get("paperforms.index").submit(expected="2", button="Начать ввод")
    return Batch.get()


def shown(clerk: Client, batch: Batch, **more: Any) -> Page:
    return clerk.get("paperforms.entry", batch_id=batch.id, **more)


def entered(clerk: Client, batch: Batch, account: str, *values: str) -> Page:
    """The plain form in its two steps, back on the page."""
    page = shown(clerk, batch).submit(account=account, button="Дальше").follow()
    page = page.submit({"account": page.value("account"), "value": list(values)}, button="Сохранить")
    return page.follow() if page.status == 303 else page


def send(clerk: Client, path: str, **fields: Any) -> Page:
    """What no form of a page would send."""
    token = clerk.get("paperforms.index").soup.find("meta", attrs={"name": "csrf-token"})["content"]
    return clerk.open(path, method="POST", data=fields, headers={"X-CSRFToken": token})


def post(clerk: Client, batch: Batch, **fields: Any) -> dict[str, Any]:
    answer = send(clerk, clerk.path("paperforms.row", batch_id=batch.id), **fields)
    assert answer.status == 200
    return json.loads(answer.text)


def test_a_batch_begins_with_sensible_defaults(anna, galina):
    page = galina.get("paperforms.index")
    assert page.value("taken") == "2026-11-20" and page.value("channel") == "staff"
    page = page.submit(button="Начать ввод").follow()
    assert page.h1 == "Пачка 1: Ленинский, бланки от 20\u00a0ноября"


def test_the_same_form_twice_is_one_batch(anna, galina):
    page = galina.get("paperforms.index")
    first, second = (page.submit(button="Начать ввод").location for _ in range(2))
    assert first == second and Batch.select().count() == 1


@pytest.mark.parametrize(
    "wrong",
    [{"taken": "2026-12-01"}, {"taken": "вчера"}, {"expected": "много"}, {"control_sum": "-5"}, {"expected": "0"}],
)
def test_a_batch_that_makes_no_sense_is_refused_with_what_was_typed(anna, galina, wrong):
    page = galina.get("paperforms.index").submit(wrong, button="Начать ввод")
    assert page.status == 422 and page.errors
    assert Batch.select().count() == 0


def test_the_plain_form_asks_for_the_account_then_for_its_values(batch, galina):
    page = shown(galina, batch).submit(account="0054", button="Дальше").follow()
    assert "И*** Анна Сергеевна" in page.text and "было 6\u202f320" in page.text
    page = page.submit(value=["6440", "2720"], button="Сохранить").follow()
    assert page.rows[-1][1:] == [
        NUMBER, "ул. Садовая, 33, кв.\u00a091, Иванова", "Т1 6\u202f320 → 6\u202f440, Т2 2\u202f660 → 2\u202f720", "180",
        "принято исправить",
    ]  # fmt: skip
    assert "Введено 1 из 2" in page.text and "сумма показаний 9\u202f160" in page.text


def test_a_doubt_says_why_and_is_confirmed_by_typing_again(batch, galina):
    page = entered(galina, batch, NUMBER, "7400", "2720")
    assert "больше обычного" in page.text and "сомнение" in page.rows[-1][-1]
    page = page.click("исправить")
    assert page.value("value") == ""
    page = page.submit(value=["7400", "2720"], button="Сохранить").follow()
    assert "принято" in page.rows[-1][-1]


def test_an_account_that_may_be_several_offers_them(batch, galina):
    for n in (11234, 21234):
        cast.account(n)
    page = shown(galina, batch).submit(account="1234", button="Дальше").follow()
    page = page.click("241010021234")
    assert page.value("account") == "241010021234"


def test_an_unknown_number_is_told_at_once(batch, galina):
    page = shown(galina, batch).submit(account="999999999999", button="Дальше").follow()
    assert "Такого лицевого счёта нет" in page.text


def test_a_row_is_put_aside_or_withdrawn_with_a_reason(batch, galina):
    page = entered(galina, batch, NUMBER, "7400", "2720").click("исправить")
    refused = page.submit(reason="", button="Отложить строку 1")
    assert refused.status == 422 and refused.errors
    page = page.submit(reason="вернули абоненту", button="Отложить строку 1").follow()
    assert "Отложено: вернули абоненту" in page.rows[-1][-1]
    page = page.click("исправить").submit(button="Снять строку 1").follow()
    assert "снято" in page.rows[-1][-1]
    assert "Введено 0" in page.text


def test_the_script_gets_the_account_with_its_fields(batch, galina):
    found = json.loads(galina.get("paperforms.lookup", batch_id=batch.id, account=NUMBER).text)
    assert found["who"] == "ул. Садовая, 33, кв.\u00a091, И*** Анна Сергеевна"
    assert [(zone["label"], zone["digits"]) for zone in found["zones"]] == [
        ("Т1 6\u202f320 →", 5),
        ("Т2 2\u202f660 →", 5),
    ]
    assert json.loads(galina.get("paperforms.lookup", batch_id=batch.id, account="77").text)["zones"] == []


def test_the_script_sends_a_row_once_by_its_key(batch, galina):
    row = {"account": NUMBER, "value": ["6440", "2720"], "key": "a", "line": "", "withdraw": ""}
    first, again = post(galina, batch, **row), post(galina, batch, **row)
    assert first == again and 'id="row-1"' in first["row"] and first["said"] == ""
    assert "Введено <b>1</b>" in first["totals"]
    assert PaperForm.select().count() == 1


def test_the_script_is_told_what_to_say_aloud(batch, galina):
    answer = post(galina, batch, account=NUMBER, value=["7400", "2720"], key="a")
    assert answer["said"].startswith("Строка 1. Расход") and "unsure" in answer["row"]
    answer = post(galina, batch, line="1", withdraw="1", key="b", account=NUMBER)
    assert "снято" in answer["row"]
    answer = post(galina, batch, line="9", withdraw="1", key="c", account=NUMBER)
    assert answer["said"] == "Строки 9 в этой пачке нет." and answer["row"] == ""


def test_a_closed_batch_takes_no_row_and_says_so(batch, galina):
    entered(galina, batch, NUMBER, "6440", "2720")
    token = shown(galina, batch)
    galina.get("paperforms.closing", batch_id=batch.id).submit(acknowledged=True, reason="потерян бланк").follow()
    refused = token.submit(account=NUMBER, button="Дальше").follow()
    assert "закрыта" in refused.text and "Новый бланк" not in refused.text


def test_closing_compares_count_and_sum_and_asks_why_they_differ(batch, galina):
    entered(galina, batch, NUMBER, "6440", "2720")
    page = galina.get("paperforms.closing", batch_id=batch.id)
    assert "не хватает 1" in page.text
    assert page.submit(button="Закрыть пачку").status == 422
    assert page.submit(acknowledged=True, reason="", button="Закрыть пачку").error("reason")
    page = page.submit(acknowledged=True, reason="потерян бланк", button="Закрыть пачку").follow()
    assert "закрыта" in page.text and "потерян бланк" in page.text


def test_a_batch_is_opened_again_with_a_reason(batch, galina):
    entered(galina, batch, NUMBER, "6440", "2720")
    galina.get("paperforms.closing", batch_id=batch.id).submit(acknowledged=True, reason="потерян бланк")
    page = shown(galina, batch)
    assert page.submit(reason="", button="Открыть пачку 1").status == 422
    assert "Новый бланк" in page.submit(reason="нашёлся бланк", button="Открыть пачку 1").follow().text


def test_an_account_is_found_by_address_when_the_number_cannot_be_read(batch, galina):
    page = galina.get("paperforms.find", batch_id=batch.id, q="садовая 33")
    page = page.click(NUMBER)
    assert page.value("account") == NUMBER and "было 6\u202f320" in page.text
    assert "Ничего не нашлось" in galina.get("paperforms.find", batch_id=batch.id, q="лесная").text


def test_an_auditor_looks_and_changes_nothing(batch, galina, nina):
    entered(galina, batch, NUMBER, "6440", "2720")
    page = shown(nina, batch)
    assert "принято" in page.rows[-1][-1] and not page.fields
    assert nina.get("paperforms.lookup", batch_id=batch.id, account=NUMBER).status == 403


def test_what_is_not_there_is_not_found(galina):
    for path in ("/staff/paperforms/99", "/staff/paperforms/99/close", "/staff/paperforms/checks/99/difference"):
        assert galina.get(path).status == 404


@pytest.mark.parametrize("junk", ["\0", "9" * 1000, "<b>", "%%%", "' OR 1=1", "🙂", "ST00012|PersAcc="])
def test_junk_in_the_account_breaks_nothing(batch, galina, junk):
    assert galina.get("paperforms.lookup", batch_id=batch.id, account=junk).status == 200
    answer = post(galina, batch, account=junk, value=[junk] * 30, key=junk)
    assert "refused" in answer["row"]


HUGE = "9" * 30


def test_numbers_of_rows_out_of_any_range_are_no_rows(batch, galina):
    entered(galina, batch, NUMBER, "6440", "2720")
    assert "Новый бланк" in shown(galina, batch, line=HUGE).text
    assert shown(galina, batch, last=HUGE).status == 200
    assert galina.get("second_looks.index", batch=HUGE).status == 200
    assert post(galina, batch, account=NUMBER, value=["1", "2"], key="a", line=HUGE)["row"] == ""
    assert post(galina, batch, line=HUGE, withdraw="1", key="b", account=NUMBER)["row"] == ""
    page = send(galina, galina.path("paperforms.save", batch_id=batch.id), account=NUMBER, line=HUGE, value=["1", "2"])
    assert page.status == 422 and PaperForm.select().count() == 1


def test_an_office_out_of_any_range_is_refused(anna, galina):
    page = galina.get("paperforms.index")
    assert page.submit(office=HUGE, button="Начать ввод").error("office") == "Выберите участок."


@pytest.mark.both
def test_texts_that_cannot_be_stored_are_cleaned(batch, galina):
    page = entered(galina, batch, NUMBER, "7400", "2720").click("исправить")
    page.submit(reason="вер\0нули" + "o" * 100_000, button="Отложить строку 1")
    page = shown(galina, batch, line=1).submit(reason="б\0ланк" + "k" * 100_000, button="Снять строку 1")
    assert page.status == 303
    longest = max(len(str(row.detail)) for row in AuditRow.select())
    assert longest < 1000 and "\0" not in "".join(str(row.detail) for row in AuditRow.select())


@pytest.mark.both
def test_a_batch_is_known_by_a_key_of_any_length_and_content(anna, galina):
    page = galina.get("paperforms.index")
    for _ in range(2):
        assert page.submit(key="\0" + "k" * 100_000, button="Начать ввод").status == 303
    assert Batch.select().count() == 1


@pytest.mark.parametrize("typed", [["9" * 19, "2720"], ["9" * 30, "9" * 30], ["6440", "²"]])
def test_a_value_longer_than_any_dial_is_refused_in_words(batch, galina, typed):
    answer = post(galina, batch, account=NUMBER, value=typed, key="a")
    assert "не принято" in answer["row"] and answer["said"].startswith("Строка 1. ")
    assert "не принято" in entered(galina, batch, NUMBER, *typed).rows[-1][-1]


def test_names_are_masked_where_accounts_are_looked_for(batch, galina):
    assert "Иванова" not in galina.get("paperforms.find", batch_id=batch.id, q="садовая 33").text
    assert "Иванова" not in shown(galina, batch, account=NUMBER).text


def test_looking_accounts_up_without_typing_is_noted_and_ends(batch, galina, monkeypatch):
    monkeypatch.setattr(looking, "UNNOTED_LOOKUPS", 2)
    monkeypatch.setattr(looking, "MOST_LOOKUPS", 5)

    def look_up() -> str:
        return json.loads(galina.get("paperforms.lookup", batch_id=batch.id, account=NUMBER).text)["who"]

    entered(galina, batch, NUMBER, "6440", "2720")
    look_up()
    look_up()
    assert notes() == []
    look_up()
    assert [row.detail["account"] for row in notes()] == [NUMBER] and notes()[0].subject == batch.subject
    shown(galina, batch, account=NUMBER)
    assert "Слишком много" in look_up()
    assert "Слишком много" in shown(galina, batch, account=NUMBER).text
    assert len(notes()) == 2


def test_searching_on_and_on_is_noted_and_ends(batch, galina, monkeypatch):
    monkeypatch.setattr(looking, "UNNOTED_SEARCHES", 1)
    monkeypatch.setattr(looking, "MOST_SEARCHES", 2)
    for _ in range(2):
        galina.get("paperforms.find", batch_id=batch.id, q="садовая 33")
    assert [(row.deed, row.detail["sought"], row.detail["count"]) for row in notes()] == [
        ("paperforms.searched", "садовая 33", 1)
    ]
    refused = galina.get("paperforms.find", batch_id=batch.id, q="садовая 33")
    assert refused.status == 422 and "Слишком много поисков" in refused.text


def notes() -> list[AuditRow]:
    return list(AuditRow.select().where(AuditRow.deed.startswith("paperforms.")).order_by(AuditRow.id))


def test_whoever_is_to_check_a_row_does_not_see_it_before(batch, galina, oleg):
    entered(galina, batch, NUMBER, "7400", "2720")
    page = shown(oleg, batch)
    assert page.rows[-1][3:5] == ["—", "—"] and "Ждёт вашей сверки" in page.rows[-1][-1]
    for there in (page, page.click("исправить"), shown(oleg, batch, last=1)):
        assert "7400" not in there.answer.text and "7\u202f400" not in there.answer.text
    assert "7\u202f400" in shown(galina, batch).text
    looked = oleg.get("second_looks.index", batch=batch.id).submit(value=["7400", "2720"], button="Сверить")
    assert looked.status == 303 and "7\u202f400" in shown(oleg, batch).text


def test_whoever_typed_first_does_not_pick_their_own(batch, galina, oleg):
    entered(galina, batch, NUMBER, "7400", "2720")
    page = oleg.get("second_looks.index", batch=batch.id).submit(value=["6440", "2720"], button="Сверить").follow()
    own = galina.open(page.path)
    assert "как ввели сначала" not in own.text and "только другой сотрудник" in own.text
    assert send(galina, page.path, pick="first").status == 422
    page.submit(button="7400 / 2720 — как ввели сначала").follow()
    assert PaperForm.get(PaperForm.state != "replaced").state == "accepted"


def test_held_rows_that_nobody_checked_want_a_tick_and_a_reason(batch, galina):
    Batch.update(expected=1).execute()
    entered(galina, batch, NUMBER, "7400", "2720")
    PaperForm.update(state="held").execute()
    page = galina.get("paperforms.closing", batch_id=batch.id)
    assert "не сверено" in page.text
    assert page.submit(button="Закрыть пачку").error("unchecked")
    assert page.submit(unchecked=True, button="Закрыть пачку").error("reason")
    page = page.submit(unchecked=True, reason="второго сотрудника нет", button="Закрыть пачку").follow()
    assert "второго сотрудника нет" in page.text
