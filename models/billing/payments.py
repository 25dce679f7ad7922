"""Payments: an order at the acquirer, or money reported by a bank, a terminal, a cash desk. Each counts once.

What a bank's page, a return address or a callback says is only a reason to ask the acquirer; `learn` takes its own word alone. States
move one way; money already counted is never lost by a late message.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from peewee import (
    BigIntegerField,
    CharField,
    DateField,
    DateTimeField,
    ForeignKeyField,
    JSONField,
    ModelSelect,
)

from models import audit, clock, company, consents, outbox, seal, words
from models.base import PeriodField, Problem, Refusal, Row, compiled, database, locked, pairs, param
from models.billing import ledger
from models.billing.ledger import New
from models.metering.accounts import Account, Holding
from models.people.customers import Customer

NEW, REGISTERED, PAID, DECLINED, FAILED, DISPUTED, REFUNDED = (
    "new", "registered", "paid", "declined", "failed", "disputed", "refunded",
)  # fmt: skip
OPEN = (NEW, REGISTERED)  # nobody knows yet how it ends
# Legal moves. A bank may let a card through after a decline, or answer a lost registration: money taken is counted then.
MOVES: Mapping[str, tuple[str, ...]] = {
    NEW: (REGISTERED, PAID, DECLINED, FAILED, DISPUTED, REFUNDED),
    REGISTERED: (PAID, DECLINED, DISPUTED, REFUNDED),
    FAILED: (REGISTERED, PAID, DECLINED, DISPUTED, REFUNDED),
    DECLINED: (PAID, DISPUTED, REFUNDED),
    DISPUTED: (PAID, REFUNDED, FAILED),
    PAID: (REFUNDED,),
    REFUNDED: (),
}
LIVES = timedelta(minutes=20)  # of an order at the acquirer
LEASE = timedelta(seconds=30)  # of a check that is under way
IMPATIENCE = timedelta(seconds=3)  # how often a waiting customer or a callback may ask at most
_WATCHED = timedelta(days=2)  # how long the poller asks about an order that nobody has ended
_REASON = 200  # characters of a bank's reason that are kept
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


class Payment(Row):
    number = CharField(unique=True)  # ours, shown to people and to the acquirer
    account = ForeignKeyField(Account, backref="payments", on_delete="RESTRICT")
    customer = ForeignKeyField(Customer, null=True, on_delete="SET NULL")
    channel = CharField()  # web, or who reported it: sberbank, citypay, bank, cash…
    document = CharField(null=True)  # what the reporter calls it
    key = CharField(null=True, unique=True)  # of the form, so that a double click is one payment
    amount = BigIntegerField()
    parts = JSONField(default=dict)  # kopecks by service
    period = PeriodField(null=True)  # the month it is for, where the payer names one
    state = CharField()
    reason = CharField(default="")  # why it was declined, failed, disputed
    email = CharField(default="")  # where the cheque goes
    order_id = CharField(null=True, unique=True)  # the acquirer's
    form_url = CharField(default="", max_length=600)
    created_at = DateTimeField(default=clock.now)
    expires_at = DateTimeField(null=True)
    next_check_at = DateTimeField(null=True, index=True)
    asked_at = DateTimeField(null=True)  # when the acquirer was asked last
    paid_on = DateField(null=True)  # local day
    settled_at = DateTimeField(null=True)
    refunded = BigIntegerField(default=0)
    returning = BigIntegerField(default=0)  # how much the bank was asked to have given back in all; 0: all is answered
    card = CharField(default="")  # masked, as the bank gives it
    cheque = JSONField(default=dict)  # fiscal facts, once the bank has them

    class Meta:
        indexes = (
            (("account", "created_at"), False),
            (("channel", "document"), True),
            (("state", "created_at"), False),
        )


# One unfinished order an account, whatever tabs and relatives do.
Payment.add_index(Payment.account, unique=True, where=Payment.state.in_(OPEN), name="payment_open")


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


@compiled
def of_account() -> ModelSelect[Any]:
    """An account's payments between two days, the newest first."""
    return (
        _shown()
        .where(
            Payment.account == param("account"),
            Payment.created_at >= param("since"),
            Payment.created_at < param("until"),
        )
        .order_by(Payment.created_at.desc(), Payment.id.desc())
    )


