"""A letter's text taken apart, so that its html says the same words: paragraphs, buttons, facts, lists."""

from __future__ import annotations

import re
import textwrap
from typing import NamedTuple

from markupsafe import Markup, escape

HIDDEN = "…"  # in place of what would let one in
WORDS, BUTTON, FACTS, LIST = "words", "button", "facts", "list"
QUOTE = ">"  # how a line begins that somebody else wrote
COLUMNS = 72
_LONGEST_NAME = 40  # of a fact: a longer «name: value» is a sentence
_LONGEST_OPENING = 110  # of what a list of letters shows below the subject
_ADDRESS = re.compile(r"https?://[^\s<>«»\"]+[^\s<>«»\".,;:!?)]")
_FACT = re.compile(rf"([А-ЯЁA-Z][^:]{{0,{_LONGEST_NAME - 1}}}): (\S.*)")


class Block(NamedTuple):
    """Lines of words or of a list; a button's label and address; facts as pairs."""

    kind: str
    lines: list[str]
    pairs: list[tuple[str, str]]

    @property
    def marked(self) -> list[Markup]:
        """The lines, safe in html, addresses as links; not in what is quoted, which may be a stranger's words."""
        return [escape(line) if line.startswith(QUOTE) else in_line(line) for line in self.lines]


def read(text: str, public_url: str) -> list[Block]:
    """The blocks of a letter, which blank lines part. Only what leads to the portal itself becomes a button."""
    return [_block(block.split("\n"), public_url) for block in text.strip().split("\n\n")]


def _block(lines: list[str], public_url: str) -> Block:
    if len(lines) == 2 and lines[0].endswith(":") and _is_ours(lines[1], public_url):
        return Block(BUTTON, [lines[0].removesuffix(":"), lines[1]], [])
    if all(line.startswith("- ") for line in lines):
        return Block(LIST, [line[2:] for line in lines], [])
    facts = [_FACT.fullmatch(line) for line in lines]
    if len(lines) > 1 and all(fact and not _ADDRESS.search(fact[0]) for fact in facts):
        return Block(FACTS, [], [(fact[1], fact[2]) for fact in facts if fact])
    return Block(WORDS, lines, [])


def _is_ours(line: str, public_url: str) -> bool:
    return _ADDRESS.fullmatch(line) is not None and (line == public_url or line.startswith(f"{public_url}/"))


def opening(blocks: list[Block]) -> str:
    """The first words after the greeting, for the line that a list of letters shows below the subject."""
    said = [" ".join(block.lines) for block in blocks if block.kind == WORDS]
    return textwrap.shorten((said[1:] or said or [""])[0], _LONGEST_OPENING, placeholder="…")


def in_line(text: str) -> Markup:
    """Words with their addresses as links, safe in html; one that is shown without its secret leads nowhere and is none."""
    parts, end = [], 0
    for found in _ADDRESS.finditer(text):
        if HIDDEN in found[0]:
            continue
        parts += [escape(text[end : found.start()]), Markup('<a href="{0}">{0}</a>').format(found[0])]
        end = found.end()
    return Markup("").join([*parts, escape(text[end:])])


def linked(text: str) -> Markup:
    """Plain paragraphs as html for a page of ours, addresses as links."""
    paragraphs = [
        Markup("<br>").join(in_line(line) for line in block.split("\n")) for block in text.strip().split("\n\n")
    ]
    return Markup("").join(Markup("<p>{}</p>").format(paragraph) for paragraph in paragraphs)


def flowed(text: str) -> str:
    """The text in lines of 72 columns at most, which a mail program may join again: format=flowed (RFC 3676).

    A soft break is a space at the line's end; an address is never broken, and a signature's mark stays as it is.
    """
    return "\n".join(_flowed(line) for line in text.split("\n"))


def _flowed(line: str) -> str:
    if line == "-- " or len(line) <= COLUMNS:
        return line if line == "-- " else _stuffed(line.rstrip())
    folded = textwrap.wrap(line, COLUMNS - 1, break_long_words=False, break_on_hyphens=False)
    return " \n".join(_stuffed(part) for part in folded)


def _stuffed(line: str) -> str:
    """RFC 3676 §4.4: what would be read as a quotation or an envelope's line gets a space before it."""
    return f" {line}" if line.startswith((" ", ">", "From ")) else line
