"""A form whose session or token has gone comes back filled in; nobody else's does, and passwords never."""

from __future__ import annotations

from urllib.parse import quote, unquote

import pytest

from models.kept import KeptForm
from models.metering.readings import Reading
from models.people.sessions import Session
from tests.cast import PASSWORD


@pytest.fixture
def page(home, anna):
    return home.get("readings.form", number=anna.account.number)


def typed(person, *values):
    return {f"meter-{person.meter.id}-t{i}": str(value) for i, value in enumerate(values, 1)}


def values(page, person):
    return [page.value(f"meter-{person.meter.id}-t{i}") for i in (1, 2)]


def end_session():
    Session.update(ended_at="2026-11-20").execute()


def test_reading_survives_a_session_that_has_ended(home, page, anna):
    end_session()
    answer = page.submit(typed(anna, 6440, 2720), button="Передать")
    assert answer.location == f"/sign-in?next={page.path}"
    sign_in = answer.follow()
    assert "То, что вы уже набрали, сохранено." in sign_in.text
    back = sign_in.submit(login="anna@example.ru", password=PASSWORD)
    assert back.location == page.path
    back = back.follow()
    assert values(back, anna) == ["6440", "2720"]
    assert not Reading.select().where(Reading.period == "2026-11").exists()
    assert back.submit(button="Передать").follow().h1 == "Показания переданы"
    assert KeptForm.select().count() == 0


@pytest.mark.company("irkutsk")
@pytest.mark.parametrize("by_htmx", [False, True])
def test_reading_survives_where_the_number_is_cyrillic(home, page, anna, by_htmx):
    end_session()
    if by_htmx:
        headers = {"HX-Request": "true", "HX-Current-URL": home.base + quote(unquote(page.path))}
        data = {**typed(anna, 6440, 2720), "csrf_token": page.value("csrf_token")}
        answer = home.post("readings.send_part", data, headers, number=anna.account.number)
        sign_in = home.get(answer.headers["HX-Redirect"])
    else:
        sign_in = page.submit(typed(anna, 6440, 2720), button="Передать").follow()
    back = sign_in.submit(login="anna@example.ru", password=PASSWORD).follow()
    assert values(back, anna) == ["6440", "2720"]


def test_reading_survives_a_lost_cookie(home, page, anna):
    home.browser.delete_cookie("kabinet", domain="127.0.0.1")
    sign_in = page.submit(typed(anna, 6440, 2720), button="Передать").follow()
    back = sign_in.submit(login="anna@example.ru", password=PASSWORD).follow()
    assert values(back, anna) == ["6440", "2720"]


def test_reading_survives_a_wrong_password_on_the_way(home, page, anna):
    end_session()
    sign_in = page.submit(typed(anna, 6440, 2720), button="Передать").follow()
    again = sign_in.submit(login="anna@example.ru", password="wrong password")
    assert again.status == 422
    back = again.submit(login="anna@example.ru", password=PASSWORD).follow()
    assert values(back, anna) == ["6440", "2720"]


def test_reading_sent_from_the_home_page_survives_too(home, anna):
    page = home.get("home.front")
    end_session()
    sign_in = page.submit(typed(anna, 6440, 2720), button="Передать").follow()
    assert values(sign_in.submit(login="anna@example.ru", password=PASSWORD).follow(), anna) == ["6440", "2720"]


def test_reading_sent_by_htmx_survives_too(home, page, anna):
    end_session()
    headers = {"HX-Request": "true", "HX-Current-URL": home.base + page.path, "X-CSRFToken": page.value("csrf_token")}
    answer = home.post("readings.send_part", typed(anna, 6440, 2720), headers=headers, number=anna.account.number)
    assert answer.status == 401
    sign_in = home.get(answer.headers["HX-Redirect"])
    assert values(sign_in.submit(login="anna@example.ru", password=PASSWORD).follow(), anna) == ["6440", "2720"]


@pytest.mark.parametrize("token", ["", "stale", "x" * 5000, "Im5vbnNlbnNlIg.aaaa.bbbb"])
def test_reading_survives_a_stale_token(home, page, anna, token):
    answer = home.post("readings.send", {**typed(anna, 6440, 2720), "csrf_token": token}, number=anna.account.number)
    assert answer.location == page.path
    back = answer.follow()
    assert "Страница устарела, поэтому форма не отправилась." in back.text
    assert values(back, anna) == ["6440", "2720"]
    assert back.submit(button="Передать").status == 303
    assert values(home.get("readings.form", number=anna.account.number), anna) == ["06440", "02720"]


def test_settings_survive_a_stale_token(home):
    answer = home.post("settings.set_phone", {"phone": "+79135550177", "password": PASSWORD, "csrf_token": "stale"})
    assert answer.follow().value("phone") == "+79135550177"


def test_sign_up_survives_a_stale_token(client, app):
    answer = client.post("sign_up.apply", {"email": "novy@example.ru", "password": "x", "csrf_token": "stale"})
    assert answer.follow().value("email") == "novy@example.ru"


def test_login_survives_a_stale_token(client, anna):
    answer = client.post("sign_in.enter", {"login": "anna@example.ru", "password": PASSWORD, "csrf_token": "stale"})
    assert answer.follow().value("login") == "anna@example.ru"


# ---- what is not kept


