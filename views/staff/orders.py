"""Orders at the office: the list, one order with its steps, its visit appointed, called off or in vain, the fitter's day, the places."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, abort, flash, request

from models import clock, company, files, words
from models.base import Refusal
from models.metering import slots
from models.metering.accounts import Account, Office
from models.metering.orders import listing, placing
from models.metering.orders.listing import WAITING, Filter
from models.metering.orders.rows import (
    APPOINTED,
    KIND_TITLES,
    LONGEST_REASON,
    MOVED,
    OPEN,
    STATES,
    TITLES,
    hours,
    visit,
)
from models.numbers import number_of
from models.office import cards, openings
from views.fields import Form, Line
from views.page import see
from views.staff_card import card_or_reason
from views.staff_door import officer, staff_only
from views.staff_order import opened
from views.staff_page import page, page_number, refused
from views.visit_form import LATER, MARKS, OrderForm, SlotForm, day_of, table, weekday

room = Blueprint("staff_orders", __name__)
A_PAGE = 50
DAYS = 14  # of places on a page
FARTHEST = 365  # days ahead that places are set
LONGEST = 100  # characters of a filter
_NEW, _PLACES = "staff/orders/new.html", "staff/orders/places.html"


class DeedForm(SlotForm):
    """What an order's page can do; each of its buttons sends a `deed`."""

    cancel_reason = Line("Почему отменяем", most=LONGEST_REASON)
    fail_reason = Line("Почему визит не состоялся", most=LONGEST_REASON)


class PlacesForm(Form):
    """Fields places-<day>-<n> stand beside it; each button of the page sends its own `day`."""


@room.before_request
def _only_where_taken() -> None:
    """A company that takes no orders has no such pages."""
    if not company.current().orders.kinds:
        abort(404)


@room.get("/staff/orders", endpoint="index")
@staff_only("orders.see")
def index() -> Any:
    chosen = _chosen()
    if chosen.text:
        cards.count_search(officer().id)
    total = listing.count(chosen)
    number = page_number(total, A_PAGE)
    return page(
        "staff/orders/index.html", chosen=chosen, total=total, number=number, has_more=total > number * A_PAGE, states=_states(),
        orders=listing.found(chosen, most=A_PAGE, skip=(number - 1) * A_PAGE), offices=_offices(), today=clock.today(), **_told(),
    )  # fmt: skip


@room.get("/staff/orders/sheet", endpoint="sheet")
@staff_only("orders.see")
def sheet() -> Any:
    """The fitter's day on paper: whom to visit, in the order of hours."""
    day, office = day_of(request.args.get("day", "")) or clock.today(), _text("office")
    visits = listing.sheet(day, office)
    if visits:
        openings.open(officer().id, "visits.opened", f"visits:{day} {office}".strip())
    return page(
        "staff/orders/sheet.html", day=day, office=office, offices=_offices(), visits=visits,
        before=listing.day_with_visits(day, office, after=False), after=listing.day_with_visits(day, office, after=True),
        catalogue=company.current().catalogue, hours=hours, **_told(),
    )  # fmt: skip


@room.get("/staff/orders/places", endpoint="places")
@staff_only("orders.see")
def places() -> Any:
    return page(_PLACES, form=PlacesForm(), **_week())


@room.post("/staff/orders/places", endpoint="set_places")
@staff_only("orders.handle")
def set_places() -> Any:
    """The places of the day whose button was pressed."""
    form, week = PlacesForm(), _week()
    day = day_of(request.form.get("day", ""))
    if day is None:
        abort(400)
    if form.validate():
        try:
            slots.set_capacity(week["office_id"], day, _counts(day))
            flash(f"Места на {words.day_month(day)} сохранены.", "good")
            return see("staff_orders.places", office=week["office"], first=week["first"].isoformat())
        except Refusal as refusal:
            form.refuse(Refusal(problems=[one._replace(field=None) for one in refusal.problems]))
    return refused(_PLACES, form, **{**week, "typed": request.form})


@room.get("/staff/orders/new", endpoint="form")
@staff_only("orders.handle")
def form() -> Any:
    """An order for whoever has phoned or come, and whose card is open."""
    typed = _text("account")
    account = _account(typed)
    if account is None:
        return page(_NEW, account=None, typed=typed, form=OrderForm()), 404 if typed else 200
    card_or_reason(account.number)
    return page(_NEW, **_filled(account, OrderForm()))


@room.post("/staff/orders/new", endpoint="place")
@staff_only("orders.handle")
def place() -> Any:
    blank = OrderForm()
    account = _account(blank.account.data or "") or abort(404)
    card_or_reason(account.number)
    if blank.validate():
        try:
            order = placing.place(account, blank.wish, key=blank.key.data or "", customer_id=None)
            flash(f"Заявка № {order.number} принята.", "good")
            return see("staff_orders.show", number=order.number)
        except Refusal as refusal:
            blank.refuse(refusal)
    context = _filled(account, blank)
    return refused(_NEW, context.pop("form"), **context)


