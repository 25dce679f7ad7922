"""What the acquirer is told and what it answers, in its words and in ours. Pure: values in, values out. Sums are kopecks."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

PIECE = "0"
NAME_LENGTH = 128  # a cart line's name (FFD tag 1030)
DESCRIPTION_LENGTH = 99  # what the gateway advises; 512 is its limit

_NO_ACCESS_OR_ORDER, _NO_ORDER = "5", "6"
# 5 is a customer at the card's own bank. A number that we do not know is waited out like an unpaid order.
_STATES = {0: "registered", 1: "held", 2: "paid", 3: "reversed", 4: "refunded", 5: "registered", 6: "declined"}
_PAID = ("held", "paid", "reversed", "refunded")
_RECEIPT_STATES = {3: "done", 4: "failed", 5: "failed", 6: "failed"}
_NOT_ALLOWED = re.compile(r"[^ -~А-Яа-яЁё№]")
_LOOKALIKES = str.maketrans({"«": '"', "»": '"', "—": "-", "–": "-", "−": "-", "\u00a0": " ", "\u202f": " "})


@dataclass(frozen=True)
class Item:
    """A cart line (54-ФЗ). `kopecks` is the sum of the whole line; the codes are the bank's own."""

    name: str
    kopecks: int
    quantity: str = "1"
    measure: str = PIECE
    tax_code: int = 0
    payment_object: str = "4"
    payment_method: str = "full_payment"


@dataclass(frozen=True)
class Seller:
    """Whose cheque it is: tax system, ИНН, the e-mail it comes from, the site of the sale, the format's version."""

    sno: str
    inn: str
    email: str
    place: str
    ffd: str = "1.2"


@dataclass(frozen=True)
class Order:
    """What the customer is to pay. The number, 1 to 36 characters, may be registered once."""

    number: str
    kopecks: int
    description: str
    return_url: str
    email: str = ""
    phone: str = ""  # +79131234567
    seconds: int = 1200  # the payment page lives so long
    items: tuple[Item, ...] = ()


@dataclass(frozen=True)
class Registered:
    order_id: str
    form_url: str


@dataclass(frozen=True)
class Status:
    """What the bank knows of an order. An order it does not know has the state `unknown`."""

    number: str
    order_id: str
    state: str  # registered | held | paid | reversed | refunded | declined | unknown
    kopecks: int = 0
    currency: str = ""
    deposited: int = 0  # taken from the card in all, before anything was given back
    refunded: int = 0
    action_code: int = 0
    action_text: str = ""
    masked_pan: str = ""
    paid_at: datetime | None = None

    @property
    def is_partly_refunded(self) -> bool:
        return self.state == "refunded" and self.refunded < self.deposited


@dataclass(frozen=True)
class Receipt:
    """A fiscal cheque as the cash register reported it. `printed_at` is the register's own local time."""

    state: str  # waiting | done | failed
    is_refund: bool
    kopecks: int = 0
    printed_at: datetime | None = None
    shift: str = ""
    number_in_shift: str = ""
    register: str = ""  # registration number of the ККТ
    fn: str = ""
    fd: str = ""
    fpd: str = ""
    fns_site: str = ""
    url: str = ""  # the cheque at the fiscal data operator

    @property
    def qr(self) -> str:
        """The text of the cheque's QR code (54-ФЗ ст. 4.7), '' until it is printed."""
        if not self.printed_at:
            return ""
        rubles = f"{self.kopecks // 100}.{self.kopecks % 100:02}"
        kind = 2 if self.is_refund else 1
        return f"t={self.printed_at:%Y%m%dT%H%M}&s={rubles}&fn={self.fn}&i={self.fd}&fp={self.fpd}&n={kind}"


# ---- what goes out


def cart(order: Order, seller: Seller | None) -> dict[str, Any]:
    """The order's cart for the cheque (54-ФЗ). Refused: no seller, lines that do not add up to the order's sum."""
    if not seller:
        raise ValueError("a cart needs its seller")
    if sum(item.kopecks for item in order.items) != order.kopecks:
        raise ValueError(f"order {order.number}: the cart does not add up to {order.kopecks}")
    return {
        "ffdVersion": seller.ffd,
        "receiptType": "sell",
        "company": {"email": seller.email, "sno": seller.sno, "inn": seller.inn, "paymentAddress": seller.place},
        "cartItems": {"items": [_line(place, item) for place, item in enumerate(order.items, 1)]},
        "payments": [{"type": 1, "sum": order.kopecks}],
        "total": order.kopecks,
    }


def _line(place: int, item: Item) -> dict[str, Any]:
    quantity, measure, price = _priced(item)
    return {
        "positionId": str(place),
        "itemCode": str(place),
        "name": item.name[:NAME_LENGTH],
        "quantity": {"value": int(quantity) if quantity == int(quantity) else float(quantity), "measure": measure},
        "itemPrice": price,
        "itemAmount": item.kopecks,
        "paymentMethod": item.payment_method,
        "paymentObject": item.payment_object,
        "tax": {"taxType": item.tax_code},
    }


