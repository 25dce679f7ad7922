"""Passing readings by the link on a bill or in a letter: no signing in, one account and period, nothing told about anybody."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, request

from models import clock, limits
from models.base import Refusal
from models.metering import intake, reading_links, receipts, standings, windows
from models.metering.meters import zone_names
from models.metering.reading_links import Named
from views.door import public
from views.page import page
from views.reading_form import bare, seen

room = Blueprint("reading_link", __name__)
GUESSES, SENDS, HOUR = 60, 20, 3600


@room.get("/r/<string:token>", endpoint="form")
@public
def form(token: str) -> Any:
    named = _named(token)
    return page("customer/reading_link/show.html", **_form(named, token))


@room.post("/r/<string:token>", endpoint="send")
@public
def send(token: str) -> Any:
    named = _named(token)
    context = _form(named, token)
    if context["closed"]:
        return page("customer/reading_link/show.html", **context), 422
    limits.spend("reading_link.send", token, SENDS, HOUR)
    form = context["form"]
    typed = form.typed(context["standings"])
    try:
        confirmed = request.form.get("confirmed") == seen(typed)
        received = intake.receive(named.account, typed, channel="web", key=form.key.data or "", confirmed=confirmed)
        return page(
            "customer/reading_link/taken.html", is_new=received.is_new, period=named.period,
            receipt=receipts.number_of(received.receipt_id), sent=_sent(context["standings"], typed),
        )  # fmt: skip
    except intake.Unconfirmed:
        context["confirm"] = seen(typed)
    except Refusal as refusal:
        form.refuse(refusal)
    return page("customer/reading_link/show.html", **context), 422


def _sent(own: list[Any], typed: dict[int, tuple[str, ...]]) -> list[tuple[str, str, str]]:
    """What this visitor has just typed: the end of the meter's number, the zone, the value."""
    return [
        (standing.meter.serial[-4:], name, value.strip())
        for standing in own
        for name, value in zip(zone_names(standing.meter).values(), typed.get(standing.meter.id, ()), strict=False)
        if value.strip()
    ]


def _named(token: str) -> Named:
    """What the link names; a wrong one is no page, and too many wrong ones are no answer."""
    named = reading_links.find(token)
    if named is None:
        limits.spend_address("reading_link", request.remote_addr or "", GUESSES, HOUR)
        abort(404)
    return named


def _form(named: Named, token: str) -> dict[str, Any]:
    today = clock.today()
    own = standings.of_account(named.account.id, today)
    return {
        "token": token, "period": named.period, "standings": own, "form": bare(own), "confirm": "",
        "closed": _closed(named, own),
    }  # fmt: skip


def _closed(named: Named, own: list[Any]) -> str:
    """Why nothing can be passed by the link now; empty: it can."""
    today = clock.today()
    if named.period < clock.period(today):
        return "Срок этой ссылки прошёл. Возьмите код с последнего счёта, ссылку из последнего письма или войдите в кабинет."
    if named.period > clock.period(today):
        return "Этот месяц ещё не начался: ссылка заработает, когда откроется приём показаний."
    if not own:
        return "На этом лицевом счёте сейчас нет действующего счётчика."
    window = windows.of("web", today)
    return "" if window.is_open else window.text
