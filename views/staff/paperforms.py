"""Paper reading forms: batches, typing them row by row, putting rows right. The script's parts have addresses of their own."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from flask import Blueprint, Response, abort, current_app, flash, request
from wtforms import DateField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice

from models import clock, seal, words
from models.base import Refusal
from models.metering.accounts import Office
from models.metering.paperforms import batches, closing, entry, looking, numbers, second_look
from models.metering.paperforms.batches import Batch, PaperForm
from views import staff_lookup
from views.fields import Form, HiddenField, Line, Tick
from views.page import see
from views.row_id import row_id
from views.staff_door import officer, staff_only
from views.staff_page import page, part, refused

room = Blueprint("paperforms", __name__)
SHOWN = 40  # rows of a batch on the page; all of them on request
_GONE = 0  # the line of no row


class StartForm(Form):
    key = HiddenField()
    office = SelectField("Участок", coerce=lambda text: _number(str(text)), validate_choice=False)
    taken = DateField("Дата на бланках")
    channel = SelectField(
        "Чьи показания", choices=[SelectChoice(*one) for one in batches.CHANNELS.items()], validate_choice=False
    )
    expected = Line("Сколько бланков", most=6)
    control_sum = Line("Контрольная сумма", most=20)

    def begin(self) -> StartForm:
        offices = list(Office.select().order_by(Office.name))
        self.office.choices = [SelectChoice(one.id, one.name) for one in offices]
        if not self.is_submitted():
            mine = next((one.id for one in offices if one.code == officer().office), None)
            self.key.data, self.taken.data, self.channel.data = seal.token()[:22], clock.today(), "staff"
            self.office.data = mine or (offices[0].id if offices else None)
        return self


class ReasonForm(Form):
    reason = Line("Причина", most=200)


class CloseForm(Form):
    acknowledged = Tick("Закрыть с расхождением")
    unchecked = Tick("Закрыть без сверки")
    reason = TextAreaField("Почему закрываете так")


@room.get("/staff/paperforms", endpoint="index")
@staff_only("paperforms.see")
def index() -> Any:
    return page("staff/paperforms/index.html", **_listed(), form=StartForm().begin())


@room.post("/staff/paperforms", endpoint="start")
@staff_only("paperforms.enter")
def start() -> Any:
    form = StartForm().begin()
    if form.validate():
        try:
            batch = batches.start(
                form.office.data or 0, form.taken.data or date.min, form.channel.data or "", key=form.key.data or seal.token(),
                employee_id=officer().id, expected=_whole(form.expected), control_sum=_whole(form.control_sum),
            )  # fmt: skip
            return see("paperforms.entry", batch_id=batch.id)
        except Refusal as refusal:
            form.refuse(refusal)
    return refused("staff/paperforms/index.html", form, **_listed())


@room.get("/staff/paperforms/<int:batch_id>", endpoint="entry")
@staff_only("paperforms.see")
def show(batch_id: int) -> Any:
    batch = batch_or_404(batch_id)
    line = request.args.get("line", type=row_id)
    row = batches.on_line(batch_id, line) if line else None
    return page("staff/paperforms/entry.html", **_context(batch, row), form=ReasonForm(), asked=_asked(batch, row))


@room.post("/staff/paperforms/<int:batch_id>", endpoint="save")
@staff_only("paperforms.enter")
def save(batch_id: int) -> Any:
    """The plain form: first the account alone, then with its values."""
    batch = batch_or_404(batch_id)
    account, typed = request.form.get("account", ""), request.form.getlist("value")
    line = _line()
    if "value" not in request.form:
        return see("paperforms.entry", batch_id=batch_id, account=account, line=line)
    try:
        row = entry.enter(
            batch_id,
            account,
            typed,
            key=request.form.get("key", "") or seal.token(),
            employee_id=officer().id,
            line=line,
        )
    except Refusal as refusal:
        form = ReasonForm()
        form.refuse(refusal)
        asked = staff_lookup.of_text(batch, account, typed)
        row_there = batches.on_line(batch_id, line) if line else None
        return refused("staff/paperforms/entry.html", form, **_context(batch, row_there), asked=asked)
    return see("paperforms.entry", batch_id=batch_id, last=row.line)


@room.get("/staff/paperforms/<int:batch_id>/lookup", endpoint="lookup")
@staff_only("paperforms.enter")
def lookup(batch_id: int) -> Any:
    """For the script: whose account it is, and a field for each zone with what the dial showed before."""
    found = staff_lookup.of_text(batch_or_404(batch_id), request.args.get("account", ""))
    zones = [{**zone, "label": f"{zone['label']} {words.number(zone['was'])} →"} for zone in found["zones"]]
    return _json({"who": found["who"], "zones": zones})


@room.post("/staff/paperforms/<int:batch_id>/rows", endpoint="row")
@staff_only("paperforms.enter")
def row(batch_id: int) -> Any:
    """For the script: one row, once by its key; the answer is the row as it stands, the totals and what to say aloud.

    No row: what was typed is stored nowhere, and stays in the browser.
    """
    batch, line, refusal = batch_or_404(batch_id), _line(), ""
    lines = [line] if line else []
    try:
        if request.form.get("withdraw"):
            entry.withdraw_line(batch_id, line or 0)
        else:
            lines = [one.line for one in _typed(batch_id, line)]
    except Refusal as refused_now:
        refusal = refused_now.text
        lines = [] if refused_now.problems[0].rule == "batch.closed" else lines
    rows = [stands for one in lines if (stands := batches.on_line(batch_id, one))]
    blind = _blind(batch)
    shown = [part("staff/paperforms/_row.html", row=one, batch=batch, may_enter=True, blind=blind) for one in rows]
    odd = [f"Строка {one.line}. {one.reason}" for one in rows if one.is_unresolved and one.id not in blind]
    totals = part("staff/paperforms/_totals.html", totals=closing.totals(batch), batch=batch)
    return _json({"row": "".join(shown), "totals": totals, "said": refusal or " ".join(odd)})


@room.post("/staff/paperforms/<int:batch_id>/rows/<int:form_id>/withdraw", endpoint="withdraw")
@staff_only("paperforms.enter")
def withdraw(batch_id: int, form_id: int) -> Any:
    return _changed(
        batch_id,
        form_id,
        lambda: entry.withdraw(form_id, request.form.get("reason", "")),
        "Строка снята: показание по ней не учтено.",
    )


@room.post("/staff/paperforms/<int:batch_id>/rows/<int:form_id>/aside", endpoint="set_aside")
@staff_only("paperforms.enter")
def set_aside(batch_id: int, form_id: int) -> Any:
    return _changed(
        batch_id,
        form_id,
        lambda: entry.set_aside(form_id, request.form.get("reason", "")),
        "Строка отложена: пачку можно закрыть без неё.",
    )


@room.get("/staff/paperforms/<int:batch_id>/find", endpoint="find")
@staff_only("paperforms.enter")
def find(batch_id: int) -> Any:
    """When the number on the paper cannot be read: by address or name, in the batch's office first."""
    batch = batch_or_404(batch_id)
    query = request.args.get("q", "").strip()[:100]
    context: dict[str, Any] = {"batch": batch, "query": query, "found": None}
    if query:
        context["found"], context["is_near"] = looking.search(batch, query, officer().id)
    return page("staff/paperforms/find.html", **context)


