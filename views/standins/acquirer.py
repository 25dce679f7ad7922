"""The stand-in acquirer «Учебный банк»: a real server that speaks both gateways of Sberbank and shows the payment page.

Another company's machine, so it imports nothing of ours. Its cards and what they do are in `cards.py`.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, abort, redirect, render_template, request, url_for

from views.standins import bank as banks
from views.standins import cards, controls
from views.standins.bank import Bank, Refused
from views.standins.callbacks import Caller
from views.standins.controls import Faults

FORM_PATH = "/payment/rest"
JSON_PATH = "/ecomm/gw/partner/api/v1"
SWEEPS_EVERY = 1  # seconds
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action *; base-uri 'none'; frame-ancestors 'none'"
_STATES = ("ждёт оплаты", "удержан", "оплачен", "отменён", "возвращён", "ждёт код", "отклонён")


def create_acquirer(
    folder: Path | None, *, user: str, password: str, callback_key: str, callback_url: str = "", control: bool = False
) -> Flask:
    """The bank with its state in `folder` (in memory without one); `control` opens /control to tests."""
    app = Flask(__name__, static_folder=None)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    caller = Caller(callback_url, callback_key)
    bank = Bank(folder, caller.notify)
    faults = Faults()
    app.jinja_env.filters.update(rubles=_rubles)
    app.jinja_env.globals.update(cards=cards.CARDS, states=_STATES)
    app.after_request(_headers)
    _hang_gateways(app, bank, faults, {"userName": user, "password": password})
    _hang_pages(app, bank, faults)
    if control:
        controls.hang(app, bank, caller, faults)
    threading.Thread(target=_sweep, args=(bank,), daemon=True).start()
    return app


def from_environment() -> Flask:
    """The stand-in as `flask serve` starts it: STANDIN_FOLDER, _USER, _PASSWORD, _CALLBACK_KEY, _CALLBACK_URL."""
    given = {name: os.environ[f"STANDIN_{name}"] for name in ("USER", "PASSWORD", "CALLBACK_KEY", "CALLBACK_URL")}
    return create_acquirer(
        Path(os.environ["STANDIN_FOLDER"]),
        user=given["USER"],
        password=given["PASSWORD"],
        callback_key=given["CALLBACK_KEY"],
        callback_url=given["CALLBACK_URL"],
    )


def _sweep(bank: Bank) -> None:
    while True:
        time.sleep(SWEEPS_EVERY)
        bank.expire()


def _headers(answer: Response) -> Response:
    answer.headers["Content-Security-Policy"] = _POLICY
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["Cache-Control"] = "no-store"
    return answer


# ---- the gateways


def _hang_gateways(app: Flask, bank: Bank, faults: Faults, credentials: Mapping[str, str]) -> None:
    methods = {
        "register.do": _register,
        "getOrderStatusExtended.do": _status,
        "refund.do": _refund,
        "reverse.do": _reverse,
        "decline.do": _decline,
        "getReceiptStatus.do": _receipts,
    }

    def call(style: str, method: str) -> Any:
        if method not in methods:
            abort(404)
        if faults.fails():
            abort(500)
        try:
            told = _told(style)
            if {name: told.get(name) for name in credentials} != dict(credentials):
                raise Refused(5, "Доступ запрещён")
            answer = methods[method](bank, style, told)
        except Refused as refused:
            answer = {"errorCode": str(refused.code), "errorMessage": refused.text}
        faults.after(method)
        return app.json.response(answer)

    app.add_url_rule(f"{FORM_PATH}/<method>", "form", lambda method: call("form", method), methods=["POST"])
    app.add_url_rule(f"{JSON_PATH}/<method>", "json", lambda method: call("json", method), methods=["POST"])
    receipts = JSON_PATH.replace("/v1", "/ofd/v1/getReceiptStatus")
    app.add_url_rule(receipts, "receipts", lambda: call("json", "getReceiptStatus.do"), methods=["POST"])


def _told(style: str) -> Mapping[str, Any]:
    """What the shop sends; the parts that a form carries as JSON text are read."""
    if style == "json":
        told = request.get_json(silent=True)
        if not isinstance(told, dict):
            raise Refused(4, "Запрос не разобран")
        return told
    fields: dict[str, Any] = dict(request.form.items())
    for name in ("orderBundle", "jsonParams"):
        try:
            fields |= {name: json.loads(fields[name])} if name in fields else {}
        except ValueError as error:
            raise Refused(4, f"[{name}] не разобран") from error
    return fields


def _register(bank: Bank, style: str, told: Mapping[str, Any]) -> dict[str, Any]:
    order_id = bank.register(style, told)
    answer = {"orderId": order_id, "formUrl": url_for("pay", order_id=order_id, _external=True)}
    return answer if style == "form" else {"errorCode": "0"} | answer


def _status(bank: Bank, style: str, told: Mapping[str, Any]) -> dict[str, Any]:
    order = bank.asked_about(told)
    deposited = order["amount"] if order["paid"] else 0
    answer = {
        "errorCode": "0",
        "errorMessage": "Успешно",
        "orderNumber": order["number"],
        "orderStatus": order["state"],
        "actionCode": order["action"],
        "actionCodeDescription": cards.ACTIONS.get(order["action"], ""),
        "amount": order["amount"],
        "currency": "643",
        "date": int(order["created"] * 1000),
        "orderDescription": order["description"],
        "ip": "127.0.0.1",
        "attributes": [{"name": "mdOrder", "value": order["id"]}],
        "paymentAmountInfo": {
            "approvedAmount": deposited,
            "depositedAmount": deposited,
            "refundedAmount": order["refunded"],
            "feeAmount": 0,
            "paymentState": _payment_state(order),
        },
    }
    if order["paid"]:
        answer["depositedDate"] = int(order["paid"] * 1000)
    if order["card"]:
        card = cards.BY_NAME.get(order["card"])
        answer["cardAuthInfo"] = {"maskedPan": card.masked if card else order["card"], "paymentSystem": "MIR"}
    return answer


def _payment_state(order: sqlite3.Row) -> str:
    names = ("CREATED", "APPROVED", "DEPOSITED", "REVERSED", "REFUNDED", "CREATED", "DECLINED")
    return names[order["state"]]


def _refund(bank: Bank, style: str, told: Mapping[str, Any]) -> dict[str, Any]:
    amount = banks.whole(told.get("amount"))
    if amount is None:
        raise Refused(4, "[amount] не указан")
    key = (told.get("jsonParams") or {}).get("externalRefundId", "")
    bank.refund(bank.asked_about(told), amount, str(key))
    return {"errorCode": "0", "errorMessage": "Успешно"}


def _reverse(bank: Bank, style: str, told: Mapping[str, Any]) -> dict[str, Any]:
    bank.reverse(bank.asked_about(told))
    return {"errorCode": "0", "errorMessage": "Успешно"}


def _decline(bank: Bank, style: str, told: Mapping[str, Any]) -> dict[str, Any]:
    bank.decline(bank.asked_about(told))
    return {"errorCode": "0", "errorMessage": "Успешно"}


def _receipts(bank: Bank, style: str, told: Mapping[str, Any]) -> dict[str, Any]:
    order = bank.asked_about(told)
    about = {"errorCode": "0", "orderId": order["id"], "orderNumber": order["number"]}
    told_of = _new_receipt if style == "json" else _old_receipt
    return about | {"receipts" if style == "json" else "receipt": [told_of(each) for each in bank.receipts(order)]}


def _new_receipt(receipt: sqlite3.Row) -> dict[str, Any]:
    kind = receipt["type"]
    answer = {"receiptId": receipt["id"], "receiptType": kind, "receiptStatus": 3 if banks.is_printed(receipt) else 2}
    if not banks.is_printed(receipt):
        return answer
    return answer | {
        "payload": {
            "fiscalReceiptNumber": receipt["document"] % 100 + 1,
            "shiftNumber": receipt["document"] // 100 + 1,
            "receiptDatetime": banks.register_time(receipt["printed"]),
            "total": receipt["total"] / 100,
            "fnNumber": banks.FN,
            "ecrRegistrationNumber": banks.REGISTER,
            "fiscalDocumentNumber": receipt["document"],
            "fiscalDocumentAttribute": int(receipt["id"][:8], 16),
            "fnsSite": "www.nalog.gov.ru",
            "ofdInn": "7709364346",
            "ofdReceiptUrl": "",
        }
    }


def _old_receipt(receipt: sqlite3.Row) -> dict[str, Any]:
    """The same cheque as the old gateway writes it."""
    new = _new_receipt(receipt)
    answer = {"uuid": new["receiptId"], "receiptStatus": new["receiptStatus"], "receiptType": new["receiptType"]}
    if "payload" not in new:
        return answer
    payload = new["payload"]
    return answer | {
        "fiscal_receipt_number": payload["fiscalReceiptNumber"],
        "shift_number": payload["shiftNumber"],
        "receipt_datetime": payload["receiptDatetime"],
        "amount_total": payload["total"],
        "fn_number": payload["fnNumber"],
        "ecr_registration_number": payload["ecrRegistrationNumber"],
        "fiscal_document_number": payload["fiscalDocumentNumber"],
        "fiscal_document_attribute": payload["fiscalDocumentAttribute"],
        "fnsSite": payload["fnsSite"],
    }


# ---- the payer's pages


def _hang_pages(app: Flask, bank: Bank, faults: Faults) -> None:
    def order_or_404(order_id: str) -> sqlite3.Row:
        bank.expire()
        return bank.find(order_id) or abort(404)

    @app.get("/")
    def front() -> Any:
        return render_template("front.html", orders=bank.newest(20))

    @app.get("/pay/<order_id>")
    def pay(order_id: str) -> Any:
        order = order_or_404(order_id)
        if order["state"] == banks.ASKING:
            return redirect(url_for("code", order_id=order_id))
        if order["state"] != banks.REGISTERED:
            return render_template("closed.html", order=order, back=_back(order))
        return _pay_page(order, _filled(request.args.get("card", "")), [])

    @app.post("/pay/<order_id>")
    def attempt(order_id: str) -> Any:
        order = order_or_404(order_id)
        typed = {name: request.form.get(name, "").strip() for name in ("number", "month", "year", "cvc", "email")}
        number = "".join(letter for letter in typed["number"] if letter not in " \u00a0-")
        if problems := _problems(typed | {"number": number}):
            return _pay_page(order, typed, problems), 422
        card = cards.find(number, int(typed["month"]), 2000 + int(typed["year"]), typed["cvc"])
        return _after(order_id, bank.pay(order, number, card))

    @app.get("/pay/<order_id>/code")
    def code(order_id: str) -> Any:
        order = order_or_404(order_id)
        if order["state"] != banks.ASKING:
            return redirect(url_for("pay", order_id=order_id))
        return render_template("code.html", order=order, sms=cards.CODE, is_wrong=False)

    @app.post("/pay/<order_id>/code")
    def enter_code(order_id: str) -> Any:
        order = order_or_404(order_id)
        is_refusal = "refuse" in request.form
        typed = "".join(request.form.get("code", "").split())
        outcome = bank.give_up_code(order) if is_refusal else bank.enter_code(order, typed)
        if outcome == "wrong":
            return render_template("code.html", order=order, sms=cards.CODE, is_wrong=True), 422
        return _after(order_id, outcome)

    def _after(order_id: str, outcome: str) -> Any:
        order = order_or_404(order_id)
        if outcome == "code":
            return redirect(url_for("code", order_id=order_id))
        if outcome == "declined" and order["state"] == banks.REGISTERED:
            return _pay_page(order, _filled(""), [("", _sorry(order))]), 422
        if outcome == "paid":
            faults.after_payment()
            if order["card"] == "silent":
                return render_template("silent.html", order=order)
        return redirect(_back(order))


def _pay_page(order: sqlite3.Row, typed: Mapping[str, str], problems: list[tuple[str, str]]) -> str:
    return render_template("pay.html", order=order, typed=typed, problems=problems, back=_back(order))


def _sorry(order: sqlite3.Row) -> str:
    left = banks.ATTEMPTS - order["attempts"]
    reason = cards.ACTIONS[order["action"]]
    return f"Оплата не прошла: {reason[0].lower()}{reason[1:]}. Осталось попыток: {left}"


def _filled(name: str) -> dict[str, str]:
    """The form as a click on a test card fills it, empty for no card."""
    card = cards.BY_NAME.get(name)
    if not card:
        return {}
    return {
        "number": card.shown.replace("\u00a0", " "),
        "month": f"{card.month:02}",
        "year": f"{card.year % 100:02}",
        "cvc": card.cvc,
    }


def _problems(typed: Mapping[str, str]) -> list[tuple[str, str]]:
    month, year = banks.whole(typed["month"]), banks.whole(typed["year"])
    wrong = {
        "number": (not cards.is_number(typed["number"]), "Проверьте номер карты: в нём ошибка"),
        "month": (month is None or not 1 <= month <= 12, "Месяц — от 01 до 12"),
        "year": (year is None or len(typed["year"]) != 2, "Год — две последние цифры"),
        "cvc": (banks.whole(typed["cvc"]) is None or len(typed["cvc"]) != 3, "Код — три цифры на обороте карты"),
        "email": (bool(typed["email"]) and "@" not in typed["email"], "Проверьте адрес почты: в нём нет знака @"),
    }
    return [(name, text) for name, (is_wrong, text) in wrong.items() if is_wrong]


def _back(order: sqlite3.Row) -> str:
    """Where the shop wants its customer, with the order's id as the bank adds it."""
    is_bad = order["state"] == banks.DECLINED and order["fail_url"]
    url = order["fail_url"] if is_bad else order["return_url"]
    return f"{url}{'&' if '?' in url else '?'}{urlencode({'orderId': order['id'], 'lang': 'ru'})}"


def _rubles(kopecks: int) -> str:
    """2 642,85 ₽"""
    whole, rest = divmod(kopecks, 100)
    return f"{whole:,}".replace(",", "\u00a0") + f",{rest:02}\u00a0₽"
