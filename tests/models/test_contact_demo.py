"""The demo of callbacks, news and outages: something everywhere, at hours at which it could have been."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from peewee import Database

from models import clock, company, workdays
from models.contact import callback_times, calling, contact_demo
from models.contact.callbacks import Callback
from models.contact.calling import CallbackTry
from models.contact.news import NewsItem
from models.contact.outages.rows import Outage
from tests import cast


@pytest.mark.parametrize("wall", ["2026-11-21T03:00", "2026-11-21T12:00", "2026-11-22T15:00", "2027-01-05T10:00"])
def test_calls_are_wished_for_and_made_in_the_hours_of_calls(
    db: Database, at: Callable[[str], datetime], wall: str
) -> None:
    at(wall)
    cast.anna(history=False)
    cast.employee("operator")
    contact_demo.fill_demo()
    rules, exceptions = company.current().reception.callbacks, workdays.special()
    for row in Callback.select():
        assert callback_times.works_at(clock.local(row.begins_at), rules, exceptions), row.begins_at
        assert row.created_at <= clock.now() and row.state_at <= clock.now()
    for row in CallbackTry.select():
        assert callback_times.works_at(clock.local(row.at), rules, exceptions) or row.callback.is_open, row.at
    queue = calling.queue()
    assert len(queue.late) == 1 and queue.count == 3


def test_it_is_filled_once(db: Database) -> None:
    cast.anna(history=False)
    cast.employee("operator")
    contact_demo.fill_demo()
    before = [table.select().count() for table in (Callback, NewsItem, Outage)]
    contact_demo.fill_demo()
    assert [table.select().count() for table in (Callback, NewsItem, Outage)] == before and all(before)
