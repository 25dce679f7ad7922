"""Outages at the office: announcing one after seeing whom it meets, moving it, ending it early, cancelling it, and what was done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, flash, g, request
from wtforms import RadioField
from wtforms.fields.choices import SelectChoice

from models import clock, seal, words
from models.base import Refusal
from models.contact.outages import announcing, live, places
from models.contact.outages.announcing import Hit, Plan
from models.contact.outages.rows import KINDS, LONGEST_REASON, TITLES, Outage
from models.office import audit_log
from views.fields import Form, HiddenField, Line, Text
from views.page import see
from views.staff_door import staff_only
from views.staff_page import page, refused

room = Blueprint("staff_outages", __name__)
A_PAGE, MOST_PAGES, MOST_HOUSES = 30, 10_000, 300
_BY_HAND = "%d.%m.%Y %H:%M"


class OutageForm(Form):
    settlement = Line("Населённый пункт", most=200)
    streets = Text("Улицы и дома")
    kind = RadioField(
        "Вид",
        choices=[SelectChoice(code, title) for code, title in KINDS.items()],
        default="planned",
        validate_choice=False,
    )
    reason = Line("Причина, её прочтут клиенты", most=LONGEST_REASON)
    begins = Line("Начало", most=20)
    ends = Line("Конец", most=20)
    seen = HiddenField()  # the fingerprint of what was shown before the button was pressed
    key = HiddenField()

    def plan(self) -> Plan:
        return announcing.plan(
            (self.settlement.data or "").strip(), self.streets.data or "", self.kind.data or "", self.reason.data or "",
            moment(self.begins.data), moment(self.ends.data),
        )  # fmt: skip


class ChangeForm(Form):
    """All three changes; each of the page's forms sends its own fields."""

    version = HiddenField()
    text = Line("Почему, это прочтут клиенты", most=LONGEST_REASON)
    begins = Line("Начало", most=20)
    ends = Line("Конец", most=20)

    @property
    def seen(self) -> int:
        typed = self.version.data or ""
        return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 9 else 0


@room.get("/staff/outages", endpoint="index")
@staff_only("information.see")
def index() -> Any:
    number = min(max(1, request.args.get("page", 1, type=int)), MOST_PAGES)
    past = announcing.past(most=A_PAGE + 1, skip=(number - 1) * A_PAGE)
    return page(
        "staff/outages/index.html", coming=announcing.coming(most=200) if number == 1 else [], past=past[:A_PAGE],
        number=number, has_more=len(past) > A_PAGE, span=live.span, kinds=KINDS,
    )  # fmt: skip


@room.get("/staff/outages/new", endpoint="new")
@staff_only("outages.announce")
def new() -> Any:
    form = OutageForm()
    form.key.data = form.key.data or seal.token()[:22]
    return page("staff/outages/form.html", form=form, **_offered())


@room.post("/staff/outages/new", endpoint="announce")
@staff_only("outages.announce")
def announce() -> Any:
    """Shows whom it meets; announces what was shown, once the button below it is pressed."""
    form = OutageForm()
    if not form.validate():
        return refused("staff/outages/form.html", form, **_offered())
    try:
        plan = form.plan()
        if "announce" in request.form and form.seen.data == plan.fingerprint:
            made = announcing.announce(plan, key=form.key.data)
            flash(f"Объявлено. Под отключение {_met(made.accounts)}.", "good")
            return see("staff_outages.show", outage_id=made.id)
    except Refusal as refusal:
        form.refuse(refusal)
        return refused("staff/outages/form.html", form, **_offered())
    form.seen.data = plan.fingerprint
    return page("staff/outages/form.html", form=form, plan=plan, **_preview(plan), **_offered())


@room.get("/staff/outages/<int:outage_id>", endpoint="show")
@staff_only("information.see")
def show(outage_id: int) -> Any:
    outage = _found(outage_id)
    return page("staff/outages/show.html", form=_blank(outage), **_shown(outage))


@room.post("/staff/outages/<int:outage_id>/move", endpoint="move")
@staff_only("outages.announce")
def move(outage_id: int) -> Any:
    return _change(
        outage_id,
        lambda form: announcing.move(
            outage_id, moment(form.begins.data), moment(form.ends.data), form.text.data or "", version=form.seen
        ),
        "Перенесено.",
    )


@room.post("/staff/outages/<int:outage_id>/end", endpoint="end")
@staff_only("outages.announce")
def end(outage_id: int) -> Any:
    return _change(
        outage_id,
        lambda form: announcing.end(outage_id, form.text.data or "", version=form.seen),
        "Отмечено: свет дали раньше.",
    )


@room.post("/staff/outages/<int:outage_id>/cancel", endpoint="cancel")
@staff_only("outages.announce")
def cancel(outage_id: int) -> Any:
    return _change(
        outage_id,
        lambda form: announcing.cancel(outage_id, form.text.data or "", version=form.seen),
        "Отменено.",
    )


@room.before_request
def _section() -> None:
    g.section = "staff_outages"


def moment(typed: str | None) -> datetime | None:
    """The local time that a browser's field sends, or that was typed as «24.11.2026 10:00»; None for what is no time."""
    text = (typed or "").strip()
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        pass
    try:
        return datetime.strptime(text, _BY_HAND)
    except ValueError:
        return None


def _change(outage_id: int, deed: Callable[[ChangeForm], Outage], said: str) -> Any:
    outage, form = _found(outage_id), ChangeForm()
    if form.validate():
        try:
            deed(form)
            flash(said, "good")
            return see("staff_outages.show", outage_id=outage_id)
        except Refusal as refusal:
            form.refuse(refusal)
    return refused("staff/outages/show.html", form, **_shown(outage))


def _blank(outage: Outage) -> ChangeForm:
    begins, ends = (clock.local(one).isoformat(timespec="minutes") for one in (outage.begins_at, outage.ends_at))
    return ChangeForm(version=str(outage.version), begins=begins, ends=ends)


def _shown(outage: Outage) -> dict[str, Any]:
    changes = announcing.history(outage)
    return {
        "outage": outage,
        "changes": changes,
        "who": audit_log.names_of({one.by for one in changes}),
        "span": live.span,
        "kinds": KINDS,
        "titles": TITLES,
    }


def _preview(plan: Plan) -> dict[str, Any]:
    hit: Hit = announcing.hit(plan.settlement, plan.places)
    return {
        "met": _met(hit.count), "houses": hit.houses[:MOST_HOUSES], "more": max(0, len(hit.houses) - MOST_HOUSES),
        "when": live.span(plan.begins_at, plan.ends_at), "kinds": KINDS,
    }  # fmt: skip


def _met(count: int) -> str:
    return f"попадает {words.plural(count, 'лицевой счёт', 'лицевых счёта', 'лицевых счетов')}"


def _offered() -> dict[str, Any]:
    return {
        "settlements": announcing.settlements(),
        "everywhere": places.EVERYWHERE,
        "now": clock.local(clock.now()).isoformat(timespec="minutes"),
    }


def _found(outage_id: int) -> Outage:
    found = announcing.find(outage_id)
    if found is None:
        abort(404)
    return found
