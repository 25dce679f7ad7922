"""What all kinds of import files share: a kind, what a file did, and how lines become rows. A repeat changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from models import company
from models.base import pairs
from models.exchange.table import BadCell, Column, Fault
from models.metering.accounts import Account

Line = tuple[int, dict[str, Any]]
MOST_FAULTS = 1000
_CHUNK = 500  # rows of one statement


@dataclass
class Counts:
    """What a file did or would do."""

    read: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    bad: int = 0  # faults in all
    faults: list[Fault] = field(default_factory=list)  # the first of them: a million must not fill the memory
    kopecks: int = 0  # of the new lines, where they are money
    loaded_by: int | None = None  # the transfer in whose name the lines are stored
    owners: int = 0  # accounts that were there and get another holder's name or another access code
    is_alone: bool = False  # nobody but one employee has seen the file: what takes two is refused

    def refuse(self, *faults: Fault) -> None:
        self.bad += len(faults)
        self.faults += faults[: max(0, MOST_FAULTS - len(self.faults))]


@dataclass(frozen=True)
class Kind:
    name: str
    columns: tuple[Column, ...]
    key: Callable[[dict[str, Any]], Any]  # what names a row; twice in one batch is loaded as two batches
    load: Callable[[list[Line], Counts], None]
    whole: int = 0  # the file is one batch, keys twice or not, of at most so many lines; 0: by batches
    group: Callable[[dict[str, Any]], Any] | None = None  # lines with the same one, standing together, are in one batch
    once: Callable[[dict[str, Any]], Any] | None = (
        None  # what only one line of a file may be about; None: any number of lines
    )
    holds: bool = False  # all accounts of the file are held before its first line: money of many at once
    in_parts: bool = (
        False  # lines rest on no other line, and a repeat changes nothing: each batch may be stored by itself
    )


def account_number(text: str) -> str:
    number = company.current().normal_number(text)
    if number is None:
        raise BadCell(f"«{text[:40]}»: номер лицевого счёта — {company.current().number.hint}")
    return number


def service(text: str) -> str:
    known = company.current().services
    if text not in known:
        raise BadCell(f"услуги «{text[:40]}» у компании нет; есть: {', '.join(known)}")
    return text


def defaults(columns: tuple[Column, ...]) -> dict[str, Any]:
    """What a new row has in the columns that a file leaves out."""
    return {column.name: column.default for column in columns if not column.required}


def upsert(
    table: Any, key: Sequence[str], rows: Sequence[dict[str, Any]], defaults: dict[str, Any], counts: Counts
) -> None:
    """Insert new rows and update changed ones; equal rows are not touched, nor are columns not given."""
    for start in range(0, len(rows), _CHUNK):
        _upsert(table, key, rows[start : start + _CHUNK], defaults, counts)


def ids(table: Any, column: Any, names: Iterable[str]) -> dict[str, int]:
    return dict(pairs(table.select(column, table._meta.primary_key).where(column.in_(list(names)))))


def accounts(lines: Sequence[Line]) -> dict[str, int]:
    """The keys of the accounts that the lines name, as far as they are there."""
    return ids(Account, Account.number, {values["account"] for _, values in lines})


def no_account(number: int) -> Fault:
    return Fault(number, "account", "такого лицевого счёта нет; загрузите accounts раньше")


def _upsert(
    table: Any, key: Sequence[str], rows: Sequence[dict[str, Any]], defaults: dict[str, Any], counts: Counts
) -> None:
    fields = table._meta.fields
    given = list(rows[0])
    found = table.select(*(fields[name] for name in {**defaults, **rows[0]}))
    stored = {
        tuple(row[name] for name in key): row
        for row in found.where(fields[key[0]].in_({row[key[0]] for row in rows})).dicts()
    }
    wanted = []
    for row in rows:
        old = stored.get(tuple(row[name] for name in key))
        if old is None:
            counts.new += 1
        elif all(old[name] == row[name] for name in given):
            counts.same += 1
            continue
        else:
            counts.changed += 1
        wanted.append({**(old or defaults), **row})
    if wanted:
        target, preserved = [fields[name] for name in key], [fields[name] for name in given if name not in key]
        table.insert_many(wanted).on_conflict(conflict_target=target, preserve=preserved).execute()
