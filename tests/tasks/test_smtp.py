"""Handing a letter to a mail server that takes it, refuses it, or goes away at any moment."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from typing import Any

import pytest

from models import settings
from models.mail_settings import IMPLICIT, NEVER, STARTTLS
from tasks.gateways import smtp
from tasks.gateways.provider_health import ProviderHealth
from tasks.gateways.smtp import Accepted, Envelope, Permanent, Relay, Relays, Temporary, Unknown
from tests import mail_peers
from tests.mail_peers import BODY, CONNECT, DATA, DRIP, DROP, DROP_AFTER, EHLO, HANG, MAIL, RCPT, Peer, peer

pytestmark = pytest.mark.feature("M14")
LETTER = Envelope("bounces+1@e.example", "anna@example.ru", b"Subject: hi\r\nMessage-ID: <1@e>\r\n\r\n.dot\r\nbody\r\n")
WAIT, LONG = 0.3, 10.0  # seconds: where silence is awaited; more than any of it takes on a busy machine
PROVIDER = {"KABINET_SMTP_URL": "smtps://mail.example.ru"}


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def relay(to: Peer, **changes: Any) -> Relay:
    server = to.server(**{name: changes.pop(name) for name in ("host", "user", "password", "tls") if name in changes})
    given = {"connects_in": 2.0, "answers_in": LONG, "context": mail_peers.trusting()} | changes
    return Relay(server, "lk.example.ru", **given)


@pytest.fixture
def one() -> Iterator[Peer]:
    with peer() as made:
        yield made


def test_letter_is_taken_as_it_is(one: Peer) -> None:
    assert relay(one).hand_over(LETTER) == Accepted(f"127.0.0.1:{one.port}")
    (taken,) = one.taken
    assert (taken.sender, taken.recipient) == ("bounces+1@e.example", "anna@example.ru")
    assert taken.body == LETTER.body  # the dot at a line's beginning too


def test_connection_is_kept_for_the_next_letter(one: Peer) -> None:
    mine = relay(one)
    assert [type(mine.hand_over(LETTER)) for _ in range(5)] == [Accepted] * 5
    assert one.connections == 1 and one.commands.count("RSET") == 4


def test_connection_ends_after_a_hundred_letters(one: Peer) -> None:
    mine = relay(one)
    for _ in range(smtp.MOST_ON_A_LINE + 1):
        mine.hand_over(LETTER)
    assert one.connections == 2 and len(one.taken) == smtp.MOST_ON_A_LINE + 1


def test_connection_that_nobody_used_for_a_while_is_left(one: Peer) -> None:
    now = Clock()
    mine = relay(one, now=now)
    mine.hand_over(LETTER)
    now.at += smtp.IDLE + 1
    mine.close_idle()
    assert mine._line is None
    assert mine.hand_over(LETTER) == Accepted(mine.name) and one.connections == 2


def test_connection_that_the_server_closed_is_opened_again(one: Peer) -> None:
    mine = relay(one)
    one.fail(BODY, DROP_AFTER, 1)
    assert isinstance(mine.hand_over(LETTER), Accepted)  # dropped right after 250: taken all the same
    time.sleep(0.1)
    assert isinstance(mine.hand_over(LETTER), Accepted)
    assert (one.connections, len(one.taken)) == (2, 2)


@pytest.mark.parametrize("step", [CONNECT, EHLO, MAIL])
def test_refused_before_the_recipient_is_named_is_the_providers_affair(one: Peer, step: str) -> None:
    for answer in ("421 4.3.2 come later", "450 4.7.0 not now", "554 5.3.0 no service"):
        one.fail(step, answer)
        outcome = relay(one).hand_over(LETTER)
        assert isinstance(outcome, Temporary) and outcome.about == "provider", (step, answer)
        assert outcome.said.startswith(answer[:3])
    assert not one.taken


@pytest.mark.parametrize(
    ("answer", "about"),
    [
        ("450 4.2.0 greylisted", "message"),
        ("452 4.3.1 disk full", "provider"),
        ("450 4.7.1 too fast", "domain"),
        ("421 4.4.2 go away", "domain"),
    ],
)
def test_temporary_at_the_recipient(one: Peer, answer: str, about: str) -> None:
    one.fail(RCPT, answer)
    outcome = relay(one).hand_over(LETTER)
    assert isinstance(outcome, Temporary) and (outcome.about, outcome.is_well) == (about, about != "provider")


@pytest.mark.parametrize(
    ("step", "answer", "about", "status"),
    [
        (RCPT, "550 5.1.1 no such user", "address", "5.1.1"),
        (RCPT, "550 5.1.10 null MX", "address", "5.1.10"),
        (RCPT, "550 5.2.1 disabled", "address", "5.2.1"),
        (RCPT, "550 no mailbox", "address", ""),
        (RCPT, "551 moved", "address", ""),
        (RCPT, "553 what is this", "address", ""),
        (RCPT, "550 5.7.1 you are on a list", "address", "5.7.1"),
        (RCPT, "552 5.2.2 full", "address", "5.2.2"),
        (RCPT, "554 no", "address", ""),
        (MAIL, "552 5.3.4 too large", "message", "5.3.4"),
        (DATA, "554 5.6.0 no", "message", "5.6.0"),
        (BODY, "550 5.1.1 not here after all", "address", "5.1.1"),
        (BODY, "554 5.7.1 spam", "message", "5.7.1"),
        (BODY, "550 spam", "message", ""),
    ],
)
def test_permanent(one: Peer, step: str, answer: str, about: str, status: str) -> None:
    one.fail(step, answer)
    outcome = relay(one).hand_over(LETTER)
    assert isinstance(outcome, Permanent) and (outcome.about, outcome.status) == (about, status)
    assert not one.taken


def test_refused_letter_does_not_spoil_the_next(one: Peer) -> None:
    mine = relay(one)
    one.fail(RCPT, "550 5.1.1 no such user", 1)
    assert isinstance(mine.hand_over(LETTER), Permanent)
    assert isinstance(mine.hand_over(LETTER), Accepted) and one.connections == 1


@pytest.mark.parametrize("step", [DATA, BODY])
def test_temporary_at_the_letter_itself(one: Peer, step: str) -> None:
    one.fail(step, "451 4.2.0 not now")
    outcome = relay(one).hand_over(LETTER)
    assert isinstance(outcome, Temporary) and (outcome.about, outcome.is_well) == ("message", False)


@pytest.mark.parametrize("how", [DROP, HANG, DRIP])
def test_silence_after_the_last_dot_may_have_been_a_yes(one: Peer, how: str) -> None:
    one.fail(BODY, how)
    started = time.monotonic()
    assert isinstance(relay(one, answers_in=WAIT).hand_over(LETTER), Unknown)
    assert time.monotonic() - started < LONG  # a drip is no answer either
    assert len(one.taken) == 1


@pytest.mark.parametrize("how", [DROP, HANG, DRIP])
@pytest.mark.parametrize("step", [CONNECT, EHLO, MAIL, RCPT, DATA])
def test_line_that_breaks_before_the_letter_was_sent_has_brought_nothing(one: Peer, step: str, how: str) -> None:
    one.fail(step, how)
    started = time.monotonic()
    outcome = relay(one, answers_in=WAIT).hand_over(LETTER)
    assert isinstance(outcome, Temporary)
    assert outcome.about == ("message" if step in (RCPT, DATA) else "provider") and not outcome.is_well
    assert time.monotonic() - started < LONG and not one.taken


def test_one_letter_has_an_end_however_slow_each_answer_is(one: Peer) -> None:
    one.fail(CONNECT, DRIP)
    started = time.monotonic()
    assert isinstance(relay(one, answers_in=60.0).hand_over(LETTER, within=WAIT), Temporary)
    assert time.monotonic() - started < LONG


def test_nobody_there() -> None:
    with peer() as gone:
        server = gone.server()
    outcome = Relay(server, "lk", connects_in=1, answers_in=1).hand_over(LETTER)
    assert outcome == Temporary(server.name, "сервер не принимает соединений", "provider")


# ---- TLS and passwords


@pytest.mark.parametrize("tls", [STARTTLS, IMPLICIT, NEVER])
def test_user_and_password(tls: str) -> None:
    with peer(tls=tls, is_user_wanted=True) as one:
        mine = relay(one)
        assert [type(mine.hand_over(LETTER)) for _ in range(2)] == [Accepted] * 2
        assert one.connections == 1 and one.secured == (1 if tls == STARTTLS else 0)


@pytest.mark.parametrize("tls", [STARTTLS, IMPLICIT])
def test_certificate_that_nobody_vouches_for_is_refused(tls: str) -> None:
    with peer(tls=tls, is_user_wanted=True) as one:
        outcome = relay(one, context=ssl.create_default_context()).hand_over(LETTER)
        assert isinstance(outcome, Temporary) and outcome.is_broken and outcome.about == "provider"
        assert "сертификат" in outcome.said and not one.commands


def test_certificate_of_another_name_is_refused() -> None:
    with peer(tls=IMPLICIT) as one:
        assert isinstance(relay(one, host="localhost").hand_over(LETTER), Accepted)
        outcome = relay(one, host="127.1").hand_over(LETTER)
        assert isinstance(outcome, Temporary) and outcome.is_broken and len(one.taken) == 1


def test_nothing_goes_over_an_open_line_where_tls_is_demanded() -> None:
    with peer(tls=STARTTLS, is_starttls_offered=False, is_user_wanted=True) as one:
        outcome = relay(one).hand_over(LETTER)
        assert isinstance(outcome, Temporary) and outcome.is_broken
        assert outcome.said == "STARTTLS не предложен" and not one.commands


def test_wrong_password_is_the_providers_affair() -> None:
    with peer(tls=NEVER, is_user_wanted=True) as one:
        outcome = relay(one, password="wrong").hand_over(LETTER)
        assert isinstance(outcome, Temporary) and outcome.is_broken and outcome.about == "provider"
        assert outcome.said.startswith("535") and not one.taken


def test_password_is_not_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with peer(tls=NEVER, is_user_wanted=True) as one:
        mine = relay(one)
        mine.hand_over(LETTER)
        ours = " ".join(record.getMessage() for record in caplog.records if record.name.startswith("tasks"))
        assert "accepted" in ours and mail_peers.PASSWORD not in ours and "anna@" not in ours
        assert mail_peers.PASSWORD not in repr(one.server())


# ---- addresses


def test_address_with_a_cyrillic_domain(one: Peer) -> None:
    assert isinstance(relay(one).hand_over(LETTER._replace(recipient="anna@почта.рф")), Accepted)
    assert one.taken[0].recipient == "anna@xn--80a1acny.xn--p1ai"


def test_domain_is_the_one_that_was_typed_and_no_other(one: Peer) -> None:
    """By the rules of 2003 it would be strasse.de: somebody else's."""
    assert isinstance(relay(one).hand_over(LETTER._replace(recipient="x@straße.de")), Accepted)
    assert one.taken[0].recipient == "x@xn--strae-oqa.de"


