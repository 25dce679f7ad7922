"""The ledger as people read it: month by month, and entry by entry between two balances. Pure: entries in, rows out.

Kopecks; a balance is positive where the customer owes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from models import periods, words
from models.billing import ledger

CHANNELS = {
    "web": "картой на сайте", "sberbank": "Сбербанк", "bank": "через банк", "post": "Почта России", "citypay": "терминал CityPay",
    "platezhka": "терминал «ПлатеЖКа»", "kasservis": "терминал «КАССервис»", "cash": "в кассе",
}  # fmt: skip

_THROUGH = {
    **CHANNELS,
    **{code: f"через {CHANNELS[code]}" for code in ("sberbank", "citypay", "platezhka", "kasservis")},
    "post": "через Почту России",
}


class Month(NamedTuple):
    """What happened in a month; `balance` is what was owed after it."""

    period: str
    charged: int
    recalculated: int
    penalty: int
    corrected: int  # balances taken over, corrections by staff
    paid: int  # what was given back is taken off
    balance: int


class Row(NamedTuple):
    """One entry in words; `charged` and `paid` may be negative: taken back."""

    day: date
    what: str
    service: str  # the code
    charged: int
    paid: int
    balance: int
    whole: int = 0  # the whole payment, where it is told as several rows


@dataclass(frozen=True)
class Statement:
    """All that happened between two months, both included."""

    first: str
    last: str
    opening: int
    rows: tuple[Row, ...]

    @property
    def charged(self) -> int:
        return sum(row.charged for row in self.rows)

    @property
    def paid(self) -> int:
        return sum(row.paid for row in self.rows)

    @property
    def closing(self) -> int:
        return self.opening + self.charged - self.paid


class Book:
    """All entries of one account, in the order of their days, up to the present month."""

    def __init__(self, entries: Sequence[Any], last_period: str):
        self.entries = entries
        self.last_period = max([last_period, *(_month(one) for one in entries[-1:])])

    @property
    def first_period(self) -> str:
        return _month(self.entries[0]) if self.entries else self.last_period

    @property
    def periods(self) -> list[str]:
        return periods.span(self.first_period, self.last_period)

    def months(self, first: str, last: str) -> list[Month]:
        """The months of the span, the oldest first."""
        sums: dict[str, dict[str, int]] = {period: {} for period in self.periods}
        for one in self.entries:
            of_month = sums[_month(one)]
            of_month[one.kind] = of_month.get(one.kind, 0) + one.amount
        balance, found = 0, []
        for period, of_month in sums.items():
            balance += sum(of_month.values())
            if first <= period <= last:
                found.append(_summed(period, of_month, balance))
        return found

    def statement(self, first: str, last: str, channels: Mapping[int, str]) -> Statement:
        """The entries of the span in words; `channels` by which payments came, by the id of the payment."""
        opening = sum(one.amount for one in self.entries if _month(one) < first)
        balance, rows, wholes = opening, [], _wholes(self.entries)
        for one in self.entries:
            if first <= _month(one) <= last:
                balance += one.amount
                is_money = one.kind in (ledger.PAYMENT, ledger.REFUND)
                charged, paid = (0, -one.amount) if is_money else (one.amount, 0)
                whole = wholes.get((one.kind, one.source.rpartition(":")[0]), 0) if is_money else 0
                rows.append(Row(one.day, said(one, channels), one.service, charged, paid, balance, whole))
        return Statement(first, last, opening, tuple(rows))


def said(entry: Any, channels: Mapping[int, str]) -> str:
    """«Начислено за октябрь 2026», «Оплачено через Сбербанк», «Возврат платежа»."""
    if entry.kind in (ledger.PAYMENT, ledger.REFUND):
        channel = _THROUGH.get(channels.get(payment_of(entry.source), ""), "")
        if entry.kind == ledger.REFUND:
            return f"Возврат платежа: {channel}" if channel else "Возврат платежа"
        return f"Оплачено {channel}" if channel else "Оплачено"
    month = f" за {words.month(entry.period)}" if entry.period else ""
    if entry.kind == ledger.CORRECTION:
        return "Входящий остаток" if entry.source.startswith("balance:") else f"Исправление{month}"
    return {
        ledger.CHARGE: "Начислено",
        ledger.RECALCULATION: "Перерасчёт в счёте",
        ledger.PENALTY: "Пени в счёте",
    }[entry.kind] + month


def payment_of(source: str) -> int:
    """The id of the payment that an entry counts; 0: of none."""
    kind, _, rest = source.partition(":")
    number = rest.partition(":")[0]
    return int(number) if kind in ("payment", "refund") and number.isdecimal() else 0


def _wholes(entries: Iterable[Any]) -> dict[tuple[str, str], int]:
    """What came or went in all by one cause, of those told as several entries: by kind and the source without its service."""
    sums: dict[tuple[str, str], list[int]] = {}
    for one in entries:
        if payment_of(one.source):
            sums.setdefault((one.kind, one.source.rpartition(":")[0]), []).append(-one.amount)
    return {cause: sum(amounts) for cause, amounts in sums.items() if len(amounts) > 1}


def _summed(period: str, sums: Mapping[str, int], balance: int) -> Month:
    paid = -_total(sums, (ledger.PAYMENT, ledger.REFUND))
    charged, recalculated, penalty, corrected = (
        sums.get(kind, 0) for kind in (ledger.CHARGE, ledger.RECALCULATION, ledger.PENALTY, ledger.CORRECTION)
    )
    return Month(period, charged, recalculated, penalty, corrected, paid, balance)


def _total(sums: Mapping[str, int], kinds: Iterable[str]) -> int:
    return sum(sums.get(kind, 0) for kind in kinds)


def _month(entry: Any) -> str:
    return f"{entry.day:%Y-%m}"
