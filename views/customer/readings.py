"""Passing readings: the form, a look before sending, the confirm step, the receipt."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, request
from flask_login import current_user

from models import clock, periods
from models.base import Refusal
from models.billing import offers
from models.billing.tariffs import Tariffs
from models.metering import history, intake, receipts, standings
from views.door import account_or_404, customer_only
from views.page import page, part, see, see_from_part
from views.reading_form import blank, seen

room = Blueprint("readings", __name__)
SHOWN_MONTHS = 6


@room.get("/accounts/<string:number>/readings", endpoint="form")
@customer_only
def form(number: str) -> Any:
    account = account_or_404(number)
    context = _form(account)
    return page("customer/readings/show.html", **context, **_past(context["past"]))


@room.post("/accounts/<string:number>/readings", endpoint="send")
@customer_only
def send(number: str) -> Any:
    account = account_or_404(number)
    context = _form(account)
    receipt = _receive(account, context)
    if receipt:
        return see("readings.receipt", number=number, receipt=receipt)
    return page("customer/readings/show.html", **context, **_past(context["past"])), context["status"]


@room.post("/accounts/<string:number>/readings/form", endpoint="send_part")
@customer_only
def send_part(number: str) -> Any:
    """The same deed for htmx: the form alone comes back, or the way to the receipt."""
    account = account_or_404(number)
    context = _form(account)
    receipt = _receive(account, context)
    if receipt:
        return see_from_part("readings.receipt", number=number, receipt=receipt)
    return part("customer/readings/_form.html", **context), context["status"]


@room.get("/accounts/<string:number>/readings/receipts/<string:receipt>", endpoint="receipt")
@customer_only
def receipt(number: str, receipt: str) -> Any:
    account = account_or_404(number)
    shown = receipts.find(receipt, account.id)
    if shown is None:
        abort(404)
    return page("customer/readings/receipt.html", receipt=shown)


def _form(account: Any) -> dict[str, Any]:
    """What the part needs; the page shows the last months below it."""
    today = clock.today()
    past = history.Past(account, today)
    own = standings.of_account(account.id, today, past.readings, past.meters)
    return {**blank(own, today), "past": past, "status": 200}


def _past(past: history.Past) -> dict[str, Any]:
    return {"lines": past.lines(periods.shift(past.last_period, 1 - SHOWN_MONTHS), past.last_period)}


def _receive(account: Any, context: dict[str, Any]) -> str | None:
    """The receipt's number; or None, and the context tells what to show instead."""
    form = context["form"]
    typed = form.typed(context["standings"])
    try:
        if "check" in request.form:
            context["verdicts"] = intake.look(account, typed, channel="web")
            context["costs"] = _costs(account, context)
            return None
        confirmed = request.form.get("confirmed") == seen(typed)
        received = intake.receive(
            account, typed, channel="web", key=form.key.data or "", customer_id=current_user.id, confirmed=confirmed
        )
        if received.cut:
            flash("Цифры после запятой передавать не нужно: мы записали только целую часть.")
        if not received.is_new:
            flash("Это показание уже передано, второй раз ничего не записано.")
        return receipts.number_of(received.receipt_id)
    except intake.Unconfirmed as unconfirmed:
        context.update(verdicts=unconfirmed.verdicts, confirm=seen(typed), status=422)
        context["costs"] = _costs(account, context)
    except Refusal as refusal:
        form.refuse(refusal)
        context["status"] = 422
    return None


def _costs(account: Any, context: dict[str, Any]) -> dict[int, int | None]:
    """About what the use of each meter will cost, kopecks."""
    tariffs, today, verdicts = Tariffs.load(), clock.today(), context["verdicts"]
    return {
        standing.meter.id: offers.cost(account, standing.meter, verdicts[standing.meter.id].usage, tariffs, today)
        for standing in context["standings"]
        if standing.meter.id in verdicts
    }
