"""Decisions on held readings: each made once, in the right month, told to the customer, and billed as decided."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from peewee import Database, IntegrityError

from models import audit, doctor
from models.audit import AuditRow
from models.base import Refusal, database
from models.billing import run
from models.billing.bills import Bill
from models.metering import closings, decisions, held, intake
from models.metering.accounts import Account, Office, unlink
from models.metering.decisions import Decision
from models.metering.held import Claim, Filter
from models.metering.readings import Reading
from models.outbox import Message
from tests import cast, prices
from tests.crowd import at_once

FAR = (64400, 2720)  # one digit too many by day: more than the wires carry
WHY = "Была введена лишняя цифра."


@pytest.fixture
def anna(db: Database) -> cast.Person:
    return cast.anna()


@pytest.fixture
def oleg(db: Database) -> int:
    return cast.employee("operator", email="oleg@example.ru", name="Олег Ветров").id


@pytest.fixture
def irina(db: Database) -> int:
    return cast.employee("administrator", email="irina@example.ru", name="Ирина Лаптева").id


def send(who: cast.Person, *values: int, channel: str = "web", key: str = "k", taken: date | None = None) -> Reading:
    """What this person's meter is said to show, confirmed; the stored reading."""
    texts = {who.meter.id: tuple(map(str, values))}
    received = intake.receive(
        who.account, texts, channel=channel, key=key, customer_id=who.id, confirmed=True, taken=taken
    )
    return Reading.get(Reading.receipt == received.receipt_id)


def now(reading: Reading) -> Reading:
    return Reading.get_by_id(reading.id)


def counted(period: str = "2026-11") -> list[tuple[int, int]]:
    rows = Reading.select().where(Reading.period == period, Reading.state.in_(("accepted", "billed")))
    return [(row.t1, row.t2) for row in rows]


def rule(caught: Any) -> str:
    return str(caught.value.problems[0].rule)


def letters() -> list[tuple[str, str]]:
    return [(one.letter, one.to) for one in Message.select().order_by(Message.id)]


# ---- accepting


def test_accepted_reading_counts_in_its_month(anna: cast.Person, oleg: int) -> None:
    reading = send(anna, *FAR)
    assert reading.state == "held"
    decisions.accept(reading.id, oleg)
    assert (now(reading).state, now(reading).period, now(reading).reason) == ("accepted", "2026-11", "")
    assert now(reading).trace["held_because"] == reading.reason
    assert counted() == [FAR]


def test_the_accepted_reading_takes_the_place_of_the_one_that_counted(anna: cast.Person, oleg: int) -> None:
    first = send(anna, *cast.USUAL)
    second = send(anna, *FAR, key="again")
    assert counted() == [cast.USUAL]
    decisions.accept(second.id, oleg)
    assert (now(first).state, counted()) == ("replaced", [FAR])
    assert now(second).trace["replaced"] == {"accepted": first.id}


def test_decision_is_dated_signed_and_audited(anna: cast.Person, oleg: int, at: Any) -> None:
    reading = send(anna, *FAR)
    moment = at("2026-11-20T12:04")
    made = decisions.accept(reading.id, oleg)
    assert (made.verdict, made.by_id, made.at) == ("accepted", oleg, moment)
    row = AuditRow.get(AuditRow.deed == "reading.accepted")
    assert (row.subject, row.detail) == (f"account:{anna.account.number}", {"reading": reading.id, "period": "2026-11"})


def test_reading_of_a_month_billed_meanwhile_counts_in_the_present_one(anna: cast.Person, oleg: int, at: Any) -> None:
    reading = send(anna, *FAR)
    at("2026-12-07T10:00")
    closings.close("2026-11")
    decisions.accept(reading.id, oleg)
    moved = now(reading)
    assert (moved.period, moved.taken, moved.state) == ("2026-12", date(2026, 11, 20), "accepted")
    assert moved.trace["moved_from"] == "2026-11"


def test_billed_reading_of_the_month_stays_as_it_is(anna: cast.Person, oleg: int, at: Any) -> None:
    first = send(anna, *cast.USUAL)
    second = send(anna, *FAR, key="again")
    at("2026-12-07T10:00")
    closings.close("2026-11")
    decisions.accept(second.id, oleg)
    assert (now(first).state, now(second).period) == ("billed", "2026-12")


def test_no_month_is_open_for_it(anna: cast.Person, oleg: int) -> None:
    reading = send(anna, *FAR)
    closings.close("2026-11")
    with pytest.raises(Refusal) as caught:
        decisions.accept(reading.id, oleg)
    assert (rule(caught), now(reading).state) == ("period.billed", "held")


