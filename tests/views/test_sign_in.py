"""Signing in and out: who enters, who is slowed down, and what a copied cookie opens."""

from __future__ import annotations

import pytest

from models.people.sessions import Session
from tests import cast

WRONG = [
    "Неверный логин или пароль. Если вы только что зарегистрировались, сначала подтвердите почту по ссылке из письма."
]
SLOW = ["Слишком много попыток входа. Подождите 15 минут или восстановите пароль."]


@pytest.mark.feature("S7")
@pytest.mark.parametrize("login", ["anna@example.ru", " Anna@Example.RU ", "241010000054", "2410 1000 0054"])
def test_email_or_account_number_opens_the_cabinet(client, anna, login):
    page = client.sign_in(login, cast.PASSWORD)
    assert page.location == "/"
    assert page.follow().h1 == "Здравствуйте, Анна Сергеевна"


@pytest.mark.company("irkutsk")
@pytest.mark.parametrize("login", ["ИНЗБ38100054", "инзб38100054"])
@pytest.mark.feature("S3")
def test_letters_of_an_account_number_may_be_of_any_case(client, anna, login):
    assert client.sign_in(login, cast.PASSWORD).status == 303


def test_account_number_opens_it_only_where_it_is_primary(client, boris, anna):
    client.sign_in(anna.account.number, cast.PASSWORD)
    assert client.get("settings.show").text.count("anna@example.ru") == 1


@pytest.mark.parametrize("login", ["anna@example.ru", "nobody@example.ru", "241010000054", "241099999999"])
def test_wrong_password_and_unknown_login_get_the_same_page(client, anna, login):
    page = client.sign_in(login, "wrong password")
    assert page.status == 422
    assert page.errors == WRONG
    assert page.value("login") == login
    assert page.value("password") == ""


@pytest.mark.parametrize(
    ("known", "unknown"), [("anna@example.ru", "nobody@example.ru"), ("241010000054", "241099999999")]
)
def test_unknown_login_takes_as_many_hashes(client, anna, hashes, known, unknown):
    client.sign_in(known, "wrong password")
    spent = hashes()
    client.sign_in(unknown, "wrong password")
    assert hashes() == spent > 0


def test_page_wanted_opens_after_sign_in(client, anna):
    page = client.get("settings.show").follow()
    assert "откроется нужная страница" in page.text
    assert page.submit(login="anna@example.ru", password=cast.PASSWORD).location == "/settings"


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example/", "/\\evil.example", "/%09/evil.example"])
def test_next_to_another_site_is_forgotten(client, anna, target):
    page = client.get("sign_in.form", next=target)
    assert page.value("next") == ""
    posted = page.submit(login="anna@example.ru", password=cast.PASSWORD, next=target)
    assert posted.location == "/"


def test_signed_in_customer_needs_no_sign_in_page(home):
    assert home.get("sign_in.form").location == "/"
    assert home.get("sign_up.form").location == "/"


def test_each_sign_in_has_a_session_of_its_own(home, anna, secret):
    first = secret(home)
    second = home.another()
    second.sign_in("anna@example.ru", cast.PASSWORD)
    assert secret(second) != first
    assert Session.select().count() == 2


def test_sign_in_keeps_nothing_of_the_guests_session(client, anna, cookie):
    """Else whoever plants a cookie in a shared browser would know the session afterwards."""
    with client.browser.session_transaction(base_url=client.base) as planted:
        planted["csrf_token"] = planted["account"] = "planted"
    client.sign_in("anna@example.ru", cast.PASSWORD)
    with client.browser.session_transaction(base_url=client.base) as kept:
        assert "planted" not in kept.values()


def test_former_session_of_the_browser_is_ended_by_a_new_sign_in(home, vera):
    """Two people at one computer: whoever signs in second sees nothing of the first."""
    home.post("sign_in.leave", {"csrf_token": token(home.get("home.front"))})
    page = home.sign_in("vera@example.ru", cast.PASSWORD).follow()
    assert page.h1 == "Здравствуйте, Вера Николаевна"


