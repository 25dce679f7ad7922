"""What an employee does in an open card instead of the customer; each deed is marked as such in the audit log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from flask import Blueprint, abort, flash, g, request
from wtforms import RadioField

from models import clock, company, periods, seal
from models.base import Refusal
from models.billing import delivery
from models.billing.bills import Open
from models.metering import intake, standings
from models.office import behalf, cards
from models.words import plural
from views import papers
from views.fields import Form, HiddenField, Line
from views.page import see
from views.reading_form import for_standings, name_of, seen
from views.staff_card import card_or_reason
from views.staff_door import officer, staff_only
from views.staff_page import page, refused

room = Blueprint("staff_behalf", __name__)
STATEMENT_MONTHS = 12


@room.before_request
def _place() -> None:
    g.section = "staff_customers"


class ContactForm(Form):
    phone = Line("Телефон", most=40)
    email = Line("Почта", most=254)


class UnlinkForm(Form):
    why = Line("Почему отвязываете", most=behalf.LONGEST_WHY, required="Напишите, почему отвязываете.")


class DeliveryForm(Form):
    way = RadioField("Как получать счета", validate_choice=False)
    key = HiddenField()


# ---- readings


@room.get("/staff/customers/<string:number>/readings", endpoint="readings")
@staff_only("customers.act")
def readings(number: str) -> Any:
    context = _reading_form(card_or_reason(number))
    if context["standings"]:
        first = context["form"][name_of(context["standings"][0].meter.id, "t1")]
        first.render_kw = {**first.render_kw, "autofocus": True}
    return page("staff/behalf/readings.html", **context)


@room.post("/staff/customers/<string:number>/readings", endpoint="send")
@staff_only("customers.act")
def send(number: str) -> Any:
    card = card_or_reason(number)
    context = _reading_form(card)
    form, typed = context["form"], context["form"].typed(context["standings"])
    try:
        if "check" in request.form:
            context["verdicts"] = intake.look(card, typed, channel=behalf.CHANNEL, taken=_taken(context))
            return page("staff/behalf/readings.html", **context)
        confirmed = request.form.get("confirmed") == seen(typed)
        received = behalf.pass_readings(
            card, typed, key=form.key.data or "", confirmed=confirmed, taken=_taken(context)
        )
        flash(
            "Показания приняты." if received.is_new else "Это показание уже есть, второй раз ничего не записано.",
            "good",
        )
        return see("staff_customers.show", number=number)
    except intake.Unconfirmed as unconfirmed:
        context.update(verdicts=unconfirmed.verdicts, confirm=seen(typed))
    except Refusal as refusal:
        form.refuse(refusal)
        context["extra"] = [problem.text for problem in refusal.problems if problem.field == "taken"]
    return page("staff/behalf/readings.html", **context), 422


def _reading_form(card: Any) -> dict[str, Any]:
    today = clock.today()
    own = standings.of_account(card.id, today)
    return {
        "account": card, "standings": own, "form": for_standings(own, today), "taken": request.form.get("taken", ""), "today": today,
        "verdicts": {}, "confirm": "", "extra": [],
    }  # fmt: skip


def _taken(context: dict[str, Any]) -> date | None:
    """The day that was typed; none for today. Refused when it is no day."""
    typed = context["taken"].strip()
    if not typed:
        return None
    try:
        return date.fromisoformat(typed)
    except ValueError:
        raise Refusal("taken", "Дата снятия — это день, месяц и год, например 2026-11-18.", "reading.day") from None


# ---- papers


@room.post("/staff/customers/<string:number>/bills/<string:period>", endpoint="print_bill")
@staff_only("customers.act")
def print_bill(number: str, period: str) -> Any:
    card = card_or_reason(number)
    opened = Open(card, period) if periods.parse(period) else None
    if opened is None or not opened.is_there:
        abort(404)
    papers.spend(f"staff:{officer().id}")
    behalf.printed(card, "bill", period=period)
    return papers.bill(opened)


@room.post("/staff/customers/<string:number>/statement", endpoint="print_statement")
@staff_only("customers.act")
def print_statement(number: str) -> Any:
    card = card_or_reason(number)
    past = papers.book(card)
    first, last = papers.span(past.first_period, past.last_period, STATEMENT_MONTHS)
    papers.spend(f"staff:{officer().id}")
    behalf.printed(card, "statement")
    return papers.statement_of(card, papers.statement_between(card, past, first, last))


# ---- contacts, holders


@room.get("/staff/customers/<string:number>/contact", endpoint="contact")
@staff_only("customers.act")
def contact(number: str) -> Any:
    card = card_or_reason(number)
    return page("staff/behalf/contact.html", account=card, form=ContactForm(phone=card.phone, email=card.email))


@room.post("/staff/customers/<string:number>/contact", endpoint="change_contact")
@staff_only("customers.act")
def change_contact(number: str) -> Any:
    card, form = card_or_reason(number), ContactForm()
    try:
        if form.validate():
            behalf.change_contact(card, form.email.data or "", form.phone.data or "")
            flash("Контакты изменены, абоненту отправлено письмо.", "good")
            return see("staff_customers.show", number=number)
    except Refusal as refusal:
        form.refuse(refusal)
    return refused("staff/behalf/contact.html", form, account=card)


@room.get("/staff/customers/<string:number>/delivery", endpoint="delivery")
@staff_only("customers.act")
def delivery_of(number: str) -> Any:
    return page("staff/behalf/delivery.html", **_delivery(card_or_reason(number), DeliveryForm()))


@room.post("/staff/customers/<string:number>/delivery", endpoint="choose_delivery")
@staff_only("customers.act")
def choose_delivery(number: str) -> Any:
    card, form = card_or_reason(number), DeliveryForm()
    way, _, customer = (form.way.data or "").partition(":")
    try:
        if form.validate():
            is_new = behalf.choose_delivery(card, _id(customer), way, form.key.data or "")
            said = (
                "Сохранено. Всем, у кого этот счёт в кабинете, ушло письмо."
                if is_new
                else "Так и было: ничего не изменилось."
            )
            flash(said, "good" if is_new else "")
            return see("staff_customers.show", number=number)
    except Refusal as refusal:
        form.refuse(refusal)
    return page("staff/behalf/delivery.html", **_delivery(card, form)), 422


def _delivery(card: Any, form: DeliveryForm) -> dict[str, Any]:
    """The ways for each holder: by e-mail to them, or paper, which is the same whoever asks for it."""
    holders, now = cards.holders_of(card.id), delivery.current(card.id)
    ways = [way for way in company.current().delivery.ways if way != delivery.PAPER]
    form.way.choices = [(f"{delivery.PAPER}:{one.id}", "На бумаге") for one in holders[:1]] + [
        (f"{way}:{one.id}", f"{delivery.TITLES[way].capitalize()}: {one.email}") for one in holders for way in ways
    ]
    if form.way.data is None and holders:
        form.way.data = f"{now.way}:{now.customer_id if now.is_by_email else holders[0].id}"
    form.key.data = form.key.data or seal.token()[:22]
    return {"account": card, "form": form, "holders": holders}


def _id(typed: str) -> int:
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0


@room.get("/staff/customers/<string:number>/holders/<int:customer_id>/unlink", endpoint="unlink")
@staff_only("customers.act")
def unlink(number: str, customer_id: int) -> Any:
    card = card_or_reason(number)
    return page("staff/behalf/unlink.html", account=card, holder_=_holder(card, customer_id), form=UnlinkForm())


@room.post("/staff/customers/<string:number>/holders/<int:customer_id>/unlink", endpoint="unlink_now")
@staff_only("customers.act")
def unlink_now(number: str, customer_id: int) -> Any:
    card, form = card_or_reason(number), UnlinkForm()
    holder = _holder(card, customer_id)
    try:
        if form.validate():
            behalf.unlink_holder(card, customer_id, form.why.data or "")
            flash("Счёт отвязан, клиенту отправлено письмо.", "good")
            return see("staff_customers.show", number=number)
    except Refusal as refusal:
        form.refuse(refusal)
    return refused("staff/behalf/unlink.html", form, account=card, holder_=holder)


@room.post("/staff/customers/<string:number>/holders/<int:customer_id>/sessions/end", endpoint="end_sessions")
@staff_only("customers.act")
def end_sessions(number: str, customer_id: int) -> Any:
    def deed(card: Any) -> str:
        ended = behalf.end_sessions(card, customer_id)
        return f"Клиенту придётся войти заново: закончено {plural(ended, 'сеанс', 'сеанса', 'сеансов')}."

    return _done(number, deed)


@room.post("/staff/customers/<string:number>/holders/<int:customer_id>/recover", endpoint="recover")
@staff_only("customers.act")
def recover(number: str, customer_id: int) -> Any:
    return _done(number, lambda card: f"Письмо отправлено на {behalf.send_recovery(card, customer_id)}.")


def _done(number: str, deed: Callable[[Any], str]) -> Any:
    card = card_or_reason(number)
    try:
        flash(deed(card), "good")
    except Refusal as refusal:
        flash(refusal.text, "bad")
    return see("staff_customers.show", number=number)


def _holder(card: Any, customer_id: int) -> Any:
    found = next((one for one in cards.holders_of(card.id) if one.id == customer_id), None)
    if found is None:
        abort(404)
    return found
