"""The sweep of attached files, as a job."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from peewee import Database

from models import files
from tasks import files as job
from tasks import timetable


def test_the_sweep_is_in_the_timetable_and_leaves_what_is_fresh(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_folder", tmp_path)
    draft = files.put(io.BytesIO(b"%PDF-1 %%EOF"), "a.pdf")
    assert job.sweep in [work for work, _ in timetable.JOBS]
    assert job.sweep() == 0 and files._place(draft.name).exists()
