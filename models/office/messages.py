"""Letters and SMS as the staff look at them: found cheaply among a million, and read for a reason.

Whoever reads a customer's letter looks at personal data (152-ФЗ art. 19): it takes the open card of the account it is about;
a letter about no account is opened by itself, which is a row of the audit log.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from peewee import SQL, ModelSelect, Select, fn

from models import audit, clock, company, words
from models.audit import AuditRow
from models.base import Refusal, Row, database
from models.metering.accounts import Account
from models.office import cards
from models.outbox import (
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
    kinds,
)
from models.outbox.messages import EMAIL, SMS
from models.people.customers import normal_email, normal_phone
from models.people.staff import subject

PAGE = 50
MOST = 1000  # a count stops here: nobody needs to know more, and the page opens at once
LONGEST = 254
OPENED = "message.opened"
STATES = {
    WAITING: ("ждёт отправки", "wait"),
    SENDING: ("отправляем", "wait"),
    SENT: ("отправлено", "good"),
    FAILED: ("не отправлено", "bad"),
    BOUNCED: ("вернулось", "bad"),
    EXPIRED: ("опоздало", "bad"),
    WITHHELD: ("не отправляем", ""),
    PAUSED: ("рассылка стоит", "wait"),
    CANCELLED: ("отменено", ""),
}
KIND_TITLES = {EMAIL: "почта", SMS: "СМС"}
_ADDRESS = re.compile(r"[^\s<>()\[\]\",;:@]{0,64}@[^\s<>()\[\]\",;:@]{1,255}")


class Search(NamedTuple):
    """What is looked for; empty fields ask nothing. `to` is a whole address, `account` a whole number."""

    state: str = ""
    letter: str = ""
    kind: str = ""
    day: date | None = None
    to: str = ""
    account: str = ""


def search(typed: Mapping[str, str]) -> Search:
    """Refused: a day that is none, and somebody who is named by neither an address, a phone nor an account's number."""
    to, account = _who(typed.get("who", "").strip())
    return Search(
        state=typed.get("state", "") if typed.get("state") in STATES else "",
        letter=typed.get("letter", "") if typed.get("letter") in kinds.KINDS else "",
        kind=typed.get("kind", "") if typed.get("kind") in KIND_TITLES else "",
        day=_day(typed.get("day", "")),
        to=to,
        account=account,
    )


def _who(text: str) -> tuple[str, str]:
    if not text:
        return "", ""
    if "@" in text:
        return normal_email(text, "who"), ""
    if number := company.current().normal_number(text):
        return "", number
    try:
        return normal_phone(text, "who"), ""
    except Refusal:
        raise Refusal("who", "Введите целиком адрес почты, телефон или номер лицевого счёта.", "message.who") from None


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not 2000 <= day.year <= 2099:
        raise Refusal("day", "Введите день, например 2026-11-20.", "message.day")
    return day


def find(asked: Search, before: int | None = None, most: int = PAGE) -> list[Message]:
    """The messages that fit, the newest first, older than the row `before`; without their data and secrets."""
    query = Message.select(
        Message.id, Message.kind, Message.to, Message.letter, Message.account, Message.mailing, Message.state,
        Message.created_at, Message.due_at, Message.ended_at, Message.attempts,
    )  # fmt: skip
    for field, value in _equal(asked):
        query = query.where(field == value)
    if asked.day is not None:
        first, last = _ids_of(asked.day)
        query = query.where(Message.id.between(first, last), _within(asked.day))
    if before is not None:
        query = query.where(Message.id < before)
    return list(query.order_by(Message.id.desc()).limit(most))


def _equal(asked: Search) -> list[tuple[Any, Any]]:
    letter: Any = Message.letter
    state: Any = Message.state
    if asked.kind == SMS:
        letter, state = _unsought(letter), _unsought(state)
    # The kind is named in the statement and not beside it: only so do databases see that the index of SMS alone is meant.
    kind = SQL(f"'{asked.kind}'") if asked.kind in KIND_TITLES else ""
    pairs = [
        (Message.to, asked.to), (Message.account, asked.account), (letter, asked.letter), (state, asked.state), (Message.kind, kind),
    ]  # fmt: skip
    return [(field, value) for field, value in pairs if value]


def _unsought(field: Any) -> Any:
    """The field, but compared without its index: among a million letters that one would be gone through for a few SMS."""
    return field.concat("")


def _within(day: date) -> Any:
    start = clock.utc(datetime.combine(day, time()))
    end = clock.utc(datetime.combine(day + timedelta(days=1), time()))
    return (Message.created_at >= start) & (Message.created_at < end)


def _ids_of(day: date) -> tuple[int, int]:
    """The first and the last id of a day: with them each index that ends in the id leads there at once."""
    first, last = Message.select(fn.MIN(Message.id), fn.MAX(Message.id)).where(_within(day)).tuples().first()
    return first or 0, last or 0


def counts() -> dict[str, int]:
    """How many messages are in each state, counted no further than MOST."""
    columns = [_some_in(state).select_from(fn.COUNT(SQL("*"))).alias(state) for state in STATES]
    (row,) = Select(columns=columns).bind(database).tuples()
    return dict(zip(STATES, row, strict=True))


def _some_in(state: str) -> ModelSelect[Any]:
    query: Any = Message.select(Message.id).where(Message.state == state).limit(MOST)
    return query.alias(f"in_{state}")  # type: ignore[no-any-return]


# ---- reading one


def masked(to: str) -> str:
    """«a***@example.ru», «+7913***0199»: enough to know it again, too little to write there."""
    name, at, domain = to.partition("@")
    return f"{name[:1]}***@{domain}" if at else f"{to[:5]}***{to[-4:]}"


def told(text: str, to: str) -> str:
    """What the other side said, without this address and any other, however they are spelt."""
    phone = to.removeprefix("+")
    shown = text if "@" in to or not phone else text.replace(phone, masked(to).removeprefix("+"))
    return _ADDRESS.sub(lambda found: masked(found[0]), shown)


def is_open(employee_id: int, message: Message) -> bool:
    """Whether this employee may read the message now: by the open card of its account, or by having opened it."""
    if message.account and cards.present(employee_id, message.account) is not None:
        return True
    opened: Any = AuditRow.select(AuditRow.id).where(
        AuditRow.subject == f"message:{message.id}",
        AuditRow.at > clock.now() - cards.LASTS,
        AuditRow.who == subject(employee_id),
        AuditRow.deed == OPENED,
    )
    return bool(opened.exists())


def open_message(employee_id: int, message: Message, reason: str, note: str = "") -> None:
    """Let the employee read it for half an hour. Refused as opening a card is: no reason, «другое» without a word why."""
    if message.account and Account.select(Account.id).where(Account.number == message.account).exists():
        cards.open_card(employee_id, message.account, reason, note)
        return
    note = " ".join(note.split())
    if problems := cards.reason_problems(reason, note):
        raise Refusal(problems=problems)
    cards.count_opening(employee_id)
    with database.atomic():
        audit.record(OPENED, f"message:{message.id}", letter=message.letter, reason=cards.said(reason, note))


def by_id(message_id: int) -> Message | None:
    found: Message | None = Message.get_or_none(Message.id == message_id)
    return found


def state_words(message: Row) -> tuple[str, str]:
    """The state and the kind of its mark; while it waits, how often it was tried."""
    title, kind = STATES[message.state]
    tries = f", {words.plural(message.attempts, 'попытка', 'попытки', 'попыток')}" if message.attempts else ""
    return (f"{title}{tries}" if message.state == WAITING else title), kind
