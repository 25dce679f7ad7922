"""What a letter would say to an account's holder today: for the staff's preview. Nothing is posted, and nothing lets one in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote

from models import clock, company, consents, words
from models.base import Refusal
from models.billing import delivery, owed
from models.billing.payments import Payment
from models.mailings import debts
from models.metering import standings, windows
from models.metering.meters import in_words, values
from models.metering.readings import Reading
from models.office import cards
from models.outbox import Message, kinds
from models.outbox.messages import EMAIL, SMS
from models.people import customers

_TEXTS = {  # what an employee or another page would write
    "reason": "Здесь будет причина, которую напишет сотрудник.",
    "question": "Здесь будет вопрос сотрудника.",
    "changed": "телефон",
    "title": "Здесь будет заголовок",
    "text": "Здесь будет текст.",
    "number": "2611-000123",
    "state": "получен ответ",
    "who": "сотрудник",
    "topic": "Здесь будет тема обращения",
    "kind": "замена счётчика",
}


@dataclass(frozen=True)
class _About:
    """The account, and whoever of its holders the letter goes to."""

    account: Any
    holder: Any | None
    today: date


def of(letter: str, account: Any, kind: str = EMAIL) -> Message:
    """A message that is stored nowhere. Refused: a letter that is none, and one for which the account has nothing to tell."""
    if letter not in kinds.KINDS or kind not in (EMAIL, SMS):
        raise Refusal("letter", "Выберите письмо.", "letter.unknown")
    holders = cards.holders_of(account.id)
    about = _About(account, holders[0] if holders else None, clock.today())
    facts = _FACTS[letter](about) if letter in _FACTS else {}
    return Message(
        kind=kind,
        to=_address(about, kind),
        letter=letter,
        data={**_TEXTS, **_usual(about), **facts},
        subject=customers.subject(about.holder.id) if about.holder else "",
        account=account.number,
    )


def _address(about: _About, kind: str) -> str:
    own = about.holder or about.account
    return str(own.email if kind == EMAIL else own.phone)


def _usual(about: _About) -> dict[str, Any]:
    return {
        "account": about.account.number,
        "path": f"/accounts/{quote(about.account.number)}/readings",
        "day": about.today.isoformat(),
        "due": about.today.isoformat(),
        "email": _address(about, EMAIL),
        "phone": words.phone(_address(about, SMS)),
        "name": about.holder.name if about.holder else "",
    }


def _bill(about: _About) -> Mapping[str, Any]:
    bill = owed.now(about.account.id).bill
    if bill is None:
        raise Refusal("letter", "У этого лицевого счёта ещё нет ни одного выставленного счёта.", "letter.no_bill")
    return {"period": bill.period, "kopecks": bill.total, "due": bill.due_on.isoformat()}


def _window(about: _About) -> Mapping[str, Any]:
    period = clock.period(about.today)
    last = windows.days_open(company.current().window("web"), period)[1]
    return {"period": period, "last_day": last.isoformat()}


def _debt(about: _About) -> Mapping[str, Any]:
    debt = debts.past_due([about.account.id], about.today).get(about.account.id)
    if debt is None:
        raise Refusal("letter", "У этого лицевого счёта нет просроченного долга.", "letter.no_debt")
    return {"kopecks": debt.kopecks, "months": debt.months}


def _verification(about: _About) -> Mapping[str, Any]:
    meters = [one.meter for one in standings.of_account(about.account.id, about.today)]
    dated = sorted((one for one in meters if one.verification_due), key=lambda one: one.verification_due)
    if not dated:
        raise Refusal("letter", "У счётчиков этого лицевого счёта не записан срок поверки.", "letter.no_meter")
    until = dated[0].verification_due
    months = (until.year - about.today.year) * 12 + until.month - about.today.month
    near = months if 0 < months <= max(company.current().letters.verification_months, default=0) else 0
    return {"serial": dated[0].serial, "service": dated[0].service, "until": until.isoformat(), "months": near}


def _reading(about: _About) -> Mapping[str, Any]:
    query = Reading.select().where(Reading.account == about.account.id)
    reading = query.order_by(Reading.taken.desc(), Reading.id.desc()).first()
    if reading is None:
        raise Refusal("letter", "По этому лицевому счёту ещё нет показаний.", "letter.no_reading")
    said = in_words(values(reading, reading.meter.zones))
    return {
        "serial": reading.meter.serial, "values": said, "right": said, "day": words.day(reading.taken),
        "window": windows.of("web", about.today).text,
    }  # fmt: skip


def _payment(about: _About) -> Mapping[str, Any]:
    paid = Payment.select().where(Payment.account == about.account.id, Payment.channel == "web")
    for one in paid.order_by(Payment.created_at.desc()).limit(50):
        if one.cheque:
            return {"number": one.number, "kopecks": one.amount, "cheque": one.cheque}
    raise Refusal("letter", "По этому лицевому счёту ещё нет оплаты картой с чеком.", "letter.no_cheque")


def _delivery(about: _About) -> Mapping[str, Any]:
    return {"way": delivery.current(about.account.id).way}


def _consent(about: _About) -> Mapping[str, Any]:
    return {"title": company.current().consents["personal-data"].title}


def _withdrawn(about: _About) -> Mapping[str, Any]:
    return {**_consent(about), "closes": (about.today + consents.ENDS_IN).isoformat()}


_FACTS: Mapping[str, Callable[[_About], Mapping[str, Any]]] = {
    "e_receipt": _bill,
    "window_closing": _window,
    "debt_notice": _debt,
    "verification_notice": _verification,
    "reading_rejected": _reading,
    "reading_corrected": _reading,
    "reading_question": _reading,
    "cheque": _payment,
    "payment_refunded": _payment,
    "delivery_changed": _delivery,
    "consent_given": _consent,
    "consent_withdrawn": _withdrawn,
}
