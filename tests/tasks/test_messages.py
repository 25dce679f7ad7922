"""The loop that hands messages over: what is due goes once, whatever the mail server does."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from huey import Huey
from peewee import Database, OperationalError

from models import base, clock, outbox, settings
from models import company as companies
from models.company import Company
from models.contact import permission
from models.mailings import control
from models.mailings.mailings import RUNNING, Mailing
from models.outbox import Message, addresses, kinds, pace, sending
from tasks import letters, messages, queue
from tasks.gateways import sms, smtp
from tasks.gateways.kept import Kept
from tasks.gateways.smtp import Relay, Relays
from tests.engines import Engine
from tests.mail_peers import BODY, CONNECT, DROP, DROP_AFTER, MAIL, RCPT, Peer, peer

pytestmark = pytest.mark.feature("M14")
ROOT = Path(__file__).resolve().parents[2]
URL = "http://127.0.0.1:8000"


@pytest.fixture
def one() -> Iterator[Peer]:
    with peer() as made:
        yield made


@pytest.fixture
def open_desk(db: Database, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let letters go to these peers; to nobody: production without a mail server."""

    def use(*peers: Peer) -> None:
        monkeypatch.setattr(messages, "_bulk_rests_until", 0.0)
        relays = [Relay(each.server(), "lk.example.ru", connects_in=5, answers_in=10) for each in peers]
        monkeypatch.setattr(messages, "_desk", messages.Desk(Relays(relays) if relays else None, None, URL))

    return use


@pytest.fixture
def desk(open_desk: Callable[..., None], one: Peer) -> None:
    open_desk(one)


def write(to: str = "anna@example.ru", letter: str = "password_changed", **given: Any) -> None:
    outbox.post(letter, to, given.pop("data", {}), given.pop("secrets", None), **given)


def only() -> Message:
    return Message.select().get()


def states() -> Counter[str]:
    return Counter(one.state for one in Message.select())


def test_what_is_due_goes_once(one: Peer, desk: None) -> None:
    for n in range(3):
        write(f"a{n}@example.ru")
    assert messages.send_all() == 3
    assert messages.send_all() == 0
    assert sorted(taken.recipient for taken in one.taken) == [f"a{n}@example.ru" for n in range(3)]
    assert sorted(one.ids) == sorted(message.message_id for message in Message.select())
    assert one.connections == 1
    done = only()
    assert (done.state, done.provider) == (outbox.SENT, f"127.0.0.1:{one.port}")


def test_letter_is_whole(one: Peer, desk: None) -> None:
    write("anna@example.ru", "recover", secrets={"token": "abc-def", "code": "123456"})
    messages.send_all()
    (taken,) = one.taken
    mark = only().message_id.strip("<>").partition("@")[0]
    assert taken.sender == f"bounces+{mark}@eniseisbyt.example"
    message = taken.message
    assert message["To"] == "anna@example.ru" and message["Date"].datetime.replace(tzinfo=None) == clock.now()
    text, page = (part.get_content() for part in message.iter_parts())
    assert "abc-def" in text and "abc-def" in page
    assert only().secrets == {}


