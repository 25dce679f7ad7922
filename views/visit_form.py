"""What the forms of orders share, the customers' and the office's: the wish, and the hours of a visit to choose from."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from flask import request
from wtforms import RadioField, SelectField
from wtforms.fields.choices import SelectChoice

from models import company, seal, words
from models.metering import slots
from models.metering.orders.placing import Offer, Wish
from models.metering.orders.rows import APPOINTED, CANCELLED, DONE, FAILED, PLACED, VERIFICATION, hours
from models.words import NBSP
from views.fields import Form, HiddenField, Line, Text

_RUSSIAN_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII)
_WEEKDAYS = "пн вт ср чт пт сб вс".split()
MARKS = {PLACED: "wait", APPOINTED: "good", FAILED: "bad", DONE: "good", CANCELLED: ""}  # the look of a state
LATER = "later"  # the value of «let us agree by phone»


class SlotForm(Form):
    slot = RadioField("День и время визита", validate_choice=False)

    @property
    def chosen(self) -> Any:
        """The day and span, or None."""
        return slots.at(self.slot.data or "")


class OrderForm(SlotForm):
    key = HiddenField()
    account = HiddenField()
    what = RadioField("Что нужно сделать", validate_choice=False)
    model = SelectField("Какой счётчик поставить", validate_choice=False)
    phone = Line("Телефон для связи", most=40)
    words = Text("Что ещё важно знать")

    def offer(self, found: list[Offer], phone: str) -> OrderForm:
        """Fill in what is known: the only thing that may be ordered, or what the address asks for, the model, the phone."""
        free = [one for one in found if not one.standing]
        self.what.choices = [SelectChoice(one.code, one.title) for one in free]
        if any(one.kind != VERIFICATION for one in free):
            known = company.current().catalogue.models
            self.model.choices = [SelectChoice("", "Посоветуйте"), *(SelectChoice(m.code, priced(m)) for m in known)]
        if self.what.data is None:
            asked = [
                one.code for one in free if request.args.get("what") == one.code or request.args.get("kind") == one.kind
            ]
            only = [free[0].code] if len(free) == 1 else []
            self.what.data = next(iter(asked or only), None)
        if self.model.data is None:
            self.model.data = request.args.get("model", "")
        if self.phone.data is None:
            self.phone.data = words.phone(phone).replace(NBSP, " ") if phone else ""
        self.key.data = self.key.data or seal.token()[:22]
        return self

    @property
    def wish(self) -> Wish:
        return Wish(
            self.what.data or "", self.model.data or "", self.phone.data or "", self.words.data or "", self.chosen,
            by_phone=self.slot.data == LATER,
        )  # fmt: skip


def priced(model: Any) -> str:
    """«Меркурий 200.02, 2 тарифа, 3 190 ₽»"""
    plan = words.plural(model.zones, "тариф", "тарифа", "тарифов")
    return (
        f"{model.name}, {plan}, {words.number(model.price // 100)}{NBSP}₽" if model.price else f"{model.name}, {plan}"
    )


def table(found: list[slots.Day]) -> dict[str, Any]:
    """What parts/slots.html needs: the days with their free spans, and how to name them."""
    return {
        "days": found, "spans": slots.spans(), "hours": hours, "short": short, "value": slots.value, "weekday": weekday,
    }  # fmt: skip


def weekday(day: date) -> str:
    """«ср»"""
    return _WEEKDAYS[day.weekday()]


def short(span: str) -> str:
    """«9–12» from '09:00-12:00'."""
    return "–".join(str(int(one[:2])) + ("" if one.endswith("00") else one[2:]) for one in span.split("-"))


def day_of(typed: str) -> date | None:
    """The day of '2026-11-20', as date fields send it, or of '20.11.2026', as people write it; None for anything else."""
    text = typed.strip()
    if match := _RUSSIAN_DAY.fullmatch(text):
        text = f"{match[3]}-{match[2]:0>2}-{match[1]:0>2}"
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
