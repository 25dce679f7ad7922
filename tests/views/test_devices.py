"""A device in words."""

from __future__ import annotations

import pytest

from views.devices import describe


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
            "Chrome, Windows",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/130.0 Safari/537.36 Edg/130.0", "Edge, Windows"),
        (
            "Mozilla/5.0 (Linux; Android 9; SM-J400F) AppleWebKit/537.36 SamsungBrowser/16.0 Chrome/92.0 Mobile Safari/537.36",
            "Samsung Internet, Android",
        ),
        (
            "Mozilla/5.0 (Linux; arm_64; Android 12) Chrome/128.0 YaBrowser/24.10 Mobile Safari/537.36",
            "Яндекс Браузер, Android",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 12_5 like Mac OS X) AppleWebKit/605.1 Version/12.1 Mobile Safari/604.1",
            "Safari, iPhone",
        ),
        ("Opera/9.80 (J2ME/MIDP; Opera Mini/8.0/191.304; U; ru) Presto/2.12.423 Version/12.16", "Opera"),
        ("w3m/0.5.3+git20230121", "w3m"),
        ("", "Неизвестное устройство"),
        ("curl/8.5.0", "Неизвестное устройство"),
    ],
)
def test_device_in_words(agent, words):
    assert describe(agent) == words
