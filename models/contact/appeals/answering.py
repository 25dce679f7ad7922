"""What the office says in an appeal: an answer, a question to the customer, a note for colleagues, a longer term, the end.

Each verb is one transaction with the appeal held. `seen` is the newest entry that the employee's page showed: whoever writes to the
customer must have read what others have written meanwhile. A form sent twice is one entry (`key`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from peewee import BooleanField, DateTimeField, ForeignKeyField, IntegerField

from models import audit, clock, company, words, workdays
from models.base import Refusal, Row, database
from models.contact.appeals import drafts, moves, telling, terms, typed
from models.contact.appeals.rows import (
    ANSWER,
    ANSWERED,
    CLOSED,
    EVENT,
    NOTE,
    QUESTION,
    REOPENED,
    WAITING,
    Appeal,
    AppealDraft,
    AppealEntry,
)
from models.people.staff import Employee, subject

LONGEST_REASON = 500


class AppealAnswer(Row):
    """An answer that was given, with what statistics ask about it."""

    appeal = ForeignKeyField(Appeal, on_delete="RESTRICT")
    place = IntegerField()  # 1 the first; one more each time the appeal was opened again
    employee = ForeignKeyField(Employee, null=True, on_delete="RESTRICT")
    at = DateTimeField(default=clock.now)
    days = IntegerField()  # working days since the appeal was registered or opened again; 0 the same day
    is_in_time = BooleanField()

    class Meta:
        indexes = ((("appeal", "place"), True), (("appeal", "place", "days", "is_in_time"), False))


class NewsMeanwhile(Refusal):
    """Somebody else has added to the appeal since the employee looked; `entries` is what. What they typed is kept in their draft."""

    def __init__(self, entries: list[AppealEntry]):
        super().__init__(
            None, "Пока вы писали, в обращении появилось новое. Прочтите его и отправьте ещё раз.", "appeal.news"
        )
        self.entries = entries


def answer(
    appeal_id: int, employee_id: int, text: str, *, seen: int, key: str, draft: AppealDraft | None = None
) -> AppealEntry:
    """Answer the customer, with the draft's files. Refused: an appeal that is not open, nothing to say, news meanwhile."""

    def say(appeal: Appeal) -> AppealEntry:
        said = _said(appeal, ANSWER, text, employee_id, key, draft)
        now = clock.now()
        _keep_figures(appeal, employee_id)
        owner: dict[str, Any] = {} if appeal.owner_id else {"owner": employee_id, "owned_at": now}
        moves.move(appeal, ANSWERED, answered_at=now, rating=None, rating_text="", **owner)
        telling.tell(appeal, said.text)
        return said

    return _write(appeal_id, employee_id, text, seen, key, say)


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

    return _write(appeal_id, employee_id, text, seen, key, say)


def note(
    appeal_id: int, employee_id: int, text: str, *, key: str, seen: int | None = None, draft: AppealDraft | None = None
) -> AppealEntry:
    """A word for colleagues, also in an appeal that is closed; the customer never sees it."""
    with database.atomic():
        appeal = moves.hold(appeal_id)
        if before := _sent(appeal, employee_id, key):
            return before
        said = _said(appeal, NOTE, text, employee_id, key, draft, empty="Напишите заметку.")
        audit.record("appeal.noted", appeal.subject)
        return said


def extend(
    appeal_id: int, employee_id: int, days: int, reason: str, *, key: str, seen: int | None = None
) -> AppealEntry:
    """Give the appeal so many calendar days more, once; the customer is told why (59-ФЗ art. 12 p. 2).

    Refused: extended already, more days than the company allows, no reason, a term that is over.
    """

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
        entry = moves.add(appeal, EVENT, clean, data=facts, is_public=True, key=_key(appeal, employee_id, key))
        audit.record("appeal.extended", appeal.subject, until=due_on.isoformat(), note=clean)
        telling.tell(appeal, f"Срок ответа продлён до {words.day(due_on)}. Причина: {clean}")
        return entry

    return _write(appeal_id, employee_id, reason, seen, key, say)


