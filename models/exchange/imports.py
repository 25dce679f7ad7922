"""Importing a file: streaming, all lines or none (or the good ones), each fault with its line, column and reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from models import audit
from models.base import database
from models.exchange.kinds import KINDS, Counts, Kind, Line
from models.exchange.table import lines

BATCH = 500
_NAME = 200  # characters of a file's name that the audit keeps


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
    kind, counts = KINDS[kind_name], Counts()
    try:
        with database.atomic():
            _load(kind, lines(path, kind.columns, progress), counts, only)
            if dry_run or (counts.faults and not keep_good):
                raise _Undo
            name = path.name[:_NAME]
            audit.record("import.loaded", f"file:{name}", kind=kind.name, new=counts.new, changed=counts.changed)
    except _Undo:
        pass
    return counts


def _load(
    kind: Kind, source: Iterable[tuple[int, Any]], counts: Counts, only: Callable[[dict[str, Any]], bool] | None
) -> None:
    batch: list[Line] = []
    keys: set[Any] = set()
    for number, line in source:
        if isinstance(line, dict) and only and not only(line):
            continue
        counts.read += 1
        if isinstance(line, list):
            counts.refuse(*line)
            continue
        key = kind.key(line)
        if key in keys or len(batch) == BATCH:
            kind.load(batch, counts)
            batch, keys = [], set()
        batch.append((number, line))
        keys.add(key)
    if batch:
        kind.load(batch, counts)
