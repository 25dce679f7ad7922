"""Reading what mail servers write back: reports of delivery (RFC 3464, and the free texts of older servers), automatic replies.

A letter from outside may be anything. Whatever it is, an answer comes in time proportional to its length, and none is believed
here: `models/contact/bounces.py` asks for our own marks in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from typing import NamedTuple

from models.contact.bounces import DELAYED, FAILED, Bounce
from models.contact.incoming import AUTO_REPLY, BROKEN, OTHER, REPORT

LONGEST = 300_000  # bytes looked at: what matters of a report comes first, then a copy of the letter with its papers
MOST_LINES = 20_000
MOST_BOXES = 20  # parts within parts; a real report has two or three
MOST_RECIPIENTS = 100
LONGEST_LINE = 2_000  # bytes; the standard allows 998
LONGEST_TYPE = 1_000  # bytes of a Content-Type: the standard parser takes the square of its length in time
LONGEST_WORDS = 50_000  # characters of what a mail system says in its own words

_TYPE = re.compile(rb"(?im)^(content-type:)([^\n]*(?:\n[ \t][^\n]*)*)")
_STATUS_PARTS = ("text/x-delivery-status", "text/x-global-delivery-status")
_COPIES = ("text/x-rfc822", "text/rfc822-headers", "text/x-rfc822-headers", "text/x-global", "text/x-global-headers")
_FIELDS = ("original-recipient", "final-recipient", "action", "status", "diagnostic-code")

_ADDRESS = re.compile(r"[^\s<>;,:\"()\[\]]{1,64}@[^\s<>;,:\"()\[\]]{1,255}")
_CODE = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])")
_BARE_CODE = re.compile(r"(?<![\d.])([45])\d\d(?![\d.])")
_MESSAGE_ID = re.compile(r"(?im)^message-id:\s{0,20}(<[^<>\s]{1,250}>)")
_OURS = re.compile(r"<[0-9a-f]{32}@[^<>\s]{1,200}>")
_TOKEN = re.compile(r"\+([0-9a-f]{32})@")
_ENVELOPE = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to")
_DAEMON = re.compile(
    r"(?i)(mailer-daemon|postmaster|mail-daemon|mailerdaemon|mdaemon)@|^\s*(mailer-daemon|postmaster)\s*$"
)
_NOBODY = re.compile(r"(?i)(mailer-daemon|postmaster|no-?reply)@")
_COPY_BEGINS = re.compile(
    r"(?im)^--.*(copy of|below this line|original message|message header|исходн)|^return-path:|^received:"
)
_QMAIL, _EXIM = re.compile(r"(?m)^<([^<>\s]{1,320})>:"), re.compile(r"(?m)^[ \t]{1,8}([^\s@]{1,64}@\S{1,255})[ \t]*$")
_STILL_TRYING = re.compile(
    r"(?i)\bdelayed\b|\bwarning\b|will (be (retried|attempted|tried)|keep|continue)|still trying|not yet been delivered|задерж"
)
_GIVEN_UP = re.compile(
    r"(?i)could not be delivered|undeliver|failed|failure|giv\w{1,4} up|permanent|returned|не доставлен|невозможно доставить"
)


class Read(NamedTuple):
    """What a letter is (REPORT, AUTO_REPLY, OTHER, BROKEN), what it calls itself, and what a report reports."""

    kind: str
    message_id: str
    bounces: tuple[Bounce, ...] = ()


def read(raw: bytes) -> Read:
    """Never raises, whatever the letter."""
    try:
        return _read(_tamed(raw[:LONGEST]))
    except Exception:  # the standard parser raises whatever it stumbles over
        return Read(BROKEN, "")


def _tamed(raw: bytes) -> bytes:
    """The letter without what the standard parser takes too long over; ValueError for too many parts within parts."""
    lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")[:MOST_LINES]
    tame = _TYPE.sub(_type, b"\n".join(line[:LONGEST_LINE] for line in lines))
    if tame.count(b": multipart/") > MOST_BOXES:
        raise ValueError
    return tame


def _type(header: re.Match[bytes]) -> bytes:
    """A Content-Type as the parser is to see it.

    It takes a report's fields for headers and a copy of a letter for a letter, encodings forgotten. As plain parts they are
    decoded like any other.
    """
    kind, slash, rest = header[2].strip(b"\x00\t\n\v\f\r\x1c\x1d\x1e\x1f ")[:LONGEST_TYPE].partition(b"/")
    kind = kind.lower()
    return header[1] + b" " + (b"text/x-" if kind == b"message" else kind + slash) + rest


def _read(raw: bytes) -> Read:
    letter = BytesParser(policy=compat32).parsebytes(raw)
    message_id = _first(re.findall(r"<[^<>\s]{1,250}>", _header(letter, "message-id")))
    leaves = [part for part in letter.walk() if not part.is_multipart()]
    if bounces := _by_fields(letter, leaves) or _by_text(letter, leaves):
        return Read(REPORT, message_id, tuple(bounces[:MOST_RECIPIENTS]))
    if not letter.keys():
        return Read(BROKEN, message_id)
    return Read(AUTO_REPLY if _is_automatic(letter) else OTHER, message_id)


# ---- a report in fields


def _by_fields(letter: Message, leaves: list[Message]) -> list[Bounce]:
    status = next((part for part in leaves if part.get_content_type() in _STATUS_PARTS), None)
    if status is None:
        return []
    message_id, token = _letter_meant(letter, leaves), _token(letter)
    return [_bounce(group, message_id, token) for group in _recipients(_text(status))]


def _recipients(text: str) -> Iterator[dict[str, str]]:
    """The fields of each recipient, whether or not the blank lines stand where they should."""
    group: dict[str, str] = {}
    for line in re.sub(r"\r?\n[ \t]+(?=\S)", " ", text).splitlines():
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        is_whole = "action" in group and ("final-recipient" in group or "original-recipient" in group)
        if (not line.strip() and is_whole) or (name in group and colon):
            yield group
            group = {}
        if colon and name in _FIELDS:
            group[name] = value.strip()
    if group:
        yield group


def _bounce(group: dict[str, str], message_id: str, token: str) -> Bounce:
    said = " ".join(group.get("diagnostic-code", "").split())
    said = re.sub(r"(?i)^(smtp|x-[\w-]+)\s*;\s*", "", said)
    status = _code(group.get("status", ""))
    if not status or status.endswith(".0.0"):
        status = _code(said) or status
    return Bounce(
        message_id=message_id or None,
        recipient=_address(group.get("final-recipient", "")),
        action=_action(group.get("action", ""), status, said),
        status=status,
        diagnostic=said[:1000],
        token=token,
        original=_address(group.get("original-recipient", "")),
    )


def _action(word: str, status: str, said: str) -> str:
    first = _first(word.lower().split())
    if first.startswith("fail"):
        return FAILED
    if first.startswith("delay"):
        return DELAYED
    if first:
        return first[:20]
    is_final = status.startswith("5") or (not status and not _first(_BARE_CODE.findall(said)).startswith("4"))
    return FAILED if is_final else DELAYED


# ---- a report in words


def _by_text(letter: Message, leaves: list[Message]) -> list[Bounce]:
    """qmail, older Exim and home-made ones: a letter of the mail system that tells an address and a code."""
    named = _first(_ADDRESS.findall(_header(letter, "x-failed-recipients")))
    if not named and not _DAEMON.search(_header(letter, "from")):
        return []
    if letter.get_content_type() == "multipart/report" and _kind_of_report(letter) != "delivery-status":
        return []
    words = _words(leaves)
    status, is_delay = _first(_CODE.findall(words)), bool(_STILL_TRYING.search(words))
    if not (named or status or _BARE_CODE.search(words) or _GIVEN_UP.search(words)):
        return []
    is_final = status.startswith("5") or not is_delay
    return [
        Bounce(
            message_id=_letter_meant(letter, leaves) or None,
            recipient=(named or _recipient(words)).lower(),
            action=FAILED if is_final else DELAYED,
            status=status,
            diagnostic=_telling(words),
            token=_token(letter),
        )
    ]


def _words(leaves: list[Message]) -> str:
    """What the mail system says itself, without the copy of the letter."""
    told = next((part for part in leaves if part.get_content_type() == "text/plain"), None)
    told = told or next((part for part in leaves if part.get_content_type() == "text/html"), None)
    if told is None:
        return ""
    text = _text(told)[:LONGEST_WORDS]
    if told.get_content_type() == "text/html":
        text = re.sub(r"<[^<>]{0,500}>", " ", re.sub(r"<([^<>\s]{1,64}@[^<>\s]{1,255})>", r"\1", text))
    copy = _COPY_BEGINS.search(text)
    return text[: copy.start()] if copy else text


def _recipient(words: str) -> str:
    for found in (_QMAIL.findall(words), _EXIM.findall(words), _ADDRESS.findall(words)):
        for one in found:
            address = _address(one)
            if address and not _NOBODY.search(address):
                return address
    return ""


def _telling(words: str) -> str:
    """The line with the code, and the next: servers break them."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    for i, line in enumerate(lines):
        if _CODE.search(line) or _BARE_CODE.search(line):
            return " ".join(lines[i : i + 2])[:1000]
    return " ".join(lines)[:300]


