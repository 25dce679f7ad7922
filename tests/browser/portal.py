"""A real portal for a browser: its server in a folder of its own, and households of the demo company that nobody uses yet."""

from __future__ import annotations

import csv
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
NOW = "2026-11-20T10:00"  # inside the web window of every company
PASSWORD = "svet-i-teplo"
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

    def household(self, zones: int | None = None) -> Household:
        """One that no test has had before, with a meter of so many zones."""
        found = next(h for h in self.households if h.account not in self.taken and zones in (None, h.zones))
        self.taken.add(found.account)
        return found


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
        yield Portal(company, url, _households(ROOT / "companies" / company))
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


def _households(folder: Path) -> list[Household]:
    meters, last = defaultdict(list), defaultdict(str)
    for row in _rows(folder / "meters.csv"):
        if not row["removed"] and row["service"] == "electricity":
            meters[row["account"]].append(row)
    for row in _rows(folder / "readings.csv"):
        if row["taken"] < NOW:
            last[row["serial"]] = max(last[row["serial"]], row["taken"])
    return [
        Household(row["account"], row["access_code"], int(own[0]["zones"]))
        for row in _rows(folder / "accounts.csv")
        if len(own := meters[row["account"]]) == 1
        and last[own[0]["serial"]].startswith("2026-10")
        and row["services"] in ("electricity", "electricity,repair")
        and not row["closed"]
        and not row["email"]
    ]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter=";"))
