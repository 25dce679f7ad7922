"""News: drafted, looked at, published from a day until another, for everybody or for some settlements and offices; taken down.

What was written is kept: each change is a row with the words of then. Home pages read what is current from the process's memory.
"""

from __future__ import annotations

import logging
import time
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from peewee import (
    CharField,
    DateField,
    DateTimeField,
    ForeignKeyField,
    IntegerField,
    JSONField,
    ModelSelect,
    PeeweeException,
    TextField,
)

from models import audit, clock, seal
from models.base import Problem, Refusal, Row, database
from models.metering.accounts import Account, Office

DRAFT, PUBLISHED, TAKEN_DOWN = "draft", "published", "taken_down"
TITLES = {DRAFT: "черновик", PUBLISHED: "опубликована", TAKEN_DOWN: "снята"}
DRAFTED, CHANGED = "drafted", "changed"
LONGEST_TITLE, LONGEST = 120, 20_000
LONGEST_TIME = timedelta(days=366)
FRESH = 30.0  # seconds for which a process believes what it has read
ON_HOME = 2  # lines on a home page

log = logging.getLogger("kabinet.news")


class NewsItem(Row):
    title = CharField(max_length=LONGEST_TITLE)
    text = TextField()  # blank lines part paragraphs, «- » begins an item of a list
    settlements = JSONField(default=list)  # whom it is for; both empty: everybody
    offices = JSONField(default=list)  # codes
    begins_on = DateField()  # local days, both included: when the home pages tell of it
    until_on = DateField()
    state = CharField(default=DRAFT)
    state_at = DateTimeField(default=clock.now)
    version = IntegerField(default=1)  # raised by each change: two employees do not change it past each other
    created_at = DateTimeField(default=clock.now)
    key = CharField(null=True, unique=True)  # of the form it came with

    class Meta:
        indexes = ((("state", "begins_on", "id"), False),)

    @property
    def subject(self) -> str:
        return f"news:{self.id}"

    @property
    def is_for_all(self) -> bool:
        return not self.settlements and not self.offices


class NewsChange(Row):
    """What was done with news, with its words of then; never changed."""

    item = ForeignKeyField(NewsItem, backref="changes", on_delete="RESTRICT")
    what = CharField()  # drafted | changed | published | taken_down
    title = CharField(max_length=LONGEST_TITLE)
    text = TextField()
    by = CharField()  # the actor, as the audit log names one
    at = DateTimeField(default=clock.now)

    class Meta:
        indexes = ((("item", "id"), False),)


@dataclass(frozen=True)
class Words:
    """What is written, for whom and for how long (local days)."""

    title: str
    text: str
    begins_on: date
    until_on: date
    settlements: tuple[str, ...] = ()
    offices: tuple[str, ...] = ()

    @property
    def fields(self) -> dict[str, Any]:
        return {
            "title": self.title, "text": self.text, "begins_on": self.begins_on, "until_on": self.until_on,
            "settlements": list(self.settlements), "offices": list(self.offices),
        }  # fmt: skip


@dataclass(frozen=True)
class Line:
    """News as a home page tells of it."""

    id: int
    title: str
    begins_on: date
    until_on: date
    settlements: frozenset[str]
    office_ids: frozenset[int]

    def is_for(self, account: Any | None) -> bool:
        """Whether it is told on this account's page; None: to guests."""
        if not self.settlements and not self.office_ids:
            return True
        if account is None:
            return False
        office_id = (
            account.office_id if hasattr(account, "office_id") else account.office
        )  # a row, or a compiled read's
        return account.settlement in self.settlements or office_id in self.office_ids


def written(
    title: str,
    text: str,
    begins_on: date | None,
    until_on: date | None,
    settlements: Iterable[str] = (),
    offices: Iterable[str] = (),
) -> Words:
    """What a form says. Refused, all at once: no title or text, too much of it, unseen characters, days in the wrong order, a year and
    more, a settlement without accounts, an unknown office.
    """
    head, body = " ".join(title.split()), text.replace("\r\n", "\n").strip()
    problems = []
    if not head or len(head) > LONGEST_TITLE or not head.isprintable():
        problems.append(Problem("title", f"Напишите заголовок одной строкой, до {LONGEST_TITLE} знаков.", "news.title"))
    if not body or len(body) > LONGEST:
        problems.append(Problem("text", f"Напишите текст, до {LONGEST} знаков, сейчас {len(body)}.", "news.text"))
    elif any(unicodedata.category(one) in ("Cc", "Cf", "Cs") for one in body.replace("\n", "")):
        problems.append(Problem("text", "Есть невидимые знаки. Наберите текст заново, не вставляя его.", "news.text"))
    chosen, codes = tuple(dict.fromkeys(settlements)), tuple(dict.fromkeys(offices))
    problems += _of_days(begins_on, until_on) + _of_places(chosen, codes)
    if problems or begins_on is None or until_on is None:
        raise Refusal(problems=problems)
    return Words(head, body, begins_on, until_on, chosen, codes)


def draft(words: Words, *, key: str | None = None) -> NewsItem:
    """A draft that only the office sees; the same words with the same key: the same draft."""
    mark = seal.fingerprint(f"news|{key}|{sorted(words.fields.items())}") if key else None
    with database.atomic():
        known = NewsItem.get_or_none(NewsItem.key == mark) if mark else None
        if known:
            return known
        made: NewsItem = NewsItem.create(**words.fields, state_at=clock.now(), created_at=clock.now(), key=mark)
        _noted(made, DRAFTED)
        return made


