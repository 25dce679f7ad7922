"""Orders for a meter: the wish with hours to choose, how it stands, another time, calling it off; the catalogue for everybody."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, request
from flask_login import current_user

from models import company
from models.base import Refusal
from models.metering import slots
from models.metering.orders import listing, placing, telling
from models.metering.orders.rows import (
    KIND_TITLES,
    MOVED,
    TITLES,
    visit,
)
from models.numbers import number_of
from views.door import account_or_404, customer_only, public
from views.fields import Form
from views.page import choices, page, refused, see
from views.visit_form import LATER, MARKS, OrderForm, SlotForm, table

room = Blueprint("orders", __name__)
_NEW = "customer/orders/new.html"


class DeedForm(Form):
    """Only a button."""


@room.before_request
def _only_where_taken() -> None:
    """A company that takes no orders has no such pages."""
    if not company.current().orders.kinds:
        abort(404)


@room.get("/orders", endpoint="index")
@customer_only
def index() -> Any:
    return page("customer/orders/index.html", orders=listing.of_customer(current_user.id), **_told())


@room.get("/orders/new", endpoint="form")
@public
def form() -> Any:
    """The form; whoever has no account here is told how else to order."""
    if not current_user.is_authenticated or not choices():
        return page("customer/orders/guest.html", target=request.full_path.rstrip("?"))
    account = account_or_404(_number())
    return page(_NEW, **_filled(account, OrderForm()))


@room.post("/orders/new", endpoint="place")
@customer_only
def place() -> Any:
    blank = OrderForm()
    account = account_or_404(blank.account.data or "")
    if blank.validate():
        try:
            order = placing.place(account, blank.wish, key=blank.key.data or "", customer_id=current_user.id)
            flash("Заявка принята, письмо о ней отправлено.", "good")
            return see("orders.show", number=order.number)
        except Refusal as refusal:
            blank.refuse(refusal)
    context = _filled(account, blank)
    return refused(_NEW, context.pop("form"), **context)


@room.get("/orders/<string:number>", endpoint="show")
@customer_only
def show(number: str) -> Any:
    return _shown(_found(number), DeedForm())


@room.get("/orders/<string:number>/move", endpoint="ask_move")
@customer_only
def ask_move(number: str) -> Any:
    order = _found(number)
    return page("customer/orders/move.html", form=SlotForm(), **_movable(order))


@room.post("/orders/<string:number>/move", endpoint="move")
@customer_only
def move(number: str) -> Any:
    order, blank = _found(number), SlotForm()
    if blank.validate():
        try:
            moved = placing.appoint(order.id, blank.chosen)
            flash(f"Мастер придёт {visit(moved)}.", "good")
            return see("orders.show", number=number)
        except Refusal as refusal:
            blank.refuse(refusal)
    return refused("customer/orders/move.html", blank, **_movable(order))


@room.post("/orders/<string:number>/cancel", endpoint="cancel")
@customer_only
def cancel(number: str) -> Any:
    order, blank = _found(number), DeedForm()
    if blank.validate():
        try:
            placing.cancel(order.id)
            flash("Заявка отменена.", "good")
            return see("orders.show", number=number)
        except Refusal as refusal:
            blank.refuse(refusal)
    return _shown(order, blank), 422


@room.get("/about/meters", endpoint="meters")
@public
def meters() -> Any:
    return page("customer/orders/meters.html", catalogue=company.current().catalogue)


def _number() -> str:
    """The account asked for, else the primary one."""
    return request.args.get("account") or choices()[0].number


def _filled(account: Any, blank: OrderForm) -> dict[str, Any]:
    offers = placing.offers(account)
    blank.account.data = account.number
    blank.offer(offers, current_user.phone or account.phone)
    return {
        "form": blank, "offers": offers, "later": LATER, "number_of": number_of,
        **table(slots.offered(account.office)),
    }  # fmt: skip


def _found(number: str) -> Any:
    return listing.one_of(current_user.id, number) or abort(404)


def _shown(order: Any, blank: DeedForm) -> Any:
    return page(
        "customer/orders/show.html", form=blank, order=order, events=listing.events(order=order.id), prepare=telling.PREPARE[order.kind],
        model=company.current().catalogue.find(order.model), is_mine=order.customer_id == current_user.id, moved=MOVED,
        cost=telling.cost(order.kind, order.model), **_told(),
    )  # fmt: skip


def _movable(order: Any) -> dict[str, Any]:
    return {"order": order, **_told(), **table(slots.offered(order.office_id))}


def _told() -> dict[str, Any]:
    return {"kinds": KIND_TITLES, "titles": TITLES, "marks": MARKS, "visit": visit, "number_of": number_of}
