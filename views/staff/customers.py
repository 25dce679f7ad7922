"""Customers at the office: finding one by whatever they say, naming the reason, and the card."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, current_app, request
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from models import clock, company, periods
from models.base import Refusal
from models.billing import delivery
from models.billing.statement import CHANNELS
from models.contact.callbacks import TITLES as CALL_STATES
from models.metering import finding
from models.metering.finding import Found
from models.metering.orders import rows as orders
from models.numbers import id_of, number_of
from models.office import cards
from models.office.cards import REASONS, Card
from models.office.messages import STATES as MESSAGE_STATES
from tasks import letters
from views import charts, staff_consent
from views.fields import Form, HiddenField, Line
from views.page import see
from views.staff_appeal import STATE_WORDS
from views.staff_door import officer, staff_only
from views.staff_page import page

room = Blueprint("staff_customers", __name__)
MOST_TYPED = 200  # characters of a search
STATES = {
    "new": ("начат, банк не спрошен", "wait"),
    "registered": ("ждёт оплаты", "wait"),
    "paid": ("зачислен", "good"),
    "declined": ("не прошёл", "bad"),
    "failed": ("не начался", "bad"),
    "disputed": ("спорный", "bad"),
    "refunded": ("возвращён", ""),
}


class OpenForm(Form):
    sought = HiddenField()
    reason = SelectField("Зачем открываете", validate_choice=False)
    note = Line("Подробнее", most=cards.LONGEST_NOTE)

    def offer_reasons(self) -> OpenForm:
        first = [] if self.reason.data in REASONS else [SelectChoice("", "выберите")]
        self.reason.choices = [*first, *(SelectChoice(code, title) for code, title in REASONS.items())]
        return self


@room.get("/staff/customers", endpoint="index")
@staff_only("customers.see")
def index() -> Any:
    text = _printable(request.args.get("q", ""))
    if not text:
        return _choice("", Found([], False))
    cards.count_search(officer().id)
    return _choice(text, finding.find(text))


@room.post("/staff/customers/open", endpoint="open")
@staff_only("customers.see")
def open_() -> Any:
    form = OpenForm().offer_reasons()
    number = request.form.get("open", "")
    try:
        if form.validate():
            cards.open_card(officer().id, number, form.reason.data or "", form.note.data or "")
            return see("staff_customers.show", number=number)
    except Refusal as refusal:
        form.refuse(refusal)
    cards.count_search(officer().id)
    text = form.sought.data = _printable(form.sought.data or number)
    return _choice(text, finding.find(text), form), 422


@room.get("/staff/customers/<string:number>", endpoint="show")
@staff_only("customers.see")
def show(number: str) -> Any:
    account = cards.present(officer().id, number)
    if account is None:
        return _ask_why(number)
    return page("staff/customers/show.html", **_shown(cards.load(account, clock.today())))


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else " " for one in text[:MOST_TYPED]).strip()


def _ask_why(number: str) -> Any:
    """The page that asks for the reason, in place of the card."""
    cards.count_search(officer().id)
    found = [row for row in finding.find(number).rows if row.number == number]
    if not found:
        abort(404)
    return _choice(number, Found(found, False))


def _choice(text: str, found: Found, form: OpenForm | None = None) -> str:
    """What was found, masked, and the reason to open one of them; a whole account number found leaves one."""
    number = company.current().normal_number(text)
    rows = [row for row in found.rows if row.number == number] or found.rows
    if form is None:
        form = OpenForm(sought=text, **_reason()).offer_reasons()
    return page("staff/customers/index.html", q=text, rows=rows, more=found.more and len(rows) > 1, form=form)


def _reason() -> dict[str, str]:
    """The reason that stands in the form: the appeal from which the employee has come, else what they gave last."""
    appeal = _printable(request.args.get("appeal", ""))
    if id_of(appeal):
        return {"reason": "appeal", "note": f"№ {appeal}"}
    return {"reason": cards.last_reason(officer().id)}


def _shown(card: Card) -> dict[str, Any]:
    past, today = card.past, clock.today()
    first, last = periods.shift(past.last_period, -cards.MONTHS), periods.shift(past.last_period, -1)
    drawn = [
        (code, charts.of(past.bars(code, max(first, past.first_period), last), past.zones(code)))
        for code in past.services
    ]
    return {
        "card": card,
        "account": card.account,
        "today": today,
        "why": cards.why(card.account),
        "closes_at": f"{clock.local(card.account.opened_at + cards.LASTS):%H:%M}",
        "period": past.last_period,
        "charts": [(code, chart) for code, chart in drawn if chart.points],
        "states": STATES,
        "channels": CHANNELS,
        "days": {one.id: one.paid_on or clock.local(one.created_at).date() for one in card.payments},
        "letters": [(one, letters.subject_of(one), MESSAGE_STATES[one.state]) for one in card.letters],
        "delivery": delivery.current_of(card.delivery),
        "ways": delivery.TITLES,
        **_consent_words(),
        "appeal_states": STATE_WORDS,
        "orders": [
            (
                number_of(one.id, one.placed_at),
                orders.KIND_TITLES[one.kind],
                orders.TITLES[one.state],
                orders.visit(one),
                one,
            )
            for one in card.orders
        ],
        "call_states": CALL_STATES,
        "may_act": officer().may("customers.act"),
        "may_read_letters": officer().may("messages.see"),
        "has": set(current_app.view_functions),
    }


def _consent_words() -> dict[str, Any]:
    words = staff_consent.words()
    named = {f"consent_{name}": words[name] for name in ("states", "channels")}
    return named | {name: words[name] for name in ("titles", "state_of", "when", "may_register")}
