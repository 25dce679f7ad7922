"""The little bank behind the stand-in acquirer: orders, payments, refunds, cheques. Kopecks, Unix seconds."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from views.standins import cards
from views.standins.cards import Card

REGISTERED, HELD, PAID, REVERSED, REFUNDED, ASKING, DECLINED = range(7)
ATTEMPTS = 3
MOST = 999_999_999_999  # kopecks
LIVES = 20 * 60  # seconds
MOSCOW = timezone(timedelta(hours=3))  # the cash register's time
FN, REGISTER = "9999078902004321", "0000000400054321"

_DESCRIPTION = re.compile(r"[ -~А-Яа-яЁё№]{0,512}")
_PHONE = re.compile(r"\+?[0-9]{7,15}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_TABLES = """
CREATE TABLE IF NOT EXISTS orders (
  id TEXT PRIMARY KEY, number TEXT NOT NULL UNIQUE, style TEXT NOT NULL, amount INTEGER NOT NULL, description TEXT NOT NULL,
  return_url TEXT NOT NULL, fail_url TEXT NOT NULL, callback_url TEXT NOT NULL, email TEXT NOT NULL, phone TEXT NOT NULL,
  bundle TEXT NOT NULL, state INTEGER NOT NULL, action INTEGER NOT NULL, attempts INTEGER NOT NULL, card TEXT NOT NULL,
  codes INTEGER NOT NULL, created REAL NOT NULL, expires REAL NOT NULL, paid REAL, refunded INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS refunds (order_id TEXT NOT NULL, key TEXT NOT NULL, amount INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS receipts (
  document INTEGER PRIMARY KEY, id TEXT NOT NULL, order_id TEXT NOT NULL, type TEXT NOT NULL, total INTEGER NOT NULL,
  printed REAL NOT NULL);
"""


class Refused(Exception):  # noqa: N818
    """The bank's error code and its words."""

    def __init__(self, code: int, text: str):
        super().__init__(text)
        self.code, self.text = code, text


class Bank:
    """State in a SQLite file, or in memory without a folder. `notify(order, operation, status)` hears of each change."""

    def __init__(self, folder: Path | None, notify: Callable[[sqlite3.Row, str, int], None]):
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / "acquirer.db" if folder else ":memory:", check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.executescript(_TABLES)
        self._lock = threading.RLock()
        self._notify = notify
        self.receipt_takes = 3.0  # seconds until a cheque is printed

    # ---- what the shop asks

    def register(self, style: str, told: Mapping[str, Any]) -> str:
        """A new order's id. Refused: 1 a number used before, 3 the currency, 4 and 5 wrong fields, 8 the cart."""
        amount = _checked(told)
        bundle = _bundle(told, amount)
        order_id = str(uuid.uuid4())
        now = _now()
        row = (
            *(order_id, str(told["orderNumber"]), style, amount, str(told.get("description") or "")),
            *(str(told["returnUrl"]), str(told.get("failUrl") or ""), str(told.get("dynamicCallbackUrl") or "")),
            *(str(told.get("email") or ""), str(told.get("phone") or ""), json.dumps(bundle, ensure_ascii=False)),
            *(REGISTERED, -100, 0, "", 0, now, now + _lives(told), None, 0),
        )
        with self._lock, self._db:
            try:
                self._db.execute(f"INSERT INTO orders VALUES ({','.join('?' * len(row))})", row)  # noqa: S608
            except sqlite3.IntegrityError as error:
                raise Refused(1, "Заказ с таким номером уже обработан") from error
        return order_id

    def asked_about(self, told: Mapping[str, Any]) -> sqlite3.Row:
        """The order that a request names by orderId or orderNumber; 4 when by neither, 6 when there is none."""
        order_id, number = str(told.get("orderId") or ""), str(told.get("orderNumber") or "")
        if not order_id and not number:
            raise Refused(4, "[orderId] не указан")
        found = self.find(order_id) if order_id else self._one("SELECT * FROM orders WHERE number = ?", number)
        if not found:
            raise Refused(6, "Заказ не найден")
        self.expire()
        return self.find(found["id"]) or found

    def refund(self, order: sqlite3.Row, amount: int, key: str) -> None:
        """Refused (5): not paid, more than is left, a known key with another sum. A known key alone does nothing."""
        with self._lock, self._db:
            order = self._again(order)
            before = (
                self._one("SELECT amount FROM refunds WHERE order_id = ? AND key = ?", order["id"], key)
                if key
                else None
            )
            if before and before["amount"] == amount:
                return
            if before or order["state"] not in (PAID, REFUNDED):
                raise Refused(5, "Возврат по этому заказу невозможен")
            if not 0 < amount <= order["amount"] - order["refunded"]:
                raise Refused(5, "Сумма возврата превышает сумму списания")
            self._db.execute("INSERT INTO refunds VALUES (?, ?, ?)", (order["id"], key, amount))
            self._change(order, state=REFUNDED, refunded=order["refunded"] + amount)
            self._print(order, "SELL_REFUND", amount)
        self._notify(order, "refunded", 1)

    def reverse(self, order: sqlite3.Row) -> None:
        with self._lock, self._db:
            order = self._again(order)
            if order["state"] not in (HELD, PAID) or order["refunded"]:
                raise Refused(5, "Отмена по этому заказу невозможна")
            self._change(order, state=REVERSED)
            self._print(order, "SELL_REFUND", order["amount"])
        self._notify(order, "reversed", 1)

    def decline(self, order: sqlite3.Row) -> None:
        with self._lock, self._db:
            order = self._again(order)
            if order["state"] not in (REGISTERED, ASKING):
                raise Refused(5, "Заказ уже оплачен или закрыт")
            self._change(order, state=DECLINED)

    def receipts(self, order: sqlite3.Row) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute("SELECT * FROM receipts WHERE order_id = ?", (order["id"],)).fetchall()

    # ---- what the payer does

    def pay(self, order: sqlite3.Row, number: str, card: Card | None) -> str:
        """One attempt: `closed` when the order takes none, `code` when the card wants one, else `paid` or `declined`."""
        self.expire()
        with self._lock, self._db:
            order = self._again(order)
            if order["state"] != REGISTERED:
                return "closed"
            self._change(order, card=card.name if card else cards.mask(number), codes=0)
            if card and card.asks_code:
                self._change(order, state=ASKING)
                return "code"
        return self._settle(order, card)

    def enter_code(self, order: sqlite3.Row, code: str) -> str:
        """`wrong` twice, then the attempt is lost; a right one settles the payment."""
        self.expire()
        with self._lock, self._db:
            order = self._again(order)
            if order["state"] != ASKING:
                return "closed"
            if code != cards.CODE and order["codes"] < ATTEMPTS - 1:
                self._change(order, codes=order["codes"] + 1)
                return "wrong"
        return self._settle(order, cards.BY_NAME[order["card"]], None if code == cards.CODE else -2006)

    def give_up_code(self, order: sqlite3.Row) -> str:
        if self._again(order)["state"] != ASKING:
            return "closed"
        return self._settle(order, cards.BY_NAME[order["card"]], -2006)

    def _settle(self, order: sqlite3.Row, card: Card | None, action: int | None = None) -> str:
        with self._lock, self._db:
            order = self._again(order)
            if order["state"] not in (REGISTERED, ASKING):
                return "closed"
            action = _answer(card, order["amount"]) if action is None else action
            if action:
                return self._lose_attempt(order, action)
            self._change(order, state=PAID, action=0, paid=_now())
            self._print(order, "SELL", order["amount"])
        self._notify(self._again(order), "deposited", 1)
        return "paid"

    def _lose_attempt(self, order: sqlite3.Row, action: int) -> str:
        attempts = order["attempts"] + 1
        if attempts < ATTEMPTS:
            self._change(order, state=REGISTERED, action=action, attempts=attempts)
        else:
            self._change(order, state=DECLINED, action=-2013, attempts=attempts)
        self._notify(order, "deposited", 0)
        return "declined"

    # ---- time and everything else

    def expire(self) -> None:
        """Close the orders whose time is up, with the code −2007."""
        with self._lock, self._db:
            late = self._db.execute(
                "UPDATE orders SET state = ?, action = -2007 WHERE state IN (?, ?) AND expires < ? RETURNING *",
                (DECLINED, REGISTERED, ASKING, _now()),
            ).fetchall()
        for order in late:
            self._notify(order, "declinedByTimeout", 1)

    def find(self, order_id: str) -> sqlite3.Row | None:
        return self._one("SELECT * FROM orders WHERE id = ?", order_id)

    def newest(self, count: int) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute("SELECT * FROM orders ORDER BY created DESC LIMIT ?", (count,)).fetchall()

    def put(self, order: sqlite3.Row, **values: Any) -> None:
        """Set columns of an order by force, as no shop and no payer can."""
        with self._lock, self._db:
            self._change(order, **values)

    def _change(self, order: sqlite3.Row, **values: Any) -> None:
        names = ", ".join(f"{name} = ?" for name in values)
        self._db.execute(f"UPDATE orders SET {names} WHERE id = ?", (*values.values(), order["id"]))  # noqa: S608

    def _again(self, order: sqlite3.Row) -> sqlite3.Row:
        return self.find(order["id"]) or order

    def _one(self, query: str, *values: Any) -> sqlite3.Row | None:
        with self._lock:
            found: sqlite3.Row | None = self._db.execute(query, values).fetchone()
            return found

    def _print(self, order: sqlite3.Row, kind: str, total: int) -> None:
        if order["bundle"] != "null":
            row = (str(uuid.uuid4()), order["id"], kind, total, _now() + self.receipt_takes)
            self._db.execute("INSERT INTO receipts (id, order_id, type, total, printed) VALUES (?, ?, ?, ?, ?)", row)


def seconds_left(order: sqlite3.Row) -> float:
    return float(order["expires"] - _now())


def is_printed(receipt: sqlite3.Row) -> bool:
    return bool(receipt["printed"] <= _now())


def register_time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC).astimezone(MOSCOW):%d.%m.%Y %H:%M:%S}"


