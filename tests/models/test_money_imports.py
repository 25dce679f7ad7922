"""Importing prices, terms and money: each fault with its line, column and reason, nothing twice, nothing half."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from peewee import Database

from models import company as companies
from models import doctor, workdays
from models.base import Row
from models.billing import ledger, penalties, run
from models.billing.bills import Bill, Charge
from models.billing.ledger import Balance, Entry
from models.billing.payments import Payment
from models.billing.penalties import PenaltyRule
from models.billing.tariffs import Band, Gap, Tariff, Tariffs
from models.company import Company
from models.exchange import imports, prices, table
from models.exchange.kinds import KINDS
from models.exchange.rows import Counts
from models.exchange.table import BadCell, BadFile
from models.metering import norms
from models.metering.accounts import Account
from models.metering.norms import Norm
from models.workdays import SpecialDay
from tests import cast

TARIFFS = "service;dwelling;plan;zone;band;since;until;price;vat"
BANDS = "service;dwelling;since;until;first;second"
NORMS = "service;dwelling;since;until;per;amount"
PENALTIES = "service;since;rate;grace;step;divisor;later"
DAYS = "day;working"
BALANCES = "account;service;day;amount"
CHARGES = "account;period;service;kind;basis;plan;zone;band;quantity;price;vat;amount;about;reason"
PAYMENTS = "account;paid;amount;channel;document;period;service"

TARIFF = "electricity;urban;1;t1;1;2026-01-01;;4,2371;22"
BAND = "electricity;;2025-01-01;;3900;6000"
NORM = "electricity;urban;2025-07-01;;person;80"
PENALTY = ";2022-02-28;9,5;30;90;300;130"
DAY = "2026-11-04;no"
BALANCE = "241010000054;electricity;2026-09-30;1234,56"
CHARGE = "241010000054;2026-10;electricity;use;reading;2;t1;1;120;4,61;22;553,20;;"
PAYMENT = "241010000054;2026-11-10;1664,71;sberbank;261100017;2026-10;"

WHOLE = {
    "tariffs": (TARIFFS, TARIFF),
    "bands": (BANDS, BAND),
    "norms": (NORMS, NORM),
    "penalties": (PENALTIES, PENALTY),
    "days_off": (DAYS, DAY),
    "balances": (BALANCES, BALANCE),
    "charges": (CHARGES, CHARGE),
    "payments": (PAYMENTS, PAYMENT),
}
TABLES: dict[str, type[Row]] = {
    "tariffs": Tariff, "bands": Band, "norms": Norm, "penalties": PenaltyRule, "days_off": SpecialDay,
    "balances": Entry, "charges": Charge, "payments": Payment,
}  # fmt: skip
DATED = ("tariffs", "bands", "norms")

Load = Callable[..., Counts]


@pytest.fixture
def load(db: Database, tmp_path: Path) -> Load:
    """Import lines of a kind below the right header, or a whole file's text."""

    def run_it(kind: str, *lines: str, content: str | bytes | None = None, **how: Any) -> Counts:
        if content is None:
            content = "\n".join((WHOLE[kind][0], *lines)) + "\n"
        path = tmp_path / f"{kind}.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return imports.load(kind, path, **how)

    return run_it


@pytest.fixture
def stocked(load: Load, company: Company, monkeypatch: pytest.MonkeyPatch) -> Load:
    """With two accounts there, in a company whose own billing system works the charges out."""
    cast.account(54, services="electricity,repair")
    cast.account(127)
    monkeypatch.setattr(companies, "_current", replace(company, billing=replace(company.billing, by="import")))
    return load


def changed(line: str, header: str, **cells: str) -> str:
    """The line with some cells changed, by column name."""
    names, values = header.split(";"), line.split(";")
    return ";".join(cells.get(name, value) for name, value in zip(names, values, strict=True))


def variant(kind: str, /, **cells: str) -> str:
    return changed(WHOLE[kind][1], WHOLE[kind][0], **cells)


def told(counts: Counts) -> tuple[int, int, int, int, int]:
    return counts.read, counts.new, counts.changed, counts.same, len(counts.faults)


# ---- a good file


def test_columns_are_those_documented() -> None:
    assert {name: ";".join(column.name for column in KINDS[name].columns) for name in WHOLE} == {
        name: header for name, (header, _) in WHOLE.items()
    }


