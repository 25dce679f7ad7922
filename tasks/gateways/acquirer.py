"""The acquirer's gateway: orders registered, asked about, given back. Sums are kopecks, moments naive UTC.

Sberbank's REST API in both of its forms: the newer gateway takes JSON (OpenAPI 1.0.6), the older one takes forms with the
nested parts as JSON text. Methods and fields are the same. Nothing is stored here, and no database transaction may be
open while it is called. Order numbers and durations are logged; the password and card data never.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from models.settings import Settings
from tasks.gateways import bank_words as words
from tasks.gateways.bank_words import Item, Order, Receipt, Registered, Seller, Status

__all__ = ["Acquirer", "Item", "Order", "Receipt", "Registered", "Rejected", "Seller", "Status", "Unreachable"]

RUBLES = "643"
CONNECTS_IN = 5  # seconds
_CHUNK, _LONGEST = 1 << 14, 1 << 20  # bytes of an answer: read at once, taken in all
DUPLICATE, SYSTEM_FAULT = "1", "7"

logger = logging.getLogger(__name__)


class Unreachable(Exception):  # noqa: N818
    """No answer, or none that can be read: what was asked for may have happened or not. Ask for the status later."""


class Rejected(Exception):  # noqa: N818
    """The bank's refusal: its code and words. `order_id` names the order that stands in the way, when it is ours."""

    def __init__(self, code: str, text: str, order_id: str = ""):
        super().__init__(f"{code}: {text}")
        self.code, self.text, self.order_id = code, text, order_id


class Acquirer:
    """One contract with the bank. May be used by several threads."""

    def __init__(self, url: str, user: str, password: str, style: str, timeout: float = 8):
        self._url = url.rstrip("/")
        self._credentials = {"userName": user, "password": password}
        self._is_json = style == "json"
        self._timeout = timeout
        self._timeouts = (min(CONNECTS_IN, timeout), timeout)
        self._session = requests.Session()
        # A proxy or certificates may be named by the environment, but not for what runs on this machine.
        self._session.trust_env = urlsplit(url).scheme == "https"

    def register(self, order: Order, seller: Seller | None = None) -> Registered:
        """Announce an order; the customer pays at `form_url`.

        Refused by the bank: a number registered before (code 1; `order_id` is set when it is the same sum), a wrong
        field, a cart that does not add up. After `Unreachable` the order may stand: ask `status(number=…)`.
        """
        fields: dict[str, Any] = {
            "orderNumber": order.number,
            "amount": order.kopecks,
            "currency": RUBLES,
            "returnUrl": order.return_url,
            "description": words.plain(order.description),
            "language": "ru",
            "sessionTimeoutSecs": order.seconds,
        }
        fields |= {name: value for name, value in (("email", order.email), ("phone", order.phone)) if value}
        if order.items:
            fields["orderBundle"] = words.cart(order, seller)
        answer = self._call("register.do", order.number, fields)
        if words.code(answer) == DUPLICATE:
            return self._registered_before(order, answer)
        _refuse(answer)
        return _registered(answer)

    def status(self, *, order_id: str = "", number: str = "") -> Status:
        """What became of an order, by the bank's id or by our number."""
        asked = {"orderId": order_id} if order_id else {"orderNumber": number}
        answer = self._call("getOrderStatusExtended.do", number or order_id, asked | {"language": "ru"})
        if words.is_missing(answer):
            return Status(number, order_id, "unknown")
        _refuse(answer)
        return words.status(answer, Status(number, order_id, "unknown"))

    def refund(self, order_id: str, kopecks: int, *, key: str = "") -> None:
        """Give back a part or all of what was paid. A repeat with the same `key` and sum gives nothing back again."""
        fields: dict[str, Any] = {"orderId": order_id, "amount": kopecks, "language": "ru"}
        if key:
            fields["jsonParams"] = {"externalRefundId": key}
        _refuse(self._call("refund.do", order_id, fields))

    def reverse(self, order_id: str) -> None:
        """Undo a payment of today, before the bank has settled it: the customer sees no trace of it."""
        _refuse(self._call("reverse.do", order_id, {"orderId": order_id, "language": "ru"}))

    def decline(self, order_id: str) -> None:
        """Close an unpaid order, so that nobody can pay it later. Refused when it is paid or closed."""
        _refuse(self._call("decline.do", order_id, {"orderId": order_id, "language": "ru"}))

    def receipts(self, order_id: str) -> list[Receipt]:
        """All cheques of an order, refunds too, in the bank's order. Worth asking some minutes after the payment."""
        answer = self._call(self._receipt_method, order_id, {"orderId": order_id})
        if words.is_missing(answer):
            return []
        _refuse(answer)
        found = answer.get("receipts") or answer.get("receipt") or []
        return [words.receipt(each) for each in found if isinstance(each, dict)]

    def receipt(self, order_id: str) -> Receipt | None:
        """The cheque of the payment itself: the printed one, else the last tried; None when there is none."""
        sold = [receipt for receipt in self.receipts(order_id) if not receipt.is_refund]
        return next((receipt for receipt in sold if receipt.state == "done"), sold[-1] if sold else None)

    @property
    def _receipt_method(self) -> str:
        return "../ofd/v1/getReceiptStatus" if self._is_json else "getReceiptStatus.do"

    def _address(self, method: str) -> str:
        base, _, last = self._url.rpartition("/")
        return f"{base}/{method[3:]}" if method.startswith("../") else f"{base}/{last}/{method}"

    def _registered_before(self, order: Order, answer: Mapping[str, Any]) -> Registered:
        if answer.get("orderId") and answer.get("formUrl"):
            return _registered(answer)
        standing = self.status(number=order.number)
        is_ours = standing.kopecks == order.kopecks and standing.currency in ("", RUBLES)
        raise Rejected(DUPLICATE, words.text(answer), standing.order_id if is_ours else "")

    def _call(self, method: str, about: str, fields: dict[str, Any]) -> dict[str, Any]:
        body = self._credentials | fields
        started = time.monotonic()
        try:
            with self._session.post(
                self._address(method),
                timeout=self._timeouts,
                allow_redirects=False,  # the password goes nowhere else
                stream=True,
                **({"json": body} if self._is_json else {"data": words.flat(body)}),
            ) as answer:
                found = _read(answer, until=started + self._timeout)
        except (requests.RequestException, HTTPError, Unreachable) as error:
            reason = str(error) if isinstance(error, Unreachable) else type(error).__name__
            logger.warning("%s %s: %s after %d ms", method, about, reason, _since(started))
            raise Unreachable(f"{method}: {reason}") from error
        logger.info("%s %s: code %s in %d ms", method, about, words.code(found), _since(started))
        return found


