"""The queue: a doorbell whose messages are signed, whose periodic jobs and bells are the timetable's."""

from __future__ import annotations

from datetime import timedelta
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
    names = {str(task.name) for task in huey._registry.periodic_tasks}
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


# ---- bells


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The rows that were looked at; the bell's name is «look»."""
    looked: list[int] = []

    def look(row_id: int) -> None:
        assert not base.database.is_closed(), "the work has a connection"
        looked.append(row_id)

    monkeypatch.setattr(queue, "BELLS", {"look": look})
    return looked


def work_off(huey: Huey) -> None:
    while (task := huey.dequeue()) is not None:
        huey.execute(task)


def test_bells_are_the_timetables(huey: Huey) -> None:
    names = {name.rpartition(".")[2] for name in huey._registry._registry}
    assert set(timetable.BELLS) <= names


def test_ring_is_answered_by_whoever_works_off_the_queue(
    answered: list[int], chosen: settings.Settings, db: Database
) -> None:
    ringing = queue.set_up(chosen)
    assert queue.ring("look", 7) and answered == []
    other_process = queue.set_up(chosen)
    db.close()
    work_off(other_process)
    assert answered == [7] and ringing.pending_count() == 0 and db.is_closed()
    base.database.connect(reuse_if_open=True)


def test_message_carries_the_id_alone(answered: list[int], chosen: settings.Settings) -> None:
    huey = queue.set_up(chosen)
    queue.ring("look", 7)
    task = huey.dequeue()
    assert task.args == (7,) and task.kwargs == {}


def test_ring_that_nobody_heard_in_time_is_forgotten(
    answered: list[int], chosen: settings.Settings, db: Database
) -> None:
    huey = queue.set_up(chosen)
    queue.ring("look", 7)
    task = huey.dequeue()
    huey.execute(task, task.expires_resolved + timedelta(seconds=1))
    assert answered == []


def test_queue_that_is_down_is_no_reason_to_fail(answered: list[int], chosen: settings.Settings) -> None:
    huey = queue.set_up(chosen)
    huey.storage.close()
    (chosen.var_dir / "queue.db").unlink()
    (chosen.var_dir / "queue.db").mkdir()
    assert not queue.ring("look", 7)


def test_unknown_bell_is_a_mistake_of_ours(huey: Huey) -> None:
    with pytest.raises(KeyError):
        queue.ring("nobody", 7)
