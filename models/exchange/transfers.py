"""Transfers: files that came in through the office's pages or went out, from the upload to the undoing.

A file is checked in the background, shown, then loaded; money waits for a second person. Each state is a row; whoever works on it
holds a lease, and each step may run twice. What people say is in `decisions`, the work itself in `handling` and `outgoing`.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import unicodedata
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any, BinaryIO

from peewee import (
    BigIntegerField,
    BooleanField,
    CharField,
    DateTimeField,
    ForeignKeyField,
    IntegerField,
    JSONField,
    ModelSelect,
)

from models import audit, clock, company
from models.base import Refusal, Row, database, locked
from models.exchange import table
from models.exchange.kinds import KINDS
from models.people.staff import Employee

IN, OUT = "in", "out"
UPLOADED, CHECKED, WAITING, LOADING, LOADED, UNDOING, UNDONE, FAILED, DROPPED = (
    "uploaded", "checked", "waiting", "loading", "loaded", "undoing", "undone", "failed", "dropped",
)  # fmt: skip
MAKING, MADE = "making", "made"
DUE = (UPLOADED, LOADING, UNDOING, MAKING)  # something is to be done in the background
STATES = {
    UPLOADED: "проверяется", CHECKED: "проверен", WAITING: "ждёт второго сотрудника", LOADING: "загружается", LOADED: "загружен",
    UNDOING: "отменяется", UNDONE: "отменён", FAILED: "не получилось", DROPPED: "убран", MAKING: "готовится", MADE: "готов",
}  # fmt: skip
MONEY = ("balances", "charges", "payments")
PRICES = ("tariffs", "bands", "norms", "penalties", "days_off")  # everybody's money is worked out from these
CSV, XLSX, REGISTER = "csv", "xlsx", "register"
LARGEST = 300 * 1024 * 1024
MOST_TRIES = 4
_LEASE, _LEASE_OF_A_MEGABYTE = timedelta(minutes=5), timedelta(seconds=5)
_REST = timedelta(minutes=1)  # before the next try
_CHUNK = 1 << 20
_PROGRESS = "line"
_NAME = 120


class Transfer(Row):
    direction = CharField()
    kind = CharField()
    format = CharField()
    register = CharField(default="")  # the register's name in company.toml
    name = CharField()  # of the file, as it was uploaded or is offered
    stored = CharField()  # its name in our folder
    sha256 = CharField(max_length=64, default="", index=True)
    size = BigIntegerField(default=0)
    since = CharField(default="")  # of an export: from this day on
    state = CharField()
    reason = CharField(max_length=1000, default="")  # why it failed, what the second person said
    counts = JSONField(default=dict)
    facts = JSONField(default=dict)  # what a register says of itself, the lines whose account is not clear
    faults = JSONField(default=list)  # the first of them: [line, column, reason]
    preview = JSONField(default=dict)
    mended = JSONField(default=dict)  # where staff found the right account: [its number, the employee] by line
    keep_good = BooleanField(default=False)
    tries = IntegerField(default=0)
    claimed_until = DateTimeField(null=True)
    employee = ForeignKeyField(Employee, null=True, on_delete="RESTRICT", backref="transfers")  # none: at the console
    created_at = DateTimeField(default=clock.now, index=True)
    checked_at = DateTimeField(null=True)
    asked_by = ForeignKeyField(Employee, null=True, on_delete="RESTRICT", backref="asked_transfers")
    asked_at = DateTimeField(null=True)
    approved_by = ForeignKeyField(Employee, null=True, on_delete="RESTRICT", backref="approved_transfers")
    approved_at = DateTimeField(null=True)
    loaded_at = DateTimeField(null=True)
    undo_asked_by = ForeignKeyField(Employee, null=True, on_delete="RESTRICT", backref="undo_asked_transfers")
    undo_asked_at = DateTimeField(null=True)
    undo_reason = CharField(max_length=500, default="")
    undo_approved_by = ForeignKeyField(Employee, null=True, on_delete="RESTRICT", backref="undo_approved_transfers")
    undone_at = DateTimeField(null=True)

    class Meta:
        indexes = ((("state", "id"), False),)

    @property
    def subject(self) -> str:
        return f"transfer:{self.id}"

    @property
    def path(self) -> Path:
        return folder() / self.stored

    @property
    def is_money(self) -> bool:
        return self.kind in MONEY

    @property
    def needs_two(self) -> bool:
        """Whether a second person looks before it is loaded: at money, prices, accounts that change hands."""
        return self.is_money or self.kind in PRICES or bool(self.counts.get("owners"))

    @property
    def is_busy(self) -> bool:
        return self.state in DUE

    @property
    def has_faults(self) -> bool:
        return bool(self.counts.get("bad"))

    @property
    def may_keep_good(self) -> bool:
        """Whether the good lines may be loaded without the bad ones: never money, never what is worked out from whole groups."""
        return not self.is_money and not KINDS[self.kind].whole

    @property
    def is_loadable(self) -> bool:
        """Whether a press is all that is missing."""
        return self.state == CHECKED and (not self.has_faults or self.may_keep_good) and bool(self.counts.get("read"))

    @property
    def menders(self) -> set[int]:
        """The employees who wrote accounts into the file's lines."""
        return {employee_id for _, employee_id in self.mended.values()}

    @property
    def progress(self) -> int:
        """The last line of a load in parts that is stored."""
        return int(self.facts.get(_PROGRESS, 0))

    @property
    def is_undo_asked(self) -> bool:
        return self.state == LOADED and self.undo_asked_by_id is not None


