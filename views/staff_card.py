"""The open customer card behind a page of the office: whoever has not opened it is asked for a reason first."""

from __future__ import annotations

from typing import Any

from flask import abort
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from models.office import cards
from views.fields import Form, Line
from views.page import see
from views.staff_door import officer


class ReasonForm(Form):
    """Why an employee wants to look at somebody's data, where that is asked for on the page itself."""

    reason = SelectField("Зачем открываете", validate_choice=False)
    note = Line("Подробнее", most=cards.LONGEST_NOTE)

    def offer_reasons(self) -> ReasonForm:
        reasons = [SelectChoice(code, title) for code, title in cards.REASONS.items()]
        self.reason.choices = [SelectChoice("", "выберите"), *reasons]
        return self


def card_or_reason(number: str) -> Any:
    """The account of the card that this employee has open; else off to where the reason is asked for."""
    found = cards.present(officer().id, number)
    if found is None:
        abort(see("staff_customers.show", number=number))
    return found
