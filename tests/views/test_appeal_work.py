"""One appeal at the office: taken, answered, asked about, handed over, merged; drafts and files; what two do at once."""

from __future__ import annotations

import io
from typing import Any

import pytest

from models.audit import AuditRow
from models.contact.appeals import links, talking
from models.contact.appeals.rows import (
    ANSWERED,
    MERGED,
    REOPENED,
    WAITING,
    WORK,
    Appeal,
    AppealDraft,
    AppealEntry,
)
from models.files import StoredFile
from models.office.inbox import answer_templates
from models.outbox import Message
from tests.cast import Person
from tests.office_appeals import ANSWER, QUESTION, fresh, only, opened, pdf, press, said, who, written
from tests.page import Client


@pytest.fixture
def appeal(anna: Person) -> Appeal:
    """Anna's, about her charges, that nobody has taken."""
    return written(anna)


# ---- one appeal


def test_operator_takes_it_and_answers(oleg: Client, appeal: Appeal, anna: Person) -> None:
    page = press(opened(oleg, appeal), "take").follow()
    assert fresh(appeal).state == WORK and fresh(appeal).owner.name
    page = press(page, "answer", text=ANSWER).follow()
    assert "Ответ отправлен." in page.text and ANSWER in page.text
    assert fresh(appeal).state == ANSWERED
    assert Message.select().where(Message.letter == "appeal_news", Message.to == anna.customer.email).count() == 2


def test_controller_hands_over_what_is_theirs_alone(pavel: Client, oleg: Client, appeal: Appeal) -> None:
    page, colleague = opened(pavel, appeal), who("oleg")
    forged = {
        "deed": "hand_over",
        "to": str(colleague.id),
        "csrf_token": page.soup.select_one("[name=csrf_token]")["value"],
    }
    where = str(page.soup.select_one("main form:has([name=deed][value=take])")["action"])
    assert pavel.open(where, method="POST", data=forged).status == 403
    page = press(page, "take").follow()
    assert press(page, "hand_over", to=str(colleague.id), office="-", note="Это о договоре").status == 303
    assert fresh(appeal).owner_id == colleague.id


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


# ---- what is typed stays


def test_refused_small_form_leaves_the_typed_answer(oleg: Client, appeal: Appeal) -> None:
    page = opened(oleg, appeal)
    press(page, "keep", text="Длинный ответ")
    page = press(oleg.get("staff_appeals.show", number=appeal.number), "extend", days="900", reason="")
    assert page.status == 422 and only(page, "textarea[name=text]").get_text().strip() == "Длинный ответ"
    assert page.text.count("Продлить можно на срок") and "почему нужен ещё срок" in page.text


def test_put_in_template_leaves_the_list_ready_and_the_text_in_focus(oleg: Client, appeal: Appeal) -> None:
    made = answer_templates.save(None, "Пересчитали", "", "Пересчитали.", 1)
    page = opened(oleg, appeal)
    data = {"csrf_token": page.token, "template": str(made.id), "text": "Добрый день!"}
    part = oleg.post("staff_appeal_work.insert", data, number=appeal.number)
    assert only(part, "select[name=template] option[selected]").get_text() == "без заготовки"
    assert only(part, "textarea[autofocus]").get_text().strip() == "Добрый день!\n\nПересчитали."
    assert page.soup.select_one("textarea[autofocus]") is None


# ---- owners, and words after the answer


def test_colleagues_appeal_is_taken_over_by_its_button(oleg: Client, irina: Client, appeal: Appeal) -> None:
    press(opened(oleg, appeal), "take")
    shown = opened(irina, appeal)
    press(shown, "take").follow()
    assert fresh(appeal).owner == who("irina")
    assert "передано" in oleg.get("staff_appeals.show", number=appeal.number).text


def test_question_after_the_answer_is_answered_or_passed_over(oleg: Client, anna: Person, appeal: Appeal) -> None:
    press(opened(oleg, appeal), "answer", text=ANSWER)
    for deed, fields in (("answer", {"text": "И за сентябрь."}), ("pass_over", {}), ("reopen", {})):
        talking.say(appeal.id, f"А ещё? {deed}", author=anna.customer.subject, key=deed)
        assert appeal.number in oleg.get("staff_appeals.index", queue="written").text
        press(opened(oleg, appeal), deed, **fields)
        assert appeal.number not in oleg.get("staff_appeals.index", queue="written").text
    assert (said(appeal, "answer"), fresh(appeal).state) == ([ANSWER, "И за сентябрь."], REOPENED)


def test_three_presses_lead_through_three_appeals(oleg: Client, anna: Person, appeal: Appeal) -> None:
    others = [written(anna, f"Вопрос {n}", key=str(n)) for n in (2, 3)]
    page, seen = oleg.get("staff_appeals.index", queue="open").submit(button="Начать с первого\u00a0N").follow(), []
    for _ in range(4):
        seen.append(page.h1.partition(":")[0])
        page = page.submit(button="Следующее\u00a0N").follow()
    assert seen == [appeal.number, others[0].number, others[1].number, appeal.number]


# ---- links of letters


def test_links_of_letters_are_closed_and_a_new_one_goes_out(oleg: Client, client: Client, appeal: Appeal) -> None:
    def letters() -> list[Message]:
        return list(Message.select().where(Message.letter == "appeal_news").order_by(Message.id))

    old = links.token(appeal)
    page = opened(oleg, appeal)
    form = {"csrf_token": page.token, "key": only(page, "main [name=key]")["value"], "deed": "links"}
    for _ in range(2):  # a double click
        oleg.post("staff_appeal_work.write", form, number=appeal.number)
    assert links.opened(old) is None and links.opened(links.token(fresh(appeal))) == appeal
    assert [one.data["text"][:6] for one in letters()] == ["Ссылки"]
    assert letters()[0].secrets["link"] == links.token(fresh(appeal))
    assert "закрыты ссылки из прежних писем" in oleg.get("staff_appeals.show", number=appeal.number).text
    assert AuditRow.select().where(AuditRow.deed == "appeal.links_voided").count() == 1
    assert client.get("guest_appeals.link", token=old).status == client.get("guest_appeals.link", token="5.bad").status


def test_links_are_closed_by_whoever_answers_alone(galina: Client, appeal: Appeal) -> None:
    page = opened(galina, appeal)
    assert "Закрыть ссылки" not in page.text
    data = {"csrf_token": page.token, "deed": "links"}
    assert galina.post("staff_appeal_work.write", data, number=appeal.number).status == 403


# ---- beside the appeal


def test_link_to_the_card_brings_the_reason_along(oleg: Client, appeal: Appeal, anna: Person) -> None:
    card = opened(oleg, appeal).click(anna.account.number)
    assert card.value("reason") == "appeal" and card.value("note") == f"№ {appeal.number}"
    shown = oleg.post(
        "staff_customers.open", {"csrf_token": card.token, "open": anna.account.number, "reason": "appeal", "note": "x"}
    ).follow()
    assert appeal.number in shown.text
