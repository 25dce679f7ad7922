"""Bytes, requests and queries of each page, on the first and on a repeated visit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask

from models import base, clock
from models.metering import accounts, intake, receipts, standings
from tests.bench import house
from tests.bench.browser import Traffic, chromium, phone
from tests.bench.house import House, Visitor
from tests.bench.table import Table

DRAWN, ALL, QUERIES = 14_000, 40_000, 8  # bytes to draw a page, bytes of everything, queries
COLUMNS = {
    "page": "page", "status": "status", "html": "HTML B", "css": "CSS B", "drawn": "HTML+CSS", "drawn_fits": "≤ 14 kB", "all": "all B",
    "all_fits": "≤ 40 kB", "requests": "req.", "again_drawn": "2nd HTML+CSS", "again_all": "2nd all", "again_requests": "2nd req.",
    "raw": "HTML raw", "queries": "queries", "queries_fit": "≤ 8",
}  # fmt: skip


def addresses(app: Flask, visitor: Visitor) -> dict[str, tuple[str, bool]]:
    """Each page's path, and whether it is seen signed in."""
    own = f"/accounts/{visitor.account}"
    return {
        "front": ("/", False), "sign-in": ("/sign-in", False), "sign-up": ("/sign-up", False), "home": (f"{own}/", True),
        "readings": (f"{own}/readings", True), "history readings": (f"{own}/history/readings", True),
        "consumption": (f"{own}/history/consumption", True), "information": (f"{own}/information", True), "settings": ("/settings", True),
        "accounts": ("/accounts", True), "offices": ("/about/offices", True), "receipt": (_receipt(visitor), True),
        "bills": (f"{own}/bills", True), "bill": (f"{own}/bills/2026-10", True), "pay": (f"{own}/pay", True),
        "charges": (f"{own}/history/charges", True), "payments": (f"{own}/history/payments", True),
        "statement": (f"{own}/history/statement", True), "tariff": (f"{own}/tariff", True),
    }  # fmt: skip


def measure(home: House, visitor: Visitor) -> Table:
    """Needs the portal served."""
    table = Table("pages", "Pages over the wire (brotli, headers included), first and repeated visit", COLUMNS)
    table.notes = [
        "HTML+CSS: what the browser needs to draw the page; scripts and the prefetched style sheet count in «all».",
        "Browser: Chromium, 360×640; cache empty on the first visit, nothing waits but the network's end.",
    ]
    counts = _queries(home.app, visitor)
    with chromium() as browser:
        for name, (path, signed_in) in addresses(home.app, visitor).items():
            cookie = visitor.cookie if signed_in else ""
            status, first, again = _visits(browser, home.url, path, cookie)
            _row(table, name, status, first, again, counts[name])
    return table


def _row(table: Table, name: str, status: int, first: Traffic, again: Traffic, queries: int) -> None:
    drawn, whole = first.wire("Document", "Stylesheet"), first.wire()
    document = next(one for one in first.asked if one.kind == "Document")
    table.add(
        page=name, status=status, html=document.wire, css=first.wire("Stylesheet"), drawn=drawn, drawn_fits=drawn <= DRAWN, all=whole,
        all_fits=whole <= ALL, requests=len(first.asked), again_drawn=again.wire("Document", "Stylesheet"), again_all=again.wire(),
        again_requests=len(again.asked), raw=document.body, queries=queries, queries_fit=queries <= QUERIES,
    )  # fmt: skip
    if status != 200:
        table.errors.append(f"{name} answered {status}")
    for value, most, what in (
        (drawn, DRAWN, "HTML+CSS bytes"),
        (whole, ALL, "bytes in all"),
        (queries, QUERIES, "queries"),
    ):
        if value > most:
            table.misses.append(f"{name}: {value:,} {what}, the budget is {most:,}")


def _visits(browser: Any, url: str, path: str, cookie: str) -> tuple[int, Traffic, Traffic]:
    with phone(browser, url, cookie) as context:
        status, first = _visit(context, url + path)
        _, again = _visit(context, url + path)
    return status, first, again


def _visit(context: Any, url: str) -> tuple[int, Traffic]:
    traffic = Traffic()
    page = context.new_page()
    traffic.attach(context.new_cdp_session(page))
    answer = page.goto(url, wait_until="networkidle")
    page.close()
    return answer.status, traffic


def _queries(app: Flask, visitor: Visitor) -> dict[str, int]:
    """The second visit's: what is built once per process is no page's."""
    browser = app.test_client(use_cookies=False)
    counts = {}
    for name, (path, signed_in) in addresses(app, visitor).items():
        headers = {"Cookie": visitor.cookie if signed_in else house.guest_cookie(app)}
        browser.get(path, headers=headers)
        with _counted() as seen:
            browser.get(path, headers=headers)
        counts[name] = len(seen)
    return counts


@contextmanager
def _counted() -> Iterator[list[str]]:
    seen: list[str] = []

    def note(event: Any) -> None:
        seen.append(event.sql)

    hooks = base.database.obj.query_hooks
    hooks.append(note)
    try:
        yield seen
    finally:
        hooks.remove(note)


def _receipt(visitor: Visitor) -> str:
    """The address of a receipt for the customer's second account: the first one's form stays blank."""
    with base.connection():
        number = accounts.held_by(customer=visitor.customer_id)[1].number
        account = accounts.one_of(visitor.customer_id, number)
        today = clock.today()
        typed = {
            standing.meter.id: tuple(str(value + 1) for value in standing.previous)
            for standing in standings.of_account(account.id, today)
        }
        received = intake.receive(
            account, typed, channel="web", key="bench", customer_id=visitor.customer_id, confirmed=True
        )
        return f"/accounts/{number}/readings/receipts/{receipts.number_of(received.receipt_id)}"
