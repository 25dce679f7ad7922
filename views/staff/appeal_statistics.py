"""Figures of appeals: by month and by topic, how many in time, how fast, how they were rated; as a page and as a table to take away."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from flask import Blueprint, abort, g, request

from models import clock, periods
from models.base import Refusal
from models.exchange import exports, xlsx
from models.metering.accounts import Office
from models.office.inbox import statistics
from models.office.inbox.statistics import Report
from views import downloads
from views.charts import Point, month_labels
from views.fields import Form, Line
from views.page import as_file
from views.staff_appeal import printable
from views.staff_door import staff_only
from views.staff_page import page

room = Blueprint("appeal_statistics", __name__)
MONTHS = 12  # shown unless other days are asked for
HEADER = (
    "Что", "Поступило", "Отвечено", "В срок", "В срок, %", "Закрыто без ответа", "Просрочено", "Рабочих дней до ответа", "Оценок",
    "Средняя оценка", "Открыто снова",
)  # fmt: skip


class PeriodForm(Form):
    since = Line("С какого дня", most=10)
    until = Line("По какой день", most=10)

    class Meta(Form.Meta):
        csrf = False  # a look changes nothing

    def days(self) -> tuple[date, date]:
        """The first and the last day; this year's months unless others were typed. Refused: what is no day."""
        since = _day("since", self.since.data or "", periods.first_day(periods.shift(clock.period(), 1 - MONTHS)))
        until = _day("until", self.until.data or "", clock.today())
        return since, until


@room.before_request
def _section() -> None:
    g.section = "staff_appeals"


@room.get("/staff/appeals/statistics", endpoint="show")
@staff_only("statistics.see")
def show() -> Any:
    form = PeriodForm(formdata=request.args)
    report = _report(form, request.args)
    if report:
        form.since.data, form.until.data = str(report.since), str(report.until)
    offices = [(one.code, one.name) for one in Office.select(Office.code, Office.name).order_by(Office.name)]
    office = printable(request.args.get("office", ""))
    shown = page(
        "staff/appeals/statistics.html",
        form=form,
        report=report,
        points=_points(report),
        offices=offices,
        office=office,
    )
    return shown, 200 if report else 422


@room.post("/staff/appeals/statistics/table", endpoint="table")
@staff_only("statistics.see")
def table() -> Any:
    """The same figures as CSV or XLSX."""
    kind = request.form.get("kind", "")
    report = _report(PeriodForm(formdata=request.form), request.form)
    if report is None or kind not in ("csv", "xlsx"):
        abort(400)
    name = f"appeals-{report.since}-{report.until}.{kind}"
    if kind == "csv":
        rows = [tuple(map(_figure, row)) for row in _rows(report)]
        return as_file(exports.table(HEADER, rows), name, "text/csv")
    file: Any = tempfile.TemporaryFile()  # noqa: SIM115  the answer closes it
    xlsx.write(file, HEADER, _rows(report), "Обращения", (40,))
    return downloads.made(file, name, xlsx.KIND)


def _report(form: PeriodForm, values: Mapping[str, str]) -> Report | None:
    """The figures of the days and the office that were asked for; None where the form says what is wrong with them."""
    try:
        if form.validate():
            return statistics.report(*form.days(), printable(values.get("office", "")))
    except Refusal as refusal:
        form.refuse(refusal)
    return None


def _points(report: Report | None) -> list[Point]:
    if report is None:
        return []
    label = month_labels(len(report.by_month))
    return [Point(label(one.code), one.registered, previous=one.answered) for one in report.by_month]


def _rows(report: Report) -> Iterator[tuple[Any, ...]]:
    """Months, topics, offices, and all together."""
    for one in (*report.by_month, *report.by_topic, *report.by_office, report.total):
        rating = one.rating / 100 if one.rating is not None else None
        yield (
            one.label, one.registered, one.answered, one.in_time, one.in_time_percent, one.unanswered, one.overdue,
            _decimal(one.median_days), one.rated, _decimal(rating), one.reopened,
        )  # fmt: skip


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(f"{value:.2f}")


def _figure(cell: Any) -> Any:
    """«4,50», as a Russian spreadsheet reads it in a CSV; nothing where nothing is known."""
    if isinstance(cell, Decimal):
        return exports.Figure(str(cell).replace(".", ","))
    return "" if cell is None else cell


def _day(field: str, text: str, usual: date) -> date:
    if not text:
        return usual
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not 2000 <= day.year <= 2099:
        raise Refusal(field, "Введите день, например 2026-11-20.", "statistics.day")
    return day
