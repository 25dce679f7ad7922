"""A bank's register from the file on the desk to the ledger: checked, mended, let in by a second person; with scripts and without."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.both import both_ways
from tests.browser.test_looks import faults
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
SOON = 20_000  # milliseconds until the background has done its part, on a busy machine
LINE = "18-11-2026;12-34-56;8622;9044;{doc};{account};Иванова А. С.;ул. Мира, 23-32;1026;{sum};{sum};0,00\r\n"


def stands(visitor: Visitor, state: str) -> None:
    """The page says so by itself, or after its own reload where there are no scripts."""
    expect(visitor.page.locator("main .tag").first).to_have_text(state, timeout=SOON)


@both_ways
def test_a_register_from_the_desk_to_the_ledger(newcomer: Visitor, irina: Visitor, marta: Visitor) -> None:
    account = str(newcomer.account)
    lines = LINE.format(doc=f"{account}-1", account=account, sum="100,00")
    lines += LINE.format(doc=f"{account}-2", account="241010000045", sum="20,00")
    irina.open("/staff/exchange")
    irina.page.get_by_label("Что в файле").select_option(label="Реестр платежей: Сбербанк")
    irina.page.get_by_label("Файл", exact=True).set_input_files(
        {
            "name": "реестр.txt",
            "mimeType": "text/plain",
            "buffer": f"{lines}=2;120,00;120,00;0,00;311;18-11-2026\r\n".encode("cp1251"),
        }
    )
    irina.press("Проверить")
    stands(irina, "проверен")
    assert not irina.js or not faults(irina)
    irina.page.get_by_label("Верный счёт для строки 2").fill(account)
    irina.page.keyboard.press("Enter")
    irina.page.get_by_role("button", name="Отправить на подтверждение").click(timeout=SOON)
    stands(irina, "ждёт второго сотрудника")
    marta.open("/staff/exchange")
    assert not marta.js or not faults(marta)
    marta.page.locator("main .card").first.get_by_role("link").last.click()
    marta.page.get_by_role("button", name=re.compile("Подтвердить: 2")).click()
    stands(marta, "загружен")
    newcomer.open(f"/accounts/{account}/history/payments")
    newcomer.sees(re.compile("Сбербанк"))
    newcomer.sees(re.compile(r"100,00"))


def test_nothing_is_wrong_with_the_formats(irina: Visitor) -> None:
    irina.open("/staff/exchange/formats")
    for details in irina.page.locator("main summary").all():
        details.click()
    assert not faults(irina)
