"""What whoever appeals may do with their appeal: write on, come back to it, rate the answer, withdraw it.

The author is 'customer:12' for the customer whose appeal it is, 'guest' for whoever holds the secret link of its letters (the door has
looked). Each verb is one transaction; the same key twice is one entry.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from peewee import IntegrityError

from models import audit, clock, company, limits, words
from models.base import Refusal, database, locked
from models.contact.appeals import drafts, moves, registering, telling, typed
from models.contact.appeals.rows import (
    ANSWERED,
    CLOSED,
    EVENT,
    GUEST,
    MERGED,
    MESSAGE,
    OPEN,
    REOPENED,
    WAITING,
    WORK,
    Appeal,
    AppealDraft,
    AppealEntry,
)
from models.people.customers import subject

AN_HOUR = 3600
MOST_AN_HOUR = 30  # messages in one appeal
MOST_RATED = 10  # times an hour that a rating is given or changed
BEST = 5  # stars
WITHDRAWN = "Заявитель отозвал обращение."
_OFTEN = "В это обращение пишут слишком часто. Подождите немного."
_OVER = "Обращение закрыто. Напишите новое: то, что вы набрали, мы сохранили в его черновик."
_ELSEWHERE = "Это обращение присоединено к другому. Напишите туда."
_TOO_LATE = "Вернуться к этому обращению уже нельзя. Напишите новое: то, что вы набрали, мы сохранили в его черновик."
_STILL_OPEN = "Обращение и так открыто: просто напишите в него."
_NO_ANSWER = "Оценить можно ответ, а его ещё нет."
_RATED = "Срок оценки этого ответа прошёл."
_NO_STARS = "Выберите оценку от 1 до 5."
_NOT_OPEN = "Ответ уже дан, отзывать нечего."


class Over(Refusal):
    """The appeal takes no more; what was typed lies in the draft of a new one, if its author is known."""


def say(appeal_id: int, text: str, *, author: str, key: str, draft: AppealDraft | None = None) -> AppealEntry:
    """Write on in the appeal; while it waits for the customer it goes back to work, and after the answer it is a thanks.

    Refused: nothing written, above 20,000 characters; closed or merged (`Over`: the text is kept as the draft of a new appeal).
    """

    def said(appeal: Appeal, clean: str, own_key: str) -> AppealEntry:
        if appeal.state in (CLOSED, MERGED):
            raise Over(None, _ELSEWHERE if appeal.state == MERGED else _OVER, "appeal.over")
        entry = moves.add(appeal, MESSAGE, clean, author=author, key=own_key)
        if appeal.state == WAITING:
            moves.move(appeal, WORK)
            telling.tell(appeal, "Мы получили ваш ответ и работаем дальше.")
        return entry

    return _written("say", appeal_id, text, author, key, draft, said)


def reopen(appeal_id: int, text: str, *, author: str, key: str, draft: AppealDraft | None = None) -> AppealEntry:
    """Come back to an answered appeal, saying what is not well: it is open again, with a new term from today.

    Refused: later than the company's `reopen_days` after the answer (`Over`), while it is open, no answer yet.
    """

    def said(appeal: Appeal, clean: str, own_key: str) -> AppealEntry:
        if appeal.is_open:
            raise Refusal(None, _STILL_OPEN, "appeal.open")
        if not may_reopen(appeal):
            raise Over(None, _ELSEWHERE if appeal.state == MERGED else _TOO_LATE, "appeal.over")
        entry = moves.add(appeal, MESSAGE, clean, author=author, key=own_key)
        due_on = registering.due_on(appeal.topic)
        moves.move(appeal, REOPENED, due_on=due_on, extended_on=None, closed_at=None)
        telling.tell(appeal, f"Мы вернулись к вашему обращению и ответим до {words.day(due_on)}.")
        return entry

    return _written("reopen", appeal_id, text, author, key, draft, said)


def rate(appeal_id: int, stars: int, text: str, author: str) -> None:
    """Rate the latest answer with 1…5 and words; may be changed for as long as the appeal may be reopened.

    Each rating is an event of its own, so an earlier one is not lost when the answer is followed by another.
    """
    said = typed.not_longer(typed.plain(text), "rating_text", typed.LONGEST_RATING)
    if stars not in range(1, BEST + 1):
        raise Refusal("rating", _NO_STARS, "rating.stars")
    limits.spend("appeal.rate", str(appeal_id), MOST_RATED, AN_HOUR, _OFTEN)
    with database.atomic():
        appeal = _held(appeal_id, author)
        if appeal.state not in (ANSWERED, CLOSED) or appeal.answered_at is None:
            raise Refusal("rating", _NO_ANSWER, "rating.no_answer")
        if not may_rate(appeal):
            raise Refusal("rating", _RATED, "rating.late")
        if (appeal.rating, appeal.rating_text) == (stars, said):
            return
        Appeal.update(rating=stars, rating_text=said).where(Appeal.id == appeal.id).execute()
        moves.add(appeal, EVENT, said, author=author, data={"rating": stars}, is_public=True)
        audit.record("appeal.rated", appeal.subject, stars=stars)


def withdraw(appeal_id: int, author: str) -> None:
    """The applicant needs no answer any more: closed. Closed before: nothing changes. Refused: answered or merged."""
    with database.atomic():
        appeal = _held(appeal_id, author)
        if appeal.state == CLOSED:
            return
        if appeal.state not in OPEN:
            raise Refusal(None, _NOT_OPEN if appeal.state == ANSWERED else _ELSEWHERE, "appeal.not_open")
        moves.move(appeal, CLOSED, text=WITHDRAWN, closed_at=clock.now())
        telling.tell(appeal, "Вы отозвали обращение, отвечать на него мы не будем. Если оно ещё нужно, напишите новое.")


def close_answered() -> int:
    """Close what was answered so long ago that nobody may come back to it; how many. The background's daily round.

    One in which the applicant has the last word stays until the office has read it.
    """
    is_over = (Appeal.state == ANSWERED) & (Appeal.answered_at < _answered_before()) & ~Appeal.is_news
    return sum(_closed(one.id, is_over) for one in list(Appeal.select(Appeal.id).where(is_over).order_by(Appeal.id)))


def _closed(appeal_id: int, is_over: Any) -> bool:
    with database.atomic():
        appeal = locked(Appeal.select().where(Appeal.id == appeal_id, is_over)).first()
        if appeal is None:
            return False
        moves.move(appeal, CLOSED, closed_at=clock.now())
        telling.tell(appeal, "Обращение закрыто: возражений на ответ не было. Если вопрос остался, напишите новое.")
        return True


def reopen_until(appeal: Appeal) -> date | None:
    """The last local day on which the applicant may come back to what was answered, or closed by the office without an answer.

    None for what is open, and for what the applicant has withdrawn.
    """
    ended = appeal.answered_at
    if ended is None and appeal.state == CLOSED and _is_closed_by_office(appeal):
        ended = appeal.closed_at
    if ended is None or appeal.state not in (ANSWERED, CLOSED):
        return None
    return clock.local(ended).date() + timedelta(days=company.current().reception.reopen_days)


def may_reopen(appeal: Appeal) -> bool:
    until = reopen_until(appeal)
    return until is not None and clock.today() <= until


def may_rate(appeal: Appeal) -> bool:
    return appeal.answered_at is not None and may_reopen(appeal)


def may_say(appeal: Appeal) -> bool:
    return appeal.state not in (CLOSED, MERGED)


def _is_closed_by_office(appeal: Appeal) -> bool:
    """Who made the last move of state, which is in its event."""
    events = AppealEntry.select().where(AppealEntry.appeal == appeal.id, AppealEntry.kind == EVENT)
    moved = [one for one in events.order_by(AppealEntry.id) if "state" in one.data]
    return bool(moved) and moved[-1].author.startswith("staff:")


def _answered_before() -> datetime:
    """The moment at which the first day begins whose answers may still be come back to."""
    first = clock.today() - timedelta(days=company.current().reception.reopen_days)
    return clock.utc(datetime(first.year, first.month, first.day))


def _written(
    verb: str,
    appeal_id: int,
    text: str,
    author: str,
    key: str,
    draft: AppealDraft | None,
    said: Callable[[Appeal, str, str], AppealEntry],
) -> AppealEntry:
    """Check, store once, and hand over the draft's files, in one transaction."""
    clean = typed.text(text, empty="Напишите, что хотите сказать.")
    own_key = drafts.form_key(author, key, appeal_id, said=f"{verb}\n{clean}")
    if repeated := _said_by(own_key, draft):
        return repeated
    limits.spend("appeal.say", str(appeal_id), MOST_AN_HOUR, AN_HOUR, _OFTEN)
    try:
        with database.atomic():
            appeal = _held(appeal_id, author)
            entry = said(appeal, clean, own_key)
            drafts.spend(draft, entry.subject)
            audit.record("appeal.said", appeal.subject, entry=entry.id)
            return entry
    except IntegrityError:
        if repeated := _said_by(own_key, draft):  # the same form at the same moment
            return repeated
        raise
    except Over:
        _keep_for_a_new_one(appeal_id, text, author, draft)
        raise


def _said_by(own_key: str, draft: AppealDraft | None) -> AppealEntry | None:
    """The entry that this very form has made before."""
    entry: AppealEntry | None = AppealEntry.get_or_none(AppealEntry.key == own_key)
    if entry is not None:
        drafts.repeated(draft, entry.subject)
    return entry


def _held(appeal_id: int, author: str) -> Appeal:
    """The appeal, held; refused to a customer whose it is not."""
    appeal = moves.hold(appeal_id)
    is_theirs = author == GUEST or (appeal.customer_id is not None and author == subject(appeal.customer_id))
    if not is_theirs:
        raise Refusal(None, "Такого обращения нет.", "appeal.stranger")
    return appeal


def _keep_for_a_new_one(appeal_id: int, text: str, author: str, draft: AppealDraft | None) -> None:
    """What was typed, with its files, becomes the draft of a new appeal, unless another is being typed already."""
    typist = draft.author if draft else author
    if typist == GUEST or drafts.find(typist) is not None:
        return
    with database.atomic():
        kept = drafts.keep(typist, {"topic": Appeal.get_by_id(appeal_id).topic, "text": text})
        drafts.spend(draft, kept.subject)
