"""Readings from dated papers: to which month they belong, what has become known since, and taking back a mistake."""

from __future__ import annotations

from datetime import date

import pytest
from peewee import Database

from models.base import Refusal
from models.metering import closings, decisions, intake, withdrawals
from models.metering.intake import Received, Unconfirmed
from models.metering.readings import Reading
from tests import cast


@pytest.fixture
def anna(db: Database) -> cast.Person:
    return cast.anna()


def send(who: cast.Person, day: str | None, *values: int, channel: str = "staff", **more: object) -> Received:
    texts = {who.meter.id: tuple(map(str, values))}
    taken = date.fromisoformat(day) if day else None
    return intake.receive(who.account, texts, **{"key": "k", "channel": channel, "taken": taken, **more})


def refusal(*given: object, **more: object) -> Refusal:
    with pytest.raises(Refusal) as caught:
        send(*given, **more)
    return caught.value


def rule(*given: object, **more: object) -> str:
    return refusal(*given, **more).problems[0].rule


def stored(who: cast.Person, period: str = "2026-11") -> list[tuple[str, str, int]]:
    rows = Reading.select().where(Reading.meter == who.meter, Reading.period == period).order_by(Reading.id)
    return [(row.state, row.taken.isoformat(), row.t1) for row in rows]


def test_a_paper_of_this_month_keeps_its_own_day(anna):
    send(anna, "2026-11-12", 6400, 2700)
    assert stored(anna) == [("accepted", "2026-11-12", 6400)]


def test_a_paper_of_a_month_not_billed_belongs_to_it(anna):
    Reading.delete().where(Reading.period == "2026-10").execute()
    send(anna, "2026-10-28", 6340, 2670)
    assert stored(anna, "2026-10") == [("accepted", "2026-10-28", 6340)]
    assert stored(anna) == []


def test_a_paper_of_a_billed_month_belongs_to_the_present_one(anna):
    closings.close("2026-10")
    received = send(anna, "2026-10-28", 6340, 2670)
    assert stored(anna) == [("accepted", "2026-10-28", 6340)]
    assert Reading.get(Reading.receipt == received.receipt_id).trace["moved_from"] == "2026-10"


def test_use_is_judged_by_the_days_up_to_the_paper(anna):
    """180 kWh a month are usual: 520 kWh in twelve days are not, in a month they pass."""
    with pytest.raises(Unconfirmed):
        send(anna, "2026-11-01", 6600, 2900)
    send(anna, "2026-11-19", 6600, 2900)


@pytest.mark.parametrize(
    ("day", "broken"),
    [("2026-11-21", "taken.future"), ("2026-08-21", "taken.too_old"), ("2025-10-20", "taken.too_old")],
)
def test_a_day_to_come_or_long_ago_is_refused(anna, day, broken):
    assert rule(anna, day, 6440, 2720) == broken


def test_ninety_days_ago_is_not_too_old(anna):
    Reading.delete().where(Reading.period >= "2026-08").execute()
    send(anna, "2026-08-22", 6110, 2555)
    assert stored(anna, "2026-08") == [("accepted", "2026-08-22", 6110)]


def test_a_customer_has_no_day_of_their_own(anna):
    assert rule(anna, "2026-11-12", 6400, 2700, channel="web") == "taken.channel"
    send(anna, "2026-11-20", 6400, 2700, channel="web")


def test_a_day_before_the_meter_hung_is_refused(db):
    vera = cast.vera()
    Reading.delete().execute()
    text = refusal(vera, "2026-08-30", 12000)
    assert text.problems[0].rule == "meter.not_yet"
    assert "установлен 1\u00a0сентября" in text.text


def test_a_meter_taken_down_since_gives_what_it_showed_before(anna):
    anna.meter.removed, anna.meter.final_t1, anna.meter.final_t2 = date(2026, 11, 15), 6410, 2705
    anna.meter.save()
    assert rule(anna, "2026-11-16", 6400, 2700) == "meter.removed"
    with pytest.raises(Unconfirmed):
        send(anna, "2026-11-12", 6420, 2700)
    send(anna, "2026-11-12", 6400, 2700)


def test_the_end_of_a_meter_that_is_billed_is_not_reopened(anna):
    anna.meter.removed, anna.meter.final_t1, anna.meter.final_t2 = date(2026, 10, 30), 6410, 2705
    anna.meter.save()
    closings.close("2026-10")
    assert rule(anna, "2026-10-28", 6400, 2700) == "meter.removed"


def test_a_paper_older_than_what_is_counted_this_month_is_not_needed(anna):
    send(anna, None, 6440, 2720, channel="web")
    text = refusal(anna, "2026-11-12", 6400, 2700)
    assert text.problems[0].rule == "reading.later"
    assert "Бланк старше, он не нужен" in text.text and "день\u00a06\u202f440" in text.text


def test_a_paper_older_than_a_billed_reading_is_not_needed_either(anna):
    closings.close("2026-10")
    assert rule(anna, "2026-10-15", 6300, 2650) == "reading.later"


def test_a_paper_newer_than_the_months_reading_replaces_it(anna):
    cast.read(anna.meter, "2026-11-08", 6380, 2690)
    send(anna, "2026-11-12", 6400, 2700)
    assert stored(anna) == [("replaced", "2026-11-08", 6380), ("accepted", "2026-11-12", 6400)]


