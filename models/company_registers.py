"""Registers of payments: how the files are laid out in which banks and post report money, one table of company.toml each."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from models.company_file import Table, Wrong

_NEEDED = ("day", "document", "account", "amount")
_COLUMNS = (*_NEEDED, "period", "transferred", "fee", "name", "address")
_IN_TRAILER = ("rows", "amount", "transferred", "fee", "order", "day")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_FURTHEST = 100
DAYS = {
    "DD-MM-YYYY": "%d-%m-%Y",
    "DD.MM.YYYY": "%d.%m.%Y",
    "DD/MM/YYYY": "%d/%m/%Y",
    "YYYY-MM-DD": "%Y-%m-%d",
    "YYYYMMDD": "%Y%m%d",
}


@dataclass(frozen=True)
class Register:
    """One kind of register: lines of values by place, and a last line that sums them up."""

    code: str
    title: str
    channel: str  # who reports the payments, as the import of payments names it
    encoding: str
    separator: str
    day: str  # how a day is written, for strptime
    places: Mapping[str, int]  # of the values in a line, from 0
    mark: str  # what the last line begins with
    trailer: Mapping[str, int]  # of the values in the last line, from 0


def registers(top: Table, channels: tuple[str, ...]) -> Mapping[str, Register]:
    """[registers.<name>], none at all where a company gets no registers."""
    if "registers" not in top.values:
        return MappingProxyType({})
    given = top.values["registers"]
    table = top.table("registers", given if isinstance(given, dict) else ())
    for code in table.values:
        if not _NAME.fullmatch(code):
            raise table.error(code, "must be small Latin letters, digits and _")
    return MappingProxyType({code: _register(code, table, channels) for code in table.values})


def _register(code: str, table: Table, channels: tuple[str, ...]) -> Register:
    row = table.table(code, ("title", "channel", "encoding", "separator", "day", "columns", "trailer"))
    places = _places(row, "columns", _COLUMNS, _NEEDED)
    trailer = row.table("trailer", ("mark", *_IN_TRAILER))
    return Register(
        code=code,
        title=row.text("title"),
        channel=row.one_of("channel", channels),
        encoding=row.text("encoding", _encoding),
        separator=row.text("separator", _separator),
        day=DAYS[row.one_of("day", tuple(DAYS))],
        places=places,
        mark=trailer.text("mark"),
        trailer=MappingProxyType(
            {
                name: trailer.whole(name, 1, _FURTHEST) - 1
                for name in _IN_TRAILER
                if name in trailer.values or name in ("rows", "amount")
            }
        ),
    )


def _places(row: Table, key: str, known: tuple[str, ...], needed: tuple[str, ...]) -> Mapping[str, int]:
    table = row.table(key, known)
    places = {name: table.whole(name, 1, _FURTHEST) - 1 for name in known if name in table.values or name in needed}
    if len(set(places.values())) < len(places):
        raise row.error(key, "must have a place of its own for each value")
    return MappingProxyType(places)


def _encoding(value: str) -> None:
    try:
        codecs.lookup(value)
    except LookupError:
        raise Wrong("must be an encoding such as cp1251 or utf-8") from None


def _separator(value: str) -> None:
    if len(value) != 1:
        raise Wrong("must be one character")
