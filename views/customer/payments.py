"""Paying by card: the sum, with readings where the company wants them, the way to the bank and back, the history."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

from flask import Blueprint, Response, abort, flash, request, session, url_for
from flask_login import current_user

from models import clock, company, limits, periods, seal
from models.base import Refusal
from models.billing import ledger, payments
from models.billing.statement import CHANNELS
from models.exchange import exports
from models.metering import closings, intake, receipts, standings, windows
from models.metering.accounts import is_open
from models.metering.history import Past
from tasks import cheques, queue
from tasks import payments as work
from views.door import account_or_404, customer_only
from views.page import as_file, page, part, see
from views.pay_form import Desk
from views.reading_form import seen

room = Blueprint("payments", __name__)
MINUTE, HOUR, DAY = 60, 3600, 86_400
CANCELS = 4
ORDERS = 30  # an hour by one customer
SHOWN_MONTHS = 12
# «Проверяем оплату» changes as it waits: after so many seconds it says what to do if nothing was paid, then it asks more rarely.
STEPS = (15, 180)
EVERY = (3, 3, 15)  # seconds between its questions
WAITING = ("checking", "unfinished")  # faces that ask for news
_STANDING = {"reading.same", "reading.rank"}  # refusals that mean: the month has its reading already
REGISTERS = 15  # seconds that telling the bank of an order may take: until then there is nothing to ask it
STATES = {
    "new": ("проверяем", "wait"),
    "registered": ("ждёт оплаты", "wait"),
    "paid": ("зачислен", "good"),
    "declined": ("не прошёл", "bad"),
    "failed": ("не прошёл", "bad"),
    "disputed": ("выясняем", "wait"),
    "refunded": ("возвращён", ""),
}


# ---- paying


@room.get("/accounts/<string:number>/pay", endpoint="form")
@customer_only
def form(number: str) -> Any:
    return page("customer/payments/form.html", desk=_desk(number), is_on=work.are_taken())


@room.post("/accounts/<string:number>/pay", endpoint="send")
@customer_only
def send(number: str) -> Any:
    desk = _desk(number)
    if not work.are_taken():
        return page("customer/payments/form.html", desk=desk, is_on=False), 422
    try:
        payment = _start(desk)
    except payments.Unfinished as open_one:
        desk.unfinished = payments.find(current_user.id, open_one.number)
    except intake.Unconfirmed as unconfirmed:
        desk.verdicts, desk.confirm = unconfirmed.verdicts, seen(desk.readings.typed(desk.standings))  # type: ignore[union-attr]
    except Refusal as refusal:
        _refuse(desk, refusal)
    else:
        if work.register(payment.id):
            session["to_bank"] = payment.number
        return see("payments.show", number=payment.number)
    return page("customer/payments/form.html", desk=desk, is_on=True), 422


def _desk(number: str) -> Desk:
    account = account_or_404(number)
    owed = ledger.by_service(account.id)
    unsettled = payments.unsettled(account=account.id)
    unfinished = next(filter(payments.is_open, unsettled), None)
    disputed = next((one for one in unsettled if one.state == payments.DISPUTED), None)
    own, without = _readings(account)
    return Desk(account, owed, unfinished, disputed, own, without)


def _readings(account: Any) -> tuple[list[Any], str]:
    """The meters to be read together with paying (seed 002), or why there are none just now."""
    today = clock.today()
    if company.current().payments.with_readings != "required" or not is_open(account, today):
        return [], ""
    window = windows.of("web", today)
    if not window.is_open:
        return [], f"{window.text} Сейчас можно заплатить без показаний."
    own = standings.of_account(account.id, today)
    if own and closings.is_closed(clock.period(today)):
        return [], "Плата за этот месяц уже рассчитана, поэтому показания сейчас не нужны."
    return own, ""


def _start(desk: Desk) -> Any:
    """The payment, written down; the readings before it, as they stand on their own."""
    form, typed = desk.form, desk.readings.typed(desk.standings) if desk.readings else None
    consented = bool(form.consent.data)
    is_read = form.validate()
    _check(desk, desk.parts() if is_read else None, consented)
    limits.spend("payment", f"customer:{current_user.id}", ORDERS, HOUR)
    if typed is not None:
        _receive(desk, typed)
    key = form.key.data or seal.token()
    parts = desk.parts()
    return payments.start(
        desk.account,
        parts,
        customer_id=current_user.id,
        email=current_user.email,
        key=f"{key}|{sorted(parts.items())}",  # the same form with another sum, by way of Back, is another payment
        consented=consented,
    )


def _check(desk: Desk, parts: dict[str, int] | None, consented: bool) -> None:
    """Refuse what `start` would, before the readings are taken; of sums that cannot be read (None) the consent alone."""
    try:
        payments.check(desk.account, parts or {}, consented)
    except Refusal as refusal:
        raise Refusal(
            problems=[one for one in refusal.problems if parts is not None or one.field == "consent"]
        ) from None


def _receive(desk: Desk, typed: dict[int, tuple[str, ...]]) -> None:
    """Pass the readings; those that stand for this month already are no reason not to pay."""
    confirmed = request.form.get("confirmed") == seen(typed)
    key = desk.form.key.data or ""
    try:
        received = intake.receive(
            desk.account, typed, channel="web", key=key, customer_id=current_user.id, confirmed=confirmed
        )
    except Refusal as refusal:
        if {problem.rule for problem in refusal.problems} - _STANDING:
            raise
        if any(problem.rule == "reading.rank" for problem in refusal.problems):
            flash("Показание за этот месяц уже снял контролёр или принял сотрудник: действует оно.")
        return
    if received.cut:
        flash("Цифры после запятой передавать не нужно: мы записали только целую часть показания.")


def _refuse(desk: Desk, refusal: Refusal) -> None:
    """Each problem beside its field: a meter's, a sum's; of several sums beside the first."""
    first = desk.name(desk.services[0].code)
    for problem in refusal.problems:
        name = first if problem.field == "amount" else problem.field
        into = desk.readings if desk.readings is not None and name in desk.readings else desk.form
        into.refuse(Refusal(name, problem.text, problem.rule))


# ---- one payment


@room.get("/payments/<string:number>", endpoint="show")
@customer_only
def show(number: str) -> Any:
    payment = _payment_or_404(number)
    context = _state(payment)
    goes = session.pop("to_bank", None) == number and context["face"] == "bank"
    return page("customer/payments/show.html", goes=goes, **context)


@room.get("/payments/<string:number>/state", endpoint="state")
@customer_only
def state(number: str) -> Any:
    """The part that «Проверяем оплату» asks for until the end is known; 204 while it would say the same."""
    context = _state(_payment_or_404(number))
    if context["face"] == request.args.get("face") and request.args.get("step") == str(context["step"]):
        return "", 204
    return part("customer/payments/_state.html", **context)


@room.post("/payments/<string:number>/cancel", endpoint="cancel")
@customer_only
def cancel(number: str) -> Any:
    payment = _payment_or_404(number)
    limits.spend("payment.cancel", number, CANCELS, MINUTE)  # each asks the bank twice while the customer waits
    if payment.state == payments.PAID:
        flash("Оплата уже прошла, отменить её нельзя.")
    elif payments.is_open(payment) and work.cancel(payment.id) in payments.OPEN:
        flash("Банк пока не ответил. Подождите минуту и попробуйте ещё раз.")
    return see("payments.show", number=number)


@room.get("/payments/<string:number>/cheque.pdf", endpoint="cheque")
@customer_only
def cheque(number: str) -> Any:
    payment = _payment_or_404(number)
    if not payment.cheque:
        abort(404)
    answer = Response(cheques.drawn(payment), content_type="application/pdf")
    answer.headers.set("Content-Disposition", "inline", filename=f"cheque-{payment.number}.pdf")
    return answer


def _payment_or_404(number: str) -> Any:
    is_number = number.isascii() and number.isprintable()
    payment = payments.find(current_user.id, number) if is_number else None
    if payment is None:
        abort(404)
    account_or_404(payment.account)
    return payment


def _state(payment: Any) -> dict[str, Any]:
    """What the page and its part show; while the end is not known the background work is asked to find out."""
    returned, since = "back" in request.args, _since()
    step = sum(_seconds() - since >= limit for limit in STEPS)
    face = _face(payment, returned)
    if payments.is_open(payment) and face != "lost" and not _is_being_registered(payment) and not _is_leaving(payment):
        queue.ring("check_payment", payment.id)
    services = company.current().services
    return {
        "payment": payment,
        "face": face,
        "returned": returned,
        "since": since,
        "step": step,
        "every": EVERY[step],
        "may_go_back": step > 0 and _has_page(payment),
        "waits": face in WAITING,
        "receipt": _receipt(payment) if face == "paid" else None,
        "is_cancelled": payment.reason == work.CANCELLED,
        "until": f"{clock.local(payment.expires_at):%H:%M}" if payment.expires_at else "",
        "is_mine": payment.customer_id == current_user.id,
        "lines": [(services[code].title, payment.parts[code]) for code in services if code in payment.parts],
        "channel": CHANNELS.get(payment.channel, payment.channel),
    }


def _face(payment: Any, returned: bool) -> str:
    """Which of its faces the page shows: bank, checking, unfinished, lost, or the payment's own state."""
    if payment.state == payments.REGISTERED and not payment.form_url:
        return "lost"
    if _has_page(payment) and (not returned or _bank_has_no_money(payment)):
        return "unfinished" if returned else "bank"
    return "checking" if payments.is_open(payment) else str(payment.state)


