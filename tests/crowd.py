"""Many at once: threads that start together, each with a connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from models import base


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    """What `work(0)` … `work(count - 1)` gave, or the exceptions they raised, run by threads that wait for each other first."""
    start = threading.Barrier(count)
    done: list[Any] = [None] * count

    def run(i: int) -> None:
        try:
            with base.connection():
                start.wait(10)
                done[i] = work(i)
        except Exception as error:  # the test looks at what became of each
            done[i] = error

    threads = [threading.Thread(target=run, args=(i,), daemon=True) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads), "a thread hangs"
    return done
