"""Scans of the paper forms: attached to their batch, so that a doubt can be settled when the paper is in the archive."""

from __future__ import annotations

from collections.abc import Sequence

from models import files, words
from models.base import Refusal, database
from models.files import Draft, StoredFile
from models.metering.paperforms.batches import Batch, check_open, hold

LARGEST = 200 * 1024 * 1024  # bytes of all scans of a batch


def of(batch: Batch) -> list[StoredFile]:
    return list(files.of(batch.subject))


def one_of(batch: Batch, file_id: int) -> StoredFile | None:
    return files.one_of(batch.subject, file_id)


def add(batch_id: int, drafts: Sequence[Draft]) -> list[StoredFile]:
    """Attach what was put on the disk; a batch may be closed already. The same scan once more changes nothing.

    Refused: more than 200 MB of a batch in all. Then the drafts are discarded.
    """
    try:
        with database.atomic():
            batch = hold(batch_id)
            _check_room(batch, drafts)
            return [files.attach(draft, batch.subject) for draft in drafts]
    except Refusal:  # after anything else nobody knows whether the rows are there: the sweep finds out
        for draft in drafts:
            files.discard(draft)
        raise


def remove(batch_id: int, file_id: int) -> bool:
    """Take a scan away; False if it is gone already. Refused: a closed batch."""
    with database.atomic():
        batch = hold(batch_id)
        check_open(batch)
        return files.remove(batch.subject, file_id)


def _check_room(batch: Batch, drafts: Sequence[Draft]) -> None:
    known = {one.sha256: one.size for one in files.of(batch.subject)}
    new = {draft.sha256: draft.size for draft in drafts}
    if sum({**known, **new}.values()) > LARGEST:
        left = max(0, LARGEST - sum(known.values())) >> 20
        text = f"На пачку — до {LARGEST >> 20}{words.NBSP}МБ сканов, осталось {left}{words.NBSP}МБ. Сохраните сканы мельче."
        raise Refusal("files", text, "scans.large")
