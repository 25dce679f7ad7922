"""The page of an administrator: who works here, in which role."""

from __future__ import annotations

import re

from models.audit import AuditRow
from models.people import rights, staff_sessions
from models.people.staff import Employee
from tests import cast
from tests.page import Client


def test_a_new_employee_is_taken_on_and_the_link_opens(irina: Client) -> None:
    page = irina.get("people.new").submit(name="Аня Ёж", email="anya@example.ru", role="operator", office="")
    assert page.status == 200 and page.h1 == "Ссылка для сотрудника"
    link = re.search(r"/staff/activate/(\S+)", page.text)
    assert link is not None
    assert irina.another().get(link[0]).h1 == "Придумайте пароль"
    row = AuditRow.get(AuditRow.deed == "staff.added")
    assert row.who == Employee.by_email("irina@example.ru").subject
    assert link[1] not in repr(list(AuditRow.select().tuples()))


def test_what_was_typed_stays_when_something_is_wrong(irina: Client) -> None:
    page = irina.get("people.new").submit(name="Аня Ёж", email="anya@", role="operator", office="")
    assert page.status == 422
    assert page.field("name")["value"] == "Аня Ёж" and page.field("email")["value"] == "anya@"


def test_a_role_is_changed_and_sessions_are_ended(irina: Client, galina: Client) -> None:
    clerk = Employee.by_email("galina@example.ru")
    page = irina.get("people.show", employee_id=clerk.id).submit(name="Галина", role="operator", office="")
    assert page.status == 303
    assert Employee.by_email("galina@example.ru").role == "operator"
    assert irina.get("people.show", employee_id=clerk.id).submit(button="Закончить все сеансы").status == 303
    assert galina.get("me.show").status == 303


def test_access_is_closed_and_opened_again(irina: Client, galina: Client) -> None:
    clerk = Employee.by_email("galina@example.ru")
    irina.get("people.show", employee_id=clerk.id).submit(button="Закрыть доступ")
    assert galina.get("me.show").status == 303
    page = irina.get("people.show", employee_id=clerk.id)
    assert "доступ закрыт" in page.text
    assert page.submit(button="Открыть доступ снова").h1 == "Ссылка для сотрудника"


def test_one_cannot_close_oneself_even_by_hand(irina: Client) -> None:
    me = Employee.by_email("irina@example.ru")
    cast.employee("administrator", email="marta@example.ru")
    token = irina.get("people.show", employee_id=me.id).field("csrf_token")["value"]
    assert "Закрыть доступ" not in irina.get("people.show", employee_id=me.id).text
    irina.post("people.close", {"csrf_token": token}, employee_id=me.id)
    assert Employee.by_email("irina@example.ru").is_open


def test_an_auditor_sees_and_changes_nothing(nina: Client) -> None:
    someone = cast.employee("clerk")
    page = nina.get("people.show", employee_id=someone.id)
    assert page.status == 200 and "Сохранить" not in page.text
    assert nina.get("people.new").status == 403


def test_an_employee_who_is_not_there_is_not_found(irina: Client) -> None:
    token = irina.get("people.new").field("csrf_token")["value"]
    assert irina.get("people.show", employee_id=10**9).status == 404
    for deed in ("change", "close", "reset", "end_sessions"):
        assert irina.post(f"people.{deed}", {"csrf_token": token}, employee_id=10**9).status == 404, deed


def test_the_table_of_rights_is_the_one_that_holds(nina: Client) -> None:
    table = nina.get("people.rights").soup.table
    rows = [[cell.get_text(strip=True) for cell in row.select("th, td")] for row in table.select("tbody tr")]
    shown = {title: [mark == "да" for mark in marks] for title, *marks in rows}
    assert shown == {
        rights.TITLES[right]: [rights.allows(role, right) for role in rights.ROLES] for right in rights.RIGHTS
    }


def test_who_was_let_in_by_the_page_is_known_to_the_sessions(irina: Client) -> None:
    me = Employee.by_email("irina@example.ru")
    assert len(list(staff_sessions.StaffSession.live(me.id))) == 1


def test_an_administrator_is_let_in_by_two_and_no_page_shows_the_link(irina: Client, marta: Client) -> None:
    typed = {"name": "Вторая", "email": "second@example.ru", "role": "administrator", "office": ""}
    page = irina.get("people.new").submit(typed)
    assert page.status == 422 and "Напишите, почему" in " ".join(page.errors)
    answer = irina.get("people.new").submit(typed, reason="Ирина уходит в отпуск")
    page = marta.get(answer.location)
    assert "Вторая, second@example.ru" in page.text
    page = page.submit(button="Утвердить: принять на работу: Вторая, администратор").follow()
    assert Employee.by_email("second@example.ru").role == "administrator"
    assert "/staff/activate/" not in page.markup
    page = irina.get("people.show", employee_id=Employee.by_email("second@example.ru").id)
    answer = page.submit(button="Новая ссылка: пароль и второй ключ заново", reason="Потерян телефон")
    assert answer.location.startswith("/staff/approvals/")
