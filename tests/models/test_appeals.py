"""Registering an appeal: number, day, term and queue at once, the letter, the files; what is refused; what is being typed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from models import audit, clock, files, outbox
from models.audit import AuditRow
from models.base import Refusal
from models.contact.appeals import assign_rules, drafts, links, reading, registering, typed
from models.contact.appeals.registering import Applicant
from models.contact.appeals.rows import (
    EVENT,
    LONGEST,
    MESSAGE,
    REGISTERED,
    Appeal,
    AppealDraft,
    AppealEntry,
)
from models.files import StoredFile
from models.metering.accounts import Office
from models.workdays import SpecialDay
from tests import appealing, cast
from tests.appealing import TEXT, written
from tests.crowd import at_once

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def anna(db: Any, company: Any) -> cast.Person:
    return cast.anna(history=False)


def problems(applicant: Applicant, topic: str = "charges", text: str = TEXT) -> dict[str | None, str]:
    with pytest.raises(Refusal) as caught:
        registering.register(applicant, topic, text, key="k")
    return {one.field: one.rule for one in caught.value.problems}


@pytest.mark.feature("S36")
def test_an_appeal_has_a_number_a_day_a_term_and_a_letter_at_once(anna: cast.Person) -> None:
    appeal = written(anna)
    assert appeal.number == f"2611-{appeal.id:06d}"
    assert (appeal.state, appeal.due_on) == (REGISTERED, date(2026, 11, 30))
    assert (appeal.customer_id, appeal.account_id, appeal.email) == (anna.id, anna.account.id, "anna@example.ru")
    assert [(one.kind, one.author, one.text) for one in appeal.entries.order_by(AppealEntry.id)] == [
        (EVENT, anna.customer.subject, ""),
        (MESSAGE, anna.customer.subject, TEXT),
    ]
    (letter,) = appealing.letters("appeal_registered")
    assert (letter.to, letter.subject) == ("anna@example.ru", anna.customer.subject)
    assert letter.data == {
        "number": appeal.number, "topic": "Начисления и счета", "day": "2026-11-20", "due": "2026-11-30", "text": TEXT,
    }  # fmt: skip
    assert links.opened(letter.secrets["link"]) == appeal
    row = AuditRow.get(AuditRow.deed == "appeal.registered")
    assert (row.subject, row.who, row.detail["number"]) == (f"appeal:{appeal.id}", anna.customer.subject, appeal.number)


@pytest.mark.feature("S37")
def test_the_term_runs_from_the_local_day_of_registration_over_days_off(anna: cast.Person, at: Any) -> None:
    SpecialDay.create(day=date(2026, 12, 21), is_working=False)
    at("2026-11-20T23:59")
    assert written(anna, topic="other").due_on == date(2026, 12, 22)
    at("2026-11-21T00:01")
    assert written(anna, topic="quality", key="k2").due_on == date(2026, 11, 25)


def test_an_appeal_goes_to_the_office_of_its_account_unless_a_rule_says_otherwise(anna: cast.Person) -> None:
    office = Office.create(code="lenin", name="Ленинский", settlement="г. Красноярск", address="ул. Мира, 1")
    anna.account.office = office
    anna.account.save()
    assert written(anna).office == "lenin"
    oleg = cast.employee("operator")
    with audit.acting("staff:1"):
        assign_rules.add(topic="payment", employee_id=oleg.id)
    appeal = written(anna, topic="payment", key="k2")
    assert (appeal.owner_id, appeal.owned_at) == (oleg.id, clock.now())


@pytest.mark.feature("S36")
def test_the_files_of_the_draft_become_the_appeals_and_the_draft_is_gone(anna: cast.Person) -> None:
    draft = appealing.draft_of(anna.customer.subject, appealing.photo(1), appealing.photo(2), text=TEXT)
    appeal = written(anna, draft=draft)
    assert AppealDraft.select().count() == 0 and not files.of(draft.subject).exists()
    (message,) = [one for one in reading.thread(appeal).entries if one.kind == MESSAGE]
    assert [one.title for one in message.files] == ["счётчик-1.jpg", "счётчик-2.jpg"]
    assert reading.file_of(appeal, message.files[0].id) == message.files[0]


def test_the_same_form_twice_is_one_appeal(anna: cast.Person) -> None:
    first, second = written(anna), written(anna)
    assert first == second and Appeal.select().count() == 1 and AppealEntry.select().count() == 2
    assert len(appealing.letters("appeal_registered")) == 1


def test_the_same_form_ten_times_at_once_is_one_appeal_with_its_files(anna: cast.Person) -> None:
    draft = appealing.draft_of(anna.customer.subject, appealing.photo())
    made = at_once(10, lambda _: written(anna, draft=draft).id)
    assert len(set(made)) == 1 and isinstance(made[0], int), made
    assert Appeal.select().count() == 1 and AppealEntry.select().count() == 2
    assert StoredFile.select().where(StoredFile.owner.startswith("appeal-entry:")).count() == 1
    assert len(appealing.letters("appeal_registered")) == 1


def test_another_customers_form_with_the_same_key_is_another_appeal(anna: cast.Person) -> None:
    vera = cast.vera()
    assert written(anna).id != written(vera).id


def test_everything_wrong_is_said_at_once(anna: cast.Person) -> None:
    vera = cast.vera()
    strange = Applicant(anna.id, account_id=vera.account.id)
    assert problems(strange, "nothing", " \n\u200b") == {
        "topic": "appeal.topic", "text": "text.empty", "account": "appeal.account",
    }  # fmt: skip
    guest = Applicant(email="no", name=" ", phone="12")
    assert problems(guest) == {"name": "appeal.name", "email": "email.shape", "phone": "phone.shape"}
    assert Appeal.select().count() == 0 and not appealing.letters("appeal_registered")


def test_an_account_that_is_held_no_more_is_refused(anna: cast.Person) -> None:
    vera = cast.vera()
    with pytest.raises(Refusal) as caught:
        registering.of_customer(anna.id, vera.account.number)
    assert caught.value.problems[0].field == "account"
    assert registering.of_customer(anna.id).account_id is None


def test_a_text_of_100_000_characters_is_refused_with_its_count_and_stays_whole_in_the_draft(anna: cast.Person) -> None:
    text = "Ж" * 100_000
    drafts.keep(anna.customer.subject, {"topic": "charges", "text": text})
    with pytest.raises(Refusal) as caught:
        written(anna, text)
    assert "100\u202f000\u00a0знаков" in caught.value.text and "20\u202f000" in caught.value.text
    kept = drafts.find(anna.customer.subject)
    assert kept is not None and kept.fields["text"] == text
    assert written(anna, "Ж" * LONGEST, key="k2").title.endswith("…")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("а\0б", "аб"),
        ("\ud83dтекст", "текст"),
        ("один\r\nдва\rтри\u2028четыре", "один\nдва\nтри\nчетыре"),
        ("\u202eзадом\u202c наперёд", "задом наперёд"),
        ("а\n\n\n \n\nб", "а\n\nб"),
        ("  края \t\n", "края"),
        ("е\u0308лка", "ёлка"),
        ("семья 👨\u200d👩\u200d👧", "семья 👨\u200d👩\u200d👧"),
        ("<b>&amp;'\"--", "<b>&amp;'\"--"),
    ],
)
def test_a_text_is_kept_without_unseen_signs_and_otherwise_as_typed(anna: cast.Person, given: str, kept: str) -> None:
    appeal = written(anna, given)
    assert appeal.entries.where(AppealEntry.kind == MESSAGE).get().text == kept


@pytest.mark.parametrize("empty", ["", " \n\t", "\u200b\u200d\ufeff", "\0\0", "\u202e\u202c", "\u2028"])
def test_a_text_of_nothing_one_can_see_is_refused(empty: str) -> None:
    with pytest.raises(Refusal):
        typed.text(empty)


def test_a_title_is_how_the_text_begins(anna: cast.Person) -> None:
    assert written(anna, "Не сходится\nсумма").title == "Не сходится сумма"
    title = written(anna, "слово " * 100, key="k2").title
    assert len(title) <= 80 and title.endswith("слово…")
    assert len(typed.title("ы" * 500)) == 80


def test_a_customer_writes_twenty_appeals_a_day_and_a_repeat_is_none_of_them(anna: cast.Person) -> None:
    for i in range(registering.MOST_A_DAY):
        written(anna, key=f"k{i}")
    written(anna, key="k3")
    with pytest.raises(Refusal) as caught:
        written(anna, key="one more")
    assert caught.value.problems[0].rule == "limit.appeal.customer"


def test_an_appeal_that_fails_leaves_nothing_behind(anna: cast.Person, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = appealing.draft_of(anna.customer.subject, appealing.photo())

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the outbox is gone")

    monkeypatch.setattr(outbox, "post", broken)
    with pytest.raises(RuntimeError):
        written(anna, draft=draft)
    assert Appeal.select().count() == 0 and AppealEntry.select().count() == 0
    assert files.of(draft.subject).count() == 1 and drafts.find(anna.customer.subject) is not None


# ---- drafts


def test_a_draft_is_one_for_each_author_and_appeal(anna: cast.Person) -> None:
    appeal = written(anna)
    who = anna.customer.subject
    drafts.keep(who, {"text": "раз"})
    drafts.keep(who, {"text": "два"})
    drafts.keep(who, {"text": "ответ"}, appeal.id)
    assert AppealDraft.select().count() == 2
    found, other = drafts.find(who), drafts.find(who, appeal.id)
    assert found and other and (found.fields, other.fields) == ({"text": "два"}, {"text": "ответ"})
    assert drafts.find("customer:9999") is None


def test_a_draft_kept_ten_times_at_once_is_one(anna: cast.Person) -> None:
    kept = at_once(10, lambda i: drafts.keep(anna.customer.subject, {"text": f"{i}"}).id)
    assert len(set(kept)) == 1 and AppealDraft.select().count() == 1, kept


def test_a_late_saving_brings_nothing_back(anna: cast.Person) -> None:
    written(anna, key="form")
    with pytest.raises(Refusal) as caught:
        drafts.keep(anna.customer.subject, {"text": TEXT, "key": "form"}, by_itself=True)
    assert caught.value.problems[0].rule == "draft.sent" and AppealDraft.select().count() == 0


def test_what_is_typed_on_after_the_sending_is_kept(anna: cast.Person, at: Any) -> None:
    """Back, and another text in the same form: only what was on its way when the form came is refused."""
    written(anna, key="form")
    drafts.keep(anna.customer.subject, {"text": "Ещё одно", "key": "form"})
    at("2026-11-20T10:02")
    kept = drafts.keep(anna.customer.subject, {"text": "Ещё одно дело", "key": "form"}, by_itself=True)
    assert kept.fields["text"] == "Ещё одно дело" and AppealDraft.select().count() == 1


def test_other_words_with_the_same_key_are_another_appeal(anna: cast.Person) -> None:
    first = written(anna, "Первое", key="form")
    made = {
        written(anna, text, topic=topic, key="form").id for text, topic in (("Второе", "charges"), ("Первое", "other"))
    }
    about_none = registering.register(registering.of_customer(anna.id), "charges", "Первое", key="form")
    assert len({first.id, about_none.id, *made}) == 4
    assert written(anna, "Первое ", key="form") == first


def test_a_repeat_leaves_no_draft_behind_but_the_file_that_is_new(anna: cast.Person) -> None:
    first = written(anna, key="form", draft=appealing.draft_of(anna.customer.subject, appealing.photo(1)))
    assert written(anna, key="form", draft=appealing.draft_of(anna.customer.subject, appealing.photo(1))) == first
    assert AppealDraft.select().count() == 0
    assert written(anna, key="form", draft=appealing.draft_of(anna.customer.subject, appealing.photo(2))) == first
    (left,) = AppealDraft.select()
    assert [one.title for one in files.of(left.subject)] == ["счётчик-2.jpg"]


def test_what_is_refused_to_a_draft_leaves_no_file_behind(anna: cast.Person) -> None:
    draft = appealing.draft_of("guest:abc")
    made = [appealing.photo(20 * shade) for shade in range(6)]
    with pytest.raises(Refusal):
        drafts.attach(draft, made)
    assert not [one for one in made if files._place(one.name).exists()]


def test_a_draft_that_was_touched_meanwhile_is_not_swept(anna: cast.Person, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = appealing.draft_of(anna.customer.subject, appealing.photo())
    old = clock.now() - timedelta(days=100)
    AppealDraft.update(updated_at=old).execute()
    drop = drafts._drop_if

    def touched_first(one: AppealDraft, still: Any) -> bool:
        AppealDraft.update(updated_at=clock.now()).execute()
        return drop(one, still)

    monkeypatch.setattr(drafts, "_drop_if", touched_first)
    assert drafts.sweep() == 0 and files.of(draft.subject).count() == 1


def test_marks_without_end_are_cut_and_a_text_far_too_long_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Putting marks in order takes the square of their number, and nobody else runs meanwhile."""
    assert len(typed.text("а" + "\u0301" * 5_000 + "\u0323" * 5_000)) < 100
    monkeypatch.setattr(typed, "plain", None)
    with pytest.raises(Refusal) as caught:
        typed.text("ж" * 200_001)
    assert caught.value.problems[0].rule == "text.long"


