"""Looking through the audit log: searches, pages, words, files."""

from __future__ import annotations

import ast
import csv
import json
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from peewee import Database

from models import audit, audit_chain, base, clock
from models.audit import AuditRow
from models.base import Refusal
from models.billing import payments
from models.office import audit_export, audit_log, deeds
from models.office.audit_log import Search
from tests import cast, prices

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def log(db: Database, at: Callable[[str], datetime]) -> cast.Person:
    """Anna's and Galina's deeds of two days, the oldest first."""
    anna = cast.anna(history=False)
    galina = cast.employee("clerk", email="galina@example.ru", name="Галина Петрова")
    AuditRow.delete().execute()
    number = anna.account.number
    write("2026-11-19T23:30", anna.customer.subject, "session.opened", anna.customer.subject, device="phone")
    write("2026-11-20T09:00", galina.subject, "card.opened", f"account:{number}", "10.0.0.5", reason="звонок")
    write("2026-11-20T09:05", galina.subject, "readings.received", f"account:{number}", "10.0.0.5", channel="staff")
    write("2026-11-20T09:06", "console", "payment.shown", "payment:2611-ABC", kopecks=166471)
    at("2026-11-20T10:00")
    return anna


def write(wall: str, who: str, deed: str, subject: str, ip: str = "192.0.2.7", **detail: Any) -> None:
    clock.freeze(clock.utc(datetime.fromisoformat(wall)))
    with audit.acting(who, ip):
        audit.record(deed, subject, **detail)


def found(asked: Search | None = None, **given: str) -> list[str]:
    return [row.deed for row in audit_log.find(asked or audit_log.search(given))]


ALL = ["payment.shown", "readings.received", "card.opened", "session.opened"]


def test_newest_first(log: cast.Person) -> None:
    assert found() == ALL


@pytest.mark.parametrize("who", ["galina@example.ru", "Галина", "петрова", "ГАЛИНА  Петрова", "staff:{}"])
def test_employee_is_found_by_name_and_address(log: cast.Person, who: str) -> None:
    employee = cast.Employee.get()
    assert found(who=who.format(employee.id)) == ["readings.received", "card.opened"]


def test_customer_is_found_by_address(log: cast.Person) -> None:
    assert found(who="Anna@example.ru ") == ["session.opened"]


def test_one_address_of_an_employee_and_a_customer_is_both(log: cast.Person) -> None:
    cast.Employee.update(email="anna@example.ru").execute()
    assert found(who="anna@example.ru") == ["readings.received", "card.opened", "session.opened"]


@pytest.mark.parametrize("word", ["console", "командная строка"])
def test_console_is_found_by_its_words(log: cast.Person, word: str) -> None:
    assert found(who=word) == ["payment.shown"]


def test_account_is_found_by_its_number_as_people_write_it(log: cast.Person) -> None:
    number = log.account.number
    assert found(subject=f" {number[:4]} {number[4:]} ") == ["readings.received", "card.opened"]


def test_payment_and_person_are_found_as_subjects(log: cast.Person) -> None:
    prices.load()
    payment = payments.start(log.account, {"electricity": 100}, customer_id=log.id, email="", key="k", consented=True)
    assert found(subject=payment.number.lower()) == ["payment.started"]
    assert found(subject="payment:2611-ABC") == ["payment.shown"]
    assert found(subject="anna@example.ru")[-1] == "session.opened"


def test_deed_address_and_day(log: cast.Person) -> None:
    assert found(deed="card.opened") == ["card.opened"]
    assert found(ip="10.0.0.5") == ["readings.received", "card.opened"]
    assert found(Search(first=date(2026, 11, 20))) == ALL[:3]
    assert found(Search(last=date(2026, 11, 19))) == ALL[3:]
    assert found(Search(first=date(2026, 11, 19), last=date(2026, 11, 20))) == ALL


def test_filters_narrow_each_other(log: cast.Person) -> None:
    assert found(who="galina@example.ru", deed="card.opened") == ["card.opened"]
    assert found(who="galina@example.ru", deed="session.opened") == []


@pytest.mark.parametrize(
    ("asked", "field", "words"),
    [
        ({"who": "nobody@example.ru"}, "who", "такой почтой нет"),
        ({"who": "Никита"}, "who", "с таким именем нет"),
        ({"who": "пет"}, "who", "Галина Петрова (galina@example.ru), Пётр Петухов (petr@example.ru)"),
        ({"subject": "мира 23"}, "subject", "номер лицевого счёта целиком"),
        ({"subject": "nobody@example.ru"}, "subject", "такой почтой нет"),
    ],
)
def test_what_cannot_be_understood_is_refused(log: cast.Person, asked: dict[str, str], field: str, words: str) -> None:
    cast.employee("operator", email="petr@example.ru", name="Пётр Петухов")
    with pytest.raises(Refusal) as refusal:
        audit_log.search(asked)
    assert refusal.value.problems[0].field == field
    assert words in refusal.value.text


