"""A month of one account, priced: cases that an accountant worked out by hand, and what must hold for any account."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import company as companies
from models import periods
from models.billing import assess, charges
from models.billing.assess import Assessed, Home, Rules
from models.billing.charges import SCALE
from models.billing.shown import RECALCULATION, Line
from models.billing.tariffs import Band, Gap, Tariff, Tariffs
from models.company import Company
from models.metering import volumes
from models.metering.norms import PERSON, SQUARE_METRE, InForce
from tests.cases import table
from tests.cases.table import Section

COMPANIES = Path(__file__).resolve().parent.parent.parent / "companies"
LONG_AGO = date(2020, 1, 1)
SERVICES = {"электроэнергия": "electricity", "тепло": "heat", "капремонт": "repair"}
BASES = {"показание": "reading", "среднее": "average", "норматив": "norm", "площадь": "area"}
ZONES = {"Т1": "t1", "Т2": "t2", "Т3": "t3", "": ""}
BANDS = ("I", "II", "III")
NORMS = [
    InForce("electricity", "", LONG_AGO, None, PERSON, 800_000),
    InForce("heat", "", LONG_AGO, None, SQUARE_METRE, 250),
]
_LINE = re.compile(r"(?:(Т[123]) )?(?:(I{1,3}) )?([−\d,]+) × ([\d,]+) = ([−\d,]+)")
_METER = re.compile(
    r"Счётчик (\S+): (?:(тепло), )?зон (\d)(?:, коэффициент (\d+))?, с (\S+) на ([\d/]+)(?:, снят (\S+) на ([\d/]+))?"
)
_READING = re.compile(r"(\S+) ([\d/]+)(?: \((\S+)\))?")
_PRICE = re.compile(r"Цена: (\S+)(?:, зон (\d), (Т[123]))?, с (\S+): ([\d,]+)")


@dataclass
class Account:
    """An account of the cases: its months are assessed one after another, the state carried through JSON."""

    home: Home
    meters: list[Any]
    rules: Rules
    state: dict[str, Any] = field(default_factory=dict)

    def month(self, period: str, readings: list[Any]) -> Assessed:
        found = assess.month(self.home, period, self.meters, readings, self.state, self.rules)
        self.state = json.loads(json.dumps(found.state))
        return found


def everything(norm_is_final: bool = False) -> Company:
    """Krasnoyarsk with heat beside its own services, so that one company can have every kind of charge."""
    one, other = (companies.find(name, COMPANIES) for name in ("krasnoyarsk", "koryak"))
    averages = replace(one.averages, norm_is_final=norm_is_final)
    return replace(one, services={**one.services, "heat": other.services["heat"]}, averages=averages)


COMPANY, FINAL = everything(), everything(norm_is_final=True)


def price(service: str, plan: int, zone: str, band: int, amount: str, since: date = LONG_AGO) -> Tariff:
    return Tariff(
        service=service, dwelling="", plan=plan, zone=zone, band=band, since=since, until=None, price=table.scaled(amount), vat=22
    )  # fmt: skip


@cache
def listed() -> tuple[Tariff, ...]:
    """The prices of the table in months.md."""
    rows = next(one for one in table.sections("months.md") if one.title == "Цены").rows
    return tuple(
        price(SERVICES[row["Услуга"]], int(row["Зон"]), ZONES[row["Зона"]], band, row[name])
        for row in rows
        for band, name in enumerate(BANDS, 1)
        if row[name]
    )


def tariffs(facts: list[str] | None = None) -> Tariffs:
    """The listed prices, and those of the case itself."""
    rows = list(listed())
    for match in filter(None, map(_PRICE.fullmatch, facts or [])):
        service, plan, zone, since, amount = match.groups()
        rows.append(price(SERVICES[service], int(plan or 0), ZONES[zone or ""], 1, amount, table.day(since)))
    return Tariffs(rows, [Band(service="electricity", dwelling="", since=LONG_AGO, first=3900, second=6000)])


def meter(n: int, *, zones: int = 1, service: str = "electricity", ratio: int = 1, installed: str = "2020-01-15", initial: Any = (0,),
          removed: str | None = None, final: Any = (), digits: int = 5) -> Any:  # fmt: skip
    dials = {
        f"{kind}_t{i + 1}": values[i] if i < len(values) else None
        for kind, values in (("initial", initial), ("final", final))
        for i in range(3)
    }
    gone = date.fromisoformat(removed) if removed else None
    return SimpleNamespace(
        id=n, serial=f"№{n}", model="СЕ 101", service=service, zones=zones, digits=digits, ratio=ratio,
        installed=date.fromisoformat(installed), removed=gone, verification_due=None, **dials,
    )  # fmt: skip


def reading(n: int, day: str, *values: int) -> Any:
    t1, t2, t3 = (*values, None, None, None)[:3]
    return SimpleNamespace(meter_id=n, taken=date.fromisoformat(day), period=day[:7], t1=t1, t2=t2, t3=t3)


def home(**facts: Any) -> Home:
    usual = {"services": ("electricity",), "dwelling": "urban", "persons": 3, "area": 5790, "opened": date(2012, 4, 2)}
    return Home(**{**usual, "closed": None, **facts})


def account(meters: list[Any], company: Company = COMPANY, known: Tariffs | None = None, **facts: Any) -> Account:
    return Account(home(**facts), meters, Rules(company, known or tariffs(), NORMS, []))


# ---- the tables of cases


CASES = [section for section in table.sections("months.md") if section.title != "Цены"]


def meters_of(case: Section) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for match in filter(None, map(_METER.fullmatch, case.facts)):
        name, heat, zones, ratio, since, initial, gone, final = match.groups()
        found[name] = meter(
            len(found) + 1, zones=int(zones), service="heat" if heat else "electricity", ratio=int(ratio or 1),
            installed=table.day(since).isoformat(), initial=_dials(initial),
            removed=table.day(gone).isoformat() if gone else None, final=_dials(final),
        )  # fmt: skip
    assert len(found) == sum(one.startswith("Счётчик") for one in case.facts), "a meter that the test does not read"
    return found


def _dials(text: str | None) -> tuple[int, ...]:
    return tuple(int(value) for value in (text or "").split("/") if value)


def account_of(case: Section, meters: dict[str, Any]) -> Account:
    codes = {SERVICES[row["Услуга"]] for row in case.rows}
    area, persons = case.fact("Площадь") or "57,90", case.fact("Прописано") or "3"
    opened, closed = case.fact("Открыт"), case.fact("Закрыт")
    return account(
        list(meters.values()), FINAL if "Норматив не пересчитывается" in case.facts else COMPANY, tariffs(case.facts),
        services=tuple(codes), persons=int(persons), area=table.scaled(area, 100),
        opened=table.day(opened) if opened else date(2012, 4, 2), closed=table.day(closed) if closed else None,
    )  # fmt: skip


def readings_of(row: dict[str, str], meters: dict[str, Any]) -> list[Any]:
    found = []
    for one in table.items(row["Показания"]):
        match = _READING.fullmatch(one)
        assert match, one
        day = table.day(match[3]).isoformat() if match[3] else f"{row['Месяц']}-20"
        found.append(reading(meters[match[1]].id, day, *_dials(match[2])))
    return found


def expected_lines(text: str) -> list[tuple[str, str, int, int, int]]:
    """Zone and band (where the case names them), quantity, price, amount; the hand's own arithmetic is checked too."""
    found = []
    for one in table.items(text.partition(": ")[2]):
        match = _LINE.fullmatch(one)
        assert match, one
        zone, band, quantity, unit, amount = match.groups()
        exact = (table.number(quantity) * table.number(unit)).quantize(Decimal("0.01"), ROUND_HALF_UP)
        assert exact == table.number(amount), f"{one}: it is {exact}"
        found.append((ZONES[zone or ""], band or "", table.scaled(quantity), table.scaled(unit), table.kopecks(amount)))
    return found


