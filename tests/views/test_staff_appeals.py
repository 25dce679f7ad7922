"""The inbox at the office: queues, filters and the search, opening one, the next one, many at once."""

from __future__ import annotations

from typing import Any

import pytest

from models.audit import AuditRow
from models.contact.appeals.rows import (
    CLOSED,
    REGISTERED,
    WAITING,
    Appeal,
)
from tests.cast import Person
from tests.office_appeals import QUESTION, enter, fresh, only, opened, press, who, written
from tests.page import Client


@pytest.fixture
def appeal(anna: Person) -> Appeal:
    """Anna's, about her charges, that nobody has taken."""
    return written(anna)


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


def test_search_by_words_is_noted_once_an_hour(
    oleg: Client, galina: Client, anna: Person, appeal: Appeal, at: Any
) -> None:
    def noted() -> list[tuple[str, Any]]:
        rows = AuditRow.select().where(AuditRow.deed == "appeals.searched").order_by(AuditRow.id)
        return [(row.who, row.detail) for row in rows]

    written(anna, "Ещё раз про октябрь.", key="2")
    for words in ("октябре", " Октябре ", "октябре"):
        oleg.get("staff_appeals.index", queue="all", q=words)
    oleg.get("staff_appeals.index", queue="all", q="октябре", after="1")
    oleg.get("staff_appeals.index", queue="all")
    galina.get("staff_appeals.index", queue="all", q="паспорт")
    assert [(by, detail["count"]) for by, detail in noted()] == [(who("oleg").subject, 2), (who("galina").subject, 0)]
    assert "октябр" not in str(noted())  # it might be a name, and nothing is wiped from the log
    at("2026-11-20T11:30")
    enter(oleg)
    oleg.get("staff_appeals.index", queue="all", q="октябре")
    assert len(noted()) == 3


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
    assert "Сначала откройте" in oleg.post("staff_appeals.bulk", {**data, "text": "Свет есть."}).follow().text
    assert fresh(appeal).state == REGISTERED
    opened(oleg, appeal)
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


# ---- on the desk


def test_desk_counts_new_and_late_appeals(oleg: Client, appeal: Appeal, at: Any) -> None:
    def tile(title: str) -> str:
        page = oleg.get("staff_desk.show")
        return next((one.get_text(" ") for one in page.soup.select(".grid .card") if one.h2.get_text() == title), "")

    assert "1 ждёт" in " ".join(tile("Новые обращения").split()) and not tile("Обращения просрочены")
    at("2026-12-02T10:00")
    enter(oleg)
    assert "нужно решение" in tile("Обращения просрочены")
