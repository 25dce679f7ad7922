"""Penalties of ЖК 155 ч. 14: cases worked out by hand, and what holds for any debts and payments."""

from __future__ import annotations

import json
from datetime import date, timedelta
from fractions import Fraction
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import periods
from models.billing import penalties
from models.billing.penalties import Debt, Rule
from tests.cases import table

LAW = [Rule("", date(2022, 2, 28), 950, 30, 90, 300, 130)]
DUE = date(2026, 4, 15)
CHARGED = date(2026, 3, 31)


def rules(text: str) -> list[Rule]:
    """«9,5; с 01.01.2027 16»"""
    first, *later = table.items(text)
    found = [LAW[0]._replace(rate=table.scaled(first, 100))]
    for one in later:
        found.append(LAW[0]._replace(since=table.day(one), rate=table.scaled(one.split()[-1], 100)))
    return found


def follow(debt: Debt, deeds: list[tuple[date, int, Any]]) -> None:
    """Tell the debt its charges (with a due date) and payments in the order of their days, charges first."""
    for day, amount, about in sorted(deeds, key=lambda deed: (deed[0], not isinstance(deed[2], date))):
        if isinstance(about, date):
            debt.charge(day, f"{day:%Y-%m}", about, amount)
        else:
            debt.pay(day, amount, about)


@pytest.mark.parametrize("case", table.rows("penalties.md"))
def test_case_worked_by_hand(case: dict[str, str]) -> None:
    deeds: list[tuple[date, int, Any]] = []
    for one in table.items(case["Долги"]):
        due = table.day(one)
        before = periods.last_day(periods.shift(f"{due:%Y-%m}", -1))
        deeds.append((before, table.kopecks(one.split(" до ")[0]), due))
    for one in table.items(case["Оплаты"]):
        paid, _, period = one.partition(" за ")
        deeds.append((table.day(paid), table.kopecks(paid.split()[1]), period or None))
    debt = Debt(rules(case["Ставки"]))
    follow(debt, deeds)
    debt.until(table.day(case["По день"]))
    assert debt.uncharged == table.kopecks(case["Пени"])


def owing(day: date, amount: int = 100_000) -> int:
    """The penalty by a day on one debt due on 15 April 2026."""
    debt = Debt(LAW)
    debt.charge(CHARGED, "2026-03", DUE, amount)
    debt.until(day)
    return debt.uncharged


@given(st.integers(1, 10_000_000), st.integers(0, 30))
def test_nothing_within_the_days_of_grace(amount: int, days: int) -> None:
    assert owing(DUE + timedelta(days=days), amount) == 0


@given(st.integers(1, 10_000_000), st.integers(0, 900), st.integers(0, 100))
def test_more_days_never_cost_less(amount: int, days: int, more: int) -> None:
    before, after = (owing(DUE + timedelta(days=count), amount) for count in (days, days + more))
    assert 0 <= before <= after


MONTHS = periods.span("2025-10", "2026-09")
CHARGES = st.lists(st.integers(1, 500_000), min_size=1, max_size=12)
PAYMENTS = st.lists(
    st.tuples(
        st.dates(date(2025, 10, 1), date(2026, 12, 31)), st.integers(1, 400_000), st.none() | st.sampled_from(MONTHS)
    ),
    max_size=8,
)
END = date(2027, 1, 31)


def charged(amounts: list[int]) -> list[tuple[date, int, Any]]:
    months = zip(MONTHS, amounts, strict=False)
    return [(periods.last_day(month), amount, periods.last_day(month) + timedelta(days=15)) for month, amount in months]


@given(CHARGES, PAYMENTS)
def test_balance_is_what_was_charged_less_what_was_paid(amounts: list[int], paid: list[Any]) -> None:
    debt = Debt(LAW)
    follow(debt, [*charged(amounts), *paid])
    debt.until(END)
    assert debt.balance == sum(amounts) - sum(amount for _, amount, _ in paid)
    assert debt.uncharged >= 0 and all(piece.debt > 0 and piece.days > 0 for piece in debt.pieces)
    assert not (debt.items and debt.advance), "an advance settles what is owed"


