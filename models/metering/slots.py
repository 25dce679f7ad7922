"""Places of the visiting fitters: on which day and within which hours an office can still come.

On a working day each span has as many places as the company's rules say; staff may say otherwise for a day, a day off too.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, NamedTuple

from peewee import fn

from models import audit, clock, company, words, workdays
from models.base import Refusal, database, locked
from models.metering.accounts import Office
from models.metering.orders.rows import APPOINTED, DONE, Order, VisitSlot, hours

MOST = 1000  # places of a span
_COUNTED = (APPOINTED, DONE)
_ONE = timedelta(days=1)


class Slot(NamedTuple):
    """The hours of a day, with their places in all and those taken."""

    day: date
    span: str
    capacity: int
    taken: int

    @property
    def left(self) -> int:
        return max(0, self.capacity - self.taken)


class Day(NamedTuple):
    """A day with the spans that still have a place."""

    day: date
    free: tuple[str, ...]


def spans() -> tuple[str, ...]:
    """The company's spans as codes, such as '09:00-12:00'."""
    return tuple(span.code for span in company.current().orders.spans)


def offered(office_id: int | None) -> list[Day]:
    """The days on which a customer may have a visit of the office, full ones left out."""
    first, last = _bounds()
    days: dict[date, list[str]] = {}
    for slot in of(office_id, first, last):
        if slot.left:
            days.setdefault(slot.day, []).append(slot.span)
    return [Day(day, tuple(free)) for day, free in days.items()]


def of(office_id: int | None, first: date, last: date) -> list[Slot]:
    """All spans of the office's days between two, both included, in order; on days off those alone that staff have opened."""
    exceptions = workdays.special()
    own = _own(office_id, first, last)
    taken = _taken(office_id, first, last)
    found = []
    for day in _days(first, last):
        usual = company.current().orders.capacity if workdays.is_working(day, exceptions) else None
        for span in spans():
            capacity = own.get((day, span))
            capacity = usual if capacity is None else capacity
            if capacity is not None:
                found.append(Slot(day, span, capacity, taken.get((day, span), 0)))
    return found


def take(office_id: int | None, day: date, span: str, *, by_staff: bool = False) -> None:
    """Hold the span until the caller's transaction ends, sure that one more visit has a place. Call it before the order's own change.

    Refused: hours that are not offered, or have been taken meanwhile. Staff may appoint from today on.
    """
    first, last = _bounds()
    if by_staff:
        first = clock.today()
    if span not in spans() or not first <= day <= last:
        raise Refusal("slot", "Этого времени в расписании нет. Выберите другое.", "slot.unknown")
    _hold(office_id, day, span)
    found = [slot for slot in of(office_id, day, day) if slot.span == span]
    if not found:
        raise Refusal(
            "slot", f"{_begin(words.day_month(day))} мастера не приезжают. Выберите другой день.", "slot.day_off"
        )
    if not found[0].left:
        text = f"На {words.day_month(day)}, {hours(span)}, мест уже нет: их только что заняли. Выберите другое время."
        raise Refusal("slot", text, "slot.full")


def set_capacity(office_id: int | None, day: date, places: dict[str, int]) -> None:
    """Say how many visits the office makes on that day, span by span; visits appointed already stay.

    Refused: a day that is over, spans that are not the company's, numbers that cannot be.
    """
    if day < clock.today():
        raise Refusal("day", "Этот день уже прошёл. Выберите другой.", "slot.past")
    if set(places) - set(spans()):
        raise Refusal(None, "Расписание изменилось. Откройте страницу заново.", "slot.unknown")
    if any(not 0 <= count <= MOST for count in places.values()):
        raise Refusal("day", f"Число мест — от 0 до {MOST}.", "slot.capacity")
    with database.atomic():
        former: dict[str, int | None] = {}
        for span, count in sorted(places.items()):
            former[span] = _hold(office_id, day, span).capacity
            VisitSlot.update(capacity=count).where(*_is(office_id, day, span)).execute()
        if former != places:
            audit.record("slots.changed", f"office:{_code(office_id)}", day=day.isoformat(), places=_said(places))


def at(typed: str) -> tuple[date, str] | None:
    """The day and span that a form's value '2026-11-25 09:00-12:00' names."""
    day, _, span = typed.partition(" ")
    try:
        return (date.fromisoformat(day), span) if span in spans() and len(day) == 10 else None
    except ValueError:
        return None


def value(day: date, span: str) -> str:
    """How a form names a slot."""
    return f"{day.isoformat()} {span}"


def _bounds() -> tuple[date, date]:
    first, last = company.current().orders.ahead
    today = clock.today()
    return today + timedelta(days=first), today + timedelta(days=last)


def _days(first: date, last: date) -> Iterable[date]:
    return (first + _ONE * i for i in range((last - first).days + 1))


def _hold(office_id: int | None, day: date, span: str) -> VisitSlot:
    VisitSlot.insert(office=office_id, day=day, span=span).on_conflict_ignore().execute()
    held: VisitSlot = locked(VisitSlot.select().where(*_is(office_id, day, span))).get()
    return held


def _is(office_id: int | None, day: date, span: str) -> tuple[Any, ...]:
    return _of_office(VisitSlot, office_id), VisitSlot.day == day, VisitSlot.span == span


def _own(office_id: int | None, first: date, last: date) -> dict[tuple[date, str], int | None]:
    """What staff have said of these days."""
    query: Any = VisitSlot.select(VisitSlot.day, VisitSlot.span, VisitSlot.capacity).where(
        _of_office(VisitSlot, office_id), VisitSlot.day.between(first, last), VisitSlot.capacity.is_null(False)
    )
    return {(day, span): capacity for day, span, capacity in query.tuples()}


def _taken(office_id: int | None, first: date, last: date) -> dict[tuple[date, str], int]:
    query: Any = Order.select(Order.day, Order.span, fn.COUNT(Order.id)).where(
        _of_office(Order, office_id), Order.day.between(first, last), Order.state.in_(_COUNTED)
    )
    return {(day, span): count for day, span, count in query.group_by(Order.day, Order.span).tuples()}


def _of_office(table: Any, office_id: int | None) -> Any:
    return table.office.is_null() if office_id is None else table.office == office_id


def _code(office_id: int | None) -> str:
    office = Office.get_or_none(Office.id == office_id) if office_id else None
    return office.code if office else ""


def _said(places: dict[str, int]) -> str:
    return ", ".join(f"{span}: {count}" for span, count in sorted(places.items()))


def _begin(text: str) -> str:
    return text[:1].upper() + text[1:]
