"""The ground under all tables: the database, the base row, refusals, reads compiled once."""

from __future__ import annotations

import json
import threading
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from peewee import (
    AutoField,
    BooleanField,
    CharField,
    Database,
    DatabaseProxy,
    DateField,
    DateTimeField,
    DecimalField,
    JSONField,
    Model,
    ModelSelect,
    SqliteDatabase,
    Value,
)
from playhouse.db_url import connect as connect_url
from playhouse.pool import PooledSqliteDatabase

database = DatabaseProxy()


class Row(Model):
    """A table. Moments are naive UTC, money is kopecks, dial values and volumes are integers."""

    if TYPE_CHECKING:  # what peewee adds by itself: the key, and <name>_id beside each foreign key
        id = AutoField()

        def __getattr__(self, name: str) -> Any: ...

    class Meta:
        database = database
        legacy_table_names = False


class Problem(NamedTuple):
    """One thing wrong with one field: the field's name (None: the whole form), a text the customer can act on, the rule's code."""

    field: str | None
    text: str
    rule: str = ""


class Refusal(Exception):  # noqa: N818  the word of the field
    """A broken rule of the domain. Every channel shows the texts in its own way."""

    def __init__(
        self, field: str | None = None, text: str = "", rule: str = "", *, problems: list[Problem] | None = None
    ):
        self.problems = [Problem(field, text, rule)] if problems is None else problems
        super().__init__("; ".join(problem.text for problem in self.problems))

    @property
    def text(self) -> str:
        return self.problems[0].text


def connect(url: str) -> Database:
    """The database for sqlite:///path or postgresql://…, with the guarantees the rest relies on."""
    if urlsplit(url).scheme == "sqlite":
        return _sqlite(url.removeprefix("sqlite:///"))
    pooled = url.replace("postgresql://", "psycopg3+pool://", 1)
    return connect_url(pooled, max_connections=32, stale_timeout=300, timeout=10)


def _sqlite(path: str) -> SqliteDatabase:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    # FULL: WAL with NORMAL loses acknowledged commits in a power cut. IMMEDIATE: a deferred read-then-write fails at once
    # under load, whatever the busy time-out.
    database = PooledSqliteDatabase(
        path,
        max_connections=32,
        timeout=10,
        check_same_thread=False,
        lock_type="IMMEDIATE",
        returning_clause=True,
        pragmas={
            "journal_mode": "wal",
            "foreign_keys": 1,
            "synchronous": 2,
            "busy_timeout": 10_000,
            "cache_size": -16_000,
        },
    )
    # SQLite's own LOWER knows ASCII only: «иванов» would not find «Иванов».
    database.register_function(lambda text: text.lower() if text is not None else None, "lower", 1)
    return database


def is_sqlite() -> bool:
    return isinstance(database.obj, SqliteDatabase)


def locked(query: ModelSelect[Any]) -> ModelSelect[Any]:
    """The query with its rows locked until the transaction ends; on SQLite the transaction itself is the lock."""
    # Not FOR UPDATE: that would also stop whoever only refers to the row, such as a reading to its account.
    return query if is_sqlite() else query.for_update("FOR NO KEY UPDATE")  # type: ignore[arg-type]


@contextmanager
def connection() -> Iterator[None]:
    """A connection for this thread unless it has one."""
    mine = database.connect(reuse_if_open=True)
    try:
        yield
    finally:
        if mine:
            database.close()


@dataclass(frozen=True)
class _Placeholder:  # no tuple: peewee would take it for a list of values
    name: str


def param(name: str) -> Value:
    """The place of a named value in a compiled read."""
    return Value(_Placeholder(name), converter=False)


class Compiled:
    """A read whose SQL is built once per database: peewee spends half a millisecond on it each time otherwise.

    `build` returns a query with `param(name)` for its values; a call gives named tuples of the selected columns.
    """

    def __init__(self, build: Callable[[], ModelSelect[Any]]):
        self.build = build
        self.__doc__ = build.__doc__
        self._plans: dict[type, tuple[str, list[Any], Callable[..., Any], list[tuple[int, Callable[[Any], Any]]]]] = {}
        self._lock = threading.Lock()

    def __call__(self, **values: Any) -> list[Any]:
        sql, slots, row, converters = self._plan()
        params = [values[slot.name] if isinstance(slot, _Placeholder) else slot for slot in slots]
        rows = database.execute_sql(sql, params).fetchall()
        if not converters:
            return [row(*cells) for cells in rows]
        return [row(*_convert(cells, converters)) for cells in rows]

    def first(self, **values: Any) -> Any | None:
        return next(iter(self(**values)), None)

    def _plan(self) -> Any:
        kind = type(database.obj)
        plan = self._plans.get(kind)
        if plan is None:
            with self._lock:
                plan = self._plans[kind] = _compile(self.build())
        return plan


def insert_rows(table: type[Row], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert many rows with the same keys: building SQL for each would take most of the time of a large run."""
    if not rows:
        return
    fields = [table._meta.fields[name] for name in rows[0]]  # type: ignore[attr-defined]
    names = ", ".join(f'"{field.column_name}"' for field in fields)
    places = ", ".join([database.param] * len(fields))
    packed = [name for name, field in zip(rows[0], fields, strict=True) if isinstance(field, JSONField)]
    values = [tuple({**row, **{name: _dumps(row[name]) for name in packed}}.values()) for row in rows]
    sql = f'INSERT INTO "{table._meta.table_name}" ({names}) VALUES ({places})'  # type: ignore[attr-defined]  # noqa: S608  our own names alone
    database.cursor().executemany(sql, values)


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def pairs(query: Any) -> list[tuple[Any, Any]]:
    """The rows of a query of two columns."""
    return [(one, two) for one, two in query.tuples()]


def compiled(build: Callable[[], ModelSelect[Any]]) -> Compiled:
    return Compiled(build)


def _compile(query: ModelSelect[Any]) -> Any:
    sql, slots = query.sql()
    columns = [(_name(node), _field(node)) for node in query._returning]  # type: ignore[attr-defined]
    row = namedtuple("Row_", [name for name, _ in columns])  # type: ignore[misc]
    converters = [(i, make) for i, (_, field) in enumerate(columns) if (make := _converter(field))]
    return sql, list(slots), row, converters


def _name(node: Any) -> str:
    return getattr(node, "_alias", None) or node.name


def _field(node: Any) -> Any:
    while hasattr(node, "node"):
        node = node.node
    return getattr(node, "field", node)


def _converter(field: Any) -> Callable[[Any], Any] | None:
    """SQLite gives dates and JSON back as text, and knows no boolean or decimal."""
    if isinstance(field, (JSONField, BooleanField, DecimalField)):
        return field.python_value
    if not is_sqlite():
        return None
    if isinstance(field, DateTimeField):
        return datetime.fromisoformat
    return date.fromisoformat if isinstance(field, DateField) else None


def _convert(cells: tuple[Any, ...], converters: list[tuple[int, Callable[[Any], Any]]]) -> list[Any]:
    values = list(cells)
    for i, make in converters:
        if values[i] is not None:
            values[i] = make(values[i])
    return values


class PeriodField(CharField):
    """A calendar month 'YYYY-MM'."""

    def __init__(self, **options: Any):
        super().__init__(max_length=7, **options)
