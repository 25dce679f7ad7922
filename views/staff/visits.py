"""The result of a fitter's visit, and the photos brought from it."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, abort, flash, g
from wtforms import MultipleFileField, RadioField
from wtforms.fields.choices import SelectChoice

from models import clock, company, files
from models.base import Refusal
from models.files import STAFF
from models.metering import replacing
from models.metering.hanging import LONGEST_MODEL, LONGEST_SERIAL, NewMeter
from models.metering.meters import ZONES, Meter, zone_names
from models.metering.orders.rows import INSTALLATION, KIND_TITLES, OPEN, REPLACEMENT, VERIFICATION, visit
from models.metering.replacing import LONGEST_SEALS, Doubtful, Visit
from models.numbers import number_of
from views import downloads, uploads
from views.fields import Form, HiddenField, Line, Shown
from views.page import see
from views.staff_door import staff_only
from views.staff_order import opened
from views.staff_page import page, refused
from views.visit_form import day_of

room = Blueprint("visits", __name__)
uploads.allow(
    room, "visits.enter", "visits.attach", may=uploads.staff_may("orders.visit"), largest=uploads.largest_of(STAFF)
)
_TEMPLATE = "staff/orders/result.html"
_LONGEST_DAY = 20


class ResultForm(Form):
    """All that a visit of any kind can bring; the page shows what belongs to its kind."""

    confirmed = HiddenField()
    day = Line("День визита", most=_LONGEST_DAY, required="Введите день визита.")
    final_t1, final_t2, final_t3 = Shown("Т1"), Shown("Т2"), Shown("Т3")
    serial = Line("Номер", most=LONGEST_SERIAL)
    model = Line("Модель", most=LONGEST_MODEL)
    zones = Line("Зон", most=5)
    digits = Line("Цифр до запятой", most=5)
    ratio = Line("Коэффициент трансформации", most=5)
    initial_t1, initial_t2, initial_t3 = Shown("Т1"), Shown("Т2"), Shown("Т3")
    verification_due = Line("Поверен до", most=_LONGEST_DAY)
    outcome = RadioField(
        "Итог",
        choices=[SelectChoice("passed", "Поверку прошёл"), SelectChoice("failed", "Поверку не прошёл")],
        validate_choice=False,
    )
    due = Line("Следующая поверка до", most=_LONGEST_DAY)
    reason = Line("Что со счётчиком", most=300)
    seals = Line("Номера пломб", most=LONGEST_SEALS)
    files = MultipleFileField("Снимки и акт")

    @property
    def sent(self) -> list[Any]:
        return uploads.sent(self.files)

    @property
    def new(self) -> NewMeter:
        initial = [self[f"initial_{zone}"].data or "" for zone in ZONES]
        return NewMeter(
            self.serial.data or "", self.model.data or "", self.zones.data or "", self.digits.data or "", self.ratio.data or "",
            initial, self.date("verification_due"),
        )  # fmt: skip

    @property
    def finals(self) -> tuple[str, ...]:
        return tuple(self[f"final_{zone}"].data or "" for zone in ZONES)

    def date(self, name: str) -> date | None:
        """The day that a field names; None for an empty one. Refused: what is no day."""
        typed = (self[name].data or "").strip()
        found = day_of(typed)
        if typed and found is None:
            raise Refusal(name, "Это не похоже на дату. Пример: 20.11.2026", "day.shape")
        return found


class FilesForm(Form):
    files = MultipleFileField("Снимки и акт")


@room.before_request
def _show_section() -> None:
    g.section = "staff_orders"


@room.get("/staff/orders/<string:number>/result", endpoint="form")
@staff_only("orders.visit")
def form(number: str) -> Any:
    order = opened(number)
    if order.state not in OPEN:
        return see("staff_orders.show", number=number)
    blank = _blank(order)
    return page(_TEMPLATE, form=blank, **_context(order, blank))


@room.post("/staff/orders/<string:number>/result", endpoint="enter")
@staff_only("orders.visit")
def enter(number: str) -> Any:
    """All of it in one act, or nothing; what is unusual is asked about once."""
    order, form = opened(number), ResultForm()
    doubts: list[str] = []
    if form.validate():
        try:
            _enter(order, form)
            flash("Результат внесён, письмо клиенту отправлено.", "good")
            return see("staff_orders.show", number=number)
        except Doubtful as doubtful:
            doubts = doubtful.texts
            form.confirmed.data = doubtful.mark
        except Refusal as refusal:
            form.refuse(refusal)
    if not doubts:
        form.confirmed.data = ""
    return refused(_TEMPLATE, form, **{**_context(opened(number), form), "doubts": doubts})


@room.post("/staff/orders/<string:number>/files", endpoint="attach")
@staff_only("orders.visit")
def attach(number: str) -> Any:
    """Photos that come later than the result."""
    order, form = opened(number), FilesForm()
    if not form.validate():
        abort(400)
    try:
        sent = uploads.sent(form.files)
        if not sent:
            raise Refusal("files", "Выберите файлы.", "files.none")
        replacing.attach(order.id, uploads.put_all(sent, allowed=STAFF))
        flash("Приложено.", "good")
    except Refusal as refusal:
        flash(refusal.text, "bad")
    return see("staff_orders.show", number=number)


@room.post("/staff/orders/<string:number>/files/<int:file_id>", endpoint="download")
@staff_only("orders.see")
def download(number: str, file_id: int) -> Any:
    stored = files.one_of(f"order:{opened(number).id}", file_id) or abort(404)
    try:
        return downloads.stored(stored)
    except Refusal as refusal:
        flash(refusal.text, "bad")
        return see("staff_orders.show", number=number)


def _enter(order: Any, form: ResultForm) -> None:
    day = form.date("day")
    if day is None:
        raise Refusal("day", "Введите день визита.", "visit.day")
    if order.kind == VERIFICATION:
        _verify(order, form, day)
        return
    new = form.new
    brought = _brought(form, day)
    if order.kind == INSTALLATION:
        replacing.install(order.id, brought, new)
    else:
        replacing.replace(order.id, brought, form.finals, new)


def _verify(order: Any, form: ResultForm, day: date) -> None:
    if form.outcome.data not in ("passed", "failed"):
        raise Refusal("outcome", "Выберите, прошёл ли счётчик поверку.", "verify.outcome")
    due = form.date("due")
    passed = form.outcome.data == "passed"
    replacing.verify(order.id, _brought(form, day), passed=passed, due=due, reason=form.reason.data or "")


def _brought(form: ResultForm, day: date) -> Visit:
    """The files go to the disk last of all: nothing else is left to be refused before the transaction."""
    return Visit(day, form.seals.data or "", uploads.put_all(form.sent, allowed=STAFF), form.confirmed.data or "")


def _blank(order: Any) -> ResultForm:
    """The day of the visit, the model that was wished, and the plan of the old meter."""
    wished = company.current().catalogue.find(order.model)
    day = order.day if order.day and order.day <= clock.today() else clock.today()
    given: dict[str, Any] = {"day": day.isoformat(), "ratio": str(order.ratio or 1)}
    if wished:
        given |= {"model": wished.name, "zones": str(wished.zones), "digits": str(wished.digits)}
    elif order.kind == REPLACEMENT:
        given |= {"zones": str(order.zones)}
    return ResultForm(**given)


def _context(order: Any, form: ResultForm) -> dict[str, Any]:
    old = Meter.get_by_id(order.meter_id) if order.kind == REPLACEMENT else None
    for zone, name in zone_names(old).items() if old and old.zones > 1 else ():
        form[f"final_{zone}"].label.text = name
    return {
        "order": order, "old": old, "last": replacing.last_shown(old, clock.today()) if old else None, "doubts": [],
        "kinds": KIND_TITLES, "visit": visit, "number": number_of(order.id, order.placed_at), "endings": ",".join(STAFF.endings),
        "catalogue": company.current().catalogue, "hint": _files_hint(),
    }  # fmt: skip


def _files_hint() -> str:
    return (
        f"{STAFF.names}, каждый до {STAFF.one >> 20}\u00a0МБ. Снимки обоих счётчиков с показаниями и подписанный акт."
    )
