"""Commands for the register of consents: take it with its proofs, check one that was taken."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from models.base import Refusal
from models.office import consent_check, consent_register
from models.office.consent_list import Search
from views.console.acting import command


@click.group("consents", help="The register of consents with its proofs (`export consents FILE.zip` takes it).")
def group() -> None:
    pass


@group.command("verify", help="Check a register's ZIP: its files, its proofs, and the audit log; exit 1 with reasons.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@command
def verify(file: Path) -> None:
    with file.open("rb") as opened:
        complaints = consent_check.complaints(opened)
    for complaint in complaints:
        click.echo(f"FAIL {complaint}")
    if complaints:
        raise SystemExit(1)
    click.echo("ok; then `audit verify` says whether the log itself is whole")


def write(file: Path, since: date | None) -> int:
    """The register of consents given since a day, into a new file; how many."""
    if file.exists():
        raise click.ClickException(f"{file} exists; choose a new name")
    try:
        with file.open("xb") as opened:
            return consent_register.write(opened, Search(first=since))
    except Refusal as refusal:
        file.unlink(missing_ok=True)
        raise click.ClickException(str(refusal)) from refusal


COMMANDS = (group,)