def test_a_draft_keeps_signs_that_a_database_does_not(anna: cast.Person) -> None:
    draft = drafts.keep(anna.customer.subject, {"text": "а\0б\ud800в  \n"})
    assert draft.fields["text"] == "абв  \n"


def test_a_draft_has_an_end(anna: cast.Person) -> None:
    with pytest.raises(Refusal):
        drafts.keep(anna.customer.subject, {"text": "ж" * (drafts.MOST + 1)})


def test_a_file_that_comes_after_the_sending_is_refused(anna: cast.Person) -> None:
    draft = appealing.draft_of(anna.customer.subject)
    written(anna, draft=draft)
    with pytest.raises(Refusal) as caught:
        drafts.attach(draft, [appealing.photo()])
    assert caught.value.problems[0].rule == "draft.sent" and StoredFile.select().count() == 0


def test_files_that_come_while_the_appeal_is_sent_belong_to_it_or_to_nobody(anna: cast.Person) -> None:
    draft = appealing.draft_of(anna.customer.subject)
    photos = [appealing.photo(shade) for shade in range(5)]

    def work(i: int) -> object:
        return written(anna, draft=draft) if i == 5 else drafts.attach(draft, [photos[i]])

    at_once(6, work)
    owners = {owner.partition(":")[0] for (owner,) in StoredFile.select(StoredFile.owner).tuples()}
    assert owners <= {"appeal-entry"}


def test_old_drafts_are_swept_with_their_files_guests_after_three_days(anna: cast.Person) -> None:
    appealing.draft_of(anna.customer.subject, appealing.photo(1))
    appealing.draft_of("guest:abc", appealing.photo(2))
    AppealDraft.update(updated_at=clock.now() - timedelta(hours=71)).execute()
    assert drafts.sweep() == 0
    AppealDraft.update(updated_at=clock.now() - timedelta(hours=73)).execute()
    assert drafts.sweep() == 1
    assert drafts.find("guest:abc") is None and StoredFile.select().where(StoredFile.removed_at.is_null()).count() == 1
    AppealDraft.update(updated_at=clock.now() - timedelta(days=91)).execute()
    assert drafts.sweep() == 1 and not StoredFile.select().where(StoredFile.removed_at.is_null()).exists()
