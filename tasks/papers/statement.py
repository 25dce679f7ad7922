"""The statement of an account (выписка): what was charged and paid over a span, line by line, with the balance after each."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date

from models import words
from models.company import Company
from models.words import NBSP, rubles
from tasks.papers.flow import Column, Flow, Row
from tasks.papers.sheet import AMBER, MM, RIGHT, SOFT, Sheet, Style

_LEFT, _RIGHT, _TOP, _BOTTOM = 14 * MM, 196 * MM, 13 * MM, 282 * MM
_NAME, _PLAIN, _STRONG = Style(15, bold=True), Style(9), Style(9, bold=True)
_CAPTION, _FOOT = Style(7.5, grey=SOFT), Style(7, grey=SOFT)
_COLUMNS = (
    Column("Дата", 21 * MM),
    Column("Что", 61 * MM),
    Column("Услуга", 34 * MM),
    Column("Начислено, ₽", 22 * MM, RIGHT),
    Column("Оплачено, ₽", 22 * MM, RIGHT),
    Column("Долг после, ₽", 22 * MM, RIGHT),
)


@dataclass(frozen=True)
class Entry:
    """A line: kopecks charged (negative: taken back), kopecks paid (negative: given back), owed after it."""

    day: date
    what: str
    service: str  # its title
    charged: int
    paid: int
    balance: int


@dataclass(frozen=True)
class Statement:
    """What stands on a statement. Balances are kopecks, positive what the customer owes."""

    account: str
    holder: str
    address: str
    first: str  # periods, both included
    last: str
    entries: tuple[Entry, ...]
    opening: int
    closing: int
    made_on: date


def draw(statement: Statement, company: Company) -> bytes:
    """The statement as a PDF of as many A4 pages as it needs."""
    file = io.BytesIO()
    title = f"Выписка по лицевому счёту {statement.account}"
    sheet = Sheet(file, title=title, author=company.legal_name)

    def begin_page() -> float:
        sheet.text(_LEFT, _TOP + 4 * MM, f"{title}, {_span(statement)}", _CAPTION, within=_RIGHT - _LEFT)
        return _TOP + 6 * MM

    def footer(number: int, count: int) -> None:
        made = f"{company.legal_name}. Составлена {words.day(statement.made_on)}"
        sheet.text(_LEFT, _BOTTOM + 7 * MM, made, _FOOT, within=140 * MM)
        sheet.text(_RIGHT, _BOTTOM + 7 * MM, f"Страница {number} из {count}", _FOOT, RIGHT)

    flow = Flow(sheet, _LEFT, _head(sheet, statement, company), _BOTTOM, begin_page)
    flow.table(_COLUMNS, [_edge("На начало", statement.opening), *map(_row, statement.entries), _totals(statement)])
    flow.room(12 * MM)
    if min(statement.opening, statement.closing, *(entry.balance for entry in statement.entries)) < 0:
        sheet.text(_RIGHT - 0.75 * MM, flow.y + 3.6 * MM, "«Долг после» с минусом — переплата", _CAPTION, RIGHT)
    flow.y += 4 * MM
    sheet.text(_LEFT, flow.y + 4 * MM, _conclusion(statement), Style(10, bold=True))
    sheet.flush(footer)
    sheet.save()
    return file.getvalue()


def _head(sheet: Sheet, statement: Statement, company: Company) -> float:
    y, width = _TOP + 5 * MM, _RIGHT - _LEFT
    sheet.text(_LEFT, y, company.name, _NAME, within=width / 2)
    sheet.text(_RIGHT, y, "Выписка", _NAME, RIGHT)
    y += 4.6 * MM
    sheet.text(_LEFT, y, f"{company.legal_name}, ИНН {company.inn}", _CAPTION, within=width * 0.6)
    sheet.text(_RIGHT, y, _span(statement), _CAPTION, RIGHT)
    sheet.box(_LEFT, y + 2.4 * MM, width, 1.6, fill=AMBER)
    sheet.text(_LEFT, y + 9 * MM, f"Лицевой счёт {statement.account}", _STRONG, within=width)
    y = sheet.paragraph(_LEFT, y + 14 * MM, statement.holder, _PLAIN, width, most=2)
    return sheet.paragraph(_LEFT, y, statement.address, _PLAIN, width, most=2)


def _span(statement: Statement) -> str:
    first, last = words.month(statement.first), words.month(statement.last)
    return f"за {first}" if first == last else f"за {first}{NBSP}— {last}"


def _edge(title: str, balance: int) -> Row:
    return Row(("", _stands(title, balance), "", "", "", _sum(balance)), strong=True)


def _stands(title: str, balance: int) -> str:
    """«На конец: долг», «На конец: переплата», «На конец: долга нет»."""
    return f"{title}: {'долг' if balance > 0 else 'переплата' if balance else 'долга нет'}"


def _row(entry: Entry) -> Row:
    charged, paid = (_sum(amount) if amount else "" for amount in (entry.charged, entry.paid))
    return Row((f"{entry.day:%d.%m.%Y}", entry.what, entry.service, charged, paid, _sum(entry.balance)))


def _totals(statement: Statement) -> Row:
    charged = sum(entry.charged for entry in statement.entries)
    paid = sum(entry.paid for entry in statement.entries)
    return Row(
        ("", _stands("На конец", statement.closing), "", _sum(charged), _sum(paid), _sum(statement.closing)),
        strong=True,
    )


def _conclusion(statement: Statement) -> str:
    if statement.closing > 0:
        return f"К оплате {rubles(statement.closing)}"
    return f"Переплата {rubles(-statement.closing)}" if statement.closing else "Долга нет"


def _sum(kopecks: int) -> str:
    return rubles(kopecks).removesuffix(f"{NBSP}₽")
