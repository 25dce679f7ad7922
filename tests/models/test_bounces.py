"""What a report of a letter that came back does, and what it must not do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from peewee import Database

from models import outbox
from models.audit import AuditRow
from models.base import Refusal
from models.billing import delivery
from models.contact import bounces, permission
from models.contact.bounces import LEARNT, NOTED, REPEATED, STRANGE, UNKNOWN, Bounce, Undelivered
from models.outbox import BOUNCED, SENT, Message, addresses
from models.outbox.addresses import Suspension
from models.people.customers import Customer
from tests import cast
from tests.crowd import at_once

ANNA = "anna@example.ru"


@pytest.fixture
def anna(db: Database) -> cast.Person:
    return cast.anna(history=False)


def sent(to: str = ANNA, letter: str = "cheque") -> Message:
    """A letter that a mail server has taken."""
    outbox.post(letter, to, {})
    message = Message.select().order_by(Message.id.desc()).get()
    Message.update(state=SENT).where(Message.id == message.id).execute()
    return message


def failed(message: Message, status: str = "5.1.1", said: str = "550 refused", **more: str) -> Bounce:
    usual = {"message_id": message.message_id, "recipient": message.to, "action": "failed"}
    return Bounce(**{**usual, "status": status, "diagnostic": said, **more})  # type: ignore[arg-type]


def state(message: Message) -> str:
    return str(Message.get_by_id(message.id).state)


# ---- the letter and its address


@pytest.mark.feature("B5")
def test_letter_to_nobody_has_come_back_and_its_address_takes_no_more(anna: cast.Person) -> None:
    message = sent()
    assert bounces.learn(failed(message, said="550 5.1.1 user unknown")) == LEARNT
    after = Message.get_by_id(message.id)
    assert (after.state, after.error) == (BOUNCED, "550 5.1.1 user unknown") and after.ended_at
    assert addresses.suspended([ANNA]) == {ANNA}
    assert Suspension.get().reason == "550 5.1.1 user unknown"
    assert AuditRow.select().where(AuditRow.deed == "address.suspended").count() == 1
    told, asked = sent(letter="cheque"), sent(letter="recover")
    assert list(permission.withheld([told, asked])) == [told.id]


@pytest.mark.parametrize("status", ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"])
def test_codes_of_a_dead_address_suspend_it_at_once(db: Database, status: str) -> None:
    bounces.learn(failed(sent(), status))
    assert addresses.suspended([ANNA]) == {ANNA}


@pytest.mark.parametrize(
    "said",
    [
        "550 5.7.1 No such user! 1732071613-AbCdEf",
        "550 Message was not accepted -- invalid mailbox. Local mailbox anna@mail.ru is unavailable: user not found",
        "550 Requested action not taken: mailbox does not exist",
        "550 unknown user",
        "550 Нет такого пользователя",
    ],
)
def test_words_of_a_dead_address_count_as_much_as_its_code(db: Database, said: str) -> None:
    bounces.learn(failed(sent(), "5.7.1" if "5.7.1" in said else "", said))
    assert addresses.suspended([ANNA]) == {ANNA}


@pytest.mark.parametrize("status", ["5.2.2", "5.4.4", "5.0.0", "", "4.4.1"])
def test_other_refusals_suspend_after_three_letters(db: Database, status: str) -> None:
    for count in (1, 2, 3):
        message = sent()
        assert bounces.learn(failed(message, status, "552 over quota")) == LEARNT
        assert state(message) == BOUNCED
        assert bool(addresses.suspended([ANNA])) == (count == 3)


def test_refusals_of_longer_ago_than_thirty_days_count_no_more(db: Database, at: Callable[[str], datetime]) -> None:
    for day in ("2026-10-01", "2026-11-10", "2026-11-20"):
        at(f"{day}T10:00")
        bounces.learn(failed(sent(), "5.2.2", "over quota"))
    assert not addresses.suspended([ANNA])


@pytest.mark.parametrize("status", ["5.7.1", "5.7.26", "5.3.4", "5.2.3", "5.6.1", "5.1.7", "5.1.8", "4.1.8", "4.7.0"])
def test_what_is_our_own_fault_suspends_nobody(db: Database, status: str) -> None:
    for _ in range(5):
        message = sent()
        bounces.learn(failed(message, status, "550 blocked by policy: listed"))
        assert state(message) == BOUNCED
    assert not addresses.suspended([ANNA])


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("5.7.1", "550 5.7.1 <bounces+1@x.example>: Sender address rejected: Domain not found"),
        ("5.1.1", "550 5.1.1 <bounces+1@x.example>: Sender address rejected: User unknown"),
        ("", "550 Sender address rejected: unverified address: Address lookup failed: user unknown"),
        ("", "550 Message rejected: your account is unknown"),
        ("5.0.0", "550 5.0.0 address <x@y.example> DKIM not found"),
        ("5.7.1", "550 5.7.1 Recipient address rejected: SPF record not found"),
        ("5.7.1", "550 5.7.1 Blocked: mailbox policy, address not found"),
        ("", "550 адрес отправителя не существует"),
    ],
)
def test_words_about_ourselves_suspend_nobody(db: Database, status: str, said: str) -> None:
    for _ in range(5):
        bounces.learn(failed(sent(), status, said))
    assert not addresses.suspended([ANNA])


def test_word_that_stands_in_an_address_says_nothing_about_us(db: Database) -> None:
    bounces.learn(failed(sent("spam@policy.example"), "", "550 <spam@policy.example>: user unknown"))
    assert addresses.suspended(["spam@policy.example"])


def test_so_many_dead_addresses_in_a_day_are_taken_for_a_fault_of_ours(
    db: Database, monkeypatch: pytest.MonkeyPatch, at: Callable[[str], datetime]
) -> None:
    monkeypatch.setattr(bounces, "MOST_A_DAY", 3)
    for n in range(9):
        Customer.create(email=f"reader{n}@example.ru", password_hash="-")
    letters = [sent(f"reader{n}@example.ru") for n in range(5)]
    for one in letters:
        assert bounces.learn(failed(one)) == LEARNT
        assert state(one) == BOUNCED
    assert Suspension.select().count() == 3 == bounces.are_too_many()
    for n in range(55):
        sent(f"well{n}@example.ru")
    assert bounces.are_too_many() == 0  # three of sixty: that many may well be dead
    bounces.learn(failed(sent("reader5@example.ru")))
    assert Suspension.select().count() == 4
    at("2026-11-21T10:01")
    for n in range(6, 9):
        bounces.learn(failed(sent(f"reader{n}@example.ru")))
    assert Suspension.select().count() == 7


def test_addresses_of_nobody_in_the_cabinet_stop_no_suspensions(
    anna: cast.Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody may sign up with any number of dead addresses."""
    monkeypatch.setattr(bounces, "MOST_A_DAY", 3)
    for n in range(9):
        bounces.learn(failed(sent(f"nobody{n}@example.ru")))
    bounces.learn(failed(sent()))
    assert Suspension.select().count() == 10 and bounces.are_too_many() == 0


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("5.1.1", "550 5.1.1 user unknown (mail from <bounces+1@x.example>)"),
        ("5.1.1", "550 5.1.1 sender verify ok; no such user here"),
        ("5.3.0", "553 5.3.0 <anna@example.ru>... User unknown"),
    ],
)
def test_sender_that_is_merely_named_changes_nothing(db: Database, status: str, said: str) -> None:
    bounces.learn(failed(sent(), status, said))
    assert addresses.suspended([ANNA])


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded", "", "nonsense"])
def test_anything_but_failed_changes_no_state(anna: cast.Person, action: str) -> None:
    message = sent()
    assert bounces.learn(failed(message, "4.4.1", "timed out", action=action)) == NOTED
    after = Message.get_by_id(message.id)
    assert (after.state, after.error) == (SENT, "задерживается: 4.4.1 timed out" if action == "delayed" else "")
    assert not addresses.suspended([ANNA]) and not Undelivered.select().exists()


