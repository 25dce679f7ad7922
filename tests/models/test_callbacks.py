"""Asking for a call: one open request a phone, three a day, the form's key, calling it off, forgetting."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from peewee import Database

from models import audit, clock
from models.audit import AuditRow
from models.base import Refusal
from models.contact import callback_times, callbacks, calling
from models.contact.callbacks import CANCELLED, DONE, JOINED, WAITING, Callback
from tests import cast
from tests.calls import agreed
from tests.crowd import at_once

PHONE = "8 (913) 555-01-23"


def ask(phone: str = PHONE, **given: object) -> Callback:
    usual: dict[str, object] = {"topic": "charges", "when": callback_times.ASAP, "consent_shown": agreed()}
    return callbacks.request(phone, **{**usual, **given})  # type: ignore[arg-type]


def rules(refused: pytest.ExceptionInfo[Refusal]) -> set[str]:
    return {problem.rule for problem in refused.value.problems}


def test_a_request_has_a_number_a_time_and_an_audit_row(db: Database) -> None:
    made = ask(name="  Анна   Сергеевна ", page="/about/contacts")
    assert made.phone == "+79135550123" and made.name == "Анна Сергеевна" and made.state == WAITING
    assert made.begins_at == made.due_at == clock.now() and made.ends_at == clock.now() + timedelta(hours=1)
    assert callbacks.by_number(made.number).id == made.id  # type: ignore[union-attr]
    row = AuditRow.get(AuditRow.deed == "callback.requested")
    assert row.subject == made.subject and "913" not in str(row.detail)


def test_the_time_that_was_wished_for_is_kept(db: Database) -> None:
    evening = next(one for one in callbacks.times() if "17:00-21:00" in one.code)
    made = ask(when=evening.code)
    assert clock.local(made.begins_at) == datetime(2026, 11, 20, 17) and clock.local(made.ends_at) == datetime(
        2026, 11, 20, 21
    )


def test_all_that_is_wrong_is_told_at_once(db: Database) -> None:
    with pytest.raises(Refusal) as refused:
        ask("12", topic="weather", when="2026-11-21/08:00-12:00", name="x" * 101)
    assert rules(refused) == {"phone.shape", "callback.topic", "callback.when", "callback.name"}
    assert not Callback.select().exists()


def test_who_joins_with_an_earlier_time_is_called_by_it(db: Database, at: Callable[[str], datetime]) -> None:
    evening = next(one for one in callbacks.times() if "17:00-21:00" in one.code)
    first = ask(when=evening.code)
    sooner = ask(topic="meter")
    assert [one.id for one in calling.queue().now] == [first.id]
    after = Callback.get_by_id(first.id)
    assert after.due_at == sooner.begins_at and after.time_title == first.time_title
    at("2026-11-20T11:30")
    assert [one.id for one in calling.queue().late] == [first.id]


def test_strangers_do_not_use_up_the_day_of_a_customers_own_phone(db: Database) -> None:
    anna = cast.anna(history=False)
    for _ in range(3):
        ask(anna.customer.phone)
    with pytest.raises(Refusal):
        ask(anna.customer.phone, name="Четвёртый")
    for topic in ("charges", "meter", "other"):
        assert ask(anna.customer.phone, customer_id=anna.id, topic=topic).is_open
    with pytest.raises(Refusal):
        ask(anna.customer.phone, customer_id=anna.id, name="Анна")


@pytest.mark.parametrize("shown", ["", "1999-01", "x" * 500])
def test_a_guest_is_called_with_a_consent_alone_and_its_version_is_kept(db: Database, shown: str) -> None:
    with pytest.raises(Refusal) as refused:
        ask(consent_shown=shown)
    assert rules(refused) == {"consent.missing"}
    assert ask().consent == agreed()
    anna = cast.anna(history=False)
    assert ask("+79135550124", consent_shown=shown, customer_id=anna.id).consent == ""


def test_a_form_that_is_empty_tells_all_that_is_wanted(db: Database) -> None:
    with pytest.raises(Refusal) as refused:
        ask(" ", topic="", when="", consent_shown="")
    assert rules(refused) == {"consent.missing", "callback.phone", "callback.topic", "callback.when"}


def test_a_time_that_has_passed_since_the_page_opened_is_refused(db: Database, at: Callable[[str], datetime]) -> None:
    morning = next(one for one in callbacks.times() if "08:00-12:00" in one.code)
    at("2026-11-20T12:30")
    with pytest.raises(Refusal) as refused:
        ask(when=morning.code)
    assert rules(refused) == {"callback.when"}


def test_somebody_elses_account_is_refused(db: Database) -> None:
    anna, vera = cast.anna(history=False), cast.vera()
    assert ask(account_id=anna.account.id, customer_id=anna.id).account_id == anna.account.id
    for customer_id in (vera.id, None):
        with pytest.raises(Refusal) as refused:
            ask("+79135550999", account_id=anna.account.id, customer_id=customer_id)
        assert rules(refused) == {"callback.account"}


def test_who_asks_for_a_phone_that_waits_is_called_by_the_same_call(db: Database) -> None:
    anna, oleg = cast.anna(history=False), cast.employee("operator")
    first = ask(topic="meter", key="a")
    own = ask("+7 913 555 01 23", name="Анна", customer_id=anna.id, account_id=anna.account.id, key="b")
    assert (own.state, own.joins_id, own.account_id, own.topic) == (JOINED, first.id, anna.account.id, "charges")
    assert own.is_open and [one.id for one in callbacks.of_customer(anna.id)] == [own.id]
    assert [one.id for one in calling.queue().now] == [first.id] and calling.joined(first) == [own]
    calling.take(first.id, oleg.id)
    calling.note(first.id, oleg.id, calling.BUSY)
    assert Callback.get_by_id(own.id).state == JOINED
    calling.take(first.id, oleg.id)
    calling.note(first.id, oleg.id, calling.ANSWERED, "Объяснили.")
    assert {one.state for one in Callback.select()} == {DONE} and calling.queue().count == 0


def test_what_joined_a_request_that_is_called_off_waits_by_itself(db: Database) -> None:
    first, second, third = ask(), ask(topic="meter"), ask(name="Анна")
    callbacks.cancel(first.id)
    assert [(one.state, one.joins_id) for one in Callback.select().order_by(Callback.id)] == [
        (CANCELLED, None),
        (WAITING, None),
        (JOINED, second.id),
    ]
    callbacks.cancel(third.id)
    assert [one.id for one in calling.queue().now] == [second.id] and calling.joined(second)[0].state == CANCELLED


def test_a_cabinet_that_closes_leaves_the_other_requests_of_its_phone(db: Database) -> None:
    anna = cast.anna(history=False)
    ask(customer_id=anna.id)
    guests = ask(name="Пётр")
    callbacks.wipe(anna.id)
    assert (Callback.get_by_id(guests.id).state, [one.id for one in calling.queue().now]) == (WAITING, [guests.id])


def test_the_same_form_with_other_words_is_another_request(db: Database) -> None:
    first = ask(key="a")
    assert ask(key="a").id == first.id and ask("8 913 555 01 23", key="a").id == first.id
    for given in ({"phone": "+79135550124"}, {"topic": "meter"}, {"name": "Анна"}):
        assert ask(key="a", **given).id != first.id  # type: ignore[arg-type]


def test_the_same_form_gives_the_same_request_even_when_it_is_over(db: Database) -> None:
    first = ask(key="a")
    callbacks.cancel(first.id)
    assert ask(key="a").id == first.id


def test_twenty_at_once_make_one_call_and_three_requests(db: Database) -> None:
    done = at_once(20, lambda i: ask(key=f"form-{i}").id)
    assert sum(isinstance(one, Refusal) for one in done) == 17, done
    assert sorted(one.state for one in Callback.select()) == [JOINED, JOINED, WAITING] and calling.queue().count == 1


def test_one_form_twenty_times_at_once_is_one_request(db: Database) -> None:
    done = at_once(20, lambda _: ask(key="a").id)
    assert len(set(done)) == 1 and Callback.select().count() == 1, done


def test_a_phone_is_asked_for_three_times_a_day(db: Database, at: Callable[[str], datetime]) -> None:
    for _ in range(3):
        callbacks.cancel(ask().id)
    with pytest.raises(Refusal) as refused:
        ask()
    assert rules(refused) == {"callback.day"}
    at("2026-11-21T10:01")
    assert ask().state == WAITING


def test_an_address_asks_for_ten_an_hour_and_learns_of_no_more_phones(db: Database) -> None:
    with audit.acting("guest", "203.0.113.7"):
        for last in range(10):
            ask(f"+7913555010{last}")
        for phone in ("+79135550199", "+79135550100"):
            with pytest.raises(Refusal) as refused:
                ask(phone)
            assert rules(refused) == {"limit.callback.address"}


def test_a_request_is_called_off_once_and_not_while_somebody_calls(db: Database) -> None:
    made, oleg = ask(), cast.employee("operator")
    calling.take(made.id, oleg.id)
    with pytest.raises(Refusal) as refused:
        callbacks.cancel(made.id)
    assert rules(refused) == {"callback.taken"}
    calling.let_go(made.id, oleg.id)
    callbacks.cancel(made.id)
    callbacks.cancel(made.id)
    assert Callback.get_by_id(made.id).state == CANCELLED
    assert AuditRow.select().where(AuditRow.deed == "callback.cancelled").count() == 1


def test_guests_requests_are_found_by_id_customers_by_whose_they_are(db: Database) -> None:
    anna = cast.anna(history=False)
    own, guests = ask(customer_id=anna.id), ask("+79135550124")
    Callback.update(created_at=clock.now() - timedelta(days=1)).where(Callback.id == guests.id).execute()
    newer = ask("+79135550125")
    assert [one.id for one in callbacks.of_ids([guests.id, newer.id])] == [newer.id, guests.id]
    assert [one.id for one in callbacks.of_customer(anna.id)] == [own.id]
    assert [one.id for one in callbacks.of_ids([own.id, guests.id])] == [guests.id]


def test_a_number_that_is_guessed_wrong_finds_nothing(db: Database) -> None:
    made = ask()
    for typed in ("", "2610-000001", f"2611-{made.id + 1:06d}", "x" * 50):
        assert callbacks.by_number(typed) is None


def test_phones_are_forgotten_ninety_days_after_the_call(db: Database, at: Callable[[str], datetime]) -> None:
    over, waits = ask(name="Анна"), ask("+79135550124")
    callbacks.cancel(over.id)
    at("2027-02-17T10:00")
    assert callbacks.forget() == 0
    at("2027-02-19T10:00")
    assert callbacks.forget() == 1 and callbacks.forget() == 0
    assert Callback.get_by_id(over.id).phone == "" and Callback.get_by_id(waits.id).phone


def test_a_cabinet_that_closes_leaves_no_phone_and_no_open_request(db: Database) -> None:
    anna = cast.anna(history=False)
    made, other = ask(customer_id=anna.id), ask("+79135550124")
    assert callbacks.wipe(anna.id) == 1
    after = Callback.get_by_id(made.id)
    assert (after.phone, after.name, after.state) == ("", "", CANCELLED)
    assert Callback.get_by_id(other.id).state == WAITING
