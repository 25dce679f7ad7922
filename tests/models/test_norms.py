"""Norms of use: for each person or m², by dwelling and by day."""

from __future__ import annotations

from datetime import date

import pytest
from peewee import Database

from models.metering import norms
from models.metering.norms import PERSON, SQUARE_METRE, InForce, Norm
from tests import prices
from tests.cases import table

SERVICES = {"электроэнергия": "electricity", "тепло": "heat"}
KNOWN = [
    InForce("electricity", "", date(2020, 1, 1), date(2025, 6, 30), PERSON, 750_000),
    InForce("electricity", "", date(2025, 7, 1), None, PERSON, 800_000),
    InForce("electricity", "stove", date(2025, 7, 1), None, PERSON, 1_000_000),
    InForce("heat", "", date(2020, 1, 1), date(2026, 4, 30), SQUARE_METRE, 250),
]


@pytest.mark.parametrize("case", table.rows("norms.md"))
def test_norm_of_a_household(case: dict[str, str]) -> None:
    service, area = SERVICES[case["Услуга"]], table.scaled(case["Площадь"], 100)
    found = norms.of_month(KNOWN, service, case["Жильё"], int(case["Прописано"]), area, case["Месяц"])
    assert found == int(case["Норматив"])


def test_norm_in_words() -> None:
    heat, electricity = KNOWN[-1], KNOWN[1]
    assert electricity.words("кВт⋅ч").replace("\u00a0", " ") == "80 кВт⋅ч на человека в месяц"
    assert heat.words("Гкал").replace("\u00a0", " ") == "0,025 Гкал на м² в месяц"


def test_norms_come_from_their_table(db: Database) -> None:
    prices.norms()
    Norm.create(service="electricity", dwelling="stove", since=date(2025, 7, 1), per=PERSON, amount=1_000_000)
    loaded = norms.all_of()
    assert norms.of_month(loaded, "electricity", "stove", 2, 5000, "2026-01") == 200
    assert norms.of_month(loaded, "electricity", "rural", 2, 5000, "2026-01") == 160
