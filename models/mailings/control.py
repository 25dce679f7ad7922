"""What staff do with a mailing: try it on themselves, start, pause, resume, stop."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from peewee import ModelSelect

from models import audit, clock, company, limits, words
from models.base import Refusal, database
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
LATELY = timedelta(minutes=15)  # what was under way when a mailing was stopped has come back by then
STEP = timedelta(seconds=10)  # letters of a resumed mailing are due in such steps


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
    """Whether a second employee has to approve it: two_from letters or more, or more than could be counted."""
    if mailing.is_regular or mailing.approved_at is not None:
        return False
    return found.letters >= company.current().letters.two_from or not found.is_exact


def start(mailing_id: int) -> Mailing:
    """Let a small mailing go out at its time, by one employee alone. Refused: one that needs two, or is started already, or
    has nobody to go to; one that was changed meanwhile."""
    mailing = Mailing.get_or_none(Mailing.id == mailing_id)
    if mailing is None:
        raise Refusal(None, "Такой рассылки нет.", "mailing.unknown")
    if mailing.state != DRAFT:
        raise Refusal(None, "Эта рассылка уже начата.", "mailing.state")
    found = counted(mailing, seconds=LONGEST_COUNT)
    if needs_two(mailing, found):
        most = words.number(company.current().letters.two_from)
        text = f"Получателей {most} или больше: такую рассылку утверждает второй сотрудник. Попросите его."
        raise Refusal(None, text, "mailing.two")
    if mailing.planned_at is None and not found.letters:
        raise Refusal(None, "Писать некому: измените отбор.", "mailing.empty")
    with database.atomic():
        if fingerprint(held(mailing_id)) != fingerprint(mailing):
            raise Refusal(None, "Черновик только что изменили. Посмотрите на него ещё раз.", "mailing.changed")
        return plan(mailing_id, approved=False)


def pause(mailing_id: int) -> None:
    """Hold the letters back that have not gone yet. Refused: it does not run."""
    with database.atomic():
        mailing = held(mailing_id)
        move(mailing, (RUNNING,), PAUSED, "Рассылка сейчас не идёт.", note="")
        _put(mailing_id, (WAITING,), PUT_ASIDE)
        audit.record("mailing.paused", mailing.subject)


def resume(mailing_id: int) -> None:
    """Go on: what was held back goes out at the mailing's pace from now on. Refused: it is not paused."""
    with database.atomic():
        mailing = held(mailing_id)
        until = _resumed(mailing)
        move(mailing, (PAUSED,), RUNNING, "Рассылка не приостановлена.", note="", paced_until=until)
        audit.record("mailing.resumed", mailing.subject)


def stop(mailing_id: int, why: str = "") -> None:
    """End a mailing for good: what has not gone is cancelled. Refused: it has ended, or has not begun (a draft is dropped)."""
    with database.atomic():
        mailing, now = held(mailing_id), clock.now()
        move(mailing, LIVE, STOPPED, "Рассылка уже закончилась.", ended_at=now, note=why)
        _put(mailing_id, (WAITING, PUT_ASIDE), CANCELLED, ended_at=now)
        audit.record("mailing.stopped", mailing.subject, **({"reason": why} if why else {}))


def settle(mailing_id: int) -> None:
    """Put right what a letter under way has left behind: one that came back to wait in a paused or stopped mailing is held back
    or cancelled; a running one whose letters have all come to an end is done."""
    with database.atomic():
        mailing = held(mailing_id)
        if mailing.state == PAUSED:
            _put(mailing_id, (WAITING,), PUT_ASIDE)
        elif mailing.state == STOPPED:
            _put(mailing_id, (WAITING, PUT_ASIDE), CANCELLED, ended_at=clock.now())
        elif mailing.state == RUNNING and mailing.expanded_at is not None and not _is_under_way(mailing_id):
            move(mailing, (RUNNING,), DONE, "Рассылка уже закончилась.", ended_at=clock.now())


def unsettled() -> list[int]:
    """Mailings that `settle` should look at: those under way, and those stopped lately; what staff send again later goes out."""
    recent = (Mailing.state == STOPPED) & (Mailing.ended_at > clock.now() - LATELY)
    query = Mailing.select(Mailing.id).where(Mailing.state.in_((RUNNING, PAUSED)) | recent)
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


def _put(mailing_id: int, states: tuple[str, ...], state: str, **facts: Any) -> None:
    """Change the state of the mailing's messages that are in one of some."""
    own = (Message.mailing == mailing_id) & Message.state.in_(states)
    Message.update(state=state, **facts).where(own).execute()


def _resumed(mailing: Mailing) -> datetime:
    """Let the letters wait again, at the mailing's pace; when the last one is due."""
    aside: ModelSelect[Any] = Message.select(Message.id).where(
        Message.mailing == mailing.id, Message.state == PUT_ASIDE
    )
    ids = [one for (one,) in aside.order_by(Message.id).tuples()]
    at_once = max(1, round(mailing.per_minute * STEP / timedelta(minutes=1)))
    due, hours = clock.now(), timedelta(hours=kinds.of(mailing.letter).hours)
    for first in range(0, len(ids), at_once):
        some = ids[first : first + at_once]
        own = (Message.mailing == mailing.id) & (Message.state == PUT_ASIDE) & Message.id.between(some[0], some[-1])
        Message.update(state=WAITING, due_at=due, expires_at=due + hours).where(own).execute()
        due += timedelta(minutes=1) / mailing.per_minute * len(some)
    return due
