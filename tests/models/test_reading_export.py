"""Exports for the billing system: each reading once, a correction with what it corrects, the same file as often as asked for."""

from __future__ import annotations

import csv
import re
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from peewee import Database

from models import base, limits
from models.base import Refusal
from models.exchange import handling, imports, outgoing, reading_export, transfers
from models.exchange.transfers import Transfer
from models.metering import closings, intake
from models.metering.readings import Reading
from tests import cast, paying

CSV, XLSX = "csv", "xlsx"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(transfers, "_folder", tmp_path / "exchange")
    return tmp_path


@pytest.fixture
def anna(db: Database) -> cast.Person:
    return cast.anna()


def passed(person: cast.Person, *values: int, key: str = "k") -> None:
    """A reading of this month, passed on the site."""
    assert person.meter
    typed = {person.meter.id: tuple(map(str, values))}
    intake.receive(person.account, typed, channel="web", key=key, confirmed=True)


def export(kind: str = "readings", file_format: str = CSV, since: date | None = None) -> Transfer:
    ordered = outgoing.order(kind, file_format, since=since)
    handling.step(ordered.id)
    made = transfers.find(ordered.id)
    assert made is not None and made.state == "made", made and made.reason
    return made


def rows(transfer: Transfer) -> list[list[str]]:
    with transfer.path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, delimiter=";"))[1:]


def told(transfer: Transfer) -> list[tuple[str, str]]:
    """The first zone and the state of each line."""
    return [(row[4], row[7]) for row in rows(transfer)]


def test_each_reading_goes_out_once(anna: cast.Person) -> None:
    passed(anna, *cast.USUAL)
    assert reading_export.count() == 1
    first = export()
    assert rows(first) == [
        [anna.account.number, "87749621", "2026-11-20", "web", "6440", "2720", "", "accepted", ""]
    ]  # fmt: skip
    assert first.path.read_bytes().startswith(b"\xef\xbb\xbfaccount;serial")
    assert reading_export.count() == 0
    assert rows(export()) == []


def test_what_came_from_a_file_of_the_billing_system_does_not_go_back(anna: cast.Person) -> None:
    assert Reading.select().count() == 12
    assert rows(export()) == []


def test_a_correction_takes_back_what_was_told_before(anna: cast.Person) -> None:
    passed(anna, *cast.USUAL)
    export()
    passed(anna, 6450, 2720, key="again")
    second = export()
    assert told(second) == [("6440", "replaced"), ("6450", "accepted")]
    assert second.counts == {"read": 2, "retracted": 1}
    assert told(export()) == []


def test_what_counts_again_is_told_again(anna: cast.Person) -> None:
    passed(anna, *cast.USUAL)
    export()
    for state in ("rejected", "accepted", "rejected"):
        Reading.update(state=state, reason="проверка").where(Reading.receipt.is_null(False)).execute()
        assert told(export()) == [("6440", state)]


def test_what_was_corrected_before_the_export_is_told_once(anna: cast.Person) -> None:
    passed(anna, *cast.USUAL)
    passed(anna, 6450, 2720, key="again")
    assert told(export()) == [("6450", "accepted")]


def test_a_billed_reading_is_told_as_accepted(anna: cast.Person, at: Callable[[str], Any]) -> None:
    passed(anna, *cast.USUAL)
    at("2026-12-02T10:00")
    closings.close("2026-11")
    assert told(export()) == [("6440", "accepted")]
    assert reading_export.count() == 0


def test_the_file_comes_back_as_it_went(anna: cast.Person) -> None:
    """Into the same portal nothing changes, into another one the same readings."""
    vera = cast.vera()
    passed(anna, *cast.USUAL)
    export()
    passed(anna, 6450, 2721, key="again")
    passed(vera, 12_100)
    out = export()
    stored = [
        (one.meter_id, one.taken, one.channel, one.t1, one.t2, one.state)
        for one in Reading.select().order_by(Reading.t1)
    ]
    counts = imports.load("readings", out.path)
    assert (counts.new, counts.changed, counts.same, counts.faults) == (0, 0, 3, [])
    Reading.delete().where(Reading.receipt.is_null(False), Reading.state == "accepted").execute()
    Reading.update(state="accepted").where(Reading.receipt.is_null(False)).execute()
    counts = imports.load("readings", out.path)
    assert (counts.new, counts.changed, counts.faults) == (2, 1, [])
    assert stored == [
        (one.meter_id, one.taken, one.channel, one.t1, one.t2, one.state)
        for one in Reading.select().order_by(Reading.t1)
    ]


def test_a_workbook_holds_the_same(anna: cast.Person) -> None:
    passed(anna, *cast.USUAL)
    out = export(file_format=XLSX)
    with out.path.open("rb") as file:
        sheet = load_workbook(file).active
        header, line = sheet.values  # type: ignore[union-attr]
    assert header[:2] == ("account", "serial")
    assert (line[0], line[1], line[2].date(), *line[4:6]) == (
        anna.account.number,
        "87749621",
        date(2026, 11, 20),
        6440,
        2720,
    )


def test_since_a_day_tells_all_and_marks_nothing(anna: cast.Person) -> None:
    passed(anna, *cast.USUAL)
    assert told(export(since=date(2026, 11, 20))) == [("6440", "accepted")]
    assert told(export(since=date(2026, 11, 21))) == []
    assert reading_export.count() == 1


def broken(*args: Any) -> None:
    raise OSError("disk full")


def step(transfer: Transfer) -> Transfer:
    Transfer.update(claimed_until=None).where(Transfer.id == transfer.id).execute()
    handling.step(transfer.id)
    found = transfers.find(transfer.id)
    assert found is not None
    return found


