"""The portal under the bench: a fresh demo company, its server and the controls', and customers who are signed in already."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from flask_wtf.csrf import generate_csrf

from models import audit, base, clock, settings
from models.metering.accounts import Account, Holding, held_by
from models.people.customers import Customer
from models.people.sessions import Session

ROOT = Path(__file__).resolve().parent.parent.parent
NOW = "2026-11-20T10:00"  # inside the web window, so that each run measures the same pages
FORM_TOKEN = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class House:
    """A portal in a folder of its own. `app` is the same portal in this process, over the same database."""

    folder: Path
    port: int
    app: Flask

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def served(self) -> Iterator[int]:
        """The portal as `make run` starts it: two web processes of four threads, and the background worker. Gives the id of
        the processes' session."""
        command = [sys.executable, "-m", "flask", "--app", "app", "serve", "--port", str(self.port)]
        with _process(command, self.port) as session:
            yield session

    @contextmanager
    def controls(self) -> Iterator[tuple[str, int]]:
        """The address of the control pages and their session's id. The web server's command line is the portal's."""
        port = self.port + 1
        command = [
            sys.executable, "-m", "gunicorn", "tests.bench.controls:create_app()", "--bind", f"127.0.0.1:{port}", "--workers", "2",
            "--worker-class", "gthread", "--threads", "4", "--no-control-socket", "--log-level", "warning",
        ]  # fmt: skip
        with _process(command, port) as session:
            yield f"http://127.0.0.1:{port}", session

    def run(self, *words: str) -> None:
        """A command of the portal, `flask --app app …`."""
        command = [sys.executable, "-m", "flask", "--app", "app", *words]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"flask {' '.join(words)} failed:\n{done.stdout}{done.stderr}")


@dataclass(frozen=True)
class Visitor:
    """A customer with an open session: the cookie their browser would send."""

    customer_id: int
    account: str
    cookie: str


@contextmanager
def house(port: int) -> Iterator[House]:
    """A migrated portal with the demo company; everything is gone afterwards."""
    from app import create_app

    folder = Path(tempfile.mkdtemp(prefix="kabinet-bench-"))
    for name in [name for name in os.environ if name.startswith(settings.PREFIX)]:
        del os.environ[name]
    os.environ.update(
        KABINET_VAR_DIR=str(folder),
        KABINET_NOW=NOW,
        KABINET_PUBLIC_URL=f"http://127.0.0.1:{port}",
        # A bank that nobody asks: without one the portal would start its stand-in on the next port, which is the control's.
        KABINET_ACQUIRER_URL="http://127.0.0.1:9/payment/rest",
        KABINET_ACQUIRER_USER="bench",
        KABINET_ACQUIRER_PASSWORD="bench",
    )
    try:
        home = House(folder, port, create_app())
        home.run("migrate")
        home.run("demo")
        yield home
    finally:
        if base.database.obj is not None:
            base.database.obj.close_all()
        shutil.rmtree(folder, ignore_errors=True)


def anna(app: Flask) -> Visitor:
    """The demo's customer, signed in past the limits that guard the sign-in page."""
    with base.connection():
        customer = Customer.get(Customer.email == "anna@example.ru")
        return _enter(app, customer.id, held_by(customer=customer.id)[0].number)


def strangers(app: Flask, most: int) -> list[Visitor]:
    """A new customer with an open session for each of the last `most` accounts."""
    found = []
    with base.connection(), base.database.atomic():
        for account in Account.select().order_by(Account.id.desc()).limit(most):
            customer = Customer.create(
                email=f"{account.number}@bench.example", password_hash="-", created_at=clock.now()
            )
            _hold(customer.id, account.id)
            found.append(_enter(app, customer.id, account.number))
    return found


def form_token(app: Flask) -> str:
    """The token that every visitor of the bench puts into a form."""
    with app.test_request_context() as context:
        context.session["csrf_token"] = FORM_TOKEN
        return str(generate_csrf())


def guest_cookie(app: Flask) -> str:
    """The cookie of a browser that has seen a form and is not signed in."""
    return _cookie(app, {"csrf_token": FORM_TOKEN})


def _hold(customer_id: int, account_id: int) -> None:
    Holding.create(customer=customer_id, account=account_id, since=clock.now(), primary_since=clock.now())


def _enter(app: Flask, customer_id: int, account: str) -> Visitor:
    with audit.acting("bench", "127.0.0.1"):
        secret = Session.open(Customer.get_by_id(customer_id), "bench")
    held = {"_user_id": secret, "_fresh": True, "_permanent": True, "csrf_token": FORM_TOKEN, "account": account}
    return Visitor(customer_id, account, _cookie(app, held))


def _cookie(app: Flask, held: dict[str, object]) -> str:
    signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    return f"{app.config['SESSION_COOKIE_NAME']}={signer.dumps(held)}"


def cpu_seconds(session: int) -> float | None:
    """What the processes of a session have used of the CPU so far; None where there is no /proc."""
    used = 0
    try:
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(FileNotFoundError, ProcessLookupError):
                fields = stat.read_text().rpartition(")")[2].split()
                used += int(fields[11]) + int(fields[12]) if int(fields[3]) == session else 0
    except OSError:
        return None
    return used / os.sysconf("SC_CLK_TCK") if used else None


@contextmanager
def _process(command: list[str], port: int) -> Iterator[int]:
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
        try:
            _await(process, f"http://127.0.0.1:{port}/sign-in")
            yield process.pid
        except BaseException:
            log.seek(0)
            print(log.read()[-3000:], file=sys.stderr)
            raise
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _await(process: subprocess.Popen[bytes], url: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if process.poll() is not None:
            raise SystemExit(f"{process.args} ended with code {process.returncode}")
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{url} did not answer")
