"""Who works at the office, in which role, and what each role may do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, current_app, flash, url_for
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from models.base import Refusal
from models.metering.accounts import Office
from models.office import access_kinds, approvals
from models.office.proposals import LONGEST
from models.people import employment, rights, staff_sessions
from models.people.rights import ROLE_TITLES, ROLES
from models.people.staff import Employee
from models.people.staff_sessions import StaffSession
from views.devices import describe
from views.fields import Form, Line
from views.page import see
from views.staff_door import officer, staff_only
from views.staff_page import page, refused

room = Blueprint("people", __name__)


class EmployeeForm(Form):
    name = Line("Имя и фамилия", most=employment.LONGEST_NAME, required="Напишите имя и фамилию.")
    role = SelectField("Роль", choices=[SelectChoice(role, ROLE_TITLES[role]) for role in ROLES])
    office = SelectField("Участок")
    reason = Line("Почему", most=LONGEST)

    def offer_offices(self) -> EmployeeForm:
        offices = Office.select(Office.code, Office.name).order_by(Office.name)
        self.office.choices = [SelectChoice("", "вся компания"), *(SelectChoice(one.code, one.name) for one in offices)]
        return self


class NewForm(EmployeeForm):
    email = Line("Рабочая почта", most=254, required="Введите рабочую почту.")


@room.get("/staff/people", endpoint="index")
@staff_only("people.see")
def index() -> Any:
    return page("staff/people/index.html", employees=list(Employee.listed()), titles=ROLE_TITLES)


@room.get("/staff/people/rights", endpoint="rights")
@staff_only("people.see")
def rights_table() -> Any:
    table = [(rights.TITLES[right], [rights.allows(role, right) for role in ROLES]) for right in rights.RIGHTS]
    return page("staff/people/rights.html", table=table, roles=[ROLE_TITLES[role] for role in ROLES])


@room.get("/staff/people/new", endpoint="new")
@staff_only("people.manage")
def new() -> Any:
    return page("staff/people/new.html", form=NewForm().offer_offices())


@room.post("/staff/people/new", endpoint="add")
@staff_only("people.manage")
def add() -> Any:
    form = NewForm().offer_offices()
    if form.validate():
        try:
            given = (form.email.data, form.role.data, form.name.data, form.office.data)
            return _with_two(
                form.reason.data,
                lambda: _invited(*employment.add(*given, by=officer().id)),
                lambda: access_kinds.to_add(*given),
            )
        except Refusal as refusal:
            form.refuse(refusal)
    return refused("staff/people/new.html", form)


@room.get("/staff/people/<int:employee_id>", endpoint="show")
@staff_only("people.see")
def show(employee_id: int) -> Any:
    return page("staff/people/show.html", **_shown(employee_id))


@room.post("/staff/people/<int:employee_id>", endpoint="change")
@staff_only("people.manage")
def change(employee_id: int) -> Any:
    context = _shown(employee_id)
    form = context["form"]
    if form.validate():
        try:
            given = (form.role.data, form.name.data, form.office.data)
            return _with_two(
                form.reason.data,
                lambda: _changed(employee_id, *given),
                lambda: access_kinds.to_change(context["employee"], *given),
            )
        except Refusal as refusal:
            form.refuse(refusal)
    return refused("staff/people/show.html", **context)


@room.post("/staff/people/<int:employee_id>/close", endpoint="close")
@staff_only("people.manage")
def close(employee_id: int) -> Any:
    return _done(
        employee_id, lambda: employment.close(employee_id, by=officer().id), "Доступ закрыт, сеансы закончены."
    )


@room.post("/staff/people/<int:employee_id>/sessions/end", endpoint="end_sessions")
@staff_only("people.manage")
def end_sessions(employee_id: int) -> Any:
    return _done(employee_id, lambda: staff_sessions.end_all(employee_id), "Сотруднику придётся войти заново.")


@room.post("/staff/people/<int:employee_id>/reset", endpoint="reset")
@staff_only("people.manage")
def reset(employee_id: int) -> Any:
    """A new password and a new second factor, by a link; also for whoever comes back."""
    employee, context = _found(employee_id), _shown(employee_id)
    deed = employment.reset if employee.is_open else employment.reopen
    try:
        return _with_two(
            context["form"].reason.data,
            lambda: _invited(employee, deed(employee_id, by=officer().id)),
            lambda: access_kinds.to_reset(employee),
        )
    except Refusal as refusal:
        context["form"].refuse(refusal)
        return refused("staff/people/show.html", **context)


def _with_two(reason: str, alone: Callable[[], Any], proposal: Callable[[], tuple[str, dict[str, Any]]]) -> Any:
    """Do it alone, or propose it to a second administrator where one is not enough."""
    try:
        return alone()
    except Refusal as refusal:
        if refusal.problems[0].rule != employment.NEEDS_TWO:
            raise
    made = approvals.propose(access_kinds.ACCESS, *proposal(), reason, officer().id)
    flash("Предложено. Доступ того, кто утверждает деньги, утверждает другой администратор.", "good")
    return see("approvals.show", proposal_id=made.id)


def _changed(employee_id: int, role: str, name: str, office: str) -> Any:
    employment.change(employee_id, role, name, office, by=officer().id)
    flash("Сохранено. Новые права действуют со следующей страницы.", "good")
    return see("people.show", employee_id=employee_id)


def _invited(employee: Employee, secret: str) -> Any:
    """The link, shown this once: before letters go out, and for when the letter does not come."""
    link = current_app.extensions["kabinet"].public_url + url_for("staff_sign_in.invited", token=secret)
    return page("staff/people/invited.html", employee=employee, link=link)


def _done(employee_id: int, deed: Any, said: str) -> Any:
    _found(employee_id)
    try:
        deed()
        flash(said, "good")
    except Refusal as refusal:
        flash(refusal.text, "bad")
    return see("people.show", employee_id=employee_id)


def _shown(employee_id: int) -> dict[str, Any]:
    employee = _found(employee_id)
    return {
        "employee": employee,
        "form": EmployeeForm(name=employee.name, role=employee.role, office=employee.office).offer_offices(),
        "sessions": [(one, describe(one.device)) for one in StaffSession.live(employee_id)],
        "titles": ROLE_TITLES,
    }


def _found(employee_id: int) -> Employee:
    employee: Employee | None = Employee.get_or_none(Employee.id == employee_id)
    if employee is None:
        abort(404)
    return employee
