"""Importing files: all lines or none, each fault with its line, column and reason, and a repeat that changes nothing."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from peewee import Database

from models import company as companies
from models import consents
from models.audit import AuditRow
from models.base import Row
from models.billing import delivery
from models.company import Company
from models.exchange import imports, xlsx
from models.exchange.kinds import KINDS
from models.exchange.rows import Counts
from models.exchange.table import BadFile
from models.metering import closings, intake
from models.metering.accounts import Account, Office, one_of
from models.metering.meters import Meter
from models.metering.readings import Reading
from models.outbox import Message
from tests import cast

OFFICES = "code;name;settlement;address;phone;hours;way;place"
ACCOUNTS = (
    "account;office;last_name;first_name;middle_name;settlement;street;house;flat;dwelling;persons;area_m2;services;access_code;opened;closed;"
    "email;phone"
)
METERS = (
    "account;serial;service;model;zones;digits;ratio;installed;removed;initial_t1;initial_t2;initial_t3;final_t1;final_t2;final_t3;"
    "verification_due"
)
READINGS = "account;serial;taken;channel;t1;t2;t3;state;reason"

OFFICE = (
    "101;Центральный участок;г. Красноярск;ул. Светлая, д. 24;+73912990024;пн–пт 8:00–19:00;вход со двора;56.010,92.852"
)
ACCOUNT = (
    "241010000054;;Иванова;Анна;Сергеевна;г. Красноярск;ул. Садовая;33;91;urban;3;57.9;electricity,repair;16359559;2012-04-02;;"
    "anna@example.ru;+79135550123"
)
METER = "241010000054;87749621;electricity;Меркурий 200.02;2;5;1;2014-11-25;;5431;1952;;;;;2033-05-17"
READING = "241010000054;87749621;2026-10-20;web;6320;2660;;accepted;"

WHOLE = {
    "offices": (OFFICES, OFFICE),
    "accounts": (ACCOUNTS, ACCOUNT),
    "meters": (METERS, METER),
    "readings": (READINGS, READING),
}
TABLES: dict[str, type[Row]] = {"offices": Office, "accounts": Account, "meters": Meter, "readings": Reading}

Load = Callable[..., Counts]


@pytest.fixture
def load(db: Database, tmp_path: Path) -> Load:
    """Import lines of a kind below the right header, or a whole file's text or bytes."""

    def run(kind: str, *lines: str, content: str | bytes | None = None, **how: Any) -> Counts:
        if content is None:
            content = "\n".join((WHOLE[kind][0], *lines)) + "\n"
        path = tmp_path / f"{kind}.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return imports.load(kind, path, **how)

    return run


@pytest.fixture
def stocked(load: Load) -> Load:
    """With Anna's account and meter there already."""
    load("accounts", ACCOUNT)
    load("meters", METER)
    return load


def changed(line: str, header: str, **cells: str) -> str:
    """The line with some cells changed, by column name."""
    names, values = header.split(";"), line.split(";")
    return ";".join(cells.get(name, value) for name, value in zip(names, values, strict=True))


def without(header: str, line: str, *left_out: str, **cells: str) -> str:
    """A file of one line, some of its columns left out and some cells changed."""
    row = dict(zip(header.split(";"), changed(line, header, **cells).split(";"), strict=True))
    kept = [name for name in row if name not in left_out]
    return f"{';'.join(kept)}\n{';'.join(row[name] for name in kept)}\n"


def told(counts: Counts) -> tuple[int, int, int, int, int]:
    return counts.read, counts.new, counts.changed, counts.same, len(counts.faults)


# ---- a good file


def test_offices(load: Load) -> None:
    assert told(load("offices", OFFICE)) == (1, 1, 0, 0, 0)
    office = Office.get()
    assert (office.code, office.settlement, office.hours) == ("101", "г. Красноярск", "пн–пт 8:00–19:00")


