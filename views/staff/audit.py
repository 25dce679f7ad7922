"""The audit log: who did what to whom, when and from where; searched, and taken away as a file."""

from __future__ import annotations

import tempfile
from datetime import date
from typing import Any

from flask import Blueprint, abort, request, url_for
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from models import audit_chain, clock
from models.base import Refusal
from models.exchange import xlsx
from models.office import audit_export, audit_log, deeds
from models.office.audit_log import Search
from views import downloads
from views.fields import Form, Line
from views.page import as_file
from views.staff_door import staff_only
from views.staff_page import page

room = Blueprint("audit", __name__)
_SEARCHED = ("who", "deed", "subject", "ip", "first", "last")


class SearchForm(Form):
    who = Line("Кто", most=audit_log.LONGEST)
    deed = SelectField("Что сделал", validate_choice=False)
    subject = Line("О ком или о чём", most=audit_log.LONGEST)
    ip = Line("Откуда", most=45)
    first = Line("С дня", most=10)
    last = Line("По день", most=10)

    class Meta(Form.Meta):
        csrf = False  # a search changes nothing; its address can be kept and sent to a colleague

    def asked(self) -> Search:
        """What is looked for; raises Refusal for what cannot be understood."""
        typed = {name: self[name].data or "" for name in _SEARCHED}
        return audit_log.search(typed, _day("first", typed["first"]), _day("last", typed["last"]))


@room.get("/staff/audit", endpoint="index")
@staff_only("audit.see")
def index() -> Any:
    form, asked = _asked(request.args)
    before = request.args.get("before", type=int)
    return _shown(form, asked, before if before and 0 < before < 1 << 63 else None)


@room.post("/staff/audit/export", endpoint="export")
@staff_only("audit.see")
def export() -> Any:
    """The rows that the search finds, as a file; the log says who took them."""
    form, asked = _asked(request.form)
    kind = request.form.get("format")
    if kind not in ("csv", "xlsx"):
        abort(400)
    if asked is None:
        return _shown(form, None, None), 422
    name = f"audit-{clock.today()}.{kind}"
    try:
        if kind == "csv":
            return as_file(audit_export.as_csv(asked), name, "text/csv")
        file: Any = tempfile.TemporaryFile()  # noqa: SIM115  the answer closes it
        audit_export.as_xlsx(asked, file)
        return downloads.made(file, name, xlsx.KIND)
    except Refusal as refusal:
        form.refuse(refusal)
        return _shown(form, asked, None), 422


def _asked(values: Any) -> tuple[SearchForm, Search | None]:
    """The form as it was filled in, and what it asks for unless something in it is wrong."""
    form = SearchForm(formdata=values)
    chosen = form.deed.data = "".join(filter(str.isprintable, form.deed.data or ""))
    titles = {**deeds.DEEDS, **({chosen: deeds.title(chosen)} if chosen else {})}
    words = sorted(titles.items(), key=lambda item: item[1].lower())
    form.deed.choices = [SelectChoice("", "что угодно"), *(SelectChoice(code, title) for code, title in words)]
    try:
        return form, form.asked() if form.validate() else None
    except Refusal as refusal:
        form.refuse(refusal)
        return form, None


def _shown(form: SearchForm, asked: Search | None, before: int | None) -> str:
    rows = audit_log.find(asked, before, audit_log.PAGE + 1) if asked else []
    shown, more = rows[: audit_log.PAGE], len(rows) > audit_log.PAGE
    typed = {name: form[name].data for name in _SEARCHED if form[name].data}
    return page(
        "staff/audit/index.html",
        form=form,
        typed=typed,
        rows=audit_log.in_words(shown),
        older=url_for("audit.index", **typed, before=shown[-1].id) if more else None,
        newest=url_for("audit.index", **typed) if before else None,
        verified=audit_log.last_verification(),
        end=audit_chain.end(),
        today=clock.today(),
    )


def _day(field: str, text: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not 2000 <= day.year <= 2099:
        raise Refusal(field, "Введите день, например 2026-11-20.", "audit.day")
    return day
