"""What the acquirer knows of our orders: asked by us, taken into the ledger once, asked again until the end is known.

A bank's page, a return address or a callback is only a reason to ask; `learn` takes the acquirer's own word alone. States move one
way: money counted is never lost by a late message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from models import audit, clock, outbox, words
from models.base import Refusal, database, locked, pairs
from models.billing import ledger
from models.billing.payments import (
    DECLINED,
    DISPUTED,
    FAILED,
    LIVES,
    MOVES,
    NEW,
    OPEN,
    PAID,
    REFUNDED,
    REGISTERED,
    Payment,
    post,
)
from models.metering.accounts import Account
from models.people.customers import Customer

LEASE = timedelta(seconds=30)  # of a check that is under way
IMPATIENCE = timedelta(seconds=3)  # how often a waiting customer or a callback may ask at most
_WATCHED = timedelta(days=2)  # how long the poller asks about an order that nobody has ended
_SENSIBLE = timedelta(days=3)  # between a payment's day as the bank tells it and ours
_REASON = 200  # characters of a bank's reason that are kept


@dataclass(frozen=True)
class Word:
    """What the acquirer itself says of an order, asked by us."""

    number: str
    order_id: str
    state: str  # unknown | registered | held | paid | declined | refunded | reversed
    kopecks: int = 0
    currency: str = "643"
    deposited: int = 0
    refunded: int = 0
    reason: str = ""
    card: str = ""
    paid_at: datetime | None = None  # naive UTC


class Back(NamedTuple):
    """Money that the bank is to give back; asked twice with one key, it gives once."""

    order_id: str
    kopecks: int
    key: str


def registered(payment_id: int, order_id: str, form_url: str) -> None:
    """The acquirer has the order: the customer may go to its page. A late answer opens no second order of the account."""
    with database.atomic():
        payment = _held(payment_id)
        others = Payment.select().where(Payment.account == payment.account_id, Payment.state.in_(OPEN))
        if payment.state == FAILED and others.exists():
            return
        moved = (
            Payment.update(state=REGISTERED, order_id=order_id, form_url=form_url, asked_at=None)
            .where(Payment.id == payment_id, Payment.state.in_((NEW, FAILED, REGISTERED)), Payment.form_url == "")
            .execute()
        )
        if moved:
            audit.record("payment.registered", f"payment:{payment.number}", order=order_id)


def begin(payment_id: int) -> bool:
    """Whether it is for the caller to tell the acquirer of a new order: one of several clicks, and no other."""
    mine = Payment.update(asked_at=clock.now()).where(
        Payment.id == payment_id, Payment.state == NEW, Payment.asked_at.is_null()
    )
    return bool(mine.execute())


def refused(payment_id: int, reason: str) -> None:
    """The acquirer did not take the order: nothing was charged, the customer may try again."""
    with database.atomic():
        payment = _held(payment_id)
        if payment.state == NEW and _move(payment, FAILED, reason=reason[:_REASON]):
            Payment.update(next_check_at=None).where(Payment.id == payment_id).execute()


def learn(payment_id: int, word: Word) -> str:
    """Take the acquirer's own word on an order; the state after it. Asking twice, or late, changes nothing twice.

    A word about another order, amount or currency counts nothing: the payment becomes disputed, for people to look at.
    """
    with database.atomic():
        payment = _held(payment_id)
        Payment.update(answered_at=clock.now()).where(Payment.id == payment_id).execute()
        if wrong := _mismatch(payment, word):
            _move(payment, DISPUTED, reason=wrong)
        elif word.state in ("paid", "refunded", "reversed"):
            _credit(payment, word)
            _give_back(payment, word)
        elif word.state == "declined":
            _move(payment, DECLINED, reason=word.reason[:_REASON])
        elif (
            word.state == "unknown" and payment.state == NEW and clock.now() > payment.created_at + timedelta(minutes=3)
        ):
            _move(payment, FAILED, reason="банк не получил заказ")
        elif word.state in ("registered", "held") and payment.state == NEW:
            _move(payment, REGISTERED, order_id=word.order_id or None)
        return str(payment.state)


def settle_by_hand(payment_id: int, kopecks: int, reason: str) -> None:
    """End a dispute after the bank has been asked by people: count what it really took (0: nothing), with their reason.

    Refused: a payment that is not disputed, less than nothing, no reason.
    """
    if not reason.strip():
        raise Refusal("reason", "Напишите, как выяснили: это останется в журнале.", "payment.reason")
    if kopecks < 0:
        raise Refusal("amount", "Сумма не может быть меньше нуля.", "payment.amount")
    with database.atomic():
        payment = _held(payment_id)
        if payment.state != DISPUTED:
            raise Refusal(None, "Этот платёж не на выяснении.", "payment.not_disputed")
        if not kopecks:
            _move(payment, FAILED, reason=reason[:_REASON])
            return
        parts = ledger.in_proportion(kopecks, payment.parts)
        day = clock.today()
        facts = {
            "amount": kopecks,
            "parts": parts,
            "paid_on": day,
            "settled_at": clock.now(),
            "reason": reason[:_REASON],
        }
        if _move(payment, PAID, **facts):
            post(payment, ledger.PAYMENT, {code: -part for code, part in parts.items()}, f"payment:{payment.id}", day)


def due_for_check(limit: int = 100) -> list[int]:
    """Orders whose state should be asked now."""
    query = Payment.select(Payment.id).where(Payment.next_check_at <= clock.now()).order_by(Payment.next_check_at)
    return [payment.id for payment in query.limit(limit)]


def claim(payment_id: int, *, now: bool = False) -> Payment | None:
    """The payment, for whoever asks about it now; None while somebody else asks, or when there is nothing to ask.

    `now`: a callback or the waiting customer asks before the poller's time; at most once in a few seconds all the same.
    """
    moment = clock.now()
    is_due = Payment.settled_at.is_null() if now else Payment.next_check_at <= moment
    calm = moment - (IMPATIENCE if now else LEASE)
    claimed = (
        Payment.update(asked_at=moment, next_check_at=moment + LEASE)
        .where(Payment.id == payment_id, Payment.next_check_at.is_null(False), is_due)
        .where(Payment.asked_at.is_null() | (Payment.asked_at <= calm))
        .execute()
    )
    return Payment.get_by_id(payment_id) if claimed else None


def schedule(payment_id: int) -> None:
    """When to ask next, after an answer or none: soon at first, then ever more rarely; never again when all is known."""
    payment = Payment.get_by_id(payment_id)
    Payment.update(next_check_at=_next_check(payment)).where(Payment.id == payment_id).execute()


def ask_refund(payment_id: int, kopecks: int | None = None) -> Back | None:
    """Note that the bank is about to be asked to give back so much, or all that is left; None: it has done so already.

    While an earlier demand has no answer, this is the same demand again. Refused: a payment that no card paid or that was given
    back, more than is left, another sum than that of a demand without an answer.
    """
    with database.atomic():
        payment = _held(payment_id)
        if payment.returning:
            before = max(0, payment.returning - payment.refunded)
            if not before:
                Payment.update(returning=0).where(Payment.id == payment_id).execute()
                return None
            if kopecks not in (None, before):
                text = f"Банк ещё не ответил о возврате {words.rubles(before)}: сначала повторите его."
                raise Refusal("amount", text, "refund.unanswered")
            return Back(str(payment.order_id), before, f"{payment.number}-{payment.returning}")
        if payment.state != PAID or not payment.order_id:
            raise Refusal(None, "Этот платёж не оплачен картой или уже возвращён.", "refund.state")
        left = payment.amount - payment.refunded
        asked = left if kopecks is None else kopecks
        if not 0 < asked <= left:
            raise Refusal("amount", f"Вернуть можно от копейки до {words.rubles(left)}.", "refund.amount")
        total = payment.refunded + asked
        Payment.update(returning=total, next_check_at=clock.now()).where(Payment.id == payment_id).execute()
        audit.record("payment.refund_asked", f"payment:{payment.number}", kopecks=asked)
        return Back(payment.order_id, asked, f"{payment.number}-{total}")


def refund_answered(payment_id: int) -> None:
    """The bank has said yes or no to the demand: the next one is another."""
    Payment.update(returning=0).where(Payment.id == payment_id).execute()


def keep_cheque(payment_id: int, fiscal: Mapping[str, Any]) -> None:
    """The tax office has the cheque (54-ФЗ): keep its facts and send it, once."""
    with database.atomic():
        payment = locked(Payment.select().where(Payment.id == payment_id)).get()
        if payment.cheque:
            return
        Payment.update(cheque=dict(fiscal)).where(Payment.id == payment_id).execute()
        if payment.email:
            account = Account.get_by_id(payment.account_id)
            data = {
                "number": payment.number,
                "account": account.number,
                "kopecks": payment.amount,
                "cheque": dict(fiscal),
            }
            _tell("cheque", payment, data, f"cheque:{payment.id}")


def _mismatch(payment: Payment, word: Word) -> str:
    """What of the bank's word is not about this order; empty: all of it is."""
    if word.state == "unknown":
        return ""
    if word.number != payment.number or (payment.order_id and word.order_id != payment.order_id):
        return "ответ банка о другом заказе"
    if word.kopecks != payment.amount:
        return f"банк называет другую сумму: {words.rubles(word.kopecks)}"
    if word.currency not in ("643", "810", "RUB", ""):
        return f"банк называет другую валюту: {word.currency[:10]}"
    if word.state == "refunded" and word.refunded <= 0:
        return "банк говорит о возврате и не называет суммы"
    if word.refunded > payment.amount:
        return f"банк называет возврат больше платежа: {words.rubles(word.refunded)}"
    if word.state == "paid" and word.deposited != payment.amount:
        return f"банк списал другую сумму: {words.rubles(word.deposited)}"
    return ""


