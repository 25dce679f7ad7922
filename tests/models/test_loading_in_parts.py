"""A load in parts: others write meanwhile, a broken one goes on where it stopped, nothing is stored twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from models import base, doctor
from models.base import Refusal
from models.exchange import decisions, handling, imports, transfers
from models.exchange.transfers import Transfer
from models.metering.readings import Reading
from tests import cast
from tests.models.test_transfers import READINGS, Send, _write, anna, done, people, send

__all__ = ["anna", "people", "send"]  # fixtures
LINES = 9


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "BATCH", 2)
    monkeypatch.setattr(imports, "_TURN", 0)


@pytest.fixture
def asked(send: Send, anna: cast.Person, people: Any) -> Transfer:
    """A checked file of readings that is to be loaded: five batches."""
    assert anna.meter
    Reading.delete().where(Reading.meter == anna.meter.id).execute()
    text = "".join(
        f"{anna.account.number};{anna.meter.serial};2026-{month:02}-15;inspector;{6000 + month};{2000 + month};accepted\n"
        for month in range(1, LINES + 1)
    )
    checked = send("readings", READINGS + text)
    decisions.ask(checked.id, people[0].id)
    return checked


def break_after(batches: int, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let the worker die in the middle of the batch after so many; gives what mends it."""
    load, begun = imports._Batch.load, [0]

    def dying(self: Any, kind: Any, counts: Any) -> None:
        load(self, kind, counts)
        if counts.loaded_by:
            begun[0] += 1
            if begun[0] > batches:
                raise OSError("killed")

    monkeypatch.setattr(imports._Batch, "load", dying)
    return lambda: monkeypatch.setattr(imports._Batch, "load", load)


def stored() -> int:
    return Reading.select().where(Reading.channel == "inspector").count()


def free(transfer: Transfer) -> None:
    Transfer.update(claimed_until=None).where(Transfer.id == transfer.id).execute()


def test_what_breaks_off_between_parts_is_finished_and_nothing_is_twice(
    asked: Transfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    mend = break_after(2, monkeypatch)
    with pytest.raises(OSError, match="killed"):
        handling.step(asked.id)
    half = transfers.find(asked.id)
    assert half is not None
    assert (half.state, half.counts["new"], half.tries, stored()) == ("loading", 4, 0, 4)
    mend()
    free(asked)
    there = done(asked)
    assert (there.state, there.counts["read"], there.counts["new"], there.counts["same"]) == ("loaded", LINES, LINES, 0)
    assert stored() == LINES
    assert {one.loaded_by for one in Reading.select().where(Reading.channel == "inspector")} == {asked.id}
    assert doctor.complaints() == []


def test_a_worker_that_was_overtaken_stores_nothing_more(asked: Transfer, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = transfers.claim(asked.id)
    assert slow is not None
    mend = break_after(1, monkeypatch)
    free(asked)
    with pytest.raises(OSError, match="killed"):
        handling.step(asked.id)
    mend()
    with pytest.raises(transfers.Lost):
        handling._load(slow)
    assert stored() == 2
    free(asked)
    assert done(asked).counts["new"] == LINES


def test_two_workers_at_once_store_each_line_once(asked: Transfer) -> None:
    both = [transfers.find(asked.id) for _ in range(2)]
    barrier, lost = threading.Barrier(2), []

    def work(transfer: Any) -> None:
        with base.connection():
            barrier.wait()
            try:
                handling._load(transfer)
            except transfers.Lost:
                lost.append(transfer)

    threads = [threading.Thread(target=work, args=(one,)) for one in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if len(lost) == 2:  # each overtook the other once
        free(asked)
        handling.step(asked.id)
    found = transfers.find(asked.id)
    assert found is not None and (found.state, found.counts["new"], stored()) == ("loaded", LINES, LINES)
    assert lost


def test_faults_that_came_up_while_the_file_waited_stop_it_whole(asked: Transfer, anna: cast.Person) -> None:
    assert anna.meter
    anna.meter.installed = "2026-03-01"
    anna.meter.save()
    back = done(asked)
    assert (back.state, back.counts["bad"], stored()) == ("checked", 2, 0)
    assert "Не загружено ничего" in back.reason


def test_faults_that_come_up_between_parts_are_told_and_the_rest_is_loaded(
    asked: Transfer, anna: cast.Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    mend = break_after(2, monkeypatch)
    with pytest.raises(OSError, match="killed"):
        handling.step(asked.id)
    mend()
    assert anna.meter
    anna.meter.removed, anna.meter.final_t1, anna.meter.final_t2 = "2026-08-31", 7000, 3000
    anna.meter.save()
    free(asked)
    there = done(asked)
    assert (there.state, there.counts["new"], there.counts["bad"], stored()) == ("loaded", 8, 1, 8)
    assert "строки с ошибками не загружены" in there.reason
    assert there.faults == [[10, "taken", "в этот день счётчик не стоял"]]


def test_a_load_begun_is_not_put_aside_and_can_be_finished(
    asked: Transfer, people: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mend = break_after(2, monkeypatch)
    with pytest.raises(OSError, match="killed"):
        handling.step(asked.id)
    mend()
    Transfer.update(tries=transfers.MOST_TRIES, claimed_until=None).where(Transfer.id == asked.id).execute()
    failed = done(asked)
    assert (failed.state, "Строки до 5-й уже загружены" in failed.reason) == ("failed", True)
    with pytest.raises(Refusal) as refusal:
        decisions.drop(asked.id)
    assert refusal.value.problems[0].rule == "transfer.begun"
    decisions.check_again(asked.id)
    assert (done(asked).counts["new"], done(asked).counts["same"]) == (LINES - 4, 4)
    decisions.ask(asked.id, people[0].id)
    assert done(asked).state == "loaded"
    decisions.ask_undo(asked.id, people[0].id, "не тот обход")
    assert done(asked).counts["undone"] == LINES


def test_others_write_between_the_parts_of_a_load(asked: Transfer, monkeypatch: pytest.MonkeyPatch) -> None:
    if not base.is_sqlite():
        pytest.skip("only SQLite has one writer")
    written: list[bool] = []

    def turn(seconds: float) -> None:
        if not written:
            thread = threading.Thread(target=_write, args=(written,))
            thread.start()
            thread.join(5)
            assert written == [True]

    Transfer.update(keep_good=True).where(Transfer.id == asked.id).execute()  # no check before the load
    monkeypatch.setattr(imports.time, "sleep", turn)
    assert done(asked).state == "loaded"
    assert written and all(written)
