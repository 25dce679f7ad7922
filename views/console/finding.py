"""The command that makes the entries anew by which accounts and appeals are found."""

from __future__ import annotations

import click

from models.contact.appeals import search
from models.contact.appeals.rows import Appeal
from models.metering import finding
from models.metering.accounts import Account
from views.console.acting import command


@click.command(
    "reindex", help="Make anew the entries by which the staff finds accounts and appeals; safe while the portal works."
)
@click.option("--missing", is_flag=True, help="Only those that are missing.")
@command
def reindex(missing: bool) -> None:
    accounts = finding.missing() if missing else Account.select().count()
    appeals = search.missing() if missing else Appeal.select().count()
    with click.progressbar(length=accounts + appeals, label="entries") as bar:
        done = finding.fill(bar.update, anew=not missing) + search.fill(bar.update, anew=not missing)
    click.echo(f"{done} entries made")


COMMANDS = (reindex,)
