"""What comes to our own mailbox: how far it has been read, and every letter in it once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from peewee import BigIntegerField, CharField, DateTimeField, IntegerField, TextField, fn

from models import clock
from models.base import Row, database, pairs
from models.contact import bounces
from models.contact.bounces import Bounce

REPORT, AUTO_REPLY, OTHER, BROKEN = "report", "auto-reply", "other", "broken"
KEPT = timedelta(days=90)
TRIES = 3  # how often a letter is begun
AT_WORK = timedelta(minutes=1)  # so long whoever began it may still be at it


class Mailbox(Row):
    """A folder on the mail server. Its numbers hold for one `validity`: a new one means that the server has counted anew."""

    folder = CharField(unique=True)
    validity = BigIntegerField(default=0)
    last_uid = BigIntegerField(default=0)
    begun = CharField(default="")  # the letter in hand, 'validity:uid'
    begun_at = DateTimeField(null=True)
    tries = IntegerField(default=0)
    read_at = DateTimeField(null=True)  # when it was last read to the end of a round
    error = TextField(default="")  # why it could not be read, '' when it could


class IncomingLetter(Row):
    folder = CharField()
    validity = BigIntegerField()
    uid = BigIntegerField()
    message_id = CharField(unique=True)  # its own, or a digest of the whole where it has none
    kind = CharField()  # REPORT | AUTO_REPLY | OTHER | BROKEN
    outcome = CharField(default="")  # of a report
    at = DateTimeField(default=clock.now, index=True)

    class Meta:
        indexes = ((("folder", "validity", "uid"), True),)


class Place(NamedTuple):
    """Where a letter lies."""

    folder: str
    validity: int
    uid: int


def read_up_to(folder: str, validity: int) -> int:
    """The last number that was dealt with; 0 when the server has counted anew."""
    found = Mailbox.get_or_none(Mailbox.folder == folder, Mailbox.validity == validity)
    return int(found.last_uid) if found else 0


def begin(place: Place) -> bool:
    """Note that a letter is about to be read; False when that was the end of the process each time so far."""
    now, name = clock.now(), f"{place.validity}:{place.uid}"
    is_ours, is_it = Mailbox.folder == place.folder, Mailbox.begun == name
    with database.atomic():
        Mailbox.insert(folder=place.folder).on_conflict_ignore().execute()
        Mailbox.update(begun=name, begun_at=now, tries=1).where(is_ours, ~is_it).execute()
        again = Mailbox.update(begun_at=now, tries=Mailbox.tries + 1)
        again.where(is_ours, is_it, Mailbox.begun_at <= now - AT_WORK).execute()
        return bool(Mailbox.get(is_ours).tries <= TRIES)


def take(place: Place, message_id: str, kind: str, reported: Sequence[Bounce] = ()) -> bool:
    """Deal with a letter once, and note that it was; False when it had been. All of it or nothing."""
    with database.atomic():
        row = {**place._asdict(), "message_id": message_id, "kind": kind, "at": clock.now()}
        is_new = IncomingLetter.insert(**row).on_conflict_ignore().as_rowcount().execute() == 1
        if is_new:
            outcomes = sorted({bounces.learn(one) for one in reported})
            IncomingLetter.update(outcome=" ".join(outcomes)).where(IncomingLetter.message_id == message_id).execute()
        move_on(place)
        return is_new


def move_on(place: Place) -> None:
    """Everything up to this letter is dealt with; never back again, whoever was slower."""
    row = {"folder": place.folder, "validity": place.validity, "last_uid": place.uid}
    Mailbox.insert(**row).on_conflict(
        conflict_target=[Mailbox.folder],
        update={Mailbox.validity: place.validity, Mailbox.last_uid: place.uid},
        where=(Mailbox.validity != place.validity) | (Mailbox.last_uid < place.uid),
    ).execute()


def note(folder: str, error: str) -> bool:
    """How a round ended: '' is well; whether that is news."""
    was = Mailbox.get_or_none(Mailbox.folder == folder)
    changed = {Mailbox.error: error[:500]} | ({} if error else {Mailbox.read_at: clock.now()})
    values = {field.name: value for field, value in changed.items()}
    Mailbox.insert(folder=folder, **values).on_conflict(conflict_target=[Mailbox.folder], update=changed).execute()
    return (was.error if was else "") != error[:500]


def counts() -> dict[str, int]:
    """How many letters of each kind came in the last 90 days."""
    query = IncomingLetter.select(IncomingLetter.kind, fn.COUNT(IncomingLetter.id)).group_by(IncomingLetter.kind)
    return dict(pairs(query))


def name_of(message_id: str, raw: bytes) -> str:
    """What a letter is known by."""
    return message_id[:250] or f"sha256:{hashlib.sha256(raw).hexdigest()}"


def purge() -> int:
    """Forget letters of 90 days ago; the folder remembers how far it was read."""
    return IncomingLetter.delete().where(IncomingLetter.at < clock.now() - KEPT).execute()
