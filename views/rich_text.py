"""What staff write, as HTML: paragraphs, lists, links; everything else is escaped."""

from __future__ import annotations

from markupsafe import Markup, escape

from models.contact.information import links

_ITEM = "- "


def rich(text: str) -> Markup:
    """Blank lines part paragraphs, «- » begins an item of a list, [words](address) is a link."""
    blocks = [block.strip().split("\n") for block in text.split("\n\n")]
    return Markup("\n").join(_block(lines) for lines in blocks if lines != [""])


def _block(lines: list[str]) -> Markup:
    made, items, plain = [], [], []
    for line in lines:
        if line.startswith(_ITEM):
            items.append(Markup("<li>{}</li>").format(_linked(line.removeprefix(_ITEM))))
        else:
            plain.append(_linked(line))
    if plain:
        made.append(Markup("<p>{}</p>").format(Markup("<br>").join(plain)))
    if items:
        made.append(Markup("<ul>{}</ul>").format(Markup("").join(items)))
    return Markup("").join(made)


def _linked(line: str) -> Markup:
    pieces = (
        Markup('<a href="{}">{}</a>').format(one.address, one.words) if one.address else escape(one.words)
        for one in links.pieces(line)
    )
    return Markup("").join(pieces)