def test_later_reading_of_the_present_month_stands(anna: cast.Person, oleg: int, at: Any) -> None:
    reading = send(anna, 6321, 99000)
    at("2026-12-07T10:00")
    closings.close("2026-11")
    send(anna, 6500, 2750, key="december")
    with pytest.raises(Refusal, match=r"Есть более позднее показание: день.6.500, ночь.2.750 от 7.декабря.2026"):
        decisions.accept(reading.id, oleg)
    assert now(reading).state == "held"


def test_what_contradicts_a_later_month_is_refused(anna: cast.Person, oleg: int, at: Any) -> None:
    """November is not billed yet, and December has come with less."""
    reading = send(anna, *FAR)
    at("2026-12-07T10:00")
    send(anna, 6500, 2750, key="december")
    with pytest.raises(Refusal) as caught:
        decisions.accept(reading.id, oleg)
    assert rule(caught) == "decision.above_later"


def test_what_a_later_month_bears_out_is_accepted(anna: cast.Person, oleg: int, at: Any) -> None:
    reading = send(anna, 9900, 2720)
    assert reading.state == "held"
    at("2026-12-07T10:00")
    cast.read(anna.meter, "2026-12-07", 10000, 2750)
    decisions.accept(reading.id, oleg)
    assert counted() == [(9900, 2720)]


def test_dial_that_goes_back_is_never_accepted(anna: cast.Person, oleg: int) -> None:
    """It would be billed as a dial gone through zero: 98 980 kWh."""
    reading = send(anna, 5300, 2720)
    with pytest.raises(Refusal) as caught:
        decisions.accept(reading.id, oleg)
    assert rule(caught) == "decision.below"
    seen = decisions.outlook(reading, anna.meter, anna.account)
    assert isinstance(seen, Refusal) and seen.text == caught.value.text


def test_dial_gone_through_zero_may_be_accepted(db: Database, oleg: int) -> None:
    """More than usual, less than the wires carry: only somebody who looks can tell."""
    account = cast.account(300)
    meter = cast.hang(account, "30030030", initial=(94000,), installed="2026-08-20")
    for month, value in ((9, 95500), (10, 97000)):
        cast.read(meter, f"2026-{month:02}-20", value)
    person = cast.Person(cast.customer("gleb@example.ru", "Глеб", account), account, meter)
    reading = send(person, 5500)
    assert (reading.state, reading.reason[:23]) == ("held", "Показание меньше прошло")
    decisions.accept(reading.id, oleg)
    assert now(reading).state == "accepted"


def test_dial_through_zero_by_more_than_the_wires_carry(anna: cast.Person, oleg: int) -> None:
    meter = cast.hang(anna.account, "30030030", initial=(90000,), installed="2026-08-20")
    cast.read(meter, "2026-10-20", 97000)
    reading = cast.read(meter, "2026-11-20", 96000, state="held", reason="Показание меньше прошлого.")
    with pytest.raises(Refusal) as caught:
        decisions.accept(reading.id, oleg)
    assert rule(caught) == "decision.below"


def test_nobody_is_written_to_when_all_is_well(anna: cast.Person, oleg: int) -> None:
    decisions.accept(send(anna, *FAR).id, oleg)
    assert letters() == []


# ---- correcting


def test_right_values_take_the_place_of_the_held_ones(anna: cast.Person, oleg: int) -> None:
    reading = send(anna, *FAR)
    made = decisions.correct(reading.id, oleg, ("6440", "2720"), WHY)
    assert (now(reading).state, counted()) == ("replaced", [cast.USUAL])
    assert (made.instead.channel, made.instead.taken) == ("staff", reading.taken)


def test_customer_reads_the_old_and_the_new_value_and_why(anna: cast.Person, oleg: int) -> None:
    decisions.correct(send(anna, *FAR).id, oleg, ("6440", "2720"), WHY)
    message = Message.get(Message.letter == "reading_corrected")
    assert message.to == "anna@example.ru"
    assert message.data["values"].startswith("день") and "64" in message.data["values"]
    assert (message.data["right"], message.data["reason"]) == ("день\u00a06\u202f440, ночь\u00a02\u202f720", WHY)


def test_correction_keeps_the_day_of_the_reading(anna: cast.Person, oleg: int, at: Any) -> None:
    reading = send(anna, *FAR)
    at("2026-11-24T10:00")
    assert decisions.correct(reading.id, oleg, ("6440", "2720"), WHY).instead.taken == date(2026, 11, 20)