@room.get("/staff/paperforms/<int:batch_id>/close", endpoint="closing")
@staff_only("paperforms.enter")
def closing_page(batch_id: int) -> Any:
    return page("staff/paperforms/close.html", **_closing(batch_or_404(batch_id)), form=CloseForm())


@room.post("/staff/paperforms/<int:batch_id>/close", endpoint="close")
@staff_only("paperforms.enter")
def close(batch_id: int) -> Any:
    batch, form = batch_or_404(batch_id), CloseForm()
    try:
        closing.close(
            batch_id, officer().id, acknowledged=form.acknowledged.data, unchecked=form.unchecked.data,
            reason=form.reason.data or "",
        )  # fmt: skip
    except Refusal as refusal:
        form.refuse(refusal)
        return refused("staff/paperforms/close.html", form, **_closing(batch))
    flash(f"Пачка {batch.id} закрыта. Отчёт о ней — внизу страницы.", "good")
    return see("paperforms.entry", batch_id=batch_id)


@room.post("/staff/paperforms/<int:batch_id>/reopen", endpoint="reopen")
@staff_only("paperforms.check")
def reopen(batch_id: int) -> Any:
    batch, form = batch_or_404(batch_id), ReasonForm()
    try:
        closing.reopen(batch_id, officer().id, form.reason.data or "")
    except Refusal as refusal:
        form.refuse(refusal)
        return refused("staff/paperforms/entry.html", form, **_context(batch, None), asked=None)
    flash(f"Пачка {batch.id} снова открыта: можно вводить и исправлять.", "good")
    return see("paperforms.entry", batch_id=batch_id)


