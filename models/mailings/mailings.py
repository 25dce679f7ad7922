"""Mailings: one letter to many, by filters over accounts. What staff make, and what the portal makes by itself (regular).

draft → planned → running ⇄ paused → done, or stopped. A big one becomes planned only when a second employee approves it
(office/mailing_kinds): until then it stays a draft with a proposal about it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from peewee import CharField, DateTimeField, ForeignKeyField, IntegerField, JSONField

from models import audit, clock, company
from models.base import Refusal, Row, database, locked
from models.mailings import texts
from models.mailings.audiences import Filters
from models.people.staff import Employee, subject

DRAFT, PLANNED, RUNNING, PAUSED, DONE, STOPPED = "draft", "planned", "running", "paused", "done", "stopped"
STATES = {
    DRAFT: "черновик", PLANNED: "запланирована", RUNNING: "идёт", PAUSED: "приостановлена", DONE: "закончена", STOPPED: "остановлена",
}  # fmt: skip
LIVE = (PLANNED, RUNNING, PAUSED)
MOST_PER_MINUTE = 100_000
LONGEST_NAME = 100
_FURTHEST = timedelta(days=366)
_LATE = timedelta(minutes=10)  # a form may be filled in for so long


class Mailing(Row):
    letter = CharField()  # of texts.MAILED
    name = CharField()  # how staff call it
    data = JSONField(default=dict)  # {title, text} of news, {period, again} of e-receipts, what regular ones are about
    filters = JSONField(default=dict)  # audiences.Filters.packed()
    key = CharField(null=True, unique=True)  # of a regular one, 'window:2026-11'; of a form
    author = ForeignKeyField(Employee, null=True, on_delete="RESTRICT")  # none: the portal itself
    state = CharField(default=DRAFT)
    created_at = DateTimeField(default=clock.now)
    planned_at = DateTimeField(null=True)  # not before; none: as soon as it is started
    per_minute = IntegerField()  # letters
    approved_at = DateTimeField(null=True)  # by a second employee
    counted = IntegerField(null=True)  # letters when it was let go; none: more than could be counted, or a regular one
    started_by = ForeignKeyField(
        Employee, null=True, backref="started", on_delete="RESTRICT"
    )  # alone; none: approved, or regular
    started_at = DateTimeField(null=True)
    cursor = IntegerField(default=0)  # the last account's id that was looked at
    expanded_at = DateTimeField(null=True)  # when the last recipient was written
    paced_until = DateTimeField(null=True)  # when the last letter written so far is due
    posted = IntegerField(default=0)  # letters written
    left_out = JSONField(default=dict)  # how many were not written to, by reason
    ended_at = DateTimeField(null=True)
    settled_at = DateTimeField(null=True)  # of a stopped one: when none of its letters could go any more
    note = CharField(default="")  # why it stands as it does

    class Meta:
        indexes = ((("state", "planned_at"), False),)

    @property
    def subject(self) -> str:
        """How the audit log and proposals name it."""
        return f"mailing:{self.id}"

    @property
    def audience(self) -> Filters:
        return Filters.of(self.filters)

    @property
    def is_regular(self) -> bool:
        """Whether the portal made it by itself."""
        return self.author_id is None


class Recipient(Row):
    """Somebody a mailing has met: written to, or left out and why. Once for an account, a customer and what the letter is about."""

    mailing = ForeignKeyField(Mailing, backref="recipients", on_delete="CASCADE")
    account = IntegerField()  # its id
    customer = IntegerField(default=0)  # the customer's id; 0: nobody in the cabinet
    about = CharField(default="")  # the meter's number where one account may get several letters
    way = CharField(default="")  # email | sms
    address = CharField(default="")
    message = IntegerField(null=True, unique=True)  # the message's id; none: left out
    excluded = CharField(default="")  # of addressing.REASONS

    class Meta:
        indexes = (
            (("mailing", "account", "customer", "about"), True),
            (("mailing", "customer"), False),
            (("mailing", "excluded", "id"), False),
        )


def find(mailing_id: int) -> Mailing | None:
    found: Mailing | None = Mailing.get_or_none(Mailing.id == mailing_id)
    return found


def draft(
    employee_id: int,
    letter: str,
    name: str,
    data: Mapping[str, Any],
    filters: Filters,
    *,
    planned_at: datetime | None = None,
    per_minute: int | None = None,
    key: str | None = None,
) -> Mailing:
    """Write a mailing down; nobody is written to yet. The same form (`key`) is one draft.

    `data`: title and text for news, period (and again=True to send anew) for e_receipt, nothing for the others. `planned_at` is
    naive UTC, None: at once when started. `per_minute`: the company's pace by default. Refused: a letter that is not for
    mailings, no name, news without words or with tags, a period without bills, filters that mean nothing, a time that is over,
    a pace out of bounds.
    """
    row = _checked(letter, name, data, filters, planned_at, per_minute)
    with database.atomic():
        mark = f"form:{employee_id}:{key}"[:255] if key else None
        if mark and (repeated := Mailing.get_or_none(Mailing.key == mark)):
            return repeated  # type: ignore[no-any-return]
        made: Mailing = Mailing.create(**row, key=mark, author=employee_id, created_at=clock.now())
        audit.record("mailing.drafted", made.subject, letter=letter, title=row["name"], filters=row["filters"])
        return made


def change(
    mailing_id: int,
    letter: str,
    name: str,
    data: Mapping[str, Any],
    filters: Filters,
    *,
    planned_at: datetime | None = None,
    per_minute: int | None = None,
) -> Mailing:
    """Write a draft anew, refused as `draft`, and once it is started. A proposal to send it as it was becomes stale."""
    row = _checked(letter, name, data, filters, planned_at, per_minute)
    with database.atomic():
        _move(mailing_id, (DRAFT,), DRAFT, "Эта рассылка уже начата, изменить её нельзя. Составьте новую.", **row)
        audit.record("mailing.changed", f"mailing:{mailing_id}", title=row["name"], filters=row["filters"])
        return Mailing.get_by_id(mailing_id)  # type: ignore[no-any-return]


def drop(mailing_id: int) -> None:
    """Throw a draft away."""
    with database.atomic():
        facts = {"ended_at": clock.now(), "settled_at": clock.now(), "note": "черновик выброшен"}
        _move(mailing_id, (DRAFT,), STOPPED, "Рассылка уже начата: её можно остановить.", **facts)
        audit.record("mailing.stopped", f"mailing:{mailing_id}")


def plan(mailing_id: int, *, approved: bool, counted: int | None = None, by: int | None = None) -> Mailing:
    """Let a draft go out at its time, to so many as were `counted` (None: could not be); `approved` by a second employee, or `by` one.
    `control.start` asks whether one is needed."""
    with database.atomic():
        now = clock.now()
        mailing = held(mailing_id)
        facts = {
            "approved_at": now if approved else None, "planned_at": max(mailing.planned_at or now, now), "counted": counted,
            "started_by": by,
        }  # fmt: skip
        _move(mailing_id, (DRAFT,), PLANNED, "Эта рассылка уже начата.", **facts)
        audit.record("mailing.started", f"mailing:{mailing_id}", title=mailing.name)
        return Mailing.get_by_id(mailing_id)  # type: ignore[no-any-return]


def begin(mailing_id: int) -> bool:
    """A planned mailing whose time has come runs; whether it was this call that began it."""
    now = clock.now()
    begun: int = (
        Mailing.update(state=RUNNING, started_at=now)
        .where(Mailing.id == mailing_id, Mailing.state == PLANNED, Mailing.planned_at <= now)
        .execute()
    )
    return begun == 1


def held(mailing_id: int) -> Mailing:
    """The mailing, locked until the transaction ends. Refused: there is none."""
    found: Mailing | None = locked(Mailing.select().where(Mailing.id == mailing_id)).first()
    if found is None:
        raise Refusal(None, "Такой рассылки нет.", "mailing.unknown")
    return found


def fingerprint(mailing: Mailing) -> str:
    """Of everything that decides what is sent to whom: what a second employee approves."""
    told = [mailing.letter, mailing.data, mailing.filters, str(mailing.planned_at), mailing.per_minute]
    return hashlib.sha256(json.dumps(told, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def move(mailing: Mailing, sources: tuple[str, ...], target: str, refused: str, **facts: Any) -> None:
    """The legal move of a held mailing, made by one alone."""
    _move(mailing.id, sources, target, refused, **facts)
    for name, value in {"state": target, **facts}.items():
        setattr(mailing, name, value)


def author_of(mailing: Mailing) -> str:
    """How the audit log names who made it."""
    return subject(mailing.author_id) if mailing.author_id else "system"


def _move(mailing_id: int, sources: tuple[str, ...], target: str, refused: str, **facts: Any) -> None:
    moved = Mailing.update(state=target, **facts).where(Mailing.id == mailing_id, Mailing.state.in_(sources)).execute()
    if moved != 1:
        raise Refusal(None, refused, "mailing.state")


def _checked(
    letter: str,
    name: str,
    data: Mapping[str, Any],
    filters: Filters,
    planned_at: datetime | None,
    per_minute: int | None,
) -> dict[str, Any]:
    if letter not in texts.MAILED:
        raise Refusal("letter", "Выберите письмо из списка.", "mailing.letter")
    called = " ".join(name.split())
    if not called or len(called) > LONGEST_NAME or texts.is_odd(called):
        text = f"Назовите рассылку, чтобы узнать её в списке: от 1 до {LONGEST_NAME} знаков."
        raise Refusal("name", text, "mailing.name")
    pace = company.current().letters.per_minute if per_minute is None else per_minute
    if not 1 <= pace <= MOST_PER_MINUTE:
        raise Refusal("per_minute", f"Писем в минуту: от 1 до {MOST_PER_MINUTE}.", "mailing.pace")
    now = clock.now()
    if planned_at is not None and not now - _LATE <= planned_at <= now + _FURTHEST:
        raise Refusal("planned_at", "Начать можно с этой минуты и в ближайший год.", "mailing.time")
    return {
        "letter": letter, "name": called, "data": texts.checked(letter, data), "filters": filters.checked().packed(),
        "planned_at": planned_at, "per_minute": pace,
    }  # fmt: skip
