"""The queue of held readings and the page of one: opened on purpose, decided once, the next one at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from models.audit import AuditRow
from models.metering import closings, decisions, held, intake, receipts
from models.metering.accounts import Account, unlink
from models.metering.decisions import Decision
from models.metering.held import Claim
from models.metering.readings import Reading
from models.people.staff import Employee
from tests import cast
from tests.cast import Person
from tests.page import Client, Page

FAR = (64400, 2720)  # a digit too many by day
WHY = "Была введена лишняя цифра."


def hold(who: Person, *values: int, key: str = "k") -> Reading:
    texts = {who.meter.id: tuple(map(str, values))}
    received = intake.receive(who.account, texts, channel="web", key=key, customer_id=who.id, confirmed=True)
    return Reading.get(Reading.receipt == received.receipt_id)


@pytest.fixture
def reading(anna: Person) -> Reading:
    return hold(anna, *FAR)


@pytest.fixture
def two(reading: Reading, vera: Person, at: Callable[[str], Any]) -> list[Reading]:
    at("2026-11-20T10:30")
    return [reading, hold(vera, 99000)]


def state(reading: Reading) -> str:
    return str(Reading.get_by_id(reading.id).state)


def opened(client: Client, reading: Reading) -> Page:
    """The reading's page, opened as from the queue."""
    page = client.post(
        "staff_readings.open", {"csrf_token": client.get("staff_readings.index").token}, reading_id=reading.id
    )
    return page.follow()


def begun(client: Client) -> Page:
    return client.get("staff_readings.index").submit(button="Начать разбор\u00a0N").follow()


def employee(name: str) -> int:
    return int(Employee.get(Employee.email == f"{name}@example.ru").id)


# ---- the queue


def test_queue_shows_why_each_is_held(oleg: Client, two: list[Reading]) -> None:
    page = oleg.get("staff_readings.index")
    assert page.h1 == "Показания на проверке: 2"
    first, second = page.soup.select("tbody tr")
    assert "больше, чем можно израсходовать" in first.get_text() and "И*** Анна Сергеевна" in first.get_text()
    assert "Седых" not in second.get_text()
    assert AuditRow.select().where(AuditRow.deed == "reading.opened").count() == 0


def test_queue_is_filtered_by_the_address(oleg: Client, two: list[Reading]) -> None:
    page = oleg.get("staff_readings.index").submit(rule="usage.above_power")
    assert len(page.soup.select("tbody tr")) == 2
    assert "rule=usage.above_power" in page.soup.select_one("main form[method=post]")["action"]
    assert "Таких показаний нет." in oleg.open("/staff/readings?channel=sms").text


@pytest.mark.both
def test_nonsense_in_the_address_chooses_nothing(oleg: Client, reading: Reading) -> None:
    for query in ("rule=%00", "office=" + "9" * 500, "page=-1", "page=x", "waits=x&page=" + "9" * 30):
        assert oleg.open(f"/staff/readings?{query}").status == 200, query


def test_page_takes_no_more_queries_than_it_needs(oleg: Client, reading: Reading, db: Any) -> None:
    path = opened(oleg, reading).path
    asked: list[Any] = []
    db.query_hooks.append(asked.append)
    try:
        oleg.open(path)
    finally:
        db.query_hooks.remove(asked.append)
    assert len(asked) <= 20, "\n".join(str(one) for one in asked)


def test_empty_queue(oleg: Client, anna: Person) -> None:
    page = oleg.get("staff_readings.index")
    assert "Все показания разобраны." in page.text
    assert not page.soup.select("main form[method=post]")


# ---- opening one


def test_page_opens_by_a_deed_that_is_audited(oleg: Client, reading: Reading, anna: Person) -> None:
    page = oleg.get("staff_readings.show", reading_id=reading.id)
    assert "Иванова" not in page.text and "64" not in page.h1
    page = page.submit(button="Открыть").follow()
    assert "Иванова Анна Сергеевна" in page.text
    row = AuditRow.get(AuditRow.deed == "reading.opened")
    assert (row.who, row.subject) == (f"staff:{employee('oleg')}", f"account:{anna.account.number}")


def test_page_closes_by_itself(oleg: Client, reading: Reading, at: Callable[[str], Any]) -> None:
    opened(oleg, reading)
    at("2026-11-20T10:11")
    assert "Иванова" not in oleg.get("staff_readings.show", reading_id=reading.id).text