def test_accounts(load: Load) -> None:
    load("offices", OFFICE)
    load("accounts", changed(ACCOUNT, ACCOUNTS, office="101", phone="8 (913) 555-01-23", email="Anna@Example.ru"))
    row = Account.get()
    assert (row.number, row.office.code, row.area, row.services) == ("241010000054", "101", 5790, "electricity,repair")
    assert (row.opened, row.closed, row.phone, row.email) == (date(2012, 4, 2), None, "+79135550123", "anna@example.ru")


def test_meters(stocked: Load) -> None:
    row = Meter.get()
    assert (row.account.number, row.zones, row.digits, row.ratio) == ("241010000054", 2, 5, 1)
    assert (row.initial_t1, row.initial_t2, row.initial_t3, row.removed) == (5431, 1952, None, None)


def test_readings(stocked: Load) -> None:
    assert told(stocked("readings", READING)) == (1, 1, 0, 0, 0)
    row = Reading.get()
    assert (row.account_id, row.period, row.taken, row.state) == (
        Account.get().id,
        "2026-10",
        date(2026, 10, 20),
        "accepted",
    )
    assert (row.t1, row.t2, row.t3, row.receipt_id, row.trace["rule"]) == (6320, 2660, None, None, "imported")


def test_reading_of_a_billed_period_is_billed(stocked: Load) -> None:
    closings.close("2026-10")
    stocked("readings", READING)
    assert Reading.get().state == "billed"


def test_each_load_is_in_the_audit(load: Load) -> None:
    load("offices", OFFICE)
    row = AuditRow.get()
    assert (row.deed, row.subject, row.detail) == (
        "import.loaded",
        "file:offices.csv",
        {"kind": "offices", "new": 1, "changed": 0},
    )


def test_long_name_of_a_file_is_cut_in_the_audit(load: Load, tmp_path: Path) -> None:
    path = tmp_path / f"{'o' * 251}.csv"
    path.write_text(f"{OFFICES}\n{OFFICE}\n")
    imports.load("offices", path)
    assert AuditRow.get().subject == f"file:{'o' * 200}"


def test_columns_in_any_order_optional_ones_left_out(load: Load) -> None:
    load("offices", content="Name ; ADDRESS;settlement;code\nУчасток;ул. Мира, 1;г. Канск;7\n")
    office = Office.get()
    assert (office.code, office.name, office.phone) == ("7", "Участок", "")


@pytest.mark.parametrize(
    "content",
    [
        f"{OFFICES}\n{OFFICE}\n".encode(),
        f"\ufeff{OFFICES}\n{OFFICE}\n".encode(),
        f"{OFFICES}\n{OFFICE}\n".encode("cp1251"),
        f"{OFFICES}\r\n{OFFICE}\r\n".encode(),
        f"{OFFICES}\n\n{OFFICE}\n ; ; \n\n".encode(),
        f"{OFFICES}\n{OFFICE}".encode(),
        f"{OFFICES}\n{OFFICE}\n".replace("Центральный участок", '"Центральный участок"').encode(),
    ],
    ids=["utf-8", "bom", "cp1251", "crlf", "empty lines", "no last line end", "quoted"],
)  # fmt: skip
def test_writings_of_a_file(load: Load, content: bytes) -> None:
    assert told(load("offices", content=content))[1:] == (1, 0, 0, 0)
    assert Office.get().name == "Центральный участок"


def test_dates_in_both_ways(load: Load) -> None:
    load("accounts", changed(ACCOUNT, ACCOUNTS, opened="02.04.2012", closed="2027-01-31"))
    assert (Account.get().opened, Account.get().closed) == (date(2012, 4, 2), date(2027, 1, 31))


def test_progress_adds_up_to_the_file(load: Load, tmp_path: Path) -> None:
    seen: list[int] = []
    load("offices", *(f"{n};Участок;г. Канск;ул. Мира;;;;" for n in range(50)), progress=seen.append)
    assert sum(seen) == (tmp_path / "offices.csv").stat().st_size


# ---- a repeat, and a change


