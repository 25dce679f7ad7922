"""Money goes back through two people: one proposes, the other approves, the bank gives back, the customer sees it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.both import both_ways
from tests.browser.test_looks import faults
from tests.browser.test_payments import CONSENT, at_the_bank, is_paid, pay_by
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser


def paid(person: Visitor) -> str:
    """The number of a payment of 300 rubles that the bank has taken."""
    person.open(f"/accounts/{person.account}/pay")
    person.page.get_by_role("textbox", name="Сумма").fill("300")
    person.field(CONSENT).check()
    person.press("Оплатить")
    at_the_bank(person)
    pay_by(person, "approve")
    person.page.wait_for_url(re.compile(r"/payments/.*back=1"))
    is_paid(person)
    return re.search(r"/payments/([0-9A-Z-]+)", person.page.url)[1]


@both_ways
def test_a_part_of_a_payment_goes_back(newcomer: Visitor, oleg: Visitor, marta: Visitor) -> None:
    number = paid(newcomer)
    oleg.open("/staff/approvals")
    oleg.fill(Номер_оплаты=number)
    oleg.press("Открыть оплату")
    oleg.heading(f"Оплата {number}")
    oleg.fill(Почему="Заплатил лишнее, просит вернуть")
    oleg.field("Сколько вернуть, ₽").fill("120,50")
    oleg.press("Предложить возврат")
    oleg.sees("Утвердить или отклонить это должен другой сотрудник")
    address = oleg.page.url
    assert oleg.page.get_by_role("button", name=re.compile("^Утвердить")).count() == 0
    marta.open(address)
    marta.sees(re.compile("Банк вернёт 120,50"))
    marta.page.get_by_role("button", name=re.compile("^Утвердить: 120,50")).click()
    marta.sees("Утверждено")
    for _ in range(30):  # the background has been rung for; its journal is the page itself
        marta.page.reload()
        if marta.page.get_by_text("банк вернул").count():
            break
        marta.page.wait_for_timeout(500)
    marta.sees(re.compile("банк вернул 120,50"))
    newcomer.open(f"/accounts/{newcomer.account}/history/payments")
    newcomer.sees(re.compile("возвращено 120,50"))
    assert oleg.noise == [] and marta.noise == []


@pytest.mark.parametrize("path", ["/staff/approvals", "/staff/approvals/1", "/staff/bills"])
def test_pages_have_no_barrier(marta: Visitor, path: str) -> None:
    marta.open(path)
    expect(marta.page.get_by_role("heading", level=1)).to_be_visible()
    assert faults(marta) == []
