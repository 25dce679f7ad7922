"""Messages on their way: claimed, sent, put off, refused; what becomes of those that nobody needs any more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from peewee import Database

from models import clock, outbox
from models import company as companies
from models.audit import AuditRow
from models.base import Refusal
from models.outbox import Message, ends, kinds, pace, sending
from tests.crowd import at_once

pytestmark = pytest.mark.feature("M14")
At = Callable[[str], datetime]


def write(letter: str = "recover", to: str = "anna@example.ru", **given: Any) -> int:
    secrets = given.pop("secrets", None)
    outbox.post(letter, to, given.pop("data", {}), secrets, **given)
    return int(Message.select().order_by(Message.id.desc()).get().id)


def only() -> Message:
    return Message.select().get()


def claimed(**given: Any) -> Message:
    (message,) = sending.claim(**given)
    return message


# ---- claiming


def test_urgent_letters_go_first_then_the_older_ones(db: Database) -> None:
    ids = [write(letter, key=letter) for letter in ("news", "cheque", "recover", "known")]
    assert [one.id for one in sending.claim()] == [ids[2], ids[3], ids[1], ids[0]]


def test_mailings_that_are_held_back_are_left_out_and_nothing_else(db: Database) -> None:
    ids = [write("news", mailing=mailing) for mailing in (1, 2, None)]
    assert [one.id for one in sending.claim(without=[1, 7])] == ids[1:]
    assert [one.id for one in sending.claim()] == ids[:1]


def test_claimed_message_is_nobody_elses_until_its_lease_ends(db: Database, at: At) -> None:
    write()
    mine = claimed(lease=timedelta(minutes=5))
    assert (mine.state, mine.attempts) == (outbox.SENDING, 1) and mine.claim
    assert sending.claim() == []
    at("2026-11-20T10:04")
    assert sending.claim() == []
    at("2026-11-20T10:05")
    again = claimed()
    assert again.id == mine.id and again.claim != mine.claim and again.attempts == 2
    assert not sending.sent(mine, "late")  # whoever stood still has nothing to say any more
    assert sending.sent(again, "smtp.example") and only().provider == "smtp.example"


def test_not_before_its_time_and_not_after_its_end(db: Database, at: At) -> None:
    write(due_at=clock.now() + timedelta(hours=1))
    assert sending.claim() == []
    at("2026-11-20T11:00")
    assert len(sending.claim()) == 1
    write(key="late")
    at("2026-11-20T12:01")  # an hour later nobody needs it
    assert sending.claim() == []


def test_no_more_than_asked_for(db: Database) -> None:
    for _ in range(5):
        write()
    assert len(sending.claim(2)) == 2 and len(sending.claim(10)) == 3


def test_only_what_can_be_sent(db: Database) -> None:
    write(kind="sms")
    assert sending.claim() == []
    assert len(sending.claim(kind=("email", "sms"))) == 1


def test_bulk_may_be_left_out(db: Database) -> None:
    write("news")
    assert sending.claim(priority=kinds.USUAL) == []
    usual = write("cheque")
    assert [one.id for one in sending.claim(priority=kinds.USUAL)] == [usual]
    assert len(sending.claim()) == 1


def test_many_at_once_share_the_messages(db: Database) -> None:
    for _ in range(60):
        write("cheque")
    taken = at_once(8, lambda _: [one.id for _ in range(3) for one in sending.claim(5)])
    ids = [each for some in taken for each in some]
    assert len(ids) == len(set(ids))
    ids += [one.id for one in sending.claim(100)]
    assert len(ids) == len(set(ids)) == 60


# ---- pace


@pytest.fixture
def slow(company: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three letters a minute to a domain, two to mail.ru."""
    rules = replace(company.letters, per_minute=3, pace={"mail.ru": 2})
    monkeypatch.setattr(companies, "_current", replace(company, letters=rules))