@pytest.mark.parametrize("kind", list(WHOLE))
def test_repeat_changes_nothing(stocked: Load, kind: str) -> None:
    stocked(kind, WHOLE[kind][1])
    before = list(TABLES[kind].select().dicts())
    assert told(stocked(kind, WHOLE[kind][1])) == (1, 0, 0, 1, 0)
    assert list(TABLES[kind].select().dicts()) == before


def test_repeat_after_the_period_was_billed_changes_nothing(stocked: Load) -> None:
    stocked("readings", READING)
    closings.close("2026-10")
    assert told(stocked("readings", READING)) == (1, 0, 0, 1, 0)


@pytest.mark.parametrize(
    ("kind", "cells"),
    [
        ("offices", {"hours": "пн–сб"}),
        ("accounts", {"persons": "4"}),
        ("meters", {"verification_due": "2049-01-01"}),
        ("meters", {"digits": "6"}),
    ],
)
def test_changed_line_is_counted_and_in_force(stocked: Load, kind: str, cells: dict[str, str]) -> None:
    header, line = WHOLE[kind]
    stocked(kind, line)
    assert told(stocked(kind, changed(line, header, **cells))) == (1, 0, 1, 0, 0)
    assert TABLES[kind].select().count() == 1
    assert [str(getattr(TABLES[kind].get(), name)) for name in cells] == list(cells.values())


def test_reading_may_be_rejected_later(stocked: Load) -> None:
    stocked("readings", READING)
    assert told(stocked("readings", changed(READING, READINGS, state="rejected", reason="Ошибка"))) == (1, 0, 1, 0, 0)
    assert (Reading.get().state, Reading.get().reason) == ("rejected", "Ошибка")


def test_billed_reading_stands(stocked: Load) -> None:
    stocked("readings", READING)
    closings.close("2026-10")
    fault = stocked("readings", changed(READING, READINGS, state="rejected", reason="Ошибка")).faults[0]
    assert (fault.line, fault.column, fault.reason) == (2, "state", "этот период уже рассчитан, показание не меняется")
    assert (Reading.get().state, Reading.get().reason) == ("billed", "")


@pytest.mark.parametrize("state", ["rejected", "replaced"])
def test_reading_taken_out_makes_room_for_the_right_one(stocked: Load, state: str) -> None:
    stocked("readings", READING)
    right = changed(READING, READINGS, taken="2026-10-21", channel="staff", t1="6330")
    assert told(stocked("readings", changed(READING, READINGS, state=state, reason="Ошибка"), right)) == (2, 1, 1, 0, 0)
    assert [row.state for row in Reading.select().order_by(Reading.id)] == [state, "accepted"]


def test_right_reading_before_the_wrong_one_is_out_is_refused(stocked: Load) -> None:
    stocked("readings", READING)
    lines = changed(READING, READINGS, taken="2026-10-21"), changed(READING, READINGS, state="replaced")
    assert [(fault.line, fault.column) for fault in stocked("readings", *lines).faults] == [(2, "state")]


def test_of_readings_alike_a_line_means_the_one_it_repeats(stocked: Load) -> None:
    """Passed, corrected, and passed again with the same values on the same day."""
    stocked("readings", changed(READING, READINGS, state="replaced"))
    facts = Reading.select().dicts().get()
    Reading.create(**{**facts, "id": None, "state": "accepted"})
    closings.close("2026-10")
    assert told(stocked("readings", READING, changed(READING, READINGS, state="replaced"))) == (2, 0, 0, 2, 0)


