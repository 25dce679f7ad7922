"""An employee's own page, and the way in: password, second factor, recovery codes."""

from __future__ import annotations

import re
from typing import Any

import pyotp
import pytest

from models import clock
from models.people import employment, second_factor, staff_sessions
from models.people.staff import Employee
from models.people.staff_sessions import StaffSession
from tests import cast
from tests.page import Client


@pytest.fixture
def clerk(app: Any) -> Employee:
    return cast.employee("clerk", email="galina@example.ru", name="Галина Петрова")


def test_password_and_code_lead_to_the_desk(client: Client, clerk: Employee) -> None:
    page = client.get("staff_sign_in.form").submit(login=clerk.email, password=cast.PASSWORD)
    assert page.location == "/staff/sign-in/code"
    assert StaffSession.select().count() == 0
    page = page.follow()
    page = page.submit(code=page.soup.select_one(".note b").get_text())
    assert page.location == "/staff/"
    assert "Галина Петрова" in page.follow().markup


def test_the_password_alone_opens_no_page(client: Client, clerk: Employee) -> None:
    client.get("staff_sign_in.form").submit(login=clerk.email, password=cast.PASSWORD)
    assert client.get("staff_desk.show").location == "/staff/sign-in?next=/staff/"


def test_a_wrong_code_is_told_and_the_right_one_still_opens(client: Client, clerk: Employee) -> None:
    page = client.get("staff_sign_in.form").submit(login=clerk.email, password=cast.PASSWORD).follow()
    right = page.soup.select_one(".note b").get_text()
    page = page.submit(code="000000" if right != "000000" else "111111")
    assert page.status == 422 and any("не подошёл" in text for text in page.errors)
    assert page.submit(code=right).status == 303


def test_outside_the_demo_the_code_is_not_shown_and_opens_once(production: Any, clerk: Employee) -> None:
    app = production()
    app.config["WTF_CSRF_SSL_STRICT"] = False  # the test's browser names no referrer
    client = Client(app)
    code = second_factor.code_now(clerk)
    page = client.get("staff_sign_in.form").submit(login=clerk.email, password=cast.PASSWORD).follow()
    assert code not in page.markup
    assert page.submit(code=code).status == 303
    other = Client(client.app)
    page = other.get("staff_sign_in.form").submit(login=clerk.email, password=cast.PASSWORD).follow()
    assert page.submit(code=code).status == 422


def test_who_is_new_chooses_a_password_enrols_and_gets_codes_that_work(client: Client, app: Any) -> None:
    _, secret = employment.add("anya@example.ru", "clerk", "Аня Ёж")
    page = client.get("staff_sign_in.invited", token=secret)
    assert page.submit(password="коротко", password_again="коротко").status == 422
    page = page.submit(password="три-коня-в-поле", password_again="три-коня-в-поле").follow()
    page = page.submit(login="anya@example.ru", password="три-коня-в-поле").follow()
    assert page.h1 == "Второй ключ ко входу"
    secret = re.search(r"Ключ: ([A-Z2-7 ]{39})", page.text)
    assert secret is not None
    page = page.submit(code=pyotp.TOTP(secret[1].replace(" ", "")).at(clock.real_seconds()))
    assert page.status == 200 and page.h1 == "Коды восстановления"
    codes = re.findall(r"\b[0-9A-Z]{5}-[0-9A-Z]{5}\b", page.text)
    assert len(codes) == second_factor.COUNT
    other = client.another()
    page = other.get("staff_sign_in.form").submit(login="anya@example.ru", password="три-коня-в-поле").follow()
    assert page.submit(code=codes[3]).status == 303
    assert other.get("me.show").text.count("Осталось 9") == 1


def test_enrolment_is_over_once_it_is_confirmed(client: Client, clerk: Employee) -> None:
    """Who knows the password alone cannot enrol a telephone of their own."""
    client.get("staff_sign_in.form").submit(login=clerk.email, password=cast.PASSWORD)
    assert client.get("staff_sign_in.enrol").location == "/staff/sign-in"
    token = client.get("staff_sign_in.code").field("csrf_token")["value"]
    page = client.post("staff_sign_in.confirm", {"code": second_factor.code_now(clerk), "csrf_token": token})
    assert page.status == 422
    assert StaffSession.select().count() == 0


