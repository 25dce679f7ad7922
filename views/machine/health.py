"""For monitors: whether the portal can work, without a word about anybody."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, jsonify
from peewee import PeeweeException

from models.base import database
from views.door import public

room = Blueprint("health", __name__)


@room.get("/health", endpoint="show")
@public
def show() -> Any:
    """200 with the state of database and queue, 503 when one of them does not answer."""
    states = {
        "database": _answers(lambda: database.execute_sql("SELECT 1").fetchone()),
        "queue": _answers(current_app.extensions["queue"].pending_count),
    }
    is_well = all(states.values())
    return jsonify(
        {"status": "ok" if is_well else "fail", **{name: "ok" if well else "fail" for name, well in states.items()}}
    ), 200 if is_well else 503


def _answers(question: Any) -> bool:
    try:
        question()
    except (PeeweeException, OSError, RuntimeError):
        return False
    except Exception as error:  # the queue's driver has exceptions of its own
        current_app.logger.warning("health: %s", error)
        return False
    return True
