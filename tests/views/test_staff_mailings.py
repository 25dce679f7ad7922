"""Mailings at the office: a draft that loses nothing, counted while it is written, begun by one or by two, watched and stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from models import company as companies
from models.company import Company
from models.mailings import texts
from models.mailings.mailings import DRAFT, PAUSED, RUNNING, STATES, STOPPED, Mailing
from models.office.proposals import Proposal
from models.outbox import Message, addresses
from models.people.staff import Employee
from tasks import mailings, queue
from tests import cast
from tests.page import Client, Page
from views.staff import mailing_drafts
from views.staff import mailings as room

pytestmark = pytest.mark.feature("B5")


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Bells that nobody answers: a test lets the background work when it likes."""
    heard: list[int] = []
    monkeypatch.setitem(queue._bells, "expand_mailing", heard.append)
    return heard


def two_from(company: Company, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(companies, "_current", replace(company, letters=replace(company.letters, two_from=most)))


def the_mailing() -> Mailing:
    found: Mailing = Mailing.select().order_by(Mailing.id.desc()).get()
    return found


# ---- before it begins


def test_a_draft_is_thrown_away(draft: Callable[..., Page]) -> None:
    page = draft().submit(button="Убрать").follow()
    assert "Черновик убран" in page.text and the_mailing().state == STOPPED


def test_a_trial_letter_goes_to_oneself_alone(draft: Callable[..., Page]) -> None:
    page = draft().submit(button="Пробное письмо себе").follow()
    assert "oleg@example.ru" in page.text
    assert [one.to for one in Message.select().where(Message.letter == "news")] == ["oleg@example.ru"]


# ---- begun, watched


def test_the_button_says_how_many_letters_go(draft: Callable[..., Page], readers: list[str]) -> None:
    buttons = draft().soup.main.select('button[value="start"]')
    assert [button.text for button in buttons] == ["Отправить 4\u00a0письма"]


def test_a_second_mailing_of_the_day_is_counted_with_the_first(
    oleg: Client, draft: Callable[..., Page], company: Company, monkeypatch: pytest.MonkeyPatch, readers: list[str]
) -> None:
    two_from(company, monkeypatch, 7)
    draft().submit(button="start")
    page = draft(name="Вторая")
    assert "вместе с вашими рассылками за сутки 7 или больше" in page.text and "Попросить утвердить" in page.text
    assert "второй сотрудник" in oleg.get("mailing_drafts.count", letter="news").text


def test_the_list_says_what_may_be_done_with_each(oleg: Client, nina: Client, draft: Callable[..., Page]) -> None:
    draft()
    assert "можно изменить, отправить" in oleg.get("staff_mailings.index").text
    assert "можно" not in nina.get("staff_mailings.index").text


def test_only_consents_that_can_stand_are_offered(oleg: Client) -> None:
    page = oleg.get("mailing_drafts.compose", letter="news")
    codes = [option["value"] for option in page.soup.select('select[name="agreed"] option')]
    assert "official-papers" in codes and "payment" not in codes


@pytest.mark.parametrize("period", ["\0", "2026-13", "x" * 5000])
def test_a_month_that_is_none_is_said_and_not_a_fault(oleg: Client, period: str) -> None:
    answer = oleg.get("mailing_drafts.count", letter="e_receipt", period=period)
    assert answer.status == 200 and "Выберите другой" in answer.text


def test_an_unknown_place_is_answered_with_those_there_are(oleg: Client) -> None:
    assert "Пишите так же, как в адресах" in oleg.get("mailing_drafts.count", letter="news", settlement="Марс").text


def test_a_small_one_is_begun_by_one_paused_resumed_and_ends(
    oleg: Client, draft: Callable[..., Page], rung: list[int], readers: list[str]
) -> None:
    started = draft().submit(button="start")
    assert started.status == 303 and rung == [the_mailing().id]
    mailings.work(the_mailing().id)
    assert the_mailing().state == RUNNING
    page = oleg.get("staff_mailings.show", mailing_id=the_mailing().id)
    assert "Отправлено 0 из 4\u00a0писем" in page.text
    page = page.submit(button="Приостановить").follow()
    assert the_mailing().state == PAUSED and "Приостановлены" in page.text
    page = page.submit(button="Продолжить").follow()
    assert the_mailing().state == RUNNING
    page = page.submit(button="Остановить").follow()
    assert the_mailing().state == STOPPED and {
        one.state for one in Message.select().where(Message.letter == "news")
    } == {"cancelled"}
    assert "Приостановить" not in page.text


def test_a_big_one_is_let_go_by_another_employee(
    oleg: Client, irina: Client, draft: Callable[..., Page], company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_from(company, monkeypatch, 4)
    page = draft()
    assert "start" not in [button.get("value") for button in page.soup.main.select("button")]
    assert page.submit(reason="", button="Попросить утвердить").status == 422
    proposal = page.submit(reason="Предупредить о работах", button="Попросить утвердить").follow()
    assert "Большая рассылка" in proposal.h1 and "В субботу света не будет." in proposal.text
    mailing = the_mailing()
    assert mailing.state == DRAFT
    assert "предложение №" in oleg.get("staff_mailings.show", mailing_id=mailing.id).text
    theirs = irina.get("approvals.show", proposal_id=Proposal.get().id)
    approved = theirs.submit({"note": ""}, button="Утвердить: Работы на сетях, 4\u00a0письма")
    assert approved.status == 303, approved.errors
    assert f"/staff/mailings/{mailing.id}" in {link["href"] for link in approved.follow().soup.select("main a")}
    mailings.work_all()
    assert the_mailing().state == RUNNING and Message.select().where(Message.mailing == mailing.id).count() == 4


def test_starting_a_big_one_alone_by_hand_is_refused(
    oleg: Client, draft: Callable[..., Page], company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = draft()
    two_from(company, monkeypatch, 4)
    refused = page.submit(button="start")
    assert refused.status == 422 and "второй сотрудник" in refused.text and the_mailing().state == DRAFT


def test_the_part_is_new_only_when_something_is_new_and_reloads_the_page_for_another_state(
    oleg: Client, draft: Callable[..., Page]
) -> None:
    draft().submit(button="start")
    mailing = the_mailing()
    mailings.work(mailing.id)
    page = oleg.get("staff_mailings.show", mailing_id=mailing.id)
    part = page.soup.select_one("#mailing")
    assert part["hx-trigger"] == "every 3s"
    assert oleg.get(part["hx-get"]).status == 204
    one = Message.select().where(Message.mailing == mailing.id).get()
    Message.update(state="sent").where(Message.id == one.id).execute()
    assert "Отправлено 1 из 4" in oleg.get(part["hx-get"]).text
    page.submit(button="Приостановить")
    assert oleg.get(part["hx-get"]).headers["HX-Redirect"] == f"/staff/mailings/{mailing.id}"
    assert "hx-trigger" not in oleg.get("staff_mailings.show", mailing_id=mailing.id).soup.select_one("#mailing").attrs


def test_recipients_are_listed_by_state_and_reason_with_their_addresses_veiled(
    oleg: Client, draft: Callable[..., Page], readers: list[str]
) -> None:
    addresses.suspend(readers[1], "нет такого ящика")
    cast.account(777)
    draft().submit(button="start")
    mailings.work(the_mailing().id)
    where = {"mailing_id": the_mailing().id}
    page = oleg.get("staff_mailings.recipients", **where)
    assert len(page.soup.select("tbody tr")) == 5 and not any(mail in page.text for mail in readers)
    assert "a***@example.ru" in page.text
    left_out = oleg.get("staff_mailings.recipients", **where, only="excluded")
    assert len(left_out.soup.select("tbody tr")) == 2
    assert "адрес не принимает писем" in left_out.text and "нет кабинета" in left_out.text
    nobody = oleg.get("staff_mailings.recipients", **where, only="nobody")
    assert [row.th.a.text for row in nobody.soup.select("tbody tr")] == [cast.number(777)]
    assert oleg.get("staff_mailings.recipients", **where, only="nonsense", after="x").status == 200


def test_recipients_come_page_by_page(
    oleg: Client, draft: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "ROWS", 3)
    draft().submit(button="start")
    mailings.work(the_mailing().id)
    page = oleg.get("staff_mailings.recipients", mailing_id=the_mailing().id)
    more = page.soup.select_one("a[rel=next]")["href"]
    assert len(page.soup.select("tbody tr")) == 3 and len(oleg.get(more).soup.select("tbody tr")) == 1


# ---- who may


def test_an_auditor_sees_and_does_nothing(nina: Client, draft: Callable[..., Page]) -> None:
    draft()
    page = nina.get("staff_mailings.show", mailing_id=the_mailing().id)
    assert page.status == 200 and not page.soup.main.select("form")
    assert "Новая рассылка" not in nina.get("staff_mailings.index").text
    assert nina.get("mailing_drafts.new").status == 403


def test_a_clerk_is_shown_nothing(galina: Client) -> None:
    assert galina.get("staff_mailings.index").status == 403


def test_the_list_tells_state_author_and_letters(oleg: Client, draft: Callable[..., Page]) -> None:
    draft(name="Первая")
    draft(name="Вторая").submit(button="start")
    mailings.work(the_mailing().id)
    rows = [row.get_text(" ", strip=True) for row in oleg.get("staff_mailings.index").soup.select("tbody tr")]
    assert "Вторая" in rows[0] and "идёт 0\u00a0%" in rows[0] and Employee.by_email("oleg@example.ru").name in rows[0]
    assert "Первая" in rows[1] and "черновик" in rows[1]


def test_every_state_has_its_mark() -> None:
    assert set(room.TAGS) == set(STATES) and set(mailing_drafts.WHOM) == set(texts.MAILED)


def test_no_other_letter_is_mailed(oleg: Client) -> None:
    assert oleg.get("mailing_drafts.compose", letter="recover").status == 404
    assert oleg.get("mailing_drafts.count", letter="recover").status == 404
    assert oleg.get("staff_mailings.show", mailing_id=10**10).status == 404
