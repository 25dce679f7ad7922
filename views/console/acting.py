"""What each command stands on: a connection, and the console as the actor in the audit log."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask.cli import with_appcontext

from models import audit, base


def command(work: Callable[..., Any]) -> Callable[..., Any]:
    @with_appcontext
    @wraps(work)
    def run(*args: Any, **values: Any) -> Any:
        with base.connection(), audit.acting("console"):
            return work(*args, **values)

    return run
