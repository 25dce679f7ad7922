"""Registers of payments as banks send them: lines of values by place, and a last line that sums them up.

The layout is the company's (`models/company_registers.py`). The lines come out as those of the import of payments; whatever does not
agree is a fault, and a register with a fault is refused as a whole.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from models import clock, company, periods, words
from models.company_registers import Register
from models.exchange import rows, table
from models.exchange.table import BadCell, Fault

_BOM = b"\xef\xbb\xbf"
_LONGEST_DOCUMENT = 60
_SUM = table.Column("", table.kopecks)
_short = table.words(_LONGEST_DOCUMENT)
_SUMS = {"amount": "принято", "transferred": "перечислено", "fee": "комиссия"}

Read = tuple[int, dict[str, Any] | list[Fault]]


def lines(
    path: Path,
    register: Register,
    mended: Mapping[str, str] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Read]:
    """Each payment's line with its values or faults, then the faults of the sums. `mended`: the right accounts by line."""
    totals = _Totals(register)
    for number, cells in _rows(path, register, progress):
        if totals.is_over:
            yield number, [Fault(number, "", "после итоговой строки есть ещё строка")]
        elif cells[0].startswith(register.mark):
            if faults := totals.compare(number, cells):
                yield number, faults
        else:
            yield number, totals.line(number, cells, (mended or {}).get(str(number)))
    if not totals.is_over:
        yield totals.last + 1, [Fault(totals.last + 1, "", "нет итоговой строки: файл обрезан или он не этого банка")]


def said(path: Path, register: Register) -> dict[str, Any]:
    """What the last line says of the whole, as texts by name."""
    for _, cells in _rows(path, register):
        if cells[0].startswith(register.mark):
            cells[0] = cells[0].removeprefix(register.mark)
            return {name: _at(cells, place) for name, place in register.trailer.items()}
    return {}


def details(path: Path, register: Register, wanted: Collection[int]) -> list[dict[str, Any]]:
    """What the bank says of some lines' payments, for a person who looks for the right account."""
    shown = ("account", "name", "address", "amount", "document", "day")
    return [
        {"line": number, **{name: _at(cells, register.places[name])[:200] for name in shown if name in register.places}}
        for number, cells in _rows(path, register)
        if number in wanted
    ]


def _rows(
    path: Path, register: Register, progress: Callable[[int], None] | None = None
) -> Iterator[tuple[int, list[str]]]:
    with path.open("rb") as file:
        encoding = "utf-8-sig" if file.read(3) == _BOM else register.encoding
    with path.open(encoding=encoding, errors="replace", newline="") as text:
        counted: Iterable[str] = table.counted(text, progress)
        # A payer's name may hold a quotation mark that nothing closes.
        reader = csv.reader(counted, delimiter=register.separator, quoting=csv.QUOTE_NONE)
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield reader.line_num, [cell.strip() for cell in cells]
        except csv.Error as error:
            raise table.BadFile(f"строка {reader.line_num}: {error}") from error


class _Totals:
    """Reads lines and keeps what they add up to."""

    def __init__(self, register: Register):
        self.register = register
        self.rows = self.last = 0
        self.sums: dict[str, int | None] = {
            name: 0 for name in _SUMS if name in register.places
        }  # None: not known any more
        self.documents: dict[str, int] = {}
        self.days: dict[str, date] = {}
        self.is_over = False
        self.columns = {name: table.Column(name, parse) for name, parse in self._parsers().items()}

    def _parsers(self) -> dict[str, Callable[[str], Any]]:
        return {
            "account": rows.account_number, "day": self._day, "amount": table.positive_kopecks, "document": self._document,
        }  # fmt: skip

    def line(self, number: int, cells: list[str], mended: str | None) -> dict[str, Any] | list[Fault]:
        self.rows += 1
        self.last = number
        if len(cells) <= max(self.register.places.values()):
            self.sums = dict.fromkeys(self.sums)
            return [
                Fault(
                    number,
                    "",
                    f"в строке {len(cells)} значений, нужно не меньше {max(self.register.places.values()) + 1}",
                )
            ]
        faults: list[Fault] = []
        for name in self.sums:
            self._add(number, name, cells, faults)
        values = {
            "account": self._value(number, "account", cells, faults, mended),
            "paid": self._value(number, "day", cells, faults),
            "amount": self._value(number, "amount", cells, faults),
            "document": self._value(number, "document", cells, faults),
            "channel": self.register.channel,
            "period": _period(_at(cells, self.register.places["period"])) if "period" in self.register.places else None,
            "asks_of_closed": mended is None,
        }
        return faults or values

    def compare(self, number: int, cells: list[str]) -> list[Fault]:
        """What of the last line is not so."""
        self.is_over = True
        cells = [cells[0].removeprefix(self.register.mark), *cells[1:]]
        faults = []
        if _at(cells, self.register.trailer["rows"]) != str(self.rows):
            told = _at(cells, self.register.trailer["rows"])[:20]
            faults.append(Fault(number, "", f"в итоге строк {told}, в файле {self.rows}"))
        for name, counted in self.sums.items():
            if name in self.register.trailer and counted is not None:
                text = _at(cells, self.register.trailer[name])
                if _kopecks(text) != counted:
                    faults.append(
                        Fault(number, name, f"{_SUMS[name]} в итоге {text[:20]}, по строкам {words.rubles(counted)}")
                    )
        return faults

    def _add(self, number: int, name: str, cells: list[str], faults: list[Fault]) -> None:
        amount, known = _kopecks(cells[self.register.places[name]]), self.sums[name]
        if amount is None and name != "amount":  # of the sum that counts its own check will tell
            faults.append(
                Fault(number, name, f"«{cells[self.register.places[name]][:40]}»: нужна сумма, например 1000,00")
            )
        self.sums[name] = None if amount is None or known is None else known + amount

    def _value(
        self,
        number: int,
        name: str,
        cells: list[str],
        faults: list[Fault],
        given: str | None = None,
    ) -> Any:
        try:
            return table.value_of(self.columns[name], given or cells[self.register.places[name]])
        except BadCell as error:
            faults.append(Fault(number, name, str(error)))
        return None

    def _day(self, text: str) -> date:
        if text in self.days:
            return self.days[text]
        try:
            found = datetime.strptime(text, self.register.day).date()
        except ValueError:
            raise BadCell(f"«{text[:40]}»: нужна дата, например {clock.today():{self.register.day}}") from None
        if not 2000 <= found.year <= 2100:
            raise BadCell(f"«{text[:40]}»: такой даты не может быть")
        self.days[text] = found
        return found

    def _document(self, text: str) -> str:
        document = _short(text)
        if (before := self.documents.setdefault(document, self.last)) != self.last:
            raise BadCell(f"документ {document} уже есть в строке {before}")
        return document


def _at(cells: list[str], place: int) -> str:
    return cells[place] if place < len(cells) else ""


def _kopecks(text: str) -> int | None:
    try:
        return int(table.value_of(_SUM, text))
    except BadCell:
        return None


def _period(text: str) -> str | None:
    """The month that the payer names, as MMYY or MMYYYY; anything else says nothing."""
    if not (text.isascii() and text.isdigit() and len(text) in (4, 6)):
        return None
    return periods.parse(f"20{text[2:]}-{text[:2]}" if len(text) == 4 else f"{text[2:]}-{text[:2]}")


def of(name: str) -> Register:
    """The company's register of that name."""
    return company.current().registers[name]
