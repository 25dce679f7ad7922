"""Penalties for late payment (ЖК 155 ч. 14): what is owed since when, which payment settled what, and what each day costs.

Pure but for the table of rules. Everything is told by the days of the facts, so a payment that becomes known late counts from its day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import floor
from typing import Any, NamedTuple

from peewee import CharField, DateField, IntegerField

from models.base import Row

RATE_SCALE = 10_000  # rates are kept in hundredths of a percent
_ONE = timedelta(days=1)


class PenaltyRule(Row):
    """From `since` on: through `grace` days after the due date nothing, through `step` days debt × rate / divisor a day, then / later."""

    service = CharField(default="")  # empty: any
    since = DateField()
    rate = IntegerField()  # hundredths of a percent: 950 is 9,5 %
    grace = IntegerField(default=30)
    step = IntegerField(default=90)
    divisor = IntegerField(default=300)
    later = IntegerField(default=130)

    class Meta:
        indexes = ((("service", "since"), True),)


class Rule(NamedTuple):
    """A penalty rule without its row."""

    service: str
    since: date
    rate: int
    grace: int
    step: int
    divisor: int
    later: int


class Piece(NamedTuple):
    """Days on which one debt cost the same: days `first` … `last` after the due date counted from 1, money in kopecks."""

    period: str
    debt: int
    first: date
    last: date
    rate: int
    divisor: int

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def exact(self) -> Fraction:
        """Kopecks, not rounded."""
        return Fraction(self.debt * self.rate * self.days, RATE_SCALE * self.divisor)


@dataclass
class Item:
    """What is still owed for a month."""

    period: str
    due: date
    debt: int


class Debt:
    """What one account owes for one service, followed day by day.

    A payment settles the month it names, then the oldest, then penalties; the rest is an advance for what comes. There is no
    penalty on a penalty. The day of payment is the last one that costs.
    """

    def __init__(self, rules: Sequence[Rule], state: Mapping[str, Any] | None = None):
        """`rules` are those of the service in the order of time; `state` is what `state()` gave."""
        self.rules = rules
        self.day: date | None = None
        self.items: list[Item] = []
        self.pot = 0  # penalties charged and not paid
        self.advance = 0
        self.accrued = Fraction(0)  # penalties in all, kopecks
        self.charged = 0  # penalties charged in all
        self.pieces: list[Piece] = []  # of this life of the object
        if state:
            self.day = date.fromisoformat(state["day"]) if state["day"] else None
            self.items = [Item(period, date.fromisoformat(due), debt) for period, due, debt in state["items"]]
            self.pot, self.advance, self.charged = state["pot"], state["advance"], state["charged"]
            self.accrued = Fraction(state["accrued"])

    @property
    def principal(self) -> int:
        return sum(item.debt for item in self.items)

    @property
    def balance(self) -> int:
        return self.principal + self.pot - self.advance

    def charge(self, day: date, period: str, due: date, amount: int) -> None:
        """Owe for a month from `day` on, payable through `due`; less than nothing is a credit."""
        if amount < 0:
            self.pay(day, -amount, period)
            return
        self.until(day)
        taken = min(amount, self.advance)
        self.advance -= taken
        if amount > taken:
            self.items.append(Item(period, due, amount - taken))
            self.items.sort(key=lambda item: item.due)

    def pay(self, day: date, amount: int, period: str | None = None) -> None:
        """Take a payment; less than nothing is money given back, which is first an advance less, then a new debt."""
        self.until(day)
        if amount < 0:
            self._give_back(day, -amount)
            return
        for item in sorted(self.items, key=lambda item: (item.period != period, item.due)):
            settled = min(item.debt, amount)
            item.debt -= settled
            amount -= settled
        self.items = [item for item in self.items if item.debt]
        settled = min(self.pot, amount)
        self.pot -= settled
        self.advance += amount - settled

    def penalize(self, day: date, amount: int) -> None:
        """A penalty was charged; less than nothing takes one back."""
        self.until(day)
        self.charged += amount
        self.pot += amount
        if self.pot < 0:  # it had been paid: the money is the customer's
            back, self.pot = -self.pot, 0
            self.pay(day, back)
        taken = min(self.pot, self.advance)
        self.pot -= taken
        self.advance -= taken

    def until(self, day: date) -> None:
        """Let the days pass through `day`."""
        if self.day is not None and day <= self.day:
            return
        for item in self.items:
            start = max(item.due, self.day or item.due) + _ONE
            for piece in _pieces(item, start, day, self.rules):
                self.pieces.append(piece)
                self.accrued += piece.exact
        self.day = day

    @property
    def uncharged(self) -> int:
        """Penalties accrued so far and not charged yet, rounded half up; less than nothing: too much was charged."""
        return floor(self.accrued + Fraction(1, 2)) - self.charged

    def state(self) -> dict[str, Any]:
        """All that the months to come rest on, as JSON takes it."""
        return {
            "day": self.day and self.day.isoformat(),
            "items": [[item.period, item.due.isoformat(), item.debt] for item in self.items],
            "pot": self.pot,
            "advance": self.advance,
            "accrued": str(self.accrued),
            "charged": self.charged,
        }

    def _give_back(self, day: date, amount: int) -> None:
        taken = min(amount, self.advance)
        self.advance -= taken
        if amount > taken:
            self.items.append(Item(f"{day:%Y-%m}", day, amount - taken))


def of_service(rules: Iterable[Rule], service: str) -> list[Rule]:
    """The rules for one service in the order of time: those for all until its own first one, if there is one."""
    found = sorted(rules, key=lambda rule: rule.since)
    own = [rule for rule in found if rule.service == service]
    general = [rule for rule in found if not rule.service and (not own or rule.since < own[0].since)]
    return general + own


def load() -> list[Rule]:
    columns = (PenaltyRule.service, PenaltyRule.since, PenaltyRule.rate, PenaltyRule.grace)
    more = (PenaltyRule.step, PenaltyRule.divisor, PenaltyRule.later)
    return [Rule(*row) for row in PenaltyRule.select(*columns, *more).tuples()]


def _pieces(item: Item, start: date, end: date, rules: Sequence[Rule]) -> Iterator[Piece]:
    """The days start … end cut where the rule or its step changes; free days left out."""
    for i, rule in enumerate(rules):
        since = rule.since
        until = rules[i + 1].since - _ONE if i + 1 < len(rules) else date.max
        free = item.due + timedelta(days=rule.grace)
        step = item.due + timedelta(days=rule.step)
        for first, last, divisor in ((free + _ONE, step, rule.divisor), (step + _ONE, date.max, rule.later)):
            a, b = max(start, since, first), min(end, until, last)
            if a <= b:
                yield Piece(item.period, item.debt, a, b, rule.rate, divisor)