def test_failed_after_delayed_is_news(db: Database) -> None:
    message = sent()
    bounces.learn(failed(message, "4.4.1", "later", action="delayed"))
    assert bounces.learn(failed(message)) == LEARNT


# ---- repeated


def test_repeated_report_changes_nothing(anna: cast.Person) -> None:
    message = sent()
    bounces.learn(failed(message))
    addresses.restore(ANNA, "staff:3")
    rows = AuditRow.select().count()
    for _ in range(3):
        assert bounces.learn(failed(message)) == REPEATED
    assert not addresses.suspended([ANNA])
    assert AuditRow.select().count() == rows


def test_repeats_of_one_report_are_one_letter_of_three(db: Database) -> None:
    message = sent()
    for _ in range(5):
        bounces.learn(failed(message, "5.2.2"))
    assert not addresses.suspended([ANNA])


def test_report_ten_times_at_once_counts_once(anna: cast.Person) -> None:
    message = sent()
    _subscribed(anna)
    outcomes: list[str] = []
    assert at_once(10, lambda i: outcomes.append(bounces.learn(failed(message)))) == [None] * 10
    assert sorted(outcomes) == [LEARNT] + [REPEATED] * 9
    assert Suspension.select().count() == 1
    assert len(delivery.history(account=anna.account.id)) == 2


