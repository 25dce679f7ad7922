"""Letters come back: the customer is told, bills are on paper again, the address is tried once more and is alive."""

from __future__ import annotations

import hashlib
import hmac
import json
import sqlite3
import time
import urllib.request
from contextlib import closing

import pytest
from playwright.sync_api import expect

from tests.browser.both import both_ways
from tests.browser.portal import BOUNCE_KEY, Portal
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
SENT_IN = 70  # seconds: the bell may be lost, the job comes each minute


@both_ways
@pytest.mark.feature("S31", "B5")
def test_letters_come_back_and_the_address_proves_alive(newcomer: Visitor, portal: Portal) -> None:
    _choose_email(newcomer)
    _come_back(portal, newcomer.email)

    newcomer.open("/")
    newcomer.sees(f"Письма на {newcomer.email} не доходят, поэтому счета приходят на бумаге.")
    newcomer.open(f"/accounts/{newcomer.account}/delivery")
    newcomer.sees("На бумаге, в почтовый ящик")
    newcomer.sees("письма на почту не доходят")
    newcomer.follow("Проверьте адрес")
    newcomer.heading("Настройки")
    newcomer.press("Проверить ещё раз")
    newcomer.sees(f"Письмо отправлено на {newcomer.email}.")

    newcomer.open("/demo/letters")
    letter = newcomer.page.get_by_role("article").filter(has_text=newcomer.email).first
    letter.get_by_role("link", name="/settings/email-check/").click()
    newcomer.press("Письмо пришло")
    newcomer.sees("Почта проверена")
    expect(newcomer.page.get_by_role("main")).not_to_contain_text("не доходят")
    _choose_email(newcomer)
    assert newcomer.noise == []


def _choose_email(newcomer: Visitor) -> None:
    newcomer.open(f"/accounts/{newcomer.account}/delivery")
    newcomer.page.get_by_label("На почту").first.check()
    newcomer.press("Сохранить")
    newcomer.sees(f"Письма идут на {newcomer.email}.")


def _come_back(portal: Portal, email: str) -> None:
    """The mail provider reports that nobody is there."""
    report = {"message_id": _sent(portal, email), "recipient": email, "action": "failed", "status": "5.1.1"}
    body = json.dumps([{**report, "diagnostic": "550 5.1.1 user unknown"}]).encode()
    signature = hmac.new(BOUNCE_KEY.encode(), body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-Kabinet-Signature": signature}
    with urllib.request.urlopen(urllib.request.Request(f"{portal.url}/hooks/bounces", body, headers)) as answer:
        assert json.load(answer) == ["learnt"]


def _sent(portal: Portal, email: str) -> str:
    """The Message-ID of a letter that has gone to the address."""
    until = time.monotonic() + SENT_IN
    while time.monotonic() < until:
        with closing(sqlite3.connect(portal.database, timeout=10)) as database:
            query = "SELECT message_id FROM message WHERE recipient = ? AND state = 'sent'"
            if row := database.execute(query, (email,)).fetchone():
                return str(row[0])
        time.sleep(0.3)
    raise AssertionError("no letter has gone")
