"""What the figures of the reception say, on the page and as tables; who may see and set up."""

from __future__ import annotations

import csv
import io
from typing import Any

import openpyxl
import pytest

from models.contact.appeals import answering, talking
from tests.cast import Person
from tests.office_appeals import who, written
from tests.page import Client


@pytest.fixture
def figures(anna: Person, irina: Client) -> int:
    """Three appeals of November: one answered in time and rated, one open, one about something else."""
    irina_id = who("irina").id
    first = written(anna)
    written(anna, key="2")
    written(anna, topic="meter", key="3")
    answering.answer(first.id, irina_id, "Пересчитали.", seen=first.last_entry + 99, key="1")
    talking.rate(first.id, 4, "", anna.customer.subject)
    return first.id


@pytest.mark.feature("S37")
def test_figures_by_topic_are_in_a_table_and_in_a_chart(nina: Client, figures: int) -> None:
    page = nina.get("appeal_statistics.show")
    row = next(one for one in page.soup.select("tbody tr") if one.th.get_text() == "Начисления и счета")
    cells = [one.get_text(" ", strip=True) for one in row.select("td")]
    assert cells == ["2", "1", "100\u00a0%", "0", "0", "0", "4 (1)", "0"]
    assert page.soup.select_one("figure svg[role=img]")


def test_other_days_show_other_figures(nina: Client, figures: int) -> None:
    page = nina.get("appeal_statistics.show", since="2026-01-01", until="2026-01-31")
    assert "Начисления и счета" not in page.text
    assert page.value("since") == "2026-01-01"


@pytest.mark.parametrize(
    ("since", "until"), [("x", ""), ("2026-02-01", "2026-01-01"), ("2000-01-01", "2026-01-01"), ("0001-01-01", "")]
)
def test_days_that_make_no_sense_are_refused_in_words(nina: Client, since: str, until: str) -> None:
    page = nina.get("appeal_statistics.show", since=since, until=until)
    assert page.status == 422 and page.soup.select_one(".errors li")


def test_figures_are_taken_away_as_csv_and_as_a_workbook(nina: Client, figures: int) -> None:
    def taken(button: str) -> bytes:
        answer = nina.get("appeal_statistics.show").submit(button=button)
        assert answer.status == 200 and "attachment" in answer.headers["Content-Disposition"]
        return bytes(answer.answer.data)

    rows = list(csv.reader(io.StringIO(taken("Скачать CSV").decode("utf-8-sig")), delimiter=";"))
    charges = next(row for row in rows if row[0] == "Начисления и счета")
    assert charges == ["Начисления и счета", "2", "1", "1", "100", "0", "0", "0,00", "1", "4,00", "0"]
    sheet: Any = openpyxl.load_workbook(io.BytesIO(taken("Скачать XLSX"))).active
    assert [sheet.cell(1, 1).value, sheet.max_row] == ["Что", len(rows)]


def test_table_of_an_unknown_kind_is_none(nina: Client) -> None:
    token = nina.get("appeal_statistics.show").token
    assert nina.post("appeal_statistics.table", {"csrf_token": token, "kind": "exe"}).status == 400


def test_operator_sees_figures_and_sets_nothing_up(oleg: Client) -> None:
    assert oleg.get("appeal_statistics.show").status == 200
    for endpoint in ("appeal_rules.index", "appeal_templates.index", "appeal_templates.new"):
        assert oleg.get(endpoint).status == 403
