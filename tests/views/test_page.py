"""`next` leads to pages of ours only."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from views.page import own_path

ABROAD = [
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\\/evil.example",
    "https://evil.example",
    "https:evil.example",
    "https:///evil.example",
    "http:/evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "evil.example/settings",
    "/%09/evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    "/%0d%0aLocation:%20https://evil.example",
    "/\r\nLocation: https://evil.example",
    "/settings\r\nSet-Cookie: a=b",
    "/settings\\@evil.example",
    "/%5cevil.example",
    "/%2f%2fevil.example",
    "//127.0.0.1:8000@evil.example/settings",
    "//settings",
    "/./settings",
    "/../settings",
    "/about/../settings",
    " /settings",
    "/settings ",
    "/se\u200bttings",
    "/настройки",
    "",
    "/nothing",
    "settings",
    "?next=/settings",
    "#settings",
    "/static/kabinet.css",
    "/health",
    "/settings/devices/end-others",
    "/\x00",
    "/settings\x00",
    "/settings//",
    "http://127.0.0.1:8000/settings",
    "*",
    "/" + "a" * 10_000,
]
OURS = [
    "/",
    "/settings",
    "/settings?a=1&b=//x",
    "/accounts/241010000054/readings",
    "/accounts/241010000054/history/readings?from=2026-01&to=2026-02",
]


@pytest.fixture
def here(app):
    with app.test_request_context("/", base_url="http://127.0.0.1:8000"):
        yield


@pytest.mark.parametrize("target", ABROAD)
def test_anything_else_is_refused(here, target):
    assert own_path(target) is None


@pytest.mark.parametrize("target", OURS)
def test_page_of_ours_is_taken(here, target):
    assert own_path(target) == target


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.text(max_size=40),
        st.lists(
            st.sampled_from(
                [
                    "/",
                    "\\",
                    "//",
                    "settings",
                    "evil.example",
                    "@",
                    ":",
                    "https",
                    "%09",
                    "%2f",
                    "\t",
                    "\r\n",
                    "?",
                    "#",
                    ".",
                    "..",
                    ";",
                    " ",
                ]
            )
        ).map("".join),
    )
)
def test_whatever_is_taken_stays_on_this_host_in_every_browser(here, target):
    taken = own_path(target)
    if taken is None:
        return
    assert taken == target
    browsers = urljoin("http://127.0.0.1:8000/sign-in", taken.replace("\\", "/"))
    assert urlsplit(browsers).netloc == "127.0.0.1:8000"
    assert not any(character in taken for character in "\\\r\n\t\0")
