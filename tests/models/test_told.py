"""How a line was worked out: sentences from its trace, in numbers that can be checked by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from models.billing import told
from models.billing.shown import (
    AREA,
    AVERAGE,
    FIXED,
    NORM,
    PENALTY,
    READING,
    RECALCULATION,
    USE,
    Bill,
    Dial,
    Line,
    Service,
)

NB, THIN = "\u00a0", "\u202f"
UNIT = "кВт⋅ч"


def line(kind: str = USE, basis: str = READING, quantity: int = 120, kopecks: int = 460, **more: Any) -> Line:
    usual = {"vat": 22, "plan": 2, "zone": "t1", "band": 1}
    return Line("electricity", kind, basis, quantity * 10_000, kopecks * 100, quantity * kopecks, **{**usual, **more})


def meter(before: list[int], now: list[int], **more: Any) -> dict[str, Any]:
    usual = {"serial": "77", "digits": 5, "ratio": 1, "before_on": "2026-09-20", "now_on": "2026-10-20"}
    return {**usual, "before": before, "now": now, **more}


def steps(one: Line, unit: str = UNIT) -> list[str]:
    return [step.replace(NB, " ").replace(THIN, " ") for step in told.steps(one, unit)]


SUM = "120 кВт⋅ч × 4,60 ₽ = 552,00 ₽, в том числе НДС 22 % — 99,54 ₽."


@pytest.mark.parametrize(
    ("meters", "first"),
    [
        ([meter([6200, 100], [6320, 160])],
         ["Счётчик № 77: было 6 200 (20 сентября), стало 6 320 (20 октября). Расход 120 кВт⋅ч."]),
        ([meter([99950, 0], [70, 0])],
         ["Счётчик № 77: было 99 950 (20 сентября), стало 70 (20 октября). Расход 120 кВт⋅ч; счётчик прошёл через ноль."]),
        ([meter([10, 0], [16, 0], ratio=20)],
         ["Счётчик № 77: было 10 (20 сентября), стало 16 (20 октября) × 20 (трансформаторы тока). Расход 120 кВт⋅ч."]),
        ([meter([6200, 100], [6300, 160], before_on=None), meter([0], [20], serial="78")],
         ["Счётчик № 77: было 6 200, стало 6 300 (20 октября). Расход 100 кВт⋅ч.",
          "Счётчик № 78: было 0 (20 сентября), стало 20 (20 октября). Расход 20 кВт⋅ч."]),
    ],
)  # fmt: skip
def test_use_by_readings(meters: list[dict[str, Any]], first: list[str]) -> None:
    assert steps(line(trace={"rule": READING, "meters": meters})) == [*first, SUM]


def test_meter_of_fewer_zones_says_nothing_of_the_night() -> None:
    meters = [meter([5], [9]), meter([100, 40], [220, 160], serial="78")]
    assert len(steps(line(zone="t2", trace={"rule": READING, "meters": meters}))) == 2


def test_months_without_readings_are_taken_off() -> None:
    trace = {"rule": READING, "meters": [meter([6000, 0], [6360, 0])], "earlier": [[120, 60], [120, 60]]}
    assert steps(line(trace=trace))[1] == (
        "Из них 240 кВт⋅ч приходится на прошлые месяцы без показаний, за них плата уже посчитана. Остаётся 120 кВт⋅ч."
    )


def test_bands_and_a_price_that_changed_within_the_month() -> None:
    trace = {
        "rule": READING, "meters": [meter([0, 0], [4500, 0])], "uses": [27_000_000, 18_000_000], "limits": [3900, 6000],
        "from": "2026-10-10", "to": "2026-10-31",
    }  # fmt: skip
    one = line(band=2, trace=trace)
    assert told.title(one).replace(NB, " ") == "День, второй диапазон, 10–31 октября"
    said = steps(one)
    assert "Всего за месяц 4 500 кВт⋅ч: первый диапазон до 3 900, второй диапазон до 6 000" in said[1]
    assert "эта цена действует 10–31 октября" in said[2]


def test_average_of_an_account_opened_within_the_month() -> None:
    said = steps(line(basis=AVERAGE, trace={"rule": AVERAGE, "months": 11, "days": [12, 31]}))
    assert said[0] == "Показаний за месяц не было, взят средний расход за 11 месяцев (правила № 354, п. 59)."
    assert said[1] == "Счёт открыт 12 дней из 31, начислено за эти дни."


@pytest.mark.parametrize(
    ("per", "amount", "times", "unit", "said"),
    [
        ("person", 800_000, 300, UNIT, "Показаний нет, взят норматив: 80 кВт⋅ч на человека × 3 чел. = 240 кВт⋅ч за месяц."),
        ("m2", 298, 5290, "Гкал", "Показаний нет, взят норматив: 0,0298 Гкал на м² × 52,9 м² = 1,5764 Гкал за месяц."),
    ],
)  # fmt: skip
def test_norm(per: str, amount: int, times: int, unit: str, said: str) -> None:
    trace = {"rule": NORM, "days": [31, 31], "times": times, "norm": amount, "per": per, "since": "2025-07-01"}
    assert steps(line(basis=NORM, trace=trace), unit)[0] == said


def test_norm_that_the_company_does_not_have() -> None:
    trace = {"rule": NORM, "days": [31, 31], "times": 0}
    assert steps(line(basis=NORM, trace=trace)) == ["Показаний нет, а норматив для этой услуги не установлен."]


def test_area() -> None:
    one = Line("repair", FIXED, AREA, 579_000, 126_000, 72954, trace={"rule": "area", "open": 31, "of": 31})
    assert steps(one, "м²") == ["57,9 м² × 12,60 ₽ = 729,54 ₽."]


def test_recalculation() -> None:
    trace = {"rule": RECALCULATION, "before": 91621, "after": 82983}
    reason = "август 2026: по среднему было 233 кВт⋅ч, по показаниям 211 кВт⋅ч"
    one = Line("electricity", RECALCULATION, AVERAGE, -220_000, 0, -8638, about="2026-08", reason=reason, trace=trace)
    assert told.title(one) == f"Перерасчёт за август{NB}2026"
    assert steps(one) == [
        "Август 2026: по среднему было 233 кВт⋅ч, по показаниям 211 кВт⋅ч.",
        "По показаниям за этот месяц 829,83 ₽, было начислено 916,21 ₽: разница −86,38 ₽.",
    ]


def test_penalty_by_pieces() -> None:
    piece = {
        "period": "2026-07",
        "debt": 72000,
        "first": "2026-09-17",
        "last": "2026-09-30",
        "rate": 950,
        "divisor": 300,
    }
    one = Line(
        "electricity",
        PENALTY,
        PENALTY,
        0,
        0,
        319,
        trace={"rule": "penalty", "before": 100, "after": 419, "pieces": [piece]},
    )
    assert steps(one) == [
        "720,00 ₽ за июль 2026 × 14 дней (17–30 сентября) × 9,5 % / 300 = 3,19 ₽.",
        "Всего по этот месяц начислено пеней 4,19 ₽, из них в прошлых счетах 1,00 ₽, в этом 3,19 ₽.",
    ]


@pytest.mark.parametrize(
    ("due", "now", "said"),
    [
        (19000, 7362, "в том числе пени 190,00 ₽: за октябрь 73,62 ₽, за прошлые месяцы 116,38 ₽"),
        (7362, 7362, "в том числе пени 73,62 ₽"),
        (5000, 7362, "в том числе пени 50,00 ₽"),  # a part of the new ones is paid
        (0, 0, ""),
    ],
)
def test_penalties_within_the_sum(due: int, now: int, said: str) -> None:
    service = Service("electricity", "Электроэнергия", UNIT, 0, 0, 0, 0, now, 0, due)
    assert told.penalties(bill_of([service], [], [])).replace(NB, " ") == said


def test_use_that_earlier_bills_have_charged_is_told_under_the_meters() -> None:
    """422 kWh in two months; 211 of them were charged by the average in August, by day 135 and by night 76."""
    trace = {"meters": [meter([0, 0], [270, 152])], "earlier": [[135, 76]]}
    lines = [line(trace=trace), line(zone="t2", trace=trace)]
    service = Service("electricity", "Электроэнергия", UNIT, 0, 0, 0, 0, 0, 0)
    dial = Dial("electricity", "8774", "Меркурий", 2, 1, (0, 0), None, (270, 152), None, 422)
    (said,) = told.charged_before(bill_of([service], lines, [dial], "2026-09"))
    assert said.replace(NB, " ") == (
        "422 кВт⋅ч по счётчику, из них 211 кВт⋅ч за август уже посчитаны в прошлых счетах без показаний."
    )
    assert told.charged_before(bill_of([service], [line(trace={"meters": []})], [dial])) == []


def bill_of(services: list[Service], lines: list[Line], dials: list[Dial], period: str = "2026-10") -> Bill:
    day = date(2026, 11, 5)
    return Bill(
        "1", "1", "", "", 1, 0, "", "", period, day, day, tuple(services), tuple(lines), tuple(dials), (), (), "", ""
    )


def test_line_of_another_billing_system_has_no_steps() -> None:
    assert steps(line()) == []


@pytest.mark.parametrize(
    ("one", "title"),
    [
        (line(), "День"), (line(zone="t2"), "Ночь"), (line(plan=3, zone="t3"), "Полупик"), (line(plan=1), "По показаниям"),
        (line(plan=1, basis=NORM), "По нормативу"), (line(kind=PENALTY), "Пени"), (line(kind=RECALCULATION), "Перерасчёт"),
    ],
)  # fmt: skip
def test_title(one: Line, title: str) -> None:
    assert told.title(one) == title


@pytest.mark.parametrize(
    ("value", "shown"), [(43900, "4,39 ₽"), (40000, "4,00 ₽"), (123456, "12,3456 ₽"), (45000, "4,50 ₽")]
)
def test_price(value: int, shown: str) -> None:
    assert told.price(value).replace(NB, " ") == shown