def test_all_that_is_wrong_is_told_at_once(log: cast.Person) -> None:
    with pytest.raises(Refusal) as refusal:
        audit_log.search({"who": "x@y", "subject": "?"}, date(2026, 11, 20), date(2026, 11, 19))
    assert [problem.field for problem in refusal.value.problems] == ["who", "subject", "last"]


@pytest.mark.parametrize("text", ["\0", "a\0b", "%", "_", "' OR 1=1", "customer:99999999999999999999999", "ё" * 5000])
def test_odd_texts_find_nothing_and_break_nothing(log: cast.Person, text: str) -> None:
    for field in ("who", "deed", "subject", "ip"):
        assert _found_or_refused(field, text) in ([], field)


def _found_or_refused(field: str, text: str) -> Any:
    try:
        return found(**{field: text})
    except Refusal as refusal:
        return refusal.problems[0].field


def test_pages_follow_each_other_without_gap_or_repeat(log: cast.Person) -> None:
    for i in range(20):
        with audit.acting("system"):
            audit.record("test", str(i))  # all in one moment: the clock stands
    walked: list[int] = []
    before = None
    while rows := audit_log.find(Search(), before, limit=7):
        walked += [row.id for row in rows]
        before = rows[-1].id
    assert walked == sorted(walked, reverse=True) and len(walked) == 24


def test_row_that_the_page_ended_with_may_be_unknown(log: cast.Person) -> None:
    assert len(audit_log.find(Search(), 999)) == 4


def test_rows_in_words(log: cast.Person) -> None:
    employee = cast.Employee.get()
    with audit.acting(employee.subject):
        audit.record(
            "proposal.made",
            "payment:2611-ABC",
            proposed_by=employee.subject,
            kopecks=166471,
            whole=True,
            channel="web",
            customer=1,
            employee=employee.id,
            unknown={"a": [1, "x"]},
            empty="",
        )
    row, *_, oldest = audit_log.in_words(audit_log.find(Search()))
    assert (row.who, row.deed, row.subject) == ("Галина Петрова", "Предложено на утверждение", "оплата\u00a02611-ABC")
    assert dict(row.detail) == {
        "кто предложил": "Галина Петрова", "сумма": "1\u202f664,71\u00a0₽", "все счета": "да", "канал": "личный кабинет",
        "клиент": "Анна Сергеевна, клиент №\u00a01", "сотрудник": "Галина Петрова", "unknown": "a: 1, x",
    }  # fmt: skip
    assert (oldest.who, oldest.subject) == (f"Анна Сергеевна, клиент №\u00a0{log.id}",) * 2


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("2026-11-20T11:00:00", "20\u00a0ноября\u00a02026, 18:00"),
        ("2026-99-20T11:00:00", "2026-99-20T11:00:00"),
        ("хеш " + "f" * 64, "хеш " + "f" * 24 + "…"),
        ("слово " * 100, ("слово " * 100)[:300] + "…"),
        (False, "нет"),
        ([], ""),
    ],
)
def test_value_of_a_detail(db: Database, value: Any, shown: str) -> None:
    assert audit_log.told_detail({"text": value}, {}) == [("текст", shown)]


def test_unknown_deed_and_person_are_shown_as_they_are(log: cast.Person) -> None:
    with audit.acting("staff:999"):
        audit.record("new.deed", "thing:1")
    row = audit_log.in_words(audit_log.find(Search(), limit=1))[0]
    assert (row.who, row.deed, row.subject) == ("staff:999", "new.deed", "thing:1")


def test_words_cost_two_queries(log: cast.Person, db: Database) -> None:
    rows, seen = audit_log.find(Search()), []
    db.query_hooks.append(seen.append)
    audit_log.in_words(rows)
    db.query_hooks.remove(seen.append)
    assert len(seen) <= 2


def test_last_verification_is_the_newest(log: cast.Person) -> None:
    assert audit_log.last_verification() is None
    audit_chain.seal_rows()
    audit_chain.examine()
    last = audit_log.last_verification()
    assert last is not None and last.detail["rows"] == 4 and last.detail["complaints"] == 0


# ---- files


def test_csv_is_the_rows_found_and_the_log_says_who_took_them(log: cast.Person) -> None:
    with audit.acting("staff:1", "10.0.0.9"):
        text = audit_export.as_csv(audit_log.search({"who": "galina@example.ru"}))
    rows = list(csv.reader(text.removeprefix("\ufeff").splitlines(), delimiter=";"))
    assert rows[0] == list(audit_export.HEADER)
    assert [(row[1], row[3], row[5]) for row in rows[1:]] == [
        ("2026-11-20 09:05:00", "Галина Петрова", "readings.received"),
        ("2026-11-20 09:00:00", "Галина Петрова", "card.opened"),
    ]
    assert json.loads(rows[1][9]) == {"channel": "staff"}
    written = AuditRow.select().order_by(AuditRow.id.desc()).get()
    assert (written.deed, written.who, written.detail["rows"]) == ("audit.exported", "staff:1", 2)
    assert written.detail["search"] == {"who": cast.Employee.get().subject}


