"""Sums as people write them; the form itself is met in the room of payments."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wtforms import Form
from wtforms.validators import ValidationError

from models import words
from views.pay_form import Rubles


class Sheet(Form):
    amount = Rubles("Сумма")


def read(text: str) -> int:
    field = Sheet(data={"amount": text}).amount
    field.pre_validate(None)
    return int(field.kopecks)


@given(kopecks=st.integers(0, 10**11))
def test_whatever_the_portal_writes_it_reads(kopecks):
    assert read(words.rubles(kopecks)) == kopecks


@pytest.mark.parametrize(
    ("text", "kopecks"),
    [
        ("", 0),
        ("  ", 0),
        ("7", 700),
        ("7,5", 750),
        ("7.05", 705),
        ("1 000 руб.", 100_000),
        ("1'000 р.", 100_000),
        ("０７", 700),
        ("5₽", 500),
    ],
)
def test_sum_in_kopecks(text, kopecks):
    assert read(text) == kopecks


@given(text=st.text(max_size=80))
def test_any_text_is_a_sum_or_a_refusal(text):
    with suppress(ValidationError):
        assert read(text) >= 0