@pytest.mark.parametrize(
    ("endpoint", "fields"),
    [
        (
            "settings.set_password",
            {"password": PASSWORD, "new_password": "novoe-slovo-1", "new_password_again": "novoe-slovo-1"},
        ),
        ("settings.set_phone", {"phone": "1", "password": PASSWORD}),
        ("accounts.attach", {"account": "241010000171", "secret": "svet-i-teplo"}),
        ("sign_in.enter", {"login": "anna@example.ru", "password": PASSWORD}),
        ("recovery.by_code", {"code": "svet-i-teplo"}),
    ],
)
def test_passwords_secrets_and_codes_are_never_kept(home, db, endpoint, fields):
    home.post(endpoint, {**fields, "csrf_token": "stale"})
    end_session()
    home.post(endpoint, {**fields, "csrf_token": "stale"})
    dump = "\n".join(db.connection().iterdump())
    assert PASSWORD not in dump
    assert "novoe-slovo-1" not in dump


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://127.0.0.1:8000.evil.example"}, {"Origin": "http://evil.example/127.0.0.1:8000"},
    ],
)  # fmt: skip
def test_form_of_another_site_leaves_nothing(home, page, anna, headers):
    for _ in range(2):
        home.post("readings.send", typed(anna, 1, 2), headers=headers, number=anna.account.number)
        end_session()
    assert KeptForm.select().count() == 0
    home.sign_in("anna@example.ru", PASSWORD)
    assert values(home.get("readings.form", number=anna.account.number), anna) == ["", ""]
    assert not Reading.select().where(Reading.period == "2026-11").exists()


def test_kept_form_comes_back_in_the_same_browser_alone(home, page, anna):
    end_session()
    page.submit(typed(anna, 6440, 2720), button="Передать")
    other = home.another()
    other.sign_in("anna@example.ru", PASSWORD)
    assert values(other.get("readings.form", number=anna.account.number), anna) == ["", ""]


def test_kept_form_is_of_its_own_page_alone(client, anna, boris):
    client.sign_in("boris@example.ru", PASSWORD)
    client.post("settings.set_name", {"name": "Чужой", "csrf_token": "stale"})
    assert client.get("settings.phone").value("phone") == ""
    assert client.get("settings.name").value("name") == "Чужой"


def test_kept_form_of_one_customer_opens_no_account_to_another(home, page, anna, vera):
    """Two people at one computer: the second one gets a 404, not the first one's digits."""
    end_session()
    sign_in = page.submit(typed(anna, 6440, 2720), button="Передать").follow()
    assert sign_in.submit(login="vera@example.ru", password=PASSWORD).follow().status == 404


def test_kept_form_outlives_deeds_of_other_pages(home):
    home.post("settings.set_name", {"name": "Анна Иванова", "csrf_token": "stale"})
    assert home.get("settings.phone").submit(phone="89135550177", password=PASSWORD).status == 303
    page = home.get("settings.name")
    assert page.value("name") == "Анна Иванова"
    assert page.submit().status == 303
    assert KeptForm.select().count() == 0


def test_kept_form_outlives_a_look_at_its_page(home):
    home.post("settings.set_name", {"name": "Анна Иванова", "csrf_token": "stale"})
    for _ in range(2):
        assert home.get("settings.name").value("name") == "Анна Иванова"


def test_later_kept_form_takes_the_place_of_the_earlier(home):
    home.post("settings.set_name", {"name": "Анна Иванова", "csrf_token": "stale"})
    home.post("settings.set_phone", {"phone": "+79135550177", "csrf_token": "stale"})
    assert KeptForm.select().count() == 1
    assert home.get("settings.phone").value("phone") == "+79135550177"


def test_forms_kept_for_one_address_are_limited(client, app):
    for _ in range(35):
        assert client.another().post("sign_in.enter", {"login": "x", "csrf_token": "stale"}).status == 303
    assert KeptForm.select().count() == 30
    client.another("192.0.2.8").post("sign_in.enter", {"login": "x", "csrf_token": "stale"})
    assert KeptForm.select().count() == 31


def test_kept_form_dies_after_two_hours(home, page, anna, at):
    end_session()
    sign_in = page.submit(typed(anna, 6440, 2720), button="Передать").follow()
    at("2026-11-20T12:01")
    assert values(sign_in.submit(login="anna@example.ru", password=PASSWORD).follow(), anna) == ["", ""]


def test_too_much_is_not_kept(home, page, anna):
    home.post(
        "readings.send", {f"meter-{anna.meter.id}-t1": "9" * 250_000, "csrf_token": "stale"}, number=anna.account.number
    )
    assert KeptForm.select().count() == 0


def test_nul_and_broken_bytes_are_kept_harmlessly(home, page, anna):
    name = f"meter-{anna.meter.id}-t1"
    answer = home.post(
        "readings.send", {name: b"12\x00\xed\xa0\x80", "csrf_token": "stale"}, number=anna.account.number
    )
    assert answer.status == 303
    assert "12" in home.get("readings.form", number=anna.account.number).value(name)


def test_value_of_a_meter_that_is_none_is_refused_after_all(home, page, anna):
    answer = home.post("readings.send", {"meter-999-t1": "5", "csrf_token": "stale"}, number=anna.account.number)
    assert answer.follow().status == 200


# ---- the token


def test_token_of_another_browser_is_none(home, page, stranger, anna):
    foreign = stranger.get("settings.show").value("csrf_token")
    home.post("readings.send", {**typed(anna, 6440, 2720), "csrf_token": foreign}, number=anna.account.number)
    assert not Reading.select().where(Reading.period == "2026-11").exists()


def test_signed_out_page_with_a_stale_token_says_so(client, app):
    page = client.post("recovery.ask", {"login": "anna@example.ru", "csrf_token": "stale"}).follow()
    assert page.value("login") == "anna@example.ru"
    assert "Страница устарела" in page.text