def test_each_domain_has_its_pace(db: Database, slow: None, at: At) -> None:
    for n in range(5):
        write("cheque", f"a{n}@mail.ru")
        write("cheque", f"a{n}@example.ru")
    write("news", "a@other.ru")
    first = [one.domain for one in sending.claim()]
    assert sorted(first) == ["example.ru"] * 3 + ["mail.ru"] * 2 + ["other.ru"]
    assert sending.claim() == []
    at("2026-11-20T10:01")
    assert sorted(one.domain for one in sending.claim()) == ["example.ru"] * 2 + ["mail.ru"] * 2


def test_pace_holds_for_all_who_claim_at_once(db: Database, slow: None) -> None:
    for n in range(20):
        write("cheque", f"a{n}@mail.ru")
        write("cheque", f"a{n}@example.ru")
    taken = [one.domain for some in at_once(6, lambda _: sending.claim(4)) for one in some]
    taken += [one.domain for one in sending.claim()]
    assert sorted(taken) == ["example.ru"] * 3 + ["mail.ru"] * 2


def test_domain_that_is_used_up_holds_up_no_other(db: Database, slow: None) -> None:
    for n in range(30):
        write("cheque", f"a{n}@mail.ru")
    write("news", "a@example.ru")
    assert [one.domain for one in sending.claim(4)] == ["mail.ru", "mail.ru"]
    assert [one.domain for one in sending.claim(4)] == ["example.ru"]


def test_paused_domain_waits(db: Database, at: At) -> None:
    write(to="anna@example.ru")
    pace.pause("example.ru", timedelta(minutes=5), "421 later")
    pace.pause("example.ru", timedelta(minutes=1), "a shorter one changes nothing")
    assert sending.claim() == [] and pace.busy() == {"example.ru"}
    at("2026-11-20T10:04")
    assert sending.claim() == []
    at("2026-11-20T10:05")
    assert len(sending.claim()) == 1 and not pace.busy()


# ---- outcomes


def test_sent_one_has_no_secrets_any_more(db: Database) -> None:
    write(secrets={"token": "abc"})
    assert sending.sent(claimed(), "smtp.example")
    done = only()
    assert (done.state, done.provider, done.secrets, done.error) == (outbox.SENT, "smtp.example", {}, "")
    assert done.ended_at == done.wiped_at == clock.now() and not done.claim


def test_demo_keeps_the_secrets(db: Database) -> None:
    write(secrets={"token": "abc"})
    sending.sent(claimed(), "demo", keep_secrets=True)
    assert only().secrets == {"token": "abc"} and only().wiped_at is None


def test_tried_ever_more_rarely(db: Database) -> None:
    write("news")
    pauses = []
    for _ in range(8):
        message = claimed()
        assert sending.put_off(message, "451 later")
        due = only().due_at
        pauses.append((due - clock.now()).total_seconds() / 60)
        clock.freeze(due)
    for pause, least in zip(pauses, [1, 5, 15, 60, 180, 360, 360, 360], strict=True):
        assert least <= pause <= least * 1.1 + 0.01
    assert (only().attempts, only().error, only().state) == (8, "451 later", outbox.WAITING)


def test_what_may_have_been_taken_is_tried_after_a_longer_pause(db: Database) -> None:
    write("news")
    sending.put_off(claimed(), "сервер молчит", unsure=True)
    assert only().due_at >= clock.now() + timedelta(minutes=15)


def test_tried_until_nobody_needs_it(db: Database) -> None:
    write(secrets={"token": "abc"})  # a recovery letter: an hour
    tries = 0
    while only().state == outbox.WAITING:
        sending.put_off(claimed(), "451 4.2.0 later")
        tries += 1
        clock.freeze(only().due_at)
    done = only()
    assert done.state == outbox.FAILED and tries == 5
    assert done.error == "не удалось отправить, пока письмо было нужно: 451 4.2.0 later"
    assert done.expires_at - done.ended_at <= timedelta(minutes=1)


def test_refused_for_good(db: Database) -> None:
    write(secrets={"token": "abc"})
    assert sending.refuse(claimed(), "550 5.1.1 no such user", "smtp.example")
    done = only()
    assert (done.state, done.error, done.secrets) == (outbox.FAILED, "550 5.1.1 no such user", {"token": "abc"})
    assert sending.claim() == []


