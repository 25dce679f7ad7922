"""Signing in and out."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, make_response, redirect, request, url_for
from flask_login import current_user

from models.base import Refusal
from models.entrance import sign_in
from views.door import let_in, let_out, public
from views.fields import Form, HiddenField, Line, Password
from views.page import next_path, page, refused, see

room = Blueprint("sign_in", __name__)
_DEVICE_LIVES = 400 * 86_400


class SignInForm(Form):
    login = Line("Почта или лицевой счёт", required="Введите почту или номер лицевого счёта.")
    password = Password("Пароль")
    next = HiddenField()


@room.get("/sign-in", endpoint="form")
@public
def form() -> Any:
    if current_user.is_authenticated:
        return see("home.front")
    return page("customer/sign_in/form.html", form=SignInForm(next=next_path(request.args.get("next"))))


@room.post("/sign-in", endpoint="enter")
@public
def enter() -> Any:
    form = SignInForm()
    if not form.validate():
        return refused("customer/sign_in/form.html", form)
    try:
        entered = sign_in.sign_in(form.login.data, form.password.data, request.cookies.get("device", ""))
        let_in(entered.customer)
    except Refusal as refusal:
        form.refuse(refusal)
        return refused("customer/sign_in/form.html", form)
    answer = make_response(redirect(next_path(form.next.data) or url_for("home.front"), 303))
    secure = current_app.config["SESSION_COOKIE_SECURE"]
    answer.set_cookie(
        "device", entered.device, max_age=_DEVICE_LIVES, path="/sign-in", httponly=True, secure=secure, samesite="Lax"
    )
    return answer


@room.get("/sign-out", endpoint="ask")
@public
def ask() -> Any:
    return page("customer/sign_in/leave.html") if current_user.is_authenticated else see("home.front")


@room.post("/sign-out", endpoint="leave")
@public
def leave() -> Any:
    let_out()
    return see("home.front")
