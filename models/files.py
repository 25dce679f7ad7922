"""Files that people attach (scans, photos, papers): bytes in a folder of ours under random names, facts about them in a table.

The bytes come first, synced to the disk; the row comes with the deed's transaction. So a row without its file cannot be, and a file
without a row is swept away. What comes from outside is made anew first (`models/file_check`); an office's scan stays as it is.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from peewee import BigIntegerField, CharField, DateTimeField, ModelSelect, fn

from models import audit, clock, limits
from models.base import Refusal, Row, database
from models.file_check import arrival, process
from models.file_check.kinds import (
    CUSTOMER,
    GUEST,
    KINDS,
    LONGEST_TITLE,
    SCANS,
    STAFF,
    Kind,
    Limits,
    as_kind,
    harmless,
    limits_of,
)

__all__ = [
    "CUSTOMER", "GUEST", "KINDS", "LONGEST_TITLE", "SCANS", "STAFF", "Draft", "Kind", "Limits", "StoredFile", "add", "attach",
    "claim", "discard", "give_back", "hand_over", "harmless", "infected", "is_nearly_full", "is_scanned", "judge", "limits_of",
    "missing", "of", "one_of", "put", "remove", "remove_all", "spend", "sweep", "taken", "unscanned", "use", "waiting",
]  # fmt: skip
KEPT_AFTER_REMOVAL = timedelta(days=30)
UNSENT_KEPT = timedelta(days=1)  # after it was taken out of something that is being typed
LEAST_FREE = 1024**3  # bytes
_DRAFTS = "appeal-draft:"
_NEIGHBOURS = 10
SCANNED_AGAIN = timedelta(minutes=2)  # what the scanner had no word for
_DAY = 24 * 60 * 60
_UNCLAIMED = _DAY  # seconds that a file may wait for its row
_PART = ".part"
_NAME = re.compile(r"[0-9a-f]{32}(\.part)?", re.ASCII)
_VIRUS = "virus"  # who removed an infected file

_folder: Path | None = None
_is_scanned = False


class StoredFile(Row):
    name = CharField(unique=True)  # of the file in the folder: random, tells nothing
    title = CharField()  # what whoever sent it calls it, made harmless
    kind = CharField()
    size = BigIntegerField()
    sha256 = CharField()
    owner = CharField()  # what it belongs to, as audit names subjects: 'batch:12'
    added_by = CharField()  # 'staff:3'
    added_at = DateTimeField(default=clock.now)
    removed_by = CharField(default="")
    removed_at = DateTimeField(null=True)
    scan_at = DateTimeField(null=True, index=True)  # when the scanner is asked next; null: it has looked
    virus = CharField(default="")  # what a scanner found in it

    class Meta:
        indexes = ((("owner", "removed_at"), False),)

    @property
    def waits(self) -> bool:
        """Nobody gets it until the scanner has looked at it."""
        return _is_scanned and self.scan_at is not None

    @property
    def media(self) -> str:
        return KINDS[self.kind].media

    @property
    def path(self) -> Path:
        return _place(self.name)


StoredFile.add_index(
    StoredFile.owner, StoredFile.sha256, unique=True, where=StoredFile.removed_at.is_null(), name="stored_file_once"
)


@dataclass(frozen=True)
class Draft:
    """A file that is on the disk and belongs to nothing yet."""

    name: str
    title: str
    kind: str
    size: int
    sha256: str


def use(folder: Path, *, is_scanned: bool = False) -> None:
    """Keep the files there: outside of anything that is served. With a scanner each waits until it has been looked at."""
    global _folder, _is_scanned
    _folder, _is_scanned = folder, is_scanned


def is_scanned() -> bool:
    return _is_scanned


def put(stream: BinaryIO, title: str, allowed: Limits = SCANS) -> Draft:
    """Write what was sent to the disk, made anew where the limits say so; call it outside the transaction.

    Refused: none of the kinds by content and by name, one that is cut off, empty, too large, or that `file_check` does not take; a disk
    that is nearly full, for the database lives there too.
    """
    clean = harmless(title)
    if is_nearly_full():
        raise Refusal(
            "files", "Сейчас файлы не принимаем: мало места. Отправьте без них или попробуйте завтра.", "file.full"
        )
    name = secrets.token_hex(16)
    part, made = _place(name + _PART), _place(secrets.token_hex(16) + _PART)
    try:
        with _made(part) as file:
            size, digest, kind = arrival.copy(stream, file, clean, allowed)
        if allowed.is_remade:
            with _made(made):
                kind = process.remade(part, made, kind, clean)
            made.replace(part)
            size, digest = arrival.measured(part)
        part.replace(_place(name))
    except BaseException:
        for path in (part, made):
            path.unlink(missing_ok=True)
        raise
    _sync(part.parent)
    return Draft(name, as_kind(clean, kind), kind.code, size, digest)


def spend(author: str, count: int, address: str = "") -> None:
    """Count files that somebody brings. Refused: more in a day than is taken of them; of guests also by where they come from.

    One address may be a mobile operator's: it has ten times as many.
    """
    most = limits_of(author).a_day
    text = "На сегодня файлов достаточно. Остальные приложите завтра или принесите в офис."
    for _ in range(count if most else 0):
        limits.spend("files", author, most, _DAY, text)
        if not author.startswith("customer:"):
            limits.spend_address("files_address", address, most * _NEIGHBOURS, _DAY, text)


def give_back(author: str, count: int) -> None:
    """They were no files that cost anything: the author may bring as many others."""
    for _ in range(count if limits_of(author).a_day else 0):
        limits.give_back("files", author, _DAY)


def add(drafts: Iterable[Draft], owner: str, allowed: Limits) -> list[StoredFile]:
    """Give files to their owner, in the caller's transaction and with the owner's row held. Refused: more than one owner may have."""
    stored = [attach(draft, owner) for draft in drafts]
    count, size = (
        StoredFile.select(fn.COUNT(StoredFile.id), fn.SUM(StoredFile.size))
        .where(*_is_there(owner))
        .scalar(as_tuple=True)
    )
    if count > allowed.most:
        text = f"Файлов — до {allowed.most}. Уберите лишние или пришлите их следующим сообщением."
        raise Refusal("files", text, "file.many")
    if (size or 0) > allowed.together:
        text = f"Вместе файлы больше {allowed.together >> 20}\u00a0МБ. Уберите лишние или пришлите их следующим сообщением."
        raise Refusal("files", text, "file.together")
    return stored


def attach(draft: Draft, owner: str) -> StoredFile:
    """Give the file to its owner, in the caller's transaction and with the owner's row held.

    The same bytes once more are the file that is there already.
    """
    known = StoredFile.get_or_none(*_is_there(owner), StoredFile.sha256 == draft.sha256)
    if known:
        discard(draft)
        return known
    stored: StoredFile = StoredFile.create(
        name=draft.name, title=draft.title, kind=draft.kind, size=draft.size, sha256=draft.sha256, owner=owner,
        added_by=audit.actor().who, added_at=clock.now(), scan_at=clock.now() if _is_scanned else None,
    )  # fmt: skip
    audit.record("file.added", owner, file=stored.id, title=draft.title, size=draft.size, sha256=draft.sha256)
    return stored


def discard(draft: Draft) -> None:
    """Forget a file that nobody wants."""
    _place(draft.name).unlink(missing_ok=True)


def hand_over(old: str, new: str) -> int:
    """Files of one owner become another's, in the caller's transaction; how many. The new one has none of the same bytes."""
    count: int = (
        StoredFile.update(owner=new)
        .where(StoredFile.owner == old, StoredFile.removed_at.is_null() | (StoredFile.virus != ""))
        .execute()
    )
    if count:
        audit.record("file.handed_over", new, files=count, before=old)
    return count


def of(owner: str) -> ModelSelect[Any]:
    """What belongs to the owner now, in the order in which it came."""
    return StoredFile.select().where(*_is_there(owner)).order_by(StoredFile.id)


def one_of(owner: str, file_id: int) -> StoredFile | None:
    """The owner's file with this id; somebody else's is none."""
    return StoredFile.get_or_none(*_is_there(owner), StoredFile.id == file_id)


def infected(owner: str) -> list[str]:
    """The names of the owner's files that were taken away because of what was found in them."""
    query: Any = StoredFile.select(StoredFile.title).where(StoredFile.owner == owner, StoredFile.virus != "")
    return [title for (title,) in query.order_by(StoredFile.id).tuples()]


