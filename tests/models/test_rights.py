"""The table of rights, read and asked."""

from __future__ import annotations

import pytest

from models.people import rights


def test_each_role_has_what_its_work_needs() -> None:
    assert rights.allows("clerk", "paperforms.enter")
    assert rights.allows("operator", "readings.decide")
    assert rights.allows("auditor", "audit.see")
    assert rights.of_role("administrator") == set(rights.RIGHTS)


def test_an_auditor_only_looks() -> None:
    assert all(right.endswith((".see", ".export")) for right in rights.of_role("auditor"))


def test_a_clerk_neither_decides_nor_sees_money_files_or_people() -> None:
    assert not rights.of_role("clerk") & {"readings.decide", "money.propose", "exchange.see", "people.see", "audit.see"}


def test_an_unknown_role_may_nothing_and_an_unknown_right_is_our_mistake() -> None:
    assert rights.of_role("director") == frozenset()
    with pytest.raises(KeyError):
        rights.allows("clerk", "readings.burn")


@pytest.mark.parametrize(
    "line",
    ["desk.see + + + + видеть", "desk.see + + + + ? видеть", "desk.see + + + + + видеть\ndesk.see + + + + + видеть"],
    ids=["a mark is missing", "a strange mark", "named twice"],
)
def test_a_table_that_cannot_be_read_stops_the_start(line: str) -> None:
    with pytest.raises(ValueError, match="table"):
        rights._read(f"right clerk operator controller auditor administrator what\n{line}")
