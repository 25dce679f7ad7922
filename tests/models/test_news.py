"""News: drafted, published, changed, taken down; who is told of them and for how long."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from peewee import Database

from models import audit
from models.audit import AuditRow
from models.base import Refusal
from models.contact import news
from models.contact.news import DRAFT, PUBLISHED, TAKEN_DOWN, NewsItem
from models.metering.accounts import Office
from tests import cast
from tests.crowd import at_once

TODAY = date(2026, 11, 20)


def written(**given: Any) -> news.Words:
    usual = {"title": "Праздники", "text": "Офисы закрыты.", "begins_on": TODAY, "until_on": date(2026, 11, 25)}
    return news.written(**{**usual, **given})


def publish(**given: Any) -> NewsItem:
    return news.publish(news.draft(written(**given)).id, version=1)


def titles(account: Any = None) -> list[str]:
    return [one.title for one in news.current(account)]


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"title": " "}, "news.title"),
        ({"title": "x" * 121}, "news.title"),
        ({"text": ""}, "news.text"),
        ({"text": "x" * 20_001}, "news.text"),
        ({"text": "а\u202eб"}, "news.text"),
        ({"text": "a\0"}, "news.text"),
        ({"begins_on": None}, "news.days"),
        ({"until_on": date(2026, 11, 19)}, "news.days"),
        ({"until_on": date(2028, 11, 19)}, "news.days"),
        ({"settlements": ["г. Нигде"]}, "news.places"),
        ({"settlements": ["a\0"]}, "news.places"),
        ({"offices": ["zzz"]}, "news.places"),
    ],
)
def test_what_cannot_be_written(db: Database, given: dict[str, Any], rule: str) -> None:
    with pytest.raises(Refusal) as refused:
        written(**given)
    assert {problem.rule for problem in refused.value.problems} == {rule}


def test_a_draft_is_the_offices_alone(db: Database) -> None:
    item = news.draft(written())
    assert item.state == DRAFT and news.shown(item.id) is None and news.page(most=10) == [] and titles() == []


def test_published_news_are_read_by_everybody_from_their_first_day(db: Database, at: Callable[[str], datetime]) -> None:
    item = publish(begins_on=date(2026, 11, 22))
    assert news.shown(item.id) is None and titles() == []
    at("2026-11-22T00:01")
    assert news.shown(item.id) == item and titles() == ["Праздники"]
    at("2026-11-26T00:01")
    assert titles() == [] and [one.id for one in news.page(most=10)] == [item.id], "the list keeps what is past"


def test_taken_down_nobody_reads_it_and_it_may_be_published_again(db: Database) -> None:
    item = publish()
    assert titles() == ["Праздники"]
    assert news.take_down(item.id, version=2).state == TAKEN_DOWN
    assert titles() == [] and news.shown(item.id) is None
    assert news.publish(item.id, version=3).state == PUBLISHED


def test_earlier_words_are_kept(db: Database) -> None:
    with audit.acting("staff:2"):
        item = publish()
        news.change(item.id, written(title="Праздники и выходные"), version=2)
    assert titles() == ["Праздники и выходные"]
    assert [(one.what, one.title) for one in news.history(item)] == [
        ("changed", "Праздники и выходные"),
        ("published", "Праздники"),
        ("drafted", "Праздники"),
    ]
    assert [row.deed for row in AuditRow.select().order_by(AuditRow.id)] == [
        "news.drafted",
        "news.published",
        "news.changed",
    ]


def test_whoever_comes_late_changes_nothing(db: Database) -> None:
    item = publish()
    done = at_once(4, lambda i: news.change(item.id, written(title=f"Слова {i}"), version=2))
    assert sum(isinstance(one, NewsItem) for one in done) == 1, done
    with pytest.raises(Refusal) as refused:
        news.take_down(item.id, version=2)
    assert refused.value.problems[0].rule == "news.stale"


def test_news_whose_days_are_over_are_not_published(db: Database, at: Callable[[str], datetime]) -> None:
    item = news.draft(written())
    at("2026-11-26T10:00")
    with pytest.raises(Refusal) as refused:
        news.publish(item.id, version=1)
    assert refused.value.problems[0].rule == "news.days"


def test_the_same_form_makes_one_draft(db: Database) -> None:
    assert news.draft(written(), key="a").id == news.draft(written(), key="a").id
    assert news.draft(written(title="Другая"), key="a").id != news.draft(written(), key="a").id


def test_news_for_a_settlement_or_an_office_are_told_there_alone(db: Database) -> None:
    office = Office.create(code="07", name="Советский", settlement="г. Красноярск", address="ул. Мира, 1")
    here, there = cast.account(1, office=office), cast.account(2, settlement="г. Минусинск")
    publish(title="Городу", settlements=["г. Минусинск"])
    publish(title="Участку", offices=["07"])
    assert (titles(here), titles(there), titles()) == (["Участку"], ["Городу"], [])


def test_a_home_page_has_two_lines_the_newest_first(db: Database) -> None:
    for title in ("Одна", "Две", "Три"):
        publish(title=title)
    assert titles() == ["Три", "Две"]


def test_home_pages_cost_no_query(db: Database) -> None:
    publish()
    assert titles()
    asked: list[Any] = []
    db.query_hooks.append(asked.append)  # type: ignore[attr-defined]
    try:
        assert titles() and asked == []
    finally:
        db.query_hooks.remove(asked.append)  # type: ignore[attr-defined]
