"""What staff do with a mailing: try it on themselves, start, pause, resume, stop."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from peewee import ModelSelect

from models import audit, clock, company, limits, words
from models.base import Refusal, database, locked
from models.mailings import recipients, texts
from models.mailings.mailings import (
    DONE,
    DRAFT,
    LIVE,
    PAUSED,
    PLANNED,
    RUNNING,
    STOPPED,
    Mailing,
    Recipient,
    fingerprint,
    held,
    move,
    plan,
)
from models.mailings.recipients import Count
from models.outbox import ends, kinds
from models.outbox.messages import CANCELLED, SENDING, WAITING, Message
from models.outbox.messages import PAUSED as PUT_ASIDE
from models.people.staff import Employee, subject

TRIES, PER = 20, 3600  # of letters to oneself, seconds
LONGEST_COUNT = 3.0  # seconds that a start may count for
DAY = timedelta(days=1)
PORTION = 1000  # letters that are marked in one transaction: others want to write too
_GROWTH = 1.1  # so much larger an audience is another one
STEP = timedelta(seconds=10)  # letters of a resumed mailing are due in such steps
_IS_ENDING = (Mailing.state == STOPPED) & Mailing.settled_at.is_null()


def try_out(mailing_id: int, employee_id: int) -> str:
    """Send the letter with an invented account to the employee's own address, which is returned. Refused: too often, no mailing."""
    employee = Employee.get_by_id(employee_id)
    limits.spend("mailing.test", str(employee_id), TRIES, PER, "Проб слишком много. Подождите час.")
    with database.atomic():
        mailing = held(mailing_id)
        texts.test(mailing.letter, mailing.data, employee.email, subject(employee_id))
        audit.record("mailing.tried", mailing.subject)
    return str(employee.email)


def counted(mailing: Mailing, *, seconds: float = recipients.ENOUGH) -> Count:
    """How many letters the mailing would write now."""
    return recipients.count(mailing.letter, mailing.data, mailing.audience, seconds=seconds)


def needs_two(mailing: Mailing, found: Count) -> bool:
    """Whether a second employee has to approve it: two_from letters or more, with what whoever starts it has sent alone since
    yesterday; or more than could be counted."""
    if mailing.is_regular or mailing.approved_at is not None:
        return False
    return found.letters + lately(mailing) >= company.current().letters.two_from or not found.is_exact


def most_of(approved: int) -> int:
    """So many letters are still the mailing that was approved for so many."""
    return int(approved * _GROWTH) + 1


def lately(mailing: Mailing) -> int:
    """Letters of other mailings that the same employee started and nobody approved: of those under way, and those begun since
    yesterday."""
    own = Mailing.select().where(
        Mailing.started_by == _starter(mailing), Mailing.id != mailing.id, Mailing.approved_at.is_null()
    )
    recent = own.where(Mailing.state.in_(LIVE) | (Mailing.started_at > clock.now() - DAY))
    return sum(max(one.posted, one.counted or 0) if one.state in LIVE else one.posted for one in recent)


def _starter(mailing: Mailing) -> int:
    """The id of whoever has started it; of a draft: who would now, whoever wrote it."""
    kind, _, number = audit.actor().who.partition(":")
    acting = int(number) if kind == "staff" and number.isdecimal() else None
    return int(mailing.started_by_id or acting or mailing.author_id)


def start(mailing_id: int) -> Mailing:
    """Let a small mailing go out at its time, by one employee alone.

    Refused: one that needs two, or is started already, or has nobody to go to; one that was changed meanwhile.
    """
    mailing = Mailing.get_or_none(Mailing.id == mailing_id)
    if mailing is None:
        raise Refusal(None, "Такой рассылки нет.", "mailing.unknown")
    if mailing.state != DRAFT:
        raise Refusal(None, "Эта рассылка уже начата.", "mailing.state")
    found = counted(mailing, seconds=LONGEST_COUNT)
    _keep_small(mailing, found)
    if mailing.planned_at is None and not found.letters:
        raise Refusal(None, "Писать некому: измените отбор.", "mailing.empty")
    with database.atomic():
        locked(
            Employee.select(Employee.id).where(Employee.id == _starter(mailing))
        ).first()  # whose mailings are counted
        if fingerprint(held(mailing_id)) != fingerprint(mailing):
            raise Refusal(None, "Черновик только что изменили. Посмотрите на него ещё раз.", "mailing.changed")
        _keep_small(mailing, found)
        return plan(mailing_id, approved=False, counted=found.letters, by=_starter(mailing))


def _keep_small(mailing: Mailing, found: Count) -> None:
    if needs_two(mailing, found):
        most = words.number(company.current().letters.two_from)
        also = " вместе с вашими рассылками за сутки" if lately(mailing) else ""
        text = f"Получателей{also} {most} или больше: такую рассылку утверждает второй сотрудник. Попросите его."
        raise Refusal(None, text, "mailing.two")


def pause(mailing_id: int) -> None:
    """Hold the letters back that have not gone yet: at once, though the background marks them. Refused: it does not run."""
    with database.atomic():
        mailing = held(mailing_id)
        move(mailing, (RUNNING,), PAUSED, "Рассылка сейчас не идёт.", note="")
        _carry(mailing)
        audit.record("mailing.paused", mailing.subject)