def test_correction_of_a_month_billed_meanwhile_counts_in_the_present_one(
    anna: cast.Person, oleg: int, at: Any
) -> None:
    reading = send(anna, *FAR)
    at("2026-12-07T10:00")
    closings.close("2026-11")
    right = decisions.correct(reading.id, oleg, ("6440", "2720"), WHY).instead
    assert (right.period, right.taken, now(reading).period) == ("2026-12", date(2026, 11, 20), "2026-11")


def test_unusual_correction_is_asked_about_and_changes_nothing(anna: cast.Person, oleg: int) -> None:
    reading = send(anna, *FAR)
    with pytest.raises(intake.Unconfirmed):
        decisions.correct(reading.id, oleg, ("64500", "2720"), WHY)
    assert (now(reading).state, Decision.select().count(), Reading.select().where(Reading.t1 == 64500).count()) == (
        "held",
        0,
        0,
    )


def test_unusual_correction_counts_once_confirmed(anna: cast.Person, oleg: int) -> None:
    reading = send(anna, *FAR)
    decisions.correct(reading.id, oleg, ("64500", "2720"), WHY, confirmed=True)
    assert counted() == [(64500, 2720)]
    assert held.count() == 0


def test_correction_to_what_goes_back_is_refused_even_confirmed(anna: cast.Person, oleg: int) -> None:
    reading = send(anna, *FAR)
    with pytest.raises(Refusal) as caught:
        decisions.correct(reading.id, oleg, ("5300", "2720"), WHY, confirmed=True)
    assert (rule(caught), now(reading).state, counted()) == ("decision.below", "held", [])


def test_reading_of_a_controller_can_be_corrected(anna: cast.Person, oleg: int) -> None:
    reading = send(anna, *FAR, channel="inspector")
    decisions.correct(reading.id, oleg, ("6440", "2720"), WHY)
    assert counted() == [cast.USUAL]


@pytest.mark.parametrize("channel", ["web", "staff", "inspector"])
def test_same_values_are_no_correction(anna: cast.Person, oleg: int, channel: str) -> None:
    reading = send(anna, *FAR, channel=channel)
    with pytest.raises(Refusal) as caught:
        decisions.correct(reading.id, oleg, tuple(map(str, FAR)), WHY, confirmed=True)
    assert (rule(caught), now(reading).state) == ("decision.same", "held")


def test_value_that_is_none_changes_nothing(anna: cast.Person, oleg: int) -> None:
    reading = send(anna, *FAR)
    with pytest.raises(Refusal) as caught:
        decisions.correct(reading.id, oleg, ("644x", "2720"), WHY)
    assert caught.value.problems[0].field == f"meter-{anna.meter.id}-t1"
    assert now(reading).state == "held"


# ---- rejecting


def test_rejected_reading_carries_the_reason_the_customer_sees(anna: cast.Person, oleg: int) -> None:
    reading = send(anna, *FAR)
    decisions.reject(reading.id, oleg, "Похоже,  это показание\nдругого счётчика.")
    assert (now(reading).state, now(reading).reason) == ("rejected", "Похоже, это показание другого счётчика.")
    assert counted() == []
    assert letters() == [("reading_rejected", "anna@example.ru")]


def test_the_one_that_counted_goes_on_counting(anna: cast.Person, oleg: int) -> None:
    send(anna, *cast.USUAL)
    decisions.reject(send(anna, *FAR, key="again").id, oleg, WHY)
    assert counted() == [cast.USUAL]


@pytest.mark.parametrize("reason", ["", "нет", "не то", "— — —", "не то!"])
def test_reason_has_three_words(anna: cast.Person, oleg: int, reason: str) -> None:
    reading = send(anna, *FAR)
    for verb in (decisions.reject, decisions.ask):
        with pytest.raises(Refusal) as caught:
            verb(reading.id, oleg, reason)
        assert rule(caught) == "decision.words"
    assert (now(reading).state, letters()) == ("held", [])


def test_endless_reason_is_refused(anna: cast.Person, oleg: int) -> None:
    with pytest.raises(Refusal) as caught:
        decisions.reject(send(anna, *FAR).id, oleg, "слово " * 200)
    assert rule(caught) == "decision.long"