def test_page_tells_what_decides(oleg: Client, reading: Reading) -> None:
    text = opened(oleg, reading).text
    told = (
        "58\u202f080\u00a0кВт⋅ч",
        "6\u202f320",
        "личный кабинет, Анна Сергеевна",
        "Похоже, введена лишняя цифра",
        "87749621",
    )
    for words in (*told, "письмо получат: anna@example.ru"):
        assert words in text, words
    assert "Расход: электроэнергия" in text


def test_reading_that_was_never_held_is_not_there(oleg: Client, anna: Person) -> None:
    usual = cast.read(anna.meter, "2026-11-20", *cast.USUAL)
    assert oleg.get("staff_readings.show", reading_id=usual.id).status == 404
    assert oleg.get("staff_readings.show", reading_id=10**6).status == 404


def test_another_employee_takes_the_next_one(oleg: Client, irina: Client, two: list[Reading]) -> None:
    assert begun(oleg).path.endswith(f"/{two[0].id}")
    assert begun(irina).path.endswith(f"/{two[1].id}")
    page = opened(irina, two[0])
    assert "разбирает Oleg" in page.text and page.h1 == "Показания на проверке: 2"


def test_clerk_and_auditor_look_and_do_not_decide(galina: Client, nina: Client, oleg: Client, reading: Reading) -> None:
    for client in (galina, nina):
        page = opened(client, reading)
        assert "Решают оператор, контролёр или администратор." in page.text
        assert not page.soup.select("[value=accepted]")
        token = page.token
        for verb in ("decide", "aside"):
            given = {"csrf_token": token, "verdict": "accepted"}
            assert client.post(f"staff_readings.{verb}", given, reading_id=reading.id).status == 403
    assert "Принять" in opened(oleg, reading).text


# ---- deciding


def test_next_one_opens_after_a_decision(oleg: Client, two: list[Reading]) -> None:
    page = _accept(begun(oleg))
    assert page.path.endswith(f"/{two[1].id}")
    assert "Принято: лицевой счёт 241010000054." in page.text
    page = _accept(page)
    assert page.h1 == "Показания на проверке: 0"
    assert [state(one) for one in two] == ["accepted", "accepted"]


def _accept(page: Page) -> Page:
    button = page.soup.select_one("[data-key=a]")
    return page.submit(button=button.get_text()).follow()


def test_filter_goes_along(oleg: Client, two: list[Reading]) -> None:
    page = (
        oleg.open("/staff/readings?rule=usage.above_power&channel=web").submit(button="Начать разбор\u00a0N").follow()
    )
    assert _accept(page).path.endswith(f"/{two[1].id}?rule=usage.above_power&channel=web")


def test_guess_is_taken_with_one_press(oleg: Client, reading: Reading, mail: Callable[[str], Any]) -> None:
    page = opened(oleg, reading)
    button = page.soup.select_one("[data-key='1']")
    assert "6\u202f440" in button.get_text()
    page.submit(button=button.get_text())
    right = Reading.get(Reading.channel == "staff")
    assert (right.t1, right.t2, right.state, state(reading)) == (6440, 2720, "accepted", "replaced")
    letter = mail("anna@example.ru")
    assert letter.letter == "reading_corrected"
    assert WHY in letter.text and "Было передано: день\u00a064\u202f400" in letter.text
    assert "Принято к расчёту: день\u00a06\u202f440, ночь\u00a02\u202f720" in letter.text


def test_values_are_corrected_by_hand(oleg: Client, reading: Reading, anna: Person) -> None:
    page = opened(oleg, reading)
    name = f"meter-{anna.meter.id}-t1"
    assert page.field(name)["value"] == "64400"
    page.submit({name: "6450", "correction": "Созвонились с вами."}, button="Исправить")
    assert Reading.get(Reading.channel == "staff").t1 == 6450
    assert Decision.get().text == f"{WHY} Созвонились с вами."


def test_unusual_correction_is_asked_about_once(oleg: Client, reading: Reading, anna: Person) -> None:
    page = opened(oleg, reading).submit({f"meter-{anna.meter.id}-t1": "64500"}, button="Исправить")
    assert page.status == 422
    assert "Исправленное показание тоже необычное" in page.text
    assert (state(reading), page.field(f"meter-{anna.meter.id}-t1")["value"]) == ("held", "64500")
    assert page.submit(button="Всё верно, исправить").status == 303
    assert Reading.get(Reading.channel == "staff").t1 == 64500


