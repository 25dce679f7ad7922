"""The portal and the visitors of browser tests: one server and one browser a worker, a new customer where a test writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import Any

import pytest

from tests.browser.portal import Portal, served
from tests.browser.visitor import Visitor, visiting

ANNAS = "241010000054"


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with served("krasnoyarsk", tmp_path_factory.mktemp("portal")) as running:
        yield running


@pytest.fixture
def guest(request: pytest.FixtureRequest, chromium: Any, portal: Portal) -> Iterator[Visitor]:
    """A visitor who is not signed in; scripts off where the test is parametrised with False."""
    with visiting(chromium, portal, js=getattr(request, "param", True)) as visitor:
        yield visitor


@pytest.fixture
def newcomer(guest: Visitor, portal: Portal) -> Visitor:
    """A new customer with an account that nobody else has; for tests that write."""
    return guest.settle(portal.household())


@pytest.fixture(scope="session")
def cookies(chromium: Any, portal: Portal) -> Any:
    """What Anna's browser keeps after signing in: signing in anew for each test would meet the limit on tries."""
    with visiting(chromium, portal) as visitor:
        return visitor.sign_in("anna@example.ru").context.storage_state()


@pytest.fixture
def anna(request: pytest.FixtureRequest, chromium: Any, portal: Portal, cookies: Any) -> Iterator[Visitor]:
    """The demo's customer with three accounts, signed in; for tests that only read. Scripts off as with `guest`."""
    with visiting(chromium, portal, js=getattr(request, "param", True), cookies=cookies) as visitor:
        visitor.account = ANNAS
        yield visitor


@pytest.fixture(scope="session")
def badges(chromium: Any, portal: Portal) -> Callable[[str], Any]:
    """What an employee's browser keeps after both factors: a code opens once, and signing in anew would meet the limits."""

    @cache
    def badge(name: str) -> Any:
        with visiting(chromium, portal) as visitor:
            return visitor.enter_office(name).context.storage_state()

    return badge


def _employee(name: str) -> Any:
    @pytest.fixture(name=name)
    def at_the_office(
        request: pytest.FixtureRequest, chromium: Any, portal: Portal, badges: Callable[[str], Any]
    ) -> Iterator[Visitor]:
        """Signed in at the office. Scripts off where the test is parametrised with False, or where its guest has none."""
        has_guest = "guest" in request.fixturenames
        js = getattr(request, "param", request.getfixturevalue("guest").js if has_guest else True)
        with visiting(chromium, portal, js=js, cookies=badges(name)) as visitor:
            yield visitor

    return at_the_office


galina, oleg, irina, marta = map(_employee, ("galina", "oleg", "irina", "marta"))


@pytest.fixture
def stage() -> Iterator[ExitStack]:
    """Visitors opened in the middle of a test go when it ends."""
    with ExitStack() as stack:
        yield stack