def batch_or_404(batch_id: int) -> Batch:
    batch = batches.find(batch_id)
    if batch is None:
        abort(404)
    return batch


def _typed(batch_id: int, line: int | None) -> list[PaperForm]:
    given = request.form
    account, typed, key = given.get("account", ""), given.getlist("value"), given.get("key", "")
    if line is None:
        return entry.enter_on(batch_id, account, typed, key=key, employee_id=officer().id)
    return [entry.enter(batch_id, account, typed, key=key, employee_id=officer().id, line=line)]


def _listed() -> dict[str, Any]:
    return {"listed": batches.listed(), "others": current_app.view_functions}


def _asked(batch: Batch, row: PaperForm | None) -> dict[str, Any] | None:
    """What the plain form shows in its second step: the account asked for, or the row to put right."""
    if (text := request.args.get("account", "").strip()) and officer().may("paperforms.enter"):
        return staff_lookup.of_text(batch, text)
    return staff_lookup.of_row(batch, row, _typed_before(batch, row)) if row else None


def _typed_before(batch: Batch, row: PaperForm) -> list[str]:
    return [] if row.id in _blind(batch) else row.typed


def _blind(batch: Batch) -> set[int]:
    """The rows whose values this employee must not see yet: they wait for their own check."""
    if not officer().may("paperforms.check"):
        return set()
    return {row.id for row in second_look.waiting(officer().id, batch.id)}


def _context(batch: Batch, row: PaperForm | None) -> dict[str, Any]:
    shown, blind = None if "all" in request.args else SHOWN, _blind(batch)
    return {
        "batch": batch, "rows": batches.rows(batch.id, shown), "totals": closing.totals(batch), "row": row,
        "key": seal.token()[:22], "may_enter": batch.is_open and officer().may("paperforms.enter"),
        "whole": numbers.whole_pattern(), "last": request.args.get("last", type=row_id), "blind": blind,
        "waiting": len(blind), "others": current_app.view_functions,
    }  # fmt: skip


def _closing(batch: Batch) -> dict[str, Any]:
    totals = closing.totals(batch)
    sampled = second_look.waiting(second_look.NOBODY, batch.id).where(PaperForm.state == batches.ACCEPTED)
    return {"batch": batch, "totals": totals, "sampled": sampled.count()}


def _changed(batch_id: int, form_id: int, deed: Any, said: str) -> Any:
    batch, form = batch_or_404(batch_id), ReasonForm()
    row = PaperForm.get_or_none(PaperForm.id == form_id, PaperForm.batch == batch_id)
    if row is None:
        abort(404)
    try:
        deed()
    except Refusal as refusal:
        form.refuse(refusal)
        stands = batches.on_line(batch_id, row.line)
        return refused(
            "staff/paperforms/entry.html",
            form,
            **_context(batch, stands),
            asked=staff_lookup.of_row(batch, row, _typed_before(batch, row)),
        )
    flash(said)
    return see("paperforms.entry", batch_id=batch_id)


def _line() -> int | None:
    """The line to put right; none for a new one."""
    text = request.form.get("line", "").strip()
    return _number(text) if text else None


def _number(text: str) -> int:
    try:
        return row_id(text)
    except ValueError:
        return _GONE


def _whole(field: Line) -> int | None:
    """A count or a sum, spaces between its thousands; blank for none."""
    text = "".join((field.data or "").split())
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise Refusal(field.name, "Нужны только цифры.", f"{field.name}.digits")
    return int(text)


def _json(data: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(data, ensure_ascii=False), status, content_type="application/json; charset=utf-8")
