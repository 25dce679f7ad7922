"""The administrator's counter: `flask --app app …`."""

from __future__ import annotations

from flask import Flask

from views.console import database, exchange, receipts, work


def hang(app: Flask) -> None:
    """Add the commands to an application."""
    for command in (*database.COMMANDS, *exchange.COMMANDS, *receipts.COMMANDS, *work.COMMANDS):
        app.cli.add_command(command)
