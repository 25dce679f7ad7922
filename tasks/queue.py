"""The one queue. Huey is a doorbell, not a safe: what must not be lost is a row with a state."""

from __future__ import annotations

from typing import Any

from huey import Huey, PostgresHuey, RedisHuey, SqliteHuey
from huey.serializer import SignedSerializer

from models import base
from models.settings import Settings
from tasks.timetable import JOBS


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
    return huey


def _connected(job: Any) -> Any:
    def run() -> None:
        with base.connection():
            job()

    run.__name__ = job.__name__
    run.__module__ = job.__module__
    return run
