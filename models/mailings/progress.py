"""How a mailing goes: counts by state, and its recipients one by one; the list of mailings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from peewee import JOIN, Case, ModelSelect, fn

from models.base import pairs
from models.mailings import mailings
from models.mailings.addressing import REASONS
from models.mailings.mailings import Mailing, Recipient
from models.metering.accounts import Account
from models.outbox.messages import (
    BOUNCED,
    CANCELLED,
    EXPIRED,
    FAILED,
    PAUSED,
    SENDING,
    SENT,
    WAITING,
    WITHHELD,
    Message,
)
from models.people.staff import Employee

MESSAGE_STATES = {
    WAITING: "ждут", SENDING: "отправляются", SENT: "отправлены", FAILED: "не отправились", WITHHELD: "удержаны", EXPIRED: "устарели",
    BOUNCED: "вернулись", PAUSED: "приостановлены", CANCELLED: "отменены",
}  # fmt: skip
_GONE = (SENT, BOUNCED)
EXCLUDED = "excluded"
PAGE = 50


@dataclass(frozen=True)
class Progress:
    """Letters written so far by the state of each, and how many people were left out by reason."""

    by_state: Mapping[str, int]  # only states that occur, in the order of MESSAGE_STATES
    left_out: Mapping[str, int]  # by addressing.REASONS
    is_expanded: bool  # whether the whole audience has been looked at
    looked_at: int  # percent of the accounts that have been, by their ids

    @property
    def letters(self) -> int:
        return sum(self.by_state.values())

    @property
    def sent(self) -> int:
        """Letters that some server has taken, those that came back among them."""
        return sum(count for state, count in self.by_state.items() if state in _GONE)

    @property
    def percent(self) -> int:
        """How many of the letters written so far were sent."""
        return 100 * self.sent // self.letters if self.letters else 0

    @property
    def excluded(self) -> int:
        return sum(self.left_out.values())


class Row(NamedTuple):
    """A recipient for the staff: `state` is a message's, or 'excluded' with its reason in words in `said`."""

    place: int  # give it as `after` for the next page
    account: str
    customer: int  # id; 0: nobody in the cabinet
    about: str  # the meter's number, if any
    way: str  # email | sms | ''
    address: str
    message: int | None  # the message's id
    state: str
    said: str  # what the other side said, or why they were left out
    at: datetime | None  # when it came to its end, else when it is due


def of(mailing: Mailing) -> Progress:
    """Two cheap queries: the mailing's messages by state, and how far the accounts are looked through."""
    query = Message.select(Message.state, fn.COUNT(Message.id)).where(Message.mailing == mailing.id)
    found = dict(pairs(query.group_by(Message.state)))
    by_state = {state: found[state] for state in MESSAGE_STATES if state in found}
    return Progress(by_state, dict(mailing.left_out), mailing.expanded_at is not None, _looked_at(mailing))


def percents(listed: Iterable[Any]) -> dict[int, int]:
    """By id, of the mailings under way: how many of the letters written so far were sent. One query."""
    ids = [one.id for one in listed if one.state in (mailings.RUNNING, mailings.PAUSED)]
    sent = fn.SUM(Case(None, [(Message.state.in_(_GONE), 1)], 0))
    query: Any = Message.select(Message.mailing, fn.COUNT(Message.id), sent).group_by(Message.mailing)
    found = {one: 100 * int(done) // count for one, count, done in query.where(Message.mailing.in_(ids)).tuples()}
    return {one: found.get(one, 0) for one in ids}


def listed(before: int | None = None, most: int = PAGE) -> list[Any]:
    """Mailings, the newest first, each with `author_name` (None: the portal itself); `before`: the last id of the page before."""
    query = Mailing.select(Mailing, Employee.name.alias("author_name")).join(
        Employee, JOIN.LEFT_OUTER, on=Mailing.author
    )
    if before:
        query = query.where(Mailing.id < before)
    return list(query.order_by(Mailing.id.desc()).limit(most).objects())


def recipients(mailing_id: int, only: str = "", *, after: int = 0, most: int = PAGE) -> list[Row]:
    """Recipients in the order in which they were met: all, those of one message state, 'excluded', or of one reason."""
    if only in MESSAGE_STATES:
        query = _told().where(Message.mailing == mailing_id, Message.state == only, Message.id > after)
        return [_row(one, one.message) for one in query.order_by(Message.id).limit(most).namedtuples()]
    query = _told().where(Recipient.mailing == mailing_id, Recipient.id > after)
    if only == EXCLUDED:
        query = query.where(Recipient.excluded != "")
    elif only in REASONS:
        query = query.where(Recipient.excluded == only)
    return [_row(one, one.id) for one in query.order_by(Recipient.id).limit(most).namedtuples()]


def _told() -> ModelSelect[Any]:
    message = (Message.state, Message.error, Message.ended_at, Message.due_at)
    return (
        Recipient.select(Recipient, Account.number, *message)
        .join(Message, JOIN.LEFT_OUTER, on=Recipient.message == Message.id)
        .join_from(Recipient, Account, on=Recipient.account == Account.id)
    )


def _row(one: Any, place: int) -> Row:
    state = EXCLUDED if one.excluded else one.state or ""
    said = REASONS.get(one.excluded, one.excluded) if one.excluded else one.error or ""
    at = one.ended_at or one.due_at
    return Row(place, one.number, one.customer, one.about, one.way, one.address, one.message, state, said, at)


def _looked_at(mailing: Mailing) -> int:
    if mailing.expanded_at is not None:
        return 100
    first, last = Account.select(fn.MIN(Account.id), fn.MAX(Account.id)).tuples()[0]
    if not last or not mailing.cursor:
        return 0
    return min(99, 100 * (mailing.cursor - first + 1) // (last - first + 1))
