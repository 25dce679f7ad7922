"""The chain through the audit log: each row's hash covers the one before it, and the end is sealed under the portal's secret.

Rows are written without a place, so that nobody waits for anybody; a job gives them their places a moment later. Whoever can write
into the tables but does not know the secret cannot change, remove, move or add a sealed row unnoticed.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from peewee import BigIntegerField, CharField, DateTimeField, fn

from models import audit, clock, seal
from models.audit import AuditRow
from models.base import Row, database, is_sqlite, pairs

ORIGIN = "0" * 64  # what stands before the first row
BATCH = 1000  # rows a transaction
PAUSE = 0.02  # seconds between two full ones: SQLite has one writer, and a customer waits beside a log sealed for the first time
UNSEALED_FOR = timedelta(minutes=10)  # no longer than this while the worker runs
MOST_TOLD = 20
VERIFIED = "audit.verified"
_PURPOSE = "audit"
_LOCK = 0x6B6163  # any number of our own
_CHUNK = 5000


class AuditSeal(Row):
    """The end of the chain at a moment, under the portal's secret."""

    place = BigIntegerField(index=True)
    hash = CharField(max_length=64)
    mac = CharField(max_length=64)
    at = DateTimeField()


class Broken(Exception):  # noqa: N818  the state of the chain
    """The end of the chain is not what was sealed: to go on would seal what somebody has changed."""


class End(NamedTuple):
    place: int
    hash: str


class Proof(NamedTuple):
    """What shows that a row stands in the chain: `hash` is the SHA-256 of the hash before it, a line feed and the row's text."""

    place: int
    previous: str
    text: str
    hash: str


class _Link(NamedTuple):
    id: int
    at: Any
    who: str
    ip: str
    deed: str
    subject: str
    detail: str
    place: int | None
    hash: str | None

    @property
    def text(self) -> str:
        """The row, written in one way whatever the database."""
        row = (self.id, _moment(self.at), self.who, self.ip, self.deed, self.subject, _plain(self.detail))
        return json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    def hash_after(self, previous: str) -> str:
        return link_hash(previous, self.text)


