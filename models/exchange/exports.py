"""Files that customers take away: CSV with `;`, UTF-8 with BOM (so that a spreadsheet shows Cyrillic), text cells made harmless."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from io import StringIO
from typing import Any

from models.billing.statement import Month, Statement
from models.metering import channels
from models.metering.history import Bar, Line

STATES = {
    "accepted": "принято к расчёту",
    "billed": "учтено в счёте",
    "held": "на проверке",
    "rejected": "не принято",
    "replaced": "заменено",
}
_RUNS = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")  # the full-width ones too: some spreadsheets fold them
BASES = {"reading": "по показаниям", "average": "по среднему", "norm": "по нормативу"}


def readings(lines: Iterable[Line]) -> str:
    rows = [
        (line.reading.taken.isoformat(), line.meter.serial, channels.title(line.reading.channel), *_padded(line.values), _shown(line.usage),
         STATES[line.reading.state], line.reading.reason)
        for line in lines
    ]  # fmt: skip
    return table(("Дата", "Счётчик", "Откуда", "Т1", "Т2", "Т3", "Расход", "Состояние", "Причина"), rows)


def consumption(bars: Iterable[Bar]) -> str:
    rows = [
        (bar.month.period, *bar.month.zones, bar.month.total, BASES[bar.month.basis], _shown(bar.year_ago))
        for bar in bars
    ]
    return table(("Период", "Т1", "Т2", "Т3", "Всего", "Как начислено", "Год назад"), rows)


def charges(months: Iterable[Month]) -> str:
    """Months of the ledger, rubles with a comma."""
    header = (
        "Период",
        "Начислено",
        "Перерасчёт",
        "Пени",
        "Исправления",
        "Оплачено",
        "Долг после (с минусом — переплата)",
    )
    return table(header, [(month.period, *map(rubles, month[1:])) for month in months])


def statement(found: Statement, titles: Mapping[str, str]) -> str:
    """A statement's entries between the balances, rubles with a comma; `titles` of the services by code."""
    rows = [
        (row.day.isoformat(), row.what, titles.get(row.service, row.service), rubles(row.charged), rubles(row.paid), rubles(row.balance))
        for row in found.rows
    ]  # fmt: skip
    opening = (found.first, "Долг на начало", "", "", "", rubles(found.opening))
    closing = (found.last, "Долг на конец", "", rubles(found.charged), rubles(found.paid), rubles(found.closing))
    return table(
        ("Дата", "Что", "Услуга", "Начислено", "Оплачено", "Долг после (с минусом — переплата)"),
        [opening, *rows, closing],
    )


class Figure(str):
    """A number written out by us: no formula, whatever its sign."""


def rubles(kopecks: int) -> Figure:
    """«-1234,50», as a Russian spreadsheet reads it."""
    sign = "-" if kopecks < 0 else ""
    return Figure(f"{sign}{abs(kopecks) // 100},{abs(kopecks) % 100:02d}")


def table(header: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> str:
    file = StringIO()
    writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return "\ufeff" + file.getvalue()


def safe(cell: Any) -> Any:
    """A text that a spreadsheet would run as a formula gets an apostrophe; numbers stay numbers, minus and all.

    An import takes the apostrophe off again (`table.plain`), also from a text that began with one of its own.
    """
    return f"'{cell}" if isinstance(cell, str) and not isinstance(cell, Figure) and _RUNS.match(cell) else cell


def _padded(values: tuple[int, ...]) -> tuple[Any, ...]:
    return (*values, "", "")[:3]


def _shown(value: int | None) -> Any:
    return "" if value is None else value