_folder: Path | None = None


def use(place: Path) -> None:
    """Keep the files in this folder, outside of what the web can reach."""
    global _folder
    _folder = place


def folder() -> Path:
    if _folder is None:
        raise RuntimeError("no folder yet: call transfers.use(folder) first")
    _folder.parent.mkdir(parents=True, exist_ok=True)
    _folder.mkdir(mode=0o700, exist_ok=True)
    return _folder


# ---- a file comes in


def receive(stream: IO[bytes], name: str, *, kind: str, employee_id: int, register: str = "") -> Transfer:
    """Keep an uploaded file and write down that it is to be checked. Refused: an unknown kind, an empty file, one too large.

    `kind` is one of KINDS; a register's is 'payments', with the register's name.
    """
    if kind not in KINDS or (register and (kind != "payments" or register not in company.current().registers)):
        raise Refusal("kind", "Выберите, что в файле.", "transfer.kind")
    stored = f"{clock.today():%Y-%m}-{secrets.token_hex(12)}"
    path = folder() / stored
    try:
        size, sha256, head = _keep(stream, path)
        if not size:
            raise Refusal("file", "Файл пуст. Выберите другой.", "transfer.empty")
        with database.atomic():
            transfer = Transfer.create(
                direction=IN, kind=kind, format=_format(register, head), register=register, name=clean_name(name), stored=stored,
                sha256=sha256, size=size, state=UPLOADED, employee=employee_id, created_at=clock.now(),
            )  # fmt: skip
            audit.record("transfer.uploaded", transfer.subject, kind=kind, name=transfer.name, sha256=sha256)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return transfer


def _keep(stream: IO[bytes], path: Path) -> tuple[int, str, bytes]:
    """Size, hash and first bytes of what was written."""
    digest, size, head = hashlib.sha256(), 0, b""
    with private(path) as file:
        while chunk := stream.read(_CHUNK):
            head = head or chunk[:8]
            size += len(chunk)
            if size > LARGEST:
                raise Refusal("file", f"Файл больше {LARGEST >> 20} МБ. Разделите его.", "transfer.large")
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return size, digest.hexdigest(), head


def private(path: Path) -> BinaryIO:
    """A new file that nobody else on the machine may read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def missing() -> list[str]:
    """The transfers whose file is gone although it may still be loaded, checked, undone or taken away."""
    kept = (Transfer.direction == IN) & (Transfer.state != DROPPED) | (Transfer.state == MADE)
    query: Any = Transfer.select(Transfer.id, Transfer.stored).where(kept).order_by(Transfer.id).tuples()
    return [f"№ {number}" for number, stored in query.iterator() if not (folder() / stored).is_file()]


def intact(transfer: Transfer) -> Path:
    """The file, the same to the byte as it was received. Raises BadFile when it is gone or another."""
    try:
        with transfer.path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise table.BadFile("файла больше нет в хранилище; загрузите его ещё раз") from None
    if found != transfer.sha256:
        raise table.BadFile(
            "файл в хранилище уже не тот, что был принят; позовите администратора и загрузите его ещё раз"
        )
    return transfer.path


def _format(register: str, head: bytes) -> str:
    is_zip = head.startswith(table.ZIP)
    if register and is_zip:
        raise Refusal("file", "Реестр — текстовый файл, а это книга Excel или архив.", "transfer.format")
    return REGISTER if register else XLSX if is_zip else CSV


def clean_name(name: str) -> str:
    """A file's name without its folders and without what cannot be shown."""
    return printable(name.replace("\\", "/").rpartition("/")[2]).strip()[-_NAME:] or "без имени"


def printable(text: str) -> str:
    """A text out of a file without the characters that no page and no database takes."""
    return "".join(character for character in text if unicodedata.category(character)[0] != "C")


# ---- what pages ask


def find(transfer_id: int) -> Transfer | None:
    found: Transfer | None = Transfer.get_or_none(Transfer.id == transfer_id)
    return found


def listed(
    *, direction: str = "", kind: str = "", state: str = "", before: int | None = None, limit: int = 50
) -> list[Transfer]:
    """Transfers, the newest first, of a direction, kind and state if they are named; `before` a transfer's number."""
    query: ModelSelect[Any] = Transfer.select().order_by(Transfer.id.desc()).limit(limit)
    for column, wanted in ((Transfer.direction, direction), (Transfer.kind, kind), (Transfer.state, state)):
        if wanted:
            query = query.where(column == wanted)
    if before is not None:
        query = query.where(Transfer.id < before)
    return list(query)


