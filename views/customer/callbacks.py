"""Asking to be called back, from any page, with a cabinet or without one; and calling it off again."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from flask import Blueprint, current_app, flash, request, session
from flask_login import current_user
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from models import company, seal
from models.base import Refusal
from models.contact import callbacks
from models.contact.callbacks import Callback
from models.metering.accounts import held_by, short_address
from views.door import public
from views.fields import Form, HiddenField, Line
from views.page import own_path, page, refused, see

room = Blueprint("callbacks", __name__)
_REMEMBERED = 5  # requests of a browser without a cabinet


class CallbackForm(Form):
    phone = Line("Телефон", most=40, required="Введите номер телефона.")
    topic = SelectField("О чём вопрос", validate_choice=False)
    when = SelectField("Когда удобно", validate_choice=False)
    account = SelectField("Лицевой счёт", validate_choice=False)
    name = Line("Как к вам обращаться", most=callbacks.LONGEST_NAME)
    page = HiddenField()
    key = HiddenField()

    def offer(self) -> CallbackForm:
        topics = company.current().reception.topics.values()
        self.topic.choices = [SelectChoice("", "выберите"), *(SelectChoice(one.code, one.title) for one in topics)]
        self.when.choices = [SelectChoice(one.code, one.title) for one in callbacks.times()]
        held = held_by(customer=current_user.id) if current_user.is_authenticated else []
        self.account.choices = [SelectChoice(str(one.id), f"{one.number}, {short_address(one)}") for one in held]
        self.account.choices += [SelectChoice("", "не о лицевом счёте")] if held else []
        self.key.data = self.key.data or seal.token()[:22]
        return self

    @property
    def account_id(self) -> int | None:
        """The customer's own account that was chosen: what is not in the list is none."""
        known = {value for value, *_ in self.account.choices or []}
        return int(self.account.data) if self.account.data and self.account.data in known else None


class CancelForm(Form):
    number = HiddenField()


@room.get("/callbacks", endpoint="index")
@public
def index() -> Any:
    form = CallbackForm()
    if current_user.is_authenticated and not form.phone.data:
        form.phone.data, form.name.data = current_user.phone, current_user.name
    form.page.data = _origin(request.args.get("page", "")) or form.page.data
    return page("customer/callbacks/show.html", form=form.offer(), own=_own(), titles=callbacks.TITLES)


@room.post("/callbacks", endpoint="ask")
@public
def ask() -> Any:
    form = CallbackForm().offer()
    if form.validate():
        try:
            return _asked(form)
        except Refusal as refusal:
            form.refuse(refusal)
    return refused("customer/callbacks/show.html", form, own=_own(), titles=callbacks.TITLES)


@room.post("/callbacks/cancel", endpoint="cancel")
@public
def cancel() -> Any:
    typed = CancelForm().number.data or ""
    mine = next((one for one in _own() if one.number == typed), None)
    if mine is None:
        flash("Этой заявки здесь нет.", "bad")
        return see("callbacks.index")
    try:
        callbacks.cancel(mine.id)
        flash("Звонок отменён.", "good")
    except Refusal as refusal:
        flash(refusal.text, "bad")
    return see("callbacks.index")


def _asked(form: CallbackForm) -> Any:
    customer_id = current_user.id if current_user.is_authenticated else None
    key = seal.fingerprint(f"callback|{customer_id}|{form.key.data}")
    made = callbacks.request(
        form.phone.data or "", form.topic.data or "", form.when.data or "", name=form.name.data or "",
        account_id=form.account_id, customer_id=customer_id, page=_origin(form.page.data or ""), key=key,
    )  # fmt: skip
    if made.key == key and customer_id is None:
        known = [one for one in session.get("callbacks", []) if one != made.id]
        session["callbacks"] = [*known, made.id][-_REMEMBERED:]
    if made.key != key:  # whose it is, and what it is about, is not told to whoever has typed the number
        flash("На этот номер звонок уже заказан. Мы позвоним, второй раз заказывать не нужно.")
    return see("callbacks.index")


def _own() -> list[Callback]:
    if current_user.is_authenticated:
        return callbacks.of_customer(current_user.id)
    return callbacks.of_ids(session.get("callbacks", []))


def _origin(typed: str) -> str:
    """The page somebody comes from, as staff may see it: a path of ours without a query and without a secret in it, else nothing."""
    path = unquote(urlsplit(own_path(typed) or "").path)
    if not path or len(path) > callbacks.LONGEST_PAGE or path.startswith("/staff"):
        return ""
    _, values = current_app.create_url_adapter(request).match(path, method="GET")  # type: ignore[union-attr]
    return "" if "token" in values else path
