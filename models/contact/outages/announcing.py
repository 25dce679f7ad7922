"""Announcing outages: what is meant, whom it meets, and what becomes of it: moved, ended early, cancelled."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from peewee import IntegrityError, fn

from models import audit, clock, seal
from models.base import Problem, Refusal, database
from models.contact.outages import live
from models.contact.outages import places as outage_places
from models.contact.outages.places import Place
from models.contact.outages.rows import (
    ANNOUNCED,
    CANCELLED,
    EMERGENCY,
    KINDS,
    LONGEST_REASON,
    MOVED,
    OVER,
    PLANNED,
    STANDS,
    Outage,
    OutageChange,
)
from models.metering.accounts import Account

LONGEST = timedelta(days=14)
_AHEAD, _BACK = timedelta(days=92), timedelta(days=2)
_WHEN = {
    PLANNED: "Плановое отключение начинается не раньше, чем сейчас, и не позже чем через три месяца.",
    EMERGENCY: "Аварийное отключение началось не раньше чем два дня назад и начнётся не позже чем через три месяца.",
}


@dataclass(frozen=True)
class Plan:
    """An outage as it would be announced; moments are naive UTC."""

    settlement: str
    places: tuple[Place, ...]
    kind: str
    reason: str
    begins_at: datetime
    ends_at: datetime

    @property
    def area(self) -> str:
        return outage_places.text_of(self.places)

    @property
    def fingerprint(self) -> str:
        """What an employee has looked at: other places or times are another one."""
        said = "|".join((self.settlement, self.area, self.kind, self.reason, f"{self.begins_at}", f"{self.ends_at}"))
        return hashlib.sha256(said.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Hit:
    """Whom an outage meets: accounts in all, and by street and house (of a whole settlement, by street and how many houses)."""

    count: int
    houses: list[tuple[str, str, int]]


def settlements() -> list[str]:
    """Where the company has accounts."""
    query = Account.select(Account.settlement).distinct().order_by(Account.settlement)
    return [row[0] for row in _tuples(query)]


def plan(settlement: str, streets: str, kind: str, reason: str, begins: datetime | None, ends: datetime | None) -> Plan:
    """What is meant by a form; `begins` and `ends` are local. Refused, all at once: an unknown settlement or street, a house that
    cannot be read, no reason, times in the wrong order, in the past, of more than two weeks.
    """
    problems = _of_times(kind, begins, ends)
    places: tuple[Place, ...] = ()
    said = " ".join(reason.split())
    if not said or len(said) > LONGEST_REASON or not said.isprintable():
        problems.append(
            Problem("reason", f"Напишите причину одной строкой, до {LONGEST_REASON} знаков.", "outage.reason")
        )
    if kind not in KINDS:
        problems.append(Problem("kind", "Выберите, плановое отключение или аварийное.", "outage.kind"))
    try:
        settlement, known = _known(settlement)
        places = outage_places.parse(streets, known)
    except Refusal as refusal:
        problems += refusal.problems
        problems += _unread(streets) if refusal.problems[0].field == "settlement" else []
    if problems or begins is None or ends is None:
        raise Refusal(problems=problems)
    return Plan(settlement, places, kind, said, clock.utc(begins), clock.utc(ends))


def hit(settlement: str, places: Sequence[Place]) -> Hit:
    """The open accounts that an outage there meets: counted by the database, house by house."""
    meant = (Account.settlement == settlement) & Account.closed.is_null()
    if places:
        keys = {place.key for place in places}
        named = [street for street in _streets(settlement) if outage_places.street_key(street) in keys]
        meant &= Account.street.in_(named)
    counted = Account.house if places else fn.COUNT(fn.DISTINCT(Account.house))
    columns = (Account.street, counted.alias("house"), fn.COUNT(Account.id).alias("count"))
    groups = (Account.street, Account.house) if places else (Account.street,)
    rows = _tuples(Account.select(*columns).where(meant).group_by(*groups))
    there = {street: outage_places.on(places, street) for street in {row[0] for row in rows}}
    found = [
        (street, str(house), count)
        for street, house, count in rows
        if not places or outage_places.has(there[street], street, house)
    ]
    found.sort(key=lambda row: (row[0], outage_places.house_of(row[1])))
    return Hit(sum(count for _, _, count in found), found)


def announce(meant: Plan, *, key: str | None = None) -> Outage:
    """Announce it; the same plan with the same key: the same outage."""
    mark = seal.fingerprint(f"outage|{key}|{meant.fingerprint}") if key else None
    if mark and (known := Outage.get_or_none(Outage.key == mark)):
        return known
    count = hit(meant.settlement, meant.places).count
    try:
        with database.atomic():
            made: Outage = Outage.create(
                settlement=meant.settlement, places=outage_places.stored(meant.places), kind=meant.kind, reason=meant.reason,
                begins_at=meant.begins_at, ends_at=meant.ends_at, accounts=count, state_at=clock.now(), created_at=clock.now(),
                key=mark,
            )  # fmt: skip
            _noted(made, ANNOUNCED, meant.reason)
            audit.record("outage.announced", made.subject, settlement=made.settlement, text=made.area, count=count)
    except IntegrityError:
        return Outage.get(Outage.key == mark)
    live.forget()
    return made


def move(outage_id: int, begins: datetime | None, ends: datetime | None, text: str, *, version: int) -> Outage:
    """Other times for one that has not ended (local moments); `text` says why, for customers to read.

    One under way has another end alone; `begins` may be None then. Refused as `plan` refuses, and another beginning for it.
    """
    outage = _one(outage_id)
    if outage.begins_at <= clock.now():
        begun = clock.local(outage.begins_at)
        is_other = begins is not None and f"{begins:%F %H:%M}" != f"{begun:%F %H:%M}"
        problems = [_begun(begun)] if is_other else _of_end(begun, ends)
        begins = begun
    else:
        problems = _of_times(outage.kind, begins, ends)
    if problems or begins is None or ends is None:
        raise Refusal(problems=problems)
    return _changed(outage, MOVED, text, version, begins_at=clock.utc(begins), ends_at=clock.utc(ends))


def end(outage_id: int, text: str = "", *, version: int) -> Outage:
    """The power is back before it was promised. Refused before it has gone."""
    outage = _one(outage_id)
    if outage.begins_at > clock.now():
        raise Refusal(None, "Отключение ещё не началось: его можно отменить или перенести.", "outage.not_begun")
    return _changed(outage, OVER, text, version)


def cancel(outage_id: int, text: str, *, version: int) -> Outage:
    """It will not be. Refused once it has begun."""
    outage = _one(outage_id)
    if outage.begins_at <= clock.now():
        raise Refusal(None, "Отключение уже началось: отметьте, когда свет дали.", "outage.begun")
    return _changed(outage, CANCELLED, text, version)


def find(outage_id: int) -> Outage | None:
    found: Outage | None = Outage.get_or_none(Outage.id == outage_id)
    return found


def history(outage: Outage) -> list[OutageChange]:
    return list(OutageChange.select().where(OutageChange.outage == outage.id).order_by(OutageChange.id))


def coming(*, most: int = 50, skip: int = 0) -> list[Outage]:
    """Those that stand, the next first."""
    standing = Outage.select().where(Outage.ends_at > clock.now(), Outage.state.in_(STANDS))
    return list(standing.order_by(Outage.begins_at, Outage.id).limit(most).offset(skip))


def past(*, most: int = 50, skip: int = 0) -> list[Outage]:
    """Those that are over or were called off, the newest first."""
    gone = (Outage.ends_at <= clock.now()) | Outage.state.not_in(STANDS)
    return list(
        Outage.select().where(gone).order_by(Outage.begins_at.desc(), Outage.id.desc()).limit(most).offset(skip)
    )


def _of_times(kind: str, begins: datetime | None, ends: datetime | None) -> list[Problem]:
    if begins is None:
        return [_no_moment(name) for name, moment in (("begins", begins), ("ends", ends)) if moment is None]
    if problems := _of_end(begins, ends):
        return problems
    now = clock.local(clock.now())
    earliest = now - (_BACK if kind == EMERGENCY else timedelta(0))
    if not earliest <= begins <= now + _AHEAD:
        return [Problem("begins", _WHEN.get(kind, _WHEN[PLANNED]), "outage.times")]
    return []


def _of_end(begins: datetime, ends: datetime | None) -> list[Problem]:
    if ends is None:
        return [_no_moment("ends")]
    now = clock.local(clock.now())
    if ends <= begins or ends - max(begins, now) > LONGEST:
        return [Problem("ends", "Конец должен быть позже начала, не больше чем на две недели.", "outage.times")]
    if ends <= now:
        return [Problem("ends", "Это время уже прошло: объявляют то, что ещё не кончилось.", "outage.times")]
    return []


def _no_moment(field: str) -> Problem:
    example = f"{clock.local(clock.now()):%d.%m.%Y %H:00}"
    return Problem(field, f"Введите день и время, например {example}.", "outage.times")


def _begun(began: datetime) -> Problem:
    text = f"Отключение уже началось {began:%d.%m в %H:%M}: изменить можно только конец."
    return Problem(None, text, "outage.begun")


def _known(typed: str) -> tuple[str, list[str]]:
    """The settlement that was meant, with its streets."""
    if streets := _streets(typed):
        return typed, streets
    meant = outage_places.settlement(typed, settlements())
    return meant, _streets(meant)


def _unread(streets: str) -> list[Problem]:
    """What is wrong with the streets wherever they lie."""
    try:
        outage_places.lines(streets)
    except Refusal as refusal:
        return refusal.problems
    return []


def _streets(settlement: str) -> list[str]:
    query = Account.select(Account.street).where(Account.settlement == settlement).distinct()
    return [row[0] for row in _tuples(query)] if "\0" not in settlement else []


def _changed(outage: Outage, state: str, text: str, version: int, **changes: Any) -> Outage:
    said = " ".join(text.split())
    if len(said) > LONGEST_REASON or not said.isprintable() or (state in (MOVED, CANCELLED) and not said):
        raise Refusal("text", f"Напишите, почему: это прочтут клиенты. До {LONGEST_REASON} знаков.", "outage.text")
    with database.atomic():
        same = (Outage.id == outage.id) & (Outage.version == version) & Outage.state.in_(STANDS)
        moved = Outage.update(state=state, state_at=clock.now(), version=Outage.version + 1, **changes).where(
            same, Outage.ends_at > clock.now()
        )
        if moved.execute() != 1:
            text = "Отключение уже кончилось, или его только что изменил другой сотрудник: обновите страницу."
            raise Refusal(None, text, "outage.stale")
        after = _one(outage.id)
        _noted(after, state, said)
        audit.record(f"outage.{state}", after.subject, text=said)
    live.forget()
    return after


def _noted(outage: Outage, what: str, text: str) -> None:
    OutageChange.create(
        outage=outage.id, what=what, begins_at=outage.begins_at, ends_at=outage.ends_at, text=text, by=audit.actor().who,
        at=clock.now(),
    )  # fmt: skip


def _one(outage_id: int) -> Outage:
    found: Outage = Outage.get_by_id(outage_id)
    return found


def _tuples(query: Any) -> list[tuple[Any, ...]]:
    return list(query.tuples())