def change(item_id: int, words: Words, *, version: int) -> NewsItem:
    """Other words; what is published stays so and changes for everybody. Refused for what was taken down."""
    return _moved(item_id, (DRAFT, PUBLISHED), version, CHANGED, **words.fields)


def publish(item_id: int, *, version: int) -> NewsItem:
    """Let everybody read the draft from its first day on. Refused when its days are over."""
    if _one(item_id).until_on < clock.today():
        raise Refusal("until_on", "Срок новости уже прошёл: поправьте дни и опубликуйте снова.", "news.days")
    return _moved(item_id, (DRAFT, TAKEN_DOWN), version, PUBLISHED, state=PUBLISHED, state_at=clock.now())


def take_down(item_id: int, *, version: int) -> NewsItem:
    return _moved(item_id, (PUBLISHED,), version, TAKEN_DOWN, state=TAKEN_DOWN, state_at=clock.now())


def find(item_id: int) -> NewsItem | None:
    found: NewsItem | None = NewsItem.get_or_none(NewsItem.id == item_id)
    return found


def shown(item_id: int) -> NewsItem | None:
    """News that everybody may read now, or None."""
    found: NewsItem | None = _published().where(NewsItem.id == item_id).first()
    return found


def page(*, most: int, skip: int = 0) -> list[NewsItem]:
    """What was published, the newest first."""
    return list(_published().order_by(NewsItem.begins_on.desc(), NewsItem.id.desc()).limit(most).offset(skip))


def listed(*, most: int = 50, skip: int = 0) -> list[NewsItem]:
    """All of them for the office, the newest first."""
    return list(NewsItem.select().order_by(NewsItem.id.desc()).limit(most).offset(skip))


def history(item: NewsItem) -> list[NewsChange]:
    return list(NewsChange.select().where(NewsChange.item == item.id).order_by(NewsChange.id.desc()))


# ---- what the home pages tell, from the process's memory


class _Known:
    """What this process has read, and when by its own clock; never read is minus infinity."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.read_at = float("-inf")


_known = _Known()


def current(account: Any | None = None) -> list[Line]:
    """The lines for an account's home page, or for guests: at most half a minute old, and no query for most pages."""
    if time.monotonic() - _known.read_at > FRESH:
        try:
            assume(_read())
        except PeeweeException as error:
            log.warning("the news were not read: %s", error)
            assume(_known.lines)
    today = clock.today()
    return [one for one in _known.lines if one.begins_on <= today <= one.until_on and one.is_for(account)][:ON_HOME]


def assume(lines: Iterable[Line]) -> None:
    """What this process believes for the next half minute."""
    _known.lines, _known.read_at = list(lines), time.monotonic()


def forget() -> None:
    """Ask the database at the next page."""
    _known.read_at = float("-inf")


def _read() -> list[Line]:
    items = list(
        NewsItem.select()
        .where(NewsItem.state == PUBLISHED, NewsItem.until_on >= clock.today())
        .order_by(NewsItem.begins_on.desc(), NewsItem.id.desc())
        .limit(200)
    )
    codes = {code for item in items for code in item.offices}
    ids = (
        {one.code: one.id for one in Office.select(Office.id, Office.code).where(Office.code.in_(codes))}
        if codes
        else {}
    )
    return [
        Line(
            item.id, item.title, item.begins_on, item.until_on, frozenset(item.settlements),
            frozenset(ids[code] for code in item.offices if code in ids),
        )
        for item in items
    ]  # fmt: skip


def _published() -> ModelSelect[Any]:
    return NewsItem.select().where(NewsItem.state == PUBLISHED, NewsItem.begins_on <= clock.today())


def _of_days(begins_on: date | None, until_on: date | None) -> list[Problem]:
    if begins_on is None or until_on is None:
        names = [name for name, day in (("begins_on", begins_on), ("until_on", until_on)) if day is None]
        return [Problem(name, "Введите день, например 2026-11-24.", "news.days") for name in names]
    if until_on < begins_on or until_on - begins_on > LONGEST_TIME:
        return [Problem("until_on", "Последний день не раньше первого и не позже чем через год.", "news.days")]
    return []


def _of_places(settlements: tuple[str, ...], offices: tuple[str, ...]) -> list[Problem]:
    problems = []
    if not all(text.isprintable() for text in (*settlements, *offices)):
        return [Problem("settlements", "Выберите населённые пункты и участки из списка.", "news.places")]
    known = Account.select(Account.settlement).where(Account.settlement.in_(settlements)).distinct()
    if settlements and len(list(known.tuples())) != len(settlements):
        problems.append(Problem("settlements", "Выберите населённые пункты из списка.", "news.places"))
    if offices and Office.select().where(Office.code.in_(offices)).count() != len(offices):
        problems.append(Problem("offices", "Выберите участки из списка.", "news.places"))
    return problems


def _moved(item_id: int, states: tuple[str, ...], version: int, what: str, **changes: Any) -> NewsItem:
    with database.atomic():
        same = (NewsItem.id == item_id) & (NewsItem.version == version) & NewsItem.state.in_(states)
        if NewsItem.update(version=NewsItem.version + 1, **changes).where(same).execute() != 1:
            raise Refusal(None, "Эту новость только что изменил другой сотрудник: обновите страницу.", "news.stale")
        item = _one(item_id)
        _noted(item, what)
    forget()
    return item


def _one(item_id: int) -> NewsItem:
    found: NewsItem = NewsItem.get_by_id(item_id)
    return found


def _noted(item: NewsItem, what: str) -> None:
    NewsChange.create(item=item.id, what=what, title=item.title, text=item.text, by=audit.actor().who, at=clock.now())
    audit.record(f"news.{what}", item.subject, title=item.title)
