"""Letters and SMS of the portal: what waits, what went, what did not and why; sent again or given up; addresses that take no mail."""

from __future__ import annotations

import io
from typing import Any

from flask import Blueprint, abort, current_app, flash, request, url_for
from jinja2 import TemplateError
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from models import words
from models.base import Refusal
from models.office import cards, messages
from models.office.messages import KIND_TITLES, PAGE, STATES, Search
from models.outbox import Message, addresses, kinds, sending
from models.outbox.addresses import Suspension
from models.people import staff
from tasks import attachments, letters, queue
from tasks.letters import Letter
from views import downloads, letter_page
from views.fields import Form, Line
from views.page import see
from views.row_id import row_id
from views.staff_card import ReasonForm
from views.staff_door import officer, staff_only
from views.staff_page import page, refused

room = Blueprint("staff_messages", __name__)
_SEARCHED = ("who", "state", "letter", "kind", "day")


class SearchForm(Form):
    who = Line("Кому", most=messages.LONGEST)
    state = SelectField("Состояние", validate_choice=False)
    letter = SelectField("Что", validate_choice=False)
    kind = SelectField("Чем", validate_choice=False)
    day = Line("День", most=10)

    class Meta(Form.Meta):
        csrf = False  # a search changes nothing

    def offer(self) -> SearchForm:
        titles = sorted(((one.letter, one.title) for one in kinds.KINDS.values()), key=lambda one: one[1].lower())
        self.state.choices = _choices("любое", [(code, title) for code, (title, _) in STATES.items()])
        self.letter.choices = _choices("любое письмо", titles)
        self.kind.choices = _choices("всё равно", list(KIND_TITLES.items()))
        return self

    def asked(self) -> Search:
        """What is looked for; raises Refusal for what cannot be understood."""
        return messages.search({name: self[name].data or "" for name in _SEARCHED})


class AddressForm(Form):
    q = Line("Адрес или его начало", most=messages.LONGEST)

    class Meta(Form.Meta):
        csrf = False


def _choices(nothing: str, titles: list[tuple[str, str]]) -> list[SelectChoice]:
    return [SelectChoice("", nothing), *(SelectChoice(code, title) for code, title in titles)]


# ---- the list


@room.get("/staff/messages", endpoint="index")
@staff_only("messages.see")
def index() -> Any:
    form = SearchForm(formdata=request.args).offer()
    asked = None
    try:
        asked = form.asked() if form.validate() else None
        if asked and (asked.to or asked.account):
            cards.count_search(officer().id)
    except Refusal as refusal:
        form.refuse(refusal)
    before = request.args.get("before", type=row_id)
    rows = messages.find(asked, before, PAGE + 1) if asked else []
    shown, typed = rows[:PAGE], {name: form[name].data for name in _SEARCHED if form[name].data}
    return page(
        "staff/messages/index.html",
        form=form,
        typed=typed,
        rows=[(one, kinds.title(one.letter), messages.masked(one.to), messages.state_words(one)) for one in shown],
        counts=messages.counts(),
        most=messages.MOST,
        states=STATES,
        may_resend=officer().may("messages.resend"),
        movable={one.id for one in shown if one.state in sending.RESENT_FROM or sending.may_give_up(one)},
        older=url_for("staff_messages.index", **typed, before=shown[-1].id) if len(rows) > PAGE else None,
        newest=url_for("staff_messages.index", **typed) if before else None,
    )


@room.post("/staff/messages/act", endpoint="act")
@staff_only("messages.resend")
def act() -> Any:
    """Send the ticked messages again, or give them up."""
    ids = request.form.getlist("id", type=row_id)[: 2 * PAGE]
    deeds = {"resend": (sending.resend, "Отправим снова"), "give_up": (sending.give_up, "Больше не отправляем")}
    if request.form.get("do") not in deeds:
        abort(400)
    deed, said = deeds[request.form["do"]]
    try:
        count = deed(ids, staff.subject(officer().id))
        left = len(set(ids)) - count
        rest = f" Остальные — {left} — уже в другом состоянии или их ссылки не действуют." if count and left else ""
        flash(_done(said, count, bool(ids)) + rest, "good" if count else "")
        if count and ids:
            queue.ring("send_messages", ids[0])
    except Refusal as refusal:
        flash(refusal.text, "bad")
    if back := request.form.get("message", type=row_id):
        return see("staff_messages.show", message_id=back)
    return see("staff_messages.index", **{name: request.form[name] for name in _SEARCHED if request.form.get(name)})


