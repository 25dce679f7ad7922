"""Links in what staff write, `[words](address)`: to https, to our own pages, to a phone or a mailbox, and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

_LINK = re.compile(r"\[([^\[\]\n]{1,200})\]\(([^()\s]{1,500})\)")
_MEANT = re.compile(r"\[[^\[\]\n]*\]\(([^()\s]*)")
_OWN = re.compile(r"/(?!/)[A-Za-z0-9/_.?=&%#-]*")
_TEL = re.compile(r"tel:\+?[0-9-]{3,20}")
_MAIL = re.compile(r"mailto:[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+")


class Piece(NamedTuple):
    """A piece of text; with an address it is a link."""

    words: str
    address: str = ""


def pieces(text: str) -> Iterator[Piece]:
    """The text in its pieces; what only looks like a link stays text."""
    end = 0
    for match in _LINK.finditer(text):
        if is_allowed(match[2]):
            if match.start() > end:
                yield Piece(text[end : match.start()])
            yield Piece(match[1], match[2])
            end = match.end()
    if end < len(text):
        yield Piece(text[end:])


def wrong(text: str) -> str:
    """The first address of a link that may not be; '' when all may."""
    return next((match[1] or "()" for match in _MEANT.finditer(text) if not is_allowed(match[1])), "")


def is_allowed(address: str) -> bool:
    if _OWN.fullmatch(address) or _TEL.fullmatch(address) or _MAIL.fullmatch(address):
        return True
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc and "\\" not in address
