"""A customer whose letters come back: told on every page, tries the address once more, and is heard."""

from __future__ import annotations

import pytest

from models.outbox import Message, addresses
from models.people.customers import Customer
from tests.cast import PASSWORD
from tests.test_house import _queries

ANNA = "anna@example.ru"
NOTE = "Письма на anna@example.ru не доходят, поэтому счета приходят на бумаге."


@pytest.fixture
def silent(home):
    addresses.suspend(ANNA, "550 5.1.1 user unknown")
    return home


@pytest.mark.feature("S31")
def test_every_page_says_that_letters_do_not_arrive(silent, anna):
    for endpoint, values in (
        ("home.front", {}),
        ("readings.form", {"number": anna.account.number}),
        ("bills.index", {"number": anna.account.number}),
        ("history.readings", {"number": anna.account.number}),
        ("accounts.index", {}),
        ("settings.email", {}),
        ("about.contacts", {}),
    ):
        page = silent.get(endpoint, **values)
        assert NOTE in page.text, endpoint
    assert silent.get("home.front").click("Проверьте адрес").h1 == "Настройки"


def test_nobody_else_is_told(silent, stranger):
    assert "не доходят" not in stranger.get("home.front").text
    assert "не доходят" not in silent.another().get("home.front").text


def test_note_costs_no_query(home, anna, db):
    before = _queries(home, db, f"/accounts/{anna.account.number}/")
    addresses.suspend(ANNA, "550")
    assert _queries(home, db, f"/accounts/{anna.account.number}/") == before <= 8


@pytest.mark.feature("S31")
def test_address_tried_once_more_is_restored_by_the_letters_link(silent, mail):
    page = silent.get("settings.show")
    assert "Почта не принимает письма" in page.text
    page = page.submit(button="Проверить ещё раз").follow()
    assert "Письмо отправлено на anna@example.ru." in page.text
    found = mail(ANNA)
    assert found.letter == "email_check"
    page = silent.get(found.link)
    assert addresses.suspended([ANNA]) == {ANNA}  # mail programs open links by themselves
    page = page.submit(button="Письмо пришло").follow()
    assert "Почта проверена" in page.text
    assert "не принимает письма" not in page.text
    assert not addresses.suspended([ANNA])


def test_link_works_in_a_browser_not_signed_in(silent, mail):
    silent.get("settings.show").submit(button="Проверить ещё раз")
    page = silent.another().get(mail(ANNA).link).submit(button="Письмо пришло")
    assert page.location == "/sign-in"
    assert not addresses.suspended([ANNA])


def test_link_works_once_and_for_a_day(silent, mail, at):
    silent.get("settings.show").submit(button="Проверить ещё раз")
    link = mail(ANNA).link
    page = silent.get(link)
    at("2026-11-21T10:01")
    assert page.submit(button="Письмо пришло").status == 422
    assert "Ссылка уже использована или устарела." in silent.get(link).text
    assert addresses.suspended([ANNA]) == {ANNA}


@pytest.mark.parametrize("token", ["x", "x" * 43, "%00", "я"])
def test_link_of_ones_own_making_restores_nothing(silent, token):
    assert "Ссылка уже использована или устарела." in silent.get(f"/settings/email-check/{token}").text
    assert addresses.suspended([ANNA]) == {ANNA}


def test_link_of_another_kind_restores_nothing(silent, mail):
    silent.get("settings.email").submit(new_email="novaya@example.ru", password=PASSWORD)
    token = mail("novaya@example.ru").link.rpartition("/")[2]
    assert "устарела" in silent.get(f"/settings/email-check/{token}").text


def test_where_letters_arrive_none_is_sent(home):
    token = home.get("settings.show").token
    page = home.post("mail_check.ask", {"csrf_token": token}).follow()
    assert "доходят, проверять его не нужно" in page.text
    assert not Message.select().exists()


def test_letters_are_few(silent):
    for _ in range(3):
        silent.get("settings.show").submit(button="Проверить ещё раз")
    page = silent.get("settings.show").submit(button="Проверить ещё раз").follow()
    assert "Письмо уже отправлено несколько раз." in page.text
    assert Message.select().count() == 3


def test_another_address_ends_the_matter(silent, mail):
    page = silent.get("settings.show").click("Изменить почту")
    page.submit(new_email="novaya@example.ru", password=PASSWORD)
    silent.get(mail("novaya@example.ru").link).submit(button="Подтвердить новую почту")
    assert Customer.get_by_id(1).email == "novaya@example.ru"
    assert "не доходят" not in silent.get("home.front").text
    assert addresses.suspended([ANNA]) == {ANNA}


def test_link_of_the_old_address_restores_nothing_after_the_change(silent, mail):
    silent.get("settings.show").submit(button="Проверить ещё раз")
    page = silent.get(mail(ANNA).link)
    Customer.update(email="novaya@example.ru").where(Customer.id == 1).execute()
    assert "Почта в кабинете уже другая." in page.submit(button="Письмо пришло").follow().text
    assert addresses.suspended([ANNA]) == {ANNA}


def test_new_password_by_the_letters_link_restores_the_address(silent, mail):
    guest = silent.another()
    guest.get("recovery.form").submit(login=ANNA)
    page = guest.get(mail(ANNA).link)
    page.submit(password="sovsem drugie slova", password_again="sovsem drugie slova")
    assert not addresses.suspended([ANNA])


def test_guest_cannot_ask_for_a_letter(silent):
    guest = silent.another()
    token = guest.get("sign_in.form").token
    assert guest.post("mail_check.ask", {"csrf_token": token}).location.startswith("/sign-in")
    assert not Message.select().exists()
