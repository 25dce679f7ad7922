"""Sign-up: the form, the letter on its way, activation by link or by code."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, session
from flask_login import current_user

from models import company, tokens
from models.base import Refusal
from models.entrance import sign_up
from views.door import let_in, public
from views.fields import Code, Form, Line, Password, Tick
from views.page import page, refused, see

room = Blueprint("sign_up", __name__)
_OTHER = "При регистрации был указан другой пароль. Если регистрировались не вы, ничего не делайте."


class SignUpForm(Form):
    account = Line("Лицевой счёт", most=40)
    secret = Line("Код доступа или конец номера счётчика", most=40)
    email = Line("Почта", most=254, required="Введите адрес почты.")
    phone = Line("Телефон", most=40)
    password = Password("Пароль")
    password_again = Password("Пароль ещё раз", required="Введите пароль ещё раз.")
    consent = Tick("Даю согласие на обработку персональных данных")


class CodeForm(Form):
    code = Code()


class ActivateForm(Form):
    """Only a button: opening a link must change nothing, mail programs open links by themselves."""


class ForeignActivateForm(Form):
    """In another browser than the one that applied."""

    password = Password("Пароль, который вы придумали при регистрации")


@room.get("/sign-up", endpoint="form")
@public
def form() -> Any:
    if current_user.is_authenticated:
        return see("home.front")
    return page("customer/sign_up/form.html", form=SignUpForm(), document=_document())


@room.post("/sign-up", endpoint="apply")
@public
def apply() -> Any:
    form = SignUpForm()
    typed = sign_up.Application(
        email=form.email.data or "", password=form.password.data or "", password_again=form.password_again.data or "",
        phone=form.phone.data or "", account=form.account.data or "", secret=form.secret.data or "", consented=bool(form.consent.data),
    )  # fmt: skip
    try:
        if form.validate():
            session["activate"] = sign_up.apply(typed)
            session["activate_email"] = typed.email.strip()
            return see("sign_up.sent")
        form.refuse(Refusal(problems=sign_up.problems(typed)))
    except Refusal as refusal:
        form.refuse(refusal)
    return refused("customer/sign_up/form.html", form, document=_document())


@room.get("/activate", endpoint="sent")
@public
def sent() -> Any:
    return page("customer/sign_up/sent.html", form=CodeForm(), email=session.get("activate_email"))


@room.post("/activate", endpoint="by_code")
@public
def by_code() -> Any:
    form = CodeForm()
    if form.validate():
        token = tokens.find_by_code(sign_up.PURPOSE, session.get("activate", ""), form.code.digits)
        if token:
            return _activate(token)
        form.code.errors = [
            "Код неверный или устарел: он действует 10 минут. Проверьте цифры или перейдите по ссылке из письма."
        ]
    return refused("customer/sign_up/sent.html", form, email=session.get("activate_email"))


@room.get("/activate/<string:token>", endpoint="confirm")
@public
def confirm(token: str) -> Any:
    found = tokens.find(sign_up.PURPOSE, token)
    return page("customer/sign_up/confirm.html", form=_activation(found), is_live=found is not None)


@room.post("/activate/<string:token>", endpoint="by_link")
@public
def by_link(token: str) -> Any:
    found = tokens.find(sign_up.PURPOSE, token)
    form = _activation(found)
    if found is None:
        return refused("customer/sign_up/confirm.html", form, is_live=False)
    try:
        if form.validate():
            if "password" not in form or sign_up.knows_password(found, form.password.data):
                return _activate(found)
            form.password.errors = [_OTHER]
    except Refusal as refusal:
        form.refuse(refusal)
    return refused("customer/sign_up/confirm.html", form, is_live=True)


def _activation(token: tokens.Token | None) -> Any:
    is_same_browser = token is None or token.handle == session.get("activate")
    return ActivateForm() if is_same_browser else ForeignActivateForm()


def _activate(token: tokens.Token) -> Any:
    try:
        customer = sign_up.activate(token)
    except Refusal as refusal:
        flash(refusal.text)
        return see("sign_in.form")
    let_in(customer)
    flash("Почта подтверждена, кабинет открыт.", "good")
    return see("home.front")


def _document() -> Any:
    return company.current().consents[sign_up.CONSENT]