def test_urgent_letter_does_not_wait_for_a_mailing(one: Peer, desk: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(2 * sending.AT_ONCE):
        write(f"n{n}@example.ru", "one_more_holder", data={"account": "241010000054"})
    write("urgent@example.ru")
    messages.send_all()
    assert one.taken[0].recipient == "urgent@example.ru"


def test_letter_that_cannot_be_put_together_fails_alone(
    one: Peer, desk: None, caplog: pytest.LogCaptureFixture
) -> None:
    write("a@example.ru", "recover", data={})  # its token is missing
    write("b@example.ru")
    assert messages.send_all() == 1
    bad = Message.get(Message.to == "a@example.ru")
    assert bad.state == outbox.FAILED and bad.error.startswith("письмо не собралось: UndefinedError")
    assert [taken.recipient for taken in one.taken] == ["b@example.ru"]
    assert f"message {bad.id}: cannot be put together" in caplog.text


def test_line_break_in_an_address_fails_that_message_alone(one: Peer, desk: None) -> None:
    write("a@example.ru\r\nBcc: all@example.ru")
    write("b@example.ru")
    assert messages.send_all() == 1
    assert states() == {outbox.FAILED: 1, outbox.SENT: 1} and len(one.taken) == 1


def test_database_that_is_busy_is_not_the_letters_fault(one: Peer, desk: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: Any) -> None:
        raise OperationalError("database is locked")

    write()
    with monkeypatch.context() as once:
        once.setattr(messages.letters, "put_together", busy)
        assert messages.send_all() == 0
    assert only().state == outbox.WAITING and only().due_at > clock.now()


def test_outcome_is_noted_however_busy_the_database_is(one: Peer, desk: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the letter would go again."""
    real, tries = sending.sent, []

    def busy_twice(*args: Any, **given: Any) -> bool:
        tries.append(1)
        if len(tries) < 3:
            raise OperationalError("database is locked")
        return real(*args, **given)

    monkeypatch.setattr(messages.time, "sleep", lambda _: None)
    monkeypatch.setattr(sending, "sent", busy_twice)
    write()
    assert messages.send_all() == 1 and len(tries) == 3 and only().state == outbox.SENT


# ---- what the server does


def test_put_off_and_sent_later_under_the_same_id(one: Peer, desk: None) -> None:
    write()
    one.fail(RCPT, "450 4.2.0 greylisted", 1)
    assert messages.send_all() == 0
    waiting = only()
    assert (waiting.state, waiting.error) == (outbox.WAITING, "пока не приняли: 450 4.2.0 greylisted")
    clock.freeze(waiting.due_at)
    assert messages.send_all() == 1 and one.ids == [waiting.message_id]


def test_what_may_have_arrived_goes_again_under_the_same_id(one: Peer, desk: None) -> None:
    write()
    one.fail(BODY, DROP, 1)
    messages.send_all()
    assert only().state == outbox.WAITING and only().due_at >= clock.now() + timedelta(minutes=15)
    clock.freeze(only().due_at)
    messages.send_all()
    assert len(one.ids) == 2 and len(set(one.ids)) == 1 and only().state == outbox.SENT


def test_dropped_after_250_is_sent(one: Peer, desk: None) -> None:
    one.fail(BODY, DROP_AFTER, 1)
    write("a@example.ru")
    write("b@example.ru")
    assert messages.send_all() == 2 and len(one.taken) == 2 and one.connections == 2


@pytest.mark.feature("B5")
def test_refused_address_takes_no_more_of_what_nobody_asked_for(one: Peer, desk: None) -> None:
    one.refused["anna@example.ru"] = "550 5.1.1 no such user"
    write()
    write("b@example.ru")
    assert messages.send_all() == 1
    bad = Message.get(Message.to == "anna@example.ru")
    assert (bad.state, bad.error) == (outbox.FAILED, "не приняли: 550 5.1.1 no such user")
    assert addresses.suspended(["anna@example.ru"]) == {"anna@example.ru"}
    write(key="next")
    messages.send_all()
    assert Message.get(Message.key == "next").state == outbox.WITHHELD and len(one.taken) == 1


@pytest.mark.feature("B5")
@pytest.mark.parametrize(
    ("answer", "letters"), [("550 5.7.1 <anna@example.ru>: user unknown", 1), ("552 5.2.2 mailbox full", 3)]
)
def test_refusal_counts_for_as_much_as_a_report(one: Peer, desk: None, answer: str, letters: int) -> None:
    one.refused["anna@example.ru"] = answer
    for n in range(letters):
        assert not addresses.suspended(["anna@example.ru"])
        write(key=str(n))
        messages.send_all()
    assert addresses.suspended(["anna@example.ru"])


@pytest.mark.feature("B5")
def test_refused_without_a_code_the_third_time_it_is_dead(one: Peer, desk: None) -> None:
    one.refused["anna@example.ru"] = "550 no"
    for n in range(3):
        assert not addresses.suspended(["anna@example.ru"])
        write(key=str(n))
        messages.send_all()
    assert addresses.suspended(["anna@example.ru"])


@pytest.mark.feature("B5")
@pytest.mark.parametrize(
    "answer",
    ["550 5.7.1 you are on a list", "554 5.6.0 what is this", "550 relay not permitted", "550 5.1.8 bad sender"],
)
def test_refused_for_what_we_are_the_address_lives(one: Peer, desk: None, answer: str) -> None:
    one.refused["anna@example.ru"] = answer
    for n in range(4):
        write(key=str(n))
    messages.send_all()
    assert states() == {outbox.FAILED: 4} and not addresses.suspended(["anna@example.ru"])


def test_server_that_is_down_costs_no_attempts(one: Peer, desk: None) -> None:
    one.fail(CONNECT, "421 4.3.2 down")
    for n in range(10):
        write(f"a{n}@example.ru")
    assert messages.send_all() == 0
    assert one.connections == 3  # then it rests
    assert {(message.state, message.attempts) for message in Message.select()} == {(outbox.WAITING, 0)}
    assert sum("почтовый сервер не принимает: 421" in message.error for message in Message.select()) == 3


def test_second_provider_takes_over(one: Peer, open_desk: Callable[..., None]) -> None:
    with peer() as other:
        open_desk(one, other)
        one.fail(MAIL, "451 4.3.0 busy")
        for n in range(10):
            write(f"a{n}@example.ru")
        assert messages.send_all() == 10 and len(other.taken) == 10 and not one.taken
        assert {message.provider for message in Message.select()} == {f"127.0.0.1:{other.port}"}


def test_domain_that_asks_to_wait_is_left_alone(one: Peer, desk: None) -> None:
    one.refused["a@slow.ru"] = "421 4.7.0 too many letters"
    write("a@slow.ru")
    messages.send_all()
    write("b@slow.ru")
    write("b@example.ru")
    assert messages.send_all() == 1 and [taken.recipient for taken in one.taken] == ["b@example.ru"]
    assert pace.busy() == {"slow.ru"}
    clock.freeze(clock.now() + timedelta(minutes=5, seconds=10))
    one.mend()
    assert messages.send_all() == 2


def test_domain_that_asks_to_wait_gets_nothing_more_of_the_batch(one: Peer, desk: None) -> None:
    for n in range(5):
        write(f"a{n}@slow.ru")
        one.refused[f"a{n}@slow.ru"] = "421 4.7.0 too many letters"
        write(f"a{n}@example.ru")
    assert messages.send_all() == 5
    waiting = list(Message.select().where(Message.state == outbox.WAITING).order_by(Message.id))
    assert [(each.attempts, each.domain) for each in waiting] == [(1, "slow.ru")] + [(0, "slow.ru")] * 4
    assert one.connections <= 2


def test_letter_that_is_known_no_more_fails_alone(one: Peer, desk: None) -> None:
    write("a@example.ru")
    Message.update(letter="of_last_year").execute()
    write("b@example.ru")
    assert messages.send_all() == 1
    bad = Message.get(Message.to == "a@example.ru")
    assert bad.state == outbox.FAILED and bad.error.startswith("письмо не собралось: KeyError")
    assert letters.subject_of(bad) == "of_last_year"
    assert sending.resend([bad.id], "staff:3") == 1 and sending.may_give_up(Message.get_by_id(bad.id))


def test_message_that_cannot_be_judged_keeps_nobody_waiting(
    one: Peer, desk: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = permission.withheld

    def trips(asked: Any) -> dict[int, str]:
        if any(each.to == "a@example.ru" for each in asked):
            raise LookupError
        return real(asked)

    monkeypatch.setattr(permission, "withheld", trips)
    write("a@example.ru")
    write("b@example.ru")
    assert messages.send_all() == 1
    bad = Message.get(Message.to == "a@example.ru")
    assert (bad.state, bad.error) == (outbox.WITHHELD, "нельзя понять, можно ли отправлять: LookupError")


def test_pace_of_a_domain(one: Peer, desk: None, company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = replace(company.letters, per_minute=60, pace={"mail.ru": 4})
    monkeypatch.setattr(companies, "_current", replace(company, letters=rules))
    for n in range(10):
        write(f"a{n}@mail.ru")
        write(f"a{n}@example.ru")
    assert messages.send_all() == 14
    assert messages.send_all() == 0
    write("urgent@example.ru")
    assert messages.send_all() == 1
    clock.freeze(clock.now() + timedelta(minutes=1))
    assert messages.send_all() == 4


def test_mailing_that_waits_for_its_domains_is_not_looked_through_at_each_bell(
    one: Peer, desk: None, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        companies, "_current", replace(company, letters=replace(company.letters, per_minute=2, pace={}))
    )
    monkeypatch.setattr(permission, "withheld", lambda _: {})
    asked, real = [], sending.claim

    def look(**given: Any) -> list[Message]:
        asked.append(given["priority"])
        return real(**given)

    monkeypatch.setattr(sending, "claim", look)
    for n in range(5):
        write(f"a{n}@example.ru", "news", data={"title": "Тема", "text": "Текст"})
    assert messages.hand_over() == 2 and asked == [kinds.BULK] * 2
    write("b@other.ru")
    assert messages.hand_over() == 1 and asked[2:] == [kinds.USUAL] * 2
    clock.freeze(clock.now() + timedelta(minutes=1))
    assert messages.send_all() == 2  # the minute's job looks at all


# ---- what may not go


def test_permission_is_asked_when_it_is_handed_over(one: Peer, desk: None) -> None:
    write()
    with base.database.atomic():
        addresses.suspend("anna@example.ru", "550 5.1.1")
    assert messages.send_all() == 0
    assert (only().state, only().error) == (outbox.WITHHELD, permission.NO_MAIL) and not one.connections


@pytest.fixture
def after_the_first(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    """Do something while the first letter of a batch is handed over, which takes three seconds."""
    real, late = messages._send_one, [0.0]

    def set_up(deed: Callable[[], Any]) -> None:
        def slow(*args: Any) -> Any:
            if not late[0]:
                late[0] = 3.0
                deed()
            return real(*args)

        monkeypatch.setattr(messages, "_send_one", slow)
        monkeypatch.setattr(messages, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + late[0]))

    return set_up


def test_withdrawn_in_the_middle_of_a_batch(one: Peer, desk: None, after_the_first: Callable[..., None]) -> None:
    def suspend() -> None:
        with base.database.atomic():
            addresses.suspend("b@example.ru", "550 5.1.1")

    after_the_first(suspend)
    write("a@example.ru")
    write("b@example.ru")
    assert messages.send_all() == 1
    assert Message.get(Message.to == "b@example.ru").state == outbox.WITHHELD


@pytest.mark.feature("S16")
@pytest.mark.parametrize("deed", [control.pause, control.stop])
def test_mailing_that_is_paused_or_stopped_sends_no_letter_more(
    one: Peer,
    desk: None,
    after_the_first: Callable[..., None],
    deed: Callable[[int], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mailing = Mailing.create(letter="news", name="Работы", state=RUNNING, per_minute=100)
    words = {"title": "Тема", "text": "Текст"}
    for n in range(5):
        write(f"a{n}@example.ru", "news", data=words, mailing=mailing.id)
    write("b@example.ru", "news", data=words)
    after_the_first(lambda: deed(mailing.id))
    assert messages.send_all() == 2
    assert sorted(taken.recipient for taken in one.taken) == ["a0@example.ru", "b@example.ru"]
    left = Message.select().where(Message.to.between("a1", "a9"))
    assert {(each.state, each.attempts) for each in left} <= {
        (outbox.WAITING, 0), (outbox.PAUSED, 0), (outbox.CANCELLED, 0)
    }  # fmt: skip
    Message.update(state=outbox.WAITING, due_at=clock.now()).where(
        Message.state != outbox.SENT
    ).execute()  # not marked yet
    monkeypatch.setattr(sending, "release", lambda *_: pytest.fail("claimed, only to be given back"))
    assert messages.send_all() == 0


# ---- with nobody to hand to


def test_production_without_a_mail_server_lets_them_wait(open_desk: Callable[..., None]) -> None:
    open_desk()
    write(secrets={"token": "a"})
    assert messages.send_all() == 0
    assert (only().state, only().attempts, only().secrets) == (outbox.WAITING, 0, {"token": "a"})


def test_demo_keeps_all_letters_with_their_links(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "_desk", None)
    messages.use(settings.read({}))
    write("anna@example.ru", "recover", secrets={"token": "abc", "code": "123456"})
    assert messages.send_all() == 1
    assert (only().state, only().provider, only().secrets["token"]) == (outbox.SENT, "demo", "abc")


def test_who_takes_what_is_the_settings_word(db: Database) -> None:
    production = {
        "KABINET_ENV": "production",
        "KABINET_SECRET_KEY": "x" * 32,
        "KABINET_PUBLIC_URL": "https://lk.example.ru",
    }
    assert (
        smtp.from_settings(settings.read(production)) is None and sms.from_settings(settings.read(production)) is None
    )
    assert isinstance(smtp.from_settings(settings.read(production | {"KABINET_SMTP_URL": "smtps://m"})), Relays)
    assert isinstance(sms.from_settings(settings.read({})), Kept)


def test_sms_waits_while_letters_go(one: Peer, desk: None) -> None:
    write("+79131234567", kind="sms")
    write()
    assert messages.send_all() == 1
    assert Message.get(Message.kind == "sms").state == outbox.WAITING


# ---- rounds


def test_one_sender_a_process_and_a_bell_makes_it_look_again(one: Peer, desk: None) -> None:
    write("a@example.ru")
    real = messages._round
    seen = []

    def ring_meanwhile(*args: Any) -> int:
        count = real(*args)
        if not seen:
            write("b@example.ru")
            with base.connection():
                seen.append(messages.hand_over())  # another thread's bell: it does not wait
        return count

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(messages, "_round", ring_meanwhile)
        assert messages.send_all() == 2
    assert seen == [0] and len(one.taken) == 2


def test_round_ends_in_time_and_gives_back_what_it_has_not_tried(one: Peer, desk: None) -> None:
    for n in range(10):
        write(f"a{n}@example.ru")
    assert messages.hand_over(seconds=0) == 0
    assert states() == {outbox.WAITING: 10}
    sent = messages.hand_over(seconds=0.001)
    assert {message.attempts for message in Message.select() if message.state == outbox.WAITING} <= {0}
    assert states()[outbox.WAITING] == 10 - sent


def test_no_transaction_is_open_while_the_server_is_talked_to(
    one: Peer, desk: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, depths = Relays.hand_over, []

    def look(self: Relays, envelope: Any) -> Any:
        depths.append(base.database.transaction_depth())
        return real(self, envelope)

    monkeypatch.setattr(Relays, "hand_over", look)
    write("a@example.ru")
    write("b@example.ru")
    messages.send_all()
    assert depths == [0, 0]


def test_each_outcome_is_there_before_the_next_is_handed_over(
    one: Peer, desk: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, sent = Relays.hand_over, []

    def look(self: Relays, envelope: Any) -> Any:
        sent.append(states()[outbox.SENT])
        return real(self, envelope)

    monkeypatch.setattr(Relays, "hand_over", look)
    for n in range(3):
        write(f"a{n}@example.ru")
    messages.send_all()
    assert sent == [0, 1, 2]


def test_two_processes_at_once_send_each_message_once(one: Peer, db: Database, engine: Engine) -> None:
    clock.unfreeze()
    drafts = [outbox.messages.drafted("password_changed", f"a{n}@d{n % 7}.ru", {}) for n in range(600)]
    base.insert_rows(Message, drafts)
    command = [sys.executable, "-m", "tests.faults.sender", engine.url, str(one.port), "10", "once"]
    pipes = {"cwd": ROOT, "stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    both = [subprocess.Popen(command, **pipes) for _ in range(2)]
    for each in both:
        assert each.stdout.readline() == "ready\n"
    for each in both:
        each.stdin.write("go\n")
        each.stdin.flush()
    counts = [int(each.communicate(timeout=60)[0]) for each in both]
    assert sum(counts) == 600 and min(counts) > 0
    assert len(one.ids) == len(set(one.ids)) == 600
    assert states() == {outbox.SENT: 600}


# ---- bells, on every kind of queue


@pytest.fixture(params=["file", "postgres"])
def huey(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Huey]:
    given = {"KABINET_VAR_DIR": str(tmp_path)}
    if request.param == "postgres":
        with request.getfixturevalue("engines")["postgres"].fresh() as url:
            yield queue.set_up(settings.read(given | {"KABINET_QUEUE_URL": url}))
    else:
        yield queue.set_up(settings.read(given))


def test_bell_and_job_send(one: Peer, desk: None, huey: Huey) -> None:
    write("a@example.ru")
    assert queue.ring("send_messages", 0)
    task = huey.dequeue()
    assert task is not None
    worker = threading.Thread(target=huey.execute, args=(task,))
    worker.start()
    worker.join(30)
    assert [taken.recipient for taken in one.taken] == ["a@example.ru"]
    write("b@example.ru")
    job = next(each for each in huey._registry.periodic_tasks if each.name == "send_all")
    huey.execute(job)
    assert len(one.taken) == 2