def test_every_holder_is_told(anna: cast.Person, oleg: int) -> None:
    cast.boris(anna)
    decisions.reject(send(anna, *FAR).id, oleg, WHY)
    told = [to for letter, to in letters() if letter == "reading_rejected"]
    assert told == ["anna@example.ru", "boris@example.ru"]


def test_account_that_nobody_holds_is_told_by_its_own_address(anna: cast.Person, oleg: int) -> None:
    reading = send(anna, *FAR)
    unlink(anna.id, anna.account)
    Account.update(email="home@example.ru").execute()
    decisions.reject(reading.id, oleg, WHY)
    message = Message.get()
    assert message.to == "home@example.ru"
    assert message.secrets["path"].startswith("/r/")
    assert "path" not in message.data


# ---- asking


def test_question_goes_out_and_the_reading_waits_on(anna: cast.Person, oleg: int) -> None:
    reading = send(anna, *FAR)
    decisions.ask(reading.id, oleg, "Какие цифры до запятой?")
    assert now(reading).state == "held"
    assert letters() == [("reading_question", "anna@example.ru")]
    assert decisions.question(reading.id).text == "Какие цифры до запятой?"


def test_same_question_twice_is_one_letter(anna: cast.Person, oleg: int) -> None:
    reading = send(anna, *FAR)
    for _ in range(2):
        decisions.ask(reading.id, oleg, "Какие цифры до запятой?")
    assert (len(letters()), Decision.select().count()) == (1, 1)


def test_nobody_to_ask(anna: cast.Person, oleg: int) -> None:
    reading = send(anna, *FAR)
    unlink(anna.id, anna.account)
    Account.update(phone="+73912000000").execute()
    with pytest.raises(Refusal, match="Позвоните: \\+7"):
        decisions.ask(reading.id, oleg, "Какие цифры до запятой?")


@pytest.mark.parametrize("channel", ["staff", "inspector"])
def test_a_question_whose_answer_would_be_refused_is_not_asked(anna: cast.Person, oleg: int, channel: str) -> None:
    reading = send(anna, *FAR, channel=channel)
    with pytest.raises(Refusal, match="клиент заменить не может"):
        decisions.ask(reading.id, oleg, "Какие цифры до запятой?")
    with pytest.raises(Refusal) as refused:
        send(anna, *cast.USUAL, key="answer")
    assert rule(refused) == "reading.rank" and letters() == []


def test_asked_reading_can_be_decided(anna: cast.Person, oleg: int, irina: int) -> None:
    reading = send(anna, *FAR)
    decisions.ask(reading.id, oleg, "Какие цифры до запятой?")
    decisions.accept(reading.id, irina)
    assert [one.verdict for one in decisions.of_reading(reading=reading.id)] == ["accepted", "asked"]


# ---- once


@pytest.mark.parametrize("channel", ["staff", "inspector"])
def test_whoever_typed_a_reading_does_not_let_it_count(anna: cast.Person, oleg: int, irina: int, channel: str) -> None:
    with audit.acting(f"staff:{oleg}"):
        reading = send(anna, *FAR, channel=channel)
    for decide in (
        lambda: decisions.accept(reading.id, oleg),
        lambda: decisions.correct(reading.id, oleg, ("6440", "2720"), WHY),
    ):
        with pytest.raises(Refusal) as refusal:
            decide()
        assert rule(refusal) == "decision.own" and now(reading).state == "held"
    decisions.accept(reading.id, irina)
    assert counted() == [FAR]


def test_whoever_typed_a_reading_may_reject_it_and_decide_on_others(anna: cast.Person, oleg: int) -> None:
    with audit.acting(f"staff:{oleg}"):
        own = send(anna, *FAR, channel="inspector")
    decisions.reject(own.id, oleg, WHY)
    decisions.accept(send(anna, 64401, 2720, key="another").id, oleg)
    assert counted() == [(64401, 2720)]


def test_second_employee_is_told_who_decided_what(anna: cast.Person, oleg: int, irina: int, at: Any) -> None:
    reading = send(anna, *FAR)
    at("2026-11-20T12:04")
    decisions.reject(reading.id, oleg, WHY)
    for verb in (decisions.accept, lambda *who: decisions.ask(*who, "Какие цифры до запятой?")):
        with pytest.raises(Refusal, match=r"уже разобрано: отклонено, Олег Ветров, 20.ноября.2026, 12:04"):
            verb(reading.id, irina)


def test_same_employee_twice_decides_once(anna: cast.Person, oleg: int) -> None:
    reading = send(anna, *FAR)
    assert decisions.reject(reading.id, oleg, WHY) == decisions.reject(reading.id, oleg, WHY)
    assert (len(letters()), Decision.select().count()) == (1, 1)