@room.get("/staff/orders/<string:number>", endpoint="show")
@staff_only("orders.see")
def show(number: str) -> Any:
    return _shown(opened(number), DeedForm())


@room.post("/staff/orders/<string:number>", endpoint="handle")
@staff_only("orders.handle")
def handle(number: str) -> Any:
    deed, done = _DEEDS.get(request.form.get("deed", ""), (None, ""))
    if deed is None:
        abort(400)
    order, form = opened(number), DeedForm()
    if form.validate():
        try:
            deed(order.id, form)
            flash(done, "good")
            return see("staff_orders.show", number=number)
        except Refusal as refusal:
            _put(form, refusal, request.form["deed"])
    return _shown(opened(number), form), 422


_DEEDS: dict[str, tuple[Callable[[int, DeedForm], Any] | None, str]] = {
    "appoint": (lambda order_id, form: placing.appoint(order_id, form.chosen, by_staff=True), "Визит назначен."),
    "cancel": (
        lambda order_id, form: placing.cancel(order_id, form.cancel_reason.data or "", by_staff=True),
        "Заявка отменена.",
    ),
    "fail": (
        lambda order_id, form: placing.fail(order_id, form.fail_reason.data or ""),
        "Отмечено: визит не состоялся.",
    ),
}


def _put(form: DeedForm, refusal: Refusal, deed: str) -> None:
    """Problems of a reason belong to the field of the button that was pressed."""
    problems = [one._replace(field=f"{deed}_reason") if one.field == "reason" else one for one in refusal.problems]
    form.refuse(Refusal(problems=problems))


def _shown(order: Any, form: DeedForm) -> Any:
    free = (
        [slot for slot in slots.of(order.office_id, clock.today(), _last()) if slot.left] if order.state in OPEN else []
    )
    days: dict[date, list[str]] = {}
    for slot in free:
        days.setdefault(slot.day, []).append(slot.span)
    return page(
        "staff/orders/show.html", order=order, form=form, events=listing.events(order=order.id), moved=MOVED, today=clock.today(),
        photos=list(files.of(f"order:{order.id}")), endings=",".join(files.STAFF.endings),
        model=company.current().catalogue.find(order.model), is_open=order.state in OPEN, is_appointed=order.state == APPOINTED,
        **_told(), **table([slots.Day(day, tuple(own)) for day, own in days.items()]),
    )  # fmt: skip


def _chosen() -> Filter:
    """The filter of the address; without one the orders that wait for the office."""
    state = _text("state") if "state" in request.args else WAITING
    kind = _text("kind")
    return Filter(
        state if state in (*STATES, WAITING) else "", kind if kind in KIND_TITLES else "", _text("office"),
        day_of(request.args.get("day", "")), _text("q"),
    )  # fmt: skip


def _text(name: str) -> str:
    value = request.args.get(name, "").strip()
    return value if value.isprintable() and len(value) <= LONGEST else ""


def _offices() -> list[Any]:
    return list(Office.select(Office.id, Office.code, Office.name).order_by(Office.name).namedtuples())


def _week() -> dict[str, Any]:
    """Two weeks of an office's places from a day on."""
    offices = _offices()
    code = _text("office") or officer().office
    office = next((one for one in offices if one.code == code), offices[0] if offices else None)
    today = clock.today()
    first = min(max(day_of(request.args.get("first", "")) or today, today), today + timedelta(days=FARTHEST))
    last = first + timedelta(days=DAYS - 1)
    found = {(one.day, one.span): one for one in slots.of(office.id if office else None, first, last)}
    return {
        "offices": offices, "office": office.code if office else "", "office_id": office.id if office else None, "first": first,
        "next": last + timedelta(days=1), "all_days": [first + timedelta(days=i) for i in range(DAYS)], "slots": found,
        "spans": slots.spans(), "hours": hours, "weekday": weekday, "typed": {},
    }  # fmt: skip


def _counts(day: date) -> dict[str, int]:
    """What was typed for the day's spans; -1, which is refused, for what is no number."""
    found = {}
    for i, span in enumerate(slots.spans(), 1):
        typed = request.form.get(f"places-{day}-{i}", "").strip()
        found[span] = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 6 else -1
    return found


def _account(typed: str) -> Account | None:
    number = company.current().normal_number(typed)
    return Account.get_or_none(Account.number == number) if number else None


def _filled(account: Account, blank: OrderForm) -> dict[str, Any]:
    offers = placing.offers(account)
    blank.account.data = account.number
    blank.offer(offers, account.phone)
    days = table(slots.offered(account.office_id))
    return {"form": blank, "account": account, "offers": offers, "later": LATER, **_told(), **days}


def _last() -> date:
    return clock.today() + timedelta(days=company.current().orders.ahead[1])


def _states() -> dict[str, str]:
    return {WAITING: "ждут времени или итога", "": "все", **TITLES}


def _told() -> dict[str, Any]:
    return {
        "kinds": KIND_TITLES,
        "titles": TITLES,
        "marks": MARKS,
        "visit": visit,
        "number_of": number_of,
    }
