"""Mailings at the office: written as drafts, tried on oneself, begun by one or by two, watched, paused and stopped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, abort, flash, request, url_for

from models import clock, company, seal
from models.base import Refusal
from models.mailings import control, mailings, progress, texts
from models.mailings.addressing import REASONS
from models.mailings.mailings import DRAFT, PLANNED, RUNNING, STATES, Mailing
from models.office import approvals, mailing_kinds, messages, proposals
from models.office.proposals import LONGEST
from tasks import queue
from views.fields import Form, HiddenField, Line
from views.mailing_form import sample
from views.page import see, see_from_part
from views.staff_door import officer, staff_only
from views.staff_page import page, part, refused

room = Blueprint("staff_mailings", __name__)
PAGE = 30  # mailings
ROWS = progress.PAGE  # recipients
EVERY = 3  # seconds between two looks at a mailing that runs
TAGS = {"draft": "", "planned": "wait", "running": "wait", "paused": "wait", "done": "good", "stopped": "bad"}
NEXT = {
    "draft": "изменить, отправить", "planned": "остановить", "running": "приостановить, остановить", "paused": "продолжить, остановить",
}  # fmt: skip


class StartForm(Form):
    key = HiddenField()
    reason = Line("Зачем эта рассылка", most=LONGEST)


@room.get("/staff/mailings", endpoint="index")
@staff_only("mailings.see")
def index() -> Any:
    before = _number(request.args.get("before"))
    found = progress.listed(before, PAGE + 1)
    older = url_for("staff_mailings.index", before=found[PAGE - 1].id) if len(found) > PAGE else ""
    return page(
        "staff/mailings/index.html",
        listed=found[:PAGE],
        percents=progress.percents(found[:PAGE]),
        states=STATES,
        tags=TAGS,
        next=NEXT,
        titles=texts.titles(),
        may_make=officer().may("mailings.make"),
        newest=(url_for("staff_mailings.index"), "самые новые") if before else None,
        older=(older, "раньше") if older else None,
    )


@room.post("/staff/mailings/<int:mailing_id>/test", endpoint="test")
@staff_only("mailings.make")
def test(mailing_id: int) -> Any:
    me = officer()
    return _done(mailing_id, lambda: control.try_out(mailing_id, me.id), f"Пробное письмо отправлено на {me.email}.")


@room.post("/staff/mailings/<int:mailing_id>/start", endpoint="start")
@staff_only("mailings.make")
def start(mailing_id: int) -> Any:
    """Begin it, or, by another button, ask a second employee; which of them is the rule, the model says."""
    mailing, form = _mailing_or_404(mailing_id), StartForm()
    if form.validate():
        try:
            if request.form.get("deed") == "ask":
                return see("approvals.show", proposal_id=_asked(mailing, form))
            control.start(mailing_id)
            queue.ring("expand_mailing", mailing_id)
            return see("staff_mailings.show", mailing_id=mailing_id)
        except Refusal as refusal:
            form.refuse(refusal)
    return refused("staff/mailings/show.html", form, **_shown(mailing, form))


def _asked(mailing: Mailing, form: StartForm) -> int:
    """The id of the proposal that a second employee decides."""
    subject, data = mailing_kinds.to_send(mailing)
    given = (form.reason.data or "", officer().id)
    made = approvals.propose(mailing_kinds.SEND, subject, data, *given, key=form.key.data or None)
    flash("Рассылка ждёт: её должен утвердить другой сотрудник.", "good")
    return made.id


# ---- one that goes


@room.get("/staff/mailings/<int:mailing_id>", endpoint="show")
@staff_only("mailings.see")
def show(mailing_id: int) -> Any:
    return page("staff/mailings/show.html", **_shown(_mailing_or_404(mailing_id)))


@room.get("/staff/mailings/<int:mailing_id>/state", endpoint="state")
@staff_only("mailings.see")
def state(mailing_id: int) -> Any:
    """The page's own part while the mailing goes; nothing to swap as long as nothing has changed, and the whole page anew when
    the mailing has come to another state: then other buttons belong there."""
    context = _standing(_mailing_or_404(mailing_id))
    was = request.args.get("was", "")
    if was == context["was"]:
        return "", 204
    if was.partition("-")[0] != context["mailing"].state:
        return see_from_part("staff_mailings.show", mailing_id=mailing_id)
    return part("staff/mailings/_state.html", **context)


@room.post("/staff/mailings/<int:mailing_id>/deed", endpoint="deed")
@staff_only("mailings.make")
def deed(mailing_id: int) -> Any:
    """The button's `deed` says what: pause, resume, stop, drop."""
    known = _DEEDS.get(request.form.get("deed", ""))
    if known is None:
        abort(404)
    do, said = known
    return _done(mailing_id, lambda: do(mailing_id), said)


