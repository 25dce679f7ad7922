"""The process that has a stranger's file in its hands: `child.py ROOT picture|pdf SOURCE TARGET`.

Ends with 0 and the file written, or with 3 and why it is not taken.
"""

from __future__ import annotations

import os
import resource
import sys

MEMORY = 700 * 1024 * 1024  # bytes of addresses, the interpreter's own included
SECONDS = 5  # of the processor
LARGEST_MADE = 20 * 1024 * 1024
UNFIT = 3


def main(root: str, what: str, source: str, target: str) -> int:
    _be_small()
    sys.path.insert(0, root)
    from models.file_check import pdf, pictures

    make = pictures.remake if what == "picture" else pdf.look
    try:
        with open(source, "rb") as given, open(target, "wb") as made:
            make(given, made)
            made.flush()
            os.fsync(made.fileno())
    except pictures.Unfit as unfit:
        print(unfit)
        return UNFIT
    except MemoryError:
        print("large")
        return UNFIT
    return 0


def _be_small() -> None:
    """Little memory, little time, behind everybody else."""
    os.nice(15)
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, LARGEST_MADE),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
