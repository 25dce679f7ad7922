"""Workers killed in the middle of readings: whoever sends the same form again gets exactly one reading."""

from __future__ import annotations

import http.client
import http.cookiejar
import os
import random
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cast import PASSWORD

ROOT = Path(__file__).resolve().parents[2]
ACCOUNTS = ("241010000054", "241030000075", "241010000100")
POSTS, KILLS, PAUSE = 40, 8, 0.3  # at most so many posts an account: more would be an unusual use


class Server:
    """Gunicorn with two workers over the demo company, on a port of its own."""

    def __init__(self, folder: Path):
        self.folder, self.port = folder, _free_port()
        self.database = folder / "kabinet.db"
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("KABINET_")} | {
            "KABINET_DATABASE_URL": f"sqlite:///{self.database}",
            "KABINET_VAR_DIR": str(folder),
            "KABINET_PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            "KABINET_NOW": "2026-11-20T10:00",
        }

    def start(self) -> None:
        for command in ("migrate", "demo"):
            subprocess.run(
                [sys.executable, "-m", "flask", "--app", "app", command],
                cwd=ROOT,
                env=self.env,
                check=True,
                capture_output=True,
            )
        self.run()

    def run(self) -> None:
        """The server alone, over what is there."""
        words = f"gunicorn app:create_app() --bind 127.0.0.1:{self.port} --workers 2 --worker-class gthread --threads 4 --no-control-socket"
        self.log = (self.folder / "log").open("w")
        self.master = subprocess.Popen(
            [sys.executable, "-m", *words.split()], cwd=ROOT, env=self.env, stdout=self.log, stderr=self.log
        )
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=2)
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError((self.folder / "log").read_text())

    def workers(self) -> list[int]:
        path = Path(f"/proc/{self.master.pid}/task/{self.master.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def stop(self) -> None:
        self.master.terminate()
        try:
            self.master.wait(10)
        except subprocess.TimeoutExpired:
            for pid in self.workers():
                os.kill(pid, signal.SIGKILL)
            self.master.kill()
            self.master.wait(5)
        self.log.close()


class Visitor:
    """A browser on a bad line: whatever breaks is sent again, the same form with the same key."""

    def __init__(self, port: int):
        self.base, self.again = f"http://127.0.0.1:{port}", 0
        self.posting = threading.Event()
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(jar, _Stay())

    def ask(self, path: str, data: dict[str, str] | None = None) -> tuple[int, str, str]:
        body = urllib.parse.urlencode(data).encode() if data else None
        for _ in range(60):
            try:
                answer = self._once(path, body)
            except (OSError, http.client.HTTPException):
                pass
            else:
                if answer[0] < 500:
                    return answer
            self.again += 1
            time.sleep(0.1)
        raise AssertionError(f"no answer from {path}")

    def _once(self, path: str, body: bytes | None) -> tuple[int, str, str]:
        try:
            answer = self.opener.open(self.base + path, body, timeout=15)
        except urllib.error.HTTPError as error:  # a redirect is one too, since none is followed
            answer = error
        with answer:
            return answer.status, answer.read().decode(), answer.headers.get("Location", "")

    def fields(self, path: str) -> dict[str, dict[str, str]]:
        """The inputs of a page by name."""
        status, page, _ = self.ask(path)
        assert status == 200
        tags = (dict(re.findall(r'([\w-]+)="([^"]*)"', tag)) for tag in re.findall(r"<input[^>]*>", page))
        return {tag["name"]: tag for tag in tags if "name" in tag}

    def sign_in(self) -> None:
        token = self.fields("/sign-in")["csrf_token"]["value"]
        assert self.ask("/sign-in", {"login": "anna@example.ru", "password": PASSWORD, "csrf_token": token})[0] == 303

    def pass_readings(self, number: str, sent: dict[int, list[int]], over: threading.Event) -> None:
        path = f"/accounts/{number}/readings"
        for n in range(1, POSTS + 1):
            if over.wait(0.05):
                return
            fields = self.fields(path)
            dials = {name: int(tag["data-previous"]) + n for name, tag in fields.items() if name.startswith("meter-")}
            data = {
                **{name: str(value) for name, value in dials.items()},
                "key": fields["key"]["value"],
                "csrf_token": fields["csrf_token"]["value"],
            }
            self.posting.set()
            status, page, where = self.ask(path, data)
            assert status == 303, page[-3000:]
            assert "/receipts/" in where
            for name, value in dials.items():
                if name.endswith("-t1"):
                    sent.setdefault(int(name.split("-")[1]), []).append(value)


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path)
    try:
        made.start()
        yield made
    finally:
        if hasattr(made, "master"):
            made.stop()


def test_reading_sent_again_after_a_killed_worker_is_stored_once(server):
    visitors = [Visitor(server.port) for _ in ACCOUNTS]
    for visitor in visitors:
        visitor.sign_in()
    sent: dict[int, list[int]] = {}
    errors: list[BaseException] = []
    over = threading.Event()

    def visit(visitor: Visitor, number: str) -> None:
        try:
            visitor.pass_readings(number, sent, over)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=visit, args=pair) for pair in zip(visitors, ACCOUNTS, strict=True)]
    for thread in threads:
        thread.start()
    kills = sum(_kill_in_the_middle(server, visitors[i % len(visitors)]) for i in range(KILLS))
    over.set()
    for thread in threads:
        thread.join(60)
    assert not errors, errors
    assert kills >= KILLS // 2, "the posts were over before the workers were killed"
    assert sum(visitor.again for visitor in visitors) > 0, "no request was hit"
    assert sum(len(values) for values in sent.values()) >= KILLS
    _each_once(server.database, sent)


def _kill_in_the_middle(server: Server, visitor: Visitor) -> bool:
    """Kill every worker some milliseconds after this visitor has begun to post."""
    visitor.posting.clear()
    if not visitor.posting.wait(10):
        return False
    time.sleep(random.uniform(0, 0.012))
    for pid in server.workers():
        os.kill(pid, signal.SIGKILL)
    time.sleep(PAUSE)
    return True


def _each_once(database: Path, sent: dict[int, list[int]]) -> None:
    rows = (
        sqlite3.connect(database)
        .execute("SELECT meter_id, t1, state FROM reading WHERE period = '2026-11' AND receipt_id IS NOT NULL")
        .fetchall()
    )
    for meter, values in sent.items():
        stored = [(t1, state) for meter_id, t1, state in rows if meter_id == meter]
        assert sorted(t1 for t1, _ in stored) == values
        assert [t1 for t1, state in stored if state == "accepted"] == values[-1:]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
