"""The first sheet of an XLSX file as a stream of rows: nothing in it runs, nothing outside it is asked, memory stays flat.

A workbook is a ZIP of XML from somebody else. So sizes are checked before anything is unpacked, entities are refused, a row is
forgotten when the next one begins, and what is no cell of the first sheet (macros, links, pictures, other sheets) is never read.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import IO, BinaryIO
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring, iterparse
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

from models.exchange.table import BadCell, BadFile

LARGEST = 300 * 1024 * 1024  # bytes of all parts unpacked
LARGEST_RATIO = 200  # unpacked to packed; honest sheets of numbers reach 30
LARGEST_PART = 8 * 1024 * 1024  # of the parts that are read whole: the list of sheets, the styles
MOST_PARTS = 1000
MOST_TEXTS = 2_000_000  # shared ones: ten in each row of the longest table that is read (xlsx.MOST_ROWS)
MOST_ROWS = 1_048_576  # of a sheet, by the format's own rule
_MOST_ELEMENTS = 70_000  # between two rows: 16 384 cells with what is inside them
_PLACE = re.compile(r"([A-Z]{1,3})[1-9]\d{0,6}", re.ASCII)
_EXACT_DIGITS = 15  # of a number; a spreadsheet has replaced further ones by zeros
_NOT_READ = (
    zipfile.BadZipFile, zlib.error, ParseError, DefusedXmlException, EOFError, OverflowError,
    KeyError, IndexError, ValueError, NotImplementedError, RuntimeError,
)  # fmt: skip

Value = str | int | float | Decimal | bool | date | time | timedelta | BadCell
"""What a cell holds. A BadCell says why it cannot be taken: an error, a formula whose result the file does not keep."""


def rows(
    source: Path | BinaryIO, progress: Callable[[int], None] | None = None
) -> Iterator[tuple[int, dict[int, Value]]]:
    """The rows that have something in them: the number of each, its values by column from 0. Raises BadFile.

    `progress` is told of the bytes read, packed ones.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            _check_sizes(archive)
            book = _Book(archive)
            yield from _Sheet(book).rows(progress)
    except _NOT_READ as error:
        raise BadFile(
            "это не книга XLSX или она испорчена; старый .xls и книгу с паролем сохраните как XLSX"
        ) from error


def _check_sizes(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    whole = sum(part.file_size for part in parts)
    # Part by part: noise in another one would hide a bomb in the mean.
    is_bomb = any(part.file_size > max(LARGEST_PART, part.compress_size * LARGEST_RATIO) for part in parts)
    if len(parts) > MOST_PARTS or whole > LARGEST or is_bomb:
        raise BadFile(
            f"книга слишком велика: распакованная должна быть не больше {LARGEST >> 20} МБ; сохраните лист как CSV"
        )


class _Book:
    """What of a workbook the first visible sheet needs: its place, the shared texts, which styles are dates."""

    def __init__(self, archive: zipfile.ZipFile):
        self.archive = archive
        place = dict(self._links("").values())["officeDocument"]
        book = self.whole(place)
        links = self._links(place)
        self.epoch = CALENDAR_WINDOWS_1900
        if any(_name(one) == "workbookPr" and one.get("date1904") in ("1", "true") for one in book):
            self.epoch = CALENDAR_MAC_1904
        self.sheet = self._first_sheet(book, links)
        parts = dict(links.values())
        self.texts = list(_texts(self, parts["sharedStrings"])) if "sharedStrings" in parts else []
        self.dates, self.spans = _styles(self.whole(parts["styles"])) if "styles" in parts else (set(), set())

    def whole(self, place: str) -> Element:
        """A small part read at once."""
        if self.archive.getinfo(place).file_size > LARGEST_PART:
            raise BadFile("служебная часть книги слишком велика; сохраните лист как CSV")
        found: Element = fromstring(self.archive.read(place))
        return found

    def open(self, place: str) -> IO[bytes]:
        return self.archive.open(place)

    def _first_sheet(self, book: Element, links: dict[str, tuple[str, str]]) -> str:
        for sheet in book.iter():
            if _name(sheet) == "sheet" and sheet.get("state", "visible") == "visible":
                kind, place = links[{name.rpartition("}")[2]: value for name, value in sheet.attrib.items()}["id"]]
                if kind == "worksheet":
                    return place
        raise BadFile("в книге нет ни одного видимого листа с таблицей")

    def _links(self, place: str) -> dict[str, tuple[str, str]]:
        """What a part refers to inside the book: kind and place by the reference's id."""
        folder, name = posixpath.split(place)
        found = {}
        for link in self.whole(posixpath.join(folder, "_rels", f"{name}.rels")):
            if link.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, link.attrib["Target"])).lstrip("/")
                found[link.attrib["Id"]] = (link.attrib["Type"].rpartition("/")[2], target)
        return found


def _name(element: Element) -> str:
    """The name without its namespace: there are two dialects of the format."""
    return element.tag.rpartition("}")[2]


