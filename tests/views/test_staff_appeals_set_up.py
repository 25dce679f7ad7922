"""What the administrator sets up for the reception: templates of answers, to whom appeals go; and what its figures say."""

from __future__ import annotations

import csv
import io
from typing import Any

import openpyxl
import pytest

from models.contact.appeals import answering, assign_rules, registering, talking
from models.contact.appeals.rows import Appeal
from models.office.inbox import answer_templates
from models.people.staff import Employee
from tests.cast import Person
from tests.page import Client

TEXT = "По обращению {номер}: пересчитали."


def written(person: Person, topic: str = "charges", key: str = "1") -> Appeal:
    return registering.register(
        registering.of_customer(person.id, person.account.number), topic, "Не сходится.", key=key
    )


def who(name: str) -> Employee:
    found = Employee.by_email(f"{name}@example.ru")
    assert found is not None
    return found


# ---- templates


def test_template_is_written_changed_and_its_history_stays(irina: Client) -> None:
    page = irina.get("appeal_templates.new").submit(title="Пересчитали", topic="charges", text=TEXT).follow()
    assert "Пересчитали" in page.text
    page = page.click("Пересчитали").submit(text="По обращению {номер} всё исправлено.").follow().click("Пересчитали")
    assert page.value("text").strip() == "По обращению {номер} всё исправлено."
    assert "Как было раньше" in page.text and TEXT in page.text
    page.submit(button="Убрать заготовку")
    assert answer_templates.listed() == []


def test_field_that_nothing_would_fill_is_refused_and_the_text_stays(irina: Client) -> None:
    page = irina.get("appeal_templates.new").submit(title="Опечатка", text="Здравствуйте, {имечко}!")
    assert page.status == 422 and "{имечко}" in page.error("text")
    assert page.value("text").strip() == "Здравствуйте, {имечко}!"
    assert answer_templates.listed() == []


def test_template_of_one_topic_is_offered_for_it_alone(oleg: Client, anna: Person) -> None:
    answer_templates.save(None, "О счётчике", "meter", TEXT, 1)
    answer_templates.save(None, "О счёте", "charges", TEXT, 1)
    appeal = written(anna)
    page = oleg.get("staff_appeals.show", number=appeal.number).submit(button="Открыть\u00a0N").follow()
    offered = [one.get_text() for one in page.soup.select("select[name=template] option")]
    assert "О счёте" in offered and "О счётчике" not in offered


def test_template_that_is_no_more_is_not_found(irina: Client) -> None:
    assert irina.get("appeal_templates.show", template_id=999).status == 404


# ---- rules


@pytest.mark.feature("S37")
def test_rule_sends_new_appeals_to_an_employee(irina: Client, oleg: Client, anna: Person) -> None:
    his = who("oleg")
    page = irina.get("appeal_rules.index").submit(topic="charges", employee=str(his.id)).follow()
    assert his.name in page.text
    appeal = written(anna)
    assert appeal.owner_id == his.id
    assert appeal.number in oleg.get("staff_appeals.index").text


def test_rules_are_asked_in_their_order_and_end(irina: Client, anna: Person) -> None:
    irina_id = who("irina").id
    first = assign_rules.add(topic="", employee_id=irina_id)
    second = assign_rules.add(topic="charges", employee_id=irina_id)
    token = irina.get("appeal_rules.index").token
    irina.post("appeal_rules.up", {"csrf_token": token}, rule_id=second.id)
    assert [one.topic for one in assign_rules.listed()] == ["charges", ""]
    irina.post("appeal_rules.end", {"csrf_token": token}, rule_id=assign_rules.listed()[0].id)
    assert [one.topic for one in assign_rules.listed()] == [""]
    assert "уже нет" in irina.post("appeal_rules.end", {"csrf_token": token}, rule_id=first.id + 99).follow().text
    assert "действовали раньше" in irina.get("appeal_rules.index").text


def test_rule_that_sends_nowhere_is_refused(irina: Client) -> None:
    page = irina.get("appeal_rules.index").submit(topic="charges", employee="")
    assert page.status == 422 and page.error("to_office") and assign_rules.listed() == []


# ---- figures


@pytest.fixture
def figures(anna: Person, irina: Client) -> int:
    """Three appeals of November: one answered in time and rated, one open, one about something else."""
    irina_id = who("irina").id
    first = written(anna)
    written(anna, key="2")
    written(anna, "meter", key="3")
    answering.answer(first.id, irina_id, "Пересчитали.", seen=first.last_entry + 99, key="1")
    talking.rate(first.id, 4, "", anna.customer.subject)
    return first.id


@pytest.mark.feature("S37")
def test_figures_by_topic_are_in_a_table_and_in_a_chart(nina: Client, figures: int) -> None:
    page = nina.get("appeal_statistics.show")
    row = next(one for one in page.soup.select("tbody tr") if one.th.get_text() == "Начисления и счета")
    cells = [one.get_text(" ", strip=True) for one in row.select("td")]
    assert cells == ["2", "1", "100\u00a0%", "0", "0", "4 (1)", "0"]
    assert page.soup.select_one("figure svg[role=img]")


def test_other_days_show_other_figures(nina: Client, figures: int) -> None:
    page = nina.get("appeal_statistics.show", since="2026-01-01", until="2026-01-31")
    assert "Начисления и счета" not in page.text
    assert page.value("since") == "2026-01-01"


@pytest.mark.parametrize(
    ("since", "until"), [("x", ""), ("2026-02-01", "2026-01-01"), ("2000-01-01", "2026-01-01"), ("0001-01-01", "")]
)
def test_days_that_make_no_sense_are_refused_in_words(nina: Client, since: str, until: str) -> None:
    page = nina.get("appeal_statistics.show", since=since, until=until)
    assert page.status == 422 and page.soup.select_one(".errors li")


def test_figures_are_taken_away_as_csv_and_as_a_workbook(nina: Client, figures: int) -> None:
    def taken(button: str) -> bytes:
        answer = nina.get("appeal_statistics.show").submit(button=button)
        assert answer.status == 200 and "attachment" in answer.headers["Content-Disposition"]
        return bytes(answer.answer.data)

    rows = list(csv.reader(io.StringIO(taken("Скачать CSV").decode("utf-8-sig")), delimiter=";"))
    charges = next(row for row in rows if row[0] == "Начисления и счета")
    assert charges == ["Начисления и счета", "2", "1", "1", "100", "0", "0,00", "1", "4,00", "0"]
    sheet: Any = openpyxl.load_workbook(io.BytesIO(taken("Скачать XLSX"))).active
    assert [sheet.cell(1, 1).value, sheet.max_row] == ["Что", len(rows)]


def test_table_of_an_unknown_kind_is_none(nina: Client) -> None:
    token = nina.get("appeal_statistics.show").token
    assert nina.post("appeal_statistics.table", {"csrf_token": token, "kind": "exe"}).status == 400


def test_operator_sees_figures_and_sets_nothing_up(oleg: Client) -> None:
    assert oleg.get("appeal_statistics.show").status == 200
    for endpoint in ("appeal_rules.index", "appeal_templates.index", "appeal_templates.new"):
        assert oleg.get(endpoint).status == 403
