"""A clerk with a pile of forms: the keyboard alone, whatever the network does."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import Locator, Route, expect

from tests.browser.portal import Household, Portal
from tests.browser.visitor import Visitor, visiting

pytestmark = [pytest.mark.browser, pytest.mark.feature("M10", "B2")]

DESK = {"width": 1280, "height": 800}
USUAL = (11_560, 5_670)  # on a household's meter on 20 November
LATE = "{ const now = fetch; window.fetch = (...ask) => new Promise((got) => setTimeout(() => got(now(...ask)), 900)) }"


class Clerk:
    """Types into an open batch; `pile` are accounts nobody else has."""

    def __init__(self, visitor: Visitor, portal: Portal):
        self.visitor, self.page, self.portal = visitor, visitor.page, portal
        self.page.set_viewport_size(DESK)

    def begin(self) -> Clerk:
        self.visitor.open("/staff/paperforms")
        self.visitor.press("Начать ввод")
        self.page.wait_for_url(re.compile(r"/staff/paperforms/\d+$"))
        return self

    def two(self) -> Household:
        return self.portal.household()

    def one(self) -> str:
        """An account whose meter has one zone, 10 000 in October."""
        return _hung_one_zone(self.portal)

    def type(self, text: str, delay: float = 0) -> None:
        """Letter by letter, Enter for a line's end."""
        for character in text:
            self.page.keyboard.press("Enter" if character == "\n" else character, delay=delay)

    def rows(self) -> Locator:
        return self.page.get_by_role("main").locator("tbody tr[data-line]")

    def told(self, n: int) -> str:
        return self.rows().nth(n).inner_text()

    def account_now(self) -> str:
        return self.page.get_by_label("Лицевой счёт", exact=True).last.input_value()

    def stored(self, account: str) -> list[tuple[int, str]]:
        return [row for row in _readings(self.portal, account) if row[1] != "replaced"]


def _readings(portal: Portal, account: str) -> list[tuple[int, str]]:
    sql = """SELECT r.t1, r.state FROM reading r JOIN account a ON a.id = r.account_id
             WHERE a.number = ? AND r.period = '2026-11' ORDER BY r.id"""
    with closing(sqlite3.connect(portal.database, timeout=10)) as database:
        return database.execute(sql, (account,)).fetchall()


def _hung_one_zone(portal: Portal) -> str:
    household = portal.household()
    with closing(sqlite3.connect(portal.database, timeout=10)) as database, database:
        database.execute(
            "UPDATE meter SET zones = 1 WHERE account_id = (SELECT id FROM account WHERE number = ?)",
            (household.account,),
        )
    return household.account


@pytest.fixture
def clerk(galina: Visitor, portal: Portal) -> Clerk:
    return Clerk(galina, portal).begin()


@pytest.fixture
def plain(chromium: Any, portal: Portal, badges: Callable[[str], Any]) -> Iterator[Clerk]:
    with visiting(chromium, portal, cookies=badges("galina"), js=False) as visitor:
        yield Clerk(visitor, portal).begin()


def test_a_pile_is_typed_without_the_mouse(clerk: Clerk) -> None:
    homes = [clerk.two().account for _ in range(3)]
    for home in homes:
        clerk.type(f"{home}{USUAL[0]}\n{USUAL[1]}\n")
    expect(clerk.rows()).to_have_count(3)
    assert [clerk.told(i).count("принято") for i in range(3)] == [1, 1, 1]
    assert all(clerk.stored(home) == [(USUAL[0], "accepted")] for home in homes)
    expect(clerk.page.locator("#totals")).to_contain_text("Введено 3")


def test_a_full_dial_and_a_whole_number_need_no_enter(clerk: Clerk) -> None:
    home = clerk.two().account
    clerk.type(home)
    expect(clerk.page.get_by_role("textbox", name=re.compile("^Т2"))).to_be_visible()
    clerk.type(f"{USUAL[0]}{USUAL[1]}\n")
    expect(clerk.rows()).to_have_count(1)
    assert clerk.stored(home) == [(USUAL[0], "accepted")]


def test_a_scanner_ends_with_enter_and_skips_nothing(clerk: Clerk) -> None:
    home = clerk.two().account
    clerk.type(f"{home}\n{USUAL[0]}\n{USUAL[1]}\n")
    expect(clerk.rows()).to_have_count(1)
    assert clerk.stored(home) == [(USUAL[0], "accepted")]


