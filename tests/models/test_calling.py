"""The contact centre's side: whom to call first, by whom, and how each call ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from peewee import Database

from models import clock
from models.audit import AuditRow
from models.base import Refusal
from models.contact import callback_times, callbacks, calling
from models.contact.appeals.rows import MESSAGE, Appeal, AppealEntry
from models.contact.callbacks import DONE, UNREACHED, WAITING, Callback
from models.contact.calling import CallbackTry
from models.people.staff import Employee
from tests import cast
from tests.calls import agreed
from tests.crowd import at_once


@pytest.fixture
def oleg(db: Database) -> Employee:
    return cast.employee("operator", name="Олег")


@pytest.fixture
def marta(db: Database) -> Employee:
    return cast.employee("administrator", name="Марта")


def ask(last: int = 23, when: str = callback_times.ASAP, **given: object) -> Callback:
    return callbacks.request(f"+791355501{last:02d}", "charges", when, consent_shown=agreed(), **given)  # type: ignore[arg-type]


def again(made: Callback) -> Callback:
    found: Callback = Callback.get_by_id(made.id)
    return found


def rule(refused: pytest.ExceptionInfo[Refusal]) -> str:
    return refused.value.problems[0].rule


def test_the_list_is_by_the_time_that_was_wished_for(oleg: Employee, at: Callable[[str], datetime]) -> None:
    late = ask(1)
    evening = next(one.code for one in callbacks.times() if "17:00-21:00" in one.code)
    later = ask(2, evening)
    at("2026-11-20T11:30")
    now = ask(3)
    queue = calling.queue()
    assert [[one.id for one in part] for part in (queue.late, queue.now, queue.later)] == [
        [late.id],
        [now.id],
        [later.id],
    ]


def test_the_queue_says_who_calls_and_whose_account_it_is(oleg: Employee) -> None:
    anna = cast.anna(history=False)
    made = ask(customer_id=anna.id, account_id=anna.account.id)
    calling.take(made.id, oleg.id)
    (row,) = calling.queue().now
    assert (row.owner_name, row.account_number) == ("Олег", anna.account.number)


def test_taken_by_one_and_free_again_after_half_an_hour(
    oleg: Employee, marta: Employee, at: Callable[[str], datetime]
) -> None:
    made = ask()
    calling.take(made.id, oleg.id)
    with pytest.raises(Refusal) as refused:
        calling.take(made.id, marta.id)
    assert rule(refused) == "callback.taken" and "Олег" in refused.value.text
    at("2026-11-20T10:31")
    calling.take(made.id, marta.id)
    assert calling.is_mine(again(made), marta.id) and not calling.is_mine(again(made), oleg.id)


def test_the_phone_being_seen_is_audited_once_a_taking(oleg: Employee) -> None:
    made = ask()
    calling.take(made.id, oleg.id)
    calling.take(made.id, oleg.id)
    assert AuditRow.select().where(AuditRow.deed == "callback.taken").count() == 1


def test_next_is_whoever_waits_longest_and_nobody_has(
    oleg: Employee, marta: Employee, at: Callable[[str], datetime]
) -> None:
    first = ask(1)
    at("2026-11-20T10:05")
    second = ask(2)
    assert calling.take_next(oleg.id) == first.id
    assert calling.take_next(marta.id) == second.id
    assert calling.take_next(cast.employee("operator", email="third@example.ru").id) is None


def test_two_who_take_the_next_at_once_get_different_ones(oleg: Employee, marta: Employee) -> None:
    ask(1)
    ask(2)
    taken = at_once(2, lambda i: calling.take_next((oleg, marta)[i].id))
    assert len(set(taken)) == 2 and None not in taken, taken


def test_an_answer_closes_it_with_words(oleg: Employee) -> None:
    made = ask()
    calling.take(made.id, oleg.id)
    with pytest.raises(Refusal) as refused:
        calling.note(made.id, oleg.id, calling.ANSWERED, "  ")
    assert rule(refused) == "callback.text"
    assert calling.note(made.id, oleg.id, calling.ANSWERED, "Объяснили счёт.").state == DONE
    (row,) = calling.tries(again(made))
    assert (row.outcome, row.text, row.caller) == (calling.ANSWERED, "Объяснили счёт.", "Олег")
    assert calling.queue().count == 0 and calling.past()[0].id == made.id


def test_three_calls_in_vain_close_it_as_not_reached(oleg: Employee, at: Callable[[str], datetime]) -> None:
    made = ask()
    for minute, outcome, state, due in (
        ("10:00", calling.NO_ANSWER, WAITING, "10:30"),
        ("10:30", calling.BUSY, WAITING, "10:40"),
        ("10:40", calling.NO_ANSWER, UNREACHED, ""),
    ):
        at(f"2026-11-20T{minute}")
        calling.take(made.id, oleg.id)
        after = calling.note(made.id, oleg.id, outcome)
        assert after.state == state and after.owner_id is None
        if due:
            assert f"{clock.local(after.due_at):%H:%M}" == due
    assert again(made).tries == 3 and CallbackTry.select().count() == 3


def test_a_try_late_in_the_evening_is_repeated_on_the_next_day_of_work(
    oleg: Employee, at: Callable[[str], datetime]
) -> None:
    made = ask()
    at("2026-11-20T20:50")
    calling.take(made.id, oleg.id)
    after = calling.note(made.id, oleg.id, calling.NO_ANSWER)
    assert clock.local(after.due_at) == datetime(2026, 11, 23, 8)


def test_a_wrong_number_is_called_no_more(oleg: Employee) -> None:
    made = ask()
    calling.take(made.id, oleg.id)
    assert calling.note(made.id, oleg.id, calling.WRONG).state == UNREACHED


def test_called_later_when_they_asked_for_it(oleg: Employee) -> None:
    made = ask()
    calling.take(made.id, oleg.id)
    wanted = clock.utc(datetime(2026, 11, 23, 14, 30))
    after = calling.note(made.id, oleg.id, calling.LATER, "После обеда", again=wanted)
    assert (after.state, after.due_at, after.tries) == (WAITING, wanted, 0)
    assert after.time_title.replace("\u00a0", " ") == "в понедельник, 23 ноября с 14:30 до 15:30"
    assert [one.id for one in calling.queue().later] == [made.id]


@pytest.mark.parametrize("wall", ["", "2026-11-20T09:00", "2026-11-21T10:00", "2026-11-20T22:00", "2026-12-20T10:00"])
def test_later_is_in_the_hours_of_the_next_two_weeks(oleg: Employee, wall: str) -> None:
    made = ask()
    calling.take(made.id, oleg.id)
    with pytest.raises(Refusal) as refused:
        calling.note(made.id, oleg.id, calling.LATER, again=clock.utc(datetime.fromisoformat(wall)) if wall else None)
    assert rule(refused) == "callback.again" and not CallbackTry.select().exists()


def test_whoever_has_not_taken_it_writes_nothing_down(
    oleg: Employee, marta: Employee, at: Callable[[str], datetime]
) -> None:
    made = ask()
    with pytest.raises(Refusal) as refused:
        calling.note(made.id, oleg.id, calling.BUSY)
    assert rule(refused) == "callback.gone"
    calling.take(made.id, oleg.id)
    with pytest.raises(Refusal) as refused:
        calling.note(made.id, marta.id, calling.BUSY)
    assert rule(refused) == "callback.taken"
    at("2026-11-20T10:31")
    calling.take(made.id, marta.id)
    with pytest.raises(Refusal) as refused:
        calling.note(made.id, oleg.id, calling.BUSY)
    assert rule(refused) == "callback.taken"


def test_a_call_may_last_as_long_as_nobody_else_takes_it(oleg: Employee, at: Callable[[str], datetime]) -> None:
    made = ask()
    calling.take(made.id, oleg.id)
    at("2026-11-20T11:40")
    assert calling.is_mine(again(made), oleg.id)
    assert calling.note(made.id, oleg.id, calling.ANSWERED, "Долгий разговор.").state == DONE


def test_taken_anew_after_the_lease_is_audited_anew(oleg: Employee, at: Callable[[str], datetime]) -> None:
    made = ask()
    calling.take(made.id, oleg.id)
    at("2026-11-20T10:40")
    calling.take(made.id, oleg.id)
    assert AuditRow.select().where(AuditRow.deed == "callback.taken").count() == 2


def test_what_is_tried_again_is_not_late_at_once(oleg: Employee, at: Callable[[str], datetime]) -> None:
    made = ask()
    at("2026-11-20T10:50")
    calling.take(made.id, oleg.id)
    calling.note(made.id, oleg.id, calling.NO_ANSWER)
    at("2026-11-20T11:25")
    assert [one.id for one in calling.queue().now] == [made.id]
    at("2026-11-20T12:30")
    assert [one.id for one in calling.queue().late] == [made.id]


def test_two_answers_at_once_make_one_row(oleg: Employee) -> None:
    made = ask()
    calling.take(made.id, oleg.id)
    done = at_once(4, lambda _: calling.note(made.id, oleg.id, calling.ANSWERED, "Готово."))
    assert sum(isinstance(one, Callback) for one in done) == 1 and CallbackTry.select().count() == 1, done


def test_an_appeal_is_registered_from_the_call_of_a_customer(oleg: Employee) -> None:
    anna = cast.anna(history=False)
    made = ask(customer_id=anna.id, account_id=anna.account.id)
    calling.take(made.id, oleg.id)
    after = calling.register_appeal(made.id, oleg.id, "charges", "Просит пересчитать октябрь.")
    appeal = Appeal.get()
    assert (appeal.customer_id, appeal.account_id, appeal.channel) == (anna.id, anna.account.id, "call")
    said = AppealEntry.get(AppealEntry.appeal == appeal.id, AppealEntry.kind == MESSAGE).text
    assert said == "Записано по телефону, оператор Олег. Просит пересчитать октябрь."
    assert after.state == DONE and calling.appeal_number(after) == appeal.number


def test_no_appeal_is_registered_for_a_guest_or_without_words(oleg: Employee) -> None:
    made, anna = ask(1), cast.anna(history=False)
    calling.take(made.id, oleg.id)
    with pytest.raises(Refusal) as refused:
        calling.register_appeal(made.id, oleg.id, "charges", "Просит пересчитать.")
    assert rule(refused) == "callback.guest"
    own = ask(2, customer_id=anna.id)
    calling.take(own.id, oleg.id)
    with pytest.raises(Refusal):
        calling.register_appeal(own.id, oleg.id, "charges", " ")
    assert not Appeal.select().exists() and again(own).state == WAITING


def test_an_account_that_was_unlinked_meanwhile_is_left_out_of_the_appeal(oleg: Employee) -> None:
    from models.metering.accounts import unlink

    anna = cast.anna(history=False)
    made = ask(customer_id=anna.id, account_id=anna.account.id)
    unlink(anna.id, anna.account)
    calling.take(made.id, oleg.id)
    calling.register_appeal(made.id, oleg.id, "charges", "Вопрос о счёте.")
    assert Appeal.get().account_id is None
