"""A browser of letters alone: w3m signs in, passes a reading and shows the history, on the real portal."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.portal import PASSWORD, Portal
from tests.browser.text_browser import TextBrowser
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser


@pytest.fixture
def w3m(tmp_path: Path, portal: Portal) -> Iterator[TextBrowser]:
    browser = TextBrowser(tmp_path, f"{portal.url}/sign-in")
    yield browser
    browser.quit()


@pytest.mark.feature("B1")
@pytest.mark.feature("S7")
@pytest.mark.feature("S23")
def test_w3m_signs_in_and_passes_a_reading(w3m: TextBrowser, newcomer: Visitor) -> None:
    values = newcomer.open_readings().used(77)
    w3m.wait("Почта или лицевой счёт")
    w3m.find("Почта или")
    w3m.type_into_next(newcomer.account, "TEXT:")
    w3m.type_into_next(PASSWORD, "Password:")
    w3m.press_next("Последние показания")
    w3m.find("было")
    for value in values:
        w3m.type_into_next(str(value), "TEXT:")
    w3m.press_next("Показания переданы")
    w3m.wait("77 кВт⋅ч")
    assert newcomer.stored() == [values]


@pytest.mark.feature("B1")
@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/", "передать показания и сразу увидеть расход"),
        ("/sign-up", "Даю согласие на обработку персональных данных"),
        ("/recover", "На подтверждённую почту придёт письмо"),
        ("/about/contacts", "Контактный центр"),
        ("/about/offices", "перерыв 12:00–13:00"),
        ("/about/privacy/personal-data", "Как отозвать"),
    ],
)
def test_open_pages_read_well(portal: Portal, path: str, shown: str) -> None:
    text = dump(portal.url + path)
    assert shown in text
    assert "{" not in text, "styles or templates showing through"


def dump(url: str) -> str:
    command = ["w3m", "-dump", "-cols", "100", "-I", "UTF-8", "-O", "UTF-8", url]
    return subprocess.run(command, capture_output=True, check=True, timeout=30).stdout.decode()
