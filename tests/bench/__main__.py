"""`make bench`: figures beside their controls and budgets, measured in one run; a table here, JSON in build/bench.json."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.bench import (
    billing,
    exchange,
    finding,
    house,
    imports,
    inbox,
    loads,
    mailing,
    mistakes,
    pages,
    paperforms,
    papers,
    slow,
)
from tests.bench.house import ROOT, House
from tests.bench.table import Table

ROWS = (
    "pages",
    "slow",
    "imports",
    "loads",
    "mistakes",
    "papers",
    "billing",
    "exchange",
    "paperforms",
    "finding",
    "inbox",
    "mailing",
)


def main() -> int:
    """The exit code: 1 when an answer was wrong; a budget missed is only said."""
    chosen = _arguments()
    tables: list[Table] = []
    began = time.monotonic()
    with house.house(chosen.port) as home:
        for name in ROWS:
            if name in chosen.rows:
                tables.append(_timed(name, lambda name=name: _measure(name, home, chosen.quick)))
    took = time.monotonic() - began
    _write(chosen.out, tables, took)
    wrong = [error for table in tables for error in table.errors]
    print(f"{took:.0f} s; {chosen.out}{'; ERRORS: ' + str(len(wrong)) if wrong else ''}")
    return 1 if wrong else 0


def _arguments() -> Any:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("rows", nargs="*", help=f"which of {', '.join(ROWS)}; all by default")
    parser.add_argument(
        "--quick", action="store_true", help="a smoke run: short rounds, small files; its figures mean little"
    )
    parser.add_argument("--port", type=int, default=8030, help="the first of three free ports on loopback")
    parser.add_argument("--out", default=str(ROOT / "build" / "bench.json"))
    chosen = parser.parse_args()
    chosen.rows = chosen.rows or list(ROWS)
    if unknown := set(chosen.rows) - set(ROWS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    return chosen


def _measure(name: str, home: House, quick: bool) -> Table:
    if name == "mistakes":
        return mistakes.measure(quick=quick)
    if name == "papers":
        return papers.measure(quick=quick)
    if name == "billing":
        return billing.measure(quick=quick)
    if name == "mailing":
        return mailing.measure(home.port, quick=quick)
    if name == "finding":
        return finding.measure(quick=quick)
    if name == "inbox":
        return inbox.measure(quick=quick)
    if name == "imports":
        return imports.measure(home, quick=quick)
    if name == "exchange":
        return exchange.measure(home, quick=quick)
    with home.served() as session:
        if name == "loads":
            return loads.measure(home, session, quick=quick)
        if name == "paperforms":
            return paperforms.measure(home, quick=quick)
        visitor = house.anna(home.app)
        return pages.measure(home, visitor) if name == "pages" else slow.measure(home, visitor, quick=quick)


def _timed(name: str, work: Callable[[], Table]) -> Table:
    began = time.monotonic()
    table = work()
    print(table.text(), f"  ({time.monotonic() - began:.0f} s)\n", sep="\n", flush=True)
    return table


def _write(out: str, tables: list[Table], took: float) -> None:
    os.makedirs(os.path.dirname(out) or ".", exist_ok=True)
    machine = {
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": os.getloadavg(),
    }
    found = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "seconds": round(took), "machine": machine}
    with open(out, "w", encoding="utf-8") as file:
        json.dump(
            {**found, "tables": {table.name: table.data() for table in tables}}, file, ensure_ascii=False, indent=1
        )


if __name__ == "__main__":
    sys.exit(main())
