"""A letter as a MIME message: bytes that any mail program reads, but for the date the same for each try of one message."""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections.abc import Sequence
from datetime import UTC, datetime
from email.header import Header
from email.utils import encode_rfc2231, format_datetime
from functools import lru_cache

from models.outbox.addresses import ascii_domain
from tasks.attachments import Attachment
from tasks.letters import Letter, flowed

# Written by hand: the email package takes ten times as long, and a mailing has a hundred thousand letters.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_QUOTED = re.compile(r'(["\\])')
_LINE = 76
_LONGEST_HEADER = 900  # of the 998 that a line may have
_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+")


def compose(
    letter: Letter,
    *,
    message_id: str,
    sender: tuple[str, str],
    to: str,
    written: datetime,
    files: Sequence[Attachment] = (),
    way_out: str = "",
) -> bytes:
    """The message with CRLF. `sender` is name and address, `written` naive UTC, `way_out` the address of RFC 8058's one click.

    ValueError for a line break or another control character in a header: whoever put it there wanted a header of their own.
    """
    mark = message_id.strip("<>").partition("@")[0]
    body = _alternatives(letter, f"=_{mark}_a")
    whole = body if not files else _several("mixed", f"=_{mark}_m", [body, *map(_file, files)])
    return b"\r\n".join([*_headers(letter.subject, message_id, sender, to, written, way_out), whole])


def verp(bounces: str, message_id: str) -> str:
    """The envelope's sender of one message: bounces+<hex of its Message-ID>@domain, so that a report tells what it is about."""
    local, _, domain = bounces.rpartition("@")
    return f"{local}+{message_id.strip('<>').partition('@')[0]}@{ascii_domain(domain)}"


def _headers(
    subject: str, message_id: str, sender: tuple[str, str], to: str, written: datetime, way_out: str
) -> list[bytes]:
    name, address = sender
    lines = [
        f"From: {_name(name)}\r\n <{_address(address)}>",
        f"To: {_address(to)}",
        f"Subject: {_words('Subject', subject)}",
        f"Date: {format_datetime(written.replace(tzinfo=UTC))}",
        f"Message-ID: {_plain(message_id)}",
        "Auto-Submitted: auto-generated",
        f"X-Loop: {_address(address)}",
    ]
    if way_out:
        lines += [f"List-Unsubscribe: <{_plain(way_out)}>", "List-Unsubscribe-Post: List-Unsubscribe=One-Click"]
    return [line.encode() for line in (*lines, "MIME-Version: 1.0")]


def _address(address: str) -> str:
    """With the domain as DNS writes it. What is left of letters beyond ASCII goes as UTF-8: the server has said it takes that."""
    local, _, domain = _plain(address).rpartition("@")
    return f"{local}@{ascii_domain(domain)}"


def _name(name: str) -> str:
    """Whom a letter is from; quoted where a comma or a dot would end it."""
    if not name.isascii():
        return _words("From", name)
    quoted = _QUOTED.sub(r"\\\1", _plain(name))
    return f'"{quoted}"'


@lru_cache(maxsize=256)
def _words(name: str, text: str) -> str:
    """Any words, in pieces of RFC 2047 where they are not plain ASCII."""
    charset = "us-ascii" if text.isascii() else "utf-8"
    return Header(_plain(text), charset, maxlinelen=_LINE, header_name=name).encode(linesep="\r\n")


def _plain(text: str) -> str:
    if _CONTROLS.search(text) or len(text) > _LONGEST_HEADER:
        raise ValueError("a header of the letter has a line break, a control character or no end")
    return text


def _alternatives(letter: Letter, boundary: str) -> bytes:
    """The text first, the page last: programs show the last that they can."""
    text = _part('text/plain; charset="utf-8"; format="flowed"', _crlf(flowed(letter.text)))
    return _several("alternative", boundary, [text, _part('text/html; charset="utf-8"', _crlf(letter.html))])


def _file(file: Attachment) -> bytes:
    if not _TYPE.fullmatch(file.kind):
        raise ValueError(f"an attachment of the type {file.kind}")
    name = _plain(file.name)
    told = (
        f'filename="{name}"'
        if re.fullmatch(r"[\w .-]+", name, re.ASCII)
        else f"filename*={encode_rfc2231(name, 'utf-8')}"
    )
    return _part(file.kind, file.body, f"Content-Disposition: attachment;\r\n {told}\r\n")


def _several(kind: str, boundary: str, parts: Sequence[bytes]) -> bytes:
    head = f'Content-Type: multipart/{kind};\r\n boundary="{boundary}"\r\n'.encode()
    between = f"\r\n--{boundary}".encode()
    return b"".join([head, *(piece for part in parts for piece in (between, b"\r\n", part)), between, b"--\r\n"])


def _part(kind: str, body: bytes, headers: str = "") -> bytes:
    head = f"Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n{headers}"
    packed = b2a_base64(body, newline=False)
    return b"\r\n".join([head.encode(), *(packed[i : i + _LINE] for i in range(0, len(packed), _LINE)), b""])


def _crlf(text: str) -> bytes:
    """In base64 the lines inside are the sender's to end as mail does."""
    return "\r\n".join([*text.splitlines(), ""]).encode()
