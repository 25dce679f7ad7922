"""To whom new appeals go: the rules in the order in which they are asked, a new one, one ended."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from models import company
from models.base import Refusal
from models.contact.appeals import assign_rules
from models.metering.accounts import Office
from models.people import rights
from models.people.staff import Employee
from views.fields import Form
from views.page import see
from views.staff_door import staff_only
from views.staff_page import page, refused

room = Blueprint("appeal_rules", __name__)
_TEMPLATE = "staff/appeals/rules.html"


class RuleForm(Form):
    topic = SelectField("Тема", validate_choice=False)
    office = SelectField("Участок лицевого счёта", validate_choice=False)
    employee = SelectField("Кому", validate_choice=False)
    to_office = SelectField("В очередь участка", validate_choice=False)

    def offer(self, context: dict[str, Any]) -> RuleForm:
        offices, people = context["offices"], context["people"]
        self.topic.choices = _choices("любая", context["topics"])
        self.office.choices = _choices("любой", offices)
        self.employee.choices = _choices("никому лично", people)
        self.to_office.choices = _choices("как обычно", offices)
        return self


@room.before_request
def _section() -> None:
    g.section = "staff_appeals"


@room.get("/staff/appeals/rules", endpoint="index")
@staff_only("appeals.set_up")
def index() -> Any:
    context = _context()
    return page(_TEMPLATE, form=RuleForm().offer(context), **context)


@room.post("/staff/appeals/rules", endpoint="add")
@staff_only("appeals.set_up")
def add() -> Any:
    context = _context()
    form = RuleForm().offer(context)
    try:
        if form.validate():
            assign_rules.add(
                topic=form.topic.data or "", office=form.office.data or "", employee_id=_number(form.employee.data or ""),
                to_office=form.to_office.data or "",
            )  # fmt: skip
            flash("Правило действует для новых обращений.", "good")
            return see("appeal_rules.index")
    except Refusal as refusal:
        form.refuse(refusal)
    return refused(_TEMPLATE, form, **context)


@room.post("/staff/appeals/rules/<int:rule_id>/up", endpoint="up")
@staff_only("appeals.set_up")
def up(rule_id: int) -> Any:
    """Ask this rule before the one above it."""
    try:
        assign_rules.raise_up(rule_id)
    except Refusal as refusal:
        flash(refusal.text, "bad")
    return see("appeal_rules.index")


@room.post("/staff/appeals/rules/<int:rule_id>/end", endpoint="end")
@staff_only("appeals.set_up")
def end(rule_id: int) -> Any:
    try:
        assign_rules.end(rule_id)
        flash("Правило убрано.", "good")
    except Refusal as refusal:
        flash(refusal.text, "bad")
    return see("appeal_rules.index")


def _context() -> dict[str, Any]:
    people = [one for one in Employee.listed() if one.is_open and rights.allows(one.role, "appeals.answer")]
    return {
        "rules": assign_rules.listed(),
        "past": assign_rules.history(),
        "topics": {one.code: one.title for one in company.current().reception.topics.values()},
        "offices": {one.code: one.name for one in Office.select(Office.code, Office.name).order_by(Office.name)},
        "people": {str(one.id): one.name for one in people},
    }


def _choices(nothing: str, titles: dict[str, str]) -> list[SelectChoice]:
    return [SelectChoice("", nothing), *(SelectChoice(code, title) for code, title in titles.items())]


def _number(text: str) -> int | None:
    """The employee's id; what is no number names nobody that there is."""
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