def _now() -> float:
    return time.time()  # noqa: TID251  the bank has a clock of its own


def _answer(card: Card | None, amount: int) -> int:
    """What the card's bank says: an action code, 0 for yes."""
    if not card:
        return 111
    if card.limit is not None and amount > card.limit:
        return 116
    return card.action


# ---- what the bank wants of a request


def _checked(told: Mapping[str, Any]) -> int:
    for name in ("orderNumber", "amount", "returnUrl"):
        if told.get(name) in (None, ""):
            raise Refused(4, f"[{name}] не указан")
    amount = whole(told["amount"])
    if amount is None or not 0 < amount <= MOST:
        raise Refused(4, "[amount] неверная сумма")
    url = str(told["returnUrl"])
    for name, is_good in (
        ("orderNumber", len(str(told["orderNumber"])) <= 36),
        ("returnUrl", 12 <= len(url) <= 2048 and url.isascii() and url.startswith(("http://", "https://"))),
    ):
        if not is_good:
            raise Refused(4, f"[{name}] неверное значение")
    if str(told.get("currency") or "643") != "643":
        raise Refused(3, "Неизвестная валюта")
    for name, pattern in (("description", _DESCRIPTION), ("phone", _PHONE), ("email", _EMAIL)):
        if told.get(name) and not pattern.fullmatch(str(told[name])):
            raise Refused(5, f"[{name}] неверное значение")
    return amount


