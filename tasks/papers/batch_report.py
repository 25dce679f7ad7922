"""The report of a batch of paper forms: its figures, then each form with what was typed and what became of it; A4 across."""

from __future__ import annotations

import io

from models import words
from models.company import Company
from models.metering.batch_reports import STATES, Report, Row, Zone
from models.words import NBSP
from tasks.papers import flow
from tasks.papers.flow import Column, Flow
from tasks.papers.sheet import A4, AMBER, MM, RIGHT, SOFT, Sheet, Style

_SIZE = (A4[1], A4[0])
_LEFT, _RIGHT, _TOP, _BOTTOM = 12 * MM, 285 * MM, 11 * MM, 196 * MM
_NAME, _PLAIN, _STRONG = Style(15, bold=True), Style(9), Style(9, bold=True)
_CAPTION, _FOOT = Style(7.5, grey=SOFT), Style(7, grey=SOFT)
_COLUMNS = (
    Column("№", 10 * MM),
    Column("Лицевой счёт", 31 * MM),
    Column("Адрес, абонент", 61 * MM),
    Column("Счётчик", 32 * MM),
    Column("Было", 19 * MM, RIGHT),
    Column("Стало", 19 * MM, RIGHT),
    Column("Расход", 18 * MM, RIGHT),
    Column("Итог", 54 * MM),
    Column("Ввёл", 29 * MM),
)
_FACTS = (
    (0, 112 * MM),
    (118 * MM, 92 * MM),
    (222 * MM, 51 * MM),
)  # columns of facts: where each begins, how wide it is


def draw(report: Report, company: Company) -> bytes:
    """The report as a PDF of as many pages as it needs."""
    file = io.BytesIO()
    title = f"Пачка {report.batch}: {report.office}, бланки от {words.day(report.taken)}"
    sheet = Sheet(file, title=title, author=company.legal_name, size=_SIZE)

    def begin_page() -> float:
        sheet.text(_LEFT, _TOP + 4 * MM, title, _CAPTION, within=_RIGHT - _LEFT)
        return _TOP + 6 * MM

    def footer(number: int, count: int) -> None:
        sheet.text(_LEFT, _BOTTOM + 7 * MM, f"{company.legal_name}. {_standing(report)}", _FOOT, within=220 * MM)
        sheet.text(_RIGHT, _BOTTOM + 7 * MM, f"Страница {number} из {count}", _FOOT, RIGHT)

    body = Flow(sheet, _LEFT, _head(sheet, report, company), _BOTTOM, begin_page)
    body.table(_COLUMNS, [line for row in report.rows for line in _lines(row)])
    _signatures(body)
    sheet.flush(footer)
    sheet.save()
    return file.getvalue()


def _standing(report: Report) -> str:
    if report.closed_at is None:
        return "Пачка ещё открыта"
    return f"Закрыта {words.moment(report.closed_at)}, {report.closed_by}"


def _head(sheet: Sheet, report: Report, company: Company) -> float:
    y = _TOP + 5 * MM
    sheet.text(_LEFT, y, f"Отчёт по пачке {report.batch}", _NAME, within=180 * MM)
    sheet.text(_RIGHT, y, company.name, _NAME, RIGHT)
    sheet.box(_LEFT, y + 2.4 * MM, _RIGHT - _LEFT, 1.6, fill=AMBER)
    columns = (_about(report), _figures(report), _outcomes(report))
    bottoms = [
        _facts(sheet, _LEFT + x, y + 8.5 * MM, width, facts) for (x, width), facts in zip(_FACTS, columns, strict=True)
    ]
    y = max(bottoms)
    if report.difference:
        y = sheet.paragraph(_LEFT, y + 1 * MM, f"При закрытии: {report.difference}", _STRONG, _RIGHT - _LEFT, most=3)
    return y


def _facts(sheet: Sheet, x: float, y: float, width: float, facts: list[tuple[str, str]]) -> float:
    for name, value in facts:
        sheet.text(x, y, name, _CAPTION, within=28 * MM)
        sheet.text(x + 29 * MM, y, value, _PLAIN, within=width - 29 * MM)
        y += 4.6 * MM
    return y


def _about(report: Report) -> list[tuple[str, str]]:
    return [
        ("Участок", report.office),
        ("Бланки", f"от {words.day(report.taken)}, {report.channel}"),
        ("Открыта", f"{words.moment(report.opened_at)}, {report.opened_by}"),
        ("Закрыта", f"{words.moment(report.closed_at)}, {report.closed_by}" if report.closed_at else "ещё открыта"),
    ]


def _figures(report: Report) -> list[tuple[str, str]]:
    entered = words.number(report.entered)
    if report.expected is not None:
        entered += f" из {words.number(report.expected)}{_compared(-report.missing)}"
    facts = [("Введено бланков", entered), ("Сумма показаний", words.number(report.total))]
    if report.control_sum is not None:
        difference = report.total - report.control_sum
        facts.append(("Контрольная сумма", f"{words.number(report.control_sum)}{_compared(difference)}"))
    return [*facts, ("Сумма расходов", words.number(report.usage))]


def _compared(difference: int) -> str:
    """«, сходится», «, больше на 12»."""
    if not difference:
        return ", сходится"
    return f", {'больше' if difference > 0 else 'меньше'} на{NBSP}{words.number(abs(difference))}"


def _outcomes(report: Report) -> list[tuple[str, str]]:
    return [
        (title.capitalize(), words.number(report.by_state[state]))
        for state, title in STATES.items()
        if report.by_state.get(state)
    ]


def _lines(row: Row) -> list[flow.Row]:
    """A form as lines of the table: one a zone, the first with what holds for all, the second with the name."""
    outcome = ". ".join(part.rstrip(".") for part in (STATES[row.state], _aside(row), row.reason) if part)
    zones = [
        (f"№{NBSP}{dial.serial}" if not number else "", zone)
        for dial in row.dials
        for number, zone in enumerate(dial.zones)
    ]
    apart = len(zones) > 1
    who = row.address if apart else ", ".join(filter(None, (row.address, row.holder)))
    meter, zone = zones[0] if zones else ("", None)
    shown = (words.number(zone.was), _now(zone)) if zone else ("", row.typed)
    first = (str(row.line), row.account, who, meter, *shown, _use(row), outcome, row.by)
    lines = [flow.Row(first, open=apart)]
    for number, (meter, zone) in enumerate(zones[1:], 2):
        cells = ("", "", row.holder if number == 2 else "", meter, words.number(zone.was), _now(zone), "", "", "")
        lines.append(flow.Row(cells, open=number < len(zones)))
    return lines


def _now(zone: Zone) -> str:
    value = "—" if zone.now is None else words.number(zone.now)
    return f"{zone.name}{NBSP}{NBSP}{value}" if zone.name else value


def _use(row: Row) -> str:
    return "" if row.usage is None else words.number(row.usage)


def _aside(row: Row) -> str:
    return f"отложено: {row.aside}" if row.aside else ""


def _signatures(body: Flow) -> None:
    """Where those who typed and checked sign."""
    body.room(16 * MM)
    y = body.y + 12 * MM
    for number, title in enumerate(("Ввёл", "Проверил")):
        x = _LEFT + number * 92 * MM
        body.sheet.text(x, y, title, _PLAIN)
        body.sheet.rule(x + 18 * MM, y + 1 * MM, x + 84 * MM, 0.6)
