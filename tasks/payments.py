"""Paying by card: the order told to the acquirer, its state asked and taken to the ledger, money given back.

Nothing but the acquirer's own answer counts; no database transaction is open while it is asked. All of it may run twice.
"""

from __future__ import annotations

import logging
import re
import time
from dataclasses import dataclass

from models import clock, words
from models.billing import acquiring, bills, payments
from models.billing.acquiring import Word
from models.billing.payments import Payment
from models.metering.accounts import Account
from models.people.customers import Customer
from models.settings import Settings
from tasks import cheques
from tasks.gateways import acquirer
from tasks.gateways.acquirer import Acquirer, Order, Rejected, Status, Unreachable

logger = logging.getLogger("kabinet.payments")
AT_ONCE = 100  # orders asked about in one round
ROUND = 45  # seconds: the next round begins after a minute
GIVES_UP = 3  # answers missing in a row end a round: the bank is down
LONGEST_LINK = 600
LEAST_SECONDS = 60  # what the bank's page lives at least
# The action codes of the bank that people meet, in words for them; any other is told as the bank tells it.
REASONS = {
    -100: "оплата не была начата",
    -2006: "платёж не подтверждён кодом из СМС",
    -2007: "время на оплату истекло",
    -2013: "исчерпаны попытки ввести карту",
    100: "по карте запрещены платежи в интернете",
    101: "истёк срок действия карты",
    111: "неверный номер карты, срок или код",
    116: "на карте не хватило денег",
    208: "карта заблокирована",
}
CANCELLED = "вы отменили оплату"
_NUMBER = re.compile(r"[0-9A-Z-]{1,36}")


@dataclass(frozen=True)
class Desk:
    """Where orders go and where customers come back to."""

    bank: Acquirer
    public_url: str


_desk: Desk | None = None


def use(settings: Settings) -> None:
    """Let this process take payments as the settings say; without an acquirer it takes none."""
    global _desk
    bank = acquirer.from_settings(settings)
    _desk = Desk(bank, settings.public_url) if bank else None


def are_taken() -> bool:
    return _desk is not None


def register(payment_id: int) -> str | None:
    """Tell the acquirer of a new order; the address of its payment page, None when there is none to go to yet.

    Refused by the bank: the payment fails, nothing was charged. No answer: it stays new, and `check` asks by its number.
    """
    if _desk is None or not acquiring.begin(payment_id):
        return str(Payment.get_by_id(payment_id).form_url) or None
    payment = Payment.get_by_id(payment_id)
    try:
        order = _order(payment, _desk.public_url)
        done = _desk.bank.register(order, cheques.seller(_desk.public_url))
    except (Rejected, cheques.NoTaxCode) as refusal:
        if not getattr(refusal, "order_id", ""):  # else the order is there already: its state will tell
            acquiring.refused(payment_id, str(refusal))
        return None
    except Unreachable:
        return None
    if len(done.form_url) > LONGEST_LINK:
        logger.error("payment %s: the bank's link has %d characters", payment.number, len(done.form_url))
        return None
    acquiring.registered(payment_id, done.order_id, done.form_url)
    return done.form_url


def check(payment_id: int) -> None:
    """Ask the acquirer about one payment now: a callback came, or the customer waits."""
    payment = acquiring.claim(payment_id, now=True) or _ended(payment_id)
    if payment is not None and _desk is not None:
        _ask(payment, _desk.bank)


def check_all() -> int:
    """Ask about all orders whose time has come; how many were asked. A bank that is down is left alone until the next round."""
    if _desk is None:
        return 0
    asked = missed = 0
    until = time.monotonic() + ROUND
    for payment_id in acquiring.due_for_check(AT_ONCE):
        payment = acquiring.claim(payment_id)
        if payment is None:
            continue
        asked += 1
        missed = 0 if _ask_safely(payment, _desk.bank) else missed + 1
        if missed >= GIVES_UP or time.monotonic() > until:
            break
    return asked


def cancel(payment_id: int) -> str:
    """Close the order at the bank, so that nobody can pay it, and take its state: it may have been paid meanwhile."""
    payment = Payment.get_by_id(payment_id)
    if _desk is None or not payments.is_open(payment):
        return str(payment.state)
    if payment.order_id:
        try:
            _desk.bank.decline(payment.order_id)
        except (Rejected, Unreachable) as error:
            logger.warning("payment %s: not cancelled: %s", payment.number, error)
    _ask(payment, _desk.bank, declined=CANCELLED)
    return _state(payment_id)


