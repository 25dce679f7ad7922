"""Taking people on, changing their role, ending their access: what an administrator does, refused where nobody could undo it.

Whoever approves money is let in by two people: with an approver of one's own making, four eyes would be two. Who alone has let in
somebody that proposes is noted beside them, and does not approve what they propose. `by` is the employee
who does it alone; None is the console, or a proposal that a second one has approved (models/office/access_kinds.py).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from peewee import IntegrityError

from models import audit, clock, limits, outbox, tokens
from models.base import Refusal, database, locked
from models.people import passwords, staff_sessions
from models.people.customers import normal_email
from models.people.rights import ADMINISTRATOR, ROLE_TITLES, ROLES, allows
from models.people.staff import Employee

INVITED_FOR = timedelta(days=3)
LONGEST_NAME = 100
TRIES, PER = 10, 900  # of the present password; seconds
NEEDS_TWO = "staff.two"  # the rule of a refusal that a proposal to a second employee overcomes
_INVITATION = "staff.password"


def add(email: str, role: str, name: str, office: str = "", by: int | None = None) -> tuple[Employee, str]:
    """Take somebody on: the employee, and the secret of the link by which they choose a password (sent by letter too).

    Refused: no address, one that is taken, an unknown role, no name, an approver of money by one alone.
    """
    address = normal_email(email)
    with database.atomic():
        facts = _facts(role, name, office)
        _need_two(role, by)
        try:
            with database.atomic():
                employee = Employee.create(email=address, created_at=clock.now(), let_in_by=by, **facts)
        except IntegrityError:
            text = "Сотрудник с этой почтой уже есть: откройте его в списке."
            raise Refusal("email", text, "staff.known") from None
        audit.record("staff.added", employee.subject, email=address, **facts)
        return employee, _invite(employee)


def change(employee_id: int, role: str, name: str, office: str, by: int | None = None) -> None:
    """Give an employee another role, name or office; it holds from their next click.

    Refused: one's own role, the last administrator's, an unknown role, no name, an approver of money by one alone.
    """
    facts = _facts(role, name, office)
    with database.atomic():
        employee = held(employee_id)
        if employee.role != role:
            if by == employee_id:
                raise Refusal("role", "Свою роль меняет другой администратор.", "staff.self")
            _keep_an_administrator(employee, role)
            _need_two(role, by)
        was = {name: getattr(employee, name) for name in facts if getattr(employee, name) != facts[name]}
        if was:
            raised = {"let_in_by": by} if "role" in was else {}
            Employee.update(**facts, **raised).where(_is(employee_id)).execute()
            audit.record("staff.changed", employee.subject, was=was, now={name: facts[name] for name in was})


def close(employee_id: int, by: int | None = None) -> None:
    """End somebody's work here: sessions and links end at once, what they did stays theirs. Refused: oneself, the last administrator."""
    with database.atomic():
        employee = held(employee_id)
        if by == employee_id:
            raise Refusal(None, "Свой доступ закрывает другой администратор.", "staff.self")
        _keep_an_administrator(employee, "")
        if Employee.update(closed_at=clock.now()).where(_is(employee_id), Employee.closed_at.is_null()).execute():
            tokens.void_all(employee.subject)
            staff_sessions.end_all(employee_id)
            audit.record("staff.closed", employee.subject)


def reopen(employee_id: int, by: int | None = None) -> str:
    """Let somebody in again, with a new password and a new second factor: the secret of their link.

    Refused: an approver of money by one alone.
    """
    with database.atomic():
        employee = held(employee_id)
        _need_two(employee.role, by)
        Employee.update(closed_at=None).where(_is(employee_id)).execute()
        _forget_secrets(employee, by)
        audit.record("staff.reopened", employee.subject)
        return _invite(employee)


def reset(employee_id: int, by: int | None = None) -> str:
    """A lost telephone, a password that others know: both are chosen anew by a link. Its secret; the old ones open nothing more.

    Refused: somebody whose access is closed, an approver of money by one alone.
    """
    with database.atomic():
        employee = held(employee_id)
        if not employee.is_open:
            raise Refusal(None, "Доступ закрыт: сначала откройте его снова.", "staff.closed")
        _need_two(employee.role, by)
        _forget_secrets(employee, by)
        audit.record("staff.reset", employee.subject)
        return _invite(employee)


