"""Outages: whom one meets, announcing, moving, ending, cancelling, and what customers' pages are told from memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from peewee import Database, OperationalError

from models import audit, base, clock
from models.audit import AuditRow
from models.base import Refusal
from models.contact.outages import announcing, live
from models.contact.outages.rows import ANNOUNCED, CANCELLED, MOVED, OVER, Outage, OutageChange
from models.metering.accounts import Account
from tests import cast
from tests.crowd import at_once

TOWN = "г. Красноярск"


@pytest.fixture
def street(db: Database) -> list[Account]:
    """Садовая 33 (two flats), 34, 35а; Тихий 1; the same street in another town; one account closed."""
    homes = (("33", 1), ("33", 2), ("34", 3), ("35а", 4))
    accounts = [cast.account(n, house=house, flat=str(n)) for house, n in homes]
    accounts.append(cast.account(5, street="пер. Тихий", house="1"))
    cast.account(6, settlement="г. Минусинск", house="33")
    cast.account(7, house="34", closed=datetime(2020, 1, 1).date())
    return accounts


def meant(streets: str = "Садовая, 33–34", **given: Any) -> announcing.Plan:
    usual = {"settlement": TOWN, "kind": "planned", "reason": "замена опор", "begins": datetime(2026, 11, 21, 10)}
    return announcing.plan(streets=streets, **{**usual, "ends": datetime(2026, 11, 21, 14), **given})


def announce(streets: str = "Садовая, 33–34", **given: Any) -> Outage:
    return announcing.announce(meant(streets, **given))


def fresh(outage: Outage) -> Outage:
    found: Outage = Outage.get_by_id(outage.id)
    return found


def rules(refused: pytest.ExceptionInfo[Refusal]) -> set[str]:
    return {problem.rule for problem in refused.value.problems}


@pytest.mark.parametrize(
    ("streets", "count", "houses"),
    [
        ("Садовая, 33–34", 3, [("ул. Садовая", "33", 2), ("ул. Садовая", "34", 1)]),
        ("Садовая, нечётные", 3, [("ул. Садовая", "33", 2), ("ул. Садовая", "35а", 1)]),
        ("Садовая, 35", 0, []),
        ("Тихий", 1, [("пер. Тихий", "1", 1)]),
        ("все улицы", 5, [("пер. Тихий", "1", 1), ("ул. Садовая", "3", 4)]),
    ],
)
def test_whom_it_meets(street: list[Account], streets: str, count: int, houses: list[tuple[str, str, int]]) -> None:
    plan = meant(streets)
    assert announcing.hit(plan.settlement, plan.places) == announcing.Hit(count, houses)


def test_streets_written_in_two_ways_are_one(street: list[Account]) -> None:
    cast.account(8, street="улица Садовая", house="34")
    with pytest.raises(Refusal):
        meant("пер. Садовая")
    assert announcing.hit(TOWN, meant("ул. Садовая, 34").places).count == 2


def test_announced_with_its_history(street: list[Account]) -> None:
    with audit.acting("staff:2"):
        made = announce()
    assert (made.state, made.accounts, made.area) == (ANNOUNCED, 3, "ул. Садовая, 33–34")
    (change,) = announcing.history(made)
    assert (change.what, change.by) == (ANNOUNCED, "staff:2")
    assert AuditRow.get(AuditRow.deed == "outage.announced").subject == made.subject


def test_the_same_form_announces_once(street: list[Account]) -> None:
    plan = meant()
    assert len({announcing.announce(plan, key="a").id for _ in range(2)}) == 1
    done = at_once(6, lambda _: announcing.announce(plan, key="b").id)
    assert len(set(done)) == 1 and Outage.select().count() == 2, done


def test_the_same_form_with_another_plan_announces_that_too(street: list[Account]) -> None:
    ids = {announcing.announce(plan, key="a").id for plan in (meant(), meant("Садовая, 33"), meant(reason="обрыв"))}
    assert len(ids) == 3 == Outage.select().count()


def test_a_settlement_is_understood_without_its_kind(street: list[Account]) -> None:
    assert meant(settlement="красноярск").settlement == TOWN


def test_an_unknown_settlement_and_streets_that_are_missing_are_told_at_once(street: list[Account]) -> None:
    with pytest.raises(Refusal) as refused:
        meant(" ", settlement="г. Краснаярск")
    assert rules(refused) == {"outage.settlement", "outage.streets"} and f"Похожие: {TOWN}." in refused.value.text


def test_another_place_or_time_is_another_fingerprint(street: list[Account]) -> None:
    plans = [meant(), meant("Садовая, 33"), meant(reason="обрыв"), meant(ends=datetime(2026, 11, 21, 15))]
    assert len({plan.fingerprint for plan in plans}) == 4 and meant().fingerprint == plans[0].fingerprint


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"settlement": "г. Нигде"}, "outage.settlement"),
        ({"settlement": "a\0"}, "outage.settlement"),
        ({"streets": "Небывалая"}, "outage.streets"),
        ({"kind": "weather"}, "outage.kind"),
        ({"reason": " "}, "outage.reason"),
        ({"reason": "x" * 201}, "outage.reason"),
        ({"begins": None}, "outage.times"),
        ({"begins": datetime(2026, 11, 21, 14)}, "outage.times"),
        ({"begins": datetime(2026, 11, 20, 9)}, "outage.times"),
        ({"begins": datetime(2027, 3, 1), "ends": datetime(2027, 3, 2)}, "outage.times"),
        ({"ends": datetime(2026, 12, 21, 14)}, "outage.times"),
        ({"begins": datetime(1, 1, 1), "ends": datetime(9999, 12, 31)}, "outage.times"),
        ({"kind": "emergency", "begins": datetime(2026, 11, 20, 8), "ends": datetime(2026, 11, 20, 9)}, "outage.times"),
    ],
)
def test_what_cannot_be_announced(street: list[Account], given: dict[str, Any], rule: str) -> None:
    with pytest.raises(Refusal) as refused:
        meant(**given)
    assert rules(refused) == {rule}


def test_an_emergency_may_have_begun_already(street: list[Account]) -> None:
    made = announce(kind="emergency", begins=datetime(2026, 11, 20, 8), ends=datetime(2026, 11, 20, 13))
    assert made.is_under_way and made.state_title == "идёт сейчас"


def test_moved_says_why_and_keeps_the_times_of_before(street: list[Account]) -> None:
    made = announce()
    with pytest.raises(Refusal) as refused:
        announcing.move(made.id, datetime(2026, 11, 22, 10), datetime(2026, 11, 22, 12), "", version=1)
    assert rules(refused) == {"outage.text"}
    after = announcing.move(made.id, datetime(2026, 11, 22, 10), datetime(2026, 11, 22, 12), "мороз", version=1)
    assert (after.state, after.version) == (MOVED, 2)
    assert [(one.what, one.begins_at == made.begins_at) for one in announcing.history(after)] == [
        (ANNOUNCED, True),
        (MOVED, False),
    ]


def test_one_that_lasts_for_days_is_prolonged(street: list[Account], at: Callable[[str], datetime]) -> None:
    made = announce(begins=datetime(2026, 11, 20, 10, 5), ends=datetime(2026, 11, 25, 14))
    at("2026-11-24T10:00")
    longer = announcing.move(made.id, None, datetime(2026, 12, 5, 14), "ждём трансформатор", version=1)
    assert (longer.begins_at, longer.ends_at) == (made.begins_at, clock.utc(datetime(2026, 12, 5, 14)))
    with pytest.raises(Refusal) as refused:
        announcing.move(made.id, None, datetime(2026, 12, 9, 14), "ждём", version=2)
    assert rules(refused) == {"outage.times"}


def test_the_beginning_of_one_under_way_stays(street: list[Account], at: Callable[[str], datetime]) -> None:
    made = announce(begins=datetime(2026, 11, 20, 10, 5), ends=datetime(2026, 11, 20, 14))
    at("2026-11-20T10:10")
    with pytest.raises(Refusal) as refused:
        announcing.move(made.id, datetime(2026, 11, 21, 10), datetime(2026, 11, 21, 14), "мороз", version=1)
    assert rules(refused) == {"outage.begun"} and fresh(made) == made


def test_an_emergency_is_told_its_own_limits(street: list[Account]) -> None:
    with pytest.raises(Refusal) as refused:
        meant(kind="emergency", begins=datetime(2026, 11, 10, 10))
    assert "Аварийное" in refused.value.text


def test_two_employees_do_not_change_it_past_each_other(street: list[Account]) -> None:
    made = announce()
    done = at_once(4, lambda i: announcing.cancel(made.id, f"причина {i}", version=1))
    assert sum(isinstance(one, Outage) for one in done) == 1, done
    assert OutageChange.select().count() == 2 and fresh(made).version == 2


def test_cancelled_before_it_begins_ended_after(street: list[Account], at: Callable[[str], datetime]) -> None:
    made, other = announce(), announce("Тихий")
    with pytest.raises(Refusal) as refused:
        announcing.end(made.id, version=1)
    assert rules(refused) == {"outage.not_begun"}
    assert announcing.cancel(made.id, "работы отменены", version=1).state == CANCELLED
    at("2026-11-21T11:00")
    with pytest.raises(Refusal) as refused:
        announcing.cancel(other.id, "работы отменены", version=1)
    assert rules(refused) == {"outage.begun"}
    assert announcing.end(other.id, version=1).state == OVER
    with pytest.raises(Refusal) as refused:
        announcing.end(other.id, version=2)
    assert rules(refused) == {"outage.stale"}


def test_what_is_over_cannot_be_changed(street: list[Account], at: Callable[[str], datetime]) -> None:
    made = announce()
    at("2026-11-21T15:00")
    with pytest.raises(Refusal):
        announcing.end(made.id, version=1)
    assert fresh(made).state_title == "прошло"
    assert announcing.coming() == [] and [one.id for one in announcing.past()] == [made.id]


# ---- what customers' pages are told


def test_an_accounts_page_is_told_what_meets_its_address(street: list[Account]) -> None:
    announce()
    first, last = street[0], street[3]
    (note,) = live.of_account(first)
    assert note.note.replace("\u00a0", " ") == "21 ноября с 10:00 до 14:00 плановое отключение: замена опор"
    assert live.of_account(last) == [] and live.of_account(Account.get(Account.settlement == "г. Минусинск")) == []


def test_a_cancelled_one_is_told_until_it_would_have_ended(
    street: list[Account], at: Callable[[str], datetime]
) -> None:
    made = announce()
    announcing.cancel(made.id, "мороз", version=1)
    (note,) = live.of_account(street[0])
    assert note.note.startswith("Отменено: 21") and not note.stands
    at("2026-11-21T14:00")
    assert live.of_account(street[0]) == []


def test_one_that_ended_early_is_told_no_more(street: list[Account], at: Callable[[str], datetime]) -> None:
    made = announce()
    at("2026-11-21T11:00")
    assert live.of_account(street[0])[0].state_title == "идёт сейчас"
    announcing.end(made.id, version=1)
    assert live.of_account(street[0]) == []
    assert [one.state for one in live.everywhere()] == [OVER]


def test_pages_cost_no_query_and_learn_within_half_a_minute(
    street: list[Account], db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    announce()
    assert live.of_account(street[0])
    asked: list[Any] = []
    db.query_hooks.append(asked.append)  # type: ignore[attr-defined]
    try:
        assert live.of_account(street[0]) and live.everywhere() and live.settlements()
        assert asked == []
        Outage.delete().execute() if OutageChange.delete().execute() else None
        asked.clear()
        assert live.of_account(street[0]), "believed for half a minute"
        now = time.monotonic()
        monkeypatch.setattr("models.contact.outages.live.time.monotonic", lambda: now + 31)
        assert live.of_account(street[0]) == [] and len(asked) == 1
    finally:
        db.query_hooks.remove(asked.append)  # type: ignore[attr-defined]


def test_a_database_that_does_not_answer_leaves_what_was_known(
    street: list[Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    announce()
    assert live.of_account(street[0])

    def fail(*_: Any, **__: Any) -> Any:
        raise OperationalError("gone")

    live._known.read_at = float("-inf")
    monkeypatch.setattr(base.database.obj, "execute_sql", fail)
    assert live.of_account(street[0])


def test_everywhere_is_sought_by_settlement_and_street(street: list[Account]) -> None:
    announce()
    announce("Тихий", begins=datetime(2026, 11, 20, 12), ends=datetime(2026, 11, 20, 13))
    announce("все улицы", settlement="г. Минусинск")
    assert [one.settlement for one in live.everywhere()] == [TOWN, TOWN, "г. Минусинск"]
    assert live.settlements() == [(TOWN, 2), ("г. Минусинск", 1)]
    assert [one.area for one in live.everywhere("красноярск", "тихий")] == ["пер. Тихий"]
    assert [one.area for one in live.everywhere(street="сад")] == ["ул. Садовая, 33–34", "все улицы"]
    assert live.everywhere("омск") == []


def test_a_thousand_outages_are_matched_in_no_time(street: list[Account]) -> None:
    announce()
    row = Outage.get()
    live.assume([row] * 1000)
    before = time.perf_counter()
    for _ in range(50):
        live.of_account(street[4])
    assert time.perf_counter() - before < 2
