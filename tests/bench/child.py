"""One reading of a file in a process of its own: `python -m tests.bench.child csv|portal FILE` tells lines, seconds and memory.

Nothing of the portal is imported at the top: csv.reader alone shall weigh what it weighs.
"""

from __future__ import annotations

import csv
import json
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

STATUS = Path("/proc/self/status")


def main(how: str, file: Path) -> None:
    work = {"csv": plain, "portal": portal}[how](file)
    next(work)
    began = time.perf_counter()
    lines, faults = next(work)
    seconds = time.perf_counter() - began
    print(json.dumps({"lines": lines, "faults": faults, "seconds": seconds, "rss": peak()}))


def peak() -> float:
    """The most memory this process has held, MB. Linux carries ru_maxrss over from the parent, so its own status is asked first."""
    if STATUS.exists():
        line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / (1024 if sys.platform == "darwin" else 1)


def plain(file: Path) -> Iterator[tuple[int, int]]:
    """csv.reader with nothing done to the lines. First yield: ready; second: lines and faults."""
    yield 0, 0
    with file.open(encoding="utf-8", newline="") as text:
        yield sum(1 for _ in csv.reader(text, delimiter=";")) - 1, 0


def portal(file: Path) -> Iterator[tuple[int, int]]:
    """The portal's import into the database of the environment."""
    from app import create_app
    from models import base
    from models.exchange import imports

    create_app()
    with base.connection():
        yield 0, 0
        counts = imports.load("readings", file)
        yield counts.read, len(counts.faults)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
