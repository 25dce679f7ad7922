"""Bills: from what is owed to why it is so much, the bill and its paper; charges, the statement, the tariff."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.both import anna_both_ways
from tests.browser.test_looks import faults
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
ACCOUNT = "241010000054"
PAGES = ("bills", "bills/2026-10", "history/charges", "history/statement", "tariff")


@anna_both_ways
@pytest.mark.feature("S25", "S26", "S30", "M4")
def test_from_what_is_owed_to_why_and_to_the_paper(anna: Visitor) -> None:
    anna.open(f"/accounts/{ACCOUNT}/")
    card = (
        anna.page.get_by_role("main").locator("section").filter(has=anna.page.get_by_role("heading", name="К оплате"))
    )
    expect(card).to_contain_text("за октябрь 2026")
    anna.follow("Почему столько")
    anna.heading("Счёт за октябрь 2026")
    anna.sees("Тариф вырос с 1 октября")
    assert sums(anna.page.get_by_role("table").filter(has_text="чем в сентябре"))
    how = anna.page.get_by_role("group").filter(has_text="Как посчитано").first
    expect(how.get_by_role("listitem").first).to_be_hidden()
    how.get_by_text("Как посчитано").click()
    expect(how.get_by_role("listitem").first).to_contain_text("Счётчик № 87749621: было")
    paper = anna.page.get_by_role("link", name="Счёт, PDF").first.get_attribute("href")
    answer = anna.context.request.get(paper or "")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.body().startswith(b"%PDF-")
    assert anna.noise == []


def sums(table: Locator) -> bool:
    """Whether the amounts of a comparison add up to its last line."""
    *parts, total = (kopecks(row.get_by_role("cell").last.inner_text()) for row in table.get_by_role("row").all()[1:])
    return sum(parts) == total


def kopecks(text: str) -> int:
    return int(re.sub(r"[^\d-]", "", text.replace("−", "-")))


@anna_both_ways
@pytest.mark.feature("S27")
def test_charges_of_the_months_asked_for(anna: Visitor) -> None:
    anna.open(f"/accounts/{ACCOUNT}/bills")
    anna.follow("Начисления и платежи по месяцам")
    anna.field("С месяца").select_option(label="март 2025")
    anna.field("По месяц").select_option(label="май 2025")
    anna.press("Показать")
    table = anna.page.get_by_role("main").get_by_role("table")
    expect(table).to_contain_text("мар 2025")
    expect(table).not_to_contain_text("2026")
    expect(anna.page.get_by_role("img", name=re.compile("^Начислено и оплачено: всего"))).to_be_visible()
    anna.follow("выписку по дням")
    anna.heading("Выписка")
    anna.sees("Начислено за апрель 2025")
    assert anna.noise == []


@anna_both_ways
@pytest.mark.feature("S27")
def test_statement_as_a_paper_and_as_a_file(anna: Visitor) -> None:
    anna.open(f"/accounts/{ACCOUNT}/history/statement?from=2026-08&to=2026-10")
    paper = anna.page.get_by_role("link", name="Выписка, PDF").get_attribute("href")
    assert anna.context.request.get(paper or "").body().startswith(b"%PDF-")
    with anna.page.expect_download() as download:
        anna.follow("Скачать таблицу (CSV)")
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert text.startswith("Дата;Что;Услуга;Начислено;Оплачено;Долг после")
    assert "Начислено за октябрь\u00a02026" in text


@anna_both_ways
@pytest.mark.feature("M5")
def test_which_tariff_pays(anna: Visitor) -> None:
    anna.open(f"/accounts/{ACCOUNT}/bills")
    anna.follow("Какой тариф выгоднее")
    anna.heading("Какой тариф выгоднее")
    anna.sees("До второго диапазона")
    expect(anna.page.get_by_role("row", name=re.compile("сейчас у вас"))).to_contain_text("Две зоны")
    anna.sees("Две зоны дешевле одной, когда на ночь")


@pytest.mark.parametrize("page", PAGES)
def test_looks(anna: Visitor, page: str) -> None:
    anna.open(f"/accounts/{ACCOUNT}/{page}")
    for closed in reversed(anna.page.locator("main details > summary").all()):
        closed.click()
    assert faults(anna) == []