@given(CHARGES, PAYMENTS)
def test_month_by_month_through_json_is_one_go(amounts: list[int], paid: list[Any]) -> None:
    deeds = [*charged(amounts), *paid]
    whole = Debt(LAW)
    follow(whole, deeds)
    whole.until(END)
    step, done = Debt(LAW), date.min
    for month in periods.span("2025-10", "2027-01"):
        last = periods.last_day(month)
        step = Debt(LAW, json.loads(json.dumps(step.state())))
        follow(step, [deed for deed in deeds if done < deed[0] <= last])
        step.until(last)
        done = last
    assert (step.accrued, step.balance, step.state()["items"]) == (whole.accrued, whole.balance, whole.state()["items"])


@given(CHARGES, st.lists(st.tuples(st.integers(1, 300_000), st.none() | st.sampled_from(MONTHS)), max_size=4))
def test_order_of_payments_of_one_day_does_not_matter(amounts: list[int], paid: list[tuple[int, Any]]) -> None:
    seen = set()
    for order in permutations(paid):
        debt = Debt(LAW)
        follow(debt, charged(amounts))
        for amount, period in order:
            debt.pay(date(2026, 11, 5), amount, period)
        debt.until(END)
        seen.add((debt.accrued, debt.balance))
    assert len(seen) == 1


@given(st.integers(1, 500_000), st.integers(1, 500_000), st.integers(1, 300))
def test_no_penalty_on_a_penalty(amount: int, fine: int, days: int) -> None:
    with_fine, without = Debt(LAW), Debt(LAW)
    for debt in (with_fine, without):
        debt.charge(CHARGED, "2026-03", DUE, amount)
    with_fine.penalize(date(2026, 4, 30), fine)
    for debt in (with_fine, without):
        debt.until(DUE + timedelta(days=days))
    assert with_fine.accrued == without.accrued
    assert with_fine.balance == amount + fine


def test_payment_settles_the_debt_before_the_penalty() -> None:
    debt = Debt(LAW)
    debt.charge(CHARGED, "2026-03", DUE, 1000)
    debt.penalize(date(2026, 6, 30), 70)
    debt.pay(date(2026, 7, 1), 1020)
    assert (debt.principal, debt.pot, debt.balance) == (0, 50, 50)
    debt.pay(date(2026, 7, 2), 60)
    assert (debt.pot, debt.advance, debt.balance) == (0, 10, -10)


@given(st.integers(1, 500_000), st.integers(0, 500_000), st.integers(1, 500_000))
def test_penalty_taken_back_is_the_customers_money(owed: int, paid: int, fine: int) -> None:
    """What was paid for a penalty that turns out wrong settles the debt or is paid ahead; nothing is lost."""
    debt = Debt(LAW)
    debt.charge(CHARGED, "2026-03", DUE, owed)
    debt.penalize(date(2026, 6, 30), fine)
    debt.pay(date(2026, 7, 1), paid)
    debt.penalize(date(2026, 7, 31), -fine)
    assert (debt.balance, debt.charged, debt.pot) == (owed - paid, 0, 0)


def test_own_rule_of_a_service_goes_before_the_general_one() -> None:
    own = Rule("heat", date(2025, 1, 1), 100, 0, 90, 300, 130)
    later = LAW[0]._replace(since=date(2027, 1, 1), rate=1600)
    everything = [later, own, *LAW]
    assert penalties.of_service(everything, "heat") == [LAW[0], own]  # until its first day the general one holds
    assert penalties.of_service(everything, "electricity") == [LAW[0], later]


def test_no_rule_no_penalty() -> None:
    debt = Debt([])
    debt.charge(CHARGED, "2026-03", DUE, 100_000)
    debt.until(date(2028, 1, 1))
    assert (debt.uncharged, debt.balance) == (0, 100_000)


@given(CHARGES, PAYMENTS)
def test_pieces_tell_the_whole_penalty(amounts: list[int], paid: list[Any]) -> None:
    debt = Debt(LAW)
    follow(debt, [*charged(amounts), *paid])
    debt.until(END)
    assert sum((piece.exact for piece in debt.pieces), Fraction(0)) == debt.accrued
