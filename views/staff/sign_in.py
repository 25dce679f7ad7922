"""Signing in and out of the office: password, then the second factor; the invitation of who is new."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, current_app, redirect, request, session, url_for

from models.base import Refusal
from models.people import employment, second_factor, staff_sign_in
from models.people.staff import Employee
from tasks.papers import qr_code
from views.door import public
from views.fields import Form, HiddenField, Line, Password
from views.page import own_path, see
from views.staff_door import found, let_in, let_out
from views.staff_page import page, refused

room = Blueprint("staff_sign_in", __name__)
_PENDING, _NEXT = "staff_pending", "staff_next"  # in the cookie, between password and second factor
_LATE = "Вход длился слишком долго. Введите почту и пароль ещё раз."


class SignInForm(Form):
    login = Line("Рабочая почта", required="Введите рабочую почту.")
    password = Password("Пароль")
    next = HiddenField()


class CodeForm(Form):
    code = Line("Код", most=40, required="Введите код из приложения.")


class PasswordForm(Form):
    password = Password("Новый пароль")
    password_again = Password("Новый пароль ещё раз", required="Введите пароль ещё раз.")


@room.get("/staff/sign-in", endpoint="form")
@public
def form() -> Any:
    if found():
        return see("staff_desk.show")
    return page("staff/sign_in/form.html", form=SignInForm(next=own_path(request.args.get("next"))))


@room.post("/staff/sign-in", endpoint="enter")
@public
def enter() -> Any:
    form = SignInForm()
    if not form.validate():
        return refused("staff/sign_in/form.html", form)
    try:
        session[_PENDING] = staff_sign_in.enter(form.login.data, form.password.data)
    except Refusal as refusal:
        form.refuse(refusal)
        return refused("staff/sign_in/form.html", form)
    session[_NEXT] = _office_path(form.next.data)
    employee = staff_sign_in.waiting(session[_PENDING])
    return see("staff_sign_in.code" if employee and employee.has_factor else "staff_sign_in.enrol")


@room.get("/staff/sign-in/code", endpoint="code")
@public
def code() -> Any:
    employee = _waiting()
    if employee is None or not employee.has_factor:
        return see("staff_sign_in.form")
    return page("staff/sign_in/code.html", form=CodeForm(), shown=_shown(employee))


@room.post("/staff/sign-in/code", endpoint="check")
@public
def check() -> Any:
    form, employee = CodeForm(), _waiting()
    if employee is None or not employee.has_factor:
        return _late()
    if not form.validate():
        return refused("staff/sign_in/code.html", form, shown=_shown(employee))
    try:
        second_factor.check(employee, form.code.data, once=not _is_demo())
        return _come_in(employee)
    except Refusal as refusal:
        form.refuse(refusal)
        return refused("staff/sign_in/code.html", form, shown=_shown(employee))


@room.get("/staff/sign-in/second-factor", endpoint="enrol")
@public
def enrol() -> Any:
    employee = _waiting()
    if employee is None or employee.has_factor:
        return see("staff_sign_in.form")
    return page("staff/sign_in/enrol.html", form=CodeForm(), **_enrolment(employee))


@room.post("/staff/sign-in/second-factor", endpoint="confirm")
@public
def confirm() -> Any:
    form, employee = CodeForm(), _waiting()
    if employee is None or employee.has_factor:
        return _late()
    if not form.validate():
        return refused("staff/sign_in/enrol.html", form, **_enrolment(employee))
    try:
        codes = second_factor.confirm(employee, form.code.data)
        where = _come_in(employee).location
    except Refusal as refusal:
        form.refuse(refusal)
        return refused("staff/sign_in/enrol.html", form, **_enrolment(employee))
    return page("staff/sign_in/codes.html", codes=codes, where=where)


@room.get("/staff/activate/<string:token>", endpoint="invited")
@public
def invited(token: str) -> Any:
    return page("staff/sign_in/password.html", form=PasswordForm(), employee=employment.invited(token))


@room.post("/staff/activate/<string:token>", endpoint="choose_password")
@public
def choose_password(token: str) -> Any:
    form = PasswordForm()
    if form.validate():
        try:
            employment.choose_password(token, form.password.data, form.password_again.data)
            return see("staff_sign_in.form")
        except Refusal as refusal:
            form.refuse(refusal)
    return refused("staff/sign_in/password.html", form, employee=employment.invited(token))


@room.get("/staff/sign-out", endpoint="ask")
@public
def ask() -> Any:
    return page("staff/sign_in/leave.html") if found() else see("staff_sign_in.form")


@room.post("/staff/sign-out", endpoint="leave")
@public
def leave() -> Any:
    let_out()
    return see("staff_sign_in.form")


def _waiting() -> Employee | None:
    """Who has given a password in this browser and not yet the second factor."""
    return staff_sign_in.waiting(session.get(_PENDING, ""))


def _come_in(employee: Employee) -> Any:
    staff_sign_in.finish(session[_PENDING])
    let_in(employee)
    session.pop(_PENDING, None)
    return redirect(session.pop(_NEXT, None) or url_for("staff_desk.show"), 303)


def _late() -> Any:
    form = SignInForm()
    form.form_errors.append(_LATE)
    return refused("staff/sign_in/form.html", form)


def _office_path(target: str | None) -> str | None:
    """Where to go after sign-in: a page of the office, but not to sign-in or out again."""
    path = own_path(target)
    if not path or not path.startswith("/staff/") or path.startswith(("/staff/sign-", "/staff/activate")):
        return None
    return path


def _is_demo() -> bool:
    return bool(current_app.extensions["kabinet"].is_demo)


def _shown(employee: Employee) -> str:
    """In the demo the code itself, for everybody to try; nothing anywhere else."""
    return second_factor.code_now(employee) if _is_demo() else ""


def _enrolment(employee: Employee) -> dict[str, Any]:
    """The secret as a picture and as text."""
    rows = qr_code.rows(second_factor.address(employee).encode())
    dark = ((x.start(), x.end() - x.start(), y) for y, row in enumerate(rows) for x in re.finditer("1+", row))
    strokes = "".join(f"M{x} {y}h{long}v1h-{long}z" for x, long, y in dark)
    return {"side": len(rows), "strokes": strokes, "secret": second_factor.secret(employee), "shown": _shown(employee)}
