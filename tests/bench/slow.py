"""Seconds until a customer on a 2G link can read the page and use its form."""

from __future__ import annotations

from typing import Any

from tests.bench.browser import chromium, phone
from tests.bench.house import House, Visitor
from tests.bench.link import Link, slow
from tests.bench.table import Table
from views.assets import COOKIE, STYLES_NAME, shelf

RATE, ROUND_TRIP = 64_000, 0.6
COLUMNS = {
    "page": "page", "visit": "visit", "paint": "first paint s", "usable": "form usable s", "interactive": "scripts run s",
    "bytes": "bytes down", "ratio": "paint, × inlined",
}  # fmt: skip

# The moment a dial's field is there and the frame that shows it has been drawn.
_WATCH = """
(() => {
  const look = () => document.querySelector('#reading-form input[inputmode=numeric]')
    ? requestAnimationFrame(() => setTimeout(() => { window.benchUsable = performance.now() }))
    : requestAnimationFrame(look);
  requestAnimationFrame(look);
})()
"""
_TIMES = """() => ({
  paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
  interactive: performance.getEntriesByType('navigation')[0]?.domContentLoadedEventEnd,
  usable: window.benchUsable,
})"""


def measure(home: House, visitor: Visitor, *, quick: bool = False) -> Table:
    """Needs the portal served."""
    table = Table("slow_link", "Seconds on an emulated 2G link (64 kbit/s, 600 ms), plain HTTP", COLUMNS)
    table.notes = [
        "linked: the same first visit, but the styles are a file to fetch (empty cache, the cookie says they are there).",
        "First paint and form usable need no script; «scripts run» is DOMContentLoaded, when usage is shown as one types.",
    ]
    own = f"/accounts/{visitor.account}"
    pages = {"home": f"{own}/", "readings": f"{own}/readings"}
    with slow(home.port + 2, home.port, bits_a_second=RATE, round_trip=ROUND_TRIP) as link, chromium() as browser:
        for name, path in list(pages.items())[: 1 if quick else None]:
            _page(table, browser, link, name, path, visitor)
    return table


def _page(table: Table, browser: Any, link: Link, name: str, path: str, visitor: Visitor) -> None:
    url = f"http://127.0.0.1:{link.port}"
    with phone(browser, url, visitor.cookie) as context:
        first = _visit(context, link, url + path)
        again = _visit(context, link, url + path)
    styles = f"{COOKIE}={shelf()[STYLES_NAME].digest}"
    with phone(browser, url, visitor.cookie, styles) as context:
        linked = _visit(context, link, url + path)
    for visit, times in (("first", first), ("first, linked", linked), ("repeated", again)):
        table.add(page=name, visit=visit, ratio=round(times["paint"] / first["paint"], 2), **times)


def _visit(context: Any, link: Link, url: str) -> dict[str, Any]:
    before = link.down.carried
    page = context.new_page()
    page.add_init_script(_WATCH)
    page.goto(url, wait_until="networkidle", timeout=60_000)
    page.wait_for_function("window.benchUsable", timeout=20_000)
    times = page.evaluate(_TIMES)
    page.close()
    return {key: round(value / 1000, 2) for key, value in times.items()} | {"bytes": link.down.carried - before}
