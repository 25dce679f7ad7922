"""The administrator's counter: `flask --app app …`."""

from __future__ import annotations

from flask import Flask

from views.console import (
    audit,
    billing,
    consents,
    database,
    exchange,
    finding,
    mailings,
    payments,
    printing,
    receipts,
    staff,
    work,
)


def hang(app: Flask) -> None:
    """Add the commands to an application."""
    for room in (
        audit,
        database,
        billing,
        consents,
        exchange,
        finding,
        mailings,
        payments,
        printing,
        receipts,
        staff,
        work,
    ):
        for command in room.COMMANDS:
            app.cli.add_command(command)
