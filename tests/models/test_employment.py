"""Taking people on, changing their role, ending their access."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from models import base
from models.audit import AuditRow
from models.base import Refusal
from models.outbox import Message
from models.people import employment, passwords, second_factor, staff_sessions, staff_sign_in
from models.people.staff import Employee
from tests import cast

NEW = "три-коня-в-поле"


def test_who_is_taken_on_chooses_a_password_by_a_link_that_works_once(db: Any) -> None:
    employee, secret = employment.add(" Anya@Example.ru ", "clerk", "  Аня   Ёж ")
    assert (employee.email, employee.name, employee.role) == ("anya@example.ru", "Аня Ёж", "clerk")
    assert Message.get(Message.to == "anya@example.ru").secrets["token"] == secret
    employment.choose_password(secret, NEW, NEW)
    assert passwords.verify(Employee.by_email("anya@example.ru").password_hash, NEW)
    assert employment.invited(secret) is None
    with pytest.raises(Refusal, match="устарела"):
        employment.choose_password(secret, NEW + "2", NEW + "2")


def test_the_link_ends_after_three_days(db: Any, at: Any) -> None:
    _, secret = employment.add("anya@example.ru", "clerk", "Аня")
    at("2026-11-23T10:01")
    assert employment.invited(secret) is None


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (("не почта", "clerk", "Аня"), "email"),
        (("clerk@example.ru", "clerk", "Аня"), "email"),
        (("anya@example.ru", "director", "Аня"), "role"),
        (("anya@example.ru", "clerk", "  "), "name"),
    ],
    ids=["no address", "known", "no role", "no name"],
)
def test_what_is_refused_of_a_new_employee(db: Any, given: tuple[str, str, str], field: str) -> None:
    cast.employee("clerk")
    with pytest.raises(Refusal) as refusal:
        employment.add(*given)
    assert refusal.value.problems[0].field == field
    assert Employee.select().count() == 1


def test_a_new_role_holds_from_the_next_click(db: Any) -> None:
    employee = cast.employee("clerk")
    secret = staff_sessions.begin(employee, "")
    employment.change(employee.id, "operator", "Галина", "")
    assert staff_sessions.find(secret).role == "operator"
    row = AuditRow.get(AuditRow.deed == "staff.changed")
    assert row.detail["was"]["role"] == "clerk" and row.detail["now"]["role"] == "operator"


def test_closing_ends_sessions_and_links_at_once(db: Any) -> None:
    employee = cast.employee("clerk")
    secret = staff_sessions.begin(employee, "")
    pending = staff_sign_in.enter(employee.email, cast.PASSWORD)
    employment.close(employee.id)
    assert staff_sessions.find(secret) is None
    assert staff_sign_in.waiting(pending) is None
    with pytest.raises(Refusal, match="Неверная"):
        staff_sign_in.enter(employee.email, cast.PASSWORD)


def test_after_a_reset_neither_password_nor_factor_nor_session_is_left(db: Any) -> None:
    employee = cast.employee("clerk")
    session = staff_sessions.begin(employee, "")
    second_factor.new_codes(employee)
    secret = employment.reset(employee.id)
    fresh = Employee.get_by_id(employee.id)
    assert (fresh.password_hash, fresh.factor_seed, fresh.factor_since) == ("", "", None)
    assert staff_sessions.find(session) is None
    assert employment.invited(secret) == fresh


def test_who_comes_back_begins_anew(db: Any) -> None:
    employee = cast.employee("clerk")
    employment.close(employee.id)
    with pytest.raises(Refusal, match="сначала откройте"):
        employment.reset(employee.id)
    employment.choose_password(employment.reopen(employee.id), NEW, NEW)
    assert Employee.get_by_id(employee.id).is_open


def test_the_present_password_is_not_guessed_without_end(db: Any) -> None:
    employee = cast.employee("clerk")
    for _ in range(employment.TRIES):
        with pytest.raises(Refusal, match="неверен"):
            employment.change_password(employee.id, "не тот", NEW, NEW, 0)
    with pytest.raises(Refusal) as refusal:
        employment.change_password(employee.id, cast.PASSWORD, NEW, NEW, 0)
    assert refusal.value.problems[0].rule == "limit.staff.present_password"


def test_who_approves_money_is_let_in_by_no_one_alone(db: Any) -> None:
    irina, marta = (cast.employee("administrator", email=f"{name}@example.ru") for name in ("irina", "marta"))
    clerk = cast.employee("clerk")
    employment.close(marta.id)
    for deed in (
        lambda: employment.add("second@example.ru", "administrator", "Вторая", by=irina.id),
        lambda: employment.change(clerk.id, "administrator", "Галина", "", by=irina.id),
        lambda: employment.reopen(marta.id, by=irina.id),
        lambda: employment.reset(irina.id, by=irina.id),
    ):
        with pytest.raises(Refusal) as refusal:
            deed()
        assert refusal.value.problems[0].rule == employment.NEEDS_TWO
    assert [one.role for one in Employee.select().where(Employee.closed_at.is_null()).order_by(Employee.id)] == [
        "administrator",
        "clerk",
    ]


def test_nobody_changes_or_closes_themselves(db: Any) -> None:
    one = cast.employee("administrator")
    cast.employee("administrator", email="marta@example.ru")
    for deed in (
        lambda: employment.change(one.id, "clerk", "Ирина", "", by=one.id),
        lambda: employment.close(one.id, by=one.id),
    ):
        with pytest.raises(Refusal, match="другой администратор"):
            deed()


def test_the_last_administrator_stays(db: Any) -> None:
    last = cast.employee("administrator")
    for deed in (lambda: employment.change(last.id, "clerk", "Ирина", ""), lambda: employment.close(last.id)):
        with pytest.raises(Refusal, match="последний администратор"):
            deed()
    assert Employee.get_by_id(last.id).is_open


def test_two_administrators_who_close_each_other_at_once_leave_one(db: Any) -> None:
    two = [cast.employee("administrator", email=f"{name}@example.ru") for name in ("irina", "marta")]
    begin, refused = threading.Barrier(2), []

    def close(one: Employee) -> None:
        with base.connection():
            begin.wait()
            try:
                employment.close(one.id)
            except Refusal as refusal:
                refused.append(refusal.text)

    threads = [threading.Thread(target=close, args=(one,)) for one in two]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert Employee.select().where(Employee.closed_at.is_null()).count() == 1


def test_the_present_password_cannot_be_guessed_from_an_open_session(db: Any) -> None:
    clerk = cast.employee("clerk")
    session_id = staff_sessions.find(staff_sessions.begin(clerk, "")).id
    for _ in range(employment.TRIES):
        with pytest.raises(Refusal, match="неверен"):
            employment.change_password(clerk.id, "не тот", NEW, NEW, session_id)
    with pytest.raises(Refusal) as refusal:
        employment.change_password(clerk.id, cast.PASSWORD, NEW, NEW, session_id)
    assert refusal.value.problems[0].rule == "limit.staff.present_password"
    assert passwords.verify(Employee.get_by_id(clerk.id).password_hash, cast.PASSWORD)


def test_a_password_is_not_set_over_a_reset_that_came_in_between(db: Any) -> None:
    seen = cast.employee("clerk")
    employment.reset(seen.id)
    with pytest.raises(Refusal, match="изменили"):
        employment.set_password(seen, NEW, NEW)
    assert Employee.get_by_id(seen.id).password_hash == ""


def test_what_was_not_changed_is_not_in_the_log(db: Any) -> None:
    clerk = cast.employee("clerk", name="Галина")
    employment.change(clerk.id, "clerk", " Галина ", "")
    assert AuditRow.select().where(AuditRow.deed == "staff.changed").count() == 0
