"""The ground every test stands on: an engine, a company, a frozen clock, the application and a client that reads pages."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from flask import Flask
from peewee import Database

from models import base, clock, files, notices, seal, settings
from models import company as companies
from models.company import Company
from models.contact import news
from models.contact.information import published
from models.contact.outages import live as outages
from models.exchange import transfers
from models.office import received
from models.people import passwords
from tests.engines import Engine, Ground, Postgres, Sqlite
from tests.page import Client

NOW = datetime(2026, 11, 20, 10)  # inside every channel's days but those of 23 to 26; local time of the company
BOTH = ("models", "tasks")  # folders whose tests run on both engines
ROOT = Path(__file__).resolve().parent.parent


# ---- one run, several workers


def pytest_configure(config: pytest.Config) -> None:
    passwords.cheap()
    seal.use(settings.DEMO_SECRET)
    hypothesis.settings.register_profile("suite", max_examples=100, deadline=None, print_blob=True)
    hypothesis.settings.load_profile("suite")
    shared = getattr(config, "workerinput", {}).get("ground")
    config.ground = Ground(Path(shared)) if shared else Ground.make()


def pytest_configure_node(node: Any) -> None:
    node.workerinput["ground"] = str(node.config.ground.folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and hasattr(config, "ground"):
        config.ground.remove()


# ---- databases


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine" in metafunc.fixturenames:
        metafunc.parametrize("engine", _engines(metafunc), indirect=True)


def _engines(metafunc: pytest.Metafunc) -> list[str]:
    """SQLite alone for views, both for models and tasks and where marked, Postgres alone where marked."""
    here = metafunc.definition
    if here.get_closest_marker("postgres"):
        return ["postgres"]
    if here.get_closest_marker("both") or Path(here.path).parent.name in BOTH:
        return ["sqlite", "postgres"]
    return ["sqlite"]


@pytest.fixture(scope="session")
def engines(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Engine]]:
    opened: dict[str, Engine] = _Opened(pytestconfig.ground, tmp_path_factory.mktemp("db"))
    yield opened
    for engine in opened.values():
        engine.close()


class _Opened(dict[str, Engine]):
    """The engines that some test has asked for."""

    def __init__(self, ground: Ground, folder: Path):
        super().__init__()
        self.ground, self.folder = ground, folder

    def __missing__(self, name: str) -> Engine:
        self[name] = Sqlite(self.folder) if name == "sqlite" else Postgres(self.ground.postgres())
        return self[name]


@pytest.fixture(scope="session", autouse=True)
def folders(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where files are kept; an application that a test makes has its own."""
    files.use(tmp_path_factory.mktemp("files"))
    transfers.use(tmp_path_factory.mktemp("exchange"))


@pytest.fixture
def engine(request: pytest.FixtureRequest, engines: dict[str, Engine]) -> Engine:
    """The kind of database of this test; `engine.fresh()` gives one more, with nothing in it."""
    return engines[request.param]


@pytest.fixture
def db(engine: Engine, at: Callable[[str], datetime]) -> Iterator[Database]:
    """The project's database with every table and no row, a connection open for the test's own thread."""
    database = engine.use()
    notices.assume(None)
    news.assume([])
    outages.assume([])
    published.assume_none()
    received.forget()
    with base.connection():
        yield database
    if not database.is_closed():
        database.close()


# ---- company and time


@pytest.fixture
def company(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Company:
    """Krasnoyarsk, or the one that `@pytest.mark.company("kaluga")` names."""
    mark = request.node.get_closest_marker("company")
    chosen = _company(mark.args[0] if mark else "krasnoyarsk")
    monkeypatch.setattr(companies, "_current", chosen)
    return chosen


_loaded: dict[str, Company] = {}


def _company(name: str) -> Company:
    if name not in _loaded:
        _loaded[name] = companies.find(name, ROOT / "companies")
    return _loaded[name]


@pytest.fixture
def at(company: Company, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], datetime]]:
    """Time stands at 10:00 of 20 November 2026 where the company is; `at("2026-11-24T09:00")` moves it."""
    monkeypatch.setattr(clock, "_offset", clock.timedelta(0))

    def move(wall: str) -> datetime:
        clock.freeze(clock.utc(datetime.fromisoformat(wall)))
        return clock.now()

    move(NOW.isoformat())
    yield move
    clock.unfreeze()


# ---- the application


@pytest.fixture(scope="session")
def apps() -> dict[tuple[str, str], Flask]:
    """Applications already made, by company and database: making one takes longer than most tests."""
    return {}


@pytest.fixture
def app(
    apps: dict[tuple[str, str], Flask],
    engine: Engine,
    db: Database,
    company: Company,
    tmp_path_factory: pytest.TempPathFactory,
) -> Flask:
    """The application as in demo, form tokens and all, over the test's database and company."""
    key = (company.code, engine.name)
    if key not in apps:
        apps[key] = _make_app(engine, company, tmp_path_factory.mktemp("var"))
        _restore(engine, company)
    return apps[key]


def _make_app(engine: Engine, company: Company, var: Path) -> Flask:
    from app import create_app

    given = {"KABINET_DATABASE_URL": engine.url, "KABINET_COMPANY": company.code, "KABINET_VAR_DIR": str(var)}
    return create_app(settings.read(given))


def _restore(engine: Engine, company: Company) -> None:
    """What create_app sets for the process, set back to what the test holds."""
    base.database.initialize(engine.database)
    companies.use(company)
    clock._offset = clock.timedelta(0)


@pytest.fixture
def client(app: Flask) -> Client:
    """A visitor's browser; `client.another()` is one more."""
    return Client(app)


# ---- browsers


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Playwright's Chromium: the system's, else the one it has downloaded. A test opens contexts of its own."""
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()
