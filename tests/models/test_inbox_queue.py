"""The inbox: queues and their counts, filters, paging, what is news; plans that read no whole table; whose appeal was opened."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from models import clock
from models.audit import AuditRow, acting
from models.base import Refusal, database, is_sqlite
from models.contact.appeals import answering, handling, moves, registering, talking
from models.contact.appeals.registering import Applicant
from models.contact.appeals.rows import CLOSED, OPEN, Appeal
from models.office.inbox import openings, opinions, queue
from models.office.inbox.queue import Filters
from models.people.customers import Customer
from models.people.staff import Employee
from tests import appealing, cast

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def oleg() -> Employee:
    return cast.employee("operator", email="oleg@example.ru", name="Олег Ткач", office="101")


@pytest.fixture
def zoya() -> Employee:
    return cast.employee("operator", email="zoya@example.ru", name="Зоя Белова", office="102")


def wrote(name: str, topic: str = "charges", **columns: object) -> Appeal:
    """A guest's appeal as it stands some time later."""
    made = registering.register(
        Applicant(email=f"{name}@example.ru", name=name), topic, f"{name}: {appealing.TEXT}", key=name
    )
    if columns:
        Appeal.update(**columns).where(Appeal.id == made.id).execute()
    return Appeal.get_by_id(made.id)


@pytest.fixture
def desk(oleg, zoya) -> dict[str, Appeal]:
    """Today is Friday, 20 November 2026; staff are warned two working days before."""
    return {
        "late": wrote("late", due_on=date(2026, 11, 19), owner=oleg.id, state="work", office="101"),
        "today": wrote("today", due_on=date(2026, 11, 20), office="101"),
        "soon": wrote("soon", due_on=date(2026, 11, 24), owner=zoya.id, state="work", office="102"),
        "waits": wrote("waits", due_on=date(2026, 11, 26), owner=oleg.id, state="waiting"),
        "far": wrote("far", topic="contract"),
        "done": wrote("done", state="answered", owner=oleg.id, answered_at=clock.now(), is_news=False),
        "shut": wrote("shut", state="closed", owner=zoya.id),
    }


@pytest.fixture
def listed(desk, oleg):
    names = {appeal.id: name for name, appeal in desk.items()}

    def of(queue_: str = "all", **chosen: object) -> list[str]:
        return [names[row.id] for row in queue.page(Filters(queue_, **chosen), oleg.id, oleg.office).rows]  # type: ignore[arg-type]

    return of


QUEUES = {
    "mine": ["late", "waits"],
    "nobody": ["today", "far"],
    "office": ["late", "today"],
    "open": ["late", "today", "soon", "waits", "far"],
    "waiting": ["waits"],
    "overdue": ["late"],
    "soon": ["today", "soon"],
    "asked": [],
    "written": [],
    "answered": ["done"],
    "closed": ["shut"],
    "all": ["shut", "done", "far", "waits", "soon", "today", "late"],
    "weather": ["late", "waits"],
}


@pytest.mark.feature("S37")
@pytest.mark.parametrize(("name", "expected"), QUEUES.items())
def test_each_queue_has_its_own_in_the_order_of_terms(listed, name, expected) -> None:
    assert listed(name) == expected


def test_counts_are_what_the_queues_hold(listed, desk, oleg) -> None:
    counts = queue.counts(oleg.id, oleg.office)
    assert counts == {name: len(QUEUES[name]) for name in counts}
    assert set(queue.TITLES) - set(counts) == {"closed", "all"}


FILTERS = [
    ({"topic": "contract"}, ["far"]),
    ({"topic": "weather"}, []),
    ({"topic": "a\0b"}, []),
    ({"office": "101"}, ["late", "today"]),
    ({"state": "waiting"}, ["waits"]),
    ({"state": "nothing"}, ["late", "today", "soon", "waits", "far"]),
    ({"owner": 2}, ["soon"]),
    ({"owner": 2**40}, []),
    ({"office": "101", "owner": 1}, ["late"]),
    ({"text": "waits"}, ["waits"]),
    ({"text": "начисления", "topic": "contract"}, []),
    ({"text": "показание", "topic": "contract"}, ["far"]),
    ({"text": "нет такого"}, []),
]


@pytest.mark.parametrize(("chosen", "expected"), FILTERS, ids=[str(chosen) for chosen, _ in FILTERS])
def test_filters_narrow(listed, chosen, expected) -> None:
    assert listed("open", **chosen) == expected


def test_number_typed_is_found_whatever_its_state(listed, desk) -> None:
    assert listed("all", text=desk["shut"].number) == ["shut"]
    assert listed("open", text=desk["shut"].number) == []


