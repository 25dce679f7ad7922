"""A contract or an application on paper: its words, the company's details, both signatures; blank, or filled in for an account."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass

from models.company import Company
from tasks.papers.sheet import AMBER, MM, RIGHT, SOFT, Sheet, Style

_LEFT, _RIGHT = 20 * MM, 195 * MM
_TOP, _BOTTOM = 12 * MM, 279 * MM
_WIDTH = _RIGHT - _LEFT
_SIGNING = 46 * MM
_COMPANY, _TITLE, _SECTION = Style(8, grey=SOFT), Style(14, bold=True), Style(10.5, bold=True)
_TEXT, _SMALL = Style(9.5), Style(7, grey=SOFT)
_HEADING = "# "
_BLANK = "_" * 34
_PLACE = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True)
class Paper:
    """What is drawn. holder, address, account '' are left to be written by hand."""

    title: str
    text: str
    version: str  # which words these are, at the foot of each page
    holder: str = ""
    address: str = ""
    account: str = ""


def draw(paper: Paper, company: Company) -> bytes:
    file = io.BytesIO()
    sheet = Sheet(file, title=paper.title, author=company.legal_name)
    _Drawing(sheet, paper, company).draw()
    sheet.save()
    return file.getvalue()


class _Drawing:
    def __init__(self, sheet: Sheet, paper: Paper, company: Company):
        self.sheet, self.paper, self.company = sheet, paper, company
        self.y = _TOP

    def draw(self) -> None:
        self._head()
        for line in _filled(self.paper, self.company).split("\n"):
            self._line(line.strip())
        self._signatures()
        self.sheet.flush(self._footer)

    def _head(self) -> None:
        sheet, company = self.sheet, self.company
        sheet.box(_LEFT, _TOP, 1.2 * MM, 12 * MM, fill=AMBER)
        sheet.text(_LEFT + 3 * MM, _TOP + 3.4 * MM, company.legal_name, Style(9, bold=True), within=_WIDTH)
        facts = f"ИНН {company.inn}, КПП {company.kpp}, ОГРН {company.ogrn}"
        sheet.text(_LEFT + 3 * MM, _TOP + 7.4 * MM, facts, _COMPANY, within=_WIDTH)
        sheet.text(_LEFT + 3 * MM, _TOP + 11.4 * MM, company.legal_address, _COMPANY, within=_WIDTH)
        self.y = sheet.paragraph(_LEFT, _TOP + 22 * MM, self.paper.title, _TITLE, _WIDTH) + 1 * MM
        self.y += 6 * MM
        sheet.text(_LEFT, self.y, "№ ____________", _TEXT)
        sheet.text(_RIGHT, self.y, "«____» ______________ 20____ г.", _TEXT, RIGHT)
        self.y += 4 * MM

    def _line(self, line: str) -> None:
        if not line:
            self.y += 1.8 * MM
            return
        is_heading = line.startswith(_HEADING)
        style = _SECTION if is_heading else _TEXT
        text = line.removeprefix(_HEADING)
        if is_heading:
            self._room(4 * style.leading)
            self.y += 1.5 * MM
        for part in self.sheet.lines(text, style, _WIDTH):
            self._room(style.leading)
            self.y += style.leading
            self.sheet.text(_LEFT, self.y, part, style)
        self.y += 0.6 * MM

    def _signatures(self) -> None:
        """Both parties side by side; never parted by a page's end."""
        self._room(_SIGNING)
        sheet, company, top = self.sheet, self.company, self.y + 9 * MM
        bank = company.bank
        ours = (
            company.legal_name, company.legal_address, f"р/с {bank.account}", f"{bank.name}, БИК {bank.bic}",
            f"к/с {bank.correspondent}",
        )  # fmt: skip
        theirs = (
            self.paper.holder or _BLANK,
            self.paper.address or _BLANK,
            f"паспорт {_BLANK}",
            f"телефон {_BLANK}",
            "",
        )
        half = _WIDTH / 2 - 4 * MM
        for x, head, lines in (
            (_LEFT, "Компания", ours),
            (_LEFT + _WIDTH / 2 + 4 * MM, "Потребитель, заявитель", theirs),
        ):
            sheet.text(x, top, head, _SECTION)
            for place, one in enumerate(lines, 1):
                sheet.text(x, top + place * 4.6 * MM, one, Style(8), within=half)
            foot = top + 34 * MM
            sheet.rule(x, foot, x + 40 * MM, 0.6)
            sheet.text(x + 42 * MM, foot, "подпись", _SMALL)
        self.y = top + 36 * MM

    def _room(self, height: float) -> None:
        if self.y + height > _BOTTOM:
            self.sheet.new_page()
            self.y = _TOP + 6 * MM

    def _footer(self, number: int, count: int) -> None:
        self.sheet.text(_LEFT, 288 * MM, self.paper.version, _SMALL, within=_WIDTH - 24 * MM)
        self.sheet.text(_RIGHT, 288 * MM, f"Лист {number} из {count}", _SMALL, RIGHT)


def _filled(paper: Paper, company: Company) -> str:
    """The words with what is known in its places; a name in brackets that is none of ours stays as it is."""
    bank = company.bank
    known: Mapping[str, str] = {
        "name": company.name,
        "legal_name": company.legal_name,
        "inn": company.inn,
        "legal_address": company.legal_address,
        "bank": f"{bank.name}, БИК {bank.bic}, счёт {bank.account}",
        "holder": paper.holder or _BLANK,
        "address": paper.address or _BLANK,
        "account": paper.account or "______________",
    }
    return _PLACE.sub(lambda found: known.get(found[1], found[0]), paper.text)