def test_confirmation_holds_for_what_was_shown_alone(oleg: Client, reading: Reading, anna: Person) -> None:
    page = opened(oleg, reading).submit({f"meter-{anna.meter.id}-t1": "64500"}, button="Исправить")
    page = page.submit({f"meter-{anna.meter.id}-t1": "64600"}, button="Всё верно, исправить")
    assert (page.status, state(reading)) == (422, "held")


def test_wrong_digits_stay_beside_their_field(oleg: Client, reading: Reading, anna: Person) -> None:
    name = f"meter-{anna.meter.id}-t1"
    page = opened(oleg, reading).submit({name: "64x", "correction": "Что-то своё."}, button="Исправить")
    assert page.status == 422
    assert "только цифры" in page.error(name)
    assert page.field("correction")["value"] == "Что-то своё."
    assert page.soup.select_one("details[open] [data-key=e]")


def test_rejection_tells_the_customer_and_needs_a_reason(
    oleg: Client, reading: Reading, mail: Callable[[str], Any]
) -> None:
    page = opened(oleg, reading).submit(rejection_usual="", rejection="нет", button="Отклонить")
    assert (page.status, page.error("rejection"), state(reading)) == (
        422, "Объясните клиенту, почему показание не принято: хотя бы тремя словами.", "held",
    )  # fmt: skip
    page.submit(rejection_usual="mistake.other_meter", rejection="", button="Отклонить")
    assert state(reading) == "rejected"
    letter = mail("anna@example.ru")
    assert "не принято. Похоже, это показание другого счётчика." in letter.text
    assert letter.link == "/accounts/241010000054/readings"


def test_question_waits_for_the_customer(oleg: Client, reading: Reading, mail: Callable[[str], Any]) -> None:
    page = opened(oleg, reading).submit(question="Какие цифры до запятой?", button="Отправить вопрос").follow()
    assert "ждём клиента" in page.soup.select_one("tbody").get_text()
    assert "Какие цифры до запятой?" in mail("anna@example.ru").text
    assert "Какие цифры до запятой?" in opened(oleg, reading).text


def test_where_nobody_has_an_address_no_letter_is_promised(oleg: Client, vera: Person) -> None:
    account = vera.account
    unlink(vera.id, account)
    Account.update(email="", phone="+79135550123").where(Account.id == account.id).execute()
    page = opened(oleg, hold(vera, 99000))
    assert "Писать некуда: почты у этого счёта нет. Позвоните: +7" in page.text
    assert "Отправить вопрос" not in page.text
    page = page.submit(rejection_usual="mistake.other_meter", rejection="", button="Отклонить").follow()
    assert "Отклонено, без письма (почты нет): лицевой счёт" in page.text


def test_put_aside_comes_again_at_the_next_beginning(oleg: Client, two: list[Reading]) -> None:
    page = begun(oleg).submit(button="Отложить\u00a0S").follow()
    assert page.path.endswith(f"/{two[1].id}")
    page = page.submit(button="Отложить\u00a0S").follow()
    assert page.h1 == "Показания на проверке: 2"
    assert begun(oleg).path.endswith(f"/{two[0].id}")


def test_second_decision_is_told_the_first(oleg: Client, irina: Client, reading: Reading, at: Any) -> None:
    page = opened(oleg, reading)
    at("2026-11-20T10:20")
    other = opened(irina, reading)
    _accept(other)
    page = page.submit(rejection="Так больше не бывает.", button="Отклонить")
    assert page.status == 422
    assert "Это показание уже разобрано: принято, Irina, 20\u00a0ноября\u00a02026, 10:20." in page.text
    assert not page.soup.select("[value=accepted]")
    assert state(reading) == "accepted"


def test_nobody_decides_about_what_they_have_not_opened(oleg: Client, irina: Client, reading: Reading) -> None:
    answer = {"csrf_token": oleg.get("staff_readings.index").token, "verdict": "accepted"}
    opened(irina, reading)
    page = oleg.post("staff_readings.decide", answer, reading_id=reading.id).follow()
    assert "сейчас разбирает Irina" in page.text and state(reading) == "held"
    Claim.delete().execute()
    oleg.post("staff_readings.decide", answer, reading_id=reading.id)
    assert state(reading) == "accepted"
    opener = AuditRow.select().where(AuditRow.deed == "reading.opened").order_by(AuditRow.id.desc()).get()
    assert opener.who == f"staff:{employee('oleg')}"


