"""The term of an appeal across weekends, holidays and days moved: tables worked out by hand, and what holds for any days."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import workdays
from models.company_reception import CALENDAR, WORKING, Topic
from models.contact.appeals import terms
from tests.cases import table

COMPANIES = Path(__file__).resolve().parents[2] / "companies"
DAYS = st.dates(date(2024, 1, 1), date(2030, 12, 31))
CALENDARS = st.dictionaries(DAYS, st.booleans(), max_size=40)


def calendar(code: str) -> dict[date, bool]:
    with open(COMPANIES / code / "days_off.csv", encoding="utf-8") as file:
        return {date.fromisoformat(row["day"]): row["working"] == "yes" for row in csv.DictReader(file, delimiter=";")}


def topic(term: str) -> Topic:
    count, days = term.split()
    return Topic("other", "Другое", int(count), CALENDAR if days.startswith("календарн") else WORKING, "", "")


@pytest.mark.parametrize("code", ["krasnoyarsk", "kaluga", "irkutsk", "koryak"])
@pytest.mark.parametrize("case", table.rows("terms.md", "Последний день"))
def test_last_day_to_answer(case: dict[str, str], code: str) -> None:
    found = terms.due(table.day(case["Зарегистрировано"]), topic(case["Срок"]), calendar(code))
    assert found == table.day(case["Последний день"])


@pytest.mark.parametrize("case", table.rows("terms.md", "Продление"))
def test_last_day_after_an_extension(case: dict[str, str]) -> None:
    found = terms.extended(table.day(case["Было до"]), int(case["Продлено на"]), calendar("krasnoyarsk"))
    assert found == table.day(case["Стало до"])


@pytest.mark.parametrize("case", table.rows("terms.md", "Осталось рабочих дней"))
def test_working_days_left(case: dict[str, str]) -> None:
    found = terms.left(table.day(case["Сегодня"]), table.day(case["Последний день"]), calendar("krasnoyarsk"))
    assert found == int(table.number(case["Осталось"]))


@given(DAYS, st.integers(1, 60), st.sampled_from([CALENDAR, WORKING]), CALENDARS)
def test_a_term_ends_on_a_working_day_after_its_first(
    day: date, term: int, kind: str, special: dict[date, bool]
) -> None:
    due = terms.due(day, Topic("other", "", term, kind, "", ""), special)
    assert due > day and workdays.is_working(due, special)
    assert due >= day + timedelta(days=term)


@given(DAYS, st.integers(1, 60), CALENDARS)
def test_a_term_in_working_days_has_just_so_many_left_at_its_beginning(
    day: date, term: int, special: dict[date, bool]
) -> None:
    due = terms.due(day, Topic("other", "", term, WORKING, "", ""), special)
    assert terms.left(day, due, special) == term


@given(DAYS, st.integers(1, 60), st.sampled_from([CALENDAR, WORKING]), CALENDARS)
def test_who_registers_later_is_not_answered_earlier(
    day: date, term: int, kind: str, special: dict[date, bool]
) -> None:
    rules = Topic("other", "", term, kind, "", "")
    assert terms.due(day, rules, special) <= terms.due(day + timedelta(days=1), rules, special)


@given(DAYS, st.integers(-90, 90), CALENDARS)
def test_what_is_left_never_grows_from_day_to_day_and_its_sign_tells_overdue(
    due: date, away: int, special: dict[date, bool]
) -> None:
    today = due + timedelta(days=away)
    left = terms.left(today, due, special)
    assert (left < 0) == (today > due)
    assert terms.left(today + timedelta(days=1), due, special) <= left
