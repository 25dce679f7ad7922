"""Files that customers take away: CSV with `;`, UTF-8 with BOM (so that a spreadsheet shows Cyrillic), text cells made harmless."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from io import StringIO
from typing import Any

from models.metering import channels
from models.metering.history import Bar, Line

STATES = {
    "accepted": "принято к расчёту",
    "billed": "учтено в счёте",
    "held": "на проверке",
    "rejected": "не принято",
    "replaced": "заменено",
}
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


def table(header: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> str:
    file = StringIO()
    writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return "\ufeff" + file.getvalue()


def safe(cell: Any) -> Any:
    """A text that a spreadsheet would run as a formula gets an apostrophe; numbers stay numbers, minus and all."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in "=+-@\t\r" and cell else cell


def _padded(values: tuple[int, ...]) -> tuple[Any, ...]:
    return (*values, "", "")[:3]


def _shown(value: int | None) -> Any:
    return "" if value is None else value