def test_workbook_has_the_same_and_no_formula(log: cast.Person) -> None:
    write("2026-11-20T09:30", "system", "=1+1", "@SUM(A1)", "+7", reason="=HYPERLINK(1)")
    file = BytesIO()
    audit_export.as_xlsx(Search(), file)
    sheet = load_workbook(file).active
    assert sheet is not None
    rows = list(sheet.iter_rows(min_row=2))
    assert len(rows) == 5
    assert rows[0][5].value == "=1+1" and {cell.data_type for cell in rows[0] if cell.value is not None} <= {"s", "n"}


def test_formula_in_a_cell_is_made_harmless(log: cast.Person) -> None:
    write("2026-11-20T09:30", "system", "=1+1", "@SUM(A1)", "+7")
    assert ";'+7;'=1+1;" in audit_export.as_csv(Search())


def test_too_many_rows_are_for_the_console(log: cast.Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_export, "MOST", {"csv": 3, "xlsx": 2})
    with pytest.raises(Refusal, match="сузьте отбор"):
        audit_export.as_csv(Search())
    with pytest.raises(Refusal, match="выгрузите CSV"):
        audit_export.as_xlsx(Search(), BytesIO())
    assert len(audit_export.as_csv(Search(first=date(2026, 11, 20))).splitlines()) == 4


def test_whole_log_is_written_the_oldest_first(
    log: cast.Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_export, "_CHUNK", 3)
    audit_chain.seal_rows()
    assert audit_export.write(tmp_path / "all.csv") == 4
    rows = list(csv.reader((tmp_path / "all.csv").read_text("utf-8-sig").splitlines(), delimiter=";"))
    assert [row[5] for row in rows[1:]] == ALL[::-1]
    assert [row[0] for row in rows[1:]] == ["1", "2", "3", "4"] and len(rows[1][10]) == 64
    since = clock.utc(datetime(2026, 11, 20))
    assert (
        audit_export.write(tmp_path / "some.csv", since) == 4
    )  # three deeds of the day, and the taking of the first file


# ---- the table of words


def test_every_deed_in_the_source_has_words() -> None:
    recorded = {deed for path in ROOT.glob("models/**/*.py") for deed in _deeds(path)}
    assert len(recorded) > 60
    assert recorded - set(deeds.DEEDS) == set(), "add them to models/office/deeds.py"


def _deeds(path: Path) -> list[str]:
    """The deeds that a module records by name, also through a function of its own."""
    calls = (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call))
    recorded = (call for call in calls if ast.unparse(call.func) in ("audit.record", "_record"))
    texts = (node for call in recorded for node in call.args[:1] for node in ast.walk(node))
    return [
        node.value
        for node in texts
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"[a-z]+\.[a-z_]+", node.value)
    ]


def test_every_end_of_a_payment_has_words() -> None:
    ends = {state for targets in payments.MOVES.values() for state in targets}
    assert not {f"payment.{state}" for state in ends} - set(deeds.DEEDS)


# ---- at a million rows


@pytest.mark.parametrize(
    "asked",
    [
        Search(),
        Search(who=("staff:1",)),
        Search(deed="card.opened"),
        Search(subject="account:1"),
        Search(ip="10.0.0.1"),
        Search(who=("staff:1",), deed="deed.1", subject="account:1", ip="10.0.0.1"),
        Search(first=date(2026, 3, 1), last=date(2026, 3, 2)),
    ],
)
def test_searches_walk_an_index(db: Database, asked: Search) -> None:
    start = datetime(2026, 1, 1)
    lines = [
        {
            "at": start + timedelta(minutes=i),
            "who": f"staff:{i % 300}",
            "ip": f"10.0.0.{i % 250}",
            "deed": f"deed.{i % 60}",
            "subject": f"account:{i % 4000}",
            "detail": {},
        }
        for i in range(20_000)
    ]
    base.insert_rows(AuditRow, lines)
    newest = AuditRow.select().order_by(AuditRow.id.desc()).get()
    plan = _plan(db, audit_log._query(asked, newest.id).limit(50))
    assert "SCAN audit" not in plan.replace("SCAN audit USING INDEX", "").replace('SCAN "t1" USING INDEX', "")
    assert "Seq Scan" not in plan and "TEMP B-TREE" not in plan, plan


def test_person_tells_more_than_a_deed(db: Database) -> None:
    """With both given the rows of the person are walked, which are few, not those of the deed."""
    if base.is_sqlite():
        plan = _plan(db, audit_log._query(Search(who=("staff:1",), deed="deed.1"), None))
        assert "auditrow_who_at" in plan


def _plan(db: Database, query: Any) -> str:
    sql, values = query.sql()
    if base.is_sqlite():
        return "\n".join(row[3] for row in db.execute_sql(f"EXPLAIN QUERY PLAN {sql}", values).fetchall())
    db.execute_sql("ANALYZE audit")
    return "\n".join(row[0] for row in db.execute_sql(f"EXPLAIN {sql}", values).fetchall())
