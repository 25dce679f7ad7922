"""Settings: how to address the customer, e-mail, phone, password, and the devices signed in."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash
from flask_login import current_user

from models import tokens
from models.base import Refusal
from models.entrance import profile
from models.people import sessions
from views.devices import describe
from views.door import customer_only, public
from views.fields import Form, Line, Password
from views.page import page, refused, see

room = Blueprint("settings", __name__)


class NameForm(Form):
    name = Line("Как к вам обращаться", most=100)


class EmailForm(Form):
    new_email = Line("Новая почта", most=254, required="Введите адрес почты.")
    password = Password("Нынешний пароль", required="Введите нынешний пароль.")


class PhoneForm(Form):
    phone = Line("Новый телефон", most=40, required="Введите номер телефона.")
    password = Password("Нынешний пароль", required="Введите нынешний пароль.")


class PasswordForm(Form):
    password = Password("Нынешний пароль", required="Введите нынешний пароль.")
    new_password = Password("Новый пароль", required="Введите новый пароль.")
    new_password_again = Password("Новый пароль ещё раз", required="Введите новый пароль ещё раз.")


class DeedForm(Form):
    """Only a button."""


@room.get("/settings", endpoint="show")
@customer_only
def show() -> Any:
    return page("customer/settings/show.html", form=DeedForm(), devices=_devices())


@room.get("/settings/name", endpoint="name")
@customer_only
def name() -> Any:
    return page("customer/settings/name.html", form=NameForm(name=current_user.name))


@room.post("/settings/name", endpoint="set_name")
@customer_only
def set_name() -> Any:
    form = NameForm()
    return _change(
        "customer/settings/name.html",
        form,
        "Имя сохранено.",
        lambda: profile.rename(current_user.id, form.name.data or ""),
    )


@room.get("/settings/email", endpoint="email")
@customer_only
def email() -> Any:
    return page("customer/settings/email.html", form=EmailForm())


@room.post("/settings/email", endpoint="set_email")
@customer_only
def set_email() -> Any:
    form = EmailForm()
    done = "Письмо со ссылкой отправлено на новый адрес. Пока вы её не откроете, действует прежний."
    return _change(
        "customer/settings/email.html",
        form,
        done,
        lambda: profile.ask_for_email(current_user.id, form.password.data, form.new_email.data),
    )


@room.get("/settings/email/<string:token>", endpoint="confirm_email")
@public
def confirm_email(token: str) -> Any:
    return page(
        "customer/settings/confirm_email.html", form=DeedForm(), is_live=tokens.find(profile.PURPOSE, token) is not None
    )


@room.post("/settings/email/<string:token>", endpoint="use_email")
@public
def use_email(token: str) -> Any:
    found = tokens.find(profile.PURPOSE, token)
    if found is None:
        return refused("customer/settings/confirm_email.html", DeedForm(), is_live=False)
    try:
        profile.confirm_email(found)
    except Refusal as refusal:
        flash(refusal.text)
    else:
        flash("Новая почта подтверждена.", "good")
    return see("settings.show" if current_user.is_authenticated else "sign_in.form")


@room.get("/settings/phone", endpoint="phone")
@customer_only
def phone() -> Any:
    return page("customer/settings/phone.html", form=PhoneForm())


@room.post("/settings/phone", endpoint="set_phone")
@customer_only
def set_phone() -> Any:
    form = PhoneForm()
    return _change(
        "customer/settings/phone.html",
        form,
        "Телефон сохранён.",
        lambda: profile.change_phone(current_user.id, form.password.data, form.phone.data),
    )


@room.get("/settings/password", endpoint="password")
@customer_only
def password() -> Any:
    return page("customer/settings/password.html", form=PasswordForm())


@room.post("/settings/password", endpoint="set_password")
@customer_only
def set_password() -> Any:
    form = PasswordForm()

    def change() -> None:
        profile.change_password(
            current_user.id,
            form.password.data,
            form.new_password.data,
            form.new_password_again.data,
            current_user.session_id,
        )

    return _change(
        "customer/settings/password.html", form, "Пароль изменён. На других устройствах нужно войти заново.", change
    )


@room.post("/settings/devices/<int(max=2147483647):session_id>/end", endpoint="end_device")
@customer_only
def end_device(session_id: int) -> Any:
    sessions.end(session_id, current_user.id)
    flash("Вход на том устройстве закончен.", "good")
    return see("settings.show")


@room.post("/settings/devices/end-others", endpoint="end_others")
@customer_only
def end_others() -> Any:
    sessions.end_others(current_user.id, but=current_user.session_id)
    flash("Вход на всех других устройствах закончен.", "good")
    return see("settings.show")


def _change(template: str, form: Any, done: str, deed: Any) -> Any:
    try:
        if form.validate():
            deed()
            flash(done, "good")
            return see("settings.show")
    except Refusal as refusal:
        form.refuse(refusal)
    return refused(template, form)


def _devices() -> list[dict[str, Any]]:
    devices = [
        {
            "id": one.id,
            "name": describe(one.device),
            "seen_at": one.seen_at,
            "ip": one.ip,
            "is_this": one.id == current_user.session_id,
        }
        for one in sessions.Session.live(current_user.id)
    ]
    return sorted(devices, key=lambda device: not device["is_this"])
