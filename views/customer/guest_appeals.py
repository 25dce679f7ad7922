"""Appeals without a cabinet: the address confirmed by a code or a link, and the secret link of the letters."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, request, session
from werkzeug.wrappers import Response

from models import limits
from models.base import Refusal
from models.contact.appeals import guests, links
from models.contact.appeals.rows import Appeal
from views.appeal_door import CONFIRMING, appeal_or_404, forget, reader_only, remember
from views.appeal_form import DeedForm, Draft
from views.door import public
from views.fields import Code, Form
from views.page import page, refused, see

room = Blueprint("guest_appeals", __name__)
GUESSES, HOUR = 60, 3600
_WITHDRAW = "customer/guest_appeals/withdraw.html"
_SENT, _CONFIRM = "customer/guest_appeals/sent.html", "customer/guest_appeals/confirm.html"
_WRONG = "Код неверный или устарел: он действует 10 минут. Проверьте цифры или перейдите по ссылке из письма."


class CodeForm(Form):
    code = Code()


@room.get("/appeals/confirm", endpoint="sent")
@public
def sent() -> Any:
    return page(_SENT, form=CodeForm(), email=session.get("appeal_email"))


@room.post("/appeals/confirm", endpoint="by_code")
@public
def by_code() -> Any:
    form = CodeForm()
    try:
        if form.validate():
            appeal = guests.confirm_by_code(session.get("appeal_confirm", ""), form.code.digits)
            if appeal:
                return _registered(appeal)
            form.code.errors = [_WRONG]
    except Refusal as refusal:
        form.refuse(refusal)
    return refused(_SENT, form, email=session.get("appeal_email"))


@room.post("/appeals/confirm/again", endpoint="again")
@public
def again() -> Any:
    handle = guests.again(session.get("appeal_confirm", ""))
    if handle is None:
        flash("Отправлять заново нечего: напишите обращение ещё раз.")
        return see("appeals.new")
    session["appeal_confirm"] = handle
    flash("Письмо отправлено ещё раз. Действует код из последнего.", "good")
    return see("guest_appeals.sent")


@room.get("/appeals/confirm/<string:token>", endpoint="confirm")
@public
def confirm(token: str) -> Any:
    """Only a button: mail programs open links by themselves."""
    return page(_CONFIRM, form=DeedForm(), is_live=guests.waits(token))


@room.post("/appeals/confirm/<string:token>", endpoint="by_link")
@public
def by_link(token: str) -> Any:
    form = DeedForm()
    try:
        return _registered(guests.confirm(token))
    except Refusal as refusal:
        form.refuse(refusal)
    return refused(_CONFIRM, form, is_live=False)


@room.get("/appeals/link/<string:token>", endpoint="link")
@public
def link(token: str) -> Any:
    """Open the appeal in this browser and leave the secret behind: neither the address bar nor a Referer keeps it."""
    appeal = links.opened(token)
    if appeal is None:
        limits.spend_address("appeal.link", request.remote_addr or "", GUESSES, HOUR)
        return page("customer/guest_appeals/dead.html"), 404
    remember(appeal)
    answer: Response = see("appeals.show", number=appeal.number)
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


@room.post("/appeals/<string:number>/forget", endpoint="forget")
@reader_only
def forget_here(number: str) -> Any:
    """For a computer that others use, too: the appeal and what was typed in it are shown here no more."""
    Draft.of(appeal_or_404(number)).erase()
    forget(number)
    flash(
        "На этом устройстве обращение больше не откроется. Чтобы вернуться к нему, откройте ссылку из письма.", "good"
    )
    return see("home.front")


@room.get("/appeals/<string:number>/consent", endpoint="ask_withdraw")
@reader_only
def ask_withdraw(number: str) -> Any:
    appeal = _of_guest(number)
    return page(_WITHDRAW, appeal=appeal, form=DeedForm(), stands=guests.consent_of(appeal) is not None)


@room.post("/appeals/<string:number>/consent", endpoint="withdraw")
@reader_only
def withdraw(number: str) -> Any:
    try:
        guests.withdraw_consent(_of_guest(number))
        flash("Согласие отозвано.", "good")
    except Refusal as refusal:
        flash(refusal.text)
    return see("appeals.show", number=number)


def _of_guest(number: str) -> Appeal:
    """An appeal that rests on a consent of its own: a customer's is the cabinet's."""
    appeal = appeal_or_404(number)
    return appeal if appeal.customer_id is None else abort(404)


def _registered(appeal: Appeal) -> Any:
    for name in CONFIRMING:
        session.pop(name, None)
    remember(appeal)
    flash(f"Обращение зарегистрировано под номером {appeal.number}.", "good")
    return see("appeals.show", number=appeal.number)
