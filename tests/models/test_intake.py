"""Receiving readings: one verb for every channel, whatever is sent twice, corrected, raced or refused."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

import pytest
from peewee import Database

from models import audit
from models.audit import AuditRow
from models.base import Refusal, database
from models.company import Company
from models.metering import checks, closings, intake, standings
from models.metering.checks import Dial
from models.metering.intake import Received, Unconfirmed
from models.metering.meters import Meter
from models.metering.readings import Reading, Receipt
from tests import cast
from tests.crowd import at_once

ON = "2026-11"
CROWD = 8


@pytest.fixture
def anna(db: Database) -> cast.Person:
    return cast.anna()


def send(who: cast.Person, *values: object, key: str = "k", channel: str = "web", confirmed: bool = False) -> Received:
    """Pass the values of this person's own meter."""
    return send_all(who, {who.meter.id: values}, key=key, channel=channel, confirmed=confirmed)


def send_all(who: cast.Person, typed: dict[int, tuple[object, ...]], **more: Any) -> Received:
    texts = {meter_id: tuple(map(str, values)) for meter_id, values in typed.items()}
    return intake.receive(who.account, texts, **{"key": "k", "channel": "web", "customer_id": who.id, **more})


def refusal(who: cast.Person, *values: object, **more: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        send(who, *values, **more)
    return caught.value


def of(meter: Any, *states: str) -> list[tuple[str, int, int]]:
    """The period's readings of a meter in the order they came."""
    rows = Reading.select().where(Reading.meter == meter, Reading.period == ON).order_by(Reading.id)
    return [(row.state, row.t1, row.t2) for row in rows if not states or row.state in states]


# ---- what is stored


@pytest.mark.feature("S23")
@pytest.mark.feature("S24")
def test_usual_reading_is_accepted(anna: cast.Person) -> None:
    received = send(anna, *cast.USUAL)
    assert (received.is_new, received.cut) == (True, False)
    row = Reading.get(Reading.receipt == received.receipt_id)
    assert (row.state, row.period, row.taken, row.channel) == ("accepted", ON, date(2026, 11, 20), "web")
    assert (row.t1, row.t2, row.t3, row.reason) == (6440, 2720, None, "")


def test_one_receipt_for_one_act(anna: cast.Person) -> None:
    received = send(anna, *cast.USUAL)
    receipt = Receipt.get()
    assert (receipt.id, receipt.account_id, receipt.customer_id) == (received.receipt_id, anna.account.id, anna.id)
    assert (receipt.channel, receipt.received_at) == ("web", datetime(2026, 11, 20, 3))


def test_audit_row_for_each_change(anna: cast.Person) -> None:
    with audit.acting(f"customer:{anna.id}", "192.0.2.7"):
        received = send(anna, *cast.USUAL)
    row = AuditRow.get(AuditRow.deed == "readings.received")
    assert (row.who, row.ip, row.subject) == (f"customer:{anna.id}", "192.0.2.7", f"account:{anna.account.number}")
    assert row.detail == {"receipt": received.receipt_id, "channel": "web"}


@pytest.mark.feature("S21")
def test_fraction_is_cut_and_told(anna: cast.Person) -> None:
    assert send(anna, "6440,9", "2720").cut
    assert of(anna.meter) == [("accepted", 6440, 2720)]


def test_reading_of_the_night_belongs_to_the_local_month(anna: cast.Person, at: Callable[[str], datetime]) -> None:
    at("2026-11-29T23:59")
    send(anna, *cast.USUAL)
    assert Reading.get(Reading.channel == "web", Reading.receipt.is_null(False)).period == "2026-11"


def test_month_begins_at_local_midnight(anna: cast.Person, at: Callable[[str], datetime]) -> None:
    assert at("2026-12-06T00:05").day == 5
    send(anna, *cast.USUAL)
    row = Reading.get(Reading.receipt.is_null(False))
    assert (row.period, row.taken) == ("2026-12", date(2026, 12, 6))


# ---- the same again


def test_same_form_twice_is_one_reading(anna: cast.Person) -> None:
    first = send(anna, *cast.USUAL)
    assert send(anna, *cast.USUAL) == Received(first.receipt_id, False, False)
    assert len(of(anna.meter)) == 1


def test_same_form_with_corrected_values_is_new(anna: cast.Person) -> None:
    first, second = send(anna, *cast.USUAL), send(anna, 6441, 2720)
    assert second.is_new and second.receipt_id != first.receipt_id
    assert of(anna.meter) == [("replaced", 6440, 2720), ("accepted", 6441, 2720)]


@pytest.mark.parametrize("channel", ["web", "sms", "citypay"])
def test_same_values_again_are_the_first_receipt(anna: cast.Person, channel: str) -> None:
    first = send(anna, *cast.USUAL)
    assert send(anna, *cast.USUAL, key="another", channel=channel) == Received(first.receipt_id, False, False)
    assert (len(of(anna.meter)), Receipt.select().count()) == (1, 1)


def test_same_values_written_otherwise_are_the_same(anna: cast.Person) -> None:
    first = send(anna, 6440, 2720)
    assert send(anna, "06 440", "2720,4") == Received(first.receipt_id, False, True)


def test_back_to_the_first_values_with_the_same_form(anna: cast.Person) -> None:
    """Passed, corrected, corrected back by way of Back: what was typed last stands."""
    send(anna, *cast.USUAL)
    send(anna, 6441, 2720)
    send(anna, *cast.USUAL)
    assert of(anna.meter, "accepted") == [("accepted", 6440, 2720)]


FORMS = ("web", "kiosk", "staff", "inspector")
MACHINES = ("email", "sms", "bot", "citypay")


@pytest.mark.parametrize("channel", FORMS)
def test_same_form_with_other_values_is_a_correction(anna: cast.Person, channel: str) -> None:
    send(anna, *cast.USUAL, channel=channel)
    assert send(anna, 6441, 2720, channel=channel).is_new
    assert of(anna.meter, "accepted") == [("accepted", 6441, 2720)]


@pytest.mark.parametrize("values", [cast.USUAL, (6441, 2720), (8500, 2720), ("x", ""), ()])
@pytest.mark.parametrize("channel", MACHINES)
def test_machines_repeat_gets_the_first_answer_whatever_it_brings(
    anna: cast.Person, channel: str, values: tuple[object, ...]
) -> None:
    """A transaction's number or a Message-ID names one act for ever."""
    first = send(anna, *cast.USUAL, channel=channel)
    assert send(anna, *values, channel=channel) == Received(first.receipt_id, False, False)
    assert of(anna.meter) == [("accepted", 6440, 2720)]


def test_machines_repeat_gets_the_first_answer_after_a_correction(anna: cast.Person) -> None:
    first = send(anna, *cast.USUAL, channel="sms")
    send(anna, 6441, 2720, key="form")
    assert send(anna, *cast.USUAL, channel="sms") == Received(first.receipt_id, False, False)
    assert of(anna.meter, "accepted") == [("accepted", 6441, 2720)]


def test_machines_repeat_gets_the_first_answer_once_the_period_is_billed(anna: cast.Person) -> None:
    first = send(anna, *cast.USUAL, channel="citypay")
    closings.close(ON)
    assert send(anna, 6441, 2720, channel="citypay").receipt_id == first.receipt_id


def test_machines_next_key_is_a_correction(anna: cast.Person) -> None:
    send(anna, *cast.USUAL, channel="sms", key="1")
    assert send(anna, 6441, 2720, channel="sms", key="2").is_new


def test_same_key_of_another_machine_is_another_act(anna: cast.Person) -> None:
    send(anna, *cast.USUAL, channel="sms")
    assert send(anna, 6441, 2720, channel="email").is_new


def test_machines_key_of_one_account_is_free_for_another(anna: cast.Person) -> None:
    vera = cast.vera()
    assert send(anna, *cast.USUAL, channel="sms").is_new
    assert send(vera, 12100, channel="sms").is_new


def test_machine_that_was_asked_may_try_again_with_the_same_key(anna: cast.Person) -> None:
    with pytest.raises(Unconfirmed):
        send(anna, 7500, 2720, channel="sms")
    assert send(anna, *cast.USUAL, channel="sms").is_new


def test_held_values_again_are_the_first_receipt(anna: cast.Person) -> None:
    first = send(anna, 6319, 2720, confirmed=True)
    assert send(anna, 6319, 2720, key="again", confirmed=True) == Received(first.receipt_id, False, False)


def test_held_values_again_beside_accepted_ones(anna: cast.Person) -> None:
    send(anna, *cast.USUAL)
    held = send(anna, 6319, 2720, key="held", confirmed=True)
    assert send(anna, 6319, 2720, key="held again", confirmed=True) == Received(held.receipt_id, False, False)


def test_value_that_an_import_brought_already(anna: cast.Person) -> None:
    cast.read(anna.meter, "2026-11-18", *cast.USUAL, channel="staff")
    assert refusal(anna, *cast.USUAL).problems[0].rule == "reading.same"


def test_key_of_one_account_is_free_for_another(anna: cast.Person) -> None:
    vera = cast.vera()
    assert send(anna, *cast.USUAL).is_new
    assert send(vera, 12100).is_new


# ---- correction and rank


def test_correction_replaces_and_history_keeps_both(anna: cast.Person) -> None:
    send(anna, 6440, 2720, key="1")
    send(anna, 6450, 2730, key="2")
    send(anna, 6460, 2740, key="3")
    assert of(anna.meter) == [("replaced", 6440, 2720), ("replaced", 6450, 2730), ("accepted", 6460, 2740)]


def test_correction_is_judged_by_the_month_before(anna: cast.Person) -> None:
    send(anna, 6600, 2800, key="1")
    assert send(anna, *cast.USUAL, key="2").is_new


def test_no_correction_once_the_period_is_billed(anna: cast.Person) -> None:
    send(anna, *cast.USUAL)
    assert closings.close(ON) == 1
    refused = refusal(anna, 6450, 2730, key="2")
    assert refused.problems[0].rule == "period.billed" and "ноябрь\u00a02026" in refused.text
    assert of(anna.meter) == [("billed", 6440, 2720)]


def one_after_another(first: Callable[[], Any], second: Callable[[], Any]) -> list[Any]:
    """Two connections: the second sets out while the first has done its deed but not committed it yet."""
    done = threading.Event()

    def run(i: int) -> Any:
        if i:
            assert done.wait(10)
            return second()
        with database.atomic():
            deed = first()
            done.set()
            time.sleep(0.3)
        return deed

    return at_once(2, run)


def test_period_closed_while_the_reading_is_on_its_way(anna: cast.Person) -> None:
    """The bills are made between the look at the window and the lock: nothing is accepted behind their back."""
    _, passed = one_after_another(lambda: closings.close(ON), lambda: send(anna, *cast.USUAL))
    assert isinstance(passed, Refusal) and passed.problems[0].rule == "period.billed"
    assert of(anna.meter) == []


def test_closing_waits_for_the_reading_on_its_way_and_bills_it(anna: cast.Person) -> None:
    _, billed = one_after_another(lambda: send(anna, *cast.USUAL), lambda: closings.close(ON))
    assert billed == 1
    assert of(anna.meter) == [("billed", 6440, 2720)]


def test_closing_twice_bills_once(anna: cast.Person) -> None:
    send(anna, *cast.USUAL)
    assert (closings.close(ON), closings.close(ON)) == (1, 0)
    assert closings.is_closed(ON) and not closings.is_closed("2026-12")


def test_closing_leaves_the_held_to_staff(anna: cast.Person) -> None:
    send(anna, 6319, 2720, confirmed=True)
    assert closings.close(ON) == 0
    assert of(anna.meter) == [("held", 6319, 2720)]


RANKS = ("citypay", "web", "staff", "inspector")


@pytest.mark.parametrize("later", RANKS)
@pytest.mark.parametrize("first", RANKS)
def test_rank_of_sources(anna: cast.Person, first: str, later: str) -> None:
    send(anna, *cast.USUAL, channel=first)
    if RANKS.index(later) >= RANKS.index(first):
        assert send(anna, 6450, 2730, key="2", channel=later).is_new
        assert of(anna.meter, "accepted") == [("accepted", 6450, 2730)]
    else:
        refused = refusal(anna, 6450, 2730, key="2", channel=later).problems[0]
        assert (refused.field, refused.rule) == (f"meter-{anna.meter.id}-t1", "reading.rank")
        assert "20\u00a0ноября" in refused.text
        assert of(anna.meter) == [("accepted", 6440, 2720)]


@pytest.mark.parametrize("later", RANKS)
@pytest.mark.parametrize("first", RANKS)
def test_rank_of_sources_against_what_waits_for_staff(anna: cast.Person, first: str, later: str) -> None:
    """What an inspector read stands against a terminal even while staff look at it."""
    send(anna, 6319, 2720, channel=first, confirmed=True)
    if RANKS.index(later) >= RANKS.index(first):
        send(anna, *cast.USUAL, key="2", channel=later)
        assert of(anna.meter) == [("replaced", 6319, 2720), ("accepted", 6440, 2720)]
    else:
        assert refusal(anna, *cast.USUAL, key="2", channel=later).problems[0].rule == "reading.rank"
        assert of(anna.meter) == [("held", 6319, 2720)]


@pytest.mark.parametrize(("source", "deed"), [("inspector", "снял контролёр"), ("staff", "принял сотрудник")])
def test_refusal_says_whose_reading_stands(anna: cast.Person, source: str, deed: str) -> None:
    send(anna, 6319, 2720, channel=source, confirmed=True)
    assert f"уже {deed} 20\u00a0ноября" in refusal(anna, *cast.USUAL, key="2").text


def test_held_of_a_higher_source_beside_an_accepted_of_ones_own(anna: cast.Person) -> None:
    send(anna, *cast.USUAL, key="1")
    send(anna, 6319, 2720, key="2", channel="inspector", confirmed=True)
    assert refusal(anna, 6441, 2720, key="3").problems[0].rule == "reading.rank"
    assert refusal(anna, *cast.USUAL, key="4").problems[0].rule == "reading.rank"
    assert of(anna.meter) == [("accepted", 6440, 2720), ("held", 6319, 2720)]


def test_same_value_from_a_higher_source_is_stored(anna: cast.Person) -> None:
    """The inspector saw it too: from now on it is the inspector's word."""
    first = send(anna, *cast.USUAL)
    second = send(anna, *cast.USUAL, key="2", channel="inspector")
    assert second.is_new and second.receipt_id != first.receipt_id
    assert of(anna.meter) == [("replaced", 6440, 2720), ("accepted", 6440, 2720)]
    assert refusal(anna, 6441, 2720, key="3").problems[0].rule == "reading.rank"


def test_same_value_from_a_lower_source_is_the_first_receipt(anna: cast.Person) -> None:
    first = send(anna, *cast.USUAL, channel="inspector")
    assert send(anna, *cast.USUAL, key="2", channel="citypay") == Received(first.receipt_id, False, False)
    assert of(anna.meter) == [("accepted", 6440, 2720)]


def test_rejected_reading_stands_in_nobodys_way(anna: cast.Person) -> None:
    cast.read(anna.meter, "2026-11-10", 99, 99, state="rejected", channel="staff", reason="Ошибка")
    assert send(anna, *cast.USUAL).is_new


# ---- questions, and what is held


def test_unusual_reading_is_asked_about_and_nothing_is_stored(anna: cast.Person) -> None:
    before = (Reading.select().count(), AuditRow.select().count())
    with pytest.raises(Unconfirmed) as asked:
        send(anna, 7_500, 2_720)
    verdict = asked.value.verdicts[anna.meter.id]
    assert (verdict.outcome, verdict.rule, verdict.volume) == ("confirm", "usage.above_usual", 1240)
    assert (Reading.select().count(), AuditRow.select().count(), Receipt.select().count()) == (*before, 0)


def test_confirmed_it_is_accepted(anna: cast.Person) -> None:
    with pytest.raises(Unconfirmed):
        send(anna, 7_500, 2_720)
    assert send(anna, 7_500, 2_720, confirmed=True).is_new
    assert of(anna.meter) == [("accepted", 7500, 2720)]


@pytest.mark.parametrize("values", [(6319, 2720), (8_500, 2_720), (60_000, 2_720)])
def test_beyond_belief_it_is_held_even_if_confirmed(anna: cast.Person, values: tuple[int, int]) -> None:
    received = send(anna, *values, confirmed=True)
    row = Reading.get(Reading.receipt == received.receipt_id)
    assert row.state == "held" and row.reason


def test_held_leaves_the_accepted_in_force(anna: cast.Person) -> None:
    send(anna, *cast.USUAL, key="1")
    send(anna, 6319, 2720, key="2", confirmed=True)
    assert of(anna.meter) == [("accepted", 6440, 2720), ("held", 6319, 2720)]


def test_later_held_replaces_the_earlier(anna: cast.Person) -> None:
    send(anna, 6319, 2720, key="1", confirmed=True)
    send(anna, 6318, 2720, key="2", confirmed=True)
    assert of(anna.meter) == [("replaced", 6319, 2720), ("held", 6318, 2720)]


def test_back_to_the_accepted_values_withdraws_the_held(anna: cast.Person) -> None:
    send(anna, *cast.USUAL, key="1")
    send(anna, 6319, 2720, key="2", confirmed=True)
    send(anna, *cast.USUAL, key="3")
    assert of(anna.meter, "held") == []
    assert of(anna.meter, "accepted") == [("accepted", 6440, 2720)]


def test_good_value_replaces_the_held(anna: cast.Person) -> None:
    send(anna, 6319, 2720, key="1", confirmed=True)
    send(anna, *cast.USUAL, key="2")
    assert of(anna.meter) == [("replaced", 6319, 2720), ("accepted", 6440, 2720)]


# ---- what is refused


@pytest.mark.feature("S17")
@pytest.mark.parametrize(
    ("wall", "channel", "opens"),
    [
        ("2026-11-05T23:59", "web", "6\u00a0ноября"),
        ("2026-11-30T00:01", "web", "6\u00a0декабря"),
        ("2026-11-30T10:00", "sms", "6\u00a0декабря"),
        ("2026-11-01T10:00", "kiosk", "6\u00a0ноября"),
    ],
)
def test_closed_window_names_the_next_open_day(
    anna: cast.Person, at: Callable[[str], datetime], wall: str, channel: str, opens: str
) -> None:
    at(wall)
    refused = refusal(anna, *cast.USUAL, channel=channel)
    assert refused.problems[0].rule == "window.closed" and f"Приём откроется {opens}." in refused.text


@pytest.mark.feature("S18")
@pytest.mark.parametrize(
    ("wall", "is_open"),
    [("2026-11-22T23:59", False), ("2026-11-23T00:01", True), ("2026-11-26T23:59", True), ("2026-11-27T00:01", False)],
)
@pytest.mark.parametrize("channel", ["platezhka", "kasservis", "sberbank"])
def test_terminals_window(
    anna: cast.Person, at: Callable[[str], datetime], channel: str, wall: str, is_open: bool
) -> None:
    at(wall)
    if is_open:
        assert send(anna, *cast.USUAL, channel=channel).is_new
    else:
        assert "23\u00a0" in refusal(anna, *cast.USUAL, channel=channel).text


def test_repeat_after_the_window_closed_gives_the_first_receipt(
    anna: cast.Person, at: Callable[[str], datetime]
) -> None:
    """The answer was lost on the way, the browser asks again after midnight."""
    at("2026-11-29T23:59")
    first = send(anna, *cast.USUAL)
    at("2026-11-30T00:01")
    assert send(anna, *cast.USUAL).receipt_id == first.receipt_id


def test_staff_at_any_time(anna: cast.Person, at: Callable[[str], datetime]) -> None:
    at("2026-11-30T10:00")
    assert send(anna, *cast.USUAL, channel="staff").is_new


@pytest.mark.company("irkutsk")
def test_any_day_in_irkutsk(company: Company, db: Database, at: Callable[[str], datetime]) -> None:
    at("2026-11-30T23:59")
    assert send(cast.anna(), *cast.USUAL).is_new


def test_meter_of_somebody_else(anna: cast.Person) -> None:
    vera = cast.vera()
    with pytest.raises(Refusal) as caught:
        send_all(anna, {vera.meter.id: (12100,)})
    assert caught.value.problems[0].rule == "meter.unknown"


def test_meter_of_somebody_else_beside_ones_own(anna: cast.Person) -> None:
    vera = cast.vera()
    with pytest.raises(Refusal):
        send_all(anna, {anna.meter.id: cast.USUAL, vera.meter.id: (12100,)})
    assert of(anna.meter) == of(vera.meter) == []


def test_meter_that_was_taken_down(anna: cast.Person) -> None:
    gone = cast.hang(anna.account, "1", removed="2026-11-20", final=(900,))
    with pytest.raises(Refusal) as caught:
        send_all(anna, {gone.id: (950,)})
    assert caught.value.problems[0].rule == "meter.unknown"


def test_account_without_a_meter(anna: cast.Person) -> None:
    with pytest.raises(Refusal) as caught:
        send_all(cast.boris(anna), {})
    assert caught.value.problems[0].rule == "meter.none"


def test_closed_account(anna: cast.Person) -> None:
    anna.account.closed = date(2026, 11, 19)
    assert refusal(anna, *cast.USUAL).problems[0].rule == "account.closed"


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        (("", ""), ["t1", "t2"]),
        ((6440, ""), ["t2"]),
        (("", 2720), ["t1"]),
        ((6440,), ["t2"]),
        ((), ["t1", "t2"]),
        (("x", "123456"), ["t1", "t2"]),
    ],
)
def test_each_bad_zone_is_named(anna: cast.Person, values: tuple[object, ...], fields: list[str]) -> None:
    problems = refusal(anna, *values).problems
    assert [problem.field for problem in problems] == [f"meter-{anna.meter.id}-{zone}" for zone in fields]
    assert of(anna.meter) == []


