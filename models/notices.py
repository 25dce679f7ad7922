"""What every customer is told on every page for a while: on a peak day, that the line is busy and where else to go (seed 001).

Each notice is a dated row with its end; one stands at a time. Pages read it from the process, which asks the database now and then.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from typing import Any

from peewee import CharField, DateTimeField, IntegrityError, ModelSelect, PeeweeException

from models import audit, clock, words
from models.base import Refusal, Row, database

PEAK = "peak"
LONGEST = 240  # characters: a strip over the page, not an article
LONGEST_TIME = timedelta(days=7)
FRESH = 30.0  # seconds for which a process believes what it has read
PEAK_TEXT = (
    "Сегодня много звонков, и до оператора трудно дозвониться. Показания быстрее передать здесь, в личном кабинете: "
    "это займёт минуту."
)

log = logging.getLogger("kabinet.notices")


class Notice(Row):
    kind = CharField(default=PEAK)
    text = CharField(max_length=LONGEST)
    since = DateTimeField(default=clock.now)
    until = DateTimeField()
    by = CharField()  # the actor, as the audit log names one
    ended_at = DateTimeField(null=True)  # taken down, or replaced by another

    @property
    def stands(self) -> bool:
        return self.ended_at is None and clock.now() < self.until


Notice.add_index(Notice.kind, unique=True, where=Notice.ended_at.is_null(), name="notice_one")


class _Known:
    """What this process has read, and when by its own clock; never read is minus infinity."""

    def __init__(self) -> None:
        self.notice: Notice | None = None
        self.read_at = float("-inf")


_known = _Known()


def announce(text: str, until: datetime) -> Notice:
    """Put a notice up until a moment (naive UTC), in place of the one that stands.

    Refused: no text, more than 240 characters, unseen characters, an end that is over or more than a week away, two employees at once.
    """
    said = _said(text)
    _check_end(until)
    try:
        with database.atomic():
            _end_standing()
            made: Notice = Notice.create(text=said, since=clock.now(), until=until, by=audit.actor().who)
            audit.record("notice.put_up", f"notice:{made.id}", text=said, until=until.isoformat())
    except IntegrityError as clash:
        raise Refusal(
            None, "Объявление только что включил другой сотрудник: обновите страницу.", "notice.two"
        ) from clash
    assume(made)
    return made


def take_down() -> bool:
    """End the notice that stands; False when there was none."""
    with database.atomic():
        ended = [notice for notice in _end_standing() if notice.until > clock.now()]
        for notice in ended:
            audit.record("notice.taken_down", f"notice:{notice.id}", text=notice.text)
    assume(None)
    return bool(ended)


def present() -> Notice | None:
    """The notice that stands now, as the database has it."""
    found: Notice | None = Notice.get_or_none(Notice.ended_at.is_null(), Notice.until > clock.now())
    return found


def past(count: int = 5) -> ModelSelect[Any]:
    """The last notices, the newest first."""
    return Notice.select().order_by(Notice.id.desc()).limit(count)


def standing() -> str:
    """The text for a page, '' for none: at most half a minute old, and no query for most pages.

    A database that does not answer changes nothing: the page that says so must not fail for the notice.
    """
    if time.monotonic() - _known.read_at > FRESH:
        try:
            assume(present())
        except PeeweeException as error:
            log.warning("the notice was not read: %s", error)
            assume(_known.notice)
    notice = _known.notice
    return notice.text if notice and notice.stands else ""


def assume(notice: Notice | None) -> None:
    """What this process believes for the next half minute."""
    _known.notice, _known.read_at = notice, time.monotonic()


def forget() -> None:
    """Ask the database at the next page."""
    _known.read_at = float("-inf")


def _end_standing() -> list[Notice]:
    standing = list(Notice.select().where(Notice.ended_at.is_null()))
    mine = []
    for notice in standing:
        is_open = (Notice.id == notice.id) & Notice.ended_at.is_null()
        if Notice.update(ended_at=clock.now()).where(is_open).execute():
            mine.append(notice)
    return mine


def _said(text: str) -> str:
    said = " ".join(text.split())
    if not said.isprintable():  # every customer would get a mark that turns the writing round
        raise Refusal("text", "Есть невидимые знаки. Наберите текст заново, не вставляя его.", "notice.text")
    if not said:
        raise Refusal("text", "Напишите, что увидят клиенты.", "notice.text")
    if len(said) > LONGEST:
        raise Refusal("text", f"Слишком длинно: можно до {LONGEST} знаков, сейчас {len(said)}.", "notice.text")
    return said


def _check_end(until: datetime) -> None:
    if until <= clock.now():
        raise Refusal("until", "Этот срок уже прошёл: укажите, до какого времени показывать.", "notice.until")
    if until > clock.now() + LONGEST_TIME:
        latest = words.moment(clock.local(clock.now() + LONGEST_TIME))
        raise Refusal("until", f"Не дольше недели: до {latest}.", "notice.until")
