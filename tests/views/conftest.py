"""Who visits: the cast with browsers of their own, and the letters they get."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from flask import Flask
from peewee import Database

from models import base, clock, seal, settings
from models import company as companies
from models.company import Company
from models.exchange import demo
from models.outbox import Message
from models.people import passwords
from tasks import letters
from tests import cast
from tests.cast import Person
from tests.engines import Engine
from tests.mailing import NEWS
from tests.page import Client, Page

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def anna(app: Flask) -> Person:
    return cast.anna()


@pytest.fixture
def boris(anna: Person) -> Person:
    return cast.boris(anna)


@pytest.fixture
def vera(app: Flask) -> Person:
    return cast.vera()


@pytest.fixture
def home(client: Client, anna: Person) -> Client:
    """Anna's browser, signed in."""
    return enter(client, anna)


@pytest.fixture
def stranger(client: Client, vera: Person) -> Client:
    """Vera's browser, signed in."""
    return enter(client.another(), vera)


def enter(client: Client, person: Person) -> Client:
    page = client.sign_in(person.customer.email, cast.PASSWORD)
    assert page.status == 303, page.errors
    return client


def _at_the_office(client: Client, role: str, name: str) -> Client:
    employee = cast.employee(role, email=f"{name}@example.ru")
    page = client.enter_office(employee.email, cast.PASSWORD)
    assert page.status == 303, page.errors
    return client


@pytest.fixture
def galina(client: Client) -> Client:
    """The clerk's browser, signed in."""
    return _at_the_office(client.another(), "clerk", "galina")


@pytest.fixture
def oleg(client: Client) -> Client:
    """The operator's."""
    return _at_the_office(client.another(), "operator", "oleg")


@pytest.fixture
def pavel(client: Client) -> Client:
    """The controller's, who walks the routes."""
    return _at_the_office(client.another(), "controller", "pavel")


@pytest.fixture
def nina(client: Client) -> Client:
    """The auditor's."""
    return _at_the_office(client.another(), "auditor", "nina")


@pytest.fixture
def irina(client: Client) -> Client:
    """The administrator's."""
    return _at_the_office(client.another(), "administrator", "irina")


@pytest.fixture
def marta(client: Client) -> Client:
    """A second administrator's."""
    return _at_the_office(client.another(), "administrator", "marta")


class Mail(NamedTuple):
    letter: str
    text: str
    link: str  # the path of the letter's link, '' without one
    code: str


@pytest.fixture
def mail(app: Flask) -> Callable[[str], Mail]:
    """The newest letter to an address, put together."""

    def newest(to: str) -> Mail:
        message = Message.select().where(Message.to == to).order_by(Message.id.desc()).first()
        assert message is not None, f"no letter to {to}"
        public = app.extensions["kabinet"].public_url
        text = letters.put_together(message, public).text
        links = re.findall(rf"{re.escape(public)}(/\S+/\S+)", text)
        codes = re.findall(r"код: (\d+)", text)
        return Mail(message.letter, text, (links or [""])[-1], (codes or [""])[0])

    return newest


# ---- the demo company, loaded once


@pytest.fixture
def town(app: Flask, db: Database, company: Company, towns: dict[str, sqlite3.Connection]) -> Flask:
    """The application over the company's demo data: 46 accounts, three years."""
    if not base.is_sqlite():
        demo.load(ROOT / "companies" / company.code)
    elif company.code not in towns:
        demo.load(ROOT / "companies" / company.code)
        towns[company.code] = sqlite3.connect(":memory:", check_same_thread=False)
        db.connection().backup(towns[company.code])
    else:
        towns[company.code].backup(db.connection())
    return app


@pytest.fixture(scope="session")
def towns() -> dict[str, sqlite3.Connection]:
    return {}


# ---- production


@pytest.fixture
def production(
    engine: Engine, db: Database, company: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Flask]:
    """Makes the application as in production, behind https unless told otherwise."""
    from app import create_app

    monkeypatch.setattr(seal, "_keys", seal._keys)

    def make(**given: str) -> Flask:
        usual = {
            "ENV": "production",
            "SECRET_KEY": "a-secret-of-the-tests-that-is-long-enough",
            "DATABASE_URL": engine.url,
            "COMPANY": company.code,
            "VAR_DIR": str(tmp_path),
            "PUBLIC_URL": "https://lk.example.ru",
        }
        made = create_app(settings.read({f"KABINET_{name}": value for name, value in {**usual, **given}.items()}))
        base.database.initialize(engine.database)
        companies.use(company)
        clock._offset = clock.timedelta(0)
        return made

    return make


# ---- what an answer costs


class _Counting:
    """A hasher that counts: time itself is a poor witness in a test."""

    def __init__(self, hasher: Any):
        self.hasher, self.count = hasher, 0

    def hash(self, password: str) -> str:
        self.count += 1
        return str(self.hasher.hash(password))

    def verify(self, stored: str, password: str) -> bool:
        self.count += 1
        return bool(self.hasher.verify(stored, password))

    def check_needs_rehash(self, stored: str) -> bool:
        return bool(self.hasher.check_needs_rehash(stored))


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many Argon2 computations there were since the last question."""
    passwords.decoy()
    counting = _Counting(passwords._hasher)
    monkeypatch.setattr(passwords, "_hasher", counting)

    def since() -> int:
        counting.count, spent = 0, counting.count
        return spent

    return since


# ---- the session cookie


@pytest.fixture
def cookie() -> Callable[..., str]:
    """The value of a browser's session cookie; with `value`, put there as a thief would."""

    def read(client: Client, value: str | None = None) -> str:
        host = urlsplit(client.base).hostname or ""
        if value is not None:
            client.browser.set_cookie("kabinet", value, domain=host)
        found = client.browser.get_cookie("kabinet", domain=host)
        return found.value if found else ""

    return read


@pytest.fixture
def bare(app: Flask) -> Client:
    """A browser without a cookie jar: it sends the Cookie and Host headers that a test gives, whatever they are."""
    client = Client(app)
    client.browser = app.test_client(use_cookies=False)
    return client


@pytest.fixture
def secret(app: Flask) -> Callable[[Client], str]:
    """What proves a browser's session: the secret inside its cookie."""

    def read(client: Client) -> str:
        with client.browser.session_transaction(base_url=client.base) as kept:
            return str(kept["_user_id"])

    return read


# ---- mailings


@pytest.fixture
def readers(anna: Person) -> list[str]:
    """Four people with a cabinet, an account each."""
    mails = [anna.customer.email]
    for n in range(2, 5):
        mails.append(cast.customer(f"reader{n}@example.ru", "Читатель", cast.account(500 + n)).email)
    return mails


@pytest.fixture
def draft(oleg: Client, readers: list[str]) -> Callable[..., Page]:
    """Oleg writes news; the draft's page."""

    def write(**fields: str) -> Page:
        given = {"name": "Работы на сетях", **NEWS, **fields}
        sent = oleg.get("mailing_drafts.compose", letter="news").submit(given, button="Сохранить черновик")
        assert sent.status == 303, sent.errors
        return sent.follow()

    return write
