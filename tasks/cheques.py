"""Cheques (54-ФЗ) of payments by card: the cart that the acquirer's cash register prints from, and the printed cheque's facts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from models import clock, company, words
from models.billing import charges
from models.billing.bills import ISSUED, Bill, Charge
from models.billing.payments import Payment
from models.billing.shown import PENALTY
from models.billing.tariffs import Tariff
from tasks.gateways.acquirer import Item, Receipt, Seller
from tasks.papers import cheque as paper

TAX_SYSTEMS = {
    "osn": "ОСН", "usn_income": "УСН доход", "usn_income_outcome": "УСН доход − расход", "esn": "ЕСХН", "patent": "патент",
}  # fmt: skip
SERVICE_OBJECT = {"1.2": "4", "1.05": "service"}  # how each version of the format writes «услуга»
PAID_BY = "безналичными"
REGISTER_ZONE = ZoneInfo("Europe/Moscow")  # the clock of the bank's cash register, wherever the customer is


class NoTaxCode(Exception):  # noqa: N818
    """The company's file names no code for a percent of VAT: no lawful cheque can be printed."""


class Line(NamedTuple):
    """What was paid for one service."""

    name: str
    kopecks: int
    vat: int  # percent, included; 0: none
    inside: int = 0  # kopecks of VAT


def lines(payment: Payment, account: str, period: str) -> list[Line]:
    services = company.current().services
    about = f"л/с {account}, {period[5:]}.{period[:4]}"
    return [
        _line(f"{services[code].title}, {about}", payment.parts[code], vat_of(payment.account_id, code))
        for code in services
        if code in payment.parts
    ]


def _line(name: str, kopecks: int, percent: int) -> Line:
    return Line(name, kopecks, percent, charges.vat_of(kopecks, percent))


def items(payment: Payment, account: str, period: str) -> tuple[Item, ...]:
    """The cart of an order: a line for each service. Raises NoTaxCode."""
    rules = company.current().payments
    cart = []
    for line in lines(payment, account, period):
        if line.vat not in rules.tax_codes:
            raise NoTaxCode(f"[payments] tax_codes: нет кода для НДС {line.vat} %")
        code = rules.tax_codes[line.vat]
        cart.append(Item(line.name, line.kopecks, tax_code=code, payment_object=SERVICE_OBJECT[rules.ffd]))
    return tuple(cart)


def seller(place: str) -> Seller:
    """Whose cheque it is; `place` is the address of the sale's site."""
    rules = company.current()
    return Seller(rules.payments.sno, rules.inn, rules.email, place, rules.payments.ffd)


def vat_of(account_id: int, service: str) -> int:
    """The percent inside what is paid for a service: of the last bill, else of the tariff in force, else the usual one."""
    billed = (
        Charge.select(Charge.vat)
        .join(Bill)
        .where(Bill.account == account_id, Bill.state == ISSUED, Charge.service == service, Charge.kind != PENALTY)
        .order_by(Bill.period.desc(), Charge.place)
        .limit(1)
    )
    priced = (
        Tariff.select(Tariff.vat)
        .where(Tariff.service == service, Tariff.since <= clock.today())
        .order_by(Tariff.since.desc())
        .limit(1)
    )
    for query in (billed, priced):
        if (percent := query.scalar()) is not None:
            return int(percent)
    return max(company.current().payments.tax_codes)


def facts(payment: Payment, receipt: Receipt, place: str) -> dict[str, Any]:
    """What a payment keeps of its printed cheque, in plain values; `place` is the address of the sale's site."""
    period = payment.period or clock.period(payment.paid_on)
    printed_at = receipt.printed_at or clock.now().replace(tzinfo=UTC).astimezone(REGISTER_ZONE).replace(tzinfo=None)
    return {
        "printed_at": printed_at.isoformat(timespec="minutes"),
        "shift": receipt.shift,
        "number": receipt.number_in_shift,
        "register": receipt.register,
        "fn": receipt.fn,
        "fd": receipt.fd,
        "fpd": receipt.fpd,
        "site": receipt.fns_site.removeprefix("https://").removeprefix("http://"),
        "qr": receipt.qr,
        "place": place.partition("://")[2],
        "tax_system": TAX_SYSTEMS[company.current().payments.sno],
        "lines": [line._asdict() for line in lines(payment, payment.account.number, period)],
    }


def drawn(payment: Any) -> bytes:
    """The cheque of a payment as a PDF. The payment has one: `payment.cheque` is not empty."""
    known: Mapping[str, Any] = payment.cheque
    rules = company.current()
    shown = paper.Cheque(
        seller=rules.legal_name,
        inn=rules.inn,
        tax_system=known["tax_system"],
        place=known["place"],
        number=known["number"],
        shift=known["shift"],
        moment=datetime.fromisoformat(known["printed_at"]),
        items=tuple(_item(Line(**line)) for line in known["lines"]),
        total=payment.amount,
        paid_by=PAID_BY,
        buyer=payment.email,
        sender=rules.email,
        register=known["register"],
        fiscal_drive=known["fn"],
        document=known["fd"],
        sign=known["fpd"],
        tax_site=known["site"],
        qr=known["qr"],
    )
    return paper.draw(shown, rules)


def vat_in_words(percent: int) -> str:
    return f"НДС {percent}{words.NBSP}%" if percent else "без НДС"


def _item(line: Line) -> paper.Item:
    inside = charges.vat_of(line.kopecks, line.vat)
    return paper.Item(line.name, "1", line.kopecks, line.kopecks, vat_in_words(line.vat), inside)
