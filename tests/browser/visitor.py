"""A visitor with a browser: does what people do, by the names they see, and notes what went wrong behind the scenes."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

from playwright.sync_api import Browser, Error, Locator, Page, expect

from tests.browser.portal import PASSWORD, Household, Portal

PHONE = {"width": 360, "height": 740}
_serial = itertools.count(1)
_CODE_LASTS, _CODES = 40_000, 4  # milliseconds; how often a code of the second factor is tried meanwhile
_REFUSED = re.compile(r"the server responded with a status of (401|404|422)")  # Chromium reports each as an error


class Visitor:
    """One browser, with cookies of its own. `js=False`: a browser that runs no scripts."""

    def __init__(self, browser: Browser, portal: Portal, *, js: bool = True, cookies: Any = None):
        self.browser, self.portal, self.js = browser, portal, js
        self.context = browser.new_context(
            base_url=portal.url, viewport=PHONE, locale="ru-RU", java_script_enabled=js, reduced_motion="reduce",
            storage_state=cookies,
        )  # fmt: skip
        self.context.set_default_timeout(10_000)
        self.noise: list[str] = []
        self.email, self.account = "", ""
        self.household: Household | None = None
        self.page = self.tab()

    # ---- the browser

    def tab(self) -> Page:
        """One more tab, in front from now on."""
        page = self.context.new_page()
        page.on("console", lambda message: self._note(message.type in ("error", "warning"), message.text))
        page.on("pageerror", lambda error: self._note(True, str(error)))
        page.on(
            "request", lambda request: self._note(not request.url.startswith((self.portal.url, "data:")), request.url)
        )
        self.page = page
        return page

    def _note(self, is_bad: bool, text: str) -> None:
        if is_bad and not _REFUSED.search(text):
            self.noise.append(text)

    def another(self) -> Visitor:
        """A browser of the same customer on another device, signed in."""
        other = Visitor(self.browser, self.portal, js=self.js)
        other.sign_in(self.email)
        return other

    def close(self) -> None:
        self.context.close()

    # ---- what people see and do

    def open(self, path: str) -> Visitor:
        self.page.goto(path)
        return self

    def press(self, name: str) -> None:
        self.page.get_by_role("main").get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str) -> None:
        self.page.get_by_role("link", name=name, exact=True).first.click()

    def fill(self, **fields: str) -> None:
        """By label, underscores for blanks: fill(Почта="…", Пароль_ещё_раз="…")."""
        for label, text in fields.items():
            self.field(label.replace("_", " ")).fill(text)

    def field(self, label: str) -> Locator:
        return self.page.get_by_role("main").get_by_label(label, exact=True)

    def sees(self, text: str | re.Pattern[str]) -> None:
        expect(self.page.get_by_role("main")).to_contain_text(text)

    def heading(self, text: str | re.Pattern[str]) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_have_text(text)

    def summary(self) -> Locator:
        return self.page.get_by_role("alert")

    # ---- journeys that many tests begin with

    def sign_in(self, login: str, password: str = PASSWORD) -> Visitor:
        self.email = login
        self.open("/sign-in")
        self.fill(Почта_или_лицевой_счёт=login, Пароль=password)
        self.press("Войти")
        self.page.wait_for_url(lambda url: "/sign-in" not in url)
        return self

    def enter_office(self, name: str) -> Visitor:
        """Sign in at the office with both factors; a code that has been used opens nothing, the next one comes within half a minute."""
        self.email = f"{name}@example.ru"
        self.open("/staff/sign-in")
        self.fill(Рабочая_почта=self.email, Пароль=PASSWORD)
        self.press("Дальше")
        for _ in range(_CODES):
            self.field("Код").fill(self.page.get_by_text("код сейчас").locator("b").inner_text())
            self.press("Войти")
            try:
                self.page.wait_for_url(lambda url: "sign-in" not in url, timeout=_CODE_LASTS / _CODES)
                return self
            except Error:
                continue
        raise AssertionError(f"{self.email} could not sign in at the office")

    def settle(self, household: Household) -> Visitor:
        """Become a new customer who holds this household's account, by the portal's own doors."""
        self.email, self.account, self.household = f"new{next(_serial)}@example.ru", household.account, household
        person = {"email": self.email, "password": PASSWORD, "password_again": PASSWORD, "consent": "y"}
        self._post("/sign-up", **person)
        letters = self.context.request.get("/demo/letters").text()
        self._post(re.search(r"/activate/[\w-]+", letters)[0])
        self._post("/accounts/link", account=household.account, secret=household.access_code)
        return self

    def _post(self, path: str, **fields: str) -> None:
        """A form sent past the pages, its token taken from them."""
        form = self.context.request.get(path).text()
        token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', form)[1]
        answer = self.context.request.post(path, form={"csrf_token": token, **fields})
        assert answer.ok, f"{path}: {answer.status}"

    # ---- readings

    def open_readings(self) -> Visitor:
        return self.open(f"/accounts/{self.account}/readings")

    def dials(self) -> list[Locator]:
        """The dials of the form, by their role and place: each is a text box inside its meter's group."""
        return self.page.get_by_role("group").get_by_role("textbox").all()

    def type_readings(self, *values: int | str) -> None:
        dials = self.dials()
        assert len(dials) == len(values)
        for dial, value in zip(dials, values, strict=True):
            dial.fill(str(value))

    def previous(self) -> list[int]:
        return [int(dial.get_attribute("data-previous") or "") for dial in self.dials()]

    def usual(self) -> int:
        """The meter's usual use since its last reading, kWh."""
        return int(self.dials()[0].get_attribute("data-usual") or "")

    def typed(self) -> list[str]:
        return [dial.input_value() for dial in self.dials()]

    def used(self, *usage: int) -> list[int]:
        """The dial values that make these usages; zones that are not named stand still."""
        return [before + more for before, more in itertools.zip_longest(self.previous(), usage, fillvalue=0)]

    def passed(self) -> list[dict[str, str]]:
        """This month's rows of the history file: what the portal has stored, whatever the screen says."""
        text = self.context.request.get(f"/accounts/{self.account}/history/readings.csv?from=2026-11").text()
        return list(csv.DictReader(StringIO(text.lstrip("\ufeff")), delimiter=";"))

    def stored(self) -> list[list[int]]:
        """The dial values of this month's rows."""
        return [[int(row[zone]) for zone in ("Т1", "Т2", "Т3") if row[zone]] for row in self.passed()]


@contextmanager
def visiting(browser: Browser, portal: Portal, *, js: bool = True, cookies: Any = None) -> Iterator[Visitor]:
    visitor = Visitor(browser, portal, js=js, cookies=cookies)
    try:
        yield visitor
    finally:
        visitor.close()