def test_nothing_typed_at_all(anna: cast.Person) -> None:
    with pytest.raises(Refusal) as caught:
        send_all(anna, {})
    assert caught.value.problems[0].rule == "reading.empty"


# ---- two meters


@pytest.fixture
def shed(anna: cast.Person) -> Any:
    """A second meter of Anna's, in the shed."""
    meter = cast.hang(anna.account, "00451", initial=(300,), installed="2026-09-01")
    cast.read(meter, "2026-10-20", 360)
    return meter


def test_both_meters_in_one_receipt(anna: cast.Person, shed: Any) -> None:
    received = send_all(anna, {anna.meter.id: cast.USUAL, shed.id: (390,)})
    assert Reading.select().where(Reading.receipt == received.receipt_id).count() == 2


def test_meter_left_blank_is_left_out(anna: cast.Person, shed: Any) -> None:
    send_all(anna, {anna.meter.id: cast.USUAL, shed.id: ("",)})
    assert (len(of(anna.meter)), len(of(shed))) == (1, 0)


def test_half_a_meter_spoils_the_whole(anna: cast.Person, shed: Any) -> None:
    with pytest.raises(Refusal):
        send_all(anna, {anna.meter.id: (6440, ""), shed.id: (390,)})
    assert of(shed) == []


def test_question_about_one_stores_neither(anna: cast.Person, shed: Any) -> None:
    with pytest.raises(Unconfirmed) as asked:
        send_all(anna, {anna.meter.id: cast.USUAL, shed.id: (359,)})
    assert list(asked.value.verdicts) == [shed.id]
    assert of(anna.meter) == of(shed) == []


