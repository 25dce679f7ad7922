"""A consent on paper: the very words of a document, lines for whoever signs it, and a number that a scanner reads.

What 152-ФЗ art. 9 part 4 wants of a written consent beside the words themselves stands above and below them: who, where they live, their
ID, who acts for them, signature. A public blank has no number: its bars say which words they are.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from reportlab.graphics.barcode.code128 import Code128

from models.company import Company
from models.company_consents import ConsentDocument
from tasks.papers.sheet import AMBER, CENTRE, MM, RIGHT, SOFT, Sheet, Style

_LEFT, _RIGHT = 20 * MM, 195 * MM  # the left margin is for the file
_TOP, _BOTTOM = 12 * MM, 279 * MM
_WIDTH = _RIGHT - _LEFT
_INDENT = 4 * MM
_BARS, _BAR_HEIGHT, _MODULE = 62 * MM, 12 * MM, 0.33 * MM  # 0.33 mm: read from a fax and from a 200 dpi scan
_LINE = 7 * MM  # between lines to write on
_ASKING = 8 * MM + 2 * _LINE  # which way, and where to
_SIGNING = 27 * MM

_COMPANY, _TITLE, _SECTION = Style(8, grey=SOFT), Style(12.5, bold=True), Style(9.2, bold=True)
_TEXT, _LABEL, _GIVEN, _SMALL = Style(8.5), Style(8.5), Style(10), Style(6.5, grey=SOFT)
_NUMBER, _CAPTION = Style(11, bold=True), Style(6.5, grey=SOFT)
_ITEM = re.compile(r"^\s*[-•]\s+")


@dataclass(frozen=True)
class Form:
    """One paper. `number` '' on a public blank; holder, address, account '' are left to be filled in."""

    document: ConsentDocument
    code: str
    number: str = ""
    holder: str = ""
    address: str = ""
    account: str = ""
    asks_contact: bool = False  # by which way official papers are to come, and where to


def draw(forms: Sequence[Form], company: Company) -> bytes:
    """The papers one after another, each from a page of its own."""
    file = io.BytesIO()
    sheet = Sheet(file, title=forms[0].document.title, author=company.legal_name)
    for form in forms:
        _Paper(sheet, form, company).draw()
    sheet.save()
    return file.getvalue()


class _Paper:
    """One consent over as many pages as its words need; the signature never stands on a page alone."""

    def __init__(self, sheet: Sheet, form: Form, company: Company):
        self.sheet, self.form, self.company = sheet, form, company
        self.y = _TOP

    def draw(self) -> None:
        self._head()
        self._person()
        self._words()
        if self.form.asks_contact:
            self._contact()
        self._signature()
        self.sheet.flush(self._footer)

    # ---- parts

    def _head(self) -> None:
        sheet, company, form = self.sheet, self.company, self.form
        width = _WIDTH - _BARS - 6 * MM
        sheet.box(_LEFT, _TOP, 1.2 * MM, 12 * MM, fill=AMBER)
        sheet.text(_LEFT + 3 * MM, _TOP + 3.4 * MM, company.legal_name, Style(9, bold=True), within=width)
        sheet.text(_LEFT + 3 * MM, _TOP + 7.4 * MM, f"ИНН {company.inn}, ОГРН {company.ogrn}", _COMPANY, within=width)
        sheet.text(_LEFT + 3 * MM, _TOP + 11.4 * MM, company.legal_address, _COMPANY, within=width)
        self._bars(_TOP)
        self.y = _TOP + 22 * MM
        end = sheet.paragraph(_LEFT, self.y, form.document.title, _TITLE, _WIDTH)
        self.y = end + 1.5 * MM

    def _bars(self, top: float) -> None:
        sheet = self.sheet
        widths = _widths(self.form.code)
        module = min(_MODULE, _BARS / sum(widths))
        x = _RIGHT - module * sum(widths)
        middle = x + module * sum(widths) / 2
        for place, width in enumerate(widths):
            if place % 2 == 0:
                sheet.box(x, top, width * module, _BAR_HEIGHT, fill=0.0)
            x += width * module
        caption = f"Бланк № {self.form.number}" if self.form.number else "Бланк без номера"
        sheet.text(middle, top + _BAR_HEIGHT + 4.4 * MM, caption, _NUMBER if self.form.number else _LABEL, CENTRE)

    def _person(self) -> None:
        form = self.form
        self._line("Я (фамилия, имя, отчество)", form.holder)
        self._line("Адрес", form.address)
        self._line("Лицевой счёт", form.account)
        self._line("Паспорт или другой документ: вид, серия, номер")
        self._line("Кем и когда выдан")
        self._line("")
        self._line("Представитель (если подписывает он): фамилия, имя, отчество, адрес")
        self._line("Его документ и доверенность: вид, серия, номер, кем и когда выданы")
        self._line("")
        self.y += 1 * MM

    def _line(self, title: str, given: str = "") -> None:
        """A line to write on, its title before it, with what is known already."""
        sheet = self.sheet
        self.y += _LINE
        start = _LEFT + (sheet.line_width(title, _LABEL) + 2 * MM if title else 0)
        sheet.text(_LEFT, self.y, title, _LABEL)
        sheet.rule(start, self.y + 1 * MM, _RIGHT, 0.5)
        if given:
            sheet.text(start + 1 * MM, self.y, given, _GIVEN, within=_RIGHT - start - 1 * MM)

    def _words(self) -> None:
        """The document without its title, which stands above already: paragraph by paragraph, items of a list set in."""
        self.y += 3 * MM
        lines = self.form.document.text.strip().split("\n")[1:]
        for place, line in enumerate(lines, 1):
            text = line.strip()
            if place == len(lines):
                self._stay_together(text)
            if not text:
                self.y += 1.6 * MM
            elif item := _ITEM.match(line):
                self._paragraph(line[item.end() :].strip(), _INDENT)
            else:
                self._paragraph(text, 0)

    def _stay_together(self, last: str) -> None:
        """Whoever signs signs under words: the last paragraph goes where the signature goes."""
        words = len(self.sheet.lines(last, _TEXT, _WIDTH)) * _TEXT.leading
        self._room(words + _SIGNING + (_ASKING if self.form.asks_contact else 0))

    def _paragraph(self, text: str, indent: float) -> None:
        sheet = self.sheet
        for place, line in enumerate(sheet.lines(text, _TEXT, _WIDTH - indent)):
            self._room(_TEXT.leading)
            self.y += _TEXT.leading
            if indent and not place:
                sheet.text(_LEFT + 1 * MM, self.y, "–", _TEXT)
            sheet.text(_LEFT + indent, self.y, line, _TEXT)

    def _contact(self) -> None:
        """The way that is wanted: one of two, and where to."""
        sheet = self.sheet
        self.y += 8 * MM
        sheet.text(_LEFT, self.y, "Прошу направлять (отметьте одно):", _SECTION)
        for title in ("письмом на адрес электронной почты", "сообщением СМС на номер телефона"):
            self.y += _LINE
            sheet.box(_LEFT, self.y - 3.2 * MM, 3.8 * MM, 3.8 * MM, edge=0.7)
            start = _LEFT + 7 * MM + sheet.line_width(title, _LABEL)
            sheet.text(_LEFT + 5.5 * MM, self.y, title, _LABEL)
            sheet.rule(start, self.y + 1 * MM, _RIGHT, 0.5)

    def _signature(self) -> None:
        """Date, signature, name; what the office fills in."""
        sheet = self.sheet
        self.y += 12 * MM
        x = _LEFT
        for title, width in (("Дата", 34 * MM), ("Подпись", 50 * MM), ("Расшифровка", _WIDTH - 94 * MM)):
            start = x + sheet.line_width(title, _LABEL) + 2 * MM
            sheet.text(x, self.y, title, _LABEL)
            sheet.rule(start, self.y + 1 * MM, x + width, 0.6)
            x += width + 5 * MM
        self.y += 8 * MM
        sheet.text(_LEFT, self.y, "Заполняет сотрудник: личность проверена, принял", _CAPTION)
        start = _LEFT + sheet.line_width("Заполняет сотрудник: личность проверена, принял", _CAPTION) + 2 * MM
        sheet.rule(start, self.y + 0.8 * MM, _RIGHT, 0.4, SOFT)
        self.y += 4.5 * MM
        place = f"Подписанный бланк принесите в любой офис или пришлите по адресу: {self.company.post_address}."
        sheet.text(_LEFT, self.y, place, _SMALL, within=_WIDTH)

    # ---- pages

    def _room(self, height: float) -> None:
        if self.y + height > _BOTTOM:
            self.sheet.new_page()
            self.y = _TOP + 6 * MM

    def _footer(self, number: int, count: int) -> None:
        """Which words these are, on each page: a page that got lost is found again."""
        document, sheet = self.form.document, self.sheet
        which = self.form.number or document.kind
        text = f"{which}, редакция {document.version}, SHA-256 {document.hash}"
        sheet.text(_LEFT, 288 * MM, text, _SMALL, within=_WIDTH - 24 * MM)
        sheet.text(_RIGHT, 288 * MM, f"Лист {number} из {count}", _SMALL, RIGHT)


def _widths(code: str) -> list[int]:
    """Modules of each bar and each gap in turn, the first a bar; a letter a stripe, A or a for one module."""
    bars = Code128(code, quiet=0)
    bars.validate()
    bars.encode()
    bars.decompose()
    return [ord(one.lower()) - ord("a") + 1 for one in bars.decomposed]
