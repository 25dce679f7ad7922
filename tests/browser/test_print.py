"""On paper: the receipt is one page that says what was received."""

from __future__ import annotations

import pypdfium2
import pytest

from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser


def test_the_receipt_prints_on_one_page(newcomer: Visitor) -> None:
    newcomer.open_readings()
    newcomer.type_readings(*newcomer.used(64))
    newcomer.press("Передать")
    newcomer.heading("Показания переданы")
    number = newcomer.page.url.rpartition("/")[2]
    paper = pypdfium2.PdfDocument(newcomer.page.pdf(format="A4"))
    assert len(paper) == 1
    text = paper[0].get_textpage().get_text_range()
    for shown in (number, newcomer.account, "64 кВт", "Код подлинности", "принято к расчёту"):
        assert shown in text.replace("\u00a0", " ")
    for screen_only in ("Выйти", "Настройки", "На главную"):
        assert screen_only not in text


def test_a_year_of_history_prints_whole(anna: Visitor) -> None:
    anna.open(f"/accounts/{anna.account}/history/consumption?from=2025-01&to=2025-12")
    paper = pypdfium2.PdfDocument(anna.page.pdf(format="A4"))
    text = "".join(page.get_textpage().get_text_range() for page in paper).replace("\u00a0", " ")
    assert len(paper) <= 2
    for month in ("янв 2025", "дек 2025"):
        assert month in text