def _bank_has_no_money(payment: Any) -> bool:
    """Whether the bank has answered since the customer came back, and knows of no payment yet."""
    answered = payment.answered_at and int(payment.answered_at.replace(tzinfo=UTC).timestamp())
    return bool(answered) and answered >= _since()


def _is_leaving(payment: Any) -> bool:
    """On the way to the bank's page for the first time: there is nothing to ask about yet."""
    return bool(session.get("to_bank") == payment.number)


def _receipt(payment: Any) -> str | None:
    """The receipt of the readings that were passed with the payment, where the company wants them together."""
    if company.current().payments.with_readings != "required":
        return None
    return receipts.together_with(payment.account_id, payment.created_at)


def _has_page(payment: Any) -> bool:
    """Whether the bank's page of this order can still be paid at."""
    return bool(payment.form_url) and payment.state == payments.REGISTERED and clock.now() < payment.expires_at


def _is_being_registered(payment: Any) -> bool:
    return payment.state == payments.NEW and (clock.now() - payment.created_at).total_seconds() < REGISTERS


def _since() -> int:
    """When this customer began to wait, as the page itself carries it on; now, unless it is a moment of today."""
    given, now = request.args.get("since", ""), _seconds()
    moment = int(given) if given.isascii() and given.isdigit() and len(given) < 12 else now
    return moment if 0 <= now - moment < DAY else now