def test_only_the_changed_meter_gets_a_new_reading(anna: cast.Person, shed: Any) -> None:
    first = send_all(anna, {anna.meter.id: cast.USUAL, shed.id: (390,)}, key="1")
    second = send_all(anna, {anna.meter.id: cast.USUAL, shed.id: (395,)}, key="2")
    assert second.is_new and second.receipt_id != first.receipt_id
    assert (len(of(anna.meter)), len(of(shed))) == (1, 2)


@pytest.mark.feature("M6")
def test_value_of_the_other_meter_is_recognised(anna: cast.Person, shed: Any) -> None:
    garage = cast.hang(anna.account, "00452", initial=(8000,), installed="2026-09-01")
    cast.read(garage, "2026-10-20", 8100)
    with pytest.raises(Unconfirmed) as asked:
        send_all(anna, {garage.id: (390,)})
    assert asked.value.verdicts[garage.id].hints[0].rule == "mistake.other_meter"


# ---- how a meter stands


def test_previous_is_the_last_counted_reading_of_an_earlier_month(anna: cast.Person) -> None:
    cast.read(anna.meter, "2026-10-25", 9999, 9999, state="rejected", reason="Ошибка")
    standing = standings.of_account(anna.account.id, date(2026, 11, 20))[0]
    assert (standing.previous, standing.previous_on, standing.current) == (cast.PREVIOUS, date(2026, 10, 20), None)
    assert standing.usual_daily == pytest.approx(1980 / 334)