def refund(payment_id: int, kopecks: int | None = None) -> str:
    """Give back a part of a payment, or all that is left; the state after it.

    A repeat after a lost answer asks first what became of it, and gives nothing back twice. Raises Refusal for what cannot be
    given back, Rejected or Unreachable when the bank does not say yes.
    """
    if _desk is None:
        raise Unreachable("no acquirer in the settings")
    payment = Payment.get_by_id(payment_id)
    if payment.returning:
        _ask(payment, _desk.bank)
    back = acquiring.ask_refund(payment_id, kopecks)
    if back is not None:
        try:
            _give_back(back, _desk.bank, is_whole=back.kopecks == payment.amount)
        except Rejected:
            acquiring.refund_answered(payment_id)
            raise
        if _ask(Payment.get_by_id(payment_id), _desk.bank):  # else the demand stands, and is asked about again
            acquiring.refund_answered(payment_id)
    return _state(payment_id)


def _give_back(back: acquiring.Back, bank: Acquirer, *, is_whole: bool) -> None:
    """A whole payment that the bank has not settled yet is reversed instead: it refuses to refund it."""
    try:
        bank.refund(back.order_id, back.kopecks, key=back.key)
    except Rejected:
        if not is_whole:
            raise
        bank.reverse(back.order_id)


def called(number: str, order_id: str) -> int | None:
    """The payment that a callback names by our number and the bank's id together; None when there is no such."""
    if not _NUMBER.fullmatch(number):
        return None
    found = Payment.get_or_none(Payment.number == number)
    if found is None or (found.order_id and found.order_id != order_id):
        return None
    return int(found.id)


def _ask_safely(payment: Payment, bank: Acquirer) -> bool:
    """Whether there was an answer. One payment that breaks something must not keep the others from being asked about."""
    try:
        return _ask(payment, bank)
    except Exception:
        logger.exception("payment %s: the check broke off", payment.number)
        return True


def _ask(payment: Payment, bank: Acquirer, declined: str = "") -> bool:
    """Take the bank's word on an order, and its cheque once it is paid; whether there was an answer."""
    is_answered = False
    try:
        status = _status(payment, bank)
        is_answered = True
        state = acquiring.learn(payment.id, _word(status, declined))
        if state in (payments.PAID, payments.REFUNDED) and not payment.cheque:
            _keep_cheque(payment.id, bank)
    except (Rejected, Unreachable) as error:
        logger.warning("payment %s: no answer: %s", payment.number, error)
    acquiring.schedule(payment.id)
    return is_answered


def _status(payment: Payment, bank: Acquirer) -> Status:
    return bank.status(order_id=payment.order_id) if payment.order_id else bank.status(number=payment.number)


def _word(status: Status, declined: str) -> Word:
    """The status in the ledger's words, whatever the bank writes cut to what a row holds."""
    reason = declined or REASONS.get(status.action_code) or status.action_text[:1].lower() + status.action_text[1:200]
    return Word(
        number=status.number,
        order_id=status.order_id[:64],
        state=status.state,
        kopecks=status.kopecks,
        currency=status.currency,
        deposited=status.deposited,
        refunded=status.refunded,
        reason=reason if status.state == "declined" else "",
        card=status.masked_pan[:30],
        paid_at=status.paid_at,
    )


def _keep_cheque(payment_id: int, bank: Acquirer) -> None:
    payment = Payment.get_by_id(payment_id)
    receipt = bank.receipt(str(payment.order_id))
    if receipt is not None and receipt.state == "done":
        place = _desk.public_url if _desk else ""
        acquiring.keep_cheque(payment_id, cheques.facts(payment, receipt, place))


def _ended(payment_id: int) -> Payment | None:
    """A payment whose end is known, as far as it is: money may still come in late, or be given back."""
    found = Payment.get_or_none(Payment.id == payment_id, Payment.channel == "web")
    return found if found is not None and not payments.is_open(found) and found.state != payments.REFUNDED else None


def _order(payment: Payment, public_url: str) -> Order:
    account = Account.get_by_id(payment.account_id)
    newest = bills.newest.first(account=account.id)
    period = payment.period or (newest.period if newest else clock.period())
    left = int((payment.expires_at - clock.now()).total_seconds()) if payment.expires_at else 0
    phone = "" if payment.email else _phone(payment)
    return Order(
        number=payment.number,
        kopecks=payment.amount,
        description=f"Л/с {account.number}, {words.month(period)}",
        return_url=f"{public_url}/payments/{payment.number}?back=1",
        email=payment.email,
        phone=phone,
        seconds=max(LEAST_SECONDS, left),
        items=cheques.items(payment, account.number, period),
    )


def _phone(payment: Payment) -> str:
    customer = Customer.get_or_none(Customer.id == payment.customer_id)
    return str(customer.phone) if customer else ""


def _state(payment_id: int) -> str:
    return str(Payment.get_by_id(payment_id).state)