def test_what_is_typed_past_the_zones_begins_the_next_form(clerk: Clerk) -> None:
    """Answers come late: one zone or two is not known while the clerk types on."""
    one, two = clerk.one(), clerk.two().account
    clerk.page.evaluate(LATE)
    clerk.type(f"{one}{USUAL[0]}\n{two}{USUAL[0]}\n{USUAL[1]}\n")
    expect(clerk.rows()).to_have_count(2)
    assert clerk.stored(one) == clerk.stored(two) == [(USUAL[0], "accepted")]


def test_a_part_of_the_next_number_moves_there_when_the_answer_comes(clerk: Clerk) -> None:
    one, two = clerk.one(), clerk.two().account
    clerk.page.evaluate(LATE)
    clerk.type(f"{one}{USUAL[0]}\n{two[-5:-2]}")
    expect(clerk.page.get_by_role("textbox", name="Лицевой счёт")).to_be_focused(timeout=5000)
    clerk.type(f"{two[-2:]}\n{USUAL[0]}\n{USUAL[1]}\n")
    expect(clerk.rows()).to_have_count(2)
    assert clerk.stored(two) == [(USUAL[0], "accepted")] and clerk.stored(one)


def test_what_a_meter_has_no_zone_for_is_not_lost(clerk: Clerk) -> None:
    """A form of two zones typed under another account, whose meter has one: the second value stands there, refused."""
    wrong, next_one = clerk.one(), clerk.two().account
    clerk.type(f"{wrong}{USUAL[0]}\n{USUAL[1]}\n{next_one}{USUAL[0]}\n{USUAL[1]}\n")
    expect(clerk.rows()).to_have_count(3)
    assert str(USUAL[1]) in clerk.told(1) and "не принято" in clerk.told(1)
    assert clerk.stored(next_one) == [(USUAL[0], "accepted")]


def test_a_number_scanned_again_takes_the_place_of_the_first(clerk: Clerk) -> None:
    first, second = clerk.one(), clerk.two().account
    clerk.type(f"{first}{second}{USUAL[0]}\n{USUAL[1]}\n")
    expect(clerk.rows()).to_have_count(1)
    assert clerk.stored(second) and not clerk.stored(first)


def test_a_doubt_is_said_aloud_and_confirmed_by_typing_it_again(clerk: Clerk) -> None:
    home = clerk.two().account
    clerk.type(f"{home}12900\n{USUAL[1]}\n")
    expect(clerk.page.locator("#said")).to_contain_text("Строка 1. Расход")
    assert clerk.stored(home) == []
    clerk.page.keyboard.press("Control+ArrowUp")
    clerk.type(f"12900\n{USUAL[1]}\n")
    expect(clerk.rows().first).to_contain_text("принято")
    assert clerk.stored(home) == [(12900, "accepted")]
    clerk.type(clerk.two().account)  # the caret is back in the new row
    expect(clerk.page.get_by_role("textbox", name=re.compile("^Т1"))).to_be_focused()


def test_a_correction_does_not_wait_for_the_network_either(clerk: Clerk) -> None:
    home = clerk.two().account
    clerk.type(f"{home}12900\n{USUAL[1]}\n")
    expect(clerk.page.locator("#said")).to_contain_text("Строка 1. Расход")
    clerk.page.evaluate(LATE)
    clerk.page.keyboard.press("Control+ArrowUp")
    clerk.type(f"{USUAL[0]}\n{USUAL[1]}\n")
    expect(clerk.rows().first).to_contain_text("принято")
    assert clerk.stored(home) == [(USUAL[0], "accepted")]
    expect(clerk.page.get_by_role("textbox", name="Лицевой счёт")).to_be_focused()


def test_an_earlier_row_is_corrected_and_escape_leaves_it_alone(clerk: Clerk) -> None:
    first, second = clerk.two().account, clerk.two().account
    clerk.type(f"{first}{USUAL[0]}\n{USUAL[1]}\n{second}{USUAL[0]}\n{USUAL[1]}\n")
    expect(clerk.rows()).to_have_count(2)
    clerk.page.keyboard.press("Control+ArrowUp")
    clerk.page.keyboard.press("Escape")
    expect(clerk.rows()).to_have_count(2)
    clerk.page.keyboard.press("Control+ArrowUp")
    clerk.page.keyboard.press("Control+ArrowUp")
    clerk.page.keyboard.press("Control+A")
    clerk.type("11570\n")
    clerk.page.keyboard.press("Enter")
    expect(clerk.rows().first).to_contain_text("11\u202f570")
    assert clerk.stored(first) == [(11570, "accepted")] and clerk.stored(second) == [(USUAL[0], "accepted")]


