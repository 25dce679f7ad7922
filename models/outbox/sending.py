"""A message on its way: claimed with a lease, then sent, put off, refused or withheld, each by one conditional update.

Whoever claims has the rows until the lease ends; after that anybody may. Nothing here talks to the network.
"""

from __future__ import annotations

import json
import random
import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from peewee import ModelSelect

from models import audit, clock
from models.base import Refusal, database, is_sqlite
from models.outbox import kinds, pace
from models.outbox.messages import (
    BOUNCED,
    CANCELLED,
    EMAIL,
    EXPIRED,
    FAILED,
    PAUSED,
    SENDING,
    SENT,
    WAITING,
    WITHHELD,
    Message,
)

LEASE = timedelta(minutes=5)
AT_ONCE = 50  # small, so that an urgent letter waits for no long batch of others
BACK_OFF = tuple(timedelta(minutes=each) for each in (1, 5, 15, 60, 180, 360))
UNSURE = timedelta(minutes=15)  # at least so long after a letter that may have been taken
LAST_TRY = timedelta(minutes=1)  # before nobody needs the letter any more
MOST_ATTEMPTS = 40
LONGEST_ERROR = 1000
RESENT_FROM = (FAILED, WITHHELD, BOUNCED, EXPIRED)
GIVEN_UP_FROM = (WAITING, PAUSED, *RESENT_FROM)
NOT_IN_TIME = "не удалось отправить, пока письмо было нужно"
NOBODY_TRIED = "никто не отправлял, пока письмо было нужно"
_ROUNDS = 5  # of looking past domains whose pace is used up

_LINK_IS_DEAD = (
    "Ссылка из такого письма больше не действует, повторить его нельзя: пусть человек запросит письмо заново."
)


def claim(
    most: int = AT_ONCE,
    lease: timedelta = LEASE,
    kind: Sequence[str] = (EMAIL,),
    priority: int = kinds.BULK,
    without: Collection[int] = (),
) -> list[Message]:
    """Up to so many due messages, the urgent ones first, for the caller alone until the lease ends; none above the priority.

    Their `claim` names the caller. Left out are the mailings `without`, and domains that are paused or whose minute is used up.
    [] when nothing may go now.
    """
    mark = uuid.uuid4().hex
    for _ in range(_ROUNDS):
        with database.atomic():
            picked = _pick(most, _due(kind, priority, pace.busy(), without))
            ids = _within_pace(picked)
            if ids:
                return _claimed(ids, mark, lease)
        if not picked:
            break
    return []


def _pick(most: int, due: ModelSelect[Any]) -> list[tuple[int, str]]:
    """(id, domain) of due messages: those whose sender is gone, then by priority and time."""
    lost = due.where(Message.state == SENDING).order_by(Message.priority, Message.due_at)
    found = list(_skipping(lost.limit(most)).tuples())
    if len(found) < most:
        waiting = due.where(Message.state == WAITING)
        ordered = waiting.order_by(Message.priority, Message.due_at, Message.id).limit(most - len(found))
        found += list(_skipping(ordered).tuples())
    return found


def _due(kind: Sequence[str], priority: int, busy: set[str], without: Collection[int]) -> ModelSelect[Any]:
    now = clock.now()
    query = Message.select(Message.id, Message.domain).where(Message.due_at <= now, Message.kind.in_(list(kind)))
    query = query.where(Message.expires_at.is_null() | (Message.expires_at > now))
    query = query.where(Message.priority <= priority) if priority < kinds.BULK else query
    query = query.where(Message.mailing.is_null() | Message.mailing.not_in(list(without))) if without else query
    return query.where(Message.domain.not_in(busy)) if busy else query


def _skipping(query: ModelSelect[Any]) -> ModelSelect[Any]:
    """Rows that another process is claiming at this moment are left to it."""
    return query if is_sqlite() else query.for_update("FOR UPDATE SKIP LOCKED")  # type: ignore[arg-type]


def _within_pace(picked: Iterable[tuple[int, str]]) -> list[int]:
    picked = list(picked)
    left = pace.take(Counter(domain for _, domain in picked)) if picked else {}
    ids = []
    for message_id, domain in picked:
        if left[domain] > 0:
            left[domain] -= 1
            ids.append(message_id)
    return ids


def _claimed(ids: list[int], mark: str, lease: timedelta) -> list[Message]:
    now = clock.now()
    Message.update(state=SENDING, claim=mark, due_at=now + lease, attempts=Message.attempts + 1).where(
        Message.id.in_(ids), Message.state.in_((WAITING, SENDING)), Message.due_at <= now
    ).execute()
    return list(
        Message.select().where(Message.claim == mark, Message.id.in_(ids)).order_by(Message.priority, Message.id)
    )


def sent(message: Message, provider: str, *, keep_secrets: bool = False) -> bool:
    """The other side has taken it. False: the claim was lost meanwhile, somebody else answers for the message."""
    return _end(message, SENT, "", provider=provider, wipe=not keep_secrets)


def refuse(message: Message, reason: str, provider: str = "") -> bool:
    """It will never go as it is: an end that staff see. Secrets stay while the letter is worth sending again."""
    return _end(message, FAILED, reason, provider=provider)


def withhold(message: Message, reason: str) -> bool:
    """It must not go. False also for one that has got another address meanwhile: it is given back, to be judged anew."""
    if Message.select().where(Message.id == message.id, Message.to != message.to).exists():
        release([message])
        return False
    return _end(message, WITHHELD, reason)


