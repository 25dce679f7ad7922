"""Chromium as a customer's browser, and what it fetched over the wire."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

PHONE = {"viewport": {"width": 360, "height": 640}, "locale": "ru-RU"}
NAMES = ("chromium", "chromium-browser", "google-chrome")


@dataclass
class Fetched:
    """One answer: what kind of thing the browser took it for, and its bytes on the wire, headers included."""

    url: str
    kind: str
    wire: int = 0
    body: int = 0
    is_cached: bool = False


@dataclass
class Traffic:
    """Everything a page fetched. A thing from the browser's own cache is no request."""

    answers: dict[str, Fetched] = field(default_factory=dict)

    def attach(self, session: Any) -> None:
        session.on("Network.responseReceived", self._received)
        session.on("Network.dataReceived", self._data)
        session.on("Network.loadingFinished", self._finished)
        session.on("Network.requestServedFromCache", self._cached)
        session.send("Network.enable")

    @property
    def asked(self) -> list[Fetched]:
        return [one for one in self.answers.values() if not one.is_cached]

    def wire(self, *kinds: str) -> int:
        return sum(one.wire for one in self.asked if not kinds or one.kind in kinds)

    def _received(self, event: dict[str, Any]) -> None:
        answer = event["response"]
        known = self.answers.setdefault(event["requestId"], Fetched(answer["url"], event["type"]))
        known.url, known.kind = answer["url"], event["type"]
        known.is_cached = known.is_cached or any(answer.get(name) for name in ("fromDiskCache", "fromPrefetchCache"))
        if answer["url"].startswith("data:"):
            known.is_cached = True

    def _data(self, event: dict[str, Any]) -> None:
        if one := self.answers.get(event["requestId"]):
            one.body += event["dataLength"]

    def _finished(self, event: dict[str, Any]) -> None:
        if one := self.answers.get(event["requestId"]):
            one.wire = int(event["encodedDataLength"])

    def _cached(self, event: dict[str, Any]) -> None:
        self.answers.setdefault(event["requestId"], Fetched("", "")).is_cached = True


@contextmanager
def chromium() -> Iterator[Any]:
    """Playwright's Chromium: the system's, else the one it has downloaded."""
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def phone(browser: Any, url: str, *cookies: str) -> Iterator[Any]:
    """A browser with an empty cache and these cookies («name=value»)."""
    context = browser.new_context(**PHONE)
    given = [cookie.partition("=") for cookie in cookies if cookie]
    if given:
        context.add_cookies([{"name": name, "value": value, "url": url} for name, _, value in given])
    try:
        yield context
    finally:
        context.close()
