"""The two faces of all papers, Golos Text, prepared once a process.

A document starts with the same characters in the same places. So nearly all documents share one embedded font file, cut out and
packed once, and a line once encoded is encoded for all of them. Other characters join a document when they come.
"""

from __future__ import annotations

import threading
import unicodedata
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from reportlab.pdfbase import pdfdoc, pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont, TTFontFace

_FOLDER = Path(__file__).parent / "fonts"
_RUSSIAN = "АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдеёжзийклмнопрстуфхцчшщъыьэюя"
_SIGNS = "0123456789.,:;-–—−+×·/()«»№₽%²³…\u202f"
_LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz@_'\"!?&*#=<>"
_ALIKE = {"⋅": "·", "∙": "·", "\u2011": "-", "\u2009": "\u202f", "\u2212": "−"}
_UNSEEN = ("Cc", "Cf", "Cs", "Me", "Mn")  # control characters, joiners, halves of characters, marks without a letter
_REPLACEMENT = "?"
_LINES_KEPT, _SUBSETS_KEPT = 8192, 16
_one_at_a_time = threading.RLock()  # a face reads its file from a place of its own


class Run(NamedTuple):
    """A line of text as it stands in a page's code: parts by subset of the font, and the width at size 1."""

    parts: tuple[tuple[int, str], ...]
    width: float


class Font:
    """One face with the characters that every document begins with."""

    def __init__(self, name: str, characters: str):
        self._ttf = _Ttf(name, str(_FOLDER / f"{name}.ttf"), asciiReadable=False)
        self._ttf.face = self._face = _Face(_FOLDER / f"{name}.ttf")
        pdfmetrics.registerFont(self._ttf)
        self.name = name
        self._begin = characters
        self._drawable = frozenset(map(chr, self._face.charToGlyph))
        self._width = {chr(code): width / 1000 for code, width in self._face.charWidths.items()}
        self._common = frozenset(characters + " \u00a0")
        self._codes = _codes(self._ttf, characters)
        self.common = lru_cache(_LINES_KEPT)(self._of_common)

    def begin(self, document: Any) -> None:
        """Put the first characters of a new document into their places."""
        self._ttf.splitString(self._begin, document)

    def subset_name(self, subset: int, document: Any) -> str:
        return str(self._ttf.getSubsetInternalName(subset, document))

    def run(self, text: str, document: Any) -> Run:
        """The line encoded for the document."""
        if self._common.issuperset(text):
            return self.common(text)
        text = self.drawable(text)
        parts = tuple((subset, _escaped(codes)) for subset, codes in self._ttf.splitString(text, document))
        return Run(parts, self.width(text))

    def width(self, text: str) -> float:
        """The width at size 1 of a text that is drawable."""
        return sum(map(self._width.__getitem__, text))

    def drawable(self, text: str) -> str:
        """The text with what the face lacks replaced: by its like, by its parts (ﬁ: fi), at last by a question mark."""
        if self._drawable.issuperset(text):
            return text
        return "".join(one if one in self._drawable else self._instead(one) for one in text)

    def _instead(self, character: str) -> str:
        if character in _ALIKE:
            return _ALIKE[character]
        if character.isspace():
            return " "
        if unicodedata.category(character) in _UNSEEN:
            return ""
        parts = "".join(one for one in unicodedata.normalize("NFKD", character) if one in self._drawable)
        return parts or _REPLACEMENT

    def _of_common(self, text: str) -> Run:
        return Run(((0, text.translate(self._codes)),), self.width(text))


class _Face(TTFontFace):
    """A face that keeps the font files cut out of it, packed."""

    def __init__(self, path: Path):
        super().__init__(str(path))
        self.filename = path.name  # objects are named by it: the same on every machine
        self._file = lru_cache(_SUBSETS_KEPT)(self._packed)

    def _packed(self, characters: tuple[int, ...]) -> tuple[bytes, int]:
        with _one_at_a_time:
            whole = super().makeSubset(list(characters))
        return zlib.compress(whole, 9), len(whole)

    def makeSubset(self, subset: list[int]) -> bytes:  # noqa: N802
        return self._file(tuple(subset))[0]

    def addSubsetObjects(self, doc: Any, fontname: str, subset: list[int]) -> Any:  # noqa: N802
        descriptor = super().addSubsetObjects(doc, fontname, subset)
        packed, length = self._file(tuple(subset))
        file = doc.idToObject[f"fontFile:{self.filename}({fontname})"]
        file.dictionary["Length1"] = length
        file.dictionary["Filter"] = pdfdoc.PDFName("FlateDecode")
        file.content = packed
        return descriptor


class _Ready(pdfdoc.PDFObject):
    """A value written out already."""

    def __init__(self, written: bytes):
        self._written = written

    def format(self, document: Any) -> bytes:
        return self._written


class _Ttf(TTFont):
    """A font that writes its widths and the table of its letters out once for all documents with the same characters."""

    def __init__(self, *given: Any, **named: Any):
        super().__init__(*given, **named)
        self._kept: dict[tuple[str, tuple[int, ...]], tuple[_Ready, bytes]] = {}

    def addObjects(self, doc: Any) -> None:  # noqa: N802
        subsets = [tuple(subset) for subset in self.state[doc].subsets]
        names = [self.getSubsetInternalName(number, doc)[1:] for number in range(len(subsets))]
        super().addObjects(doc)
        for name, subset in zip(names, subsets, strict=True):
            font = doc.idToObject["BasicFonts"].dict[name]
            letters = doc.idToObject[f"toUnicodeCMap:{font.BaseFont}"]
            font.Widths, packed = self._written((font.BaseFont, subset), font.Widths, letters.content)
            letters.dictionary["Filter"] = pdfdoc.PDFName("FlateDecode")
            letters.content = packed

    def _written(self, key: tuple[str, tuple[int, ...]], widths: Any, letters: str) -> tuple[_Ready, bytes]:
        if key not in self._kept:
            if len(self._kept) > _SUBSETS_KEPT:
                self._kept.clear()
            self._kept[key] = _Ready(pdfdoc.format(widths, None)), zlib.compress(letters.encode("latin-1"), 9)
        return self._kept[key]


class _Document:
    """Stands for a document where one is only needed to give characters their places."""


def _codes(ttf: TTFont, characters: str) -> dict[int, str]:
    """For each of the first characters what stands for it in a page's code."""
    document = _Document()
    codes = {ord(one): _escaped(ttf.splitString(one, document)[0][1]) for one in characters}
    return {**codes, 0x20: " ", 0xA0: " "}


_ESCAPES = {code: f"\\{code:03o}" for code in range(32)} | {ord(one): f"\\{one}" for one in "\\()"}


def _escaped(codes: bytes) -> str:
    return codes.decode("latin-1").translate(_ESCAPES)


def both() -> tuple[Font, Font]:
    """Regular and bold."""
    with _one_at_a_time:
        return _both()


@lru_cache(1)
def _both() -> tuple[Font, Font]:
    return Font("GolosText-Regular", _RUSSIAN + _SIGNS + _LATIN), Font("GolosText-Bold", _RUSSIAN + _SIGNS)
