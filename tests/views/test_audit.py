"""The audit log's page and commands: who sees it, what it finds, what it gives away."""

from __future__ import annotations

from io import BytesIO

import pytest
from openpyxl import load_workbook

from models import audit, audit_chain, clock
from models.audit import AuditRow
from models.office import audit_log
from tests import cast


@pytest.fixture
def log(anna):
    """Three deeds about Anna, the last one Galina's."""
    AuditRow.delete().execute()
    with audit.acting(anna.customer.subject, "192.0.2.7"):
        audit.record("session.opened", anna.customer.subject, device="<b>phone</b>")
        audit.record("readings.received", f"account:{anna.account.number}", channel="web")
    with audit.acting("console"):
        audit.record("payment.shown", "payment:2611-ABC")
    return anna


def deeds(page):
    return [row[2] for row in page.rows]


def test_newest_first_in_words(nina, log):
    page = nina.get("audit.index")
    assert page.h1 == "Журнал действий"
    assert deeds(page)[:3] == ["Оплата показана в командной строке", "Показания приняты", "Клиент вошёл"]
    assert "Анна Сергеевна" in page.rows[1][1] and "192.0.2.7" in page.rows[1][1]
    assert page.rows[1][3] == f"лицевой счёт\u00a0{log.account.number}"
    assert "<b>phone</b>" in page.text


def test_clerk_and_operator_do_not_see_it(galina, oleg, log):
    for client in (galina, oleg):
        assert client.get("audit.index").status == 403
        assert client.post("audit.export", {"format": "csv"}).status in (303, 403)
    assert not AuditRow.select().where(AuditRow.deed == "audit.exported").exists()


def test_search_by_person_and_account(nina, log):
    page = nina.get("audit.index").submit(who="anna@example.ru", subject=log.account.number)
    assert deeds(page) == ["Показания приняты"]
    assert page.value("who") == "anna@example.ru"


def test_search_by_deed_and_days(nina, log):
    today = clock.today().isoformat()
    page = nina.get("audit.index").submit(deed="session.opened", first=today, last=today)
    assert deeds(page) == ["Клиент вошёл"]
    assert deeds(nina.get("audit.index", deed="session.opened", last="2026-11-19")) == []


def test_what_is_wrong_stands_by_its_field(nina, log):
    page = nina.get("audit.index", who="никто", first="вчера", subject="?")
    assert page.status == 200
    assert page.rows == [] and "Исправьте отбор" in page.text
    page = nina.get("audit.index", who="никто", subject="?")
    assert "с таким именем нет" in page.error("who") and "целиком" in page.error("subject")
    assert "Введите день" in nina.get("audit.index", first="вчера").error("first")


@pytest.mark.parametrize("day", ["0001-01-01", "1999-12-31", "2100-01-01", "9999-12-31"])
def test_a_day_that_no_log_has_is_told_at_its_field(nina, log, day):
    for field in ("first", "last"):
        assert "Введите день" in nina.get("audit.index", **{field: day}).error(field)
        form = {"csrf_token": _token(nina), "format": "csv", field: day}
        assert nina.post("audit.export", form).status == 422


@pytest.mark.both
def test_a_deed_that_nobody_could_choose_finds_nothing(nina, log):
    assert nina.get("audit.index", deed="\0@x").rows == []
    answer = nina.post("audit.export", {"csrf_token": _token(nina), "format": "csv", "deed": "session\0.opened"})
    assert answer.status == 200 and "Клиент вошёл" in answer.text


@pytest.mark.parametrize("before", ["x", "-1", "0", "99999999999999999999999"])
def test_odd_page_is_the_first_one(nina, log, before):
    assert deeds(nina.get("audit.index", before=before))[:1] == ["Оплата показана в командной строке"]


def test_pages_lead_to_older_rows_and_back(nina, log, monkeypatch):
    monkeypatch.setattr(audit_log, "PAGE", 2)
    first = nina.get("audit.index", who="anna@example.ru", deed="")
    for i in range(4):
        with audit.acting(log.customer.subject):
            audit.record("customer.renamed", log.customer.subject, n=i)
    first = nina.get("audit.index", who="anna@example.ru")
    second = first.click("Раньше →")
    third = second.click("Раньше →")
    assert [len(page.rows) for page in (first, second, third)] == [2, 2, 2]
    assert deeds(third) == ["Показания приняты", "Клиент вошёл"]
    assert third.click("← К новым").rows == first.rows


