"""A real portal for a browser: its server in a folder of its own, and households of the demo company that nobody uses yet."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
NOW = "2026-11-20T10:00"  # inside the web window of every company
PASSWORD = "svet-i-teplo"
SHARED = 3
STARTS_IN = 60  # seconds: migrations and the demo company included


class Household(NamedTuple):
    """An account of the demo company with one meter, read in October and not yet in November."""

    account: str
    access_code: str
    zones: int


@dataclass
class Portal:
    company: str
    url: str
    households: list[Household]
    taken: set[str] = field(default_factory=set)
    turn: Iterator[int] = field(default_factory=itertools.count)

    def household(self, zones: int | None = None) -> Household:
        """One that no test has had before, with a meter of so many zones."""
        found = next(one for one in self._free() if zones in (None, one.zones))
        self.taken.add(found.account)
        return found

    def shared(self) -> Household:
        """One for tests that pass no readings, of a few by turns: each allows ten tries of its secret an hour."""
        return self.households[-1 - next(self.turn) % SHARED]

    def _free(self) -> list[Household]:
        """Those of one zone first: tests that need two zones find theirs."""
        free = [one for one in self.households[:-SHARED] if one.account not in self.taken]
        return sorted(free, key=lambda one: one.zones)


@contextmanager
def served(company: str, folder: Path) -> Iterator[Portal]:
    """The portal as `flask serve` starts it, with the demo company; ended with all its processes."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("KABINET_")}
    environ |= {"KABINET_VAR_DIR": str(folder), "KABINET_COMPANY": company, "KABINET_NOW": NOW, "KABINET_PUBLIC_URL": url}
    command = [sys.executable, "-m", "flask", "--app", "app", "serve", "--port", str(port), "--workers", "1"]
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log, start_new_session=True)
    try:
        _await(server, url, folder / "server.log")
        yield Portal(company, url, _households(folder / "kabinet.db"))
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


def _households(database: Path) -> list[Household]:
    """Read from the portal's own database: which neighbours the demo lets pass readings this month is its own affair."""
    query = """
        SELECT account.number, account.access_code, max(meter.zones) FROM account JOIN meter ON meter.account_id = account.id
        LEFT JOIN reading ON reading.meter_id = meter.id AND reading.period = ?
        WHERE meter.removed IS NULL AND meter.service = 'electricity' AND account.closed IS NULL
            AND NOT EXISTS (SELECT 1 FROM holding WHERE holding.account_id = account.id)
            AND EXISTS (SELECT 1 FROM reading before WHERE before.meter_id = meter.id AND before.period = ?)
        GROUP BY account.id HAVING count(DISTINCT meter.id) = 1 AND count(reading.id) = 0 ORDER BY account.number
    """
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
        return [Household(*row) for row in opened.execute(query, (NOW[:7], "2026-10"))]
