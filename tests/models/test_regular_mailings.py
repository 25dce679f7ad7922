"""What the portal sends by itself: before the window closes, about debts, before a meter's verification ends."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from models.mailings import (
    addressing,
    control,
    mailings,
    months,
    regular,
    texts,
)
from models.mailings.mailings import PAUSED
from models.metering.accounts import Account
from models.outbox import Message
from models.people import wishes
from tests import cast
from tests.mailing import now, owes, people, signs, states, written

pytestmark = pytest.mark.feature("B5")


# ---- regular ones


def test_a_reminder_goes_out_three_days_before_the_window_closes_once(db, at):
    anna, vera = cast.anna(), cast.vera()
    wishes.wish(vera.id, "reminders", False, "web")
    at("2026-11-25T10:00")
    assert regular.make() == []
    at("2026-11-26T08:59")
    assert regular.make() == []
    at("2026-11-26T09:07")
    (made,) = regular.make()
    assert (made.key, made.is_regular) == ("window:2026-11", True)
    assert regular.make() == []
    at("2026-11-27T09:07")
    assert regular.make() == []
    assert mailings.begin(made.id)
    assert [one.to for one in written(made)] == ["anna@example.ru"]
    assert now(made).left_out == {addressing.UNWANTED: 1}
    assert anna.account.number == Message.get().account


def test_a_day_without_the_portal_is_made_up_for(db, at):
    at("2026-11-28T12:07")
    assert [made.key for made in regular.make()] == ["window:2026-11"]
    at("2026-11-30T12:07")
    assert regular.make() == []


@pytest.mark.feature("S33")
def test_debtors_are_written_to_on_the_companys_day(db, at):
    (customer,) = people(1)
    account = Account.of(customer.id).get()
    owes(account, 80_000)
    signs(customer, account, way="email", email=customer.email)
    at("2026-11-19T10:07")
    assert regular.make() == []
    at("2026-11-20T10:07")
    (made,) = regular.make()
    assert made.key == "debt:2026-11"
    mailings.begin(made.id)
    assert [one.data["day"] for one in written(made)] == ["2026-11-20"]
    at("2026-12-20T10:07")
    assert "debt:2026-12" in [made.key for made in regular.make()]


@pytest.mark.feature("S33")
def test_a_meters_owner_is_written_to_once_a_mark(db, at):
    (customer,) = people(1)
    account = Account.of(customer.id).get()
    cast.hang(account, "A", verification_due=date(2027, 5, 31))
    signs(customer, account, way="email", email=customer.email)
    day = date(2026, 11, 1)
    found = []
    while day <= date(2027, 6, 2):
        at(f"{day}T10:07")
        for made in regular.make():
            if made.letter == texts.VERIFICATION:
                mailings.begin(made.id)
                found += [(day.isoformat(), one.data["months"]) for one in written(made)]
        day += timedelta(days=2)
    assert found == [("2026-12-01", 6), ("2027-03-01", 3), ("2027-04-30", 1)]


def test_a_regular_mailing_is_paused_and_stopped_like_any_other(db, at):
    cast.anna()
    at("2026-11-26T10:07")
    (made,) = regular.make()
    mailings.begin(made.id)
    written(made)
    control.pause(made.id)
    assert now(made).state == PAUSED and states() == {"paused": 1}
    control.stop(made.id)
    assert states() == {"cancelled": 1}
    assert regular.make() == []


def test_days_some_months_away_are_the_same_of_the_month_or_its_last():
    assert months.later(date(2027, 8, 31), -6) == date(2027, 2, 28)
    assert months.later(date(2026, 11, 20), 3) == date(2027, 2, 20)
