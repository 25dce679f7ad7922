"""The queue: a doorbell whose messages are signed and whose periodic jobs are the timetable's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from huey import Huey
from huey.signals import SIGNAL_ERROR
from peewee import Database

from models import base, settings
from tasks import queue, timetable


@pytest.fixture
def chosen(tmp_path: Path) -> settings.Settings:
    return settings.read({"KABINET_VAR_DIR": str(tmp_path / "var")})


@pytest.fixture
def huey(chosen: settings.Settings) -> Huey:
    return queue.set_up(chosen)


def test_lies_in_a_file_of_its_own_unless_told_otherwise(huey: Huey, chosen: settings.Settings) -> None:
    assert (chosen.var_dir / "queue.db").exists()
    assert huey.pending_count() == 0


def test_periodic_jobs_are_the_timetables(huey: Huey) -> None:
    names = {name.rpartition(".")[2] for name in huey._registry._registry}
    assert names == {job.__name__ for job, _ in timetable.JOBS}


def test_job_opens_a_connection_and_leaves_none(huey: Huey, db: Database) -> None:
    db.close()
    errors: list[Any] = []
    huey.signal(SIGNAL_ERROR)(lambda signal, task, error=None: errors.append(error))
    for task in huey._registry.periodic_tasks:
        huey.execute(task)
    assert errors == [] and db.is_closed()
    base.database.connect(reuse_if_open=True)


def test_message_that_was_tampered_with_is_not_run(huey: Huey) -> None:
    task = huey._registry.periodic_tasks[0]
    message = huey.serialize_task(task)
    assert huey.deserialize_task(message) == task
    with pytest.raises(ValueError, match=r"[Ss]ignature"):
        huey.deserialize_task(message[:-1] + bytes([message[-1] ^ 1]))


def test_message_of_another_portal_is_not_run(huey: Huey, tmp_path: Path) -> None:
    other = queue.set_up(settings.read({"KABINET_VAR_DIR": str(tmp_path / "other"), "KABINET_SECRET_KEY": "x" * 32}))
    with pytest.raises(ValueError, match=r"[Ss]ignature"):
        huey.deserialize_task(other.serialize_task(other._registry.periodic_tasks[0]))
