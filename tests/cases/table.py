"""Tables of cases worked out by hand, in Markdown that an accountant reads; a test a row, or a test a section."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

_FOLDER = Path(__file__).resolve().parent
_DAY = re.compile(r"(\d\d)\.(\d\d)\.(\d{4})")


@dataclass
class Section:
    """A heading with the facts under it («- Прописано: 3») and the rows of its table by the names of their columns."""

    title: str
    facts: list[str] = field(default_factory=list)
    rows: list[dict[str, str]] = field(default_factory=list)

    def fact(self, name: str) -> str:
        """The value of «name: value», or nothing."""
        return next((one.partition(": ")[2] for one in self.facts if one.startswith(f"{name}: ")), "")


def sections(file: str) -> list[Section]:
    """The sections of a file that have a table; the text above the first heading of the second level is one too."""
    found = [Section("")]
    columns: list[str] = []
    for line in (_FOLDER / file).read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            found.append(Section(line[3:].strip()))
        elif line.startswith("- "):
            found[-1].facts.append(line[2:].strip())
        elif line.startswith("|"):
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if not columns:
                columns = cells
            elif not set("".join(cells)) <= {"-"} or not "".join(cells):
                found[-1].rows.append(dict(zip(columns, cells, strict=True)))
        else:
            columns = []
    return [section for section in found if section.rows]


def rows(file: str, title: str = "") -> list[Any]:
    """The rows of one table as parameters of a test, each with its first cells as id."""
    section = next(section for section in sections(file) if section.title == title)
    return [pytest.param(row, id=", ".join(cell for cell in list(row.values())[:2] if cell)) for row in section.rows]


def number(text: str) -> Decimal:
    """«−1 234,50» as a decimal."""
    return Decimal(re.sub(r"\s", "", text).replace("−", "-").replace(",", "."))


def kopecks(text: str) -> int:
    value = number(text) * 100
    assert value == int(value), f"{text}: not whole kopecks"
    return int(value)


def scaled(text: str, scale: int = 10_000) -> int:
    value = number(text) * scale
    assert value == int(value), text
    return int(value)


def day(text: str) -> date:
    """The first «15.04.2026» of a text."""
    match = _DAY.search(text)
    assert match, text
    return date(int(match[3]), int(match[2]), int(match[1]))


def items(text: str) -> Iterator[str]:
    """What stands between semicolons."""
    return (one.strip() for one in text.split(";") if one.strip())