def told(lines: list[Line], like: list[Any]) -> list[tuple[str, str, int, int, int]]:
    """The lines as the case tells them: zone and band only where it does."""
    rows = []
    for i, line in enumerate(lines):
        zone, band = (like[i][0], like[i][1]) if i < len(like) else ("", "")
        rows.append(
            (line.zone if zone else "", BANDS[line.band - 1] if band else "", line.quantity, line.price, line.amount)
        )
    return rows  # fmt: skip


def corrections(lines: list[Line]) -> dict[str, int]:
    found: dict[str, int] = {}
    for line in lines:
        if line.kind == RECALCULATION:
            found[line.about] = found.get(line.about, 0) + line.amount
    return found


@pytest.mark.feature("S20", "M7")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_case_worked_by_hand(case: Section) -> None:
    meters = meters_of(case)
    one = account_of(case, meters)
    months = sorted({row["Месяц"] for row in case.rows})
    for period in periods.span(months[0], months[-1]):
        rows = [row for row in case.rows if row["Месяц"] == period]
        found = one.month(period, [given for row in rows for given in readings_of(row, meters)])
        for row in rows:
            own = [line for line in found.lines if line.service == SERVICES[row["Услуга"]]]
            charged = [line for line in own if line.kind != RECALCULATION]
            expected = expected_lines(row["Строки"])
            assert told(charged, expected) == expected, period
            assert list(dict.fromkeys(line.basis for line in charged)) == _bases(row["Строки"]), period
            wanted = dict(entry.split(": ") for entry in table.items(row["Перерасчёт"]))
            assert corrections(own) == {month: table.kopecks(sum_) for month, sum_ in wanted.items()}, period
            assert charges.amount_of(own) == table.kopecks(row["Всего"]), period
        for line in found.lines:
            assert charges.derived(line) == line.amount