@compiled
def _of_customer() -> ModelSelect[Any]:
    return _shown().where(Payment.number == param("number"), Payment.account.in_(_accounts()))


def _accounts() -> ModelSelect[Any]:
    held = (Holding.customer == param("customer")) & Holding.until.is_null()
    return Holding.select(Holding.account).where(held)


@compiled
def unfinished() -> ModelSelect[Any]:
    """The account's order that is still open at the acquirer, if there is one."""
    return _shown().where(Payment.account == param("account"), Payment.state.in_(OPEN))


def _shown() -> ModelSelect[Any]:
    columns = (
        Payment.id, Payment.number, Payment.account.alias("account_id"), Payment.customer.alias("customer_id"), Payment.channel,
        Payment.amount, Payment.parts, Payment.state, Payment.reason, Payment.email, Payment.form_url, Payment.created_at,
        Payment.expires_at, Payment.paid_on, Payment.settled_at, Payment.refunded, Payment.card, Payment.cheque,
        Account.number.alias("account"),
    )  # fmt: skip
    return Payment.select(*columns).join(Account)


def find(customer_id: int, number: str) -> Any | None:
    """The payment with this number for one of the customer's accounts; someone else's does not exist."""
    return _of_customer.first(customer=customer_id, number=number) if len(number) <= 36 else None


def is_open(payment: Any) -> bool:
    return payment.state in OPEN


def start(
    account: Any, parts: Mapping[str, int], *, customer_id: int, email: str, key: str, consented: bool
) -> Payment:
    """Write down that a customer is about to pay these kopecks for these services; the acquirer is asked afterwards.

    The same form with the same sums gives the same payment. Refused: no consent, nothing or too much to pay, a service the account does not
    have, another order still open (`Unfinished`).
    """
    check(account, parts, consented)
    given = {service: amount for service, amount in parts.items() if amount}
    intake = seal.fingerprint(f"{account.id}|{key}|{sorted(given.items())}")
    with database.atomic():
        ledger.hold([account.id])
        if repeated := Payment.get_or_none(Payment.key == intake):
            return repeated
        if other := Payment.get_or_none(Payment.account == account.id, Payment.state.in_(OPEN)):
            raise Unfinished(other.number)
        payment = Payment.create(
            number=_new_number(), account=account.id, customer=customer_id, channel="web", key=intake, amount=sum(given.values()),
            parts=given, state=NEW, email=email, created_at=clock.now(), expires_at=clock.now() + LIVES,
            next_check_at=clock.now() + timedelta(minutes=1),
        )  # fmt: skip
        document = company.current().consents["payment"]
        consents.give(f"customer:{customer_id}", document, channel="web", account=account.number)
        audit.record("payment.started", f"payment:{payment.number}", account=account.number, kopecks=payment.amount)
        return payment


class Unfinished(Refusal):
    """Another order for the account is open: paying twice is what nobody wants."""

    def __init__(self, number: str):
        self.number = number
        super().__init__(None, "По этому счёту уже идёт оплата. Закончите её или отмените.", "payment.unfinished")


def registered(payment_id: int, order_id: str, form_url: str) -> None:
    """The acquirer has the order: the customer may go to its page. A late answer opens no second order of the account."""
    with database.atomic():
        payment = _held(payment_id)
        others = Payment.select().where(Payment.account == payment.account_id, Payment.state.in_(OPEN))
        if payment.state == FAILED and others.exists():
            return
        moved = (
            Payment.update(state=REGISTERED, order_id=order_id, form_url=form_url)
            .where(Payment.id == payment_id, Payment.state.in_((NEW, FAILED, REGISTERED)), Payment.form_url == "")
            .execute()
        )
        if moved:
            audit.record("payment.registered", f"payment:{payment.number}", order=order_id)


