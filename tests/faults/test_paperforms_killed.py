"""The server killed in the middle of a pile of paper forms: the clerk types on, nothing is lost and nothing twice."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.cast import PASSWORD
from tests.faults.test_killed_workers import Server

pytestmark = pytest.mark.feature("M10")
FORMS = 15
PILE = """
    SELECT a.number, r.t1 + 40, r.t2 + 20 FROM account a
    JOIN meter m ON m.account_id = a.id AND m.removed IS NULL AND m.zones = 2 AND m.digits >= 5
    JOIN reading r ON r.meter_id = m.id AND r.period = '2026-10' AND r.state IN ('accepted', 'billed')
    WHERE a.closed IS NULL AND a.id NOT IN (SELECT account_id FROM reading WHERE period = '2026-11')
    AND (SELECT count(*) FROM meter other WHERE other.account_id = a.id AND other.removed IS NULL) = 1 LIMIT ?
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path)
    try:
        made.start()
        yield made
    finally:
        if hasattr(made, "master"):
            made.stop()


@pytest.fixture
def desk(server: Server, chromium: Any) -> Iterator[Page]:
    """A clerk's browser at an open batch."""
    context = chromium.new_context(base_url=f"http://127.0.0.1:{server.port}", viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto("/staff/sign-in")
    page.get_by_label("Рабочая почта").fill("galina@example.ru")
    page.get_by_label("Пароль").fill(PASSWORD)
    page.get_by_role("button", name="Дальше").click()
    page.get_by_label("Код").fill(page.locator(".note b").inner_text())
    page.get_by_role("main").get_by_role("button", name="Войти").click()
    page.wait_for_url(re.compile("/staff/?$"))
    page.goto("/staff/paperforms")
    page.get_by_role("button", name="Начать ввод").click()
    page.wait_for_url(re.compile(r"/paperforms/\d+$"))
    expect(page.get_by_role("textbox", name="Лицевой счёт")).to_be_focused()
    yield page
    context.close()


def test_a_pile_typed_over_two_killed_servers_is_stored_whole_and_once(server: Server, desk: Page) -> None:
    pile = _rows(server, PILE, FORMS)
    assert len(pile) >= 9, "the demo has too few meters of two zones"
    third = len(pile) // 3
    for form in pile[:third]:
        _type(desk, form)
    _kill(server)
    for form in pile[third : 2 * third]:
        _type(desk, form)
    expect(desk.get_by_role("status").filter(has_text="Нет связи")).to_be_visible()
    server.run()
    for form in pile[2 * third : -1]:
        _type(desk, form)
    _kill(server)
    _type(desk, pile[-1])
    desk.keyboard.press("Enter")  # nobody can say how many zones there are: a blank field ends the form
    server.start()
    expect(desk.locator("tbody tr[data-line]")).to_have_count(len(pile), timeout=90_000)
    stored = _rows(
        server,
        "SELECT a.number, r.t1, r.t2 FROM reading r JOIN account a ON a.id = r.account_id "
        "WHERE r.period = '2026-11' AND r.channel = 'staff' AND r.state = 'accepted' ORDER BY r.id LIMIT ?",
        1000,
    )
    assert sorted(stored) == sorted(pile)
    lines = _rows(server, "SELECT line, state FROM paper_form ORDER BY line LIMIT ?", 1000)
    assert lines == [(line, "accepted") for line in range(1, len(pile) + 1)]


def _type(desk: Page, form: tuple[Any, ...]) -> None:
    account, *values = form
    desk.keyboard.type(account)
    for value in values:
        desk.keyboard.type(str(value))
        desk.keyboard.press("Enter")


def _kill(server: Server) -> None:
    """Everything at once, in the middle of whatever it does."""
    workers = server.workers()
    os.kill(server.master.pid, signal.SIGKILL)
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    server.master.wait(5)
    server.log.close()


def _rows(server: Server, sql: str, most: int) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(server.database, timeout=10)) as database:
        return database.execute(sql, (most,)).fetchall()
