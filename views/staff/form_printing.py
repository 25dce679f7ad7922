"""Reading forms for printing: those of an office's streets in the order of the walk, or blank ones."""

from __future__ import annotations

import tempfile
from typing import Any

from flask import Blueprint, Response, abort, g, request
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError

from models import clock, company, limits, periods, words
from models.base import Refusal
from models.metering import routes
from models.metering.accounts import Office
from models.metering.routes import Part, Way
from tasks.papers import paper_forms
from tasks.papers.paper_forms import Heading
from views import downloads, kept
from views.fields import Form, HiddenField, Line, Tick
from views.staff_door import officer, staff_only
from views.staff_page import page, refused

room = Blueprint("form_printing", __name__)
MOST = 2_000  # forms of one file
_FILES, _PER = 60, 3600  # seconds
_TOO_MANY = "За час напечатано слишком много файлов. Подождите немного и попробуйте снова."
_TEMPLATE = "staff/form_printing/show.html"


class Count(Line):
    """A whole number from 1 on."""

    def __init__(self, label: str, *, largest: int, **options: Any):
        super().__init__(label, most=12, **options)
        self.largest = largest

    def pre_validate(self, form: Any) -> None:
        super().pre_validate(form)
        if not 1 <= self.number <= self.largest:
            raise ValidationError(f"Напишите число от 1 до {words.number(self.largest)}.")

    @property
    def number(self) -> int:
        text = "".join((self.data or "").split())
        return int(text) if text.isascii() and text.isdigit() else 0


class MonthForm(Form):
    office = HiddenField()
    period = SelectField("Показания за")

    def offer_periods(self) -> Any:
        present = clock.period()
        self.period.choices = [
            SelectChoice(period, words.month(period))
            for period in (present, periods.shift(present, 1), periods.shift(present, -1))
        ]
        return self


class RouteForm(MonthForm):
    part = SelectField("Где")
    first = Count("Начать с бланка №", largest=1, default="1")
    only_missing = Tick("Только тем, чьих показаний за этот месяц ещё нет")
    with_names = Tick("С фамилией абонента")

    def offer(self, parts: list[Part]) -> RouteForm:
        """The office whole, its settlements when there are several, its streets."""
        self.ways = _ways(parts)
        self.part.choices = [SelectChoice(key, title) for key, (title, _) in self.ways.items()]
        self.first.largest = sum(part.accounts for part in parts)
        return self.offer_periods()

    @property
    def where(self) -> tuple[str, str]:
        """Settlement and street, '' for all."""
        return self.ways[self.part.data][1]


class BlankForm(MonthForm):
    office = HiddenField(id="blank-office")  # both forms stand on one page
    period = SelectField("Показания за", id="blank-period")
    count = Count("Сколько", largest=MOST, default="30")


@room.before_request
def _belong() -> None:
    g.section = "paperforms"


@room.get("/staff/paperforms/print", endpoint="show")
@staff_only("paperforms.print")
def show() -> Any:
    return page(_TEMPLATE, **_context(_chosen(request.args.get("office"))))


@room.post("/staff/paperforms/print", endpoint="print_route")
@staff_only("paperforms.print")
def print_route() -> Any:
    context = _context(_chosen(request.form.get("office")))
    form = context["form"]
    if form is None:
        abort(400)
    if form.validate():
        try:
            return _printed(form, context["office"])
        except Refusal as refusal:
            form.refuse(refusal)
    return refused(_TEMPLATE, **context)


@room.post("/staff/paperforms/print/blank", endpoint="print_blank")
@staff_only("paperforms.print")
def print_blank() -> Any:
    context = _context(_chosen(request.form.get("office")))
    form = context["blank"]
    if not form.validate():
        return refused(_TEMPLATE, **context)
    _spend()
    file: Any = tempfile.TemporaryFile()  # noqa: SIM115  the answer closes it
    paper_forms.write_blank(file, form.count.number, _heading(form, context["office"]), company.current())
    kept.forget()
    return downloads.made(file, f"blanks-{form.period.data}.pdf", downloads.PDF)


def _printed(form: RouteForm, office: Office) -> Response:
    way = routes.way(office, form.period.data, clock.today(), *form.where, only_missing=form.only_missing.data)
    first = form.first.number
    _check(way, first)
    _spend()
    file: Any = tempfile.TemporaryFile()  # noqa: SIM115  the answer closes it
    stops = routes.stops(way, first, MOST)
    names = form.with_names.data
    count = paper_forms.write(file, stops, _heading(form, office), company.current(), with_names=names)
    routes.record(way, first, count, with_names=names)
    kept.forget()
    return downloads.made(file, f"forms-{form.period.data}-{office.code}-{first}.pdf", downloads.PDF)


def _check(way: Way, first: int) -> None:
    count = len(way.accounts)
    if not count:
        text = "Здесь некому печатать бланки: нет счётчиков или все показания уже переданы."
        raise Refusal("part", text, "forms.none")
    if first > count:
        raise Refusal("first", f"Бланков здесь {words.number(count)}: начните с меньшего номера.", "forms.first")


def _spend() -> None:
    limits.spend("paperforms.print", str(officer().id), _FILES, _PER, _TOO_MANY)


def _context(office: Office | None) -> dict[str, Any]:
    """What the page shows: the offices, and the forms for the chosen one."""
    parts = routes.parts(office, clock.today()) if office else []
    form = RouteForm().offer(parts) if parts else None
    blank = BlankForm().offer_periods()
    for one in filter(None, (form, blank)):
        one.office.data = office.code if office else ""
    offices = list(Office.select().order_by(Office.name))
    total = sum(part.accounts for part in parts)
    return {"office": office, "offices": offices, "form": form, "blank": blank, "total": total, "most": MOST}


def _chosen(code: str | None) -> Office | None:
    """The office asked for, else the employee's own; None for no one."""
    if code is None:
        code = officer().office
    if code:
        return Office.get_or_none(Office.code == code.replace("\0", "")) or abort(404)
    return None


def _ways(parts: list[Part]) -> dict[str, tuple[str, tuple[str, str]]]:
    """What may be chosen: its key in the form, its title, settlement and street."""
    ways = {"": (f"весь участок: {_forms(sum(part.accounts for part in parts))}", ("", ""))}
    settlements = list(dict.fromkeys(part.settlement for part in parts))
    for settlement in settlements:
        own = [part for part in parts if part.settlement == settlement]
        if len(settlements) > 1:
            ways[settlement] = (f"{settlement}: {_forms(sum(part.accounts for part in own))}", (settlement, ""))
        for part in own:
            key = f"{settlement}, {part.street}"
            ways[key] = (f"{key}: {_forms(part.accounts)}", (settlement, part.street))
    return ways


def _forms(count: int) -> str:
    return words.plural(count, "счёт", "счёта", "счетов")


def _heading(form: MonthForm, office: Office | None) -> Heading:
    place = ", ".join(filter(None, (office.address, office.hours))) if office else ""
    return Heading(form.period.data, office.name if office else "", place)
