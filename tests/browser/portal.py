"""A real portal for a browser: its server in a folder of its own, and a household for each test that needs one."""

from __future__ import annotations

import csv
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
NOW = "2026-11-20T10:00"  # inside the web window of every company
PASSWORD = "svet-i-teplo"
BOUNCE_KEY = "a-key-of-the-mail-provider"
FLATS = 240  # more than tests ask for, should one process get nearly all of them
TWO_FROM = 3  # letters of a mailing that needs two employees: the demo has so many customers
PREFIXES = {"krasnoyarsk": "2490", "kaluga": "4090", "koryak": "4190", "irkutsk": "ИНЗБ39"}  # after all the demo's own
STARTS_IN = 120  # seconds: migrations and the demo company included


class Household(NamedTuple):
    """An account with one meter of two zones, read each month up to October and not yet in November."""

    account: str
    access_code: str


@dataclass
class Portal:
    company: str
    url: str
    households: Iterator[Household]
    database: Path

    def household(self) -> Household:
        """One that no test has had before. All newcomers come from one address: what it has tried so far is forgotten."""
        with closing(sqlite3.connect(self.database, timeout=10)) as database, database:
            database.execute("DELETE FROM hit")
        return next(self.households)


@contextmanager
def served(company: str, folder: Path) -> Iterator[Portal]:
    """The portal as `flask serve` starts it, with the demo company; ended with all its processes."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("KABINET_")}
    households = build(company, folder)
    environ |= {
        "KABINET_COMPANY": company,
        "KABINET_COMPANIES_DIR": str(folder),
        "KABINET_VAR_DIR": str(folder / "var"),
    }
    environ |= {"KABINET_NOW": NOW, "KABINET_PUBLIC_URL": url, "KABINET_BOUNCE_KEY": BOUNCE_KEY}
    command = [sys.executable, "-m", "flask", "--app", "app", "serve", "--port", str(port), "--workers", "1"]
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log, start_new_session=True)
    try:
        _await(server, url, folder / "server.log")
        yield Portal(company, url, iter(households), folder / "var" / "kabinet.db")
    finally:
        _end(server)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + STARTS_IN
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the server did not start:\n{log.read_text()}")


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(15)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def build(company: str, folder: Path) -> list[Household]:
    """A copy of the company's folder, with a new house in its demo files: a flat for each test that passes readings."""
    home = Path(shutil.copytree(ROOT / "companies" / company, folder / company))
    rules = home / "company.toml"
    rules.write_text(re.sub(r"(?m)^two_from = \d+$", f"two_from = {TWO_FROM}", rules.read_text("utf-8")), "utf-8")
    first = {name: _first_row(home / f"{name}.csv") for name in ("accounts", "meters", "readings")}
    length = len(first["accounts"]["account"])
    built = []
    for flat in range(FLATS):
        account = PREFIXES[company] + f"{flat:0{length - len(PREFIXES[company])}}"
        built.append(Household(account, f"7{flat:07}"))
        about = {
            "account": account,
            "access_code": built[-1].access_code,
            "flat": str(flat),
            "email": "",
            "phone": "",
            "closed": "",
        }
        _add(home / "accounts.csv", first["accounts"] | about | {"services": "electricity"})
        meter = {
            "account": account,
            "serial": f"5{flat:07}",
            "service": "electricity",
            "zones": "2",
            "digits": "5",
            "ratio": "1",
        }
        meter |= {"installed": "2020-01-15", "removed": "", "initial_t1": "1000", "initial_t2": "500", "initial_t3": ""}
        _add(home / "meters.csv", first["meters"] | meter)
        for month in range(1, 11):
            taken = {"account": account, "serial": meter["serial"], "taken": f"2026-{month:02}-15", "channel": "web"}
            dial = {
                "t1": str(10_000 + 140 * month),
                "t2": str(5_000 + 60 * month),
                "t3": "",
                "state": "accepted",
                "reason": "",
            }
            _add(home / "readings.csv", first["readings"] | taken | dial)
    return built


def _first_row(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8", newline="") as lines:
        return next(csv.DictReader(lines, delimiter=";"))


def _add(path: Path, row: dict[str, str]) -> None:
    with path.open("a", encoding="utf-8", newline="") as lines:
        csv.DictWriter(lines, row, delimiter=";", lineterminator="\n").writerow(row)