def test_new_meter_stands_at_its_first_values(db: Database) -> None:
    anna = cast.anna(history=False)
    standing = standings.of_account(anna.account.id, date(2026, 11, 20))[0]
    assert (standing.previous, standing.previous_on, standing.usual_daily) == ((5000, 2000), date(2025, 10, 21), None)


def test_last_reading_of_more_than_a_year_ago_is_still_the_previous_one(
    anna: cast.Person, at: Callable[[str], datetime]
) -> None:
    at("2028-02-20T10:00")
    standing = standings.of_account(anna.account.id, date(2028, 2, 20))[0]
    assert (standing.previous, standing.previous_on) == (cast.PREVIOUS, date(2026, 10, 20))


def test_what_this_month_has_already(anna: cast.Person) -> None:
    def standing() -> tuple[Any, Any, Any]:
        now = standings.of_account(anna.account.id, date(2026, 11, 20))[0]
        return tuple(one and (one.state, one.t1) for one in (now.current, now.held, now.newest))  # type: ignore[return-value]

    assert standing() == (None, None, None)
    send(anna, *cast.USUAL, key="1")
    assert standing() == (("accepted", 6440), None, ("accepted", 6440))
    send(anna, 6319, 2720, key="2", confirmed=True)
    assert standing() == (("accepted", 6440), ("held", 6319), ("held", 6319))


