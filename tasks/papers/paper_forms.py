"""Reading forms on paper (бланки показаний): three strips on an A4 page, to be cut apart and filled in with a pen.

A prefilled one names account, address and meters, with as many boxes as the dial has digits and what it showed last; its code holds the
digits of the account's number, for a scanner that types them. A blank one has boxes for all of it. No name stands on a form unless
asked for: it may lie in a stairwell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from models import words
from models.company import Company
from models.metering.routes import Dial, Stop
from models.words import NBSP
from tasks.papers.sheet import AMBER, CENTRE, MM, PALE, RIGHT, SOFT, Sheet, Style

PER_PAGE = 3
_STRIP = 99 * MM
_LEFT, _RIGHT = 11 * MM, 199 * MM
_CODE = 21 * MM  # of the QR code; 14 mm of 203 dpi labels are read too
_MOST_ROWS = 4  # of dials on one strip
_DASH, _GAP = 2 * MM, 1.6 * MM

_COMPANY, _TITLE = Style(8.5, grey=SOFT), Style(12, bold=True)
_NUMBER, _PLAIN, _STRONG = Style(19, bold=True), Style(9.5), Style(9.5, bold=True)
_ADDRESS, _WAS, _CAPTION, _HINT = Style(11), Style(11), Style(7, grey=SOFT), Style(7.2)

_METER, _ZONE, _PREVIOUS, _NOW = _LEFT, 58 * MM, 117 * MM, 122 * MM  # columns; the third one ends there
_DIALS, _PEN = 36.5 * MM, 80 * MM  # from a strip's top: the dials, what is written below them
_BLANK_DIGITS = 8
_HOW_TO_WRITE = "Пишите цифры до запятой; последняя — в правой клетке. Лишние клетки слева оставьте пустыми."
_BLANK_ZONES = (
    ("Т1", "день, пик или единственное"),
    ("Т2", "ночь"),
    ("Т3", "полупик"),
)


@dataclass(frozen=True)
class Heading:
    """What all forms of a file share: the month the readings are for, and where a form is brought back to."""

    period: str
    office: str  # its title; '' for none
    place: str  # «ул. Карла Маркса, 40, пн–пт 8–17»; '' leaves the line out


@dataclass(frozen=True)
class _Size:
    """How the dials of a form are set: height of a row, a box for one digit."""

    row: float
    box: float
    height: float


_ROOMY, _DENSE = _Size(13.6 * MM, 8.2 * MM, 10.5 * MM), _Size(10.3 * MM, 7 * MM, 8 * MM)


def write(
    file: BinaryIO, stops: Iterable[Stop], heading: Heading, company: Company, *, with_names: bool = False
) -> int:
    """Prefilled forms, one an account or more if it has many meters; how many accounts. Memory does not grow with them."""
    strips = _Strips(file, heading, company)
    count = 0
    for stop in stops:
        sheets = list(_sheets(stop.dials))
        for number, dials in enumerate(sheets, 1):
            strips.next()
            strips.prefilled(stop, dials, f", лист {number} из {len(sheets)}" if len(sheets) > 1 else "", with_names)
        count += 1
    strips.save()
    return count


def write_blank(file: BinaryIO, count: int, heading: Heading, company: Company) -> int:
    """So many forms that anybody may fill in."""
    strips = _Strips(file, heading, company)
    for _ in range(count):
        strips.next()
        strips.blank()
    strips.save()
    return count


def code_of(account: str) -> str:
    """What the QR code says: the digits alone, so that a scanner types them whatever the keyboard's layout is."""
    return "".join(character for character in account if character in "0123456789")


def _sheets(dials: Sequence[Dial]) -> Iterator[list[Dial]]:
    """The meters in groups that fit on a strip, in order."""
    group: list[Dial] = []
    for dial in dials:
        if group and sum(len(one.zones) for one in (*group, dial)) > _MOST_ROWS:
            yield group
            group = []
        group.append(dial)
    if group:
        yield group


