"""Something for the pages of versions and drafts in the demo: a question that was added, a price that is being changed."""

from __future__ import annotations

from models import audit
from models.contact.information import drafting, published, publishing
from models.contact.information.rows import InformationDraft, InformationVersion
from models.contact.information.sections import SECTIONS
from models.people import staff
from models.people.staff import Employee

_ADDED = {
    "topic": "other",
    "question": "Куда пожаловаться на работу сотрудника?",
    "answer": (
        "Напишите [обращение](/appeals/new) с темой «Качество обслуживания»: когда и в каком офисе или по какому телефону это было. "
        "Ответим в установленный срок."
    ),
}


def fill_demo() -> None:
    """A published version of the questions and a draft of the services; only where nothing was ever edited."""
    if InformationVersion.select().exists() or InformationDraft.select().exists():
        return
    employee = Employee.select().where(Employee.role == "administrator").order_by(Employee.id).first()
    with audit.acting(staff.subject(employee.id) if employee else "system"):
        asked = SECTIONS[published.QUESTIONS]
        drafted = drafting.save(asked, "", _ADDED, seen=drafting.revision(asked.code))
        publishing.publish(asked, seen=drafted.revision)
        _draft_a_price()


def _draft_a_price() -> None:
    section = SECTIONS[published.SERVICES]
    first = next(iter(published.present(section.code)), None)
    if first is None:
        return
    typed = {field.name: str(first[field.name]) for field in section.fields}
    typed["price"] = str(first["price"] // 100 + 50)
    drafting.save(section, first["slug"], typed, seen=drafting.revision(section.code))