def test_f8_takes_a_row_out(clerk: Clerk) -> None:
    home = clerk.two().account
    clerk.type(f"{home}{USUAL[0]}\n{USUAL[1]}\n")
    expect(clerk.rows()).to_have_count(1)
    clerk.page.keyboard.press("Control+ArrowUp")
    clerk.page.keyboard.press("F8")
    expect(clerk.rows().first).to_contain_text("снято")
    assert clerk.stored(home) == [(USUAL[0], "rejected")]


def test_a_number_that_cannot_be_read_is_found_by_address(clerk: Clerk) -> None:
    home = clerk.two().account
    clerk.page.keyboard.press("F2")
    clerk.page.wait_for_url(re.compile("/find$"))
    clerk.type(home)
    clerk.page.keyboard.press("Enter")
    clerk.page.get_by_role("link", name=home).press("Enter")
    clerk.page.wait_for_url(re.compile("account="))
    expect(clerk.page.get_by_role("textbox", name=re.compile("^Т2"))).to_be_visible()
    clerk.type(f"{USUAL[0]}\n{USUAL[1]}\n")
    expect(clerk.rows()).to_have_count(1)
    assert clerk.stored(home)


def test_without_a_link_rows_wait_and_are_sent_once_it_is_back(clerk: Clerk) -> None:
    homes = [clerk.two().account for _ in range(3)]
    clerk.visitor.context.set_offline(True)
    for home in homes:
        clerk.type(f"{home}{USUAL[0]}\n{USUAL[1]}\n\n")
    expect(clerk.page.get_by_role("status").filter(has_text="Нет связи")).to_contain_text("Ждут отправки: 3")
    clerk.visitor.context.set_offline(False)
    expect(clerk.rows()).to_have_count(3, timeout=20_000)
    expect(clerk.page.get_by_role("status").filter(has_text="Нет связи")).to_have_count(0)
    assert all(clerk.stored(home) == [(USUAL[0], "accepted")] for home in homes)
    assert clerk.page.evaluate("Object.values(localStorage).join('')") == "[]"


def test_a_page_left_without_a_link_sends_its_rows_when_it_is_opened_again(clerk: Clerk) -> None:
    home = clerk.two().account
    batch = clerk.page.url
    clerk.page.route("**/rows", lambda route: route.abort())
    clerk.type(f"{home}{USUAL[0]}\n{USUAL[1]}\n")
    expect(clerk.page.get_by_role("status").filter(has_text="Нет связи")).to_be_visible()
    clerk.page.on("dialog", lambda dialog: dialog.accept())
    clerk.page.goto("/staff/paperforms")
    clerk.page.unroute("**/rows")
    clerk.page.goto(batch)
    expect(clerk.rows()).to_have_count(1)
    assert clerk.stored(home) == [(USUAL[0], "accepted")]


def test_an_answer_that_was_lost_makes_no_second_row(clerk: Clerk) -> None:
    home = clerk.two().account
    lost = []

    def lose(route: Route) -> None:
        if not lost:
            lost.append(route.fetch())
            return route.abort()
        return route.continue_()

    clerk.page.route("**/rows", lose)
    clerk.type(f"{home}{USUAL[0]}\n{USUAL[1]}\n")
    expect(clerk.rows()).to_have_count(1, timeout=20_000)
    assert lost and clerk.stored(home) == [(USUAL[0], "accepted")]


def test_after_signing_out_the_rows_wait_for_signing_in_again(clerk: Clerk) -> None:
    home, browser = clerk.two().account, clerk.visitor.context
    kept = browser.cookies()
    browser.clear_cookies()
    clerk.type(f"{home}{USUAL[0]}\n{USUAL[1]}\n\n")
    again = clerk.page.get_by_role("link", name="Вы вышли: войдите снова")
    expect(again).to_be_visible()
    browser.add_cookies(kept)
    clerk.page.on("dialog", lambda dialog: dialog.accept())
    again.click()
    expect(clerk.rows()).to_have_count(1, timeout=15_000)
    assert clerk.stored(home) == [(USUAL[0], "accepted")]


def test_without_scripts_the_plain_form_does_the_same(plain: Clerk) -> None:
    home = plain.two().account
    plain.page.get_by_label("Лицевой счёт", exact=True).fill(home[1:])
    plain.page.keyboard.press("Enter")
    plain.page.get_by_label("Т1", exact=True).fill(str(USUAL[0]))
    plain.page.get_by_label("Т2", exact=True).fill(str(USUAL[1]))
    plain.page.keyboard.press("Enter")
    expect(plain.rows()).to_have_count(1)
    assert plain.stored(home) == [(USUAL[0], "accepted")]