def test_no_period_is_closed_while_readings_come_in(stocked: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    hold, is_closed = closings.hold, closings.is_closed
    monkeypatch.setattr(closings, "hold", lambda: (asked.append("hold"), hold()))
    monkeypatch.setattr(closings, "is_closed", lambda period: (asked.append(period), is_closed(period))[1])
    stocked("readings", READING)
    assert asked == ["hold", "2026-10"]


def test_columns_left_out_are_not_touched(stocked: Load) -> None:
    stocked("offices", OFFICE)
    stocked("accounts", changed(ACCOUNT, ACCOUNTS, office="101", closed="2027-01-31"))
    stocked("accounts", content=without(ACCOUNTS, ACCOUNT, "office", "closed", "email", "phone", persons="5"))
    row = Account.get()
    assert (row.persons, row.closed, row.office.code) == (5, date(2027, 1, 31), "101")
    assert (row.email, row.phone) == ("anna@example.ru", "+79135550123")


def test_empty_cells_clear(stocked: Load) -> None:
    stocked("accounts", changed(ACCOUNT, ACCOUNTS, email="", phone=""))
    assert (Account.get().email, Account.get().phone) == ("", "")


def test_removed_meter_stays_removed_when_the_file_does_not_say(stocked: Load) -> None:
    stocked("meters", changed(METER, METERS, removed="2026-01-31", final_t1="6000", final_t2="2500"))
    left_out = ("ratio", "removed", "initial_t1", "initial_t2", "initial_t3", "final_t1", "final_t2", "final_t3")
    counts = stocked("meters", content=without(METERS, METER, *left_out, model="Меркурий 206"))
    assert told(counts) == (1, 0, 1, 0, 0)
    row = Meter.get()
    assert (row.model, row.removed, row.initial_t1, row.final_t2) == ("Меркурий 206", date(2026, 1, 31), 5431, 2500)


def test_reason_left_out_is_kept(stocked: Load) -> None:
    stocked("readings", changed(READING, READINGS, state="held", reason="Слишком много"))
    stocked("readings", content=without(READINGS, READING, "t3", "reason"))
    assert (Reading.get().state, Reading.get().reason) == ("accepted", "Слишком много")


@pytest.mark.parametrize(
    ("column", "value"),
    [("zones", "1"), ("digits", "6"), ("ratio", "20"), ("installed", "2014-11-26"), ("service", "heat")],
)
def test_meter_with_readings_keeps_what_they_rest_on(
    stocked: Load, company: Company, monkeypatch: pytest.MonkeyPatch, column: str, value: str
) -> None:
    services = {**company.services, "heat": company.services["electricity"]}
    monkeypatch.setattr(companies, "_current", replace(company, services=services))
    stocked("readings", READING)
    fault = stocked("meters", changed(METER, METERS, **{column: value})).faults[0]
    was = METER.split(";")[METERS.split(";").index(column)]
    assert (fault.line, fault.column) == (2, column)
    assert fault.reason == f"у счётчика уже есть показания: было «{was}», менять нельзя; заведите новый счётчик"


def test_same_key_twice_in_a_file_the_later_stands(load: Load) -> None:
    assert told(load("offices", OFFICE, changed(OFFICE, OFFICES, name="Новый"))) == (2, 1, 1, 0, 0)
    assert Office.get().name == "Новый"


def test_import_does_not_touch_what_customers_passed(
    db: Database, stocked: Load, at: Callable[[str], datetime]
) -> None:
    received = intake.receive(Account.get(), {Meter.get().id: ("5600", "2000")}, channel="web", key="k")
    line = changed(READING, READINGS, taken="2026-11-19", channel="staff", t1="5601", t2="2000")
    assert stocked("readings", line).faults[0].reason == "за этот месяц уже есть принятое показание этого счётчика"
    assert Reading.get().receipt_id == received.receipt_id


# ---- faults


FAULTS = [
    ("offices", {"code": ""}, "code", "пусто"),
    ("offices", {"name": "х" * 201}, "name", "длиннее 200 знаков"),
    ("offices", {"name": "х" * 10_001}, "name", "слишком длинно"),
    ("offices", {"name": "Уча\x00сток"}, "name", "непечатные знаки"),
    ("offices", {"name": "Уча\u202eсток"}, "name", "непечатные знаки"),
    ("accounts", {"account": "24101000005"}, "account", "12 цифр"),
    ("accounts", {"office": "999"}, "office", "участка «999» нет"),
    ("accounts", {"dwelling": "palace"}, "dwelling", "urban, stove, rural"),
    ("accounts", {"persons": "-1"}, "persons", "целое число от 0 до 99"),
    ("accounts", {"persons": "3.5"}, "persons", "целое число"),
    ("accounts", {"persons": "３"}, "persons", "целое число"),
    ("accounts", {"area_m2": "много"}, "area_m2", "нужно число"),
    ("accounts", {"area_m2": "1e999"}, "area_m2", "нужно число"),
    ("accounts", {"area_m2": "NaN"}, "area_m2", "нужно число"),
    ("accounts", {"area_m2": "57.999"}, "area_m2", "до двух знаков"),
    ("accounts", {"services": "electricity,gas"}, "services", "услуги «gas» у компании нет"),
    ("accounts", {"opened": "31.02.2012"}, "opened", "нужна дата"),
    ("accounts", {"opened": "0201-01-01"}, "opened", "нужна дата"),
    ("accounts", {"email": "anna@"}, "email", "не похоже на адрес"),
    ("accounts", {"phone": "12"}, "phone", "не похоже на номер"),
    ("meters", {"account": "241010099999"}, "account", "такого лицевого счёта нет"),
    ("meters", {"service": "repair"}, "service", "счётчиков не бывает"),
    ("meters", {"service": "gas"}, "service", "счётчиков не бывает"),
    ("meters", {"zones": "4"}, "zones", "от 1 до 3"),
    ("meters", {"zones": "3"}, "initial_t3", "пусто"),
    ("meters", {"digits": "2"}, "digits", "от 3 до 9"),
    ("meters", {"initial_t1": "543100"}, "initial_t1", "помещается на 5 цифрах"),
    ("meters", {"ratio": "0"}, "ratio", "от 1"),
    ("meters", {"removed": "2014-11-24", "final_t1": "1", "final_t2": "1"}, "removed", "снят раньше"),
    ("meters", {"removed": "2020-01-01"}, "final_t1", "пусто"),
    ("readings", {"account": "241010099999"}, "serial", "такого счётчика на этом лицевом счёте нет"),
    ("readings", {"serial": "1"}, "serial", "такого счётчика"),
    ("readings", {"taken": "2014-11-24"}, "taken", "счётчик не стоял"),
    ("readings", {"taken": "2026-11-21"}, "taken", "ещё не наступил"),
    ("readings", {"channel": "pigeon"}, "channel", "«pigeon» неизвестно"),
    ("readings", {"t1": "-0"}, "t1", "целое число"),
    ("readings", {"t1": "1" * 400}, "t1", "целое число"),
    ("readings", {"t1": "100000"}, "t1", "помещается на 5 цифрах"),
    ("readings", {"t2": ""}, "t2", "пусто"),
    ("readings", {"t3": "5"}, "t3", "у счётчика 2\u00a0зоны, значение лишнее"),
    ("readings", {"state": "billed"}, "state", "«billed» неизвестно"),
]


@pytest.mark.parametrize(
    ("kind", "cells", "column", "reason"),
    FAULTS,
    ids=[f"{kind}.{column}: {reason}" for kind, _, column, reason in FAULTS],
)
def test_fault_with_line_column_and_reason(
    stocked: Load, kind: str, cells: dict[str, str], column: str, reason: str
) -> None:
    header, line = WHOLE[kind]
    before = TABLES[kind].select().count()
    fault = stocked(kind, line, changed(line, header, **cells)).faults[0]
    assert (fault.line, fault.column) == (3, column)
    assert reason in fault.reason
    assert TABLES[kind].select().count() == before


def test_all_faults_of_a_line_are_told(load: Load) -> None:
    faults = load("accounts", changed(ACCOUNT, ACCOUNTS, account="1", persons="x", opened="y")).faults
    assert [fault.column for fault in faults] == ["account", "persons", "opened"]


@pytest.mark.parametrize(("line", "cells"), [("101;Участок", 2), (OFFICE + ";лишнее", 9)])
def test_line_of_another_length(load: Load, line: str, cells: int) -> None:
    fault = load("offices", OFFICE, line).faults[0]
    assert (fault.line, fault.column, fault.reason) == (3, "", f"в строке {cells} значений, а столбцов 8")


def test_meter_of_another_account(stocked: Load) -> None:
    stocked("accounts", changed(ACCOUNT, ACCOUNTS, account="241010000055"))
    fault = stocked("meters", changed(METER, METERS, account="241010000055")).faults[0]
    assert (fault.column, "числится на другом" in fault.reason) == ("serial", True)


def test_second_accepted_reading_of_a_month(stocked: Load) -> None:
    counts = stocked("readings", READING, changed(READING, READINGS, taken="2026-10-21"))
    assert [(fault.line, fault.column) for fault in counts.faults] == [(3, "state")]


# ---- all or none


BAD_AND_GOOD = [OFFICE, changed(OFFICE, OFFICES, code=""), changed(OFFICE, OFFICES, code="102")]


def test_one_bad_line_stores_nothing(load: Load) -> None:
    assert told(load("offices", *BAD_AND_GOOD)) == (3, 2, 0, 0, 1)
    assert not Office.select().exists() and not AuditRow.select().exists()


def test_keep_good(load: Load) -> None:
    assert told(load("offices", *BAD_AND_GOOD, keep_good=True)) == (3, 2, 0, 0, 1)
    assert [row.code for row in Office.select().order_by(Office.code)] == ["101", "102"]


def test_keep_good_when_the_database_finds_the_fault(stocked: Load) -> None:
    lines = [READING, changed(READING, READINGS, taken="2026-10-21"), changed(READING, READINGS, taken="2026-09-20")]
    assert told(stocked("readings", *lines, keep_good=True)) == (3, 2, 0, 0, 1)
    assert Reading.select().count() == 2


@pytest.mark.parametrize("kind", list(WHOLE))
def test_dry_run_tells_and_stores_nothing(stocked: Load, kind: str) -> None:
    before = list(TABLES[kind].select().dicts())
    counts = stocked(kind, WHOLE[kind][1], dry_run=True)
    assert counts.read == counts.new + counts.same == 1
    assert list(TABLES[kind].select().dicts()) == before


def test_bad_lines_far_apart_undo_all(load: Load) -> None:
    good = [f"{n};Участок;г. Канск;ул. Мира;;;;" for n in range(imports.BATCH * 2)]
    counts = load("offices", *good, changed(OFFICE, OFFICES, code=""))
    assert (counts.read, counts.faults[0].line) == (imports.BATCH * 2 + 1, imports.BATCH * 2 + 2)
    assert not Office.select().exists()


# ---- files of which no line can be taken


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "нет столбца «code»"),
        ("\n", "нет столбца «code»"),
        (f"{OFFICES};colour\n", "неизвестный столбец «colour»"),
        ("name;settlement;address\n", "нет столбца «code»"),
        (f"{OFFICES};code\n", "столбец «code» назван дважды"),
        (OFFICES.replace(";", ",") + "\n", "неизвестный столбец"),
        (f"{OFFICES}\n{OFFICE}\n1;\"Участок;г. Канск\n", "строка 3"),
        (f"{OFFICES}\n{OFFICE}\n".encode("utf-16"), "неизвестный столбец"),
        (b"PK\x03\x04\x14\x00\x06\x00", "не книга XLSX"),
    ],
)  # fmt: skip
def test_file_that_is_none(load: Load, content: str | bytes, reason: str) -> None:
    with pytest.raises(BadFile, match=reason):
        load("offices", content=content)
    assert not Office.select().exists()


