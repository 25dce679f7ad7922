"""Reading windows: on which days of the month a channel takes readings (seed 001; the days are company data)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from models import company, periods, words
from models.company import Window


@dataclass(frozen=True)
class State:
    """How a window stands on a day."""

    window: Window
    today: date
    opens: date  # the first open day from today on
    closes: date  # the last day of the run of open days that begins or goes on at `opens`

    @property
    def is_open(self) -> bool:
        return self.today == self.opens

    @property
    def text(self) -> str:
        """What a customer is told: until when, or why not and from when."""
        if self.is_open:
            return f"Приём открыт до {words.day_month(self.closes)}."
        return f"{self._reason} Приём откроется {words.day_month(self.opens)}."

    @property
    def _reason(self) -> str:
        if self.today.day < self.window.first <= 10:
            return f"С 1 по {self.window.first - 1} число считаем плату и выставляем счета."
        if self.window.last == -2 and self.opens.month != self.today.month:
            return "В последний день месяца показания не принимаются."
        return f"Показания принимаются с {self.opens.day} по {self.closes.day} число."


def days_open(window: Window, period: str) -> tuple[date, date]:
    """The first and the last open day of the period; a negative bound counts from the month's end, -1 the last day."""
    first, last = window.within(periods.days(period))
    start = periods.first_day(period)
    return start + timedelta(days=first - 1), start + timedelta(days=last - 1)


def state(window: Window, today: date) -> State:
    period = f"{today:%Y-%m}"
    first, last = days_open(window, period)
    if today > last:
        first, last = days_open(window, periods.shift(period, 1))
    return State(window, today, max(first, today), last)


def of(channel: str, today: date) -> State:
    """The state of a channel's window under the present company's rules."""
    return state(company.current().window(channel), today)
