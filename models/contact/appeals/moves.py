"""Every change of an appeal: a state moved, something said. The verbs around it decide who may and what follows.

Call inside the verb's transaction.
"""

from __future__ import annotations

from typing import Any

from models import audit, clock
from models.base import Refusal, locked
from models.contact.appeals import search
from models.contact.appeals.rows import (
    ANSWER,
    ANSWERED,
    CLOSED,
    EVENT,
    MERGED,
    MESSAGE,
    OPEN,
    QUESTION,
    REGISTERED,
    REOPENED,
    WAITING,
    WORK,
    Appeal,
    AppealEntry,
)

_PUBLIC = (MESSAGE, ANSWER, QUESTION)
_FROM = {
    WORK: (REGISTERED, REOPENED, WAITING),
    WAITING: (REGISTERED, REOPENED, WORK),
    ANSWERED: OPEN,
    CLOSED: (*OPEN, ANSWERED),
    REOPENED: (ANSWERED, CLOSED),
    MERGED: OPEN,
}


def hold(appeal_id: int) -> Appeal:
    """The appeal as it is now, held until the transaction ends."""
    held: Appeal = locked(Appeal.select().where(Appeal.id == appeal_id)).get()
    return held


def move(appeal: Appeal, state: str, *, text: str = "", is_public: bool = True, **changes: Any) -> None:
    """Move to the state, with other columns changed beside it; an event in the conversation (`text`: why) and an audit row tell it.

    Refused: the appeal is not, or no more, in a state from which one gets there.
    """
    now = clock.now()
    changes |= {"state": state, "state_at": now}
    if state in (CLOSED, MERGED):
        changes["is_news"] = False
    moved = Appeal.update(**changes).where(Appeal.id == appeal.id, Appeal.state.in_(_FROM[state])).execute()
    if moved != 1:
        raise Refusal(None, "Обращение тем временем изменилось. Посмотрите, что в нём нового.", "appeal.state")
    for name, value in changes.items():
        setattr(appeal, name, value)
    add(appeal, EVENT, text, data={"state": state}, is_public=is_public)
    audit.record(f"appeal.{state}", appeal.subject)


def add(
    appeal: Appeal,
    kind: str,
    text: str,
    *,
    author: str = "",
    data: dict[str, Any] | None = None,
    is_public: bool | None = None,
    key: str | None = None,
) -> AppealEntry:
    """Say something in the appeal; the author is the present actor unless told. A key that is there already: IntegrityError."""
    entry: AppealEntry = AppealEntry.create(
        appeal=appeal.id, kind=kind, author=author or audit.actor().who, text=text, data=data or {},
        is_public=kind in _PUBLIC if is_public is None else is_public, at=clock.now(), key=key,
    )  # fmt: skip
    is_news = leaves_news(appeal, entry)
    Appeal.update(last_entry=entry.id, is_news=is_news).where(Appeal.id == appeal.id).execute()
    appeal.last_entry, appeal.is_news = entry.id, is_news
    search.said(appeal.id, text)
    return entry


def leaves_news(appeal: Appeal, entry: AppealEntry) -> bool:
    """Whether the applicant has the last word after this entry: what the office says to them, or does about it, ends that."""
    if entry.kind == MESSAGE:
        return True
    if entry.data.get("state") in (CLOSED, MERGED):
        return False
    is_reply = entry.kind in (ANSWER, QUESTION) or "state" in entry.data
    return bool(appeal.is_news) and not (is_reply and entry.author.startswith("staff:"))


def newer(appeal: Appeal, seen: int, apart_from: str = "") -> list[AppealEntry]:
    """What was added after the entry that somebody had seen, by others than they: to be looked at before writing."""
    added = AppealEntry.select().where(AppealEntry.appeal == appeal.id, AppealEntry.id > seen).order_by(AppealEntry.id)
    return [entry for entry in added if entry.author != apart_from]