def test_a_value_above_a_later_months_is_held(anna):
    Reading.delete().where(Reading.period == "2026-10").execute()
    cast.read(anna.meter, "2026-11-08", 6380, 2690)
    with pytest.raises(Unconfirmed) as caught:
        send(anna, "2026-10-28", 6390, 2680)
    verdict = caught.value.verdicts[anna.meter.id]
    assert (verdict.outcome, verdict.rule) == ("held", "reading.above_later")
    assert "8\u00a0ноября" in verdict.reason
    send(anna, "2026-10-28", 6390, 2680, confirmed=True)
    assert stored(anna, "2026-10") == [("held", "2026-10-28", 6390)]
    send(anna, "2026-10-28", 6360, 2680, key="right")
    assert stored(anna, "2026-10")[-1] == ("accepted", "2026-10-28", 6360)


def test_a_later_month_through_zero_contradicts_nothing(db):
    home = cast.account(9)
    meter = cast.hang(home, "1", digits=4, initial=(9700,), installed="2026-08-01")
    cast.read(meter, "2026-09-20", 9800)
    cast.read(meter, "2026-11-10", 40)
    intake.receive(home, {meter.id: ("9930",)}, channel="staff", key="k", taken=date(2026, 10, 20), confirmed=True)
    assert Reading.get(Reading.period == "2026-10").state == "accepted"


def test_what_is_held_of_a_later_day_stays(anna):
    cast.read(anna.meter, "2026-11-15", 9000, 2720, state="held")
    send(anna, "2026-11-12", 6400, 2700)
    assert stored(anna) == [("held", "2026-11-15", 9000), ("accepted", "2026-11-12", 6400)]


def test_the_same_paper_again_is_a_repeat_another_day_is_not(anna):
    first = send(anna, "2026-11-12", 6400, 2700)
    assert send(anna, "2026-11-12", 6400, 2700) == Received(first.receipt_id, False, False)
    assert send(anna, "2026-11-13", 6400, 2700, key="k2").receipt_id == first.receipt_id
    assert len(stored(anna)) == 1


def test_a_month_billed_meanwhile_takes_the_paper_into_the_next(anna):
    Reading.delete().where(Reading.period == "2026-10").execute()
    closings.close("2026-10")
    closings.close("2026-11")
    assert rule(anna, "2026-10-28", 6340, 2670) == "period.billed"


def test_look_knows_the_day_too(anna):
    typed = {anna.meter.id: ("6600", "2900")}
    verdicts = intake.look(anna.account, typed, channel="staff", taken=date(2026, 11, 1))
    assert verdicts[anna.meter.id].outcome != "accepted"
    assert stored(anna) == []


def test_a_paper_before_the_account_began_is_refused(anna):
    anna.account.opened = date(2026, 11, 10)
    assert rule(anna, "2026-11-08", 6400, 2700) == "account.not_yet"


# ---- taking back


def test_what_was_taken_back_counts_no_more_and_says_why(anna):
    received = send(anna, "2026-11-12", 6400, 2700)
    withdrawals.withdraw(anna.account, received.receipt_id, "Внесено по ошибке.")
    assert stored(anna) == [("rejected", "2026-11-12", 6400)]
    assert Reading.get(Reading.receipt == received.receipt_id).reason == "Внесено по ошибке."
    withdrawals.withdraw(anna.account, received.receipt_id, "Ещё раз.")
    assert Reading.get(Reading.receipt == received.receipt_id).reason == "Внесено по ошибке."


def test_the_customers_own_reading_counts_again(anna):
    send(anna, None, 6440, 2720, channel="web")
    received = send(anna, None, 6500, 2740)
    assert stored(anna)[0] == ("replaced", "2026-11-20", 6440)
    withdrawals.withdraw(anna.account, received.receipt_id, "Внесено по ошибке.")
    assert [state for state, _, _ in stored(anna)] == ["accepted", "rejected"]


def test_the_customers_own_reading_stays_replaced_when_another_one_came(anna):
    send(anna, None, 6440, 2720, channel="web")
    received = send(anna, None, 6500, 2740)
    send(anna, None, 6510, 2750, key="next")
    withdrawals.withdraw(anna.account, received.receipt_id, "Внесено по ошибке.")
    assert [state for state, _, _ in stored(anna)] == ["replaced", "replaced", "accepted"]


def test_a_held_one_waits_again(anna):
    cast.read(anna.meter, "2026-11-10", 9000, 2720, state="held", reason="Много.")
    received = send(anna, "2026-11-12", 6400, 2700)
    withdrawals.withdraw(anna.account, received.receipt_id, "Внесено по ошибке.")
    assert [state for state, _, _ in stored(anna)] == ["held", "rejected"]


def test_what_is_billed_is_not_taken_back(anna):
    received = send(anna, "2026-11-12", 6400, 2700)
    closings.close("2026-11")
    with pytest.raises(Refusal, match="учтено в счёте"):
        withdrawals.withdraw(anna.account, received.receipt_id, "Внесено по ошибке.")
    assert stored(anna)[0][0] == "billed"


def test_what_an_employee_has_decided_on_is_not_taken_back(anna):
    received = send(anna, "2026-11-12", 9400, 2700, confirmed=True)
    reading = Reading.get(Reading.receipt == received.receipt_id)
    decisions.accept(reading.id, cast.employee("operator").id)
    with pytest.raises(Refusal, match="разобрал сотрудник"):
        withdrawals.withdraw(anna.account, received.receipt_id, "Внесено по ошибке.")
    assert stored(anna)[0][0] == "accepted"
