"""An address that letters came back from: tried once more by a letter, alive again by its link."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash
from flask_login import current_user

from models import tokens
from models.base import Refusal
from models.entrance import mail_check
from views.door import customer_only, public
from views.fields import Form
from views.page import page, refused, see

room = Blueprint("mail_check", __name__)
TEMPLATE = "customer/mail_check/confirm.html"


class DeedForm(Form):
    """Only a button."""


@room.post("/settings/email-check", endpoint="ask")
@customer_only
def ask() -> Any:
    try:
        mail_check.ask(current_user.id)
    except Refusal as refusal:
        flash(refusal.text)
    else:
        flash(
            f"Письмо отправлено на {current_user.email}. Откройте ссылку из него: так мы узнаем, что письма доходят.",
            "good",
        )
    return see("settings.show")


@room.get("/settings/email-check/<string:token>", endpoint="confirm")
@public
def confirm(token: str) -> Any:
    return page(TEMPLATE, form=DeedForm(), is_live=tokens.find(mail_check.PURPOSE, token) is not None)


@room.post("/settings/email-check/<string:token>", endpoint="use")
@public
def use(token: str) -> Any:
    found = tokens.find(mail_check.PURPOSE, token)
    if found is None:
        return refused(TEMPLATE, DeedForm(), is_live=False)
    try:
        mail_check.confirm(found)
    except Refusal as refusal:
        flash(refusal.text)
    else:
        flash("Почта проверена: письма снова идут на неё. Счета пока на бумаге, доставку можно выбрать заново.", "good")
    return see("settings.show" if current_user.is_authenticated else "sign_in.form")