def _bundle(told: Mapping[str, Any], amount: int) -> dict[str, Any] | None:
    """The cart, whose lines, payments and total must each be the order's sum (54-ФЗ)."""
    bundle = told.get("orderBundle")
    if bundle is None:
        return None
    if not (told.get("email") or told.get("phone")):
        raise Refused(4, "[email] или [phone] обязателен для чека")
    try:
        lines = bundle["cartItems"]["items"]
        for line in lines:
            product = round(float(line["quantity"]["value"]) * line["itemPrice"])
            if (
                line["itemAmount"] <= 0
                or product != line["itemAmount"]
                or not line["name"]
                or "taxType" not in line["tax"]
            ):
                raise Refused(8, f"[orderBundle] неверная позиция {line['positionId']}")
        sums = {
            sum(line["itemAmount"] for line in lines),
            sum(each["sum"] for each in bundle["payments"]),
            bundle["total"],
        }
        company = bundle["company"]
        is_whole = all(company.get(name) for name in ("email", "sno", "inn", "paymentAddress"))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Refused(4, "[orderBundle] неверная корзина") from error
    if sums != {amount}:
        raise Refused(8, "[orderBundle] сумма корзины не равна сумме заказа")
    if not is_whole:
        raise Refused(4, "[orderBundle.company] не заполнено")
    return dict(bundle)


def _lives(told: Mapping[str, Any]) -> int:
    return whole(told.get("sessionTimeoutSecs")) or LIVES


def whole(value: object) -> int | None:
    return int(str(value)) if re.fullmatch(r"[0-9]{1,15}", str(value)) else None