def _credit(payment: Payment, word: Word) -> None:
    if payment.state in (PAID, REFUNDED):
        return
    now = clock.now()
    is_sensible = word.paid_at is not None and abs(now - word.paid_at) < _SENSIBLE and not clock.is_shifted()
    paid_at = word.paid_at if word.paid_at and is_sensible else now
    day = clock.local(paid_at).date()
    if _move(
        payment,
        PAID,
        order_id=word.order_id or None,
        paid_on=day,
        settled_at=clock.now(),
        card=word.card[:30],
        reason="",
    ):
        post(
            payment, ledger.PAYMENT, {code: -part for code, part in payment.parts.items()}, f"payment:{payment.id}", day
        )


def _give_back(payment: Payment, word: Word) -> None:
    """Count what the bank has given back, each kopeck once."""
    back = payment.amount if word.state == "reversed" else min(word.refunded, payment.amount)
    more = back - payment.refunded
    if more <= 0 or payment.state != PAID:
        return
    parts = ledger.in_proportion(more, _left(payment))
    post(payment, ledger.REFUND, parts, f"refund:{payment.id}:{back}", clock.today())
    if back == payment.amount:
        _move(payment, REFUNDED, refunded=back)
    else:
        Payment.update(refunded=back).where(Payment.id == payment.id).execute()
        audit.record("payment.partly_refunded", f"payment:{payment.number}", kopecks=more)
    payment.refunded = back
    if payment.email:
        account = Account.get_by_id(payment.account_id)
        data = {"number": payment.number, "account": account.number, "kopecks": more}
        _tell("payment_refunded", payment, data, f"refund:{payment.id}:{back}")


