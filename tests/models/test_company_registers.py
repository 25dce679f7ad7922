"""The layout of a bank's register in company.toml: read as it stands, refused with the key and the reason."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from models import company
from models.company import CompanyError

COMPANIES = Path(__file__).resolve().parents[2] / "companies"


@pytest.fixture
def spoilt(tmp_path: Path) -> Callable[[str, str], company.Company]:
    """The company whose file had one text replaced by another."""

    def load(old: str, new: str) -> company.Company:
        shutil.copytree(COMPANIES / "kaluga", tmp_path / "kaluga")
        file = tmp_path / "kaluga" / "company.toml"
        text = file.read_text("utf-8")
        assert text.count(old) == 1
        file.write_text(text.replace(old, new), "utf-8")
        return company.load(tmp_path / "kaluga")

    return load


@pytest.mark.parametrize("code", ["krasnoyarsk", "kaluga", "koryak", "irkutsk"])
def test_all_companies_take_the_classic_register(code: str) -> None:
    rule = company.find(code, COMPANIES).registers["sberbank"]
    assert (rule.encoding, rule.separator, rule.day, rule.channel) == ("cp1251", ";", "%d-%m-%Y", "sberbank")
    assert (rule.places["document"], rule.places["account"], rule.places["amount"]) == (4, 5, 9)
    assert (rule.mark, rule.trailer["rows"], rule.trailer["amount"]) == ("=", 0, 1)


def test_a_company_may_have_none(spoilt: Callable[[str, str], company.Company]) -> None:
    file = (COMPANIES / "kaluga" / "company.toml").read_text("utf-8")
    table = file[file.index("[registers.sberbank]") : file.index("# Phones")]
    assert spoilt(table, "").registers == {}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('encoding = "cp1251"', 'encoding = "cp12511"', "registers.sberbank.encoding: must be an encoding"),
        ('separator = ";"', 'separator = ";;"', "registers.sberbank.separator: must be one character"),
        ('day = "DD-MM-YYYY"', 'day = "DDMMYY"', "registers.sberbank.day: must be DD-MM-YYYY or"),
        ('channel = "sberbank"', 'channel = "sber"', "registers.sberbank.channel: must be"),
        ("amount = 10,", "sum = 10,", "registers.sberbank.columns.sum: no such key"),
        ("amount = 10,", "", "registers.sberbank.columns.amount: is missing"),
        ("amount = 10,", "amount = 6,", "registers.sberbank.columns: must have a place of its own"),
        ("account = 6,", "account = 0,", "registers.sberbank.columns.account: must be 1…100"),
        ('mark = "="', 'marc = "="', "registers.sberbank.trailer.marc: no such key"),
        ("rows = 1,", "", "registers.sberbank.trailer.rows: is missing"),
        ("[registers.sberbank]", "[registers.Sber-bank]", "registers.Sber-bank: must be small Latin letters"),
    ],
)
def test_a_wrong_layout_stops_the_start(
    spoilt: Callable[[str, str], company.Company], old: str, new: str, said: str
) -> None:
    with pytest.raises(CompanyError) as error:
        spoilt(old, new)
    assert said in str(error.value)
