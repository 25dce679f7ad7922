"""Streets and houses as staff type them: what is meant, what is refused and how, and which houses are among them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.base import Refusal
from models.contact.outages import places

STREETS = ["ул. Садовая", "пер. Тихий", "ул. 8 Марта", "ул. Ленина", "пр. Ленина", "пр-кт Мира", "ул. Ёлочная"]
TOWNS = ["г. Красноярск", "пгт Солнечный", "п. Березовка", "д. Ивановка", "с. Ивановка"]
NUMBERS = "1 2 9 10 10а 11 12 12а 12б 12/3 13 14 20 20а 21 30а 30б 30г 30д".split()


def parse(typed: str) -> tuple[places.Place, ...]:
    return places.parse(typed, STREETS)


def among(typed: str, street: str = "ул. Садовая") -> list[str]:
    found = parse(typed)
    return [house for house in NUMBERS if places.has(found, street, house)]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("ул. Садовая, 30–40; пер. Тихий", "ул. Садовая, 30–40; пер. Тихий"),
        ("садовая,30-40\nтихий переулок", "ул. Садовая, 30–40; пер. Тихий"),
        ("УЛИЦА САДОВАЯ, дома 30 — 40", "ул. Садовая, 30–40"),
        ("8 марта, д. 5, 12А, 12/3, 5 корп. 2", "ул. 8 Марта, 5, 12а, 12/3, 5к2"),
        ("Садовая, чётные 2–20, нечётные", "ул. Садовая, чётные 2–20, нечётные"),
        ("Садовая, 2-20 четные", "ул. Садовая, чётные 2–20"),
        ("проспект Мира", "пр-кт Мира"),
        ("пр. Ленина, 1", "пр. Ленина, 1"),
        ("елочная", "ул. Ёлочная"),
        ("Садовая, 1; Садовая, 3", "ул. Садовая, 1, 3"),
        ("Садовая, 1; Садовая", "ул. Садовая"),
        (" Все  улицы. ".replace("  ", " "), "все улицы"),
    ],
)
def test_what_is_meant(typed: str, said: str) -> None:
    assert places.text_of(parse(typed)) == said


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Напишите улицы"),
        (" ; ", "Напишите улицы"),
        ("Ленина", "здесь не одна: пр. Ленина и ул. Ленина"),
        ("Садоваяя, 3", "Похожие: ул. Садовая"),
        ("пер. Садовая, 3", "нет ни в одном лицевом счёте"),
        ("ул. Небывалая", "нет ни в одном лицевом счёте"),
        ("Садовая 33", "«Садовая 33»: перед домом нужна запятая: ул. Садовая, 33."),
        ("ул. Садовая д. 33; Тихий", "нужна запятая: ул. Садовая, д. 33."),
        ("Садоваяя; Тихий; Садовая, 0", "Похожие: ул. Садовая. ул. Садовая: непонятно «0»"),
        ("; ".join(f"Небывалая-{one}-я" for one in "абвгдежз"), "И ещё ошибки: 3."),
        ("Садовая, 30-", "непонятно «30-»"),
        ("Садовая, тридцать", "непонятно «тридцать»"),
        ("Садовая, 0", "непонятно «0»"),
        ("Садовая, 12345", "непонятно"),
        ("Садовая, 40-30", "не по порядку"),
        ("Садовая, 1 2 3", "непонятно"),
        ("Садовая, чётные 12", "непонятно"),
        ("; ".join(["Садовая"] * 201), "Слишком много улиц"),
        ("Садовая, " + ", ".join(map(str, range(1, 302))), "Слишком много домов"),
        ("я" * 4001, "Слишком длинно"),
    ],
)
def test_what_is_refused_and_how(typed: str, said: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse(typed)
    assert said in refused.value.text and refused.value.problems[0].field == "streets"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("г. Красноярск", "г. Красноярск"),
        ("красноярск", "г. Красноярск"),
        ("Город  Красноярск", "г. Красноярск"),
        ("солнечный", "пгт Солнечный"),
        ("Берёзовка", "п. Березовка"),
    ],
)
def test_the_settlement_that_is_meant(typed: str, meant: str) -> None:
    assert places.settlement(typed, TOWNS) == meant


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("Краснаярск", "Похожие: г. Красноярск."),
        ("Ивановка", "Похожие: д. Ивановка, с. Ивановка."),
        ("Нигде", "лицевые счета."),
        ("", "лицевые счета."),
    ],
)
def test_a_settlement_that_is_not_known_is_refused_with_those_alike(typed: str, said: str) -> None:
    with pytest.raises(Refusal) as refused:
        places.settlement(typed, TOWNS)
    assert refused.value.text.endswith(said) and refused.value.problems[0].field == "settlement"


@pytest.mark.parametrize(
    ("typed", "houses"),
    [
        ("Садовая, 10–14", "10 10а 11 12 12а 12б 12/3 13 14"),
        ("Садовая, чётные 10–14", "10 10а 12 12а 12б 12/3 14"),
        ("Садовая, нечётные", "1 9 11 13 21"),
        ("Садовая, 12", "12"),
        ("Садовая, 12а", "12а"),
        ("Садовая, 12/3", "12/3"),
        ("Садовая, 30а–30г", "30а 30б 30г"),
        ("Садовая, 12а–13", "12а 12б 13"),
        ("Садовая", " ".join(NUMBERS)),
        ("все улицы", " ".join(NUMBERS)),
        ("Тихий", ""),
    ],
)
def test_which_houses_are_among_them(typed: str, houses: str) -> None:
    assert among(typed) == houses.split()


def test_houses_are_compared_however_an_account_writes_them() -> None:
    found = parse("Садовая, 12а, 12к2, 5/1")
    assert all(places.has(found, "Садовая улица", house) for house in ("12А", "12 а", "12 корп. 2", "12к.2", "5 / 1"))
    assert places.has(found, "ул. Садовая", "12a"), "a Latin letter that looks alike"
    assert not places.has(found, "ул. Садовая", "б/н") and places.has(parse("Садовая"), "ул. Садовая", "б/н")


def test_a_street_of_another_kind_with_the_same_name_is_another_street() -> None:
    found = parse("пр. Ленина")
    assert places.has(found, "проспект Ленина", "1") and not places.has(found, "ул. Ленина", "1")


@given(
    st.lists(
        st.one_of(
            st.tuples(st.integers(1, 9999), st.sampled_from(["", "а", "/3", "к2"])).map(
                lambda one: f"{one[0]}{one[1]}"
            ),
            st.tuples(st.integers(1, 5000), st.integers(0, 4999)).map(lambda one: f"{one[0]}–{one[0] + one[1]}"),
            st.sampled_from(["чётные", "нечётные", "чётные 2–20", "нечётные 1–99"]),
        ),
        max_size=20,
    )
)
def test_what_is_stored_is_read_back_the_same(parts: list[str]) -> None:
    found = parse(", ".join(["ул. Садовая", *parts]))
    assert places.restored(places.stored(found)) == found
    assert parse(places.text_of(found)) == found


@given(st.text(max_size=200))
def test_any_text_is_either_understood_or_refused(typed: str) -> None:
    try:
        found = parse(typed)
    except Refusal:
        return
    assert places.restored(places.stored(found)) == found
