"""Paper reading forms: batches, typing them row by row, putting rows right. The script's parts have addresses of their own."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from flask import Blueprint, Response, abort, current_app, flash, request
from wtforms import DateField, SelectField, TextAreaField

from models import clock, limits, seal, words
from models.base import Refusal
from models.metering import finding
from models.metering.accounts import Account, Office, holder, short_address
from models.metering.meters import zones_of
from models.metering.paperforms import batches, closing, entry, judging, numbers, second_look
from models.metering.paperforms.batches import Batch, PaperForm
from models.metering.standings import Standing
from views.fields import Form, HiddenField, Line, Tick
from views.page import see
from views.staff_door import officer, staff_only
from views.staff_page import page, part, refused

room = Blueprint("paperforms", __name__)
SHOWN = 40  # rows of a batch on the page; all of them on request
FINDS, PER = 600, 3600


class StartForm(Form):
    key = HiddenField()
    office = SelectField("Участок", coerce=int, validate_choice=False)
    taken = DateField("Дата на бланках")
    channel = SelectField("Чьи показания", choices=list(batches.CHANNELS.items()), validate_choice=False)
    expected = Line("Сколько бланков", most=6)
    control_sum = Line("Контрольная сумма", most=20)

    def begin(self) -> StartForm:
        offices = list(Office.select().order_by(Office.name))
        self.office.choices = [(one.id, one.name) for one in offices]
        if not self.is_submitted():
            mine = next((one.id for one in offices if one.code == officer().office), None)
            self.key.data, self.taken.data, self.channel.data = seal.token()[:22], clock.today(), "staff"
            self.office.data = mine or (offices[0].id if offices else None)
        return self


class ReasonForm(Form):
    reason = Line("Причина", most=200)


class CloseForm(Form):
    acknowledged = Tick("Закрыть с расхождением")
    reason = TextAreaField("Почему не сходится")


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
    line = request.args.get("line", type=int)
    row = batches.on_line(batch_id, line) if line else None
    return page("staff/paperforms/entry.html", **_context(batch, row), form=ReasonForm(), asked=_asked(batch, row))


@room.post("/staff/paperforms/<int:batch_id>", endpoint="save")
@staff_only("paperforms.enter")
def save(batch_id: int) -> Any:
    """The plain form: first the account alone, then with its values."""
    batch = batch_or_404(batch_id)
    account, typed = request.form.get("account", ""), request.form.getlist("value")
    line = request.form.get("line", type=int)
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
        asked = lookup_of(batch, account, typed)
        row_there = batches.on_line(batch_id, line) if line else None
        return refused("staff/paperforms/entry.html", form, **_context(batch, row_there), asked=asked)
    return see("paperforms.entry", batch_id=batch_id, last=row.line)


@room.get("/staff/paperforms/<int:batch_id>/lookup", endpoint="lookup")
@staff_only("paperforms.enter")
def lookup(batch_id: int) -> Any:
    """For the script: whose account it is, and a field for each zone with what the dial showed before."""
    found = lookup_of(batch_or_404(batch_id), request.args.get("account", ""))
    zones = [{**zone, "label": f"{zone['label']} {words.number(zone['was'])} →"} for zone in found["zones"]]
    return _json({"who": found["who"], "zones": zones})


@room.post("/staff/paperforms/<int:batch_id>/rows", endpoint="row")
@staff_only("paperforms.enter")
def row(batch_id: int) -> Any:
    """For the script: one row, once by its key; the answer is the row as it stands, the totals and what to say aloud."""
    batch, given = batch_or_404(batch_id), request.form
    line, refusal = given.get("line", type=int), ""
    lines = [line] if line else []
    try:
        if given.get("withdraw"):
            entry.withdraw_line(batch_id, line or 0)
        else:
            lines = [one.line for one in _typed(batch_id, line)]
    except Refusal as refused_now:
        refusal = refused_now.text
    rows = [stands for one in lines if (stands := batches.on_line(batch_id, one))]
    shown = [part("staff/paperforms/_row.html", row=one, batch=batch, may_enter=True) for one in rows]
    odd = [f"Строка {one.line}. {one.reason}" for one in rows if one.is_unresolved]
    return _json(
        {
            "row": "".join(shown) or part("staff/paperforms/_unstored.html", refusal=refusal, given=given),
            "totals": part("staff/paperforms/_totals.html", totals=closing.totals(batch), batch=batch),
            "said": refusal or " ".join(odd),
        }
    )


@room.post("/staff/paperforms/<int:batch_id>/rows/<int:form_id>/withdraw", endpoint="withdraw")
@staff_only("paperforms.enter")
def withdraw(batch_id: int, form_id: int) -> Any:
    return _changed(batch_id, form_id, lambda: entry.withdraw(form_id, request.form.get("reason", "")), "Строка снята.")


@room.post("/staff/paperforms/<int:batch_id>/rows/<int:form_id>/aside", endpoint="set_aside")
@staff_only("paperforms.enter")
def set_aside(batch_id: int, form_id: int) -> Any:
    return _changed(
        batch_id, form_id, lambda: entry.set_aside(form_id, request.form.get("reason", "")), "Строка отложена."
    )


@room.get("/staff/paperforms/<int:batch_id>/find", endpoint="find")
@staff_only("paperforms.enter")
def find(batch_id: int) -> Any:
    """When the number on the paper cannot be read: by address or name, in the batch's office first."""
    batch = batch_or_404(batch_id)
    query = request.args.get("q", "").strip()[:100]
    context: dict[str, Any] = {"batch": batch, "query": query, "found": None}
    if query:
        limits.spend("paperforms.find", str(officer().id), FINDS, PER)
        near = finding.find(query, office=batch.office.code)
        context |= {"found": near if near.rows else finding.find(query), "is_near": bool(near.rows)}
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
        closing.close(batch_id, officer().id, acknowledged=bool(form.acknowledged.data), reason=form.reason.data or "")
    except Refusal as refusal:
        form.refuse(refusal)
        return refused("staff/paperforms/close.html", form, **_closing(batch))
    flash(f"Пачка {batch.id} закрыта.", "good")
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
    return see("paperforms.entry", batch_id=batch_id)


