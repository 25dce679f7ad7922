"""Reading the mailbox of reports each minute, and reports that a mail provider posts."""

from __future__ import annotations

import logging
import time

from peewee import PeeweeException

from models.contact import bounces, incoming
from models.contact.bounces import Bounce
from models.contact.incoming import AUTO_REPLY, BROKEN, REPORT, Place
from models.mail_settings import MailServer
from models.settings import Settings
from tasks import dsn
from tasks.dsn import Read
from tasks.gateways.imap import Folder, Unreachable

logger = logging.getLogger("kabinet.bounces")
ROUND = 45  # seconds a round may take; the next goes on where it ended

_mailbox: MailServer | None = None
_survived: Place | None = (
    None  # the letter that this process has read last: it does no harm, whatever then kept it from being noted
)


def use(settings: Settings) -> None:
    """The mailbox of this process; none in a portal that reads no reports."""
    global _mailbox
    _mailbox = settings.imap


def read_mailbox() -> int:
    """Deal with what has come since the last round; how many letters. A server that does not answer is asked again in a minute."""
    if _mailbox is None:
        return 0
    name, count, error = _mailbox.mailbox, 0, ""
    try:
        with Folder(_mailbox) as folder:
            count = _read(folder, name)
    except Unreachable as trouble:
        error = str(trouble)
    if incoming.note(name, error):
        logger.warning("the mailbox of reports: %s", error or "answers again")
    return count


def take_report(raw: bytes) -> list[str]:
    """A report as it came in, from wherever; what became of each recipient's part."""
    return [bounces.learn(one) for one in dsn.read(raw).bounces]


def take(reported: list[Bounce]) -> list[str]:
    """The same for reports that a provider has read already and answers for."""
    return [bounces.learn(one, is_vouched=True) for one in reported]


def _read(folder: Folder, name: str) -> int:
    until, count = time.monotonic() + ROUND, 0
    at = incoming.read_up_to(name, folder.validity)
    while True:
        numbers, last = folder.newer(at)
        for uid in numbers:
            count += _deal(folder, Place(name, folder.validity, uid))
            if time.monotonic() > until:
                return count
        if last == at:
            return count
        incoming.move_on(Place(name, folder.validity, last))
        at = last


def _deal(folder: Folder, place: Place) -> bool:
    """One letter. What is neither a report nor an automatic reply stays unread: somebody may want to answer it."""
    raw = folder.fetch(place.uid, dsn.LONGEST)
    if raw is None:
        return False
    found = _read_letter(place, raw)
    name = incoming.name_of(found.message_id, raw)
    try:
        is_new = incoming.take(place, name, found.kind, found.bounces)
    except PeeweeException:  # the database, not the letter: the round ends here and goes on later
        raise
    except Exception:
        logger.exception("letter %s of the mailbox of reports could not be dealt with", place.uid)
        is_new = incoming.take(place, name, BROKEN)
    if found.kind in (REPORT, AUTO_REPLY):
        folder.mark_read(place.uid)
    return is_new


def _read_letter(place: Place, raw: bytes) -> Read:
    """One that was the end of the process each time it was begun is not begun again."""
    global _survived
    if not incoming.begin(place) and place != _survived:
        return Read(BROKEN, "")
    found = dsn.read(raw)
    _survived = place
    return found