# ---- signing out


def test_sign_out_ends_the_session(home):
    page = home.get("sign_in.ask").submit(button="Выйти")
    assert page.location == "/"
    assert page.follow().h1 == "Личный кабинет"


def test_sign_out_page_leads_guests_home(client):
    assert client.get("sign_in.ask").location == "/"


def test_copy_of_the_cookie_is_worth_nothing_after_sign_out(home, cookie):
    copy = cookie(home)
    home.get("sign_in.ask").submit(button="Выйти")
    cookie(home, copy)
    assert home.get("settings.show").location == "/sign-in?next=/settings"


def test_session_ends_after_two_weeks_of_rest(home, at):
    at("2026-12-04T09:00")
    assert home.get("settings.show").status == 200
    at("2026-12-18T10:00")
    assert home.get("settings.show").status == 303


def test_session_ends_after_ninety_days_however_busy(home, at):
    for day in ("2026-12-03", "2026-12-16", "2026-12-29", "2027-01-11", "2027-01-24", "2027-02-06", "2027-02-17"):
        at(f"{day}T10:00")
        assert home.get("settings.show").status == 200, day
    at("2027-02-18T10:01")
    assert home.get("settings.show").status == 303


# ---- guessing


def test_tenth_wrong_password_is_the_last(client, anna):
    for _ in range(10):
        assert client.sign_in("anna@example.ru", "wrong password").errors == WRONG
    page = client.sign_in("anna@example.ru", cast.PASSWORD)
    assert page.status == 422
    assert page.errors == SLOW


def test_known_device_enters_while_a_stranger_guesses(client, anna):
    thief = client.another("10.0.0.9")
    client.sign_in("anna@example.ru", cast.PASSWORD)
    client.get("sign_in.ask").submit(button="Выйти")
    for _ in range(11):
        thief.sign_in("anna@example.ru", "wrong password")
    assert thief.sign_in("anna@example.ru", cast.PASSWORD).errors == SLOW
    assert client.sign_in("anna@example.ru", cast.PASSWORD).status == 303


def test_forged_device_proof_is_an_unknown_device(client, anna):
    _plant(client, f"{anna.id}.forged.{'0' * 32}")
    for _ in range(10):
        client.sign_in("anna@example.ru", "wrong password")
    _plant(client, f"{anna.id}.another.{'0' * 32}")
    assert client.sign_in("anna@example.ru", cast.PASSWORD).errors == SLOW


def test_slowed_down_visitor_enters_a_quarter_of_an_hour_later(client, anna, at):
    for _ in range(11):
        client.sign_in("anna@example.ru", "wrong password")
    at("2026-11-20T10:16")
    assert client.sign_in("anna@example.ru", cast.PASSWORD).status == 303


def test_device_cookie_is_the_sign_in_pages_alone(client, anna):
    answer = client.sign_in("anna@example.ru", cast.PASSWORD).answer
    cookie = next(line for line in answer.headers.getlist("Set-Cookie") if line.startswith("device="))
    assert "Path=/sign-in" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_password_reaches_no_table(client, anna, db):
    client.sign_in("anna@example.ru", "a-wrong-and-secret-word")
    home = client.sign_in("anna@example.ru", cast.PASSWORD)
    assert home.status == 303
    dump = "\n".join(db.connection().iterdump())
    assert "a-wrong-and-secret-word" not in dump
    assert cast.PASSWORD not in dump


def test_database_does_not_hold_the_cookies_secret(home, secret, db):
    assert secret(home) not in "\n".join(db.connection().iterdump())


def _plant(client, proof):
    client.browser.set_cookie("device", proof, domain="127.0.0.1", path="/sign-in")


def token(page):
    return page.field("csrf_token")["value"]
