"""The queues of appeals: whose and which, filtered, in the order of their terms, a page at a time; and how many there are in each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from peewee import JOIN, ModelSelect, fn

from models import clock, company, workdays
from models.base import compiled, param
from models.contact.appeals import assign_rules, search, terms
from models.contact.appeals.rows import ANSWERED, CLOSED, OPEN, STATES, WAITING, Appeal
from models.metering.accounts import Account
from models.numbers import number_of
from models.office.inbox import opinions
from models.people.staff import Employee

TITLES = {
    "mine": "Мои",
    "nobody": "Ничьи",
    "office": "Моего участка",
    "open": "Все открытые",
    "waiting": "Ждут клиента",
    "overdue": "Просрочены",
    "soon": "Скоро срок",
    "asked": "Спросили меня",
    "written": "Написали после ответа",
    "answered": "Ответ дан",
    "closed": "Закрытые",
    "all": "Все",
}
MOST_FOUND = 500  # by a text
_ONE = timedelta(days=1)
_NEWEST_FIRST = ("answered", "closed")
_WRITTEN = (Appeal.is_news, Appeal.state == ANSWERED)


@dataclass(frozen=True)
class Filters:
    """Which appeals; an empty text and an owner that is None mean all. An unknown queue is «mine»."""

    queue: str = "mine"
    topic: str = ""
    office: str = ""
    state: str = ""
    owner: int | None = None
    text: str = ""

    @property
    def chosen(self) -> dict[str, str]:
        """What is chosen, as an address carries it."""
        return {name: str(value) for name, value in asdict(self).items() if value not in ("", None)}


class Row(NamedTuple):
    """One appeal in a list."""

    id: int
    number: str
    title: str
    name: str
    topic: str  # its title
    office: str  # its code
    state: str
    due_on: date
    left: int | None  # working days, as `terms.left`; None where the term does not run
    owner_id: int | None
    owner_name: str
    account: str
    is_news: bool  # the applicant has said the last word
    last_entry: int


class Page(NamedTuple):
    """Appeals, where the next page begins ('' on the last one), and whether a text has found more than are shown at all."""

    rows: list[Row]
    after: str
    is_cut: bool = False


def page(filters: Filters, employee_id: int, office: str, *, after: str = "", most: int = 50) -> Page:
    """The appeals of the queue as the employee of that office sees it, the nearest term first, `most` at a time.

    Where a text is looked for the best found come first. A mark of the next page that cannot be read begins anew.
    """
    query = _filtered(filters, employee_id, office)
    if filters.text.strip():
        return _found(filters, query, employee_id, office, after, most)
    order = _order(filters.queue)
    place = _place(after)
    if place:
        query = query.where(order.beyond(*place))
    rows = list(query.order_by(*order.columns).limit(most + 1).namedtuples())
    shown = rows[:most]
    more = f"{shown[-1].due_on.isoformat()}.{shown[-1].id}" if len(rows) > most else ""
    return Page(_shown(shown), more)


def counts(employee_id: int, office: str) -> dict[str, int]:
    """How many there are in each queue; not told of the closed ones, which nobody waits for."""
    today = clock.today()
    row = _open_counts(me=employee_id, office=office, today=today, soon=_soon(today))[0]
    answered, written = _answered()[0], _written(me=employee_id)[0]
    return {
        "mine": row.mine + written.mine, "nobody": row.nobody, "office": row.office, "open": row.open, "waiting": row.waiting,
        "overdue": row.overdue, "soon": row.soon, "asked": len(opinions.waiting_of(employee_id)), "written": written.count,
        "answered": answered.count,
    }  # fmt: skip


def following(filters: Filters, employee_id: int, office: str, after: Appeal | None) -> int | None:
    """The id of the one behind this in the queue, or behind where it stood; of the first for None. None: there is no more."""
    if filters.text.strip():
        ids = [row.id for row in page(filters, employee_id, office, most=MOST_FOUND).rows]
        place = ids.index(after.id) + 1 if after and after.id in ids else 0
        return ids[place] if place < len(ids) else None
    order, query = _order(filters.queue), _conditions(Appeal.select(Appeal.id), filters, employee_id, office)
    if after is not None:
        query = query.where(order.beyond(after.due_on, after.id))
    found: int | None = query.order_by(*order.columns).limit(1).scalar()
    return found


class _Order(NamedTuple):
    """An order of rows, and what lies beyond a place in it."""

    columns: tuple[Any, ...]
    beyond: Callable[[date, int], Any]


def _later(day: date, appeal_id: int) -> Any:
    return (Appeal.due_on > day) | ((Appeal.due_on == day) & (Appeal.id > appeal_id))


def _earlier(day: date, appeal_id: int) -> Any:
    return (Appeal.due_on < day) | ((Appeal.due_on == day) & (Appeal.id < appeal_id))


_BY_TERM = _Order((Appeal.due_on, Appeal.id), _later)
_FROM_LATEST = _Order((Appeal.due_on.desc(), Appeal.id.desc()), _earlier)
_BY_NUMBER = _Order((Appeal.id.desc(),), lambda _, number: Appeal.id < number)


def _order(queue: str) -> _Order:
    if queue == "all":
        return _BY_NUMBER
    return _FROM_LATEST if queue in _NEWEST_FIRST else _BY_TERM


def _filtered(filters: Filters, employee_id: int, office: str) -> ModelSelect[Any]:
    columns = (
        Appeal.id, Appeal.registered_at, Appeal.title, Appeal.name, Appeal.email, Appeal.topic, Appeal.office, Appeal.state,
        Appeal.due_on, Appeal.owner.alias("owner_id"), Employee.name.alias("owner_name"), Account.number.alias("account"),
        Appeal.last_entry, Appeal.is_news,
    )  # fmt: skip
    query = (
        Appeal.select(*columns)
        .join(Employee, JOIN.LEFT_OUTER, on=Employee.id == Appeal.owner)
        .join_from(Appeal, Account, JOIN.LEFT_OUTER)
    )
    return _conditions(query, filters, employee_id, office)


def _conditions(query: ModelSelect[Any], filters: Filters, employee_id: int, office: str) -> ModelSelect[Any]:
    query = query.where(*_queue(filters.queue, employee_id, office))
    if filters.topic:
        query = query.where(Appeal.topic == filters.topic.replace("\0", ""))
    if filters.office:
        query = query.where(Appeal.office == filters.office.replace("\0", ""))
    if filters.state in STATES:
        query = query.where(Appeal.state == filters.state)
    if filters.owner is not None:
        query = query.where(Appeal.owner == filters.owner)
    return query


def _queue(queue: str, employee_id: int, office: str) -> tuple[Any, ...]:
    is_open, today, mine = Appeal.state.in_(OPEN), clock.today(), Appeal.owner == employee_id
    if queue == "asked":
        return (Appeal.id.in_(opinions.waiting_of(employee_id)),)
    return {
        "nobody": (is_open, assign_rules.is_nobodys()),
        "office": (is_open, Appeal.office == office),
        "open": (is_open,),
        "waiting": (Appeal.state == WAITING,),
        "overdue": (is_open, Appeal.due_on < today),
        "soon": (is_open, Appeal.due_on.between(today, _soon(today))),
        "written": _WRITTEN,
        "answered": (Appeal.state == ANSWERED,),
        "closed": (Appeal.state == CLOSED,),
        "all": (Appeal.id.is_null(False),),
    }.get(queue, (mine, Appeal.state.in_((*OPEN, ANSWERED)), is_open | Appeal.is_news))


def _soon(today: date) -> date:
    """The last day of which staff are warned: so many working days from today."""
    day, exceptions = today, workdays.special()
    for _ in range(company.current().reception.warn_days):
        day = workdays.not_before(day + _ONE, exceptions)
    return day


def _found(filters: Filters, query: ModelSelect[Any], employee_id: int, office: str, after: str, most: int) -> Page:
    """By a text: the best found first, counted off."""
    within = _conditions(Appeal.select(Appeal.id), filters, employee_id, office)
    found = search.find(filters.text, limit=MOST_FOUND, within=within)
    ranks = {appeal_id: rank for rank, appeal_id in enumerate(found.ids)}
    rows = sorted(query.where(Appeal.id.in_(list(ranks))).namedtuples(), key=lambda row: ranks[row.id]) if ranks else []
    skip = int(after) if after.isascii() and after.isdigit() and len(after) < 6 else 0
    more = str(skip + most) if len(rows) > skip + most else ""
    return Page(_shown(rows[skip : skip + most]), more, found.more)


def _place(after: str) -> tuple[date, int] | None:
    day, _, tail = after.partition(".")
    try:
        return (date.fromisoformat(day), int(tail)) if tail.isascii() and tail.isdigit() and len(tail) < 10 else None
    except ValueError:
        return None


def _shown(rows: list[Any]) -> list[Row]:
    today, exceptions = clock.today(), workdays.special()
    topics = company.current().reception.topics
    return [
        Row(
            row.id, number_of(row.id, row.registered_at), row.title, row.name or row.email,
            topics[row.topic].title if row.topic in topics else row.topic, row.office, row.state, row.due_on,
            terms.left(today, row.due_on, exceptions) if row.state in OPEN else None,
            row.owner_id, row.owner_name or "", row.account or "", row.is_news, row.last_entry,
        )
        for row in rows
    ]  # fmt: skip


@compiled
def _open_counts() -> ModelSelect[Any]:
    one, overdue = Appeal.id, Appeal.due_on < param("today")
    soon = (Appeal.due_on >= param("today")) & (Appeal.due_on <= param("soon"))
    return Appeal.select(
        fn.COUNT(one).alias("open"),
        fn.COUNT(one).filter(Appeal.owner == param("me")).alias("mine"),
        fn.COUNT(one).filter(assign_rules.is_nobodys()).alias("nobody"),
        fn.COUNT(one).filter(Appeal.office == param("office")).alias("office"),
        fn.COUNT(one).filter(Appeal.state == WAITING).alias("waiting"),
        fn.COUNT(one).filter(overdue).alias("overdue"),
        fn.COUNT(one).filter(soon).alias("soon"),
    ).where(Appeal.state.in_(OPEN))


@compiled
def _written() -> ModelSelect[Any]:
    mine = fn.COUNT(Appeal.id).filter(Appeal.owner == param("me")).alias("mine")
    return Appeal.select(fn.COUNT(Appeal.id).alias("count"), mine).where(*_WRITTEN)


@compiled
def _answered() -> ModelSelect[Any]:
    return Appeal.select(fn.COUNT(Appeal.id).alias("count")).where(Appeal.state == ANSWERED)
