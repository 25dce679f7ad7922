"""Templates of answers with fields that are filled from the appeal. A template is a line of dated rows: each change is kept."""

from __future__ import annotations

import re
from typing import Any

from peewee import CharField, DateTimeField, IntegerField, TextField

from models import audit, clock, company, words
from models.base import Problem, Refusal, Row, database
from models.contact.appeals import reading, typed
from models.contact.appeals.handling import office_of
from models.contact.appeals.rows import Appeal
from models.metering.accounts import Office
from models.people.customers import Customer
from models.people.staff import Employee, subject

FIELDS = {
    "имя": "как обращаться к клиенту",
    "номер": "номер обращения",
    "лицевой счёт": "номер лицевого счёта, если клиент его знает",
    "срок": "до какого дня ответим",
    "сотрудник": "кто отвечает",
    "участок": "участок обращения или лицевого счёта",
}
LONGEST_TITLE = 100
LONGEST_TEXT = 10_000
_FIELD = re.compile(r"\{([^{}\n]*)\}")


class AnswerTemplate(Row):
    """A template as it stood from a moment until another."""

    line = IntegerField()  # the same for all versions: the id of the first one
    title = CharField(max_length=LONGEST_TITLE)
    topic = CharField(default="")  # '' for any
    text = TextField()
    since = DateTimeField(default=clock.now)
    ended = DateTimeField(null=True)
    made_by = CharField(default="")

    class Meta:
        indexes = ((("line", "id"), False),)

    @property
    def subject(self) -> str:
        return f"answer-template:{self.line}"


AnswerTemplate.add_index(
    AnswerTemplate.line, unique=True, where=AnswerTemplate.ended.is_null(), name="answer_template_now"
)


def listed() -> list[AnswerTemplate]:
    """All templates as they stand, by topic and title."""
    return list(_standing().order_by(AnswerTemplate.topic, AnswerTemplate.title, AnswerTemplate.id))


def offered(topic: str) -> list[AnswerTemplate]:
    """Those for an appeal of this topic: its own ones first, then those for any."""
    own = _standing().where(AnswerTemplate.topic.in_(("", topic)))
    return list(own.order_by(AnswerTemplate.topic.desc(), AnswerTemplate.title, AnswerTemplate.id))


def find(template_id: int) -> AnswerTemplate | None:
    """The template with this id as it stands; a version that was changed leads to the present one."""
    version = AnswerTemplate.get_or_none(AnswerTemplate.id == template_id)
    return version and _standing().where(AnswerTemplate.line == version.line).first()


def versions(template_id: int) -> list[AnswerTemplate]:
    """How the template stood before and stands now, the newest first."""
    version = AnswerTemplate.get_or_none(AnswerTemplate.id == template_id)
    own = AnswerTemplate.select().where(AnswerTemplate.line == (version.line if version else 0))
    return list(own.order_by(AnswerTemplate.id.desc()))


def save(template_id: int | None, title: str, topic: str, text: str, employee_id: int) -> AnswerTemplate:
    """Keep a new template (None) or a new version of one; the same words again change nothing.

    Refused: no title or text, too long ones, an unknown topic or field, a title that is there, one that somebody has changed or removed.
    """
    title, text = typed.line(title, LONGEST_TITLE + 1), typed.plain(text)
    with database.atomic():
        old = _held(template_id) if template_id is not None else None
        _check(title, topic, text, old)
        if old is None:
            return _made(0, title, topic, text, employee_id)
        if (old.title, old.topic, old.text) == (title, topic, text):
            return old
        _end(old)
        return _made(old.line, title, topic, text, employee_id)


def end(template_id: int, employee_id: int) -> None:
    """The template is offered no more; its versions stay to be read. Refused: removed already."""
    with database.atomic():
        old = _held(template_id)
        _end(old)
        audit.record("answer_template.ended", old.subject, title=old.title)


def filled(template: AnswerTemplate, appeal: Appeal, employee_id: int) -> str:
    """Its text with the appeal's facts in place of the fields; a fact that is not known leaves «…», to be seen and typed."""
    facts = _facts(appeal, Employee.get_by_id(employee_id).name)
    return _FIELD.sub(lambda field: facts.get(field[1], field[0]), template.text)


def unknown_fields(text: str) -> list[str]:
    """The fields in the text that nothing would fill."""
    return [name for name in dict.fromkeys(_FIELD.findall(text)) if name not in FIELDS]


def _facts(appeal: Appeal, officer: str) -> dict[str, str]:
    code = appeal.office or office_of(appeal)
    office = Office.get_or_none(Office.code == code) if code else None
    known = {
        "имя": appeal.name or _customers_name(appeal.customer_id),
        "номер": appeal.number,
        "лицевой счёт": reading.account_told(appeal),
        "срок": words.day(appeal.due_on),
        "сотрудник": officer,
        "участок": office.name if office else company.current().name,
    }
    return {name: value or "…" for name, value in known.items()}


def _customers_name(customer_id: int | None) -> str:
    return str(Customer.select(Customer.name).where(Customer.id == customer_id).scalar() or "")


def _check(title: str, topic: str, text: str, old: AnswerTemplate | None) -> None:
    problems = []
    if not title or len(title) > LONGEST_TITLE:
        problems.append(Problem("title", f"Назовите заготовку: до {LONGEST_TITLE} знаков.", "template.title"))
    own = old.line if old else 0
    if title.casefold() in {one.title.casefold() for one in listed() if one.line != own}:
        problems.append(Problem("title", "Заготовка с таким названием уже есть. Назовите иначе.", "template.same"))
    if topic and topic not in company.current().reception.topics:
        problems.append(Problem("topic", "Выберите тему из списка.", "template.topic"))
    if not text or len(text) > LONGEST_TEXT:
        problems.append(Problem("text", f"Напишите текст: до {words.number(LONGEST_TEXT)} знаков.", "template.text"))
    if names := unknown_fields(text):
        known = ", ".join(f"{{{name}}}" for name in FIELDS)
        shown = ", ".join(f"{{{name[:40]}}}" for name in names[:5])
        problems.append(Problem("text", f"Таких полей нет: {shown}. Есть: {known}.", "template.field"))
    if problems:
        raise Refusal(problems=problems)


def _standing() -> Any:
    return AnswerTemplate.select().where(AnswerTemplate.ended.is_null())


def _held(template_id: int) -> AnswerTemplate:
    old = AnswerTemplate.get_or_none(AnswerTemplate.id == template_id)
    if old is None or old.ended is not None:
        raise Refusal(None, "Эту заготовку тем временем изменили или убрали. Обновите страницу.", "template.gone")
    return old  # type: ignore[no-any-return]


def _end(old: AnswerTemplate) -> None:
    ended = AnswerTemplate.update(ended=clock.now()).where(AnswerTemplate.id == old.id, AnswerTemplate.ended.is_null())
    if ended.execute() != 1:
        raise Refusal(None, "Эту заготовку тем временем изменили или убрали. Обновите страницу.", "template.gone")


def _made(line: int, title: str, topic: str, text: str, employee_id: int) -> AnswerTemplate:
    made: AnswerTemplate = AnswerTemplate.create(
        line=line, title=title, topic=topic, text=text, since=clock.now(), made_by=subject(employee_id)
    )
    if not line:
        AnswerTemplate.update(line=made.id).where(AnswerTemplate.id == made.id).execute()
        made.line = made.id
    audit.record("answer_template.saved", made.subject, title=title, topic=topic)
    return made
