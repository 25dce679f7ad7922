"""What people type into an appeal, made fit to be kept: no unseen signs, no signs that turn the direction of writing."""

from __future__ import annotations

import re
import unicodedata

from models import words
from models.base import Refusal
from models.contact.appeals.rows import LONGEST, LONGEST_TITLE

LONGEST_RATING = 500
LONGEST_NAME = 100
_FAR_TOO_LONG = 10  # times the longest: not worth the work of counting what would stay
_JOINERS = "\u200c\u200d"  # inside emoji and some scripts they are part of the letter
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn")
_NEWLINES = re.compile(r"\r\n?|\u0085|\u2028|\u2029")
_EMPTY_LINES = re.compile(r"\n[ \t]*(\n[ \t]*)+\n")
_STORABLE = re.compile(r"[\x00\ud800-\udfff]")
_EMPTY = "Напишите, что случилось или о чём вы просите."


def text(typed: str, field: str = "text", *, longest: int = LONGEST, empty: str = _EMPTY) -> str:
    """The text as it is kept; refused when nothing is left of it, and above so many characters, with their count."""
    if len(typed) > _FAR_TOO_LONG * longest:
        return not_longer(typed, field, longest)
    clean = plain(typed)
    if not clean:
        raise Refusal(field, empty, "text.empty")
    return not_longer(clean, field, longest)


def not_longer(clean: str, field: str, longest: int) -> str:
    if len(clean) > longest:
        has = words.plural(len(clean), "знак", "знака", "знаков")
        most = words.plural(longest, "знака", "знаков", "знаков")
        raise Refusal(
            field,
            f"В тексте {has}, а принимаем не больше {most}. Сократите его или приложите подробности файлом.",
            "text.long",
        )
    return clean


def plain(typed: str) -> str:
    """The same words in composed letters, with the line ends of one kind and without signs that nobody sees."""
    lines = _NEWLINES.sub("\n", words.normal(storable(typed)))
    seen = "".join(one for one in lines if one in "\n\t" or one in _JOINERS or unicodedata.category(one) not in _UNSEEN)
    joined = _EMPTY_LINES.sub("\n\n", "\n".join(line.rstrip() for line in seen.split("\n")))
    return joined.strip() if joined.strip(f"{_JOINERS} \n\t") else ""


def storable(typed: str) -> str:
    """The very same but for what Postgres does not keep: NUL and halves of surrogate pairs."""
    return _STORABLE.sub("", typed)


def line(typed: str, longest: int) -> str:
    """One line of at most so many characters: a name, a number somebody wrote."""
    return " ".join(plain(typed[: _FAR_TOO_LONG * longest]).split())[:longest].strip()


def title(clean: str) -> str:
    """How a text begins: its first words, «…» where there are more."""
    start = " ".join(clean.split())
    if len(start) <= LONGEST_TITLE:
        return start
    cut = start[: LONGEST_TITLE - 1]
    whole, _, _ = cut.rpartition(" ")
    return (whole if len(whole) > LONGEST_TITLE // 2 else cut).rstrip(" ,.;:—-") + "…"
