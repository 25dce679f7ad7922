"""Russian words for numbers, days and months."""

from __future__ import annotations

import time
import unicodedata
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import words


def plain(text: str) -> str:
    """With every special space made a common one."""
    return text.replace(words.NBSP, " ").replace(words.THIN, " ")


def test_days_and_moments() -> None:
    assert words.day(date(2026, 11, 20)) == "20\u00a0ноября\u00a02026"
    assert words.day_month(date(2026, 5, 1)) == "1\u00a0мая"
    assert words.moment(datetime(2026, 11, 20, 4, 5)) == "20\u00a0ноября\u00a02026, 04:05"


def test_months() -> None:
    assert words.month("2026-11") == "ноябрь\u00a02026"
    assert words.month_in("2026-03") == "марте\u00a02026"
    assert [words.month_short(f"2026-{i:02d}") for i in (1, 5, 12)] == ["янв", "май", "дек"]


def test_twelve_of_each() -> None:
    assert {len(set(row)) for row in (words.MONTHS, words.MONTHS_OF, words.MONTHS_IN, words.MONTHS_SHORT)} == {12}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1\u202f000"),
        (14218, "14\u202f218"),
        (1234567, "1\u202f234\u202f567"),
        (-1234, "\u22121\u202f234"),
    ],
)
def test_numbers(value: int, text: str) -> None:
    assert words.number(value) == text


@pytest.mark.parametrize(
    ("kopecks", "text"),
    [
        (264285, "2 642,85 ₽"),
        (0, "0,00 ₽"),
        (5, "0,05 ₽"),
        (100, "1,00 ₽"),
        (-5, "\u22120,05 ₽"),
        (-264285, "\u22122 642,85 ₽"),
    ],
)
def test_rubles(kopecks: int, text: str) -> None:
    assert plain(words.rubles(kopecks)) == text
    assert words.rubles(kopecks).endswith("\u00a0₽")


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 дней"), (1, "1 день"), (2, "2 дня"), (4, "4 дня"), (5, "5 дней"), (10, "10 дней"), (11, "11 дней"), (12, "12 дней"),
     (14, "14 дней"), (20, "20 дней"), (21, "21 день"), (22, "22 дня"), (25, "25 дней"), (101, "101 день"), (111, "111 дней"),
     (112, "112 дней"), (1001, "1 001 день"), (-1, "\u22121 день")],
)  # fmt: skip
def test_plurals(count: int, text: str) -> None:
    assert plain(words.plural(count, "день", "дня", "дней")) == text


@pytest.mark.parametrize(
    ("parts", "text"),
    [(["день"], "день"), (["день", "ночь"], "день и ночь"), (["пик", "ночь", "полупик"], "пик, ночь и полупик")],
)
def test_lists(parts: list[str], text: str) -> None:
    assert words.listed(parts) == text


@given(st.integers(-(10**12), 10**12))
def test_no_sum_loses_a_kopeck(kopecks: int) -> None:
    digits = "".join(character for character in words.rubles(kopecks) if character.isdigit())
    assert int(digits) == abs(kopecks)
    assert (words.MINUS in words.rubles(kopecks)) == (kopecks < 0)


@pytest.mark.parametrize("form", ["NFC", "NFKC"])
@pytest.mark.parametrize(
    "marks", ["\u0301" * 50_000 + "\u0323" * 50_000, "\u0f73" * 50_000, ("\u0301" * 29 + "\uff9e") * 3_000]
)
def test_a_heap_of_marks_takes_no_time(form: Any, marks: str) -> None:
    begun = time.process_time()
    assert len(words.normal(f"а{marks}б", form)) < 100
    assert time.process_time() - begun < 1


@given(st.text(max_size=30))
def test_a_usual_text_is_normalised_as_unicode_says(text: str) -> None:
    assert words.normal(text) == unicodedata.normalize("NFC", text)
