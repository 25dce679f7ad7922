"""Four eyes: what waits for a second person, what was decided lately, and a payment with what may be proposed about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, abort, current_app, flash, request, url_for

from models import company, limits, seal
from models.base import Refusal
from models.billing import payments
from models.billing.payments import Payment
from models.billing.statement import CHANNELS
from models.exchange import formats, transfers
from models.metering import accounts
from models.office import approvals, audit_log, held_bills, mailing_kinds, proposal_kinds, proposals
from models.office.audit_log import Search
from models.office.proposals import LONGEST, Proposal
from tasks import payments as bank
from tasks import queue
from views.fields import Form, HiddenField, Line
from views.page import see
from views.pay_form import Rubles
from views.staff_door import officer, staff_only
from views.staff_page import page, page_number, refused

room = Blueprint("approvals", __name__)
PAGE = 50  # rows
LATELY = 200  # decided ones that can be looked through
DEED_ROWS = 60
STATES = {
    "waiting": ("ждёт решения", "wait"),
    "approved": ("утверждено, исполняется", "wait"),
    "done": ("исполнено", "good"),
    "failed": ("не исполнилось", "bad"),
    "refused": ("отклонено", "bad"),
    "withdrawn": ("отозвано", ""),
}
PAYMENT_STATES = {
    "new": ("проверяем", "wait"),
    "registered": ("ждёт оплаты", "wait"),
    "paid": ("зачислен", "good"),
    "declined": ("не прошёл", "bad"),
    "failed": ("не прошёл", "bad"),
    "disputed": ("на выяснении", "wait"),
    "refunded": ("возвращён", ""),
}


class ApproveForm(Form):
    """The note is kept beside the decision."""

    note = Line("Примечание, если нужно", most=LONGEST)


class RefuseForm(Form):
    note = Line(
        "Почему отклоняете", most=LONGEST, required="Напишите, почему: это прочтёт тот, кто предложил.", id="why"
    )


class RefundForm(Form):
    key = HiddenField()
    amount = Rubles("Сколько вернуть, ₽")
    reason = Line("Почему", most=LONGEST, required="Напишите, почему: это прочтёт тот, кто утверждает.")


class SettleForm(Form):
    key = HiddenField()
    amount = Rubles("Сколько банк взял на самом деле, ₽")
    reason = Line("Как выяснили", most=LONGEST, required="Напишите, как выяснили: это прочтёт тот, кто утверждает.")


# ---- proposals


@room.get("/staff/approvals", endpoint="index")
@staff_only("money.propose")
def index() -> Any:
    kinds = approvals.seen_by(officer().role)
    waiting = list(proposals.waiting(kinds))
    count = min(proposals.decided(kinds).count(), LATELY)
    number = page_number(count, PAGE)
    return page(
        "staff/approvals/index.html",
        theirs=[one for one in waiting if one.proposed_by_id != officer().id],
        mine=[one for one in waiting if one.proposed_by_id == officer().id],
        disputed=proposal_kinds.disputed(),
        files=transfers.waiting_for_approval() if officer().may("exchange.see") else [],
        decided=list(proposals.decided(kinds).paginate(number, PAGE)),
        brief=_brief,
        kinds=approvals.KINDS,
        titles=formats.TITLES,
        states=STATES,
        before=(url_for("approvals.index", page=number - 1), "позже") if number > 1 else None,
        after=(url_for("approvals.index", page=number + 1), "раньше") if number * PAGE < count else None,
    )


@room.get("/staff/approvals/<int:proposal_id>", endpoint="show")
@staff_only("money.propose")
def show(proposal_id: int) -> Any:
    return page("staff/approvals/show.html", **_shown(proposal_id), approving=ApproveForm(), refusing=RefuseForm())


@room.post("/staff/approvals/<int:proposal_id>/approve", endpoint="approve")
@staff_only("money.approve")
def approve(proposal_id: int) -> Any:
    context, form = _shown(proposal_id), ApproveForm()
    if form.validate():
        try:
            proposal = approvals.approve(proposal_id, officer().id, form.note.data or "")
            if proposal.state == proposals.APPROVED:
                queue.ring("carry_out_proposal", proposal_id)
                flash("Утверждено. Портал передаёт это банку, итог появится здесь.", "good")
            else:
                flash(f"Утверждено и исполнено: {proposal.outcome}.", "good")
            if proposal.kind == mailing_kinds.SEND:
                queue.ring("expand_mailing", proposal.data["mailing"])
            return see("approvals.show", proposal_id=proposal_id)
        except Refusal as refusal:
            if _is_decided(refusal):
                return see("approvals.show", proposal_id=proposal_id)
            form.refuse(refusal)
    return refused("staff/approvals/show.html", form, **context, approving=form, refusing=RefuseForm(formdata=None))


@room.post("/staff/approvals/<int:proposal_id>/refuse", endpoint="refuse")
@staff_only("money.approve")
def refuse(proposal_id: int) -> Any:
    context, form = _shown(proposal_id), RefuseForm()
    if form.validate():
        try:
            approvals.refuse(proposal_id, officer().id, form.note.data)
            flash("Отклонено. Тот, кто предложил, увидит почему.", "good")
            return see("approvals.show", proposal_id=proposal_id)
        except Refusal as refusal:
            if _is_decided(refusal):
                return see("approvals.show", proposal_id=proposal_id)
            form.refuse(refusal)
    return refused("staff/approvals/show.html", form, **context, approving=ApproveForm(formdata=None), refusing=form)


@room.post("/staff/approvals/<int:proposal_id>/withdraw", endpoint="withdraw")
@staff_only("money.propose")
def withdraw(proposal_id: int) -> Any:
    _found(proposal_id)
    try:
        approvals.withdraw(proposal_id, officer().id)
        flash("Предложение отозвано.", "good")
    except Refusal as refusal:
        flash(refusal.text, "bad")
    return see("approvals.show", proposal_id=proposal_id)


def _is_decided(refusal: Refusal) -> bool:
    """Somebody was faster, or the button was pressed twice: the page itself tells how it ended."""
    if refusal.problems[0].rule != "proposal.decided":
        return False
    flash(refusal.text)
    return True


def _found(proposal_id: int) -> Proposal:
    found = proposals.find(proposal_id)
    if found is None or found.kind not in approvals.seen_by(officer().role):
        abort(404)
    return found


def _shown(proposal_id: int) -> dict[str, Any]:
    proposal, present = _found(proposal_id), officer()
    kind = approvals.KINDS[proposal.kind]
    is_waiting = proposal.state == proposals.WAITING
    return {
        "proposal": proposal,
        "title": kind.title,
        "lines": kind.describe(proposal.data, proposal.facts),
        "brief": _brief(proposal),
        "states": STATES,
        "stale": approvals.stands(proposal) if is_waiting else "",
        "may_decide": approvals.may_decide(proposal, present.id, present.role),
        "may_withdraw": is_waiting and proposal.proposed_by_id == present.id,
        "payment": proposal.data.get("number"),
        "bills": _bills_of(proposal),
        "period": proposal.data.get("period"),
    }


def _brief(proposal: Proposal) -> str:
    return approvals.KINDS[proposal.kind].brief(proposal.data, proposal.facts)


def _bills_of(proposal: Proposal) -> list[Any]:
    numbers = proposal.data.get("accounts")
    return held_bills.named(proposal.data["period"], numbers) if numbers else []


# ---- a payment


@room.get("/staff/approvals/payment/<string:number>", endpoint="payment")
@staff_only("money.propose")
def payment(number: str) -> Any:
    found = _payment_or_404(number)
    return page("staff/approvals/payment.html", **_told(found), **_forms(found))


@room.get("/staff/approvals/payment", endpoint="find")
@staff_only("money.propose")
def find() -> Any:
    """A payment by the number that somebody read out or typed."""
    number = "".join(request.args.get("number", "").upper().split())
    if number:
        return see("approvals.payment", number=number)
    return see("approvals.index")


@room.post("/staff/approvals/payment/<string:number>/refund", endpoint="refund")
@staff_only("money.propose")
def refund(number: str) -> Any:
    return _propose("payment.refund", number, RefundForm(), "refunding")


@room.post("/staff/approvals/payment/<string:number>/settle", endpoint="settle")
@staff_only("money.propose")
def settle(number: str) -> Any:
    return _propose("payment.settle", number, SettleForm(), "settling")


def _propose(kind: str, number: str, form: Any, name: str) -> Any:
    found = _payment_or_404(number)
    if form.validate():
        try:
            if not (form.amount.data or "").strip():
                raise Refusal("amount", "Напишите сумму. Если банк не взял ничего, напишите 0.", "payment.amount")
            limits.spend("proposals", str(officer().id), 100, 3600)
            subject, data = proposal_kinds.of_payment(found.number, form.amount.kopecks)
            made = approvals.propose(kind, subject, data, form.reason.data, officer().id, key=form.key.data)
            flash("Предложение записано. Теперь его должен утвердить другой сотрудник.", "good")
            return see("approvals.show", proposal_id=made.id)
        except Refusal as refusal:
            form.refuse(refusal)
    forms = _forms(found)
    if forms[name] is not None:  # else it cannot be proposed any more: the page says so and shows no form
        forms[name] = form
    return refused("staff/approvals/payment.html", form, **_told(found), **forms)


def _forms(found: Payment) -> dict[str, Any]:
    """What may be proposed about the payment now; None where there is nothing to propose."""
    left = proposal_kinds.left_of(found)
    is_disputed = found.state == payments.DISPUTED
    given: dict[str, Any] = {"formdata": None} if request.method == "POST" else {}
    key = seal.token()[:22]
    return {
        "refunding": RefundForm(**given, key=key, amount=_plain(left)) if left else None,
        "settling": SettleForm(**given, key=key) if is_disputed else None,
        "left": left,
    }


def _told(found: Payment) -> dict[str, Any]:
    services = company.current().services
    rows = audit_log.find(Search(subject=f"payment:{found.number}"), limit=DEED_ROWS)
    about = proposals.about(f"payment:{found.number}")
    return {
        "payment": found,
        "account": found.account.number,
        "holder": accounts.masked(accounts.holder(found.account)),
        "parts": [(services[code].title if code in services else code, part) for code, part in found.parts.items()],
        "channel": CHANNELS.get(found.channel, found.channel),
        "payment_states": PAYMENT_STATES,
        "states": STATES,
        "rows": [_unnamed(row, told) for row, told in zip(rows, audit_log.in_words(rows), strict=True)],
        "about": about,
        "live": next((one for one in about if one.state in proposals.LIVE), None),
        "kinds": approvals.KINDS,
        "brief": _brief,
        "is_bank_there": bank.are_taken(),
        "has_cards": "staff_customers.index" in current_app.view_functions,
    }


def _unnamed(row: Any, told: audit_log.Shown) -> audit_log.Shown:
    """Customers' names stay on the customer's card, which is opened for a reason."""
    return replace(told, who="абонент") if row.who.startswith("customer:") else told


def _payment_or_404(number: str) -> Payment:
    found: Payment | None = None
    if number.isascii() and number.isprintable() and len(number) <= 36:
        query = Payment.select(Payment, accounts.Account).join(accounts.Account)
        found = query.where(Payment.number == number).first()
    if found is None:
        abort(404)
    return found


def _plain(kopecks: int) -> str:
    return f"{kopecks // 100},{kopecks % 100:02d}"
