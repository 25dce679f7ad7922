"""information/ of a company's folder: what is common to all, what is the company's own, and what stops the start."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from models import company as companies
from models.company_file import CompanyError
from tests.conftest import ROOT

COMPANIES = ROOT / "companies"
CODES = ("krasnoyarsk", "kaluga", "koryak", "irkutsk")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped companies' common items and of Irkutsk."""
    for name in ("common", "irkutsk"):
        shutil.copytree(COMPANIES / name, tmp_path / name)
    return tmp_path / "irkutsk"


def put(folder: Path, name: str, text: str) -> None:
    (folder / "information" / f"{name}.toml").write_text(text, "utf-8")


def question(**changed: str) -> str:
    values = {"slug": "own", "topic": "other", "question": "Вопрос?", "answer": "Ответ.", **changed}
    return "[[questions]]\n" + "".join(f'{name} = """{value}"""\n' for name, value in values.items())


@pytest.mark.parametrize("code", CODES)
def test_every_company_answers_twenty_questions_and_more(code: str) -> None:
    found = companies.find(code, COMPANIES).information
    assert len(found.questions) >= 20
    assert {one.slug for one in found.pages} >= {"contacts", "contracts", "service-centre", "cabinet", "tariffs"}
    assert found.services and found.contracts


def test_contracts_are_of_the_services_that_the_company_has() -> None:
    by_code = {code: companies.find(code, COMPANIES) for code in CODES}
    for rules in by_code.values():
        assert {one.service for one in rules.information.contracts} <= {*rules.services, "any"}
    assert any(one.slug == "heat-private" for one in by_code["irkutsk"].information.contracts)
    assert not any(one.service == "heat" for one in by_code["krasnoyarsk"].information.contracts)


def test_an_own_item_takes_the_place_of_the_common_one_and_hide_leaves_one_out(folder: Path) -> None:
    common = [one.slug for one in companies.load(folder).information.questions]
    put(folder, "questions", 'hide = ["no-power"]\n' + question(slug="pass-reading", question="Своё?"))
    found = companies.load(folder).information.questions
    assert found[0].question == "Своё?" and found[0].slug == "pass-reading"
    assert "no-power" in common and "no-power" not in [one.slug for one in found]


def test_a_company_that_lies_alone_has_the_common_items_too(folder: Path) -> None:
    shutil.rmtree(folder.parent / "common")
    assert any(one.slug == "no-power" for one in companies.load(folder).information.questions)


@pytest.mark.parametrize(
    ("name", "text", "key", "reason"),
    [
        ("questions", question(topic="weather"), "questions[1].topic", "must be"),
        ("questions", question(slug="Не так"), "questions[1].slug", "small Latin"),
        ("questions", question(answer=" "), "questions[1].answer", "1 to 2000"),
        ("questions", question(answer="я" * 2001), "questions[1].answer", "1 to 2000"),
        ("questions", question(answer="\\u202e"), "questions[1].answer", "1 to 2000"),
        ("questions", question(colour="red"), "questions[1].colour", "no such key"),
        ("questions", question() + question(), "questions[2].slug", "twice"),
        ("questions", 'hide = ["nothing"]', "hide", "no common item"),
        ("questions", "hide = 1", "hide", "must be a list"),
        ("questions", "questions = 1", "questions", "must be a list"),
        ("questions", "[[", "", "is not TOML"),
        ("pages", '[[pages]]\nslug = "weather"\ntitle = "П"\ntext = "Т"', "pages[1].slug", "must be"),
        (
            "services",
            '[[services]]\nslug = "a"\ngroup = "Г"\nname = "Н"\nunit = "шт."\nprice = 1.005\nvat = 22',
            "services[1].price",
            "two decimals",
        ),
        (
            "services",
            '[[services]]\nslug = "a"\ngroup = "Г"\nname = "Н"\nunit = "шт."\nprice = 1\nvat = 18',
            "services[1].vat",
            "must be 0 or 5",
        ),
        (
            "contracts",
            '[[contracts]]\nslug = "a"\nservice = "water"\nhouse = "any"\ntitle = "Т"\ntext = "Т"',
            "contracts[1].service",
            "must be electricity",
        ),
        (
            "contracts",
            '[[contracts]]\nslug = "a"\nservice = "any"\nhouse = "castle"\ntitle = "Т"\ntext = "Т"',
            "contracts[1].house",
            "must be block",
        ),
    ],
)
def test_a_wrong_file_stops_the_start_with_file_key_and_reason(
    folder: Path, name: str, text: str, key: str, reason: str
) -> None:
    put(folder, name, text)
    with pytest.raises(CompanyError, match=reason) as refused:
        companies.load(folder)
    assert refused.value.key == key and refused.value.file.endswith(f"information/{name}.toml")