def test_look_stores_nothing(anna: cast.Person) -> None:
    verdict = intake.look(anna.account, {anna.meter.id: ("7500", "2720")}, channel="web")[anna.meter.id]
    assert verdict.rule == "usage.above_usual"
    assert of(anna.meter) == [] and not Receipt.select().exists()


def look(who: cast.Person, *values: object, channel: str = "web") -> dict[int, Any]:
    return intake.look(who.account, {who.meter.id: tuple(map(str, values))}, channel=channel)


def test_look_has_no_verdict_for_what_is_passed_already(anna: cast.Person) -> None:
    send(anna, *cast.USUAL)
    assert look(anna, *cast.USUAL) == {}
    assert look(anna, 6441, 2720)[anna.meter.id].rule == "usage.usual"


def test_look_is_refused_by_rank(anna: cast.Person) -> None:
    send(anna, *cast.USUAL, channel="inspector")
    with pytest.raises(Refusal) as caught:
        look(anna, 6441, 2720)
    assert caught.value.problems[0].rule == "reading.rank"


def test_look_is_refused_in_a_billed_period(anna: cast.Person) -> None:
    closings.close(ON)
    with pytest.raises(Refusal) as caught:
        look(anna, *cast.USUAL)
    assert caught.value.problems[0].rule == "period.billed"


