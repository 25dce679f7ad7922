"""The tables of outages: where the power goes, from when to when and why; each step a dated row."""

from __future__ import annotations

from typing import Any

from peewee import CharField, DateTimeField, ForeignKeyField, IntegerField, JSONField, TextField

from models import clock
from models.base import Row
from models.contact.outages import places

PLANNED, EMERGENCY = "planned", "emergency"
KINDS = {PLANNED: "плановое", EMERGENCY: "аварийное"}
ANNOUNCED, MOVED, OVER, CANCELLED = "announced", "moved", "over", "cancelled"
TITLES = {ANNOUNCED: "объявлено", MOVED: "перенесено", OVER: "свет дали раньше", CANCELLED: "отменено"}
STANDS = (ANNOUNCED, MOVED)
LONGEST_REASON = 200


class Outage(Row):
    settlement = CharField()
    places = JSONField()  # places.stored; [] for the whole settlement
    kind = CharField(default=PLANNED)
    reason = CharField(max_length=LONGEST_REASON)
    begins_at = DateTimeField()
    ends_at = DateTimeField()
    state = CharField(default=ANNOUNCED)
    state_at = DateTimeField(default=clock.now)
    version = IntegerField(default=1)  # raised by each change: two employees do not change it past each other
    accounts = IntegerField(default=0)  # how many it meets, as counted when it was announced
    created_at = DateTimeField(default=clock.now)
    key = CharField(null=True, unique=True)  # of the form it came with

    class Meta:
        indexes = ((("ends_at",), False), (("begins_at", "id"), False))

    @property
    def subject(self) -> str:
        return f"outage:{self.id}"

    @property
    def area(self) -> str:
        """«ул. Садовая, 30–40; пер. Тихий»"""
        return places.text_of(places.restored(self.places))

    @property
    def stands(self) -> bool:
        """Whether it is still to come or under way."""
        return self.state in STANDS and self.ends_at > clock.now()

    @property
    def is_under_way(self) -> bool:
        return self.stands and self.begins_at <= clock.now()

    @property
    def state_title(self) -> str:
        return state_title(self)


class OutageChange(Row):
    """What was done with an outage; never changed."""

    outage = ForeignKeyField(Outage, backref="changes", on_delete="RESTRICT")
    what = CharField()  # a state
    begins_at = DateTimeField()
    ends_at = DateTimeField()
    text = TextField(default="")
    by = CharField()  # the actor, as the audit log names one
    at = DateTimeField(default=clock.now)

    class Meta:
        indexes = ((("outage", "id"), False),)


def state_title(outage: Any) -> str:
    """«идёт сейчас», «отменено», as it is at this moment."""
    if outage.state not in STANDS:
        return TITLES[outage.state]
    now = clock.now()
    if outage.ends_at <= now:
        return "прошло"
    return "идёт сейчас" if outage.begins_at <= now else TITLES[outage.state]
