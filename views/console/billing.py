"""The billing run from the console: `flask bill 2026-10`, and what to do with the bills it held."""

from __future__ import annotations

import click

from models import periods, words
from models.base import Refusal
from models.billing import run
from views.console.acting import command


@click.command(
    "bill",
    help="Bill PERIOD (2026-10): charges, penalties, bills. Run it again after a stop: each account is billed once.",
)
@click.argument("period")
@click.option("--account", "accounts", multiple=True, help="This account only; may be given several times.")
@click.option("--issue", is_flag=True, help="Issue the bills that were held, those of --account or all.")
@click.option("--redo", is_flag=True, help="Throw the held bills of --account away and work them out anew.")
@command
def bill(period: str, accounts: tuple[str, ...], issue: bool, redo: bool) -> None:
    if not periods.parse(period):
        raise click.ClickException(f"{period!r} is no period; write it as 2026-10")
    if redo and not accounts:
        raise click.ClickException("--redo needs at least one --account")
    only = list(accounts) or None
    try:
        if issue:
            click.echo(f"выставлено {run.issue_held(period, only)}")
            return
        if redo:
            run.drop_held(period, accounts)
        with click.progressbar(length=run.count(period) if only is None else len(accounts), label=period) as bar:
            summary = run.bill(period, progress=bar.update, only=only)
    except Refusal as refusal:
        raise click.ClickException(refusal.text) from refusal
    _tell(summary)
    if summary.held_count or summary.failed_count:
        raise SystemExit(1)


def _tell(summary: run.Summary) -> None:
    click.echo(
        f"выставлено {summary.issued} на {words.rubles(summary.charged)}, было раньше {summary.skipped}, "
        f"задержано {summary.held_count}, не рассчитано {summary.failed_count}"
    )
    for title, found, count in (
        ("Задержаны, посмотрите и решите (--issue или --redo)", summary.held, summary.held_count),
        ("Не рассчитаны, исправьте данные и запустите снова", summary.failed, summary.failed_count),
    ):
        if found:
            click.echo(f"{title}:")
        for account, reason in found:
            click.echo(f"  {account}: {reason}")
        if count > len(found):
            click.echo(f"  … и ещё {count - len(found)}")


COMMANDS = (bill,)