def waiting_for_approval() -> list[Transfer]:
    """Files that wait for a second person, to come in or to be taken back."""
    asked = (Transfer.state == LOADED) & Transfer.undo_asked_by.is_null(False)
    return list(Transfer.select().where((Transfer.state == WAITING) | asked).order_by(Transfer.id))


def twins(transfer: Transfer) -> list[Transfer]:
    """Earlier transfers of the very same file that were loaded, or are about to be."""
    states = (WAITING, LOADING, LOADED, UNDOING)
    same = (Transfer.sha256 == transfer.sha256) & (Transfer.id != transfer.id) & (Transfer.direction == IN)
    return list(Transfer.select().where(same, Transfer.state.in_(states)).order_by(Transfer.id.desc()).limit(5))


def taken(transfer: Transfer) -> Path:
    """The file, for somebody who takes it away; written down, for it may hold personal data."""
    if not transfer.path.is_file():
        raise Refusal(None, "Файла больше нет в хранилище.", "transfer.file")
    audit.record("transfer.taken", transfer.subject, name=transfer.name)
    return transfer.path


# ---- leases


def due(limit: int = 20) -> list[int]:
    """Transfers on which there is something to do and nobody does it."""
    query = Transfer.select(Transfer.id).where(Transfer.state.in_(DUE), _is_free()).order_by(Transfer.id).limit(limit)
    return [one.id for one in query]


def claim(transfer_id: int) -> Transfer | None:
    """The transfer, for whoever works on it now; None while somebody else does, or when there is nothing to do."""
    transfer = find(transfer_id)
    if transfer is None or transfer.state not in DUE:
        return None
    claimed = (
        Transfer.update(claimed_until=_lease(transfer), tries=Transfer.tries + 1)
        .where(Transfer.id == transfer_id, Transfer.state == transfer.state, _is_free())
        .execute()
    )
    return transfer if claimed else None


def _is_free() -> Any:
    return Transfer.claimed_until.is_null() | (Transfer.claimed_until < clock.now())


def _lease(transfer: Transfer) -> datetime:
    return clock.now() + _LEASE + _LEASE_OF_A_MEGABYTE * (transfer.size >> 20)


def renew(transfer: Transfer) -> None:
    """Hold the lease for longer: the work goes on."""
    mine = Transfer.id == transfer.id, Transfer.state == transfer.state
    Transfer.update(claimed_until=_lease(transfer)).where(*mine).execute()


def release(transfer: Transfer) -> None:
    """The step broke off: somebody tries again after a while."""
    mine = Transfer.id == transfer.id, Transfer.state == transfer.state
    Transfer.update(claimed_until=clock.now() + _REST).where(*mine).execute()


def fail(transfer: Transfer, reason: str) -> None:
    """End a step that cannot be done. What was asked to be undone stays loaded."""
    state = LOADED if transfer.state == UNDOING else FAILED
    asked = (
        {"undo_asked_by": None, "undo_asked_at": None, "undo_approved_by": None} if transfer.state == UNDOING else {}
    )
    if transfer.state == LOADING and transfer.progress:
        reason += f" Строки до {transfer.progress}-й уже загружены: проверьте файл заново и загрузите до конца, они не повторятся."
    said = printable(reason)[:1000]
    with database.atomic():
        end(transfer, state, reason=said, **asked)
        audit.record("transfer.failed", transfer.subject, was=transfer.state, reason=said)


def end(transfer: Transfer, state: str, **facts: Any) -> None:
    """The step is done. Raises Lost when somebody else has done it meanwhile: nothing of ours may stay then."""
    done = (
        Transfer.update(state=state, claimed_until=None, tries=0, **facts)
        .where(Transfer.id == transfer.id, Transfer.state == transfer.state)
        .execute()
    )
    if not done:
        raise Lost


class Lost(Exception):  # noqa: N818
    """Another worker was faster."""


def hold(transfer: Transfer) -> None:
    """Lock the transfer for the step's transaction. Raises Lost when the step was done by somebody else, or went on."""
    now = held(transfer.id)
    if (now.state, now.progress) != (transfer.state, transfer.progress):
        raise Lost


def go_on(transfer: Transfer, line: int, **facts: Any) -> None:
    """Write down, in the transaction of what was stored, that a load in parts has come to this line. The transfer is held."""
    transfer.facts = {**transfer.facts, _PROGRESS: line}
    more = {"facts": transfer.facts, "claimed_until": _lease(transfer), "tries": 0, **facts}
    Transfer.update(**more).where(Transfer.id == transfer.id).execute()


def held(transfer_id: int) -> Transfer:
    """The transfer, locked until the transaction ends."""
    found: Transfer = locked(Transfer.select().where(Transfer.id == transfer_id)).get()
    return found
