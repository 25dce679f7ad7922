"""An appeal's conversation from the applicant's side: writing on, coming back, rating, withdrawing; the secret link; leaving."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from models import audit, clock, doctor, files
from models.base import Refusal, database
from models.contact.appeals import answering, check_up, drafts, handling, links, moves, reading, search, talking
from models.contact.appeals.rows import (
    ANSWER,
    ANSWERED,
    CLOSED,
    EVENT,
    GUEST,
    MERGED,
    MESSAGE,
    NOTE,
    REGISTERED,
    REOPENED,
    WAITING,
    WORK,
    Appeal,
    AppealDraft,
    AppealEntry,
)
from models.contact.permission import withheld
from models.entrance import agreeing, profile
from models.files import StoredFile
from models.office import destruction
from models.outbox import Message
from models.people.customers import Customer
from models.tokens import Token
from tests import appealing, cast
from tests.appealing import answered, questioned, taken, written
from tests.crowd import at_once

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def anna(db: Any, company: Any) -> cast.Person:
    return cast.anna(history=False)


@pytest.fixture
def oleg(db: Any, company: Any) -> Any:
    return cast.employee("operator", name="Олег Ким")


@pytest.fixture
def appeal(anna: cast.Person) -> Appeal:
    return written(anna)


def say(appeal: Appeal, text: str = "Вот снимок.", *, key: str = "s1", **how: Any) -> AppealEntry:
    author = how.pop("author", f"customer:{appeal.customer_id}")
    with audit.acting(author):
        return talking.say(appeal.id, text, author=author, key=key, **how)


def reopen(appeal: Appeal, text: str = "Не пересчитали.", *, key: str = "r1", **how: Any) -> AppealEntry:
    author = how.pop("author", f"customer:{appeal.customer_id}")
    with audit.acting(author):
        return talking.reopen(appeal.id, text, author=author, key=key, **how)


def rule(work: Any) -> str:
    with pytest.raises(Refusal) as caught:
        work()
    return caught.value.problems[0].rule


def now(appeal: Appeal) -> Appeal:
    return Appeal.get_by_id(appeal.id)  # type: ignore[no-any-return]


def news() -> list[tuple[str, str]]:
    return [(one.data["state"], one.data["text"]) for one in appealing.letters("appeal_news")]


# ---- writing on


@pytest.mark.feature("S36")
def test_a_word_of_the_customer_brings_a_waiting_appeal_back_to_work(appeal: Appeal, oleg: Any) -> None:
    due_on = appeal.due_on
    questioned(appeal, oleg)
    draft = appealing.draft_of(f"customer:{appeal.customer_id}", appealing.photo(), appeal_id=appeal.id)
    entry = say(appeal, draft=draft)
    assert (now(appeal).state, now(appeal).due_on) == (WORK, due_on)
    assert news()[-1] == ("в работе", "Мы получили ваш ответ и работаем дальше.")
    assert files.of(entry.subject).count() == 1 and AppealDraft.select().count() == 0


def test_a_word_elsewhere_moves_nothing_and_after_the_answer_is_a_thanks(appeal: Appeal, oleg: Any) -> None:
    say(appeal)
    assert now(appeal).state == REGISTERED
    answered(appeal, oleg)
    say(appeal, "Спасибо!", key="s2")
    assert now(appeal).state == ANSWERED
    assert [one.text for one in reading.thread(now(appeal)).entries if one.kind == MESSAGE][-1] == "Спасибо!"


def test_the_same_word_twice_or_ten_times_at_once_is_one(appeal: Appeal, oleg: Any) -> None:
    questioned(appeal, oleg)
    made = at_once(10, lambda _: say(appeal).id)
    assert len({*made, say(appeal).id}) == 1, made
    own = AppealEntry.kind == MESSAGE
    assert len(news()) == 2 and AppealEntry.select().where(own, AppealEntry.key.is_null(False)).count() == 1


def test_a_strangers_word_is_refused(appeal: Appeal) -> None:
    vera = cast.vera()
    assert rule(lambda: say(appeal, author=vera.customer.subject)) == "appeal.stranger"
    assert rule(lambda: say(appeal, author="staff:1")) == "appeal.stranger"
    assert rule(lambda: talking.withdraw(appeal.id, vera.customer.subject)) == "appeal.stranger"
    assert rule(lambda: talking.rate(appeal.id, 5, "", vera.customer.subject)) == "appeal.stranger"
    say(appeal, author=GUEST)  # the door has looked at the secret link


@pytest.mark.parametrize(("text", "wrong"), [("  ", "text.empty"), ("ж" * 20_001, "text.long")])
def test_an_empty_word_and_one_too_long_are_refused(appeal: Appeal, text: str, wrong: str) -> None:
    assert rule(lambda: say(appeal, text)) == wrong


def test_thirty_words_an_hour_are_enough(appeal: Appeal) -> None:
    for i in range(talking.MOST_AN_HOUR):
        say(appeal, key=f"s{i}")
    assert rule(lambda: say(appeal, key="one more")) == "limit.appeal.say"


def test_what_is_written_into_a_closed_appeal_is_kept_for_a_new_one(appeal: Appeal) -> None:
    author = f"customer:{appeal.customer_id}"
    talking.withdraw(appeal.id, author)
    draft = appealing.draft_of(author, appealing.photo(), appeal_id=appeal.id, text="Ещё вопрос")
    with pytest.raises(talking.Over):
        say(appeal, "Ещё вопрос", draft=draft)
    kept = drafts.find(author)
    assert kept is not None and kept.fields == {"topic": "charges", "text": "Ещё вопрос"}
    assert files.of(kept.subject).count() == 1 and drafts.find(author, appeal.id) is None
    with pytest.raises(talking.Over):
        say(appeal, "И ещё один", key="s2")
    again = drafts.find(author)
    assert again is not None and again.fields["text"] == "Ещё вопрос"  # what is being typed is not written over


# ---- coming back


@pytest.mark.feature("S36")
def test_coming_back_within_thirty_days_opens_it_with_a_new_term(appeal: Appeal, oleg: Any, at: Any) -> None:
    answered(appeal, oleg)
    at("2026-12-20T23:59")  # the thirtieth day
    assert reading.thread(now(appeal)).reopen_until == date(2026, 12, 20)
    entry = reopen(appeal)
    again = now(appeal)
    assert (again.state, again.due_on, entry.text) == (REOPENED, date(2026, 12, 30), "Не пересчитали.")
    assert news()[-1] == ("открыто снова", "Мы вернулись к вашему обращению и ответим до 30\u00a0декабря\u00a02026.")
    assert reopen(appeal).id == entry.id and len(news()) == 2
    assert rule(lambda: reopen(appeal, key="r2")) == "appeal.open"


def test_on_the_thirty_first_day_a_new_appeal_is_offered_with_what_was_typed(
    appeal: Appeal, oleg: Any, at: Any
) -> None:
    answered(appeal, oleg)
    at("2026-12-21T00:00")
    assert not reading.thread(now(appeal)).may_reopen
    with pytest.raises(talking.Over):
        reopen(appeal)
    kept = drafts.find(f"customer:{appeal.customer_id}")
    assert kept is not None and kept.fields["text"] == "Не пересчитали." and now(appeal).state == ANSWERED


def test_what_was_closed_with_an_answer_may_be_come_back_to_and_what_was_withdrawn_not(
    appeal: Appeal, anna: cast.Person, oleg: Any
) -> None:
    held = answered(appeal, oleg)
    with database.atomic():
        moves.move(held, CLOSED, closed_at=clock.now())
    reopen(appeal)
    assert (now(appeal).state, now(appeal).closed_at) == (REOPENED, None)
    other = written(anna, key="k2")
    talking.withdraw(other.id, anna.customer.subject)
    with pytest.raises(talking.Over):
        reopen(other)


def test_coming_back_and_the_closing_round_do_not_both_happen(appeal: Appeal, oleg: Any, at: Any) -> None:
    answered(appeal, oleg)
    at("2026-12-21T00:01")
    Appeal.update(answered_at=clock.now() - timedelta(days=30, hours=1)).where(Appeal.id == appeal.id).execute()
    done = at_once(2, lambda i: talking.close_answered() if i else reopen(appeal).id)
    assert isinstance(done[0], talking.Over) and done[1] == 1
    assert now(appeal).state == CLOSED


@pytest.mark.feature("S36")
def test_an_answer_that_nobody_came_back_to_is_closed_and_told(appeal: Appeal, oleg: Any, at: Any) -> None:
    answered(appeal, oleg)
    at("2026-12-20T23:00")
    assert talking.close_answered() == 0
    at("2026-12-21T03:00")
    assert talking.close_answered() == 1 and talking.close_answered() == 0
    assert now(appeal).state == CLOSED and now(appeal).closed_at == clock.now() and news()[-1][0] == "закрыто"


def test_an_answer_that_was_written_on_after_is_not_closed_unread(appeal: Appeal, oleg: Any, at: Any) -> None:
    answered(appeal, oleg)
    say(appeal, "А за сентябрь?")
    at("2026-12-21T03:00")
    assert talking.close_answered() == 0
    with audit.acting(oleg.subject):
        answering.close(appeal.id, oleg.id)
    assert now(appeal).state == CLOSED


def test_what_the_office_closed_without_an_answer_may_be_come_back_to(appeal: Appeal, oleg: Any, at: Any) -> None:
    with audit.acting(oleg.subject):
        answering.close(appeal.id, oleg.id, "Обращение пустое.")
    seen = reading.thread(now(appeal))
    assert (seen.may_reopen, seen.reopen_until, seen.may_rate) == (True, date(2026, 12, 20), False)
    at("2026-12-20T23:00")
    reopen(appeal)
    assert now(appeal).state == REOPENED
    assert reading.thread(now(appeal)).reopen_until is None


def test_other_words_with_the_same_key_are_said_too(appeal: Appeal) -> None:
    first, second = say(appeal, "Первое"), say(appeal, "Второе")
    assert first != second and say(appeal, "Первое") == first
    assert [one.text for one in reading.thread(now(appeal)).entries if one.kind == MESSAGE][1:] == ["Первое", "Второе"]


def test_words_that_were_said_may_open_the_appeal_again(appeal: Appeal, oleg: Any) -> None:
    """«Только дописать», Back, «Открыть снова»: another deed, though the form and its words are the same."""
    answered(appeal, oleg)
    say(appeal, "Не пересчитали.", key="k")
    reopen(appeal, "Не пересчитали.", key="k")
    assert now(appeal).state == REOPENED


@pytest.mark.feature("S36")
def test_the_term_the_topic_and_what_was_joined_are_told_in_the_conversation(
    appeal: Appeal, anna: cast.Person, oleg: Any
) -> None:
    other = written(anna, "То же самое", key="k2")
    with audit.acting(oleg.subject):
        answering.extend(appeal.id, oleg.id, 10, "Ждём поверку.", key="e")
        handling.change_topic(appeal.id, oleg.id, "meter")
        handling.merge(other.id, oleg.id, appeal.number)
    events = [one for one in reading.thread(now(appeal)).entries if one.kind == EVENT]
    told = [one.told for one in events if one.told]
    assert told[0].endswith("Ждём поверку.") and "продлён до" in told[0] and "теперь «" in told[1]
    assert [one.joined for one in events if one.joined] == [other.number]


def test_a_term_that_is_over_is_told_as_such(appeal: Appeal, oleg: Any, at: Any) -> None:
    assert not reading.thread(now(appeal)).is_late
    at("2027-01-20T10:00")
    assert reading.thread(now(appeal)).is_late
    answered(appeal, oleg)
    assert not reading.thread(now(appeal)).is_late


def test_staff_see_what_was_written_by_the_link_alone(appeal: Appeal) -> None:
    """Whoever got a forwarded letter must not speak as the customer from the cabinet."""
    say(appeal, "Сообщите мой долг.", author=GUEST)
    office = reading.thread(now(appeal), for_staff=True).entries
    assert office[-1].who == office[1].who + reading.BY_LINK
    assert reading.thread(now(appeal)).entries[-1].who == reading.YOU


def test_a_new_answer_waits_for_a_rating_of_its_own(appeal: Appeal, oleg: Any) -> None:
    answered(appeal, oleg)
    talking.rate(appeal.id, 1, "Не помогло", f"customer:{appeal.customer_id}")
    reopen(appeal)
    answered(appeal, oleg, "Пересчитали.")
    assert (now(appeal).rating, now(appeal).rating_text) == (None, "")


def test_ratings_are_not_changed_without_end(appeal: Appeal, oleg: Any) -> None:
    answered(appeal, oleg)
    author = f"customer:{appeal.customer_id}"
    for times in range(talking.MOST_RATED):
        talking.rate(appeal.id, 1 + times % 5, "", author)
    assert rule(lambda: talking.rate(appeal.id, 3, "", author)) == "limit.appeal.rate"


def test_what_is_closed_is_no_news(appeal: Appeal) -> None:
    say(appeal)
    assert now(appeal).is_news
    talking.withdraw(appeal.id, f"customer:{appeal.customer_id}")
    assert not now(appeal).is_news


# ---- rating and withdrawing


@pytest.mark.feature("S36")
def test_an_answer_is_rated_and_the_rating_changed(appeal: Appeal, oleg: Any, at: Any) -> None:
    author = f"customer:{appeal.customer_id}"
    assert rule(lambda: talking.rate(appeal.id, 5, "", author)) == "rating.no_answer"
    answered(appeal, oleg)
    for stars in (0, 6, -1):
        assert rule(lambda s=stars: talking.rate(appeal.id, s, "", author)) == "rating.stars"
    assert rule(lambda: talking.rate(appeal.id, 5, "ж" * 501, author)) == "text.long"
    talking.rate(appeal.id, 2, " Долго \0", author)
    talking.rate(appeal.id, 2, "Долго", author)
    talking.rate(appeal.id, 4, "", author)
    assert (now(appeal).rating, now(appeal).rating_text) == (4, "")
    events = [one.data for one in reading.thread(now(appeal)).entries if "rating" in one.data]
    assert events == [{"rating": 2}, {"rating": 4}]
    at("2026-12-21T10:00")
    assert not reading.thread(now(appeal)).may_rate
    assert rule(lambda: talking.rate(appeal.id, 5, "", author)) == "rating.late"


def test_an_appeal_is_withdrawn_once_and_not_after_its_answer(appeal: Appeal, anna: cast.Person, oleg: Any) -> None:
    author = anna.customer.subject
    talking.withdraw(appeal.id, author)
    talking.withdraw(appeal.id, author)
    assert (now(appeal).state, len(news())) == (CLOSED, 1)
    assert reading.thread(now(appeal)).states[-1].why == talking.WITHDRAWN
    other = answered(written(anna, key="k2"), oleg)
    assert rule(lambda: talking.withdraw(other.id, author)) == "appeal.not_open"


def test_withdrawing_and_answering_at_once_is_one_of_them(appeal: Appeal, oleg: Any) -> None:
    author = f"customer:{appeal.customer_id}"
    at_once(2, lambda i: talking.withdraw(appeal.id, author) if i else answered(appeal, oleg))
    states = [one.data["state"] for one in AppealEntry.select().where(AppealEntry.kind == EVENT)]
    assert len(states) == 2 and now(appeal).state == states[-1] and states[-1] in (CLOSED, ANSWERED)


# ---- reading


@pytest.mark.feature("S37")
def test_the_applicant_sees_states_with_dates_and_officers_by_role_and_first_name(
    appeal: Appeal, oleg: Any, at: Any
) -> None:
    at("2026-11-23T09:00")
    taken(appeal, oleg)
    with audit.acting(oleg.subject), database.atomic():
        note = moves.add(appeal, NOTE, "Жалуется третий раз")
        moves.add(appeal, EVENT, "внутреннее", data={"assigned": 3}, is_public=False)
    at("2026-11-24T15:00")
    answered(appeal, oleg)
    seen = reading.thread(now(appeal))
    assert [(one.state, f"{clock.local(one.at):%d.%m %H:%M}") for one in seen.states] == [
        (REGISTERED, "20.11 10:00"), (WORK, "23.11 09:00"), (ANSWERED, "24.11 15:00"),
    ]  # fmt: skip
    said = [(one.kind, one.who) for one in seen.entries if one.kind != EVENT]
    assert said == [(MESSAGE, "Вы"), (ANSWER, "Оператор Олег")]
    assert all(one.is_public for one in seen.entries) and "третий" not in repr(seen.entries)
    assert (seen.due_on, seen.may_reopen, seen.may_rate, seen.may_withdraw) == (None, True, True, False)
    office = reading.thread(now(appeal), for_staff=True)
    assert [(one.kind, one.who) for one in office.entries if one.id == note.id] == [(NOTE, "Олег Ким")]
    assert office.entries[1].who == "Анна Сергеевна"


def test_a_file_of_a_note_or_of_another_appeal_is_none(appeal: Appeal, anna: cast.Person, oleg: Any) -> None:
    with audit.acting(oleg.subject), database.atomic():
        note = moves.add(appeal, NOTE, "Скан договора")
        inside = files.attach(appealing.photo(1), note.subject)
    other = written(anna, key="k2", draft=appealing.draft_of(anna.customer.subject, appealing.photo(2)))
    (theirs,) = StoredFile.select().where(StoredFile.id != inside.id)
    assert reading.file_of(appeal, inside.id) is None and reading.file_of(appeal, inside.id, for_staff=True) == inside
    assert reading.file_of(other, theirs.id) == theirs and reading.file_of(appeal, theirs.id) is None
    draft = appealing.draft_of(anna.customer.subject, appealing.photo(3))
    assert reading.file_of(appeal, files.of(draft.subject).get().id) is None
    assert reading.file_of(appeal, 10**9) is None


def test_a_number_is_its_owners_alone(appeal: Appeal, anna: cast.Person) -> None:
    vera = cast.vera()
    assert reading.one_of(anna.id, appeal.number) == appeal and reading.one_of(vera.id, appeal.number) is None
    assert reading.of_customer(anna.id) == [appeal] and reading.of_customer(vera.id) == []
    wrong = [
        "",
        "2611-0",
        f"2610-{appeal.id:06d}",
        "2611-999999",
        f"２６１１-{appeal.id:06d}",
        "2611-000001\n\0",
        "9" * 500,
    ]
    assert [reading.one_of(anna.id, number) for number in wrong] == [None] * len(wrong)


# ---- the secret link


def test_a_secret_link_opens_its_appeal_and_no_other(appeal: Appeal, anna: cast.Person) -> None:
    other = written(anna, key="k2")
    token = links.token(appeal)
    head, _, signature = token.partition(".")
    assert links.opened(token) == appeal
    forged = [
        f"{other.id:x}.{signature}", f"{head}.{'0' * 32}", f"{head}.{signature[:31]}", f"{head}.{signature}0", f"0{token}", token.upper(),
        f" {token}", f"{token}\n", f"ffffffff.{signature}", "", ".", "\0", "ф.ф", f"{head}.{signature[:16]}", "9" * 10_000,
    ]  # fmt: skip
    assert [links.opened(one) for one in forged] == [None] * len(forged)


def test_a_voided_link_and_one_sixty_days_after_the_end_open_nothing(appeal: Appeal, at: Any) -> None:
    token = links.token(appeal)
    talking.withdraw(appeal.id, f"customer:{appeal.customer_id}")
    at("2027-01-19T09:00")
    assert links.opened(token) is not None
    at("2027-01-20T09:00")
    assert links.opened(token) is None
    at("2026-11-20T10:00")
    links.void(appeal)
    assert links.opened(token) is None and links.opened(links.token(now(appeal))) is not None


@pytest.mark.parametrize("guess", ["7fffffff.{0}", "ffffffff.{0}", "1.{0}", "zz", "1.00"])
def test_a_guess_costs_the_same_work_as_a_known_link(appeal: Appeal, guess: str, monkeypatch: Any) -> None:
    """One query and one signature, whatever is asked for: neither words nor time tell what there is."""
    seen: list[str] = []
    matches, execute = links.seal.matches, database.obj.execute_sql
    monkeypatch.setattr(links.seal, "matches", lambda *given: seen.append("signature") or matches(*given))
    monkeypatch.setattr(
        database.obj, "execute_sql", lambda *given, **named: seen.append("query") or execute(*given, **named)
    )
    assert links.opened(guess.format("0" * 32)) is None
    assert seen == ["query", "signature"]


def test_news_go_to_the_present_address_and_older_links_die_with_the_old_one(
    appeal: Appeal, anna: cast.Person, oleg: Any
) -> None:
    old = links.token(appeal)
    profile.ask_for_email(anna.id, cast.PASSWORD, "new@example.ru")
    profile.confirm_email(Token.get(Token.purpose == profile.PURPOSE))
    questioned(appeal, oleg)
    letter = appealing.letters("appeal_news")[-1]
    assert letter.to == "new@example.ru" and withheld([letter]) == {}
    assert links.opened(old) is None and links.opened(letter.secrets["link"]) == now(appeal)


def test_a_guests_news_carry_a_link_and_no_customer(company: Any, oleg: Any) -> None:
    appealing.asked()
    from models.contact.appeals import guests

    appeal = guests.confirm(appealing.letters("appeal_confirm")[-1].secrets["token"])
    answered(appeal, oleg)
    letter = appealing.letters("appeal_news")[-1]
    assert (letter.to, letter.subject) == ("guest@example.ru", "") and links.opened(letter.secrets["link"]) == now(
        appeal
    )
    say(appeal, author=GUEST)
    assert reading.thread(now(appeal)).entries[-1].who == "Вы"
    assert reading.thread(now(appeal), for_staff=True).entries[-1].who == "Пётр"


def test_one_change_is_one_letter_and_a_long_text_is_cut_in_it(appeal: Appeal, oleg: Any) -> None:
    answered(appeal, oleg, "Ж" * 15_000)
    (letter,) = appealing.letters("appeal_news")
    assert len(letter.data["text"]) == 2_000 and letter.data["text"].endswith("…")
    from models.contact.appeals import telling

    with database.atomic():
        telling.tell(now(appeal), "ещё раз")
    assert len(appealing.letters("appeal_news")) == 1


# ---- leaving, and what the administrator is told


def test_whoever_leaves_is_wiped_from_their_appeals_and_the_words_stay(
    appeal: Appeal, anna: cast.Person, oleg: Any, at: Any
) -> None:
    token = links.token(appeal)
    draft = appealing.draft_of(anna.customer.subject, appealing.photo(), text="не дописано")
    answered(appeal, oleg)
    assert search.find("Сергеевна").ids == [appeal.id]
    with audit.acting(anna.customer.subject):
        agreeing.withdraw_own(anna.id, "personal-data", "", password=cast.PASSWORD, understood=True, session_id=None)
    at("2026-12-20T10:00")
    assert destruction.close(anna.id)
    left = now(appeal)
    assert (left.name, left.email, left.phone) == ("", "", "") and links.opened(token) is None
    assert drafts.find(anna.customer.subject) is None and not files.of(draft.subject).exists()
    assert reading.thread(left, for_staff=True).entries[1].who == reading.APPLICANT
    assert [one.text for one in left.entries.where(AppealEntry.kind == MESSAGE)] == [appealing.TEXT]
    assert search.find("Сергеевна").ids == [] and search.find("начислено").ids == [appeal.id]
    before = Message.select().count()
    at("2026-12-21T10:00")
    talking.close_answered()
    assert now(appeal).state == CLOSED and Message.select().count() == before
    assert Customer.get_by_id(anna.id).closed_at is not None
    assert not [one for one in doctor.complaints() if one.startswith("appeals")]


def test_the_doctor_tells_what_cannot_be(appeal: Appeal, anna: cast.Person, oleg: Any) -> None:
    assert list(check_up.oddities()) == []
    draft = appealing.draft_of(anna.customer.subject, appealing.photo())
    AppealDraft.delete().where(AppealDraft.id == draft.id).execute()
    answered(written(anna, key="k2"), oleg)
    Appeal.update(answered_at=None).where(Appeal.state == ANSWERED).execute()
    Appeal.update(due_on=date(2026, 11, 1)).where(Appeal.id == appeal.id).execute()
    told = [one for one in doctor.complaints() if one.startswith("appeals")]
    assert len(told) == 3 and told == list(check_up.oddities())


def test_a_merged_appeal_takes_no_words_and_says_where_to(appeal: Appeal, anna: cast.Person) -> None:
    main = written(anna, key="k2")
    with database.atomic():
        held = moves.hold(appeal.id)
        moves.move(held, MERGED, merged_into=main.id)
    assert reading.thread(now(appeal)).merged_into == main.number
    with pytest.raises(talking.Over):
        say(now(appeal))
    assert WAITING not in [one.state for one in reading.thread(now(appeal)).states]