def test_look_is_refused_while_the_window_is_closed(anna: cast.Person) -> None:
    with pytest.raises(Refusal) as caught:
        look(anna, *cast.USUAL, channel="sberbank")
    assert caught.value.problems[0].rule == "window.closed"


# ---- a meter in place of another


def replaced(who: cast.Person, on: str, **facts: Any) -> Any:
    """Anna's meter was taken down at what it showed in October, another hung."""
    Meter.update(removed=date(2026, 11, 1), final_t1=6380, final_t2=2690).where(Meter.id == who.meter.id).execute()
    return cast.hang(who.account, "новый", installed=on, **facts)


def test_usual_use_of_a_new_meter_is_that_of_the_former_one(anna: cast.Person) -> None:
    replaced(anna, "2026-11-01")
    standing = standings.of_account(anna.account.id, date(2026, 11, 20))[0]
    assert (standing.previous, standing.previous_on) == ((0,), date(2026, 11, 1))
    assert standing.usual_daily == pytest.approx(1980 / 334)


def test_new_meter_is_judged_by_the_usual_use_of_the_former_one(anna: cast.Person) -> None:
    """19 days of some 5.9 kWh: above 563 it is asked about."""
    meter = replaced(anna, "2026-11-01")
    with pytest.raises(Unconfirmed) as asked:
        send_all(anna, {meter.id: (564,)})
    assert asked.value.verdicts[meter.id].rule == "usage.above_usual"
    assert send_all(anna, {meter.id: (563,)}).is_new


