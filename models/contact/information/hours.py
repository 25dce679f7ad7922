"""Hours of work as people write them, «пн–пт 8:00–19:00, сб 9:00–14:00, перерыв 12:00–13:00», and whether it is open now."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from functools import lru_cache

from models.workdays import is_working

DAYS = ("пн", "вт", "ср", "чт", "пт", "сб", "вс")
_PART = re.compile(
    r"(?:(?P<first>пн|вт|ср|чт|пт|сб|вс)(?:\s*[–—-]\s*(?P<last>пн|вт|ср|чт|пт|сб|вс))?|(?P<every>ежедневно|без выходных)"
    r"|(?P<pause>перерыв))\s+(?:с\s+)?(?P<opens>[0-9]{1,2}:[0-9]{2})\s*(?:[–—-]|до)\s*(?P<closes>[0-9]{1,2}:[0-9]{2})"
)

Spans = tuple[tuple[time, time], ...]


@lru_cache(200)
def week(hours: str) -> Mapping[int, Spans] | None:
    """The open hours of each weekday, 0 for Monday; None for words that are not understood, as nothing may be promised then."""
    text = hours.strip().casefold()
    if text == "круглосуточно":
        return {day: ((time(0), time.max),) for day in range(7)}
    days: dict[int, list[tuple[time, time]]] = {}
    pauses = []
    for part in re.split(r"[,;]\s*", text):
        found = _PART.fullmatch(part.strip())
        if not found or not (span := _span(found["opens"], found["closes"])):
            return None
        if found["pause"]:
            pauses.append(span)
            continue
        for day in _days(found):
            days.setdefault(day, []).append(span)
    return {day: _without(tuple(sorted(spans)), pauses) for day, spans in days.items()} or None


def is_open(hours: str, now: datetime, exceptions: Mapping[date, bool]) -> bool | None:
    """Whether it is open at that local moment; None where nobody can say: the hours are not understood, or the day is not as usual."""
    known = week(hours)
    if known is None or is_working(now.date(), exceptions) != is_working(now.date(), {}):
        return None
    return any(opens <= now.time() < closes for opens, closes in known.get(now.weekday(), ()))


def _days(found: re.Match[str]) -> range | list[int]:
    if found["every"]:
        return range(7)
    first, last = DAYS.index(found["first"]), DAYS.index(found["last"] or found["first"])
    return range(first, last + 1) if first <= last else [*range(first, 7), *range(last + 1)]


def _span(opens: str, closes: str) -> tuple[time, time] | None:
    try:
        first = time.fromisoformat(opens.zfill(5))
        last = time.max if closes == "24:00" else time.fromisoformat(closes.zfill(5))
    except ValueError:
        return None
    return (first, last) if first < last else None


def _without(spans: Spans, pauses: list[tuple[time, time]]) -> Spans:
    for begins, ends in pauses:
        cut: list[tuple[time, time]] = []
        for opens, closes in spans:
            if ends <= opens or closes <= begins:
                cut.append((opens, closes))
                continue
            cut += [one for one in ((opens, begins), (ends, closes)) if one[0] < one[1]]
        spans = tuple(cut)
    return spans