def from_settings(settings: Settings) -> Acquirer | None:
    """The acquirer of these settings, None when payments are off."""
    if not settings.takes_payments:
        return None
    return Acquirer(settings.acquirer_url, settings.acquirer_user, settings.acquirer_password, settings.acquirer_style)


def checksum(params: Mapping[str, str], key: str) -> str:
    """What the bank signs a callback with: HMAC-SHA256 over `name;value;` of all parameters but its own, by name."""
    signed = sorted(name for name in params if name not in ("checksum", "sign_alias"))
    signed_text = "".join(f"{name};{params[name]};" for name in signed)
    return hmac.new(key.encode(), signed_text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest().upper()


def checksum_is_right(params: Mapping[str, str], key: str) -> bool:
    """Whether a callback was signed with our key. Never without a key; repeated parameters the caller refuses."""
    given = params.get("checksum", "")
    return bool(key) and hmac.compare_digest(given.upper().encode("utf-8", "replace"), checksum(params, key).encode())


def _read(answer: requests.Response, until: float) -> dict[str, Any]:
    """The bank's answer, whole by the moment `until` and of a sensible size: a line that drips must not hold a thread for ever."""
    if answer.status_code != requests.codes.ok:
        raise Unreachable(f"HTTP {answer.status_code}")
    body = bytearray()
    while chunk := answer.raw.read1(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > _LONGEST or time.monotonic() > until:
            raise Unreachable("the answer has no end")
    try:
        found = json.loads(body, parse_float=Decimal)
    except ValueError as error:
        raise Unreachable("no JSON") from error
    if not isinstance(found, dict):
        raise Unreachable("no JSON object")
    if words.code(found) == SYSTEM_FAULT:
        raise Unreachable(words.text(found) or "a fault of the bank's own")
    return found


def _refuse(answer: Mapping[str, Any]) -> None:
    if words.code(answer) != "0":
        raise Rejected(words.code(answer), words.text(answer))


def _registered(answer: Mapping[str, Any]) -> Registered:
    order_id, form_url = str(answer.get("orderId") or ""), str(answer.get("formUrl") or "")
    if not order_id or urlsplit(form_url).scheme not in ("http", "https"):
        raise Unreachable("register.do: neither an order nor a refusal")
    return Registered(order_id, form_url)


def _since(started: float) -> int:
    return int((time.monotonic() - started) * 1000)
