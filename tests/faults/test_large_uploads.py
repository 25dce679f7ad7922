"""Uploads that are far too large, that never end, or that break off: refused early, memory flat, nothing left behind."""

from __future__ import annotations

import re
import socket
import sqlite3
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests import upload_corpus
from tests.faults.test_killed_workers import Server

GIGABYTE = 1 << 30
MOST = 42_000_000 + 8_000_000  # what one owner's files may take together, and what lies on the way
PATH = "/appeals/new/files"
EDGE = "edge"
GROWTH = 50 << 20  # bytes that all workers together may grow by


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("portal"))
    try:
        made.start()
        yield made
    finally:
        if hasattr(made, "master"):
            made.stop()


class Line:
    """A guest with a connection of their own, who writes the request by hand."""

    def __init__(self, server: Server):
        self.port = server.port
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/appeals/new", timeout=15) as page:
            self.cookie = "; ".join(word.split(";")[0] for word in page.headers.get_all("Set-Cookie"))
            token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.read().decode())
        assert token
        head = f'--{EDGE}\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{token[1]}\r\n--{EDGE}\r\n'
        self.start = f'{head}Content-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n'.encode()
        self.end = f"\r\n--{EDGE}--\r\n".encode()

    def open(self, *headers: str) -> socket.socket:
        line = socket.create_connection(("127.0.0.1", self.port), 20)
        words = (
            f"POST {PATH} HTTP/1.1", "Host: 127.0.0.1", f"Cookie: {self.cookie}", "HX-Request: true",
            f"Content-Type: multipart/form-data; boundary={EDGE}", *headers,
        )  # fmt: skip
        line.sendall("\r\n".join((*words, "", "")).encode())
        return line

    def send(self, content: bytes) -> bytes:
        """A whole upload; the answer."""
        body = self.start + content + self.end
        with self.open(f"Content-Length: {len(body)}", "Connection: close") as line:
            line.sendall(body)
            return b"".join(iter(lambda: line.recv(65536), b""))


@pytest.fixture(autouse=True)
def fresh(server: Server) -> None:
    """All tests come from one address: what it has tried so far is forgotten."""
    with closing(sqlite3.connect(server.database, timeout=10)) as database, database:
        database.execute("DELETE FROM hit")


def memory(server: Server) -> int:
    """Bytes that the workers hold."""
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in server.workers())
    return pages * 4096


def kept(server: Server) -> set[Path]:
    return {path for path in (server.folder / "files").rglob("*") if path.is_file()}


def pour(line: socket.socket, most: int, *, chunked: bool = False) -> int:
    """Send zeros until the server will not have more; how many went."""
    block, sent = bytes(1 << 20), 0
    framed = b"%x\r\n%s\r\n" % (len(block), block) if chunked else block
    try:
        while sent < most:
            line.sendall(framed)
            sent += len(block)
    except OSError:
        pass
    return sent


def warm(server: Server) -> int:
    """Memory after each worker has taken a few files."""
    guest = Line(server)
    for _ in range(6):
        guest.send(upload_corpus.SCRIPT)
    return memory(server)


@pytest.mark.feature("S36")
def test_a_gigabyte_is_refused_before_it_is_sent(server: Server) -> None:
    guest, before = Line(server), warm(server)
    with guest.open(f"Content-Length: {GIGABYTE}") as line:
        line.sendall(guest.start)
        assert b" 413 " in line.recv(65536)
    assert memory(server) - before < GROWTH and kept(server) == set()


def test_a_gigabyte_that_is_poured_all_the_same_leaves_memory_flat(server: Server) -> None:
    before, most = warm(server), 0
    lines = [Line(server).open(f"Content-Length: {GIGABYTE}") for _ in range(4)]
    pouring = [threading.Thread(target=pour, args=(line, GIGABYTE // 4)) for line in lines]
    for thread in pouring:
        thread.start()
    while any(thread.is_alive() for thread in pouring):
        most = max(most, memory(server))
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/sign-in", timeout=15) as page:
            assert page.status == 200  # others go on
        time.sleep(0.05)
    for line in lines:
        line.close()
    assert most - before < GROWTH and kept(server) == set()


def test_chunks_without_an_end_are_stopped(server: Server) -> None:
    guest, before = Line(server), warm(server)
    with guest.open("Transfer-Encoding: chunked") as line:
        line.sendall(b"%x\r\n%s\r\n" % (len(guest.start), guest.start))
        assert pour(line, GIGABYTE // 2, chunked=True) < GIGABYTE // 2
    assert memory(server) - before < GROWTH and kept(server) == set()


def test_bombs_at_once_leave_the_server_as_it_was(server: Server) -> None:
    before = warm(server)
    bombs = [one for one in upload_corpus.ATTACKS if "bomb" in one.name and one.name.endswith((".png", ".jpg"))]
    answers: list[bytes] = []
    senders = [
        threading.Thread(target=lambda body: answers.append(Line(server).send(body)), args=(one.content,))
        for one in bombs
    ]
    for thread in senders:
        thread.start()
    for thread in senders:
        thread.join(60)
    assert len(answers) == len(bombs)
    assert memory(server) - before < GROWTH


def test_an_upload_that_breaks_off_leaves_nothing_and_the_next_one_goes(server: Server) -> None:
    guest, photo = Line(server), upload_corpus.picture(size=(900, 600))
    scraps = set(Path(tempfile.gettempdir()).glob("tmp*"))
    for part in (1, len(photo) // 2, len(photo) - 1):
        with guest.open(f"Content-Length: {len(guest.start) + len(photo) + len(guest.end)}") as line:
            line.sendall(guest.start + photo[:part])
    assert kept(server) == set()
    assert b" 200 " in guest.send(photo).split(b"\r\n")[0]
    assert len(kept(server)) == 1
    mine = {path for path in set(Path(tempfile.gettempdir()).glob("tmp*")) - scraps if path.is_file()}
    assert not [path for path in mine if photo[:500] in path.read_bytes()]