def test_withheld(db: Database) -> None:
    write()
    assert sending.withhold(claimed(), "клиент отказался")
    assert (only().state, only().error) == (outbox.WITHHELD, "клиент отказался")


def test_what_was_not_tried_is_given_back_uncounted(db: Database) -> None:
    write(key="a")
    write(key="b")
    mine = sending.claim()
    assert sending.release(mine) == 2
    assert [(one.state, one.attempts) for one in Message.select()] == [(outbox.WAITING, 0)] * 2
    assert len(sending.claim()) == 2
    assert sending.release(mine) == 0  # those claims are over


# ---- ends


def test_what_nobody_tried_in_time_expires(db: Database, at: At) -> None:
    write(secrets={"token": "abc"})
    at("2026-11-20T10:59")
    assert ends.expire() == 0
    at("2026-11-20T11:00")
    assert ends.expire() == 1
    done = only()
    assert (done.state, done.secrets, done.error) == (outbox.EXPIRED, {}, sending.NOBODY_TRIED)
    assert done.ended_at == clock.now()


def test_what_the_provider_said_all_the_time_is_told(db: Database, at: At) -> None:
    write()
    sending.release([claimed()], reason="почтовый сервер не принимает: 554 5.7.1 go away")
    at("2026-11-20T11:00")
    assert ends.expire() == 1
    assert only().error == f"{sending.NOBODY_TRIED}: почтовый сервер не принимает: 554 5.7.1 go away"


def test_domains_of_a_day_ago_are_forgotten_but_for_those_that_asked_to_wait(db: Database, at: At) -> None:
    write(to="a@old.ru")
    write(to="a@slow.ru")
    sending.claim()
    pace.pause("slow.ru", timedelta(days=3), "421 later")
    at("2026-11-21T09:00")
    assert pace.purge() == 0
    at("2026-11-21T10:01")
    assert pace.purge() == 1
    assert pace.busy() == {"slow.ru"}


def test_tried_in_vain_it_has_failed(db: Database, at: At) -> None:
    write()
    sending.put_off(claimed(), "451 later")
    at("2026-11-20T12:00")
    assert ends.expire() == 1
    assert (only().state, only().error) == (outbox.FAILED, f"{sending.NOT_IN_TIME}: 451 later")


def test_expiring_leaves_alone_what_is_being_sent(db: Database, at: At) -> None:
    write()
    at("2026-11-20T10:59")
    message = claimed()
    at("2026-11-20T11:01")
    assert ends.expire() == 0
    assert sending.sent(message, "a")
    at("2026-11-20T11:10")
    assert ends.expire() == 0 and only().state == outbox.SENT


def test_expiring_many(db: Database, at: At) -> None:
    for _ in range(ends._AT_ONCE + 1):
        write()
    at("2026-11-20T12:00")
    assert ends.expire() == ends._AT_ONCE + 1


def test_secrets_of_what_failed_are_wiped_when_its_link_is_dead(db: Database, at: At) -> None:
    write(secrets={"token": "abc"})
    sending.refuse(claimed(), "550")
    assert ends.wipe() == 0
    at("2026-11-20T11:00")
    assert ends.wipe() == 1 and only().secrets == {} and only().wiped_at == clock.now()
    assert ends.wipe() == 0


def test_old_messages_are_removed_a_year_after_their_end(db: Database, at: At) -> None:
    write(key="sent")
    sending.sent(claimed(), "a")
    write(key="waiting")
    clock.freeze(clock.now() + timedelta(days=364))
    assert ends.purge() == 0
    clock.freeze(clock.now() + timedelta(days=2))
    assert ends.purge() == 1 and only().key == "waiting"


def test_old_message_that_came_to_its_end_lately_stays(db: Database) -> None:
    write()
    sending.sent(claimed(), "a")
    long_ago, now = clock.now() - timedelta(days=400), clock.now()
    Message.update(due_at=long_ago, state=outbox.BOUNCED, ended_at=now).execute()  # the report came much later
    assert ends.purge() == 0
    Message.update(state=outbox.WAITING, ended_at=long_ago).execute()
    assert ends.purge() == 0
    Message.update(state=outbox.BOUNCED).execute()
    assert ends.purge() == 1


