"""The tables of orders: what is wished for a meter, and what became of it, step by step."""

from __future__ import annotations

from typing import Any

from peewee import CharField, DateField, DateTimeField, ForeignKeyField, IntegerField

from models import clock, words
from models.base import Row
from models.metering.accounts import Account, Office
from models.metering.meters import Meter
from models.numbers import number_of
from models.people.customers import Customer

INSTALLATION, REPLACEMENT, VERIFICATION = "installation", "replacement", "verification"
KIND_TITLES = {
    INSTALLATION: "установка счётчика",
    REPLACEMENT: "замена счётчика",
    VERIFICATION: "поверка счётчика",
}

# placed → appointed → done; a visit that came to nothing is failed until it is appointed anew.
PLACED, APPOINTED, FAILED, DONE, CANCELLED = "placed", "appointed", "failed", "done", "cancelled"
STATES = (PLACED, APPOINTED, FAILED, DONE, CANCELLED)
OPEN = (PLACED, APPOINTED, FAILED)
TITLES = {
    PLACED: "принята",
    APPOINTED: "визит назначен",
    FAILED: "визит не состоялся",
    DONE: "выполнена",
    CANCELLED: "отменена",
}

MOVED = "moved"  # of an event: another time for a visit that is appointed already
LONGEST = 1000  # characters of the customer's words
LONGEST_REASON = 300


class Order(Row):
    account = ForeignKeyField(Account, backref="orders", on_delete="RESTRICT")
    customer = ForeignKeyField(
        Customer, null=True, on_delete="RESTRICT"
    )  # who placed it; null: staff, for whoever phoned
    meter = ForeignKeyField(Meter, null=True, on_delete="RESTRICT")  # to be replaced or verified; null: an installation
    office = ForeignKeyField(Office, null=True, on_delete="RESTRICT")  # whose fitter comes
    kind = CharField()
    service = CharField()
    model = CharField(default="")  # a code of the catalogue; '' for «advise me»
    phone = CharField(default="")  # E.164
    words = CharField(max_length=LONGEST, default="")
    state = CharField(default=PLACED)
    state_at = DateTimeField(default=clock.now)
    placed_at = DateTimeField(default=clock.now)
    day = DateField(null=True)  # of the visit
    span = CharField(default="")  # '09:00-12:00'
    reason = CharField(max_length=LONGEST_REASON, default="")  # why it failed or was cancelled
    new_meter = ForeignKeyField(Meter, null=True, on_delete="RESTRICT")  # what was hung
    seals = CharField(max_length=200, default="")
    key = CharField(null=True, unique=True)  # of the form it came with

    class Meta:
        table_name = "meter_order"  # ORDER is a word of SQL
        indexes = (
            (("account", "id"), False),
            (("state", "day", "id"), False),
            (("office", "day", "span"), False),
        )

    @property
    def number(self) -> str:
        return number_of(self.id, self.placed_at)

    @property
    def subject(self) -> str:
        """How audit and files name it."""
        return f"order:{self.id}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


_OPEN = Order.state.in_(OPEN)
# One open order a meter and kind; where there is no meter yet, one a service.
Order.add_index(Order.meter, Order.kind, unique=True, where=_OPEN & Order.meter.is_null(False), name="order_open_meter")
Order.add_index(Order.account, Order.service, unique=True, where=_OPEN & Order.meter.is_null(), name="order_open_place")


class OrderEvent(Row):
    """A step of an order; never changed."""

    order = ForeignKeyField(Order, backref="events", on_delete="RESTRICT")
    kind = CharField()  # of STATES, or MOVED
    author = CharField()  # 'customer:12', 'staff:3', 'system'
    day = DateField(null=True)
    span = CharField(default="")
    text = CharField(max_length=1000, default="")
    at = DateTimeField(default=clock.now)

    class Meta:
        indexes = ((("order", "id"), False),)


class VisitSlot(Row):
    """The hours of one day within which an office's fitters come. The row is held while its places are counted."""

    office = ForeignKeyField(Office, null=True, on_delete="CASCADE")  # null: accounts of no office
    day = DateField()
    span = CharField()
    capacity = IntegerField(null=True)  # visits; null: as the company's rules say


VisitSlot.add_index(
    VisitSlot.office,
    VisitSlot.day,
    VisitSlot.span,
    unique=True,
    where=VisitSlot.office.is_null(False),
    name="visit_slot_office",
)
VisitSlot.add_index(
    VisitSlot.day, VisitSlot.span, unique=True, where=VisitSlot.office.is_null(), name="visit_slot_common"
)


def hours(span: str) -> str:
    """«с 9 до 12» from '09:00-12:00'; minutes are said where there are any."""
    begins, _, ends = span.partition("-")
    return f"с{words.NBSP}{_hour(begins)} до{words.NBSP}{_hour(ends)}"


def _hour(time: str) -> str:
    hour, _, minute = time.partition(":")
    return f"{int(hour)}" if minute == "00" else f"{int(hour)}:{minute}"


def visit(row: Any) -> str:
    """«в среду, 25 ноября, с 9 до 12» of an order or an event that has a time, else ''."""
    return f"{words.on_day(row.day)}, {hours(row.span)}" if row.day else ""