def test_a_link_that_is_no_invitation_says_what_to_do(client: Client) -> None:
    page = client.get("staff_sign_in.invited", token="x" * 43)
    assert page.status == 200 and "Попросите администратора" in page.text


def test_after_sign_in_the_page_that_was_asked_for_opens_and_no_other_place(client: Client, clerk: Employee) -> None:
    for asked, lands in (("/staff/me", "/staff/me"), ("//evil.example", "/staff/"), ("/settings", "/staff/")):
        visitor = client.another()
        page = visitor.get(f"/staff/sign-in?next={asked}").submit(login=clerk.email, password=cast.PASSWORD).follow()
        page = page.submit(code=page.soup.select_one(".note b").get_text())
        assert page.location == lands


def test_a_copy_of_the_cookie_opens_nothing_after_sign_out(galina: Client, cookie: Any) -> None:
    copied = cookie(galina)
    page = galina.get("staff_sign_in.ask").submit(button="Выйти")
    assert page.location == "/staff/sign-in"
    thief = galina.another()
    cookie(thief, copied)
    assert thief.get("me.show").location.startswith("/staff/sign-in")


def test_a_customer_and_an_employee_share_a_browser_and_not_their_rights(home: Client, anna: Any) -> None:
    assert home.get("staff_desk.show").location.startswith("/staff/sign-in")
    employee = cast.employee("clerk", email="galina@example.ru")
    assert home.enter_office(employee.email, cast.PASSWORD).status == 303
    assert home.get("staff_desk.show").status == 200
    assert home.get("home.show", number=anna.account.number).status == 200
    assert home.get("sign_in.ask").submit(button="Выйти").status == 303
    assert home.get("staff_desk.show").status == 200
    assert home.get("home.show", number=anna.account.number).location.startswith("/sign-in")


def test_an_employees_session_opens_no_cabinet(galina: Client, anna: Any) -> None:
    assert galina.get("home.show", number=anna.account.number).location.startswith("/sign-in")


def test_the_role_of_now_counts(irina: Client) -> None:
    cast.employee("administrator", email="marta@example.ru")
    me = Employee.by_email("irina@example.ru")
    assert irina.get("people.index").status == 200
    employment.change(me.id, "clerk", me.name, "")
    assert irina.get("people.index").status == 403


def test_a_form_sent_after_the_session_ended_comes_back_after_sign_in(irina: Client) -> None:
    page = irina.get("people.new")
    staff_sessions.end_all(Employee.by_email("irina@example.ru").id)
    answer = page.submit(name="Аня Ёж", email="anya@example.ru", role="operator", office="")
    assert answer.location == "/staff/sign-in?next=/staff/people/new"
    page = answer.follow().submit(login="irina@example.ru", password=cast.PASSWORD).follow()
    page = page.submit(code=page.soup.select_one(".note b").get_text()).follow()
    assert page.field("name")["value"] == "Аня Ёж"
    assert Employee.by_email("anya@example.ru") is None


def test_a_new_password_needs_the_old_one_and_ends_the_other_sessions(galina: Client) -> None:
    other = galina.another()
    other.enter_office("galina@example.ru", cast.PASSWORD)
    page = galina.get("me.show")
    typed = {"old_password": "не тот", "password": "три-коня-в-поле", "password_again": "три-коня-в-поле"}
    assert page.submit(typed, button="Сменить пароль").status == 422
    assert other.get("me.show").status == 200
    typed["old_password"] = cast.PASSWORD
    assert page.submit(typed, button="Сменить пароль").status == 303
    assert galina.get("me.show").status == 200
    assert other.get("me.show").status == 303


def test_new_recovery_codes_need_a_code_of_the_telephone(galina: Client, at: Any) -> None:
    employee = Employee.by_email("galina@example.ru")
    assert galina.get("me.show").submit(code="12", button="Сделать новые").status == 422
    at(clock.local(clock.now() + clock.timedelta(minutes=1)).isoformat())
    page = galina.get("me.show").submit(code=second_factor.code_now(employee), button="Сделать новые")
    assert page.status == 200 and page.h1 == "Коды восстановления"
    assert second_factor.codes_left(employee.id) == second_factor.COUNT


def test_another_device_is_signed_out_from_here(galina: Client) -> None:
    other = galina.another()
    other.enter_office("galina@example.ru", cast.PASSWORD)
    assert galina.get("me.show").submit(button="Закончить: Неизвестное устройство").status == 303
    assert other.get("me.show").status == 303