def several(count: int) -> None:
    for n in range(count):
        account = cast.account(n)
        meter = cast.hang(account, f"S{n}", initial=(100,), installed="2026-09-01")
        passed(cast.Person(None, account, meter), 120 + n)  # type: ignore[arg-type]


def test_what_an_export_that_broke_off_has_marked_the_next_try_tells(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    several(5)
    monkeypatch.setattr(reading_export, "PART", 2)
    ordered = outgoing.order("readings", CSV)
    with monkeypatch.context() as breaking:
        renewed: list[int] = []
        breaking.setattr(transfers, "renew", lambda transfer: renewed.append(1) if len(renewed) < 2 else broken())
        with pytest.raises(OSError, match="disk full"):
            step(ordered)
    assert Reading.select().where(Reading.exported_by == ordered.id).count() == 4
    with monkeypatch.context() as breaking:
        breaking.setattr(outgoing.os, "replace", broken)
        with pytest.raises(OSError, match="disk full"):
            step(ordered)
    made = step(ordered)
    assert (made.state, made.counts) == ("made", {"read": 5, "retracted": 0})
    assert sorted(told(made)) == [(str(120 + n), "accepted") for n in range(5)]
    assert [path.name for path in transfers.folder().iterdir()] == [made.stored]
    assert reading_export.count() == 0 and rows(export()) == []


def test_an_export_that_is_given_up_has_told_nothing(anna: cast.Person, monkeypatch: pytest.MonkeyPatch) -> None:
    passed(anna, *cast.USUAL)
    export()
    passed(anna, 6441, 2720, key="other")
    ordered = outgoing.order("readings", CSV)
    with monkeypatch.context() as breaking:
        breaking.setattr(outgoing.os, "replace", broken)
        for _ in range(transfers.MOST_TRIES):
            with pytest.raises(OSError, match="disk full"):
                step(ordered)
    assert reading_export.count() == 0
    assert step(ordered).state == "failed"
    assert told(export()) == [("6440", "replaced"), ("6441", "accepted")]


def test_what_is_decided_otherwise_while_the_file_is_made_is_told_by_the_next(
    anna: cast.Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed(anna, *cast.USUAL)
    mark = reading_export.Untold._mark

    def meanwhile(self: Any, column: Any, *conditions: Any) -> Any:
        found = mark(self, column, *conditions)
        if column is Reading.retracted_by and not Reading.select().where(Reading.t1 == 6441).exists():
            passed(anna, 6441, 2720, key="other")
        return found

    monkeypatch.setattr(reading_export.Untold, "_mark", meanwhile)
    assert told(export()) == []
    assert told(export()) == [("6441", "accepted")]
    assert rows(export()) == []


def test_others_write_while_an_export_marks(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    if not base.is_sqlite():
        pytest.skip("only SQLite has one writer")
    several(5)
    monkeypatch.setattr(reading_export, "PART", 2)
    written: list[int] = []

    def turn(seconds: float) -> None:
        thread = threading.Thread(target=write)
        thread.start()
        thread.join(5)

    def write() -> None:
        with base.connection():
            limits.hit("test", "export", 60)
            written.append(1)

    monkeypatch.setattr(reading_export.time, "sleep", turn)
    export()
    assert len(written) == 3


def test_a_day_is_needed_where_nothing_is_marked(anna: cast.Person) -> None:
    for kind, wanted in (("payments", "export.since"), ("secrets", "export.kind")):
        with pytest.raises(Refusal) as refusal:
            outgoing.order(kind, CSV)
        assert refusal.value.problems[0].rule == wanted


def test_payments_go_out_as_the_import_takes_them(anna: cast.Person) -> None:
    from models.billing import payments

    payments.take_external(
        anna.account.id, 123_456, channel="bank", document="7", day=date(2026, 11, 18), period="2026-10"
    )
    out = export("payments", since=date(2026, 11, 20))
    assert rows(out) == [[anna.account.number, "2026-11-18", "1234,56", "bank", "7", "2026-10"]]
    assert imports.load("payments", out.path).same == 1
    assert paying.credited(anna.account) == 123_456


def test_consents_go_out_with_whose_and_when(anna: cast.Person) -> None:
    (line,) = rows(export("consents", since=date(2026, 11, 20)))
    assert (line[0], line[2], line[4], line[5]) == ("anna@example.ru", "personal-data", "2026-11-20 10:00", "web")
    assert rows(export("consents", since=date(2026, 11, 21))) == []


@pytest.mark.postgres
def test_two_exports_at_once_share_nothing(db: Database) -> None:
    several(30)
    ordered = [outgoing.order("readings", CSV) for _ in range(3)]
    barrier = threading.Barrier(3)

    def work(transfer: Transfer) -> None:
        with base.connection():
            barrier.wait()
            handling.step(transfer.id)

    threads = [threading.Thread(target=work, args=(one,)) for one in ordered]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    lines = [tuple(row) for one in ordered for row in rows(one)]
    assert (len(lines), len(set(lines))) == (30, 30)


def test_finding_what_is_untold_does_not_lead_through_all_readings(anna: cast.Person) -> None:
    if not base.is_sqlite():
        pytest.skip("the planner of Postgres goes by statistics")
    for which in reading_export.UNTOLD:
        sql, values = Reading.select(Reading.id).where(which).sql()
        (plan,) = [row[-1] for row in base.database.execute_sql(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()]
        assert re.search(r"INDEX reading_(unexported|retracted|retractable)", plan), plan
