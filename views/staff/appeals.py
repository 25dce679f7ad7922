"""The inbox: queues of appeals with their terms, one of them opened, the next one, and deeds on many at once."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, request, url_for

from models import company, words
from models.base import Refusal
from models.contact.appeals.rows import STATES, Appeal, by_number
from models.metering.accounts import Office
from models.office import cards
from models.office.inbox import bulk, openings, queue
from models.people import rights
from models.people.staff import Employee
from views import staff_appeal
from views.page import see
from views.row_id import row_id
from views.staff_appeal import STATE_WORDS, chosen
from views.staff_door import officer, staff_only
from views.staff_page import page

room = Blueprint("staff_appeals", __name__)
PAGE = 50


@room.get("/staff/appeals", endpoint="index")
@staff_only("appeals.see")
def index() -> Any:
    typed, me = chosen(), officer()
    if typed.get("q"):
        cards.count_search(me.id)
    asked = staff_appeal.filters(typed)
    after = staff_appeal.printable(request.args.get("after", ""))
    found = queue.page(asked, me.id, me.office, after=after, most=PAGE)
    if asked.text and not after:
        openings.searched(me.id, asked.text, len(found.rows))
    here = typed | {"queue": asked.queue}
    return page(
        "staff/appeals/index.html",
        rows=found.rows,
        is_cut=found.is_cut,
        most=queue.MOST_FOUND,
        counts=queue.counts(me.id, me.office),
        queues=queue.TITLES,
        asked=asked,
        chosen=here,
        offered=_offered(),
        states=STATE_WORDS,
        warn=company.current().reception.warn_days,
        deeds=bulk.DEEDS,
        further=url_for("staff_appeals.index", **here, after=found.after) if found.after else None,
        first=url_for("staff_appeals.index", **here) if after else None,
    )


@room.post("/staff/appeals/open", endpoint="pick")
@staff_only("appeals.see")
def pick() -> Any:
    """Open the appeal whose button was pressed."""
    return _open(staff_appeal.appeal_or_404(request.form.get("open", "")))


@room.post("/staff/appeals/next", endpoint="begin")
@staff_only("appeals.answer")
def begin() -> Any:
    """Open the first one of the queue, or the one behind that which the page has shown."""
    me, here = officer(), chosen()
    asked, was = staff_appeal.filters(here), by_number(request.form.get("was", ""))
    found = queue.following(asked, me.id, me.office, was)
    if found is None and was is not None:
        found = queue.following(asked, me.id, me.office, None)
        if found not in (None, was.id):
            flash("Это было последнее в очереди: вот снова первое.")
    if found is None or (was is not None and found == was.id):
        flash("В этой очереди больше ничего нет.")
        return see("staff_appeals.index", **here)
    return _open(Appeal.get_by_id(found))


@room.get("/staff/appeals/<string:number>", endpoint="show")
@staff_only("appeals.see")
def show(number: str) -> Any:
    """The appeal, for whoever has opened it; anyone else is offered to."""
    appeal = staff_appeal.appeal_or_404(number)
    if not openings.is_open(officer().id, appeal.id):
        return page("staff/appeals/closed.html", appeal=appeal, chosen=chosen())
    return staff_appeal.answer_page(appeal)


@room.post("/staff/appeals/<string:number>/open", endpoint="open")
@staff_only("appeals.see")
def open_(number: str) -> Any:
    return _open(staff_appeal.appeal_or_404(number))


@room.post("/staff/appeals/bulk", endpoint="bulk")
@staff_only("appeals.assign")
def bulk_() -> Any:
    """The same deed on all that are ticked; those it cannot be done to stay, and the page says why."""
    deed = request.form.get("deed", "")
    if deed not in bulk.DEEDS:
        abort(400)
    ids = request.form.getlist("id", type=row_id)
    try:
        result = bulk.do(
            deed, ids, officer().id, to=_employee(request.form.get("to", "")), topic=request.form.get("topic", ""),
            text=request.form.get("text", ""),
        )  # fmt: skip
        _tell(deed, result)
    except Refusal as refusal:
        flash(refusal.text, "bad")
    return see("staff_appeals.index", **chosen())


def _tell(deed: str, result: Any) -> None:
    if result.done:
        flash(f"{bulk.DEEDS[deed]}: {words.plural(result.done, 'обращение', 'обращения', 'обращений')}.", "good")
    for number, why in result.left:
        flash(f"{number}: {why}", "bad")


def _open(appeal: Any) -> Any:
    try:
        openings.open(officer().id, appeal.id)
    except Refusal as refusal:
        flash(refusal.text, "bad")
        return see("staff_appeals.index", **chosen())
    return see("staff_appeals.show", number=appeal.number, **chosen())


def _offered() -> dict[str, list[tuple[str, str]]]:
    """The choices of the filters, by the filter's name."""
    answering = [one for one in Employee.listed() if one.is_open and rights.allows(one.role, "appeals.answer")]
    return {
        "topic": [(one.code, one.title) for one in company.current().reception.topics.values()],
        "office": [(one.code, one.name) for one in Office.select(Office.code, Office.name).order_by(Office.name)],
        "state": [(state, STATE_WORDS[state]) for state in STATES],
        "owner": [(str(one.id), one.name) for one in answering],
    }


def _employee(text: str) -> int:
    """Whom the list names; what is no number names nobody that there is."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
