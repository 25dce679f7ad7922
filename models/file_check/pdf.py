"""A PDF read through for what acts when it is opened: scripts, programs, other files. Nothing is drawn.

The names of such things stand in the file itself or in its packed object streams. A reader of PDFs may begin an object wherever
`1 0 obj` stands, so each such place is read, whatever the file's own table of objects says; what cannot be read is not taken.
"""

from __future__ import annotations

import re
import zlib
from typing import BinaryIO

from models.file_check.pictures import Unfit

MOST_UNPACKED = 64 * 1024 * 1024  # bytes of all object streams together
_CHUNK = 4096  # bytes unpacked first, then twice as many each time
_END = b"%%EOF"
_AFTER_NAME = rb"(?=[\s/<>\[\]()%{}\x00]|$)"
_ESCAPED = re.compile(rb"#([0-9a-fA-F]{2})")
_ACTS = re.compile(
    rb"/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia|Rendition|Movie|Sound|GoToE|GoToR|ImportData|SubmitForm|XFA)"
    + _AFTER_NAME
)
_LOCKED = re.compile(rb"/Encrypt" + _AFTER_NAME)
# What makes a stream one of objects: no reader unpacks objects without it, while some do without /Type /ObjStm.
_HOLDS_OBJECTS = re.compile(rb"/(?:First|ObjStm)" + _AFTER_NAME)
# How programs write the dictionary of such a stream, with its blanks made one; in any other a reader may find what we do not.
_USUAL = re.compile(
    rb"<<(?: ?/(?:Type ?/ObjStm|(?:N|First|Length|Extends) [0-9]+(?: [0-9]+ R)?"
    rb"|Filter ?(?:/FlateDecode|\[ ?/FlateDecode ?\])))* ?>>"
)
_BLANKS = re.compile(rb"[\x00\t\n\f\r ]+")
_OBJECT = re.compile(rb"(?<=[0-9\x00\t\n\f\r ])obj[\x00\t\n\f\r ]*+(<<|%)")
_TOKEN = re.compile(rb"<<|>>|[\[\](]|<[0-9a-fA-F\s\x00]*>|%[^\r\n]*|[^\[\]()<>%{}]+")
_IN_STRING = re.compile(rb"[()]|\\.|[^()\\]+", re.DOTALL)
_STREAM = re.compile(rb"[\x00\t\n\f\r ]*+(%|stream(?:[ \t]*(\r\n|\n|\r))?)")
_OPENS = {b"<<": b">>", b"[": b"]"}
_ZIP_END = b"PK\x05\x06"
_ZIP_COMMENT = 1 << 17


def look(source: BinaryIO, target: BinaryIO) -> None:
    """Copy the file up to its last end mark. Raises Unfit: locked, acts, broken, large."""
    whole = source.read()
    end = whole.rfind(_END)
    if not whole.startswith(b"%PDF-") or end < 0:
        raise Unfit("broken")
    whole = whole[: end + len(_END)]
    if _ZIP_END in whole[-_ZIP_COMMENT:]:
        raise Unfit("broken")
    plain = _spelt_out(whole)
    if _LOCKED.search(plain):
        raise Unfit("locked")
    if _ACTS.search(plain):
        raise Unfit("acts")
    _look_into_streams(whole)
    target.write(whole + b"\n")


def _look_into_streams(whole: bytes) -> None:
    left, end = MOST_UNPACKED, 0
    for found in _OBJECT.finditer(whole):
        start = found.start(1)
        if (
            found[1] == b"%" or start < end
        ):  # a comment before the object, an object inside another: no program writes so
            raise Unfit("broken")
        end = _end_of_dictionary(whole, start)
        words = _spelt_out(whole[start:end])
        stream = _STREAM.match(whole, end)
        if stream is None or not _HOLDS_OBJECTS.search(words):
            continue
        if stream[2] is None:
            raise Unfit("broken")
        objects = _unpacked(whole, stream.end(), words, left)
        left -= len(objects)
        if _ACTS.search(_spelt_out(objects)):
            raise Unfit("acts")


def _end_of_dictionary(whole: bytes, start: int) -> int:
    """Where the dictionary that begins there ends. Raises Unfit where readers could disagree: brackets that do not match."""
    open_ones: list[bytes] = []
    place = start
    while token := _TOKEN.match(whole, place):
        place = token.end()
        if token[0] in _OPENS:
            open_ones.append(_OPENS[token[0]])
        elif token[0] == b"(":
            place = _end_of_string(whole, place)
        elif token[0] in (b">>", b"]"):
            if open_ones.pop() != token[0]:
                break
            if not open_ones:
                return place
    raise Unfit("broken")


def _end_of_string(whole: bytes, start: int) -> int:
    depth, place = 1, start
    while depth and (part := _IN_STRING.match(whole, place)):
        place = part.end()
        depth += {b"(": 1, b")": -1}.get(part[0], 0)
    if depth:
        raise Unfit("broken")
    return place


def _unpacked(whole: bytes, start: int, words: bytes, left: int) -> bytes:
    """The objects of a packed stream; those of one that is not packed were looked at with the file. Raises Unfit: broken, large."""
    if not _USUAL.fullmatch(_BLANKS.sub(b" ", words)):
        raise Unfit("broken")
    if b"/Filter" not in words:
        return b""
    unpacking, objects, place, size = zlib.decompressobj(), bytearray(), start, _CHUNK
    try:
        while not unpacking.eof and place < len(whole):
            objects += unpacking.decompress(whole[place : place + size], left + 1 - len(objects))
            if len(objects) > left:
                raise Unfit("large")
            place, size = place + size, 2 * size
    except zlib.error as error:
        raise Unfit("broken") from error
    return bytes(objects)


def _spelt_out(text: bytes) -> bytes:
    """Names without their escapes: /J#61vaScript is /JavaScript."""
    return _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), text)
