"""Commands for the database: migrate, demo, doctor, backup, restore."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import click
from flask import current_app

from models import base, doctor, schema
from models.base import Refusal
from models.exchange import demo
from models.metering import finding
from models.office import demo_reception
from views.console.acting import command


@click.command("migrate", help="Bring the database to the present schema; several at once do no harm.")
@command
def migrate() -> None:
    done = bring_up()
    click.echo("\n".join(f"applied {name}" for name in done) or "nothing to do")


def bring_up() -> list[str]:
    """The present schema, and what a search finds for accounts of before it; the migrations applied."""
    done = schema.migrate(base.database.obj)
    if finding.missing():
        finding.fill()
    return done


@click.command("demo", help="Load the demo data of the company in KABINET_COMPANY.")
@command
def load_demo() -> None:
    chosen = current_app.extensions["kabinet"]
    if not chosen.is_demo:
        raise click.ClickException("KABINET_ENV is production: the demo data stays out")
    try:
        demo.load(chosen.companies_dir / chosen.company, click.echo)
        demo_reception.load()
    except Refusal as refusal:
        raise click.ClickException(refusal.text) from refusal


@click.command("doctor", help="Check settings, database, queue and invariants; exit 1 with reasons.")
@command
def examine() -> None:
    chosen = current_app.extensions["kabinet"]
    complaints = [*doctor.complaints(), *doctor.standing_still(), *doctor.reports(chosen), *_queue_complaints()]
    if not complaints and not chosen.is_demo:
        complaints = doctor.demo_leftovers()
    for complaint in complaints:
        click.echo(f"FAIL {complaint}")
    if complaints:
        raise SystemExit(1)
    click.echo("ok")


@click.command("backup", help="Write a copy of the database to FILE while the portal works.")
@click.argument("file", type=click.Path(path_type=Path))
@command
def backup(file: Path) -> None:
    if file.exists():
        raise click.ClickException(f"{file} exists; choose a new name")
    if base.is_sqlite():
        with sqlite3.connect(file) as copy:
            base.database.connection().backup(copy)
    else:
        _run("pg_dump", "--format=custom", f"--file={file}", current_app.extensions["kabinet"].database_url)
    click.echo(f"{file}: {file.stat().st_size} bytes")


@click.command("restore", help="Put the database of FILE in place of the present one. Stop web and worker first.")
@click.argument("file", type=click.Path(path_type=Path, exists=True))
@click.confirmation_option(prompt="This replaces the present database. Go on?")
@command
def restore(file: Path) -> None:
    if base.is_sqlite():
        with sqlite3.connect(file) as copy:
            if copy.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                raise click.ClickException(f"{file} is damaged or no SQLite database; nothing was changed")
        target = Path(base.database.obj.database)
        base.database.close()
        base.database.obj.close_all()
        for suffix in ("-wal", "-shm"):
            Path(f"{target}{suffix}").unlink(missing_ok=True)
        shutil.copyfile(file, target)
    else:
        _run(
            "pg_restore",
            "--clean",
            "--if-exists",
            "--single-transaction",
            f"--dbname={current_app.extensions['kabinet'].database_url}",
            str(file),
        )
    click.echo("restored; run `flask --app app doctor` next")


def _run(*words: str) -> None:
    try:
        subprocess.run(words, check=True)  # noqa: S603  our own words
    except FileNotFoundError as error:
        raise click.ClickException(f"{words[0]} is not installed (Debian package postgresql-client)") from error
    except subprocess.CalledProcessError as error:
        raise click.ClickException(f"{words[0]} failed with code {error.returncode}") from error


def _queue_complaints() -> list[str]:
    try:
        current_app.extensions["queue"].pending_count()
    except Exception as error:  # whatever the queue's driver raises is the answer
        return [f"queue: {error}"]
    return []


COMMANDS: tuple[Any, ...] = (migrate, load_demo, examine, backup, restore)