def test_what_the_customer_passed_instead_is_told(anna: cast.Person, oleg: int) -> None:
    reading = send(anna, *FAR)
    send(anna, *cast.USUAL, key="right")
    with pytest.raises(Refusal) as caught:
        decisions.accept(reading.id, oleg)
    assert (rule(caught), counted()) == ("decision.gone", [cast.USUAL])


def test_eight_at_once_decide_once(anna: cast.Person) -> None:
    reading = send(anna, *FAR)
    staff = [cast.employee("operator", email=f"o{i}@example.ru").id for i in range(8)]
    done = at_once(
        8, lambda i: decisions.accept(reading.id, staff[i]) if i % 2 else decisions.reject(reading.id, staff[i], WHY)
    )
    made = [one for one in done if isinstance(one, Decision)]
    assert len(made) == 1
    assert all(isinstance(one, Refusal) and "уже разобрано" in one.text for one in done if one not in made), done
    assert now(reading).state == made[0].verdict


def test_customer_and_staff_at_once_leave_one_counted(anna: cast.Person, oleg: int) -> None:
    reading = send(anna, *FAR)
    at_once(2, lambda i: decisions.accept(reading.id, oleg) if i else send(anna, *cast.USUAL, key="right"))
    assert counted() == [cast.USUAL]


def test_two_ends_of_one_reading_do_not_fit_the_table(anna: cast.Person, oleg: int) -> None:
    reading = send(anna, *FAR)
    decisions.accept(reading.id, oleg)
    with pytest.raises(IntegrityError), database.atomic():
        Decision.create(reading=reading, verdict="rejected", by=oleg)


# ---- the queue


def houses(count: int) -> list[cast.Person]:
    """So many held readings, each a minute after the one before."""
    people = []
    for i in range(count):
        account = cast.account(200 + i, last_name=f"Жилец{i}")
        meter = cast.hang(account, f"{i:08}", initial=(100,), installed="2025-10-20")
        for month in range(1, 11):
            cast.read(meter, f"2026-{month:02}-20", 100 + 100 * month)
        people.append(cast.Person(cast.customer(f"c{i}@example.ru", "Некто", account), account, meter))
    return people


@pytest.fixture
def three(db: Database, at: Any) -> list[Reading]:
    found = []
    for i, person in enumerate(houses(3)):
        at(f"2026-11-20T1{i}:00")
        found.append(send(person, 50000))
    return found


def ids(**chosen: str) -> list[int]:
    return [row.id for row in held.queue(Filter(**chosen))]


def test_oldest_comes_first(three: list[Reading]) -> None:
    assert ids() == [one.id for one in three]
    assert held.count() == 3


def test_asked_ones_stand_behind_until_the_customer_answers(three: list[Reading], oleg: int, at: Any) -> None:
    first = three[0]
    decisions.ask(first.id, oleg, "Какие цифры до запятой?")
    assert ids() == [three[1].id, three[2].id, first.id]
    assert ids(waits="client") == [first.id]
    assert ids(waits="us") == [three[1].id, three[2].id]
    at("2026-12-07T10:00")
    cast.read(first.meter, "2026-12-07", 1300)
    assert ids(waits="client") == []
    assert ids()[0] == first.id


def test_filter_by_rule_channel_and_office(three: list[Reading]) -> None:
    rule = three[0].trace["rule"]
    assert ids(rule=rule) == [one.id for one in three]
    assert ids(rule="usage.below_previous") == []
    assert (len(ids(channel="web")), ids(channel="sms"), ids(office="x")) == (3, [], [])
    assert held.choices() == {"rule": [(rule, held.RULES[rule])], "office": [], "channel": [("web", "web")]}


def test_filter_by_office(three: list[Reading]) -> None:
    office = Office.create(code="101", name="Ленинский участок", settlement="г. Красноярск", address="пр. Мира, 1")
    Account.update(office=office).where(Account.id == three[2].account_id).execute()
    assert ids(office="101") == [three[2].id]
    assert held.choices()["office"] == [("101", "Ленинский участок")]


def test_queue_says_who_has_a_reading_open(three: list[Reading], oleg: int) -> None:
    held.take(three[1].id, oleg)
    assert [row.holder for row in held.queue(Filter())] == [None, "Олег Ветров", None]


