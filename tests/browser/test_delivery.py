"""How bills come: e-mail instead of paper, the way out that a letter carries, the history of choices."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from playwright.sync_api import expect

from tests.browser.both import both_ways
from tests.browser.portal import NOW, ROOT, Portal
from tests.browser.test_looks import faults
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser


def choices(visitor: Visitor) -> list[str]:
    """The second column of the table «Что выбирали», the newest first."""
    table = visitor.page.get_by_role("main").locator("table")
    return [row.strip() for row in table.locator("tbody tr td:first-of-type").all_inner_texts()]


def subscribe(visitor: Visitor) -> None:
    visitor.open(f"/accounts/{visitor.account}/delivery")
    visitor.field(f"На почту {visitor.email} — от бумажной квитанции отказываюсь").check()
    visitor.press("Сохранить")
    visitor.sees("На почту, без бумажной квитанции")


def bill_again(portal: Portal, account: str) -> None:
    """Let October's bill of the account be issued today, as after a hold: its e-receipt is written."""
    with closing(sqlite3.connect(portal.database, timeout=10)) as database, database:
        own = "(SELECT id FROM account WHERE number = ?)"
        database.execute(
            f"UPDATE bill SET state = 'held', issued_on = NULL WHERE period = '2026-10' AND account_id = {own}",
            (account,),
        )
        database.execute(f"DELETE FROM entry WHERE period = '2026-10' AND account_id = {own}", (account,))
    folder = portal.database.parent
    environ = {name: value for name, value in os.environ.items() if not name.startswith("KABINET_")}
    environ |= {"KABINET_COMPANY": portal.company, "KABINET_VAR_DIR": str(folder), "KABINET_NOW": NOW}
    environ |= {"KABINET_COMPANIES_DIR": str(folder.parent), "KABINET_PUBLIC_URL": portal.url}
    command = [sys.executable, "-m", "flask", "--app", "app", "bill", "2026-10", "--issue", "--account", account]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert "выставлено 1" in done.stdout, done.stdout + done.stderr


@both_ways
@pytest.mark.feature("S31", "S32", "B5")
def test_subscribe_leave_by_the_letter_and_choose_again(newcomer: Visitor, portal: Portal) -> None:
    newcomer.open(f"/accounts/{newcomer.account}/bills")
    newcomer.follow("Как приходят счета: на бумаге или по почте")
    newcomer.sees("На бумаге, в почтовый ящик")
    newcomer.sees("вы отказываетесь от бумажной")
    subscribe(newcomer)
    newcomer.sees("Сохранено: счета будут приходить")

    bill_again(portal, newcomer.account)
    letters = newcomer.context.request.get("/demo/letters").text()
    newest = newcomer.context.request.get(re.search(r"/demo/letters/\d+", letters)[0]).text() + letters
    newcomer.open(re.search(r"/unsubscribe/[\w.-]+", newest)[0])
    newcomer.heading("Счета по почте")
    newcomer.sees(newcomer.account)
    newcomer.press("Отписаться и вернуть бумагу")
    newcomer.sees("Бумажная квитанция приходит снова")
    newcomer.press("Вернуть письма")
    newcomer.sees("Вернули: всё снова приходит как раньше.")
    newcomer.press("Отписаться и вернуть бумагу")

    subscribe(newcomer)
    email, paper = "на почту, без бумаги", "на бумаге"
    assert choices(newcomer) == [email, paper, email, paper, email]
    newcomer.sees("вы, по ссылке из письма")
    assert newcomer.noise == []


@pytest.mark.feature("B4")
def test_with_scripts_the_choice_is_saved_without_a_reload(newcomer: Visitor) -> None:
    newcomer.open(f"/accounts/{newcomer.account}/delivery")
    newcomer.page.evaluate("window.stays = true")
    newcomer.field(f"На почту {newcomer.email} — от бумажной квитанции отказываюсь").check()
    newcomer.press("Сохранить")
    newcomer.sees("Сохранено: счета будут приходить")
    assert newcomer.page.evaluate("window.stays") is True
    newcomer.field("На бумаге").check()
    newcomer.press("Сохранить")
    expect(newcomer.page.get_by_role("main").locator("tbody tr")).to_have_count(2)


@both_ways
def test_letters_that_are_not_wanted_are_kept_off(newcomer: Visitor) -> None:
    newcomer.open("/settings").follow("Счета по почте и другие письма")
    newcomer.field("Присылать новости компании").uncheck()
    newcomer.press("Сохранить")
    newcomer.sees("Сохранено.")
    expect(newcomer.field("Присылать новости компании")).not_to_be_checked()
    expect(newcomer.field("Напоминать, когда пора передать показания")).to_be_checked()


def test_looks_of_the_pages(newcomer: Visitor) -> None:
    newcomer.open(f"/accounts/{newcomer.account}/delivery")
    assert faults(newcomer) == []
    subscribe(newcomer)
    assert faults(newcomer) == []
    newcomer.open("/settings/letters")
    assert faults(newcomer) == []
