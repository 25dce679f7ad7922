"""Readings (показания): the tables, and the reads that pages need."""

from __future__ import annotations

from typing import Any

from peewee import (
    SQL,
    BigIntegerField,
    CharField,
    DateField,
    DateTimeField,
    ForeignKeyField,
    IntegerField,
    JSONField,
    ModelSelect,
)

from models.base import PeriodField, Row, compiled, param
from models.metering.accounts import Account
from models.metering.meters import Meter
from models.people.customers import Customer

ACCEPTED, HELD, REJECTED, REPLACED, BILLED = "accepted", "held", "rejected", "replaced", "billed"
COUNTED = (ACCEPTED, BILLED)


class Receipt(Row):
    """One act of passing readings: the readings of one or several meters, received together."""

    account = ForeignKeyField(Account, on_delete="CASCADE")
    customer = ForeignKeyField(Customer, null=True, on_delete="SET NULL")
    channel = CharField()
    key = CharField()  # of the intake; with the channel unique, so that a repeat is recognised
    received_at = DateTimeField(index=True)

    class Meta:
        indexes = ((("channel", "key"), True),)


class Reading(Row):
    meter = ForeignKeyField(Meter, backref="readings", on_delete="CASCADE")
    account = ForeignKeyField(Account, on_delete="CASCADE")
    receipt = ForeignKeyField(Receipt, null=True, backref="readings", on_delete="SET NULL")  # none: imported
    period = PeriodField()
    taken = DateField()  # the local day on which the dial was read
    received_at = DateTimeField()
    channel = CharField()
    t1 = BigIntegerField()
    t2 = BigIntegerField(null=True)
    t3 = BigIntegerField(null=True)
    state = CharField()
    reason = CharField(default="")
    trace = JSONField(default=dict)  # the rule and the inputs the decision rests on
    loaded_by = IntegerField(null=True)  # the transfer whose file brought it
    exported_by = IntegerField(null=True)  # the last transfer that told the billing system to count it
    retracted_by = IntegerField(null=True)  # the last one that told it not to count it any more

    class Meta:
        indexes = ((("account", "taken"), False), (("state", "period"), False))


# Written out: SQLite uses the partial index only for a condition that says the same.
IS_COUNTED = SQL("state IN ('accepted', 'billed')")
# One counted reading a meter and period, whatever races.
Reading.add_index(Reading.meter, Reading.period, unique=True, where=Reading.state.in_(COUNTED), name="reading_counted")
Reading.add_index(Reading.loaded_by, where=Reading.loaded_by.is_null(False), name="reading_loaded_by")
# What the billing system has not been told of: passed here (an imported one has no receipt), and in no export yet. The columns make the
# planner prefer these to the index of states, which leads through all readings there are.
_UNTOLD = Reading.exported_by.is_null() & Reading.receipt.is_null(False)
Reading.add_index(Reading.exported_by, Reading.state, where=_UNTOLD, name="reading_unexported")
# What it was told to count and perhaps should not any more. Written out: an index is used only for what says the same.
UNCOUNTED = SQL("state IN ('held', 'rejected', 'replaced')")
Reading.add_index(Reading.state, where=Reading.exported_by.is_null(False) & UNCOUNTED, name="reading_retractable")
Reading.add_index(Reading.state, where=Reading.retracted_by.is_null(False), name="reading_retracted")


@compiled
def since() -> ModelSelect[Any]:
    """An account's readings taken on a day or later, the newest first."""
    return (
        Reading.select(
            Reading.id, Reading.meter.alias("meter_id"), Reading.receipt.alias("receipt_id"), Reading.period, Reading.taken,
            Reading.received_at, Reading.channel, Reading.t1, Reading.t2, Reading.t3, Reading.state, Reading.reason,
        )
        .where(Reading.account == param("account"), Reading.taken >= param("day"))
        .order_by(Reading.taken.desc(), Reading.id.desc())
    )  # fmt: skip


@compiled
def of_receipt() -> ModelSelect[Any]:
    return (
        Reading.select(Reading, Meter.serial, Meter.model, Meter.zones, Meter.service)
        .join(Meter)
        .where(Reading.receipt == param("receipt"))
        .order_by(Reading.id)
    )


@compiled
def last_counted() -> ModelSelect[Any]:
    """The last counted reading of a meter before a period, however long ago."""
    return (
        Reading.select()
        .where(Reading.meter == param("meter"), Reading.period < param("period"), IS_COUNTED)
        .order_by(Reading.period.desc())
        .limit(1)
    )
