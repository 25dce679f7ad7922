"""How each letter looks: put together with an account's real data of today, sent to nobody."""

from __future__ import annotations

import math
from typing import Any

from flask import Blueprint, abort, current_app, g, request
from jinja2 import TemplateNotFound
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from models import company
from models.base import Refusal
from models.metering.accounts import Account
from models.office import cards, letter_samples
from models.office.messages import KIND_TITLES
from models.outbox import kinds
from models.outbox.messages import EMAIL
from tasks import letters
from tasks.letters import Letter
from views import letter_page
from views.fields import Form, Line
from views.page import see
from views.staff_card import ReasonForm
from views.staff_door import officer, staff_only
from views.staff_page import page

room = Blueprint("staff_letters", __name__)
ONE_PART, PART = 70, 67  # signs of an SMS in Cyrillic: of a single one, of each part of a longer one


class ChoiceForm(Form):
    letter = SelectField("Письмо", validate_choice=False)
    kind = SelectField("Чем", choices=[SelectChoice(*one) for one in KIND_TITLES.items()], validate_choice=False)
    account = Line("Лицевой счёт", most=40)

    class Meta(Form.Meta):
        csrf = False  # a choice changes nothing

    def offer(self) -> ChoiceForm:
        self.letter.choices = [SelectChoice(one.letter, one.title) for one in kinds.KINDS.values()]
        return self


@room.before_request
def _place() -> None:
    g.section = "staff_messages"


@room.get("/staff/letters", endpoint="index")
@staff_only("messages.see")
def index() -> Any:
    form = ChoiceForm(formdata=request.args).offer()
    if not form.account.data or not form.validate():
        return _shown(form)
    try:
        account = _account(form.account.data)
        card = cards.present(officer().id, account.number)
        if card is None:
            return _shown(form, ReasonForm(reason=cards.last_reason(officer().id)).offer_reasons(), account)
        return _shown(
            form, account=account, letter=_put_together(card, form.letter.data or "", form.kind.data or EMAIL)
        )
    except Refusal as refusal:
        form.refuse(refusal)
    return _shown(form)


@room.post("/staff/letters/open", endpoint="open")
@staff_only("messages.see")
def open_() -> Any:
    """Open the account's card for its letters, with the reason."""
    form, asked = ChoiceForm(formdata=request.form).offer(), ReasonForm().offer_reasons()
    try:
        account = _account(form.account.data or "")
    except Refusal as refusal:
        form.refuse(refusal)
        return _shown(form), 422
    try:
        if asked.validate():
            cards.open_card(officer().id, account.number, asked.reason.data or "", asked.note.data or "")
            return see("staff_letters.index", letter=form.letter.data, kind=form.kind.data, account=account.number)
    except Refusal as refusal:
        asked.refuse(refusal)
    return _shown(form, asked, account), 422


@room.get("/staff/letters/<string:number>/<string:letter>", endpoint="html")
@staff_only("messages.see")
def as_html(number: str, letter: str) -> Any:
    """The letter to an account whose card is open, as its reader sees it."""
    card = cards.present(officer().id, number)
    try:
        return letter_page.as_page(_put_together(card, letter, EMAIL).html) if card else abort(404)
    except Refusal:
        abort(404)


def _shown(
    form: ChoiceForm, asked: ReasonForm | None = None, account: Account | None = None, letter: Letter | None = None
) -> str:
    """The page: the choice, the reason that is asked for, or the letter."""
    return page(
        "staff/letters/index.html",
        form=form,
        asked=asked,
        account=account,
        letter=letter,
        signs=len(letter.text) if letter else 0,
        parts=parts(letter.text) if letter else 0,
        kilobytes=math.ceil(len(letter.html.encode()) / 1000) if letter else 0,
    )


def parts(text: str) -> int:
    """How many SMS a text in Cyrillic is sent as."""
    signs = len(text.encode("utf-16-be")) // 2
    return 1 if signs <= ONE_PART else math.ceil(signs / PART)


def _account(typed: str) -> Account:
    number = company.current().normal_number(typed)
    account = Account.get_or_none(Account.number == number) if number else None
    if account is None:
        raise Refusal("account", "Такого лицевого счёта нет. Введите номер целиком.", "letter.account")
    return account


def _put_together(card: Any, letter: str, kind: str) -> Letter:
    """Refused: nothing to tell the account, and an SMS that this letter has not."""
    message = letter_samples.of(letter, card, kind)
    public_url = current_app.extensions["kabinet"].public_url
    try:
        return letters.put_together(message, public_url, shown=True)
    except TemplateNotFound:
        raise Refusal("kind", "Такого письма по СМС нет, только по почте.", "letter.no_sms") from None
