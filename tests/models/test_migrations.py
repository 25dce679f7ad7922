"""Migrations: up, no drift from the tables, down to nothing, up again, and several processes at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from peewee import Database, PeeweeException
from playhouse.migrations import Runner
from playhouse.schema_diff import diff_models

from models import base, schema
from tests.engines import Engine

ROOT = Path(__file__).resolve().parents[2]
FIRST = "0001_initial"


@pytest.fixture
def url(engine: Engine) -> Iterator[str]:
    """A database with nothing in it."""
    with engine.fresh() as address:
        yield address


@pytest.fixture
def database(url: str, engine: Engine) -> Iterator[Database]:
    before = base.database.obj
    database = base.connect(url)
    base.database.initialize(database)
    database.connect()
    yield database
    database.close()
    database.close_all()
    base.database.initialize(before)


def down(database: Database) -> None:
    runner = Runner(database, str(schema.MIGRATIONS))
    while any(migration.applied for migration in runner.status()):
        runner.down()


def test_up(database: Database) -> None:
    assert FIRST in schema.pending(database)
    assert schema.migrate(database)[0] == FIRST
    assert schema.pending(database) == []


def test_second_time_does_nothing(database: Database) -> None:
    schema.migrate(database)
    assert schema.migrate(database) == []


def test_tables_are_what_the_models_say(database: Database) -> None:
    schema.migrate(database)
    assert not diff_models(database, schema.tables())


def test_every_table_is_listed() -> None:
    def all_of(kind: type) -> Iterator[type]:
        for one in kind.__subclasses__():
            yield one
            yield from all_of(one)

    assert {one for one in all_of(base.Row) if one.__module__.startswith("models.")} == set(schema.tables())


def test_down_leaves_nothing(database: Database) -> None:
    schema.migrate(database)
    down(database)
    assert set(database.get_tables()) <= {"schema_migration", "sqlite_sequence"}


def test_up_again_after_down(database: Database) -> None:
    names = schema.migrate(database)
    down(database)
    assert schema.migrate(database) == names
    assert not diff_models(database, schema.tables())


def test_one_counted_reading_a_month_is_in_the_schema(database: Database) -> None:
    """A partial unique index: the comparison above must not be the only one to know."""
    schema.migrate(database)
    index = {one.name: one for one in database.get_indexes("reading")}["reading_counted"]
    assert index.unique and index.columns == ["meter_id", "period"]
    assert "accepted" in index.sql and "billed" in index.sql


def test_without_tables_nothing_works(database: Database) -> None:
    with pytest.raises(PeeweeException):
        schema.tables()[0].select().count()


def test_a_new_database_may_lie_in_a_folder_that_nobody_has_made(tmp_path: Path) -> None:
    """The queue makes the data folder only where it is a file there itself."""
    database = base.connect(f"sqlite:///{tmp_path}/var/kabinet.db")
    assert database.connect()
    database.close()
    database.close_all()  # type: ignore[attr-defined]


def test_three_processes_at_once(url: str) -> None:
    code = (
        "import sys; from models import base, schema; base.database.initialize(base.connect(sys.argv[1])); "
        "base.database.connect(); print(len(schema.migrate(base.database.obj)))"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, url], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    answers = [process.communicate(timeout=60) for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], answers
    done = sorted(int(out) for out, _ in answers)
    assert done[:2] == [0, 0] and done[2] >= 1
