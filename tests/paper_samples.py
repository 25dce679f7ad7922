"""Bills for the tests and the bench of papers: plain data, put together by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from models import periods
from models.billing import qr
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
    Month,
    Service,
)
from models.company import Company
from models.words import NBSP

PERIOD = "2026-10"
HOLDER = ("Иванова", "Анна", "Сергеевна")
ADDRESS = f"г. Красноярск, ул. Мира, 23, кв.{NBSP}32"
ACCOUNT = "241010000054"
LINK = "https://kabinet.eniseisbyt.example/r/36-2611-7a41c9f2b0d34e5586aa01ff"


def usual(company: Company, **changed: Any) -> Bill:
    """Two zones by readings, nothing owed from before."""
    lines = (
        Line("electricity", USE, READING, 166_0000, 4_1100, 68226, vat=22, plan=2, zone="t1", band=1),
        Line("electricity", USE, READING, 61_0000, 2_6700, 16287, vat=22, plan=2, zone="t2", band=1),
    )
    dial = Dial(
        "electricity", "012345678", "Меркурий 200.02", 2, 1, (14052, 7899), date(2026, 9, 22), (14218, 7960), date(2026, 10, 23), 227
    )  # fmt: skip
    services = (standing("electricity", "Электроэнергия", "кВт⋅ч", opening=79_940, paid=79_940, charged=84_513),)
    bill = Bill(
        number=f"2610-{ACCOUNT}", account=ACCOUNT, holder=" ".join(HOLDER), address=ADDRESS, persons=2, area=5430, dwelling="urban",
        access_code="40817263", period=PERIOD, issued_on=date(2026, 11, 5), due_on=date(2026, 11, 16), services=services, lines=lines,
        dials=(dial,), months=year(), norms=(f"Электроэнергия: 80{NBSP}кВт⋅ч на человека в месяц",), qr="", readings_url=LINK,
        route=("Ленинский участок", "г. Красноярск", "ул. Мира", "23", "32"),
    )  # fmt: skip
    return finished(company, replace(bill, **changed))


def owing(company: Company) -> Bill:
    """A debt, a penalty, two months put right."""
    bill = usual(company)
    more = (
        Line("electricity", RECALCULATION, RECALCULATION, 0, 0, -12_345, vat=22, about="2026-08",
             reason=f"было начислено 250{NBSP}кВт⋅ч по среднему, по показанию 14{NBSP}218 вышло 220{NBSP}кВт⋅ч"),
        Line("electricity", RECALCULATION, RECALCULATION, 0, 0, 4_321, vat=22, about="2026-09",
             reason=f"было начислено 160{NBSP}кВт⋅ч по нормативу, по показанию вышло 171{NBSP}кВт⋅ч"),
        Line("electricity", PENALTY, PENALTY, 0, 0, 1_254, reason="пени за просрочку"),
    )  # fmt: skip
    service = standing(
        "electricity", "Электроэнергия", "кВт⋅ч", opening=312_480, paid=100_000, charged=84_513, recalculated=-8_024, penalty=1_254
    )  # fmt: skip
    return finished(company, replace(bill, lines=(*bill.lines, *more), services=(replace(service, penalty_due=1_254),)))


def overpaid(company: Company) -> Bill:
    bill = usual(company)
    service = standing("electricity", "Электроэнергия", "кВт⋅ч", opening=-250_000, paid=0, charged=84_513)
    return finished(company, replace(bill, services=(service,)))


def two_services(company: Company) -> Bill:
    """Electricity by average over three zones and bands, and capital repair."""
    lines = (
        Line("electricity", USE, AVERAGE, 5_120_0000, 4_1100, 2_104_320, vat=22, plan=3, zone="t1", band=1),
        Line("electricity", USE, AVERAGE, 900_0000, 6_2300, 560_700, vat=22, plan=3, zone="t1", band=2),
        Line("electricity", USE, AVERAGE, 61_0000, 2_6700, 16_287, vat=22, plan=3, zone="t2", band=1),
        Line("electricity", USE, AVERAGE, 20_5000, 3_9100, 8_016, vat=22, plan=3, zone="t3", band=1),
        Line("repair", FIXED, AREA, 54_3000, 14_7400, 80_038),
    )
    charged = sum(line.amount for line in lines[:4])
    services = (
        standing("electricity", "Электроэнергия", "кВт⋅ч", opening=0, paid=0, charged=charged),
        standing("repair", "Капитальный ремонт", "м²", opening=80_038, paid=80_038, charged=80_038),
    )
    dial = Dial(
        "electricity", "А-4455667788", "Энергомера CE308", 3, 40, (140, 78, 55), date(2026, 7, 22), None, None, 6102
    )  # fmt: skip
    return finished(company, replace(usual(company), lines=lines, services=services, dials=(dial,)))


def caught_up(company: Company) -> Bill:
    """A reading after a month charged by average: half of what the meter shows was charged for then."""
    bill = usual(company)
    meter = {
        "meter": 1,
        "serial": bill.dials[0].serial,
        "digits": 5,
        "ratio": 1,
        "before": [10500, 4803],
        "now": [10770, 4955],
    }
    trace = {"rule": READING, "meters": [meter], "earlier": [[135, 76, 0]]}
    lines = (
        Line("electricity", USE, READING, 135_0000, 4_6100, 62_235, vat=22, plan=2, zone="t1", band=1, trace=trace),
        Line("electricity", USE, READING, 76_0000, 2_7300, 20_748, vat=22, plan=2, zone="t2", band=1, trace=trace),
        Line("electricity", RECALCULATION, AVERAGE, -22_0000, 0, -8_638, vat=22, plan=2, about="2026-09",
             reason=f"сентябрь 2026: по среднему было 233{NBSP}кВт⋅ч, по показаниям 211{NBSP}кВт⋅ч"),
    )  # fmt: skip
    dial = replace(bill.dials[0], before=(10500, 4803), now=(10770, 4955), volume=422)
    service = standing("electricity", "Электроэнергия", "кВт⋅ч", opening=0, paid=0, charged=82_983, recalculated=-8_638)
    return finished(company, replace(bill, lines=lines, services=(service,), dials=(dial,)))


def heated(company: Company) -> Bill:
    """Three zones and heating, one in debt with penalties and one in advance: as much as a usual month brings."""
    lines = (
        Line("electricity", USE, READING, 114_0000, 6_6700, 76_038, vat=22, plan=3, zone="t1", band=1),
        Line("electricity", USE, READING, 121_0000, 3_4400, 41_624, vat=22, plan=3, zone="t2", band=1),
        Line("electricity", USE, READING, 132_0000, 5_0500, 66_660, vat=22, plan=3, zone="t3", band=1),
        Line("heating", USE, NORM, 1_7224, 3999_8800, 688_939, vat=22),
        Line("electricity", PENALTY, PENALTY, 0, 0, 2_119, reason="пени за просрочку"),
        Line("heating", PENALTY, PENALTY, 0, 0, 5_872, reason="пени за просрочку"),
    )
    services = (
        standing("electricity", "Электроэнергия", "кВт⋅ч", opening=40_970, paid=0, charged=184_322, penalty=2_119),
        standing("heating", "Отопление", "Гкал", opening=-308_375, paid=0, charged=688_939, penalty=5_872),
    )
    dial = Dial(
        "electricity", "46252262", "Меркурий 231 АТ-01", 3, 1, (10262, 6451, 16005), date(2026, 9, 8), (10376, 6572, 16137),
        date(2026, 10, 8), 367,
    )  # fmt: skip
    norms = (
        f"Электроэнергия: 120{NBSP}кВт⋅ч на человека в месяц",
        f"Отопление: 0,0298{NBSP}Гкал на м² в месяц",
    )
    return finished(company, replace(usual(company), lines=lines, services=services, dials=(dial,), norms=norms))


def long(company: Company, count: int = 60) -> Bill:
    """So many recalculations that one page does not hold them."""
    bill = usual(company)
    lines = tuple(
        Line("electricity", RECALCULATION, RECALCULATION, 0, 0, 100 + place, vat=22, about=periods.shift(PERIOD, -1 - place),
             reason=f"строка {place + 1}: показание исправлено по акту проверки")
        for place in range(count)
    )  # fmt: skip
    total = sum(line.amount for line in lines)
    service = standing("electricity", "Электроэнергия", "кВт⋅ч", opening=0, paid=0, charged=84_513, recalculated=total)
    return finished(company, replace(bill, lines=(*bill.lines, *lines), services=(service,)))


def standing(
    code: str, title: str, unit: str, *, opening: int, paid: int, charged: int, recalculated: int = 0, penalty: int = 0
) -> Service:
    """A service with its closing worked out."""
    closing = opening + charged + recalculated + penalty - paid
    return Service(code, title, unit, opening, paid, charged, recalculated, penalty, closing)


def year() -> tuple[Month, ...]:
    volumes = (268, 291, 312, 287, 254, 231, 198, 176, 181, 205, 220, 227)
    return tuple(
        Month(periods.shift(PERIOD, place - 11), volume * 372, volume, AVERAGE if place in (6, 7) else READING)
        for place, volume in enumerate(volumes)
    )


def finished(company: Company, bill: Bill, holder: tuple[str, str, str] = HOLDER) -> Bill:
    """The bill with the code for its sum."""
    code = qr.payment(
        company, account=bill.account, holder=holder, address=bill.address, period=bill.period, kopecks=bill.total
    )
    return replace(bill, qr=code)


def read_payment(text: str) -> dict[str, str]:
    """A reader of the payment code that knows the standard and nothing of our writer: small letters for the keys."""
    assert text[:6] == "ST0001"
    assert text[6] == "2"  # UTF-8
    separator = text[7]
    pairs = [pair.partition("=") for pair in text[8:].split(separator)]
    assert all(equals and value for _, equals, value in pairs)
    assert len({key.lower() for key, _, _ in pairs}) == len(pairs)
    return {key.lower(): value for key, _, value in pairs}
