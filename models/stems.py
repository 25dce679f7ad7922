"""Words of Russian text as one looks for them: without their endings, so that «счётчика» finds «счётчик» on either database."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

import snowballstemmer

_WORD = re.compile(r"[^\W_]+")
_CYRILLIC = re.compile(r"[а-я]")
_LONGEST = 40  # letters of a word; the rest tells nothing
_russian = snowballstemmer.stemmer("russian")
_english = snowballstemmer.stemmer("english")


def words(text: str) -> Iterator[str]:
    """Its words and numbers in small letters, «ё» written «е», in their order."""
    for found in _WORD.finditer(text.casefold().replace("ё", "е")):
        yield found.group()[:_LONGEST]


def stems(text: str) -> list[str]:
    """The stems of its words, in their order, repeats kept."""
    return [stem(word) for word in words(text)]


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The stem of one word as `words` gives it."""
    stemmer = _russian if _CYRILLIC.search(word) else _english
    return str(stemmer.stemWord(word))


def entry(texts: Iterable[str]) -> str:
    """What a full-text index keeps of texts: each stem once, with spaces between."""
    return " ".join(dict.fromkeys(stem(word) for text in texts for word in words(text)))
