"""History: the filter as a part and as a page, the years, the file."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.both import anna_both_ways
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
ACCOUNT = "241010000054"


@anna_both_ways
@pytest.mark.feature("S24")
@pytest.mark.parametrize("kind", ["readings", "consumption"])
def test_the_filter_shows_the_months_asked_for(anna: Visitor, kind: str) -> None:
    anna.open(f"/accounts/{ACCOUNT}/history/{kind}")
    mark(anna)
    choose(anna, "март 2025", "май 2025")
    expect(table(anna)).to_contain_text("мая 2025" if kind == "readings" else "май 2025")
    expect(table(anna)).not_to_contain_text("2026")
    assert is_marked(anna) == anna.js, "with scripts the part alone is swapped, without them the page is loaded"
    assert anna.noise == []


def test_a_filtered_history_keeps_its_address_and_back_leads_out(anna: Visitor) -> None:
    anna.open(f"/accounts/{ACCOUNT}/").follow("История")
    anna.heading("История")
    choose(anna, "март 2025", "май 2025")
    expect(table(anna)).to_contain_text("мая 2025")
    anna.page.reload()
    expect(table(anna)).to_contain_text("мая 2025")
    anna.page.go_back()
    anna.page.wait_for_url(f"**/accounts/{ACCOUNT}/**")
    anna.page.reload()
    expect(anna.page.get_by_role("heading", level=1)).to_be_visible()
    assert "/rows" not in anna.page.url, "a part is never a page of its own"


@anna_both_ways
def test_years_are_plain_links(anna: Visitor) -> None:
    anna.open(f"/accounts/{ACCOUNT}/history/consumption")
    anna.page.get_by_role("navigation", name="Годы").get_by_role("link", name="2024").click()
    expect(table(anna)).to_contain_text("дек\u00a02024")
    expect(table(anna)).to_contain_text("янв\u00a02024")


@anna_both_ways
@pytest.mark.parametrize(("kind", "column"), [("readings", "Состояние"), ("consumption", "Год назад")])
def test_the_table_comes_as_a_file(anna: Visitor, kind: str, column: str) -> None:
    anna.open(f"/accounts/{ACCOUNT}/history/{kind}?from=2025-03&to=2025-05")
    with anna.page.expect_download() as download:
        anna.follow("Скачать таблицу (CSV)")
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert download.value.suggested_filename == f"{kind}-{ACCOUNT}.csv"
    head, *lines = text.splitlines()
    assert column in head.split(";")
    assert lines
    assert all(line.startswith("2025-0") for line in lines)


def test_the_chart_tells_its_numbers_to_who_cannot_see_it(anna: Visitor) -> None:
    anna.open(f"/accounts/{ACCOUNT}/history/consumption?from=2025-01&to=2025-12")
    expect(anna.page.get_by_role("img", name=re.compile("^Расход: электроэнергия: всего"))).to_be_visible()
    expect(table(anna).get_by_role("row")).to_have_count(13)


def choose(anna: Visitor, first: str, last: str) -> None:
    anna.field("С месяца").select_option(label=first)
    anna.field("По месяц").select_option(label=last)
    anna.press("Показать")


def table(anna: Visitor) -> Locator:
    return anna.page.get_by_role("main").get_by_role("table")


def mark(anna: Visitor) -> None:
    anna.page.evaluate("window.stayed = true")


def is_marked(anna: Visitor) -> bool:
    return bool(anna.page.evaluate("window.stayed === true"))
