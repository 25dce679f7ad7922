"""The result of a visit in one act: a meter replaced, hung, verified; what is billed; what is refused."""

from __future__ import annotations

import io
import time
from datetime import date
from typing import Any

import pytest
from peewee import Database

from models import files
from models.audit import AuditRow
from models.base import Refusal
from models.billing import run
from models.billing.bills import Bill
from models.metering import finding, intake, replacing
from models.metering.hanging import NewMeter
from models.metering.meters import Meter
from models.metering.orders import moves, placing
from models.metering.orders.placing import Wish
from models.metering.orders.rows import CANCELLED, DONE, OPEN, Order
from models.metering.readings import Reading
from models.metering.replacing import Doubtful, Visit
from models.outbox import Message
from tests import cast, prices
from tests.crowd import at_once

DAY = date(2026, 11, 18)
FINALS = ("6400", "2700")
NEW: dict[str, Any] = {
    "serial": "5 000 111", "model": "Меркурий 200.02", "zones": "2", "digits": "5", "ratio": "1", "initial": ("10", "5", ""),
}  # fmt: skip


@pytest.fixture
def anna(db: Database) -> cast.Person:
    prices.load()
    return cast.anna()


def ordered(person: cast.Person, kind: str = "replacement") -> Order:
    what = f"{kind}-{person.meter.id}" if person.meter else "installation-electricity"
    return placing.place(person.account, Wish(what, phone="89135550123"), key=what, customer_id=person.id)


def replace(
    order: Order, *, day: date = DAY, finals: Any = FINALS, confirmed: str = "", seals: str = "", **new: Any
) -> Order:
    return replacing.replace(order.id, Visit(day, seals, (), confirmed), finals, NewMeter(**{**NEW, **new}))


def problems(error: pytest.ExceptionInfo[Refusal]) -> list[tuple[str | None, str]]:
    return [(problem.field, problem.rule) for problem in error.value.problems]


def untouched(person: cast.Person) -> bool:
    old = Meter.get_by_id(person.meter.id) if person.meter else None
    return (
        Meter.select().count() == (1 if old else 0)
        and (old is None or old.removed is None)
        and Order.get().state in OPEN
    )


# ---- a replacement


def test_two_results_for_one_meter_do_not_wait_for_each_other(anna: cast.Person, monkeypatch: Any) -> None:
    """One ends the meter whose verification the other enters at that moment: whoever is later is told so."""
    orders, hold = (ordered(anna), ordered(anna, "verification")), moves.hold

    def slowly(order_id: int) -> Order:
        held = hold(order_id)
        time.sleep(0.4)
        return held

    monkeypatch.setattr(moves, "hold", slowly)

    def enter(i: int) -> Any:
        time.sleep(0.1 * i)
        if i:
            return replacing.verify(orders[1].id, Visit(DAY), passed=True, due=date(2036, 11, 18))
        return replace(orders[0])

    replaced, verified = at_once(2, enter)
    assert replaced.state == DONE
    assert isinstance(verified, Refusal) and verified.problems[0].rule == "order.state"


@pytest.mark.feature("S44")
def test_old_meter_ends_and_new_one_begins_in_one_act(anna: cast.Person) -> None:
    order = replace(ordered(anna), seals="А-123, А-124")
    old, new = Meter.get_by_id(anna.meter.id), Meter.get_by_id(order.new_meter_id)
    assert (old.removed, old.final_t1, old.final_t2) == (DAY, 6400, 2700)
    assert (new.serial, new.installed, new.removed, new.initial_t1, new.initial_t2, new.service) == (
        "5000111", DAY, None, 10, 5, "electricity",
    )  # fmt: skip
    assert new.verification_due == date(2042, 11, 18)  # sixteen years by the catalogue
    assert (order.state, order.seals) == (DONE, "А-123, А-124")
    assert {row.id for row in finding.find("5000111").rows} == {anna.account.id}
    assert AuditRow.get(AuditRow.deed == "meter.replaced").detail["former"] == "87749621"


