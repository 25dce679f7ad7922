"""Bills as PDF: how many a second on one core and how large, beside WeasyPrint drawing the same bill from HTML and CSS.

Ours and the control draw the same facts: texts, tables, a chart of twelve months, both codes, the same two font files.
"""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import weasyprint
from jinja2 import Environment, FileSystemLoader
from PIL import Image
from weasyprint.text.fonts import FontConfiguration

from models import company as companies
from models import words
from models.billing.shown import AVERAGE, Bill
from models.company import Company
from models.words import rubles
from tasks.papers import bill as bills
from tasks.papers import qr_code
from tasks.papers.sheet import Sheet
from tests import paper_samples as samples
from tests.bench.house import ROOT
from tests.bench.table import Table

FOLDER = Path(__file__).parent
SINGLE, RUN, CONTROL = 400, 2_000, 40
QUICK_SINGLE, QUICK_RUN, QUICK_CONTROL = 40, 100, 4
ROUNDS = 3
AIM = 20  # times WeasyPrint, by the file
COLUMNS = {
    "what": "what",
    "bills": "bills",
    "speed": "bills/s a core",
    "ms": "ms each",
    "size": "bytes each",
    "ratio": "× WeasyPrint",
}


def measure(*, quick: bool = False) -> Table:
    """CPU seconds of this process alone, the best of three rounds taken in turn, so a busy machine disturbs all alike."""
    table = Table("papers", "Bills as PDF, one core", COLUMNS)
    company = companies.find("krasnoyarsk", ROOT / "companies")
    control = Control(company)
    single, run, few = (QUICK_SINGLE, QUICK_RUN, QUICK_CONTROL) if quick else (SINGLE, RUN, CONTROL)
    ways: dict[str, tuple[int, Callable[[Sequence[Bill]], int]]] = {
        "WeasyPrint, a file each": (few, control.files),
        "ours, a file each": (single, lambda given: sum(len(bills.draw(one, company)) for one in given)),
        "ours, one file for the run": (run, lambda given: _run(given, company)),
    }
    street = [house(company, number) for number in range(run)]
    found: dict[str, tuple[float, float]] = {}
    for way in ways.values():
        way[1](street[:2])  # fonts read, templates compiled
    for _ in range(1 if quick else ROUNDS):
        for what, (count, work) in ways.items():
            began = time.process_time()
            size = work(street[:count])
            each = (time.process_time() - began) / count
            found[what] = min(found.get(what, (float("inf"), 0.0)), (each, size / count))
    base = found["WeasyPrint, a file each"][0]
    for what, (each, size) in found.items():
        speed = 1 / each
        table.add(
            what=what, bills=ways[what][0], speed=round(speed, 1), ms=round(each * 1000, 2), size=round(size), ratio=round(base / each, 1)
        )  # fmt: skip
    ratio = base / found["ours, a file each"][0]
    if ratio < AIM and not quick:
        table.misses.append(f"a file each is {ratio:.1f} × WeasyPrint, the aim is {AIM}")
    table.notes = [
        "Every bill has another holder, address, account and sum; WeasyPrint gets its codes as pictures made outside the clock."
    ]
    return table


def house(company: Company, number: int) -> Bill:
    """A bill of another household each."""
    holder = (
        ("Иванова", "Щукина", "Журавлёва", "Эйхе")[number % 4],
        ("Анна", "Юлия", "Ольга")[number % 3],
        "Сергеевна",
    )
    usual = samples.usual(company)
    bill = replace(
        usual,
        number=f"2610-24101{number:07}",
        account=f"24101{number:07}",
        holder=" ".join(holder),
        address=f"г. Красноярск, ул. Мира, {number // 40 + 1}, кв.\u00a0{number % 40 + 1}",
        access_code=f"{10_000_000 + number * 37}",
        services=(replace(usual.services[0], closing=usual.services[0].closing + number),),
        readings_url=f"{samples.LINK[:-6]}{number:06x}",
    )
    return samples.finished(company, bill, holder)


