"""When the contact centre may call back: the hours of company.toml on working days and Saturdays. Pure: moments in, moments out.

All moments here are the company's local ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from models import words, workdays
from models.company_reception import Callbacks, Span

ASAP = "asap"
ASAP_TITLE = "как можно скорее"
WITHIN = timedelta(hours=1)  # after which a call that was wanted as soon as possible is late
_AHEAD = 30  # days among which an hour is looked for: longer than any holidays
_DAYS = 2  # on which a call may be wanted: what is left of today, and the next day of the contact centre
_LEAST = timedelta(minutes=15)  # so much of a span must be left
_NOON, _EVENING = time(12), time(17)
_SATURDAY = 5


class Time(NamedTuple):
    """A time that may be wished for: `code` for a form, when it begins and ends, and how it is called."""

    code: str
    begins: datetime
    ends: datetime
    title: str


def offered(now: datetime, rules: Callbacks, exceptions: Mapping[date, bool]) -> list[Time]:
    """As soon as possible, what is left of today, and the next day on which the contact centre works."""
    times = [soonest(now, rules, exceptions)]
    for day in _days(now, rules, exceptions):
        for span in on(day, rules, exceptions):
            begins, ends = max(now, datetime.combine(day, span.begins)), datetime.combine(day, span.ends)
            if ends - begins >= _LEAST:
                code = f"{day.isoformat()}/{span.code}"
                times.append(Time(code, begins, ends, f"{_called(day, now.date())} {_part(span)}, {_hours(span)}"))
    return times


def soonest(now: datetime, rules: Callbacks, exceptions: Mapping[date, bool]) -> Time:
    """The first moment at which the contact centre works."""
    begins = opening(now, rules, exceptions)
    title = ASAP_TITLE
    if begins > now:
        title += f": {_called(begins.date(), now.date())} с{words.NBSP}{begins:%H:%M}"
    return Time(ASAP, begins, begins + WITHIN, title)


def opening(moment: datetime, rules: Callbacks, exceptions: Mapping[date, bool]) -> datetime:
    """The moment itself where the contact centre works then, else when it next begins to."""
    for ahead in range(_AHEAD):
        day = moment.date() + timedelta(days=ahead)
        for span in on(day, rules, exceptions):
            if moment < datetime.combine(day, span.ends):
                return max(moment, datetime.combine(day, span.begins))
    return moment + timedelta(days=_AHEAD)


def works_at(moment: datetime, rules: Callbacks, exceptions: Mapping[date, bool]) -> bool:
    return opening(moment, rules, exceptions) == moment


def on(day: date, rules: Callbacks, exceptions: Mapping[date, bool]) -> tuple[Span, ...]:
    """The hours of that day; none on a day off."""
    if workdays.is_working(day, exceptions):
        return rules.spans
    is_usual_saturday = day.weekday() == _SATURDAY and day not in exceptions
    return rules.saturday if is_usual_saturday else ()


def said(begins: datetime, ends: datetime, today: date) -> str:
    """«сегодня с 12:00 до 17:00»"""
    return f"{_called(begins.date(), today)} с{words.NBSP}{begins:%H:%M} до{words.NBSP}{ends:%H:%M}"


def _days(now: datetime, rules: Callbacks, exceptions: Mapping[date, bool]) -> Iterator[date]:
    found = 0
    for ahead in range(_AHEAD):
        day = now.date() + timedelta(days=ahead)
        if any(datetime.combine(day, span.ends) - now >= _LEAST for span in on(day, rules, exceptions)):
            found += 1
            yield day
        if found == _DAYS:
            return


def _called(day: date, today: date) -> str:
    if day == today:
        return "сегодня"
    if day == today + timedelta(days=1):
        return "завтра"
    return words.on_day(day)


def _part(span: Span) -> str:
    if span.begins < _NOON:
        return "утром"
    return "днём" if span.begins < _EVENING else "вечером"


def _hours(span: Span) -> str:
    return f"с{words.NBSP}{span.begins:%H:%M} до{words.NBSP}{span.ends:%H:%M}"
