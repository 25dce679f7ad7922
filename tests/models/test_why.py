"""Why a bill differs, in sentences: each with its numbers, all of them together the difference."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import company as companies
from models.billing.shown import (
    AREA,
    AVERAGE,
    FIXED,
    NORM,
    PENALTY,
    READING,
    RECALCULATION,
    USE,
    Line,
)
from models.billing.why import compare

NB, MINUS = "\u00a0", "\u2212"
SEPTEMBER, OCTOBER, YEAR_AGO = "2026-09", "2026-10", "2025-10"


def use(
    quantity: int, kopecks: int, *, zone: str = "t1", plan: int = 1, basis: str = READING, band: int = 1, **trace: Any
) -> Line:
    return Line(
        "electricity", USE, basis, quantity * 10_000, kopecks * 100, quantity * kopecks, 22, plan, zone, band, trace=trace
    )  # fmt: skip


def read(quantity: int, kopecks: int, before: str, now: str, **more: Any) -> Line:
    return use(quantity, kopecks, meters=[{"before_on": before, "now_on": now}], **more)


def told(before: list[Line], now: list[Line], earlier: str = SEPTEMBER) -> list[tuple[str, int]]:
    found = compare(OCTOBER, earlier, {earlier: before, OCTOBER: now}, companies.current().services)
    assert found is not None
    assert sum(cause.amount for cause in found.causes) == found.amount
    return [(cause.text.replace(NB, " "), cause.amount) for cause in found.causes]


pytestmark = pytest.mark.usefixtures("company")
THIRTY = ("2026-08-20", "2026-09-19"), ("2026-09-19", "2026-10-19")
PARTED = ("2026-08-20", "2026-09-19"), ("2026-09-19", "2026-10-22")


@pytest.mark.feature("M4")
@pytest.mark.parametrize(
    ("before", "now", "sentences"),
    [
        (
            [read(180, 400, *THIRTY[0])], [read(204, 400, *THIRTY[1])],
            [("Расход 204 кВт⋅ч вместо 180", 9600)],
        ),
        (
            [read(180, 400, *PARTED[0])], [read(198, 400, *PARTED[1])],
            [("Между показаниями 33 дня вместо 30", 7200)],
        ),
        (
            [read(180, 400, *PARTED[0])], [read(231, 400, *PARTED[1])],
            [("Между показаниями 33 дня вместо 30", 7200), ("В день уходило 7,0 кВт⋅ч вместо 6,0", 13200)],
        ),
        (
            [use(100, 400)], [use(100, 439)],
            [("Тариф вырос с 1 октября: 4,39 ₽ вместо 4,00 ₽ за кВт⋅ч", 3900)],
        ),
        (
            [use(100, 439)], [use(100, 400)],
            [("Тариф снизился с 1 октября: 4,00 ₽ вместо 4,39 ₽ за кВт⋅ч", -3900)],
        ),
        (
            [use(100, 400)],
            [use(30, 400, **{"from": "2026-10-01", "to": "2026-10-09", "place": 0}),
             use(70, 500, **{"from": "2026-10-10", "to": "2026-10-31", "place": 1})],
            [("Тариф вырос с 10 октября: 4,00 ₽ и 5,00 ₽ вместо 4,00 ₽ за кВт⋅ч", 7000)],
        ),
        (
            [use(60, 500, plan=2), use(40, 300, plan=2, zone="t2")], [use(70, 500, plan=2), use(30, 300, plan=2, zone="t2")],
            [("На ночь пришлось 30 % расхода вместо 40 %", 2000)],
        ),
        (
            [use(100, 500, plan=2), use(50, 300, plan=2, zone="t2")], [use(150, 400, basis=NORM)],
            [("Расчёт по одной зоне (по нормативу) вместо расчёта по двум зонам: цены другие", -5000)],
        ),
        (
            [use(3900, 400)], [use(3900, 400), use(800, 600, band=2)],
            [("Расход 4 700 кВт⋅ч вместо 3 900".replace(" 700", "\u202f700").replace("3 900", "3\u202f900"), 320_000),
             ("Дороже первого диапазона посчитано 800 кВт⋅ч вместо 0", 160_000)],
        ),
        (
            [use(180, 400)], [use(150, 400, basis=AVERAGE)],
            [("Расход 150 кВт⋅ч (по среднему) вместо 180", -12000)],
        ),
        (
            [use(180, 400)],
            [use(180, 400), Line("electricity", RECALCULATION, AVERAGE, 0, 0, -5000, about="2026-08")],
            [("Перерасчёт за август 2026: −50,00 ₽", -5000)],
        ),
        (
            [use(180, 400), Line("electricity", RECALCULATION, AVERAGE, 0, 0, -5000, about="2026-08")], [use(180, 400)],
            [("Перерасчёт в сентябре 2026: −50,00 ₽, теперь его нет", 5000)],
        ),
        (
            [use(180, 400)], [use(180, 400), Line("electricity", PENALTY, PENALTY, 0, 0, 1240)],
            [("Пени 12,40 ₽, в сентябре 2026 их не было", 1240)],
        ),
        (
            [use(180, 400), Line("electricity", PENALTY, PENALTY, 0, 0, 1240)], [use(180, 400)],
            [("Пеней нет, в сентябре 2026 было 12,40 ₽", -1240)],
        ),
        ([], [use(100, 400)], [("Новая услуга в счёте", 40000)]),
        ([use(100, 400)], [], [("Услуга больше не начисляется", -40000)]),
        ([use(100, 400)], [use(100, 400)], []),
    ],
)  # fmt: skip
def test_sentence_of_a_cause(before: list[Line], now: list[Line], sentences: list[tuple[str, int]]) -> None:
    assert told(before, now) == sentences


@pytest.mark.company("irkutsk")
def test_heating_that_begins() -> None:
    def heat(quantity: int) -> Line:
        return Line("heat", USE, NORM, quantity, 20_000_000, quantity * 2000 // 10_000 * 100)

    amount = heat(10_061).amount
    assert told([heat(0)], [heat(10_061)]) == [
        (
            "Отопительный сезон начался: 1,0061 Гкал (по нормативу), в сентябре 2026 отопления не было",
            amount,
        )
    ]
    (sentence, _) = told([heat(0)], [heat(10_061)], YEAR_AGO)[0]
    assert sentence == "1,0061 Гкал (по нормативу), в октябре 2025 отопления не было"


def test_days_make_no_sense_where_nothing_was_used() -> None:
    before, now = read(1, 200_000, "2026-08-09", "2026-09-15"), read(0, 200_000, "2026-09-15", "2026-10-06")
    assert told([before], [now]) == [("Расход 0 кВт⋅ч вместо 1", -200_000)]


def test_zones_that_moved_for_kopecks_are_no_line() -> None:
    def month(day: int, night: int, span: tuple[str, str]) -> list[Line]:
        return [read(day, 400, *span, plan=2), read(night, 390, *span, plan=2, zone="t2")]

    found = told(month(120, 60, THIRTY[0]), month(150, 74, THIRTY[1]))
    assert [sentence for sentence, _ in found] == ["Расход 224 кВт⋅ч вместо 180"]


def area(period_days: int, open_days: int) -> Line:
    quantity = 579_000 * open_days // period_days
    trace = {"rule": "area", "open": open_days, "of": period_days}
    return Line("repair", FIXED, AREA, quantity, 126_000, round(quantity * 126_000 / 10**6), trace=trace)


def test_length_of_the_month_changes_nothing_of_an_area() -> None:
    assert told([area(30, 30)], [area(31, 31)]) == []


def test_month_that_was_open_in_part() -> None:
    (text, amount), = told([area(30, 30)], [area(31, 12)])  # fmt: skip
    assert text == "Площадь в расчёте 22,4129 м² (за 12 дней из 31) вместо 57,9 м²"
    assert amount < 0


def test_tariff_of_a_year_ago_has_no_day_of_change() -> None:
    assert told([use(100, 400)], [use(100, 439)], YEAR_AGO) == [("Тариф вырос: 4,39 ₽ вместо 4,00 ₽ за кВт⋅ч", 3900)]


def test_without_an_earlier_bill_there_is_nothing_to_tell() -> None:
    assert compare(OCTOBER, SEPTEMBER, {OCTOBER: [use(100, 400)]}, companies.current().services) is None


quantities = st.integers(-5000, 50_000)
kopecks = st.integers(1, 3000)
bases = st.sampled_from([READING, AVERAGE, NORM])
uses = st.builds(
    lambda quantity, price, zone, basis, band, days: use(
        quantity, price, zone=zone, plan=2, basis=basis, band=band,
        **({"meters": [{"before_on": "2026-09-01", "now_on": f"2026-09-{days + 1:02}"}]} if basis == READING else {"days": [days, 31]}),
    ),
    quantities, kopecks, st.sampled_from(["t1", "t2"]), bases, st.integers(1, 3), st.integers(1, 29),
)  # fmt: skip
others = st.builds(
    lambda kind, amount: Line("electricity", kind, AVERAGE if kind == RECALCULATION else PENALTY, 0, 0, amount, about="2026-05"),
    st.sampled_from([RECALCULATION, PENALTY]), st.integers(-10**7, 10**7),
)  # fmt: skip
bills = st.lists(st.one_of(uses, others), max_size=6)


@pytest.mark.feature("M4")
@given(bills, bills)
def test_sentences_add_up_whatever_the_bills_are(before: list[Line], now: list[Line]) -> None:
    for text, amount in told(before, now):
        assert text
        assert amount
