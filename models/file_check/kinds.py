"""The kinds of files that are taken, how much of them from whom, and names made harmless."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from models import words

LONGEST_TITLE = 120
_LOOKED_AT = 1_000  # characters at the end of a name
_MEGABYTE = 1024 * 1024
_NOT_IN_TITLE = str.maketrans(dict.fromkeys('<>:"|?*\\/', "_"))
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


@dataclass(frozen=True)
class Kind:
    """A kind of file: how it begins, what stands in its last kilobyte, how its name may end."""

    code: str
    media: str
    begins: re.Pattern[bytes]
    ends: bytes
    endings: tuple[str, ...]


KINDS = {
    kind.code: kind
    for kind in (
        Kind("jpeg", "image/jpeg", re.compile(rb"\xff\xd8\xff"), b"\xff\xd9", (".jpg", ".jpeg")),
        Kind("png", "image/png", re.compile(rb"\x89PNG\r\n\x1a\n"), b"IEND", (".png",)),
        Kind("webp", "image/webp", re.compile(rb"RIFF....WEBP", re.DOTALL), b"", (".webp",)),
        Kind("pdf", "application/pdf", re.compile(rb"%PDF-"), b"%%EOF", (".pdf",)),
    )
}


@dataclass(frozen=True)
class Limits:
    """What is taken of somebody. Sizes in bytes; `most` files and `together` bytes for one owner, `a_day` files in all (0: any number)."""

    kinds: tuple[str, ...]
    one: int
    most: int
    together: int
    a_day: int
    is_remade: bool  # pictures are written anew, PDFs read through

    @property
    def endings(self) -> tuple[str, ...]:
        """For `accept` of a field."""
        return tuple(ending for code in self.kinds for ending in KINDS[code].endings)

    @property
    def names(self) -> str:
        """'JPEG, PNG или PDF'."""
        *first, last = (_NAMES[code] for code in self.kinds)
        return f"{', '.join(first)} или {last}"


_NAMES = {"jpeg": "JPEG", "png": "PNG", "webp": "WebP", "pdf": "PDF"}
# An office's scan is a proof, registered by its hash: it stays as it came.
SCANS = Limits(("jpeg", "png", "pdf"), 15 * _MEGABYTE, 20, 100 * _MEGABYTE, 0, False)
STAFF = Limits(("jpeg", "png", "webp", "pdf"), 10 * _MEGABYTE, 10, 40 * _MEGABYTE, 0, True)
CUSTOMER = Limits(STAFF.kinds, STAFF.one, STAFF.most, STAFF.together, 60, True)
GUEST = Limits(STAFF.kinds, STAFF.one, 5, 20 * _MEGABYTE, 15, True)


def limits_of(author: str) -> Limits:
    """What is taken of the author of an appeal, a message or an answer: 'customer:12', 'staff:3', 'guest' or 'guest:…'."""
    return {"customer": CUSTOMER, "staff": STAFF}.get(author.partition(":")[0], GUEST)


def harmless(title: str) -> str:
    """A file's name as it may be shown and given back: no folders, no characters that are unseen or turn the writing direction."""
    last = re.split(r"[\\/]", words.normal(title[-_LOOKED_AT:]))[-1]
    seen = "".join(one for one in last if unicodedata.category(one) not in _UNSEEN)
    stem, dot, ending = " ".join(seen.translate(_NOT_IN_TITLE).split()).strip(". ").rpartition(".")
    if not dot:
        return ending[:LONGEST_TITLE] or "файл"
    return f"{stem[: LONGEST_TITLE - len(ending) - 1].rstrip('. ') or 'файл'}.{ending[:10].lower()}"


def as_kind(title: str, kind: Kind) -> str:
    """The same name for a file of that kind."""
    if title.endswith(kind.endings):
        return title
    return f"{title.rpartition('.')[0][: LONGEST_TITLE - 5]}{kind.endings[0]}"