def test_a_number_longer_than_any_dial_is_refused_in_words(clerk: Clerk) -> None:
    home, next_one = clerk.two().account, clerk.two().account
    clerk.type(f"{home}{USUAL[0]}{'9' * 25}\n{next_one}{USUAL[0]}\n{USUAL[1]}\n")
    expect(clerk.rows()).to_have_count(2)
    assert "не принято" in clerk.told(0) and clerk.stored(home) == []
    assert clerk.stored(next_one) == [(USUAL[0], "accepted")]


@pytest.mark.parametrize("status", [400, 403, 404, 413, 422, 500])
def test_a_row_that_the_portal_does_not_take_stops_none_behind_it(clerk: Clerk, status: int) -> None:
    """It stays red on the page and in the browser, is sent again by a reload, and may be put right."""
    bad, good = clerk.two().account, clerk.two().account

    def refuse(route: Route) -> None:
        if bad in (route.request.post_data or ""):
            return route.fulfill(status=status, body="<p>no")
        return route.continue_()

    clerk.page.route("**/rows", refuse)
    clerk.type(f"{bad}{USUAL[0]}\n{USUAL[1]}\n{good}{USUAL[0]}\n{USUAL[1]}\n")
    red = clerk.page.locator("tr.refused")
    expect(red).to_contain_text("Не сохранено", timeout=20_000)
    expect(red).to_contain_text(f"{USUAL[0]} / {USUAL[1]}")
    expect(clerk.page.locator("tr[id^=row-]")).to_have_count(1)
    assert clerk.stored(good) == [(USUAL[0], "accepted")] and clerk.stored(bad) == []
    assert bad in clerk.page.evaluate("Object.values(localStorage).join('')")
    clerk.page.unroute("**/rows")
    clerk.page.keyboard.press("Control+ArrowUp")
    clerk.page.keyboard.press("Control+ArrowUp")
    clerk.type(f"{USUAL[0] + 1}\n\n")
    expect(clerk.page.locator("tr[id^=row-]")).to_have_count(2)
    expect(red).to_have_count(0)
    assert clerk.stored(bad) == [(USUAL[0] + 1, "accepted")]
    assert clerk.page.evaluate("Object.values(localStorage).join('')") == "[]"


def test_a_row_that_was_not_taken_is_sent_again_by_a_reload_or_dropped_by_f8(clerk: Clerk) -> None:
    first, second = clerk.two().account, clerk.two().account
    clerk.page.route("**/rows", lambda route: route.fulfill(status=404))
    clerk.type(f"{first}{USUAL[0]}\n{USUAL[1]}\n{second}{USUAL[0]}\n{USUAL[1]}\n")
    expect(clerk.page.locator("tr.refused")).to_have_count(2)
    clerk.page.keyboard.press("Control+ArrowUp")
    clerk.page.keyboard.press("F8")
    expect(clerk.page.locator("tr.refused")).to_have_count(1)
    clerk.page.unroute("**/rows")
    clerk.page.reload()
    expect(clerk.page.locator("tr[id^=row-]")).to_have_count(1)
    assert clerk.stored(first) == [(USUAL[0], "accepted")] and clerk.stored(second) == []


def test_what_is_typed_into_a_batch_closed_by_a_colleague_outlives_a_reload(clerk: Clerk) -> None:
    home = clerk.two().account
    clerk.type(f"{home}{USUAL[0]}\n{USUAL[1]}\n")
    expect(clerk.rows()).to_have_count(1)
    _close(clerk, "closed_at = '2026-11-20 10:00:00'")
    late = clerk.two().account
    clerk.type(f"{late}{USUAL[0]}\n{USUAL[1]}\n")
    red = clerk.page.locator("tr.refused")
    expect(red).to_contain_text("уже закрыта")
    clerk.page.reload()
    expect(red).to_contain_text("Не сохранено: пачка закрыта")
    expect(red).to_contain_text(f"{USUAL[0]} / {USUAL[1]}")
    _close(clerk, "closed_at = NULL")
    clerk.page.reload()
    expect(clerk.page.locator("tr[id^=row-]")).to_have_count(2)
    assert clerk.stored(late) == [(USUAL[0], "accepted")]


def _close(clerk: Clerk, change: str) -> None:
    with closing(sqlite3.connect(clerk.portal.database, timeout=10)) as database, database:
        database.execute(f"UPDATE batch SET {change} WHERE id = ?", (clerk.page.url.rpartition("/")[2],))
