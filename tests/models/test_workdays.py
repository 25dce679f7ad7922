"""The production calendar, and the last day to pay: a term that ends on a day off ends on the next working day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from peewee import Database

from models import workdays
from models.billing import bills
from models.company import Company
from models.workdays import SpecialDay
from tests.cases import table

DAYS = st.dates(date(2025, 1, 1), date(2030, 12, 31))


@pytest.mark.parametrize("case", table.rows("due.md"))
def test_last_day_to_pay(case: dict[str, str], company: Company) -> None:
    calendar = {table.day(one): one.endswith("рабочий") for one in table.items(case["Календарь"])}
    assert bills.due_on(case["Месяц"], calendar) == table.day(case["Последний день"])


@given(DAYS, st.dictionaries(DAYS, st.booleans(), max_size=30))
def test_term_ends_on_the_first_working_day_not_before_it(day: date, special: dict[date, bool]) -> None:
    found = workdays.not_before(day, special)
    assert found >= day and workdays.is_working(found, special)
    between = (day + timedelta(days=i) for i in range((found - day).days))
    assert not any(workdays.is_working(one, special) for one in between)


def test_calendar_is_read_from_its_table(db: Database) -> None:
    SpecialDay.create(day=date(2026, 11, 4), is_working=False)
    SpecialDay.create(day=date(2026, 11, 7), is_working=True)
    known: Any = workdays.special()
    assert known == {date(2026, 11, 4): False, date(2026, 11, 7): True}
    assert workdays.not_before(date(2026, 11, 4), known) == date(2026, 11, 5)
    assert workdays.not_before(date(2026, 11, 7), known) == date(2026, 11, 7)
