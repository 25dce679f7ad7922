"""The form of one item of information: its fields are the section's (models/contact/information/sections.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wtforms import FileField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice

from models import words
from models.contact.information.published import Item
from models.contact.information.sections import CHOICE, FILE, PHONE, RUBLES, TEXT, Field, Section
from views.fields import Form, HiddenField, Shown, Tick


class ItemForm(Form):
    seen = HiddenField()  # the draft's revision that the page has shown

    def number_seen(self) -> int:
        """0 for what is no number: no draft has it."""
        text = self.seen.data or ""
        return int(text) if text.removeprefix("-").isdecimal() and len(text) < 16 else 0

    def typed(self, section: Section) -> dict[str, str]:
        return {one.name: self[one.name].data or "" for one in section.fields if one.kind != FILE and one.name in self}


def form_of(section: Section, one: Item | None, seen: int) -> ItemForm:
    """A form for a new item, or filled with one."""
    kind = _form_class(section, is_new=one is None)
    data = {field.name: _typed(field, one) for field in section.fields} if one else {}
    form: ItemForm = kind(data={**data, "seen": str(seen)})
    return form


def _form_class(section: Section, *, is_new: bool) -> type[ItemForm]:
    fields: dict[str, Any] = {}
    for field in section.fields:
        if field.name == "slug" and not is_new:
            continue  # typed once
        fields[field.name] = _field(field)
        if field.kind == FILE:
            fields["without_file"] = Tick("Убрать PDF, показывать текст")
    return type("SectionForm", (ItemForm,), fields)


def _field(field: Field) -> Any:
    if field.kind == CHOICE:
        choices = [SelectChoice(code, title) for code, title in field.choices().items()]
        return SelectField(field.title, choices=choices, validate_choice=False)
    if field.kind == TEXT:
        return TextAreaField(field.title)
    return FileField(field.title) if field.kind == FILE else Shown(field.title)


def _typed(field: Field, one: Item) -> Any:
    """A value as one types it."""
    value = one.get(field.name, "")
    if field.kind == RUBLES:
        return words.decimal(value, 100).replace(words.THIN, "")
    if field.kind == PHONE:
        return words.phone(value) if value else ""
    return None if field.kind == FILE else str(value)


def shown(field: Field, one: Mapping[str, Any]) -> str:
    """A value as the comparison of versions tells it."""
    value = one.get(field.name, "")
    if field.kind == RUBLES:
        return words.rubles(value) if value else "бесплатно"
    if field.kind == CHOICE:
        return str(field.choices().get(str(value), value))
    if field.kind == FILE:
        return str(one.get("file_title") or "нет")
    return words.phone(str(value)) if field.kind == PHONE and value else str(value) or "—"
