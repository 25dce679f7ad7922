"""An employee's own page: where they are signed in, their password, new recovery codes."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, url_for

from models.base import Refusal
from models.people import employment, second_factor, staff_sessions
from models.people.staff import Employee
from models.people.staff_sessions import StaffSession
from views.devices import describe
from views.fields import Form, Line, Password
from views.page import see
from views.staff_door import officer, staff_only
from views.staff_page import page, refused

room = Blueprint("me", __name__)


class PasswordForm(Form):
    old_password = Password("Нынешний пароль")
    password = Password("Новый пароль", required="Введите новый пароль.")
    password_again = Password("Новый пароль ещё раз", required="Введите новый пароль ещё раз.")


class CodesForm(Form):
    code = Line("Код из приложения", most=40, required="Введите код из приложения.")


@room.get("/staff/me", endpoint="show")
@staff_only("")
def show() -> Any:
    return page("staff/me/show.html", **_shown())


@room.post("/staff/me/password", endpoint="change_password")
@staff_only("")
def change_password() -> Any:
    form, present = PasswordForm(), officer()
    if form.validate():
        try:
            typed = (form.old_password.data, form.password.data, form.password_again.data)
            employment.change_password(present.id, *typed, present.session_id)
            flash("Пароль изменён, на других устройствах вход закончен.", "good")
            return see("me.show")
        except Refusal as refusal:
            form.refuse(refusal)
    return refused("staff/me/show.html", form, **{**_shown(), "password_form": form})


@room.post("/staff/me/codes", endpoint="new_codes")
@staff_only("")
def new_codes() -> Any:
    form = CodesForm()
    employee = Employee.get_by_id(officer().id)
    if form.validate():
        try:
            second_factor.check(employee, form.code.data)
            codes = second_factor.new_codes(employee)
            return page("staff/sign_in/codes.html", codes=codes, where=url_for("me.show"))
        except Refusal as refusal:
            form.refuse(refusal)
    return refused("staff/me/show.html", form, **{**_shown(), "codes_form": form})


@room.post("/staff/me/sessions/<int:session_id>/end", endpoint="end")
@staff_only("")
def end(session_id: int) -> Any:
    staff_sessions.end(session_id, officer().id)
    return redirect(url_for("me.show"), 303)


def _shown() -> dict[str, Any]:
    present = officer()
    return {
        "sessions": [(one, describe(one.device)) for one in StaffSession.live(present.id)],
        "codes_left": second_factor.codes_left(present.id),
        "password_form": PasswordForm(formdata=None),
        "codes_form": CodesForm(formdata=None),
    }
