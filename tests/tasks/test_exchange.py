"""The background's part of the exchange: one transfer after another, whatever breaks off in one of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from peewee import Database

from models import doctor
from models.exchange import decisions, handling, transfers
from models.exchange.transfers import Transfer
from models.metering.readings import Reading
from models.people.staff import Employee
from tasks import exchange, timetable
from tests import cast, paying
from tests.engines import Engine

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def clerk(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Employee:
    monkeypatch.setattr(transfers, "_folder", tmp_path / "exchange")
    return cast.employee("administrator")


def payments(clerk: Employee, account: str, count: int = 1) -> Transfer:
    lines = "".join(f"{account};2026-11-18;10;bank;{n}\n" for n in range(count))
    content = f"account;paid;amount;channel;document\n{lines}".encode()
    return transfers.receive(BytesIO(content), "p.csv", kind="payments", employee_id=clerk.id)


def state(transfer: Transfer) -> str:
    found = transfers.find(transfer.id)
    assert found is not None
    return str(found.state)


def test_it_is_in_the_timetable_and_has_a_bell() -> None:
    assert timetable.BELLS["handle_transfer"] is exchange.work
    assert exchange.work_all in [job for job, _ in timetable.JOBS]


def test_all_that_waits_is_seen_to(clerk: Employee) -> None:
    anna = cast.anna()
    given = [payments(clerk, anna.account.number) for _ in range(3)]
    assert exchange.work_all() == 3
    assert [state(one) for one in given] == ["checked"] * 3
    assert exchange.work_all() == 0


def test_one_that_breaks_off_does_not_stop_the_others_and_is_tried_again(
    clerk: Employee, monkeypatch: pytest.MonkeyPatch, at: Callable[[str], Any]
) -> None:
    anna = cast.anna()
    first, second = (payments(clerk, anna.account.number) for _ in range(2))
    whole = handling.read

    def read(transfer: Transfer, progress: Any = None) -> Any:
        if transfer.id == first.id:
            raise OSError("disk")
        return whole(transfer, progress)

    monkeypatch.setattr(handling, "read", read)
    exchange.work_all()
    assert (state(first), state(second)) == ("uploaded", "checked")
    monkeypatch.setattr(handling, "read", whole)
    assert exchange.work_all() == 0
    at("2026-11-20T10:02")
    exchange.work_all()
    assert state(first) == "checked"


def test_a_bell_for_nothing_does_nothing(clerk: Employee) -> None:
    exchange.work(10**6)
    assert not Transfer.select().exists()


_WORKER = """
import sys
from pathlib import Path
from models import base, clock, company
from models.exchange import handling, transfers
company.use(company.find("krasnoyarsk", Path("companies")))
base.database.initialize(base.connect(sys.argv[1]))
transfers.use(Path(sys.argv[2]))
with base.connection():
    print("begun", flush=True)
    handling.step(int(sys.argv[3]))
"""


def killed_after(given: Transfer, engine: Engine, wait: Callable[[], object]) -> None:
    """Let a process of its own work on the transfer, and end it at once after `wait`."""
    Transfer.update(claimed_until=None).where(Transfer.id == given.id).execute()
    command = [sys.executable, "-c", _WORKER, engine.url, str(transfers.folder()), str(given.id)]
    worker = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    assert worker.stdout is not None
    worker.stdout.readline()
    wait()
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait(30)


def test_a_load_in_parts_killed_in_the_middle_goes_on_there(clerk: Employee, engine: Engine) -> None:
    anna = cast.anna()
    assert anna.meter
    number, serial = anna.account.number, anna.meter.serial
    lines = "".join(f"{number};{serial};2026-11-15;web;{n};2720;replaced\n" for n in range(4000))
    content = f"account;serial;taken;channel;t1;t2;state\n{lines}".encode()
    given = transfers.receive(BytesIO(content), "r.csv", kind="readings", employee_id=clerk.id)
    exchange.work(given.id)
    decisions.ask(given.id, clerk.id)

    def stored() -> int:
        return Reading.select().where(Reading.loaded_by == given.id).count()

    def wait() -> None:
        until = time.monotonic() + 60
        while not stored() and time.monotonic() < until:
            time.sleep(0.01)

    killed_after(given, engine, wait)
    begun = stored()
    assert 0 < begun < 4000 and begun % 500 == 0 and state(given) == "loading"
    Transfer.update(claimed_until=None).where(Transfer.id == given.id).execute()
    exchange.work_all()
    done = transfers.find(given.id)
    assert done is not None and (done.state, done.counts["new"], stored()) == ("loaded", 4000, 4000)
    assert doctor.complaints() == []


def test_a_load_killed_in_the_middle_counts_nothing_and_is_done_whole_afterwards(
    clerk: Employee, engine: Engine, tmp_path: Path, at: Callable[[str], Any]
) -> None:
    anna = cast.anna()
    given = payments(clerk, anna.account.number, 4000)
    exchange.work(given.id)
    decisions.ask(given.id, clerk.id)
    decisions.approve(given.id, cast.employee("administrator", email="second@example.ru").id)
    for pause in (0.15, 0.4):
        at("2026-11-20T10:00")
        killed_after(given, engine, lambda pause=pause: time.sleep(pause))
        if state(given) == "loading":
            assert paying.credited(anna.account) == 0
    Transfer.update(claimed_until=None).where(Transfer.id == given.id).execute()
    exchange.work_all()
    assert state(given) == "loaded"
    assert paying.credited(anna.account) == 4_000_000
    assert doctor.complaints() == []