def _tell(letter: str, payment: Payment, data: Mapping[str, Any], key: str) -> None:
    """To the address that was given with the payment, the payer's own or another."""
    payer = Customer.get_or_none(Customer.id == (payment.customer_id or 0))
    own = payer.subject if payer and payer.email == payment.email else ""
    outbox.post(letter, payment.email, data, key=key, subject=own, account=str(data["account"]))


def _left(payment: Payment) -> dict[str, int]:
    """What of the payment has not been given back yet, by service."""
    left = dict(payment.parts)
    query = ledger.Entry.select(ledger.Entry.service, ledger.Entry.amount).where(_refunds_of(payment))
    for service, back in pairs(query):
        left[service] -= back
    return {service: part for service, part in left.items() if part > 0}


def _refunds_of(payment: Payment) -> Any:
    return (ledger.Entry.account == payment.account_id) & ledger.Entry.source.startswith(f"refund:{payment.id}:")


def _move(payment: Payment, state: str, **facts: Any) -> bool:
    """The legal move, if it is one from where the payment stands now; whether it was made."""
    allowed = [source for source, targets in MOVES.items() if state in targets]
    facts = {name: value for name, value in facts.items() if value is not None}
    moved = (
        Payment.update(state=state, **facts)
        .where(Payment.id == payment.id, Payment.state == payment.state, Payment.state.in_(allowed))
        .execute()
    )
    if moved:
        audit.record(f"payment.{state}", f"payment:{payment.number}", was=payment.state, reason=facts.get("reason", ""))
        payment.state = state
        for name, value in facts.items():
            setattr(payment, name, value)
    return bool(moved)


def _next_check(payment: Payment) -> datetime | None:
    now, age = clock.now(), clock.now() - payment.created_at
    if payment.state in OPEN or payment.returning > payment.refunded:  # until the bank has said how it ends
        return now + min(max(timedelta(seconds=20), age / 6), timedelta(hours=2))
    if payment.channel != "web" or payment.state in (REFUNDED, FAILED) or age > _WATCHED:
        return None
    if payment.state == PAID and payment.cheque:
        return None
    if payment.state == DECLINED and age > 2 * LIVES:  # a last attempt may still have been let through
        return None
    return now + min(max(timedelta(seconds=20), age / 6), timedelta(hours=2))


def _held(payment_id: int) -> Payment:
    """The payment, locked after its account: everybody locks in this order."""
    ledger.hold([Payment.get_by_id(payment_id).account_id])
    payment: Payment = locked(Payment.select().where(Payment.id == payment_id)).get()
    return payment