def test_double_press_is_one_decision(oleg: Client, two: list[Reading]) -> None:
    page = begun(oleg)
    _accept(page)
    assert _accept(page).path.endswith(f"/{two[1].id}")
    assert Decision.select().count() == 1


def test_what_cannot_be_accepted_says_why(oleg: Client, anna: Person) -> None:
    reading = hold(anna, 5300, 2720)
    page = opened(oleg, reading)
    assert "Принять нельзя. Прошлое показание больше: день\u00a06\u202f320" in page.text
    assert not page.soup.select("[value=accepted]")
    answer = oleg.post(
        "staff_readings.decide", {"csrf_token": page.token, "verdict": "accepted"}, reading_id=reading.id
    )
    assert (answer.status, state(reading)) == (422, "held")


def test_month_already_billed_is_told(oleg: Client, reading: Reading, at: Callable[[str], Any], client: Client) -> None:
    closings.close("2026-11")
    at("2026-12-07T10:00")
    page = client.another()
    assert page.enter_office("oleg@example.ru", cast.PASSWORD).status == 303
    shown = opened(page, reading)
    assert "Ноябрь\u00a02026 уже в счёте, показание учтётся в декабре\u00a02026" in shown.text
    _accept(shown)
    assert Reading.get_by_id(reading.id).period == "2026-12"


def test_reading_of_an_import_is_shown_too(oleg: Client, anna: Person) -> None:
    reading = cast.read(anna.meter, "2026-11-20", 9000, 2720, state="held", channel="citypay", reason="Много.")
    text = opened(oleg, reading).text
    assert "терминал CityPay" in text and "2\u202f740\u00a0кВт⋅ч" in text


def test_what_no_form_says_is_refused(oleg: Client, reading: Reading) -> None:
    page = opened(oleg, reading)
    for verdict in ("", "billed", "held"):
        given = {"csrf_token": page.token, "verdict": verdict}
        assert oleg.post("staff_readings.decide", given, reading_id=reading.id).status == 400
    assert state(reading) == "held"


def test_typed_reason_outlives_the_session(oleg: Client, reading: Reading, at: Callable[[str], Any]) -> None:
    page = opened(oleg, reading)
    at("2026-11-20T23:30")
    page = page.submit(rejection="Счётчик показывает другое.", button="Отклонить").follow()
    assert page.h1 == "Вход сотрудника"
    page = page.submit(login="oleg@example.ru", password=cast.PASSWORD).follow()
    page = page.submit(code=page.soup.select_one(".note b").get_text()).follow()
    page = page.submit(button="Открыть").follow()
    assert page.field("rejection")["value"] == "Счётчик показывает другое."
    assert page.soup.select_one("details[open] [data-key=r]")


def test_texts_of_strangers_are_only_texts(oleg: Client, reading: Reading) -> None:
    page = opened(oleg, reading).submit(rejection="<script>alert(1)</script> два три", button="Отклонить")
    assert page.status == 303
    assert "<script>alert" not in opened(oleg, reading).markup


# ---- what the customer sees


def test_customer_sees_the_question_beside_the_value(home: Client, reading: Reading) -> None:
    decisions.ask(reading.id, cast.employee("operator").id, "Какие цифры до запятой?")
    page = home.get("readings.form", number="241010000054")
    assert "Какие цифры до запятой?" in page.soup.select_one("#reading-form .note").get_text()


def test_customer_sees_why_it_was_rejected(home: Client, reading: Reading) -> None:
    decisions.reject(reading.id, cast.employee("operator").id, WHY)
    page = home.get("readings.form", number="241010000054")
    assert "не принято" in page.text and WHY in page.text


def test_receipt_tells_what_became_of_the_reading(home: Client, reading: Reading) -> None:
    where = {"number": "241010000054", "receipt": receipts.number_of(reading.receipt_id)}
    assert "Показания на проверке" in home.get("readings.receipt", **where).h1
    decisions.accept(reading.id, cast.employee("operator").id)
    page = home.get("readings.receipt", **where)
    assert page.h1 == "Показания переданы"
    assert "проверено" in page.text
    assert held.count() == 0
