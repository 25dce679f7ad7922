"""What an employee does in an open card for the customer: the forms, the doubts, the papers, and nobody else's data."""

from __future__ import annotations

from datetime import date

import pytest

from models.audit import AuditRow
from models.billing import delivery
from models.metering.accounts import Account, Holding
from models.metering.readings import Reading
from models.outbox import Message
from models.people.sessions import Session
from tests import cast
from tests.card import NUMBER, bill_two_months, opened


def deeds() -> list[str]:
    return [row.deed for row in AuditRow.select().where(AuditRow.who.startswith("staff:")).order_by(AuditRow.id)]


@pytest.fixture
def billed(anna):
    bill_two_months()
    return anna


def test_readings_by_telephone(oleg, anna):
    form = opened(oleg).click("Принять показания")
    answer = form.submit({f"meter-{anna.meter.id}-t1": "6440", f"meter-{anna.meter.id}-t2": "2720"})
    page = answer.follow()
    assert "Показания приняты." in page.text or "Показания приняты." in page.soup.get_text()
    assert "день 6\u202f440, ночь 2\u202f720" in page.text.replace("день\u00a0", "день ").replace("ночь\u00a0", "ночь ")
    assert Reading.get(Reading.channel == "staff").state == "accepted"
    assert deeds()[-1] == "behalf.readings"


def test_an_unusual_reading_is_asked_about(oleg, anna):
    form = opened(oleg).click("Принять показания")
    given = {f"meter-{anna.meter.id}-t1": "16440", f"meter-{anna.meter.id}-t2": "2720"}
    doubted = form.submit(given)
    assert doubted.status == 422 and "Проверьте: показание необычное" in doubted.text
    assert not Reading.select().where(Reading.channel == "staff").exists()
    answer = doubted.submit(button="Абонент уверен, принять")
    assert answer.status == 303
    assert Reading.get(Reading.channel == "staff").state == "held"
    assert "Показание на проверке" in answer.follow().text


def test_checking_stores_nothing(oleg, anna):
    form = opened(oleg).click("Принять показания")
    page = form.submit({f"meter-{anna.meter.id}-t1": "6440", f"meter-{anna.meter.id}-t2": "2720"}, button="Проверить")
    assert "Пока ничего не принято." in page.text and "Расход 180\u00a0кВт⋅ч" in page.text
    assert not Reading.select().where(Reading.channel == "staff").exists()


def test_a_reading_of_another_day(oleg, anna):
    form = opened(oleg).click("Принять показания")
    given = {f"meter-{anna.meter.id}-t1": "6440", f"meter-{anna.meter.id}-t2": "2720"}
    for taken in ("2026-11-31", "вчера", "2026-12-01"):
        wrong = form.submit({**given, "taken": taken})
        assert wrong.status == 422 and wrong.error("taken"), taken
        assert wrong.value("taken") == taken
    assert form.submit({**given, "taken": "2026-11-12"}).status == 303
    assert Reading.get(Reading.channel == "staff").taken == date(2026, 11, 12)


def test_the_bill_and_the_statement_as_papers(oleg, billed):
    page = opened(oleg)
    bill = page.submit(button="Счёт, PDF")
    assert bill.answer.mimetype == "application/pdf" and bill.answer.data.startswith(b"%PDF")
    statement = page.submit(button="Выписка за год, PDF")
    assert statement.answer.data.startswith(b"%PDF")
    assert deeds()[-2:] == ["behalf.bill_printed", "behalf.statement_printed"]
    missing = oleg.post("staff_behalf.print_bill", {"csrf_token": page.token}, number=NUMBER, period="2025-01")
    assert missing.status == 404


def test_the_contacts_of_an_account(oleg, anna):
    form = opened(oleg).click("Изменить телефон или почту")
    wrong = form.submit(phone="12", email="нет")
    assert wrong.status == 422 and wrong.value("phone") == "12"
    page = form.submit(phone="8 913 000 00 02", email="").follow()
    assert "+7 913 000-00-02" in page.text.replace("\u00a0", " ")
    assert Account.get_by_id(anna.account.id).phone == "+79130000002"


