"""What the office says in an appeal: an answer, a question to the customer, a note for colleagues, a longer term, the end.

Each verb is one transaction with the appeal held. `seen` is the newest entry that the employee's page showed: whoever writes to the
customer must have read what others have written meanwhile. A form sent twice is one entry (`key`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from peewee import BooleanField, DateTimeField, ForeignKeyField, IntegerField

from models import audit, clock, company, words, workdays
from models.base import Problem, Refusal, Row, database
from models.contact.appeals import drafts, moves, telling, terms, typed
from models.contact.appeals.rows import (
    ANSWER,
    ANSWERED,
    CLOSED,
    EVENT,
    NOTE,
    OPEN,
    QUESTION,
    REOPENED,
    STATES,
    WAITING,
    Appeal,
    AppealDraft,
    AppealEntry,
)
from models.people.staff import Employee, subject

LONGEST_REASON = 500
_NEWS = "Пока вы писали, в обращении появилось новое. Прочтите его и отправьте ещё раз."
_ANSWERED_MEANWHILE = "Пока вы писали, клиенту уже ответили. Прочтите ответ: если нужно, дополните его."


class AppealAnswer(Row):
    """How the office ended its work on an appeal, with what statistics ask about it."""

    appeal = ForeignKeyField(Appeal, on_delete="RESTRICT")
    place = IntegerField()  # 1 the first; one more each time the appeal was opened again
    employee = ForeignKeyField(Employee, null=True, on_delete="RESTRICT")
    at = DateTimeField(default=clock.now)
    days = IntegerField()  # working days since the appeal was registered or opened again; 0 the same day
    is_in_time = BooleanField()
    is_answer = BooleanField(default=True)  # else it was closed without one

    class Meta:
        indexes = ((("appeal", "place"), True), (("appeal", "place", "days", "is_in_time", "is_answer"), False))


class NewsMeanwhile(Refusal):
    """Somebody else has added to the appeal since the employee looked; `entries` is what. What they typed is kept in their draft."""

    def __init__(self, entries: list[AppealEntry]):
        is_answered = any(entry.kind == ANSWER for entry in entries)
        super().__init__(None, _ANSWERED_MEANWHILE if is_answered else _NEWS, "appeal.news")
        self.entries = entries


def answer(
    appeal_id: int, employee_id: int, text: str, *, seen: int, key: str, draft: AppealDraft | None = None
) -> AppealEntry:
    """Answer the customer, with the draft's files; or add to an answer: its days of reopening begin anew, its rating stays.

    Refused: an appeal that is closed, nothing to say, news meanwhile.
    """

    def say(appeal: Appeal) -> AppealEntry:
        said = _said(appeal, ANSWER, text, employee_id, key, draft)
        now = clock.now()
        if appeal.state == ANSWERED:
            Appeal.update(answered_at=now).where(Appeal.id == appeal.id).execute()
            audit.record("appeal.answered_more", appeal.subject)
            telling.tell(appeal, said.text)
            return said
        _keep_figures(appeal, employee_id)
        owner: dict[str, Any] = {} if appeal.owner_id else {"owner": employee_id, "owned_at": now}
        moves.move(appeal, ANSWERED, answered_at=now, rating=None, rating_text="", **owner)
        telling.tell(appeal, said.text)
        return said

    return _write(_Sending(appeal_id, employee_id, ANSWER, text, key, draft), seen, say, may_be=(*OPEN, ANSWERED))


def ask_customer(
    appeal_id: int, employee_id: int, text: str, *, seen: int, key: str, draft: AppealDraft | None = None
) -> AppealEntry:
    """Ask the customer for what is needed to answer; the appeal waits for them, its term runs. Refused as `answer`."""

    def say(appeal: Appeal) -> AppealEntry:
        said = _said(appeal, QUESTION, text, employee_id, key, draft)
        owner: dict[str, Any] = {} if appeal.owner_id else {"owner": employee_id, "owned_at": clock.now()}
        if appeal.state != WAITING:
            moves.move(appeal, WAITING, **owner)
        else:
            audit.record("appeal.asked_again", appeal.subject)
        telling.tell(appeal, said.text)
        return said

    return _write(_Sending(appeal_id, employee_id, QUESTION, text, key, draft), seen, say)


def note(appeal_id: int, employee_id: int, text: str, *, key: str, draft: AppealDraft | None = None) -> AppealEntry:
    """A word for colleagues, also in an appeal that is closed; the customer never sees it."""

    def say(appeal: Appeal) -> AppealEntry:
        said = _said(appeal, NOTE, text, employee_id, key, draft, empty="Напишите заметку.")
        audit.record("appeal.noted", appeal.subject)
        return said

    return _write(_Sending(appeal_id, employee_id, NOTE, text, key, draft), None, say, may_be=STATES)


def extend(
    appeal_id: int, employee_id: int, days: int, reason: str, *, key: str, seen: int | None = None
) -> AppealEntry:
    """Give the appeal so many calendar days more, once; the customer is told why (59-ФЗ art. 12 p. 2).

    Refused: extended already, more days than the company allows, no reason, a term that is over.
    """

    sending = _Sending(appeal_id, employee_id, EVENT, f"{days} {reason}", key)

    def say(appeal: Appeal) -> AppealEntry:
        most = company.current().reception.extend_days
        clean = _reason(days, most, reason)
        _may_extend(appeal)
        due_on = terms.extended(appeal.due_on, days, workdays.special())
        day = clock.today()
        extended = Appeal.update(due_on=due_on, extended_on=day).where(
            Appeal.id == appeal.id, Appeal.extended_on.is_null(), Appeal.due_on == appeal.due_on
        )
        if extended.execute() != 1:
            raise Refusal(None, "Срок тем временем изменился. Обновите страницу.", "appeal.term")
        appeal.due_on, appeal.extended_on = due_on, day
        facts = {"extended": due_on.isoformat()}
        entry = moves.add(appeal, EVENT, clean, data=facts, is_public=True, key=sending.mark)
        audit.record("appeal.extended", appeal.subject, until=due_on.isoformat(), note=clean)
        telling.tell(appeal, f"Срок ответа продлён до {words.day(due_on)}. Причина: {clean}")
        return entry

    return _write(sending, seen, say)


def close(appeal_id: int, employee_id: int, text: str = "", *, seen: int | None = None) -> None:
    """End the appeal: one that is answered, or without an answer, then the customer is told why. Refused: closed already, no words."""
    with database.atomic():
        appeal = moves.hold(appeal_id)
        look(appeal, seen, employee_id)
        if appeal.state == ANSWERED and not text.strip():
            moves.move(appeal, CLOSED, closed_at=clock.now())
            telling.tell(appeal, "Обращение закрыто.")
            return
        if not appeal.is_open and appeal.state != ANSWERED:
            raise Refusal(None, "Обращение уже закрыто.", "appeal.not_open")
        clean = typed.text(text, longest=LONGEST_REASON, empty="Напишите клиенту, почему обращение закрыто без ответа.")
        if appeal.is_open:
            _keep_figures(appeal, employee_id, is_answer=False)
        moves.move(appeal, CLOSED, text=clean, closed_at=clock.now())
        telling.tell(appeal, clean)


# ---- shared with handling


def look(appeal: Appeal, seen: int | None, employee_id: int) -> None:
    """Refused with NewsMeanwhile where others have added to the appeal since `seen` (None: it does not matter)."""
    added = [] if seen is None else moves.newer(appeal, seen, subject(employee_id))
    if added:
        raise NewsMeanwhile(added)


def keep_open(appeal: Appeal) -> None:
    """Refused where the appeal needs no work any more."""
    if not appeal.is_open:
        raise Refusal(
            None, "Обращение уже не в работе: на него ответили или его закрыли. Обновите страницу.", "appeal.not_open"
        )


def started_on(appeal: Appeal) -> date:
    """The local day from which the term is counted: of the registration, or when the appeal was opened again last."""
    events = AppealEntry.select(AppealEntry.at, AppealEntry.data).where(
        AppealEntry.appeal == appeal.id, AppealEntry.kind == EVENT
    )
    again = [entry.at for entry in events.order_by(AppealEntry.id) if entry.data.get("state") == REOPENED]
    return clock.local(again[-1] if again else appeal.registered_at).date()


@dataclass(frozen=True)
class _Sending:
    """A form that an employee has sent: what kind of entry it shall make in which appeal, its key, and the draft of its text."""

    appeal_id: int
    employee_id: int
    kind: str
    text: str
    key: str
    draft: AppealDraft | None = None

    @property
    def mark(self) -> str | None:
        return _mark(self.appeal_id, self.employee_id, self.kind, self.text, self.key)

    def keep_text(self) -> None:
        """In the employee's draft, where that is what they were typing."""
        if self.kind in (ANSWER, QUESTION) and self.text:
            author = subject(self.employee_id)
            draft = drafts.find(author, self.appeal_id)
            drafts.keep(author, {**(draft.fields if draft else {}), "text": self.text}, self.appeal_id)