@pytest.mark.parametrize("name", ["open", "all", "closed"])
def test_pages_by_one_show_each_once(desk, oleg, zoya, name) -> None:
    for i in range(3):
        wrote(f"more{i}", state="closed" if name == "closed" else "work")
    filters, after, seen = Filters(name), "", []
    while True:
        page = queue.page(filters, oleg.id, "", after=after, most=1)
        seen += [row.id for row in page.rows]
        if not (after := page.after):
            break
    assert seen == [row.id for row in queue.page(filters, oleg.id, "").rows]
    assert len(seen) == len(set(seen)) >= 4


def test_pages_of_what_was_found_by_a_text(desk, oleg) -> None:
    filters = Filters("all", text="показания")
    first = queue.page(filters, oleg.id, "", most=4)
    second = queue.page(filters, oleg.id, "", after=first.after, most=4)
    assert len({row.id for row in first.rows + second.rows}) == 7
    assert (len(second.rows), second.after) == (3, "")


@pytest.mark.parametrize(
    "after", ["x", "2026-11-20", "2026-11-20.", "2026-13-40.1", ".", "1.1", "2026-11-20.99999999999", "²", "-1"]
)
def test_strange_marks_of_a_page_begin_anew(listed, desk, oleg, after) -> None:
    assert len(queue.page(Filters("open"), oleg.id, "", after=after).rows) == 5
    queue.page(Filters("open", text="показания"), oleg.id, "", after=after)


@pytest.mark.parametrize("filters", [Filters("open"), Filters("all"), Filters("all", text="показания")])
def test_one_leads_to_the_next_through_the_whole_queue(desk, oleg, filters) -> None:
    walked, here = [], queue.following(filters, oleg.id, "", None)
    while here is not None:
        walked.append(here)
        here = queue.following(filters, oleg.id, "", Appeal.get_by_id(here))
    assert walked == [row.id for row in queue.page(filters, oleg.id, "").rows]


def test_next_after_one_that_has_left_the_queue_is_what_stood_behind_it(desk, oleg) -> None:
    with acting(oleg.subject):
        handling.take(desk["today"].id, oleg.id)
    assert queue.following(Filters("nobody"), oleg.id, "", desk["today"]) == desk["far"].id


def test_row_says_what_a_list_shows(desk, oleg) -> None:
    row = queue.page(Filters("overdue"), oleg.id, "").rows[0]
    assert (row.number, row.left, row.owner_name, row.topic) == (
        desk["late"].number,
        -1,
        "Олег Ткач",
        "Начисления и счета",
    )
    assert queue.page(Filters("closed"), oleg.id, "").rows[0].left is None


def test_last_word_of_the_customer_is_news_until_the_office_replies(desk, oleg) -> None:
    def is_news() -> bool:
        return queue.page(Filters("all", text=desk["far"].number), oleg.id, "").rows[0].is_news

    assert is_news()
    with acting(oleg.subject):
        answering.note(desk["far"].id, oleg.id, "Смотрю", key="n")
        assert is_news()
        handling.take(desk["far"].id, oleg.id)
    assert not is_news()
    with database.atomic():
        moves.add(moves.hold(desk["far"].id), "message", "Ещё одно", author="guest")
    assert is_news()


def test_asked_for_an_opinion_it_is_in_my_queue_whoever_has_it(desk, oleg, zoya) -> None:
    with acting(zoya.subject):
        opinions.ask(desk["soon"].id, zoya.id, [oleg.id], "Что думаешь?", key="a")
    assert queue.counts(oleg.id, "")["asked"] == 1
    assert [row.id for row in queue.page(Filters("asked"), oleg.id, "").rows] == [desk["soon"].id]


# ---- at a size


def test_queues_of_many_appeals_read_no_whole_table(desk, oleg, zoya) -> None:
    """Two thousand closed ones beside a few: neither the page nor the counts may read them all."""
    row = {**Appeal.get_by_id(desk["shut"].id).__data__, "id": None, "key": None}
    Appeal.insert_many(
        [{**row, "id": 1000 + i, "due_on": date(2026, 1, 1) + timedelta(days=i % 300)} for i in range(2000)]
    ).execute()
    database.execute_sql("ANALYZE")
    for name in ("mine", "nobody", "office", "open", "waiting", "overdue", "soon", "written", "answered", "closed"):
        query = queue._filtered(Filters(name), oleg.id, "101").order_by(*queue._order(name).columns).limit(51)
        plan = _plan(*query.sql())
        assert not _scans_appeals(plan), f"{name}: {plan}"
    counting = queue._open_counts.build().sql()
    given = {"today": date(2026, 11, 20), "soon": date(2026, 11, 25), "me": oleg.id, "office": "101"}
    plan = _plan(counting[0], [given[one.name] if hasattr(one, "name") else one for one in counting[1]])
    assert not _scans_appeals(plan), plan


