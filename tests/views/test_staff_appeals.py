"""The inbox at the office: queues, one appeal opened, answered, asked about, handed over, merged; what two do at once."""

from __future__ import annotations

import io
from typing import Any

import pytest
from reportlab.pdfgen.canvas import Canvas

from models.audit import AuditRow
from models.contact.appeals import registering
from models.contact.appeals.rows import (
    ANSWERED,
    CLOSED,
    MERGED,
    REGISTERED,
    WAITING,
    WORK,
    Appeal,
    AppealDraft,
    AppealEntry,
)
from models.files import StoredFile
from models.office.inbox import answer_templates
from models.outbox import Message
from models.people.staff import Employee
from tests import cast
from tests.cast import Person
from tests.page import Client, Page

QUESTION = "За октябрь начислили вдвое больше обычного, а показание я передала вовремя. Прошу разобраться."
ANSWER = "Мы пересчитали октябрь по вашему показанию. Разница вернётся в следующем счёте."


@pytest.fixture
def appeal(anna: Person) -> Appeal:
    """Anna's, about her charges, that nobody has taken."""
    return written(anna)


def written(person: Person, text: str = QUESTION, topic: str = "charges", key: str = "1") -> Appeal:
    applicant = registering.of_customer(person.id, person.account.number)
    return registering.register(applicant, topic, text, key=key)


def opened(client: Client, appeal: Appeal) -> Page:
    """The appeal's page, opened by its button."""
    page = client.get("staff_appeals.show", number=appeal.number)
    return page.submit(button="Открыть\u00a0N").follow() if page.h1 == f"Обращение {appeal.number}" else page


def fresh(appeal: Appeal) -> Any:
    return Appeal.get_by_id(appeal.id)


def only(page: Page, selector: str) -> Any:
    """The first thing on the page that fits; it is there."""
    found = page.soup.select_one(selector)
    assert found is not None, selector
    return found


def who(name: str) -> Employee:
    found = Employee.by_email(f"{name}@example.ru")
    assert found is not None
    return found


def said(appeal: Appeal, kind: str) -> list[str]:
    return [one.text for one in AppealEntry.select().where(AppealEntry.appeal == appeal.id, AppealEntry.kind == kind)]


def press(page: Page, deed: str, **fields: Any) -> Page:
    """The button of that deed, with the fields of its form."""
    form = next(one for one in page.soup.select("main form") if one.select_one(f'[name=deed][value="{deed}"]'))
    data = {str(one["name"]): str(one.get("value", "")) for one in form.select("input[type=hidden]")}
    data |= {str(one["name"]): one.get_text() for one in form.select("textarea")}
    return page.client.open(str(form["action"]), method="POST", data={**data, **fields, "deed": deed})


# ---- the list


def test_new_appeal_stands_in_the_queue_of_those_that_nobody_has(oleg: Client, appeal: Appeal) -> None:
    page = oleg.get("staff_appeals.index", queue="nobody")
    assert appeal.number in page.text and "Начисления и счета" in page.text
    assert appeal.number not in oleg.get("staff_appeals.index").text


@pytest.mark.feature("S37")
def test_list_tells_the_term_in_working_days_in_words_and_colour(oleg: Client, appeal: Appeal, at: Any) -> None:
    def tag(day: str) -> tuple[str, list[str]]:
        at(f"{day}T10:00")
        enter(oleg)
        found = only(oleg.get("staff_appeals.index", queue="open"), "[data-label=Срок] .tag")
        return found.get_text().replace("\u00a0", " "), found["class"]

    assert tag("2026-11-21") == ("осталось 6 раб. дней", ["tag"])
    assert tag("2026-11-26") == ("осталось 2 раб. дня", ["tag", "wait"])
    assert tag("2026-11-30") == ("последний день", ["tag", "bad"])
    assert tag("2026-12-02") == ("просрочено на 2 раб. дня", ["tag", "bad"])


def test_filters_leave_what_fits_and_search_knows_word_forms(oleg: Client, anna: Person, appeal: Appeal) -> None:
    other = written(anna, "Не закрывается крышка щитка.", "meter", key="2")

    def numbers(**asked: str) -> set[str]:
        page = oleg.get("staff_appeals.index", **{"queue": "open", **asked})
        return {one.get_text() for one in page.soup.select("[data-step]")}

    assert numbers() == {appeal.number, other.number}
    assert numbers(topic="meter") == {other.number}
    assert numbers(q="октябре показаниями") == {appeal.number}
    assert numbers(q=other.number) == {other.number}
    assert numbers(state=WAITING) == set()
    assert numbers(owner="999999") == set()


