"""What the administrator should know of the appeals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from peewee import Value, fn

from models import clock
from models.base import pairs
from models.contact.appeals import search
from models.contact.appeals.rows import ANSWERED, OPEN, Appeal, AppealDraft, AppealEntry
from models.files import StoredFile


def oddities() -> Iterator[str]:
    """Terms that end before they begin, answers without their moment, appeals that nobody finds, files that belong to nothing."""
    early = sum(
        due < clock.local(at).date()
        for due, at in pairs(Appeal.select(Appeal.due_on, Appeal.registered_at).where(Appeal.state.in_(OPEN)))
    )
    if early:
        yield f"appeals: {early} open ones have no term: their last day is before their first"
    undated = Appeal.select(fn.COUNT(Appeal.id)).where(Appeal.state == ANSWERED, Appeal.answered_at.is_null()).scalar()
    if undated:
        yield f"appeals: {undated} are answered without a moment of the answer: nothing closes them"
    if unseen := search.missing():
        yield f"appeals: {unseen} cannot be found by the staff; run `flask --app app reindex --missing`"
    for own, name in ((AppealDraft.handle, "appeal-draft"), (AppealEntry.id.cast("text"), "appeal-entry")):
        if count := _ownerless(own, name):
            yield f"appeals: {count} files belong to an {name} that is not there"


def _ownerless(own: Any, name: str) -> int:
    table = AppealDraft if name == "appeal-draft" else AppealEntry
    owners = table.select(Value(f"{name}:").concat(own))
    stray = StoredFile.owner.startswith(f"{name}:") & StoredFile.removed_at.is_null() & StoredFile.owner.not_in(owners)
    return int(StoredFile.select(fn.COUNT(StoredFile.id)).where(stray).scalar())
