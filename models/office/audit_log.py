"""Looking through the audit log: who did what to whom and from where, the newest first, and in words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from peewee import ModelSelect

from models import audit_chain, clock, company, words
from models.audit import AuditRow
from models.base import Refusal, pairs
from models.billing.payments import Payment
from models.metering import channels
from models.office import deeds
from models.people import customers, staff
from models.people.customers import Customer
from models.people.staff import Employee

PAGE = 50  # rows
LONGEST = 254  # characters of what is searched for: a mail address
_PERSON = re.compile(r"(customer|staff):\d{1,18}")
_ACTORS = {word: actor for actor, word in deeds.ACTORS.items()} | {actor: actor for actor in deeds.ACTORS}
_PEOPLE = {"customer": "customer", "employee": "staff"}  # keys of a detail whose number is a person's
_MOST_NAMED = 5
_LONGEST_DETAIL = 300
_LONG_WORD = re.compile(r"(\S{24})\S{17,}")  # a hash would push a table off the screen; a file has all of it
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?")


@dataclass(frozen=True)
class Search:
    """What is looked for; '' and None are anything. Days are the company's local ones, both included."""

    who: Sequence[str] = ()
    deed: str = ""
    subject: str = ""
    ip: str = ""
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True)
class Shown:
    """A row of the log in words."""

    id: int
    at: datetime
    who: str
    ip: str
    deed: str
    subject: str
    detail: list[tuple[str, str]]
    place: int | None


def search(asked: Mapping[str, str], first: date | None = None, last: date | None = None) -> Search:
    """What somebody typed, understood: `who` a name or an address, `subject` an account, a payment, an address.

    Refused, all at once: nobody of that name, several, an account number that is none, days the wrong way round.
    """
    problems = []
    found: dict[str, Any] = {}
    for field, understand in (("who", actors), ("subject", subject_of)):
        try:
            found[field] = understand(asked.get(field, ""))
        except Refusal as refusal:
            problems += refusal.problems
    if first and last and first > last:
        problems += Refusal("last", "Конец раньше начала: поменяйте дни местами.", "audit.days").problems
    if problems:
        raise Refusal(problems=problems)
    return Search(
        deed=asked.get("deed", "")[:LONGEST], ip=asked.get("ip", "").strip()[:LONGEST], first=first, last=last, **found
    )


def actors(text: str) -> tuple[str, ...]:
    """Who is meant: a mail address of an employee or a customer, an employee's name or a part of it, «портал», 'customer:12'."""
    said = " ".join(text.split()).lower()[:LONGEST]
    if not said:
        return ()
    if said in _ACTORS or _PERSON.fullmatch(said):
        return (_ACTORS.get(said, said),)
    return _by_email("who", said) if "@" in said else (_by_name(said),)


def subject_of(text: str) -> str:
    """Whose data are meant: an account's or a payment's number, a mail address, or a subject as the log writes it."""
    said = text.strip()[:LONGEST]
    if not said or ":" in said or said in deeds.SUBJECTS:
        return said
    if "@" in said:
        return _by_email("subject", said.lower())[0]
    if number := company.current().normal_number(said):
        return f"account:{number}"
    if "\0" not in said and Payment.select(Payment.id).where(Payment.number == said.upper()).exists():
        return f"payment:{said.upper()}"
    raise Refusal("subject", "Введите номер лицевого счёта целиком, номер оплаты или почту.", "audit.subject")


def find(asked: Search, before: int | None = None, limit: int = PAGE) -> list[Any]:
    """Rows of the log as named tuples, the newest first; `before` is the last row of the page before."""
    return list(_query(asked, before).limit(limit).namedtuples())


def matches(asked: Search, most: int) -> int:
    """How many rows there are, counted up to `most`."""
    return int(_query(asked, None).limit(most).count())


def in_words(rows: Sequence[Any]) -> list[Shown]:
    """The rows with names for people, titles for deeds and details; two queries however many."""
    names = names_of({text for row in rows for text in (row.who, row.subject, *_people_in(row.detail))})
    return [
        Shown(
            row.id, row.at, names.get(row.who, row.who), row.ip, deeds.title(row.deed), told_subject(row.subject, names),
            told_detail(row.detail, names), row.place,
        )
        for row in rows
    ]  # fmt: skip


def names_of(whos: Iterable[str]) -> dict[str, str]:
    """What to call each actor: an employee or a customer by name, the portal itself by a word."""
    numbers: dict[str, list[int]] = {"staff": [], "customer": []}
    for who in set(whos):
        if _PERSON.fullmatch(who):
            kind, _, number = who.partition(":")
            numbers[kind].append(int(number))
    employees = pairs(Employee.select(Employee.id, Employee.name).where(Employee.id.in_(numbers["staff"])))
    people = pairs(Customer.select(Customer.id, Customer.name).where(Customer.id.in_(numbers["customer"])))
    return {
        **deeds.ACTORS,
        **{staff.subject(number): name for number, name in employees},
        **{customers.subject(number): f"{name}, клиент №{words.NBSP}{number}" for number, name in people},
    }


