"""The virus scanner: its protocol, what becomes of a file that waits, is clean, is infected."""

from __future__ import annotations

import io
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from peewee import Database

from models import audit, clock, files, settings
from models.base import Refusal, database
from models.files import StoredFile
from tasks import files as job
from tasks import timetable
from tasks.gateways.clamav import NoVerdict, Scanner, Silent
from tests.upload_corpus import EICAR

CLEAN = b"%PDF-1.7\nclean %%EOF"
INFECTED = b"%PDF-1.7\n" + EICAR + b"%%EOF"


@dataclass
class Daemon:
    """Speaks INSTREAM on loopback; `answer` overrules what it would say."""

    server: socket.socket
    answer: bytes | None = None
    asked: list[bytes] = field(default_factory=list)

    def work(self) -> None:
        while True:
            try:
                line, _ = self.server.accept()
            except OSError:
                return
            with line, line.makefile("rb") as words:
                if words.read(10) != b"zINSTREAM\0":
                    return
                body = b""
                while size := struct.unpack(">I", words.read(4))[0]:
                    body += words.read(size)
                self.asked.append(body)
                found = b"stream: Eicar-Test-Signature FOUND\0" if EICAR in body else b"stream: OK\0"
                line.sendall(found if self.answer is None else self.answer)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "clamd"))
    server.listen()
    made = Daemon(server)
    threading.Thread(target=made.work, daemon=True).start()
    yield made
    server.shutdown(socket.SHUT_RDWR)
    server.close()


