"""Checking a receipt that a customer brings."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from models import words
from models.metering import receipts
from models.metering.receipts import matches_code
from views.console.acting import command

group = AppGroup("receipt", help="Receipts of readings.")


@group.command(
    "verify", help="Check NUMBER and CODE of a receipt; prints what was signed. Exit 1 when it is not genuine."
)
@click.argument("number")
@click.argument("code")
@command
def verify(number: str, code: str) -> None:
    shown = receipts.find(number)
    if shown is None or not matches_code(shown, code):
        click.echo("не подлинное: такого подтверждения с таким кодом портал не выдавал")
        raise SystemExit(1)
    click.echo(f"подлинное: лицевой счёт {shown.account}, получено {words.moment(shown.received)}")
    for line in shown.lines:
        click.echo(f"  счётчик {line.reading.serial}: {' / '.join(map(str, line.values))}")


COMMANDS = (group,)
