"""The first employee comes in by the console, all others by the page of an administrator."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import AppGroup

from models.base import Refusal
from models.people import employment, rights, staff_sessions
from models.people.staff import Employee
from views.console.acting import command

group = AppGroup("staff", help="Employees and their access.")


@group.command("add", help="Take on EMAIL as ROLE; prints the link by which they choose a password.")
@click.argument("email")
@click.argument("role", type=click.Choice(rights.ROLES))
@click.option("--name", default="", help="As colleagues and the audit log will see them; the e-mail's name by default.")
@click.option("--office", default="", help="The code of their office; the whole company by default.")
@command
def add(email: str, role: str, name: str, office: str) -> None:
    try:
        _, secret = employment.add(email, role, name or email.partition("@")[0], office)
    except Refusal as refusal:
        raise click.ClickException(refusal.text) from refusal
    _tell(secret)


@group.command("list", help="Everybody with role and state.")
@command
def listed() -> None:
    for one in Employee.listed():
        state = "closed" if not one.is_open else "open" if one.has_factor else "invited"
        click.echo(f"{one.email:<32}{one.role:<15}{state}")


@group.command("reset", help="EMAIL chooses password and second factor anew, by the link printed; sessions end.")
@click.argument("email")
@command
def reset(email: str) -> None:
    employee = _found(email)
    _tell(employment.reset(employee.id) if employee.is_open else employment.reopen(employee.id))


@group.command("close", help="End the access of EMAIL at once.")
@click.argument("email")
@command
def close(email: str) -> None:
    try:
        employment.close(_found(email).id)
    except Refusal as refusal:
        raise click.ClickException(refusal.text) from refusal


@group.command("end-sessions", help="Sign EMAIL out everywhere.")
@click.argument("email")
@command
def end_sessions(email: str) -> None:
    click.echo(f"{staff_sessions.end_all(_found(email).id)} ended")


def _found(email: str) -> Employee:
    employee = Employee.by_email(email.strip().lower())
    if employee is None:
        raise click.ClickException(f"нет сотрудника {email}")
    return employee


def _tell(secret: str) -> None:
    click.echo(f"{current_app.extensions['kabinet'].public_url}/staff/activate/{secret}")
    click.echo("The link works once, for three days.")


COMMANDS = (group,)
