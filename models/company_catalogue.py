"""catalogue.toml of a company: meters that it hangs, what they cost, and what people ask about them. A company without orders has none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from models import company_file as rules
from models.company_file import Table

_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_MODEL_KEYS = ("code", "name", "zones", "digits", "interval", "price", "suits", "is_three_phase")


@dataclass(frozen=True)
class CatalogueModel:
    """A meter that may be wished for."""

    code: str
    name: str
    zones: int
    digits: int  # before the comma
    interval: int  # years from one verification to the next (МПИ)
    price: int  # kopecks, with the work; 0: free for the customer
    suits: str  # what it is good for
    is_three_phase: bool

    def verified_until(self, day: date) -> date:
        """The last day of the verification interval of one verified on that day."""
        return years_later(day, self.interval)


@dataclass(frozen=True)
class Question:
    question: str
    answer: str


@dataclass(frozen=True)
class Catalogue:
    models: tuple[CatalogueModel, ...] = ()
    questions: tuple[Question, ...] = ()

    def find(self, code: str) -> CatalogueModel | None:
        return next((model for model in self.models if model.code == code), None)

    def named(self, name: str) -> CatalogueModel | None:
        """The model that is called so, whatever the letters' size."""
        meant = " ".join(name.split()).casefold()
        return next((model for model in self.models if model.name.casefold() == meant), None)


def catalogue(path: Path) -> Catalogue:
    """The catalogue in a company's folder; an empty one where there is no such file. A wrong one raises CompanyError."""
    if not path.exists():
        return Catalogue()
    top = rules.read_toml(path, ("models", "questions"))
    models = tuple(_model(row) for row in top.tables("models", _MODEL_KEYS))
    for name, seen in (("code", [one.code for one in models]), ("name", [one.name.casefold() for one in models])):
        _refuse_twins(top, name, seen)
    questions = top.tables("questions", ("question", "answer"))
    return Catalogue(models, tuple(Question(row.text("question"), row.text("answer")) for row in questions))


def years_later(day: date, years: int) -> date:
    """The same day of a later year; 29 February becomes the 28th."""
    last = 28 if (day.month, day.day) == (2, 29) else day.day
    return date(day.year + years, day.month, last)


def _model(row: Table) -> CatalogueModel:
    code = row.text("code")
    if not _CODE.fullmatch(code):
        raise row.error("code", f"must be small Latin letters and digits with hyphens between, not {code!r}")
    return CatalogueModel(
        code=code,
        name=row.text("name"),
        zones=row.whole("zones", 1, 3),
        digits=row.whole("digits", 3, 9),
        interval=row.whole("interval", 1, 40),
        price=row.kopecks("price", 0, 1_000_000),
        suits=row.text("suits"),
        is_three_phase=row.yes("is_three_phase", default=False),
    )


def _refuse_twins(top: Table, name: str, seen: Sequence[str]) -> None:
    for one in seen:
        if seen.count(one) > 1:
            raise top.error(f"models.{name}", f"is there twice: {one!r}")
