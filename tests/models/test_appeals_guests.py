"""Appeals of people without a cabinet: nothing is registered before the e-mail is confirmed, and nobody's mailbox is flooded."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from models import audit, clock, consents, files, limits, outbox
from models.audit import AuditRow
from models.base import Refusal
from models.consents import Consent
from models.contact.appeals import drafts, forgetting, guests, links, reading
from models.contact.appeals.rows import MESSAGE, Appeal, AppealDraft, AppealEntry
from models.entrance import agreeing
from models.outbox import Message
from models.outbox.addresses import Suspension
from models.people.customers import Customer
from models.tokens import Token
from tests import appealing, cast
from tests.appealing import TEXT, asked
from tests.crowd import at_once

pytestmark = [pytest.mark.usefixtures("db"), pytest.mark.feature("S36")]


@pytest.fixture(autouse=True)
def _ground(db: Any, company: Any) -> None: ...


def newest() -> Message:
    return appealing.letters("appeal_confirm")[-1]


def confirmed(secret: str = "") -> Appeal:
    with audit.acting("guest", "10.0.0.9"):
        return guests.confirm(secret or newest().secrets["token"])


def refused(**how: Any) -> dict[str | None, str]:
    with pytest.raises(Refusal) as caught:
        asked(**how)
    return {one.field: one.rule for one in caught.value.problems}


def test_nothing_is_registered_before_the_letter_is_opened() -> None:
    asked()
    assert Appeal.select().count() == 0 and Consent.select().count() == 0
    assert newest().to == "guest@example.ru" and newest().subject == ""
    appeal = confirmed()
    assert (appeal.customer_id, appeal.email, appeal.name) == (None, "guest@example.ru", "Пётр")
    assert appeal.entries.where(AppealEntry.kind == MESSAGE).get().text == TEXT
    (letter,) = appealing.letters("appeal_registered")
    assert letter.to == "guest@example.ru" and links.opened(letter.secrets["link"]) == appeal


def test_a_letter_to_be_confirmed_carries_no_words_of_whoever_wrote() -> None:
    """Else anybody could send anything to anybody in our name."""
    asked(text="Купите слона на http://example.org", name="http://example.org")
    assert newest().data == {"topic": "Начисления и счета"}


def test_the_code_of_the_letter_does_the_same_in_the_browser_that_asked() -> None:
    handle = asked()
    code = newest().secrets["code"]
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    assert guests.confirm_by_code(handle, wrong) is None and Appeal.select().count() == 0
    appeal = guests.confirm_by_code(handle, code)
    assert appeal is not None and guests.confirm_by_code(handle, code) == appeal
    assert guests.confirm_by_code(handle, wrong) is None
    assert guests.confirm_by_code("another-browser", code) is None


def test_a_code_dies_after_five_tries_or_ten_minutes(at: Any) -> None:
    handle = asked()
    code = newest().secrets["code"]
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for _ in range(5):
        assert guests.confirm_by_code(handle, wrong) is None
    assert guests.confirm_by_code(handle, code) is None
    again = guests.again(handle)
    at("2026-11-20T10:11")
    assert again is not None and guests.confirm_by_code(again, newest().secrets["code"]) is None
    assert confirmed().number


def test_confirming_again_is_the_same_appeal() -> None:
    asked()
    assert confirmed() == confirmed() and Appeal.select().count() == 1 and Consent.select().count() == 1
    assert len(appealing.letters("appeal_registered")) == 1


def test_confirming_ten_times_at_once_is_one_appeal() -> None:
    draft = appealing.draft_of("guest:abc", appealing.photo())
    asked(draft=draft)
    secret = newest().secrets["token"]
    made = at_once(10, lambda _: confirmed(secret).id)
    assert len(set(made)) == 1 and isinstance(made[0], int), made
    assert Appeal.select().count() == 1 and Consent.select().count() == 1


def test_the_consent_is_dated_by_its_tick_and_names_the_address(at: Any) -> None:
    at("2026-11-20T10:00")
    asked()
    at("2026-11-22T09:00")
    appeal = confirmed()
    consent = Consent.get()
    assert (consent.subject, consent.kind, consent.ip) == ("guest:guest@example.ru", "personal-data", "10.0.0.9")
    assert clock.local(consent.given_at) == datetime(2026, 11, 20, 10) and consents.state(consent) == consents.IN_FORCE
    assert clock.local(appeal.registered_at) == datetime(2026, 11, 22, 9)


def test_without_a_tick_nothing_is_sent_and_everything_wrong_is_said() -> None:
    with pytest.raises(Refusal) as caught, audit.acting("guest", "10.0.0.9"):
        guests.ask(guests.Applicant(email="x"), "", "", key="k", consent_shown="")
    assert {one.field for one in caught.value.problems} == {"topic", "text", "name", "email", "consent"}
    assert refused(version="2001-01") == {"consent": "consent.missing"}
    assert not appealing.letters("appeal_confirm")


@pytest.mark.company("koryak")
def test_a_company_without_guests_takes_none() -> None:
    assert refused() == {None: "appeal.guests"}


def test_the_same_form_twice_is_one_letter_and_a_changed_one_voids_the_first() -> None:
    first = asked()
    assert asked() == first and len(appealing.letters("appeal_confirm")) == 1
    old = newest().secrets["token"]
    asked(email="right@example.ru")
    assert not guests.waits(old)
    with pytest.raises(Refusal) as caught:
        confirmed(old)
    assert caught.value.problems[0].rule == "appeal.link"
    assert confirmed().email == "right@example.ru" and Appeal.select().count() == 1


def test_a_key_that_somebody_else_has_used_leads_nobody_into_their_appeal() -> None:
    """Whoever sends a form chooses its key: with a victim's address it must not confirm into the sender's own appeal."""
    asked(email="thief@example.ru", key="same")
    theirs = confirmed()
    asked(email="victim@example.ru", key="same", text="Когда включат свет?")
    assert guests.waits(newest().secrets["token"])
    own = confirmed()
    assert own != theirs and own.email == "victim@example.ru" and confirmed() == own
    assert [one.text for one in reading.thread(theirs).entries if one.kind == MESSAGE] == [TEXT]


def test_a_late_saving_of_a_form_that_was_confirmed_brings_no_draft_back() -> None:
    asked()
    confirmed()
    with pytest.raises(Refusal) as caught:
        drafts.keep("guest:abc", {"text": TEXT, "email": " Guest@example.ru", "key": "g1"}, by_itself=True)
    assert caught.value.problems[0].rule == "draft.sent"
    drafts.keep("guest:abc", {"text": TEXT, "email": "other@example.ru", "key": "g1"}, by_itself=True)


def test_the_letter_may_be_sent_once_more() -> None:
    handle = asked()
    old = newest().secrets["token"]
    again = guests.again(handle)
    assert again and again != handle and len(appealing.letters("appeal_confirm")) == 2
    assert not guests.waits(old) and guests.waits(newest().secrets["token"])
    assert guests.again(handle) is None and guests.again("nobody's") is None
    assert guests.confirm_by_code(again, newest().secrets["code"]) is not None


def test_a_strangers_mailbox_gets_four_letters_a_day_at_most() -> None:
    for i in range(guests.LETTERS_A_DAY):
        asked(key=f"g{i}")
    assert refused(key="one more") == {None: "limit.appeal.email"}
    assert len(appealing.letters("appeal_confirm")) == guests.LETTERS_A_DAY
    asked(email="another@example.ru", key="another")


def test_one_address_asks_twenty_times_an_hour_at_most() -> None:
    for i in range(guests.ASKED_AN_HOUR):
        asked(email=f"guest{i}@example.ru", key=f"g{i}")
    assert refused(email="one@example.ru", key="more") == {None: "limit.appeal.address"}


def test_the_files_come_along_and_live_as_long_as_the_letter(at: Any) -> None:
    draft = appealing.draft_of("guest:abc", appealing.photo())
    at("2026-11-22T10:00")
    asked(draft=draft)
    at("2026-11-25T09:00")  # 71 hours after the letter, five days after the file
    assert drafts.sweep() == 0
    appeal = confirmed()
    (said,) = [one for one in reading.thread(appeal).entries if one.kind == MESSAGE]
    assert len(said.files) == 1 and AppealDraft.select().count() == 0


def test_a_letter_takes_no_files_of_another_browser_whose_draft_has_the_same_id() -> None:
    """SQLite gives the id of the newest row that is gone away again."""
    asked(key="g1", draft=appealing.draft_of("guest:thief"))
    first = newest().secrets["token"]
    asked(key="g2", draft=appealing.draft_of("guest:thief"))
    confirmed(newest().secrets["token"])
    assert AppealDraft.select().count() == 0
    victims = appealing.draft_of("guest:victim", appealing.photo())
    appeal = confirmed(first)
    assert not any(one.files for one in reading.thread(appeal).entries)
    assert AppealDraft.get() == victims and files.of(victims.subject).count() == 1


def test_after_three_days_the_link_is_dead_and_the_draft_swept(at: Any) -> None:
    draft = appealing.draft_of("guest:abc", appealing.photo())
    asked(draft=draft)
    secret = newest().secrets["token"]
    at("2026-11-23T10:01")
    assert not guests.waits(secret)
    with pytest.raises(Refusal):
        confirmed(secret)
    assert drafts.sweep() == 1 and not files.of(draft.subject).exists()


def test_an_appeal_of_an_address_with_a_cabinet_is_a_guests_all_the_same() -> None:
    anna = cast.anna(history=False)
    asked(email=anna.customer.email)
    appeal = confirmed()
    assert appeal.customer_id is None and reading.of_customer(anna.id) == []
    assert reading.one_of(anna.id, appeal.number) is None


def test_an_address_that_letters_came_back_from_is_alive_when_its_link_is_opened() -> None:
    Suspension.create(address="guest@example.ru", reason="no such mailbox", since=clock.now())
    asked()
    confirmed()
    assert Suspension.select().where(Suspension.until.is_null()).count() == 0


@pytest.mark.parametrize("secret", ["", "x", "../../etc/passwd", "0" * 5000, "\0", "ф"])
def test_an_invented_link_confirms_nothing(secret: str) -> None:
    asked()
    assert not guests.waits(secret)
    with pytest.raises(Refusal):
        guests.confirm(secret)


def test_a_link_of_another_letter_confirms_nothing() -> None:
    from models import tokens

    other = tokens.issue("activate", "email:x@example.ru", timedelta(days=3))
    with pytest.raises(Refusal):
        guests.confirm(other.secret)
    assert guests.confirm_by_code(other.handle, other.code) is None
    assert Token.get(Token.handle == other.handle).used_at is None


def test_codes_are_limited_for_a_browser() -> None:
    handle = asked()
    code = newest().secrets["code"]
    guests.confirm_by_code(handle, code)
    for _ in range(guests.CODES - 1):
        guests.confirm_by_code(handle, "000000")
    with pytest.raises(Refusal) as caught:
        guests.confirm_by_code(handle, "000000")
    assert caught.value.problems[0].rule == "limit.appeal.code"


def test_the_letter_once_more_leaves_the_day_of_the_tick(at: Any) -> None:
    handle = asked()
    at("2026-11-21T10:00")
    guests.again(handle)
    confirmed()
    assert clock.local(Consent.get().given_at) == datetime(2026, 11, 20, 10)


def test_a_guest_who_withdrew_the_consent_is_wiped_when_its_days_are_over(at: Any) -> None:
    asked()
    appeal = confirmed()
    token = links.token(appeal)
    asked(email="other@example.ru", key="g2")
    other = confirmed()
    for consent in Consent.select():
        agreeing.withdraw(consent.id, channel="office", by="staff:1")
    assert forgetting.forget_guests() == 0
    at("2026-12-19T10:00")
    asked(email="other@example.ru", key="g3")
    confirmed()  # who came back stays
    at("2026-12-20T10:01")
    assert forgetting.forget_guests() == 1 and forgetting.forget_guests() == 0
    left = Appeal.get_by_id(appeal.id)
    assert (left.name, left.email) == ("", "") and links.opened(token) is None
    assert Appeal.get_by_id(other.id).email == "other@example.ru"


def test_a_confirmation_that_fails_may_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked()
    secret = newest().secrets["token"]
    with monkeypatch.context() as broken:
        broken.setattr(outbox, "post", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            confirmed(secret)
    assert Appeal.select().count() == 0 and guests.waits(secret)
    assert confirmed(secret).state == "registered"


def test_the_longest_address_fits_where_the_consent_is_kept() -> None:
    label = "d" * 60
    long = f"{'a' * 50}@{label}.{label}.{label}.ru"
    assert len(long) <= guests.registering.LONGEST_EMAIL
    asked(email=long)
    assert confirmed().email == long and AuditRow.select().where(AuditRow.deed == "consent.given").count() == 1
    assert limits.Hit.select().count() and Customer.select().count() == 0