def _bases(text: str) -> list[str]:
    return [BASES[one.strip()] for one in text.partition(": ")[0].split(",") if one.strip()]


# ---- single rules


def used(found: Assessed) -> int:
    """Units charged, recalculations and all."""
    return sum(line.quantity for line in found.lines) // SCALE


def test_two_zones_replaced_by_one_charge_the_night_too() -> None:
    """60 by day and 30 by night on the old meter, 40 on the new one: all 130 are charged."""
    old = meter(1, zones=2, initial=(0, 0), removed="2026-02-10", final=(160, 80))
    one = account([old, meter(2, installed="2026-02-10")])
    one.month("2026-01", [reading(1, "2026-01-20", 100, 50)])
    assert used(one.month("2026-02", [reading(2, "2026-02-25", 40)])) == 130


def test_average_of_two_zones_is_whole_under_one_zone() -> None:
    """110 by day and 50 by night were usual; after the change to one zone the average is 160, not 110."""
    old = meter(1, zones=2, initial=(0, 0), removed="2026-03-31", final=(330, 150))
    one = account([old, meter(2, installed="2026-03-31")])
    for i, month in enumerate(("2026-01", "2026-02"), 1):
        one.month(month, [reading(1, f"{month}-20", 110 * i, 50 * i)])
    one.month("2026-03", [])
    assert used(one.month("2026-04", [])) == 160


def test_recalculation_after_a_change_to_one_zone_keeps_the_whole_use() -> None:
    """April by average, the meter changed in May: what both meters measured is what is charged."""
    old = meter(1, zones=2, initial=(0, 0), removed="2026-05-10", final=(500, 250))
    one = account([old, meter(2, installed="2026-05-10")])
    total = 0
    for i, month in enumerate(("2026-01", "2026-02", "2026-03"), 1):
        total += used(one.month(month, [reading(1, f"{month}-20", 110 * i, 50 * i)]))
    total += used(one.month("2026-04", []))
    total += used(one.month("2026-05", [reading(2, "2026-05-25", 40)]))
    assert total == 500 + 250 + 40


def test_final_value_that_comes_after_its_month_was_billed_is_not_lost() -> None:
    """The act of replacement of 28 April is entered in May: the 70 kWh of the old dial are charged then."""
    old, new = meter(1, removed=None), meter(2, installed="2026-04-28")
    one = account([old])
    for month, value in (("2026-01", 100), ("2026-02", 200), ("2026-03", 330)):
        one.month(month, [reading(1, f"{month}-20", value)])
    april = one.month("2026-04", [])
    old.removed, old.final_t1 = date(2026, 4, 28), 400
    one.meters.append(new)
    may = one.month("2026-05", [reading(2, "2026-05-20", 100)])
    assert used(april) + used(may) == (400 - 330) + 100


def test_closed_month_is_not_recalculated() -> None:
    """Closed on 10 April; a last reading entered in June puts April right and charges nothing for May back."""
    one = account([meter(1)], closed=date(2026, 4, 10))
    months = [one.month(f"2026-0{i}", [reading(1, f"2026-0{i}-20", 110 * i)]) for i in (1, 2, 3)]
    months += [
        one.month("2026-04", []),
        one.month("2026-05", []),
        one.month("2026-06", [reading(1, "2026-06-02", 370)]),
    ]
    assert sum(line.quantity for found in months for line in found.lines) == 370 * SCALE


def test_closed_account_shows_no_use() -> None:
    one = account([meter(1)], closed=date(2026, 3, 31))
    for month, value in (("2026-01", 110), ("2026-02", 220), ("2026-03", 330)):
        one.month(month, [reading(1, f"{month}-20", value)])
    found = one.month("2026-04", [])
    assert (found.lines, found.volume) == ([], 0)


