"""One appeal at the office: who has it open, the form of all that is done to it, and what its page shows."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import abort, request
from wtforms import MultipleFileField, SelectField, SelectMultipleField
from wtforms.fields.choices import SelectChoice

from models import clock, company, files, seal, words, workdays
from models.contact.appeals import drafts, handling, links, reading, terms
from models.contact.appeals.rows import (
    ANSWER,
    ANSWERED,
    ASKED,
    LONGEST,
    NOTE,
    OPINION,
    TITLES,
    WAITING,
    Appeal,
    AppealDraft,
    by_number,
    topic_of,
)
from models.metering.accounts import Office
from models.office.inbox import answer_templates, openings, opinions, queue, writing
from models.office.inbox.queue import Filters
from models.people import rights
from models.people.staff import Employee, subject
from views import uploads
from views.fields import Form, HiddenField, Line, Text
from views.page import see
from views.row_id import row_id
from views.staff_door import Officer, officer
from views.staff_page import page

STATE_WORDS = TITLES | {WAITING: "ждём клиента"}
FILTERS = ("queue", "topic", "office", "state", "owner", "q")
LONGEST_LINE = 500
EVERY = 30  # seconds between two looks at what others do meanwhile
INTERNAL = (NOTE, ASKED, OPINION)


class AppealForm(Form):
    """Everything that is done to an appeal; each of the page's forms sends its own fields, and a `deed`."""

    key = HiddenField()
    seen = HiddenField()
    text = Text("Текст")
    template = SelectField("Заготовка", validate_choice=False)
    files = MultipleFileField("Файлы")
    question = Text("Вопрос коллегам")
    colleagues = SelectMultipleField("Кого спросить", validate_choice=False)
    opinion = Text("Ваше мнение")
    asked = HiddenField()
    over = HiddenField()
    to = SelectField("Кому", validate_choice=False)
    office = SelectField("Или в очередь участка", validate_choice=False)
    note = Line("Что передать на словах", most=LONGEST_LINE)
    days = Line("На сколько дней", most=3)
    reason = Line("Почему", most=LONGEST_LINE)
    topic = SelectField("Тема", validate_choice=False)
    into = SelectField("К какому", validate_choice=False)
    into_number = Line("Или номер", most=20)
    account = Line("Лицевой счёт", most=64)

    @property
    def seen_entry(self) -> int:
        """The newest entry that the page had shown; none: everything is new."""
        try:
            return row_id(self.seen.data or "")
        except ValueError:
            return 0


def chosen() -> dict[str, Any]:
    """The filters of the inbox that the address carries, so that «next» stays in the same queue."""
    return {name: value for name in FILTERS if (value := printable(request.args.get(name, "")))}


def filters(values: dict[str, Any]) -> Filters:
    """The same as the inbox understands them; what makes no sense is no filter."""
    owner = values.get("owner", "")
    queue_code = values.get("queue", "")
    return Filters(
        queue=queue_code if queue_code in queue.TITLES else queue_default(),
        topic=values.get("topic", ""),
        office=values.get("office", ""),
        state=values.get("state", ""),
        owner=int(owner) if owner.isascii() and owner.isdigit() and len(owner) < 10 else None,
        text=values.get("q", ""),
    )


def queue_default() -> str:
    """Where an employee begins: those who answer with their own, the others with all that is open."""
    return "mine" if officer().may("appeals.answer") else "open"


def printable(text: str) -> str:
    return "".join(one if one.isprintable() else " " for one in text[:200]).strip()


def appeal_or_404(number: str) -> Appeal:
    return by_number(number) or abort(404)


def opened(number: str) -> Appeal:
    """The appeal that this employee has open; else off to where it is opened, for that is noted."""
    appeal = appeal_or_404(number)
    if not openings.is_open(officer().id, appeal.id):
        abort(see("staff_appeals.show", number=number, **chosen()))
    return appeal


def author() -> str:
    """Whose draft it is."""
    return subject(officer().id)


def draft_of(appeal: Appeal) -> AppealDraft | None:
    found: AppealDraft | None = drafts.find(author(), appeal.id)
    return found


def answer_page(appeal: Appeal, form: AppealForm | None = None) -> str:
    """The appeal's whole page; a form that was refused comes back with what was typed, and what came meanwhile is marked."""
    draft = draft_of(appeal)
    fresh_from = form.seen_entry if form and form.seen.data else appeal.last_entry
    typed = (draft.fields if draft else {}).get("text", "")
    form = form or AppealForm(data={"text": typed})
    if "text" not in request.form:
        form.text.data = typed
    form.key.data = form.key.data or seal.token()[:22]
    form.seen.data = str(appeal.last_entry)
    return page(
        "staff/appeals/show.html", appeal=appeal, form=form, fresh_from=fresh_from, **_context(appeal, draft, form)
    )


