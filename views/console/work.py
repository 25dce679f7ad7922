"""Starting the portal: the worker alone, or web and worker together."""

from __future__ import annotations

import signal
import subprocess
import sys

import click
from flask import current_app
from flask.cli import with_appcontext

from models import base, doctor, schema
from models.exchange import demo
from views.console.acting import command


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
    schema.migrate(base.database.obj)
    if complaints := doctor.other_company() if chosen.is_demo else doctor.demo_leftovers():
        raise click.ClickException(complaints[0])
    if chosen.is_demo and demo.is_empty():
        click.echo("Loading the demo company…")
        demo.load(chosen.companies_dir / chosen.company)
    base.database.close()
    base.database.obj.close_all()  # no connection is inherited by the processes below
    if host not in ("127.0.0.1", "::1", "localhost"):
        click.echo(
            f"{host} is not this machine alone: put a buffering proxy in front, slow clients hold a bare server.",
            err=True,
        )
    click.echo(_greeting(f"http://{host}:{port}/", chosen.is_demo))
    web = f"gunicorn app:create_app() --bind {host}:{port} --workers {workers} --worker-class gthread --threads 4"
    web += " --no-control-socket --graceful-timeout 20 --log-level warning"
    _together(web, "flask --app app worker")


def _together(*commands: str) -> None:
    """Run the processes until one ends or we are told to stop; then end them all."""
    running = [subprocess.Popen([sys.executable, "-m", *words.split()]) for words in commands]  # noqa: S603  our own words

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


def _greeting(address: str, is_demo: bool) -> str:
    lines = [f"Kabinet: {address}"]
    if is_demo:
        lines += [
            "Sign in: anna@example.ru, boris@example.ru, vera@example.ru; password svet-i-teplo",
            f"Letters that would have gone out: {address}demo/letters",
        ]
    return "\n".join([*lines, "Stop with Ctrl+C"])


COMMANDS = (worker, serve)