def test_address_in_cyrillic_needs_a_server_that_knows_it(one: Peer) -> None:
    assert isinstance(relay(one).hand_over(LETTER._replace(recipient="анна@почта.рф")), Accepted)
    assert one.taken[0].recipient == "анна@xn--80a1acny.xn--p1ai"
    with peer(is_utf8=False) as old:
        outcome = relay(old).hand_over(LETTER._replace(recipient="анна@почта.рф"))
        assert isinstance(outcome, Permanent) and outcome.status == "5.6.7" and not old.taken


@pytest.mark.parametrize("address", ["", "anna", "anna@", "a b@example.ru", "a@b\r\nRCPT TO:<x@y>", "<a@b.ru>"])
def test_what_is_no_address_is_refused_without_asking(one: Peer, address: str) -> None:
    outcome = relay(one).hand_over(LETTER._replace(recipient=address))
    assert isinstance(outcome, Permanent) and outcome.about == "address"
    assert not [line for line in one.commands if line.startswith("RCPT")]


def test_envelope_that_smtp_cannot_say_is_an_outcome_too(one: Peer) -> None:
    mine = relay(one)
    for sender in ("a\r\nRCPT TO:<x@y.ru>", "имя@e.example"):
        outcome = mine.hand_over(LETTER._replace(sender=sender))
        assert isinstance(outcome, Permanent) and outcome.about == "message"
    assert isinstance(mine.hand_over(LETTER), Accepted) and len(one.taken) == 1