@pytest.mark.parametrize("facts", [{"opened": date(2026, 4, 16)}, {"closed": date(2026, 4, 15)}])
def test_volume_of_half_a_month_is_what_its_lines_charge(facts: dict[str, Any]) -> None:
    found = account([], **facts).month("2026-04", [])
    assert found.volume == used(found) == 120


def test_dials_are_those_of_their_own_point() -> None:
    """Two points, the second's meter was replaced; a month without readings shows each point's meter once."""
    gone = meter(2, installed="2020-03-01", removed="2026-02-10", final=(60,))
    one = account([meter(1), gone, meter(3, installed="2026-02-10")])
    one.month("2026-01", [reading(1, "2026-01-20", 100), reading(2, "2026-01-20", 30)])
    one.month("2026-02", [reading(1, "2026-02-20", 200), reading(3, "2026-02-20", 10)])
    assert [dial.serial for dial in one.month("2026-03", []).dials] == ["№1", "№3"]


def test_dial_of_an_estimated_month_shows_the_last_value() -> None:
    one = account([meter(1)])
    for month, value in (("2026-01", 100), ("2026-02", 200), ("2026-03", 300)):
        one.month(month, [reading(1, f"{month}-20", value)])
    (dial,) = one.month("2026-04", []).dials
    assert (dial.before, dial.before_on, dial.now, dial.volume) == ((300,), date(2026, 3, 20), None, 100)


def test_two_points_read_at_different_times_are_put_right_one_by_one() -> None:
    """April estimated at both; the first is read in May, the second in June."""
    one = account([meter(1), meter(2, installed="2020-03-01")])
    total = 0
    for i, month in enumerate(("2026-01", "2026-02", "2026-03"), 1):
        total += used(one.month(month, [reading(1, f"{month}-20", 100 * i), reading(2, f"{month}-20", 30 * i)]))
    total += used(one.month("2026-04", []))
    total += used(one.month("2026-05", [reading(1, "2026-05-20", 620)]))
    total += used(one.month("2026-06", [reading(1, "2026-06-20", 720), reading(2, "2026-06-20", 240)]))
    assert total == 720 + 240


def test_trace_names_the_readings() -> None:
    one = account([meter(1, ratio=20, initial=(5,))])
    (line,) = one.month("2026-01", [reading(1, "2026-01-20", 12)]).lines
    (facts,) = line.trace["meters"]
    assert (facts["serial"], facts["ratio"], facts["before"], facts["now"]) == ("№1", 20, [5], [12])
    assert (facts["before_on"], facts["now_on"]) == ("2020-01-15", "2026-01-20")


def test_recalculation_says_why() -> None:
    one = account([meter(1)])
    for month, value in (("2026-01", 100), ("2026-02", 200), ("2026-03", 300)):
        one.month(month, [reading(1, f"{month}-20", value)])
    one.month("2026-04", [])
    line = one.month("2026-05", [reading(1, "2026-05-20", 540)]).lines[-1]
    assert line.reason.replace("\u00a0", " ") == "апрель 2026: по среднему было 100 кВт⋅ч, по показаниям 120 кВт⋅ч"
    assert (line.trace["before"], line.trace["after"]) == (40_000, 48_000)


def test_gap_in_prices_is_raised() -> None:
    with pytest.raises(Gap):
        account([], services=("electricity", "repair"), known=Tariffs([price("repair", 0, "", 1, "10,00")], [])).month(
            "2026-01", []
        )


def test_expired_meter_is_estimated_where_the_company_says_so() -> None:
    """ПП 354 п. 59 а: readings of a meter whose verification has run out do not count."""
    strict = replace(COMPANY, averages=replace(COMPANY.averages, expired_meter="estimated"))
    expired = meter(1)
    expired.verification_due = date(2026, 3, 31)
    one = account([expired], strict)
    for month, value in (("2026-01", 100), ("2026-02", 200), ("2026-03", 300)):
        one.month(month, [reading(1, f"{month}-20", value)])
    (line,) = one.month("2026-04", [reading(1, "2026-04-20", 900)]).lines
    assert (line.basis, line.quantity) == ("average", 100 * SCALE)


# ---- what holds for any account


FLAT = Tariffs([price("electricity", 0, "", 1, "4,00")], [])
YEAR = periods.span("2026-01", "2026-12")
FEW = settings(max_examples=40)


