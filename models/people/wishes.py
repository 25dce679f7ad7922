"""Which letters a customer wants besides those that must be sent: each yes or no is a dated fact, the newest one holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from peewee import BooleanField, CharField, DateTimeField, ForeignKeyField, fn

from models import audit, clock
from models.base import Refusal, Row, database, locked
from models.people.customers import Customer, subject

REMINDERS, NEWS = "reminders", "news"
TOPICS = {REMINDERS: "Напоминания передать показания", NEWS: "Новости компании"}


class Wish(Row):
    customer = ForeignKeyField(Customer, on_delete="CASCADE")
    topic = CharField()
    wanted = BooleanField()
    since = DateTimeField(default=clock.now)
    channel = CharField()

    class Meta:
        indexes = ((("customer", "topic"), False),)


def unwanted(customer_ids: Iterable[int], topic: str) -> set[int]:
    """Those among the customers who have said no to the topic; who has said nothing wants it."""
    ids = list(customer_ids)
    if not ids:
        return set()
    newest = Wish.select(fn.MAX(Wish.id)).where(Wish.customer.in_(ids), Wish.topic == topic).group_by(Wish.customer)
    return {one.customer_id for one in Wish.select(Wish.customer).where(Wish.id.in_(newest), ~Wish.wanted)}


def of(customer_id: int) -> dict[str, bool]:
    """What one customer wants, by topic."""
    rows = Wish.select(Wish.topic, Wish.wanted).where(Wish.customer == customer_id).order_by(Wish.id)
    return {**dict.fromkeys(TOPICS, True), **{row.topic: row.wanted for row in rows}}


def last_channel(customer_id: int, topic: str) -> str:
    """Where the last word on a topic was said; '' while nothing was."""
    said = Wish.select(Wish.channel).where(Wish.customer == customer_id, Wish.topic == topic)
    return str(said.order_by(Wish.id.desc()).limit(1).scalar() or "")


def wish(customer_id: int, topic: str, wanted: bool, channel: str) -> bool:
    """Say yes or no to a topic; what holds already changes nothing. Returns whether it was news. Refused: an unknown topic."""
    if topic not in TOPICS:
        raise Refusal("topic", "Таких писем мы не отправляем. Выберите из списка.", "wish.topic")
    with database.atomic():
        list(locked(Customer.select(Customer.id).where(Customer.id == customer_id)).tuples())
        if of(customer_id)[topic] == wanted:
            return False
        Wish.create(customer=customer_id, topic=topic, wanted=wanted, since=clock.now(), channel=channel)
        audit.record("wish.changed", subject(customer_id), topic=topic, wanted=wanted, channel=channel)
        return True


def wish_all(customer_id: int, wanted: Mapping[str, bool], channel: str) -> bool:
    """Say yes or no to several topics at once; whether anything was news."""
    with database.atomic():
        changed = [topic for topic, yes in wanted.items() if wish(customer_id, topic, yes, channel)]
        return bool(changed)