def _write(
    sending: _Sending,
    seen: int | None,
    say: Callable[[Appeal], AppealEntry],
    *,
    may_be: tuple[str, ...] = OPEN,
) -> AppealEntry:
    """One word in an appeal of these states, once for each form and what it says, after a look at what is new."""
    try:
        with database.atomic():
            appeal = moves.hold(sending.appeal_id)
            if before := AppealEntry.get_or_none(AppealEntry.key == sending.mark) if sending.mark else None:
                drafts.repeated(sending.draft, before.subject)
                return before  # type: ignore[no-any-return]
            look(appeal, seen, sending.employee_id)
            if appeal.state not in may_be:
                keep_open(appeal)
            return say(appeal)
    except NewsMeanwhile:
        sending.keep_text()
        raise


def _mark(appeal_id: int, employee_id: int, kind: str, text: str, key: str) -> str | None:
    """What the entry that this very form makes is known by; another deed with the form, or other words, is another entry."""
    return drafts.form_key(subject(employee_id), key, appeal_id, said=f"{kind} {typed.plain(text)}") if key else None


def _said(
    appeal: Appeal,
    kind: str,
    text: str,
    employee_id: int,
    key: str,
    draft: AppealDraft | None,
    *,
    empty: str = "Напишите ответ клиенту.",
) -> AppealEntry:
    clean = typed.text(text, empty=empty)
    author = subject(employee_id)
    entry = moves.add(appeal, kind, clean, author=author, key=_mark(appeal.id, employee_id, kind, text, key))
    drafts.spend(draft, entry.subject)
    return entry


