"""Numbers of appeals, orders and callbacks: made of a row's id and its month. They name a thing and open nothing."""

from __future__ import annotations

from datetime import datetime

from models import clock


def number_of(row_id: int, made_at: datetime) -> str:
    """'2611-000123': year and month, and the running number."""
    return f"{clock.local(made_at):%y%m}-{row_id:06d}"


def id_of(typed: str) -> int | None:
    """The row's id that a number as written by `number_of` would have; whether it is that row's number is for the reader to compare."""
    head, _, tail = typed.strip().partition("-")
    is_number = len(head) == 4 and 6 <= len(tail) <= 9 and (head + tail).isascii() and (head + tail).isdigit()
    return int(tail) if is_number else None
