"""Sign-in of the staff: password first, then the second factor; guessers are slowed by log-in and by address."""

from __future__ import annotations

from datetime import timedelta

from models import audit, limits, seal, tokens
from models.base import Refusal
from models.people import passwords, second_factor
from models.people.staff import Employee

PER = 900
TRIES, TRIES_FROM_ADDRESS = 10, 100
PENDING_FOR = timedelta(minutes=10)
_PENDING = "staff.factor"
_WRONG = "Неверная почта или пароль."
_SLOW = "Слишком много попыток входа. Подождите 15 минут или попросите администратора сбросить пароль."


def enter(login: str, password: str) -> str:
    """The secret of a sign-in that waits for its second factor. Refused with one text, after the same time, whoever is meant."""
    email = login.strip().lower()
    limits.spend_address("staff.address", audit.actor().ip, TRIES_FROM_ADDRESS, PER, _SLOW)
    employee = Employee.by_email(email)
    stored = employee.password_hash if employee and employee.is_open and employee.password_hash else ""
    # A person's own bucket and the strangers': who hammers a log-in from elsewhere does not lock its owner out.
    bucket = f"{email}|{limits.network(audit.actor().ip)}"
    limits.spend("staff.login", bucket, TRIES, PER, _SLOW)
    if not passwords.verify(stored or passwords.decoy(), password) or not stored or employee is None:
        _note_failure(email, employee)
        raise Refusal(None, _WRONG, "staff.wrong")
    limits.give_back("staff.login", bucket, PER)
    # A seed of its own for each sign-in: who looked at the enrolment page and went away knows nothing of the factor enrolled later.
    facts = {"employee": employee.id, "seed": seal.token()}
    return tokens.issue(_PENDING, employee.subject, PENDING_FOR, **facts).secret


def waiting(secret: str) -> Employee | None:
    """Who has given the password by this sign-in and has the second factor yet to show, or to enrol with this sign-in's seed."""
    token = tokens.find(_PENDING, secret) if secret else None
    employee = Employee.get_or_none(Employee.id == token.data["employee"]) if token else None
    if token is None or employee is None or not employee.is_open:
        return None
    return employee if employee.has_factor else second_factor.enrolling(employee, token.data["seed"])


def finish(secret: str) -> None:
    """The sign-in has come to its end: its secret opens nothing more."""
    token = tokens.find(_PENDING, secret)
    if token is None:
        raise Refusal(None, "Вход длился слишком долго. Начните сначала.", "staff.pending")
    tokens.use(token)


def _note_failure(email: str, employee: Employee | None) -> None:
    """Into the log, once in a quarter of an hour: the employee's name is guessed at. For an unknown one the same work, and no row."""
    is_first = limits.hit("staff.wrong", email, PER) == 1
    if employee and is_first:
        audit.record("staff.sign_in_failed", employee.subject)
    else:
        limits.hit("staff.unknown", email, PER)
