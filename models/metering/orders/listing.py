"""Orders as pages show them: a customer's own, the office's lists, the day of a fitter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from peewee import JOIN, FieldAlias, ModelSelect, fn

from models import clock
from models.base import compiled, param
from models.metering import finding
from models.metering.accounts import Account, Holding, Office
from models.metering.meters import Meter
from models.metering.orders.rows import APPOINTED, DONE, FAILED, PLACED, STATES, Order, OrderEvent
from models.numbers import id_of, number_of

NewMeter = Meter.alias("new_meter_row")
WAITING = "waiting"  # not a state: whatever the office has to appoint
_MOST_ACCOUNTS = 200
_COLUMNS = (
    Order.id, Order.kind, Order.service, Order.model, Order.phone, Order.words, Order.state, Order.state_at, Order.placed_at, Order.day,
    Order.span, Order.reason, Order.customer.alias("customer_id"), Order.seals, Order.meter.alias("meter_id"),
    Account.id.alias("account_id"), Account.number.alias("account_number"), Account.settlement, Account.street, Account.house, Account.flat,
    Account.last_name, Account.first_name, Account.middle_name, Account.office.alias("office_id"),
    Office.name.alias("office_name"), Meter.serial, Meter.model.alias("meter_model"), Meter.zones, Meter.digits, Meter.ratio,
    NewMeter.serial.alias("new_serial"), FieldAlias.create(NewMeter, Meter.model).alias("new_model"),
    NewMeter.verification_due.alias("new_due"),
)  # fmt: skip


@dataclass(frozen=True)
class Filter:
    """Which orders the office looks at; what is empty is any."""

    state: str = ""  # of STATES, or WAITING
    kind: str = ""
    office: str = ""  # a code
    day: date | None = None  # of the visit
    text: str = ""  # a number of an order, or whatever finds an account


def _query() -> ModelSelect[Any]:
    return (
        Order.select(*_COLUMNS)
        .join(Account)
        .join_from(Order, Office, JOIN.LEFT_OUTER)
        .join_from(Order, Meter, JOIN.LEFT_OUTER, on=Order.meter)
        .join_from(Order, NewMeter, JOIN.LEFT_OUTER, on=(Order.new_meter == NewMeter.id))
    )


@compiled
def _of_customer() -> ModelSelect[Any]:
    held = Holding.select(Holding.account).where(Holding.customer == param("customer"), Holding.until.is_null())
    return _query().where(Order.account.in_(held)).order_by(Order.id.desc()).limit(100)


@compiled
def _one_of() -> ModelSelect[Any]:
    held = Holding.select(Holding.account).where(Holding.customer == param("customer"), Holding.until.is_null())
    return _query().where(Order.account.in_(held), Order.id == param("order"))


@compiled
def _one() -> ModelSelect[Any]:
    return _query().where(Order.id == param("order"))


@compiled
def events() -> ModelSelect[Any]:
    """The steps of an order, the oldest first."""
    return OrderEvent.select().where(OrderEvent.order == param("order")).order_by(OrderEvent.id)


@compiled
def of_account() -> ModelSelect[Any]:
    """An account's orders, the newest first."""
    return _query().where(Order.account == param("account")).order_by(Order.id.desc()).limit(20)


def of_customer(customer_id: int) -> list[Any]:
    """The orders of the accounts that the customer holds now, the newest first; at most a hundred."""
    return _of_customer(customer=customer_id)


def one_of(customer_id: int, number: str) -> Any | None:
    """The order with this number, if it is of an account that the customer holds now; else None."""
    order_id = id_of(number)
    return _numbered(_one_of.first(customer=customer_id, order=order_id), number) if order_id else None


def one(number: str) -> Any | None:
    """The order with this number, for the office."""
    order_id = id_of(number)
    return _numbered(_one.first(order=order_id), number) if order_id else None


def found(chosen: Filter, *, most: int, skip: int = 0) -> list[Any]:
    """The office's list: visits by their day, those not appointed yet first."""
    query = _narrowed(_query(), chosen)
    order: tuple[Any, ...] = (Order.id.desc(),)
    if chosen.state in (APPOINTED, DONE) or chosen.day:
        order = (Order.day, Order.span, Account.settlement, Account.street, Order.id)
    elif chosen.state in (WAITING, PLACED, FAILED):
        order = (Order.id,)
    return list(query.order_by(*order).limit(most).offset(skip).namedtuples())


def count(chosen: Filter) -> int:
    return int(
        _narrowed(Order.select(Order.id).join(Account).join_from(Order, Office, JOIN.LEFT_OUTER), chosen).count()
    )


def is_waiting(today: Any) -> Any:
    """Of an order that the office has to appoint, or whose visit has no result yet; `today` may be a parameter of a compiled query."""
    late = (Order.state == APPOINTED) & (Order.day < today)
    return Order.state.in_((PLACED, FAILED)) | late


def sheet(day: date, office: str) -> list[Any]:
    """The visits of an office's fitters on a day, in the order of hours and addresses."""
    query = _query().where(Order.state == APPOINTED, Order.day == day)
    if office:
        query = query.where(Office.code == office)
    return list(query.order_by(Order.span, Account.settlement, Account.street, Account.house, Order.id).namedtuples())


def day_with_visits(day: date, office: str, *, after: bool) -> date | None:
    """The nearest day after, or before, that one on which the office's fitters have visits."""
    query = Order.select(fn.MIN(Order.day) if after else fn.MAX(Order.day)).where(Order.state == APPOINTED)
    query = query.where(Order.day > day if after else Order.day < day)
    if office:
        query = query.join(Office).where(Office.code == office)
    found: date | None = query.scalar()
    return found


def _numbered(row: Any | None, number: str) -> Any | None:
    return row if row and number_of(row.id, row.placed_at) == number.strip() else None


def _narrowed(query: ModelSelect[Any], chosen: Filter) -> ModelSelect[Any]:
    if chosen.state == WAITING:
        query = query.where(is_waiting(clock.today()))
    elif chosen.state in STATES:
        query = query.where(Order.state == chosen.state)
    if chosen.kind:
        query = query.where(Order.kind == chosen.kind)
    if chosen.office:
        query = query.where(Office.code == chosen.office)
    if chosen.day:
        query = query.where(Order.day == chosen.day)
    return query.where(_meant(chosen.text)) if chosen.text.strip() else query


def _meant(text: str) -> Any:
    """The order with that number, else those of the accounts that the text finds."""
    order_id = id_of(text)
    named = Order.get_or_none(Order.id == order_id) if order_id else None
    if named and named.number == text.strip():
        return Order.id == named.id
    return Order.account.in_([row.id for row in finding.find(text, limit=_MOST_ACCOUNTS).rows])
