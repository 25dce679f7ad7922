"""History: the filter as a part and as a page, the years, the file."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.both import both_ways
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
ACCOUNT = "241010000054"


@pytest.fixture
def reader(guest: Visitor) -> Visitor:
    guest.account = ACCOUNT
    return guest.sign_in("anna@example.ru")


@both_ways
@pytest.mark.feature("S24")
@pytest.mark.parametrize("kind", ["readings", "consumption"])
def test_the_filter_shows_the_months_asked_for(reader: Visitor, kind: str) -> None:
    reader.open(f"/accounts/{ACCOUNT}/history/{kind}")
    mark(reader)
    choose(reader, "март 2025", "май 2025")
    expect(table(reader)).to_contain_text("мая 2025" if kind == "readings" else "май 2025")
    expect(table(reader)).not_to_contain_text("2026")
    assert is_marked(reader) == reader.js, "with scripts the part alone is swapped, without them the page is loaded"
    assert reader.noise == []


def test_a_filtered_history_keeps_its_address_and_back_leads_out(reader: Visitor) -> None:
    reader.open(f"/accounts/{ACCOUNT}/").follow("История")
    reader.heading("История")
    choose(reader, "март 2025", "май 2025")
    expect(table(reader)).to_contain_text("мая 2025")
    reader.page.reload()
    expect(table(reader)).to_contain_text("мая 2025")
    reader.page.go_back()
    reader.page.wait_for_url(f"**/accounts/{ACCOUNT}/**")
    reader.page.reload()
    expect(reader.page.get_by_role("heading", level=1)).to_be_visible()
    assert "/rows" not in reader.page.url, "a part is never a page of its own"


@both_ways
def test_years_are_plain_links(reader: Visitor) -> None:
    reader.open(f"/accounts/{ACCOUNT}/history/consumption")
    reader.page.get_by_role("navigation", name="Годы").get_by_role("link", name="2024").click()
    expect(table(reader)).to_contain_text("декабрь 2024")
    expect(table(reader)).to_contain_text("январь 2024")


@both_ways
@pytest.mark.parametrize(("kind", "column"), [("readings", "Состояние"), ("consumption", "Год назад")])
def test_the_table_comes_as_a_file(reader: Visitor, kind: str, column: str) -> None:
    reader.open(f"/accounts/{ACCOUNT}/history/{kind}?from=2025-03&to=2025-05")
    with reader.page.expect_download() as download:
        reader.follow("Скачать таблицу (CSV)")
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert download.value.suggested_filename == f"{kind}-{ACCOUNT}.csv"
    head, *lines = text.splitlines()
    assert column in head.split(";")
    assert lines
    assert all(line.startswith("2025-0") for line in lines)


def test_the_chart_tells_its_numbers_to_who_cannot_see_it(reader: Visitor) -> None:
    reader.open(f"/accounts/{ACCOUNT}/history/consumption?from=2025-01&to=2025-12")
    expect(reader.page.get_by_role("img")).to_have_accessible_name(re.compile("всего"))
    expect(table(reader).get_by_role("row")).to_have_count(13)


def choose(reader: Visitor, first: str, last: str) -> None:
    reader.field("С месяца").select_option(label=first)
    reader.field("По месяц").select_option(label=last)
    reader.press("Показать")


def table(reader: Visitor) -> Locator:
    return reader.page.get_by_role("main").get_by_role("table")


def mark(reader: Visitor) -> None:
    reader.page.evaluate("window.stayed = true")


def is_marked(reader: Visitor) -> bool:
    return bool(reader.page.evaluate("window.stayed === true"))
