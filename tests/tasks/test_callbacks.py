"""The nightly job that forgets phones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from peewee import Database

from models.contact import callback_times, callbacks
from models.contact.callbacks import Callback
from tasks import timetable
from tasks.callbacks import forget_phones
from tests.calls import agreed


def test_phones_are_forgotten_by_a_job_of_the_timetable(db: Database, at: Callable[[str], datetime]) -> None:
    made = callbacks.request("+79135550123", "charges", callback_times.ASAP, name="Анна", consent_shown=agreed())
    callbacks.cancel(made.id)
    at("2027-03-01T10:00")
    assert forget_phones() == 1 and Callback.get().phone == ""
    assert forget_phones() == 0 and forget_phones in [job for job, _ in timetable.JOBS]
