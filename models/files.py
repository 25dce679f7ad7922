"""Files that people attach (scans, photos): bytes in a folder of ours under random names, facts about them in a table.

The bytes come first, synced to the disk; the row comes with the deed's transaction. So a row without its file cannot be, and a file
without a row is swept away. Nothing is looked into or made anew: a JPEG keeps what its camera wrote into it.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from peewee import BigIntegerField, CharField, DateTimeField, ModelSelect

from models import audit, clock
from models.base import Refusal, Row, database

LARGEST = 15 * 1024 * 1024  # bytes of one file
KEPT_AFTER_REMOVAL = timedelta(days=30)
LONGEST_TITLE = 120
_UNCLAIMED = 24 * 60 * 60  # seconds that a file may wait for its row
_CHUNK = 1 << 16
_PART = ".part"
_NAME = re.compile(r"[0-9a-f]{32}(\.part)?", re.ASCII)
_NOT_IN_TITLE = str.maketrans(dict.fromkeys('<>:"|?*\\/', "_"))


@dataclass(frozen=True)
class Kind:
    """A kind of file that is taken: what it begins and ends with (anywhere in the last kilobyte), and how its name may end."""

    code: str
    media: str
    begins: bytes
    ends: bytes
    endings: tuple[str, ...]


KINDS = {
    kind.code: kind
    for kind in (
        Kind("jpeg", "image/jpeg", b"\xff\xd8\xff", b"\xff\xd9", (".jpg", ".jpeg")),
        Kind("png", "image/png", b"\x89PNG\r\n\x1a\n", b"IEND", (".png",)),
        Kind("pdf", "application/pdf", b"%PDF-", b"%%EOF", (".pdf",)),
    )
}
ENDINGS = tuple(ending for kind in KINDS.values() for ending in kind.endings)

_folder: Path | None = None


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

    class Meta:
        indexes = ((("owner", "removed_at"), False),)

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


def use(folder: Path) -> None:
    """Keep the files there: outside of anything that is served."""
    global _folder
    _folder = folder


def put(stream: BinaryIO, title: str) -> Draft:
    """Write what was sent to the disk; call it outside the transaction.

    Refused: no JPEG, PNG or PDF by content and by name, one that is cut off, empty, or above 15 MB.
    """
    clean = harmless(title)
    name = secrets.token_hex(16)
    part = _place(name + _PART)
    try:
        with _made(part) as file:
            size, digest, kind = _copy(stream, file, clean)
        part.replace(_place(name))
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _sync(part.parent)
    return Draft(name, clean, kind.code, size, digest)


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
        added_by=audit.actor().who, added_at=clock.now(),
    )  # fmt: skip
    audit.record("file.added", owner, file=stored.id, title=draft.title, size=draft.size, sha256=draft.sha256)
    return stored


def discard(draft: Draft) -> None:
    """Forget a file that nobody wants."""
    _place(draft.name).unlink(missing_ok=True)


def of(owner: str) -> ModelSelect[Any]:
    """What belongs to the owner now, in the order in which it came."""
    return StoredFile.select().where(*_is_there(owner)).order_by(StoredFile.id)


def one_of(owner: str, file_id: int) -> StoredFile | None:
    """The owner's file with this id; somebody else's is none."""
    return StoredFile.get_or_none(*_is_there(owner), StoredFile.id == file_id)


def taken(stored: StoredFile) -> Path:
    """The file on the disk for somebody who takes it away; noted, for it may hold personal data. Refused: it is not there any more."""
    if not stored.path.is_file():
        raise Refusal(None, "Файла больше нет в хранилище: скажите администратору.", "file.lost")
    with database.atomic():
        audit.record("file.taken", stored.owner, file=stored.id)
    return stored.path


def remove(owner: str, file_id: int) -> bool:
    """Take a file away from its owner: dated, the bytes go a month later. False if it was not there."""
    with database.atomic():
        gone = (
            StoredFile.update(removed_at=clock.now(), removed_by=audit.actor().who)
            .where(*_is_there(owner), StoredFile.id == file_id)
            .execute()
        )
        if gone:
            audit.record("file.removed", owner, file=file_id)
        return bool(gone)


def sweep() -> int:
    """Remove from the disk what has no row a day after it came, and what was removed a month ago; how many files."""
    gone = 0
    dead = _dead(clock.now() - KEPT_AFTER_REMOVAL)
    for paths in _by_hundreds(_all()):
        known = _names(StoredFile.name.in_([path.name for path in paths]))
        for path in paths:
            if path.name in dead or (path.name not in known and _is_old(path)):
                path.unlink(missing_ok=True)
                gone += 1
    return gone


def missing() -> list[str]:
    """The names of the files that ought to be in the folder and are not."""
    query = StoredFile.select(StoredFile.name).where(StoredFile.removed_at.is_null()).order_by(StoredFile.id)
    return [name for (name,) in query.tuples().iterator() if not _place(name).exists()]


def harmless(title: str) -> str:
    """A file's name as it may be shown and given back: no folders, no characters that are unseen or turn the writing direction."""
    last = re.split(r"[\\/]", unicodedata.normalize("NFC", title))[-1]
    seen = "".join(one for one in last if unicodedata.category(one) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
    stem, dot, ending = " ".join(seen.translate(_NOT_IN_TITLE).split()).strip(". ").rpartition(".")
    if not dot:
        return ending[:LONGEST_TITLE] or "файл"
    return f"{stem[: LONGEST_TITLE - len(ending) - 1].rstrip('. ') or 'файл'}.{ending[:10].lower()}"


def _copy(stream: BinaryIO, file: BinaryIO, title: str) -> tuple[int, str, Kind]:
    """Copy, looking at what passes; how many bytes, their SHA-256 in hex, the kind."""
    digest, size, kind, tail = hashlib.sha256(), 0, None, b""
    while chunk := stream.read(_CHUNK):
        kind = kind or _kind(chunk, title)
        size += len(chunk)
        if size > LARGEST:
            raise Refusal(
                "files", f"«{title}» больше {LARGEST >> 20}\u00a0МБ. Уменьшите его или разделите.", "file.large"
            )
        digest.update(chunk)
        file.write(chunk)
        tail = (tail + chunk)[-1024:]
    if kind is None:
        raise Refusal("files", f"«{title}» пуст. Выберите другой файл.", "file.empty")
    if kind.ends not in tail:
        raise Refusal(
            "files", f"«{title}» обрывается на середине. Откройте его, сохраните заново и приложите.", "file.cut"
        )
    return size, digest.hexdigest(), kind


def _kind(start: bytes, title: str) -> Kind:
    for kind in KINDS.values():
        if start.startswith(kind.begins) and title.endswith(kind.endings):
            return kind
    raise Refusal(
        "files", f"«{title}» — не JPEG, PNG или PDF. Приложите скан или снимок в одном из этих видов.", "file.kind"
    )


def _is_there(owner: str) -> tuple[Any, Any]:
    return StoredFile.owner == owner, StoredFile.removed_at.is_null()


def _dead(before: datetime) -> set[str]:
    """The names of those that were removed before that moment."""
    return _names(StoredFile.removed_at < before)


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
