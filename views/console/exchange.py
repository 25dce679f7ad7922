"""Commands that bring files in and take them out, and the closing of a period."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

import click

from models import clock, periods
from models.base import Refusal
from models.exchange import handling, imports, outgoing, transfers
from models.exchange.kinds import KINDS
from models.exchange.table import BadFile
from models.metering import closings
from views.console import consents
from views.console.acting import command

_SHOWN = 50


@click.command(
    "import", help="Load FILE (CSV with `;`, UTF-8 or cp1251, first line the column names). A repeat changes nothing."
)
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Check and count only.")
@click.option("--keep-good", is_flag=True, help="Store the good lines although others are bad.")
@command
def load(kind: str, file: Path, dry_run: bool, keep_good: bool) -> None:
    try:
        with click.progressbar(length=file.stat().st_size, label=kind) as bar:
            counts = imports.load(kind, file, keep_good=keep_good, dry_run=dry_run, progress=bar.update)
    except BadFile as error:
        raise click.ClickException(f"{file}: {error}") from error
    for fault in counts.faults[:_SHOWN]:
        click.echo(f"строка {fault.line}{', ' if fault.column else ''}{fault.column}: {fault.reason}")
    if counts.bad > _SHOWN:
        click.echo(f"… и ещё {counts.bad - _SHOWN}")
    stored = not dry_run and (keep_good or not counts.faults)
    click.echo(
        f"прочитано {counts.read}, новых {counts.new}, изменено {counts.changed}, без изменений {counts.same}, ошибок {counts.bad}"
    )
    click.echo("записано" if stored else "ничего не записано")
    if counts.faults:
        raise SystemExit(1)


@click.command("close-period", help="Mark PERIOD (2026-10) billed: its accepted readings stand from then on.")
@click.argument("period")
@command
def close_period(period: str) -> None:
    if not periods.parse(period):
        raise click.ClickException(f"{period!r} is no period; write it as 2026-10")
    if period >= clock.period():
        raise click.ClickException(f"{period} is not over; closing it would turn every reading of this month away")
    click.echo(f"{closings.close(period)} readings billed")


@click.command(
    "export",
    help="Write KIND to FILE (.csv or .xlsx; consents also .zip, with their proofs). "
    "Without --since: readings that no export has told yet, each once; delivery of all accounts.",
)
@click.argument("kind", type=click.Choice(list(outgoing.EXPORTS)))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="All since this day, whether told already or not.")
@click.option("--again", type=int, metavar="NUMBER", help="The file of an earlier export, to the byte.")
@command
def export(kind: str, file: Path, since: datetime | None, again: int | None) -> None:
    if not file.parent.is_dir():
        raise click.ClickException(f"{file.parent} is no folder")
    if kind == "consents" and file.suffix.lower() == ".zip":
        click.echo(f"{file}: {consents.write(file, since.date() if since else None)} согласий")
        return
    try:
        made = _earlier(kind, again) if again else _exported(kind, file, since)
        shutil.copyfile(transfers.taken(made), file)
    except Refusal as refusal:
        raise click.ClickException(str(refusal)) from refusal
    click.echo(f"{file}: {made.counts['read']} строк, выгрузка № {made.id}")


def _exported(kind: str, file: Path, since: datetime | None) -> transfers.Transfer:
    wanted = transfers.XLSX if file.suffix.lower() == ".xlsx" else transfers.CSV
    ordered = outgoing.order(kind, wanted, since=since.date() if since else None)
    handling.step(ordered.id)
    made = transfers.find(ordered.id)
    if made is None or made.state != transfers.MADE:
        raise click.ClickException(
            f"export {ordered.id} is not made yet; the background goes on with it: --again {ordered.id}"
        )
    return made


def _earlier(kind: str, number: int) -> transfers.Transfer:
    made = transfers.find(number)
    if made is None or (made.direction, made.kind, made.state) != (transfers.OUT, kind, transfers.MADE):
        raise click.ClickException(f"{number} is no export of {kind}")
    return made


COMMANDS = (load, export, close_period)
