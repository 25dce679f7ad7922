"""What differs between two lists of items, by their slugs: for whoever publishes, and for the history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.contact.information.published import Item


@dataclass(frozen=True)
class Change:
    """One item that differs: `before` None where it is new, `after` None where it is gone."""

    slug: str
    before: Item | None
    after: Item | None

    @property
    def fields(self) -> list[str]:
        """The names of what was changed in it."""
        if self.before is None or self.after is None:
            return []
        return [name for name in self.after if self.before.get(name) != self.after[name]]


@dataclass(frozen=True)
class Changes:
    added: list[Change]
    changed: list[Change]
    removed: list[Change]
    is_moved: bool = False  # the same items in another order

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed or self.is_moved)


def between(before: Sequence[Item], after: Sequence[Item]) -> Changes:
    """What makes `after` of `before`."""
    old, new = _by_slug(before), _by_slug(after)
    order = [slug for slug in new if slug in old], [slug for slug in old if slug in new]
    return Changes(
        added=[Change(slug, None, one) for slug, one in new.items() if slug not in old],
        changed=[Change(slug, old[slug], one) for slug, one in new.items() if slug in old and old[slug] != one],
        removed=[Change(slug, one, None) for slug, one in old.items() if slug not in new],
        is_moved=order[0] != order[1],
    )


def carried(base: Sequence[Item], mine: Sequence[Item], theirs: Sequence[Item]) -> list[Item]:
    """My changes since `base` made to what others have published meanwhile; where both changed an item, mine stays."""
    own = between(base, mine)
    found = _by_slug(theirs)
    for change in own.removed:
        found.pop(change.slug, None)
    for change in (*own.changed, *own.added):
        if change.after is not None:
            found[change.slug] = change.after
    if not own.is_moved:
        return list(found.values())
    places = {one["slug"]: place for place, one in enumerate(mine)}
    return sorted(found.values(), key=lambda one: places.get(one["slug"], len(places)))


def _by_slug(items: Sequence[Item]) -> dict[str, Item]:
    return {one["slug"]: one for one in items}
