"""Appeals for tests: written by a customer, answered by the office, with a photo beside."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from PIL import Image

from models import audit, files, seal
from models.contact.appeals import answering, drafts, guests, handling, registering
from models.contact.appeals.registering import Applicant
from models.contact.appeals.rows import Appeal, AppealDraft
from models.files import Draft
from models.outbox import Message
from tests import cast

TEXT = "За октябрь начислено вдвое больше обычного. Проверьте, пожалуйста, показания."


def photo(shade: int = 40) -> Draft:
    """A small photo on the disk, given to nobody yet."""
    sent = io.BytesIO()
    Image.new("RGB", (64, 48), (shade, 90, 120)).save(sent, "JPEG")
    sent.seek(0)
    return files.put(sent, f"счётчик-{shade}.jpg")


def draft_of(author: str, *made: Draft, appeal_id: int | None = None, **fields: str) -> AppealDraft:
    draft = drafts.keep(author, fields, appeal_id)
    drafts.attach(draft, list(made))
    return draft


def written(person: cast.Person, text: str = TEXT, *, topic: str = "charges", key: str = "k1", **how: Any) -> Appeal:
    """An appeal of the customer about their own account."""
    applicant = registering.of_customer(person.id, person.account.number)
    with audit.acting(person.customer.subject, "10.0.0.7"):
        return registering.register(applicant, topic, text, key=key, **how)


def asked(email: str = "guest@example.ru", *, key: str = "g1", text: str = TEXT, version: str = "", **how: Any) -> str:
    """A guest's form, sent; the handle."""
    from models import company

    shown = version or company.current().consents["personal-data"].version
    topic = how.pop("topic", "charges")
    draft = how.pop("draft", None)
    guest = Applicant(email=email, **{"name": "Пётр", **how})
    with audit.acting("guest", "10.0.0.9"):
        return guests.ask(guest, topic, text, key=key, draft=draft, consent_shown=shown)


def letters(letter: str) -> list[Message]:
    return list(Message.select().where(Message.letter == letter).order_by(Message.id))


def answered(appeal: Appeal, employee: Any, text: str = "Показания проверили, пересчитали.") -> Appeal:
    """The office has answered."""
    return _by_office(
        appeal, employee, lambda seen: answering.answer(appeal.id, employee.id, text, seen=seen, key=seal.token())
    )


def questioned(appeal: Appeal, employee: Any, text: str = "Пришлите снимок счётчика.") -> Appeal:
    """The office has asked, and waits."""
    return _by_office(
        appeal, employee, lambda seen: answering.ask_customer(appeal.id, employee.id, text, seen=seen, key=seal.token())
    )


def taken(appeal: Appeal, employee: Any) -> Appeal:
    return _by_office(appeal, employee, lambda _: handling.take(appeal.id, employee.id))


def _by_office(appeal: Appeal, employee: Any, verb: Callable[[int], object]) -> Appeal:
    with audit.acting(employee.subject):
        verb(Appeal.get_by_id(appeal.id).last_entry)
    return Appeal.get_by_id(appeal.id)  # type: ignore[no-any-return]
