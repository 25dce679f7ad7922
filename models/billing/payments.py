"""Payments: an order that a customer begins, or money that a bank, a terminal, a cash desk reports. Each counts once.

How an order ends is the acquirer's to say: `acquiring`.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from peewee import (
    BigIntegerField,
    CharField,
    DateField,
    DateTimeField,
    ForeignKeyField,
    IntegerField,
    JSONField,
    ModelSelect,
)

from models import audit, clock, company, consents, seal, words
from models.base import PeriodField, Problem, Refusal, Row, compiled, database, param
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
    NEW: (REGISTERED, PAID, DECLINED, FAILED, DISPUTED),
    REGISTERED: (PAID, DECLINED, DISPUTED),
    FAILED: (REGISTERED, PAID, DECLINED, DISPUTED),
    DECLINED: (PAID, DISPUTED),
    DISPUTED: (PAID, DECLINED, FAILED),
    PAID: (REFUNDED,),
    REFUNDED: (),
}
LIVES = timedelta(minutes=20)  # of an order at the acquirer
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
    answered_at = DateTimeField(null=True)  # and when it answered
    paid_on = DateField(null=True)  # local day
    settled_at = DateTimeField(null=True)
    refunded = BigIntegerField(default=0)
    returning = BigIntegerField(default=0)  # how much the bank was asked to have given back in all; 0: all is answered
    card = CharField(default="")  # masked, as the bank gives it
    cheque = JSONField(default=dict)  # fiscal facts, once the bank has them
    loaded_by = IntegerField(null=True)  # the transfer whose file brought it

    class Meta:
        indexes = (
            (("account", "created_at"), False),
            (("channel", "document"), True),
            (("state", "created_at"), False),
        )


# One unfinished order an account, whatever tabs and relatives do.
Payment.add_index(Payment.account, unique=True, where=Payment.state.in_(OPEN), name="payment_open")
Payment.add_index(Payment.loaded_by, Payment.id, where=Payment.loaded_by.is_null(False), name="payment_loaded_by")


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
def unsettled() -> ModelSelect[Any]:
    """The account's payments whose end is not known: the order still open at the acquirer, and any in dispute."""
    return _shown().where(Payment.account == param("account"), Payment.state.in_((*OPEN, DISPUTED)))


def _shown() -> ModelSelect[Any]:
    columns = (
        Payment.id, Payment.number, Payment.account.alias("account_id"), Payment.customer.alias("customer_id"), Payment.channel,
        Payment.amount, Payment.parts, Payment.state, Payment.reason, Payment.email, Payment.form_url, Payment.created_at,
        Payment.expires_at, Payment.answered_at, Payment.paid_on, Payment.settled_at, Payment.refunded, Payment.card, Payment.cheque,
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
            number=new_number(), account=account.id, customer=customer_id, channel="web", key=intake, amount=sum(given.values()),
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
            "number": new_number(), "account": account_id, "channel": channel, "document": document, "amount": amount, "parts": parts,
            "period": period, "state": PAID, "created_at": noon(day), "paid_on": day, "settled_at": clock.now(),
        }  # fmt: skip
        # Two accounts may be reported with one document at the same moment: the index decides, whoever waited looks again.
        new = list(Payment.insert(row).on_conflict_ignore().returning(Payment.id).tuples().execute())
        payment = Payment.get(Payment.channel == channel, Payment.document == document)
        if new:
            post(payment, ledger.PAYMENT, {code: -part for code, part in parts.items()}, f"payment:{payment.id}", day)
            return payment
        if (payment.account_id, payment.amount) != (account_id, amount):
            raise Refusal("document", f"Документ {document} уже учтён с другой суммой или счётом.", "payment.other")
        return None


def payable(account: Any, owed: Mapping[str, int]) -> list[str]:
    """What can be paid for: the account's services, and those it has no more and still owes for."""
    own = account.services.split(",")
    return [*own, *(code for code in company.current().services if owed.get(code, 0) > 0 and code not in own)]


def divided(account_id: int, amount: int, services: Sequence[str]) -> dict[str, int]:
    """A sum paid for an account as a whole, by service: debts first, an advance as the last charges were."""
    return ledger.shares(ledger.by_service(account_id), amount, services, ledger.usual(account_id))


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


def post(payment: Payment, kind: str, parts: Mapping[str, int], source: str, day: date) -> None:
    for service, amount in parts.items():
        if amount:
            ledger.post(New(payment.account_id, service, kind, amount, day, f"{source}:{service}", payment.period))


def new_number() -> str:
    """«2611-7KQ2M9XD»: not to be guessed, and new to the acquirer even after a database was made anew."""
    tail = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    return f"{clock.today():%y%m}-{tail}"


def noon(day: date) -> datetime:
    """The moment that stands for a day of which no more is known."""
    return clock.utc(datetime(day.year, day.month, day.day, 12))