def lived(one: Account, *pattern: list[Any]) -> tuple[list[Assessed], list[int]]:
    """A year with a pattern of use for each meter (a tuple of its zones, or None for a month without a reading), all read at its end."""
    readings: dict[str, list[Any]] = {}
    totals = []
    for meter_, uses in zip(one.meters, pattern, strict=True):
        dial = [getattr(meter_, f"initial_t{i + 1}") for i in range(meter_.zones)]
        total = 0
        for period, use in zip(YEAR, uses, strict=True):
            if use is not None:
                dial = [(value + more) % 100_000 for value, more in zip(dial, use, strict=True)]
                total += sum(use)
                readings.setdefault(period, []).append(reading(meter_.id, f"{period}-20", *dial))
        totals.append(total * meter_.ratio)
    return [one.month(period, readings.get(period, [])) for period in YEAR], totals


def zoned(zones: int) -> Any:
    return st.tuples(*[st.integers(0, 2000)] * zones)


def year(zones: int) -> Any:
    return st.lists(st.none() | zoned(zones), min_size=11, max_size=11).flatmap(
        lambda some: zoned(zones).map(lambda last: [*some, last])
    )


@pytest.mark.feature("S20")
@FEW
@given(year(1), st.sampled_from([1, 20]), st.integers(0, 99_999))
def test_year_with_gaps_costs_what_a_year_of_readings_would(uses: list[Any], ratio: int, initial: int) -> None:
    """At flat prices, after a last reading, nothing is lost and nothing is charged twice."""
    months, (total,) = lived(account([meter(1, ratio=ratio, initial=(initial,))], known=FLAT), uses)
    assert sum(charges.amount_of(found.lines) for found in months) == total * 400


@FEW
@given(year(1), year(1))
def test_year_of_two_points_with_gaps_costs_what_was_used(first: list[Any], second: list[Any]) -> None:
    one = account([meter(1), meter(2, installed="2020-03-01")], known=FLAT)
    months, totals = lived(one, first, second)
    assert sum(charges.amount_of(found.lines) for found in months) == sum(totals) * 400


@pytest.mark.feature("M7")
@FEW
@given(st.data(), st.integers(1, 3), st.integers(1, 3), st.booleans(), st.none() | st.integers(2, 28))
def test_every_line_derives_from_its_trace(data: Any, zones: int, other: int, final: bool, change: int | None) -> None:
    """Bands, zones, two points, gaps, a price that changes within a month, heat and area: each amount can be worked out anew."""
    known = tariffs([f"Цена: электроэнергия, зон {zones}, Т1, с {change:02d}.07.2026: 4,37"] if change else [])
    meters = [
        meter(1, zones=zones, initial=(0,) * zones),
        meter(2, zones=other, initial=(0,) * other, installed="2020-03-01"),
    ]
    one = account(meters, FINAL if final else COMPANY, known, services=("electricity", "repair", "heat"))
    months, _ = lived(one, data.draw(year(zones)), data.draw(year(other)))
    for found in months:
        for line in found.lines:
            kept = replace(line, trace=json.loads(json.dumps(line.trace)))
            assert charges.derived(kept) == line.amount
            if line.kind != RECALCULATION:
                assert line.amount == charges.rounded(line.quantity, line.price)
        assert found.volume >= 0 or any(line.kind == RECALCULATION for line in found.lines)


@FEW
@given(year(2), year(1), st.booleans())
def test_month_by_month_through_json_is_one_go(first: list[Any], second: list[Any], final: bool) -> None:
    """`Points` fed a month at a time from its kept state tells the same as the whole history read at once."""
    meters = [meter(1, zones=2, initial=(0, 0)), meter(2, installed="2026-04-10")]
    rules = (FINAL if final else COMPANY).averages
    readings = []
    for meter_, uses in zip(meters, (first, second), strict=True):
        dial = [0] * meter_.zones
        for period, use in zip(YEAR, uses, strict=True):
            if use is not None and (meter_.id == 1 or period > "2026-04"):
                dial = [(value + more) % 100_000 for value, more in zip(dial, use, strict=True)]
                readings.append(reading(meter_.id, f"{period}-20", *dial))
    readings.sort(key=lambda row: row.taken)
    whole = volumes.of_account(meters, readings, YEAR, rules, lambda period: 240)
    state: Any = None
    for expected in whole:
        points = volumes.Points(meters, state)
        own = [row for row in readings if row.period == expected.period]
        found = points.month(expected.period, own, rules, lambda period: 240)
        assert (found, found.parts) == (expected, expected.parts)
        state = json.loads(json.dumps(points.state()))
