"""The paper forms' pages as they are in the middle of work: rows of every outcome, closing, finding, the second look."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.portal import Portal
from tests.browser.test_looks import faults, sideways
from tests.browser.test_paperforms import USUAL, Clerk
from tests.browser.visitor import visiting

pytestmark = [pytest.mark.browser, pytest.mark.feature("M10")]
OUTCOMES = ("accepted", "held", "same", "doubt", "refused", "withdrawn", "doubt")
REASON = "Расход 1 339 кВт⋅ч, намного больше обычного: обычно около 150 кВт⋅ч. Может быть, 11 290?"


@pytest.fixture(scope="module")
def desks(chromium: Any, portal: Portal, badges: Callable[[str], Any]) -> Any:
    """Two clerks at one batch: a row of each outcome, and one that the portal did not take."""
    with (
        visiting(chromium, portal, cookies=badges("galina")) as one,
        visiting(chromium, portal, cookies=badges("oleg")) as other,
    ):
        clerk = Clerk(one, portal).begin()
        for _ in OUTCOMES:
            clerk.type(f"{clerk.two().account}{USUAL[0]}\n{USUAL[1]}\n")
        expect(clerk.page.locator("tr[id^=row-]")).to_have_count(len(OUTCOMES))
        batch = int(clerk.page.url.rpartition("/")[2])
        _make_outcomes(portal, batch)
        clerk.page.reload()
        yield clerk, other, batch


def _make_outcomes(portal: Portal, batch: int) -> None:
    with closing(sqlite3.connect(portal.database, timeout=10)) as database, database:
        for line, state in enumerate(OUTCOMES, 1):
            aside = "вернули абоненту" if line == len(OUTCOMES) else ""
            reason = "" if state == "accepted" else REASON
            row = (state, reason, aside, batch, line)
            database.execute(
                "UPDATE paper_form SET state = ?, reason = ?, aside = ? WHERE batch_id = ? AND line = ?", row
            )


def test_rows_of_every_outcome_and_one_not_stored(desks: Any) -> None:
    clerk, _, batch = desks
    clerk.page.goto(f"/staff/paperforms/{batch}")
    assert faults(clerk.visitor) == [], "rows"
    clerk.page.route(
        "**/rows", lambda route: route.fulfill(status=200, content_type="application/json", body=NOT_TAKEN)
    )
    clerk.type(f"{clerk.two().account}{USUAL[0]}\n{USUAL[1]}\n")
    expect(clerk.page.locator("tr.refused").last).to_contain_text("закрыта")
    clerk.page.keyboard.press("Control+ArrowUp")
    assert faults(clerk.visitor) == [], "a row being put right"
    clerk.page.keyboard.press("F8")


NOT_TAKEN = '{"row": "", "totals": "<p id=\\"totals\\">Введено 7</p>", "said": "Пачка 1 уже закрыта."}'


@pytest.mark.parametrize("rest", ["?line=4", "?account=249", "/close", "/find?q=садовая", "/scans"])
def test_the_pages_beside(desks: Any, rest: str) -> None:
    clerk, _, batch = desks
    clerk.page.goto(f"/staff/paperforms/{batch}{rest}")
    assert faults(clerk.visitor) == []


def test_the_second_look(desks: Any) -> None:
    _, other, batch = desks
    other.open(f"/staff/paperforms/{batch}")
    assert faults(other) == [], "a colleague's batch"
    other.open(f"/staff/paperforms/checks?batch={batch}")
    assert faults(other) == [], "a check"
    other.page.get_by_label("Т1").fill("12345")
    other.press("Сверить")
    other.heading("Прочитано по-разному")
    assert faults(other) == [], "a difference"


def test_without_scripts(chromium: Any, portal: Portal, desks: Any) -> None:
    clerk, _, batch = desks
    with visiting(chromium, portal, cookies=clerk.visitor.context.storage_state(), js=False) as plain:
        for rest in ("", "?line=4", "/close"):
            plain.open(f"/staff/paperforms/{batch}{rest}")
            assert sideways(plain.page) == [], rest


def test_a_closed_batch(desks: Any, portal: Portal) -> None:
    clerk, _, batch = desks
    with closing(sqlite3.connect(portal.database, timeout=10)) as database, database:
        database.execute(
            "UPDATE batch SET closed_at = '2026-11-20 10:00:00', difference = 'бланк порван' WHERE id = ?", (batch,)
        )
    clerk.page.goto(f"/staff/paperforms/{batch}")
    assert faults(clerk.visitor) == []
