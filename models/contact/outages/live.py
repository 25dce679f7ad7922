"""The outages that customers' pages tell of, from the process's memory: whose account is met, what is announced where.

A process asks the database at most twice a minute, so a page costs no query; a database that does not answer leaves what was known.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import PeeweeException

from models import clock, words
from models.contact.outages import places
from models.contact.outages.places import Place
from models.contact.outages.rows import CANCELLED, KINDS, OVER, STANDS, Outage, state_title

FRESH = 30.0  # seconds for which a process believes what it has read
_HOUSE = re.compile(  # what people type after a street
    r"[\s,.]+(?:дом|д)?\.?\s?\d{1,4}\s?[а-яё]?(?:\s?[/-]\s?\d{1,4})?(?:[\s,]*(?:кв|корп|к|стр)\.?\s?\d{1,4}[а-яё]?){0,2}$",
    re.IGNORECASE,
)
MOST_NOTES = 3  # on one account's page
_MOST = 5000

log = logging.getLogger("kabinet.outages")


@dataclass(frozen=True)
class Live:
    """An outage whose end is still to come, whatever was decided about it; moments are naive UTC."""

    id: int
    settlement: str
    places: tuple[Place, ...]
    kind: str
    reason: str
    begins_at: datetime
    ends_at: datetime
    state: str

    @property
    def area(self) -> str:
        return places.text_of(self.places)

    @property
    def when(self) -> str:
        """«21 ноября с 10:00 до 14:00»"""
        return span(self.begins_at, self.ends_at)

    @property
    def state_title(self) -> str:
        return state_title(self)

    @property
    def kind_title(self) -> str:
        return KINDS[self.kind]

    @property
    def note(self) -> str:
        """«21 ноября с 10:00 до 14:00 плановое отключение: замена опор»"""
        if self.state == CANCELLED:
            return f"Отменено: {self.when} {self.kind_title} отключение"
        moved = " (перенесено)" if self.state == "moved" else ""
        return f"{self.when} {self.kind_title} отключение{moved}: {self.reason}"

    @property
    def stands(self) -> bool:
        return self.state in STANDS

    def meets(self, account: Any) -> bool:
        return _plain(account.settlement) == _plain(self.settlement) and places.has(
            self.places, account.street, account.house
        )


class _Known:
    """What this process has read, by settlement, and when by its own clock; never read is minus infinity."""

    def __init__(self) -> None:
        self.by_settlement: dict[str, list[Live]] = {}
        self.read_at = float("-inf")


_known = _Known()


def of_account(account: Any) -> list[Live]:
    """What the account's page tells: those that meet its address and are still to come, under way or cancelled, the next first."""
    near = _present().get(_plain(account.settlement), ())
    now = clock.now()
    met = [one for one in near if one.ends_at > now and one.state != OVER and one.meets(account)]
    return met[:MOST_NOTES]


def everywhere(settlement: str = "", street: str = "") -> list[Live]:
    """Those of a settlement and a street, as typed; nothing typed: all. The next first."""
    now, found = clock.now(), _present()
    wanted = _plain(settlement)
    names = [name for name in found if not wanted or _is_part(wanted, name)]
    meant = [one for name in names for one in found[name] if one.ends_at > now and _is_on(one, street)]
    return sorted(meant, key=lambda one: (one.begins_at, one.id))


def settlements() -> list[tuple[str, int]]:
    """Where there are any, with how many."""
    now = clock.now()
    counts = [(rows[0].settlement, sum(one.ends_at > now for one in rows)) for rows in _present().values()]
    return sorted((name, count) for name, count in counts if count)


def span(begins_at: datetime, ends_at: datetime) -> str:
    """«21 ноября с 10:00 до 14:00», «с 21 ноября, 22:00 до 22 ноября, 6:00» for naive UTC moments."""
    begins, ends = clock.local(begins_at), clock.local(ends_at)
    day = words.day_month(begins.date())
    if begins.date() == ends.date():
        return f"{day} с{words.NBSP}{begins:%H:%M} до{words.NBSP}{ends:%H:%M}"
    return f"с{words.NBSP}{day}, {begins:%H:%M} до{words.NBSP}{words.day_month(ends.date())}, {ends:%H:%M}"


def assume(outages: Iterable[Outage]) -> None:
    """What this process believes for the next half minute."""
    by_settlement: dict[str, list[Live]] = {}
    for one in outages:
        by_settlement.setdefault(_plain(one.settlement), []).append(_live(one))
    _known.by_settlement, _known.read_at = by_settlement, time.monotonic()


def forget() -> None:
    """Ask the database at the next page."""
    _known.read_at = float("-inf")


def _present() -> dict[str, list[Live]]:
    if time.monotonic() - _known.read_at > FRESH:
        try:
            rows = Outage.select().where(Outage.ends_at > clock.now()).order_by(Outage.begins_at, Outage.id)
            assume(rows.limit(_MOST))
        except PeeweeException as error:
            log.warning("the outages were not read: %s", error)
            _known.read_at = time.monotonic()
    return _known.by_settlement


def _live(row: Outage) -> Live:
    return Live(
        row.id, row.settlement, places.restored(row.places), row.kind, row.reason, row.begins_at, row.ends_at, row.state
    )


def _is_on(outage: Live, typed: str) -> bool:
    """Whether the outage is on the street that was typed: «сад» and «Садовая 33» find «ул. Садовая»; the whole settlement is on every
    street.
    """
    wanted = [name for text in (typed, _HOUSE.sub("", typed)) if (name := places.street_key(text).name)]
    if not wanted or not outage.places:
        return True
    return any(_is_part(name, place.key.name) for place in outage.places for name in wanted)


def _is_part(wanted: str, name: str) -> bool:
    return wanted in name


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("ё", "е").split())
