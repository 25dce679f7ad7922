"""The tables of features and the marks on tests agree."""

from __future__ import annotations

import re

from tests import features


def test_every_mark_names_a_row():
    known = features.rows()
    assert not {number: tests for number, tests in features.proofs().items() if number not in known}


def test_rows_are_numbered_without_gaps():
    numbers = list(features.rows())
    for letter in "SBM":
        mine = [int(number[1:]) for number in numbers if number.startswith(letter)]
        assert mine == list(range(1, len(mine) + 1)), letter


def test_every_row_of_the_tables_is_read():
    text = (features.ROOT / "docs" / "features.md").read_text(encoding="utf-8")
    assert len(re.findall(r"^\| [SBM]\d", text, re.MULTILINE)) == len(features.rows())