@pytest.mark.company("koryak")
@pytest.mark.parametrize(("on", "facts"), [("2027-01-15", {}), ("2026-11-01", {"service": "heat"})])
def test_meter_hung_long_after_or_for_another_service_is_no_successor(
    anna: cast.Person, on: str, facts: dict[str, Any]
) -> None:
    replaced(anna, on, **facts)
    assert standings.of_account(anna.account.id, date(2027, 1, 20))[0].usual_daily is None


def test_own_usual_use_outweighs_the_former_meters(anna: cast.Person) -> None:
    meter = replaced(anna, "2026-11-01")
    cast.read(meter, "2026-11-20", 190)
    standing = standings.of_account(anna.account.id, date(2026, 12, 20))[0]
    assert standing.usual_daily == pytest.approx(10)


# ---- another unit


@pytest.fixture
def radiator(db: Database) -> cast.Person:
    """A flat whose heat meter counts 2 Gcal a month; 20 Gcal on 20 October."""
    anna = cast.anna()
    meter = cast.hang(anna.account, "5500", service="heat", installed="2025-12-20")
    for month in range(1, 11):
        cast.read(meter, f"2026-{month:02d}-20", 2 * month)
    return cast.Person(anna.customer, anna.account, meter)


@pytest.mark.parametrize(
    ("value", "outcome", "rule"),
    [
        (22, "accepted", "usage.usual"),
        (30, "accepted", "usage.usual"),
        (31, "confirm", "usage.above_usual"),
        (41, "held", "usage.far_above_usual"),
        (52, "held", "usage.above_power"),
        (19, "held", "usage.below_previous"),
    ],
)
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.company(name)) for name in ("koryak", "irkutsk")]
)
def test_heat_is_judged_in_gigacalories(radiator: cast.Person, name: str, value: int, outcome: str, rule: str) -> None:
    verdict = look(radiator, value)[radiator.meter.id]
    assert (verdict.outcome, verdict.rule) == (outcome, rule)
    assert "кВт" not in verdict.reason


@pytest.mark.company("koryak")
def test_heat_is_never_taken_for_electricity_typed_by_mistake(radiator: cast.Person) -> None:
    """6320 would suit the electricity meter beside it, but a hint stays within the service."""
    cast.hang(radiator.account, "5501", initial=(6300,), installed="2026-10-20")
    verdict = look(radiator, 6320)[radiator.meter.id]
    assert "mistake.other_meter" not in [hint.rule for hint in verdict.hints]


# ---- the rule each decision rests on


@pytest.mark.feature("M7")
@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ((6440, 2720), "usage.usual"),
        ((7500, 2720), "usage.above_usual"),
        ((8500, 2720), "usage.far_above_usual"),
        ((60_000, 2720), "usage.above_power"),
        ((6319, 2720), "usage.below_previous"),
    ],
)
def test_decision_can_be_repeated_from_its_trace(
    anna: cast.Person, company: Company, values: tuple[int, int], rule: str
) -> None:
    received = send(anna, *values, confirmed=True)
    trace = Reading.get(Reading.receipt == received.receipt_id).trace
    assert (trace["rule"], trace["confirmed"], trace["previous_on"]) == (rule, True, "2026-10-20")
    dial = Dial("", 2, trace["digits"], trace["ratio"], tuple(trace["previous"]), trace["days"], trace["usual_daily"])
    again = checks.judge(dial, tuple(trace["values"]), company.checks)
    assert (again.rule, again.outcome, again.volume) == (rule, trace["outcome"], trace["volume"])


