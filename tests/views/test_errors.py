"""Error pages: the house's own look, what happened, what to do next."""

from __future__ import annotations

import pytest
from peewee import OperationalError
from playhouse.pool import MaxConnectionsExceeded

from models.base import Refusal
from views.customer import about


@pytest.mark.parametrize(
    ("path", "status", "head"),
    [
        ("/nothing", 404, "Такой страницы нет"),
        ("/settings/devices/1/end", 405, "Так сюда не попасть"),
        ("/a" * 2000, 404, "Такой страницы нет"),
    ],
)
def test_page_that_is_not_there_says_what_to_do(client, app, path, status, head):
    page = client.get(path)
    assert (page.status, page.h1) == (status, head)
    assert page.click("На главную").status == 200
    assert "tel:" in page.markup


def test_method_that_is_not_allowed_names_those_that_are(client, app):
    page = client.get("/settings/devices/1/end")
    assert "POST" in page.headers["Allow"]


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (ZeroDivisionError("secret detail"), 500, "У нас что-то сломалось"),
        (OperationalError("database is locked"), 503, "Портал ненадолго закрыт"),
        (MaxConnectionsExceeded("secret detail"), 503, "Портал ненадолго закрыт"),
        (Refusal(None, "Так нельзя."), 422, "Так нельзя."),
    ],
)
def test_failure_inside_tells_no_secrets(client, app, monkeypatch, error, status, said):
    def fail():
        raise error

    monkeypatch.setitem(app.view_functions, "about.contacts", about.public(fail))
    page = client.get("about.contacts")
    assert page.status == status
    assert said in page.h1 + page.text
    assert "secret detail" not in page.markup
    assert page.headers.get("Retry-After") == ("30" if status == 503 else None)


def test_signed_in_customer_stays_among_their_own_sections(home, anna):
    page = home.get("/nothing")
    assert (page.status, page.h1) == (404, "Такой страницы нет")
    assert anna.account.number in page.soup.select_one("details.switch").get_text()
    assert page.soup.select_one('form[action$="/sign-out"]')


def test_guest_is_shown_nobodys_sections(client, anna):
    page = client.get("/nothing")
    assert page.soup.select_one("details.switch") is None
    assert page.soup.select_one('form[action$="/sign-out"]') is None


def test_account_of_somebody_else_leaves_the_customer_in_their_own(stranger, anna, vera):
    page = stranger.get("home.show", number=anna.account.number)
    assert page.status == 404
    assert vera.account.number in page.soup.select_one("details.switch").get_text()
    assert anna.account.number not in page.markup.replace(page.path, "")


def test_failure_page_reads_nothing_of_the_customer(home, app, monkeypatch):
    def fail():
        raise ZeroDivisionError

    monkeypatch.setitem(app.view_functions, "about.contacts", about.public(fail))
    page = home.get("about.contacts")
    assert page.status == 500
    assert "Анна" not in page.text


def test_form_sent_while_the_database_is_busy_can_be_sent_again_from_the_page(home, app, anna, monkeypatch):
    form = home.get("settings.phone")

    def fail():
        raise OperationalError("database is locked")

    with monkeypatch.context() as broken:
        broken.setitem(app.view_functions, "settings.set_phone", about.public(fail))
        page = form.submit(phone="89135550177", password="svet-i-teplo")
    assert page.status == 503
    assert page.value("phone") == "89135550177"
    assert "password" not in page.fields


def test_form_of_a_megabyte_is_refused(home):
    page = home.get("settings.name")
    answer = home.post("settings.set_name", {"csrf_token": page.value("csrf_token"), "name": "я" * 600_000})
    assert answer.status == 413
    assert answer.h1 == "Слишком большой файл"


def test_heap_of_fields_does_no_harm(home):
    page = home.get("settings.name")
    fields = {f"x{i}": "1" for i in range(20_000)}
    assert home.post("settings.set_name", {"csrf_token": page.value("csrf_token"), **fields}).status in (413, 303)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE"])
def test_other_methods_are_refused(client, app, method):
    assert client.open("/settings", method=method).status in (302, 303, 400, 405)
