"""Letters that came back: what a report does to the letter, to its address and to how bills are delivered.

A report proves itself by our own Message-ID or envelope token, which nobody but the reader of the letter knows, and by naming
the address that letter went to. One that proves nothing changes nothing: it would suspend a stranger's address.
"""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from typing import NamedTuple

from peewee import CharField, DateTimeField, ForeignKeyField, TextField

from models import clock, company
from models.base import Row, database, locked
from models.billing import delivery, ledger
from models.metering.accounts import Account
from models.outbox import BOUNCED, SENT, Message, addresses, messages
from models.outbox.messages import domain_of
from models.people.customers import Customer

logger = logging.getLogger("kabinet.bounces")

# RFC 3463: no such mailbox, no such system, bad syntax, moved without a new address, null MX, mailbox disabled.
NO_SUCH_ADDRESS = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
# Some servers say in words alone, or under a code of policy, that nobody is there.
_NOBODY = re.compile(
    r"(?i)no such (user|mailbox|recipient|address|person)|(user|recipient|mailbox|address|account)\W+(\S+\s+){0,3}?(is |was )?"
    r"(unknown|not found|does(n't| not) exist|invalid|not known)|(unknown|invalid|non-?existent) (user|mailbox|recipient|address)"
    r"|нет такого|не существует"
)
_VAGUE = ("", "5.0.0", "5.1.0", "5.3.0", "5.5.0", "5.7.1")
# Size, content, security, the sender: what we sent or who we are, not the address. Our own bad name must not put a whole town
# on paper, nor must a day on which our domain is not found.
NOT_THE_ADDRESS = re.compile(r"[45]\.(1\.[789]|2\.3|3\.4|6\.\d+|7\.\d+)")
_BAD_SENDER, _REFUSED_US = "5.1.8", "5.7.1"
_OF_THE_SENDER = re.compile(
    r"(?i)\bsender('s)?\W+((e-?mail|address|domain|verif\w+)\W+){0,2}(is |was |has been )?(rejected|denied|refused|unknown"
    r"|not |un\w+|invalid|fail\w*|does)|\bafter mail from\b|\bотправител"
)
_OF_US = re.compile(
    r"(?i)\b(client host|helo|ehlo|spf|dkim|dmarc|ptr|rdns|policy|spam\w*|block\w*|black\w*|listed|reputation|relaying"
    r"|to relay|relay (access )?(denied|not)|your (mail|e-?mail|account|address|host|ip|domain|server))\b|\bспам"
)
_AN_ADDRESS = re.compile(r"[^\s<>]{1,64}@[^\s<>]{1,255}")
MOST_REFUSED = 3  # letters in WITHIN that came back for another reason: the address is taken for dead
WITHIN = timedelta(days=30)
# More addresses dead in a day than this, and more than one letter in so many: it is we who are refused, not they who are gone.
MOST_A_DAY, ONE_IN = 50, 20
FAILED, DELAYED = "failed", "delayed"

# What became of a report.
LEARNT, NOTED, REPEATED, STRANGE, UNKNOWN = "learnt", "noted", "repeated", "strange", "unknown"


class Bounce(NamedTuple):
    """What a report says of one recipient (RFC 3464)."""

    message_id: str | None  # of our letter, '<…@…>'
    recipient: str  # '' when the report does not say
    action: str  # failed | delayed | delivered | relayed | expanded
    status: str  # '5.1.1', '' when the report does not say
    diagnostic: str  # what the other server said
    token: str = ""  # of the envelope's address that the report came to: the hex of the Message-ID
    original: str = ""  # the recipient before forwarding


class Undelivered(Row):
    """A letter that the address did not take: by a report, or at once."""

    message = ForeignKeyField(Message, unique=True, on_delete="CASCADE")
    address = CharField()
    status = CharField(default="")
    reason = TextField(default="")
    at = DateTimeField(default=clock.now)

    class Meta:
        indexes = ((("address", "at"), False),)


def learn(bounce: Bounce, *, is_vouched: bool = False) -> str:
    """Draw the consequences of a report, once; which of LEARNT, NOTED (nothing follows), REPEATED, STRANGE, UNKNOWN it was.

    `is_vouched`: a mail provider answers for it with its signature. Of any other report only one that names the address counts.
    """
    with database.atomic():
        message = _meant(bounce)
        if message is None:
            logger.info("a report about no letter of ours: %s", bounce.status)
            return UNKNOWN
        if not _is_about(bounce, message.to):
            logger.warning("a report about %s names another address", message.message_id)
            return STRANGE
        is_named = bool(bounce.recipient or bounce.original)
        if bounce.action != FAILED or not (is_named or is_vouched):
            return _note(message, bounce)
        status = exact(bounce.status, bounce.diagnostic)
        if not _came_back(message, status, bounce.diagnostic):
            return REPEATED
        _judge(message.to, status, bounce.diagnostic)
        return LEARNT