def _seconds() -> int:
    return int(clock.now().replace(tzinfo=UTC).timestamp())


# ---- history


@room.get("/accounts/<string:number>/history/payments", endpoint="history")
@customer_only
def history(number: str) -> Any:
    return page("customer/payments/history.html", **_history(number))


@room.get("/accounts/<string:number>/history/payments/rows", endpoint="history_part")
@customer_only
def history_part(number: str) -> Any:
    context = _history(number)
    shown = {"from": context["first"], "to": context["last"]}
    headers = {"HX-Replace-Url": url_for("payments.history", number=number, **shown)}
    return part("customer/payments/_rows.html", **context), 200, headers


@room.get("/accounts/<string:number>/history/payments.csv", endpoint="history_file")
@customer_only
def history_file(number: str) -> Any:
    rows = [
        (_day(one).isoformat(), one.number, _rubles(one.amount), _rubles(one.refunded), CHANNELS.get(one.channel, one.channel),
         STATES[one.state][0], one.reason)
        for one in _history(number)["payments"]
    ]  # fmt: skip
    header = ("Дата", "Номер", "Сумма, руб.", "Возвращено, руб.", "Как оплачено", "Состояние", "Причина")
    return as_file(exports.table(header, rows), f"payments-{number}.csv", "text/csv")


def _history(number: str) -> dict[str, Any]:
    past = Past(account_or_404(number), clock.today())
    last = min(periods.parse(request.args.get("to")) or past.last_period, past.last_period)
    first = periods.parse(request.args.get("from")) or periods.shift(last, 1 - SHOWN_MONTHS)
    first = max(min(first, last), past.first_period)
    found = payments.of_account(
        account=past.account.id, since=_start_of(first), until=_start_of(periods.shift(last, 1))
    )
    return {
        "past": past,
        "payments": found,
        "first": first,
        "last": last,
        "states": STATES,
        "channels": CHANNELS,
        "days": {one.id: _day(one) for one in found},
    }


def _start_of(period: str) -> datetime:
    return clock.utc(datetime.combine(periods.first_day(period), time()))


def _day(payment: Any) -> Any:
    return payment.paid_on or clock.local(payment.created_at).date()


def _rubles(kopecks: int) -> str:
    return f"{kopecks // 100},{kopecks % 100:02d}"
