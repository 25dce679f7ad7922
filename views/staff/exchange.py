"""Files in and out: uploaded, checked, loaded, undone; exported; what became of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from flask import Blueprint, Response, abort, current_app, flash, request, send_file, session, url_for
from wtforms import RadioField, SelectField
from wtforms.fields.choices import SelectChoice

from models import base, clock, company, limits, words
from models.base import Refusal
from models.exchange import decisions, formats, outgoing, reading_export, transfers
from models.exchange.kinds import KINDS
from models.exchange.transfers import CHECKED, CSV, FAILED, IN, LARGEST, OUT, STATES, WAITING, XLSX, Transfer
from models.people import rights, staff_sessions
from models.people.staff import Employee
from tasks import queue
from views.fields import Form, HiddenField, Line
from views.page import as_file, see
from views.staff_door import KEY, officer, staff_only
from views.staff_page import page, part, refused

room = Blueprint("exchange", __name__)

PAGE = 30
UPLOADS = 60  # of one employee an hour
EVERY = 2  # seconds between two looks at a transfer that is worked on
_FORM = 1_000_000  # bytes of an upload's form around its file
TAGS = {
    "uploaded": "wait", "waiting": "wait", "loading": "wait", "undoing": "wait", "making": "wait", "loaded": "good", "made": "good",
    "failed": "bad", "undone": "bad",
}  # fmt: skip


class UploadForm(Form):
    kind = SelectField("Что в файле", validate_choice=False)


class ExportForm(Form):
    what = SelectField("Что выгрузить", validate_choice=False)
    since = Line("С какого дня", most=10)
    file_format = RadioField(
        "Вид файла",
        choices=[SelectChoice(CSV, "CSV"), SelectChoice(XLSX, "XLSX для Excel")],
        default=CSV,
        validate_choice=False,
    )


class DeedForm(Form):
    """A button, with a reason where one is asked for."""

    line = HiddenField()
    account = Line("Верный лицевой счёт", most=64)
    reason = Line("Почему", most=500)


@room.url_value_preprocessor
def _let_large_files_in(endpoint: str | None, _values: Any) -> None:
    """Raise the size of one route's requests, before anything reads the form; for those alone who may load files."""
    if endpoint == "exchange.upload" and session.get(KEY):
        with base.connection():
            row = staff_sessions.find(session[KEY])
        if row and rights.allows(row.role, "exchange.load"):
            request.max_content_length = LARGEST + _FORM


@room.get("/staff/exchange", endpoint="index")
@staff_only("exchange.see")
def index() -> Any:
    return page("staff/exchange/index.html", **_listed())


@room.post("/staff/exchange/files", endpoint="upload")
@staff_only("exchange.load")
def upload() -> Any:
    form = _upload_form()
    given = request.files.get("file")
    try:
        if given is None or not given.filename:
            raise Refusal("file", "Выберите файл.", "transfer.file")
        limits.spend("exchange.uploads", str(officer().id), UPLOADS, 3600)
        kind, _, register = (form.kind.data or "").partition(":")
        made = transfers.receive(given.stream, given.filename, kind=kind, register=register, employee_id=officer().id)
    except Refusal as refusal:
        form.refuse(refusal)
        wrong = [one.text for one in refusal.problems if one.field == "file"]
        return refused("staff/exchange/index.html", form, **{**_listed(), "upload_form": form, "wrong_file": wrong})
    queue.ring("handle_transfer", made.id)
    return see("exchange.show", transfer_id=made.id)


@room.post("/staff/exchange/exports", endpoint="export")
@staff_only("exchange.load")
def export() -> Any:
    form = _export_form()
    try:
        if not form.validate():
            raise Refusal(problems=[])
        since = _day(form.since.data)
        made = outgoing.order(form.what.data or "", form.file_format.data or "", since=since, employee_id=officer().id)
    except Refusal as refusal:
        form.refuse(refusal)
        return refused("staff/exchange/index.html", form, **{**_listed(), "export_form": form})
    queue.ring("handle_transfer", made.id)
    return see("exchange.show", transfer_id=made.id)


@room.get("/staff/exchange/files/<int:transfer_id>", endpoint="show")
@staff_only("exchange.see")
def show(transfer_id: int) -> Any:
    return page("staff/exchange/show.html", **_opened(_transfer_or_404(transfer_id)))


@room.get("/staff/exchange/files/<int:transfer_id>/state", endpoint="state")
@staff_only("exchange.see")
def state(transfer_id: int) -> Any:
    """The page's own part, while the background works on the file; nothing to swap as long as it stands where it stood."""
    transfer = _transfer_or_404(transfer_id)
    if transfer.state == request.args.get("was"):
        return "", 204
    return part("staff/exchange/_transfer.html", **_opened(transfer))