def test_the_letter_tells_both_dials(anna: cast.Person) -> None:
    replace(ordered(anna))
    letter = Message.select().where(Message.letter == "order_news").order_by(Message.id.desc()).get()
    assert letter.data["state"] == "выполнена"
    assert "№ 87749621 снят, его показание: день\u00a06\u202f400, ночь\u00a02\u202f700" in letter.data["text"]
    assert "№ 5000111" in letter.data["text"] and "18\u00a0ноября\u00a02042" in letter.data["text"]


@pytest.mark.feature("S44")
def test_a_month_with_a_replacement_is_billed_by_both_meters(anna: cast.Person, at: Any) -> None:
    """80 by day and 40 by night until the 18th on the old one, 50 and 20 on the new one: 130 × 4,60 + 60 × 2,80."""
    run.bill("2026-10")
    order = replace(ordered(anna))
    at("2026-11-25T09:00")
    intake.receive(anna.account, {order.new_meter_id: ("60", "25")}, channel="web", key="k", confirmed=True)
    at("2026-12-03T09:00")
    run.bill("2026-11")
    bill = Bill.get(Bill.account == anna.account, Bill.period == "2026-11")
    assert bill.charged == 130 * 460 + 60 * 280


def test_a_month_with_a_replacement_and_no_reading_is_billed_by_the_final_values(anna: cast.Person, at: Any) -> None:
    run.bill("2026-10")
    replace(ordered(anna))
    at("2026-12-03T09:00")
    run.bill("2026-11")
    assert Bill.get(Bill.period == "2026-11").charged == 80 * 460 + 40 * 280


def test_of_a_billed_month_the_end_counts_in_the_present_one(anna: cast.Person, at: Any) -> None:
    """The visit was on 28 October, its result comes in November: October is billed by the reading of the 20th."""
    run.bill("2026-10")
    order = replace(ordered(anna), day=date(2026, 10, 28), finals=("6350", "2680"))
    at("2026-11-25T09:00")
    intake.receive(anna.account, {order.new_meter_id: ("100", "55")}, channel="web", key="k", confirmed=True)
    at("2026-12-03T09:00")
    run.bill("2026-11")
    assert Bill.get(Bill.period == "2026-11").charged == (30 + 90) * 460 + (20 + 50) * 280


def test_a_day_before_a_billed_reading_is_refused(anna: cast.Person) -> None:
    run.bill("2026-10")
    with pytest.raises(Refusal) as refused:
        replace(ordered(anna), day=date(2026, 10, 15), finals=("6300", "2650"))
    assert problems(refused) == [("day", "visit.billed")] and untouched(anna)


def test_from_the_visit_on_readings_are_the_new_meters(anna: cast.Person) -> None:
    order = replace(ordered(anna))
    with pytest.raises(Refusal) as refused:
        intake.receive(anna.account, {anna.meter.id: ("6440", "2720")}, channel="web", key="old")
    assert refused.value.problems[0].rule == "meter.unknown"
    assert intake.receive(anna.account, {order.new_meter_id: ("20", "9")}, channel="web", key="new").is_new


def test_a_dated_paper_of_the_old_meter_is_taken_for_a_day_before_its_end_alone(anna: cast.Person) -> None:
    replace(ordered(anna))
    typed = {anna.meter.id: ("6380", "2690")}
    with pytest.raises(Refusal):
        intake.receive(anna.account, typed, channel="staff", key="late", taken=date(2026, 11, 19))
    assert intake.receive(anna.account, typed, channel="staff", key="early", taken=date(2026, 11, 10)).is_new


def test_a_reading_passed_after_the_visit_gives_way_once_that_is_confirmed(anna: cast.Person) -> None:
    intake.receive(anna.account, {anna.meter.id: ("6440", "2720")}, channel="web", key="k")  # on the 20th
    order = ordered(anna)
    with pytest.raises(Doubtful) as doubt:
        replace(order)
    assert "передано уже после визита" in doubt.value.texts[0] and untouched(anna)
    replace(order, confirmed=doubt.value.mark)
    assert Reading.select().order_by(Reading.id.desc()).get().state == "replaced"


