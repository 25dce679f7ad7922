"""The second factor: codes of an authenticator, each once; recovery codes; a changed secret of the portal."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from models import audit, base, clock, seal
from models.audit import AuditRow
from models.base import Refusal
from models.outbox import Message
from models.people import second_factor
from models.people.second_factor import RecoveryCode
from models.people.staff import Employee
from tests import cast


@pytest.fixture
def employee(db: Any) -> Employee:
    return cast.employee("clerk")


def telephone(employee: Employee) -> pyotp.TOTP:
    """An authenticator that was shown the QR code."""
    return pyotp.TOTP(parse_qs(urlsplit(second_factor.address(employee)).query)["secret"][0])


def code(employee: Employee, later: int = 0) -> str:
    return telephone(employee).at(clock.real_seconds() + later)


def test_a_telephone_that_read_the_picture_makes_the_right_codes(employee: Employee) -> None:
    second_factor.check(employee, code(employee))
    assert second_factor.secret(employee).replace(" ", "") == telephone(employee).secret
    assert urlsplit(second_factor.address(employee)).netloc == "totp"


@pytest.mark.parametrize("later", [-30, 30])
def test_a_clock_half_a_minute_off_is_forgiven(employee: Employee, later: int) -> None:
    second_factor.check(employee, code(employee, later))


@pytest.mark.parametrize("later", [-90, 90])
def test_a_code_of_another_time_is_refused(employee: Employee, later: int) -> None:
    with pytest.raises(Refusal, match="не подошёл"):
        second_factor.check(employee, code(employee, later))


def test_a_code_opens_once(employee: Employee) -> None:
    second_factor.check(employee, code(employee))
    with pytest.raises(Refusal):
        second_factor.check(employee, code(employee))


def test_an_earlier_code_opens_nothing_after_a_later_one(employee: Employee) -> None:
    second_factor.check(employee, code(employee, 30))
    with pytest.raises(Refusal):
        second_factor.check(employee, code(employee))


def test_of_many_at_once_one_is_let_in(employee: Employee) -> None:
    begin, let_in = threading.Barrier(6), []
    typed = code(employee)

    def try_it() -> None:
        with base.connection():
            begin.wait()
            try:
                second_factor.check(Employee.get_by_id(employee.id), typed)
                let_in.append(1)
            except Refusal:
                pass

    threads = [threading.Thread(target=try_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(let_in) == 1


def test_guessing_stops_after_ten_tries_even_for_the_right_code(employee: Employee) -> None:
    for _ in range(second_factor.TRIES):
        with pytest.raises(Refusal, match="не подошёл"):
            second_factor.check(employee, "000000" if code(employee) != "000000" else "111111")
    with pytest.raises(Refusal) as refusal:
        second_factor.check(employee, code(employee))
    assert refusal.value.problems[0].rule == "limit.staff.factor"


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "１２３４５６", "abcdef", "\0" * 6, "9" * 500])
def test_what_is_no_code_is_refused(employee: Employee, typed: str) -> None:
    with pytest.raises(Refusal):
        second_factor.check(employee, typed)


def test_a_recovery_code_opens_once_as_it_was_printed_or_typed(employee: Employee) -> None:
    first, second, *rest = second_factor.new_codes(employee)
    assert len(rest) == second_factor.COUNT - 2
    second_factor.check(employee, first)
    second_factor.check(employee, second.lower().replace("-", " "))
    for used in (first, second):
        with pytest.raises(Refusal):
            second_factor.check(employee, used)
    assert second_factor.codes_left(employee.id) == second_factor.COUNT - 2


def test_new_recovery_codes_end_the_old_ones_and_nobody_elses(employee: Employee) -> None:
    old, other = second_factor.new_codes(employee), cast.employee("operator")
    others = second_factor.new_codes(other)
    second_factor.new_codes(employee)
    with pytest.raises(Refusal):
        second_factor.check(employee, old[0])
    with pytest.raises(Refusal):
        second_factor.check(employee, others[0])
    second_factor.check(other, others[0])


def test_the_table_holds_neither_secret_nor_code(employee: Employee) -> None:
    codes = second_factor.new_codes(employee)
    stored = repr([list(table.select().tuples()) for table in (Employee, RecoveryCode)])
    assert telephone(employee).secret not in stored
    assert not [one for one in codes if one in stored or one.replace("-", "") in stored]


def test_after_a_change_of_the_portals_secret_telephones_and_codes_work_on_while_the_old_one_is_known(
    employee: Employee, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seal, "_keys", seal._keys)
    phone, codes = telephone(employee), second_factor.new_codes(employee)
    seal.use("another-secret-of-the-portal", *(key.decode() for key in seal._keys))
    second_factor.check(employee, phone.at(clock.real_seconds()))
    second_factor.check(employee, codes[0])
    seal.use("another-secret-of-the-portal")
    with pytest.raises(Refusal):
        second_factor.check(employee, phone.at(clock.real_seconds() + 30))


def test_the_first_right_code_confirms_the_factor(db: Any) -> None:
    new = second_factor.enrolling(Employee.create(email="new@example.ru", name="Новая", role="clerk"), "seed")
    with pytest.raises(Refusal):
        second_factor.confirm(new, "000000" if code(new) != "000000" else "111111")
    assert not Employee.get_by_id(new.id).has_factor
    assert len(second_factor.confirm(new, code(new))) == second_factor.COUNT
    assert Employee.get_by_id(new.id).factor_seed == "seed" and Employee.get_by_id(new.id).has_factor


def test_of_two_enrolments_the_first_holds(db: Any) -> None:
    row = Employee.create(email="new@example.ru", name="Новая", role="clerk")
    hers = second_factor.enrolling(Employee.get_by_id(row.id), "hers")
    strangers = second_factor.enrolling(Employee.get_by_id(row.id), "another seed")
    assert code(hers) != code(strangers)
    second_factor.confirm(hers, code(hers))
    with pytest.raises(Refusal, match="уже настроен"):
        second_factor.confirm(strangers, code(strangers, 30))
    assert Employee.get_by_id(row.id).factor_seed == "hers"


def test_wrong_codes_are_in_the_log_and_the_fifth_is_told_to_the_owner(employee: Employee) -> None:
    for _ in range(7):
        with pytest.raises(Refusal):
            second_factor.check(employee, "12345")
    assert AuditRow.select().where(AuditRow.deed == "staff.factor_failed").count() == 7
    assert [one.to for one in Message.select().where(Message.letter == "staff_wrong_codes")] == [employee.email]


def test_who_knows_the_password_elsewhere_does_not_lock_the_owner_out(employee: Employee) -> None:
    with audit.acting("guest", "203.0.113.7"):
        for _ in range(second_factor.TRIES + 3):
            with pytest.raises(Refusal):
                second_factor.check(employee, "12345")
    with audit.acting("guest", "198.51.100.4"):
        second_factor.check(employee, code(employee))


def test_all_networks_together_have_an_end(employee: Employee) -> None:
    for i in range(second_factor.TRIES_OF_ALL):
        with audit.acting("guest", f"198.51.{i}.4"), pytest.raises(Refusal, match="не подошёл"):
            second_factor.check(employee, "12345")
    with audit.acting("guest", "203.0.113.7"), pytest.raises(Refusal) as refusal:
        second_factor.check(employee, code(employee))
    assert refusal.value.problems[0].rule == "limit.staff.factor_of_all"


def test_the_demo_plays_another_day_and_codes_go_by_the_real_one(employee: Employee, at: Any) -> None:
    clock.unfreeze()
    clock.start_at(clock.datetime(2027, 5, 5, 12))
    second_factor.check(employee, telephone(employee).now())
