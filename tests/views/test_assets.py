"""Styles, scripts and the icon: named by content, compressed, kept for ever; small."""

from __future__ import annotations

import gzip

import brotli
import pytest

from views import assets

OWN_CSS, OWN_JS = 20_000, 15_000


@pytest.mark.parametrize("name", sorted(assets.shelf()))
def test_file_is_served_under_its_hash_and_kept_for_ever(client, name):
    page = client.get(assets.asset_url(name))
    assert page.status == 200
    assert page.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert page.answer.data == assets.shelf()[name].bodies[""]


@pytest.mark.parametrize(("coding", "unpack"), [("br", brotli.decompress), ("gzip", gzip.decompress)])
def test_file_is_packed_as_the_browser_can(client, coding, unpack):
    page = client.get(assets.asset_url("kabinet.css"), headers={"Accept-Encoding": coding})
    assert page.headers["Content-Encoding"] == coding
    assert page.headers["Vary"] == "Accept-Encoding"
    assert unpack(page.answer.data) == assets.shelf()["kabinet.css"].bodies[""]


def test_file_that_has_not_changed_is_not_sent_again(client):
    first = client.get(assets.asset_url("kabinet.js"))
    again = client.get(assets.asset_url("kabinet.js"), headers={"If-None-Match": first.headers["ETag"]})
    assert again.status == 304
    assert not again.answer.data


def test_outdated_name_gives_the_file_of_today_for_a_minute(client):
    page = client.get("/static/kabinet.0123456789.css")
    assert page.status == 200
    assert page.headers["Cache-Control"] == "public, max-age=60"
    assert "Set-Cookie" not in page.headers


@pytest.mark.parametrize(
    "name",
    ["nothing.css", "..", "%2e%2e%2fapp.py", "../app.py", "css/base.css", "%00", "kabinet", "app.py", "x" * 3000],
)
def test_nothing_else_is_served(client, app, name):
    assert client.get(f"/static/{name}").status in (308, 404)


def test_styles_come_inside_the_first_page_and_by_link_afterwards(client):
    first = client.get("home.front")
    assert first.soup.style is not None
    assert first.soup.select_one("link[rel=stylesheet]") is None
    client.get(first.soup.select_one("link[rel=prefetch]")["href"])
    second = client.get("home.front")
    assert second.soup.style is None
    assert second.soup.select_one("link[rel=stylesheet]")["href"] == assets.asset_url("kabinet.css")


def test_cookie_of_older_styles_brings_them_inside_again(bare):
    assert bare.get("/", headers={"Cookie": "css=0123456789"}).soup.style is not None
    digest = assets.shelf()["kabinet.css"].digest
    assert bare.get("/", headers={"Cookie": f"css={digest}"}).soup.style is None


@pytest.mark.feature("B1")
def test_own_styles_and_scripts_are_small():
    shelf = assets.shelf()
    scripts = sum(len(file.bodies[""]) for name, file in shelf.items() if name.endswith(".js") and "htmx" not in name)
    assert sum(path.stat().st_size for path in (assets.FOLDER / "css").iterdir()) <= OWN_CSS
    assert 1000 < scripts <= OWN_JS


@pytest.mark.parametrize(
    ("css", "bare"),
    [
        ("a{b:c} /* x */\n\n  d{}", "a{b:c}\nd{}"),
        ('a{content:"/* kept */"}', 'a{content:"/* kept */"}'),
        ("a{content:'\\'/* kept */'}", "a{content:'\\'/* kept */'}"),
        ("/* one\ntwo */a{}", "a{}"),
    ],
)
def test_styles_lose_comments_and_blank_lines_only(css, bare):
    assert assets.lean(css) == bare
