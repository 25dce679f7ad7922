"""The customer's accounts: the list, linking with the holder's secret, unlinking, choosing the primary one."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, session
from flask_login import current_user

from models import company
from models.base import Refusal
from models.billing import owed
from models.entrance import linking
from models.metering import accounts
from models.metering.proof import proven
from views.door import account_or_404, customer_only
from views.fields import Form, Line
from views.page import choices, page, refused, see

room = Blueprint("accounts", __name__)


class LinkForm(Form):
    account = Line("Лицевой счёт", most=40, required="Введите номер лицевого счёта.")
    secret = Line(
        "Код доступа или конец номера счётчика",
        most=40,
        required="Введите код доступа с квитанции или четыре последних знака номера счётчика.",
    )


class DeedForm(Form):
    """Only a button."""


@room.get("/accounts", endpoint="index")
@customer_only
def index() -> Any:
    due = owed.due_by_number(choice.number for choice in choices())
    return page("customer/accounts/index.html", form=DeedForm(), limit=company.current().accounts_limit, due=due)


@room.get("/accounts/link", endpoint="link")
@customer_only
def link() -> Any:
    return page("customer/accounts/link.html", form=LinkForm())


@room.post("/accounts/link", endpoint="attach")
@customer_only
def attach() -> Any:
    form = LinkForm()
    try:
        if form.validate():
            account = proven(form.account.data, form.secret.data)
            accounts.link(current_user.id, account)
            flash(f"Лицевой счёт {account.number} привязан.", "good")
            return see("home.show", number=account.number)
    except Refusal as refusal:
        form.refuse(refusal)
    return refused("customer/accounts/link.html", form)


@room.get("/accounts/<string:number>/unlink", endpoint="ask_unlink")
@customer_only
def ask_unlink(number: str) -> Any:
    return page(
        "customer/accounts/unlink.html", form=DeedForm(), unlinked=account_or_404(number), is_last=len(choices()) == 1
    )


@room.post("/accounts/<string:number>/unlink", endpoint="unlink")
@customer_only
def unlink(number: str) -> Any:
    linking.unlink(current_user.id, account_or_404(number))
    session.pop("account", None)
    flash(f"Лицевой счёт {number} отвязан. Привязать его снова можно в любой день.", "good")
    return see("accounts.index")


@room.post("/accounts/<string:number>/primary", endpoint="make_primary")
@customer_only
def make_primary(number: str) -> Any:
    moved = linking.make_primary(current_user.id, account_or_404(number))
    more = (
        " Счета прежнего основного снова приходят на бумаге: по почте бывают только счета основного." if moved else ""
    )
    flash(f"Основной лицевой счёт теперь {number}.{more}", "good")
    return see("accounts.index")
