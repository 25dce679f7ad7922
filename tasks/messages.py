"""Handing messages over to the mail providers and the SMS centre: what is due, one by one, each claimed first.

No database transaction is open while a provider is talked to, and each outcome is committed before the next message is handed
over: whoever is killed sends again at most the one message whose «250» was not written down, under the same Message-ID.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from peewee import OperationalError, PeeweeException

from models import clock, company
from models.base import database
from models.contact import bounces, permission, unsubscribing
from models.mailings import control
from models.outbox import Message, ends, pace, sending
from models.outbox.kinds import BULK, USUAL
from models.outbox.messages import EMAIL, SMS
from models.settings import Settings
from tasks import attachments, letters, mime
from tasks.gateways import kept, sms, smtp
from tasks.gateways import smtp_words as words
from tasks.gateways.kept import Kept
from tasks.gateways.smtp import Accepted, Envelope, Outcome, Permanent, Relays, Temporary, Unknown

logger = logging.getLogger("kabinet.messages")
ROUND = 50.0  # seconds: the next round begins after a minute
BULK_RESTS = 10.0  # seconds
TRUSTED_FOR = 2.0  # seconds that a «may go» of many messages at once is believed
LONGEST_EXCHANGE = timedelta(seconds=smtp.EXCHANGE + 30)  # of a lease must be left for the next message
SOON = timedelta(minutes=1)
PAUSES = {"421": timedelta(minutes=5)}
SHORT_PAUSE = timedelta(minutes=2)
_WRITES = 5  # tries to note an outcome: a busy database must not make a letter go twice


@dataclass(frozen=True)
class Desk:
    """Who takes letters and SMS here; None: they wait."""

    mail: Relays | Kept | None
    sms: Kept | None
    public_url: str

    @property
    def kinds(self) -> tuple[str, ...]:
        """What can be sent now."""
        ways = ((EMAIL, self.mail), (SMS, self.sms))
        return tuple(kind for kind, way in ways if way is not None and way.is_ready)


_desk: Desk | None = None
_bulk_rests_until = 0.0
_at_work = threading.Lock()
_rung = threading.Event()


def use(settings: Settings) -> None:
    """Let this process send as the settings say. The demo without a mail server keeps all letters; production lets them wait."""
    global _desk, _bulk_rests_until
    _bulk_rests_until = 0.0
    mail = smtp.from_settings(settings) or (Kept() if settings.is_demo else None)
    _desk = Desk(mail, sms.from_settings(settings), settings.public_url)


def send(_: int) -> None:
    """A message was written just now."""
    hand_over()


def send_all() -> int:
    """End what nobody needs any more, then hand over all that is due, mailings too; how many were taken."""
    global _bulk_rests_until
    ends.expire()
    _bulk_rests_until = 0.0
    return hand_over()


def hand_over(seconds: float = ROUND, lease: timedelta = sending.LEASE) -> int:
    """Hand over all that is due, for so long at most; how many were taken.

    One round at a time in a process: a bell that rings meanwhile makes the round look once more.
    """
    _rung.set()
    count = 0
    while _rung.is_set() and _at_work.acquire(blocking=False):
        try:
            _rung.clear()
            count += _round(time.monotonic() + seconds, lease)
        finally:
            _at_work.release()
    return count


def _round(until: float, lease: timedelta) -> int:
    desk, count = _desk, 0
    if desk is None:
        return 0
    if desk.mail is not None:
        desk.mail.close_idle()
    while time.monotonic() < until and (kinds := desk.kinds):
        batch = _next_batch(kinds, lease)
        if not batch:
            break
        count += _send_batch(desk, batch, until, lease)
    return count


def _next_batch(kinds: Sequence[str], lease: timedelta) -> list[Message]:
    """While domains or staff keep a mailing waiting, a bell for one letter must not look through all of its letters each time."""
    global _bulk_rests_until
    is_bulk_resting = time.monotonic() < _bulk_rests_until
    held = control.held_back()
    batch = sending.claim(lease=lease, kind=kinds, priority=USUAL if is_bulk_resting else BULK, without=held)
    if not batch and not is_bulk_resting and (held or pace.busy()):
        _bulk_rests_until = time.monotonic() + BULK_RESTS
    return batch


def _send_batch(desk: Desk, batch: Sequence[Message], until: float, lease: timedelta) -> int:
    """Send what was claimed at once; what there is no time for is given back untried."""
    ends_at = min(until, time.monotonic() + max(lease - LONGEST_EXCHANGE, lease / 2).total_seconds())
    reasons: dict[int, str] = {}
    held: Sequence[int] = ()  # mailings
    closed: set[str] = set()  # domains that have asked us to wait meanwhile
    asked_at, count = 0.0, 0
    for place, message in enumerate(batch):
        if time.monotonic() > ends_at or message.kind not in desk.kinds:
            sending.release(batch[place:])
            break
        if time.monotonic() - asked_at > TRUSTED_FOR or not place:
            reasons, held, asked_at = _withheld(batch[place:]), control.held_back(), time.monotonic()
        if message.mailing in held or message.domain in closed:
            sending.release([message])
        elif message.id in reasons:
            sending.withhold(message, reasons[message.id])
        else:
            outcome = _send_one(desk, message)
            count += isinstance(outcome, Accepted)
            if isinstance(outcome, Temporary) and outcome.about == words.DOMAIN:
                closed.add(message.domain)
    return count


def _withheld(messages: Sequence[Message]) -> dict[int, str]:
    """What must not go, with the reason; a message that cannot be judged keeps nobody else waiting, and does not go."""
    try:
        return permission.withheld(messages)
    except PeeweeException:
        raise
    except Exception as error:
        if len(messages) == 1:
            logger.exception("message %s: cannot be judged", messages[0].id)
            return {messages[0].id: f"нельзя понять, можно ли отправлять: {type(error).__name__}"}
        return {key: why for one in messages for key, why in _withheld([one]).items()}


def _send_one(desk: Desk, message: Message) -> Outcome | None:
    """What became of it; None: it was not handed over."""
    way = desk.mail if message.kind == EMAIL else desk.sms
    try:
        envelope = _envelope(message, desk.public_url)
    except (PeeweeException, OSError) as error:  # the portal's own trouble, not the letter's
        logger.warning("message %s: cannot be put together now: %s", message.id, error)
        sending.put_off(message, "письмо не собралось, портал попробует снова")
        return None
    except Exception as error:
        logger.exception("message %s: cannot be put together", message.id)
        sending.refuse(message, f"письмо не собралось: {type(error).__name__}: {error}")
        return None
    if way is None:
        sending.release([message])
        return None
    outcome = way.hand_over(envelope)
    _note(message, outcome)
    return outcome


def _envelope(message: Message, public_url: str) -> Envelope:
    letter = letters.put_together(message, public_url)
    if message.kind == SMS:
        return Envelope("", str(message.to), letter.text.encode())
    rules = company.current()
    body = mime.compose(
        letter,
        message_id=message.message_id,
        sender=(rules.name, rules.letters.sender),
        to=message.to,
        written=clock.now(),
        files=attachments.of(message, public_url),
        way_out=unsubscribing.link(message, public_url),
    )
    return Envelope(mime.verp(rules.letters.bounces, message.message_id), message.to, body)


def _note(message: Message, outcome: Outcome) -> None:
    """Write the outcome down, patiently: what was taken must not go again because the database was busy."""
    for attempt in range(1, _WRITES + 1):
        try:
            is_mine = _write(message, outcome)
            break
        except OperationalError:
            if attempt == _WRITES:
                raise
            time.sleep(attempt)
    if not is_mine:
        logger.warning("message %s: its claim was lost meanwhile, the outcome is not noted", message.id)


def _write(message: Message, outcome: Outcome) -> bool:
    match outcome:
        case Accepted(provider):
            return sending.sent(message, provider, keep_secrets=provider == kept.NAME)
        case Unknown(provider, said):
            reason = f"ответа на письмо нет, оно могло и дойти: {said}"
            return sending.put_off(message, reason, provider, unsure=True)
        case Permanent(provider, said, about, status):
            return _refuse(message, provider, said, about, status)
        case Temporary(provider, said, about):
            return _later(message, provider, said, about)


def _later(message: Message, provider: str, said: str, about: str) -> bool:
    if about == words.PROVIDER:
        return sending.release([message], SOON, f"почтовый сервер не принимает: {said}") == 1
    if about == words.DOMAIN:
        pace.pause(message.domain, PAUSES.get(said[:3], SHORT_PAUSE), said)
    return sending.put_off(message, f"пока не приняли: {said}", provider)


def _refuse(message: Message, provider: str, said: str, about: str, status: str) -> bool:
    with database.atomic():
        is_mine = sending.refuse(message, f"не приняли: {said}", provider)
        if is_mine and about == words.ADDRESS:
            bounces.refused(message, status, said)
    return is_mine
