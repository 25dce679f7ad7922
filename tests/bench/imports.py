"""Speed and memory of importing a readings file, beside csv.reader alone reading the same file."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import islice
from pathlib import Path

from models import periods
from tests.bench.house import NOW, ROOT, House
from tests.bench.table import Table

LINES, QUICK_LINES = 100_000, 5_000
MONTHS, MONTHLY = 36, 137  # months of readings an account, kWh a month
DIGITS = 6
COLUMNS = {
    "what": "what",
    "lines": "lines",
    "seconds": "s",
    "speed": "lines/s",
    "rss": "peak RSS MB",
    "ratio": "csv.reader is × faster",
}


def measure(home: House, *, quick: bool = False) -> Table:
    lines = QUICK_LINES if quick else LINES
    table = Table("imports", "Import of a readings file, each in a process of its own", COLUMNS)
    table.notes = [
        "Speed without start-up; peak RSS with it: «start-up alone» is the same process importing a file of one line."
    ]
    file = write(home, lines)
    runs = {
        "csv.reader alone": ("csv", file), "start-up alone": ("portal", _head(home, file, 1)), "import, new lines": ("portal", file),
        "import, the same again": ("portal", _head(home, file, lines // 5)),
    }  # fmt: skip
    base = 0.0
    for what, (how, path) in runs.items():
        found = _child(how, path)
        many = found["lines"] > 1
        speed = found["lines"] / found["seconds"]
        base = base or speed
        table.add(
            what=what, lines=found["lines"], seconds=round(found["seconds"], 2), speed=round(speed) if many else None,
            rss=round(found["rss"]), ratio=round(base / speed) if many else None,
        )  # fmt: skip
        if found["faults"]:
            table.errors.append(f"{what}: {found['faults']} faults")
    return table


def _head(home: House, file: Path, lines: int) -> Path:
    """The first lines of the file, as a file."""
    head = home.folder / f"first-{lines}.csv"
    with file.open(encoding="utf-8") as source:
        head.write_text("".join(islice(source, lines + 1)), encoding="utf-8")
    return head


def write(home: House, lines: int) -> Path:
    """The readings file, its accounts and meters imported already; ordered by month, as a billing system gives it."""
    count = -(-lines // MONTHS)
    _table(
        home, "accounts", "account;last_name;first_name;settlement;street;house;dwelling;persons;area_m2;services;access_code;opened",
        [f"{number(i)};Проба;Анна;г. Красноярск;ул. Мира;{i};urban;2;54.3;electricity;{10_000_000 + i};2015-01-01" for i in range(count)],
    )  # fmt: skip
    _table(
        home, "meters", "account;serial;service;model;zones;digits;installed;initial_t1;verification_due",
        [f"{number(i)};{serial(i)};electricity;Меркурий 201;1;{DIGITS};2015-01-01;0;2035-01-01" for i in range(count)],
    )  # fmt: skip
    file = home.folder / "readings.csv"
    with file.open("w", encoding="utf-8") as out:
        out.write("account;serial;taken;channel;t1;state\n")
        for written in range(lines):
            month, i = divmod(written, count)
            out.write(
                f"{number(i)};{serial(i)};{periods.shift(NOW[:7], month - MONTHS)}-{8 + i % 18:02};web;{dial(i, month)};accepted\n"
            )
    return file


def number(i: int) -> str:
    return f"9{i:011}"


def serial(i: int) -> str:
    return f"B{i:08}"


def dial(i: int, month: int) -> int:
    """What the meter shows in the n-th month of the file."""
    return 1000 + i % 500 + (month + 1) * MONTHLY


def _table(home: House, kind: str, header: str, lines: list[str]) -> None:
    file = home.folder / f"{kind}.csv"
    file.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    home.run("import", kind, str(file))


def _child(how: str, file: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.child", how, str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return dict(json.loads(done.stdout.splitlines()[-1]))
