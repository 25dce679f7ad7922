"""Bills that wait for somebody: looked through, and proposed to be issued as they are or worked out anew."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, request, url_for

from models import periods, seal
from models.base import Refusal
from models.billing import told
from models.billing.bills import FAILED, HELD, ISSUED
from models.office import approvals, held_bills, proposal_kinds
from models.office.held_bills import PAGE, Opened, Search
from models.office.proposals import LONGEST
from views.fields import Form, HiddenField, Line, Tick
from views.page import see
from views.staff_door import officer, staff_only
from views.staff_page import page, page_number, refused

room = Blueprint("staff_bills", __name__)
STATES = {HELD: ("задержан", "wait"), FAILED: ("не рассчитан", "bad"), ISSUED: ("выставлен", "good")}
LONGEST_FILTER = 100


class ProposalForm(Form):
    """`account` boxes stand beside it, one a bill; the button's `kind` says what is proposed."""

    key = HiddenField()
    everything = Tick("Все найденные, не только отмеченные")
    reason = Line("Почему", most=LONGEST, required="Напишите, почему: это прочтёт тот, кто утверждает.")


@room.get("/staff/bills", endpoint="index")
@staff_only("money.propose")
def index() -> Any:
    return page("staff/bills/index.html", **_listed(_asked()), form=_blank(), ticked=set())


@room.post("/staff/bills", endpoint="propose")
@staff_only("money.propose")
def propose() -> Any:
    """The address carries the filter, as the list's own does: «all that were found» are those that were seen."""
    asked, form = _asked(), ProposalForm()
    if form.validate():
        try:
            numbers = held_bills.numbers(asked) if form.everything.data else _ticked()
            made = _proposed(asked.period, numbers, form)
            return see("approvals.show", proposal_id=made.id)
        except Refusal as refusal:
            _put(form, refusal)
    listed = _listed(asked)
    if not listed["bills"]:  # decided by others meanwhile: without a list there is no form to say it in
        flash("Этих счетов в списке уже нет: о них решили без вас.")
        return redirect(listed["action"], 303)
    return refused("staff/bills/index.html", form, **listed, ticked=set(_ticked()))


@room.get("/staff/bills/<string:number>", endpoint="show")
@staff_only("money.propose")
def show(number: str) -> Any:
    return page("staff/bills/show.html", **_opened(number), form=_blank())


@room.post("/staff/bills/<string:number>", endpoint="propose_one")
@staff_only("money.propose")
def propose_one(number: str) -> Any:
    context, form = _opened(number), ProposalForm()
    if form.validate():
        try:
            made = _proposed(context["period"], [context["one"].account], form)
            return see("approvals.show", proposal_id=made.id)
        except Refusal as refusal:
            _put(form, refusal)
    return refused("staff/bills/show.html", form, **context)


def _proposed(period: str, numbers: list[str], form: Any) -> approvals.Proposal:
    kind = request.form.get("kind", "")
    if kind not in ("bills.issue", "bills.redo"):
        raise Refusal(None, "Выберите, что предложить: выставить или пересчитать.", "bills.kind")
    subject, data = proposal_kinds.of_bills(period, numbers)
    made = approvals.propose(kind, subject, data, form.reason.data, officer().id, key=form.key.data)
    flash("Предложение записано. Теперь его должен утвердить другой сотрудник.", "good")
    return made


def _ticked() -> list[str]:
    return [one for one in request.form.getlist("account") if one and one == _typed(one)]


def _put(form: Any, refusal: Refusal) -> None:
    """What is wrong with the bills chosen has no field of its own: it stands above the list."""
    form.refuse(
        Refusal(problems=[one._replace(field=one.field if one.field == "reason" else None) for one in refusal.problems])
    )


def _blank() -> ProposalForm:
    return ProposalForm(key=seal.token()[:22])


def _asked() -> Search:
    state, reason, account = (_typed(request.args.get(name, "")) for name in ("state", "reason", "q"))
    period = periods.parse(request.args.get("period")) or held_bills.months()[0]
    return Search(period, state if state in held_bills.STATES else "", reason, account)


def _typed(text: str) -> str:
    """What HTML can hold of it, as long as anybody types."""
    return "".join(filter(str.isprintable, text))[:LONGEST_FILTER]


def _listed(asked: Search) -> dict[str, Any]:
    """The list and everything around it; a page past the last is the last."""
    sums = held_bills.sums(asked)
    count = sum(one.bills for one in sums.values())
    number = page_number(count, PAGE)
    months = held_bills.months()
    shown = {"period": asked.period, "state": asked.state, "reason": asked.reason, "q": asked.account}

    def link(**changes: Any) -> str:
        return _address("staff_bills.index", {**shown, **changes})

    return {
        "asked": asked,
        "months": months if asked.period in months else sorted({*months, asked.period}, reverse=True),
        "bills": held_bills.find(asked, number),
        "sums": sums,
        "count": count,
        "charged": sum(one.charged for one in sums.values()),
        "reasons": held_bills.reasons(asked.period),
        "states": STATES,
        "link": link,
        "action": _address("staff_bills.propose", {**shown, "page": number}),
        "before": (link(page=number - 1), "назад") if number > 1 else None,
        "after": (link(page=number + 1), "дальше") if number * PAGE < count else None,
        "first": (number - 1) * PAGE + 1,
        "most": proposal_kinds.MOST_BILLS,
    }


def _address(endpoint: str, given: dict[str, Any]) -> str:
    """The page with what is asked for, without what is left open."""
    return url_for(endpoint, **{name: value for name, value in given.items() if value})


def _opened(number: str) -> dict[str, Any]:
    opened = Opened(number)
    if opened.bill is None:
        abort(404)
    return {
        "one": opened.found(),
        "period": opened.bill.period,
        "bill": opened.bill,
        "services": opened.services(),
        "earlier": opened.before(),
        "states": STATES,
        "told": told,
        "has_cards": "staff_customers.index" in current_app.view_functions,
    }