def _keep_figures(appeal: Appeal, employee_id: int, *, is_answer: bool = True) -> None:
    today = clock.today()
    if is_answer and _answer_after_all(appeal, employee_id):
        return
    days = max(terms.left(started_on(appeal), today, workdays.special()), 0)
    place = AppealAnswer.select().where(AppealAnswer.appeal == appeal.id).count() + 1
    AppealAnswer.create(
        appeal=appeal.id,
        place=place,
        employee=employee_id,
        at=clock.now(),
        days=days,
        is_in_time=today <= appeal.due_on,
        is_answer=is_answer,
    )


def _answer_after_all(appeal: Appeal, employee_id: int) -> bool:
    """Closed without an answer at first, opened again, and answered now: its first answer, in time if both were."""
    since = clock.local(appeal.registered_at).date()
    days = max(terms.left(since, clock.today(), workdays.special()), 0)
    in_time = AppealAnswer.is_in_time if clock.today() <= appeal.due_on else False
    answered = AppealAnswer.update(is_answer=True, employee=employee_id, at=clock.now(), days=days, is_in_time=in_time)
    own = (AppealAnswer.appeal == appeal.id) & (AppealAnswer.place == 1)
    return bool(answered.where(own, AppealAnswer.is_answer == False).execute())  # noqa: E712


def _may_extend(appeal: Appeal) -> None:
    if appeal.extended_on is not None:
        raise Refusal(None, "Срок уже продлевали, второй раз нельзя. Ответьте клиенту.", "appeal.extended")
    if appeal.due_on < clock.today():
        raise Refusal(None, "Срок уже прошёл, продлить его нельзя. Ответьте клиенту.", "appeal.overdue")


def _reason(days: int, most: int, reason: str) -> str:
    if not most:
        raise Refusal("days", "В нашей компании срок не продлевают.", "appeal.no_extension")
    problems = []
    if not 1 <= days <= most:
        told = f"Продлить можно на срок от 1 до {words.plural(most, 'дня', 'дней', 'дней')}: введите число."
        problems.append(Problem("days", told, "appeal.days"))
    clean = ""
    try:
        clean = typed.text(reason, "reason", longest=LONGEST_REASON, empty="Напишите клиенту, почему нужен ещё срок.")
    except Refusal as refusal:
        problems += refusal.problems
    if problems:
        raise Refusal(problems=problems)
    return clean
