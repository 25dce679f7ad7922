"""Rate limits shared by all workers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from peewee import Database

from models import limits
from models.base import Refusal
from models.limits import Hit
from tests.crowd import at_once


def test_counts_from_one(db: Database) -> None:
    assert [limits.hit("test", "anna", 60) for _ in range(3)] == [1, 2, 3]


def test_each_name_and_subject_apart(db: Database) -> None:
    limits.hit("test", "anna", 60)
    assert limits.hit("test", "vera", 60) == limits.hit("other", "anna", 60) == 1


def test_starts_anew_in_the_next_window(db: Database, at: Callable[[str], datetime]) -> None:
    limits.hit("test", "anna", 900)
    at("2026-11-20T10:14:59")
    assert limits.hit("test", "anna", 900) == 2
    at("2026-11-20T10:15")
    assert limits.hit("test", "anna", 900) == 1


def test_refused_past_the_most(db: Database) -> None:
    for _ in range(3):
        limits.spend("test", "anna", 3, 60)
    with pytest.raises(Refusal, match="Подождите") as caught:
        limits.spend("test", "anna", 3, 60)
    assert caught.value.problems[0].rule == "limit.test"


def test_address_is_limited_like_anything(db: Database) -> None:
    limits.spend_address("test", "192.0.2.7", 1, 60)
    with pytest.raises(Refusal):
        limits.spend_address("test", "192.0.2.7", 1, 60)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_network_is_what_one_subscriber_has(address: str, network: str) -> None:
    assert limits.network(address) == network


def test_addresses_of_one_subscriber_are_limited_together(db: Database) -> None:
    limits.spend_address("test", "2001:db8:1:2::1", 1, 60)
    with pytest.raises(Refusal):
        limits.spend_address("test", "2001:db8:1:2:ffff::1", 1, 60)
    limits.spend_address("test", "2001:db8:1:3::1", 1, 60)


def test_hit_given_back_counts_for_nothing(db: Database) -> None:
    limits.hit("test", "anna", 60)
    limits.hit("test", "anna", 60)
    limits.give_back("test", "anna", 60)
    assert limits.hit("test", "anna", 60) == 2


def test_no_address_is_not_counted(db: Database) -> None:
    for _ in range(5):
        limits.spend_address("test", "", 1, 60)
    assert not Hit.select().exists()


@pytest.mark.parametrize("subject", ["", "\x00", "а" * 10_000, "' OR 1=1 --", "a|b"])
def test_any_subject(db: Database, subject: str) -> None:
    assert [limits.hit("test", subject, 60), limits.hit("test", subject, 60)] == [1, 2]


def test_subjects_are_not_kept_readable(db: Database) -> None:
    limits.hit("test", "anna@example.ru", 60)
    assert "anna" not in Hit.get().key


def test_counts_exactly_what_comes_at_once(db: Database) -> None:
    done = at_once(20, lambda i: [limits.hit("test", "anna", 3600) for _ in range(5)])
    assert sorted(count for counts in done for count in counts) == list(range(1, 101))


def test_as_many_pass_at_once_as_may(db: Database) -> None:
    done = at_once(20, lambda i: limits.spend("test", "anna", 7, 3600))
    assert done.count(None) == 7


def test_counts_although_the_verb_around_it_is_refused_later(db: Database) -> None:
    limits.hit("test", "anna", 60)
    with pytest.raises(Refusal), db.atomic():
        raise Refusal(None, "нет")
    assert limits.hit("test", "anna", 60) == 2


def test_forgotten_a_day_after_the_window(db: Database, at: Callable[[str], datetime]) -> None:
    limits.hit("test", "anna", 60)
    at("2026-11-21T10:01")
    assert limits.purge() == 0
    at("2026-11-21T10:02")
    assert limits.purge() == 1