def _context(appeal: Appeal, draft: AppealDraft | None, form: AppealForm) -> dict[str, Any]:
    me, people = officer(), _people()
    rules, names = company.current().reception, {one.id: one.name for one in people}
    _offer(form, appeal, me, people)
    return {
        "topic": appeal.rules,
        "thread": reading.thread(appeal, for_staff=True),
        "internal": INTERNAL,
        "answer": ANSWER,
        "states": STATE_WORDS,
        "left": left(appeal),
        "warn": rules.warn_days,
        "extend_days": rules.extend_days,
        "chosen": chosen(),
        "names": names,
        "event": lambda one: event_words(one, names),
        "owner": next((one for one in people if one.id == appeal.owner_id), None),
        "asked": opinions.asked(appeal.id),
        "to_give": opinions.open_for(appeal.id, me.id),
        "saved_at": draft.updated_at if draft and draft.fields.get("text") else None,
        "attached": list(files.of(draft.subject)) if draft else [],
        "others": writing.names(appeal.id, apart_from=me.id),
        "longest": LONGEST,
        "may": may(appeal),
        "joined": handling.joined(appeal.id),
        "who": reading.applicant_name(appeal),
        "email": links.address(appeal),
        "account": appeal.account.number if appeal.account else "",
        "file_hint": uploads.hint(author()),
        "file_kinds": uploads.accept(author()),
        "every": EVERY,
    }


def may(appeal: Appeal) -> dict[str, bool]:
    """What this employee may do here now."""
    me = officer()
    answers, assigns = me.may("appeals.answer") and appeal.is_open, me.may("appeals.assign") and appeal.is_open
    adds = me.may("appeals.answer") and appeal.state == ANSWERED
    return {
        "answer": answers or adds,
        "question": answers,
        "reopen": adds,
        "take": answers and appeal.owner_id != me.id,
        "assign": assigns,
        "hand_over": assigns or (answers and appeal.owner_id == me.id),
        "advise": me.may("appeals.advise"),
        "extend": answers and appeal.extended_on is None and company.current().reception.extend_days > 0,
        "link": answers and appeal.account_id is None,
    }


def left(appeal: Appeal) -> int | None:
    """Working days left of its term; None when none runs."""
    return terms.left(clock.today(), appeal.due_on, workdays.special()) if appeal.is_open else None


def _offer(form: AppealForm, appeal: Appeal, me: Officer, people: list[Employee]) -> None:
    """Fill the lists of choices."""
    may_answer = [one for one in people if one.is_open and rights.allows(one.role, "appeals.answer")]
    may_advise = [
        one for one in people if one.is_open and rights.allows(one.role, "appeals.advise") and one.id != me.id
    ]
    offices = {one.code: one.name for one in Office.select(Office.code, Office.name).order_by(Office.name)}
    offer_templates(form, appeal)
    form.to.choices = [SelectChoice("", "никому лично"), *_choices((one.id, one.name) for one in may_answer)]
    form.office.choices = [SelectChoice("-", "не менять"), SelectChoice("", "общая"), *_choices(offices.items())]
    form.colleagues.choices = _choices((one.id, _with_office(one, offices)) for one in may_advise)
    form.topic.choices = _choices((one.code, one.title) for one in company.current().reception.topics.values())
    form.topic.data = form.topic.data or appeal.topic
    candidates = handling.merge_candidates(appeal) if me.may("appeals.assign") and appeal.is_open else []
    form.into.choices = [
        SelectChoice("", "выберите"),
        *_choices((one.number, f"{one.number} {one.title}") for one in candidates),
    ]
    form.days.data = form.days.data or str(company.current().reception.extend_days)


def offer_templates(form: AppealForm, appeal: Appeal) -> None:
    offered = _choices((one.id, one.title) for one in answer_templates.offered(appeal.topic))
    form.template.choices = [SelectChoice("", "без заготовки"), *offered]


def event_words(one: reading.Said, names: dict[int, str]) -> str:
    """What an event was, in a few words."""
    data = one.data
    if "state" in data:
        return STATE_WORDS.get(data["state"], data["state"])
    if "rating" in data:
        return f"оценка {data['rating']} из 5"
    if "extended" in data:
        return f"срок продлён до {words.day(date.fromisoformat(data['extended']))}"
    if "topic" in data:
        return f"тема теперь «{topic_of(data['topic']).title}»"
    if "account" in data:
        return f"указан лицевой счёт {data['account']}"
    if "merged" in data:
        return "присоединено другое обращение"
    if "owner" in data:
        return f"передано: {names.get(data['owner'], 'в очередь')}"
    return "закрыты ссылки из прежних писем" if "links" in data else "изменено"


def _people() -> list[Employee]:
    return list(Employee.select().order_by(Employee.name, Employee.id))


def _with_office(one: Employee, offices: dict[str, str]) -> str:
    where = offices.get(one.office, "")
    return f"{one.name}, {where}" if where else one.name


def _choices(titles: Any) -> list[SelectChoice]:
    return [SelectChoice(str(code), title) for code, title in titles]
