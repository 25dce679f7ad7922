"""Asking to be called back, from any page, with a cabinet or without one; and calling it off again."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from flask import Blueprint, current_app, flash, request, session
from flask_login import current_user
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from models import company, seal, words
from models.base import Refusal
from models.company_consents import PERSONAL_DATA, ConsentDocument
from models.contact import callbacks
from models.contact.callbacks import Callback
from models.metering.accounts import held_by, short_address
from views.door import public
from views.fields import Form, HiddenField, Line, Tick
from views.page import own_path, page, refused, see

room = Blueprint("callbacks", __name__)
_REMEMBERED = 5  # requests of a browser without a cabinet


class CallbackForm(Form):
    phone = Line("Телефон", most=40)
    topic = SelectField("О чём вопрос", validate_choice=False)
    when = SelectField("Когда удобно", validate_choice=False)
    account = SelectField("Лицевой счёт", validate_choice=False)
    name = Line("Как к вам обращаться", most=callbacks.LONGEST_NAME)
    consent = Tick("Даю согласие на обработку персональных данных")
    shown = HiddenField()  # the version of the document beside the box
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
        self.shown.data = self.shown.data or _document().version
        return self

    @property
    def consent_shown(self) -> str:
        return (self.shown.data or "") if self.consent.data else ""

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
        form.phone.data, form.name.data = (
            words.phone(current_user.phone or "").replace(words.NBSP, " "),
            current_user.name,
        )
    form.page.data = _origin(request.args.get("page", "")) or form.page.data
    return page("customer/callbacks/show.html", form=form.offer(), **_shown())


@room.post("/callbacks", endpoint="ask")
@public
def ask() -> Any:
    form = CallbackForm().offer()
    if form.validate():
        try:
            return _asked(form)
        except Refusal as refusal:
            form.refuse(refusal)
    return refused("customer/callbacks/show.html", form, **_shown())


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
    made = callbacks.request(
        form.phone.data or "", form.topic.data or "", form.when.data or "", name=form.name.data or "",
        account_id=form.account_id, customer_id=customer_id, consent_shown=form.consent_shown,
        page=_origin(form.page.data or ""), key=form.key.data,
    )  # fmt: skip
    if customer_id is None:
        known = [one for one in session.get("callbacks", []) if one != made.id]
        session["callbacks"] = [*known, made.id][-_REMEMBERED:]
    return see("callbacks.index")


def _shown() -> dict[str, Any]:
    document = None if current_user.is_authenticated else _document()
    return {"own": _own(), "titles": callbacks.TITLES, "document": document}


def _document() -> ConsentDocument:
    return company.current().consents[PERSONAL_DATA]


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