def _run(given: Sequence[Bill], company: Company) -> int:
    file = io.BytesIO()
    sheet = Sheet(file, title="Счета для печати", author=company.legal_name)
    for bill in given:
        bills.add(sheet, bill, company)
    sheet.save()
    return len(file.getvalue())


class Control:
    """WeasyPrint with all that can be prepared once prepared: the template compiled, the styles parsed, the fonts loaded."""

    def __init__(self, company: Company):
        self.company = company
        self.template = Environment(loader=FileSystemLoader(FOLDER), autoescape=True).get_template("bill.html")
        self.fonts = FontConfiguration()
        self.styles = weasyprint.CSS(filename=FOLDER / "bill.css", font_config=self.fonts)
        self.pictures: dict[str, str] = {}

    def files(self, given: Sequence[Bill]) -> int:
        return sum(len(self.file(bill)) for bill in given)

    def file(self, bill: Bill) -> bytes:
        html = weasyprint.HTML(string=self.template.render(self._facts(bill)), base_url=str(FOLDER))
        return bytes(html.write_pdf(stylesheets=[self.styles], font_config=self.fonts))

    def _facts(self, bill: Bill) -> dict[str, Any]:
        company = self.company
        return {
            "bill": bill, "company": company, "month": words.month(bill.period), "issued": words.day(bill.issued_on),
            "due": words.day(bill.due_on), "site": company.site.removeprefix("https://"), "total": rubles(bill.total),
            "area": words.decimal(bill.area, 100), "supplier": list(bills.supplier_lines(company)),
            "breakdown": [
                ("Долг на начало месяца", rubles(bill.opening)), ("Оплачено", rubles(-bill.paid)),
                ("Начислено за октябрь", rubles(bill.charged)), ("Перерасчёт", rubles(bill.recalculated)),
                ("Пени", rubles(bill.penalty)), ("Итого к оплате", rubles(bill.total)),
            ],
            "charges": [
                (f"Электроэнергия, {zone}", "по показаниям", words.decimal(line.quantity, 10_000), "кВт·ч",
                 words.decimal(line.price, 10_000), rubles(line.amount))
                for zone, line in zip(("день", "ночь"), bill.lines, strict=True)
            ],
            "vat": "НДС 22 % — 152,40 ₽",
            "dials": [
                ("" if place else f"№ {dial.serial}, {dial.model}", zone, f"{words.number(dial.before[place])} на 22.09.2026",
                 f"{words.number(dial.now[place])} на 23.10.2026" if dial.now else "", "" if place else f"{dial.volume} кВт·ч")
                for dial in bill.dials for place, zone in enumerate(("день", "ночь"))
            ],
            "bars": [
                {"x": place * 10 + 1.5, "y": 39 - month.volume / 10, "tall": month.volume / 10, "value": month.volume,
                 "month": words.month_short(month.period), "sum": month.charged // 100,
                 "fill": "#ccc" if month.basis == AVERAGE else "#888"}
                for place, month in enumerate(bill.months)
            ],
            "how_to": ["Передайте показания с 6 по 29 ноября: наведите камеру на код справа, вход не нужен.",
                       "Или на сайте eniseisbyt.example, по телефону, по SMS, письмом.", f"Нормативы: {bill.norms[0]}."],
            "payment_code": self._picture(bill.qr), "reading_code": self._picture(bill.readings_url),
        }  # fmt: skip

    def _picture(self, text: str) -> str:
        """A code as a picture in the page; the first one serves for all, which spares WeasyPrint the making."""
        kind = text[:2]
        if kind not in self.pictures:
            rows = qr_code.rows(text.encode())
            image = Image.new("1", (len(rows), len(rows)), 1)
            for y, row in enumerate(rows):
                for x, module in enumerate(row):
                    if module == "1":
                        image.putpixel((x, y), 0)
            file = io.BytesIO()
            image.save(file, "PNG")
            self.pictures[kind] = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
        return self.pictures[kind]
