"""The administrator's commands."""

from __future__ import annotations

import sqlite3

import pytest

from models.metering import intake, receipts
from models.metering.accounts import Office
from models.metering.readings import Reading
from tests import cast

OFFICES = "code;name;settlement;address;phone;hours\n1;Первый;г. Ачинск;ул. Мира, 1;;\n"


@pytest.fixture
def run(app):
    return lambda *words: app.test_cli_runner().invoke(args=words)


def test_nothing_to_migrate(run):
    assert run("migrate").output.strip() == "nothing to do"


def test_file_is_imported_and_counted(run, tmp_path):
    file = tmp_path / "offices.csv"
    file.write_text(OFFICES, "utf-8")
    done = run("import", "offices", str(file))
    assert done.exit_code == 0, done.output
    assert "прочитано 1, новых 1, изменено 0, без изменений 0, ошибок 0" in done.output
    assert "новых 0, изменено 0, без изменений 1" in run("import", "offices", str(file)).output
    assert Office.get().name == "Первый"


def test_dry_run_stores_nothing(run, tmp_path):
    file = tmp_path / "offices.csv"
    file.write_text(OFFICES, "utf-8")
    assert "ничего не записано" in run("import", "offices", str(file), "--dry-run").output
    assert not Office.select().exists()


def test_bad_line_is_told_by_number_and_column(run, tmp_path):
    file = tmp_path / "offices.csv"
    file.write_text(OFFICES + "2;;г. Ачинск;ул. Мира, 2;;\n", "utf-8")
    done = run("import", "offices", str(file))
    assert done.exit_code == 1
    assert "строка 3, name:" in done.output
    assert "ничего не записано" in done.output
    assert run("import", "offices", str(file), "--keep-good").exit_code == 1
    assert Office.select().count() == 1


def test_file_that_is_no_table_is_refused(run, tmp_path):
    file = tmp_path / "offices.csv"
    file.write_bytes(b"\x00\xff\x00")
    done = run("import", "offices", str(file))
    assert done.exit_code == 1
    assert "Traceback" not in done.output


@pytest.mark.feature("M8")
def test_receipt_brought_on_paper_is_verified(run, client):
    anna = cast.anna()
    client.sign_in("anna@example.ru", cast.PASSWORD)
    typed = {f"meter-{anna.meter.id}-t{i}": str(value) for i, value in enumerate(cast.USUAL, 1)}
    number = client.get("home.front").submit(typed).location.rpartition("/")[2]
    code = receipts.find(number).code
    done = run("receipt", "verify", number, code)
    assert done.exit_code == 0
    assert f"подлинное: лицевой счёт {anna.account.number}" in done.output
    assert "6440 / 2720" in done.output
    assert run("receipt", "verify", number, "0000-0000-0000-0000-0000").exit_code == 1
    assert run("receipt", "verify", "2611-999999", code).exit_code == 1
    Reading.update(t1=6441).where(Reading.period == "2026-11").execute()
    assert run("receipt", "verify", number, code).exit_code == 1


def test_period_is_closed_once(run):
    cast.anna()
    assert run("close-period", "2026-10").output.strip() == "1 readings billed"
    assert run("close-period", "2026-10").output.strip() == "0 readings billed"
    assert run("close-period", "ноябрь").exit_code == 1


def test_month_that_is_not_over_stays_open(run):
    done = run("close-period", "2026-11")
    assert done.exit_code == 1
    assert "is not over" in done.output


def test_doctor_is_content_with_a_sound_portal(run):
    cast.anna()
    done = run("doctor")
    assert (done.exit_code, done.output.strip()) == (0, "ok")


def test_backup_is_a_copy_that_opens(run, tmp_path):
    cast.anna()
    file = tmp_path / "copy.db"
    assert run("backup", str(file)).exit_code == 0
    assert sqlite3.connect(file).execute("SELECT email FROM customer").fetchall() == [("anna@example.ru",)]
    assert "exists" in run("backup", str(file)).output


def test_damaged_copy_is_not_restored(run, tmp_path):
    cast.anna()
    file = tmp_path / "copy.db"
    file.write_bytes(b"SQLite format 3\x00" + b"\x00" * 4000)
    assert run("restore", str(file), "--yes").exit_code == 1
    assert cast.Customer.select().count() == 1


def test_demo_stays_out_of_production(production):
    done = production().test_cli_runner().invoke(args=["demo"])
    assert done.exit_code == 1
    assert "production" in done.output


def test_new_readings_are_exported_once_and_the_file_comes_again(run, tmp_path):
    anna = cast.anna()
    intake.receive(anna.account, {anna.meter.id: ("6440", "2720")}, channel="web", key="k", confirmed=True)
    first, again, second = (tmp_path / name for name in ("1.csv", "again.csv", "2.csv"))
    done = run("export", "readings", str(first))
    assert done.exit_code == 0, done.output
    assert "1 строк, выгрузка № 1" in done.output
    assert run("export", "readings", str(second)).exit_code == 0
    assert len(second.read_text("utf-8-sig").splitlines()) == 1
    assert run("export", "readings", str(again), "--again", "1").exit_code == 0
    assert again.read_bytes() == first.read_bytes()
    assert run("import", "readings", str(first)).exit_code == 0


def test_an_export_that_cannot_be_says_why(run, tmp_path):
    for words in (
        ("payments", str(tmp_path / "x.csv")),
        ("readings", str(tmp_path / "nowhere" / "x.csv")),
        ("readings", str(tmp_path / "x.csv"), "--again", "77"),
    ):
        done = run("export", *words)
        assert done.exit_code == 1 and "Traceback" not in done.output
    assert run("export", "payments", str(tmp_path / "x.xlsx"), "--since", "2026-11-01").exit_code == 0