def test_says_its_name_as_dns_does() -> None:
    for url, name in (("https://лк.рф", "xn--j1ab.xn--p1ai"), ("http://127.0.0.1:8000", "[127.0.0.1]")):
        made = smtp.from_settings(
            settings.read({"KABINET_PUBLIC_URL": url, "KABINET_SECRET_KEY": "x" * 32, **PROVIDER})
        )
        assert made is not None and [each._hello for each, _ in made._relays] == [name]


# ---- several providers


def test_second_provider_takes_what_the_first_does_not_look_at(one: Peer) -> None:
    with peer() as other:
        for step, answer in (
            (CONNECT, "421 busy"),
            (MAIL, "451 4.3.0 busy"),
            (CONNECT, DROP),
            (RCPT, "452 4.3.1 full"),
        ):
            one.mend()
            one.fail(step, answer)
            both = Relays([relay(one), relay(other)])
            assert both.hand_over(LETTER) == Accepted(f"127.0.0.1:{other.port}")
        assert len(other.taken) == 4 and not one.taken


def test_wrong_password_at_the_first_leads_to_the_second(one: Peer) -> None:
    with peer(tls=NEVER, is_user_wanted=True) as strict:
        both = Relays([relay(strict, password="wrong"), relay(one)])
        assert [type(both.hand_over(LETTER)) for _ in range(3)] == [Accepted] * 3
        assert strict.connections == 1  # broken until its rest is over


