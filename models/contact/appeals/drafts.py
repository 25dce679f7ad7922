"""What somebody is typing, kept on the server: nothing is lost with a session, a link or a telephone.

One draft of a new appeal and one an appeal for each author: 'customer:12', 'staff:3', 'guest:<fingerprint>'.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from models import clock, files, seal
from models.base import Refusal, database, locked
from models.contact.appeals import typed
from models.contact.appeals.rows import Appeal, AppealDraft, AppealEntry

GUESTS_KEPT = timedelta(hours=72)
KEPT = timedelta(days=90)
MOST, MOST_FIELDS = (
    200_000,
    30,
)  # characters of all values together: much more than an appeal may have, so that it can be cut
_KEY = "key"  # the field with the form's key
_SENT = "Это уже отправлено."


def keep(author: str, fields: Mapping[str, str], appeal_id: int | None = None) -> AppealDraft:
    """Keep what the author has typed so far, in place of what was kept before.

    Refused: more than MOST characters; a form that was sent meanwhile (its `key` is known): a late saving must not bring it back.
    """
    kept = {name[:50]: typed.storable(value) for name, value in list(fields.items())[:MOST_FIELDS]}
    if sum(map(len, kept.values())) > MOST:
        raise Refusal("text", "Это слишком длинно, черновик не сохранён. Приложите подробности файлом.", "draft.long")
    if was_sent(author, kept.get(_KEY, ""), appeal_id, kept.get("email", "")):
        raise Refusal(None, _SENT, "draft.sent")
    draft = AppealDraft
    row = {draft.author: author, draft.appeal: appeal_id, draft.fields: kept, draft.updated_at: clock.now()}
    is_new = draft.appeal.is_null()
    target = [draft.author] if appeal_id is None else [draft.author, draft.appeal]
    draft.insert(row).on_conflict(
        conflict_target=target,
        conflict_where=is_new if appeal_id is None else draft.appeal.is_null(False),
        update={draft.fields: kept, draft.updated_at: clock.now()},
    ).execute()
    return _theirs(author, appeal_id).get()  # type: ignore[no-any-return]


def find(author: str, appeal_id: int | None = None) -> AppealDraft | None:
    """What the author was typing, a new appeal or to that one."""
    return _theirs(author, appeal_id).first()  # type: ignore[no-any-return]


def drop(draft: AppealDraft) -> None:
    """Forget it, with the files that nobody took over."""
    with database.atomic():
        _hold(draft)
        files.remove_all(draft.subject)
        AppealDraft.delete().where(AppealDraft.id == draft.id).execute()


def attach(draft: AppealDraft, made: list[files.Draft]) -> None:
    """Give files that are on the disk to the draft. Refused: more than its author may attach; the draft was sent meanwhile."""
    with database.atomic():
        if not _hold(draft):
            raise Refusal("files", _SENT, "draft.sent")
        files.add(made, draft.subject, files.limits_of(draft.author))


def spend(draft: AppealDraft | None, owner: str) -> None:
    """It was sent: its files are the owner's now. Call inside the transaction that keeps what was sent."""
    if draft is not None and _hold(draft):
        files.hand_over(draft.subject, owner)
        AppealDraft.delete().where(AppealDraft.id == draft.id).execute()


def form_key(author: str, key: str, appeal_id: int | None = None, email: str = "") -> str:
    """What a form's key is kept as: no other customer's form can have it, nor a guest's with another address.

    Whoever sends a form chooses its key: without the address one guest could have another's words added to their own appeal.
    """
    is_guest = author.startswith("guest")
    own = f"guest {email.strip().lower()}" if is_guest else author
    return seal.fingerprint(f"{own}|{appeal_id or ''}|{key}")


def was_sent(author: str, key: str, appeal_id: int | None = None, email: str = "") -> bool:
    """Whether the form with this key (a guest's: and this address) has become an appeal, or an entry of that appeal."""
    if not key:
        return False
    table = Appeal if appeal_id is None else AppealEntry
    return bool(table.select().where(table.key == form_key(author, key, appeal_id, email)).exists())


def sweep() -> int:
    """Forget guests' drafts 72 hours after the last word, others' after 90 days; how many."""
    now, draft = clock.now(), AppealDraft
    is_guests = draft.author.startswith("guest")
    is_old = (is_guests & (draft.updated_at < now - GUESTS_KEPT)) | (draft.updated_at < now - KEPT)
    old = list(draft.select().where(is_old))
    for one in old:
        drop(one)
    return len(old)


def drop_all(author: str) -> int:
    """Forget everything that the author was typing; how many drafts. Call inside the verb's transaction."""
    own = list(AppealDraft.select().where(AppealDraft.author == author))
    for one in own:
        drop(one)
    return len(own)


def _hold(draft: AppealDraft) -> bool:
    """Hold the draft until the transaction ends, so that no file is added to one that is being sent; False: it is gone."""
    return locked(AppealDraft.select().where(AppealDraft.id == draft.id)).first() is not None


def _theirs(author: str, appeal_id: int | None) -> Any:
    query = AppealDraft.select().where(AppealDraft.author == author)
    return query.where(AppealDraft.appeal.is_null() if appeal_id is None else AppealDraft.appeal == appeal_id)
