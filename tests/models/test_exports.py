"""Files that customers take away."""

from __future__ import annotations

import csv
from datetime import date
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from peewee import Database

from models.exchange import exports
from models.metering import readings
from models.metering.history import Past
from tests import cast

TODAY = date(2026, 11, 20)


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=";"))


@pytest.fixture
def anna(db: Database) -> cast.Person:
    return cast.anna()


@pytest.mark.feature("S24")
def test_readings(anna: cast.Person) -> None:
    cast.read(
        anna.meter, "2026-10-10", 9000, 9000, state="rejected", channel="citypay", reason="Ошибка; «лишняя» цифра"
    )
    assert rows(exports.readings(Past(anna.account, TODAY).lines("2026-10", "2026-10"))) == [
        ["Дата", "Счётчик", "Откуда", "Т1", "Т2", "Т3", "Расход", "Состояние", "Причина"],
        ["2026-10-20", "87749621", "личный кабинет", "6320", "2660", "", "180", "принято к расчёту", ""],
        ["2026-10-10", "87749621", "терминал CityPay", "9000", "9000", "", "", "не принято", "Ошибка; «лишняя» цифра"],
    ]


def test_consumption(anna: cast.Person) -> None:
    assert rows(exports.consumption(Past(anna.account, TODAY).bars("electricity", "2026-10", "2026-11"))) == [
        ["Период", "Т1", "Т2", "Т3", "Всего", "Как начислено", "Год назад"],
        ["2026-10", "120", "60", "0", "180", "по показаниям", ""],
        ["2026-11", "110", "55", "0", "165", "по среднему", "0"],
    ]


def test_every_state_has_its_word() -> None:
    states = {
        value
        for name, value in vars(readings).items()
        if name in ("ACCEPTED", "HELD", "REJECTED", "REPLACED", "BILLED")
    }
    assert states == set(exports.STATES)


def test_begins_with_a_bom_and_ends_lines_as_spreadsheets_do() -> None:
    assert exports.table(("А",), [("б",)]) == "\ufeffА\r\nб\r\n"


@pytest.mark.parametrize("cell", ["=1+1", "+7 913", "-5 шт.", "@SUM(A1)", "\t=1", "\r=1"])
def test_formula_is_made_harmless(cell: str) -> None:
    assert exports.safe(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", [-70, 0, 5.5, None, "", "5-6", "Ошибка = да"])
def test_the_rest_stays_as_it_is(cell: Any) -> None:
    assert exports.safe(cell) == cell


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")), min_size=1, max_size=4))
def test_whatever_is_in_a_cell_comes_back_out(cells: list[str]) -> None:
    found = rows(exports.table(("А",) * len(cells), [tuple(cells)]))[1]
    assert [one.removeprefix("'") if one != raw else one for one, raw in zip(found, cells, strict=True)] == cells


@given(st.text(min_size=1))
def test_no_cell_begins_a_formula(cell: str) -> None:
    assert exports.safe(cell)[0] not in "=+-@\t\r"
