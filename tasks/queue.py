"""The one queue. Huey is a doorbell, not a safe: what must not be lost is a row with a state."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from huey import Huey, PostgresHuey, RedisHuey, SqliteHuey
from huey.serializer import SignedSerializer

from models import base
from models.settings import Settings
from tasks.timetable import BELLS, JOBS

logger = logging.getLogger("kabinet.queue")
UNHEARD = 60  # seconds after which a ring is forgotten: the periodic job has come by then

_bells: dict[str, Callable[[int], Any]] = {}


def set_up(settings: Settings) -> Huey:
    """Open the queue that the settings name; the messages are signed, so that whoever can write there cannot run code here."""
    serializer = SignedSerializer(secret=settings.secret_key, salt="kabinet/queue")
    url = settings.queue_url
    if url.startswith("redis"):
        huey: Huey = RedisHuey("kabinet", url=url, serializer=serializer)
    elif url.startswith("postgresql"):
        huey = PostgresHuey("kabinet", dsn=url, serializer=serializer)
    else:
        settings.var_dir.mkdir(parents=True, exist_ok=True)
        huey = SqliteHuey("kabinet", filename=str(settings.var_dir / "queue.db"), serializer=serializer)
    for job, when in JOBS:
        huey.periodic_task(when, name=job.__name__)(_connected(job))
    for name, work in BELLS.items():
        _bells[name] = huey.task(name=name, expires=UNHEARD)(_connected(work))
    return huey


def ring(name: str, row_id: int) -> bool:
    """Ask the background work to look at a row now; whether the bell could be rung.

    The message carries the row's id alone and may get lost: a periodic job finds the row all the same. Never raises for a
    queue that is down; an unknown name is a mistake of ours (KeyError).
    """
    bell = _bells[name]
    try:
        bell(row_id)
    except Exception as error:  # each kind of queue has exceptions of its own
        logger.warning("%s %s: the queue does not answer: %s", name, row_id, error)
        return False
    return True


def _connected(work: Any) -> Any:
    def run(*args: Any) -> None:
        with base.connection():
            work(*args)

    run.__name__ = work.__name__
    run.__module__ = work.__module__
    return run
