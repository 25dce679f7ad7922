"""The way out of letters by the link that they carry: GET asks, POST acts at once, also for a mail program (RFC 8058)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, request

from models import limits
from models.base import Refusal
from models.billing import delivery
from models.contact import unsubscribing
from models.contact.unsubscribing import Exit
from views.door import public
from views.fields import Form
from views.page import page, see

room = Blueprint("unsubscribe", __name__)
GUESSES, TURNS, HOUR = 60, 20, 3600
_FIELD, _WORD = "List-Unsubscribe", "One-Click"


class DeedForm(Form):
    """Only a button."""


@room.get("/unsubscribe/<string:token>", endpoint="ask")
@public
def ask(token: str) -> Any:
    return _page(_found(token), token)


def act(token: str) -> Any:
    """200 and no redirect, whoever asks and how often. The button of the page sends what a mail program sends."""
    way = _found(token)
    if request.form.get(_FIELD) != _WORD:
        return _page(way, token), 400
    unsubscribing.act(way)
    return _page(way, token)


act.door = "machine"  # type: ignore[attr-defined]  # a mail program has no cookie and no form token: the signature is enough
room.add_url_rule("/unsubscribe/<string:token>", "act", act, methods=["POST"])
room.record(lambda state: state.app.extensions["csrf"].exempt(act))


@room.post("/unsubscribe/<string:token>/back", endpoint="take_back")
@public
def take_back(token: str) -> Any:
    way = _found(token)
    limits.spend("unsubscribe", token, TURNS, HOUR)
    try:
        unsubscribing.take_back(way)
        flash("Вернули: всё снова приходит как раньше.", "good")
    except Refusal as refusal:
        flash(refusal.text, "bad")
    return see("unsubscribe.ask", token=token)


def _found(token: str) -> Exit:
    """What the link names; a wrong one is no page, and too many wrong ones are no answer."""
    way = unsubscribing.find(token)
    if way is None:
        limits.spend_address("unsubscribe.guess", request.remote_addr or "", GUESSES, HOUR)
        abort(404)
    return way


def _page(way: Exit, token: str) -> str:
    is_out = unsubscribing.is_out(way)
    return page(
        "customer/unsubscribe/show.html", way=way, token=token, is_out=is_out, form=DeedForm(),
        can_take_back=is_out and unsubscribing.can_take_back(way),
        keeps_paper=way.account is not None and delivery.current(way.account.id).way == delivery.BOTH,
    )  # fmt: skip