def test_long_queue_is_read_page_by_page(oleg: Client, anna: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    from views.staff import appeals

    monkeypatch.setattr(appeals, "PAGE", 2)
    numbers = [written(anna, key=str(n)).number for n in range(5)]
    page, read = oleg.get("staff_appeals.index", queue="open"), []
    while True:
        read += [one.get_text() for one in page.soup.select("[data-step]")]
        if not page.soup.select_one("a[rel=next]"):
            break
        page = page.click("Дальше →")
    assert read == numbers


def test_row_opens_its_appeal_and_the_log_notes_who_reads_it(oleg: Client, appeal: Appeal) -> None:
    listed = oleg.get("staff_appeals.index", queue="nobody")
    shown = oleg.post(
        "staff_appeals.pick", {"csrf_token": listed.token, "open": appeal.number}, queue="nobody"
    ).follow()
    assert shown.h1 == f"{appeal.number}: {appeal.title}" and QUESTION in shown.text
    assert AuditRow.select().where(AuditRow.deed == "appeal.opened", AuditRow.subject == appeal.subject).count() == 1
    oleg.get("staff_appeals.show", number=appeal.number)
    assert AuditRow.select().where(AuditRow.deed == "appeal.opened").count() == 1


def test_page_behind_a_link_asks_to_be_opened_first(galina: Client, appeal: Appeal) -> None:
    page = galina.get("staff_appeals.show", number=appeal.number)
    assert QUESTION not in page.text and "anna@" not in page.text
    assert QUESTION in page.submit(button="Открыть\u00a0N").follow().text
    assert galina.get("staff_appeals.show", number="2611-999999").status == 404


def test_deed_on_an_appeal_that_is_not_open_leads_to_where_it_is_opened(oleg: Client, appeal: Appeal) -> None:
    token = oleg.get("staff_appeals.index").token
    sent = oleg.post("staff_appeal_work.write", {"csrf_token": token, "deed": "take"}, number=appeal.number)
    assert sent.status == 303 and sent.follow().h1 == f"Обращение {appeal.number}"
    assert fresh(appeal).owner_id is None


# ---- one appeal


def test_operator_takes_it_and_answers(oleg: Client, appeal: Appeal, anna: Person) -> None:
    page = press(opened(oleg, appeal), "take").follow()
    assert fresh(appeal).state == WORK and fresh(appeal).owner.name
    page = press(page, "answer", text=ANSWER).follow()
    assert "Ответ отправлен." in page.text and ANSWER in page.text
    assert fresh(appeal).state == ANSWERED
    assert Message.select().where(Message.letter == "appeal_news", Message.to == anna.customer.email).count() == 2


def test_double_press_answers_once(oleg: Client, appeal: Appeal) -> None:
    page = opened(oleg, appeal)
    first, second = press(page, "answer", text=ANSWER), press(page, "answer", text=ANSWER)
    assert (first.status, second.status) == (303, 303)
    assert said(appeal, "answer") == [ANSWER]


@pytest.mark.feature("S37")
def test_second_operator_sees_the_first_ones_answer_before_sending_and_loses_nothing(
    oleg: Client, irina: Client, appeal: Appeal
) -> None:
    hers, his = opened(irina, appeal), opened(oleg, appeal)
    press(his, "question", text="За какой месяц счёт?")
    back = press(hers, "answer", text=ANSWER)
    assert back.status == 422 and said(appeal, "answer") == []
    assert "За какой месяц счёт?" in back.text and "новое" in back.text
    assert only(back, "textarea[name=text]").get_text().strip() == ANSWER
    assert press(back, "answer", text=ANSWER).status == 303
    assert said(appeal, "answer") == [ANSWER]


def test_question_waits_for_the_customer_and_a_note_stays_in_the_office(oleg: Client, appeal: Appeal) -> None:
    page = press(opened(oleg, appeal), "question", text="Пришлите снимок счётчика.").follow()
    assert fresh(appeal).state == WAITING
    before = Message.select().count()
    page = press(page, "note", text="Звонила в сентябре о том же.").follow()
    note = only(page, "article.note")
    assert "Звонила в сентябре" in note.get_text() and "внутри офиса" in note.get_text()
    assert Message.select().count() == before


def test_draft_is_kept_while_typing_and_comes_back(oleg: Client, appeal: Appeal) -> None:
    page = opened(oleg, appeal)
    key = page.value("key")
    sent = oleg.post(
        "staff_appeal_work.save", {"csrf_token": page.token, "text": "Начал писать", "key": key}, number=appeal.number
    )
    assert "Черновик сохранён" in sent.text
    again = oleg.get("staff_appeals.show", number=appeal.number)
    assert only(again, "textarea[name=text]").get_text().strip() == "Начал писать"


def test_late_saving_does_not_bring_back_what_was_sent(oleg: Client, appeal: Appeal) -> None:
    page = opened(oleg, appeal)
    press(page, "answer", text=ANSWER)
    oleg.post(
        "staff_appeal_work.save",
        {"csrf_token": page.token, "text": ANSWER, "key": page.value("key")},
        number=appeal.number,
    )
    assert not AppealDraft.select().exists()


def test_others_see_who_is_writing_for_five_minutes(oleg: Client, irina: Client, appeal: Appeal, at: Any) -> None:
    page = opened(oleg, appeal)
    press(page, "keep", text="Пишу ответ")
    name = who("oleg").name
    hers = opened(irina, appeal)
    assert f"Сейчас пишет {name}" in hers.text
    assert "Сейчас пишет" not in oleg.get("staff_appeals.show", number=appeal.number).text
    at("2026-11-20T10:06")
    assert "Сейчас пишет" not in irina.get("staff_appeals.show", number=appeal.number).text


def test_part_tells_that_something_came_meanwhile(oleg: Client, irina: Client, appeal: Appeal) -> None:
    seen = opened(irina, appeal).value("seen")
    assert "появилось новое" not in irina.get("staff_appeal_work.meanwhile", number=appeal.number, seen=seen).text
    press(opened(oleg, appeal), "note", text="Заметка")
    assert "появилось новое" in irina.get("staff_appeal_work.meanwhile", number=appeal.number, seen=seen).text


def test_template_is_put_into_the_answer_with_its_fields_filled(oleg: Client, appeal: Appeal, anna: Person) -> None:
    made = answer_templates.save(
        None, "Пересчитали", "charges", "По обращению {номер}, счёт {лицевой счёт}: пересчитали.", 1
    )
    page = opened(oleg, appeal)
    page = press(page, "insert", template=str(made.id), text="Здравствуйте!").follow()
    text = only(page, "textarea[name=text]").get_text()
    assert f"По обращению {appeal.number}, счёт {anna.account.number}: пересчитали." in text and "Здравствуйте!" in text
    part = oleg.post(
        "staff_appeal_work.insert",
        {"csrf_token": page.token, "template": str(made.id), "text": "", "key": "2"},
        number=appeal.number,
    )
    assert appeal.number in only(part, "textarea").get_text()


def test_files_go_with_the_answer(oleg: Client, appeal: Appeal) -> None:
    page = opened(oleg, appeal)
    sent = press(page, "attach", text=ANSWER, files=(io.BytesIO(pdf()), "расчёт.pdf")).follow()
    assert "расчёт.pdf" in sent.text
    answered = press(sent, "answer", text=ANSWER).follow()
    entry = AppealEntry.get(AppealEntry.kind == "answer")
    stored = StoredFile.get(StoredFile.owner == entry.subject)
    got = oleg.post("staff_appeal_work.file", {"csrf_token": answered.token}, number=appeal.number, file_id=stored.id)
    assert got.status == 200 and "attachment" in got.headers["Content-Disposition"]
    assert AuditRow.select().where(AuditRow.deed == "file.taken").exists()


def test_file_of_another_appeal_is_none_of_this_one(oleg: Client, anna: Person, appeal: Appeal) -> None:
    other = written(anna, key="2")
    page = press(opened(oleg, other), "attach", text="x", files=(io.BytesIO(pdf()), "a.pdf")).follow()
    press(page, "note", text="x")
    stored = StoredFile.get()
    opened(oleg, appeal)
    got = oleg.post("staff_appeal_work.file", {"csrf_token": page.token}, number=appeal.number, file_id=stored.id)
    assert got.status == 404


def test_file_is_taken_off_the_draft_and_the_text_stays(oleg: Client, appeal: Appeal) -> None:
    page = press(opened(oleg, appeal), "attach", text="Ответ", files=(io.BytesIO(pdf()), "a.pdf")).follow()
    stored = StoredFile.get()
    data = {"csrf_token": page.token, "text": "Ответ дальше", "key": page.value("key")}
    page = oleg.post("staff_appeal_work.detach", data, number=appeal.number, file_id=stored.id).follow()
    assert "a.pdf" not in page.text and only(page, "textarea[name=text]").get_text().strip() == "Ответ дальше"


def test_term_is_extended_once_with_a_reason(oleg: Client, appeal: Appeal) -> None:
    page = opened(oleg, appeal)
    assert press(page, "extend", days="много", reason="Ждём сетевую компанию.").status == 422
    page = press(page, "extend", days="10", reason="Ждём сетевую компанию.").follow()
    assert "Срок продлён" in page.text and fresh(appeal).extended_on is not None
    assert "Продлить срок" not in page.text


def test_topic_changes_and_the_appeal_is_handed_over(oleg: Client, irina: Client, appeal: Appeal) -> None:
    page = press(opened(oleg, appeal), "topic", topic="quality").follow()
    assert fresh(appeal).topic == "quality" and "тема теперь «Качество обслуживания»" in page.text
    other = who("irina")
    press(page, "hand_over", to=str(other.id), office="-", note="Твой участок").follow()
    assert fresh(appeal).owner_id == other.id
    assert "Твой участок" in opened(irina, appeal).text
    assert press(opened(oleg, appeal), "hand_over", to="", office="-").status == 422


def test_duplicate_is_merged_into_the_other(oleg: Client, anna: Person, appeal: Appeal) -> None:
    twin = written(anna, key="2")
    page = opened(oleg, twin)
    assert appeal.number in {one["value"] for one in page.soup.select("select[name=into] option")}
    assert press(page, "merge", into="", into_number="2611-999999").status == 422
    page = press(page, "merge", into=appeal.number, into_number="").follow()
    assert fresh(twin).state == MERGED and f"Присоединено к обращению {appeal.number}" in page.text
    assert twin.number in opened(oleg, appeal).text


@pytest.mark.feature("S36")
def test_colleague_in_another_office_is_asked_and_answers(oleg: Client, pavel: Client, appeal: Appeal) -> None:
    colleague = who("pavel")
    page = press(opened(oleg, appeal), "ask", question="Видели счётчик?", colleagues=[str(colleague.id)]).follow()
    assert "ждём" in page.text
    assert Message.select().where(Message.letter == "appeal_opinion", Message.to == colleague.email).count() == 1
    assert appeal.number in pavel.get("staff_appeals.index", queue="asked").text
    his = opened(pavel, appeal)
    asked = only(his, "input[name=asked]")["value"]
    assert press(his, "give", asked=asked, opinion="").status == 422
    press(his, "give", asked=asked, opinion="Да, в сентябре, всё исправно.")
    page = opened(oleg, appeal)
    assert "всё исправно" in only(page, "article.note:last-of-type").get_text()
    assert "ответил" in page.text


def test_those_who_do_not_answer_read_and_note(galina: Client, appeal: Appeal) -> None:
    page = opened(galina, appeal)
    deeds = {one.get("value") for one in page.soup.select("[name=deed]")}
    assert deeds == {"note", "keep", "attach", "ask"}
    assert press(page, "note", text="Приходила в офис.").status == 303
    for deed in ("take", "answer", "question", "extend", "topic", "account", "hand_over", "merge", "insert"):
        data = {"csrf_token": page.token, "deed": deed, "text": "x", "key": deed, "seen": "999999"}
        assert galina.post("staff_appeal_work.write", data, number=appeal.number).status == 403, deed


def test_auditor_reads_and_writes_nothing(nina: Client, appeal: Appeal) -> None:
    page = opened(nina, appeal)
    assert QUESTION in page.text and not page.soup.select("main textarea") and not page.soup.select("[name=deed]")


def test_unknown_deed_is_no_deed(oleg: Client, appeal: Appeal) -> None:
    page = opened(oleg, appeal)
    data = {"csrf_token": page.token, "deed": "burn"}
    assert oleg.post("staff_appeal_work.write", data, number=appeal.number).status == 400


# ---- many at once, and the next


def test_ticked_appeals_are_taken_and_handed_out_together(
    oleg: Client, irina: Client, anna: Person, appeal: Appeal
) -> None:
    other = written(anna, key="2")
    irina_id = who("irina").id
    press(opened(irina, other), "take")
    token = oleg.get("staff_appeals.index", queue="open").token
    ids = [str(appeal.id), str(other.id)]
    page = oleg.post("staff_appeals.bulk", {"csrf_token": token, "deed": "take", "id": ids}, queue="open").follow()
    assert "Взять в работу: 1\u00a0обращение" in page.text.replace("1 обр", "1\u00a0обр")
    assert f"{other.number}: Обращение уже взято" in page.text
    data = {"csrf_token": token, "deed": "assign", "id": ids, "to": str(irina_id)}
    oleg.post("staff_appeals.bulk", data, queue="open")
    assert {fresh(one).owner_id for one in (appeal, other)} == {irina_id}


def test_ticked_appeals_are_closed_with_words_for_the_customers(oleg: Client, appeal: Appeal) -> None:
    token = oleg.get("staff_appeals.index", queue="open").token
    data = {"csrf_token": token, "deed": "close", "id": [str(appeal.id)], "text": ""}
    assert "почему" in oleg.post("staff_appeals.bulk", data).follow().text
    assert fresh(appeal).state == REGISTERED
    oleg.post("staff_appeals.bulk", {**data, "text": "Отключение закончилось, свет есть."})
    assert fresh(appeal).state == CLOSED


@pytest.mark.parametrize("ids", [["x"], ["0"], ["9" * 30], [], ["-1"]])
def test_ticks_that_make_no_sense_do_nothing(oleg: Client, appeal: Appeal, ids: list[str]) -> None:
    token = oleg.get("staff_appeals.index", queue="open").token
    page = oleg.post("staff_appeals.bulk", {"csrf_token": token, "deed": "take", "id": ids})
    assert page.status == 303 and fresh(appeal).owner_id is None


def test_next_one_is_that_whose_term_ends_first_and_not_the_present_one(
    oleg: Client, anna: Person, appeal: Appeal
) -> None:
    urgent = written(anna, topic="quality", key="2")
    page = oleg.get("staff_appeals.index", queue="open").submit(button="Начать с первого\u00a0N").follow()
    assert page.h1.startswith(urgent.number)
    assert page.submit(button="Следующее\u00a0N").follow().h1.startswith(appeal.number)


def test_next_of_an_empty_queue_says_so(oleg: Client, appeal: Appeal) -> None:
    page = opened(oleg, appeal)
    said_so = oleg.post("staff_appeals.begin", {"csrf_token": page.token}, queue="mine").follow()
    assert "больше ничего нет" in said_so.text


# ---- beside the appeal


def test_link_to_the_card_brings_the_reason_along(oleg: Client, appeal: Appeal, anna: Person) -> None:
    card = opened(oleg, appeal).click(anna.account.number)
    assert card.value("reason") == "appeal" and card.value("note") == f"№ {appeal.number}"
    shown = oleg.post(
        "staff_customers.open", {"csrf_token": card.token, "open": anna.account.number, "reason": "appeal", "note": "x"}
    ).follow()
    assert appeal.number in shown.text


def test_desk_counts_new_and_late_appeals(oleg: Client, appeal: Appeal, at: Any) -> None:
    def tile(title: str) -> str:
        page = oleg.get("staff_desk.show")
        return next((one.get_text(" ") for one in page.soup.select(".grid .card") if one.h2.get_text() == title), "")

    assert "1 ждёт" in " ".join(tile("Новые обращения").split()) and not tile("Обращения просрочены")
    at("2026-12-02T10:00")
    enter(oleg)
    assert "нужно решение" in tile("Обращения просрочены")


def enter(client: Client) -> None:
    """The operator signs in anew: a session does not outlive the night."""
    client.enter_office("oleg@example.ru", cast.PASSWORD)


def pdf() -> bytes:
    """The smallest paper that opens."""
    canvas_file = io.BytesIO()
    drawn = Canvas(canvas_file)
    drawn.drawString(100, 100, "1")
    drawn.save()
    return canvas_file.getvalue()
