"""A mailing's draft: which letter, to whom, when; counted while it is written, looked at before it is stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, g, request, url_for

from models import clock, limits, seal
from models.base import Refusal
from models.mailings import control, mailings, recipients, texts
from models.mailings.addressing import REASONS
from models.mailings.mailings import DRAFT, Mailing
from models.metering.accounts import Office
from views import mailing_form
from views.mailing_form import MailingForm, sample
from views.page import see
from views.staff_door import officer, staff_only
from views.staff_page import page, part, refused

room = Blueprint("mailing_drafts", __name__)
COUNTS = 600  # of one employee an hour
WHOM = {
    texts.WINDOW: "Всем, у кого есть счёт без показаний за этот месяц, кроме отказавшихся от напоминаний.",
    texts.DEBT: "Тем, у кого есть просроченный долг и согласие получать официальные бумаги по почте или СМС.",
    texts.VERIFICATION: "Тем, у кого скоро закончится поверка счётчика и есть согласие на официальные бумаги.",
    texts.NEWS: "Ваши слова. Каждому один раз, сколько бы счетов у него ни было, кроме отказавшихся от новостей.",
    texts.RECEIPT: "Счета за месяц тем, кто получает их по почте: кому ещё не отправлены или ещё раз всем.",
}


@room.before_request
def _at_home() -> None:
    g.section = "staff_mailings"


@room.get("/staff/mailings/letters", endpoint="new")
@staff_only("mailings.make")
def new() -> Any:
    found = [(letter, title, WHOM[letter]) for letter, title in texts.titles().items()]
    return page("staff/mailings/new.html", letters=found)


@room.get("/staff/mailings/letters/<string:letter>", endpoint="compose")
@staff_only("mailings.make")
def compose(letter: str) -> Any:
    _known_or_404(letter)
    return page("staff/mailings/compose.html", **_composed(mailing_form.blank(letter, seal.token()[:22]), letter))


@room.post("/staff/mailings/letters/<string:letter>", endpoint="make")
@staff_only("mailings.make")
def make(letter: str) -> Any:
    _known_or_404(letter)

    def drafted(form: MailingForm, *given: Any, **terms: Any) -> Mailing:
        return mailings.draft(officer().id, *given, **terms, key=form.key.data or None)

    return _written(letter, drafted)


@room.get("/staff/mailings/<int:mailing_id>/change", endpoint="edit")
@staff_only("mailings.make")
def edit(mailing_id: int) -> Any:
    mailing = _draft_or_404(mailing_id)
    if mailing.state != DRAFT:
        return see("staff_mailings.show", mailing_id=mailing_id)
    return page("staff/mailings/compose.html", **_composed(mailing_form.filled(mailing), mailing.letter, mailing))


@room.post("/staff/mailings/<int:mailing_id>/change", endpoint="change")
@staff_only("mailings.make")
def change(mailing_id: int) -> Any:
    mailing = _draft_or_404(mailing_id)

    def changed(_form: MailingForm, *given: Any, **terms: Any) -> Mailing:
        return mailings.change(mailing_id, *given, **terms)

    return _written(mailing.letter, changed, mailing)


def _written(letter: str, write: Callable[..., Mailing], mailing: Mailing | None = None) -> Any:
    """The draft stored; or, by another button, the same form with the audience counted or the letter shown."""
    form, deed = MailingForm(), request.form.get("deed", "")
    form.offer()
    try:
        if not form.validate():
            raise Refusal(problems=[])
        data, filters = form.data_of(), form.filters()
        if deed == "look":
            looked = sample(letter, texts.checked(letter, data))
            return page("staff/mailings/compose.html", **_composed(form, letter, mailing), looked=looked)
        if deed == "count":
            return page("staff/mailings/compose.html", **_composed(form, letter, mailing))
        made = write(form, letter, form.name.data or "", data, filters, **form.terms())
        return see("staff_mailings.show", mailing_id=made.id)
    except Refusal as refusal:
        form.refuse(refusal)
        return refused("staff/mailings/compose.html", **_composed(form, letter, mailing))


@room.get("/staff/mailings/letters/<string:letter>/count", endpoint="count")
@staff_only("mailings.make")
def count(letter: str) -> Any:
    """The page's own part: how many there are for what is chosen now."""
    _known_or_404(letter)
    return part("staff/mailings/_count.html", **_counted(mailing_form.asked(request.args), letter))


# ---- what the pages show


def _known_or_404(letter: str) -> None:
    if letter not in texts.MAILED:
        abort(404)


def _draft_or_404(mailing_id: int) -> Mailing:
    found = mailings.find(mailing_id) if mailing_id < 2**31 else None
    if found is None:
        abort(404)
    return found


def _composed(form: MailingForm, letter: str, mailing: Mailing | None = None) -> dict[str, Any]:
    """The form's page: whom it would reach now is counted for whatever the form says."""
    own = {"mailing_id": mailing.id} if mailing else {"letter": letter}
    return {
        "form": form,
        "letter": letter,
        "title": texts.titles()[letter],
        "action": url_for("mailing_drafts.change" if mailing else "mailing_drafts.make", **own),
        "back": url_for("staff_mailings.show", **own) if mailing else url_for("mailing_drafts.new"),
        "settlements": sorted({one.settlement for one in Office.select(Office.settlement)}),
        "now": clock.now(),
        **_counted(form, letter),
    }


def _counted(form: Any, letter: str) -> dict[str, Any]:
    """How many letters there would be for what the form says, or why that cannot be counted."""
    found: dict[str, Any] = {"count": None, "wrong": "", "reasons": REASONS, "needs_two": False}
    try:
        limits.spend("mailings.counts", str(officer().id), COUNTS, 3600)
        period = form.period.data or ""
        data = {"title": "", "text": "", "period": period, "again": form.again.data}
        found["count"] = recipients.count(letter, texts.countable(letter, data), form.filters())
        found["needs_two"] = control.needs_two(Mailing(author=officer().id), found["count"])
    except Refusal as refusal:
        found["wrong"] = refusal.text
    return found
