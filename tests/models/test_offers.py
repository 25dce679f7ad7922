"""What an account pays by, and what other plans would have cost on its own months."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from models import clock
from models.billing import offers, owed, payments, run
from models.billing.offers import Offer
from models.billing.tariffs import Gap, Tariff, Tariffs
from models.metering.history import Past
from models.metering.readings import Reading
from tests import cast, prices


@pytest.fixture
def anna(db: Any) -> cast.Person:
    prices.load()
    return cast.anna()


def offer(person: cast.Person) -> Offer:
    return Offer(Past(person.account, clock.today()), Tariffs.load())


def test_prices_of_the_meters_zones(anna: cast.Person) -> None:
    (found,) = offer(anna).today_by_service()
    assert (found.service, found.plan, found.limits, found.vat) == ("electricity", 2, prices.LIMITS, 22)
    assert [(rate.zone, rate.prices) for rate in found.rates] == [
        ("t1", (46000, 92000, 138_000)),
        ("t2", (28000, 56000, 84000)),
    ]


def test_day_a_price_began(anna: cast.Person) -> None:
    assert [rate.since for rate in offer(anna).today_by_service()[0].rates] == [None, None]  # longer ago than looked
    prices.tariff("electricity", 460, date(2026, 7, 1), plan=2, zone="t1", vat=22)
    prices.tariff("electricity", 300, date(2026, 10, 1), plan=2, zone="t2")
    assert [rate.since for rate in offer(anna).today_by_service()[0].rates] == [None, date(2026, 10, 1)]


def test_tariff_that_is_missing(anna: cast.Person) -> None:
    Tariff.update(until=date(2026, 10, 31)).execute()
    with pytest.raises(Gap):
        offer(anna).today_by_service()


@pytest.mark.feature("M5")
def test_plans_over_the_months_that_were_read(anna: cast.Person) -> None:
    """Eleven months of 120 and 60 kWh: at 4,00; at 4,60 and 2,80; at 6,00, 2,80 and 4,00 with the day parted 7 to 9."""
    found = offer(anna).comparison()
    assert found is not None
    one, two, three = found.options
    assert (one.amount, one.is_exact) == (11 * 180 * 400, True)
    assert (two.amount, two.is_present) == (11 * (120 * 460 + 60 * 280), True)
    assert (three.amount, three.is_exact) == (11 * (52 * 600 + 60 * 280 + 68 * 400), False)
    assert (found.months, found.best.plan) == (12, 2)  # of two that cost the same the present one
    assert (found.saving(one), found.saving(three)) == (0, -35200)
    assert found.night_share == pytest.approx(1 / 3)
    assert found.night_pays == pytest.approx(60 / 180)


def test_estimated_and_recalculated_months_are_left_out(anna: cast.Person) -> None:
    Reading.delete().where(Reading.period.in_(["2026-05", "2026-06"])).execute()
    found = offer(anna).comparison()
    assert found is not None
    assert found.months == 9  # July puts May and June right


def test_too_few_months_say_nothing(anna: cast.Person) -> None:
    vera = cast.vera()
    assert offer(vera).comparison() is None
    assert offer(cast.boris(anna)).comparison() is None


def test_months_of_a_meter_of_another_plan_are_left_out(anna: cast.Person) -> None:
    assert anna.meter is not None
    anna.meter.removed, anna.meter.final_t1, anna.meter.final_t2 = date(2026, 10, 25), 6320, 2660
    anna.meter.save()
    cast.hang(anna.account, "5512", installed="2026-10-25")
    assert offer(anna).comparison() is None


@pytest.mark.feature("M5")
def test_way_to_the_next_band(anna: cast.Person) -> None:
    ahead = offer(anna).ahead()
    assert ahead is not None
    assert (ahead.used, ahead.expected, ahead.band, ahead.left, ahead.will_pass) == (0, 165, 1, 3900, False)
    assert anna.meter is not None
    cast.read(anna.meter, "2026-11-18", 6320 + 4000, 2660 + 100)
    ahead = offer(anna).ahead()
    assert ahead is not None
    assert (ahead.used, ahead.band, ahead.left, ahead.will_pass) == (4100, 2, 1900, False)


def test_cost_of_a_use(anna: cast.Person) -> None:
    tariffs, today = Tariffs.load(), clock.today()
    assert offers.cost(anna.account, anna.meter, (120, 60), tariffs, today) == 120 * 460 + 60 * 280
    assert offers.cost(anna.account, anna.meter, (-1, 60), tariffs, today) is None
    assert offers.cost(anna.account, anna.meter, (120, 60), tariffs, date(2019, 1, 1)) is None


# ---- what is owed now


def test_nothing_billed_nothing_owed(anna: cast.Person) -> None:
    now = owed.now(anna.account.id)
    assert (now.total, now.bill, now.difference, now.unfinished, now.first_period) == (0, None, None, "", "")


def test_last_two_bills_and_the_difference(anna: cast.Person) -> None:
    for period in ("2026-08", "2026-09", "2026-10"):
        run.bill(period)
    now = owed.now(anna.account.id)
    assert now.bill is not None
    assert now.before is not None
    assert (now.bill.period, now.before.period, now.first_period) == ("2026-10", "2026-09", "2026-08")
    assert now.total == now.bill.total
    assert now.difference == now.bill.penalty - now.before.penalty
    assert now.days_left(date(2026, 11, 10)) == 6


def test_order_that_is_still_open(anna: cast.Person) -> None:
    payment = payments.start(anna.account, {"electricity": 500}, customer_id=anna.id, email="", key="1", consented=True)
    assert owed.now(anna.account.id).unfinished == payment.number
