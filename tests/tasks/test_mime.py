"""A letter as a MIME message that any mail program reads."""

from __future__ import annotations

import email
import email.policy
from datetime import datetime
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks import mime
from tasks.attachments import Attachment
from tasks.letters import Letter, flowed

pytestmark = pytest.mark.feature("M14")
ID = "<0123456789abcdef0123456789abcdef@eniseisbyt.example>"
LETTER = Letter(
    "Показание не принято: счётчик № 1234567890, лицевой счёт 241010000054",
    "Здравствуйте!\n\nПоказание не принято, потому что оно меньше прежнего. " * 3 + "\n\nhttps://lk.example.ru/r/abc\n",
    "<!doctype html><html lang=ru><p>Здравствуйте!</p>" + "<p>Показание не принято.</p>" * 20 + "</html>",
)


def compose(letter: Letter = LETTER, **changes: Any) -> bytes:
    given = {
        "message_id": ID,
        "sender": ("Енисейэнергосбыт", "no-reply@eniseisbyt.example"),
        "to": "anna@example.ru",
        "written": datetime(2026, 11, 20, 3, 0),
    }
    return mime.compose(letter, **(given | changes))


def read(body: bytes) -> EmailMessage:
    return email.message_from_bytes(body, _class=EmailMessage, policy=email.policy.default)  # type: ignore[arg-type]


def test_headers() -> None:
    message = read(compose())
    assert message["From"].addresses[0].display_name == "Енисейэнергосбыт"
    assert message["From"].addresses[0].addr_spec == message["X-Loop"] == "no-reply@eniseisbyt.example"
    assert message["To"] == "anna@example.ru" and message["Subject"] == LETTER.subject
    assert message["Message-ID"] == ID and message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime.isoformat() == "2026-11-20T03:00:00+00:00"
    assert "Precedence" not in message and "List-Unsubscribe" not in message


def test_text_and_page() -> None:
    message = read(compose())
    assert message.get_content_type() == "multipart/alternative"
    text, page = message.iter_parts()
    assert (text.get_content_type(), text.get_param("format")) == ("text/plain", "flowed")
    assert text.get_content().replace("\r\n", "\n").rstrip() == flowed(LETTER.text).rstrip()
    assert page.get_content_type() == "text/html" and page.get_content().rstrip() == LETTER.html
    assert not message.defects and not text.defects and not page.defects


def test_lines_are_short_and_plain() -> None:
    body = compose(way_out=f"https://lk.example.ru/unsubscribe/{'a' * 60}")
    assert body.isascii() and body.endswith(b"\r\n")
    lines = body.split(b"\r\n")
    assert max(len(line) for line in lines if not line.startswith((b" <http", b"List-Unsubscribe: "))) <= 76
    assert not [line for line in lines if b"\n" in line or b"\r" in line]


def test_way_out_of_a_letter_is_one_click() -> None:
    link = f"https://lk.example.ru/unsubscribe/{'a' * 120}"
    message = read(compose(way_out=link))
    assert "".join(message["List-Unsubscribe"].split()) == f"<{link}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_each_try_gives_the_same_bytes() -> None:
    files = [Attachment("a.pdf", "application/pdf", b"%PDF" * 100)]
    assert compose(files=files) == compose(files=files)


def test_attachment_with_a_russian_name() -> None:
    body = bytes(range(256)) * 100
    message = read(compose(files=[Attachment("Счёт 241010000054 октябрь.pdf", "application/pdf", body)]))
    assert message.get_content_type() == "multipart/mixed"
    (file,) = message.iter_attachments()
    assert (file.get_filename(), file.get_content_type()) == ("Счёт 241010000054 октябрь.pdf", "application/pdf")
    assert file.get_content() == body
    assert message.get_body(("plain",)) is not None and message.get_body(("html",)) is not None


@pytest.mark.parametrize(
    "change",
    [
        {"to": "anna@example.ru\r\nBcc: all@example.ru"},
        {"to": "anna@example.ru\nBcc: all@example.ru"},
        {"way_out": "https://x/\r\nX: y"},
        {"message_id": "<1@x>\r\nX: y"},
        {"sender": ("Имя\r\nX: y", "no-reply@x")},
        {"sender": ("Имя", "no-reply@x\r\nX: y")},
        {"letter": LETTER._replace(subject="Тема\r\nBcc: all@example.ru")},
        {"letter": LETTER._replace(subject="Subject\u2028X: y")},
        {"letter": LETTER._replace(subject="\x85")},
        {"files": [Attachment("a\r\nb.pdf", "application/pdf", b"")]},
    ],
)
def test_line_break_in_a_header_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="header"):
        compose(**change)


@given(st.text(min_size=1, max_size=200), st.text(max_size=500))
def test_any_words_come_out_as_they_went_in_or_are_refused(subject: str, text: str) -> None:
    subject = " ".join(subject.split())
    try:
        body = compose(Letter(subject, text, f"<p>{len(text)}</p>"))
    except ValueError:
        return
    message = read(body)
    assert message["Message-ID"] == ID and message.keys().count("Subject") == 1
    assert str(message["Subject"]).split() == subject.split()
    assert max(map(len, body.split(b"\r\n"))) <= 78


@pytest.mark.parametrize("name", ["Energo, LLC", "E.On", 'The "Light" \\ Co', "Енисейсбыт, ПАО", "Light"])
def test_name_of_the_company_is_one_name_whatever_it_has_in_it(name: str) -> None:
    (one,) = read(compose(sender=(name, "lk@eniseisbyt.example")))["From"].addresses
    assert (one.display_name, one.addr_spec) == (name, "lk@eniseisbyt.example")


def test_domain_is_written_as_dns_does() -> None:
    assert b"<lk@xn--80a1acny.xn--p1ai>\r\n" in compose(sender=("Свет", "lk@почта.рф"))
    assert b"To: anna@xn--strae-oqa.de\r\n" in compose(to="anna@straße.de")
    assert b"To: anna@xn--80a1acny.xn--p1ai\r\n" in compose(to="anna@почта.рф")
    assert "To: анна@xn--80a1acny.xn--p1ai\r\n".encode() in compose(to="анна@почта.рф")


def test_reports_come_to_an_address_of_the_message() -> None:
    found = mime.verp("bounces@eniseisbyt.example", ID)
    assert found == "bounces+0123456789abcdef0123456789abcdef@eniseisbyt.example"
    assert len(found.partition("@")[0]) <= 64  # what SMTP allows
