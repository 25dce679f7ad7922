"""Mailings from the console: which there are, how one goes, those that the portal makes by itself, start and stop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
from flask.cli import AppGroup

from models import clock, words
from models.base import Refusal
from models.mailings import addressing, control, mailings, progress, regular
from models.mailings.mailings import Mailing
from tasks import mailings as background
from views.console.acting import command

group = AppGroup("mailing", help="Letters to many.")


@group.command("list", help="The last mailings, the newest first.")
@click.option("--most", default=20, show_default=True)
@command
def listed(most: int) -> None:
    for one in progress.listed(most=most):
        who = one.author_name or "сама"
        click.echo(f"{one.id:>5}  {mailings.STATES[one.state]:<15}{one.posted:>9}  {who:<20}  {one.name}")


@group.command("show", help="How the mailing NUMBER goes.")
@click.argument("number", type=int)
@command
def show(number: int) -> None:
    mailing = _found(number)
    found = progress.of(mailing)
    click.echo(f"{mailing.name}: {mailings.STATES[mailing.state]}, {found.percent} %")
    for title, text in mailing.audience.told():
        click.echo(f"  {title}: {text}")
    for state, count in found.by_state.items():
        click.echo(f"  {progress.MESSAGE_STATES[state]}: {words.number(count)}")
    for reason, count in found.left_out.items():
        click.echo(f"  не пишем, {addressing.REASONS[reason]}: {words.number(count)}")
    if mailing.note:
        click.echo(f"  {mailing.note}")


@group.command(
    "regular", help="Make now what the portal makes by itself and is due today, whatever the hour; then write it."
)
@command
def make_regular() -> None:
    made = [one for kind in regular.KINDS.values() if (one := kind(clock.today()))]
    for one in made:
        background.work(one.id)
        click.echo(f"{one.id}: {one.name}")
    if not made:
        click.echo("сегодня нечего")


def _deed(name: str, help_: str, deed: Callable[[int], Any]) -> None:
    """A command that does one thing with one mailing."""

    @group.command(name, help=help_)
    @click.argument("number", type=int)
    @command
    def run(number: int) -> None:
        try:
            deed(number)
        except Refusal as refusal:
            raise click.ClickException(refusal.text) from refusal
        click.echo(f"{number}: {mailings.STATES[_found(number).state]}")


def _found(number: int) -> Mailing:
    mailing = mailings.find(number)
    if mailing is None:
        raise click.ClickException(f"рассылки {number} нет")
    return mailing


_deed("start", "Start the draft NUMBER; a big one is approved on the staff's pages.", control.start)
_deed("pause", "Hold back what has not gone of NUMBER.", control.pause)
_deed("resume", "Go on with NUMBER.", control.resume)
_deed("stop", "End NUMBER for good: what has not gone is cancelled.", control.stop)

COMMANDS = (group,)
