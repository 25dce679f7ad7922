"""Reading reports: a corpus of the shapes in which mail servers write them, and whatever else may come."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks import dsn

REPORTS = Path(__file__).resolve().parents[1] / "cases" / "reports"
HEX = "0123456789abcdef0123456789abcdef"
OURS = f"<{HEX}@eniseisbyt.example>"
ANNA = "anna@example.ru"
NAMES = sorted(path.stem for path in REPORTS.glob("*.eml"))


def raw(name: str) -> bytes:
    return (REPORTS / f"{name}.eml").read_bytes()


@pytest.mark.parametrize(
    ("name", "action", "status", "said"),
    [
        ("postfix", "failed", "5.1.1", "User unknown"),
        ("postfix-delayed", "delayed", "4.4.1", "timed out"),
        ("postfix-expired", "failed", "4.4.1", "timed out"),
        ("full-mailbox", "failed", "5.2.2", "size limit"),
        ("exim", "failed", "5.1.1", "does not exist"),
        ("exim-old", "failed", "5.1.1", "No such user"),
        ("exim-delayed", "delayed", "4.7.1", "Greylisting"),
        ("exchange", "failed", "5.1.10", "RecipientNotFound"),
        ("qmail", "failed", "5.1.1", "unknown user"),
        ("yandex", "failed", "5.7.1", "No such user!"),
        ("mailru", "failed", "", "User not found"),
        ("status-in-base64", "failed", "5.1.1", "user unknown"),
        ("no-action", "failed", "", "mailbox unavailable"),
        ("cut-short", "failed", "5.1.1", "User unknown"),
        ("eight-bit-headers", "failed", "5.1.1", "Нет такого ящика"),
    ],
)
def test_report_tells_whom_what_and_why(name: str, action: str, status: str, said: str) -> None:
    read = dsn.read(raw(name))
    (one,) = read.bounces
    assert (read.kind, one.recipient, one.action, one.status) == ("report", ANNA, action, status)
    assert said in one.diagnostic


@pytest.mark.parametrize("name", [name for name in NAMES if dsn.read(raw(name)).kind == "report"])
def test_letter_meant_is_found_by_its_copy_or_by_the_address_of_the_envelope(name: str) -> None:
    for one in dsn.read(raw(name)).bounces:
        assert one.token == HEX
        assert one.message_id == (OURS if name not in ("no-copy", "cut-short", "exim-delayed") else None)


def test_own_message_id_of_a_report_is_not_taken_for_the_letters() -> None:
    body = raw("postfix").replace(b"<20261120030005.4Xabc@mx.eniseisbyt.example>", b"<" + b"f" * 32 + b"@x.example>")
    read = dsn.read(body)
    assert read.message_id == f"<{'f' * 32}@x.example>"
    assert read.bounces[0].message_id == OURS


def test_recipients_of_one_report_are_told_apart() -> None:
    assert [(one.recipient, one.action, one.status) for one in dsn.read(raw("several-recipients")).bounces] == [
        ("boris@example.ru", "failed", "5.2.2"),
        (ANNA, "failed", "5.1.1"),
        ("vera@example.ru", "relayed", "2.0.0"),
    ]


def test_blank_lines_may_stand_where_they_like() -> None:
    assert [(one.recipient, one.action, one.status) for one in dsn.read(raw("no-blank-lines")).bounces] == [
        (ANNA, "failed", "5.1.1"),
        ("vera@example.ru", "delivered", "2.1.5"),
    ]


def test_recipient_before_forwarding_is_kept() -> None:
    (one,) = dsn.read(raw("forwarded")).bounces
    assert (one.original, one.recipient) == (ANNA, "anna.ivanova@elsewhere.example")


def test_international_report_is_read() -> None:
    (one,) = dsn.read(raw("international")).bounces
    assert (one.recipient, one.status) == ("анна@почта.рф", "5.1.1")
    assert "Нет такого пользователя" in one.diagnostic


@pytest.mark.parametrize("name", ["vacation", "vacation-outlook", "mailing-list", "receipt-of-reading", "complaint"])
def test_automatic_letter_is_no_report(name: str) -> None:
    assert dsn.read(raw(name))[::2] == ("auto-reply", ())


def test_letter_of_a_customer_is_no_report_whatever_it_quotes() -> None:
    read = dsn.read(raw("from-a-customer"))
    assert (read.kind, read.bounces, read.message_id) == ("other", (), "<hello1@example.ru>")


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-generated",
        "Return-Path: <>",
        "From: noreply@shop.example",
        "Precedence: list",
        "List-Unsubscribe: <mailto:x@y.example>",
        "X-Auto-Response-Suppress: All",
        "X-Autoreply: yes",
        "X-Autorespond: yes",
        "X-Loop: lk@eniseisbyt.example",
    ],
)
def test_each_mark_of_an_automatic_letter_is_known(header: str) -> None:
    assert dsn.read(f"{header}\nSubject: hello\nMessage-ID: <a@b.example>\n\nhello\n".encode()).kind == "auto-reply"


def test_letter_that_says_it_is_not_automatic_is_a_persons() -> None:
    assert dsn.read(b"From: anna@example.ru\nAuto-Submitted: no\n\nhello\n").kind == "other"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00" * 10_000,
        b"Content-Type: multipart/report; boundary=x\n" * 2_000,
        b"Content-Type: multipart/mixed; boundary=x\n\n"
        + b"--x\nContent-Type: multipart/mixed; boundary=x\n\n" * 5_000,
        b"Content-Type: message/rfc822\n\n" * 20_000,
        b"From: mailer-daemon@x\n\n" + b"<" * 900_000,
        b"From: mailer-daemon@x\n\n" + b"a@" * 400_000,
        b"From: mailer-daemon@x\nMessage-ID:" + b" " * 500_000 + b"\n\n550",
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=x\n\n--x\n"
        b"Content-Type: message/delivery-status\n\n" + b"Final-Recipient: rfc822; a@b.ru\nAction: failed\n\n" * 20_000,
    ],
)
def test_malice_is_answered_at_once(body: bytes) -> None:
    assert len(dsn.read(body).bounces) <= dsn.MOST_RECIPIENTS


def _said(words: bytes, *more: bytes) -> bytes:
    """A letter of a mail system that says these words, headers more."""
    return b"\n".join([b"From: mailer-daemon@x", *more, b"", words])


def _nested(levels: int, parameter: bytes = b"boundary") -> bytes:
    boxes = (b"Content-Type: multipart/mixed; %s=b%d\n\n--b%d\n" % (parameter, n, n) for n in range(levels))
    return b"".join(boxes) + b"x\n" * 100_000


@pytest.mark.parametrize(
    "body",
    [
        _said(b"-" * 290_000),
        _said((b"-" * 900 + b"\n") * 320),
        _said(b"giv" * 96_000),
        _said(b"LS0t" * 70_000, b"Content-Transfer-Encoding: base64"),
        _said((b"LS0t" * 18 + b"\n") * 4_000, b"Content-Transfer-Encoding: base64"),
        _said((b"Z2l2" * 18 + b"\n") * 4_000, b"Content-Transfer-Encoding: base64"),
        _said((b"  " + b"@" * 330 + b" x\n") * 850),
        _said(b"hi", b'Content-Type: multipart/report; x="' + b";" * 290_000 + b'"; boundary=b'),
        _said(b"hi", b'Content-Type: multipart/report; x="' + b";\n " * 90_000 + b'"; boundary=b'),
        _said(b"--b\n" * 140_000, b"Content-Type: multipart/mixed; boundary=b"),
        _said(b"--b\nContent-Type: message/rfc822\n\n<\n" * 9_000, b"Content-Type: multipart/mixed; boundary=b"),
        _nested(400, b"boundary*0"),
        _nested(400, b"boundary\x1c"),
        _nested(19),
        b"Content-Type:" + b" " * 40 + b"message/rfc822\n\n" * 10_000,
        b"To: \xff\n" * 60_000 + b"\nhi",
        b"\r" * 300_000,
    ],
)
def test_no_letter_takes_longer_than_a_second(body: bytes) -> None:
    began = time.thread_time()
    dsn.read(body)
    assert time.thread_time() - began < 1


@pytest.mark.parametrize("rule", ["-- ", "------", "--- "])
def test_words_of_the_copy_are_not_the_mail_systems(rule: str) -> None:
    words = f"Undelivered to anna@example.ru:\n550 no such user\n\n{rule}Below this line is a copy\n\n5.9.9 vera@example.ru\n"
    (one,) = dsn.read(_said(words.encode())).bounces
    assert (one.recipient, one.status, one.diagnostic.splitlines()) == (ANNA, "", ["550 no such user"])


def test_nothing_in_a_report_is_more_than_a_database_takes() -> None:
    body = raw("postfix").replace(b"User unknown", b"User\x00 unknown \xff\xfe" + b"x" * 5_000)
    (one,) = dsn.read(body).bounces
    assert "\0" not in one.diagnostic and len(one.diagnostic) <= 1_000


@given(st.binary(max_size=4_000))
def test_never_raises_for_any_bytes(body: bytes) -> None:
    assert dsn.read(body).kind in ("report", "auto-reply", "other", "broken")


@given(st.sampled_from(NAMES), st.integers(0, 6_000), st.integers(0, 200), st.binary(max_size=60))
@settings(max_examples=300)
def test_never_raises_for_a_damaged_report(name: str, place: int, length: int, instead: bytes) -> None:
    whole = raw(name)
    read = dsn.read(whole[:place] + instead + whole[place + length :])
    assert read.kind in ("report", "auto-reply", "other", "broken")
    for one in read.bounces:
        assert "\0" not in "".join(str(part) for part in one)