@room.post("/staff/exchange/files/<int:transfer_id>/taken", endpoint="take")
@staff_only("exchange.see")
def take(transfer_id: int) -> Any:
    """The file itself. Not by GET: it may hold personal data, so that it was taken is written down."""
    transfer = _transfer_or_404(transfer_id)
    if transfer.is_busy:
        abort(404)
    try:
        path = transfers.taken(transfer)
    except Refusal as refusal:
        return _refused(transfer, refusal)
    answer = send_file(path, "application/octet-stream", as_attachment=True, download_name=transfer.name)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@room.post("/staff/exchange/files/<int:transfer_id>/load", endpoint="load")
@staff_only("exchange.load")
def load(transfer_id: int) -> Any:
    """The button's `deed` says what: load, good (the good lines alone), mend, check, drop."""
    return _done(transfer_id, _LOADING)


@room.post("/staff/exchange/files/<int:transfer_id>/decision", endpoint="decide")
@staff_only("money.approve")
def decide(transfer_id: int) -> Any:
    """The second person's word on money, by the button's `deed`."""
    return _done(transfer_id, _DECIDING)


@room.post("/staff/exchange/files/<int:transfer_id>/undo", endpoint="undo")
@staff_only("exchange.undo")
def undo(transfer_id: int) -> Any:
    return _done(transfer_id, {"": _ask_undo})


def _done(transfer_id: int, deeds: Mapping[str, Deed]) -> Any:
    transfer, form = _transfer_or_404(transfer_id), DeedForm()
    deed = deeds.get(request.form.get("deed", ""))
    if deed is None:
        abort(404)
    try:
        if not form.validate():
            raise Refusal(problems=[])
        deed(transfer.id, officer().id, form)
    except Refusal as refusal:
        return _refused(transfer, refusal, form)
    queue.ring("handle_transfer", transfer.id)
    return see("exchange.show", transfer_id=transfer.id)


def _mend(transfer_id: int, me: int, form: Any) -> None:
    decisions.mend(transfer_id, _number(form.line.data) or 0, form.account.data or "", me)


def _ask_undo(transfer_id: int, me: int, form: Any) -> None:
    if decisions.ask_undo(transfer_id, me, form.reason.data or "") != transfers.UNDOING:
        flash("Записано. Отмену должен подтвердить другой сотрудник.", "good")


Deed = Callable[[int, int, Any], Any]
_LOADING: Mapping[str, Deed] = {
    "load": lambda transfer_id, me, _: decisions.ask(transfer_id, me),
    "good": lambda transfer_id, me, _: decisions.ask(transfer_id, me, keep_good=True),
    "mend": _mend,
    "check": lambda transfer_id, *_: decisions.check_again(transfer_id),
    "drop": lambda transfer_id, *_: decisions.drop(transfer_id),
}
_DECIDING: Mapping[str, Deed] = {
    "approve": lambda transfer_id, me, _: decisions.approve(transfer_id, me),
    "decline": lambda transfer_id, me, form: decisions.decline(transfer_id, me, form.reason.data or ""),
    "approve-undo": lambda transfer_id, me, _: decisions.approve_undo(transfer_id, me),
    "decline-undo": lambda transfer_id, _, form: decisions.decline_undo(transfer_id, form.reason.data or ""),
}


@room.get("/staff/exchange/formats", endpoint="formats")
@staff_only("exchange.see")
def show_formats() -> Any:
    told = [(kind, title, formats.columns(kind)) for kind, title in formats.TITLES.items()]
    return page("staff/exchange/formats.html", kinds=told, registers=company.current().registers.values())


@room.get("/staff/exchange/samples/<string:kind>.csv", endpoint="sample")
@staff_only("exchange.see")
def sample(kind: str) -> Response:
    if kind not in KINDS:
        abort(404)
    return as_file(formats.sample(kind), f"{kind}.csv", "text/csv")


# ---- what the pages show


def _transfer_or_404(transfer_id: int) -> Transfer:
    transfer = transfers.find(transfer_id) if transfer_id < 2**31 else None
    if transfer is None:
        abort(404)
    return transfer


def _refused(transfer: Transfer, refusal: Refusal, form: Any = None) -> Any:
    """The file's page with what is wrong beside the field that it is about: each deed has a form of its own there."""
    form = form or DeedForm()
    fresh = transfers.find(transfer.id) or transfer
    reason = "decline" if fresh.state == WAITING else "decline-undo" if fresh.is_undo_asked else "undo"
    wrong = {(reason if one.field == "reason" else one.field): one.text for one in refusal.problems if one.field}
    form.refuse(Refusal(problems=[one for one in refusal.problems if not one.field]))
    return refused("staff/exchange/show.html", form, **{**_opened(fresh), "wrong": wrong, "extra": list(wrong.items())})


