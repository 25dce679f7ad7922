"""Which letters a customer wants."""

from __future__ import annotations

from typing import Any

import pytest

from models.base import Refusal
from models.people import wishes
from models.people.wishes import NEWS, REMINDERS, Wish
from tests import cast
from tests.crowd import at_once


@pytest.fixture
def anna(db: Any, company: Any) -> int:
    return cast.customer("anna@example.ru", "Анна").id


def test_who_has_said_nothing_wants_both(anna: int) -> None:
    assert wishes.of(anna) == {REMINDERS: True, NEWS: True}
    assert wishes.unwanted([anna], NEWS) == set()


def test_a_no_holds_for_its_topic_until_a_yes(anna: int) -> None:
    assert wishes.wish(anna, NEWS, False, "web")
    assert wishes.unwanted([anna], NEWS) == {anna} and wishes.unwanted([anna], REMINDERS) == set()
    assert wishes.wish(anna, NEWS, True, "web")
    assert wishes.unwanted([anna], NEWS) == set()
    assert [one.wanted for one in Wish.select().order_by(Wish.id)] == [False, True], "each is a fact of its own"


def test_what_holds_makes_no_row(anna: int) -> None:
    assert not wishes.wish(anna, NEWS, True, "web")
    assert not wishes.wish_all(anna, {NEWS: True, REMINDERS: True}, "web")
    assert Wish.select().count() == 0


def test_several_at_once_are_one_deed(anna: int) -> None:
    assert wishes.wish_all(anna, {NEWS: False, REMINDERS: False}, "web")
    assert wishes.of(anna) == {REMINDERS: False, NEWS: False}


def test_six_presses_make_one_row(anna: int) -> None:
    assert sum(at_once(6, lambda _: wishes.wish(anna, NEWS, False, "web"))) == 1
    assert Wish.select().count() == 1


def test_unknown_topic_is_refused(anna: int) -> None:
    with pytest.raises(Refusal):
        wishes.wish(anna, "weather", False, "web")
