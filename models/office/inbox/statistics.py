"""Figures of the reception for days of registration: how many appeals, how soon and how well they were answered. Plain data for charts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from peewee import JOIN, SQL, Case, Value, fn

from models import clock, company, periods, words
from models.base import Refusal, pairs
from models.contact.appeals.answering import AppealAnswer
from models.contact.appeals.rows import OPEN, Appeal
from models.metering.accounts import Office

MOST_MONTHS = 60
_COMMON = "Общая очередь"


@dataclass
class Figures:
    """Of the appeals registered within some days, all or those of one topic, office or month."""

    label: str
    code: str = ""
    registered: int = 0
    answered: int = 0  # at least once
    in_time: int = 0  # whose first answer came within its term
    unanswered: int = 0  # closed by the office without an answer
    overdue: int = 0  # answered or closed late for the first time, or open past their term
    reopened: int = 0
    rated: int = 0
    stars: int = 0  # of all ratings together
    days: Counter[int] = field(default_factory=Counter)  # working days to the first answer, and how many took so many

    def add(self, days: int | None, counts: Sequence[int]) -> None:
        """More of them: counts of registered, answered, in time, unanswered, overdue, reopened, rated ones, and stars.

        `days` is how many the answers took.
        """
        registered, answered, in_time, unanswered, overdue, reopened, rated, stars = counts
        self.registered += registered
        self.answered += answered
        self.in_time += in_time
        self.unanswered += unanswered
        self.overdue += overdue
        self.reopened += reopened
        self.rated += rated
        self.stars += stars
        if days is not None:
            self.days[days] += answered

    @property
    def in_time_percent(self) -> int | None:
        """Of the answered ones, whole per cent; None where nothing was answered."""
        return round(100 * self.in_time / self.answered) if self.answered else None

    @property
    def median_days(self) -> float | None:
        """Working days to the first answer: half of the appeals took as many or fewer."""
        return _median(self.days)

    @property
    def rating(self) -> int | None:
        """The average, hundredths of a star; None where nobody has rated."""
        return round(100 * self.stars / self.rated) if self.rated else None


@dataclass(frozen=True)
class Report:
    """The figures of some days."""

    since: date
    until: date
    by_topic: list[Figures]
    by_office: list[Figures]
    by_month: list[Figures]
    total: Figures


def report(since: date, until: date, office: str = "") -> Report:
    """Of the appeals registered on local days from `since` to `until`, both included; `office` is a code.

    Refused: the days are the wrong way round, or more than 60 months.
    """
    months = _months(since, until)
    topics = _Table({code: topic.title for code, topic in company.current().reception.topics.items()})
    offices = _Table(dict(pairs(Office.select(Office.code, Office.name))) | {"": _COMMON})
    by_month = {i: Figures(words.month_brief(month), month) for i, month in enumerate(months)}
    total = Figures("Всего")
    for topic, code, month, days, *counts in _rows(since, until, office, months):
        for figures in (topics[topic], offices[code], by_month[month], total):
            figures.add(days, counts)
    return Report(since, until, topics.filled(), offices.filled(), list(by_month.values()), total)


class _Table(dict[Any, Figures]):
    """Figures for each value of a column, in the order of their titles; one without a title is its own."""

    def __init__(self, titles: dict[Any, str]):
        super().__init__({code: Figures(title, str(code)) for code, title in titles.items()})

    def __missing__(self, code: Any) -> Figures:
        self[code] = Figures(str(code), str(code))
        return self[code]

    def filled(self) -> list[Figures]:
        return [one for one in self.values() if one.registered]


def _months(since: date, until: date) -> list[str]:
    if since > until:
        raise Refusal("until", "Последний день раньше первого. Поменяйте их местами.", "statistics.days")
    months = list(periods.span(clock.period(since), clock.period(until)))
    if len(months) > MOST_MONTHS:
        text = f"Не больше {words.plural(MOST_MONTHS, 'месяца', 'месяцев', 'месяцев')} за раз. Возьмите дни поближе."
        raise Refusal("since", text, "statistics.long")
    return months


def _rows(since: date, until: date, office: str, months: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Topic, office, month, working days to the first answer, and the counts that `Figures.add` takes."""
    first, none = AppealAnswer.alias(), Value(0)
    ends = [_begin(periods.first_day(periods.shift(one, 1))) for one in months[:-1]]
    one, is_open = Appeal.id, Appeal.state.in_(OPEN)
    late = (first.is_in_time == False) | (first.id.is_null() & is_open & (Appeal.due_on < clock.today()))  # noqa: E712
    dimensions = (Appeal.topic, Appeal.office, _month(ends).alias("month"))
    groups = (Appeal.topic, Appeal.office, SQL("month"))
    chosen = [Appeal.registered_at >= _begin(since), Appeal.registered_at < _begin(until + timedelta(days=1))]
    if office:
        chosen.append(Appeal.office == office.replace("\0", ""))
    counts = (
        fn.COUNT(one), fn.COUNT(one).filter(first.is_answer), fn.COUNT(one).filter(first.is_answer & first.is_in_time),
        fn.COUNT(one).filter(first.is_answer == False), fn.COUNT(one).filter(late),  # noqa: E712
        fn.COUNT(one).filter(is_open & first.id.is_null(False)), fn.COUNT(Appeal.rating),
        fn.COALESCE(fn.SUM(Appeal.rating), 0),
    )  # fmt: skip
    answered = Appeal.select(*dimensions, first.days, *counts)
    answered = answered.join(first, JOIN.LEFT_OUTER, on=(first.appeal == Appeal.id) & (first.place == 1))
    rows: Any = answered.where(*chosen).group_by(*groups, first.days).tuples()
    yield from rows
    # Those that were opened again and answered again; the ones that are open for the second time now were counted above.
    again = AppealAnswer.select(*dimensions, SQL("NULL"), none, none, none, none, none, fn.COUNT(one), none, none).join(
        Appeal
    )
    rows = again.where(AppealAnswer.place == 2, ~is_open, *chosen).group_by(*groups).tuples()
    yield from rows


def _month(ends: Sequence[datetime], first: int = 0) -> Any:
    """Which month an appeal was registered in, counted from `first`; `ends` of all but the last. By halves: it is asked of each."""
    if not ends:
        return Value(first)
    half = len(ends) // 2
    before, after = _month(ends[:half], first), _month(ends[half + 1 :], first + half + 1)
    return Case(None, [(Appeal.registered_at < ends[half], before)], after)


def _begin(day: date) -> datetime:
    return clock.utc(datetime.combine(day, time()))


def _median(counts: Counter[int]) -> float | None:
    """The median of values that are counted; between the two in the middle where their number is even."""
    count = counts.total()
    if not count:
        return None
    middle = {(count - 1) // 2: 0, count // 2: 0}
    seen = 0
    for value in sorted(counts):
        for place in middle:
            if seen <= place < seen + counts[value]:
                middle[place] = value
        seen += counts[value]
    return sum(middle.values()) / len(middle)
