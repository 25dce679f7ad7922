"""A forgotten password: ask for the letter, then the code or the link, then a new password."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, session

from models import tokens
from models.base import Refusal
from models.entrance import recovery
from views.door import let_in, public
from views.fields import Code, Form, Line, Password
from views.page import page, refused, see

room = Blueprint("recovery", __name__)


class RecoverForm(Form):
    login = Line("Почта или лицевой счёт", required="Введите почту или номер лицевого счёта.")


class CodeForm(Form):
    code = Code()


class NewPasswordForm(Form):
    password = Password("Новый пароль")
    password_again = Password("Новый пароль ещё раз", required="Введите пароль ещё раз.")


@room.get("/recover", endpoint="form")
@public
def form() -> Any:
    return page("customer/recovery/form.html", form=RecoverForm())


@room.post("/recover", endpoint="ask")
@public
def ask() -> Any:
    form = RecoverForm()
    try:
        if form.validate():
            session["recover"] = recovery.request(form.login.data)
            return see("recovery.sent")
    except Refusal as refusal:
        form.refuse(refusal)
    return refused("customer/recovery/form.html", form)


@room.get("/recover/code", endpoint="sent")
@public
def sent() -> Any:
    return page("customer/recovery/sent.html", form=CodeForm())


@room.post("/recover/code", endpoint="by_code")
@public
def by_code() -> Any:
    form = CodeForm()
    if form.validate():
        for handle in session.get("recover", []):
            if token := tokens.find_by_code(recovery.PURPOSE, handle, form.code.digits):
                return see("recovery.choose", token=tokens.renew(token))
        form.code.errors = [
            "Код неверный или устарел: он действует 10 минут. Проверьте цифры или перейдите по ссылке из письма."
        ]
    return refused("customer/recovery/sent.html", form)


@room.get("/recover/<string:token>", endpoint="choose")
@public
def choose(token: str) -> Any:
    return page(
        "customer/recovery/password.html",
        form=NewPasswordForm(),
        is_live=tokens.find(recovery.PURPOSE, token) is not None,
    )


@room.post("/recover/<string:token>", endpoint="set")
@public
def set_password(token: str) -> Any:
    form, found = NewPasswordForm(), tokens.find(recovery.PURPOSE, token)
    if found is None:
        return refused("customer/recovery/password.html", form, is_live=False)
    try:
        if form.validate():
            let_in(recovery.set_password(found, form.password.data, form.password_again.data))
            flash("Пароль изменён. На других устройствах нужно войти заново.", "good")
            return see("home.front")
    except Refusal as refusal:
        form.refuse(refusal)
    return refused("customer/recovery/password.html", form, is_live=True)
