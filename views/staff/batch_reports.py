"""The report of a batch of paper forms, as a paper and as a table: people's names and addresses, so the log says who took it."""

from __future__ import annotations

import io
import tempfile
from typing import Any

from flask import Blueprint, abort

from models import company
from models.exchange import xlsx
from models.metering import batch_reports
from models.metering.batch_reports import Report
from models.people.staff import subject
from tasks.papers import batch_report
from views import downloads, papers
from views.staff_door import officer, staff_only

room = Blueprint("batch_reports", __name__)


@room.post("/staff/paperforms/<int:batch_id>/report.pdf", endpoint="pdf")
@staff_only("paperforms.see")
def pdf(batch_id: int) -> Any:
    report = _found(batch_id)
    drawn = batch_report.draw(report, company.current())
    batch_reports.taken(report, "pdf")
    return downloads.made(io.BytesIO(drawn), f"{_name(report)}.pdf", downloads.PDF)


@room.post("/staff/paperforms/<int:batch_id>/report.xlsx", endpoint="xlsx")
@staff_only("paperforms.see")
def as_xlsx(batch_id: int) -> Any:
    report = _found(batch_id)
    file: Any = tempfile.TemporaryFile()  # noqa: SIM115  the answer closes it
    title = f"Пачка {report.batch}"
    xlsx.write(file, batch_reports.HEADER, batch_reports.table(report), title, batch_reports.WIDTHS)
    batch_reports.taken(report, "xlsx")
    return downloads.made(file, f"{_name(report)}.xlsx", xlsx.KIND)


def _found(batch_id: int) -> Report:
    papers.spend(subject(officer().id))
    return batch_reports.of(batch_id) or abort(404)


def _name(report: Report) -> str:
    return f"batch-{report.batch}-{report.taken:%Y-%m-%d}"
