"""Publishing a draft as the next version, the versions there were, and going back to one of them."""

from __future__ import annotations

from typing import Any

from peewee import IntegrityError, ModelSelect

from models import audit, clock
from models.base import Refusal, database, locked
from models.contact.information import changes, drafting, published
from models.contact.information.changes import Changes
from models.contact.information.drafting import Overtaken
from models.contact.information.published import OFFICE_FIELDS, OFFICES, Item
from models.contact.information.rows import InformationDraft, InformationVersion
from models.contact.information.sections import Section
from models.metering.accounts import Office


class Outdated(Refusal):
    """Another version was published, or offices were imported, since the draft began."""

    def __init__(self) -> None:
        super().__init__(
            None,
            "Пока черновик лежал, опубликовано другое. Перенесите правки на новую версию и посмотрите, что получилось.",
            "information.outdated",
        )


def is_outdated(draft: InformationDraft) -> bool:
    """Whether what is published is not what the draft began with."""
    return list(draft.base) != list(published.present(draft.section))


def carry(section: Section, *, seen: int) -> None:
    """Make the draft's changes to what is published now."""
    with database.atomic():
        draft = _seen(section, seen)
        now = published.present(section.code)
        found = changes.carried(draft.base, draft.items, now)
        moved = (
            InformationDraft.update(
                base=now, items=found, revision=InformationDraft.revision + 1, updated_at=clock.now(),
                updated_by=audit.actor().who,
            )
            .where(InformationDraft.section == section.code, InformationDraft.revision == seen)
            .execute()
        )  # fmt: skip
        if moved != 1:
            raise Overtaken(drafting.of(section.code))
        audit.record("information.drafted", f"information:{section.code}", carried=True)


def publish(section: Section, *, seen: int) -> InformationVersion:
    """Show the draft to everybody. Refused: nothing is changed in it, it has moved on since `seen`, or it began with another version."""
    with database.atomic():
        draft = _seen(section, seen)
        if section.code == OFFICES:
            list(locked(Office.select(Office.id).order_by(Office.id)))  # no import in between
        if is_outdated(draft):
            raise Outdated
        made = _next(section, draft.items, changes.between(draft.base, draft.items))
        gone = (
            InformationDraft.delete()
            .where(InformationDraft.section == section.code, InformationDraft.revision == seen)
            .execute()
        )
        if gone != 1:
            raise Overtaken(drafting.of(section.code))
        audit.record("information.published", f"information:{section.code}", version=made.number, **made.changes)
    published.forget()
    return made


def restore(section: Section, number: int) -> InformationVersion:
    """Publish an old version's items once more, 0 for the files'. Refused: no such version; it is what is shown already."""
    with database.atomic():
        wanted = _of(section, number)
        before = published.present(section.code)
        made = _next(section, wanted, changes.between(before, wanted), back_to=number)
        audit.record("information.restored", f"information:{section.code}", version=made.number, back_to=number)
    published.forget()
    return made


def history(section: Section, before: int | None = None, most: int = 20) -> ModelSelect[Any]:
    """The versions, the newest first; only those older than number `before`."""
    table = InformationVersion
    found = table.select().where(table.section == section.code).order_by(table.number.desc()).limit(most)
    return found.where(table.number < before) if before is not None else found


def last_of_all() -> dict[str, InformationVersion]:
    """The newest version of each section that has any."""
    rows = InformationVersion.select(
        InformationVersion.section, InformationVersion.number, InformationVersion.made_at, InformationVersion.made_by
    ).order_by(InformationVersion.number)
    return {row.section: row for row in rows}


def drafts() -> dict[str, InformationDraft]:
    return {row.section: row for row in InformationDraft.select()}


def compare(section: Section, one: int, other: int) -> Changes:
    """What makes version `other` of version `one`. Refused: a version that is not there."""
    return changes.between(_of(section, one), _of(section, other))


def _of(section: Section, number: int) -> list[Item]:
    table = InformationVersion
    is_there = table.select().where(table.section == section.code, table.number == number).exists()
    if not is_there and (number != 0 or section.code == OFFICES):
        raise Refusal(None, "Такой версии нет.", "information.version")
    return published.of_version(section.code, number)


def _seen(section: Section, seen: int) -> InformationDraft:
    draft = drafting.of(section.code)
    if draft is None or draft.revision != seen:
        raise Overtaken(draft)
    return draft


def _next(section: Section, items: list[Item], made: Changes, back_to: int | None = None) -> InformationVersion:
    if not made:
        raise Refusal(None, "Ничего не изменилось: публиковать нечего.", "information.same")
    number = published.newest(section.code) + 1
    try:
        with database.atomic():
            if section.code == OFFICES and number == 1:
                number = _keep_first(section) + 1
            version: InformationVersion = InformationVersion.create(
                section=section.code, number=number, items=list(items), changes=_told(section, made), back_to=back_to,
                made_at=clock.now(), made_by=audit.actor().who,
            )  # fmt: skip
    except IntegrityError as clash:
        raise Outdated from clash
    if section.code == OFFICES:
        _write_offices(made)
    return version


def _keep_first(section: Section) -> int:
    """Offices have no file to go back to: what was there before the first change is version 1."""
    InformationVersion.create(
        section=section.code, number=1, items=published.offices(), changes={}, made_at=clock.now(), made_by="system"
    )
    return 1


def _told(section: Section, made: Changes) -> dict[str, list[str]]:
    told = {
        "added": [section.name_of(one.after) for one in made.added if one.after],
        "changed": [section.name_of(one.after) for one in made.changed if one.after],
        "removed": [section.name_of(one.before) for one in made.removed if one.before],
    }
    return {name: titles for name, titles in told.items() if titles}


def _write_offices(made: Changes) -> None:
    """Offices that accounts refer to are never removed: one that an old version did not have stays as it is."""
    for change in (*made.added, *made.changed):
        if change.after is None:
            continue
        values = {name: change.after[name] for name in OFFICE_FIELDS}
        if change.before is None:
            Office.create(code=change.slug, **values)
        else:
            Office.update(**values).where(Office.code == change.slug).execute()
