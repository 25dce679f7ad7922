"""Sign-in of the staff and their sessions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from models import audit, clock
from models.audit import AuditRow
from models.base import Refusal
from models.people import employment, second_factor, staff_sessions, staff_sign_in
from models.people.staff import Employee
from models.people.staff_sessions import StaffSession
from tests import cast


@pytest.fixture
def galina(db: Any) -> Employee:
    return cast.employee("clerk", email="galina@example.ru")


def test_the_password_alone_opens_nothing_but_the_second_step(galina: Employee) -> None:
    pending = staff_sign_in.enter(" Galina@Example.ru ", cast.PASSWORD)
    assert staff_sign_in.waiting(pending) == galina
    assert StaffSession.select().count() == 0
    staff_sign_in.finish(pending)
    assert staff_sign_in.waiting(pending) is None
    with pytest.raises(Refusal, match="Начните сначала"):
        staff_sign_in.finish(pending)


def test_the_second_step_has_ten_minutes(galina: Employee, at: Any) -> None:
    pending = staff_sign_in.enter(galina.email, cast.PASSWORD)
    at("2026-11-20T10:11")
    assert staff_sign_in.waiting(pending) is None


def test_a_change_of_password_ends_a_sign_in_that_waits_for_its_code(galina: Employee) -> None:
    pending = staff_sign_in.enter(galina.email, cast.PASSWORD)
    employment.set_password(galina, "совсем-другой-пароль", "совсем-другой-пароль")
    assert staff_sign_in.waiting(pending) is None


def test_each_sign_in_enrols_with_a_secret_of_its_own(galina: Employee) -> None:
    Employee.update(factor_seed="", factor_since=None).execute()
    looked_at, own = (staff_sign_in.waiting(staff_sign_in.enter(galina.email, cast.PASSWORD)) for _ in range(2))
    assert looked_at and own and second_factor.secret(looked_at) != second_factor.secret(own)


def test_a_wrong_password_is_noted_once_a_while_and_only_for_an_employee(galina: Employee) -> None:
    for login in (galina.email, galina.email, "nobody@example.ru"):
        with pytest.raises(Refusal):
            staff_sign_in.enter(login, "не тот пароль")
    assert [row.subject for row in AuditRow.select().where(AuditRow.deed == "staff.sign_in_failed")] == [galina.subject]


@pytest.mark.parametrize("login", ["galina@example.ru", "nobody@example.ru", "", "\0", "x" * 5000])
def test_a_wrong_password_and_an_unknown_log_in_have_one_answer(galina: Employee, login: str) -> None:
    with pytest.raises(Refusal) as refusal:
        staff_sign_in.enter(login, "не тот пароль")
    assert refusal.value.text == "Неверная почта или пароль."


def test_a_sign_in_that_was_half_done_ends_with_the_password(galina: Employee) -> None:
    pending = staff_sign_in.enter(galina.email, cast.PASSWORD)
    employment.change_password(galina.id, cast.PASSWORD, "три-коня-в-поле", "три-коня-в-поле", 0)
    assert staff_sign_in.waiting(pending) is None


def test_a_customers_password_is_no_employees(galina: Employee) -> None:
    cast.customer("anna@example.ru", "Анна")
    with pytest.raises(Refusal):
        staff_sign_in.enter("anna@example.ru", cast.PASSWORD)


def test_who_has_not_chosen_a_password_yet_cannot_come_in_with_none(db: Any) -> None:
    employment.add("anya@example.ru", "clerk", "Аня")
    for password in ("", " ", "!"):
        with pytest.raises(Refusal):
            staff_sign_in.enter("anya@example.ru", password)


def test_a_guesser_is_slowed_and_does_not_lock_the_owner_out(galina: Employee) -> None:
    with audit.acting("guest", "203.0.113.7"):
        for _ in range(staff_sign_in.TRIES):
            with pytest.raises(Refusal, match="Неверная"):
                staff_sign_in.enter(galina.email, "не тот")
        with pytest.raises(Refusal, match="Подождите"):
            staff_sign_in.enter(galina.email, cast.PASSWORD)
    with audit.acting("guest", "198.51.100.4"):
        assert staff_sign_in.enter(galina.email, cast.PASSWORD)


def test_who_knows_the_password_may_come_in_as_often_as_they_like(galina: Employee) -> None:
    with audit.acting("guest", "203.0.113.7"):
        for _ in range(staff_sign_in.TRIES * 2):
            assert staff_sign_in.enter(galina.email, cast.PASSWORD)


def test_a_session_ends_after_an_idle_hour_and_after_a_working_day(galina: Employee, at: Any) -> None:
    secret = staff_sessions.begin(galina, "Chrome")
    begun = clock.now()
    while clock.now() < begun + staff_sessions.LIVES - timedelta(minutes=50):
        at(clock.local(clock.now() + timedelta(minutes=50)).isoformat())
        assert staff_sessions.find(secret) is not None
    at(clock.local(clock.now() + timedelta(minutes=50)).isoformat())
    assert staff_sessions.find(secret) is None
    idle = staff_sessions.begin(galina, "")
    at(clock.local(clock.now() + timedelta(minutes=61)).isoformat())
    assert staff_sessions.find(idle) is None


def test_a_session_is_not_begun_with_a_password_that_was_changed_meanwhile(galina: Employee) -> None:
    seen = Employee.get_by_id(galina.id)
    employment.set_password(galina, "совсем-другой-пароль", "совсем-другой-пароль")
    with pytest.raises(Refusal, match="только что"):
        staff_sessions.begin(seen, "")


def test_sessions_are_ended_one_by_one_and_all_at_once(galina: Employee) -> None:
    one, two, three = (staff_sessions.begin(galina, "") for _ in range(3))
    other = cast.employee("operator")
    staff_sessions.end(staff_sessions.find(one).id, other.id)
    assert staff_sessions.find(one) is not None
    staff_sessions.end(staff_sessions.find(one).id, galina.id)
    assert staff_sessions.find(one) is None
    assert staff_sessions.end_all(galina.id, but=staff_sessions.find(three).id) == 1
    assert staff_sessions.find(two) is None and staff_sessions.find(three) is not None
    assert AuditRow.select().where(AuditRow.deed == "staff.session_ended").count() == 1


def test_the_table_holds_no_secret(galina: Employee) -> None:
    secret = staff_sessions.begin(galina, "")
    assert secret not in repr(list(StaffSession.select().tuples()))
