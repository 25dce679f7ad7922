"""Importing a file: streaming, all lines or none (or the good ones), each fault with its line, column and reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from models import audit
from models.base import database
from models.exchange.kinds import KINDS
from models.exchange.rows import Counts, Kind, Line
from models.exchange.table import BadFile, Fault, lines

BATCH = 500
_LONGEST_GROUP = 5000
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
    """Import a file of one kind; what it did, or would have done. With any fault nothing is stored unless `keep_good`.

    `only` passes over lines it says no to. Raises BadFile for a file of which no line can be taken.
    """
    source = lines(path, KINDS[kind_name].columns, progress)
    return take(kind_name, source, path.name, keep_good=keep_good, dry_run=dry_run, only=only)


def take(
    kind_name: str,
    source: Iterable[Read],
    name: str,
    *,
    keep_good: bool = False,
    dry_run: bool = False,
    only: Callable[[dict[str, Any]], bool] | None = None,
) -> Counts:
    """As `load`, from lines read already; `name` is what the audit calls them."""
    kind, counts = KINDS[kind_name], Counts()
    if kind.group and keep_good:
        raise BadFile(f"{kind.name} загружается только целиком: счёт без ошибочной строки был бы неверен")
    try:
        with database.atomic():
            _load(kind, source, counts, only)
            if dry_run or (counts.faults and not keep_good):
                raise _Undo
            detail = {"kind": kind.name, "new": counts.new, "changed": counts.changed}
            audit.record("import.loaded", f"file:{name[:_NAME]}", **detail)
    except _Undo:
        pass
    return counts


def _load(kind: Kind, source: Iterable[Read], counts: Counts, only: Callable[[dict[str, Any]], bool] | None) -> None:
    batch: list[Line] = []
    keys: set[Any] = set()
    group: Any = None
    for number, line in source:
        if isinstance(line, dict) and only and not only(line):
            continue
        counts.read += 1
        if isinstance(line, list):
            counts.refuse(*line)
            continue
        key, own = kind.key(line), kind.group(line) if kind.group else None
        if _is_full(kind, len(batch), key in keys, own is None or own != group):
            kind.load(batch, counts)
            batch, keys = [], set()
        batch.append((number, line))
        keys.add(key)
        group = own
    if batch:
        kind.load(batch, counts)


def _is_full(kind: Kind, size: int, is_repeat: bool, is_border: bool) -> bool:
    """Whether the batch is to be loaded before the next line joins it."""
    if kind.whole:
        if size >= kind.whole:
            raise BadFile(f"в файле {kind.name} больше {kind.whole} строк; разделите его")
        return False
    return is_repeat or size >= (BATCH if is_border else _LONGEST_GROUP)
