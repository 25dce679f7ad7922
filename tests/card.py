"""What tests of an open customer card share."""

from __future__ import annotations

from datetime import date

from models.billing import run
from tests import prices
from tests.page import Client, Page

NUMBER = "241010000054"  # Anna's account


def bill_two_months() -> None:
    prices.load()
    for period in ("2026-09", "2026-10"):
        run.bill(period, issued_on=date(2026, 11, 3))


def opened(browser: Client, number: str = NUMBER, reason: str = "call") -> Page:
    """The card, opened as anyone opens it."""
    answer = browser.get("staff_customers.index", q=number).submit(reason=reason, button=number)
    assert answer.status == 303, answer.errors
    return answer.follow()
