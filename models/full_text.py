"""Finding rows by words of our own making: what the searches of accounts and of appeals share.

A search keeps one entry of words for each row. The engine's full-text index over them (FTS5 on SQLite, GIN on Postgres, kept by
triggers of a migration) finds the entries that have all words of a query. Words are letters and digits, and marks outside ASCII that
are neither, so what is typed can say nothing in the index's query language, and both engines answer alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from peewee import ModelSelect

from models.base import database, is_sqlite


class Atom(NamedTuple):
    """One word to be looked for, whole or as a beginning."""

    word: str
    is_beginning: bool = False


Term = tuple[Atom, ...]  # any of these


@dataclass(frozen=True)
class Index:
    """The table of entries, its column that names the row, and the engine's index over them."""

    entries: str
    row: str
    words: str

    def write(self, entries: Sequence[tuple[int, str]]) -> None:
        """Keep the words of these rows, with spaces between; entries that say what they said before are left alone."""
        mark = database.param
        sql = (
            f"INSERT INTO {self.entries} ({self.row}, words) VALUES ({mark}, {mark}) "  # noqa: S608  only our own names
            f"ON CONFLICT ({self.row}) DO UPDATE SET words = excluded.words WHERE {self.entries}.words <> excluded.words"
        )
        if entries:
            database.cursor().executemany(sql, list(entries))

    def with_all(
        self, terms: Sequence[Term], most: int, *, newest_first: bool = False, within: ModelSelect[Any] | None = None
    ) -> list[int]:
        """The rows that meet all terms, `most` at most; the newest are those with the highest ids; `within` selects ids."""
        if is_sqlite():
            row, match, asked = "rowid", f"{self.words} MATCH ?", _fts5(terms)
        else:
            row, match, asked = self.row, "words @@ %s::tsquery", _tsquery(terms)
        values: list[Any] = [asked]
        if within is not None:
            # The plus keeps SQLite from looking each id up in the index of words, one by one.
            chosen, given = within.sql()
            match, values = f"{match} AND +{row} IN ({chosen})", [asked, *given]
        order = f"ORDER BY {row} DESC " if newest_first else ""
        sql = f"SELECT {row} FROM {self.words} WHERE {match} {order}LIMIT {database.param}"  # noqa: S608  only our own names
        return [one for (one,) in database.execute_sql(sql, (*values, most)).fetchall()]

    def settle(self) -> None:
        """After many entries: join the pieces of the index, so that a search reads few."""
        if is_sqlite():
            database.execute_sql(f"INSERT INTO {self.words} ({self.words}) VALUES ('optimize')")  # noqa: S608
        else:
            database.execute_sql(f"SELECT gin_clean_pending_list('{self.words}_words')")
            database.execute_sql(f"ANALYZE {self.words}")


def _fts5(terms: Sequence[Term]) -> str:
    return " AND ".join("(" + " OR ".join(_fts5_word(atom) for atom in term) + ")" for term in terms)


def _fts5_word(atom: Atom) -> str:
    return f'"{atom.word}"*' if atom.is_beginning else f'"{atom.word}"'


def _tsquery(terms: Sequence[Term]) -> str:
    return " & ".join("(" + " | ".join(_tsquery_word(atom) for atom in term) + ")" for term in terms)


def _tsquery_word(atom: Atom) -> str:
    return f"'{atom.word}':*" if atom.is_beginning else f"'{atom.word}'"
