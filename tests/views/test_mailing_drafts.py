"""Drafts of mailings: whom they are for, counted while it is written; nothing typed is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from models.billing.bills import Bill
from models.mailings import texts
from models.mailings.mailings import DRAFT, Mailing
from models.metering.accounts import Account
from models.outbox import Message
from models.people import staff_sessions
from models.people.staff import Employee
from tasks import letters
from tests import cast
from tests.cast import Person
from tests.mailing import NEWS as WORDS
from tests.page import Client, Page

pytestmark = pytest.mark.feature("B5")


def test_a_draft_tells_whom_and_how_many_and_shows_the_letter(draft: Callable[..., Page]) -> None:
    page = draft()
    assert page.h1 == "Работы на сетях"
    assert "Сейчас 4\u00a0письма" in page.text and "все лицевые счета" in page.text
    assert "Плановые работы" in page.text and "В субботу света не будет." in page.text
    assert Mailing.get().state == DRAFT and not Message.select().where(Message.letter == "news").exists()


def test_the_live_count_follows_the_filters(oleg: Client, readers: list[str]) -> None:
    settlement = Account.get().settlement
    assert "4\u00a0письма" in oleg.get("mailing_drafts.count", letter="news").text
    assert "4\u00a0письма" in oleg.get("mailing_drafts.count", letter="news", settlement=settlement).text
    assert "0\u00a0писем" in oleg.get("mailing_drafts.count", letter="news", debt_from="1 000 000,50").text
    assert "Такого населённого пункта нет" in oleg.get("mailing_drafts.count", letter="news", settlement="Нигде").text


def test_without_scripts_a_button_counts_and_keeps_what_was_typed(oleg: Client, readers: list[str]) -> None:
    page = oleg.get("mailing_drafts.compose", letter="news")
    counted = page.submit({**WORDS, "debt_from": "5000"}, button="Посчитать")
    assert counted.status == 200 and "0\u00a0писем" in counted.text
    assert counted.field("title")["value"] == WORDS["title"]
    assert not Mailing.select().exists()


def test_the_letter_is_looked_at_before_anything_is_stored(oleg: Client, readers: list[str]) -> None:
    looked = oleg.get("mailing_drafts.compose", letter="news").submit(WORDS, button="Посмотреть письмо")
    assert looked.status == 200 and "Плановые работы" in looked.soup.article.h2.text
    assert not Mailing.select().exists()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": ""}, "title"),
        ({"text": "<b>жирно</b>"}, "text"),
        ({"name": " "}, "name"),
        ({"settlement": "Нигде"}, "settlement"),
        ({"debt_from": "много"}, "debt_from"),
        ({"verification_months": "0"}, "verification_months"),
        ({"planned_at": "31.02.2027", "planned_time": "10:00"}, "planned_at"),
        ({"planned_at": "2026-11-24"}, "planned_time"),
        ({"planned_at": "2026-11-19", "planned_time": "10:00"}, "planned_at"),
        ({"per_minute": "очень"}, "per_minute"),
        ({"per_minute": "999999"}, "per_minute"),
    ],
)
def test_what_is_wrong_is_said_by_its_field_and_nothing_is_lost(
    oleg: Client, readers: list[str], fields: dict[str, str], field: str
) -> None:
    given = {"name": "Работы", **WORDS, **fields}
    page = oleg.get("mailing_drafts.compose", letter="news").submit(given, button="Сохранить черновик")
    assert page.status == 422
    assert page.field(field).get("aria-invalid") == "true"
    assert page.field("text").text.strip() == given["text"]
    assert not Mailing.select().exists()


def test_a_draft_survives_a_session_that_has_ended(oleg: Client, readers: list[str]) -> None:
    page = oleg.get("mailing_drafts.compose", letter="news")
    staff_sessions.end_all(Employee.by_email("oleg@example.ru").id)
    answer = page.submit(
        {"name": "Раз", "agreed": "official-papers", "debt_from": "7", **WORDS}, button="Сохранить черновик"
    )
    page = answer.follow().submit(login="oleg@example.ru", password=cast.PASSWORD).follow()
    page = page.submit(code=page.soup.select_one(".note b").get_text()).follow()
    assert page.value("name") == "Раз" and page.value("debt_from") == "7"
    assert page.field("agreed").select_one("[selected]")["value"] == "official-papers"
    assert page.field("text").text.strip() == WORDS["text"]


def test_the_same_form_twice_is_one_draft(oleg: Client, readers: list[str]) -> None:
    page = oleg.get("mailing_drafts.compose", letter="news")
    first, second = (page.submit({"name": "Раз", **WORDS}, button="Сохранить черновик") for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"] and Mailing.select().count() == 1


def test_a_draft_is_changed_with_its_values_in_the_form(oleg: Client, draft: Callable[..., Page]) -> None:
    draft(planned_at="2026-11-24", planned_time="09:30", debt_from="1500,50", per_minute="30")
    form = oleg.get("mailing_drafts.edit", mailing_id=Mailing.get().id)
    assert form.status == 200
    assert form.field("planned_at")["value"] == "2026-11-24" and form.field("planned_time")["value"] == "09:30"
    assert form.field("debt_from")["value"] == "1500,5" and form.field("per_minute")["value"] == "30"
    page = form.submit(name="Иначе", debt_from="", button="Сохранить черновик").follow()
    assert page.h1 == "Иначе" and Mailing.get().filters == {}


@pytest.mark.parametrize("letter", texts.MAILED)
def test_each_letter_is_drafted_shown_and_tried(oleg: Client, anna: Person, letter: str) -> None:
    Bill.create(
        account=anna.account.id,
        period="2026-10",
        number="2610-1",
        state="issued",
        total=100,
        charged=100,
        due_on=date(2026, 11, 15),
    )
    form = oleg.get("mailing_drafts.compose", letter=letter)
    assert "Сейчас" in oleg.get("mailing_drafts.count", letter=letter, period="2026-10").text
    given = WORDS if letter == "news" else {}
    page = form.submit({"name": "Проба", **given}, button="Сохранить черновик").follow()
    assert page.h1 == "Проба" and page.soup.article is not None
    assert page.submit(button="Пробное письмо себе").status == 303
    letters.put_together(Message.get(Message.letter == letter), "https://lk.example.ru")
