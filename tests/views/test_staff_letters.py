"""How each letter looks, with an account's real data."""

from __future__ import annotations

from typing import Any

import pytest

from models.office import cards
from models.outbox import Message, kinds
from models.people.staff import Employee
from tests.card import NUMBER, bill_two_months
from tests.page import Client, Page
from views.staff.letters import parts


@pytest.fixture
def billed(anna: Any) -> Any:
    bill_two_months()
    return anna


def preview(browser: Client, letter: str, kind: str = "email") -> Page:
    """The letter, after the card was opened with a reason asked on the page."""
    page = browser.get("staff_letters.index").submit(letter=letter, kind=kind, account="2410 1000 0054")
    return page.submit(reason="call", button="Открыть").follow()


def test_a_letter_is_chosen_from_all_there_are(oleg: Client) -> None:
    page = oleg.get("staff_letters.index")
    assert [str(one["value"]) for one in page.field("letter").find_all("option")] == list(kinds.KINDS)


@pytest.mark.feature("B5")
def test_a_letter_is_shown_with_real_data_as_it_would_go_out(oleg: Client, billed: Any) -> None:
    before = Message.select().count()
    page = preview(oleg, "e_receipt")
    assert "Счёт за октябрь\u00a02026" in page.text and NUMBER in page.text and "\u00a0КБ без вложений" in page.text
    assert "/r/…" in page.text and f"/r/{billed.account.id:x}-" not in page.markup
    html = page.click("Как это видит получатель")
    assert html.h1 == "Счёт за октябрь\u00a02026"
    assert Message.select().count() == before


def test_personal_data_take_a_reason(oleg: Client, billed: Any) -> None:
    page = oleg.get("staff_letters.index", letter="e_receipt", kind="email", account=NUMBER)
    assert "К оплате" not in page.text
    page = page.submit(reason="", button="Открыть")
    assert page.status == 422 and page.errors and "К оплате" not in page.text
    assert oleg.get("staff_letters.html", letter="e_receipt", number=NUMBER).status == 404
    assert cards.present(Employee.by_email("oleg@example.ru").id, NUMBER) is None


@pytest.mark.parametrize("account", ["1", "999999999999", "<b>"])
def test_no_such_account(oleg: Client, account: str) -> None:
    page = oleg.get("staff_letters.index", letter="known", kind="email", account=account)
    assert page.error("account") and page.value("account") == account


def test_an_account_with_nothing_to_tell_says_so(oleg: Client, billed: Any) -> None:
    page = preview(oleg, "cheque")
    assert page.errors == ["По этому лицевому счёту ещё нет оплаты картой с чеком."]


def test_an_sms_has_its_length_in_parts(oleg: Client, billed: Any) -> None:
    page = preview(oleg, "window_closing", "sms")
    assert "знак" in page.text and "част" in page.text
    assert preview_again(oleg, "known").errors == ["Такого письма по СМС нет, только по почте."]


def preview_again(browser: Client, letter: str) -> Page:
    return browser.get("staff_letters.index", letter=letter, kind="sms", account=NUMBER)


@pytest.mark.parametrize(("length", "count"), [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3)])
def test_parts_of_an_sms(length: int, count: int) -> None:
    assert parts("я" * length) == count
