"""[reception] and [orders] of a company's file: what is read, and that a mistake stops the start with its key and reason."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from models import company
from models.company_file import ROOT, CompanyError
from models.company_reception import ORDER_KINDS

CODES = ("krasnoyarsk", "kaluga", "koryak", "irkutsk")


def shipped(code: str) -> company.Company:
    return company.load(ROOT / "companies" / code)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(ROOT / "companies" / "krasnoyarsk", tmp_path / "krasnoyarsk")


@pytest.mark.parametrize("code", CODES)
def test_every_company_has_a_general_topic_of_thirty_days(code: str) -> None:
    other = shipped(code).reception.topics["other"]
    assert (other.term, other.days) == (30, "calendar")


def test_topics_keep_their_order_and_rules() -> None:
    topics = shipped("krasnoyarsk").reception.topics
    assert next(iter(topics)) == "charges"
    assert list(topics)[-1] == "other"
    assert (topics["quality"].term, topics["quality"].days) == (3, "working")


def test_companies_differ_in_guests_and_orders() -> None:
    assert [shipped(code).reception.guests for code in CODES] == [True, True, False, True]
    assert shipped("krasnoyarsk").orders.kinds == ORDER_KINDS
    assert shipped("kaluga").orders.kinds == ("replacement", "verification")
    assert shipped("koryak").orders.kinds == ()


def test_spans_of_a_visit_are_hours_in_order() -> None:
    orders = shipped("krasnoyarsk").orders
    assert [span.code for span in orders.spans] == ["09:00-12:00", "12:00-15:00", "15:00-18:00"]
    assert orders.ahead == (2, 30)


MISTAKES = [
    ("guests = true", 'guests = "yes"', "reception.guests", "must be true or false"),
    ("warn_days = 2", "warn_days = 0", "reception.warn_days", "must be 1…20, not 0"),
    ("reopen_days = 30", "reopen_day = 30", "reception.reopen_day", "did you mean reopen_days?"),
    ("term = 10\n", "term = 0\n", "reception.topics[1].term", "must be 1…60, not 0"),
    ("term = 10\n", "", "reception.topics[1].term", "is missing"),
    ('days = "calendar"', 'days = "banking"', "reception.topics[1].days", "must be calendar or working"),
    ('code = "charges"', 'code = "Счета"', "reception.topics[1].code", "small Latin letters"),
    ('code = "readings"', 'code = "charges"', "reception.topics[2].code", "is there twice"),
    ('kinds = ["installation"', 'kinds = ["instalation"', "orders.kinds", "must be a list of installation"),
    ("capacity = 4", "capacity = 0", "orders.capacity", "must be 1…1000, not 0"),
    ("last_day = 30", "last_day = 1", "orders.last_day", "must be at least first_day (2)"),
    ('"12:00-15:00"', '"11:00-15:00"', "orders.spans", "in order"),
    ('"12:00-15:00"', '"12:00-25:00"', "orders.spans", "must be a list such as"),
    ('"12:00-15:00"', "12", "orders.spans", "must be a list such as"),
    ('"09:00-12:00"', '"12:00-09:00"', "orders.spans", "in order"),
    ('spans = ["09:00-12:00", "12:00-15:00", "15:00-18:00"]', "spans = []", "orders.spans", "must be a list"),
]


@pytest.mark.parametrize(("right", "wrong", "key", "reason"), MISTAKES, ids=[one[1] for one in MISTAKES])
def test_mistake_stops_with_key_and_reason(folder: Path, right: str, wrong: str, key: str, reason: str) -> None:
    path = folder / "company.toml"
    text = path.read_text("utf-8")
    start = text.index("[reception]")
    assert right in text[start:]
    path.write_text(text[:start] + text[start:].replace(right, wrong, 1), "utf-8")
    with pytest.raises(CompanyError) as caught:
        company.load(folder)
    assert caught.value.key == key
    assert reason in caught.value.reason


@pytest.mark.parametrize("code", CODES)
def test_no_topic_promises_an_order_that_the_company_does_not_take(code: str) -> None:
    of_company = shipped(code)
    promised = any("Заявку на" in topic.hint for topic in of_company.reception.topics.values())
    assert promised == bool(of_company.orders.kinds)