_DEEDS: Mapping[str, tuple[Callable[[int], Any], str]] = {
    "pause": (control.pause, "Рассылка приостановлена: письма, которые ещё не ушли, ждут."),
    "resume": (control.resume, "Рассылка продолжается."),
    "stop": (control.stop, "Рассылка остановлена: письма, которые ещё не ушли, отменены."),
    "drop": (mailings.drop, "Черновик убран."),
}


@room.get("/staff/mailings/<int:mailing_id>/recipients", endpoint="recipients")
@staff_only("mailings.see")
def show_recipients(mailing_id: int) -> Any:
    mailing = _mailing_or_404(mailing_id)
    choices = {**progress.MESSAGE_STATES, progress.EXCLUDED: "не писали, все причины"} | REASONS
    only = request.args.get("only", "")
    only = only if only in choices else ""
    after = _number(request.args.get("after")) or 0
    rows = progress.recipients(mailing_id, only, after=after, most=ROWS + 1)
    where: dict[str, Any] = {"mailing_id": mailing_id, **({"only": only} if only else {})}
    more = url_for("staff_mailings.recipients", **where, after=rows[ROWS - 1].place) if len(rows) > ROWS else ""
    return page(
        "staff/mailings/recipients.html",
        mailing=mailing,
        rows=[(one, *_veiled(one)) for one in rows[:ROWS]],
        choices=choices,
        only=only,
        states=messages.STATES,
        may_read=officer().may("messages.see"),
        first=(url_for("staff_mailings.recipients", **where), "сначала") if after else None,
        more=(more, "дальше") if more else None,
    )


def _veiled(row: progress.Row) -> tuple[str, str]:
    """The address and what was said of it: whose it is stands on the customer's card, which is opened for a reason."""
    return (messages.masked(row.address), messages.told(row.said, row.address)) if row.address else ("", row.said)


# ---- what the pages show


def _mailing_or_404(mailing_id: int) -> Mailing:
    found = mailings.find(mailing_id) if mailing_id < 2**31 else None
    if found is None:
        abort(404)
    return found


def _done(mailing_id: int, verb: Callable[[], Any], said: str) -> Any:
    """The verb, and what came of it said on the mailing's page."""
    _mailing_or_404(mailing_id)
    try:
        verb()
        flash(said, "good")
        queue.ring("expand_mailing", mailing_id)
    except Refusal as refusal:
        flash(refusal.text, "bad")
    return see("staff_mailings.show", mailing_id=mailing_id)


def _shown(mailing: Mailing, form: StartForm | None = None) -> dict[str, Any]:
    """A mailing with all that its page says, and what the present employee may do about it."""
    about = proposals.about(mailing.subject)
    return {
        **_standing(mailing),
        "author": mailing.author.name if mailing.author else "портал",
        "audience": mailing.audience.told(),
        "looked": sample(mailing.letter, mailing.data),
        "live": next((one for one in about if one.state in proposals.LIVE), None),
        "start_form": form or StartForm(formdata=None, key=seal.token()[:22]),
        "two_from": company.current().letters.two_from,
        **_draft_count(mailing),
    }


def _standing(mailing: Mailing) -> dict[str, Any]:
    """How far it is: what the page's own part shows, and by what it knows that there is something new."""
    going = progress.of(mailing)
    return {
        "mailing": mailing,
        "title": texts.titles().get(mailing.letter, mailing.letter),
        "states": STATES,
        "tag": TAGS[mailing.state],
        "progress": going,
        "message_states": progress.MESSAGE_STATES,
        "reasons": REASONS,
        "goes": mailing.state in (PLANNED, RUNNING),
        "now": clock.now(),
        "was": f"{mailing.state}-{'-'.join(map(str, going.by_state.values()))}-{going.excluded}-{going.looked_at}",
        "every": EVERY,
        "may_make": officer().may("mailings.make"),
    }


def _draft_count(mailing: Mailing) -> dict[str, Any]:
    if mailing.state != DRAFT:
        return {}
    found = control.counted(mailing)
    return {
        "count": found, "wrong": "", "needs_two": control.needs_two(mailing, found), "lately": control.lately(mailing),
    }  # fmt: skip


def _number(typed: str | None) -> int | None:
    text = typed or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
