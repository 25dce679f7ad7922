"""What surrounds the inbox: rules of assignment, opinions, templates of answers, deeds with many, statistics."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import pytest

from models.audit import AuditRow, acting
from models.base import Refusal
from models.contact.appeals import answering, assign_rules, handling, registering, talking
from models.contact.appeals.assign_rules import AssignRule
from models.contact.appeals.registering import Applicant
from models.contact.appeals.rows import ASKED, CLOSED, OPINION, WORK, Appeal, AppealEntry
from models.metering.accounts import Office
from models.office.inbox import answer_templates, bulk, openings, opinions, statistics
from models.people.staff import Employee
from tests import appealing, cast
from tests.crowd import at_once

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def oleg() -> Iterator[Employee]:
    employee = cast.employee("operator", email="oleg@example.ru", name="Олег Ткач")
    with acting(employee.subject):
        yield employee


@pytest.fixture
def zoya() -> Employee:
    return cast.employee("operator", email="zoya@example.ru", name="Зоя Белова")


@pytest.fixture
def galina() -> Employee:
    return cast.employee("clerk", name="Галина")


@pytest.fixture
def offices() -> None:
    for code in ("101", "102"):
        Office.create(code=code, name=f"Участок {code}", settlement="г. Красноярск", address="ул. Мира, 1")


@pytest.fixture
def appeal() -> Appeal:
    return appealing.written(cast.anna(history=False))


def guest(key: str, topic: str = "charges") -> Appeal:
    return registering.register(Applicant(email=f"{key}@example.ru", name="Пётр"), topic, appealing.TEXT, key=key)


def refused(code: str, verb: Callable[[], object]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        verb()
    assert code in [problem.rule for problem in caught.value.problems]
    return caught.value


# ---- rules of assignment


def test_without_rules_the_accounts_office_decides(offices) -> None:
    assert assign_rules.choose("charges", "101") == ("101", None)
    assert assign_rules.choose("charges") == ("", None)
    assert assign_rules.choose("unknown", "101") == ("101", None)


@pytest.mark.feature("S37")
def test_first_rule_that_fits_decides(offices, oleg, zoya) -> None:
    assign_rules.add(topic="charges", office="101", employee_id=oleg.id)
    last = assign_rules.add(topic="charges", employee_id=zoya.id, to_office="102")
    assign_rules.add(to_office="102")
    assert assign_rules.choose("charges", "101") == ("101", oleg.id)
    assert assign_rules.choose("charges", "102") == ("102", zoya.id)
    assert assign_rules.choose("payment", "101") == ("102", None)
    assign_rules.raise_up(last.id)
    assert assign_rules.choose("charges", "101") == ("102", zoya.id)
    assert len(assign_rules.listed()) == 3
    assert len(assign_rules.history()) == 2


def test_new_appeal_goes_to_whom_the_rule_names(oleg, zoya) -> None:
    assign_rules.add(topic="payment", employee_id=zoya.id)
    assert guest("one", "payment").owner == zoya
    assert guest("two", "charges").owner_id is None


def test_employee_who_left_or_answers_no_more_is_skipped(offices, oleg, zoya, at) -> None:
    assign_rules.add(topic="charges", employee_id=zoya.id)
    assign_rules.add(to_office="102")
    Employee.update(role="clerk").where(Employee.id == zoya.id).execute()
    assert assign_rules.choose("charges") == ("102", None)
    Employee.update(role="operator", closed_at=at("2026-11-20T10:00")).where(Employee.id == zoya.id).execute()
    assert assign_rules.choose("charges") == ("102", None)


def test_changed_rule_keeps_its_place_and_its_past(offices, oleg, zoya) -> None:
    first = assign_rules.add(topic="charges", employee_id=oleg.id)
    assign_rules.add(to_office="102")
    second = assign_rules.change(first.id, topic="charges", employee_id=zoya.id)
    assert assign_rules.choose("charges") == ("", zoya.id)
    assert [rule.id for rule in assign_rules.history()] == [first.id]
    refused("rule.gone", lambda: assign_rules.change(first.id, to_office="101"))
    assign_rules.end(second.id)
    refused("rule.gone", lambda: assign_rules.end(second.id))
    assert assign_rules.one_of(second.id) is None
    assert AuditRow.select().where(AuditRow.deed.startswith("assign_rule.")).count() == 5


def test_rule_that_cannot_be_followed_is_refused(offices, oleg, galina) -> None:
    refused("rule.topic", lambda: assign_rules.add(topic="weather", to_office="101"))
    refused("rule.office", lambda: assign_rules.add(office="999", to_office="101"))
    refused("rule.to_office", lambda: assign_rules.add(to_office="999"))
    refused("rule.employee", lambda: assign_rules.add(employee_id=galina.id))
    refused("rule.employee", lambda: assign_rules.add(employee_id=999))
    refused("rule.nowhere", lambda: assign_rules.add(topic="charges"))
    assert AssignRule.select().count() == 0


# ---- opinions


@pytest.mark.feature("S37")
def test_colleagues_are_asked_by_letter_and_answer_inside(appeal, oleg, zoya, galina) -> None:
    asked = opinions.ask(appeal.id, oleg.id, [zoya.id, galina.id], "Похоже на ошибку?", key="q")
    assert [letter.to for letter in appealing.letters("appeal_opinion")] == ["zoya@example.ru", "clerk@example.ru"]
    assert appealing.letters("appeal_opinion")[0].data["who"] == "Олег Ткач"
    assert opinions.waiting_of(galina.id) == [appeal.id]
    assert [entry.id for entry in opinions.open_for(appeal.id, galina.id)] == [asked.id]
    with acting(galina.subject):
        said = opinions.give(asked.appeal_id, asked.id, galina.id, "Да, лишняя цифра.")
    assert (asked.kind, said.kind, said.is_public) == (ASKED, OPINION, False)
    assert opinions.waiting_of(galina.id) == []
    assert [(one.employee.name, one.given and one.given.text) for one in opinions.asked(appeal.id)] == [
        ("Зоя Белова", None), ("Галина", "Да, лишняя цифра."),
    ]  # fmt: skip
    assert not appealing.letters("appeal_news")


def test_same_form_asks_once_and_the_same_opinion_is_given_once(appeal, oleg, zoya) -> None:
    def press(_: int) -> int:
        with acting(oleg.subject):
            return opinions.ask(appeal.id, oleg.id, [zoya.id], "Что думаешь?", key="q").id

    done = at_once(4, press)
    assert len(set(done)) == 1, done
    assert len(appealing.letters("appeal_opinion")) == 1

    def give(i: int) -> int:
        with acting(zoya.subject):
            return opinions.give(appeal.id, done[0], zoya.id, f"Мнение {i}").id

    assert len(set(at_once(4, give))) == 1
    assert AppealEntry.select().where(AppealEntry.kind == OPINION).count() == 1


def test_opinion_may_come_after_the_answer(appeal, oleg, zoya) -> None:
    asked = opinions.ask(appeal.id, oleg.id, [zoya.id], "Что думаешь?", key="q")
    answering.answer(appeal.id, oleg.id, "Ответ.", seen=asked.id, key="a")
    opinions.give(asked.appeal_id, asked.id, zoya.id, "Поздно, но скажу.")
    refused("appeal.not_open", lambda: opinions.ask(appeal.id, oleg.id, [zoya.id], "Ещё?", key="q2"))


def test_who_is_not_asked_gives_no_opinion(appeal, oleg, zoya, galina) -> None:
    asked = opinions.ask(appeal.id, oleg.id, [zoya.id], "Что думаешь?", key="q")
    refused("opinion.not_asked", lambda: opinions.give(asked.appeal_id, asked.id, galina.id, "А я скажу"))
    refused("text.empty", lambda: opinions.give(asked.appeal_id, asked.id, zoya.id, " "))


def test_asking_nobody_oneself_or_twice_is_refused(appeal, oleg, zoya) -> None:
    auditor = cast.employee("auditor")
    refused("opinion.count", lambda: opinions.ask(appeal.id, oleg.id, [], "Что?", key="1"))
    refused("opinion.count", lambda: opinions.ask(appeal.id, oleg.id, [oleg.id], "Что?", key="2"))
    refused("opinion.colleague", lambda: opinions.ask(appeal.id, oleg.id, [999], "Что?", key="3"))
    refused("text.empty", lambda: opinions.ask(appeal.id, oleg.id, [zoya.id], " ", key="4"))
    opinions.ask(appeal.id, oleg.id, [zoya.id], "Что думаешь?", key="5")
    assert (
        "Зоя Белова"
        in refused("opinion.asked", lambda: opinions.ask(appeal.id, oleg.id, [zoya.id], "Ну?", key="6")).text
    )
    refused("opinion.colleague", lambda: opinions.ask(appeal.id, oleg.id, [auditor.id], "Что?", key="7"))


def test_reminder_goes_a_day_later_and_only_to_the_silent(appeal, oleg, zoya, galina, at) -> None:
    asked = opinions.ask(appeal.id, oleg.id, [zoya.id, galina.id], "Что думаешь?", key="q")
    refused("opinion.early", lambda: opinions.remind(asked.appeal_id, asked.id, oleg.id))
    opinions.give(asked.appeal_id, asked.id, galina.id, "Всё верно.")
    at("2026-11-21T10:00")
    assert opinions.remind(asked.appeal_id, asked.id, oleg.id) == 1
    refused("opinion.early", lambda: opinions.remind(asked.appeal_id, asked.id, oleg.id))
    assert [letter.to for letter in appealing.letters("appeal_opinion")].count("zoya@example.ru") == 2
    refused("opinion.not_asked", lambda: opinions.remind(appeal.id, appeal.last_entry, oleg.id))


def test_opinion_and_reminder_at_once_do_not_wait_for_each_other(appeal, oleg, zoya, at) -> None:
    asked = opinions.ask(appeal.id, oleg.id, [zoya.id], "Что думаешь?", key="q")
    at("2026-11-21T10:00")

    def press(i: int) -> object:
        with acting((oleg, zoya)[i].subject):
            return (
                opinions.give(asked.appeal_id, asked.id, zoya.id, "Да")
                if i
                else opinions.remind(asked.appeal_id, asked.id, oleg.id)
            )

    reminded, given = at_once(2, press)
    assert isinstance(given, AppealEntry)
    assert reminded == 1 or isinstance(reminded, Refusal)


# ---- templates of answers


def test_template_is_filled_from_the_appeal(appeal, oleg) -> None:
    text = "Здравствуйте, {имя}! № {номер}, счёт {лицевой счёт}, до {срок}. {сотрудник}, {участок}"
    made = answer_templates.save(None, "Общий", "", text, oleg.id)
    assert answer_templates.filled(made, appeal, oleg.id) == (
        f"Здравствуйте, Анна Сергеевна! № {appeal.number}, счёт 241010000054, до 30\u00a0ноября\u00a02026. "
        "Олег Ткач, Красноярскэнергосбыт"
    ).replace("Красноярскэнергосбыт", answer_templates.company.current().name)


def test_fact_that_is_not_known_is_left_to_be_typed(oleg) -> None:
    made = answer_templates.save(None, "Счёт", "", "Счёт {лицевой счёт}", oleg.id)
    assert answer_templates.filled(made, guest("one"), oleg.id) == "Счёт …"


def test_account_that_staff_found_is_not_told_to_a_guest_by_a_template(oleg) -> None:
    """Whoever named a neighbour's address must not be told the neighbour's number."""
    made = answer_templates.save(None, "Счёт", "", "Счёт {лицевой счёт}", oleg.id)
    stranger, found = guest("one"), cast.account(901)
    handling.link_account(stranger.id, oleg.id, found.number)
    assert answer_templates.filled(made, Appeal.get_by_id(stranger.id), oleg.id) == "Счёт …"
    typed = registering.register(
        Applicant(email="y@example.ru", name="Яна", typed_account="2410 777"), "other", appealing.TEXT, key="y"
    )
    handling.link_account(typed.id, oleg.id, found.number)
    assert answer_templates.filled(made, Appeal.get_by_id(typed.id), oleg.id) == "Счёт 2410 777"


def test_what_a_guest_calls_themselves_is_not_read_as_fields(oleg) -> None:
    sly = registering.register(Applicant(email="x@example.ru", name="{номер}"), "other", appealing.TEXT, key="x")
    made = answer_templates.save(None, "Имя", "", "{имя}", oleg.id)
    assert answer_templates.filled(made, sly, oleg.id) == "{номер}"


def test_unknown_field_is_refused_when_saved(oleg) -> None:
    refusal = refused("template.field", lambda: answer_templates.save(None, "Т", "", "{имя} и {паспорт}", oleg.id))
    assert "{паспорт}" in refusal.text and "{лицевой счёт}" in refusal.text


def test_template_keeps_its_versions(oleg, zoya) -> None:
    first = answer_templates.save(None, "Общий", "", "Раз", oleg.id)
    second = answer_templates.save(first.id, "Общий", "charges", "Два", zoya.id)
    assert answer_templates.save(second.id, "Общий", "charges", "Два", oleg.id).id == second.id
    assert [one.text for one in answer_templates.versions(second.id)] == ["Два", "Раз"]
    assert answer_templates.find(first.id) == second
    refused("template.gone", lambda: answer_templates.save(first.id, "Общий", "", "Три", oleg.id))
    answer_templates.end(second.id, oleg.id)
    assert (answer_templates.listed(), answer_templates.find(first.id)) == ([], None)
    refused("template.gone", lambda: answer_templates.end(second.id, oleg.id))


def test_templates_of_the_topic_are_offered_first(oleg) -> None:
    for title, topic in (("А", ""), ("Б", "charges"), ("В", "payment")):
        answer_templates.save(None, title, topic, "Текст", oleg.id)
    assert [one.title for one in answer_templates.offered("charges")] == ["Б", "А"]


@pytest.mark.parametrize(
    ("title", "topic", "text", "code"),
    [
        ("", "", "Текст", "template.title"), ("Я" * 101, "", "Текст", "template.title"), ("Т", "", " ", "template.text"),
        ("Т", "", "я" * 10_001, "template.text"), ("Т", "weather", "Текст", "template.topic"), ("ЕСТЬ", "", "Текст", "template.same"),
    ],
)  # fmt: skip
def test_template_that_says_nothing_is_refused(oleg, title, topic, text, code) -> None:
    answer_templates.save(None, "Есть", "", "Текст", oleg.id)
    refused(code, lambda: answer_templates.save(None, title, topic, text, oleg.id))


def test_two_who_change_a_template_at_once_one_is_told(oleg) -> None:
    made = answer_templates.save(None, "Общий", "", "Раз", oleg.id)

    def press(i: int) -> None:
        with acting(oleg.subject):
            answer_templates.save(made.id, "Общий", "", f"Версия {i}", oleg.id)

    done = at_once(2, press)
    assert [isinstance(one, Refusal) for one in done].count(True) == 1, done
    assert len(answer_templates.versions(made.id)) == 2


# ---- deeds with many


def test_many_are_taken_and_the_others_are_told_with_why(oleg, zoya) -> None:
    mine, hers, closed = guest("a"), guest("b"), guest("c")
    handling.hand_over(hers.id, oleg.id, to=zoya.id)
    answering.close(closed.id, oleg.id, "Повтор.")
    result = bulk.do("take", [mine.id, hers.id, closed.id, 10_000], oleg.id)
    assert result.done == 1
    assert [number for number, _ in result.left] == [hers.number, closed.number]
    assert "Зоя Белова" in result.left[0][1]
    assert Appeal.get_by_id(mine.id).state == WORK


def test_many_are_assigned_moved_and_closed(offices, oleg, zoya) -> None:
    ids = [guest(key).id for key in "abc"]
    assert bulk.do("assign", ids, oleg.id, to=zoya.id).done == 3
    assert bulk.do("assign", ids, oleg.id, office="101").done == 3
    assert bulk.do("topic", ids, oleg.id, topic="payment").done == 3
    assert [one.owner_id for one in Appeal.select()] == [None] * 3
    for one in ids:
        openings.open(oleg.id, one)
    assert bulk.do("close", ids, oleg.id).done == 0
    assert bulk.do("close", ids, oleg.id, text="Авария устранена.").done == 3
    assert {one.state for one in Appeal.select()} == {CLOSED}


def test_many_are_closed_unread_only_where_they_are_answered(oleg, zoya) -> None:
    answered, unread, reopened = guest("a"), guest("b"), guest("c")
    for one in (answered, reopened):
        answering.answer(one.id, zoya.id, "Ответ.", seen=10_000, key=f"k{one.id}")
    talking.reopen(reopened.id, "Не помогло", author="guest", key="r")
    result = bulk.do("close", [answered.id, unread.id, reopened.id], oleg.id, text="Авария устранена.")
    assert result.done == 1
    assert [number for number, _ in result.left] == [unread.number, reopened.number]
    assert all("откройте" in why for _, why in result.left)
    assert [Appeal.get_by_id(one.id).is_open for one in (answered, unread, reopened)] == [False, True, True]
    with acting(zoya.subject):
        openings.open(zoya.id, unread.id)
    assert bulk.do("close", [unread.id], oleg.id, text="Авария устранена.").done == 0  # a colleague has read it


def test_deed_with_none_too_many_or_unknown_is_refused(oleg) -> None:
    refused("bulk.none", lambda: bulk.do("take", [], oleg.id))
    refused("bulk.many", lambda: bulk.do("take", list(range(101)), oleg.id))
    refused("bulk.deed", lambda: bulk.do("eat", [1], oleg.id))


# ---- statistics


def test_statistics_say_how_soon_and_how_well(oleg, offices, at) -> None:
    quick, slow, late, open_ = (guest(key, "payment") for key in "abcd")
    other = guest("e", "contract")
    Appeal.update(office="101").where(Appeal.id == other.id).execute()
    for one, day in ((quick, "2026-11-20T15:00"), (slow, "2026-11-27T10:00"), (late, "2026-12-02T10:00")):
        at(day)
        answering.answer(one.id, oleg.id, "Ответ.", seen=10_000, key=f"k{one.id}")
    talking.rate(quick.id, 5, "", "guest")
    talking.rate(slow.id, 2, "", "guest")
    talking.reopen(slow.id, "Нет", author="guest", key="r")
    report = statistics.report(date(2026, 11, 1), date(2026, 12, 31))
    total = report.total
    assert (total.registered, total.answered, total.in_time, total.reopened) == (5, 3, 2, 1)
    assert (total.in_time_percent, total.median_days, total.overdue) == (67, 5, 2)  # one late, one open past its term
    assert (total.rating, total.rated) == (350, 2)
    assert [(one.label, one.registered) for one in report.by_topic] == [
        ("Платежи и возврат денег", 4), ("Договор и смена собственника", 1),
    ]  # fmt: skip
    assert [(one.label, one.registered) for one in report.by_office] == [("Участок 101", 1), ("Общая очередь", 4)]
    assert [(one.label, one.registered) for one in report.by_month] == [("ноя\u00a02026", 5), ("дек\u00a02026", 0)]
    assert open_.number and statistics.report(date(2026, 11, 1), date(2026, 12, 31), "101").total.registered == 1


def test_second_answer_is_not_counted_as_the_first(oleg, at) -> None:
    one = guest("a")
    answering.answer(one.id, oleg.id, "Раз.", seen=10_000, key="1")
    talking.reopen(one.id, "Нет", author="guest", key="r")
    at("2026-11-25T10:00")
    answering.answer(one.id, oleg.id, "Два.", seen=10_000, key="2")
    total = statistics.report(date(2026, 11, 20), date(2026, 11, 20)).total
    assert (total.registered, total.answered, total.median_days, total.reopened) == (1, 1, 0, 1)


def test_days_of_statistics_are_the_companys_own(oleg, at) -> None:
    """Midnight of Krasnoyarsk is 17:00 of the day before by UTC."""
    at("2026-12-01T00:30")
    guest("a")
    assert statistics.report(date(2026, 12, 1), date(2026, 12, 1)).total.registered == 1
    assert statistics.report(date(2026, 11, 30), date(2026, 11, 30)).total.registered == 0
    assert [one.registered for one in statistics.report(date(2026, 11, 1), date(2026, 12, 1)).by_month] == [0, 1]


def test_median_of_an_even_number_lies_between() -> None:
    assert statistics._median(statistics.Counter({1: 1, 4: 1})) == 2.5
    assert statistics._median(statistics.Counter({1: 2, 4: 1, 9: 1})) == 2.5
    assert statistics._median(statistics.Counter({3: 5})) == 3
    assert statistics._median(statistics.Counter()) is None


def test_statistics_of_nothing_are_empty(oleg) -> None:
    total = statistics.report(date(2026, 11, 1), date(2026, 11, 30)).total
    assert (total.registered, total.in_time_percent, total.median_days, total.rating) == (0, None, None, None)
    refused("statistics.days", lambda: statistics.report(date(2026, 11, 2), date(2026, 11, 1)))
    refused("statistics.long", lambda: statistics.report(date(2020, 1, 1), date(2026, 11, 1)))
