"""Tables as XLSX: written row by row, read as the stream that CSV files give (models/exchange/table.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from models.exchange import table, workbook
from models.exchange.table import BadCell, BadFile, Column, Fault
from models.exchange.workbook import Value

KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 200_000  # of a file that is read: a longer table is a CSV
_LONGEST_TITLE, _LONGEST_TEXT = 31, 32_767  # by the format's own rules
_NOT_IN_TITLE = str.maketrans(dict.fromkeys("[]:*?/\\", " "))
_STARTS_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
_EXACT = 10**15
_WIDEST = 60  # characters of a column


def write(
    file: Path | BinaryIO,
    header: Sequence[str],
    rows: Iterable[Sequence[Any]],
    title: str,
    widths: Sequence[int] = (),
) -> None:
    """A workbook of one sheet, row by row; memory does not grow with the rows. `widths` of the columns in characters.

    Texts stay texts whatever they begin with; int and Decimal are numbers (Decimal with two decimals: money), dates are dates,
    True and False are «да» and «нет», None is an empty cell. Moments must be local wall time.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title.translate(_NOT_IN_TITLE).strip()[:_LONGEST_TITLE] or "Лист")
    sheet.freeze_panes = "A2"
    for number, name in enumerate(header, 1):
        width = widths[number - 1] if number <= len(widths) else max(10, len(name) + 2)
        sheet.column_dimensions[get_column_letter(number)].width = min(width, _WIDEST)
    sheet.append([_heading(sheet, name) for name in header])
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    book.save(file)


def money(kopecks: int) -> Decimal:
    """Rubles for a cell."""
    return Decimal(kopecks).scaleb(-2)


def lines(
    source: Path | BinaryIO, columns: tuple[Column, ...], progress: Callable[[int], None] | None = None
) -> Iterator[tuple[int, dict[str, Any] | list[Fault]]]:
    """Each line of the first sheet as `table.lines` gives it. Raises BadFile: no XLSX, a wrong header, more than 200,000 rows.

    Dates are read as 2026-11-20, whole numbers without decimals; a formula counts by the result that the file keeps of it.
    """
    found = workbook.rows(source, progress)
    header = _header(next(found, (1, {}))[1], columns)
    named = tuple((place, column) for column in columns for place in _places(header, column))
    for count, (number, cells) in enumerate(found, 1):
        if count > MOST_ROWS:
            raise BadFile(f"в книге больше {MOST_ROWS} строк; разделите её или сохраните как CSV")
        if any(not isinstance(value, str) or value.strip() for value in cells.values()):
            yield number, _line(number, header, cells, named)


def _heading(sheet: Any, name: str) -> Any:
    cell = WriteOnlyCell(sheet, name)
    cell.font = Font(bold=True)
    return cell


def _cell(sheet: Any, value: Any) -> Any:
    if isinstance(value, str):
        return _text(sheet, value)
    if isinstance(value, bool):
        return "да" if value else "нет"
    if isinstance(value, int):
        return value if abs(value) < _EXACT else _text(sheet, str(value))
    if isinstance(value, Decimal):
        return _shaped(sheet, value, "#,##0.00")
    if isinstance(value, datetime):
        return _shaped(sheet, value, "dd.mm.yyyy hh:mm")
    return _shaped(sheet, value, "dd.mm.yyyy") if isinstance(value, date) else value


def _shaped(sheet: Any, value: Any, shape: str) -> Any:
    cell = WriteOnlyCell(sheet, value)
    cell.number_format = shape
    return cell


def _text(sheet: Any, text: str) -> Any:
    """A cell that is a text: the library would take «=1+1» for a formula, «#N/A» for an error."""
    text = ILLEGAL_CHARACTERS_RE.sub("", text)[:_LONGEST_TEXT]
    if not text:
        return None
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    if text.startswith(_STARTS_FORMULA):
        cell.quotePrefix = True  # or a spreadsheet would run it after the cell was opened for editing
    return cell


def _header(cells: dict[int, Value], columns: tuple[Column, ...]) -> list[str]:
    names = [str(cells.get(place, "")) for place in range(max(cells, default=-1) + 1)]
    while names and not names[-1].strip():
        names.pop()
    return table.header_of(names, columns)


def _places(header: list[str], column: Column) -> list[int]:
    return [header.index(column.name)] if column.name in header else []


def _line(
    number: int, header: list[str], cells: dict[int, Value], named: Sequence[tuple[int, Column]]
) -> dict[str, Any] | list[Fault]:
    if max(cells) >= len(header):
        return [Fault(number, "", f"значения правее последнего столбца: столбцов {len(header)}")]
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    for place, column in named:
        try:
            values[column.name] = table.value_of(column, _as_text(cells.get(place, ""), column))
        except BadCell as error:
            faults.append(Fault(number, column.name, str(error)))
    return faults or values


def _as_text(value: Value, column: Column) -> str:
    """What somebody would have written into a CSV. Raises BadCell."""
    if isinstance(value, BadCell):
        raise value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime) and value.time() == time():
        value = value.date()
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes")
    if isinstance(value, date) and column.parse is table.period and value.day == 1:
        return f"{value:%Y-%m}"  # spreadsheets make a date of «10.2026» by themselves
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