def told_subject(subject: str, names: Mapping[str, str]) -> str:
    return names[subject] if _PERSON.fullmatch(subject) and subject in names else deeds.about(subject)


def told_detail(detail: Any, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """A row's detail as lines of label and value."""
    if not isinstance(detail, dict):
        return [("", _told(detail, names))] if detail else []
    return [
        (deeds.DETAILS.get(str(key), str(key)), _told(_named(key, value), names))
        for key, value in detail.items()
        if value not in ("", None)
    ]


def last_verification() -> Any | None:
    """The newest outcome of a walk through the whole chain: a row with `at` and `detail`, or None."""
    query = AuditRow.select(AuditRow.at, AuditRow.detail).where(AuditRow.deed == audit_chain.VERIFIED)
    return query.order_by(AuditRow.at.desc()).limit(1).namedtuples().first()


def _query(asked: Search, before: int | None) -> ModelSelect[Any]:
    query = AuditRow.select(
        AuditRow.id, AuditRow.at, AuditRow.who, AuditRow.ip, AuditRow.deed, AuditRow.subject, AuditRow.detail,
        AuditRow.place, AuditRow.hash,
    )  # fmt: skip
    for place, (field, values) in enumerate(_narrowing(asked)):
        # One index is walked, the most telling one; an expression keeps a planner without statistics off the others.
        column = field.concat("") if place else field
        query = query.where(column == values[0] if len(values) == 1 else column.in_(list(values)))
    if asked.first:
        query = query.where(AuditRow.at >= _midnight(asked.first))
    if asked.last:
        query = query.where(AuditRow.at < _midnight(asked.last + timedelta(days=1)))
    moment = AuditRow.select(AuditRow.at).where(AuditRow.id == before).scalar() if before else None
    if moment:
        # The first half is what the index is walked by.
        query = query.where(AuditRow.at <= moment, (AuditRow.at < moment) | (AuditRow.id < before))
    return query.order_by(AuditRow.at.desc(), AuditRow.id.desc())


def _narrowing(asked: Search) -> list[tuple[Any, Sequence[str]]]:
    """What narrows the rows, by how few each is likely to leave: a subject's fewer than a person's, a deed's most of all."""
    texts = ((AuditRow.subject, asked.subject), (AuditRow.ip, asked.ip), (AuditRow.deed, asked.deed))
    subject, ip, deed = ((field, (text.replace("\0", ""),) if text else ()) for field, text in texts)
    return [(field, values) for field, values in (subject, (AuditRow.who, asked.who), ip, deed) if values]


def _by_email(field: str, email: str) -> tuple[str, ...]:
    found = [one.subject for one in (Employee.by_email(email), Customer.by_email(email)) if one]
    if not found:
        raise Refusal(field, "Ни сотрудника, ни клиента с такой почтой нет. Проверьте адрес.", "audit.nobody")
    return tuple(found)


def _by_name(said: str) -> str:
    everybody = Employee.select(Employee.id, Employee.name, Employee.email).order_by(Employee.name)
    found = [one for one in everybody if said in one.name.lower()]
    if len(found) == 1:
        return found[0].subject
    if not found:
        text = "Сотрудника с таким именем нет. Клиента ищите по почте, портал и командную строку — этими словами."
        raise Refusal("who", text, "audit.nobody")
    named = ", ".join(f"{one.name} ({one.email})" for one in found[:_MOST_NAMED])
    raise Refusal("who", f"Подходят несколько: {named}. Введите почту.", "audit.several")


def _midnight(day: date) -> datetime:
    return clock.utc(datetime.combine(day, time()))


def _people_in(detail: Any) -> list[str]:
    if not isinstance(detail, dict):
        return []
    return [named for key, value in detail.items() if isinstance(named := _named(key, value), str)]


def _named(key: Any, value: Any) -> Any:
    """A value that its key explains: kopecks as rubles, a channel by its name, a person's number as the log names people."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and key in _PEOPLE:
        return f"{_PEOPLE[key]}:{value}"
    if isinstance(value, int) and key == "kopecks":
        return words.rubles(value)
    if key == "channel" and value in channels.CHANNELS:
        return channels.title(value)
    return value


def _told(value: Any, names: Mapping[str, str]) -> str:
    if isinstance(value, bool):
        return "да" if value else "нет"
    if isinstance(value, str):
        text = _told_text(value, names)
    elif isinstance(value, dict):
        text = "; ".join(f"{deeds.DETAILS.get(key, key)}: {_told(one, names)}" for key, one in value.items())
    elif isinstance(value, list):
        text = ", ".join(_told(one, names) for one in value)
    else:
        text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_DETAIL else f"{text[:_LONGEST_DETAIL]}…"


def _told_text(value: str, names: Mapping[str, str]) -> str:
    if _PERSON.fullmatch(value):
        return names.get(value, value)
    if _MOMENT.fullmatch(value):
        with suppress(ValueError):
            return words.moment(clock.local(datetime.fromisoformat(value)))
    return _LONG_WORD.sub(r"\1…", value)
