"""Rate limits shared by all workers: one upsert a hit, in fixed windows."""

from __future__ import annotations

import hashlib
from datetime import UTC

from peewee import CharField, CompositeKey, IntegerField

from models import clock
from models.base import Refusal, Row, database


class Hit(Row):
    key = CharField()
    window = IntegerField(column_name="win")
    ends = IntegerField(index=True)
    count = IntegerField(column_name="n", default=1)

    class Meta:
        primary_key = CompositeKey("key", "window")


def hit(name: str, subject: str, per: int) -> int:
    """Count one more for (name, subject) in the present window of `per` seconds; the count so far, this one included."""
    # Counted even when the verb around it is refused: call it outside the verb's transaction.
    window = _seconds() // per
    key = hashlib.sha256(f"{name}|{subject}".encode()).hexdigest()
    mark = database.param
    sql = (
        f"INSERT INTO hit (key, win, ends, n) VALUES ({mark}, {mark}, {mark}, 1) "  # noqa: S608  only the driver's own marks
        "ON CONFLICT (key, win) DO UPDATE SET n = hit.n + 1 RETURNING n"
    )
    return database.execute_sql(sql, (key, window, (window + 1) * per)).fetchone()[0]


def count(name: str, subject: str, per: int) -> int:
    """The hits so far in the present window."""
    key = hashlib.sha256(f"{name}|{subject}".encode()).hexdigest()
    found = Hit.select(Hit.count).where(Hit.key == key, Hit.window == _seconds() // per).first()
    return found.count if found else 0


def spend(
    name: str,
    subject: str,
    most: int,
    per: int,
    text: str = "Слишком много попыток. Подождите немного и попробуйте снова.",
) -> None:
    """Count one more; refused past `most` in `per` seconds."""
    if hit(name, subject, per) > most:
        raise Refusal(None, text, f"limit.{name}")


def purge() -> int:
    return Hit.delete().where(Hit.ends < _seconds() - 86_400).execute()


def _seconds() -> int:
    return int(clock.now().replace(tzinfo=UTC).timestamp())
