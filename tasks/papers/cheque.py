"""The cheque (кассовый чек) with the fields of 54-ФЗ ст. 4.7, on a strip 80 mm wide as a cash register prints it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime

from models import words
from models.company import Company
from tasks.papers.sheet import CENTRE, MM, PALE, RIGHT, Sheet, Style

_WIDTH, _EDGE = 80 * MM, 5 * MM
_CODE = 34 * MM
_TITLE, _STRONG, _PLAIN = Style(11, bold=True), Style(8, bold=True), Style(8)
_SUM = Style(13, bold=True)
_GAP = 2.2 * MM


@dataclass(frozen=True)
class Item:
    """A line of the cheque (1030, 1023, 1079, 1043, 1199); price and amount are kopecks."""

    name: str
    quantity: str  # with its unit: «225 кВт⋅ч»
    price: int
    amount: int
    vat: str  # «НДС 22 %»
    vat_amount: int = 0  # kopecks inside the amount


@dataclass(frozen=True)
class Cheque:
    """What stands on a cheque; the numbers in brackets are the tags of the fiscal documents' format."""

    seller: str  # 1048
    inn: str  # 1018
    tax_system: str  # 1055, in words
    place: str  # 1187: the site's address
    number: str
    shift: str  # 1038; empty: not told
    moment: datetime  # 1012, by the cash register's clock: Moscow time
    items: tuple[Item, ...]
    total: int  # 1020, kopecks
    paid_by: str  # 1081, in words: «безналичными»
    buyer: str  # 1008: e-mail or phone
    sender: str  # 1117: e-mail
    register: str  # 1037: ККТ
    fiscal_drive: str  # 1041: ФН
    document: str  # 1040: ФД
    sign: str  # 1077: ФПД
    tax_site: str  # 1060
    qr: str  # t=20261120T1200&s=2642.85&fn=…&i=…&fp=…&n=1
    is_refund: bool = False  # 1054


def draw(cheque: Cheque, company: Company) -> bytes:
    """The cheque as a PDF of one page, as long as it needs."""
    measured = _Strip(cheque, company, 1000 * MM).draw()
    file = io.BytesIO()
    strip = _Strip(cheque, company, measured, file)
    strip.draw()
    strip.sheet.flush()
    strip.sheet.save()
    return file.getvalue()


class _Strip:
    """The strip; drawn once to see how long it is, once for good."""

    def __init__(self, cheque: Cheque, company: Company, height: float, file: io.BytesIO | None = None):
        self.cheque = cheque
        title = f"{self._heading()} № {cheque.number}"
        self.sheet = Sheet(file or io.BytesIO(), title=title, author=company.legal_name, size=(_WIDTH, height))
        self.y = 8 * MM

    def draw(self) -> float:
        """Where the strip ends."""
        cheque = self.cheque
        self._centred(cheque.seller, _STRONG)
        self._centred(f"ИНН {cheque.inn}", _PLAIN)
        self._centred(cheque.place, _PLAIN)
        self.y += _GAP
        self._centred(self._heading(), _TITLE)
        self._centred("Возврат прихода" if cheque.is_refund else "Приход", _PLAIN)
        self._rule()
        for item in cheque.items:
            self._item(item)
        self._rule()
        self.y += 1.5 * MM
        self._pair("Итог", words.rubles(cheque.total), _SUM)
        self._vat()
        self._pair(cheque.paid_by[:1].upper() + cheque.paid_by[1:], words.rubles(cheque.total), _PLAIN)
        self._rule()
        self._facts()
        self.y += _GAP
        self.sheet.qr((_WIDTH - _CODE) / 2, self.y, _CODE, cheque.qr)
        return self.y + _CODE + 8 * MM

    def _heading(self) -> str:
        return "Кассовый чек возврата" if self.cheque.is_refund else "Кассовый чек"

    def _facts(self) -> None:
        cheque = self.cheque
        facts = (
            ("Дата и время", f"{cheque.moment:%d.%m.%Y %H:%M}{words.NBSP}(МСК)"), ("Чек №", cheque.number), ("Смена №", cheque.shift),
            ("Система налогообложения", cheque.tax_system), ("Покупатель", cheque.buyer), ("Отправитель чека", cheque.sender),
            ("Расчёты в интернете", "да"), ("РН ККТ", cheque.register), ("ФН №", cheque.fiscal_drive), ("ФД №", cheque.document),
            ("ФПД", cheque.sign), ("Проверить чек", cheque.tax_site),
        )  # fmt: skip
        for title, value in facts:
            if value:
                self._pair(title, value, _PLAIN)

    def _item(self, item: Item) -> None:
        self.y = self.sheet.paragraph(_EDGE, self.y, item.name, _STRONG, _WIDTH - 2 * _EDGE, most=6)
        self._pair(f"{item.quantity} × {words.rubles(item.price)}", words.rubles(item.amount), _PLAIN)
        self._pair(item.vat, words.rubles(item.vat_amount) if item.vat_amount else "", _PLAIN)
        self.y += 1 * MM

    def _vat(self) -> None:
        sums: dict[str, int] = {}
        for item in self.cheque.items:
            sums[item.vat] = sums.get(item.vat, 0) + item.vat_amount
        for title, amount in sums.items():
            if amount:
                self._pair(f"в том числе {title}", words.rubles(amount), _PLAIN)

    def _centred(self, text: str, style: Style) -> None:
        for line in self.sheet.lines(text, style, _WIDTH - 2 * _EDGE, most=4):
            self.sheet.text(_WIDTH / 2, self.y, line, style, CENTRE)
            self.y += style.leading

    def _pair(self, title: str, value: str, style: Style) -> None:
        """A title on the left, its value on the right: beside it where both fit, else below."""
        sheet, room = self.sheet, _WIDTH - 2 * _EDGE
        if sheet.line_width(title, style) + sheet.line_width(value, style) + 2 * MM > room:
            self.y = sheet.paragraph(_EDGE, self.y, title, style, room, most=3)
            for line in sheet.lines(value, style, room, most=4):
                sheet.text(_WIDTH - _EDGE, self.y, line, style, RIGHT)
                self.y += style.leading
            return
        sheet.text(_EDGE, self.y, title, style)
        sheet.text(_WIDTH - _EDGE, self.y, value, style, RIGHT)
        self.y += style.leading

    def _rule(self) -> None:
        self.sheet.rule(_EDGE, self.y - 1.2 * MM, _WIDTH - _EDGE, 0.5, PALE)
        self.y += _GAP