def resume(mailing_id: int) -> None:
    """Go on: what was held back goes out at the mailing's pace from now on. Refused: it is not paused, or so large that its letters are
    still being put aside: those would go all at once."""
    with database.atomic():
        mailing = held(mailing_id)
        if mailing.state == PAUSED and _carry(mailing):
            raise Refusal(None, "Письма ещё откладываются. Подождите минуту и продолжите.", "mailing.settling")
        move(mailing, (PAUSED,), RUNNING, "Рассылка не приостановлена.", note="", paced_until=clock.now())
        _carry(mailing)
        audit.record("mailing.resumed", mailing.subject)


def stop(mailing_id: int, why: str = "") -> None:
    """End a mailing for good: what has not gone does not go. Refused: it has ended, or has not begun (a draft is dropped)."""
    with database.atomic():
        mailing, now = held(mailing_id), clock.now()
        move(mailing, LIVE, STOPPED, "Рассылка уже закончилась.", ended_at=now, note=why)
        _carry(mailing)
        audit.record("mailing.stopped", mailing.subject, **({"reason": why} if why else {}))


def held_back() -> list[int]:
    """Mailings of which no letter may go now, whatever its own state still says."""
    return [one.id for one in Mailing.select(Mailing.id).where((Mailing.state == PAUSED) | _IS_ENDING)]


def settle(mailing_id: int) -> bool:
    """Carry what the mailing's state means to some of its letters, also to those that came back from under way; whether there may be
    more of them. A running one whose letters have all come to an end is done."""
    with database.atomic():
        mailing = held(mailing_id)
        if _carry(mailing):
            return True
        if mailing.state == STOPPED and not _is_under_way(mailing_id):
            Mailing.update(settled_at=clock.now()).where(Mailing.id == mailing_id).execute()
        elif mailing.state == RUNNING and mailing.expanded_at is not None and not _is_under_way(mailing_id):
            move(mailing, (RUNNING,), DONE, "Рассылка уже закончилась.", ended_at=clock.now())
        return False


def unsettled() -> list[int]:
    """Mailings that `settle` should look at: those under way, and those stopped while letters of theirs are; what staff send again
    later goes out."""
    query = Mailing.select(Mailing.id).where(Mailing.state.in_((RUNNING, PAUSED)) | _IS_ENDING)
    return [one.id for one in query.order_by(Mailing.id)]


def due() -> list[int]:
    """Mailings that the background should begin or go on writing."""
    begins = (Mailing.state == PLANNED) & (Mailing.planned_at <= clock.now())
    goes_on = (Mailing.state == RUNNING) & Mailing.expanded_at.is_null()
    return [one.id for one in Mailing.select(Mailing.id).where(begins | goes_on).order_by(Mailing.id)]


def forget() -> int:
    """Remove the recipients of mailings that ended a year ago, as their letters are; the counts stay. How many were removed."""
    old = Mailing.select(Mailing.id).where(Mailing.ended_at < clock.now() - ends.KEPT)
    return int(Recipient.delete().where(Recipient.mailing.in_(old)).execute())


def _is_under_way(mailing_id: int) -> bool:
    states = (WAITING, SENDING, PUT_ASIDE)
    return bool(Message.select().where(Message.mailing == mailing_id, Message.state.in_(states)).exists())


def _carry(mailing: Mailing) -> bool:
    """Carry the mailing's state to the next thousand of its letters; whether there were so many."""
    now = clock.now()
    own = Message.mailing == mailing.id
    # What was claimed by somebody who is gone: nobody else may claim it, so that it cannot go.
    lost = (Message.state == SENDING) & (Message.due_at <= now)
    if mailing.state == PAUSED:
        return any(_put(own & meant, state=PUT_ASIDE, claim="") for meant in (Message.state == WAITING, lost))
    if mailing.state == STOPPED:
        left = (Message.state == WAITING, Message.state == PUT_ASIDE, lost)
        return any(_put(own & meant, state=CANCELLED, claim="", ended_at=now) for meant in left)
    return mailing.state == RUNNING and _let_go_on(mailing, own & (Message.state == PUT_ASIDE))


def _put(meant: Any, **facts: Any) -> bool:
    some = Message.select(Message.id).where(meant).limit(PORTION)
    changed: int = Message.update(**facts).where(Message.id.in_(some), meant).execute()
    return changed == PORTION


def _let_go_on(mailing: Mailing, meant: Any) -> bool:
    """Let the next letters wait again, at the mailing's pace behind those that do already."""
    some: ModelSelect[Any] = Message.select(Message.id).where(meant).order_by(Message.id).limit(PORTION)
    ids = [one for (one,) in some.tuples()]
    at_once = max(1, round(mailing.per_minute * STEP / timedelta(minutes=1)))
    now, hours = clock.now(), timedelta(hours=kinds.of(mailing.letter).hours)
    due = max(now, mailing.paced_until or now)
    for first in range(0, len(ids), at_once):
        part = ids[first : first + at_once]
        own = meant & Message.id.between(part[0], part[-1])
        Message.update(state=WAITING, due_at=due, expires_at=due + hours).where(own).execute()
        due += timedelta(minutes=1) / mailing.per_minute * len(part)
    if ids:
        Mailing.update(paced_until=due).where(Mailing.id == mailing.id).execute()
    return len(ids) == PORTION