def test_unlinking_a_holder(oleg, anna):
    boris = cast.boris(anna)
    page = opened(oleg)
    form = page.client.get("staff_behalf.unlink", number=NUMBER, customer_id=boris.id)
    assert "Борис Петрович" in form.text
    assert form.submit(why="").status == 422
    page = form.submit(why="Квартира продана").follow()
    assert "Борис Петрович" not in [heading.get_text() for heading in page.soup.select("h3")]
    assert Holding.select().where(Holding.customer == boris.id, Holding.until.is_null()).count() == 1
    assert Message.select().where(Message.letter == "unlinked").count() == 1


def test_a_letter_for_a_new_password(oleg, anna, mail):
    page = opened(oleg).submit(button="Отправить письмо для нового пароля").follow()
    assert "anna@example.ru" in page.soup.get_text()
    letter = mail("anna@example.ru")
    assert letter.letter == "recover" and letter.code and letter.code not in page.markup


def test_signing_a_holder_out(oleg, home, anna):
    page = opened(oleg)
    page.submit(button="Выйти на всех устройствах").follow()
    assert not Session.live(anna.id).exists()
    assert home.get("home.show", number=NUMBER).status == 303


def test_a_deed_without_an_open_card_is_led_to_the_reason(oleg, anna, at):
    page = opened(oleg)
    at("2026-11-20T10:31")
    answer = page.submit(button="Отправить письмо для нового пароля")
    assert answer.location == f"/staff/customers/{NUMBER}"
    assert answer.follow().h1 == "Абоненты"
    assert not Message.select().where(Message.letter == "recover").exists()


def test_nobody_elses_log_in_from_a_card(oleg, anna, vera):
    page = opened(oleg)
    for endpoint in ("staff_behalf.recover", "staff_behalf.end_sessions"):
        oleg.post(endpoint, {"csrf_token": page.token}, number=NUMBER, customer_id=vera.id)
    assert oleg.get("staff_behalf.unlink", number=NUMBER, customer_id=vera.id).status == 404
    answer = oleg.post(
        "staff_behalf.unlink_now", {"csrf_token": page.token, "why": "пора"}, number=NUMBER, customer_id=vera.id
    )
    assert answer.status == 404
    assert not Message.select().where(Message.to == "vera@example.ru").exists()
    assert Holding.select().where(Holding.until.is_null(False)).count() == 0


# ---- how bills come


@pytest.mark.feature("S31")
def test_an_operator_chooses_e_mail_for_a_holder_who_learns_of_it(oleg, anna):
    form = opened(oleg).click("Изменить, как приходят счета")
    page = form.submit(way=f"email:{anna.id}", button="Сохранить").follow()
    assert "Сохранено." in page.text and "на почту, без бумаги" in page.text
    (row,) = delivery.history(account=anna.account.id)
    assert (row.way, row.customer, row.channel) == ("email", anna.id, "staff") and row.by.startswith("staff:")
    assert deeds()[-2:] == ["delivery.chosen", "behalf.delivery_chosen"]
    letter = Message.get(Message.letter == "delivery_changed")
    assert (letter.to, letter.data["who"]) == ("anna@example.ru", "сотрудник")


def test_an_operator_cannot_send_bills_to_who_does_not_hold_the_account(oleg, anna):
    vera = cast.vera()
    form = opened(oleg).click("Изменить, как приходят счета")
    for way in (f"email:{vera.id}", "email:", "email:x", "both", "pigeon:1", ""):
        page = oleg.post(
            "staff_behalf.choose_delivery", {"csrf_token": form.token, "way": way, "key": "k"}, number=NUMBER
        )
        assert page.status == 422, way
    assert delivery.history(account=anna.account.id) == []


def test_an_account_in_nobodys_cabinet_stays_on_paper(oleg, anna):
    Holding.delete().execute()
    page = opened(oleg).click("Изменить, как приходят счета")
    assert "нет ни в одном личном кабинете" in page.text
