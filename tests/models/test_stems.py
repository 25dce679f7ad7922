"""Russian words without their endings: what one typed finds what another wrote."""

from __future__ import annotations

import pytest

from models import stems

SAME = [
    ("счётчик", "счетчика"),
    ("СЧЁТЧИКИ", "счётчикам"),
    ("начисление", "начисления"),
    ("показания", "показаний"),
    ("отключение", "отключению"),
    ("квитанция", "квитанции"),
    ("bill", "bills"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_forms_of_a_word_have_one_stem(one: str, other: str) -> None:
    assert stems.stems(one) == stems.stems(other)


def test_other_words_have_others() -> None:
    assert len({stems.stems(word)[0] for word in ("счёт", "счётчик", "поверка", "проверка", "плата")}) == 5


def test_words_are_letters_and_digits_alone() -> None:
    assert list(stems.words("Счёт № 12-34/б, «ул. Мира»\0 'OR' *")) == ["счет", "12", "34", "б", "ул", "мира", "or"]


def test_a_word_without_end_is_cut() -> None:
    assert len(next(stems.words("я" * 5000))) == 40


def test_an_entry_has_each_stem_once() -> None:
    assert stems.entry(["Счётчик счётчика", "", "у счётчиков день"]) == "счетчик у ден"
