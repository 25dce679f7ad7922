"""Reading a table file as a stream: CSV with `;`, UTF-8 (with or without BOM) or cp1251, a header row with known names."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from models import periods

ZIP = b"PK\x03\x04"  # what a workbook begins with, and no CSV
_CHUNK = 1 << 20
_NUMBER = re.compile(r"-?(\d{1,3}( \d{3})+|\d{1,15})([.,]\d{1,9})?", re.ASCII)
_SPACES = re.compile("[\u00a0\u2009\u202f]")  # spreadsheets and our own texts keep numbers together with these
_HARMLESS = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")
_LONGEST = 10_000  # characters of one cell


class BadCell(Exception):  # noqa: N818
    """A cell that cannot be taken; the text says why."""


class BadFile(Exception):  # noqa: N818
    """A file of which no line can be taken."""


class Fault(NamedTuple):
    """What is wrong with a line: its number in the file, the column (empty: the whole line), the reason."""

    line: int
    column: str
    reason: str


@dataclass(frozen=True)
class Column:
    """A column of a kind of file: its header name, how a cell becomes a value (raises BadCell), and what an empty cell means."""

    name: str
    parse: Callable[[str], Any]
    required: bool = True
    default: Any = None


def encoding_of(path: Path) -> str:
    """'utf-8-sig' if the whole file is valid UTF-8, else 'cp1251'."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1251"
    return "utf-8-sig"


def lines(
    path: Path, columns: tuple[Column, ...], progress: Callable[[int], None] | None = None
) -> Iterator[tuple[int, dict[str, Any] | list[Fault]]]:
    """Each line's number with its values by column name, or with all its faults. Raises BadFile for a wrong header.

    A column that the header does not name has no value; an empty cell of one that it names has the column's default.
    """
    with path.open(encoding=encoding_of(path), errors="replace", newline="") as file:
        text = counted(file, progress)
        reader = csv.reader(text, delimiter=";", strict=True)
        header = header_of(next(reader, []), columns, "; между ними «;»")
        named = tuple(column for column in columns if column.name in header)
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield reader.line_num, _line(reader.line_num, header, cells, named)
        except csv.Error as error:
            raise BadFile(f"строка {reader.line_num}: {error}") from error


def counted(file: Any, progress: Callable[[int], None] | None) -> Iterator[str]:
    """The lines of a text file; `progress` is told the bytes of each."""
    for text in file:
        if progress:
            progress(len(text.encode()))
        yield text


def header_of(names: list[str], columns: tuple[Column, ...], how: str = "") -> list[str]:
    """The first line of a file as names of columns; raises BadFile for an unknown, a missing or a doubled one."""
    header = [name.strip().lower() for name in names]
    known = {column.name for column in columns}
    if unknown := [name for name in header if name not in known]:
        raise BadFile(f"неизвестный столбец «{unknown[0]}»; известны: {', '.join(column.name for column in columns)}")
    if missing := [column.name for column in columns if column.required and column.name not in header]:
        raise BadFile(f"нет столбца «{missing[0]}»; первая строка файла — названия столбцов{how}")
    if doubled := [name for name in header if header.count(name) > 1]:
        raise BadFile(f"столбец «{doubled[0]}» назван дважды")
    return header


def _line(
    number: int, header: list[str], cells: list[str], columns: tuple[Column, ...]
) -> dict[str, Any] | list[Fault]:
    if len(cells) != len(header):
        return [Fault(number, "", f"в строке {len(cells)} значений, а столбцов {len(header)}")]
    given = dict(zip(header, cells, strict=True))
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    for column in columns:
        try:
            values[column.name] = value_of(column, given[column.name])
        except BadCell as error:
            faults.append(Fault(number, column.name, str(error)))
    return faults or values


def value_of(column: Column, cell: str) -> Any:
    """What a cell's text means in its column; raises BadCell."""
    text = plain(_SPACES.sub(" ", cell).strip())
    if not text:
        if column.required:
            raise BadCell("пусто")
        return column.default
    if len(text) > _LONGEST or not text.isprintable() or "\ufffd" in text:
        raise BadCell("слишком длинно или содержит непечатные знаки")
    return column.parse(text)


