"""Pictures of the main pages, on a phone and on a desk, light and dark: `make screenshots` puts them into build/screenshots."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.bench.house import anna, house

PAGES = {
    "front": "/",
    "sign-in": "/sign-in",
    "sign-up": "/sign-up",
    "home": "/accounts/{number}/",
    "readings": "/accounts/{number}/readings",
    "history-readings": "/accounts/{number}/history/readings",
    "history-consumption": "/accounts/{number}/history/consumption",
    "information": "/accounts/{number}/information",
    "accounts": "/accounts",
    "settings": "/settings",
    "nothing-there": "/no-such-page",
}
OPEN = {"front", "sign-in", "sign-up"}  # seen signed out
WIDTHS = (360, 1280)


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--port", type=int, default=8031)
    words.add_argument("--to", type=Path, default=Path("build/screenshots"))
    given = words.parse_args()
    given.to.mkdir(parents=True, exist_ok=True)
    with house(given.port) as portal, portal.served(), sync_playwright() as play:
        who = anna(portal.app)
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for width in WIDTHS:
            for scheme in ("light", "dark"):
                _walk(browser, portal, who, width, scheme, given.to)
        browser.close()
    print(f"{len(list(given.to.glob('*.png')))} pictures in {given.to}")
    return 0


def _walk(browser: Any, portal: Any, who: Any, width: int, scheme: str, to: Path) -> None:
    size = {"width": width, "height": 800}
    signed_out = browser.new_context(viewport=size, color_scheme=scheme, locale="ru-RU")
    signed_in = browser.new_context(viewport=size, color_scheme=scheme, locale="ru-RU")
    name = portal.app.config["SESSION_COOKIE_NAME"]
    signed_in.add_cookies([{"name": name, "value": who.cookie.removeprefix(f"{name}="), "url": portal.url}])
    for title, path in PAGES.items():
        page = (signed_out if title in OPEN else signed_in).new_page()
        page.goto(portal.url + path.format(number=who.account), wait_until="networkidle")
        page.screenshot(path=to / f"{title}-{width}-{scheme}.png", full_page=True)
        page.close()
    signed_out.close()
    signed_in.close()


if __name__ == "__main__":
    sys.exit(main())
