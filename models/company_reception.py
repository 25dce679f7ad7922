"""[reception] and [orders] of company.toml: what customers write about, within which terms we answer, when our people come."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from itertools import pairwise
from types import MappingProxyType

from models.company_file import Table

CALENDAR, WORKING = "calendar", "working"
ORDER_KINDS = ("installation", "replacement", "verification")
_TOPIC_KEYS = ("code", "title", "term", "days", "hint", "office")
_CODE = re.compile(r"[a-z]+(-[a-z]+)*")
_SPAN = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True)
class Topic:
    """What an appeal is about."""

    code: str
    title: str
    term: int  # days within which it is answered, counted from the day after its registration (ГК 191)
    days: str  # calendar | working
    hint: str  # what to write, or to look at before writing; may be empty
    office: str  # code of the office whose queue it goes to; empty: the account's own, or the common one


@dataclass(frozen=True)
class Span:
    """The hours between which a visit begins or a call comes, by the company's clock."""

    begins: time
    ends: time

    @property
    def code(self) -> str:
        """'09:00-12:00'"""
        return f"{self.begins:%H:%M}-{self.ends:%H:%M}"


@dataclass(frozen=True)
class Callbacks:
    """The hours between which the contact centre calls back, by the company's clock."""

    spans: tuple[Span, ...]  # on working days
    saturday: tuple[Span, ...]  # on Saturdays that are days off as usual; may be none


@dataclass(frozen=True)
class Reception:
    """How appeals are taken and answered."""

    guests: bool  # whether people without a cabinet may write, their e-mail confirmed
    warn_days: int  # so many working days before the term ends staff are warned
    extend_days: (
        int  # by so many calendar days at most a term is extended, once, and the customer told why (59-ФЗ art. 12)
    )
    reopen_days: int  # so many calendar days after the answer the customer may come back to the same appeal
    topics: Mapping[str, Topic]  # by code, in the order in which they are offered
    callbacks: Callbacks


@dataclass(frozen=True)
class Orders:
    """Visits for a meter: what may be ordered, and when."""

    kinds: tuple[str, ...]  # of ORDER_KINDS; none: the company takes no orders here
    spans: tuple[Span, ...]
    capacity: int  # visits of one office within one span
    ahead: tuple[int, int]  # the first and the last day offered, counted from today


def reception(top: Table) -> Reception:
    table = top.table("reception", ("guests", "warn_days", "extend_days", "reopen_days", "topics", "callbacks"))
    topics: dict[str, Topic] = {}
    for row in table.tables("topics", _TOPIC_KEYS):
        topic = _topic(row)
        if topic.code in topics:
            raise row.error("code", f"is there twice: {topic.code!r}")
        topics[topic.code] = topic
    return Reception(
        guests=table.yes("guests"),
        warn_days=table.whole("warn_days", 1, 20),
        extend_days=table.whole("extend_days", 0, 60),
        reopen_days=table.whole("reopen_days", 1, 365),
        topics=MappingProxyType(topics),
        callbacks=_callbacks(table.table("callbacks", ("spans", "saturday"))),
    )


def orders(top: Table) -> Orders:
    table = top.table("orders", ("kinds", "spans", "capacity", "first_day", "last_day"))
    kinds = table.values.get("kinds")
    if not isinstance(kinds, list) or set(kinds) - set(ORDER_KINDS):
        raise table.error("kinds", f"must be a list of {', '.join(ORDER_KINDS)}, or []")
    first, last = table.whole("first_day", 0, 30), table.whole("last_day", 1, 120)
    if last < first:
        raise table.error("last_day", f"must be at least first_day ({first}), not {last}")
    return Orders(
        kinds=tuple(kind for kind in ORDER_KINDS if kind in kinds),
        spans=_spans(table),
        capacity=table.whole("capacity", 1, 1000),
        ahead=(first, last),
    )


def _callbacks(table: Table) -> Callbacks:
    return Callbacks(_spans(table), _spans(table, "saturday") if table.values.get("saturday") else ())


def _topic(row: Table) -> Topic:
    code = row.text("code")
    if not _CODE.fullmatch(code):
        raise row.error("code", f"must be small Latin letters with hyphens between, not {code!r}")
    return Topic(
        code=code,
        title=row.text("title"),
        term=row.whole("term", 1, 60),
        days=row.one_of("days", (CALENDAR, WORKING), default=CALENDAR),
        hint=row.text("hint", default=""),
        office=row.text("office", default=""),
    )


def _spans(table: Table, key: str = "spans") -> tuple[Span, ...]:
    given = table.values.get(key)
    matches = (
        [_SPAN.fullmatch(one) if isinstance(one, str) else None for one in given] if isinstance(given, list) else []
    )
    numbers = [tuple(map(int, found.groups())) for found in matches if found]
    spans = tuple(Span(time(a, b), time(c, d)) for a, b, c, d in numbers)
    is_in_order = all(one.begins < one.ends for one in spans) and all(
        one.ends <= two.begins for one, two in pairwise(spans)
    )
    if not spans or len(spans) != len(matches) or not is_in_order:
        raise table.error(key, 'must be a list such as ["09:00-12:00", "12:00-15:00"], in order')
    return spans
