"""Reading the mailbox of reports on a real IMAP server: each letter once, whatever it is and whatever breaks."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from peewee import Database, OperationalError

from models import outbox
from models.contact import bounces, incoming
from models.contact.incoming import IncomingLetter, Mailbox
from models.mail_settings import NEVER, MailServer
from models.outbox import BOUNCED, SENT, Message, addresses
from models.outbox.addresses import Suspension
from tasks import bounces as work
from tasks import dsn
from tasks.gateways import imap
from tasks.gateways.imap import Folder, Unreachable
from tests.crowd import at_once
from tests.dovecot import READER, Dovecot, standing
from tests.tasks.test_dsn import HEX, raw

ANNA = "anna@example.ru"


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    with standing() as running:
        yield running


@pytest.fixture
def mailbox(db: Database, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch) -> Dovecot:
    """An empty folder, read by this process."""
    dovecot.empty()
    monkeypatch.setattr(work, "_mailbox", dovecot.server("Reports"))
    return dovecot


@pytest.fixture
def message(db: Database) -> Message:
    """The letter that the corpus is about, taken by a mail server."""
    outbox.post("cheque", ANNA, {})
    Message.update(state=SENT, message_id=f"<{HEX}@eniseisbyt.example>").execute()
    return Message.get()


def numbered(name: str, n: int) -> bytes:
    """The same report under another Message-ID of its own."""
    return b"X-Copy: %d\n" % n + raw(name).replace(b"<20261120030005.4Xabc@", b"<%d.4Xabc@" % n)


def kinds() -> list[tuple[int, str, str]]:
    return [(one.uid, one.kind, one.outcome) for one in IncomingLetter.select().order_by(IncomingLetter.uid)]


# ---- what is done with a letter


@pytest.mark.feature("B5")
def test_report_in_the_mailbox_suspends_the_address_and_is_read(mailbox: Dovecot, message: Message) -> None:
    mailbox.put(raw("postfix"), folder="Reports")
    assert work.read_mailbox() == 1
    assert Message.get().state == BOUNCED
    assert addresses.suspended([ANNA]) == {ANNA}
    assert kinds() == [(1, "report", "learnt")]
    assert mailbox.unread() == []


def test_letters_of_people_stay_unread_and_automatic_ones_do_not(mailbox: Dovecot, message: Message) -> None:
    mailbox.put(raw("vacation"), raw("from-a-customer"), raw("exim-delayed"), raw("mailing-list"), folder="Reports")
    assert work.read_mailbox() == 4
    assert kinds() == [(1, "auto-reply", ""), (2, "other", ""), (3, "report", "noted"), (4, "auto-reply", "")]
    assert mailbox.unread() == [2]
    assert incoming.counts() == {"auto-reply": 2, "other": 1, "report": 1}
    assert not Suspension.select().exists()


def test_automatic_letters_are_never_answered(mailbox: Dovecot, message: Message) -> None:
    mailbox.put(raw("vacation"), raw("vacation-outlook"), raw("postfix"), folder="Reports")
    work.read_mailbox()
    assert Message.select().count() == 1


@pytest.mark.parametrize("name", ["postfix", "exim", "exim-old", "exchange", "qmail", "yandex", "mailru", "no-copy"])
def test_each_servers_report_is_understood_as_the_server_gives_it_back(
    mailbox: Dovecot, message: Message, name: str
) -> None:
    mailbox.put(raw(name), folder="Reports")
    work.read_mailbox()
    assert addresses.suspended([ANNA]) == {ANNA}


def test_letter_without_a_name_is_known_by_its_words(mailbox: Dovecot) -> None:
    mailbox.put(
        b"From: a@b.example\n\none\n", b"From: a@b.example\n\none\n", b"From: a@b.example\n\ntwo\n", folder="Reports"
    )
    work.read_mailbox()
    assert [uid for uid, *_ in kinds()] == [1, 3]


# ---- each once


def test_second_round_begins_where_the_first_ended(mailbox: Dovecot, message: Message) -> None:
    mailbox.put(raw("postfix"), raw("vacation"), folder="Reports")
    assert [work.read_mailbox() for _ in range(3)] == [2, 0, 0]
    mailbox.put(raw("from-a-customer"), folder="Reports")
    assert work.read_mailbox() == 1
    assert Mailbox.get().last_uid == 3


def test_server_that_counts_anew_is_read_from_the_beginning_and_nothing_counts_twice(
    mailbox: Dovecot, message: Message
) -> None:
    mailbox.put(raw("full-mailbox"), folder="Reports")
    work.read_mailbox()
    first = Mailbox.get().validity
    mailbox.empty()
    mailbox.put(raw("full-mailbox"), raw("vacation"), folder="Reports")
    assert work.read_mailbox() == 1
    after = Mailbox.get()
    assert (after.validity != first, after.last_uid) == (True, 2)
    assert mailbox.unread() == []


def test_same_report_under_many_names_is_one_letter_of_three(mailbox: Dovecot, message: Message) -> None:
    mailbox.put(*(numbered("full-mailbox", n) for n in range(1, 6)), folder="Reports")
    assert work.read_mailbox() == 5
    assert not Suspension.select().exists()
    assert [outcome for *_, outcome in kinds()] == ["learnt", *["repeated"] * 4]


def test_several_rounds_at_once_deal_with_each_letter_once(mailbox: Dovecot, message: Message) -> None:
    mailbox.put(*(numbered("full-mailbox", n) for n in range(1, 9)), folder="Reports")
    counts: list[int] = []
    assert at_once(4, lambda _: counts.append(work.read_mailbox())) == [None] * 4
    assert sum(counts) == 8
    assert len(kinds()) == 8 and Mailbox.get().last_uid == 8


def test_round_that_was_killed_before_the_flag_changes_nothing_twice(
    mailbox: Dovecot, message: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox.put(raw("postfix"), folder="Reports")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Folder, "mark_read", killed)
        with pytest.raises(KeyboardInterrupt):
            work.read_mailbox()
    assert Message.get().state == BOUNCED  # committed before the flag
    addresses.restore(ANNA, "staff:3")
    assert work.read_mailbox() == 0
    assert not addresses.suspended([ANNA])


# ---- what breaks


@pytest.mark.parametrize(
    "letter",
    [
        b"\n",
        b"Subject: only\n\n",
        b"\xff\xfe\xfd: x\n\n\x80",
        b"Content-Type: multipart/report; boundary=x\n\n--x\nContent-Type: message/delivery-status\n\n\xff\n",
        b"Content-Type: multipart/mixed; boundary=x\n\n"
        + b"--x\nContent-Type: multipart/mixed; boundary=x\n\n" * 2_000,
        b"From: mailer-daemon@x\n\n" + b"550 " * 200_000,
    ],
)
def test_broken_letter_never_stops_the_others(mailbox: Dovecot, message: Message, letter: bytes) -> None:
    mailbox.put(letter, raw("postfix"), folder="Reports")
    assert work.read_mailbox() == 2
    assert addresses.suspended([ANNA]) == {ANNA}


def test_letter_that_trips_ourselves_is_noted_and_skipped(
    mailbox: Dovecot, message: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox.put(raw("full-mailbox"), raw("vacation"), folder="Reports")

    def trips(_: object) -> str:
        raise LookupError

    monkeypatch.setattr(bounces, "learn", trips)
    assert work.read_mailbox() == 2
    assert kinds() == [(1, "broken", ""), (2, "auto-reply", "")]
    assert Message.get().state == SENT


def test_letter_that_ends_the_process_each_time_is_left_unread_in_the_end(
    mailbox: Dovecot, message: Message, monkeypatch: pytest.MonkeyPatch, at: Callable[[str], Any]
) -> None:
    mailbox.put(raw("vacation"), raw("postfix"), folder="Reports")
    read = dsn.read

    def killed(body: bytes) -> dsn.Read:
        if body == raw("vacation").replace(b"\n", b"\r\n"):
            raise KeyboardInterrupt
        return read(body)

    monkeypatch.setattr(dsn, "read", killed)
    for minute in ("00", "02", "04"):
        at(f"2026-11-20T11:{minute}")
        for _ in range(3):  # at once again, or another process meanwhile: that is no try of its own
            with pytest.raises(KeyboardInterrupt):
                work.read_mailbox()
    at("2026-11-20T11:06")
    assert work.read_mailbox() == 2
    assert kinds() == [(1, "broken", ""), (2, "report", "learnt")]


def test_letter_that_could_not_be_noted_is_read_however_often_that_was(
    mailbox: Dovecot, message: Message, monkeypatch: pytest.MonkeyPatch, at: Callable[[str], Any]
) -> None:
    mailbox.put(raw("postfix"), folder="Reports")

    def locked(*_: object) -> bool:
        raise OperationalError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(incoming, "take", locked)
        for minute in range(0, 20, 2):
            at(f"2026-11-20T11:{minute:02}")
            with pytest.raises(OperationalError):
                work.read_mailbox()
    at("2026-11-20T11:30")
    assert work.read_mailbox() == 1
    assert kinds() == [(1, "report", "learnt")]


def test_database_that_does_not_answer_ends_the_round_and_loses_no_letter(
    mailbox: Dovecot, message: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox.put(raw("postfix"), folder="Reports")

    def locked(*_: object) -> bool:
        raise OperationalError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(incoming, "take", locked)
        with pytest.raises(OperationalError):
            work.read_mailbox()
    assert mailbox.unread() == [1]
    assert work.read_mailbox() == 1
    assert addresses.suspended([ANNA]) == {ANNA}


def test_round_ends_in_time_and_the_next_goes_on(
    mailbox: Dovecot, message: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox.put(*(numbered("vacation", n).replace(b"vac1@", b"vac%d@" % n) for n in range(3)), folder="Reports")
    monkeypatch.setattr(work, "ROUND", -1)
    assert [work.read_mailbox() for _ in range(4)] == [1, 1, 1, 0]


def test_long_gaps_between_numbers_are_walked_in_steps(
    mailbox: Dovecot, monkeypatch: pytest.MonkeyPatch, message: Message
) -> None:
    mailbox.put(*(numbered("vacation", n).replace(b"vac1@", b"vac%d@" % n) for n in range(7)), folder="Reports")
    with mailbox.opened() as other:
        other.select("Reports")
        other.store("2:5", "+FLAGS", "\\Deleted")
        other.expunge()
    monkeypatch.setattr(imap, "AT_ONCE", 2)
    assert work.read_mailbox() == 3
    assert Mailbox.get().last_uid == 7


@pytest.mark.parametrize("fault", ["password", "folder", "nobody", "silence", "cut"])
def test_server_that_fails_is_noted_and_asked_again(
    mailbox: Dovecot, message: Message, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr(imap, "TIMEOUT", 0.5)
    with Faulty(mailbox, fault) as server:
        monkeypatch.setattr(work, "_mailbox", server)
        assert work.read_mailbox() == 0
    assert Mailbox.get().error
    monkeypatch.setattr(work, "_mailbox", mailbox.server("Reports"))
    mailbox.put(raw("postfix"), folder="Reports")
    assert work.read_mailbox() == 1
    assert Mailbox.get(Mailbox.folder.endswith("/Reports"), Mailbox.last_uid > 0).error == ""


class Faulty:
    """A server that fails in one way."""

    def __init__(self, mailbox: Dovecot, fault: str):
        self.mailbox, self.fault = mailbox, fault
        self.listener = socket.create_server(("127.0.0.1", 0))

    def __enter__(self) -> MailServer:
        if self.fault == "password":
            return self.mailbox.server("Reports", password="wrong")
        if self.fault == "folder":
            return self.mailbox.server("Нет такой")
        port = self.listener.getsockname()[1]
        if self.fault == "nobody":
            self.listener.close()
        if self.fault == "cut":
            threading.Thread(target=self._cut, daemon=True).start()
        return MailServer("127.0.0.1", port, "user", "password", NEVER, "INBOX")

    def __exit__(self, *_: object) -> None:
        self.listener.close()

    def _cut(self) -> None:
        peer, _ = self.listener.accept()
        peer.sendall(b"* OK ready\r\n")
        peer.recv(100)
        peer.close()


def test_portal_without_a_mailbox_reads_none(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "_mailbox", None)
    assert work.read_mailbox() == 0
    assert not Mailbox.select().exists()


# ---- the gateway


def test_certificate_must_be_of_somebody_we_trust(dovecot: Dovecot) -> None:
    with pytest.raises(Unreachable), Folder(dovecot.server(tls=True)):
        pass
    ours = ssl.create_default_context(cafile=dovecot.certificate)
    with Folder(dovecot.server(tls=True), context=ours) as folder:
        assert folder.validity > 0


def test_password_is_in_no_message_of_a_failure(dovecot: Dovecot) -> None:
    with pytest.raises(Unreachable) as caught, Folder(dovecot.server(password="a-secret")):
        pass
    assert "a-secret" not in str(caught.value) + repr(dovecot.server(password="a-secret"))


def test_folder_may_have_any_name(mailbox: Dovecot) -> None:
    with mailbox.opened() as other:
        other.create(imap._quoted(imap._utf7("Отчёты & «дом»")))
    with Folder(mailbox.server("Отчёты & «дом»")) as folder:
        assert folder.next_uid == 1


def test_server_that_knows_no_plain_is_entered_by_login(dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Folder, "_connect", _without_capabilities(Folder._connect))
    with Folder(dovecot.server(user=READER)) as folder:
        assert folder.validity > 0


def _without_capabilities(connect: Callable[[Folder], Any]) -> Callable[[Folder], Any]:
    def connected(folder: Folder) -> Any:
        opened = connect(folder)
        opened.capabilities = ()
        return opened

    return connected


def test_beginning_of_a_letter_is_enough(mailbox: Dovecot) -> None:
    mailbox.put(b"Subject: long\n\n" + b"x" * 500_000, folder="Reports")
    with Folder(mailbox.server("Reports")) as folder:
        assert len(folder.fetch(1, 1_000) or b"") == 1_000
        assert folder.fetch(2, 1_000) is None
