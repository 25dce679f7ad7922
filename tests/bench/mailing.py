"""A mailing of e-receipts with their PDFs by two workers to a mail server on loopback, beside a loop that sends the same bytes; and what
customers wait for a page meanwhile.

`python -m tests.bench.mailing LETTERS [PORT]` is that row alone, of so many letters.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from tests.bench.house import ROOT, _process
from tests.bench.table import Table

LETTERS, QUICK_LETTERS = 100_000, 2_000
WORKERS = 2
AIM = 150  # letters a second and a core
MOST_MEMORY = 200  # MB of a worker
IDLE, QUICK_IDLE = 30.0, 5.0  # seconds
PAUSE = 0.05  # between two pages, on average
NOW = "2026-11-03T12:00"
COLUMNS = {
    "what": "what", "count": "letters", "seconds": "s", "speed": "letters/s", "each": "CPU ms each", "rss": "peak RSS MB",
    "p50": "page p50 ms", "p99": "p99 ms", "longest": "longest ms",
}  # fmt: skip


def measure(port: int, *, quick: bool = False, letters: int = 0) -> Table:
    count = letters or (QUICK_LETTERS if quick else LETTERS)
    table = Table("mailing", f"{count:,} e-receipts with PDFs by {WORKERS} workers on this machine, SQLite", COLUMNS)
    with tempfile.TemporaryDirectory(prefix="kabinet-mailing-") as name, _sink(port + 2) as sink:
        table.notes = [
            f"The mail server is {sink}. The control is a loop in each of {WORKERS} processes that sends one ready letter over and over.",
            "CPU is that of the portal's own processes; «the bills alone» is what of it goes into the PDFs, with their reads.",
            "Page: the home page of a customer, some twelve times a second, from two web processes on the same cores.",
        ]
        with _environ(Path(name), port):
            _all(table, Path(name), port, count, QUICK_IDLE if count <= QUICK_LETTERS else IDLE)
    return table


def _all(table: Table, folder: Path, port: int, count: int, idle: float) -> None:
    made = _told("prepare", str(count), str(folder))
    bare = _together([_child("bare", str(max(500, count // 20))) for _ in range(WORKERS)])
    drawn = _together([_child("draw", str(max(200, count // 20))) for _ in range(WORKERS)])
    web = [
        sys.executable, "-m", "gunicorn", "app:create_app()", "--bind", f"127.0.0.1:{port}", "--workers", "2",
        "--worker-class", "gthread", "--threads", "4", "--no-control-socket", "--log-level", "warning",
    ]  # fmt: skip
    with _process(web, port):
        before = _pages(port, made, lambda: time.sleep(idle))
        written: list[dict[str, Any]] = []
        during_writing = _pages(port, made, lambda: written.append(_told("write", str(made["mailing"]))))
        sent: list[dict[str, Any]] = []
        during = _pages(port, made, lambda: sent.append(_together([_child("send") for _ in range(WORKERS)])))
    _row(table, "the same bytes, no work", bare)
    _row(table, "the bills alone, nothing sent", drawn)
    table.add(what="nobody sends", **_waits(before))
    _row(table, "written into the outbox", written[0], during_writing)
    _row(table, "sent by both workers", sent[0], during)
    _judge(table, folder, made["bills"], written[0], sent[0])


def _row(table: Table, what: str, found: Mapping[str, Any], waits: list[float] | None = None) -> None:
    table.add(
        what=what, count=found["letters"], seconds=round(found["seconds"], 1), speed=round(found["letters"] / found["seconds"]),
        each=round(found["cpu"] / found["letters"] * 1000, 2), rss=round(found["rss"]), **(_waits(waits) if waits else {}),
    )  # fmt: skip


def _judge(table: Table, folder: Path, bills: int, written: Mapping[str, Any], sent: Mapping[str, Any]) -> None:
    if (written["letters"], sent["letters"]) != (bills, bills):
        table.errors.append(f"{bills} bills, {written['letters']} letters written, {sent['letters']} taken")
    if states := _told("states", str(folder)):
        table.errors += [f"{state}: {count} letters" for state, count in states.items() if state != "sent"]
    speed = sent["letters"] / sent["seconds"]
    if speed < AIM * WORKERS:
        table.misses.append(f"{speed:.0f} letters a second, the aim is {AIM} a core")
    if sent["rss"] > MOST_MEMORY:
        table.misses.append(f"a worker held {sent['rss']:.0f} MB, the bound is {MOST_MEMORY}")


# ---- processes


@contextmanager
def _environ(folder: Path, port: int) -> Iterator[None]:
    """The settings of all processes; what the bench had before comes back."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("KABINET_")]:
        del os.environ[name]
    os.environ.update(
        KABINET_DATABASE_URL=f"sqlite:///{folder}/bench.db",
        KABINET_VAR_DIR=str(folder),
        KABINET_NOW=NOW,
        KABINET_PUBLIC_URL=f"http://127.0.0.1:{port}",
        KABINET_SMTP_URL=f"smtp://127.0.0.1:{port + 2}?tls=never",
    )
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _child(*words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.bench.mailing_child", *words]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _told(*words: str) -> dict[str, Any]:
    return _answer(_child(*words))


def _answer(child: subprocess.Popen[str]) -> dict[str, Any]:
    out, error = child.communicate()
    if child.returncode:
        raise SystemExit(error)
    return dict(json.loads(out.splitlines()[-1]))


def _together(children: list[subprocess.Popen[str]]) -> dict[str, Any]:
    """Both workers as one: letters and CPU added up, the longer time, the larger memory."""
    found = [_answer(child) for child in children]
    return {
        "letters": sum(one["letters"] for one in found),
        "cpu": sum(one["cpu"] for one in found),
        "seconds": max(one["ended"] for one in found) - min(one["began"] for one in found),
        "rss": max(one["rss"] for one in found),
    }


@contextmanager
def _sink(port: int) -> Iterator[str]:
    """A mail server that takes everything and keeps nothing: Postfix's where it is installed, else one of our own."""
    path = shutil.which("smtp-sink", path=os.environ.get("PATH", "") + ":/usr/sbin")
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    own = [sys.executable, "-m", "tests.bench.mailing_child", "sink", str(port)]
    command = [path, *user, f"127.0.0.1:{port}", "100"] if path else own
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            time.sleep(1)
            yield "Postfix's smtp-sink" if path else "a bare one in asyncio: smtp-sink is not installed"
        finally:
            server.terminate()


# ---- pages


def _pages(port: int, made: Mapping[str, Any], work: Any) -> list[float]:
    """How long the home page took, again and again while `work` runs; seconds, in order of length."""
    waits: list[float] = []
    wrong: list[int] = []
    over = threading.Event()
    asking = threading.Thread(target=_ask, args=(port, made, waits, wrong, over))
    asking.start()
    try:
        work()
    finally:
        over.set()
        asking.join()
    if wrong or not waits:
        raise SystemExit(f"the home page answered {wrong}")
    return sorted(waits)


def _ask(port: int, made: Mapping[str, Any], waits: list[float], wrong: list[int], over: threading.Event) -> None:
    dice = random.Random(port)
    line = http.client.HTTPConnection(urlsplit(f"http://127.0.0.1:{port}").netloc, timeout=30)
    while not over.wait(dice.expovariate(1 / PAUSE)):
        began = time.perf_counter()
        line.request("GET", f"/accounts/{made['account']}/", headers={"Cookie": made["cookie"]})
        answer = line.getresponse()
        answer.read()
        waits.append(time.perf_counter() - began)
        if answer.status != 200:
            wrong.append(answer.status)


def _waits(waits: list[float]) -> dict[str, float]:
    last = waits[min(len(waits) - 1, len(waits) * 99 // 100)]
    return {"p50": round(median(waits) * 1000, 1), "p99": round(last * 1000, 1), "longest": round(waits[-1] * 1000)}


if __name__ == "__main__":
    print(measure(int(sys.argv[2]) if len(sys.argv) > 2 else 8030, letters=int(sys.argv[1])).text())