def refused(message: Message, status: str, said: str) -> bool:
    """The address was refused for good while the letter was handed over; whether letters stop going there.

    The letter's own state is the sender's business.
    """
    status = exact(status, said)
    with database.atomic():
        _keep(message, status, said)
        return _judge(message.to, status, said)


def exact(status: str, said: str) -> str:
    """The status code, made plain where the server's words tell more than its code."""
    words = _AN_ADDRESS.sub("", said[:1000])
    if (status in _VAGUE or status in NO_SUCH_ADDRESS) and _OF_THE_SENDER.search(words):
        return _BAD_SENDER
    if status in _VAGUE and _OF_US.search(words):
        return _REFUSED_US
    return "5.1.1" if status in _VAGUE and _NOBODY.search(said[:1000]) else status


def are_too_many() -> int:
    """Customers' addresses suspended within a day, if so many that the fault must be ours and no more are suspended; else 0."""
    day = clock.now() - timedelta(days=1)
    count = Customer.select(Customer.id).where(Customer.email.in_(addresses.suspended_since(day))).count()
    if count < MOST_A_DAY:
        return 0
    went = Message.select(Message.id).where(Message.state.in_((SENT, BOUNCED, messages.FAILED)), Message.due_at > day)
    return 0 if went.limit(count * ONE_IN).count() >= count * ONE_IN else count


def _meant(bounce: Bounce) -> Message | None:
    known = [bounce.message_id] if bounce.message_id else []
    if bounce.token:
        known.append(f"<{bounce.token}@{domain_of(company.current().letters.sender)}>")
    found = locked(Message.select().where(Message.message_id.in_(known))) if known else []
    return next((one for one in found), None)


def _is_about(bounce: Bounce, address: str) -> bool:
    """A report that does not say whom it is about may be about the one address the letter went to."""
    named = {_plain(one) for one in (bounce.recipient, bounce.original) if one}
    return not named or _plain(address) in named


def _plain(address: str) -> str:
    """The address for comparing: small letters, the domain as the wire has it."""
    local, _, domain = address.strip().strip("<>").lower().rpartition("@")
    try:
        return f"{local}@{addresses.ascii_domain(domain)}"
    except UnicodeError:
        return f"{local}@{domain}"


def _note(message: Message, bounce: Bounce) -> str:
    told = {DELAYED: "задерживается", FAILED: "отчёт, который не называет адреса"}.get(bounce.action)
    if told:
        said = f"{told}: {_reason(bounce.status, bounce.diagnostic)}"
        Message.update(error=said).where(Message.id == message.id, Message.state == SENT).execute()
    return NOTED


def _came_back(message: Message, status: str, said: str) -> bool:
    """Whether this is news: the letter counted as sent, or nothing was known of it."""
    moved = (
        Message.update(state=BOUNCED, error=_reason(status, said), ended_at=clock.now())
        .where(Message.id == message.id, Message.state == SENT)
        .execute()
    )
    return _keep(message, status, said) or bool(moved)


def _keep(message: Message, status: str, said: str) -> bool:
    row = {
        "message": message.id, "address": message.to, "status": status[:20], "reason": _reason(status, said), "at": clock.now()
    }  # fmt: skip
    return Undelivered.insert(**row).on_conflict_ignore().as_rowcount().execute() == 1


def _judge(address: str, status: str, said: str) -> bool:
    """Stop letters to an address that is not there, or that refused letter after letter; whether that is news.

    Bills that went to it come on paper again.
    """
    if NOT_THE_ADDRESS.fullmatch(status):
        return False
    if status not in NO_SUCH_ADDRESS and _refusals(address) < MOST_REFUSED:
        return False
    customer = Customer.by_email(address)
    if customer is not None and (count := are_too_many()):
        logger.warning("%s addresses were suspended within a day: no more are, the fault looks like ours", count)
        return False
    if customer is not None:  # first: whoever chooses e-mail meanwhile has done so by now, or waits and is refused
        ledger.hold(one.id for one in Account.of(customer.id).select(Account.id))
    if not addresses.suspend(address, _reason(status, said)):
        return False
    if customer is not None:
        delivery.all_to_paper(customer.id, "письма на почту не доходят", delivery.BOUNCED)
    return True


def _refusals(address: str) -> int:
    """Letters that came back of late, since the address last proved to be alive."""
    since = max(clock.now() - WITHIN, addresses.restored_at(address) or clock.now() - WITHIN)
    faults = Undelivered.select(Undelivered.status).where(Undelivered.address == address, Undelivered.at > since)
    return sum(not NOT_THE_ADDRESS.fullmatch(one.status) for one in faults)


def _reason(status: str, said: str) -> str:
    """One line for staff: the code and the server's words."""
    words = " ".join(said.split())[:500]
    return words if status and status in words else f"{status} {words}".strip() or "сервер получателя вернул письмо"
