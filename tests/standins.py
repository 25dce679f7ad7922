"""Other companies' machines for tests: real servers on loopback, in a thread.

with standins.acquirer(callback_url=f"{portal}/hooks/acquirer") as bank:
    gateway = Acquirer(bank.url("form"), bank.user, bank.password, "form")
    order = gateway.register(…)
    assert bank.pay(order.form_url).startswith(return_url)
    bank.fault(delay=3, errors=2)
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from werkzeug.serving import WSGIRequestHandler, make_server

from views.standins import cards
from views.standins.acquirer import FORM_PATH, JSON_PATH, create_acquirer

USER, PASSWORD, CALLBACK_KEY = "lk-test", "word-of-the-tests", "callback-key-of-the-tests"
SMS_CODE = cards.CODE


@dataclass
class StandIn:
    """A running «Учебный банк»."""

    base: str  # http://127.0.0.1:49152
    user: str = USER
    password: str = PASSWORD
    callback_key: str = CALLBACK_KEY
    _session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self._session.trust_env = False

    def url(self, style: str) -> str:
        """The address for Acquirer and for KABINET_ACQUIRER_URL; style is form or json."""
        return self.base + (FORM_PATH if style == "form" else JSON_PATH)

    def environ(self, style: str = "form") -> dict[str, str]:
        """Settings that send a portal here."""
        return {
            "KABINET_ACQUIRER_URL": self.url(style),
            "KABINET_ACQUIRER_USER": self.user,
            "KABINET_ACQUIRER_PASSWORD": self.password,
            "KABINET_ACQUIRER_CALLBACK_KEY": self.callback_key,
        }

    # ---- the payer

    def pay(self, form_url: str, card: str = "approve", code: str = SMS_CODE) -> str:
        """Pay as a browser does; where the bank sends the browser afterwards, '' when it stays on the bank's page."""
        answer = self.post(form_url, **_fields(card))
        if answer.headers.get("Location", "").endswith("/code"):
            answer = self.post(f"{form_url}/code", code=code)
        return answer.headers.get("Location", "")

    def post(self, url: str, **fields: str) -> requests.Response:
        return self._session.post(url, data=fields, allow_redirects=False, timeout=30)

    def page(self, url: str) -> requests.Response:
        return self._session.get(url, allow_redirects=False, timeout=30)

    # ---- faults and a look inside

    def fault(self, **values: Any) -> None:
        """See Faults in views/standins/controls.py: delay, errors, drops, capture_delay, late, apart, is_silent, …"""
        self._session.post(f"{self.base}/control/faults", json=values, timeout=30).raise_for_status()

    def callbacks(self, count: int = 0, within: float = 10) -> list[dict[str, Any]]:
        """What was sent and answered; waits until there are `count`, each delivered or tried to the end."""
        until = time.monotonic() + within
        while True:
            sent: list[dict[str, Any]] = self._session.get(f"{self.base}/control/callbacks", timeout=30).json()
            done = [each for each in sent if 200 in each["answers"] or len(each["answers"]) == 3]
            if len(done) >= count:
                return done
            assert time.monotonic() < until, f"{len(done)} callbacks of {count}: {sent}"
            time.sleep(0.02)

    def callback(self, order_id: str, operation: str, status: int = 1, *, send: bool = True) -> dict[str, str]:
        """The signed fields of any callback, true or not; sent to the shop unless told otherwise."""
        told = {"operation": operation, "status": status, "send": send}
        answer = self._session.post(f"{self.base}/control/orders/{order_id}/callback", json=told, timeout=30)
        answer.raise_for_status()
        return dict(answer.json())

    def orders(self) -> list[dict[str, Any]]:
        return list(self._session.get(f"{self.base}/control/orders", timeout=30).json())

    def put(self, order_id: str, **values: Any) -> None:
        """Set an order's columns by force: state, action, amount, paid, refunded, expires."""
        self._session.post(f"{self.base}/control/orders/{order_id}", json=values, timeout=30).raise_for_status()

    def captured(self) -> int:
        """Kopecks taken from all cards and not given back: what the ledger must show."""
        return sum(
            order["amount"] - order["refunded"] for order in self.orders() if order["paid"] and order["state"] != 3
        )


def _fields(name: str) -> dict[str, str]:
    card = cards.BY_NAME[name]
    return {"number": card.number, "month": f"{card.month:02}", "year": f"{card.year % 100:02}", "cvc": card.cvc}


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_: Any) -> None:
        pass


@contextmanager
def acquirer(folder: Path | None = None, *, callback_url: str = "", port: int = 0) -> Iterator[StandIn]:
    """«Учебный банк» with its control room open; its state in `folder`, else in memory."""
    app = create_acquirer(
        folder, user=USER, password=PASSWORD, callback_key=CALLBACK_KEY, callback_url=callback_url, control=True
    )
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        bank = StandIn(f"http://127.0.0.1:{server.server_port}")
        bank.fault(apart=0.05, late=0.3, receipt_takes=0)
        yield bank
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