def test_letter_sent_again_by_staff_may_come_back_again(db: Database) -> None:
    message = sent()
    bounces.learn(failed(message))
    addresses.restore(ANNA, "staff:3")
    Message.update(state=SENT).where(Message.id == message.id).execute()
    assert bounces.learn(failed(message)) == LEARNT
    assert addresses.suspended([ANNA]) == {ANNA}
    assert Undelivered.select().count() == 1


def test_counting_begins_anew_when_the_address_proved_alive(db: Database, at: Callable[[str], datetime]) -> None:
    for _ in range(3):
        bounces.learn(failed(sent(), "5.2.2"))
    at("2026-11-20T11:00")
    addresses.restore(ANNA, "customer:1")
    at("2026-11-20T12:00")
    for _ in range(2):
        bounces.learn(failed(sent(), "5.2.2"))
    assert not addresses.suspended([ANNA])
    bounces.learn(failed(sent(), "5.2.2"))
    assert addresses.suspended([ANNA]) == {ANNA}


# ---- forged, or about nothing of ours


@pytest.mark.parametrize("message_id", [None, "", "<forged@example.ru>", f"<{'0' * 32}@eniseisbyt.example>"])
def test_report_without_our_mark_suspends_nobody(anna: cast.Person, message_id: str | None) -> None:
    sent()
    for _ in range(5):
        assert bounces.learn(Bounce(message_id, ANNA, "failed", "5.1.1", "user unknown", token="f" * 32)) == UNKNOWN
    assert not Suspension.select().exists()


def test_letter_to_oneself_suspends_nobody_else(anna: cast.Person) -> None:
    """Whoever gets a letter of ours knows its mark, and may write a report of it that names another."""
    mine = sent("mallory@example.ru")
    assert bounces.learn(failed(mine, recipient=ANNA)) == STRANGE
    assert not Suspension.select().exists()
    assert state(mine) == SENT


def test_envelopes_token_proves_as_much_as_the_message_id(db: Database) -> None:
    message = sent()
    token = message.message_id.strip("<>").partition("@")[0]
    assert bounces.learn(Bounce(None, ANNA, "failed", "5.1.1", "", token)) == LEARNT
    assert addresses.suspended([ANNA]) == {ANNA}


def test_report_that_names_nobody_counts_only_with_a_providers_signature(db: Database) -> None:
    """Who knows a letter's mark need not know where it went."""
    message = sent()
    assert bounces.learn(failed(message, recipient="")) == NOTED
    assert (state(message), addresses.suspended([ANNA])) == (SENT, set())
    assert Message.get().error == "отчёт, который не называет адреса: 5.1.1 550 refused"
    assert bounces.learn(failed(message, recipient=""), is_vouched=True) == LEARNT
    assert addresses.suspended([ANNA]) == {ANNA}


def test_address_is_the_same_however_it_is_written(db: Database) -> None:
    assert bounces.learn(failed(sent(), recipient="<Anna@Example.RU>")) == LEARNT
    assert bounces.learn(failed(sent("anna@почта.рф"), recipient="anna@xn--80a1acny.xn--p1ai")) == LEARNT
    assert addresses.suspended([ANNA, "anna@почта.рф"]) == {ANNA, "anna@почта.рф"}


def test_forwarded_letter_is_known_by_its_first_recipient(db: Database) -> None:
    assert bounces.learn(failed(sent(), recipient="other@elsewhere.example", original=ANNA)) == LEARNT