def _elements(file: IO[bytes], wanted: str) -> Iterator[Element]:
    """Each element of this name, forgotten when the next one is asked for. Ends where its parent ends."""
    parents: list[Element] = []
    since = 0
    for event, element in iterparse(file, events=("start", "end")):
        if event == "start":
            parents.append(element)
            since += 1
            if since > _MOST_ELEMENTS:
                raise BadFile("строка листа слишком длинна; сохраните лист как CSV")
            continue
        parents.pop()
        if _name(element) == wanted:
            yield element
            parents[-1].clear()
            since = 0
        elif _name(element) == "sheetData":
            return


def _texts(book: _Book, place: str) -> Iterator[str]:
    with closing(book.open(place)) as file:
        for count, item in enumerate(_elements(file, "si"), 1):
            if count > MOST_TEXTS:
                raise BadFile(f"в книге больше {MOST_TEXTS} разных текстов; сохраните лист как CSV")
            yield _text(item)


def _text(item: Element) -> str:
    """The text of a string, its parts of different looks together; without its reading aid (phonetic)."""
    parts = [part for one in item for part in ([one] if _name(one) == "t" else one if _name(one) == "r" else ())]
    return "".join(part.text or "" for part in parts if _name(part) == "t")


def _styles(styles: Element) -> tuple[set[str], set[str]]:
    """The numbers of the styles that show a date or a time of day, and of those that show a span of time."""
    formats = dict(BUILTIN_FORMATS)
    for one in styles.iter():
        if _name(one) == "numFmt":
            formats[int(one.attrib["numFmtId"])] = one.attrib["formatCode"]
    dates, spans = set(), set()
    for group in styles:
        if _name(group) == "cellXfs":
            for number, style in enumerate(group):
                shape = formats.get(int(style.get("numFmtId", 0)), "General")
                if is_date_format(shape):
                    dates.add(str(number))
                if is_timedelta_format(shape):
                    spans.add(str(number))
    return dates, spans


class _Sheet:
    def __init__(self, book: _Book):
        self._book = book
        self._number = 0

    def rows(self, progress: Callable[[int], None] | None) -> Iterator[tuple[int, dict[int, Value]]]:
        part = self._book.archive.getinfo(self._book.sheet)
        told, share = 0, part.compress_size / max(1, part.file_size)
        with closing(self._book.open(self._book.sheet)) as file:
            for seen, row in enumerate(_elements(file, "row")):
                if seen >= MOST_ROWS:
                    raise BadFile(f"строк больше {MOST_ROWS}: столько в листе не бывает")
                self._number = int(row.get("r", self._number + 1))
                if values := self._values(row):
                    yield self._number, values
                if progress:
                    done = int(file.tell() * share)
                    progress(done - told)
                    told = done

    def _values(self, row: Element) -> dict[int, Value]:
        values: dict[int, Value] = {}
        column = -1
        for cell in row:
            column = _column(cell.attrib["r"]) if "r" in cell.attrib else column + 1
            value = self._value(cell)
            if value is not None and value != "":
                values[column] = value
        return values

    def _value(self, cell: Element) -> Value | None:
        kind, text, has_formula = cell.get("t", "n"), None, False
        for one in cell:
            name = _name(one)
            if name == "v":
                text = one.text
            elif name == "is":
                return _text(one)
            elif name == "f":
                has_formula = True
        if text is None:
            return BadCell("формула без сохранённого значения; замените её значением") if has_formula else None
        return self._read(kind, text, cell.get("s", "0"))

    def _read(self, kind: str, text: str, style: str) -> Value | None:
        if kind == "s":
            return self._book.texts[int(text)]
        if kind == "str":
            return text
        if kind == "b":
            return text == "1"
        if kind == "e":
            return BadCell(f"в ячейке ошибка {text[:20]}")
        if kind == "d":
            return datetime.fromisoformat(text)
        return self._moment(text, style) if style in self._book.dates else _number(text)

    def _moment(self, text: str, style: str) -> Value | None:
        try:
            return from_excel(float(text), self._book.epoch, timedelta=style in self._book.spans)
        except (OverflowError, ValueError):
            return BadCell("такой даты нет")


def _column(place: str) -> int:
    """«AB12»: 27."""
    found = _PLACE.fullmatch(place)
    if found is None:
        raise ValueError(place)
    number = 0
    for letter in found[1]:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _number(text: str) -> Value:
    """A number as the spreadsheet shows it: fifteen digits, without the noise of binary fractions."""
    if len(text) <= _EXACT_DIGITS and text.isascii() and text.isdigit():
        return int(text)
    value = Decimal(f"{float(text):.{_EXACT_DIGITS}g}")
    if not value.is_finite():
        raise ValueError(text)
    if abs(value) >= 10**_EXACT_DIGITS:
        return BadCell("число длиннее 15 цифр: таблица уже потеряла последние; сделайте столбец текстовым")
    return int(value) if value == value.to_integral_value() else value