def link_hash(previous: str, text: str) -> str:
    """SHA-256 of the hash before a row and the row's text, in hex."""
    return hashlib.sha256(f"{previous}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()


def seal_rows(*, anew: bool = False) -> int:
    """Give each row that has none its place, in batches that are whole or nothing; how many.

    Raises Broken when the end was tampered with. `anew` goes on from the end as it is now, and says so in the log: for after an
    examination, or a lost secret.
    """
    if anew:
        _seal_anew()
    total = 0
    while True:
        count = _seal_batch()
        total += count
        if count < BATCH:
            return total
        time.sleep(PAUSE)


def end() -> End:
    """The last place and its hash, for keeping elsewhere: who holds them can tell later that nothing was cut off."""
    last = AuditRow.select(fn.MAX(AuditRow.place)).scalar()
    if last is None:
        return End(0, ORIGIN)
    return End(last, hash_at(last) or "")


def hash_at(place: int) -> str | None:
    found: str | None = AuditRow.select(AuditRow.hash).where(AuditRow.place == place).scalar()
    return found


def proofs(row_ids: Sequence[int]) -> dict[int, Proof]:
    """The proofs of some rows by their ids, for whoever has no access to the database; rows without a place have none."""
    if not row_ids:
        return {}
    marks = ", ".join([database.param] * len(row_ids))
    found = [
        row for row in _select(f"id IN ({marks}) AND place IS NOT NULL ORDER BY place", tuple(row_ids)) if row.place
    ]
    before = pairs(
        AuditRow.select(AuditRow.place, AuditRow.hash).where(
            AuditRow.place.in_([(row.place or 0) - 1 for row in found])
        )
    )
    hashes = {0: ORIGIN, **dict(before)}
    return {
        row.id: Proof(row.place or 0, hashes.get((row.place or 0) - 1, ""), row.text, row.hash or "") for row in found
    }


def newest_seal() -> AuditSeal | None:
    found: AuditSeal | None = AuditSeal.select().order_by(AuditSeal.id.desc()).first()
    return found


def verify(progress: Callable[[int], None] | None = None) -> list[str]:
    """What is wrong with the log, in words an administrator can act on; walks through all of it, a little at a time."""
    walk = _Walk()
    while True:
        rows = _links("place > ?", "place", walk.place, _CHUNK)
        newest = newest_seal()
        if rows:
            walk.through(rows)
            if progress:
                progress(len(rows))
        elif newest is None or newest.place <= walk.place or not _has_rows_after(walk.place):
            break
    walk.close(newest)
    return walk.told()


def unsealed() -> list[str]:
    """Whether rows wait longer for their places than they do while the worker runs."""
    long_ago = clock.now() - UNSEALED_FOR
    count = AuditRow.select(fn.COUNT(AuditRow.id)).where(AuditRow.place.is_null(), AuditRow.at < long_ago).scalar()
    if not count:
        return []
    return [f"audit: {count} rows wait for their seal; start the worker, or run `flask --app app audit seal`"]


def examine(progress: Callable[[int], None] | None = None) -> list[str]:
    """Verify, look whether the sealer runs, and write the outcome into the log itself, where its page shows it."""
    complaints = [*verify(progress), *unsealed()]
    audit.record(VERIFIED, "audit", rows=end().place, complaints=len(complaints), first=complaints[:3])
    return complaints


class _Walk:
    """One way through the chain, from the first place on."""

    def __init__(self) -> None:
        self.place, self.hash = 0, ORIGIN
        self.complaints: list[str] = []
        self.more = 0

    def through(self, rows: list[_Link]) -> None:
        first = rows[0].place
        for row in rows:
            self._step(row)
        hashes = {row.place: row.hash for row in rows}
        seals = AuditSeal.select(AuditSeal.place, AuditSeal.hash).where(AuditSeal.place.between(first, self.place))
        for place, sealed in pairs(seals):
            if hashes.get(place, sealed) != sealed:
                self._tell(f"audit: the hash at place {place} is not the one that was sealed")

    def close(self, newest: AuditSeal | None) -> None:
        if newest is None:
            if self.place:
                self._tell(f"audit: {self.place} rows have places, but there is no seal")
            return
        if newest.place > self.place:
            self._tell(f"audit: the rows from place {self.place + 1} to {newest.place} are missing at the end")
        if newest.place < self.place:
            self._tell(
                f"audit: the rows from place {newest.place + 1} to {self.place} were added behind the newest seal"
            )
        if not _is_ours(newest):
            self._tell("audit: the newest seal was not made under a known secret (KABINET_SECRET_KEY, OLD_SECRET_KEYS)")
        if below := AuditRow.select(fn.COUNT(AuditRow.id)).where(AuditRow.place < 1).scalar():
            self._tell(f"audit: {below} rows have a place before the first")

    def told(self) -> list[str]:
        return [*self.complaints, f"audit: and {self.more} more"] if self.more else self.complaints

    def _step(self, row: _Link) -> None:
        place = row.place or 0
        if place != self.place + 1:
            self._tell(f"audit: the rows from place {self.place + 1} to {place - 1} are missing")
        elif row.hash_after(self.hash) != row.hash:
            self._tell(f"audit: row {row.id} at place {place} is not what was sealed")
        self.place, self.hash = place, row.hash or ""

    def _tell(self, complaint: str) -> None:
        if len(self.complaints) < MOST_TOLD:
            self.complaints.append(complaint)
        else:
            self.more += 1


def _seal_batch() -> int:
    with database.atomic():
        _alone()
        last = _sealed_end()
        rows = _links("place IS NULL AND id > ?", "id", -1, BATCH)
        placed = []
        for row in rows:
            last = End(last.place + 1, row.hash_after(last.hash))
            placed.append((last.place, last.hash, row.id))
        if rows:
            _place(placed)
            _put_seal(last)
    return len(rows)


def _seal_anew() -> None:
    with database.atomic():
        _alone()
        was, now = newest_seal(), end()
        audit.record("audit.sealed_anew", "audit", was=was.place if was else 0, now=now.place)
        _put_seal(now)


def _sealed_end() -> End:
    """Where the chain ends, once that is what the newest seal says; sealed again where the secret has changed."""
    newest, last = newest_seal(), end()
    if newest is None:
        if last.place:
            raise Broken(f"{last.place} rows have places, but there is no seal")
        return last
    if last != End(newest.place, newest.hash):
        raise Broken(f"the log ends at place {last.place}, the newest seal is of place {newest.place}")
    if not _is_ours(newest):
        raise Broken("the newest seal was not made under a known secret")
    if newest.mac != _mac(newest):
        _put_seal(last)
    return last


def _put_seal(last: End) -> None:
    made = AuditSeal(place=last.place, hash=last.hash, at=clock.now())
    made.mac = _mac(made)
    made.save(force_insert=True)


def _mac(one: AuditSeal) -> str:
    return seal.digest(_PURPOSE, _sealed_text(one))


def _is_ours(one: AuditSeal) -> bool:
    return len(one.mac) == 64 and seal.matches(_PURPOSE, _sealed_text(one), one.mac)


def _sealed_text(one: AuditSeal) -> str:
    return f"{one.place} {one.hash} {_moment(one.at)}"


def _place(placed: Iterable[tuple[int, str, int]]) -> None:
    lines = list(placed)
    sign = database.param
    cursor = database.cursor()
    cursor.executemany(f"UPDATE audit SET place = {sign}, hash = {sign} WHERE id = {sign} AND place IS NULL", lines)  # noqa: S608
    if cursor.rowcount != len(lines):
        raise Broken(f"{len(lines)} rows were to get their places, {cursor.rowcount} got them")


def _links(where: str, order: str, after: int, most: int) -> list[_Link]:
    return _select(f"{where.replace('?', database.param)} ORDER BY {order} LIMIT {most}", (after,))


def _select(which: str, values: Sequence[Any]) -> list[_Link]:
    columns = "id, at, who, ip, deed, subject, CAST(detail AS TEXT), place, hash"
    rows = database.execute_sql(f"SELECT {columns} FROM audit WHERE {which}", values).fetchall()  # noqa: S608  our own words
    return [_Link(*row) for row in rows]


def _has_rows_after(place: int) -> bool:
    return bool(AuditRow.select(AuditRow.id).where(AuditRow.place > place).exists())


def _alone() -> None:
    """One sealer at a time until the transaction ends; on SQLite the transaction itself is the lock."""
    if not is_sqlite():
        database.execute_sql("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))


def _moment(value: Any) -> str:
    """A moment as ISO text; SQLite keeps text, Postgres gives a datetime."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    try:
        return datetime.fromisoformat(value).isoformat(timespec="microseconds")
    except (TypeError, ValueError):
        return str(value)


def _plain(detail: str) -> Any:
    try:
        return json.loads(detail)
    except (TypeError, ValueError):
        return detail
