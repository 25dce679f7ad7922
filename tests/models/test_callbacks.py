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
from models.contact.callbacks import CANCELLED, WAITING, Callback
from tests import cast
from tests.crowd import at_once

PHONE = "8 (913) 555-01-23"


def ask(phone: str = PHONE, **given: object) -> Callback:
    usual: dict[str, object] = {"topic": "charges", "when": callback_times.ASAP}
    return callbacks.request(phone, **{**usual, **given})  # type: ignore[arg-type]


def rules(refused: pytest.ExceptionInfo[Refusal]) -> set[str]:
    return {problem.rule for problem in refused.value.problems}


@pytest.mark.feature("S38")
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


def test_a_phone_that_waits_is_not_asked_for_twice(db: Database) -> None:
    first = ask(key="a")
    assert ask("+7 913 555 01 23", topic="meter", key="b").id == first.id
    assert ask(key="a").id == first.id
    assert Callback.select().count() == 1


def test_the_same_form_gives_the_same_request_even_when_it_is_over(db: Database) -> None:
    first = ask(key="a")
    callbacks.cancel(first.id)
    assert ask(key="a").id == first.id


def test_twenty_at_once_make_one_request(db: Database) -> None:
    done = at_once(20, lambda i: ask(key=f"form-{i}").id)
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
