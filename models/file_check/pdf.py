"""A PDF read through for what acts when it is opened: scripts, programs, files inside. Nothing is drawn.

The names of such things stand in the file itself or in its packed object streams; anything packed otherwise is not taken.
"""

from __future__ import annotations

import re
import zlib
from typing import BinaryIO

from models.file_check.pictures import Unfit

MOST_UNPACKED = 64 * 1024 * 1024  # bytes of all object streams together
_CHUNK = 1 << 20
_END = b"%%EOF"
_ESCAPED = re.compile(rb"#([0-9a-fA-F]{2})")
_ACTS = re.compile(
    rb"/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia|ImportData|SubmitForm|XFA)(?=[\s/<>\[\]()%{}\x00]|$)"
)
_LOCKED = re.compile(rb"/Encrypt(?=[\s/<>\[\]()%{}\x00]|$)")
_STREAM = re.compile(rb"stream\r?\n")
_DICTIONARY = 2048  # bytes before a stream in which its dictionary stands
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
    left = MOST_UNPACKED
    for found in _STREAM.finditer(whole):
        words = _spelt_out(whole[max(0, found.start() - _DICTIONARY) : found.start()])
        words = words[words.rfind(b"endobj") + 1 :]
        if b"/ObjStm" in words:
            objects = _unpacked(whole, found.end(), words, left)
            left -= len(objects)
            if _ACTS.search(_spelt_out(objects)):
                raise Unfit("acts")


def _unpacked(whole: bytes, start: int, words: bytes, left: int) -> bytes:
    if b"/Filter" not in words:
        end = whole.find(b"endstream", start)
        return whole[start : end if end > 0 else None]
    filters = re.findall(rb"/(\w+Decode|Crypt|Fl|LZW|AHx|A85)\b", words)
    if filters != [b"FlateDecode"]:
        raise Unfit("broken")
    unpacking = zlib.decompressobj()
    try:
        objects = unpacking.decompress(memoryview(whole)[start:], left + 1)
    except zlib.error as error:
        raise Unfit("broken") from error
    if len(objects) > left:
        raise Unfit("large")
    return objects


def _spelt_out(text: bytes) -> bytes:
    """Names without their escapes: /J#61vaScript is /JavaScript."""
    return _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), text)
