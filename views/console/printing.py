"""Mass printing from the console: `flask print-bills 2026-10 FOLDER`."""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app

from models import periods, words
from models.base import Refusal
from tasks import printing
from views.console.acting import command


@click.command(
    "print-bills",
    help="Print the issued bills of PERIOD (2026-10) into FOLDER: files of up to 2,000 bills by office and delivery route, with lists "
    "of what is on which page. Run it again after a stop: whole files are left as they are.",
)
@click.argument("period")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--single", is_flag=True, help="A file an account instead, in folders.")
@click.option("--office", help="This office only, by its code.")
@click.option(
    "--left-over", is_flag=True, help="Only bills that the last run left to an e-mail which has reached nobody since."
)
@command
def print_bills(period: str, folder: Path, single: bool, office: str | None, left_over: bool) -> None:
    if not periods.parse(period):
        raise click.ClickException(f"{period!r} is no period; write it as 2026-10")
    try:
        with click.progressbar(length=0, label=period) as bar:

            def progress(done: int, whole: int) -> None:
                bar.length = whole
                bar.update(done - bar.pos)

            summary = printing.print_bills(
                period, folder, current_app.extensions["kabinet"], single=single, office=office, left_over=left_over, progress=progress
            )  # fmt: skip
    except Refusal as refusal:
        raise click.ClickException(refusal.text) from refusal
    except printing.Stopped as stop:
        raise click.ClickException(f"печать прервалась: {stop}; запустите ту же команду снова") from stop
    click.echo(
        f"напечатано {words.plural(summary.bills, 'счёт', 'счёта', 'счетов')}, частей {summary.lots}, "
        f"было раньше {summary.before}, задержано и не напечатано {summary.held}"
    )


COMMANDS = (print_bills,)
