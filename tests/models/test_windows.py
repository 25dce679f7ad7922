"""On which days each channel takes readings, against the guides' rule said in plain words."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest

from models import clock, words
from models.company import Company, Window
from models.metering import windows

COMPANIES = {"krasnoyarsk": False, "kaluga": False, "koryak": True, "irkutsk": True}  # open to customers on any day
CUSTOMERS = ("web", "email", "sms", "citypay", "kiosk", "bot")
TERMINALS = ("platezhka", "kasservis", "sberbank")
MONTHS = ((2026, 2), (2028, 2), (2026, 11), (2026, 12))  # of 28, 29, 30 and 31 days

each_company = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.company(name)) for name in COMPANIES]
)


def month(year: int, number: int) -> list[date]:
    return [date(year, number, day) for day in range(1, monthrange(year, number)[1] + 1)]


def customers_may(day: date, *, any_day: bool) -> bool:
    """All days but the first five and the last (seed 001), or any."""
    return any_day or (day.day > 5 and (day + timedelta(days=1)).month == day.month)


def terminals_may(day: date) -> bool:
    """From the 23rd to the 26th only (seed 001)."""
    return day.day in (23, 24, 25, 26)


def next_open(day: date, may: Callable[[date], bool]) -> date:
    return next(later for i in range(40) if may(later := day + timedelta(days=i)))


@pytest.mark.feature("S17")
@each_company
@pytest.mark.parametrize("channel", CUSTOMERS)
def test_customers_channels(company: Company, name: str, channel: str) -> None:
    for day in (day for given in MONTHS for day in month(*given)):
        state = windows.of(channel, day)
        may = lambda one: customers_may(one, any_day=COMPANIES[name])  # noqa: E731
        assert state.is_open == may(day), day
        assert state.opens == next_open(day, may), day


@pytest.mark.feature("S18")
@each_company
@pytest.mark.parametrize("channel", TERMINALS)
def test_terminals_and_the_bank(company: Company, name: str, channel: str) -> None:
    for day in (day for given in MONTHS for day in month(*given)):
        state = windows.of(channel, day)
        assert state.is_open == terminals_may(day), day
        assert state.opens == next_open(day, terminals_may), day


@each_company
@pytest.mark.parametrize("channel", ["staff", "inspector"])
def test_staff_on_any_day(company: Company, name: str, channel: str) -> None:
    assert all(windows.of(channel, day).is_open for given in MONTHS for day in month(*given))


@pytest.mark.feature("S17")
def test_last_open_day_is_the_last_but_one_of_the_month(company: Company) -> None:
    assert [windows.of("web", date(year, number, 10)).closes.day for year, number in MONTHS] == [27, 28, 29, 30]


@pytest.mark.feature("S17")
@pytest.mark.feature("S18")
@each_company
def test_closed_channel_names_the_next_open_day(company: Company, name: str) -> None:
    for channel in (*CUSTOMERS, *TERMINALS):
        for day in (day for given in MONTHS for day in month(*given)):
            state = windows.of(channel, day)
            told = (
                f"Приём открыт до {words.day_month(state.closes)}." if state.is_open else words.day_month(state.opens)
            )
            assert told in state.text


@pytest.mark.parametrize(
    ("channel", "day", "text"),
    [
        ("web", date(2026, 11, 20), "Приём открыт до 29\u00a0ноября."),
        ("web", date(2026, 11, 3), "С 1 по 5 число считаем плату и выставляем счета. Приём откроется 6\u00a0ноября."),
        (
            "web",
            date(2026, 11, 30),
            "В последний день месяца показания не принимаются. Приём откроется 6\u00a0декабря.",
        ),
        (
            "web",
            date(2026, 12, 31),
            "В последний день месяца показания не принимаются. Приём откроется 6\u00a0января.",
        ),
        (
            "sberbank",
            date(2026, 11, 20),
            "Показания принимаются с 23 по 26 число. Приём откроется 23\u00a0ноября.",
        ),
        (
            "sberbank",
            date(2026, 11, 27),
            "Показания принимаются с 23 по 26 число. Приём откроется 23\u00a0декабря.",
        ),
    ],
)
def test_words(company: Company, channel: str, day: date, text: str) -> None:
    assert windows.of(channel, day).text == text


@pytest.mark.parametrize(
    ("window", "day", "reason"),
    [
        (Window(1, 25), 28, "Показания принимаются с 1 по 25 число."),
        (Window(15, 25), 10, "Показания принимаются с 15 по 25 число."),
        (Window(11, 20), 28, "Показания принимаются с 11 по 20 число."),
        (Window(10, -1), 9, "С 1 по 9 число считаем плату и выставляем счета."),
        (Window(15, -2), 10, "Показания принимаются с 15 по 29 число."),
        (Window(-5, -2), 10, "Показания принимаются с 26 по 29 число."),
        (Window(15, -2), 30, "В последний день месяца показания не принимаются."),
    ],
)
def test_words_of_any_window(window: Window, day: int, reason: str) -> None:
    """The days are the company's to choose: the reason is true on each of them."""
    assert windows.state(window, date(2026, 11, day)).text.startswith(f"{reason} Приём откроется ")


@pytest.mark.feature("S17")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.company(name)) for name in ("krasnoyarsk", "kaluga")]
)
@pytest.mark.parametrize(
    ("wall", "is_open"),
    [
        ("2026-11-05T23:59", False),
        ("2026-11-06T00:01", True),
        ("2026-11-29T23:59", True),
        ("2026-11-30T00:01", False),
        ("2028-02-28T23:59", True),
        ("2028-02-29T00:01", False),
    ],
)
def test_midnight_is_the_companys(
    company: Company, at: Callable[[str], datetime], name: str, wall: str, is_open: bool
) -> None:
    at(wall)
    assert windows.of("web", clock.today()).is_open == is_open


@pytest.mark.feature("S17")
def test_the_utc_day_does_not_count(company: Company, at: Callable[[str], datetime]) -> None:
    assert at("2026-11-06T00:01").day == 5
    assert windows.of("web", clock.today()).is_open


def test_days_counted_from_the_end_in_the_shortest_month() -> None:
    assert windows.days_open(Window(-3, -1), "2026-02") == (date(2026, 2, 26), date(2026, 2, 28))


def test_day_past_a_short_month_is_its_last() -> None:
    assert windows.days_open(Window(25, 31), "2026-02") == (date(2026, 2, 25), date(2026, 2, 28))


def test_unknown_channel(company: Company) -> None:
    with pytest.raises(KeyError):
        windows.of("pigeon", date(2026, 11, 20))
