"""Templates of answers: listed, written, changed, taken away; how each stood before."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, g
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from models import company
from models.base import Refusal
from models.office.inbox import answer_templates
from models.office.inbox.answer_templates import FIELDS, LONGEST_TEXT, LONGEST_TITLE, AnswerTemplate
from views.fields import Form, Line, Text
from views.page import see
from views.staff_door import officer, staff_only
from views.staff_page import page, refused

room = Blueprint("appeal_templates", __name__)
_EDIT = "staff/appeals/template.html"


class TemplateForm(Form):
    title = Line("Название", most=LONGEST_TITLE, required="Назовите заготовку.")
    topic = SelectField("Для какой темы", validate_choice=False)
    text = Text("Текст")


@room.before_request
def _section() -> None:
    g.section = "staff_appeals"


@room.get("/staff/appeals/templates", endpoint="index")
@staff_only("appeals.set_up")
def index() -> Any:
    return page("staff/appeals/templates.html", templates=answer_templates.listed(), topics=_topics())


@room.get("/staff/appeals/templates/new", endpoint="new")
@staff_only("appeals.set_up")
def new() -> Any:
    return page(_EDIT, form=_form(), **_context(None))


@room.post("/staff/appeals/templates/new", endpoint="add")
@staff_only("appeals.set_up")
def add() -> Any:
    return _save(None)


@room.get("/staff/appeals/templates/<int:template_id>", endpoint="show")
@staff_only("appeals.set_up")
def show(template_id: int) -> Any:
    found = _found(template_id)
    return page(
        _EDIT, form=_form(data={"title": found.title, "topic": found.topic, "text": found.text}), **_context(found)
    )


@room.post("/staff/appeals/templates/<int:template_id>", endpoint="change")
@staff_only("appeals.set_up")
def change(template_id: int) -> Any:
    return _save(_found(template_id))


@room.post("/staff/appeals/templates/<int:template_id>/end", endpoint="end")
@staff_only("appeals.set_up")
def end(template_id: int) -> Any:
    try:
        answer_templates.end(_found(template_id).id, officer().id)
        flash("Заготовка убрана. Ответы, написанные с ней, остаются.", "good")
    except Refusal as refusal:
        flash(refusal.text, "bad")
    return see("appeal_templates.index")


def _save(found: AnswerTemplate | None) -> Any:
    form = _form()
    try:
        if form.validate():
            typed = (form.title.data or "", form.topic.data or "", form.text.data or "")
            answer_templates.save(found.id if found else None, *typed, officer().id)
            flash("Заготовка сохранена.", "good")
            return see("appeal_templates.index")
    except Refusal as refusal:
        form.refuse(refusal)
    return refused(_EDIT, form, **_context(found))


def _found(template_id: int) -> AnswerTemplate:
    return answer_templates.find(template_id) or abort(404)


def _form(**given: Any) -> TemplateForm:
    form = TemplateForm(**given)
    form.topic.choices = [
        SelectChoice("", "для любой"),
        *(SelectChoice(code, title) for code, title in _topics().items()),
    ]
    return form


def _topics() -> dict[str, str]:
    return {one.code: one.title for one in company.current().reception.topics.values()}


def _context(found: AnswerTemplate | None) -> dict[str, Any]:
    versions = answer_templates.versions(found.id) if found else []
    return {"found": found, "versions": versions, "topics": _topics(), "fields": FIELDS, "longest": LONGEST_TEXT}
