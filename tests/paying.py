"""What tests of paying share: the portal's desk before a stand-in bank, a debt, an order and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest

from models.billing import ledger, payments
from models.billing.ledger import Entry, New
from models.billing.payments import Payment
from tasks import payments as work
from tasks import queue
from tasks.gateways.acquirer import Acquirer
from tasks.payments import Desk
from tests import standins
from tests.standins import StandIn

PORTAL = "http://127.0.0.1:8000"
DEBT = 264_285
FISCAL: dict[str, Any] = {
    "printed_at": "2026-11-20T10:05", "shift": "12", "number": "7", "register": "0000000400054321", "fn": "9999078902004321", "fd": "312",
    "fpd": "2718281828", "site": "www.nalog.gov.ru", "qr": "t=20261120T1005&s=2642.85&fn=9999078902004321&i=312&fp=2718281828&n=1",
    "place": "lk.example.ru", "tax_system": "ОСН",
    "lines": [{"name": "Электроэнергия, л/с 241010000054, 10.2026", "kopecks": DEBT, "vat": 22}],
}  # fmt: skip


@contextmanager
def open_desk(monkeypatch: pytest.MonkeyPatch, *, style: str = "form", timeout: float = 3) -> Iterator[StandIn]:
    """A bank on loopback, and the portal's desk before it; callbacks are sent only where a test has an address for them."""
    with standins.acquirer() as bank:
        gateway = Acquirer(bank.url(style), bank.user, bank.password, style, timeout)
        monkeypatch.setattr(work, "_desk", Desk(gateway, PORTAL))
        yield bank


def hear(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ids that the bell was rung for, from now on; nobody answers it."""
    rung: list[int] = []
    monkeypatch.setitem(queue._bells, "check_payment", rung.append)
    return rung


def owe(account: Any, kopecks: int = DEBT, service: str = "electricity") -> None:
    """Let the account owe this, charged for October."""
    ledger.post(
        New(account.id, service, ledger.CHARGE, kopecks, date(2026, 10, 31), f"test:{account.id}:{service}", "2026-10")
    )


def ordered(person: Any, kopecks: int = DEBT, *, key: str = "key", **parts: int) -> Payment:
    """An order that the bank has been told of, as the page of paying does it."""
    payment = payments.start(
        person.account, parts or {"electricity": kopecks}, customer_id=person.id, email=person.customer.email, key=key, consented=True
    )  # fmt: skip
    work.register(payment.id)
    return again(payment)


def again(payment: Any) -> Payment:
    return Payment.get_by_id(payment.id)


def credited(account: Any) -> int:
    """Kopecks that the ledger has for payments less refunds."""
    kinds = (ledger.PAYMENT, ledger.REFUND)
    rows = Entry.select(Entry.amount).where(Entry.account == account.id, Entry.kind.in_(kinds))
    return -sum(row.amount for row in rows)
