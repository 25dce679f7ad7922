"""Senders killed in the middle of ten thousand letters: none is lost, and none goes twice but those at the moment of a kill."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from peewee import Database

from models import base, clock, outbox
from models.outbox import Message
from tests.engines import Engine
from tests.mail_peers import Peer, peer

pytestmark = [pytest.mark.feature("M14"), pytest.mark.both]
ROOT = Path(__file__).resolve().parents[2]
LEASE = 4.0  # seconds: what a killed sender had claimed is free again after them
SIZES = {"sqlite": (10_000, 40), "postgres": (2_000, 10)}  # letters, kills
PATIENCE = 240.0


class Senders:
    """One sender at a time, forked from a warm process."""

    def __init__(self, url: str, port: int):
        command = [sys.executable, "-m", "tests.faults.sender", url, str(port), str(LEASE)]
        self._warm = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._say("ready")

    def _say(self, expected: str = "") -> str:
        assert self._warm.stdout is not None
        said = self._warm.stdout.readline().strip()
        assert said and (not expected or said == expected), "the process that forks senders is gone"
        return said

    def start(self) -> int:
        assert self._warm.stdin is not None
        self._warm.stdin.write("one\n")
        self._warm.stdin.flush()
        return int(self._say())

    def close(self) -> None:
        self._warm.kill()
        self._warm.communicate()


@contextmanager
def senders(url: str, port: int) -> Iterator[Senders]:
    made = Senders(url, port)
    try:
        yield made
    finally:
        made.close()


def write(count: int) -> set[str]:
    """So many letters to fifty domains; their Message-IDs."""
    drafts = [outbox.messages.drafted("password_changed", f"a{n}@d{n % 50}.example", {}) for n in range(count)]
    with base.database.atomic():
        base.insert_rows(Message, drafts)
    return {draft["message_id"] for draft in drafts}


def finish(all_of: Any, until: float) -> None:
    """Senders one after another until nothing is left: what the killed ones held becomes free by and by."""
    left = Message.select().where(Message.state.in_((outbox.WAITING, outbox.SENDING)))
    while left.exists():
        assert time.monotonic() < until, Counter(one.state for one in Message.select())
        wait_for(all_of.start())
        time.sleep(0.2)


def wait_for(pid: int) -> None:
    while is_there(pid):
        time.sleep(0.05)


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def kill_in_the_middle(all_of: Senders, one: Peer, kills: int, chance: random.Random, until: float) -> int:
    """Start a sender, let it send some, kill it; so many times. How many were alive when they were killed."""
    done = 0
    for _ in range(kills):
        pid = all_of.start()
        enough = len(one.taken) + chance.randint(5, 150)
        while len(one.taken) < enough and is_there(pid) and time.monotonic() < until:
            time.sleep(0.001)
        time.sleep(chance.random() / 100)  # anywhere between two letters, not always right after one
        if is_there(pid):
            os.kill(pid, signal.SIGKILL)
            done += 1
        wait_for(pid)
    return done


def test_none_is_lost_and_few_go_twice(db: Database, engine: Engine) -> None:
    clock.unfreeze()
    count, kills = SIZES[engine.name]
    ids = write(count)
    until = time.monotonic() + PATIENCE
    with peer() as one, senders(engine.url, one.port) as all_of:
        done = kill_in_the_middle(all_of, one, kills, random.Random(14), until)
        finish(all_of, until)
    taken = Counter(one.ids)
    twice = sum(times - 1 for times in taken.values())
    print(f"{engine.name}: {count} letters, {done} kills, {twice} went twice")
    assert done == kills
    assert set(taken) == ids, "each letter has arrived, under the Message-ID it was written with"
    assert twice <= kills and max(taken.values()) <= 3
    assert Message.select().where(Message.state == outbox.SENT).count() == count


def test_none_goes_twice_without_kills(db: Database, engine: Engine) -> None:
    clock.unfreeze()
    ids = write(500)
    with peer() as one, senders(engine.url, one.port) as all_of:
        finish(all_of, time.monotonic() + PATIENCE)
    assert Counter(one.ids) == Counter(ids)
