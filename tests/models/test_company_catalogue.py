"""catalogue.toml: what is read, what stops the start."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from models import company as companies
from models.company import Company
from models.company_catalogue import Catalogue, catalogue
from models.company_file import CompanyError

MODEL = """
[[models]]
code = "neva"
name = "НЕВА"
zones = 1
digits = 6
interval = 16
price = 2690
suits = "Дом"
"""
QUESTION = """
[[questions]]
question = "Кто платит?"
answer = "Компания."
"""


def read(tmp_path: Path, text: str) -> Catalogue:
    path = tmp_path / "catalogue.toml"
    path.write_text(text, "utf-8")
    return catalogue(path)


def test_models_and_questions(tmp_path: Path) -> None:
    found = read(tmp_path, MODEL + QUESTION)
    (model,) = found.models
    assert (model.code, model.zones, model.digits, model.price, model.is_three_phase) == ("neva", 1, 6, 269_000, False)
    assert found.questions[0].answer == "Компания."
    assert found.find("neva") == found.named("  нева ") == model
    assert found.find("x") is None and found.named("x") is None


def test_a_company_without_orders_needs_no_catalogue(tmp_path: Path) -> None:
    assert catalogue(tmp_path / "catalogue.toml") == Catalogue()


def test_the_interval_ends_on_the_same_day_years_later(tmp_path: Path) -> None:
    (model,) = read(tmp_path, MODEL + QUESTION).models
    assert model.verified_until(date(2026, 11, 18)) == date(2042, 11, 18)
    assert model.verified_until(date(2028, 2, 29)) == date(2044, 2, 28)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (MODEL, "questions"),
        (QUESTION, "models"),
        (MODEL * 2 + QUESTION, "twice"),
        (MODEL.replace('"neva"', '"Нева"') + QUESTION, "code"),
        (MODEL.replace("zones = 1", "zones = 4") + QUESTION, "zones"),
        (MODEL.replace("price = 2690", "price = -1") + QUESTION, "price"),
        (MODEL + "colour = 1" + QUESTION, "colour"),
        ("x", "TOML"),
    ],
)
def test_a_wrong_catalogue_stops_the_start(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(CompanyError, match=said):
        read(tmp_path, text)


@pytest.mark.parametrize("name", ["krasnoyarsk", "irkutsk", "kaluga"])
def test_every_company_with_orders_has_a_catalogue(name: str) -> None:
    found = companies.find(name, Path(__file__).resolve().parents[2] / "companies")
    assert found.orders.kinds and found.catalogue.models and found.catalogue.questions


@pytest.mark.company("koryak")
def test_a_company_without_orders_has_none(company: Company) -> None:
    assert not company.orders.kinds and not company.catalogue.models
