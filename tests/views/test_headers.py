"""Headers and cookies on every kind of answer, and the hosts we answer to."""

from __future__ import annotations

import pytest

from models import clock
from tests import cast
from tests.page import Client
from views import assets

EVIL = {"Host": "evil.example"}


def kinds(anna):
    """One address of each kind of answer, with its status."""
    number = anna.account.number
    return {
        "page": ("/settings", 200),
        "part": (f"/accounts/{number}/history/readings/rows", 200),
        "file": (f"/accounts/{number}/history/readings.csv", 200),
        "redirect": ("/sign-in", 303),
        "not found": ("/nothing", 404),
        "not allowed": ("/settings/devices/end-others", 405),
        "static": (assets.asset_url("kabinet.css"), 200),
        "static not found": ("/static/nothing.js", 404),
        "health": ("/health", 200),
    }


@pytest.fixture
def answers(home, anna, app, monkeypatch):
    def fail():
        raise ZeroDivisionError

    monkeypatch.setitem(app.view_functions, "about.offices", fail)
    every = {**kinds(anna), "failure": ("/about/offices", 500)}
    found = {name: home.get(path).answer for name, (path, _) in every.items()}
    assert {name: answer.status_code for name, answer in found.items()} == {
        name: status for name, (_, status) in every.items()
    }
    return found


def test_every_answer_has_its_guards(answers):
    for name, answer in answers.items():
        headers = answer.headers
        assert headers["X-Content-Type-Options"] == "nosniff", name
        assert headers["X-Frame-Options"] == "DENY", name
        assert headers["Referrer-Policy"] == "same-origin", name
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", name
        policy = headers["Content-Security-Policy"]
        for rule in (
            "default-src 'none'",
            "script-src 'self';",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ):
            assert rule in policy, name
        assert "unsafe" not in policy, name


def test_nothing_personal_is_left_in_a_cache(answers):
    for name, answer in answers.items():
        if name != "static":
            assert answer.headers.get("Cache-Control") == "no-store", name


def test_server_does_not_tell_its_versions(answers):
    for name, answer in answers.items():
        assert "X-Powered-By" not in answer.headers, name
        assert "Werkzeug" not in answer.headers.get("Server", ""), name


def test_plain_http_promises_no_https(answers):
    assert all("Strict-Transport-Security" not in answer.headers for answer in answers.values())


# ---- behind https


@pytest.fixture
def secure(production):
    return Client(production())


def test_cookies_behind_https_are_secure_and_bound_to_the_host(secure):
    cast.anna()
    secure.browser.set_cookie("x", "y", domain="lk.example.ru")
    page = secure.get("sign_in.form")
    token = page.value("csrf_token")
    page = secure.post(
        "sign_in.enter",
        {"login": "anna@example.ru", "password": cast.PASSWORD, "csrf_token": token},
        headers={"Referer": "https://lk.example.ru/sign-in"},
    )
    assert page.location == "/"
    cookies = {line.partition("=")[0]: line for line in page.headers.getlist("Set-Cookie")}
    assert set(cookies) == {"__Host-kabinet", "device"}
    for line in cookies.values():
        for word in ("Secure", "HttpOnly", "SameSite=Lax"):
            assert word in line
    assert "Path=/;" in cookies["__Host-kabinet"] + ";"
    assert "Domain" not in cookies["__Host-kabinet"]


def test_https_is_promised_for_a_year(secure):
    for path in ("/", "/nothing", assets.asset_url("kabinet.css")):
        assert secure.get(path).headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_style_cookie_is_secure_too(secure):
    line = secure.get(assets.asset_url("kabinet.css")).headers["Set-Cookie"]
    assert "Secure" in line
    assert "HttpOnly" in line


def test_form_from_another_page_is_refused_by_its_referrer(secure):
    cast.anna()
    token = secure.get("sign_in.form").value("csrf_token")
    data = {"login": "anna@example.ru", "password": cast.PASSWORD, "csrf_token": token}
    for referrer in ({}, {"Referer": "https://evil.example/"}, {"Referer": "http://lk.example.ru/"}):
        page = secure.post("sign_in.enter", data, headers=referrer)
        assert page.status == 303
        assert secure.get("settings.show").status == 303, referrer


# ---- hosts


def test_no_link_of_a_page_is_made_of_the_host_header(home, bare, anna, cookie):
    for path, _ in kinds(anna).values():
        answer = bare.get(path, headers={**EVIL, "Cookie": f"kabinet={cookie(home)}"}).answer
        assert b"evil.example" not in answer.data, path
        assert "evil.example" not in str(answer.headers), path


@pytest.mark.parametrize(
    "headers", [EVIL, {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example", "X-Host": "evil.example"}]
)
def test_no_link_of_a_letter_is_made_of_the_host_header(client, bare, anna, mail, cookie, headers):
    token = client.get("recovery.form").value("csrf_token")
    sent = {**headers, "Cookie": f"kabinet={cookie(client)}"}  # whatever the host says, a browser sends the cookie
    assert (
        bare.post("recovery.ask", {"login": "anna@example.ru", "csrf_token": token}, headers=sent).location
        == "/recover/code"
    )
    text = mail("anna@example.ru").text
    assert "evil.example" not in text
    assert f"{client.base}/recover/" in text


@pytest.mark.parametrize(
    "host",
    ["evil.example", "lk.example.ru.evil.example", "lk.example.ru:8443", "127.0.0.1", "LK.example.ru@evil.example"],
)
def test_another_host_gets_nothing_in_production(production, host):
    answer = production().test_client().get("/", base_url="https://lk.example.ru", headers={"Host": host})
    assert answer.status_code == 400
    assert "evil.example" not in answer.get_data(as_text=True)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded"])
def test_forwarded_address_is_ignored_without_a_proxy(client, anna, header):
    for n in range(30):
        client.post("sign_in.enter", {}, headers={header: f"10.0.0.{n}"})
    token = client.get("sign_in.form").value("csrf_token")
    data = {"login": "anna@example.ru", "password": cast.PASSWORD, "csrf_token": token}
    client.post("sign_in.enter", data, headers={header: "203.0.113.7"})
    assert "203.0.113.7" not in client.get("settings.show").text


def test_forwarded_scheme_and_host_are_ignored_without_a_proxy(production):
    headers = {"Host": "evil.example", "X-Forwarded-Host": "lk.example.ru", "X-Forwarded-Proto": "https"}
    assert production().test_client().get("/", base_url="http://evil.example", headers=headers).status_code == 400


def test_address_comes_from_the_proxy_that_is_trusted(production):
    cast.anna()
    client = Client(production(TRUSTED_PROXIES="1"))
    via = {
        "X-Forwarded-For": "10.9.9.9, 203.0.113.7",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "lk.example.ru",
    }
    page = client.open("/sign-in", headers=via)
    data = {"login": "anna@example.ru", "password": cast.PASSWORD, "csrf_token": page.value("csrf_token")}
    client.post("sign_in.enter", data, headers={**via, "Referer": "https://lk.example.ru/sign-in"})
    text = client.open("/settings", headers=via).text
    assert "203.0.113.7" in text
    assert "10.9.9.9" not in text


def test_demo_says_when_its_clock_is_set(client, app, monkeypatch):
    monkeypatch.setattr(clock, "_offset", clock.timedelta(days=3))
    assert (
        client.get("home.front").soup.select_one("div.strip").get_text(strip=True)
        == "Демонстрация: на портале сейчас 20\u00a0ноября\u00a02026"
    )