def plain(text: str) -> str:
    """The text without the apostrophe that keeps spreadsheets from running it as a formula; see `exports.safe`."""
    return text[1:] if _HARMLESS.match(text) else text


def words(most: int) -> Callable[[str], str]:
    """Text of up to `most` characters."""

    def parse(text: str) -> str:
        if len(text) > most:
            raise BadCell(f"длиннее {most} знаков")
        return text

    return parse


def choice(*known: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in known:
            raise BadCell(f"«{text[:40]}» неизвестно; бывает: {', '.join(known)}")
        return text

    return parse


def whole(least: int, most: int) -> Callable[[str], int]:
    """An integer within bounds, ASCII digits only."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 19 and least <= int(text) <= most):
            raise BadCell(f"«{text[:40]}»: нужно целое число от {least} до {most}")
        return int(text)

    return parse


def hundredths(text: str) -> int:
    """A non-negative number with a dot or a comma and up to two decimals, in hundredths."""
    try:
        value = Decimal(text.replace(",", "."))
    except InvalidOperation:
        raise BadCell(f"«{text[:40]}»: нужно число, например 54.30") from None
    if not value.is_finite() or not 0 <= value < 10**6 or value != round(value, 2):
        raise BadCell(f"«{text[:40]}»: нужно число не меньше нуля, до двух знаков после запятой")
    return int(value * 100)


def scaled(places: int, least: str, most: str, example: str) -> Callable[[str], int]:
    """A decimal number within bounds with up to `places` decimals, as a whole number of the smallest parts: «1 234,5» with two places
    is 123450. Exact; thousands may be apart, the sign may be a real minus, the decimals follow a comma or a dot.
    """
    scale, lowest, highest = 10**places, Decimal(least), Decimal(most)

    def parse(text: str) -> int:
        plain = text.replace("\u2212", "-")
        if not _NUMBER.fullmatch(plain):
            raise BadCell(f"«{text[:40]}»: нужно число, например {example}")
        value = Decimal(plain.replace(" ", "").replace(",", "."))
        if not lowest <= value <= highest:
            raise BadCell(f"«{text[:40]}»: нужно число от {_shown(lowest)} до {_shown(highest)}")
        if value * scale != int(value * scale):
            raise BadCell(f"«{text[:40]}»: после запятой может быть до {places} знаков")
        return int(value * scale)

    return parse


kopecks = scaled(2, "-1000000000", "1000000000", "2642,85")
positive_kopecks = scaled(2, "0.01", "1000000000", "2642,85")
price = scaled(4, "0.0001", "1000000", "4,2371")  # ten-thousandths of a ruble
quantity = scaled(4, "-1000000000", "1000000000", "184,5")  # ten-thousandths of a unit
percent = scaled(2, "0.01", "100", "9,5")  # hundredths of a percent


@lru_cache(maxsize=10_000)  # a file of a million lines has some hundred days
def day(text: str) -> date:
    """2026-11-20 or 20.11.2026."""
    for shape in ("%Y-%m-%d", "%d.%m.%Y"):
        try:
            found = datetime.strptime(text, shape).date()
        except ValueError:
            continue
        if 1950 <= found.year <= 2100:
            return found
    raise BadCell(f"«{text[:40]}»: нужна дата, например 2026-11-20 или 20.11.2026")


def yes(text: str) -> bool:
    """yes or no."""
    return choice("yes", "no")(text) == "yes"


def period(text: str) -> str:
    """2026-10 or 10.2026."""
    found = periods.parse(text) or periods.parse("-".join(reversed(text.split("."))))
    if found is None:
        raise BadCell(f"«{text[:40]}»: нужен месяц, например 2026-10 или 10.2026")
    return found


def _shown(bound: Decimal) -> str:
    return f"{bound:f}".replace(".", ",")