# ---- which letter of ours


def _letter_meant(letter: Message, leaves: list[Message]) -> str:
    """The Message-ID of the returned letter: from its copy, else wherever one of our shape stands."""
    for part in leaves:
        if part.get_content_type() in _COPIES and (found := _MESSAGE_ID.search(_text(part))):
            return found.group(1)
    own = _header(letter, "message-id").strip()
    places = [_header(letter, "in-reply-to"), _header(letter, "references"), *(_text(part) for part in leaves)]
    for text in places:
        for one in _OURS.findall(text):
            if one != own:
                return str(one)
    return ""


def _token(letter: Message) -> str:
    """The mark in the address that the report was sent to: each letter goes out from one of its own."""
    for name in _ENVELOPE:
        for value in letter.get_all(name, []):
            if found := _TOKEN.search(str(value)):
                return found.group(1)
    return ""


# ---- automatic replies


def _is_automatic(letter: Message) -> bool:
    """Never to be answered, and from nobody who waits for an answer (RFC 3834 and what is usual beside it)."""
    automatic = _header(letter, "auto-submitted").strip().lower()
    if automatic and not automatic.startswith("no"):
        return True
    if any(_header(letter, name) for name in ("x-autoreply", "x-autorespond", "list-id", "list-unsubscribe", "x-loop")):
        return True
    if _header(letter, "precedence").strip().lower() in ("bulk", "list", "junk", "auto_reply"):
        return True
    if re.search(r"(?i)\b(all|oof|autoreply)\b", _header(letter, "x-auto-response-suppress")):
        return True
    is_nobodys = _header(letter, "return-path").strip() == "<>" or _NOBODY.search(_header(letter, "from")) is not None
    return is_nobodys or letter.get_content_type() == "multipart/report"


# ---- small things


def _kind_of_report(letter: Message) -> str:
    return str(letter.get_param("report-type", "delivery-status")).lower()


def _header(letter: Message, name: str) -> str:
    return _clean(" ".join(str(value) for value in letter.get_all(name, []))[:5_000])


def _text(part: Message) -> str:
    """A part's text, its encoding undone; the charset that it names may be wrong, or none."""
    body = part.get_payload(decode=True)
    if not isinstance(body, bytes):
        return ""
    for charset in ("utf-8", part.get_content_charset() or "", "cp1251"):
        try:
            return _clean(body.decode(charset))
        except (LookupError, ValueError):
            continue
    return _clean(body.decode("latin-1"))


def _clean(text: str) -> str:
    """Without what a database refuses."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _address(text: str) -> str:
    """The address in a field such as 'rfc822; <anna@example.ru>'."""
    return _first(_ADDRESS.findall(text)).strip(".'").lower()


def _code(text: str) -> str:
    return _first(_CODE.findall(text))


def _first(found: list[str]) -> str:
    return found[0] if found else ""
