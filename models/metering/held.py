"""The queue of held readings: the oldest first, those that wait for the customer's answer behind, each with one employee at a time."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from peewee import JOIN, BooleanField, Case, DateTimeField, ForeignKeyField, ModelSelect, fn

from models import audit, clock
from models.base import Refusal, Row, compiled, database, locked, param
from models.metering.accounts import Account, Office
from models.metering.decisions import ASKED, Decision
from models.metering.readings import HELD, Reading
from models.people.staff import Employee

LEASE = timedelta(minutes=10)
REASON = "проверка показания"
RULES = {
    "usage.below_previous": "меньше прошлого",
    "usage.above_power": "больше возможного",
    "usage.far_above_usual": "много больше обычного",
    "reading.above_later": "больше более позднего",
}
OTHER_RULE = "другая причина"
WAITS = {"us": "ждут решения", "client": "ждём клиента"}


class Claim(Row):
    """An employee looks at a held reading until a moment; with `decides`, nobody else who decides does meanwhile."""

    reading = ForeignKeyField(Reading, backref="claims", on_delete="CASCADE")
    employee = ForeignKeyField(Employee, on_delete="RESTRICT")
    until = DateTimeField()
    decides = BooleanField()
    aside_at = DateTimeField(null=True)  # put off by this employee: offered to them again after all others

    class Meta:
        indexes = ((("reading", "employee"), True),)


@dataclass(frozen=True)
class Filter:
    """Which of the held readings; an empty text means all."""

    rule: str = ""
    office: str = ""
    channel: str = ""
    waits: str = ""  # us | client

    @property
    def chosen(self) -> dict[str, str]:
        """What is chosen, as an address carries it."""
        return {name: value for name, value in asdict(self).items() if value}


@compiled
def _mine() -> ModelSelect[Any]:
    return Claim.select(Claim.until).where(
        Claim.reading == param("reading"), Claim.employee == param("employee"), Claim.until > param("now")
    )


def mine_until(reading_id: int, employee_id: int) -> Any | None:
    """Until when the employee has the reading open (naive UTC), or None."""
    row = _mine.first(reading=reading_id, employee=employee_id, now=clock.now())
    return row.until if row else None


def queue(chosen: Filter, *, most: int = 50, skip: int = 0) -> list[Any]:
    """The held readings, each with whether it waits for the customer and who has it open (named tuples)."""
    columns = (
        Reading.id, Reading.received_at, Reading.channel, Reading.reason, Reading.period, Account.number, Account.last_name,
        Account.first_name, Account.middle_name, Office.name.alias("office"), Employee.name.alias("holder"),
        _waits_for_client().alias("is_asked"),
    )  # fmt: skip
    live = (Claim.reading == Reading.id) & (Claim.until > clock.now()) & (Claim.decides)
    query = (
        _held(chosen, *columns)
        .switch(Reading)
        .join(Claim, JOIN.LEFT_OUTER, on=live)
        .join(Employee, JOIN.LEFT_OUTER)
        .order_by(_behind(), Reading.received_at, Reading.id)
    )
    return list(query.limit(most).offset(skip).namedtuples())


def is_there(reading_id: int) -> bool:
    """Whether the reading waits, or has waited, for staff."""
    was_held = Reading.trace["outcome"].as_text() == HELD
    decided = Decision.select(Decision.id).where(Decision.reading == Reading.id)
    waits = (Reading.state == HELD) | was_held | fn.EXISTS(decided)
    return bool(Reading.select(Reading.id).where(Reading.id == reading_id).where(waits).exists())


def count(chosen: Filter | None = None) -> int:
    return int(_held(chosen or Filter(), Reading.id).count())


def choices() -> dict[str, list[tuple[str, str]]]:
    """What there is to filter by among the held readings: rules, offices, channels with their numbers."""
    rule = Reading.trace["rule"].as_text()
    rows = _held(Filter(), rule.alias("rule"), Office.code, Office.name, Reading.channel).distinct().tuples()
    rules, offices, channels = set(), set(), set()
    for one, code, name, channel in rows:
        rules.add((one or "", RULES.get(one or "", OTHER_RULE)))
        channels.add(channel)
        if code:
            offices.add((code, name))
    return {"rule": sorted(rules), "office": sorted(offices), "channel": [(one, one) for one in sorted(channels)]}


def take(reading_id: int, employee_id: int, *, decides: bool = True) -> None:
    """Open a reading for an employee for ten minutes; opening somebody's data is audited.

    Refused: a reading that another employee who decides has open. Taken again, it is theirs for ten minutes more.
    """
    with database.atomic():
        reading = locked(
            Reading.select(Reading.id, Reading.account, Reading.state).where(Reading.id == reading_id)
        ).get()
        decides = decides and reading.state == HELD
        other = _holder(reading_id, employee_id) if decides else None
        if other:
            until = f"{clock.local(other.until):%H:%M}"
            text = f"Это показание сейчас разбирает {other.employee.name}, оно занято до {until}. Возьмите следующее."
            raise Refusal(None, text, "claim.taken")
        if not mine_until(reading_id, employee_id):
            subject = f"account:{reading.account.number}"
            audit.record("reading.opened", subject, reading=reading_id, reason=REASON)
        claim = {"until": clock.now() + LEASE, "decides": decides, "aside_at": None}
        Claim.insert(reading=reading_id, employee=employee_id, **claim).on_conflict(
            conflict_target=(Claim.reading, Claim.employee), update=claim
        ).execute()


def take_next(employee_id: int, chosen: Filter, *, again: bool = False) -> int | None:
    """Open the next held reading for an employee: what they have open, else the oldest that nobody has; None: nothing is left.

    One that waits for the customer is next only where those are chosen, one put aside by this employee only with `again`.
    """
    for reading_id in _candidates(employee_id, chosen, again):
        try:
            take(reading_id, employee_id)
        except Refusal:  # somebody was faster
            continue
        return reading_id
    return None


def put_aside(reading_id: int, employee_id: int) -> None:
    """Leave a reading for later or for others."""
    Claim.update(until=clock.now(), aside_at=clock.now()).where(
        Claim.reading == reading_id, Claim.employee == employee_id
    ).execute()


def _candidates(employee_id: int, chosen: Filter, again: bool) -> list[int]:
    own = (Claim.reading == Reading.id) & (Claim.employee == employee_id)
    is_open = Case(None, [((Claim.until > clock.now()) & Claim.aside_at.is_null(), 0)], 1)
    others = Claim.alias()
    taken = others.select(others.id).where(
        others.reading == Reading.id, others.employee != employee_id, others.until > clock.now(),
        others.decides,
    )  # fmt: skip
    ours = replace(chosen, waits=chosen.waits or "us")
    query = _held(ours, Reading.id).switch(Reading).join(Claim, JOIN.LEFT_OUTER, on=own).where(~fn.EXISTS(taken))
    if not again:
        query = query.where(Claim.aside_at.is_null())
    ordered = query.order_by(
        is_open, _behind(), Claim.aside_at.is_null(False), Claim.aside_at, Reading.received_at, Reading.id
    )
    return [reading_id for (reading_id,) in ordered.limit(20).tuples()]


def _held(chosen: Filter, *columns: Any) -> ModelSelect[Any]:
    query = Reading.select(*columns).join(Account).join(Office, JOIN.LEFT_OUTER).where(Reading.state == HELD)
    if chosen.rule:
        query = query.where(Reading.trace["rule"].as_text() == chosen.rule)
    if chosen.office:
        query = query.where(Office.code == chosen.office)
    if chosen.channel:
        query = query.where(Reading.channel == chosen.channel)
    if chosen.waits:
        waits = _waits_for_client()
        query = query.where(waits if chosen.waits == "client" else ~waits)
    return query


def _waits_for_client() -> Any:
    """Whether the customer was asked and has passed nothing of this meter since."""
    answer = Reading.alias()
    answered = answer.select(answer.id).where(
        answer.meter == Reading.meter, answer.id != Reading.id, answer.received_at > Decision.at
    )
    asked = Decision.select(Decision.id).where(Decision.reading == Reading.id, Decision.verdict == ASKED)
    return fn.EXISTS(asked.where(~fn.EXISTS(answered)))


def _behind() -> Any:
    return Case(None, [(_waits_for_client(), 1)], 0)


def _holder(reading_id: int, but: int) -> Any | None:
    """Who else has the reading open to decide."""
    live = Claim.select(Claim, Employee).join(Employee).where(Claim.reading == reading_id, Claim.employee != but)
    return live.where(Claim.until > clock.now(), Claim.decides).first()