def waiting(most: int) -> list[StoredFile]:
    """Files that a scanner has to look at now: those that it was not asked about for the longest time first."""
    due = StoredFile.scan_at <= clock.now()
    return list(StoredFile.select().where(due).order_by(StoredFile.scan_at, StoredFile.id).limit(most))


def claim(stored: StoredFile) -> bool:
    """Have the file looked at by this process alone; without a verdict it is behind the others afterwards."""
    own = StoredFile.update(scan_at=clock.now() + SCANNED_AGAIN)
    return bool(own.where(StoredFile.id == stored.id, StoredFile.scan_at == stored.scan_at).execute())


def unscanned(since: timedelta) -> int:
    """How many files have waited for the scanner longer than that."""
    late = StoredFile.scan_at.is_null(False) & (StoredFile.added_at < clock.now() - since)
    return int(StoredFile.select().where(late).count())


def judge(stored: StoredFile, virus: str) -> None:
    """What the scanner says: nothing found, or the name of what was; then the file is taken away from everybody."""
    facts: dict[str, Any] = {"scan_at": None}
    if virus:
        facts |= {"virus": virus[:255], "removed_at": clock.now(), "removed_by": _VIRUS}
    with database.atomic():
        changed = (
            StoredFile.update(facts).where(StoredFile.id == stored.id, StoredFile.scan_at.is_null(False)).execute()
        )
        if changed and virus:
            audit.record("file.infected", stored.owner, file=stored.id, title=stored.title, virus=virus)