def test_unknown_kind(load: Load, tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        imports.load("payments_of_the_future", tmp_path / "x.csv")


def test_header_alone_is_a_file_without_lines(load: Load) -> None:
    assert told(load("offices", content=f"{OFFICES}\n")) == (0, 0, 0, 0, 0)


def test_kinds_have_the_columns_documented() -> None:
    """Those of money are in test_money_imports.py."""
    assert {name: ";".join(column.name for column in KINDS[name].columns) for name in WHOLE} == {
        name: header for name, (header, _) in WHOLE.items()
    }


# ---- size


def test_long_file_streams(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """20,000 lines: what is held is a batch, not the file. The database is left out: tracing it takes a minute."""
    sizes: list[int] = []
    kind = replace(KINDS["offices"], load=lambda batch, counts: sizes.append(len(batch)))
    monkeypatch.setitem(KINDS, "offices", kind)
    lines = "\n".join(
        f"{n};Участок {n};г. Красноярск;ул. Светлая, д. {n};+73912990024;{'пн–пт ' * 40};;" for n in range(20_000)
    )
    content = f"{OFFICES}\n{lines}\n".encode("cp1251")
    load("offices", OFFICE)
    tracemalloc.start()
    try:
        load("offices", content=content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sizes == [1] + [imports.BATCH] * (20_000 // imports.BATCH)
    assert peak < 4_000_000 < len(content) / 1.5


def test_million_faults_do_not_fill_the_memory(load: Load) -> None:
    """Each line has a fault that only the database tells."""
    counts = load("meters", *(changed(METER, METERS, serial=str(n)) for n in range(3000)))
    assert counts.read == 3000
    assert 1000 <= len(counts.faults) < 2000


def test_a_workbook_is_imported_as_the_same_table(stocked: Load, tmp_path: Path) -> None:
    header, row = READINGS.split(";"), READING.split(";")
    path = tmp_path / "readings.xlsx"
    xlsx.write(path, header, [[*row[:2], date(2026, 10, 20), row[3], 6320, 2660, None, *row[7:]]], "Показания")
    assert told(imports.load("readings", path)) == (1, 1, 0, 0, 0)
    assert told(stocked("readings", READING)) == (1, 0, 0, 1, 0)


def test_a_name_written_otherwise_is_the_same_person(load: Load) -> None:
    """An export in capitals or without «ё» must not empty a town's cabinets."""
    anna = cast.anna()
    Account.update(last_name="Фёдорова", first_name="Алёна").where(Account.id == anna.account.id).execute()
    same = {name: getattr(anna.account, name) for name in ("middle_name", "access_code")}
    cells = {"account": anna.account.number, "last_name": "ФЕДОРОВА", "first_name": "алена", **same}
    load("accounts", changed(ACCOUNT, ACCOUNTS, **cells))
    assert one_of(anna.id, anna.account.number) is not None


@pytest.mark.feature("S13", "S31")
@pytest.mark.parametrize(
    ("cells", "is_sold"),
    [
        ({"last_name": "Новая", "first_name": "Вера"}, True),
        ({"last_name": "ИВАНОВА ", "first_name": "АННА"}, False),
        ({"last_name": "Новая", "access_code": "KX7P2Q"}, False),
        ({"last_name": "Замужняя"}, False),
        ({"access_code": "KX7P2Q"}, False),
    ],
)
def test_what_the_former_owner_agreed_to_and_chose_ends_with_them(
    load: Load, company: Company, cells: dict[str, str], is_sold: bool
) -> None:
    """A paper signed for the account is its signer's, not the account's."""
    anna = cast.anna()
    number, document = anna.account.number, company.consents["official-papers"]
    delivery.choose(anna.id, anna.account, "email", delivery.WEB)
    consents.give(f"account:{number}", document, channel="office", account=number, paper_number="С-000001-2")
    account = Account.get(Account.number == number)
    same = {name: getattr(account, name) for name in ("last_name", "first_name", "middle_name", "access_code")}
    load("accounts", changed(ACCOUNT, ACCOUNTS, account=number, **{**same, **cells}))
    assert (consents.stands("official-papers", number) is None) is is_sold
    assert (delivery.current(account.id).way == "paper") is is_sold
    assert (one_of(anna.id, number) is None) is is_sold
    assert Message.select().where(Message.letter == "unlinked", Message.to == "anna@example.ru").exists() is is_sold
