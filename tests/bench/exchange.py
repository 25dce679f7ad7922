"""Large files through the office's exchange: speed, memory, and how long others who write meanwhile must wait."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from peewee import OperationalError

from models import base, limits
from tests.bench import imports
from tests.bench.house import ROOT, House
from tests.bench.table import Table

LINES, QUICK_LINES = 1_000_000, 10_000
PAYMENTS, QUICK_PAYMENTS = 100_000, 2_000
MOST_MEMORY = 200  # MB of the worker's process
COLUMNS = {
    "what": "what",
    "lines": "lines",
    "seconds": "s",
    "speed": "lines/s",
    "rss": "peak RSS MB",
    "median": "others' writes, median ms",
    "longest": "longest ms",
}


def measure(home: House, *, quick: bool = False) -> Table:
    lines, many = (QUICK_LINES, QUICK_PAYMENTS) if quick else (LINES, PAYMENTS)
    table = Table("exchange", f"Files through the exchange; the bound of memory is {MOST_MEMORY} MB", COLUMNS)
    table.notes = [
        "«Others» write a row every 20 ms meanwhile and wait for their turn. Money is one transaction, all else one a batch.",
        "A load of readings checks the file once more before.",
    ]
    readings = imports.write(home, lines)
    payments = _payments(home, many, -(-lines // imports.MONTHS))
    register = _register(home, many, -(-lines // imports.MONTHS))
    for what, how, file in (
        ("readings, check", "check-readings", readings),
        ("readings, load", "load-readings", readings),
        ("payments, check", "check-payments", payments),
        ("payments, load", "load-payments", payments),
        ("payments, undo", "undo-payments", payments),
        ("register, load", "load-register", register),
        ("readings, export", "export-readings", readings),
    ):
        found, waits = _child(how, file)
        table.add(
            what=what, lines=found["lines"], seconds=round(found["seconds"], 1), speed=round(found["lines"] / found["seconds"]),
            rss=round(found["rss"]), median=round(waits[len(waits) // 2] * 1000, 1), longest=round(waits[-1] * 1000),
        )  # fmt: skip
        if found["faults"]:
            table.errors.append(f"{what}: {found['faults']} faults")
        if found["rss"] > MOST_MEMORY:
            table.errors.append(f"{what}: {found['rss']:.0f} MB")
    return table


def _payments(home: House, count: int, accounts: int) -> Path:
    file = home.folder / "payments.csv"
    with file.open("w", encoding="utf-8") as out:
        out.write("account;paid;amount;channel;document\n")
        for n in range(count):
            out.write(
                f"{imports.number(n * 7919 % accounts)};2026-11-{1 + n % 18:02};{500 + n % 3000},{n % 100:02};bank;D{n}\n"
            )
    return file


def _register(home: House, count: int, accounts: int) -> Path:
    file, total = home.folder / "register.txt", 0
    with file.open("w", encoding="cp1251", newline="") as out:
        for n in range(count):
            kopecks = 50_000 + n % 300_000
            total += kopecks
            rubles = f"{kopecks // 100},{kopecks % 100:02}"
            number = imports.number(n * 7919 % accounts)
            out.write(
                f"18-11-2026;12-00-00;8622;9044;R{n};{number};Проба Анна;ул. Мира;1026;{rubles};{rubles};0,00\r\n"
            )
        rubles = f"{total // 100},{total % 100:02}"
        out.write(f"={count};{rubles};{rubles};0,00;1;18-11-2026\r\n")
    return file


def _child(how: str, file: Path) -> tuple[dict[str, float], list[float]]:
    """What the worker's process tells, and how long each write of ours took meanwhile, in order of length."""
    command = [sys.executable, "-m", "tests.bench.exchange_child", how, str(file)]
    waits = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        with base.connection():
            while child.poll() is None:
                began = time.perf_counter()
                _write()
                waits.append(time.perf_counter() - began)
                time.sleep(0.02)
        out, error = child.communicate()
    if child.returncode:
        raise SystemExit(error)
    return dict(json.loads(out.splitlines()[-1])), sorted(waits)


def _write() -> None:
    """One small write; whoever waits too long for it tries again, as a browser's user would."""
    while True:
        try:
            limits.hit("bench", "exchange", 60)
            return
        except OperationalError:
            continue