def taken(stored: StoredFile) -> Path:
    """The file on the disk for somebody who takes it away; noted, for it may hold personal data.

    Refused: no scanner has looked at it yet, or it is not there any more.
    """
    if stored.waits:
        raise Refusal(None, f"«{stored.title}» ещё проверяется на вирусы. Откройте его через минуту.", "file.waits")
    if not stored.path.is_file():
        raise Refusal(None, "Файла больше нет в хранилище: скажите администратору.", "file.lost")
    with database.atomic():
        audit.record("file.taken", stored.owner, file=stored.id)
    return stored.path


def remove(owner: str, file_id: int) -> bool:
    """Take a file away from its owner: dated, the bytes go a month later. False if it was not there."""
    with database.atomic():
        gone = (
            StoredFile.update(removed_at=clock.now(), removed_by=audit.actor().who, scan_at=None)
            .where(*_is_there(owner), StoredFile.id == file_id)
            .execute()
        )
        if gone:
            audit.record("file.removed", owner, file=file_id)
        return bool(gone)


def remove_all(owner: str) -> int:
    """Take all files away from an owner that goes, in the caller's transaction; how many."""
    gone: int = (
        StoredFile.update(removed_at=clock.now(), removed_by=audit.actor().who, scan_at=None)
        .where(*_is_there(owner))
        .execute()
    )
    if gone:
        audit.record("file.removed", owner, files=gone)
    return gone


def sweep() -> int:
    """Remove from the disk what has no row a day after it came, what was removed a month ago, or from a draft yesterday; how many."""
    gone = 0
    dead = _dead(clock.now())
    for paths in _by_hundreds(_all()):
        known = _names(StoredFile.name.in_([path.name for path in paths]))
        for path in paths:
            if path.name in dead or (path.name not in known and _is_old(path)):
                path.unlink(missing_ok=True)
                gone += 1
    return gone


def is_nearly_full() -> bool:
    """Whether the disk of the folder has less space left than others need."""
    place = next(one for one in (_root(), *_root().parents) if one.exists())
    return shutil.disk_usage(place).free < LEAST_FREE


def missing() -> list[str]:
    """The names of the files that ought to be in the folder and are not."""
    query = StoredFile.select(StoredFile.name).where(StoredFile.removed_at.is_null()).order_by(StoredFile.id)
    return [name for (name,) in query.tuples().iterator() if not _place(name).exists()]


def _is_there(owner: str) -> tuple[Any, Any]:
    return StoredFile.owner == owner, StoredFile.removed_at.is_null()


def _dead(now: datetime) -> set[str]:
    """The names of those whose time after the removal is over."""
    was_sent_to_nobody = StoredFile.owner.startswith(_DRAFTS) & (StoredFile.removed_at < now - UNSENT_KEPT)
    return _names(was_sent_to_nobody | (StoredFile.removed_at < now - KEPT_AFTER_REMOVAL))


def _names(*where: Any) -> set[str]:
    query: Any = StoredFile.select(StoredFile.name).where(*where)
    return {name for (name,) in query.tuples()}


def _root() -> Path:
    if _folder is None:
        raise RuntimeError("no folder yet: call files.use(folder) first")
    return _folder


def _place(name: str) -> Path:
    """Where the file lies; 256 folders, so that none grows too long to list."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"no name of a file of ours: {name!r}")
    return _root() / name[:2] / name


@contextmanager
def _made(path: Path) -> Iterator[BinaryIO]:
    """A new file for nobody else's eyes, on the disk itself when it is closed."""
    _root().parent.mkdir(parents=True, exist_ok=True)
    for folder in (_root(), path.parent):
        folder.mkdir(mode=0o700, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _all() -> Iterator[Path]:
    if _root().is_dir():
        yield from (path for path in _root().glob("[0-9a-f][0-9a-f]/*") if _NAME.fullmatch(path.name))


def _by_hundreds(paths: Iterator[Path]) -> Iterator[Sequence[Path]]:
    found: list[Path] = []
    for path in paths:
        found.append(path)
        if len(found) == 100:
            yield found
            found = []
    if found:
        yield found


def _is_old(path: Path) -> bool:
    """By the world's clock, which stamps files: the portal's may be set to another day."""
    try:
        return clock.real_seconds() - path.stat().st_mtime > _UNCLAIMED
    except FileNotFoundError:
        return False
