"""Callbacks at the contact centre: whom to call now, one request with its phone, and how the call ended."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, abort, flash, request
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from models import clock, company, words
from models.base import Refusal
from models.contact import callbacks, calling
from models.contact.appeals.rows import topic_of
from models.contact.callbacks import Callback
from views.fields import Form, HiddenField, Line, Text
from views.page import see
from views.staff_door import officer, staff_only
from views.staff_page import page

room = Blueprint("staff_callbacks", __name__)
A_PAGE, MOST_PAGES = 50, 10_000
_SEEN_AT_THE_END = 2  # digits of a phone that is not taken


class OutcomeForm(Form):
    """How a call ended: each button of the page sends its own `outcome`."""

    outcome = HiddenField()
    text = Text("О чём говорили")
    again = Line("Когда позвонить снова", most=20)
    topic = SelectField("Тема обращения", validate_choice=False)

    def offer(self, topic: str) -> OutcomeForm:
        topics = company.current().reception.topics.values()
        self.topic.choices = [SelectChoice(one.code, one.title) for one in topics]
        self.topic.data = self.topic.data or topic
        return self

    @property
    def moment(self) -> datetime | None:
        """The typed local time as a naive UTC moment, None for what is no time."""
        try:
            return clock.utc(datetime.fromisoformat((self.again.data or "").strip()).replace(tzinfo=None))
        except (ValueError, OverflowError):
            return None


@room.get("/staff/callbacks", endpoint="index")
@staff_only("callbacks.see")
def index() -> Any:
    return page("staff/callbacks/index.html", queue=calling.queue(), **_helpers())


@room.get("/staff/callbacks/past", endpoint="past")
@staff_only("callbacks.see")
def past() -> Any:
    number = min(max(1, request.args.get("page", 1, type=int)), MOST_PAGES)
    rows = calling.past(most=A_PAGE + 1, skip=(number - 1) * A_PAGE)
    return page(
        "staff/callbacks/past.html", rows=rows[:A_PAGE], number=number, has_more=len(rows) > A_PAGE, **_helpers()
    )


@room.post("/staff/callbacks/next", endpoint="begin")
@staff_only("callbacks.call")
def begin() -> Any:
    callback_id = calling.take_next(officer().id)
    if callback_id is None:
        flash("Сейчас звонить некому.")
        return see("staff_callbacks.index")
    return see("staff_callbacks.show", callback_id=callback_id)


@room.get("/staff/callbacks/<int:callback_id>", endpoint="show")
@staff_only("callbacks.see")
def show(callback_id: int) -> Any:
    callback = _found(callback_id)
    return page("staff/callbacks/show.html", **_shown(callback, OutcomeForm().offer(callback.topic)))


@room.post("/staff/callbacks/<int:callback_id>/take", endpoint="take")
@staff_only("callbacks.call")
def take(callback_id: int) -> Any:
    _found(callback_id)
    try:
        calling.take(callback_id, officer().id)
    except Refusal as refusal:
        flash(refusal.text, "bad")
        return see("staff_callbacks.index")
    return see("staff_callbacks.show", callback_id=callback_id)


@room.post("/staff/callbacks/<int:callback_id>/let-go", endpoint="let_go")
@staff_only("callbacks.call")
def let_go(callback_id: int) -> Any:
    calling.let_go(_found(callback_id).id, officer().id)
    return see("staff_callbacks.index")


@room.post("/staff/callbacks/<int:callback_id>", endpoint="note")
@staff_only("callbacks.call")
def note(callback_id: int) -> Any:
    callback = _found(callback_id)
    form = OutcomeForm().offer(callback.topic)
    if form.validate():
        try:
            after = _noted(callback, form)
            flash(_said(after), "good")
            return see("staff_callbacks.index")
        except Refusal as refusal:
            form.refuse(refusal)
    return page("staff/callbacks/show.html", **_shown(_found(callback_id), form)), 422


def _noted(callback: Callback, form: OutcomeForm) -> Callback:
    text, outcome = form.text.data or "", form.outcome.data or ""
    if outcome == calling.APPEAL:
        return calling.register_appeal(callback.id, officer().id, form.topic.data or "", text)
    return calling.note(callback.id, officer().id, outcome, text, again=form.moment)


def _said(callback: Callback) -> str:
    if callback.is_open:
        return f"Записано. Позвонить снова: {words.moment(clock.local(callback.due_at))}."
    if number := calling.appeal_number(callback):
        return f"Записано, зарегистрировано обращение № {number}."
    return f"Записано: {callbacks.TITLES[callback.state]}."


def _shown(callback: Callback, form: OutcomeForm) -> dict[str, Any]:
    is_mine = calling.is_mine(callback, officer().id)
    return {
        "callback": callback,
        "form": form,
        "is_mine": is_mine,
        "joined": calling.joined(callback),
        "phone": words.phone(callback.phone) if is_mine else masked_phone(callback.phone),
        "tries": calling.tries(callback),
        "appeal": calling.appeal_number(callback),
        "now": clock.local(clock.now()).isoformat(timespec="minutes"),
        **_helpers(),
    }


def _helpers() -> dict[str, Any]:
    return {
        "titles": callbacks.TITLES,
        "outcomes": calling.OUTCOMES,
        "topic_of": topic_of,
        "masked_phone": masked_phone,
        "taken": _is_taken,
    }


def _is_taken(row: Any) -> bool:
    """Whether somebody has it now."""
    return row.owned_until is not None and row.owned_until > clock.now()


def masked_phone(number: str) -> str:
    """«+7 913 •••-••-23»: enough to tell two requests apart, too little to call."""
    shown, digits = [], 0
    for character in reversed(words.phone(number)):
        digits += character.isdigit()
        is_hidden = character.isdigit() and _SEEN_AT_THE_END < digits <= len(number) - 5
        shown.append("•" if is_hidden else character)
    return "".join(reversed(shown))


def _found(callback_id: int) -> Callback:
    callback = calling.find(callback_id)
    if callback is None:
        abort(404)
    return callback
