"""Paying by card as people do it: to the bank's page, the code of the SMS, and back; with scripts and without."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.both import both_ways
from tests.browser.portal import Portal, served
from tests.browser.visitor import Visitor, visiting
from views.standins import cards

pytestmark = pytest.mark.browser
PAYERS = {"kaluga": ("anna@example.ru", "400100040"), "irkutsk": ("boris@example.ru", "ИНЗБ38100165")}
CONSENT = "Согласен на обработку персональных данных"


@pytest.fixture(scope="module", params=["kaluga", "irkutsk"])
def elsewhere(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with served(request.param, tmp_path_factory.mktemp(request.param)) as running:
        yield running


@pytest.fixture(params=[True, False], ids=["js", "plain"])
def visitor(request: pytest.FixtureRequest, chromium: Any, elsewhere: Portal) -> Iterator[Visitor]:
    """Anna of Kaluga, who has not passed her readings; Boris of Irkutsk, whose flat has electricity and heat."""
    login, account = PAYERS[elsewhere.company]
    with visiting(chromium, elsewhere, js=request.param) as person:
        person.sign_in(login).account = account
        yield person


def go_to_pay(person: Visitor, **sums: str) -> None:
    """The form of paying, filled in but for the press of its button."""
    person.open(f"/accounts/{person.account}/pay")
    for name, text in sums.items():
        person.page.get_by_role("textbox", name=name.replace("_", " ")).fill(text)
    person.field(CONSENT).check()


def at_the_bank(person: Visitor) -> None:
    expect(person.page.get_by_role("heading", level=1)).to_be_visible()
    person.page.wait_for_url(re.compile(r"/pay/[0-9a-f-]{36}"))


def pay_by(person: Visitor, name: str) -> None:
    """Type a test card in on the bank's page, and its code where one is asked for."""
    card = cards.BY_NAME[name]
    typed = {"number": card.number, "month": f"{card.month:02}", "year": f"{card.year % 100:02}", "cvc": card.cvc}
    for field, text in typed.items():
        person.page.locator(f"[name={field}]").fill(text)
    person.page.get_by_role("button", name=re.compile("Оплатить")).click()
    if card.asks_code:
        person.page.locator("[name=code]").fill(cards.CODE)
        person.page.get_by_role("button").first.click()


def is_paid(person: Visitor) -> None:
    expect(person.page.get_by_role("heading", level=1)).to_have_text("Оплачено", timeout=25_000)


def quiet(person: Visitor) -> list[str]:
    """What went wrong behind the scenes, but for what the bank's own pages ask for."""
    return [text for text in person.noise if not re.search(r"/pay/|favicon", text)]


@both_ways
@pytest.mark.feature("S26", "S28", "S29", "M2")
def test_card_with_a_code(newcomer: Visitor) -> None:
    go_to_pay(newcomer, Сумма="1 000,50")
    newcomer.press("Оплатить")
    at_the_bank(newcomer)
    pay_by(newcomer, "code")
    newcomer.page.wait_for_url(re.compile(r"/payments/.*back=1"))
    is_paid(newcomer)
    newcomer.sees(re.compile(r"1\s000,50"))
    newcomer.follow("История платежей")
    expect(newcomer.page.get_by_role("table")).to_contain_text("зачислен")
    assert quiet(newcomer) == []


@both_ways
@pytest.mark.feature("M13")
def test_back_from_the_bank_does_not_trap(newcomer: Visitor) -> None:
    go_to_pay(newcomer, Сумма="100")
    newcomer.press("Оплатить")
    at_the_bank(newcomer)
    newcomer.page.go_back()
    newcomer.page.wait_for_timeout(500)
    assert newcomer.page.url.startswith(newcomer.portal.url)
    newcomer.open(f"/accounts/{newcomer.account}/pay")
    newcomer.sees("По этому счёту уже идёт оплата")
    newcomer.follow("Продолжить оплату")
    newcomer.press("Отменить оплату")
    newcomer.heading("Оплата отменена")
    newcomer.follow("Попробовать ещё раз")
    newcomer.heading("Оплата")


@both_ways
@pytest.mark.feature("M13")
def test_bank_that_falls_silent_after_the_charge(newcomer: Visitor) -> None:
    """Fault 11 as people meet it: they come back by themselves, and the portal finds out."""
    go_to_pay(newcomer, Сумма="200")
    newcomer.press("Оплатить")
    at_the_bank(newcomer)
    pay_by(newcomer, "silent")
    newcomer.open(f"/accounts/{newcomer.account}/pay")
    newcomer.follow("Продолжить оплату")
    newcomer.open(f"{newcomer.page.url}?back=1")
    is_paid(newcomer)


@both_ways
def test_wrong_sum_comes_back_with_what_was_typed(newcomer: Visitor) -> None:
    go_to_pay(newcomer, Сумма="сто")
    newcomer.press("Оплатить")
    expect(newcomer.summary()).to_contain_text("Напишите сумму цифрами")
    expect(newcomer.page.get_by_role("textbox", name="Сумма")).to_have_value("сто")
    expect(newcomer.field(CONSENT)).to_be_checked()


def test_double_click_is_one_order(newcomer: Visitor) -> None:
    go_to_pay(newcomer, Сумма="300")
    newcomer.page.get_by_role("main").get_by_role("button", name="Оплатить", exact=True).dblclick(no_wait_after=True)
    at_the_bank(newcomer)
    newcomer.open(f"/accounts/{newcomer.account}/history/payments")
    expect(newcomer.page.get_by_role("row")).to_have_count(2)


@pytest.mark.feature("S22", "S29")
def test_each_company_pays_in_its_own_way(visitor: Visitor) -> None:
    if visitor.portal.company == "kaluga":
        go_to_pay(visitor, Сумма="150")
        if not all(visitor.typed()):
            visitor.type_readings(*visitor.used(90, 40))
        visitor.press("Передать показания и оплатить")
    else:
        go_to_pay(visitor, Электроэнергия="400,10", Отопление="250")
        visitor.press("Оплатить")
    at_the_bank(visitor)
    pay_by(visitor, "code")
    is_paid(visitor)
    visitor.sees(re.compile("150,00" if visitor.portal.company == "kaluga" else r"650,10"))
    assert quiet(visitor) == []
