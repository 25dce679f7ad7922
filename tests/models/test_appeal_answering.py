"""The office's verbs: taken, handed over, asked, answered, extended, moved to another topic, merged, closed; and two at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import date, datetime

import pytest

from models import files
from models.audit import AuditRow, acting
from models.base import Refusal
from models.contact.appeals import answering, assign_rules, drafts, handling, moves, registering, talking
from models.contact.appeals.answering import AppealAnswer, NewsMeanwhile
from models.contact.appeals.registering import Applicant
from models.contact.appeals.rows import (
    ANSWER,
    ANSWERED,
    CLOSED,
    EVENT,
    MERGED,
    NOTE,
    QUESTION,
    REGISTERED,
    REOPENED,
    WAITING,
    WORK,
    Appeal,
    AppealEntry,
)
from models.metering.accounts import Office
from models.people.staff import Employee
from models.workdays import SpecialDay
from tests import appealing, cast
from tests.crowd import at_once

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def oleg() -> Iterator[Employee]:
    """An operator, at work."""
    employee = cast.employee("operator", email="oleg@example.ru", name="Олег Ткач")
    with acting(employee.subject):
        yield employee


@pytest.fixture
def zoya() -> Employee:
    return cast.employee("operator", email="zoya@example.ru", name="Зоя Белова")


@pytest.fixture
def anna() -> cast.Person:
    return cast.anna(history=False)


@pytest.fixture
def appeal(anna: cast.Person) -> Appeal:
    """Registered on 20 November 2026, a Friday; ten days to answer."""
    return appealing.written(anna)


def now(appeal: Appeal) -> Appeal:
    return Appeal.get_by_id(appeal.id)


def news(appeal: Appeal) -> list[str]:
    """What the letters about it say, in order."""
    return [
        letter.data["text"] for letter in appealing.letters("appeal_news") if letter.data["number"] == appeal.number
    ]


def refused(code: str, verb: Callable[[], object]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        verb()
    assert caught.value.problems[0].rule == code
    return caught.value


# ---- taking and handing over


def test_taking_puts_it_into_work_and_tells_the_customer(appeal, oleg) -> None:
    handling.take(appeal.id, oleg.id)
    assert (now(appeal).state, now(appeal).owner) == (WORK, oleg)
    assert news(appeal) == ["Обращение взяли в работу. Ответим не позже 30\u00a0ноября\u00a02026."]
    handling.take(appeal.id, oleg.id)
    assert len(news(appeal)) == 1


def test_who_comes_second_is_told_who_has_it(appeal, oleg, zoya) -> None:
    handling.take(appeal.id, oleg.id)
    refusal = refused("appeal.taken", lambda: handling.take(appeal.id, zoya.id))
    assert "Олег Ткач" in refusal.text


@pytest.mark.feature("S37")
def test_two_who_take_at_once_one_has_it(appeal, oleg, zoya) -> None:
    def take(i: int) -> None:
        one = (oleg, zoya)[i]
        with acting(one.subject):
            handling.take(appeal.id, one.id)

    done = at_once(2, take)
    assert sorted(type(one).__name__ for one in done) == ["NoneType", "Refusal"]
    assert len(news(appeal)) == 1
    assert AuditRow.select().where(AuditRow.deed == "appeal.taken").count() == 1


def test_handed_to_a_colleague_it_is_theirs_and_the_customer_sees_nothing(appeal, oleg, zoya) -> None:
    handling.take(appeal.id, oleg.id)
    handling.hand_over(appeal.id, oleg.id, to=zoya.id, note="Это твой участок")
    assert now(appeal).owner == zoya
    last = AppealEntry.get_by_id(now(appeal).last_entry)
    assert (last.kind, last.text, last.is_public) == (EVENT, "Это твой участок", False)
    assert len(news(appeal)) == 1


def test_handed_to_a_queue_it_is_nobodys(appeal, oleg) -> None:
    Office.create(code="103", name="Ачинский", settlement="г. Ачинск", address="ул. Мира, 1")
    handling.take(appeal.id, oleg.id)
    handling.hand_over(appeal.id, oleg.id, office="103")
    assert (now(appeal).owner_id, now(appeal).office) == (None, "103")


def test_handing_over_is_refused_to_who_cannot_answer(appeal, oleg) -> None:
    clerk = cast.employee("clerk")
    refused("appeal.colleague", lambda: handling.hand_over(appeal.id, oleg.id, to=clerk.id))
    refused("appeal.colleague", lambda: handling.hand_over(appeal.id, oleg.id, to=999))
    refused("appeal.to_whom", lambda: handling.hand_over(appeal.id, oleg.id))
    refused("appeal.office", lambda: handling.hand_over(appeal.id, oleg.id, office="nowhere"))
    assert now(appeal).state == REGISTERED


# ---- answering


@pytest.mark.feature("S36")
def test_answer_is_said_told_counted_and_closes_the_term(appeal, oleg, at) -> None:
    at("2026-11-24T12:00")
    entry = answering.answer(appeal.id, oleg.id, "Пересчитали.\r\n", seen=appeal.last_entry, key="f1")
    after = now(appeal)
    assert (entry.kind, entry.text, entry.author) == (ANSWER, "Пересчитали.", oleg.subject)
    assert (after.state, after.owner) == (ANSWERED, oleg)
    assert news(appeal) == ["Пересчитали."]
    figures = AppealAnswer.get()
    assert (figures.place, figures.days, figures.is_in_time, figures.employee) == (1, 2, True, oleg)


def test_same_form_twice_is_one_answer(appeal, oleg) -> None:
    first = answering.answer(appeal.id, oleg.id, "Пересчитали.", seen=appeal.last_entry, key="f1")
    again = answering.answer(appeal.id, oleg.id, "Пересчитали.", seen=appeal.last_entry, key="f1")
    assert first == again
    assert len(news(appeal)) == AppealAnswer.select().count() == 1


def test_same_form_at_once_is_one_answer(appeal, oleg) -> None:
    def press(i: int) -> int:
        with acting(oleg.subject):
            return answering.answer(appeal.id, oleg.id, "Пересчитали.", seen=appeal.last_entry, key="f1").id

    done = at_once(5, press)
    assert len(set(done)) == 1, done
    assert AppealAnswer.select().count() == 1


@pytest.mark.feature("S37")
def test_second_of_two_sees_the_answer_of_the_first_before_sending(appeal, oleg, zoya) -> None:
    answering.note(appeal.id, oleg.id, "Моя заметка", key="n")  # one's own words are no news
    seen = appeal.last_entry
    with acting(zoya.subject):
        answering.answer(appeal.id, zoya.id, "Ответ Зои.", seen=seen + 1, key="z")
    with pytest.raises(NewsMeanwhile) as caught:
        answering.answer(appeal.id, oleg.id, "Ответ Олега.", seen=seen, key="o")
    assert [entry.text for entry in caught.value.entries if entry.kind == ANSWER] == ["Ответ Зои."]
    assert drafts.find(oleg.subject, appeal.id).fields["text"] == "Ответ Олега."
    assert news(appeal) == ["Ответ Зои."]


def test_two_answers_at_once_are_one_answer_and_a_look(appeal, oleg, zoya) -> None:
    def press(i: int) -> AppealEntry:
        one = (oleg, zoya)[i]
        with acting(one.subject):
            return answering.answer(appeal.id, one.id, f"Ответ {i}.", seen=appeal.last_entry, key=f"k{i}")

    done = at_once(2, press)
    assert sorted(type(one).__name__ for one in done) == ["AppealEntry", "NewsMeanwhile"]
    assert AppealEntry.select().where(AppealEntry.kind == ANSWER).count() == 1


@pytest.mark.postgres
def test_without_the_lock_two_answers_would_meet(appeal, oleg, zoya, monkeypatch) -> None:
    """What the lock is for: without it both look before either has written."""
    monkeypatch.setattr(moves, "locked", lambda query: query)
    looked = answering.look
    barrier = threading.Barrier(2, timeout=10)

    def look_together(*given: object) -> None:
        looked(*given)
        barrier.wait()

    monkeypatch.setattr(answering, "look", look_together)

    def press(i: int) -> AppealEntry:
        one = (oleg, zoya)[i]
        with acting(one.subject):
            return answering.answer(appeal.id, one.id, f"Ответ {i}.", seen=appeal.last_entry, key=f"k{i}")

    done = at_once(2, press)
    assert not any(isinstance(one, NewsMeanwhile) for one in done), "nobody was shown the other's answer"


def test_nothing_is_kept_of_an_answer_whose_letter_fails(appeal, oleg, monkeypatch) -> None:
    def breaks(*given: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(answering.telling, "tell", breaks)
    before = AppealEntry.select().count()
    with pytest.raises(ZeroDivisionError):
        answering.answer(appeal.id, oleg.id, "Ответ.", seen=appeal.last_entry, key="f")
    assert (AppealEntry.select().count(), now(appeal).state, AppealAnswer.select().count()) == (before, REGISTERED, 0)


def test_files_of_the_draft_go_with_the_answer(appeal, oleg) -> None:
    draft = appealing.draft_of(oleg.subject, appealing.photo(), appeal_id=appeal.id)
    entry = answering.answer(appeal.id, oleg.id, "Смотрите снимок.", seen=appeal.last_entry, key="f", draft=draft)
    assert [file.title for file in files.of(entry.subject)] == ["счётчик-40.jpg"]
    assert drafts.find(oleg.subject, appeal.id) is None


@pytest.mark.parametrize("text", ["", "  \n ", "\u200b", "я" * 20_001])
def test_answer_of_nothing_or_too_much_is_refused(appeal, oleg, text) -> None:
    with pytest.raises(Refusal):
        answering.answer(appeal.id, oleg.id, text, seen=appeal.last_entry, key="f")
    assert now(appeal).state == REGISTERED


def test_second_answer_counts_from_the_reopening(appeal, anna, oleg, at) -> None:
    answering.answer(appeal.id, oleg.id, "Раз.", seen=appeal.last_entry, key="f1")
    at("2026-12-01T10:00")
    with acting(anna.customer.subject):
        talking.reopen(appeal.id, "Не то.", author=anna.customer.subject, key="r")
    at("2026-12-03T10:00")
    with acting(oleg.subject):
        answering.answer(appeal.id, oleg.id, "Два.", seen=now(appeal).last_entry, key="f2")
    assert [(one.place, one.days) for one in AppealAnswer.select().order_by(AppealAnswer.id)] == [(1, 0), (2, 2)]


def test_question_makes_it_wait_and_a_second_one_may_follow(appeal, oleg) -> None:
    answering.ask_customer(appeal.id, oleg.id, "Пришлите снимок.", seen=appeal.last_entry, key="q1")
    assert (now(appeal).state, now(appeal).owner) == (WAITING, oleg)
    answering.ask_customer(appeal.id, oleg.id, "И номер прибора.", seen=now(appeal).last_entry, key="q2")
    assert news(appeal) == ["Пришлите снимок.", "И номер прибора."]
    assert AppealEntry.select().where(AppealEntry.kind == QUESTION).count() == 2


def test_note_stays_inside_and_is_possible_after_the_end(appeal, oleg) -> None:
    answering.answer(appeal.id, oleg.id, "Ответ.", seen=appeal.last_entry, key="f")
    answering.close(appeal.id, oleg.id)
    note = answering.note(appeal.id, oleg.id, "Звонил, благодарил.", key="n")
    assert (note.kind, note.is_public) == (NOTE, False)
    assert "Звонил, благодарил." not in news(appeal)


# ---- term


def test_extension_tells_why_and_is_possible_once(appeal, oleg) -> None:
    answering.extend(appeal.id, oleg.id, 7, "Ждём акт сетевой компании", key="e", seen=appeal.last_entry)
    assert now(appeal).due_on == date(2026, 12, 7)
    assert news(appeal) == ["Срок ответа продлён до 7\u00a0декабря\u00a02026. Причина: Ждём акт сетевой компании"]
    refused("appeal.extended", lambda: answering.extend(appeal.id, oleg.id, 7, "Ещё", key="e2"))


def test_extension_that_ends_on_a_day_off_ends_on_the_next_working_day(appeal, oleg) -> None:
    SpecialDay.create(day=date(2026, 12, 7), is_working=False)
    answering.extend(appeal.id, oleg.id, 7, "Ждём акт", key="e")
    assert now(appeal).due_on == date(2026, 12, 8)


@pytest.mark.parametrize(("days", "code"), [(0, "appeal.days"), (31, "appeal.days"), (-1, "appeal.days")])
def test_extension_beyond_what_is_allowed_is_refused(appeal, oleg, days, code) -> None:
    refused(code, lambda: answering.extend(appeal.id, oleg.id, days, "Причина", key="e"))


def test_term_that_is_over_is_not_extended(appeal, oleg, at) -> None:
    at("2026-12-01T09:00")
    refused("appeal.overdue", lambda: answering.extend(appeal.id, oleg.id, 5, "Причина", key="e"))
    refused("text.empty", lambda: answering.extend(appeal.id, oleg.id, 5, " ", key="e"))


def test_two_extensions_at_once_are_one(appeal, oleg) -> None:
    def press(i: int) -> None:
        with acting(oleg.subject):
            answering.extend(appeal.id, oleg.id, 7, "Ждём акт", key=f"e{i}")

    at_once(2, press)
    assert now(appeal).due_on == date(2026, 12, 7)
    assert len(news(appeal)) == 1


def test_new_topic_counts_the_term_anew_from_the_registration_and_says_so(appeal, oleg, at) -> None:
    at("2026-11-25T10:00")
    handling.change_topic(appeal.id, oleg.id, "contract")
    assert (now(appeal).topic, now(appeal).due_on) == ("contract", date(2026, 12, 21))
    assert "Ответим не позже 21\u00a0декабря\u00a02026" in news(appeal)[0]
    handling.change_topic(appeal.id, oleg.id, "quality")
    assert now(appeal).due_on == date(2026, 11, 25)
    refused("appeal.topic", lambda: handling.change_topic(appeal.id, oleg.id, "weather"))


def test_promised_extension_outlives_a_new_topic(appeal, oleg) -> None:
    answering.extend(appeal.id, oleg.id, 30, "Ждём акт", key="e")
    promised = now(appeal).due_on
    handling.change_topic(appeal.id, oleg.id, "quality")
    assert now(appeal).due_on == promised


def test_new_topic_of_nobodys_appeal_goes_where_the_rules_say(appeal, oleg, zoya) -> None:
    assign_rules.add(topic="contract", employee_id=zoya.id)
    handling.change_topic(appeal.id, oleg.id, "contract")
    assert now(appeal).owner == zoya


# ---- merging


def test_merged_appeal_goes_on_in_the_other_with_the_earlier_term(appeal, anna, oleg, at) -> None:
    at("2026-11-23T10:00")
    later = appealing.written(anna, "Это снова я, о том же начислении.", key="k2")
    assert [one.id for one in handling.merge_candidates(now(appeal))] == [later.id]
    main = handling.merge(appeal.id, oleg.id, later.number)
    assert (now(appeal).state, now(appeal).merged_into, main.id) == (MERGED, later, later.id)
    assert now(later).due_on == appeal.due_on
    assert [one.id for one in handling.joined(later.id)] == [appeal.id]
    assert f"№ {later.number}" in news(appeal)[0]


def test_guests_appeals_of_one_address_merge_and_others_do_not(anna, oleg) -> None:
    def guest(email: str, key: str) -> Appeal:
        return registering.register(Applicant(email=email, name="Пётр"), "other", appealing.TEXT, key=key)

    one, two, stranger = guest("p@example.ru", "1"), guest("p@example.ru", "2"), guest("q@example.ru", "3")
    of_anna = appealing.written(anna)
    as_guest = guest(anna.customer.email, "4")
    refused("merge.other_person", lambda: handling.merge(one.id, oleg.id, stranger.number))
    refused("merge.other_person", lambda: handling.merge(one.id, oleg.id, of_anna.number))
    handling.merge(one.id, oleg.id, two.number)
    handling.merge(as_guest.id, oleg.id, of_anna.number)
    assert now(as_guest).merged_into == of_anna


def test_merging_into_itself_nothing_or_a_closed_one_is_refused(appeal, anna, oleg) -> None:
    refused("merge.same", lambda: handling.merge(appeal.id, oleg.id, appeal.number))
    refused("merge.number", lambda: handling.merge(appeal.id, oleg.id, "2611-000999"))
    refused("merge.number", lambda: handling.merge(appeal.id, oleg.id, "';--"))
    other = appealing.written(anna, key="k2")
    answering.close(other.id, oleg.id, "Повтор.")
    refused("merge.not_open", lambda: handling.merge(appeal.id, oleg.id, other.number))


def test_two_merged_crosswise_at_once_leave_one_open(appeal, anna, oleg) -> None:
    other = appealing.written(anna, key="k2")

    def press(i: int) -> None:
        one, into = ((appeal, other), (other, appeal))[i]
        with acting(oleg.subject):
            handling.merge(one.id, oleg.id, into.number)

    done = at_once(2, press)
    assert sorted(type(one).__name__ for one in done) == ["NoneType", "Refusal"]
    assert sorted([now(appeal).state, now(other).state]) == [MERGED, REGISTERED]


def test_merge_against_answer_at_once_one_of_them_is_refused(appeal, anna, oleg, zoya) -> None:
    other = appealing.written(anna, key="k2")

    def press(i: int) -> None:
        if i:
            with acting(zoya.subject):
                answering.answer(appeal.id, zoya.id, "Ответ.", seen=appeal.last_entry, key="a")
        else:
            with acting(oleg.subject):
                handling.merge(appeal.id, oleg.id, other.number, seen=appeal.last_entry)

    done = at_once(2, press)
    assert [isinstance(one, Refusal) for one in done].count(True) == 1, done
    assert now(appeal).state in (MERGED, ANSWERED)
    assert len(news(appeal)) == 1


# ---- the rest


def test_closing_without_an_answer_needs_words_for_the_customer(appeal, oleg) -> None:
    refused("text.empty", lambda: answering.close(appeal.id, oleg.id))
    answering.close(appeal.id, oleg.id, "Повтор обращения.")
    assert (now(appeal).state, news(appeal)) == (CLOSED, ["Повтор обращения."])
    refused("appeal.not_open", lambda: answering.close(appeal.id, oleg.id, "Ещё раз."))
    refused("appeal.not_open", lambda: handling.take(appeal.id, oleg.id))


def test_linking_an_account_is_the_offices_finding(oleg) -> None:
    guest = registering.register(
        Applicant(email="p@example.ru", name="Пётр", typed_account="54"), "other", appealing.TEXT, key="g"
    )
    account = cast.account(54)
    handling.link_account(guest.id, oleg.id, f" {account.number.lower()} ")
    assert now(guest).account == account
    refused("appeal.account", lambda: handling.link_account(guest.id, oleg.id, "1\0"))


def test_every_change_is_in_the_audit_log(appeal, oleg, zoya) -> None:
    handling.take(appeal.id, oleg.id)
    handling.hand_over(appeal.id, oleg.id, to=zoya.id)
    answering.extend(appeal.id, oleg.id, 5, "Причина", key="e")
    handling.change_topic(appeal.id, oleg.id, "payment")
    answering.answer(appeal.id, oleg.id, "Ответ.", seen=now(appeal).last_entry, key="a")
    about = AuditRow.subject == appeal.subject
    deeds = [row.deed for row in AuditRow.select().where(about, AuditRow.who == oleg.subject).order_by(AuditRow.id)]
    assert deeds == [
        "appeal.taken", "appeal.work", "appeal.taken", "appeal.handed_over", "appeal.extended", "appeal.topic",
        "appeal.answered",
    ]  # fmt: skip


# ---- once for each form and what it says


def test_form_that_comes_again_with_another_deed_or_words_is_another_entry(appeal, oleg) -> None:
    """One page has one key: Back, or a second window, sends it with something else."""
    note = answering.note(appeal.id, oleg.id, "Уточню у Зои.", key="k")
    answer = answering.answer(appeal.id, oleg.id, "Уточню у Зои.", seen=note.id, key="k")
    assert (note.kind, answer.kind) == (NOTE, ANSWER)
    more = answering.answer(appeal.id, oleg.id, "Уточнили.", seen=answer.id + 9, key="k")
    assert news(appeal) == ["Уточню у Зои.", "Уточнили."]
    again = answering.answer(appeal.id, oleg.id, "Уточнили. ", seen=more.id, key="k")
    assert (again, len(news(appeal))) == (more, 2)


def test_repeat_leaves_no_draft_behind(appeal, oleg) -> None:
    for _ in range(2):
        draft = appealing.draft_of(oleg.subject, appeal_id=appeal.id, text="Пересчитали.", key="k")
        answering.answer(appeal.id, oleg.id, "Пересчитали.", seen=appeal.last_entry, key="k", draft=draft)
    assert drafts.find(oleg.subject, appeal.id) is None


# ---- what others are typing stays theirs


def test_news_before_an_extension_leave_the_typed_answer_alone(appeal, oleg, zoya) -> None:
    drafts.keep(oleg.subject, {"text": "Длинный ответ"}, appeal.id)
    with acting(zoya.subject):
        answering.note(appeal.id, zoya.id, "Новое", key="z")
    for verb in (
        lambda: answering.extend(appeal.id, oleg.id, 10, "Ждём замер", seen=appeal.last_entry, key="e"),
        lambda: answering.close(appeal.id, oleg.id, "Повтор", seen=appeal.last_entry),
    ):
        refused("appeal.news", verb)
    draft = drafts.find(oleg.subject, appeal.id)
    assert draft is not None and draft.fields["text"] == "Длинный ответ"


def test_refused_extension_says_all_that_is_wrong(appeal, oleg) -> None:
    refusal = refused("appeal.days", lambda: answering.extend(appeal.id, oleg.id, 0, " ", seen=99, key="e"))
    assert [problem.field for problem in refusal.problems] == ["days", "reason"]


def test_who_comes_second_is_told_that_the_customer_has_an_answer(appeal, oleg, zoya) -> None:
    with acting(zoya.subject):
        answering.answer(appeal.id, zoya.id, "Ответ Зои.", seen=appeal.last_entry, key="z")
    verb = lambda: answering.answer(appeal.id, oleg.id, "Мой.", seen=appeal.last_entry, key="o")  # noqa: E731
    assert "клиенту уже ответили" in refused("appeal.news", verb).text


# ---- after the answer


@pytest.fixture
def after(appeal, anna, oleg) -> Appeal:
    """Answered, and Anna asks something about it."""
    answering.answer(appeal.id, oleg.id, "Пересчитали.", seen=appeal.last_entry, key="a")
    with acting(anna.customer.subject):
        talking.say(appeal.id, "А за сентябрь?", author=anna.customer.subject, key="s")
    return now(appeal)


def test_answer_is_added_to_without_a_second_count(after, oleg) -> None:
    assert after.is_news
    answering.answer(after.id, oleg.id, "И за сентябрь.", seen=after.last_entry, key="m")
    assert (now(after).state, now(after).is_news) == (ANSWERED, False)
    assert news(after)[-1] == "И за сентябрь."
    assert AppealAnswer.select().count() == 1


def test_office_opens_an_answered_appeal_again_with_a_new_term(after, oleg, at) -> None:
    at("2026-11-30T10:00")
    handling.reopen(after.id, oleg.id, seen=after.last_entry)
    again = now(after)
    assert (again.state, again.due_on, again.is_news) == (REOPENED, date(2026, 12, 10), False)
    assert "10\u00a0декабря" in news(after)[-1]
    refused("appeal.not_answered", lambda: handling.reopen(after.id, oleg.id))


def test_thanks_need_no_answer_and_the_log_says_who_thought_so(after, oleg) -> None:
    for _ in range(2):
        handling.pass_over(after.id, oleg.id, seen=after.last_entry)
    assert (now(after).state, now(after).is_news) == (ANSWERED, False)
    assert AuditRow.select().where(AuditRow.deed == "appeal.passed_over", AuditRow.who == oleg.subject).count() == 1


# ---- owners


def test_taken_over_from_the_colleague_whom_the_page_showed_and_from_no_other(appeal, oleg, zoya) -> None:
    handling.take(appeal.id, oleg.id)
    with acting(zoya.subject):
        refused("appeal.taken", lambda: handling.take(appeal.id, zoya.id))
        refused("appeal.taken", lambda: handling.take(appeal.id, zoya.id, over=999))
        handling.take(appeal.id, zoya.id, over=oleg.id)
    assert now(appeal).owner == zoya
    told = AppealEntry.select().where(AppealEntry.appeal == appeal.id, AppealEntry.author == zoya.subject).get()
    assert (told.kind, told.data["owner"], told.is_public) == (EVENT, zoya.id, False)


@pytest.mark.parametrize("change", [{"closed_at": datetime(2026, 11, 20)}, {"role": "clerk"}])
def test_appeal_of_who_answers_no_more_is_anybodys(appeal, oleg, zoya, change) -> None:
    handling.take(appeal.id, oleg.id)
    Employee.update(**change).where(Employee.id == oleg.id).execute()
    with acting(zoya.subject):
        handling.take(appeal.id, zoya.id)
    assert now(appeal).owner == zoya


def test_closed_without_an_answer_is_in_the_figures_as_such(appeal, oleg, at) -> None:
    at("2026-12-10T10:00")
    answering.close(appeal.id, oleg.id, "Повтор обращения.")
    figures = AppealAnswer.get()
    assert (figures.is_answer, figures.is_in_time, figures.employee) == (False, False, oleg)


def test_what_a_colleague_did_meanwhile_is_news_too(appeal, oleg, zoya) -> None:
    deeds = (
        lambda: handling.change_topic(appeal.id, zoya.id, "payment"),
        lambda: answering.extend(appeal.id, zoya.id, 5, "Ждём замер", seen=99, key="e"),
        lambda: handling.hand_over(appeal.id, zoya.id, to=oleg.id),
    )
    for deed in deeds:
        seen = now(appeal).last_entry
        with acting(zoya.subject):
            deed()
        refused(
            "appeal.news", lambda seen=seen: answering.answer(appeal.id, oleg.id, "Ответ", seen=seen, key=f"{seen}")
        )