@pytest.mark.parametrize("kind", list(WHOLE))
def test_good_line_is_new(stocked: Load, kind: str) -> None:
    assert told(stocked(kind, WHOLE[kind][1])) == (1, 1, 0, 0, 0)
    assert TABLES[kind].select().exists()


@pytest.mark.parametrize("kind", list(WHOLE))
def test_repeat_changes_nothing(stocked: Load, kind: str) -> None:
    stocked(kind, WHOLE[kind][1])
    before = [list(one.select().dicts()) for one in (TABLES[kind], Entry, Balance)]
    assert told(stocked(kind, WHOLE[kind][1])) == (1, 0, 0, 1, 0)
    assert [list(one.select().dicts()) for one in (TABLES[kind], Entry, Balance)] == before


@pytest.mark.parametrize("kind", list(WHOLE))
def test_dry_run_tells_and_stores_nothing(stocked: Load, kind: str) -> None:
    assert told(stocked(kind, WHOLE[kind][1], dry_run=True)) == (1, 1, 0, 0, 0)
    assert not TABLES[kind].select().exists() and not Entry.select().exists()


@pytest.mark.parametrize("kind", list(WHOLE))
def test_cp1251_and_bom_are_read(stocked: Load, kind: str) -> None:
    text = f"{WHOLE[kind][0]}\r\n{WHOLE[kind][1]}\r\n"
    assert stocked(kind, content=text.encode("cp1251")).new == 1
    assert stocked(kind, content=f"\ufeff{text}".encode()).same == 1


@pytest.mark.parametrize("kind", list(WHOLE))
def test_one_bad_line_stores_nothing(stocked: Load, kind: str) -> None:
    first = WHOLE[kind][0].split(";")[0]
    bad = changed(WHOLE[kind][1], WHOLE[kind][0], **{first: "чужое"})
    assert stocked(kind, WHOLE[kind][1], bad).faults[0].line == 3
    assert not TABLES[kind].select().exists() and not Entry.select().exists()


def test_tariff_is_a_price(load: Load) -> None:
    load("tariffs", TARIFF)
    assert Tariffs.load().price("electricity", "urban", 1, "t1", 1, date(2026, 10, 1)) == (42_371, 22)


def test_empty_cells_of_a_tariff_mean_any(load: Load) -> None:
    load("tariffs", "repair;;;;;2026-01-01;;12.60;0")
    row = Tariff.get()
    assert (row.dwelling, row.plan, row.zone, row.band, row.until, row.price) == ("", 0, "", 1, None, 126_000)
    assert Tariffs.load().price("repair", "stove", 0, "", 1, date(2027, 1, 1)) == (126_000, 0)


def test_columns_left_out_of_a_tariff_mean_any(load: Load) -> None:
    load("tariffs", content="service;since;price;vat\nrepair;2026-01-01;12,6;0\n")
    assert Tariffs.load().price("repair", "urban", 0, "", 1, date(2026, 1, 1)).price == 126_000


def test_later_tariff_ends_the_earlier_one(load: Load) -> None:
    load("tariffs", TARIFF, variant("tariffs", since="2026-10-01", price="5"))
    assert [
        Tariffs.load().price("electricity", "urban", 1, "t1", 1, date(2026, month, 30)).price for month in (9, 10)
    ] == [42_371, 50_000]


def test_tariff_with_an_end_leaves_a_gap(load: Load) -> None:
    load("tariffs", variant("tariffs", until="2026-06-30"))
    with pytest.raises(Gap):
        Tariffs.load().price("electricity", "urban", 1, "t1", 1, date(2026, 7, 1))


def test_bands_are_limits(load: Load) -> None:
    load("bands", BAND, "electricity;stove;2025-01-01;;3000;")
    prices_of = Tariffs.load()
    assert prices_of.limits("electricity", "rural", date(2026, 1, 1)) == (3900, 6000)
    assert prices_of.limits("electricity", "stove", date(2026, 1, 1)) == (3000,)
    assert prices_of.limits("electricity", "rural", date(2024, 12, 31)) == ()


