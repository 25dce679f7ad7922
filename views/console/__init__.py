"""The administrator's counter: `flask --app app …`."""

from __future__ import annotations

from flask import Flask

from views.console import billing, database, exchange, payments, printing, receipts, staff, work


def hang(app: Flask) -> None:
    """Add the commands to an application."""
    for room in (database, billing, exchange, payments, printing, receipts, staff, work):
        for command in room.COMMANDS:
            app.cli.add_command(command)
