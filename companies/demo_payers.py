"""How the households of the demo pay: what each does with a bill, month after month."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from companies.demo_facts import Facts
from models import periods

ANNA, BORIS, VERA = (0, 1, 2), 3, 4  # places of the log-ins' households
USUALLY = ("in full", "in full", "in full", "in full", "in full", "late", "rounds up", "forgets")
CHANNELS = {"web": 42, "sberbank": 25, "bank": 13, "cash": 10}
NAMES_THE_PERIOD = ("sberbank", "bank")  # they read it from the code on the bill
HEAD = "account paid amount channel document period service".split()
_HUNDRED = 10_000  # kopecks
_UNPAID_MONTHS = range(5, 13)
_LEAST = 1_000  # kopecks: nobody walks to the bank for less


@dataclass
class Payer:
    """A household before its bills. Money is kopecks."""

    account: str
    habit: str
    channel: str
    day: int
    rng: random.Random
    strays: float  # how often another channel is used
    forgotten: int = 0

    def payment(self, period: str, owed: int) -> tuple[date, int, str] | None:
        """What is paid in the month after the period when so much is owed: the day, the amount, the channel."""
        month = periods.shift(period, 1)
        day = min(max(1, self.day + self.rng.randrange(-1, 2)), periods.days(month))
        chance, other = self.rng.random(), self.rng.choice(list(CHANNELS))
        amount = self._amount(month, owed, chance)
        if amount < _LEAST:
            return None
        return periods.first_day(month).replace(day=day), amount, self.channel if chance >= self.strays else other

    def _amount(self, month: str, owed: int, chance: float) -> int:
        if self.habit == "owes" and int(month[5:]) in _UNPAID_MONTHS:
            return 0
        if self.habit == "in advance":
            return -(-owed * 6 // _HUNDRED) * _HUNDRED if owed > 0 else 0
        if self.habit == "forgets":
            self.forgotten = max(0, self.forgotten - 1) or (2 if chance < 0.1 else 0)
            if self.forgotten:
                return 0
        if self.habit == "rounds up":
            return -(-owed // _HUNDRED) * _HUNDRED
        return owed


def payers(company: str, facts: Facts, accounts: list[str]) -> list[Payer]:
    """One a household, in the order of the accounts."""
    return [
        _payer(place, number, facts, random.Random(f"{company}:pays:{place}")) for place, number in enumerate(accounts)
    ]


def lines(due: Iterable[tuple[Payer, str, int]]) -> list[dict[str, Any]]:
    """What is paid in one month, in the order of days, as an import reads it: who, for which period, owing how much."""
    found = []
    for payer, period, owed in due:
        if paid := payer.payment(period, owed):
            found.append((paid[0], payer.account, period, *paid[1:]))
    return [
        {
            "account": account,
            "paid": day,
            "amount": amount,
            "channel": channel,
            "document": f"{day:%y%m}{running:04d}",
            "period": period if channel in NAMES_THE_PERIOD else None,
            "service": None,
        }
        for running, (day, account, period, amount, channel) in enumerate(sorted(found), 1)
    ]


def row(line: dict[str, Any]) -> list[Any]:
    """A line as it stands in payments.csv."""
    return list({**line, "amount": f"{line['amount'] / 100:.2f}"}.values())


def _payer(place: int, account: str, facts: Facts, rng: random.Random) -> Payer:
    weights = {**CHANNELS, "citypay" if "citypay" in facts.channels else "post": 10}
    channel = rng.choices(list(weights), list(weights.values()))[0]
    habit, day = rng.choice(USUALLY), rng.randrange(7, 15)
    if place in ANNA:
        habit, day, channel = "in full", 25, "web"
    elif place == BORIS:
        habit, channel = "in advance", "sberbank"
    elif place == VERA:
        habit = "owes"
    elif habit == "late":
        day = rng.randrange(18, 27)
    return Payer(account, habit, channel, day, rng, 0 if place in ANNA else 0.08)
