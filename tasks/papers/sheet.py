"""The ground of all papers: pages drawn on ReportLab's canvas, lengths in points, y counted from the top of the page.

All text is plain: nothing in it is ever read as markup. The same data gives the same bytes.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, BinaryIO, NamedTuple

from reportlab import rl_config
from reportlab.lib.pagesizes import A4 as A4  # 595 × 842 points
from reportlab.pdfbase import pdfdoc
from reportlab.pdfgen.canvas import Canvas

from tasks.papers import faces, qr_code
from tasks.papers.faces import Run

rl_config.useA85 = 0  # type: ignore[attr-defined]
MM = 72 / 25.4
LEFT, RIGHT, CENTRE = "left", "right", "centre"
BLACK, SOFT, PALE, FAINT = 0.0, 0.35, 0.7, 0.93  # shades of grey that a laser printer tells apart
AMBER = "0.949 0.671 0.153"  # the lamp of the portal
_BREAKS = re.compile(r"[ \t\r\n]+")  # no-break spaces are none
_DARK = re.compile("1+")
_NUMBERS = [str(number) for number in range(178)]  # the largest code has 177 modules a side
_WIDTHS = [f"{number} 1 re\n" for number in range(178)]
_PACKING = 6  # of zlib: a higher level saves one byte in a hundred and doubles the time


class Style(NamedTuple):
    """How a text looks: size in points, grey from 0 (black) to 1."""

    size: float
    bold: bool = False
    grey: float = BLACK

    @property
    def leading(self) -> float:
        return self.size * 1.28


class Sheet:
    """A document in the making. Pages gather until `flush`, so a footer may say how many there are."""

    def __init__(self, file: BinaryIO, *, title: str, author: str, size: tuple[float, float] = A4):
        self.width, self.height = size
        self._faces = faces.both()
        self._canvas = Canvas(
            file, pagesize=size, pageCompression=1, invariant=1, initialFontName=self._faces[0].name, lang="ru"
        )
        self._canvas.setTitle(title)
        self._canvas.setAuthor(author)
        self._canvas.setCreator(author)
        self._canvas.setSubject(title)
        self._document = self._canvas._doc
        for face in self._faces:
            face.begin(self._document)
        self._names = [[face.subset_name(0, self._document)] for face in self._faces]
        self._pages: list[list[str]] = []
        self.new_page()

    # ---- pages

    def new_page(self) -> None:
        self._code: list[str] = []
        self._pages.append(self._code)
        self._font: tuple[str, float] | None = None
        self._grey: float | None = None

    def flush(self, footer: Callable[[int, int], None] | None = None) -> int:
        """Finish the gathered pages, drawing `footer(number, count)` on each; how many there were. The next ones start anew."""
        pages, self._pages = self._pages, []
        for number, code in enumerate(pages, 1):
            self._code, self._font, self._grey = code, None, None
            if footer:
                footer(number, len(pages))
            self._canvas.showPage()
            _pack(self._document.Pages.pages[-1], code)
        self.new_page()
        return len(pages)

    def forget(self) -> None:
        """Drop the gathered pages: what is drawn next begins anew."""
        self._pages = []
        self.new_page()

    @property
    def gathered(self) -> int:
        """How many pages are begun since the last `flush`."""
        return len(self._pages)

    def save(self) -> None:
        """Write the document; what is drawn after the last `flush` is not part of it."""
        self._document.SaveToFile(self._canvas._filename, self._canvas)

    # ---- text

    def text(self, x: float, y: float, text: str, style: Style, align: str = LEFT, within: float | None = None) -> None:
        """One line, y its baseline. Longer than `within` it is cut and ends in an ellipsis."""
        run = self._run(text, style.bold)
        if within is not None and run.width * style.size > within:
            run = self._run(self._cut(text, style, within), style.bold)
        if align != LEFT:
            x -= run.width * style.size * (1 if align == RIGHT else 0.5)
        self._show(run, x, self.height - y, style)

    def paragraph(
        self, x: float, y: float, text: str, style: Style, within: float, most: int = 1000, leading: float | None = None
    ) -> float:
        """Text over as many lines as it needs, `most` at most; y is the first baseline. The baseline after the last line."""
        leading = leading or style.leading
        for line in self.lines(text, style, within, most):
            self._show(self._run(line, style.bold), x, self.height - y, style)
            y += leading
        return y

    def lines(self, text: str, style: Style, within: float, most: int = 1000) -> list[str]:
        """The lines that a text breaks into; a word longer than a line is broken. The last of `most` ends in an ellipsis."""
        room = within / style.size
        if self._run(text, style.bold).width <= room:
            return [text]
        lines = list(self._broken(text, style.bold, room))
        if len(lines) > most:
            lines[most - 1 :] = [self._cut(" ".join(lines[most - 1 :]), style, within)]
        return lines

    def line_width(self, text: str, style: Style) -> float:
        return self._run(text, style.bold).width * style.size

    def _run(self, text: str, bold: bool) -> Run:
        return self._faces[bold].run(text, self._document)

    def _broken(self, text: str, bold: bool, room: float) -> Iterator[str]:
        space = self._run(" ", bold).width
        line, used = "", 0.0
        for word in _BREAKS.split(text):
            width = self._run(word, bold).width
            if line and used + space + width <= room:
                line, used = f"{line} {word}", used + space + width
                continue
            if line:
                yield line
            while width > room:
                head = self._fitting(word, bold, room)
                yield word[:head]
                word = word[head:]
                width = self._run(word, bold).width
            line, used = word, width
        yield line

    def _fitting(self, word: str, bold: bool, room: float) -> int:
        """How many characters of a text fit, at least one."""
        used = 0.0
        for place, character in enumerate(word):
            used += self._run(character, bold).width
            if used > room:
                return max(place, 1)
        return len(word)

    def _cut(self, text: str, style: Style, within: float) -> str:
        """The text, too long for the room, shortened until it fits with an ellipsis."""
        left = within / style.size - self._run("…", style.bold).width
        return f"{text[: self._fitting(text, style.bold, left)].rstrip()}…"

    def _show(self, run: Run, x: float, y: float, style: Style) -> None:
        code = self._code
        if self._grey != style.grey:
            self._grey = style.grey
            code.append(f"{style.grey:g} g")
        names = self._names[style.bold]
        if len(run.parts) == 1 and run.parts[0][0] == 0:
            font = (names[0], style.size)
            select = "" if self._font == font else f"{names[0]} {style.size:g} Tf "
            self._font = font
            code.append(f"BT {select}{x:.2f} {y:.2f} Td ({run.parts[0][1]}) Tj ET")
            return
        shown = [f"{self._subset(style.bold, part)} {style.size:g} Tf ({codes}) Tj" for part, codes in run.parts]
        code.append(f"BT {x:.2f} {y:.2f} Td {' '.join(shown)} ET")
        self._font = None

    def _subset(self, bold: bool, number: int) -> str:
        names = self._names[bold]
        while len(names) <= number:
            names.append(self._faces[bold].subset_name(len(names), self._document))
        return names[number]

    # ---- lines, boxes, codes

    def rule(self, x: float, y: float, to_x: float, width: float = 0.5, grey: float = BLACK) -> None:
        """A horizontal line."""
        y = self.height - y
        self._code.append(f"{width:g} w {grey:g} G {x:.2f} {y:.2f} m {to_x:.2f} {y:.2f} l S")

    def box(
        self, x: float, y: float, width: float, height: float, fill: float | str | None = None, edge: float = 0
    ) -> None:
        """A rectangle, y its top: filled with a grey or a colour, or its edge drawn with lines so wide."""
        shape = f"{x:.2f} {self.height - y - height:.2f} {width:.2f} {height:.2f} re"
        if fill is None:
            self._code.append(f"{edge:g} w 0 G {shape} S")
            return
        colour = f"{fill} rg" if isinstance(fill, str) else f"{fill:g} g"
        self._code.append(f"{colour} {shape} f")
        self._grey = fill if isinstance(fill, float) else None

    def hatched(
        self, x: float, y: float, width: float, height: float, gap: float = 2.2, is_rising: bool = False
    ) -> None:
        """A rectangle filled with lines that fall to the right, or rise."""
        bottom = self.height - y - height
        code = [f"q {x:.2f} {bottom:.2f} {width:.2f} {height:.2f} re W n 0.5 w 0 G"]
        steps = int((width + height) / gap)
        for step in range(1, steps + 1):
            along = step * gap
            start, end = (bottom, bottom + height) if is_rising else (bottom + height, bottom)
            code.append(f"{x + along - height:.2f} {start:.2f} m {x + along:.2f} {end:.2f} l")
        code.append(f"S Q 0.5 w 0 G {x:.2f} {bottom:.2f} {width:.2f} {height:.2f} re S")
        self._code.append("\n".join(code))

    def qr(self, x: float, y: float, size: float, text: str) -> None:
        """A QR code, x and y its upper left corner; four modules around it stay white. Vector, so sharp at any size."""
        count, code = _qr(text)
        scale = size / count
        self._code.append(f"q {scale:.5f} 0 0 {-scale:.5f} {x:.2f} {self.height - y:.2f} cm 0 g\n{code}f Q")


@lru_cache(64)
def _qr(text: str) -> tuple[int, str]:
    """How many modules a side, and the dark runs as rectangles, rows counted downwards."""
    rows = qr_code.rows(text.encode())
    code = []
    for y, row in enumerate(rows):
        middle = f" {y} "
        for dark in _DARK.finditer(row):
            start, end = dark.span()
            code.append(_NUMBERS[start] + middle + _WIDTHS[end - start])
    return len(rows), "".join(code)


def _pack(page: Any, code: list[str]) -> None:
    """Give a finished page its contents, packed at once: a print run would else hold all its pages in full."""
    data = zlib.compress("\n".join(code).encode("latin-1"), _PACKING)
    page.stream = None
    page.Contents = pdfdoc.PDFStream(pdfdoc.PDFDictionary({"Filter": pdfdoc.PDFName("FlateDecode")}), data)