# ---- staff


def failed(letter: str = "cheque", **given: Any) -> int:
    message_id = write(letter, **given)
    sending.refuse(claimed(), "550")
    return message_id


def test_staff_send_again(db: Database) -> None:
    message_id = failed()
    clock.freeze(clock.now() + timedelta(days=10))
    assert sending.resend([message_id], "staff:3") == 1
    again = only()
    assert (again.state, again.attempts, again.ended_at, again.due_at) == (outbox.WAITING, 0, None, clock.now())
    assert again.expires_at == clock.now() + timedelta(hours=120)
    assert AuditRow.select().where(AuditRow.deed == "message.resent").get().detail["by"] == "staff:3"
    assert claimed().message_id == again.message_id
    assert sending.resend([message_id], "staff:3") == 0  # it is on its way


def test_link_that_is_dead_is_not_sent_again(db: Database, at: At) -> None:
    message_id = failed("recover", secrets={"token": "abc"})
    assert sending.resend([message_id], "staff:3") == 1
    sending.refuse(claimed(), "550")
    at("2026-11-20T11:00")
    with pytest.raises(Refusal) as caught:
        sending.resend([message_id], "staff:3")
    assert "заново" in caught.value.text
    ends.wipe()
    with pytest.raises(Refusal):
        sending.resend([message_id], "staff:3")


def test_resending_a_link_makes_it_live_no_longer(db: Database, at: At) -> None:
    message_id = failed("recover", secrets={"token": "abc"})
    end = only().expires_at
    at("2026-11-20T10:30")
    sending.resend([message_id], "staff:3")
    assert only().expires_at == end


def test_of_several_those_go_that_can(db: Database, at: At) -> None:
    dead = failed("recover", secrets={"token": "abc"})
    alive = failed()
    at("2026-11-20T11:30")
    assert sending.resend([dead, alive], "staff:3") == 1
    assert Message.get_by_id(dead).state == outbox.FAILED and Message.get_by_id(alive).state == outbox.WAITING


def test_what_has_got_another_address_meanwhile_is_not_withheld_for_the_old_one(db: Database) -> None:
    write("cheque", subject="customer:1")
    mine = claimed()
    outbox.messages.follow("customer:1", "anna@example.ru", "anna@new.example")
    assert not sending.withhold(mine, "у клиента теперь другой адрес")
    again = claimed()
    assert (again.to, again.attempts) == ("anna@new.example", 1)


@pytest.mark.parametrize("letter", ["password_changed", "email_changed", "staff_wrong_codes"])
def test_warning_is_not_for_staff_to_stop(db: Database, letter: str) -> None:
    message_id = write(letter)
    assert not sending.may_give_up(only())
    assert sending.give_up([message_id], "staff:3") == 0
    assert only().state == outbox.WAITING


def test_staff_give_up(db: Database) -> None:
    message_id = write(secrets={"token": "abc"})
    assert sending.give_up([message_id], "staff:3") == 1
    assert (only().state, only().secrets) == (outbox.CANCELLED, {}) and sending.claim() == []
    assert sending.give_up([message_id], "staff:3") == 0
    assert AuditRow.select().where(AuditRow.deed == "message.given_up").count() == 1


def test_what_is_being_sent_cannot_be_given_up(db: Database) -> None:
    message_id = write()
    mine = claimed()
    assert sending.give_up([message_id], "staff:3") == 0 and sending.sent(mine, "a")


def test_how_sending_goes(db: Database) -> None:
    assert (sending.last_sent(), sending.failed()) == (None, 0)
    write()
    sending.sent(claimed(), "a")
    failed()
    assert (sending.last_sent(), sending.failed()) == (clock.now(), 1)
    clock.freeze(clock.now() + timedelta(days=8))
    assert sending.failed() == 0
