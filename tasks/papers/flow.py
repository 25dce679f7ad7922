"""Tables and blocks one below another, over as many pages as they need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from tasks.papers.sheet import BLACK, FAINT, LEFT, MM, PALE, RIGHT, SOFT, Sheet, Style

HEADING = Style(10, bold=True)
_TITLE = Style(7, grey=SOFT)
_PAD = 0.9 * MM  # above and below the text of a row
_GAP = 1.5 * MM  # between the texts of two columns


class _Set(NamedTuple):
    """How the rows of a table are set: size of the text, and the room above and below it."""

    size: float
    pad: float


_USUAL, _DENSE = _Set(8.5, _PAD), _Set(7.5, 0.5 * MM)
_MANY = 20  # rows; a longer table is set densely


class Column(NamedTuple):
    """A column of a table, its width in points."""

    title: str
    width: float
    align: str = LEFT


class Row(NamedTuple):
    """A row of a table, a text a column; long ones go over several lines.

    `open`: no line below, the next row belongs to it, and what is left of a long first cell goes on there.
    """

    cells: Sequence[str]
    strong: bool = False
    open: bool = False


class Flow:
    """Where the next block goes. `begin_page` draws the head of a further page and gives where its blocks begin.

    `is_dense`: all tables are set densely, not the long ones alone, and closer together.
    """

    def __init__(
        self,
        sheet: Sheet,
        x: float,
        y: float,
        bottom: float,
        begin_page: Callable[[], float],
        is_dense: bool = False,
    ):
        self.sheet, self.x, self.y, self.bottom, self.is_dense = sheet, x, y, bottom, is_dense
        self._begin_page = begin_page

    def room(self, height: float) -> bool:
        """Go to a new page unless the height is left on this one; whether it came to that."""
        if self.y + height <= self.bottom:
            return False
        self.sheet.new_page()
        self.y = self._begin_page()
        return True

    def heading(self, text: str, keep: float = 14 * MM) -> None:
        """A heading that stays with what follows it."""
        self.y += (1.2 if self.is_dense else 2.4) * MM
        self.room(keep)
        self.y += 4 * MM
        self.sheet.text(self.x, self.y, text, HEADING)
        self.y += 1.6 * MM

    def table(self, columns: Sequence[Column], rows: Iterable[Row]) -> None:
        """Rows under a head that is repeated on each page; no row is divided."""
        rows = list(rows)
        size, pad = _DENSE if self.is_dense or len(rows) > _MANY else _USUAL
        width = sum(column.width for column in columns)
        self._head(columns)
        hanging: list[str] = []
        for row in rows:
            style = Style(size, bold=row.strong)
            cells = [
                self.sheet.lines(text, style, column.width - _GAP)
                for text, column in zip(row.cells, columns, strict=True)
            ]
            if hanging and not row.cells[0]:
                cells[0] = hanging
            hanging = []
            if row.open:
                own = max(map(len, cells[1:]))
                cells[0], hanging = cells[0][:own], cells[0][own:]
            height = max(map(len, cells)) * style.leading + 2 * pad
            if self.room(height):
                self._head(columns)
            self._row(columns, cells, style, self.y + pad)
            self.y += height
            if row.open:
                self.y -= pad
            else:
                self.sheet.rule(self.x, self.y, self.x + width, 0.4, BLACK if row.strong else PALE)

    def _head(self, columns: Sequence[Column]) -> None:
        sheet, height = self.sheet, _TITLE.leading + 2 * _PAD
        self.room(2 * height)
        width = sum(column.width for column in columns)
        sheet.box(self.x, self.y, width, height, fill=FAINT)
        for x, column in _places(self.x, columns):
            sheet.text(x, self.y + _PAD + _TITLE.size * 0.95, column.title, _TITLE, column.align, column.width - _GAP)
        self.y += height

    def _row(self, columns: Sequence[Column], cells: Sequence[Sequence[str]], style: Style, top: float) -> None:
        baseline = top + style.size * 0.95
        for (x, column), lines in zip(_places(self.x, columns), cells, strict=True):
            for number, line in enumerate(lines):
                self.sheet.text(x, baseline + number * style.leading, line, style, column.align)


def _places(x: float, columns: Sequence[Column]) -> list[tuple[float, Column]]:
    """Where each column's text begins, or ends if it is aligned right."""
    places = []
    for column in columns:
        places.append((x + column.width - _GAP / 2 if column.align == RIGHT else x + _GAP / 2, column))
        x += column.width
    return places
