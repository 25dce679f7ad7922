"""A mailing written into the outbox part by part: a part is one short transaction with the mailing held, so a kill neither loses nor
doubles, and nobody else waits for long."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from models import clock, company, words
from models.base import database, insert_rows
from models.mailings import audiences, control, recipients, texts
from models.mailings.addressing import PAPER, Planned
from models.mailings.audiences import Part
from models.mailings.mailings import RUNNING, Mailing, Recipient, find, held
from models.mailings.recipients import CHUNK, Count
from models.outbox.messages import Message, drafted

LISTED = 10_000  # at most so many of one reason are listed by name; they are all counted
_NEVER_LISTED = (PAPER,)
_WRITTEN = (Mailing.cursor, Mailing.expanded_at, Mailing.left_out, Mailing.posted, Mailing.paced_until)


def expand(mailing_id: int) -> bool:
    """Write the next part of a running mailing; whether there is more to write.

    Who gets what is planned outside the transaction, which would keep everybody else from writing meanwhile. It is written only if
    nobody has written this part since.
    """
    seen = find(mailing_id)
    if seen is None or not _goes_on(seen):
        return False
    asked = recipients.narrowed(seen.letter, seen.data, seen.audience)
    part = audiences.part(asked, seen.cursor, CHUNK)
    planned = recipients.plan(seen.letter, seen.data, asked, part.accounts)
    with database.atomic():
        mailing = held(mailing_id)
        if not _goes_on(mailing):
            return False
        return mailing.cursor != seen.cursor or _write_part(mailing, part, planned)


def _goes_on(mailing: Mailing) -> bool:
    return mailing.state == RUNNING and mailing.expanded_at is None


def _write_part(mailing: Mailing, part: Part, planned: Sequence[Planned]) -> bool:
    """Whether there is more to write."""
    meant = recipients.without_the_sent(_new(mailing, planned))
    letters = [one for one in meant if not one.excluded]
    if why := _grown(mailing, len(letters)):
        control.stop(mailing.id, why)
        return False
    _write(mailing, meant, letters)
    mailing.cursor = part.upto
    if part.is_last:
        mailing.expanded_at = clock.now()
    mailing.save(only=_WRITTEN)
    return not part.is_last


def spread(start: datetime, count: int, per_minute: int) -> list[datetime]:
    """When each of so many letters is due: so many a minute from `start` on."""
    step = timedelta(minutes=1) / per_minute
    return [start + step * i for i in range(count)]


def _new(mailing: Mailing, planned: Sequence[Planned]) -> list[Planned]:
    """Those that the mailing has not met: news go to a customer once, though another part had another account of theirs."""
    if mailing.letter != texts.NEWS:
        return list(planned)
    asked = {one.customer for one in planned if one.customer}
    met = Recipient.select(Recipient.customer).where(Recipient.mailing == mailing.id, Recipient.customer.in_(asked))
    known = {one.customer for one in met} if asked else set()
    return [one for one in planned if one.customer not in known]


def _grown(mailing: Mailing, more: int) -> str:
    """Why it must not go on: the audience has outgrown what one employee may write to alone, or what a second one has approved."""
    letters = mailing.posted + more
    if control.needs_two(mailing, Count(letters, {}, True)):
        most = words.number(company.current().letters.two_from)
        return f"Получателей стало {most} или больше: составьте рассылку заново, её утвердит второй сотрудник."
    if mailing.approved_at is not None and mailing.counted is not None and letters > control.most_of(mailing.counted):
        approved = words.plural(mailing.counted, "письмо", "письма", "писем")
        return f"Утвердили {approved}, а получателей стало больше: составьте рассылку заново."
    return ""


def _write(mailing: Mailing, planned: Sequence[Planned], letters: Sequence[Planned]) -> None:
    """Messages and recipients; the counts go with the mailing's own row, which is held."""
    start = max(clock.now(), mailing.paced_until or clock.now())
    rows = [
        _message(mailing, one, due)
        for one, due in zip(letters, spread(start, len(letters), mailing.per_minute), strict=True)
    ]
    _give_keys_back([one.key for one in letters if one.key])
    insert_rows(Message, rows)
    ids = _ids([str(row["key"]) for row in rows])
    before = Counter(mailing.left_out)
    insert_rows(Recipient, [_recipient(mailing, one, ids) for one in planned if _is_listed(one, before)])
    mailing.left_out = dict(before)
    mailing.posted += len(letters)
    mailing.paced_until = start + timedelta(minutes=1) / mailing.per_minute * len(letters)


def _is_listed(one: Planned, left_out: Counter[str]) -> bool:
    """Counts whoever is left out; a list of half a town would be read by nobody."""
    if not one.excluded:
        return True
    left_out[one.excluded] += 1
    return one.excluded not in _NEVER_LISTED and left_out[one.excluded] <= LISTED


def _message(mailing: Mailing, one: Planned, due: datetime) -> dict[str, Any]:
    return drafted(
        mailing.letter, one.address, one.data, kind=one.way, key=_key(mailing, one), subject=one.subject,
        account="" if mailing.letter == texts.NEWS else one.number, mailing=mailing.id, due_at=due,
    )  # fmt: skip


def _key(mailing: Mailing, one: Planned) -> str:
    if one.key:
        return one.key
    who = f"c{one.customer}" if mailing.letter == texts.NEWS else f"{one.account}:{one.customer}:{one.about}"
    return f"mailing:{mailing.id}:{who}"


def _give_keys_back(keys: Sequence[str]) -> None:
    """A letter of that key which reached nobody leaves it to the one that goes instead: of a bill one letter counts."""
    if keys:
        Message.update(key=None).where(Message.key.in_(keys)).execute()


def _ids(keys: Sequence[str]) -> dict[str, int]:
    if not keys:
        return {}
    query: Any = Message.select(Message.key, Message.id).where(Message.key.in_(keys))
    return dict(query.tuples())


def _recipient(mailing: Mailing, one: Planned, ids: dict[str, int]) -> dict[str, Any]:
    return {
        "mailing": mailing.id, "account": one.account, "customer": one.customer, "about": one.about, "way": one.way if one.address else "",
        "address": one.address, "message": None if one.excluded else ids[_key(mailing, one)], "excluded": one.excluded,
    }  # fmt: skip
