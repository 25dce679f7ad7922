"""Faults on demand and a look inside, for tests alone: /control exists only in a bank made with `control=True`."""

from __future__ import annotations

import sqlite3
import threading
import time
from typing import Any

from flask import Flask, Response, abort, jsonify, request

from views.standins.bank import Bank
from views.standins.callbacks import Caller


class Faults:
    """What is to go wrong next. Counters go down by one with each use."""

    def __init__(self) -> None:
        self.delay = 0.0  # seconds before each answer of the gateway, the deed being done
        self.errors = 0  # answers 500 to come, nothing done
        self.drops = 0  # connections to be dropped once an order is registered
        self.capture_delay = 0.0  # seconds before the payer's browser hears that the money was taken
        self._lock = threading.Lock()

    def fails(self) -> bool:
        return self._spend("errors")

    def after(self, method: str) -> None:
        time.sleep(self.delay)
        if method == "register.do" and self._spend("drops"):
            _hang_up()

    def after_payment(self) -> None:
        time.sleep(self.capture_delay)

    def _spend(self, name: str) -> bool:
        with self._lock:
            left: int = getattr(self, name)
            setattr(self, name, max(0, left - 1))
        return left > 0


def hang(app: Flask, bank: Bank, caller: Caller, faults: Faults) -> None:
    owners: dict[str, object] = dict.fromkeys(("late", "apart", "is_silent", "url"), caller) | {"receipt_takes": bank}

    @app.post("/control/faults")
    def set_faults() -> Any:
        """Any of delay, errors, drops, capture_delay, late, apart, is_silent, receipt_takes, and the callbacks' url."""
        for name, value in request.get_json().items():
            if not hasattr(owners.get(name, faults), name):
                abort(404)
            setattr(owners.get(name, faults), name, value)
        return jsonify({})

    @app.get("/control/callbacks")
    def callbacks() -> Any:
        """What was sent so far: url, style, params and the shop's answers."""
        return jsonify(caller.sent)

    @app.post("/control/orders/<order_id>/callback")
    def call_back(order_id: str) -> Any:
        """Send a callback of any operation and status now, whatever the truth is; answers with its fields."""
        order, told = _order(bank, order_id), request.get_json()
        if told.get("send", True):
            caller.send(order, told["operation"], told["status"])
        return jsonify(caller.compose(order, told["operation"], told["status"]))

    @app.get("/control/orders")
    def orders() -> Any:
        return jsonify([dict(order) for order in bank.newest(1000)])

    @app.post("/control/orders/<order_id>")
    def put(order_id: str) -> Any:
        """Set columns of an order: state, action, amount, paid, refunded, expires…"""
        bank.put(_order(bank, order_id), **request.get_json())
        return jsonify(dict(_order(bank, order_id)))


def _order(bank: Bank, order_id: str) -> sqlite3.Row:
    return bank.find(order_id) or abort(404)


def _hang_up() -> None:
    """Close the line without an answer."""
    import socket

    line = request.environ.get("werkzeug.socket") or request.environ.get("gunicorn.socket")
    if line is not None:
        line.shutdown(socket.SHUT_RDWR)
    abort(Response(status=500))
