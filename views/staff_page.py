"""Pages of the office: the same answers as the customers' (views/page.py), in a frame of their own."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import current_app, g, render_template, request

from models import clock, company, words
from models.people.rights import ROLE_TITLES
from views.page import Answer
from views.staff_door import found


class Section(NamedTuple):
    """A place in the navigation: its blueprint, title, first page, and who sees it."""

    room: str
    title: str
    endpoint: str
    right: str


SECTIONS = (
    Section("staff_desk", "Рабочий стол", "staff_desk.show", "desk.see"),
    Section("paperforms", "Бланки", "paperforms.index", "paperforms.see"),
    Section("staff_readings", "Показания", "staff_readings.index", "readings.see"),
    Section("staff_appeals", "Обращения", "staff_appeals.index", "appeals.see"),
    Section("staff_orders", "Заявки", "staff_orders.index", "orders.see"),
    Section("staff_callbacks", "Звонки", "staff_callbacks.index", "callbacks.see"),
    Section("staff_outages", "Отключения", "staff_outages.index", "information.see"),
    Section("staff_customers", "Абоненты", "staff_customers.index", "customers.see"),
    Section("staff_consents", "Согласия", "staff_consents.index", "consents.see"),
    Section("staff_information", "Сведения", "staff_information.index", "information.see"),
    Section("approvals", "Утверждения", "approvals.index", "money.propose"),
    Section("staff_bills", "Счета", "staff_bills.index", "money.propose"),
    Section("staff_messages", "Письма", "staff_messages.index", "messages.see"),
    Section("staff_mailings", "Рассылки", "staff_mailings.index", "mailings.see"),
    Section("exchange", "Обмен", "exchange.index", "exchange.see"),
    Section("audit", "Журнал", "audit.index", "audit.see"),
    Section("people", "Сотрудники", "people.index", "people.see"),
)


def page(template: str, **context: Any) -> str:
    """A whole page inside the office's frame."""
    return render_template(template, **frame(), **context)


def part(template: str, **context: Any) -> str:
    """A part of a page; it has an address of its own."""
    return render_template(template, company=company.current(), officer=found(), **context)


def refused(template: str, form: Any, **context: Any) -> Answer:
    """The same page again, with what was typed and what is wrong; nothing was stored."""
    return page(template, form=form, **context), 422


def page_number(count: int, size: int) -> int:
    """The page of a list that the address asks for, 1, 2, 3…; one past the last is the last, nonsense the first."""
    typed = request.args.get("page", "")
    asked = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 6 else 1
    return min(max(1, asked), max(1, -(-count // size)))


def frame() -> dict[str, Any]:
    """What staff/base.html needs on every page."""
    present = found()
    return {
        "company": company.current(),
        "officer": present,
        "role_title": ROLE_TITLES[present.role] if present else "",
        "places": [one for one in SECTIONS if present and present.may(one.right) and _is_taken_here(one)],
        "section": g.get("section", request.blueprint or ""),
        "is_demo": current_app.extensions["kabinet"].is_demo,
        "clock_note": f"Демонстрация: на портале сейчас {words.day(clock.today())}" if clock.is_shifted() else None,
    }


def _is_taken_here(section: Section) -> bool:
    """A company that takes no orders has no such room."""
    return section.endpoint != "staff_orders.index" or bool(company.current().orders.kinds)
