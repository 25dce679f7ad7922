"""What somebody is typing, kept on the server: nothing is lost with a session, a link or a telephone.

One draft of a new appeal and one an appeal for each author: 'customer:12', 'staff:3', 'guest:<fingerprint>'.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from models import clock, files, seal
from models.base import Refusal, database, locked
from models.contact.appeals import typed
from models.contact.appeals.rows import Appeal, AppealDraft, AppealEntry

GUESTS_KEPT = timedelta(hours=72)
KEPT = timedelta(days=90)
LATE = timedelta(minutes=1)  # so long a script's saving may be on its way when the form itself has come
MOST = 200_000  # characters of all values together: much more than an appeal may have, so that it can be cut
MOST_FIELDS = 30
_HALF = 32  # hex digits of a form, and as many of what it said
_KEY = "key"  # the field with the form's key
_SENT = "Это уже отправлено."


def keep(
    author: str, fields: Mapping[str, str], appeal_id: int | None = None, *, by_itself: bool = False
) -> AppealDraft:
    """Keep what the author has typed so far, in place of what was kept before; `by_itself`: no button was pressed.

    Refused: more than MOST characters; by itself, a form that was sent a moment ago (its `key` is known): it must not come back.
    """
    kept = {name[:50]: typed.storable(value) for name, value in list(fields.items())[:MOST_FIELDS]}
    if sum(map(len, kept.values())) > MOST:
        raise Refusal("text", "Это слишком длинно, черновик не сохранён. Приложите подробности файлом.", "draft.long")
    with database.atomic():
        draft = _put(author, kept, appeal_id)
        since = clock.now() - LATE
        if by_itself and was_sent(author, kept.get(_KEY, ""), appeal_id, email=kept.get("email", ""), since=since):
            raise Refusal(None, _SENT, "draft.sent")
        return draft


def _put(author: str, kept: dict[str, str], appeal_id: int | None) -> AppealDraft:
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
    _drop_if(draft, AppealDraft.author == draft.author)


def attach(draft: AppealDraft, made: list[files.Draft]) -> None:
    """Give files that are on the disk to the draft. Refused: more than its author may attach; the draft was sent meanwhile.

    What is refused leaves no file behind.
    """
    try:
        with database.atomic():
            if not _hold(draft):
                raise Refusal("files", _SENT, "draft.sent")
            files.add(made, draft.subject, files.limits_of(draft.author))
    except BaseException:
        for one in made:
            files.discard(one)
        raise


def spend(draft: AppealDraft | None, owner: str) -> None:
    """It was sent: its files are the owner's now. Call inside the transaction that keeps what was sent."""
    if draft is not None and _hold(draft):
        files.hand_over(draft.subject, owner)
        AppealDraft.delete().where(AppealDraft.handle == draft.handle).execute()


def repeated(draft: AppealDraft | None, owner: str) -> None:
    """A form came twice: what its repeat has brought is there already. A draft with files that `owner` has not stays, nothing is lost."""
    if draft is None:
        return
    known = {one.sha256 for one in files.of(owner)}
    if all(one.sha256 in known for one in files.of(draft.subject)):
        drop(draft)


def form_key(author: str, key: str, appeal_id: int | None = None, *, said: str = "", email: str = "") -> str:
    """What a form's key is kept as: the form, and what it says, so that other words with the same key are another deed.

    No other customer's form can have it, nor a guest's with another address: whoever sends a form chooses its key.
    """
    own = f"guest {email.strip().lower()}" if author.startswith("guest") else author
    return seal.fingerprint(f"{own}|{appeal_id or ''}|{key}")[:_HALF] + seal.fingerprint(said)[:_HALF]


def was_sent(
    author: str, key: str, appeal_id: int | None = None, *, email: str = "", since: datetime | None = None
) -> bool:
    """Whether the form with this key (a guest's: and this address) has become something since then, whatever it said."""
    if not key:
        return False
    form = form_key(author, key, appeal_id, email=email)[:_HALF]
    sent: Any = (Appeal.key, Appeal.registered_at) if appeal_id is None else (AppealEntry.key, AppealEntry.at)
    query = sent[0].model.select().where(sent[0] >= form, sent[0] < f"{form}g")  # beyond all hex digits
    return bool((query.where(sent[1] >= since) if since else query).exists())


def sweep() -> int:
    """Forget guests' drafts 72 hours after the last word, others' after 90 days; how many."""
    now, draft = clock.now(), AppealDraft
    is_guests = draft.author.startswith("guest")
    is_old = (is_guests & (draft.updated_at < now - GUESTS_KEPT)) | (draft.updated_at < now - KEPT)
    return sum(_drop_if(one, is_old) for one in list(draft.select().where(is_old)))


def drop_all(author: str) -> int:
    """Forget everything that the author was typing; how many drafts. Call inside the verb's transaction."""
    own = list(AppealDraft.select().where(AppealDraft.author == author))
    for one in own:
        drop(one)
    return len(own)


def _drop_if(draft: AppealDraft, still: Any) -> bool:
    """Drop it with its files if that is still so of it."""
    with database.atomic():
        if locked(AppealDraft.select().where(AppealDraft.handle == draft.handle, still)).first() is None:
            return False
        files.remove_all(draft.subject)
        AppealDraft.delete().where(AppealDraft.handle == draft.handle).execute()
        return True


def _hold(draft: AppealDraft) -> bool:
    """Hold the draft until the transaction ends, so that no file is added to one that is being sent; False: it is gone."""
    own = AppealDraft.select().where(AppealDraft.handle == draft.handle)
    return locked(own).first() is not None


def _theirs(author: str, appeal_id: int | None) -> Any:
    query = AppealDraft.select().where(AppealDraft.author == author)
    return query.where(AppealDraft.appeal.is_null() if appeal_id is None else AppealDraft.appeal == appeal_id)
