"""Starting the portal: the worker alone, or web and worker together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import click
from flask import current_app
from flask.cli import with_appcontext

from models import base, clock, doctor, settings
from models.exchange import demo
from models.office import demo_reception
from models.settings import Settings
from views.console.acting import command
from views.console.database import bring_up


@click.command("worker", help="Run the background work until stopped; ends running tasks first.")
@with_appcontext
def worker() -> None:
    from huey.consumer_options import ConsumerConfig

    options = ConsumerConfig(workers=2, initial_delay=0.05, max_delay=0.5, graceful_signal="TERM", shutdown_timeout=30)
    options.validate()
    options.setup_logger()
    current_app.extensions["queue"].create_consumer(**options.values).run()


@click.command("serve", help="Migrate, load the demo into an empty database, then run web and worker together.")
@click.option("--host", default="127.0.0.1")
@click.option("--port", default=8000)
@click.option("--workers", default=2, help="Web processes; each has four threads.")
@command
def serve(host: str, port: int, workers: int) -> None:
    chosen = current_app.extensions["kabinet"]
    bring_up()
    if complaints := doctor.other_company() if chosen.is_demo else doctor.demo_leftovers():
        raise click.ClickException(complaints[0])
    if chosen.is_demo and demo.is_empty():
        click.echo("Loading the demo company…")
        demo.load(chosen.companies_dir / chosen.company)
        demo_reception.load()
    base.database.close()
    base.database.obj.close_all()  # no connection is inherited by the processes below
    if host not in ("127.0.0.1", "::1", "localhost"):
        click.echo(
            f"{host} is not this machine alone: put a buffering proxy in front, slow clients hold a bare server.",
            err=True,
        )
    web = f"gunicorn app:create_app() --bind {host}:{port} --workers {workers} --worker-class gthread --threads 4"
    web += " --no-control-socket --graceful-timeout 20 --log-level warning"
    with _stand_in(chosen, port + 1) as bank:
        click.echo(_greeting(f"http://{host}:{port}/", chosen.is_demo, bank))
        _together(web, "flask --app app worker", bank=bank, environ=os.environ | _one_clock(chosen))


def _one_clock(chosen: Settings) -> dict[str, str]:
    """What makes the processes' set clocks agree: each would start its own, seconds after the others."""
    return {"KABINET_NOW_SINCE": clock.since(chosen.now).isoformat()} if chosen.now else {}


class StandIn(NamedTuple):
    """The stand-in acquirer that is to run beside the portal, behind a socket that listens already."""

    address: str
    line: socket.socket
    environ: dict[str, str]

    @property
    def command(self) -> str:
        words = f"gunicorn views.standins.acquirer:from_environment() --bind fd://{self.line.fileno()} --workers 1"
        return words + " --worker-class gthread --threads 4 --no-control-socket --log-level warning"


@contextmanager
def _stand_in(chosen: Settings, port: int) -> Iterator[StandIn | None]:
    """In demo without an acquirer: one of our own, on this port of loopback or the next free one."""
    if not chosen.is_demo or chosen.takes_payments:
        yield None
        return
    with _listening(port) as line:
        address = f"http://127.0.0.1:{line.getsockname()[1]}"
        portal = {
            "ACQUIRER_URL": f"{address}/payment/rest",
            "ACQUIRER_USER": settings.DEMO_ACQUIRER_USER,
            "ACQUIRER_PASSWORD": settings.DEMO_ACQUIRER_PASSWORD,
            "ACQUIRER_CALLBACK_KEY": settings.DEMO_CALLBACK_KEY,
            "ACQUIRER_STYLE": "form",
        }
        bank = {
            "FOLDER": str(chosen.var_dir),
            "USER": settings.DEMO_ACQUIRER_USER,
            "PASSWORD": settings.DEMO_ACQUIRER_PASSWORD,
            "CALLBACK_KEY": settings.DEMO_CALLBACK_KEY,
            "CALLBACK_URL": f"{chosen.public_url}/hooks/acquirer",
        }
        told = {settings.PREFIX + name: value for name, value in portal.items()}
        yield StandIn(f"{address}/", line, told | {f"STANDIN_{name}": value for name, value in bank.items()})


def _listening(port: int) -> socket.socket:
    """A socket on loopback: on `port`, on one of the next, or on whichever the system gives."""
    for tried in (*range(port, min(port + 20, 65536)), 0):
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            line.bind(("127.0.0.1", tried))
            line.listen(64)
        except OSError:
            line.close()
            continue
        return line
    raise click.ClickException("no port is free for the stand-in acquirer")


def _together(*commands: str, bank: StandIn | None, environ: dict[str, str]) -> None:
    """Run the processes, the stand-in among them, until one ends or we are told to stop; then end them all."""
    environ = environ | (bank.environ if bank else {})
    for name in settings.ACQUIRER if bank else ():
        environ.pop(f"{settings.PREFIX}{name}_FILE", None)  # else it would be given twice
    running = [_started(words, environ) for words in commands]
    if bank:
        running.append(_started(bank.command, environ, bank.line.fileno()))

    def stop(*_: object) -> None:
        for process in running:
            if process.poll() is None:
                process.terminate()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while all(process.poll() is None for process in running):
        try:
            running[0].wait(0.5)
        except subprocess.TimeoutExpired:
            continue
    stop()
    codes = [process.wait() for process in running]
    raise SystemExit(max(0, *codes))


def _started(words: str, environ: dict[str, str], *lines: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", *words.split()], env=environ, pass_fds=lines)  # noqa: S603  our own words


def _greeting(address: str, is_demo: bool, bank: StandIn | None) -> str:
    lines = [f"Kabinet: {address}"]
    if is_demo:
        lines += [
            "Sign in: anna@example.ru, boris@example.ru, vera@example.ru; password svet-i-teplo",
            f"Staff: {address}staff/ as galina@example.ru (clerk), oleg@example.ru (operator), irina@example.ru (administrator)",
            f"Letters that would have gone out: {address}demo/letters",
        ]
    if bank:
        lines.append(f"Учебный банк: {bank.address} (card 2202 2050 0001 2424, 05/28, 649)")
    return "\n".join([*lines, "Stop with Ctrl+C"])


COMMANDS = (worker, serve)