def test_letter_that_may_have_been_taken_is_not_handed_to_another(one: Peer) -> None:
    with peer() as other:
        one.fail(BODY, DROP)
        assert isinstance(Relays([relay(one), relay(other)]).hand_over(LETTER), Unknown)
        assert not other.taken


def test_address_refused_by_the_first_is_not_tried_at_the_second(one: Peer) -> None:
    with peer() as other:
        one.fail(RCPT, "550 5.1.1 no such user")
        assert isinstance(Relays([relay(one), relay(other)]).hand_over(LETTER), Permanent)
        assert not other.connections


def test_provider_that_fails_three_times_rests_and_is_tried_with_one_letter(one: Peer) -> None:
    now = Clock()
    with peer() as other:
        both = Relays([relay(one, now=now), relay(other, now=now)], now)
        one.fail(CONNECT, "421 busy")
        for _ in range(5):
            both.hand_over(LETTER)
        assert one.connections == 3 and len(other.taken) == 5
        now.at += 61
        for _ in range(3):
            both.hand_over(LETTER)
        assert one.connections == 4  # one letter was a try, then twice as long a rest
        now.at += 121
        one.mend()
        for _ in range(3):
            both.hand_over(LETTER)
        assert len(one.taken) == 3


def test_none_is_ready_while_all_rest(one: Peer) -> None:
    now = Clock()
    both = Relays([relay(one, now=now)], now)
    one.fail(MAIL, "451 busy")
    for _ in range(3):
        assert both.is_ready
        both.hand_over(LETTER)
    assert not both.is_ready
    outcome = both.hand_over(LETTER)
    assert isinstance(outcome, Temporary) and outcome.about == "provider" and one.commands.count("RSET") == 2
    now.at += 61
    assert both.is_ready


def test_provider_rests_when_more_than_half_of_the_last_twenty_failed() -> None:
    now = Clock()
    health = ProviderHealth(now)
    good, bad = Accepted("a"), Unknown("a", "")
    for outcome in [bad, bad, good] * 5:
        health.note(outcome)
    assert health.may_try
    health.note(bad)
    assert not health.may_try


def test_refusals_of_addresses_say_nothing_about_the_provider() -> None:
    health = ProviderHealth(Clock())
    for _ in range(50):
        health.note(Permanent("a", "550", "address"))
        health.note(Temporary("a", "450", "message", is_well=True))
    assert health.may_try


def test_rests_grow_up_to_half_an_hour() -> None:
    now = Clock()
    health = ProviderHealth(now)
    lengths = []
    for _ in range(8):
        while health.may_try:
            health.note(Unknown("a", ""))
        began = now.at
        while not health.may_try:
            now.at += 30
        lengths.append((now.at - began) / 60)
    assert lengths == [1, 2, 4, 8, 16, 30, 30, 30]
