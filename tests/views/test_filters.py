"""Russian numbers, names and plain documents, as templates show them."""

from __future__ import annotations

import pytest

from views import filters


@pytest.mark.parametrize(
    ("hundredths", "shown"), [(5790, "57,9"), (5785, "57,85"), (5700, "57"), (5, "0,05"), (0, "0"), (10000, "100")]
)
def test_decimal(hundredths, shown):
    assert filters.decimal(hundredths) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [("Иванова Анна Сергеевна", "Анна Сергеевна"), ("Анна", "Анна"), ("Анна Сергеевна", "Анна Сергеевна"), ("", "")],
)
def test_greeting(name, shown):
    assert filters.greeting(name) == shown


def test_prose_is_paragraphs_and_lists():
    text = "Название\n\nПервый абзац\nна две строки.\n\nЧто:\n\n- одно;\n- другое."
    html = filters.prose(text)
    assert html == "<p>Первый абзац на две строки.</p>\n<p>Что:</p>\n<ul><li>одно;</li><li>другое.</li></ul>"


def test_prose_is_words_not_markup():
    assert "<script>" not in filters.prose("Название\n\n<script>alert(1)</script>\n\n- <b>")
