"""The demo's reception: every queue and every state has something in it, and a second time changes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models import clock
from models.contact.appeals import search
from models.contact.appeals.rows import STATES, Appeal
from models.office.inbox import answer_templates, demo, queue, statistics
from models.office.inbox.demo_stories import STORIES
from models.outbox import Message
from tests import cast

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def oleg():
    anna = cast.anna(history=False)
    cast.boris(anna)
    cast.employee("clerk")
    cast.employee("administrator")
    return cast.employee("operator", name="Олег Ткач")


def test_every_queue_and_state_has_something(oleg) -> None:
    assert demo.fill_demo() == len(STORIES)
    counts = queue.counts(oleg.id, "")
    assert all(
        counts[name] for name in ("mine", "nobody", "open", "waiting", "overdue", "soon", "written", "answered")
    ), counts
    assert {one.state for one in Appeal.select()} == set(STATES)
    assert queue.page(queue.Filters("closed"), oleg.id, "").rows
    assert answer_templates.offered("charges")
    assert "не сходится" in Appeal.get_by_id(search.find("начисления не сходятся").ids[0]).title.lower()


def test_second_time_changes_nothing_and_no_letter_goes(oleg) -> None:
    demo.fill_demo()
    assert demo.fill_demo() == 0
    assert not Message.select().where(Message.letter.startswith("appeal")).exists()


def test_statistics_have_something_to_show(oleg) -> None:
    demo.fill_demo()
    today = clock.today()
    report = statistics.report(today - timedelta(days=70), today)
    assert report.total.registered == len(STORIES)
    assert report.total.answered > 15 and report.total.reopened == 2 and report.total.rating
    assert sum(one.registered for one in report.by_month) == report.total.registered


@pytest.mark.company("koryak")
def test_company_without_guests_has_customers_appeals_alone(oleg) -> None:
    demo.fill_demo()
    assert Appeal.select().count() == sum(story.who >= 0 for story in STORIES)


def test_without_staff_there_is_nothing() -> None:
    assert demo.fill_demo() == 0