def _priced(item: Item) -> tuple[Decimal, str, int]:
    """Quantity, measure and price in whole kopecks; one piece where price times quantity would not give the sum."""
    quantity = Decimal(item.quantity)
    price = _whole(item.kopecks / quantity) if quantity > 0 else 0
    if quantity > 0 and _whole(price * quantity) == item.kopecks:
        return quantity, item.measure, price
    return Decimal(1), PIECE, item.kopecks


def _whole(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), ROUND_HALF_UP))


def plain(description: str) -> str:
    """A description in the letters that the gateway takes: no « », no long dashes."""
    return _NOT_ALLOWED.sub("", description.translate(_LOOKALIKES))[:DESCRIPTION_LENGTH]


def flat(body: Mapping[str, Any]) -> dict[str, str]:
    """A body as form fields: what has parts of its own becomes JSON text."""
    return {
        name: json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
        for name, value in body.items()
    }


# ---- what comes back


def code(answer: Mapping[str, Any]) -> str:
    """The bank's error code; the older gateway leaves it out when all is well."""
    return str(answer.get("errorCode") or "0")


def text(answer: Mapping[str, Any]) -> str:
    """The bank's words for its error."""
    return str(answer.get("errorMessage") or answer.get("message") or "")


def is_missing(answer: Mapping[str, Any]) -> bool:
    """The bank says that it has no such order: code 6, or 5 with the words (5 is «no access» and more besides)."""
    told = code(answer)
    return told == _NO_ORDER or (told == _NO_ACCESS_OR_ORDER and "не найден" in text(answer).lower())


def status(answer: Mapping[str, Any], asked: Status) -> Status:
    """The bank's answer about an order; `asked` again where it says nothing."""
    if answer.get("orderStatus") is None:
        return asked
    sums, card = _part(answer, "paymentAmountInfo"), _part(answer, "cardAuthInfo")
    state = _STATES.get(_number(answer.get("orderStatus")), "registered")
    refunded = _number(sums.get("refundedAmount"))
    return Status(
        number=str(answer.get("orderNumber") or asked.number),
        order_id=_order_id(answer) or asked.order_id,
        state=state,
        kopecks=_number(answer.get("amount")),
        currency=str(answer.get("currency") or ""),
        deposited=_deposited(sums, refunded),
        refunded=refunded,
        action_code=_number(answer.get("actionCode")),
        action_text=str(answer.get("actionCodeDescription") or ""),
        masked_pan=_masked(str(card.get("maskedPan") or card.get("pan") or "")),
        paid_at=_moment(answer.get("depositedDate") or answer.get("authDateTime")) if state in _PAID else None,
    )


def _deposited(sums: Mapping[str, Any], refunded: int) -> int:
    """Gateways differ in whether a refund lowers the deposited sum; the approved one tells which it is."""
    deposited = _number(sums.get("depositedAmount"))
    is_lowered = refunded and deposited + refunded <= _number(sums.get("approvedAmount"))
    return deposited + refunded if is_lowered else deposited


def _order_id(answer: Mapping[str, Any]) -> str:
    attributes = answer.get("attributes") or []
    found = [each.get("value") for each in attributes if isinstance(each, dict) and each.get("name") == "mdOrder"]
    return str(found[0] or "") if found else ""


def receipt(told: Mapping[str, Any]) -> Receipt:
    """Both gateways' names of the fields: fiscalDocumentNumber in a payload, fiscal_document_number in the receipt."""
    about = {name.replace("_", "").lower(): value for name, value in (*told.items(), *_part(told, "payload").items())}

    def word(*names: str) -> str:
        return next((str(about[name]) for name in names if about.get(name) not in (None, "")), "")

    kind = word("receipttype", "operationtype").upper()
    return Receipt(
        state=_RECEIPT_STATES.get(_number(told.get("receiptStatus")), "waiting"),
        is_refund=kind in ("SELL_REFUND", "REFUND", "REVERSAL"),
        kopecks=_kopecks(word("total", "amounttotal")),
        printed_at=_wall_time(word("receiptdatetime")),
        shift=word("shiftnumber"),
        number_in_shift=word("fiscalreceiptnumber"),
        register=word("ecrregistrationnumber"),
        fn=word("fnnumber"),
        fd=word("fiscaldocumentnumber"),
        fpd=word("fiscaldocumentattribute"),
        fns_site=word("fnssite"),
        url=word("ofdreceipturl"),
    )


def _part(answer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = answer.get(name)
    return found if isinstance(found, dict) else {}


def _number(value: object) -> int:
    found = re.fullmatch(r"(-?[0-9]{1,15})(\.0+)?", str(value))
    return int(found[1]) if found else 0


def _kopecks(rubles: str) -> int:
    return _whole(Decimal(rubles) * 100) if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,6})?", rubles) else 0


def _moment(milliseconds: object) -> datetime | None:
    since = _number(milliseconds)
    return datetime.fromtimestamp(since / 1000, UTC).replace(tzinfo=None) if 0 < since < 10**13 else None


def _wall_time(text: str) -> datetime | None:
    for shape in ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M"):
        try:
            return datetime.strptime(text, shape)  # the register's own local time
        except ValueError:
            continue
    return None


def _masked(pan: str) -> str:
    """A card number with its middle hidden, whatever the bank sends."""
    return f"{pan[:6]}******{pan[-4:]}" if re.fullmatch(r"[0-9]{12,19}", pan) else pan[:19]