@pytest.mark.parametrize("recipient", ["@", "a@" + "я" * 300 + ".рф", "a@..", "x" * 5_000])
def test_address_that_is_none_is_strange(db: Database, recipient: str) -> None:
    assert bounces.learn(failed(sent(), recipient=recipient)) == STRANGE


# ---- refused while it was handed over


def test_address_refused_at_once_counts_like_one_that_came_back(anna: cast.Person) -> None:
    _subscribed(anna)
    message = sent()
    assert bounces.refused(message, "5.1.1", "550 5.1.1 user unknown")
    assert addresses.suspended([ANNA]) == {ANNA}
    assert delivery.current(anna.account.id).way == "paper"
    assert state(message) == SENT  # the sender's business


def test_bare_refusals_and_reports_are_counted_together(db: Database) -> None:
    assert [bounces.refused(sent(), "", "550 go away") for _ in range(2)] == [False, False]
    bounces.learn(failed(sent(), "5.2.2"))
    assert addresses.suspended([ANNA]) == {ANNA}


# ---- bills


def _subscribed(person: cast.Person) -> None:
    delivery.choose(person.id, person.account, "email", "web")


@pytest.mark.feature("S31")
def test_bills_fall_back_to_paper_with_a_reason_in_the_history(anna: cast.Person) -> None:
    _subscribed(anna)
    assert delivery.current(anna.account.id).is_by_email
    bounces.learn(failed(sent()))
    assert delivery.current(anna.account.id).way == "paper"
    newest = delivery.history(account=anna.account.id)[0]
    assert (newest.channel, newest.note, newest.by) == (delivery.BOUNCED, "письма на почту не доходят", "system")


def test_bills_of_a_relative_stay_with_the_relative(anna: cast.Person) -> None:
    boris = cast.boris(anna)
    delivery.choose(boris.id, anna.account, "email", "web")
    bounces.learn(failed(sent()))
    assert delivery.current(anna.account.id).customer_id == boris.id


@pytest.mark.feature("S31")
def test_restored_address_may_be_chosen_again_and_is_not_by_itself(anna: cast.Person) -> None:
    _subscribed(anna)
    bounces.learn(failed(sent()))
    addresses.restore(ANNA, anna.customer.subject)
    assert delivery.current(anna.account.id).way == "paper"
    _subscribed(anna)
    assert delivery.current(anna.account.id).is_by_email


def test_whoever_chooses_email_while_it_comes_back_is_refused_or_is_back_on_paper(
    anna: cast.Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "MOST_CHOICES", 100)
    for _ in range(8):
        message = sent()
        _subscribed(anna)
        delivery.choose(anna.id, anna.account, "paper", "web")
        done = at_once(2, lambda i, message=message: bounces.learn(failed(message)) if i else _subscribed(anna))  # type: ignore[misc]
        assert done[1] == LEARNT and (done[0] is None or isinstance(done[0], Refusal))
        assert addresses.suspended([ANNA])
        assert not delivery.current(anna.account.id).is_by_email
        addresses.restore(ANNA, "staff:3")


def test_all_of_it_or_nothing(anna: cast.Person, monkeypatch: pytest.MonkeyPatch) -> None:
    _subscribed(anna)
    message = sent()

    def broken(*_: object) -> int:
        raise RuntimeError

    monkeypatch.setattr(delivery, "all_to_paper", broken)
    with pytest.raises(RuntimeError):
        bounces.learn(failed(message))
    assert state(message) == SENT
    assert not Suspension.select().exists() and not Undelivered.select().exists()


# ---- the list for staff


def test_suspended_addresses_are_listed_newest_first_page_by_page(db: Database) -> None:
    for name in ("a", "b", "c"):
        addresses.suspend(f"{name}@example.ru", "5.1.1 нет такого")
    addresses.restore("b@example.ru", "staff:3")
    assert [one.address for one in addresses.listed()] == ["c@example.ru", "a@example.ru"]
    first = addresses.listed(most=1)
    assert [one.address for one in addresses.listed(before=first[-1].id)] == ["a@example.ru"]
    assert [one.address for one in addresses.listed(" A@")] == ["a@example.ru"]
    assert addresses.listed("%") == []
