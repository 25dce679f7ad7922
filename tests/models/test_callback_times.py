"""When the contact centre may be asked to call: its hours, days off, Saturdays, what is left of today."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest

from models.company_reception import Callbacks, Span
from models.contact import callback_times


def spans(*texts: str) -> tuple[Span, ...]:
    return tuple(Span(*(time.fromisoformat(end) for end in text.split("-"))) for text in texts)


USUAL = Callbacks(spans("08:00-12:00", "12:00-17:00", "17:00-21:00"), ())
SATURDAYS = Callbacks(spans("08:00-12:00", "12:00-16:00"), spans("09:00-13:00"))
HOLIDAYS = {date(2026, 12, 31): False, **{date(2027, 1, day): False for day in range(1, 9)}}


def titles(now: str, rules: Callbacks = USUAL, exceptions: dict[date, bool] | None = None) -> list[str]:
    found = callback_times.offered(datetime.fromisoformat(now), rules, exceptions or {})
    return [one.title.replace("\u00a0", " ") for one in found]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-19T10:00", [
            "как можно скорее", "сегодня утром, с 08:00 до 12:00", "сегодня днём, с 12:00 до 17:00", "сегодня вечером, с 17:00 до 21:00",
            "завтра утром, с 08:00 до 12:00", "завтра днём, с 12:00 до 17:00", "завтра вечером, с 17:00 до 21:00",
        ]),
        ("2026-11-20T18:00", [  # a Friday: the next day of work is Monday
            "как можно скорее", "сегодня вечером, с 17:00 до 21:00", "в понедельник, 23 ноября утром, с 08:00 до 12:00",
            "в понедельник, 23 ноября днём, с 12:00 до 17:00", "в понедельник, 23 ноября вечером, с 17:00 до 21:00",
        ]),
    ],
)  # fmt: skip
def test_what_is_left_of_today_and_the_next_day_of_work(now: str, expected: list[str]) -> None:
    assert titles(now) == expected


def test_nothing_in_the_past_and_nothing_on_a_day_off() -> None:
    for now in ("2026-11-20T20:50", "2026-11-21T10:00", "2026-12-30T22:00"):
        moment = datetime.fromisoformat(now)
        for one in callback_times.offered(moment, USUAL, HOLIDAYS):
            assert one.begins >= moment and one.ends > one.begins
            assert one.begins.weekday() < 5 and HOLIDAYS.get(one.begins.date(), True)


def test_as_soon_as_possible_outside_the_hours_is_when_they_begin() -> None:
    assert titles("2026-11-20T22:00")[0] == "как можно скорее: в понедельник, 23 ноября с 08:00"
    assert titles("2026-12-31T10:00", exceptions=HOLIDAYS)[0] == "как можно скорее: в понедельник, 11 января с 08:00"
    assert titles("2026-11-20T07:00")[0] == "как можно скорее: сегодня с 08:00"


def test_a_quarter_of_an_hour_before_the_end_is_too_late_for_a_span() -> None:
    assert "сегодня утром, с 08:00 до 12:00" in titles("2026-11-19T11:45")
    assert "сегодня утром, с 08:00 до 12:00" not in titles("2026-11-19T11:46")


def test_saturdays_have_hours_of_their_own_unless_the_calendar_says_otherwise() -> None:
    saturday = "2026-11-21T08:00"
    assert titles(saturday, SATURDAYS)[1] == "сегодня утром, с 09:00 до 13:00"
    worked, off = {date(2026, 11, 21): True}, {date(2026, 11, 21): False}
    assert titles(saturday, SATURDAYS, worked)[1] == "сегодня утром, с 08:00 до 12:00"
    assert titles(saturday, SATURDAYS, off)[1].startswith("в понедельник")


def test_works_at() -> None:
    def works(moment: str, rules: Callbacks = USUAL) -> bool:
        return callback_times.works_at(datetime.fromisoformat(moment), rules, {})

    assert works("2026-11-20T08:00") and works("2026-11-20T20:59")
    assert not works("2026-11-20T07:59") and not works("2026-11-20T21:00") and not works("2026-11-21T10:00")
    assert works("2026-11-21T10:00", SATURDAYS) and not works("2026-11-22T10:00", SATURDAYS)