def _opened(transfer: Transfer) -> dict[str, Any]:
    """A transfer with everything that its page says, and what the present employee may do about it."""
    me, form = officer(), DeedForm(formdata=None)
    is_mine = me.id in (transfer.employee_id, transfer.asked_by_id, *transfer.menders)
    return {
        "transfer": transfer,
        "names": _names([transfer]),
        "deed_form": form,
        "title": _title(transfer),
        "tag": (STATES[transfer.state], TAGS.get(transfer.state, "")),
        "twins": transfers.twins(transfer) if transfer.state in (CHECKED, WAITING) else [],
        "may_load": me.may("exchange.load"),
        "may_approve": me.may("money.approve") and not is_mine,
        "may_approve_undo": me.may("money.approve") and me.id != transfer.undo_asked_by_id,
        "may_undo": me.may("exchange.undo"),
        "why_two": decisions.why_two(transfer),
        "why_no_undo": decisions.why_no_undo(transfer),
        "every": EVERY,
        "wrong": {},
        "extra": [],
        "search": url_for("staff_customers.index") if "staff_customers.index" in current_app.view_functions else "",
        "is_large": base.is_sqlite() and _keeps_others_waiting(transfer),
    }


def _keeps_others_waiting(transfer: Transfer) -> bool:
    """Whether the load is one transaction of many seconds."""
    return transfer.counts.get("read", 0) > 50_000 and not KINDS[transfer.kind].in_parts


def _number(typed: str | None) -> int | None:
    """A number of a line or a transfer, as pages send it; None for anything else."""
    text = typed or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _listed() -> dict[str, Any]:
    """The history by the filter of the address, and the two forms above it."""
    kinds = {**formats.TITLES, **{kind: export.title for kind, export in outgoing.EXPORTS.items()}}
    directions = {IN: "загрузки", OUT: "выгрузки"}
    known: dict[str, Mapping[str, str]] = {"direction": directions, "kind": kinds, "state": STATES}
    asked = {name: request.args.get(name, "") for name in known}
    given = {name: value if value in known[name] else "" for name, value in asked.items()}
    before = _number(request.args.get("before"))
    found = transfers.listed(**given, before=before, limit=PAGE + 1)
    shown: dict[str, Any] = {name: value for name, value in given.items() if value}
    older = url_for("exchange.index", **shown, before=found[PAGE - 1].id) if len(found) > PAGE else ""
    return {
        "transfers": found[:PAGE],
        "names": _names(found[:PAGE]),
        "titled": _title,
        "tags": TAGS,
        "states": STATES,
        "asked": given,
        "kinds": kinds,
        "directions": directions,
        "older": (older, "раньше") if older else None,
        "newest": (url_for("exchange.index", **shown), "самые новые") if before else None,
        "upload_form": _upload_form(formdata=None),
        "export_form": _export_form(formdata=None),
        "wrong_file": [],
        "untold": reading_export.count(),
        "waiting": transfers.waiting_for_approval(),
        "may_load": officer().may("exchange.load"),
        "largest": LARGEST >> 20,
        "failed": FAILED,
    }


def _upload_form(**options: Any) -> UploadForm:
    form = UploadForm(**options)
    banks = [
        SelectChoice(f"payments:{one.code}", f"Реестр платежей: {one.title}")
        for one in company.current().registers.values()
    ]
    form.kind.choices = [*banks, *(SelectChoice(kind, title) for kind, title in formats.TITLES.items())]
    return form


def _export_form(**options: Any) -> ExportForm:
    form = ExportForm(**options)
    form.what.choices = [SelectChoice(kind, export.title) for kind, export in outgoing.EXPORTS.items()]
    return form


def _title(transfer: Transfer) -> str:
    if transfer.register:
        known = company.current().registers.get(transfer.register)
        return f"Реестр платежей: {known.title if known else transfer.register}"
    return formats.TITLES.get(transfer.kind) or outgoing.EXPORTS[transfer.kind].title


def _names(found: list[Transfer]) -> dict[int, str]:
    """Who had to do with the transfers, by id."""
    who = {
        one
        for row in found
        for one in (row.employee_id, row.asked_by_id, row.approved_by_id, row.undo_asked_by_id, row.undo_approved_by_id)
        if one
    }
    rows: Any = Employee.select(Employee.id, Employee.name).where(Employee.id.in_(who)).tuples() if who else ()
    return dict(rows)


def _day(typed: str | None) -> date | None:
    """A day as people and browsers write it. Refused: anything else, a day to come."""
    text = (typed or "").strip()
    if not text:
        return None
    try:
        parts = [int(one) for one in (text.split(".")[::-1] if "." in text else text.split("-"))]
        day = date(*parts)
    except (TypeError, ValueError, OverflowError):
        raise Refusal("since", f"Укажите день так: {clock.today():%d.%m.%Y}.", "export.since") from None
    if day.year < 2000 or day > clock.today():
        raise Refusal("since", f"Укажите день не позже {words.day(clock.today())}.", "export.since")
    return day
