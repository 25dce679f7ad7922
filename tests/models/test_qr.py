"""The text of the payment code (ГОСТ Р 56042-2014), read by a parser of the test's own."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import company as companies
from models.billing import qr
from models.company import Company
from tests.paper_samples import ADDRESS, HOLDER, read_payment

MANDATORY = ["Name", "PersonalAcc", "BankName", "BIC", "CorrespAcc"]
ANY = st.text(max_size=400)


def text(company: Company, **changed: object) -> str:
    given = {"account": "241010000054", "holder": HOLDER, "address": ADDRESS, "period": "2026-10", "kopecks": 264285}
    return qr.payment(company, **{**given, **changed})  # type: ignore[arg-type]


def test_all_that_a_bank_needs_to_fill_the_payment(company: Company) -> None:
    assert read_payment(text(company)) == {
        "name": "ПАО «Енисейсбыт»",
        "personalacc": "40702810200000000241",
        "bankname": "АО «Банк Левобережный»",
        "bic": "040407924",
        "correspacc": "30101810600000000924",
        "kpp": "249901001",
        "payeeinn": "2499000012",
        "purpose": "Оплата по лицевому счёту 241010000054 за 10.2026",
        "sum": "264285",
        "persacc": "241010000054",
        "paymperiod": "102026",
        "lastname": "Иванова",
        "firstname": "Анна",
        "middlename": "Сергеевна",
        "payeraddress": "г. Красноярск, ул. Мира, 23, кв. 32",
        "techcode": "02",
    }


def test_the_order_that_the_sberbank_app_wants(company: Company) -> None:
    keys = [pair.partition("=")[0] for pair in text(company).split("|")[1:]]
    assert keys[:9] == [*MANDATORY, "KPP", "PayeeINN", "Purpose", "Sum"]


@pytest.mark.parametrize("kopecks", [0, -1, -250_000])
def test_nothing_owed_has_no_code(company: Company, kopecks: int) -> None:
    assert text(company, kopecks=kopecks) == ""


def test_what_is_not_known_is_left_out(company: Company) -> None:
    fields = read_payment(text(company, holder=("Иванова", "Анна", "")))
    assert "middlename" not in fields


@pytest.mark.parametrize(
    ("address", "separator"), [("дом 1", "|"), ("дом 1|2", "#"), ("дом |#", ";"), ("|#;:^_~{}!$%&()*+,/", "@")]
)
def test_the_separator_occurs_in_no_value(company: Company, address: str, separator: str) -> None:
    bare = replace(company, legal_name="Сбыт", bank=replace(company.bank, name="Банк"))
    found = text(bare, address=address)
    assert found[7] == separator
    assert read_payment(found)["payeraddress"] == address


def test_long_names_give_way_to_the_three_hundred_bytes(company: Company) -> None:
    name = "Публичное акционерное общество «Красноярская краевая энергосбытовая компания имени Красноярской ГЭС»"
    bank = replace(company.bank, name="Акционерное общество «Банк Левобережный и Правобережный»")
    found = text(replace(company, legal_name=name, bank=bank))
    fields = read_payment(found)
    assert len(mandatory(found).encode()) <= 300
    assert fields["name"].startswith("ПАО «Красноярская краевая энергосбытовая")
    assert fields["bankname"].startswith("АО «Банк Левобережный")
    assert fields["bic"] == "040407924"


def test_a_short_enough_name_stays_in_full(company: Company) -> None:
    name = "Общество с ограниченной ответственностью «Сбыт»"
    assert read_payment(text(replace(company, legal_name=name)))["name"] == name


@given(ANY, ANY, ANY, ANY, ANY, ANY, ANY, st.integers(1, 10**12))
def test_whatever_the_values_are_it_reads_back(
    name: str, bank: str, account: str, last: str, first: str, middle: str, address: str, kopecks: int
) -> None:
    company = _krasnoyarsk()
    company = replace(company, legal_name=f"О {name}", bank=replace(company.bank, name=f"Б {bank}"))
    found = text(company, account=f"1{account}", holder=(last, first, middle), address=address, kopecks=kopecks)
    fields = read_payment(found)
    assert len(mandatory(found).encode()) <= 300
    assert len(found.encode()) <= 2331  # what the largest code of level M holds
    assert not any(ord(one) < 32 or ord(one) == 127 for one in found)
    assert fields["sum"] == str(kopecks)
    assert fields["personalacc"] == company.bank.account
    assert fields["techcode"] == "02"
    for key, value in (("lastname", last), ("firstname", first), ("middlename", middle), ("payeraddress", address)):
        shown = fields.get(key, "")
        assert squeezed(value).replace("|", "").startswith(squeezed(shown).replace("|", ""))
    assert fields["name"].startswith("О")
    assert fields["bankname"].startswith("Б")


@given(st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), max_size=50))
def test_letters_numbers_and_signs_come_through_whole(name: str) -> None:
    fields = read_payment(text(_krasnoyarsk(), holder=(name, "", "")))
    assert fields.get("lastname", "") == name


@cache
def _krasnoyarsk() -> Company:
    return companies.find("krasnoyarsk", Path(__file__).parents[2] / "companies")


def mandatory(found: str) -> str:
    """The five first pairs with the separators between them."""
    return found[7].join(found[8:].split(found[7])[:5])


def squeezed(value: str) -> str:
    return "".join(one for one in value if one.isprintable() and not one.isspace())
