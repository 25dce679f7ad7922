"""`flask mailing …`: what an administrator sees and does from the console."""

from __future__ import annotations

import pytest

from models import outbox
from models.mailings import mailings
from models.mailings.audiences import Filters
from models.outbox import Message
from tests import cast

pytestmark = pytest.mark.feature("B5")


@pytest.fixture
def run(app):
    return lambda *words: app.test_cli_runner().invoke(args=["mailing", *words])


@pytest.fixture
def draft(db):
    cast.anna()
    oleg = cast.employee("operator", name="Олег")
    return mailings.draft(oleg.id, "news", "Работы", {"title": "Тема", "text": "Текст"}, Filters(dwelling="urban"))


def test_a_mailing_is_started_paused_resumed_and_stopped(run, draft):
    number = str(draft.id)
    assert run("start", number).output == f"{number}: запланирована\n"
    assert run("pause", number).exit_code == 1
    mailings.begin(draft.id)
    assert run("pause", number).output == f"{number}: приостановлена\n"
    assert run("resume", number).output == f"{number}: идёт\n"
    assert run("stop", number).output == f"{number}: остановлена\n"
    assert "Рассылка уже закончилась." in run("stop", number).output


def test_the_list_names_those_that_the_portal_made(run, draft, at):
    at("2026-11-26T23:30")
    assert "Напоминание передать показания" in run("regular").output
    assert run("regular").output == "сегодня нечего\n"
    lines = run("list").output.splitlines()
    assert "сама" in lines[0] and "идёт" in lines[0] and "Олег" in lines[1] and "черновик" in lines[1]


def test_one_mailing_is_told_with_its_audience_and_counts(run, draft, at):
    at("2026-11-26T12:30")
    run("regular")
    Message.update(state=outbox.SENT).execute()
    shown = run("show", str(draft.id + 1)).output
    assert "100 %" in shown and "отправлены: 1" in shown
    assert "Жильё: городские квартиры" in run("show", str(draft.id)).output
    assert "рассылки 99 нет" in run("show", "99").output