def batch_or_404(batch_id: int) -> Batch:
    batch = batches.find(batch_id)
    if batch is None:
        abort(404)
    return batch


def lookup_of(batch: Batch, text: str, typed: list[str] | None = None) -> dict[str, Any]:
    """Whose account the text means, in words, with its fields; or why it means none, with those it may be."""
    meant = numbers.recognise(text, batch.office_id)
    account: Account | None = meant.account
    found: dict[str, Any] = {"account": account, "text": text, "zones": [], "candidates": meant.candidates}
    if account is None:
        return found | {
            "who": "Подходит несколько счетов, наберите номер полностью"
            if meant.candidates
            else "Такого лицевого счёта нет"
        }
    try:
        standings = judging.standings_of(account.id, batch.taken)
    except Refusal as refusal:
        return found | {"who": refusal.text}
    who = f"{short_address(account)}, {holder(account)}" + ("" if standings else ": нет действующего счётчика")
    zones = [zone for standing in standings for zone in _zones(standing, len(standings) > 1)]
    for zone, value in zip(zones, typed or [], strict=False):
        zone["value"] = value
    return found | {"who": who, "zones": zones}


def _typed(batch_id: int, line: int | None) -> list[PaperForm]:
    given = request.form
    account, typed, key = given.get("account", ""), given.getlist("value"), given.get("key", "")
    if line is None:
        return entry.enter_on(batch_id, account, typed, key=key, employee_id=officer().id)
    return [entry.enter(batch_id, account, typed, key=key, employee_id=officer().id, line=line)]


def _listed() -> dict[str, Any]:
    return {"listed": batches.listed(), "others": current_app.view_functions}


def _zones(standing: Standing, several: bool) -> list[dict[str, Any]]:
    """A field a zone: its label with the value before, the digits of the dial, the meter it belongs to."""
    meter, found = standing.meter, []
    for zone, before in zip(zones_of(meter), standing.previous, strict=True):
        name = (
            f"№ …{meter.serial[-4:]}, {zone.upper().replace('T', 'Т')}" if several else zone.upper().replace("T", "Т")
        )
        found.append({"label": name, "was": before, "digits": meter.digits, "meter": meter.id})
    return found


def _asked(batch: Batch, row: PaperForm | None) -> dict[str, Any] | None:
    """What the plain form shows in its second step: the account asked for, or the row to put right."""
    text = request.args.get("account", "").strip()[: numbers.LONGEST]
    if text:
        return lookup_of(batch, text)
    return lookup_of(batch, row.account_text, row.typed) if row else None


def _context(batch: Batch, row: PaperForm | None) -> dict[str, Any]:
    shown = None if "all" in request.args else SHOWN
    return {
        "batch": batch, "rows": batches.rows(batch.id, shown), "totals": closing.totals(batch), "row": row,
        "key": seal.token()[:22], "may_enter": batch.is_open and officer().may("paperforms.enter"),
        "whole": numbers.whole_pattern(), "last": request.args.get("last", type=int),
        "waiting": second_look.waiting(officer().id, batch.id).count(), "others": current_app.view_functions,
    }  # fmt: skip


def _closing(batch: Batch) -> dict[str, Any]:
    unchecked = second_look.waiting(0, batch.id).count() + len(second_look.undecided(batch.id))
    return {"batch": batch, "totals": closing.totals(batch), "unchecked": unchecked}


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
            asked=lookup_of(batch, row.account_text, row.typed),
        )
    flash(said)
    return see("paperforms.entry", batch_id=batch_id)


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