@pytest.fixture
def scanned(db: Database, daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    """A portal with the scanner."""
    for module, name in ((files, "_folder"), (files, "_is_scanned"), (job, "_scanner")):
        monkeypatch.setattr(module, name, getattr(module, name))
    job.use(settings.read({"KABINET_VAR_DIR": str(tmp_path), "KABINET_CLAMAV_URL": f"unix://{tmp_path}/clamd"}))
    with audit.acting("customer:1"):
        yield daemon


def kept(content: bytes, owner: str = "appeal-draft:1") -> StoredFile:
    draft = files.put(io.BytesIO(content), "счёт.pdf")
    with database.atomic():
        return files.attach(draft, owner)


def again(stored: StoredFile) -> StoredFile:
    return StoredFile.get_by_id(stored.id)


@pytest.mark.feature("S36")
def test_a_file_waits_until_the_scanner_has_looked(scanned: Daemon) -> None:
    stored = kept(CLEAN)
    assert stored.waits
    with pytest.raises(Refusal) as caught:
        files.taken(stored)
    assert caught.value.problems[0].rule == "file.waits" and "«счёт.pdf»" in caught.value.text
    assert job.scan_files() == 1
    assert scanned.asked == [CLEAN]
    assert files.taken(again(stored)).read_bytes() == CLEAN
    assert job.scan_files() == 0  # once


@pytest.mark.feature("S36")
def test_an_infected_file_is_taken_away_and_named(scanned: Daemon) -> None:
    stored, clean = kept(INFECTED), kept(CLEAN)
    assert job.scan_files() == 2
    assert [one.id for one in files.of(stored.owner)] == [clean.id]
    assert files.one_of(stored.owner, stored.id) is None
    assert files.infected(stored.owner) == ["счёт.pdf"]
    row = again(stored)
    assert (row.virus, row.removed_by, row.removed_at) == ("Eicar-Test-Signature", "virus", clock.now())
    deed = audit.AuditRow.get(audit.AuditRow.deed == "file.infected")
    assert (deed.who, deed.subject, deed.detail["virus"]) == ("system", stored.owner, "Eicar-Test-Signature")


def test_an_infected_file_goes_from_the_disk_a_month_later(scanned: Daemon, at: Callable[[str], object]) -> None:
    stored = kept(INFECTED)
    job.scan_files()
    at("2026-12-22T10:00")
    files.sweep()
    assert not stored.path.exists()


def test_what_was_found_goes_with_the_draft_into_the_message(scanned: Daemon) -> None:
    stored = kept(INFECTED)
    job.scan_files()
    with database.atomic():
        files.hand_over(stored.owner, "appeal-entry:9")
    assert files.infected("appeal-entry:9") == ["счёт.pdf"] and files.infected(stored.owner) == []


@pytest.mark.parametrize(
    "answer", [b"", b"INSTREAM size limit exceeded. ERROR\0", b"stream: OK", b"\xff\xfe\0", b"x" * 9000]
)
def test_a_scanner_that_says_nothing_of_use_is_asked_again(
    scanned: Daemon, answer: bytes, at: Callable[[str], object]
) -> None:
    stored = kept(CLEAN)
    scanned.answer = answer
    if answer != b"stream: OK":
        assert job.scan_files() == 0
        assert again(stored).waits
        scanned.answer = None
        at("2026-11-20T10:02")
    assert job.scan_files() == 1


def test_what_the_scanner_has_no_word_for_lets_the_others_pass(
    scanned: Daemon, at: Callable[[str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "AT_ONCE", 1)
    odd, other = kept(CLEAN), kept(INFECTED)
    scanned.answer = b"INSTREAM size limit exceeded. ERROR\0"
    assert job.scan_files() == 0
    scanned.answer = None
    assert job.scan_files() == 1
    assert again(other).virus and again(odd).waits
    at("2026-11-20T10:02")
    assert job.scan_files() == 1 and not again(odd).waits


def test_a_scanner_that_is_silent_is_asked_once_a_round(scanned: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file would wait for half a minute, and with them whatever else the background does."""
    asked: list[object] = []

    def silent(_file: object) -> str:
        asked.append(_file)
        raise Silent("no answer")

    monkeypatch.setattr(job._scanner, "look", silent)
    for number in range(3):
        kept(CLEAN, f"appeal-draft:{number}")
    assert job.scan_files() == 0 and len(asked) == 1


def test_two_rounds_at_once_ask_about_a_file_once(scanned: Daemon) -> None:
    stored = kept(CLEAN)
    assert files.claim(stored) and not files.claim(stored)
    assert job.scan_files() == 0


def test_a_file_that_was_taken_away_is_asked_about_no_more_and_late_ones_are_told(
    scanned: Daemon, at: Callable[[str], object]
) -> None:
    gone, late = kept(CLEAN), kept(INFECTED)
    files.remove(gone.owner, gone.id)
    assert [one.id for one in files.waiting(9)] == [late.id]
    assert files.unscanned(timedelta(hours=1)) == 0
    at("2026-11-20T11:01")
    assert files.unscanned(timedelta(hours=1)) == 1


def test_a_scanner_that_is_down_keeps_files_waiting_and_nothing_breaks(scanned: Daemon, tmp_path: Path) -> None:
    stored = kept(CLEAN)
    (tmp_path / "clamd").unlink()
    assert job.scan_files() == 0
    assert again(stored).waits


def test_a_file_that_is_lost_does_not_stop_the_others(scanned: Daemon) -> None:
    lost, other = kept(CLEAN), kept(INFECTED)
    lost.path.unlink()
    assert job.scan_files() == 1
    assert again(lost).waits and again(other).virus


def test_without_a_scanner_nothing_waits(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((files, "_folder"), (files, "_is_scanned"), (job, "_scanner")):
        monkeypatch.setattr(module, name, getattr(module, name))
    job.use(settings.read({"KABINET_VAR_DIR": str(tmp_path)}))
    with audit.acting("customer:1"):
        stored = kept(CLEAN)
    assert not stored.waits and stored.scan_at is None and job.scan_files() == 0
    assert files.taken(stored).exists()


def test_a_scanner_that_is_given_up_leaves_nothing_waiting(scanned: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = kept(CLEAN)
    monkeypatch.setattr(files, "_is_scanned", False)
    assert not stored.waits and files.taken(stored).exists()


def test_a_large_file_goes_in_parts_over_tcp() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    daemon = Daemon(server)
    threading.Thread(target=daemon.work, daemon=True).start()
    body = bytes(range(256)) * 10_000
    scanner = Scanner(f"tcp://127.0.0.1:{server.getsockname()[1]}")
    assert scanner.look(io.BytesIO(body)) == ""
    assert daemon.asked == [body]
    assert scanner.look(io.BytesIO(body + EICAR)) == "Eicar-Test-Signature"
    server.shutdown(socket.SHUT_RDWR)
    server.close()


@pytest.mark.parametrize("url", ["tcp://127.0.0.1:1", "unix:///nowhere/at/all"])
def test_nobody_there_is_no_verdict(url: str) -> None:
    with pytest.raises(NoVerdict):
        Scanner(url).look(io.BytesIO(b"x"))


def test_the_job_comes_each_minute_and_by_a_bell() -> None:
    assert job.scan_files in [work for work, _ in timetable.JOBS]
    assert timetable.BELLS["scan_file"] is job.scan_file
