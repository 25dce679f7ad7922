"""How an account's bills come, on paper or by e-mail, and which other letters the customer wants."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash
from flask_login import current_user
from wtforms import BooleanField, RadioField

from models import company, seal, words
from models.base import Refusal
from models.billing import delivery, e_receipts
from models.outbox.addresses import suspended
from models.people import wishes
from models.people.customers import subject
from views.door import account_or_404, customer_only
from views.fields import Form, HiddenField
from views.page import choices, page, part, refused, see

room = Blueprint("delivery", __name__)
_WAYS = {
    delivery.PAPER: "На бумаге",
    delivery.EMAIL: "На почту {email} — от бумажной квитанции отказываюсь",
    delivery.BOTH: "И на почту {email}, и на бумаге",
}
_SAVED = {
    delivery.PAPER: "счета будут приходить на бумаге",
    delivery.EMAIL: "счета будут приходить на {email}, на бумаге — больше нет",
    delivery.BOTH: "счета будут приходить и на {email}, и на бумаге",
}


class WayForm(Form):
    way = RadioField("Как получать счета", validate_choice=False)
    key = HiddenField()


class WishForm(Form):
    reminders = BooleanField("Напоминать, когда пора передать показания")
    news = BooleanField("Присылать новости компании")


@room.get("/accounts/<string:number>/delivery", endpoint="show")
@customer_only
def show(number: str) -> Any:
    return page("customer/delivery/show.html", **_choice(account_or_404(number), WayForm()))


@room.post("/accounts/<string:number>/delivery", endpoint="choose")
@customer_only
def choose(number: str) -> Any:
    account, form = account_or_404(number), WayForm()
    done = _choose(account, form)
    if done:
        flash(done, "good")
        return see("delivery.show", number=number)
    return page("customer/delivery/show.html", **_choice(account, form)), 422


@room.post("/accounts/<string:number>/delivery/form", endpoint="choose_part")
@customer_only
def choose_part(number: str) -> Any:
    """The same deed for htmx: the choice and its history come back."""
    account, form = account_or_404(number), WayForm()
    done = _choose(account, form)
    if done:
        return part("customer/delivery/_choice.html", done=done, **_choice(account, WayForm(formdata=None)))
    return part("customer/delivery/_choice.html", **_choice(account, form)), 422


@room.get("/settings/letters", endpoint="wishes")
@customer_only
def show_wishes() -> Any:
    own = wishes.of(current_user.id)
    return page("customer/delivery/wishes.html", form=WishForm(data=own), ways=delivery.ways_of(current_user.id))


@room.post("/settings/letters", endpoint="wish")
@customer_only
def wish() -> Any:
    form = WishForm()
    try:
        if form.validate():
            wanted = {topic: bool(form[topic].data) for topic in wishes.TOPICS}
            is_new = wishes.wish_all(current_user.id, wanted, delivery.WEB)
            flash("Сохранено." if is_new else "Всё так и было, ничего не изменилось.", "good")
            return see("delivery.wishes")
    except Refusal as refusal:
        form.refuse(refusal)
    return refused("customer/delivery/wishes.html", form, ways=delivery.ways_of(current_user.id))


def _choose(account: Any, form: WayForm) -> str:
    """What to say after a choice; empty: it was refused, and the form tells why."""
    try:
        if not form.validate():
            return ""
        is_new = delivery.choose(current_user.id, account, form.way.data or "", delivery.WEB, form.key.data)
    except Refusal as refusal:
        form.refuse(refusal)
        return ""
    if not is_new:
        return "Счета так и приходят, ничего не изменилось."
    month = words.month(e_receipts.next_period(account.id))
    return (
        f"Сохранено: {_SAVED[form.way.data or delivery.PAPER].format(email=current_user.email)}. Первый — за {month}."
    )


def _choice(account: Any, form: WayForm) -> dict[str, Any]:
    """What the part needs: what holds, what may be chosen, what was."""
    past = delivery.history(account=account.id)
    now = delivery.current_of(past)
    is_mine = now.customer_id == current_user.id
    may = company.current().delivery.accounts == "all" or choices()[0].number == account.number
    ways = [way for way in company.current().delivery.ways if may or way == delivery.PAPER]
    form.way.choices = [(way, _WAYS[way].format(email=current_user.email)) for way in ways]
    if form.way.data is None and (is_mine or not now.is_by_email):
        form.way.data = now.way
    form.key.data = form.key.data or seal.token()[:22]
    return {
        "form": form, "now": now, "is_mine": is_mine, "history": past, "may_choose": may, "primary": choices()[0].number,
        "is_suspended": bool(suspended([current_user.email])), "email": current_user.email, "closes_at": current_user.closes_at,
        "titles": delivery.TITLES, "who": lambda row: delivery.chosen_by(row, subject(current_user.id)),
    }  # fmt: skip
