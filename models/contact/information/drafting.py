"""The draft of a section's next version: one a section, kept from the first change until it is published or dropped.

Each change names the revision that its author saw. Who comes second is refused, is shown what the first has changed, and saves again.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from peewee import IntegrityError

from models import audit, clock, files
from models.base import Refusal, database
from models.contact.information import checking, published
from models.contact.information.published import Item
from models.contact.information.rows import InformationDraft
from models.contact.information.sections import FILE, Section
from models.files import Draft as FileDraft

_FIRST_REVISIONS = 1_000_000  # a draft begins at any of them, so that who saw a former draft has not seen this one


class Overtaken(Refusal):
    """Somebody has changed the draft since it was looked at."""

    def __init__(self, draft: InformationDraft | None):
        self.draft = draft
        super().__init__(
            None,
            "Пока вы правили, раздел изменил другой сотрудник. Посмотрите, что теперь в черновике, и сохраните ещё раз.",
            "information.overtaken",
        )


def of(section: str) -> InformationDraft | None:
    found: InformationDraft | None = InformationDraft.get_or_none(InformationDraft.section == section)
    return found


def revision(section: str) -> int:
    """What whoever looks now has seen: the draft's revision, or, below zero, the published version that no draft stands upon."""
    draft = of(section)
    return draft.revision if draft else -1 - published.newest(section)


def items(section: str) -> list[Item]:
    """What the office sees: the draft's items, or the published ones where nobody is changing anything."""
    draft = of(section)
    return draft.items if draft else published.present(section)


def one_of(section: str, slug: str) -> Item | None:
    return next((one for one in items(section) if one["slug"] == slug), None)


def save(
    section: Section, slug: str, typed: Mapping[str, str], *, seen: int, file: FileDraft | None = None,
    without_file: bool = False,
) -> InformationDraft:  # fmt: skip
    """Put an item into the draft: a new one for slug '', else in place of the one there is.

    Refused: what `checking.item` refuses, an item that is not there, a full section, a draft that has moved on since `seen`.
    """

    def put(found: list[Item]) -> list[Item]:
        old = next((one for one in found if one["slug"] == slug), None)
        if slug and old is None:
            raise Refusal(None, "Этого пункта больше нет: его удалили.", "information.gone")
        kept = _kept(section, old, file, without_file)
        made = checking.item(section, typed, slug or _new_slug(section, typed, found), kept)
        if old is None:
            return [*found, made]
        return [made if one["slug"] == slug else one for one in found]

    return _change(section, seen, put)


def remove(section: Section, slug: str, *, seen: int) -> InformationDraft:
    """Leave an item out of the next version. Refused: in sections that do not grow; the last phone; an office, which accounts refer to."""
    if not section.grows or section.code == published.OFFICES:
        raise Refusal(None, "Этот пункт нельзя удалить, только изменить.", "information.stays")

    def drop(found: list[Item]) -> list[Item]:
        left = [one for one in found if one["slug"] != slug]
        if not left:
            raise Refusal(None, "Последний пункт удалить нельзя: раздел останется пустым.", "information.last")
        return left

    return _change(section, seen, drop)


def move(section: Section, slug: str, by: int, *, seen: int) -> InformationDraft:
    """Show an item so many places later (earlier for a negative number) among those below its head. Offices stand by their settlements."""

    def place(found: list[Item]) -> list[Item]:
        moved = next((one for one in found if one["slug"] == slug), None)
        if moved is None:
            raise Refusal(None, "Этого пункта больше нет: его удалили.", "information.gone")
        places = [place for place, one in enumerate(found) if section.head_of(one) == section.head_of(moved)]
        at = places.index(found.index(moved))
        left = [one for one in found if one["slug"] != slug]
        left.insert(places[min(max(at + by, 0), len(places) - 1)], moved)
        return left

    return _change(section, seen, place)


def drop(section: Section, *, seen: int) -> None:
    """Forget the draft: what is published stays."""
    with database.atomic():
        gone = (
            InformationDraft.delete()
            .where(InformationDraft.section == section.code, InformationDraft.revision == seen)
            .execute()
        )
        if gone != 1:
            raise Overtaken(of(section.code))
        audit.record("information.dropped", f"information:{section.code}")


def _change(section: Section, seen: int, make: Callable[[list[Item]], list[Item]]) -> InformationDraft:
    """One change of the draft, which begins with it; only upon what its author has seen."""
    with database.atomic():
        draft = of(section.code)
        if revision(section.code) != seen:
            raise Overtaken(draft)
        base = draft.base if draft else published.present(section.code)
        before = draft.items if draft else base
        after = make(list(before))
        if len(after) > section.most:
            raise Refusal(None, f"В разделе уже {section.most} пунктов, больше нельзя.", "information.full")
        _store(section.code, base, after, seen)
        changed = [one["slug"] for one in after if one not in before] or [
            one["slug"] for one in before if one not in after
        ]
        audit.record("information.drafted", f"information:{section.code}", items=changed)
    stored = of(section.code)
    assert stored is not None  # noqa: S101  written above
    return stored


def _store(section: str, base: list[Item], after: list[Item], seen: int) -> None:
    facts: dict[str, Any] = {"items": after, "updated_at": clock.now(), "updated_by": audit.actor().who}
    if seen < 0:
        first = secrets.randbelow(_FIRST_REVISIONS) * 1000 + 1
        try:
            with database.atomic():
                InformationDraft.create(section=section, base=base, revision=first, **facts)
        except IntegrityError:
            raise Overtaken(of(section)) from None
        return
    is_seen = (InformationDraft.section == section) & (InformationDraft.revision == seen)
    if InformationDraft.update(revision=InformationDraft.revision + 1, **facts).where(is_seen).execute() != 1:
        raise Overtaken(of(section))


def _kept(section: Section, old: Item | None, file: FileDraft | None, without_file: bool) -> dict[str, Any]:
    """What no field of the form says: the PDF, the old one unless another came or it is to go."""
    if not any(field.kind == FILE for field in section.fields):
        return {}
    if file is not None:
        stored = files.attach(file, f"information:{section.code}")
        return {"file": stored.id, "file_title": stored.title}
    if old is None or without_file:
        return {"file": 0, "file_title": ""}
    return {"file": old["file"], "file_title": old["file_title"]}


def _new_slug(section: Section, typed: Mapping[str, str], found: list[Item]) -> str:
    known = {one["slug"] for one in found}
    if section.code == published.OFFICES:
        code = checking.office_code(typed.get("slug", ""))
        if code in known:
            raise Refusal("slug", "Офис с таким кодом уже есть.", "information.code")
        return code
    return f"{section.code}-{secrets.token_hex(4)}"