def _done(said: str, count: int, is_any: bool) -> str:
    if count:
        return f"{said}: {words.plural(count, 'сообщение', 'сообщения', 'сообщений')}."
    return "Ничего не изменилось: эти сообщения уже в другом состоянии." if is_any else "Отметьте сообщения в списке."


# ---- one message


@room.get("/staff/messages/<int:message_id>", endpoint="show")
@staff_only("messages.see")
def show(message_id: int) -> Any:
    return page("staff/messages/show.html", **_shown(_found(message_id)))


@room.post("/staff/messages/<int:message_id>/open", endpoint="open")
@staff_only("messages.see")
def open_(message_id: int) -> Any:
    message, form = _found(message_id), ReasonForm().offer_reasons()
    try:
        if form.validate():
            messages.open_message(officer().id, message, form.reason.data or "", form.note.data or "")
            return see("staff_messages.show", message_id=message.id)
    except Refusal as refusal:
        form.refuse(refusal)
    return refused("staff/messages/show.html", **{**_shown(message), "form": form})


@room.get("/staff/messages/<int:message_id>/html", endpoint="html")
@staff_only("messages.see")
def as_html(message_id: int) -> Any:
    message = _opened(message_id)
    letter = _put_together(message) if message.kind == "email" else None
    return letter_page.as_page(letter.html) if letter else abort(404)


@room.get("/staff/messages/<int:message_id>/file", endpoint="file")
@staff_only("messages.see")
def file(message_id: int) -> Any:
    """What goes with the letter, drawn anew."""
    found = attachments.of(_opened(message_id), _public_url())
    if not found:
        abort(404)
    return downloads.made(io.BytesIO(found[0].body), found[0].name, found[0].kind)


def _shown(message: Message) -> dict[str, Any]:
    is_open = messages.is_open(officer().id, message)
    return {
        "message": message,
        "title": kinds.title(message.letter),
        "kind_title": KIND_TITLES[message.kind],
        "state": messages.state_words(message),
        "to": message.to if is_open else messages.masked(message.to),
        "error": message.error if is_open else messages.told(message.error, message.to),
        "is_open": is_open,
        "letter": _put_together(message) if is_open else None,
        "has_file": message.letter in letter_page.WITH_FILES,
        "form": ReasonForm(reason=cards.last_reason(officer().id)).offer_reasons(),
        "has": set(current_app.view_functions),
        "may_resend": officer().may("messages.resend") and message.state in sending.RESENT_FROM,
        "may_give_up": officer().may("messages.resend") and sending.may_give_up(message),
    }


def _found(message_id: int) -> Message:
    return messages.by_id(message_id) or abort(404)


def _opened(message_id: int) -> Message:
    """A message that this employee may read now; else off to where the reason is asked for."""
    message = _found(message_id)
    if not messages.is_open(officer().id, message):
        abort(see("staff_messages.show", message_id=message.id))
    return message


def _put_together(message: Message) -> Letter | None:
    """Its words without what is secret in them; None where they cannot be put together (its data are of an older day)."""
    try:
        return letters.put_together(message, _public_url(), shown=True)
    except (TemplateError, KeyError, ValueError):
        return None


def _public_url() -> str:
    return str(current_app.extensions["kabinet"].public_url)


# ---- addresses that take no mail


@room.get("/staff/messages/addresses", endpoint="addresses")
@staff_only("messages.see")
def silent_addresses() -> Any:
    form = AddressForm(formdata=request.args)
    sought = (form.q.data or "") if form.validate() else ""
    rows = addresses.listed(sought, before=request.args.get("before", type=row_id), most=PAGE + 1)
    shown = [(one, messages.masked(one.address), messages.told(one.reason, one.address)) for one in rows[:PAGE]]
    return page(
        "staff/messages/addresses.html",
        form=form,
        sought=sought,
        rows=shown,
        may_restore=officer().may("messages.resend"),
        older=url_for("staff_messages.addresses", q=sought, before=rows[PAGE - 1].id) if len(rows) > PAGE else None,
    )


@room.post("/staff/messages/addresses/<int:address_id>", endpoint="restore")
@staff_only("messages.resend")
def restore(address_id: int) -> Any:
    found = Suspension.get_or_none(Suspension.id == address_id) or abort(404)
    if addresses.restore(found.address, staff.subject(officer().id)):
        flash(f"Письма снова идут на {messages.masked(found.address)}.", "good")
    else:
        flash("Письма на этот адрес уже идут.")
    return see("staff_messages.addresses")
