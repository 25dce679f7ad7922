"""The demo's reception: appeals of the last two months with all that became of them, as if made in their time; no letters go out."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from models import clock, company, workdays
from models.base import database
from models.contact.appeals import assign_rules, moves, search, terms, typed
from models.contact.appeals.answering import AppealAnswer
from models.contact.appeals.handling import office_of
from models.contact.appeals.rows import (
    ANSWER,
    ANSWERED,
    ASKED,
    CLOSED,
    EVENT,
    GUEST,
    MERGED,
    MESSAGE,
    NOTE,
    OPINION,
    QUESTION,
    REGISTERED,
    REOPENED,
    WAITING,
    WORK,
    Appeal,
    AppealEntry,
)
from models.metering.accounts import Account
from models.office.inbox import answer_templates
from models.office.inbox.demo_stories import STORIES, Story
from models.office.inbox.opinions import OpinionAsked
from models.people import rights
from models.people.customers import Customer
from models.people.staff import Employee

_MORNING = time(9, 10)
_GUESTS = (
    ("Николай Ветров", "n.vetrov@example.com", "+79135550301"),
    ("Светлана Ким", "s.kim@example.com", ""),
    ("ТСЖ «Берёзка», председатель Лапин", "tsg.berezka@example.com", "+79135550303"),
    ("Гульнара Ахметова", "gulnara@example.com", "+79135550304"),
    ("Иван Сергеевич", "ivan.s@example.com", ""),
)
_TEMPLATES = (
    (
        "Благодарим за обращение",
        "",
        "Здравствуйте, {имя}! Мы получили обращение № {номер} и ответим до {срок}.\n\n{сотрудник}, {участок}",
    ),
    (
        "Пересчитали по показанию",
        "charges",
        "Здравствуйте, {имя}! По счёту {лицевой счёт} сделан перерасчёт, он будет в ближайшей квитанции.\n\n{сотрудник}",
    ),
    (
        "Нужен снимок счётчика",
        "readings",
        "Здравствуйте, {имя}! Пришлите, пожалуйста, снимок счётчика, на котором видны номер и показание.\n\n{сотрудник}",
    ),
    (
        "Заявка на замену",
        "meter",
        "Здравствуйте, {имя}! Прибор пора заменить: подайте заявку в кабинете.\n\n{сотрудник}, {участок}",
    ),
    (
        "Возврат платежа",
        "payment",
        "Здравствуйте, {имя}! Платёж по счёту {лицевой счёт} возвращён, деньги придут за пять дней.\n\n{сотрудник}",
    ),
    (
        "Документы для переоформления",
        "contract",
        "Здравствуйте, {имя}! Чтобы переоформить счёт, пришлите выписку из ЕГРН и показание на день передачи жилья.\n\n{сотрудник}",
    ),
)


def fill_demo() -> int:
    """Appeals, templates of answers and a rule of assignment, into a reception that has none; how many appeals."""
    staff = list(Employee.select().where(Employee.closed_at.is_null()).order_by(Employee.id))
    officers = [one for one in staff if rights.allows(one.role, "appeals.answer")]
    if Appeal.select().exists() or not officers:
        return 0
    customers = list(Customer.select().where(Customer.closed_at.is_null()).order_by(Customer.id))
    with database.atomic():
        _templates(officers[0])
        told: list[_Told] = []
        for i, story in enumerate(STORIES):
            if _can_be_told(story, customers):
                told.append(_Told(story, customers, officers[i % len(officers)], staff, told[-1] if told else None))
        search.fill()
    return len(told)


def _can_be_told(story: Story, customers: list[Any]) -> bool:
    return bool(customers) if story.who >= 0 else company.current().reception.guests


def _templates(officer: Employee) -> None:
    topics = company.current().reception.topics
    if not answer_templates.listed():
        for title, topic, text in _TEMPLATES:
            answer_templates.save(None, title, topic if topic in topics else "", text, officer.id)
    if not assign_rules.listed() and "quality" in topics:
        assign_rules.add(topic="quality", employee_id=officer.id)


class _Told:
    """One story as rows."""

    def __init__(
        self, story: Story, customers: list[Any], officer: Employee, staff: list[Employee], before: _Told | None
    ):
        self.officer, self.colleague, self.before = officer, _other(staff, officer), before
        begun = datetime.combine(clock.today() - timedelta(days=story.ago), _MORNING) + timedelta(minutes=story.ago * 7)
        self.begun = min(clock.utc(begun), clock.now() - timedelta(minutes=20))
        self.asked: OpinionAsked | None = None
        self.appeal = self._registered(story, customers)
        self._add(EVENT, "", self.begun, data={"state": REGISTERED}, is_public=True)
        self._add(MESSAGE, story.text, self.begun)
        for what, days, text in story.steps:
            moment = self.begun + timedelta(days=days)
            if moment < clock.now():
                getattr(self, f"_{what}")(text, moment)
        self.appeal.save()

    def _registered(self, story: Story, customers: list[Any]) -> Appeal:
        topics = company.current().reception.topics
        topic = story.topic if story.topic in topics else list(topics)[-1]
        day = clock.local(self.begun).date()
        who, self.author = self._who(story, customers)
        appeal: Appeal = Appeal.create(
            **who, topic=topic, title=typed.title(story.text), state_at=self.begun, registered_at=self.begun,
            due_on=terms.due(day, topics[topic], workdays.special()),
        )  # fmt: skip
        appeal.office = topics[topic].office or office_of(appeal)
        return appeal

    def _who(self, story: Story, customers: list[Any]) -> tuple[dict[str, Any], str]:
        if story.who < 0:
            name, email, phone = _GUESTS[-story.who - 1]
            return {"name": name, "email": email, "phone": phone}, GUEST
        one = customers[story.who % len(customers)]
        account = Account.of(one.id).order_by(Account.id).first()
        return {
            "customer": one,
            "name": one.name,
            "email": one.email,
            "phone": one.phone,
            "account": account,
        }, one.subject

    def _add(
        self,
        kind: str,
        text: str,
        at: datetime,
        *,
        author: str = "",
        data: dict[str, Any] | None = None,
        is_public: bool | None = None,
    ) -> AppealEntry:
        seen = kind in (MESSAGE, ANSWER, QUESTION) if is_public is None else is_public
        entry: AppealEntry = AppealEntry.create(
            appeal=self.appeal.id,
            kind=kind,
            author=author or self.author,
            text=text,
            data=data or {},
            is_public=seen,
            at=at,
        )
        self.appeal.last_entry, self.appeal.is_news = entry.id, moves.leaves_news(self.appeal, entry)
        return entry

    def _to(self, state: str, at: datetime, text: str = "", *, author: str = "") -> None:
        self.appeal.state, self.appeal.state_at = state, at
        self._add(EVENT, text, at, author=author or self.officer.subject, data={"state": state}, is_public=True)

    def _take(self, text: str, at: datetime) -> None:
        self.appeal.owner, self.appeal.owned_at = self.officer, at
        self._to(WORK, at)

    def _ask(self, text: str, at: datetime) -> None:
        self._add(QUESTION, text, at, author=self.officer.subject)
        self._to(WAITING, at)

    def _reply(self, text: str, at: datetime) -> None:
        self._add(MESSAGE, text, at)
        self._to(WORK, at, author=self.author)

    def _write(self, text: str, at: datetime) -> None:
        self._add(MESSAGE, text, at)

    def _note(self, text: str, at: datetime) -> None:
        self._add(NOTE, text, at, author=self.officer.subject)

    def _opinion(self, text: str, at: datetime) -> None:
        entry = self._add(ASKED, text, at, author=self.officer.subject, data={"employees": [self.colleague.id]})
        self.asked = OpinionAsked.create(appeal=self.appeal.id, employee=self.colleague, asked=entry)

    def _said(self, text: str, at: datetime) -> None:
        if self.asked is not None:
            said = {"asked": self.asked.asked_id}
            entry = self._add(OPINION, text, at, author=self.colleague.subject, data=said)
            OpinionAsked.update(given=entry.id).where(OpinionAsked.id == self.asked.id).execute()

    def _extend(self, text: str, at: datetime) -> None:
        days = company.current().reception.extend_days
        due_on = terms.extended(self.appeal.due_on, days, workdays.special())
        self.appeal.due_on, self.appeal.extended_on = due_on, clock.local(at).date()
        extended = {"extended": due_on.isoformat()}
        self._add(EVENT, text, at, author=self.officer.subject, data=extended, is_public=True)

    def _answer(self, text: str, at: datetime) -> None:
        self._add(ANSWER, text, at, author=self.officer.subject)
        began, day = clock.local(self.begun).date(), clock.local(at).date()
        AppealAnswer.create(
            appeal=self.appeal.id, place=AppealAnswer.select().where(AppealAnswer.appeal == self.appeal.id).count() + 1,
            employee=self.officer, at=at, days=max(terms.left(began, day, workdays.special()), 0),
            is_in_time=day <= self.appeal.due_on,
        )  # fmt: skip
        self.appeal.answered_at, self.appeal.rating, self.appeal.rating_text = at, None, ""
        self._to(ANSWERED, at)

    def _rate(self, text: str, at: datetime) -> None:
        self.appeal.rating, self.appeal.rating_text = int(text[0]), text[1:]
        self._add(EVENT, text[1:], at, data={"rating": int(text[0])}, is_public=True)

    def _reopen(self, text: str, at: datetime) -> None:
        self._add(MESSAGE, text, at)
        self._to(REOPENED, at, author=self.author)
        self.begun = at
        rules = company.current().reception.topics[self.appeal.topic]
        self.appeal.due_on = terms.due(clock.local(at).date(), rules, workdays.special())

    def _close(self, text: str, at: datetime) -> None:
        self.appeal.closed_at = at
        self._to(CLOSED, at, text, author=self.officer.subject if text else "system")

    def _merge(self, text: str, at: datetime) -> None:
        if self.before is not None:
            self.appeal.merged_into, self.appeal.closed_at = self.before.appeal, at
            self._to(MERGED, at)
            main = self.before
            main._add(EVENT, "", at, author=self.officer.subject, data={"merged": self.appeal.id}, is_public=True)
            main.appeal.save()


def _other(staff: list[Employee], officer: Employee) -> Employee:
    """A colleague who gives opinions; the officer where they are alone."""
    advisers = [one for one in staff if one.id != officer.id and rights.allows(one.role, "appeals.advise")]
    return advisers[officer.id % len(advisers)] if advisers else officer