def test_what_was_confirmed_are_these_values_and_no_others(anna: cast.Person) -> None:
    order = ordered(anna)
    with pytest.raises(Doubtful) as doubt:
        replace(order, finals=("9400", "2700"))
    assert "больше" in doubt.value.texts[0]
    with pytest.raises(Doubtful):
        replace(order, finals=("9500", "2700"), confirmed=doubt.value.mark)
    assert untouched(anna)
    assert replace(order, finals=("9400", "2700"), confirmed=doubt.value.mark).state == DONE


def test_final_values_below_the_last_reading_are_refused(anna: cast.Person) -> None:
    with pytest.raises(Refusal) as refused:
        replace(ordered(anna), finals=("6319", "2700"))
    assert problems(refused) == [("final_t1", "final.below")] and untouched(anna)
    assert "20\u00a0октября" in refused.value.text


def test_a_dial_that_went_through_zero_is_asked_about(db: Database) -> None:
    own = cast.account(9)
    cast.read(cast.hang(own, "99", initial=(99000,), installed="2026-08-01"), "2026-10-20", 99950)
    person = cast.Person(cast.customer("x@example.ru", "Икс", own), own, Meter.get())
    order = ordered(person)
    try:
        replace(order, finals=("00030",))
    except Doubtful as doubt:
        replace(order, finals=("00030",), confirmed=doubt.mark)
    assert Meter.get(Meter.serial == "99").final_t1 == 30


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ({"day": date(2026, 11, 21)}, [("day", "visit.future")]),
        ({"day": date(2026, 8, 1)}, [("day", "visit.too_old")]),
        ({"finals": ("", "2700")}, [("final_t1", "reading.empty")]),
        ({"finals": ("6400", "27x0")}, [("final_t2", "reading.digits")]),
        ({"finals": ("106400", "2700")}, [("final_t1", "reading.too_long")]),
        ({"serial": "87749621"}, [("serial", "meter.known")]),
        ({"serial": " "}, [("serial", "meter.serial")]),
        ({"serial": "x" * 41}, [("serial", "meter.serial")]),
        ({"serial": "<b>"}, [("serial", "meter.serial")]),
        ({"model": ""}, [("model", "meter.model"), ("verification_due", "meter.verification")]),
        ({"model": "Неведомый"}, [("verification_due", "meter.verification")]),
        ({"verification_due": DAY}, [("verification_due", "meter.verification")]),
        ({"zones": "4"}, [("zones", "meter.zones")]),
        ({"zones": "1"}, [("initial_t2", "meter.zones")]),
        ({"zones": "3"}, [("initial_t3", "reading.empty")]),
        ({"digits": "2"}, [("digits", "meter.digits")]),
        ({"digits": "4", "initial": ("10000", "5", "")}, [("initial_t1", "reading.too_long")]),
        ({"ratio": "0"}, [("ratio", "meter.ratio")]),
        ({"ratio": "десять"}, [("ratio", "meter.ratio")]),
        ({"seals": "п" * 201}, [("seals", "visit.seals")]),
    ],
)
def test_what_is_wrong_is_told_beside_its_field_and_nothing_is_stored(
    anna: cast.Person, wrong: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    with pytest.raises(Refusal) as refused:
        replace(ordered(anna), **wrong)
    assert problems(refused) == found and untouched(anna)


def test_the_same_result_again_changes_nothing(anna: cast.Person) -> None:
    order = ordered(anna)
    first = replace(order)
    assert replace(order).new_meter_id == first.new_meter_id
    with pytest.raises(Refusal):
        replace(order, serial="777")
    assert Meter.select().count() == 2


def test_two_employees_at_once_replace_it_once(anna: cast.Person) -> None:
    order = ordered(anna)
    done = at_once(4, lambda i: replace(order, serial=f"70{i}"))
    assert sum(isinstance(one, Order) for one in done) == 1
    assert Meter.select().count() == 2 and Meter.select().where(Meter.removed.is_null()).count() == 1


def test_whatever_else_was_wished_for_the_old_meter_is_called_off(anna: cast.Person) -> None:
    other = ordered(anna, "verification")
    replace(ordered(anna))
    assert Order.get_by_id(other.id).state == CANCELLED


def test_photos_lie_with_the_order_and_those_of_a_refused_visit_nowhere(anna: cast.Person, photo: Any) -> None:
    order, first, second = ordered(anna), photo("a"), photo("b")
    with pytest.raises(Refusal):
        replacing.replace(order.id, Visit(date(2026, 12, 1), files=[first]), FINALS, NewMeter(**NEW))
    replacing.replace(order.id, Visit(DAY, files=[second]), FINALS, NewMeter(**NEW))
    stored = list(files.of(f"order:{order.id}"))
    assert [one.title for one in stored] == ["b.jpg"] and stored[0].path.exists()
    assert not files._place(first.name).exists()


@pytest.fixture
def photo(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    from PIL import Image

    monkeypatch.setattr(files, "_folder", tmp_path)

    def put(name: str) -> Any:
        body = io.BytesIO()
        Image.new("RGB", (40, 30), (len(name), ord(name[0]), 99)).save(body, "JPEG")
        body.seek(0)
        return files.put(body, f"{name}.jpg")

    return put


# ---- an installation


def test_a_first_meter_is_hung_and_billed_from_then_on(anna: cast.Person, at: Any) -> None:
    boris = cast.boris(anna)
    order = replacing.install(ordered(boris).id, Visit(DAY), NewMeter(**NEW))
    at("2026-11-25T09:00")
    intake.receive(boris.account, {order.new_meter_id: ("40", "15")}, channel="web", key="k", confirmed=True)
    at("2026-12-03T09:00")
    run.bill("2026-10")
    run.bill("2026-11")
    bill = Bill.get(Bill.account == boris.account, Bill.period == "2026-11")
    assert bill.charged == 30 * 460 + 10 * 280


def test_no_second_meter_where_one_hangs(anna: cast.Person) -> None:
    boris = cast.boris(anna)
    order = ordered(boris)
    cast.hang(boris.account, "404", installed="2026-11-01")
    with pytest.raises(Refusal) as refused:
        replacing.install(order.id, Visit(DAY), NewMeter(**NEW))
    assert problems(refused) == [(None, "meter.there")]


# ---- a verification


def test_a_verified_meter_goes_on(anna: cast.Person) -> None:
    order = replacing.verify(ordered(anna, "verification").id, Visit(DAY), passed=True, due=date(2034, 11, 18))
    assert Meter.get().verification_due == date(2034, 11, 18)
    assert order.state == DONE and AuditRow.get(AuditRow.deed == "meter.verified").detail["until"] == "2034-11-18"
    assert placing.offers(anna.account)[1].standing is None


def test_the_interval_comes_from_the_catalogue(anna: cast.Person) -> None:
    replacing.verify(ordered(anna, "verification").id, Visit(DAY), passed=True)
    assert Meter.get().verification_due == date(2042, 11, 18)


def test_a_meter_that_has_not_passed_stays_until_it_is_replaced(anna: cast.Person) -> None:
    order = replacing.verify(ordered(anna, "verification").id, Visit(DAY), passed=False, reason="Погрешность 4 %")
    assert order.state == DONE and Meter.get().verification_due is None
    letter = Message.select().order_by(Message.id.desc()).get()
    assert "не прошёл: Погрешность 4 %. Его нужно заменить." in letter.data["text"]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"passed": True, "due": DAY}, [("due", "verify.due")]),
        ({"passed": False}, [("reason", "verify.reason")]),
    ],
)
def test_a_verification_without_its_end_or_its_reason_is_refused(
    anna: cast.Person, given: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    with pytest.raises(Refusal) as refused:
        replacing.verify(ordered(anna, "verification").id, Visit(DAY), **given)
    assert problems(refused) == found


def test_a_result_of_another_kind_is_refused(anna: cast.Person) -> None:
    with pytest.raises(Refusal) as refused:
        replacing.verify(ordered(anna).id, Visit(DAY), passed=True)
    assert problems(refused) == [(None, "order.state")]
