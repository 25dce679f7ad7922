"""Another process holds the database longer than we wait: nothing is half done, and the form can be sent again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from models.metering.readings import Reading, Receipt
from tests import cast

HOLD = """
import sqlite3, sys
lock = sqlite3.connect(sys.argv[1], isolation_level=None)
lock.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def locked(engine, db):
    """Holds the database from another process; requests here wait a fifth of a second for it."""

    @contextmanager
    def hold() -> Iterator[None]:
        db.execute_sql("PRAGMA busy_timeout = 200")
        with subprocess.Popen(
            [sys.executable, "-c", HOLD, engine.url.removeprefix("sqlite:///")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as other:
            try:
                assert other.stdout.readline() == "held\n"
                yield
            finally:
                other.stdin.close()
                other.wait(10)
                db.execute_sql("PRAGMA busy_timeout = 10000")

    return hold


@pytest.fixture
def page(client, app):
    """The readings form with Anna's values typed in, and who she is."""
    anna = cast.anna()
    client.sign_in("anna@example.ru", cast.PASSWORD)
    return anna, client.get("readings.form", number=anna.account.number)


def typed(person):
    return {f"meter-{person.meter.id}-t{i}": str(value) for i, value in enumerate(cast.USUAL, 1)}


def test_reading_sent_meanwhile_is_not_lost(locked, page):
    anna, form = page
    with locked():
        busy = form.submit(typed(anna), button="Передать")
    assert busy.status == 503
    assert busy.headers["Retry-After"] == "30"
    assert "То, что вы ввели, осталось на этой странице." in busy.text
    assert not Receipt.select().exists()
    assert busy.submit(button="Отправить ещё раз").follow().h1 == "Показания переданы"
    assert Reading.select().where(Reading.period == "2026-11").count() == 1


def test_page_asked_meanwhile_opens(locked, page):
    """Readers do not wait for a writer."""
    anna, form = page
    with locked():
        assert form.client.get("readings.form", number=anna.account.number).status == 200
        assert form.client.get("home.front").status == 200


def test_sign_in_meanwhile_says_what_is_wrong(locked, client, app):
    cast.anna()
    form = client.get("sign_in.form")
    with locked():
        busy = form.submit(login="anna@example.ru", password=cast.PASSWORD)
        assert busy.status == 503
        assert cast.PASSWORD not in busy.markup
    assert client.sign_in("anna@example.ru", cast.PASSWORD).status == 303


def test_part_sent_meanwhile_leaves_the_page_as_it_is(locked, page):
    anna, form = page
    headers = {"HX-Request": "true", "X-CSRFToken": form.value("csrf_token")}
    with locked():
        busy = form.client.post("readings.send_part", typed(anna), headers=headers, number=anna.account.number)
    assert busy.status == 503  # htmx swaps no answer of 500 and above: the typed digits stay in their fields
    assert not Receipt.select().exists()