def test_two_employees_get_different_readings(three: list[Reading], oleg: int, irina: int) -> None:
    assert held.take_next(oleg, Filter()) == three[0].id
    assert held.take_next(irina, Filter()) == three[1].id
    assert held.take_next(oleg, Filter()) == three[0].id


def test_eight_at_once_get_eight_readings(db: Database) -> None:
    for person in houses(8):
        send(person, 50000)
    staff = [cast.employee("operator", email=f"o{i}@example.ru").id for i in range(8)]
    got = at_once(8, lambda i: held.take_next(staff[i], Filter()))
    assert sorted(got) == sorted(ids())


def test_claim_ends_by_itself(three: list[Reading], oleg: int, irina: int, at: Any) -> None:
    at("2026-11-20T15:00")
    held.take(three[0].id, oleg)
    with pytest.raises(Refusal, match="разбирает Олег Ветров, оно занято до 15:10"):
        held.take(three[0].id, irina)
    at("2026-11-20T15:11")
    held.take(three[0].id, irina)
    assert held.mine_until(three[0].id, oleg) is None


def test_reader_without_the_right_to_decide_keeps_nobody_away(three: list[Reading], oleg: int, irina: int) -> None:
    held.take(three[0].id, irina, decides=False)
    assert held.take_next(oleg, Filter()) == three[0].id
    held.take(three[0].id, irina, decides=False)


def test_put_aside_comes_again_after_all_others(three: list[Reading], oleg: int) -> None:
    for one in three:
        assert held.take_next(oleg, Filter()) == one.id
        held.put_aside(one.id, oleg)
    assert held.take_next(oleg, Filter()) is None
    assert held.take_next(oleg, Filter(), again=True) == three[0].id


def test_what_waits_for_the_customer_is_not_next(three: list[Reading], oleg: int) -> None:
    decisions.ask(three[0].id, oleg, "Какие цифры до запятой?")
    assert held.take_next(oleg, Filter()) == three[1].id
    assert held.take_next(oleg, Filter(waits="client")) == three[0].id


def test_after_the_last_there_is_none(three: list[Reading], oleg: int) -> None:
    for one in three:
        decisions.accept(one.id, oleg)
    assert held.take_next(oleg, Filter()) is None


def test_each_opening_is_audited_once(three: list[Reading], oleg: int, at: Any) -> None:
    for _ in range(2):
        held.take(three[0].id, oleg)
    rows = list(AuditRow.select().where(AuditRow.deed == "reading.opened"))
    assert [(row.subject, row.detail["reason"]) for row in rows] == [
        (f"account:{cast.number(200)}", "проверка показания")
    ]
    at("2026-11-20T15:00")
    held.take(three[0].id, oleg)
    assert AuditRow.select().where(AuditRow.deed == "reading.opened").count() == 2
    assert Claim.select().count() == 1


# ---- what is billed


def unwell() -> list[str]:
    return [one for one in doctor.complaints() if not one.startswith("audit")]


def test_accepted_reading_is_billed(anna: cast.Person, oleg: int, at: Any) -> None:
    """1 000 kWh by day at 4,60 and 60 by night at 2,80: much, but so it was."""
    prices.load()
    run.bill("2026-10")
    reading = send(anna, 8320, 2720)
    assert reading.state == "held"
    decisions.accept(reading.id, oleg)
    at("2026-12-03T10:00")
    run.bill("2026-11")
    bill = Bill.get(Bill.account == anna.account, Bill.period == "2026-11")
    assert (bill.volume, bill.basis) == (2060, "reading")
    assert now(reading).state == "billed"
    assert unwell() == []


def test_reading_accepted_after_the_bill_puts_the_estimate_right(anna: cast.Person, oleg: int, at: Any) -> None:
    """November by average, 165 kWh; the held 2 060 kWh are accepted in December and counted for both months."""
    prices.load()
    run.bill("2026-10")
    reading = send(anna, 8320, 2720)
    at("2026-12-03T10:00")
    run.bill("2026-11")
    november = Bill.get(Bill.account == anna.account, Bill.period == "2026-11")
    assert (november.volume, november.basis) == (165, "average")
    decisions.accept(reading.id, oleg)
    at("2027-01-03T10:00")
    run.bill("2026-12")
    december = Bill.get(Bill.account == anna.account, Bill.period == "2026-12")
    assert december.basis == "reading"
    assert november.volume + december.volume == 2060
    assert (december.charged, december.recalculated) == (
        468_400,
        468_400 - november.charged,
    )  # 1 000 and 30 kWh a month
    assert now(reading).state == "billed"
    assert unwell() == []
