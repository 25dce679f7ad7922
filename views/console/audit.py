"""Commands for the audit log: seal, verify, export."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from models import audit_chain, clock
from models.office import audit_export
from views.console.acting import command

_SHORTEST = 16  # hex digits of a hash, as the page of the log shows


@click.group("audit", help="The audit log: seal it, verify it, take it away.")
def group() -> None:
    pass


@group.command("seal", help="Seal what was written since the last time; the worker does it each minute.")
@click.option("--anew", is_flag=True, help="Go on from the present end, after an examination or a lost secret.")
@command
def seal(anew: bool) -> None:
    try:
        count = audit_chain.seal_rows(anew=anew)
    except audit_chain.Broken as error:
        raise click.ClickException(
            f"{error}; examine with `audit verify`, then go on with `audit seal --anew`"
        ) from error
    click.echo(f"{count} rows sealed; the end is {_written(audit_chain.end())}")


@group.command("verify", help="Walk through the whole log; exit 1 with reasons when it is not what was sealed.")
@click.option("--expect", help="An end noted earlier, as PLACE:HASH: the row there must still be the same.")
@command
def verify(expect: str | None) -> None:
    with click.progressbar(length=audit_chain.end().place, label="audit") as bar:
        complaints = audit_chain.examine(bar.update)
    if expect:
        complaints += _unexpected(expect)
    for complaint in complaints:
        click.echo(f"FAIL {complaint}")
    if complaints:
        raise SystemExit(1)
    click.echo(f"ok; the end is {_written(audit_chain.end())}: keep it elsewhere to verify against")


@group.command("export", help="Write the log to FILE as CSV, the oldest row first.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only from this local day on.")
@command
def export(file: Path, since: datetime | None) -> None:
    if file.exists():
        raise click.ClickException(f"{file} exists; choose a new name")
    count = audit_export.write(file, clock.utc(since) if since else None)
    click.echo(f"{file}: {count} rows")


def _unexpected(expect: str) -> list[str]:
    place, _, known = expect.partition(":")
    if not place.isascii() or not place.isdigit() or len(known) < _SHORTEST:
        raise click.ClickException(
            "--expect takes PLACE:HASH as `audit verify` prints it, 16 digits of the hash at least"
        )
    if (audit_chain.hash_at(int(place)) or "").startswith(known.lower()):
        return []
    return [f"audit: at place {place} there is another row than when {known[:12]}… was noted"]


def _written(end: audit_chain.End) -> str:
    return f"{end.place}:{end.hash}"


COMMANDS = (group,)
