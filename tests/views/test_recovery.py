"""A forgotten password: the same answer for everybody, a letter for its owner, a new password by link or code."""

from __future__ import annotations

import pytest

from models.outbox import Message
from tests import cast

NEW = "sovsem drugie slova"
BAD_CODE = ["Код неверный или устарел: он действует 10 минут. Проверьте цифры или перейдите по ссылке из письма."]


def ask(client, login):
    return client.get("recovery.form").submit(login=login)


@pytest.mark.feature("S8")
@pytest.mark.parametrize("login", ["anna@example.ru", "Anna@Example.ru ", "241010000054"])
def test_link_of_the_letter_leads_to_a_new_password(client, anna, mail, login):
    assert ask(client, login).location == "/recover/code"
    page = client.get(mail("anna@example.ru").link).submit(password=NEW, password_again=NEW)
    assert page.location == "/"
    assert page.follow().h1 == "Здравствуйте, Анна Сергеевна"
    assert client.another().sign_in("anna@example.ru", NEW).status == 303
    assert client.another().sign_in("anna@example.ru", cast.PASSWORD).status == 422


@pytest.mark.feature("S8")
def test_code_of_the_letter_leads_there_too(client, anna, mail):
    page = ask(client, "241010000054").follow().submit(code=mail("anna@example.ru").code)
    page = page.follow()
    assert page.h1 == "Новый пароль"
    assert page.submit(password=NEW, password_again=NEW).location == "/"


@pytest.mark.parametrize(
    "login", ["anna@example.ru", "nobody@example.ru", "241010000054", "241099999999", "что угодно"]
)
def test_answer_is_the_same_whoever_asks(client, anna, login, hashes):
    page = ask(client, login)
    assert page.location == "/recover/code"
    assert "Если такой кабинет есть" in page.follow().text
    assert client.get("recovery.sent").submit(code="000000").errors == BAD_CODE
    assert hashes() == 0


def test_unknown_login_gets_no_letter(client, anna):
    ask(client, "nobody@example.ru")
    assert not Message.select().exists()


def test_new_password_signs_every_device_out_and_is_told(home, mail):
    other = home.another()
    ask(other, "anna@example.ru")
    other.get(mail("anna@example.ru").link).submit(password=NEW, password_again=NEW)
    assert home.get("settings.show").location == "/sign-in?next=/settings"
    assert other.get("settings.show").status == 200
    assert mail("anna@example.ru").letter == "password_changed"


def test_link_works_once(client, anna, mail):
    ask(client, "anna@example.ru")
    link = mail("anna@example.ru").link
    page = client.get(link)
    page.submit(password=NEW, password_again=NEW)
    assert "Ссылка уже использована или устарела." in client.get(link).text
    again = client.another()
    assert again.get(link).status == 200
    answer = again.post(link, {"csrf_token": again.get("recovery.form").field("csrf_token")["value"], "password": "x"})
    assert answer.status == 422
    assert "Ссылка уже использована или устарела." in answer.text


def test_link_dies_after_an_hour(client, anna, mail, at):
    ask(client, "anna@example.ru")
    at("2026-11-20T11:01")
    assert "Ссылка уже использована или устарела." in client.get(mail("anna@example.ru").link).text


def test_older_links_die_with_the_first_one_used(client, anna, mail):
    ask(client, "anna@example.ru")
    older = mail("anna@example.ru").link
    ask(client, "anna@example.ru")
    client.get(mail("anna@example.ru").link).submit(password=NEW, password_again=NEW)
    assert "Ссылка уже использована или устарела." in client.get(older).text


@pytest.mark.parametrize(
    ("password", "again", "field"),
    [
        ("korotko", "korotko", "password"),
        (NEW, "drugoe", "password_again"),
        ("", "", "password"),
        (NEW, "", "password_again"),
    ],
)
def test_bad_new_password_is_refused_and_the_link_lives(client, anna, mail, password, again, field):
    ask(client, "anna@example.ru")
    page = client.get(mail("anna@example.ru").link).submit(password=password, password_again=again)
    assert page.status == 422
    assert page.error(field)
    assert page.value("password") == ""
    assert page.submit(password=NEW, password_again=NEW).status == 303


def test_link_of_one_purpose_opens_no_other(client, anna, mail):
    ask(client, "anna@example.ru")
    token = mail("anna@example.ru").link.rpartition("/")[2]
    assert "Ссылка уже использована или устарела." in client.get("sign_up.confirm", token=token).text
    assert "Ссылка уже использована или устарела." in client.get("settings.confirm_email", token=token).text


def test_letters_for_one_login_are_limited_alike_for_all(client, anna):
    for login in ("anna@example.ru", "nobody@example.ru"):
        pages = [ask(client, login) for _ in range(6)]
        assert [page.status for page in pages] == [303] * 5 + [422]
        assert pages[-1].errors[0].startswith("Письмо уже отправлено несколько раз.")
    assert Message.select().count() == 5


def test_family_with_one_primary_account_gets_a_letter_each(client, anna, mail):
    cast.customer("maria@example.ru", "Мария", anna.account)
    ask(client, anna.account.number)
    first, second = mail("anna@example.ru"), mail("maria@example.ru")
    assert first.link != second.link
    page = client.get("recovery.sent").submit(code=second.code)
    page.follow().submit(password=NEW, password_again=NEW)
    assert client.another().sign_in("maria@example.ru", NEW).status == 303
    assert client.another().sign_in("anna@example.ru", cast.PASSWORD).status == 303