def refused(payment_id: int, reason: str) -> None:
    """The acquirer did not take the order: nothing was charged, the customer may try again."""
    with database.atomic():
        moved = (
            Payment.update(state=FAILED, reason=reason[:_REASON], next_check_at=None)
            .where(Payment.id == payment_id, Payment.state == NEW)
            .execute()
        )
        if moved:
            audit.record("payment.failed", f"payment:{_number(payment_id)}", reason=reason[:_REASON])


def learn(payment_id: int, word: Word) -> str:
    """Take the acquirer's own word on an order; the state after it. Asking twice, or late, changes nothing twice.

    A word about another order, amount or currency counts nothing: the payment becomes disputed, for people to look at.
    """
    with database.atomic():
        payment = _held(payment_id)
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


def take_external(
    account_id: int,
    amount: int,
    *,
    channel: str,
    document: str,
    day: date,
    period: str | None = None,
    service: str | None = None,
) -> Payment | None:
    """Count money that a bank, a terminal or a cash desk reports: once for each of its documents. None: counted before.

    Refused: nothing or less than nothing; a document that was counted with another amount or account; a service the account
    does not have.
    """
    if amount <= 0:
        raise Refusal("amount", "Сумма платежа должна быть больше нуля.", "payment.amount")
    with database.atomic():
        ledger.hold([account_id])
        services = payable(Account.get_by_id(account_id), ledger.by_service(account_id))
        if service is not None and service not in services:
            raise Refusal("service", f"Услуги {service} на этом счёте нет.", "payment.service")
        parts = {service: amount} if service else divided(account_id, amount, services)
        row = {
            "number": _new_number(), "account": account_id, "channel": channel, "document": document, "amount": amount, "parts": parts,
            "period": period, "state": PAID, "created_at": _noon(day), "paid_on": day, "settled_at": clock.now(),
        }  # fmt: skip
        # Two accounts may be reported with one document at the same moment: the index decides, whoever waited looks again.
        new = list(Payment.insert(row).on_conflict_ignore().returning(Payment.id).tuples().execute())
        payment = Payment.get(Payment.channel == channel, Payment.document == document)
        if new:
            _post(payment, ledger.PAYMENT, {code: -part for code, part in parts.items()}, f"payment:{payment.id}", day)
            return payment
        if (payment.account_id, payment.amount) != (account_id, amount):
            raise Refusal("document", f"Документ {document} уже учтён с другой суммой или счётом.", "payment.other")
        return None


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
            _post(payment, ledger.PAYMENT, {code: -part for code, part in parts.items()}, f"payment:{payment.id}", day)


def payable(account: Any, owed: Mapping[str, int]) -> list[str]:
    """What can be paid for: the account's services, and those it has no more and still owes for."""
    own = account.services.split(",")
    return [*own, *(code for code in company.current().services if owed.get(code, 0) > 0 and code not in own)]


def divided(account_id: int, amount: int, services: Sequence[str]) -> dict[str, int]:
    """A sum paid for an account as a whole, by service: debts first, an advance as the last charges were."""
    return ledger.shares(ledger.by_service(account_id), amount, services, ledger.usual(account_id))


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


class Back(NamedTuple):
    """Money that the bank is to give back; asked twice with one key, it gives once."""

    order_id: str
    kopecks: int
    key: str


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
            outbox.post("cheque", payment.email, data, key=f"cheque:{payment.id}")


