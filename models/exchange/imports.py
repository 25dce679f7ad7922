"""Importing a file: streaming, all lines or none (or the good ones), each fault with its line, column and reason."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from models import audit
from models.base import database
from models.billing import ledger
from models.exchange import rows, table, xlsx
from models.exchange.kinds import KINDS
from models.exchange.rows import Counts, Kind, Line
from models.exchange.table import BadFile, Fault
from models.metering.accounts import Account

BATCH = 500
_LONGEST_GROUP = 5000
_TURN = 0.02  # seconds between two batches: whoever waits for the database tries again meanwhile
_NAME = 200  # characters of a file's name that the audit keeps

Read = tuple[int, dict[str, Any] | list[Fault]]  # a line's number, its values or what is wrong with it


class _Undo(Exception):  # noqa: N818
    """Leave the transaction without a trace."""


def load(
    kind_name: str,
    path: Path,
    *,
    keep_good: bool = False,
    dry_run: bool = False,
    progress: Callable[[int], None] | None = None,
    only: Callable[[dict[str, Any]], bool] | None = None,
) -> Counts:
    """Import a file of one kind, CSV or XLSX; what it did, or would have done. With any fault nothing is stored unless `keep_good`.

    `only` passes over lines it says no to. Raises BadFile for a file of which no line can be taken.
    """
    kind = KINDS[kind_name]
    lines = xlsx.lines if _is_workbook(path) else table.lines
    held = numbers(lines(path, kind.columns)) if kind.holds else ()
    source = lines(path, kind.columns, progress)
    return take(kind_name, source, path.name, keep_good=keep_good, dry_run=dry_run, only=only, held=held)


def take(
    kind_name: str,
    source: Iterable[Read],
    name: str,
    *,
    keep_good: bool = False,
    dry_run: bool = False,
    only: Callable[[dict[str, Any]], bool] | None = None,
    held: Iterable[str] = (),
    loaded_by: int | None = None,
) -> Counts:
    """As `load`, from lines read already; `name` is what the audit calls them.

    The accounts of the numbers `held` are held from the beginning, in order; `loaded_by` is the transfer that brings the lines.
    """
    kind, counts = KINDS[kind_name], Counts(loaded_by=loaded_by)
    if kind.group and keep_good:
        raise BadFile(f"{kind.name} загружается только целиком: счёт без ошибочной строки был бы неверен")
    try:
        with database.atomic():
            ledger.hold(_ids(held))
            for batch in _batches(kind, source, only):
                batch.load(kind, counts)
            if dry_run or (counts.faults and not keep_good):
                raise _Undo
            detail = {"kind": kind.name, "new": counts.new, "changed": counts.changed}
            audit.record("import.loaded", f"file:{name[:_NAME]}", **detail)
    except _Undo:
        pass
    return counts


def _is_workbook(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(table.ZIP)) == table.ZIP


def take_in_parts(
    kind_name: str, source: Iterable[Read], counts: Counts, part: Callable[[int], AbstractContextManager[None]]
) -> None:
    """Store lines batch by batch, the good ones, adding to `counts`; for kinds that may be loaded in parts.

    `part(line)` is the transaction of the batch that ends with this line. Others get their turn after each.
    """
    kind = KINDS[kind_name]
    for batch in _batches(kind, source):
        with part(batch.last):
            batch.load(kind, counts)
        time.sleep(_TURN)


def check(kind_name: str, read: Callable[[], Iterable[Read]], *, is_alone: bool = False) -> Counts:
    """What loading would do with the lines that `read()` gives, storing nothing.

    Each batch is tried and forgotten before the next, so that nobody else waits for longer than a batch takes. What only the whole file
    shows is looked at here: lines about the same thing. Raises BadFile.
    """
    kind, counts, seen = KINDS[kind_name], Counts(is_alone=is_alone), _Seen()
    for batch in _batches(kind, read()):
        for _, line in batch.lines:
            seen.add(kind.once(line) if kind.once else None)
        with suppress(_Undo), database.atomic():
            batch.load(kind, counts)
            raise _Undo
        time.sleep(_TURN)
    if repeated := seen.twice():
        _settle_repeats(kind, read(), repeated, counts)
    return counts


def numbers(source: Iterable[Read]) -> set[str]:
    """The accounts that the lines name."""
    return {line["account"] for _, line in source if isinstance(line, dict)}


class _Seen:
    """What the lines of a file are about, in eight bytes each."""

    def __init__(self) -> None:
        self._marks = array("q")

    def add(self, key: Any) -> None:
        if key is not None:
            self._marks.append(hash(key))

    def twice(self) -> set[int]:
        ordered = sorted(self._marks)
        return {one for one, other in pairwise(ordered) if one == other}


def _settle_repeats(kind: Kind, source: Iterable[Read], repeated: set[int], counts: Counts) -> None:
    """What is said of the same thing twice: something else is refused, the same counts once."""
    refused = {fault.line for fault in counts.faults}
    first: dict[Any, Line] = {}
    again: dict[Any, int] = {}
    for number, line in source:
        key = kind.once(line) if kind.once and isinstance(line, dict) else None
        if key is None or hash(key) not in repeated or isinstance(line, list):
            continue
        before, known = first.setdefault(key, (number, line))
        if known == line:
            again[key] = again.get(key, -1) + 1
        elif number not in refused:
            counts.refuse(Fault(number, "", f"о том же самом другое сказано в строке {before}"))
    for times in set(again.values()) - {0}:
        _count_once(kind, [first[key] for key, more in again.items() if more == times], times, counts)


def _count_once(kind: Kind, lines: list[Line], times: int, counts: Counts) -> None:
    """Take back what was counted for the repeats of these lines, so many of each."""
    for start in range(0, len(lines), BATCH):
        once = Counts()
        with suppress(_Undo), database.atomic():
            kind.load(lines[start : start + BATCH], once)
            raise _Undo
        counts.new -= times * once.new
        counts.changed -= times * once.changed
        counts.same += times * (once.new + once.changed)
        counts.kopecks -= times * once.kopecks


def _ids(held: Iterable[str]) -> list[int]:
    found: list[int] = []
    names = sorted(held)
    for start in range(0, len(names), BATCH):
        found += rows.ids(Account, Account.number, names[start : start + BATCH]).values()
    return found


@dataclass
class _Batch:
    """Lines that are stored together, the faults of those that cannot be read, how many were read, and the last one's number."""

    lines: list[Line] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    read: int = 0
    last: int = 0

    def load(self, kind: Kind, counts: Counts) -> None:
        counts.read += self.read
        counts.refuse(*self.faults)
        if self.lines:
            kind.load(self.lines, counts)


def _batches(
    kind: Kind, source: Iterable[Read], only: Callable[[dict[str, Any]], bool] | None = None
) -> Iterator[_Batch]:
    batch = _Batch()
    keys: set[Any] = set()
    group: Any = None
    for number, line in source:
        if isinstance(line, dict) and only and not only(line):
            continue
        key, own = (
            (None, group) if isinstance(line, list) else (kind.key(line), kind.group(line) if kind.group else None)
        )
        if _is_full(kind, batch.read, key is not None and key in keys, own is None or own != group):
            yield batch
            batch, keys = _Batch(), set()
        batch.read += 1
        batch.last = number
        if isinstance(line, list):
            batch.faults += line
            continue
        batch.lines.append((number, line))
        keys.add(key)
        group = own
    if batch.read:
        yield batch


def _is_full(kind: Kind, size: int, is_repeat: bool, is_border: bool) -> bool:
    """Whether the batch is to be loaded before the next line joins it."""
    if kind.whole:
        if size >= kind.whole:
            raise BadFile(f"в файле {kind.name} больше {kind.whole} строк; разделите его")
        return False
    return is_repeat or size >= (BATCH if is_border else _LONGEST_GROUP)