def put_off(message: Message, reason: str, provider: str = "", *, unsure: bool = False) -> bool:
    """It did not go this time: again later, ever more rarely, until nobody needs it; `unsure`: it may have arrived."""
    due = _next_try(message, unsure)
    if due is None:
        return _end(message, FAILED, f"{NOT_IN_TIME}: {reason}", provider=provider)
    return _move(message, state=WAITING, due_at=due, claim="", error=reason[:LONGEST_ERROR], provider=provider)


def release(messages: Sequence[Message], after: timedelta = timedelta(0), reason: str = "") -> int:
    """Give back what was claimed and not tried: no attempt is counted; how many."""
    if not messages:
        return 0
    given = {"error": reason[:LONGEST_ERROR]} if reason else {}
    return int(
        Message.update(state=WAITING, claim="", due_at=clock.now() + after, attempts=Message.attempts - 1, **given)
        .where(
            Message.id.in_([one.id for one in messages]),
            Message.state == SENDING,
            Message.claim.in_({one.claim for one in messages}),
        )
        .execute()
    )


def _next_try(message: Message, unsure: bool) -> datetime | None:
    """When to try again; None when it is too late."""
    delay = BACK_OFF[min(message.attempts, len(BACK_OFF)) - 1]
    delay = max(delay, UNSURE) if unsure else delay
    now = clock.now()
    due = now + delay * random.uniform(1, 1.1)
    if message.attempts >= MOST_ATTEMPTS:
        return None
    if message.expires_at is None or due < message.expires_at:
        return due
    last = message.expires_at - LAST_TRY
    return last if last > now + LAST_TRY else None


def _end(message: Message, state: str, error: str, *, provider: str = "", wipe: bool = False) -> bool:
    now = clock.now()
    wiped: dict[str, Any] = {"secrets": {}, "wiped_at": now} if wipe and message.secrets else {}
    given = {"provider": provider} if provider else {}
    return _move(
        message, state=state, ended_at=now, due_at=now, claim="", error=error[:LONGEST_ERROR], **given, **wiped
    )


def _move(message: Message, **values: Any) -> bool:
    """The one step of a claimed message; False when the claim is no longer the caller's."""
    given = (json.dumps(value) if isinstance(value, dict) else value for value in values.values())
    cursor = database.execute_sql(_step(tuple(values), database.param), (*given, message.id, SENDING, message.claim))
    return bool(cursor.rowcount == 1)


@cache
def _step(names: tuple[str, ...], mark: str) -> str:
    """The SQL of a step, built once: it is done for each letter of a large mailing."""
    changes = ", ".join(f'"{name}" = {mark}' for name in names)
    return f"UPDATE message SET {changes} WHERE id = {mark} AND state = {mark} AND claim = {mark}"  # noqa: S608  our own names


# ---- what staff do


def resend(message_ids: Iterable[int], by: str) -> int:
    """Try again what did not reach its reader; how many. What has moved on meanwhile is left.

    Refused when none can go: its link is dead or its secrets are wiped, so the reader must ask for a new letter.
    """
    ids = list(message_ids)
    with database.atomic():
        stuck = list(Message.select().where(Message.id.in_(ids), Message.state.in_(RESENT_FROM)).order_by(Message.id))
        alive = [one for one in stuck if not _is_dead(one)]
        if stuck and not alive:
            raise Refusal(None, _LINK_IS_DEAD, "message.link_dead")
        return sum(_resent(one, by) for one in alive)


def may_give_up(message: Message) -> bool:
    """A warning is not for staff to stop: that somebody changed a password or an address is what its reader must learn."""
    rules = kinds.stored(message.letter)
    is_warning = rules.basis == kinds.TOLD and rules.priority == kinds.URGENT
    return message.state in GIVEN_UP_FROM and not is_warning


def give_up(message_ids: Iterable[int], by: str) -> int:
    """Send these no more; how many. What is being sent at this moment, has been sent or is a warning is left."""
    now = clock.now()
    with database.atomic():
        count = 0
        found = Message.select().where(Message.id.in_(list(message_ids)), Message.state.in_(GIVEN_UP_FROM))
        for one in filter(may_give_up, found):
            wiped: dict[str, Any] = {"secrets": {}, "wiped_at": now} if one.secrets else {}
            mine = (Message.id == one.id) & (Message.state == one.state)
            moved = Message.update(state=CANCELLED, ended_at=now, due_at=now, **wiped).where(mine).execute()
            if moved:
                audit.record("message.given_up", f"message:{one.id}", letter=one.letter, by=by)
            count += moved
        return count


def _is_dead(message: Message) -> bool:
    if message.wiped_at is not None:
        return True
    is_over = message.expires_at is not None and message.expires_at <= clock.now()
    return is_over and (bool(message.secrets) or kinds.stored(message.letter).basis == kinds.ASKED)


def _resent(message: Message, by: str) -> int:
    now = clock.now()
    expires = message.expires_at if message.secrets else now + timedelta(hours=kinds.stored(message.letter).hours)
    moved = (
        Message.update(state=WAITING, due_at=now, attempts=0, claim="", ended_at=None, expires_at=expires)
        .where(Message.id == message.id, Message.state == message.state)
        .execute()
    )
    if moved:
        audit.record("message.resent", f"message:{message.id}", letter=message.letter, by=by)
    return int(moved)


def last_sent() -> datetime | None:
    """When the last message went."""
    newest = Message.select(Message.ended_at).where(Message.state == SENT).order_by(Message.due_at.desc()).limit(1)
    found: datetime | None = newest.scalar()
    return found


def failed(most: int = 1000) -> int:
    """Messages of the last week that reached nobody, counted to `most`."""
    week = clock.now() - timedelta(days=7)
    query = Message.select(Message.id).where(Message.state.in_((FAILED, EXPIRED, BOUNCED)), Message.due_at > week)
    return int(query.limit(most).count())