@pytest.mark.feature("M7")
def test_rollover_in_the_trace(db: Database) -> None:
    vera = cast.vera()
    meter = cast.hang(vera.account, "77", initial=(99_700,), installed="2026-08-20")
    cast.read(meter, "2026-10-20", 99_900)
    received = send_all(vera, {meter.id: (40,)})
    trace = Reading.get(Reading.receipt == received.receipt_id).trace
    assert (trace["rule"], trace["rollover_percent"], trace["digits"]) == ("usage.rollover", 90, 5)


def test_rollover_of_a_meter_without_history_is_asked_about(db: Database) -> None:
    vera = cast.vera()
    meter = cast.hang(vera.account, "77", initial=(99_900,), installed="2026-10-20")
    with pytest.raises(Unconfirmed) as asked:
        send_all(vera, {meter.id: (40,)})
    assert asked.value.verdicts[meter.id].rule == "usage.rollover_unsure"
    received = send_all(vera, {meter.id: (40,)}, confirmed=True)
    assert Reading.get(Reading.receipt == received.receipt_id).state == "accepted"


@pytest.mark.feature("M7")
def test_bounds_in_the_trace(anna: cast.Person) -> None:
    """31 days of 1980 kWh in 334: five times that is asked about, ten times held; 15 kW around the clock is 11 160."""
    received = send(anna, *cast.USUAL)
    trace = Reading.get(Reading.receipt == received.receipt_id).trace
    assert [trace[name] for name in ("asked_above", "held_above", "most", "rollover_percent")] == [
        919,
        1838,
        11_160,
        90,
    ]


@pytest.mark.feature("M6")
@pytest.mark.feature("M7")
def test_hints_in_the_trace(anna: cast.Person) -> None:
    received = send(anna, 2720, 6440, confirmed=True)
    assert Reading.get(Reading.receipt == received.receipt_id).trace["hints"] == ["mistake.zones_swapped"]


# ---- many at once


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between what is read and what is written lies time enough for the others."""
    judge = checks.judge

    def slowly(*given: Any) -> Any:
        time.sleep(0.02)
        return judge(*given)

    monkeypatch.setattr(checks, "judge", slowly)


@pytest.fixture
def unguarded(db: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No lock and no unique index; all have looked for what they replace before the first of them writes."""
    gathered = threading.Barrier(CROWD)
    create = Reading.create

    def together(**facts: Any) -> Any:
        gathered.wait(30)
        return create(**facts)

    monkeypatch.setattr(Reading, "create", together)
    monkeypatch.setattr(intake, "locked", lambda query: query)
    remake = db.execute_sql("SELECT indexdef FROM pg_indexes WHERE indexname = 'reading_counted'").fetchone()[0]
    db.execute_sql("DROP INDEX reading_counted")
    yield
    Reading.delete().execute()
    db.execute_sql(remake)


@pytest.mark.postgres
def test_without_the_lock_all_are_counted(anna: cast.Person, unguarded: None) -> None:
    at_once(CROWD, lambda i: send(anna, 6440 + i, 2720, key=str(i)))
    assert len(of(anna.meter, "accepted")) == CROWD


def test_same_form_twenty_times_at_once_is_one_reading(anna: cast.Person, slow: None) -> None:
    done = at_once(20, lambda i: send(anna, *cast.USUAL))
    assert len({received.receipt_id for received in done}) == 1
    assert Counter(received.is_new for received in done) == {True: 1, False: 19}
    assert of(anna.meter) == [("accepted", 6440, 2720)]


def test_same_values_by_many_channels_at_once_are_one_reading(anna: cast.Person, slow: None) -> None:
    done = at_once(20, lambda i: send(anna, *cast.USUAL, key=str(i), channel=("web", "sms", "email", "bot")[i % 4]))
    assert len({received.receipt_id for received in done}) == 1
    assert len(of(anna.meter)) == 1


@pytest.mark.parametrize("channel", ["sms", "citypay"])
def test_machines_key_twenty_times_at_once_is_one_reading(anna: cast.Person, slow: None, channel: str) -> None:
    done = at_once(20, lambda i: send(anna, 6440 + i, 2720, channel=channel))
    assert len({received.receipt_id for received in done}) == 1
    assert [state for state, *_ in of(anna.meter)] == ["accepted"]


def test_different_values_at_once_count_one(anna: cast.Person, slow: None) -> None:
    done = at_once(20, lambda i: send(anna, 6440 + i, 2720, key=str(i)))
    assert all(isinstance(received, Received) for received in done), done
    assert Counter(state for state, *_ in of(anna.meter)) == {"accepted": 1, "replaced": 19}


def test_closing_and_passing_at_once(anna: cast.Person, slow: None) -> None:
    """Whoever comes first: what was passed is billed, or it is refused."""
    passed, _ = at_once(2, lambda i: closings.close(ON) if i else send(anna, *cast.USUAL))
    assert of(anna.meter) == ([] if isinstance(passed, Refusal) else [("billed", 6440, 2720)])