def test_norms_for_persons_and_for_area(load: Load, company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    heat = replace(company.services["electricity"], code="heat")
    monkeypatch.setattr(companies, "_current", replace(company, services={**company.services, "heat": heat}))
    load("norms", NORM, "heat;;2025-10-01;2026-04-30;m2;0,0262")
    known = norms.all_of()
    assert norms.of_month(known, "electricity", "urban", 3, 5790, "2026-10") == 240
    found = norms.on(known, "heat", "urban", date(2026, 4, 30))
    assert found and (found.per, found.amount) == ("m2", 262)
    assert norms.on(known, "heat", "urban", date(2026, 5, 1)) is None


def test_penalty_rates_and_what_is_left_out(load: Load) -> None:
    load("penalties", content="service;since;rate\n;2022-02-28;9.5\n")
    load("penalties", "repair;2022-02-28;9,5;30;90;300;300")
    known = penalties.load()
    assert penalties.of_service(known, "electricity")[0][2:] == (950, 30, 90, 300, 130)
    assert penalties.of_service(known, "repair")[0][2:] == (950, 30, 90, 300, 300)


def test_days_off_and_working_saturdays(load: Load) -> None:
    load("days_off", DAY, "28.12.2024;yes")
    known = workdays.special()
    assert workdays.not_before(date(2026, 11, 4), known) == date(2026, 11, 5)
    assert workdays.not_before(date(2024, 12, 28), known) == date(2024, 12, 28)


# ---- a change


@pytest.mark.parametrize(
    ("kind", "cells", "stored"),
    [
        ("tariffs", {"price": "4.30"}, {"price": 43_000}),
        ("tariffs", {"vat": "20"}, {"vat": 20}),
        ("tariffs", {"until": "2026-12-31"}, {"until": date(2026, 12, 31)}),
        ("bands", {"first": "3000"}, {"first": 3000}),
        ("bands", {"second": ""}, {"second": None}),
        ("norms", {"amount": "82,5"}, {"amount": 825_000}),
        ("norms", {"per": "m2"}, {"per": "m2"}),
        ("penalties", {"rate": "16"}, {"rate": 1600}),
        ("days_off", {"working": "yes"}, {"is_working": True}),
    ],
)
def test_changed_line_is_counted_and_in_force(
    load: Load, kind: str, cells: dict[str, str], stored: dict[str, Any]
) -> None:
    load(kind, WHOLE[kind][1])
    assert told(load(kind, variant(kind, **cells))) == (1, 0, 1, 0, 0)
    assert TABLES[kind].select().count() == 1
    assert {name: getattr(TABLES[kind].get(), name) for name in stored} == stored


def test_end_left_out_is_kept(load: Load) -> None:
    load("tariffs", variant("tariffs", until="2026-12-31"))
    text = "service;dwelling;plan;zone;band;since;price;vat\nelectricity;urban;1;t1;1;2026-01-01;5;22\n"
    assert told(load("tariffs", content=text)) == (1, 0, 1, 0, 0)
    assert (Tariff.get().until, Tariff.get().price) == (date(2026, 12, 31), 50_000)


def test_earlier_row_may_be_cut_short_in_the_file_that_brings_the_next(load: Load) -> None:
    load("tariffs", variant("tariffs", until="2026-12-31"))
    lines = variant("tariffs", since="2026-07-01"), variant("tariffs", until="2026-06-30")
    assert told(load("tariffs", *lines)) == (2, 1, 1, 0, 0)


def test_cut_short_however_far_apart_in_the_file(load: Load) -> None:
    load("tariffs", variant("tariffs", until="2026-12-31"))
    others = [variant("tariffs", since=f"{1950 + n // 12}-{n % 12 + 1:02d}-01") for n in range(imports.BATCH)]
    lines = variant("tariffs", since="2026-07-01"), *others, variant("tariffs", until="2026-06-30")
    assert not load("tariffs", *lines).faults


# ---- refused

BEYOND = [
    ("tariffs", {"service": "gas"}, "service", "услуги «gas» у компании нет"),
    ("tariffs", {"dwelling": "palace"}, "dwelling", "urban, stove, rural"),
    ("tariffs", {"plan": "4"}, "plan", "от 1 до 3"),
    ("tariffs", {"zone": "t2"}, "zone", "у счётчика 1\u00a0зона, зоны t2 нет"),
    ("tariffs", {"plan": "2", "zone": "t3"}, "zone", "у счётчика 2\u00a0зоны, зоны t3 нет"),
    ("tariffs", {"zone": "t4"}, "zone", "«t4» неизвестно"),
    ("tariffs", {"band": "4"}, "band", "от 1 до 3"),
    ("tariffs", {"price": "0"}, "price", "нужно число от 0,0001"),
    ("tariffs", {"price": "-4"}, "price", "нужно число от 0,0001"),
    ("tariffs", {"price": "4,12345"}, "price", "до 4 знаков"),
    ("tariffs", {"price": "NaN"}, "price", "нужно число, например"),
    ("tariffs", {"price": ""}, "price", "пусто"),
    ("tariffs", {"vat": "22%"}, "vat", "целое число"),
    ("tariffs", {"since": "2026-13-01"}, "since", "нужна дата"),
    ("tariffs", {"until": "2025-12-31"}, "until", "кончается раньше, чем начинается"),
    ("tariffs", {"service": "repair"}, "plan", "счётчиков не бывает"),
    ("tariffs", {"service": "repair", "plan": "", "zone": "", "band": "2"}, "band", "диапазонов не бывает"),
    ("bands", {"service": "repair"}, "service", "диапазонов не бывает"),
    ("bands", {"first": "0"}, "first", "целое число от 1"),
    ("bands", {"second": "3900"}, "second", "больше первого (3900)"),
    ("bands", {"until": "2024-12-31"}, "until", "кончается раньше"),
    ("norms", {"service": "repair"}, "service", "нормативов не бывает"),
    ("norms", {"amount": "0"}, "amount", "больше нуля"),
    ("norms", {"amount": "-80"}, "amount", "больше нуля"),
    ("norms", {"per": "cat"}, "per", "person, m2"),
    ("norms", {"until": "2025-06-30"}, "until", "кончается раньше"),
    ("penalties", {"rate": "0"}, "rate", "нужно число от 0,01 до 100"),
    ("penalties", {"rate": "9,555"}, "rate", "до 2 знаков"),
    ("penalties", {"step": "29"}, "step", "не меньше grace (30)"),
    ("penalties", {"divisor": "0"}, "divisor", "от 1"),
    ("penalties", {"service": "gas"}, "service", "услуги «gas»"),
    ("days_off", {"working": "да"}, "working", "yes, no"),
    ("days_off", {"day": "праздник"}, "day", "нужна дата"),
    ("balances", {"account": "241010099999"}, "account", "такого лицевого счёта нет"),
    ("balances", {"service": "gas"}, "service", "услуги «gas»"),
    ("balances", {"day": "2026-11-21"}, "day", "ещё не наступил"),
    ("balances", {"amount": "1,234.50"}, "amount", "нужно число, например 2642,85"),
    ("balances", {"amount": "12.345"}, "amount", "до 2 знаков"),
    ("charges", {"account": "241010099999"}, "account", "такого лицевого счёта нет"),
    ("charges", {"period": "2026-13"}, "period", "нужен месяц"),
    ("charges", {"period": "2026-11"}, "period", "ещё не закончился"),
    ("charges", {"kind": "gift"}, "kind", "use, fixed, recalculation, penalty"),
    ("charges", {"basis": ""}, "basis", "пусто"),
    ("charges", {"price": ""}, "price", "пусто"),
    ("charges", {"zone": "t3"}, "zone", "зоны t3 нет"),
    ("charges", {"kind": "recalculation", "basis": ""}, "reason", "должна быть причина"),
    ("charges", {"amount": "много"}, "amount", "нужно число"),
    ("payments", {"account": "241010099999"}, "account", "такого лицевого счёта нет"),
    ("payments", {"account": "7"}, "account", "12 цифр"),
    ("payments", {"paid": "2026-11-21"}, "paid", "ещё не наступил"),
    ("payments", {"amount": "0"}, "amount", "от 0,01"),
    ("payments", {"amount": "-5"}, "amount", "от 0,01"),
    ("payments", {"channel": "pigeon"}, "channel", "«pigeon» неизвестно"),
    ("payments", {"document": ""}, "document", "пусто"),
    ("payments", {"document": "х" * 61}, "document", "длиннее 60"),
    ("payments", {"period": "октябрь"}, "period", "нужен месяц"),
    ("payments", {"account": "241010000127", "service": "repair"}, "service", "на этом счёте нет"),
]


@pytest.mark.parametrize(
    ("kind", "cells", "column", "reason"),
    BEYOND,
    ids=[f"{kind}.{column}: {reason}" for kind, _, column, reason in BEYOND],
)
def test_fault_with_line_column_and_reason(
    stocked: Load, kind: str, cells: dict[str, str], column: str, reason: str
) -> None:
    counts = stocked(kind, variant(kind, **cells))
    fault = counts.faults[0]
    assert (fault.line, fault.column) == (2, column)
    assert reason in fault.reason
    assert not TABLES[kind].select().exists() and not Entry.select().exists()


@pytest.mark.parametrize("kind", DATED)
def test_row_within_the_term_of_an_earlier_one(load: Load, kind: str) -> None:
    load(kind, variant(kind, until="2026-12-31"))
    fault = load(kind, variant(kind, since="2026-12-31")).faults[0]
    assert (fault.line, fault.column) == (2, "since")
    assert "действует до 31\u00a0декабря 2026, следующая начинается 31\u00a0декабря 2026" in fault.reason.replace(
        "декабря\u00a0", "декабря "
    )
    assert TABLES[kind].select().count() == 1


@pytest.mark.parametrize("kind", DATED)
def test_row_stretched_over_the_next_one(load: Load, kind: str) -> None:
    load(kind, WHOLE[kind][1], variant(kind, since="2026-07-01"))
    fault = load(kind, variant(kind, until="2026-07-01")).faults[0]
    assert (fault.line, fault.column) == (2, "until")
    assert not TABLES[kind].select().where(TABLES[kind].until.is_null(False)).exists()


@pytest.mark.parametrize("kind", DATED)
def test_overlap_within_a_file(load: Load, kind: str) -> None:
    lines = variant(kind, until="2026-12-31"), variant(kind, since="2026-11-01")
    assert [(fault.line, fault.column) for fault in load(kind, *lines).faults] == [(3, "since")]


def test_rows_for_other_things_do_not_overlap(load: Load) -> None:
    first = variant("tariffs", until="2026-12-31")
    others = [
        changed(first, TARIFFS, since="2026-05-01", **cells)
        for cells in ({"dwelling": "rural"}, {"plan": "2"}, {"zone": ""}, {"band": "2"}, {"dwelling": ""})
    ]
    assert told(load("tariffs", first, *others)) == (6, 6, 0, 0, 0)


@pytest.mark.parametrize(
    ("kind", "cells", "column"),
    [
        ("tariffs", {"price": "5"}, "price"),
        ("tariffs", {"vat": "20"}, "vat"),
        ("bands", {"first": "100"}, "first"),
        ("norms", {"amount": "81"}, "amount"),
        ("penalties", {"rate": "9"}, "rate"),
        ("days_off", {"working": "yes"}, "working"),
    ],
)
def test_same_thing_twice_in_a_file_with_another_value(
    load: Load, kind: str, cells: dict[str, str], column: str
) -> None:
    fault = load(kind, WHOLE[kind][1], variant(kind, **cells)).faults[0]
    assert (fault.line, fault.column) == (3, column)
    assert "уже есть в строке 2" in fault.reason
    assert not TABLES[kind].select().exists()


@pytest.mark.parametrize("kind", ["tariffs", "bands", "norms", "penalties", "days_off"])
def test_same_line_twice_in_a_file_is_one(load: Load, kind: str) -> None:
    assert told(load(kind, WHOLE[kind][1], WHOLE[kind][1])) == (2, 1, 0, 1, 0)


@pytest.mark.parametrize("kind", ["tariffs", "bands", "norms", "penalties", "days_off", "balances", "payments"])
def test_keep_good(stocked: Load, kind: str) -> None:
    first = WHOLE[kind][0].split(";")[0]
    assert told(stocked(kind, variant(kind, **{first: "чужое"}), WHOLE[kind][1], keep_good=True)) == (2, 1, 0, 0, 1)
    assert TABLES[kind].select().exists()


def test_table_of_prices_has_a_bound(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "days_off", replace(KINDS["days_off"], whole=2))
    with pytest.raises(BadFile, match="больше 2 строк"):
        load("days_off", "2026-01-01;no", "2026-01-02;no", "2026-01-03;no")
    assert not SpecialDay.select().exists() and prices.MOST_LINES > 10_000


def test_new_price_leaves_a_bill_as_it_is(load: Load, company: Company) -> None:
    cast.anna()
    any_use = variant("tariffs", dwelling="", plan="", zone="", since="2020-01-01")
    load("tariffs", any_use)
    run.bill("2026-10")
    before = list(Charge.select().dicts())
    assert before
    assert told(load("tariffs", changed(any_use, TARIFFS, price="9"))) == (1, 0, 1, 0, 0)
    run.bill("2026-10")
    assert list(Charge.select().dicts()) == before


# ---- balances


def test_balance_is_owed(stocked: Load) -> None:
    stocked("balances", BALANCE, variant("balances", service="repair", amount="\u221212,30"))
    account = Account.get(Account.number == "241010000054")
    assert ledger.by_service(account.id) == {"electricity": 123_456, "repair": -1230}
    entry = Entry.get(Entry.service == "electricity")
    assert (entry.kind, entry.day, entry.source) == (
        ledger.CORRECTION,
        date(2026, 9, 30),
        "balance:241010000054:electricity",
    )


@pytest.mark.parametrize("cells", [{"amount": "1234,57"}, {"day": "2026-10-31"}])
def test_balance_is_brought_in_once(stocked: Load, cells: dict[str, str]) -> None:
    stocked("balances", BALANCE)
    fault = stocked("balances", variant("balances", **cells)).faults[0]
    assert (fault.column, "вносится один раз" in fault.reason) == ("amount", True)
    assert ledger.balance(Account.get(Account.number == "241010000054").id) == 123_456


def test_balance_twice_in_a_file(stocked: Load) -> None:
    assert told(stocked("balances", BALANCE, BALANCE)) == (2, 1, 0, 1, 0)


# ---- charges

SECOND = CHARGE.replace(";t1;", ";t2;").replace("553,20", "276,60").replace(";120;", ";60;")
REPAIR = "241010000054;2026-10;repair;fixed;area;;;;57,9;12,60;0;729,54;;"
PUT_RIGHT = "241010000054;2026-10;electricity;recalculation;average;2;;;-12;;22;-55,32;2026-08;по показаниям меньше"
FINE = "241010000054;2026-10;electricity;penalty;;;;;;;;3,15;;"


def test_lines_together_are_a_bill(stocked: Load) -> None:
    assert told(stocked("charges", CHARGE, SECOND, REPAIR, PUT_RIGHT, FINE)) == (5, 5, 0, 0, 0)
    bill = Bill.get()
    assert (bill.state, bill.charged, bill.recalculated, bill.penalty) == ("issued", 155_934, -5532, 315)
    assert bill.total == ledger.balance(bill.account_id) == 155_934 - 5532 + 315
    row = Charge.get(Charge.kind == "recalculation")
    assert (row.quantity, row.about, row.reason, row.trace) == (
        -120_000,
        "2026-08",
        "по показаниям меньше",
        {"rule": "imported"},
    )
    assert doctor.complaints() == []


def test_bills_of_several_accounts_and_months(stocked: Load) -> None:
    other = changed(CHARGE, CHARGES, account="241010000127")
    earlier = changed(CHARGE, CHARGES, period="2026-09")
    assert told(stocked("charges", earlier, CHARGE, SECOND, other)) == (4, 4, 0, 0, 0)
    assert sorted((row.period, row.charged) for row in Bill.select()) == [
        ("2026-09", 55_320),
        ("2026-10", 55_320),
        ("2026-10", 82_980),
    ]


def test_bill_stands(stocked: Load) -> None:
    stocked("charges", CHARGE)
    fault = stocked("charges", changed(CHARGE, CHARGES, amount="553,21")).faults[0]
    assert (fault.line, "уже есть, и он другой" in fault.reason) == (2, True)
    assert Bill.get().charged == 55_320


def test_bill_torn_apart_in_the_file(stocked: Load) -> None:
    other = changed(CHARGE, CHARGES, account="241010000127")
    assert [fault.line for fault in stocked("charges", CHARGE, other, SECOND).faults] == [4]
    assert not Bill.select().exists()


def test_bill_is_not_cut_at_the_end_of_a_batch(stocked: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "BATCH", 2)
    other = changed(CHARGE, CHARGES, account="241010000127")
    assert told(stocked("charges", other, CHARGE, SECOND, REPAIR, FINE)) == (5, 5, 0, 0, 0)
    assert Bill.select().count() == 2


def test_bill_with_a_bad_line_is_never_kept(stocked: Load) -> None:
    bad = changed(CHARGE, CHARGES, amount="?")
    with pytest.raises(BadFile, match="только целиком"):
        stocked("charges", CHARGE, bad, keep_good=True)
    assert not Bill.select().exists()


def test_no_charges_where_the_portal_bills(load: Load, company: Company) -> None:
    cast.account(54)
    fault = load("charges", CHARGE).faults[0]
    assert (fault.line, "начисляет в портале" in fault.reason) == (2, True)
    assert not Bill.select().exists()


# ---- payments


def test_payment_settles_what_is_owed(stocked: Load) -> None:
    stocked("balances", changed(BALANCE, BALANCES, amount="100"), variant("balances", service="repair", amount="300"))
    stocked("payments", variant("payments", amount="200"))
    payment = Payment.get()
    assert (payment.channel, payment.document, payment.period, payment.paid_on, payment.parts) == (
        "sberbank",
        "261100017",
        "2026-10",
        date(2026, 11, 10),
        {"electricity": 5000, "repair": 15_000},
    )
    assert ledger.by_service(payment.account_id) == {"electricity": 5000, "repair": 15_000}


def test_payment_for_one_service(stocked: Load) -> None:
    stocked("payments", variant("payments", service="repair"))
    assert ledger.by_service(Payment.get().account_id) == {"repair": -166_471}


def test_document_twice_in_a_file_counts_once(stocked: Load) -> None:
    assert told(stocked("payments", PAYMENT, PAYMENT)) == (2, 1, 0, 1, 0)
    assert ledger.balance(Payment.get().account_id) == -166_471


def test_documents_are_counted_by_channel(stocked: Load) -> None:
    assert told(stocked("payments", PAYMENT, variant("payments", channel="bank"))) == (2, 2, 0, 0, 0)


@pytest.mark.parametrize("cells", [{"amount": "1664,72"}, {"account": "241010000127"}])
@pytest.mark.parametrize("together", [True, False])
def test_document_with_another_amount_or_account(stocked: Load, cells: dict[str, str], together: bool) -> None:
    if not together:
        stocked("payments", PAYMENT)
    counts = stocked("payments", *[PAYMENT] * together, variant("payments", **cells))
    assert (counts.faults[0].line, counts.faults[0].column) == (2 + together, "document")
    assert Payment.select().count() == (0 if together else 1)


def test_order_of_the_lines_does_not_matter_to_the_balance(stocked: Load) -> None:
    lines = [variant("payments", document=str(n), amount=f"{n},01") for n in range(1, 6)]
    stocked("payments", *reversed(lines))
    assert told(stocked("payments", *lines)) == (5, 0, 0, 5, 0)
    assert ledger.balance(Payment.get().account_id) == -1505


# ---- cells


@pytest.mark.parametrize(
    ("text", "kopecks"),
    [
        ("2642,85", 264_285), ("2642.85", 264_285), ("2 642,85", 264_285), ("-12.30", -1230), ("\u221212,3", -1230), ("0", 0),
        ("1 234 567", 123_456_700), ("0,01", 1), ("0,10", 10), ("007", 700),
    ],
)  # fmt: skip
def test_rubles_become_kopecks(text: str, kopecks: int) -> None:
    assert table.kopecks(text) == kopecks


@pytest.mark.parametrize(
    "text",
    [
        "1e5", "1,234.50", "12 34", "12 345 6", "1.2.3", ",5", "5,", "--5", "+5", "１２", "NaN", "Infinity", "0,001", "₽", "0x10", "1_000",
        "9" * 16, "1" * 12,
    ],
)  # fmt: skip
def test_rubles_that_are_none(text: str) -> None:
    with pytest.raises(BadCell):
        table.kopecks(text)


@given(st.integers(-(10**11), 10**11), st.sampled_from(".,"))
def test_any_amount_written_is_read_to_the_kopeck(kopecks: int, point: str) -> None:
    whole, part = divmod(abs(kopecks), 100)
    sign = "-" if kopecks < 0 else ""
    grouped = f"{whole:,}".replace(",", " ")
    assert (
        table.kopecks(f"{sign}{whole}{point}{part:02d}")
        == table.kopecks(f"{sign}{grouped}{point}{part:02d}")
        == kopecks
    )


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (table.price, "4,2371", 42_371),
        (table.quantity, "-12,5", -125_000),
        (table.percent, "9,5", 950),
        (table.period, "10.2026", "2026-10"),
        (table.period, "2026-10", "2026-10"),
        (table.yes, "no", False),
    ],
)
def test_other_cells(parse: Callable[[str], Any], text: str, value: Any) -> None:
    assert parse(text) == value
