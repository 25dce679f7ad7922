"""The form for paying: what is owed and proposed, sums as people write them, the meters that are read with it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from flask import request
from wtforms.validators import ValidationError

from models import clock, company, seal, words
from models.base import Refusal
from models.billing import payments
from views.fields import Form, HiddenField, Shown, Tick
from views.reading_form import for_standings

# Rubles with thousands apart or not, kopecks after a comma or a dot, the unit at the end only: «100 руб 50» is for people to say.
_SUM = re.compile(r"(\d{1,3}(?:[ '’]\d{3})+|\d{1,12})(?:[.,](\d{1,2}))? ?(?:рублей|рубля|руб|р|₽)?\.?", re.ASCII)
_LONGEST = 60


class Rubles(Shown):
    """A sum as people write it: «2642,85», «2 642.85 ₽». `kopecks` is what it comes to, 0 when left empty."""

    kopecks = 0

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = valuelist[0] if valuelist else ""  # a sum that was not sent is none, whatever was proposed

    def pre_validate(self, form: Any) -> None:
        text = " ".join(words.normal(self.data or "", "NFKC").lower().split())
        if not text:
            return
        if text.startswith(("-", "−")):
            raise ValidationError("Сумма не может быть меньше нуля.")
        found = _SUM.fullmatch(text) if len(text) <= _LONGEST else None
        if not found:
            raise ValidationError("Напишите сумму цифрами: рубли, запятая, копейки. Например, 2642,85.")
        self.kopecks = int(re.sub(r"\D", "", found[1])) * 100 + int((found[2] or "").ljust(2, "0"))


class PayForm(Form):
    """`amount`, or amount-<service> for each of several, and then the consent; `key` tells a double click from a new payment."""

    key = HiddenField()


@dataclass
class Desk:
    """What the page of paying is made of: what is owed, the meters to be read with it, what went wrong."""

    account: Any
    owed: dict[str, int]
    unfinished: Any | None = None
    disputed: Any | None = None  # a payment that people are finding out about
    standings: list[Any] = field(default_factory=list)  # to be read with the payment
    without: str = ""  # why no readings are asked for, where the company usually wants them
    verdicts: dict[int, Any] = field(default_factory=dict)
    confirm: str = ""

    def __post_init__(self) -> None:
        codes = payments.payable(self.account, self.owed)
        self.services = [company.current().services[code] for code in codes]
        sums = [self.owed.get(service.code, 0) for service in self.services]
        self.total = sum(one for one in sums if one > 0)  # an advance for one service pays no debt for another
        self.advance = -sum(one for one in sums if one < 0)
        self.form = self._form()
        self.readings = for_standings(self.standings, clock.today()) if self.standings else None

    def name(self, code: str) -> str:
        return "amount" if len(self.services) == 1 else f"amount-{code}"

    def _form(self) -> Any:
        fields: dict[str, Any] = {
            self.name(service.code): Rubles(
                "Сумма, ₽" if len(self.services) == 1 else f"{service.title}, ₽",
                default=_plain(self.owed.get(service.code, 0)),
            )
            for service in self.services
        }
        fields["consent"] = Tick("Согласен на обработку персональных данных")
        return type("PayForm", (PayForm,), fields)(key=seal.token()[:22])

    @property
    def typed(self) -> int:
        """What the sums in the fields come to, kopecks: those proposed, or those that were sent and understood."""
        if request.method != "POST":
            return self.total
        return sum(self.form[self.name(service.code)].kopecks for service in self.services)

    def parts(self) -> dict[str, int]:
        """Kopecks by service. A bare `amount` for several services is divided as their debts are (ПП 354 п. 118)."""
        named = {service.code: self.form[self.name(service.code)] for service in self.services}
        if len(self.services) > 1 and not any(one.name in request.form for one in named.values()):
            return payments.divided(self.account.id, self._bare(), list(named))
        return {code: one.kopecks for code, one in named.items()}

    def _bare(self) -> int:
        bare = Rubles("Сумма").bind(self.form, "amount")
        bare.process(request.form)
        try:
            bare.pre_validate(self.form)
        except ValidationError as error:
            raise Refusal("amount", str(error), "payment.amount") from error
        return int(bare.kopecks)


def _plain(kopecks: int) -> str:
    """«2642,85» for a field; nothing when nothing is owed."""
    return f"{kopecks // 100},{kopecks % 100:02d}" if kopecks > 0 else ""
