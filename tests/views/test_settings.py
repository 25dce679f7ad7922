"""Settings: name, e-mail, phone, password, and the devices signed in."""

from __future__ import annotations

import pytest

from models.outbox import Message
from models.people.customers import Customer
from models.people.sessions import Session
from tests import cast
from tests.cast import PASSWORD

NEW = "sovsem drugie slova"
CHROME = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/130.0"}


def me():
    return Customer.get(Customer.id == 1)


@pytest.mark.feature("S12")
def test_settings_show_the_customers_data(home):
    text = home.get("settings.show").text
    for fact in ("Анна Сергеевна", "anna@example.ru", "+7\u00a0913\u00a0555-01-23", "1\u00a0счёт"):
        assert fact in text


@pytest.mark.feature("S12")
def test_name_is_changed_without_a_password(home):
    page = home.get("settings.name").submit(name="  Анна   Иванова ")
    assert page.location == "/settings"
    assert "Имя сохранено." in page.follow().text
    assert me().name == "Анна Иванова"


def test_name_may_be_empty(home):
    home.get("settings.name").submit(name="")
    assert home.get("home.front").h1 == "Здравствуйте"


# ---- e-mail


@pytest.mark.feature("S12")
def test_email_changes_only_by_the_link_sent_to_it(home, mail):
    page = home.get("settings.email").submit(new_email="Novaya@Example.ru", password=PASSWORD)
    assert "Письмо со ссылкой отправлено" in page.follow().text
    assert me().email == "anna@example.ru"
    page = home.get(mail("novaya@example.ru").link)
    assert me().email == "anna@example.ru"
    page.submit(button="Подтвердить новую почту")
    assert me().email == "novaya@example.ru"
    assert "novaya@example.ru" in mail("anna@example.ru").text
    assert home.another().sign_in("novaya@example.ru", PASSWORD).status == 303


def test_link_to_a_new_email_works_in_a_browser_not_signed_in(home, mail):
    home.get("settings.email").submit(new_email="novaya@example.ru", password=PASSWORD)
    page = home.another().get(mail("novaya@example.ru").link).submit(button="Подтвердить новую почту")
    assert page.location == "/sign-in"
    assert me().email == "novaya@example.ru"


def test_link_to_a_new_email_works_once_and_for_a_day(home, mail, at):
    home.get("settings.email").submit(new_email="novaya@example.ru", password=PASSWORD)
    link = mail("novaya@example.ru").link
    at("2026-11-21T10:01")
    assert "Ссылка уже использована или устарела." in home.get(link).text


def test_address_of_somebody_else_is_answered_like_any_other(home, vera, mail, hashes):
    page = home.get("settings.email").submit(new_email="novaya@example.ru", password=PASSWORD)
    said = page.follow().text
    assert "Письмо со ссылкой отправлено" in said
    spent = hashes()
    known = home.get("settings.email").submit(new_email="vera@example.ru", password=PASSWORD)
    assert (known.status, known.location) == (page.status, page.location)
    assert known.follow().text == said
    assert hashes() == spent > 0
    assert mail("vera@example.ru").letter == "known"


def test_address_taken_meanwhile_stays_with_its_owner(home, mail):
    home.get("settings.email").submit(new_email="vera@example.ru", password=PASSWORD)
    link = mail("vera@example.ru").link
    cast.vera()
    page = home.get(link).submit(button="Подтвердить новую почту")
    assert page.status == 303
    assert "Этим адресом уже пользуется другой кабинет." in page.follow().text
    assert me().email == "anna@example.ru"


# ---- phone


@pytest.mark.feature("S12")
def test_phone_is_changed_and_told_by_letter(home, mail):
    page = home.get("settings.phone").submit(phone="8 913 555 01 77", password=PASSWORD)
    assert page.location == "/settings"
    assert me().phone == "+79135550177"
    assert "913" in mail("anna@example.ru").text


@pytest.mark.parametrize("phone", ["12", "+1 202 555 0123", "8 913", "телефон"])
def test_phone_that_is_none_is_refused(home, phone):
    page = home.get("settings.phone").submit(phone=phone, password=PASSWORD)
    assert page.error("phone") == "Это не похоже на номер телефона. Пример: +7 913 555-01-23"
    assert page.value("phone") == phone


# ---- password


