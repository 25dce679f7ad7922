"""Appeals at the office for tests of its pages: written by a customer, opened, its buttons pressed."""

from __future__ import annotations

import io
from typing import Any

from reportlab.pdfgen.canvas import Canvas

from models.contact.appeals import registering
from models.contact.appeals.rows import (
    Appeal,
    AppealEntry,
)
from models.people.staff import Employee
from tests import cast
from tests.cast import Person
from tests.page import Client, Page

QUESTION = "За октябрь начислили вдвое больше обычного, а показание я передала вовремя. Прошу разобраться."
ANSWER = "Мы пересчитали октябрь по вашему показанию. Разница вернётся в следующем счёте."


def written(person: Person, text: str = QUESTION, topic: str = "charges", key: str = "1") -> Appeal:
    applicant = registering.of_customer(person.id, person.account.number)
    return registering.register(applicant, topic, text, key=key)


def opened(client: Client, appeal: Appeal) -> Page:
    """The appeal's page, opened by its button."""
    page = client.get("staff_appeals.show", number=appeal.number)
    return page.submit(button="Открыть\u00a0N").follow() if page.h1 == f"Обращение {appeal.number}" else page


def fresh(appeal: Appeal) -> Any:
    return Appeal.get_by_id(appeal.id)


def only(page: Page, selector: str) -> Any:
    """The first thing on the page that fits; it is there."""
    found = page.soup.select_one(selector)
    assert found is not None, selector
    return found


def who(name: str) -> Employee:
    found = Employee.by_email(f"{name}@example.ru")
    assert found is not None
    return found


def said(appeal: Appeal, kind: str) -> list[str]:
    return [one.text for one in AppealEntry.select().where(AppealEntry.appeal == appeal.id, AppealEntry.kind == kind)]


def press(page: Page, deed: str, **fields: Any) -> Page:
    """The button of that deed, with the fields of its form."""
    form = next(one for one in page.soup.select("main form") if one.select_one(f'[name=deed][value="{deed}"]'))
    data = {str(one["name"]): str(one.get("value", "")) for one in form.select("input[type=hidden]")}
    data |= {str(one["name"]): one.get_text() for one in form.select("textarea")}
    return page.client.open(str(form["action"]), method="POST", data={**data, **fields, "deed": deed})


def enter(client: Client) -> None:
    """The operator signs in anew: a session does not outlive the night."""
    client.enter_office("oleg@example.ru", cast.PASSWORD)


def pdf() -> bytes:
    """The smallest paper that opens."""
    canvas_file = io.BytesIO()
    drawn = Canvas(canvas_file)
    drawn.drawString(100, 100, "1")
    drawn.save()
    return canvas_file.getvalue()