class _Strips:
    """The forms of a file, one below another."""

    def __init__(self, file: BinaryIO, heading: Heading, company: Company):
        self.heading, self.company = heading, company
        self.sheet = Sheet(file, title=self._title, author=company.legal_name)
        self._place = -1
        self._ways = self._shortened(_ways(company))

    @property
    def _title(self) -> str:
        return f"Показания счётчиков за{NBSP}{words.month(self.heading.period)}"

    def next(self) -> None:
        """Go to the next strip; a full page is finished at once."""
        self._place += 1
        if self._place == PER_PAGE:
            self.sheet.flush()
            self._place = 0
        if self._place:
            self._cut_line(self.top)

    def save(self) -> None:
        if self._place >= 0:
            self.sheet.flush()
        self.sheet.save()

    @property
    def top(self) -> float:
        return self._place * _STRIP

    # ---- the two kinds

    def prefilled(self, stop: Stop, dials: Sequence[Dial], part: str, with_names: bool) -> None:
        sheet, top = self.sheet, self.top
        self._head(f"{words.number(stop.place)}{NBSP}из{NBSP}{words.number(stop.count)}{part}", _RIGHT - _CODE - 4 * MM)
        sheet.qr(_RIGHT - _CODE, top + 7 * MM, _CODE, code_of(stop.account))
        sheet.text(_LEFT, top + 21.5 * MM, "Лицевой счёт", _CAPTION)
        sheet.text(_LEFT + 20 * MM, top + 22 * MM, stop.account, _NUMBER, within=105 * MM)
        room = _RIGHT - _CODE - 4 * MM - _LEFT
        if with_names:
            sheet.text(_LEFT, top + 27.4 * MM, stop.address, _PLAIN, within=room)
            sheet.text(_LEFT, top + 31.6 * MM, stop.holder, _PLAIN, within=room)
        else:
            sheet.text(_LEFT, top + 28.5 * MM, stop.address, _ADDRESS, within=room)
        self._dials(dials)
        self._pen()

    def blank(self) -> None:
        sheet, top = self.sheet, self.top
        self._head("", _RIGHT)
        length = len(self.company.number.example.replace(" ", ""))
        size = min(7 * MM, 100 * MM / length)
        sheet.text(_LEFT, top + 22.5 * MM, "Лицевой счёт", _STRONG)
        self._boxes(_LEFT + 26 * MM, top + 17 * MM, length, size, 8 * MM)
        self._line(_LEFT, top + 33 * MM, "Адрес", 124 * MM)
        self._line(126 * MM + _LEFT, top + 33 * MM, "Фамилия", _RIGHT - _LEFT - 126 * MM)
        self._line(_LEFT, top + 42 * MM, "Счётчик №", 90 * MM)
        self._line(126 * MM + _LEFT, top + 42 * MM, "Телефон", _RIGHT - _LEFT - 126 * MM)
        y = top + 46 * MM
        for name, about in _BLANK_ZONES:
            sheet.text(_LEFT, y + 6.3 * MM, name, _STRONG)
            sheet.text(_LEFT + 8 * MM, y + 6.3 * MM, about, _PLAIN)
            self._boxes(_LEFT + 60 * MM, y + 1 * MM, _BLANK_DIGITS, 7 * MM, 8 * MM)
            y += 10.3 * MM
        sheet.paragraph(
            _LEFT + 122 * MM, top + 51.5 * MM, _HOW_TO_WRITE,
            _HINT, _RIGHT - _LEFT - 122 * MM, leading=3.6 * MM,
        )  # fmt: skip
        self._pen()

    # ---- parts of a form

    def _head(self, place: str, right: float) -> None:
        sheet, top = self.sheet, self.top
        names = [self.company.name, self.heading.office]
        sheet.box(_LEFT, top + 5.4 * MM, 1.2 * MM, 9 * MM, fill=AMBER)
        sheet.text(_LEFT + 3 * MM, top + 8 * MM, " · ".join(name for name in names if name), _COMPANY, within=120 * MM)
        sheet.text(_LEFT + 3 * MM, top + 13.4 * MM, self._title, _TITLE, within=right - _LEFT - 3 * MM)
        if place:
            sheet.text(right, top + 8 * MM, f"№{NBSP}{place}", _COMPANY, RIGHT)

    def _dials(self, dials: Sequence[Dial]) -> None:
        sheet, y = self.sheet, self.top + _DIALS
        rows = sum(len(dial.zones) for dial in dials)
        size = _ROOMY if rows <= _MOST_ROWS - 2 else _DENSE
        sheet.text(_METER, y, "Счётчик", _CAPTION)
        sheet.text(_PREVIOUS, y, "Было", _CAPTION, RIGHT)
        sheet.text(_NOW, y, "Стало: цифры до запятой, последняя — в правой клетке", _CAPTION)
        y += 1.5 * MM
        for dial in dials:
            sheet.rule(_LEFT, y, _RIGHT, 0.4, PALE)
            self._meter(dial, y, size)
            for name, previous in zip(dial.zones, dial.previous, strict=True):
                self._zone(dial, name, previous, y, size)
                y += size.row
        sheet.rule(_LEFT, y, _RIGHT, 0.4, PALE)
        if size is _ROOMY:
            self._line(_LEFT, self.top + _PEN - 5.5 * MM, "Замечание", _RIGHT - _LEFT)

    def _meter(self, dial: Dial, y: float, size: _Size) -> None:
        sheet, within = self.sheet, _ZONE - _METER - 2 * MM
        middle = y + size.row / 2 + 0.5 * MM
        sheet.text(_METER, middle - 0.4 * MM, f"№{NBSP}{dial.serial}", _STRONG, within=within)
        sheet.text(_METER, middle + 3.2 * MM, dial.model, _CAPTION, within=within)

    def _zone(self, dial: Dial, name: str, previous: int, y: float, size: _Size) -> None:
        sheet = self.sheet
        middle = y + size.row / 2 + 0.5 * MM
        sheet.text(_ZONE, middle + 0.8 * MM, name, _PLAIN)
        sheet.text(_PREVIOUS, middle - 0.2 * MM, words.number(previous), _WAS, RIGHT)
        sheet.text(_PREVIOUS, middle + 3.2 * MM, f"{dial.previous_on:%d.%m.%Y}", _CAPTION, RIGHT)
        width = min(size.box, (_RIGHT - 12 * MM - _NOW) / dial.digits)
        end = self._boxes(_NOW, y + (size.row - size.height) / 2, dial.digits, width, size.height)
        sheet.text(end + 1.8 * MM, middle + 0.8 * MM, dial.unit, _PLAIN, within=_RIGHT - end - 1.8 * MM)

    def _pen(self) -> None:
        """What whoever fills it in writes below, and the ways that need no paper."""
        sheet, y = self.sheet, self.top + _PEN + 6 * MM
        x = _LEFT
        sheet.text(x, y, "Дата", _PLAIN)
        x += 10 * MM
        for digits, after in ((2, "."), (2, "."), (4, "")):
            x = self._boxes(x, y - 4.4 * MM, digits, 4.8 * MM, 6 * MM)
            sheet.text(x + 1 * MM, y, after, _STRONG, CENTRE)
            x += 2 * MM
        x += 4 * MM
        sheet.text(x, y, "Снял", _PLAIN)
        for who, room in (("абонент", 24 * MM), ("контролёр", 27 * MM)):
            sheet.box(x + 10 * MM, y - 3.2 * MM, 3.6 * MM, 3.6 * MM, edge=0.6)
            sheet.text(x + 15 * MM, y, who, _PLAIN)
            x += room
        self._line(x + 10 * MM, y, "Подпись", _RIGHT - x - 10 * MM)
        lines = [f"Бланк верните: {self.heading.place}." if self.heading.place else "", self._ways]
        y = self.top + _PEN + 11 * MM
        for line in filter(None, lines):
            sheet.text(_LEFT, y, line, _HINT, within=_RIGHT - _LEFT)
            y += 3.6 * MM

    def _boxes(self, x: float, y: float, count: int, width: float, height: float) -> float:
        """Boxes for so many digits side by side; where they end."""
        for number in range(count):
            self.sheet.box(x + number * width, y, width, height, edge=0.6)
        return x + count * width

    def _line(self, x: float, y: float, title: str, width: float) -> None:
        """A line to write on, its title before it."""
        start = x + self.sheet.line_width(title, _PLAIN) + 2 * MM
        self.sheet.text(x, y, title, _PLAIN)
        self.sheet.rule(start, y + 1 * MM, x + width, 0.6)

    def _shortened(self, ways: list[str]) -> str:
        """As many of the ways as stand on one line."""
        for count in range(len(ways), 1, -1):
            line = f"Можно и без бланка: {', '.join(ways[:count])}."
            if self.sheet.line_width(line, _HINT) <= _RIGHT - _LEFT:
                return line
        return f"Можно и без бланка: {ways[0]}."

    def _cut_line(self, y: float) -> None:
        x = 0.0
        while x < self.sheet.width:
            self.sheet.rule(x, y, x + _DASH, 0.4, SOFT)
            x += _DASH + _GAP


def _ways(company: Company) -> list[str]:
    """How readings are passed without a form."""
    ways = [f"в личном кабинете на {company.site.removeprefix('https://')}"]
    ways += [f"по телефону {company.phones[0].shown}"] if company.phones else []
    ways += [f"по СМС {words.phone(company.sms_readings)}"] if company.sms_readings else []
    return ways + ([f"письмом на {company.mail_readings}"] if company.mail_readings else [])
