"""What needs two people: each kind says what it rests on, what will happen in words and sums, and how it is done.

A kind whose `do` is None needs the outside world: it becomes approved, and tasks/approvals.py does it. The console's commands
(`bill --issue`, `payment refund`, `payment settle`) stay beside it: whoever sits at the machine could write into the database
itself; what they do is in the audit log as the console's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models import words
from models.base import Refusal, locked
from models.billing import acquiring, ledger, run
from models.billing.bills import FAILED, HELD, Bill, number_of
from models.billing.payments import DISPUTED, PAID, Payment
from models.metering.accounts import Account
from models.office.proposals import live_accounts

MOST_BILLS = 500  # in one proposal: they are done in one transaction
Facts = Mapping[str, Any]
Lines = list[tuple[str, str]]


def _nothing(_: Facts) -> None:
    return None


@dataclass(frozen=True)
class Kind:
    """One kind of deed that one proposes and another approves; `data` is what is to be done."""

    code: str
    title: str
    check: Callable[[Facts], dict[str, Any]]  # what the data rest on now; refuses what cannot be done
    describe: Callable[[Facts, Facts], Lines]  # data and facts as titled lines
    brief: Callable[[Facts, Facts], str]  # the same in a line
    do: Callable[[Facts, str], str] | None = None  # data and reason; what came of it. Inside the approval's transaction
    hold: Callable[[Facts], None] = _nothing  # locks what `check` reads
    admit: Callable[[Facts], None] = _nothing  # refuses what is pointless to propose
    propose: str = "money.propose"
    approve: str = "money.approve"


# ---- payments


def of_payment(number: str, kopecks: int) -> tuple[str, dict[str, Any]]:
    """Subject and data of a proposal to give back or to count `kopecks` of a payment."""
    return f"payment:{number}", {"number": number, "kopecks": kopecks}


def payment_of(data: Facts) -> Payment:
    found: Payment | None = (
        Payment.select(Payment, Account).join(Account).where(Payment.number == data["number"]).first()
    )
    if found is None:
        raise Refusal(None, f"Платежа {data['number']} нет.", "payment.unknown")
    return found


def disputed(limit: int = 50) -> list[Any]:
    """The payments that people have to find out about, the oldest first."""
    columns = (Payment.number, Payment.amount, Payment.reason, Payment.created_at, Account.number.alias("account"))
    query = Payment.select(*columns).join(Account).where(Payment.state == DISPUTED)
    return list(query.order_by(Payment.created_at).limit(limit).namedtuples())


def _hold_payment(data: Facts) -> None:
    payment = payment_of(data)
    ledger.hold([payment.account_id])
    locked(Payment.select(Payment.id).where(Payment.id == payment.id)).get()


def left_of(payment: Any) -> int:
    """Kopecks of a paid payment that can still be given back to the card; 0: none."""
    return payment.amount - payment.refunded if payment.state == PAID and payment.order_id else 0


def _check_refund(data: Facts) -> dict[str, Any]:
    payment = payment_of(data)
    left = left_of(payment)
    if not left:
        raise Refusal(None, "Этот платёж не оплачен картой на портале или уже возвращён.", "refund.state")
    if payment.returning > payment.refunded:
        raise Refusal(None, "Банк ещё не ответил о прошлом возврате: дождитесь ответа.", "refund.unanswered")
    if not 0 < data["kopecks"] <= left:
        raise Refusal("amount", f"Вернуть можно от копейки до {words.rubles(left)}.", "refund.amount")
    return {**_of_payment(payment), "refunded": payment.refunded, "card": payment.card}


def _check_settle(data: Facts) -> dict[str, Any]:
    payment = payment_of(data)
    if payment.state != DISPUTED:
        raise Refusal(None, "Этот платёж не на выяснении.", "payment.not_disputed")
    if data["kopecks"] < 0:
        raise Refusal("amount", "Сумма не может быть меньше нуля.", "payment.amount")
    if data["kopecks"] > payment.amount:  # a slip of the finger would become somebody's money
        text = (
            f"Заказано {words.rubles(payment.amount)}, засчитать здесь можно не больше. "
            "Если банк взял больше, это засчитает администратор на сервере: команда payment settle."
        )
        raise Refusal("amount", text, "payment.amount")
    return {**_of_payment(payment), "reason": payment.reason}


def _of_payment(payment: Any) -> dict[str, Any]:
    return {"account": payment.account.number, "state": payment.state, "amount": payment.amount}


def _settle(data: Facts, reason: str) -> str:
    acquiring.settle_by_hand(payment_of(data).id, data["kopecks"], reason)
    return f"засчитано {words.rubles(data['kopecks'])}" if data["kopecks"] else "платёж закрыт как непрошедший"


def _tell_refund(data: Facts, facts: Facts) -> Lines:
    back, left = data["kopecks"], facts["amount"] - facts["refunded"] - data["kopecks"]
    card = f" на карту {facts['card']}, с которой платили" if facts["card"] else " на карту, с которой платили"
    return [
        ("Что произойдёт", f"Банк вернёт {words.rubles(back)}{card}. Долг по счёту вырастет на столько же."),
        ("Платёж", f"{data['number']}, {words.rubles(facts['amount'])}"),
        ("Лицевой счёт", facts["account"]),
        ("Возвращено раньше", words.rubles(facts["refunded"])),
        ("Останется после возврата", words.rubles(left)),
    ]


def _tell_settle(data: Facts, facts: Facts) -> Lines:
    taken = data["kopecks"]
    deed = (
        f"Платёж засчитают на {words.rubles(taken)}: долг по счёту уменьшится на столько же."
        if taken
        else "Платёж закроют как непрошедший: на счёт не поступит ничего."
    )
    return [
        ("Что произойдёт", deed),
        ("Платёж", f"{data['number']}, заказано {words.rubles(facts['amount'])}"),
        ("Лицевой счёт", facts["account"]),
        ("Почему на выяснении", facts["reason"] or "не указано"),
    ]


def _brief_payment(data: Facts, facts: Facts) -> str:
    return f"{words.rubles(data['kopecks'])}, платёж {data['number']}, л/с {facts['account']}"


# ---- bills


def of_bills(period: str, accounts: Iterable[str]) -> tuple[str, dict[str, Any]]:
    """Subject and data of a proposal about the bills of these accounts for a period; refused: none, too many."""
    numbers = sorted(set(accounts))
    if not numbers:
        raise Refusal("account", "Отметьте хотя бы один счёт.", "bills.none")
    if len(numbers) > MOST_BILLS:
        text = f"За один раз можно предложить до {MOST_BILLS} счетов: предложите остальные отдельно."
        raise Refusal("account", text, "bills.many")
    subject = f"bill:{number_of(numbers[0], period)}" if len(numbers) == 1 else f"period:{period}:{_mark(numbers)}"
    return subject, {"period": period, "accounts": numbers}


def _mark(values: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def _hold_bills(data: Facts) -> None:
    own = Account.select(Account.id).where(Account.number.in_(data["accounts"]))
    ledger.hold(account.id for account in own)


def _admit_bills(data: Facts) -> None:
    taken = live_accounts(data["period"])
    if twice := [number for number in data["accounts"] if number in taken]:
        text = f"О счёте {twice[0]} уже есть предложение № {taken[twice[0]]}: дождитесь решения или отзовите его."
        raise Refusal("account", text, "proposal.live")


def _check_issue(data: Facts) -> dict[str, Any]:
    return _check_bills(data, (HELD,))


def _check_redo(data: Facts) -> dict[str, Any]:
    return _check_bills(data, (HELD, FAILED))


def _check_bills(data: Facts, states: Sequence[str]) -> dict[str, Any]:
    period, numbers = data["period"], data["accounts"]
    columns = (
        Account.number, Bill.state, Bill.charged, Bill.recalculated, Bill.penalty, Bill.total, Bill.reason, Bill.facts,
    )  # fmt: skip
    query: Any = Bill.select(*columns).join(Account).where(Bill.period == period, Account.number.in_(numbers)).tuples()
    rows = {row[0]: row for row in query}
    for number in numbers:
        if number not in rows:
            raise Refusal("account", f"Счёта {number} за {words.month(period)} больше нет.", "bills.gone")
        if rows[number][1] not in states:
            state = "не рассчитан: его можно только пересчитать" if rows[number][1] == FAILED else "уже выставлен"
            raise Refusal("account", f"Счёт {number} за {words.month(period)} {state}.", "bills.state")
    found = [rows[number] for number in numbers]
    return {
        "count": len(found), "held": sum(row[1] == HELD for row in found), "charged": sum(sum(row[2:5]) for row in found),
        "total": sum(row[5] for row in found), "mark": _mark(found),
    }  # fmt: skip


def _issue(data: Facts, _reason: str) -> str:
    count = run.issue_held(data["period"], data["accounts"])
    return f"выставлено {words.plural(count, 'счёт', 'счёта', 'счетов')}"


def _redo(data: Facts, _reason: str) -> str:
    period, numbers = data["period"], data["accounts"]
    run.drop_held(period, numbers)
    issued = run.bill(period, only=numbers).issued
    query = Bill.select(Bill.state).join(Account).where(Bill.period == period, Account.number.in_(numbers))
    states = [bill.state for bill in query]
    return f"выставлено {issued}, снова задержано {states.count(HELD)}, не рассчитано {states.count(FAILED)}"


def _tell_issue(data: Facts, facts: Facts) -> Lines:
    count = words.plural(facts["count"], "счёт", "счёта", "счетов")
    deed = f"Абоненты получат {count} за {words.month(data['period'])} как есть, начисления станут их долгом."
    return [
        ("Что произойдёт", deed),
        ("Начислено с перерасчётом и пенями", words.rubles(facts["charged"])),
        ("К оплате вместе, с прежним долгом", words.rubles(facts["total"])),
    ]


def _tell_redo(data: Facts, facts: Facts) -> Lines:
    deed = (
        "Счета рассчитают заново по тем показаниям и тарифам, какие есть сейчас. Обычные сразу уйдут абонентам, "
        "странные снова задержатся."
    )
    return [
        ("Что произойдёт", deed),
        ("Месяц", words.month(data["period"])),
        ("Задержанных", words.number(facts["held"])),
        ("Не рассчитанных", words.number(facts["count"] - facts["held"])),
        ("Начислено сейчас", words.rubles(facts["charged"])),
    ]


def _brief_bills(data: Facts, facts: Facts) -> str:
    count = words.plural(facts["count"], "счёт", "счёта", "счетов")
    only = f" л/с {data['accounts'][0]}" if facts["count"] == 1 else ""
    return f"{count}{only} за {words.month(data['period'])}, {words.rubles(facts['charged'])}"


KINDS: Mapping[str, Kind] = {
    kind.code: kind
    for kind in (
        Kind(
            "payment.refund", "Вернуть деньги на карту", _check_refund, _tell_refund, _brief_payment, hold=_hold_payment,
        ),
        Kind(
            "payment.settle", "Решить спор о платеже", _check_settle, _tell_settle, _brief_payment, _settle, _hold_payment,
        ),
        Kind(
            "bills.issue", "Выставить задержанные счета", _check_issue, _tell_issue, _brief_bills, _issue, _hold_bills,
            _admit_bills,
        ),
        Kind(
            "bills.redo", "Пересчитать счета", _check_redo, _tell_redo, _brief_bills, _redo, _hold_bills, _admit_bills,
        ),
    )
}  # fmt: skip