@pytest.mark.parametrize(
    ("endpoint", "values"),
    [
        ("settings.email", {"new_email": "novaya@example.ru"}),
        ("settings.phone", {"phone": "89135550177"}),
        ("settings.password", {"new_password": NEW, "new_password_again": NEW}),
    ],
)
def test_wrong_present_password_changes_nothing(home, endpoint, values):
    page = home.get(endpoint).submit(password="wrong password", **values)
    assert page.status == 422
    assert page.error("password") == "Неверный нынешний пароль."
    assert (me().email, me().phone) == ("anna@example.ru", "+79135550123")
    assert home.another().sign_in("anna@example.ru", PASSWORD).status == 303


def test_guessing_the_present_password_is_limited(home):
    for _ in range(10):
        home.get("settings.phone").submit(phone="89135550177", password="wrong password")
    page = home.get("settings.phone").submit(phone="89135550177", password=PASSWORD)
    assert page.errors == ["Слишком много попыток. Подождите немного и попробуйте снова."]


def test_new_password_ends_the_other_devices_and_keeps_this_one(home, mail, cookie):
    other = home.another()
    other.sign_in("anna@example.ru", PASSWORD)
    copy = cookie(other)
    page = home.get("settings.password").submit(password=PASSWORD, new_password=NEW, new_password_again=NEW)
    assert page.location == "/settings"
    assert home.get("settings.show").status == 200
    assert other.get("settings.show").location == "/sign-in?next=/settings"
    thief = home.another()
    cookie(thief, copy)
    assert thief.get("settings.show").status == 303
    assert mail("anna@example.ru").letter == "password_changed"
    assert home.another().sign_in("anna@example.ru", NEW).status == 303


@pytest.mark.parametrize(
    ("new", "again", "field"),
    [
        ("korotko", "korotko", "new_password"),
        (NEW, "drugoe slovo", "new_password_again"),
        ("anna@example.ru", "anna@example.ru", "new_password"),
    ],
)
def test_bad_new_password_is_refused_beside_its_field(home, new, again, field):
    page = home.get("settings.password").submit(password=PASSWORD, new_password=new, new_password_again=again)
    assert page.error(field)
    assert [page.value(name) for name in ("password", "new_password", "new_password_again")] == [""] * 3


# ---- devices


def test_devices_are_listed_and_this_one_is_marked(client, anna):
    client.open("/sign-in", headers=CHROME)
    client.sign_in("anna@example.ru", PASSWORD)
    page = client.get("settings.show")
    assert page.text.count("это устройство") == 1
    assert "адрес 127.0.0.1" in page.text


def test_device_ended_is_signed_out(home, cookie):
    other = home.another()
    other.sign_in("anna@example.ru", PASSWORD)
    copy = cookie(other)
    page = home.get("settings.show")
    form = next(form for form in page.soup.select("main form") if form["action"].endswith("/end"))
    page = home.post(form["action"], {"csrf_token": page.value("csrf_token")})
    assert "Вход на том устройстве закончен." in page.follow().text
    assert other.get("settings.show").status == 303
    cookie(other, copy)
    assert other.get("settings.show").status == 303
    assert home.get("settings.show").text.count("Закончить") == 0


def test_all_other_devices_end_at_once(home):
    others = [home.another() for _ in range(3)]
    for other in others:
        other.sign_in("anna@example.ru", PASSWORD)
    home.get("settings.show").submit(button="Выйти на всех других устройствах")
    assert [other.get("settings.show").status for other in others] == [303] * 3
    assert home.get("settings.show").status == 200


@pytest.mark.parametrize("device", ["2", "0", "999999999", "9" * 9])
def test_device_of_somebody_else_is_not_ended(home, stranger, device):
    assert Session.select().count() == 2
    token = home.get("settings.show").value("csrf_token")
    home.post(f"/settings/devices/{device}/end", {"csrf_token": token})
    assert stranger.get("settings.show").status == 200


@pytest.mark.parametrize("device", ["-1", "x", "1.5", "9" * 400, "%00"])
def test_device_that_is_no_number_is_not_found(home, device):
    token = home.get("settings.show").value("csrf_token")
    assert home.post(f"/settings/devices/{device}/end", {"csrf_token": token}).status == 404


def test_guest_sees_no_settings(client):
    for endpoint in ("settings.show", "settings.name", "settings.email", "settings.phone", "settings.password"):
        assert client.get(endpoint).location.startswith("/sign-in?next=/settings")


def test_letter_about_a_change_goes_to_its_owner_alone(home, vera):
    home.get("settings.password").submit(password=PASSWORD, new_password=NEW, new_password_again=NEW)
    assert [message.to for message in Message.select()] == ["anna@example.ru"]