def check(account: Any, parts: Mapping[str, int], consented: bool) -> None:
    """Refuse what `start` would refuse of the sums and the consent, storing nothing."""
    limits = company.current().payments
    problems = []
    total = sum(parts.values())
    if set(parts) - set(payable(account, ledger.by_service(account.id))) or any(part < 0 for part in parts.values()):
        problems.append(
            Problem("amount", "Сумму нужно указать по услугам этого счёта, не меньше нуля.", "payment.parts")
        )
    elif total < limits.least:
        problems.append(Problem("amount", f"Укажите сумму от {words.rubles(limits.least)}.", "payment.least"))
    elif total > limits.most:
        text = f"За один раз можно заплатить до {words.rubles(limits.most)}. Разделите оплату на части."
        problems.append(Problem("amount", text, "payment.most"))
    if not consented:
        text = "Чтобы заплатить картой, нужно согласие на обработку персональных данных: поставьте отметку."
        problems.append(Problem("consent", text, "payment.consent"))
    if problems:
        raise Refusal(problems=problems)


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
    if word.state == "paid" and word.deposited != payment.amount:
        return f"банк списал другую сумму: {words.rubles(word.deposited)}"
    return ""


def _credit(payment: Payment, word: Word) -> None:
    if payment.state in (PAID, REFUNDED):
        return
    paid_at = clock.now() if word.paid_at is None or clock.is_shifted() else word.paid_at
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
        _post(
            payment, ledger.PAYMENT, {code: -part for code, part in payment.parts.items()}, f"payment:{payment.id}", day
        )


def _give_back(payment: Payment, word: Word) -> None:
    """Count what the bank has given back, each kopeck once."""
    back = payment.amount if word.state == "reversed" else min(word.refunded, payment.amount)
    more = back - payment.refunded
    if more <= 0 or payment.state != PAID:
        return
    parts = ledger.in_proportion(more, _left(payment))
    _post(payment, ledger.REFUND, parts, f"refund:{payment.id}:{back}", clock.today())
    if back == payment.amount:
        _move(payment, REFUNDED, refunded=back)
    else:
        Payment.update(refunded=back).where(Payment.id == payment.id).execute()
        audit.record("payment.partly_refunded", f"payment:{payment.number}", kopecks=more)
    payment.refunded = back
    if payment.email:
        account = Account.get_by_id(payment.account_id)
        data = {"number": payment.number, "account": account.number, "kopecks": more}
        outbox.post("payment_refunded", payment.email, data, key=f"refund:{payment.id}:{back}")


def _left(payment: Payment) -> dict[str, int]:
    """What of the payment has not been given back yet, by service."""
    left = dict(payment.parts)
    query = ledger.Entry.select(ledger.Entry.service, ledger.Entry.amount).where(_refunds_of(payment))
    for service, back in pairs(query):
        left[service] -= back
    return {service: part for service, part in left.items() if part > 0}


def _refunds_of(payment: Payment) -> Any:
    return (ledger.Entry.account == payment.account_id) & ledger.Entry.source.startswith(f"refund:{payment.id}:")


def _post(payment: Payment, kind: str, parts: Mapping[str, int], source: str, day: date) -> None:
    for service, amount in parts.items():
        if amount:
            ledger.post(New(payment.account_id, service, kind, amount, day, f"{source}:{service}", payment.period))


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
    if payment.channel != "web" or payment.state in (REFUNDED, FAILED, DISPUTED) or age > _WATCHED:
        return None
    if payment.state == PAID and payment.cheque:
        return None
    if payment.state == DECLINED and age > 2 * LIVES:  # a last attempt may still have been let through
        return None
    return now + min(max(timedelta(seconds=20), age / 6), timedelta(hours=2))


def _new_number() -> str:
    """«2611-7KQ2M9XD»: not to be guessed, and new to the acquirer even after a database was made anew."""
    tail = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    return f"{clock.today():%y%m}-{tail}"


def _held(payment_id: int) -> Payment:
    """The payment, locked after its account: everybody locks in this order."""
    ledger.hold([Payment.get_by_id(payment_id).account_id])
    payment: Payment = locked(Payment.select().where(Payment.id == payment_id)).get()
    return payment


def _number(payment_id: int) -> str:
    return str(Payment.select(Payment.number).where(Payment.id == payment_id).scalar())


def _noon(day: date) -> datetime:
    return clock.utc(datetime(day.year, day.month, day.day, 12))