def _plan(sql: str, values: list[object]) -> str:
    if is_sqlite():
        rows = database.execute_sql(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()
        return "\n".join(str(row[3]) for row in rows)
    return "\n".join(row[0] for row in database.execute_sql(f"EXPLAIN {sql}", values).fetchall())


def _scans_appeals(plan: str) -> bool:
    return any(
        line.strip(" ->").startswith(("SCAN t1", "SCAN appeal", "Seq Scan on appeal ")) for line in plan.splitlines()
    )


def test_open_states_are_few() -> None:
    assert CLOSED not in OPEN


# ---- openings


@pytest.mark.feature("S37")
def test_reading_an_appeal_is_noted_once_an_hour(desk, oleg, zoya, at) -> None:
    one = desk["far"]

    def look(who: Employee) -> None:
        with acting(who.subject):
            openings.open(who.id, one.id)

    assert not openings.is_open(oleg.id, one.id)
    look(oleg)
    look(oleg)
    assert openings.is_open(oleg.id, one.id)
    assert not openings.is_open(zoya.id, one.id)
    look(zoya)
    at("2026-11-20T11:01")
    look(oleg)
    noted = AuditRow.select().where(AuditRow.deed == "appeal.opened", AuditRow.subject == one.subject)
    assert [row.who for row in noted.order_by(AuditRow.id)] == [oleg.subject, zoya.subject, oleg.subject]


def test_openings_have_a_limit(desk, oleg, monkeypatch) -> None:
    monkeypatch.setattr("models.office.openings.MOST", 2)
    with acting(oleg.subject):
        for name in ("late", "today"):
            openings.open(oleg.id, desk[name].id)
        with pytest.raises(Refusal):
            openings.open(oleg.id, desk["far"].id)
        openings.open(oleg.id, desk["late"].id)  # what is open already stays so


def test_taking_moves_it_between_queues(listed, desk, oleg) -> None:
    with acting(oleg.subject):
        handling.take(desk["far"].id, oleg.id)
    assert "far" in listed("mine") and "far" not in listed("nobody")


# ---- owners who are gone, and words after the answer


@pytest.mark.parametrize("change", [{"closed_at": clock.now()}, {"role": "clerk"}])
def test_appeals_of_who_answers_no_more_are_nobodys(listed, oleg, zoya, change) -> None:
    Employee.update(**change).where(Employee.id == zoya.id).execute()
    assert listed("nobody") == ["today", "soon", "far"]
    assert queue.counts(oleg.id, oleg.office)["nobody"] == 3


def test_word_after_the_answer_has_a_queue_and_comes_to_its_owner(listed, desk, oleg) -> None:
    talking.say(desk["done"].id, "А за сентябрь?", author="guest", key="s")
    talking.rate(desk["done"].id, 2, "Не всё", "guest")  # a rating after it takes nothing away
    assert listed("written") == ["done"]
    assert set(listed("mine")) == {"late", "waits", "done"}
    counts = queue.counts(oleg.id, oleg.office)
    assert (counts["written"], counts["mine"], counts["open"]) == (1, 3, 5)
    with acting(oleg.subject):
        handling.pass_over(desk["done"].id, oleg.id)
    assert listed("written") == [] and "done" not in listed("mine")


def test_rating_alone_is_no_word_to_be_answered(listed, desk) -> None:
    talking.rate(desk["done"].id, 5, "Спасибо", "guest")
    assert listed("written") == []


# ---- a text within a queue


def test_text_is_looked_for_within_the_queue_however_many_newer_ones_have_it(listed, desk, monkeypatch) -> None:
    monkeypatch.setattr(queue, "MOST_FOUND", 2)
    assert set(listed("mine", text="показания")) == {"late", "waits"}
    assert listed("open", text="показания", topic="contract") == ["far"]


def test_more_than_can_be_shown_is_said(desk, oleg, monkeypatch) -> None:
    monkeypatch.setattr(queue, "MOST_FOUND", 2)
    assert queue.page(Filters("all", text="показания"), oleg.id, "").is_cut
    assert not queue.page(Filters("mine", text="показания"), oleg.id, "").is_cut


def test_customers_present_address_finds_what_was_written_from_an_older_one(oleg) -> None:
    anna = cast.anna(history=False)
    made = appealing.written(anna)
    Customer.update(email="new@example.ru").where(Customer.id == anna.id).execute()
    for queue_, expected in (("all", [made.id]), ("closed", [])):
        rows = queue.page(Filters(queue_, text="New@example.ru"), oleg.id, "").rows
        assert [row.id for row in rows] == expected


def test_merge_candidates_are_the_persons_other_open_ones(oleg) -> None:
    anna = cast.anna(history=False)
    own, other = appealing.written(anna, key="a"), appealing.written(anna, key="b")
    as_guest = registering.register(Applicant(email=anna.customer.email, name="А"), "charges", "Ещё раз", key="g")
    wrote("stranger")
    closed = appealing.written(anna, key="c")
    Appeal.update(state=CLOSED).where(Appeal.id == closed.id).execute()
    assert handling.merge_candidates(own) == [as_guest, other]
    assert handling.merge_candidates(as_guest) == [other, own]