def test_csv_holds_what_was_found_and_is_logged(nina, log):
    page = nina.get("audit.index", who="anna@example.ru")
    answer = page.submit({}, button="Выгрузить CSV")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert len(answer.text.strip().splitlines()) == 3
    row = AuditRow.get(AuditRow.deed == "audit.exported")
    assert row.who.startswith("staff:") and row.detail["rows"] == 2


def test_workbook_opens(irina, log):
    answer = irina.get("audit.index", deed="session.opened").submit({}, button="Выгрузить XLSX")
    sheet = load_workbook(BytesIO(answer.answer.data)).active
    assert [row[5].value for row in sheet.iter_rows(min_row=2)] == ["session.opened"]


def test_export_of_what_cannot_be_understood_is_refused(nina, log):
    token = _token(nina)
    assert nina.post("audit.export", {"csrf_token": token, "format": "csv", "who": "никто"}).status == 422
    assert nina.post("audit.export", {"csrf_token": token, "format": "exe"}).status == 400
    assert not AuditRow.select().where(AuditRow.deed == "audit.exported").exists()


def _token(client):
    return client.get("audit.index").soup.select_one('input[name="csrf_token"]')["value"]


def test_verification_is_shown(nina, log):
    assert "ещё не проверялся" in nina.get("audit.index").text
    audit_chain.seal_rows()
    audit_chain.examine()
    page = nina.get("audit.index")
    assert "цепочка не прерывается" in page.text
    AuditRow.update(who="system").where(AuditRow.place == 2).execute()
    audit_chain.examine()
    assert "найдено нарушений — 1" in nina.get("audit.index").text


def test_row_that_is_not_sealed_yet_says_so(nina, log):
    assert "ещё не запечатана" in nina.get("audit.index").rows[0][0]
    audit_chain.seal_rows()
    assert "ещё не запечатана" not in nina.get("audit.index", who="console").text


# ---- commands


@pytest.fixture
def run(app):
    return lambda *words: app.test_cli_runner().invoke(args=["audit", *words])


def test_sealed_and_verified_at_the_console(run, log):
    assert run("seal").output.startswith("3 rows sealed; the end is 3:")
    done = run("verify")
    assert done.exit_code == 0 and "ok; the end is 3:" in done.output
    noted = run("verify").output.rpartition("the end is ")[2].split(":")
    assert run("verify", "--expect", f"3:{noted[1][:16]}").exit_code == 0
    assert run("verify", "--expect", "3:" + "0" * 64).exit_code == 1
    assert run("verify", "--expect", "3").exit_code == 1


def test_changed_row_is_told_at_the_console_and_by_the_doctor(run, app, log):
    run("seal")
    AuditRow.update(who="system").where(AuditRow.place == 2).execute()
    done = run("verify")
    assert done.exit_code == 1 and "at place 2 is not what was sealed" in done.output
    assert "at place 2 is not what was sealed" in app.test_cli_runner().invoke(args=["doctor"]).output


def test_doctor_tells_of_a_sealer_that_does_not_run(app, log, at):
    at("2026-11-20T10:30")
    done = app.test_cli_runner().invoke(args=["doctor"])
    assert done.exit_code == 1 and "3 rows wait for their seal" in done.output


def test_tampered_end_is_not_sealed_over_unless_told_so(run, log):
    run("seal")
    AuditRow.delete().where(AuditRow.place == 3).execute()
    done = run("seal")
    assert done.exit_code == 1 and "audit verify" in done.output
    assert run("seal", "--anew").exit_code == 0


def test_log_is_written_into_a_new_file(run, log, tmp_path):
    file = tmp_path / "log.csv"
    assert run("export", str(file)).output.strip() == f"{file}: 3 rows"
    assert run("export", str(file)).exit_code == 1
    assert "Показания приняты" in file.read_text("utf-8-sig")
    later = tmp_path / "later.csv"
    assert run("export", str(later), "--since", "2026-11-21").output.strip().endswith(": 0 rows")


def test_page_of_a_long_log_costs_few_queries(nina, log, db):
    seen = []
    db.query_hooks.append(seen.append)
    nina.get("audit.index", who="anna@example.ru")
    db.query_hooks.remove(seen.append)
    assert len(seen) <= 11, seen


def test_names_of_employees_are_shown(nina, log):
    galina = cast.employee("clerk", email="galina@example.ru", name="Галина Петрова")
    with audit.acting(galina.subject):
        audit.record("customer.renamed", log.customer.subject)
    assert nina.get("audit.index", who="Галина").rows[0][1] == "Галина Петрова"