def invited(secret: str) -> Employee | None:
    """Who may choose a password by this link; None for a link that is used, old or unknown."""
    token = tokens.find(_INVITATION, secret)
    employee = Employee.get_or_none(Employee.id == token.data["employee"]) if token else None
    return employee if employee and employee.is_open else None


def choose_password(secret: str, password: str, again: str) -> Employee:
    """Set the password by the invitation's link, once. Refused: a spent link, a weak password, two that differ."""
    with database.atomic():
        token, employee = tokens.find(_INVITATION, secret), invited(secret)
        if token is None or employee is None:
            raise Refusal(None, "Ссылка устарела. Попросите администратора прислать новую.", "staff.link")
        tokens.use(token)
        set_password(employee, password, again)
        return employee


def change_password(employee_id: int, present: str, password: str, again: str, session_id: int) -> None:
    """One's own password, by the present one; all other sessions end. Refused: a wrong present one, ten tries in 15 minutes, as below."""
    limits.spend("staff.present_password", str(employee_id), TRIES, PER)
    employee = Employee.get_by_id(employee_id)
    if not passwords.verify(employee.password_hash, present):
        raise Refusal("old_password", "Нынешний пароль неверен.", "password.old")
    with database.atomic():
        set_password(employee, password, again)
        staff_sessions.end_all(employee_id, but=session_id)


def set_password(employee: Employee, password: str, again: str) -> None:
    """Every sign-in begun with the old one and every link that was sent open nothing more.

    Refused: a weak password, two that differ, an access that was closed or reset meanwhile.
    """
    passwords.check_new(password, employee.email, employee.email.partition("@")[0])
    passwords.check_again(password, again)
    with database.atomic():
        made, is_known = passwords.hashed(password), Employee.password_hash == employee.password_hash
        mine = Employee.update(password_hash=made).where(_is(employee.id), is_known, Employee.closed_at.is_null())
        if not mine.execute():
            text = "Доступ только что изменили. Попросите администратора прислать новую ссылку."
            raise Refusal(None, text, "staff.stale")
        employee.password_hash = made
        tokens.void_all(employee.subject)
        audit.record("staff.password_set", employee.subject)


def _facts(role: str, name: str, office: str) -> dict[str, str]:
    if role not in ROLES:
        raise Refusal("role", f"Выберите роль: {', '.join(ROLE_TITLES.values())}.", "staff.role")
    if not name.strip():
        raise Refusal("name", "Напишите имя и фамилию: так сотрудника увидят коллеги и журнал.", "staff.name")
    return {"role": role, "name": " ".join(name.split())[:LONGEST_NAME], "office": office}


def _need_two(role: str, by: int | None) -> None:
    """Refused: to let in by one alone whoever will approve what this one proposes."""
    if by is not None and allows(role, "money.approve"):
        text = "Доступ того, кто утверждает деньги, меняют вдвоём: это утвердит другой администратор."
        raise Refusal(None, text, NEEDS_TWO)


def _keep_an_administrator(employee: Employee, role: str) -> None:
    """Somebody must be left who can let others in."""
    if employee.role != ADMINISTRATOR or role == ADMINISTRATOR or not employee.is_open:
        return
    if Employee.select().where(Employee.role == ADMINISTRATOR, Employee.closed_at.is_null()).count() < 2:
        raise Refusal("role", "Это последний администратор: сначала назначьте другого.", "staff.last")


def _forget_secrets(employee: Employee, by: int | None) -> None:
    nothing = {"password_hash": "", "factor_seed": "", "factor_since": None, "factor_step": 0}
    Employee.update(**nothing, let_in_by=by).where(_is(employee.id)).execute()
    tokens.void_all(employee.subject)
    staff_sessions.end_all(employee.id)


def _invite(employee: Employee) -> str:
    issued = tokens.issue(_INVITATION, employee.subject, INVITED_FOR, employee=employee.id)
    outbox.post("staff_invited", employee.email, {"name": employee.name}, {"token": issued.secret})
    return issued.secret


def held(employee_id: int) -> Employee:
    """The employee, locked till the transaction's end with all administrators: two who close each other would both succeed."""
    query = Employee.select().where(_is(employee_id) | (Employee.role == ADMINISTRATOR)).order_by(Employee.id)
    return next(one for one in locked(query) if one.id == employee_id)


def _is(employee_id: int) -> Any:
    return Employee.id == employee_id
