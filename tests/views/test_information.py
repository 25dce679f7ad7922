"""Information on the account: address, meters, zones, verification."""

from __future__ import annotations

from datetime import date

import pytest

from models.billing import ledger, payments
from models.billing.ledger import New
from models.metering.meters import Meter
from tests import cast

NB = "\u00a0"


def facts(page):
    return {term.get_text(): term.find_next("dd").get_text(" ", strip=True) for term in page.soup.select("dt")}


@pytest.fixture
def show(home, anna):
    return lambda: home.get("information.show", number=anna.account.number)


@pytest.mark.feature("S25")
def test_address_meter_and_zones(show):
    page = show()
    told = facts(page)
    assert told["Адрес"] == f"г. Красноярск, ул. Садовая, 33, кв.{NB}91"
    assert told["Модель"] == "Меркурий 200.02"
    assert told["Зоны"] == "двухтарифный: день и ночь"
    assert told["Площадь"].replace(NB, " ") == "57,9 м²"
    assert told["Цифр до запятой"] == "5"
    assert "Счётчик № 87749621" in page.text.replace(NB, " ")


def test_holders_family_name_is_masked_for_relatives(show):
    assert facts(show())["Владелец"] == "И*** Анна Сергеевна"


@pytest.mark.parametrize(
    ("due", "said"),
    [
        ("2026-11-19", "срок истёк"), ("2026-11-20", "скоро"), ("2027-05-20", "скоро"), ("2027-06-20", ""), ("2033-05-17", ""),
    ],
)  # fmt: skip
def test_verification_date_with_a_warning_in_the_last_half_year(show, due, said):
    Meter.update(verification_due=due).execute()
    shown = facts(show())["Поверка до"]
    assert shown.endswith(said or due[:4])


def test_verification_date_that_is_not_known(show):
    assert facts(show())["Поверка до"] == "не указана"


def test_removed_meters_are_listed_apart(show, anna):
    cast.hang(anna.account, "1122", installed="2010-01-01", removed="2025-10-21", final=(99,))
    page = show()
    assert page.soup.find("h2", string="Снятые счётчики") is not None
    assert f"1{NB}января{NB}2010 — 21{NB}октября{NB}2025" in page.text


def test_account_without_a_meter(client, boris):
    client.sign_in("boris@example.ru", cast.PASSWORD)
    assert "Счётчика нет" in client.get("information.show", number=boris.account.number).text


def test_transformer_ratio_is_told(show):
    Meter.update(ratio=20).execute()
    assert facts(show())["Коэффициент трансформации"] == "20"


@pytest.mark.feature("S25", "S26")
def test_balance_of_each_service(show, anna):
    for service, kopecks in (("electricity", 93517), ("repair", -5000)):
        ledger.post(New(anna.account.id, service, ledger.CORRECTION, kopecks, date(2026, 10, 31), f"test:{service}"))
    told = facts(show())
    assert told["Баланс: электроэнергия"] == f"к оплате 935,17{NB}₽"
    assert told["Баланс: капитальный ремонт"] == f"переплата 50,00{NB}₽"
    payments.take_external(
        anna.account.id, 93517, channel="cash", document="1", day=date(2026, 11, 1), service="electricity"
    )
    assert facts(show())["Баланс: электроэнергия"] == "долга нет"