def close(appeal_id: int, employee_id: int, text: str = "", *, seen: int | None = None) -> None:
    """End the appeal: one that is answered, or without an answer, then the customer is told why. Refused: closed already, no words."""
    with _news_kept(appeal_id, employee_id, text), database.atomic():
        appeal = moves.hold(appeal_id)
        look(appeal, seen, employee_id)
        if appeal.state == ANSWERED and not text.strip():
            moves.move(appeal, CLOSED, closed_at=clock.now())
            telling.tell(appeal, "Обращение закрыто.")
            return
        if not appeal.is_open and appeal.state != ANSWERED:
            raise Refusal(None, "Обращение уже закрыто.", "appeal.not_open")
        clean = typed.text(text, longest=LONGEST_REASON, empty="Напишите клиенту, почему обращение закрыто без ответа.")
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


def _write(
    appeal_id: int, employee_id: int, text: str, seen: int | None, key: str, say: Callable[[Appeal], AppealEntry]
) -> AppealEntry:
    """One word in an open appeal, once for each key, after a look at what is new."""
    with _news_kept(appeal_id, employee_id, text), database.atomic():
        appeal = moves.hold(appeal_id)
        if before := _sent(appeal, employee_id, key):
            return before
        look(appeal, seen, employee_id)
        keep_open(appeal)
        return say(appeal)


@contextmanager
def _news_kept(appeal_id: int, employee_id: int, text: str) -> Iterator[None]:
    """What was typed stays in the employee's draft where there are news first."""
    try:
        yield
    except NewsMeanwhile:
        author = subject(employee_id)
        draft = drafts.find(author, appeal_id)
        if text:
            drafts.keep(author, {**(draft.fields if draft else {}), "text": text}, appeal_id)
        raise


def _sent(appeal: Appeal, employee_id: int, key: str) -> AppealEntry | None:
    """The entry that this very form has made before."""
    found = AppealEntry.get_or_none(AppealEntry.key == _key(appeal, employee_id, key)) if key else None
    return found  # type: ignore[no-any-return]


def _key(appeal: Appeal, employee_id: int, key: str) -> str | None:
    return drafts.form_key(subject(employee_id), key, appeal.id) if key else None


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
    entry = moves.add(appeal, kind, clean, author=author, key=_key(appeal, employee_id, key))
    drafts.spend(draft, entry.subject)
    return entry


def _keep_figures(appeal: Appeal, employee_id: int) -> None:
    today = clock.today()
    days = max(terms.left(started_on(appeal), today, workdays.special()), 0)
    place = AppealAnswer.select().where(AppealAnswer.appeal == appeal.id).count() + 1
    AppealAnswer.create(
        appeal=appeal.id,
        place=place,
        employee=employee_id,
        at=clock.now(),
        days=days,
        is_in_time=today <= appeal.due_on,
    )


def _may_extend(appeal: Appeal) -> None:
    if appeal.extended_on is not None:
        raise Refusal(None, "Срок уже продлевали, второй раз нельзя. Ответьте клиенту.", "appeal.extended")
    if appeal.due_on < clock.today():
        raise Refusal(None, "Срок уже прошёл, продлить его нельзя. Ответьте клиенту.", "appeal.overdue")


def _reason(days: int, most: int, reason: str) -> str:
    if not most:
        raise Refusal("days", "В нашей компании срок не продлевают.", "appeal.no_extension")
    if not 1 <= days <= most:
        raise Refusal(
            "days", f"Продлить можно на срок от 1 до {words.plural(most, 'дня', 'дней', 'дней')}.", "appeal.days"
        )
    return typed.text(reason, "reason", longest=LONGEST_REASON, empty="Напишите клиенту, почему нужен ещё срок.")
