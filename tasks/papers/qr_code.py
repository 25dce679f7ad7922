"""QR codes, ISO/IEC 18004, of level M and always one segment of bytes.

Why our own: bank apps and old readers guess the encoding of each segment by itself, so a payment's text has to be one whole segment
of UTF-8 without an ECI mark before it. General encoders split off digits as segments, mark bytes as binary or change the encoding.

A matrix is one integer, row after row from the highest bit: a mask is an XOR, and the penalties of the standard are counted for
all rows at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import zip_longest
from operator import itemgetter
from typing import NamedTuple

# Of level M, by version from 1: error correction codewords of a block, and blocks (ISO/IEC 18004, table 9).
_CORRECTION = (10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, *[28] * 19)
_BLOCKS = (
    1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16,
    17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31, 33, 35, 37, 38, 40, 43, 45, 47, 49,
)  # fmt: skip
_VERSIONS = len(_BLOCKS)
_FIELD, _FORMAT, _VERSION = 0x11D, 0x537, 0x1F25  # polynomials: of the field, of format and version information
_FORMAT_MASK = 0x5412
_MASKS = (
    lambda x, y: (x + y) % 2 == 0,
    lambda x, y: y % 2 == 0,
    lambda x, y: x % 3 == 0,
    lambda x, y: (x + y) % 3 == 0,
    lambda x, y: (x // 3 + y // 2) % 2 == 0,
    lambda x, y: x * y % 2 + x * y % 3 == 0,
    lambda x, y: (x * y % 2 + x * y % 3) % 2 == 0,
    lambda x, y: ((x + y) % 2 + x * y % 3) % 2 == 0,
)
_FINDERS = (0b00001011101, 0b10111010000)  # what looks like a corner with white beside it


class TooLongError(ValueError):
    """More bytes than a code can hold."""


def rows(data: bytes) -> list[str]:
    """The modules row by row as '0' and '1' (dark), without the quiet zone. Raises TooLongError."""
    plan = _plan(_version_for(len(data)))
    stream = f"{int.from_bytes(_codewords(data, plan), 'big'):0{plan.bits}b}".ljust(plan.room, "0")
    source = "01" + stream
    upright, turned = int("".join(plan.pick(source)), 2), int("".join(plan.pick_turned(source)), 2)
    chosen = min(
        range(8), key=lambda mask: _penalty(upright ^ plan.masks[mask], turned ^ plan.turned_masks[mask], plan)
    )
    matrix = upright ^ plan.masks[chosen] | plan.formats[chosen]
    text, side = f"{matrix:0{plan.side**2}b}", plan.side
    return [text[start : start + side] for start in range(0, side**2, side)]


class _Plan(NamedTuple):
    """All of a version that does not depend on the data."""

    version: int
    side: int
    bits: int  # of all codewords
    room: int  # modules for them, up to seven more than bits
    pick: Callable[[str], Sequence[str]]  # the matrix from «01» and the stream of bits, without format information
    pick_turned: Callable[[str], Sequence[str]]  # the same turned: columns as rows
    masks: tuple[int, ...]
    turned_masks: tuple[int, ...]
    formats: tuple[int, ...]  # the dark modules of the format information, by mask
    inner: dict[int, int]  # by n: the modules with n more after them in their row


def _version_for(length: int) -> int:
    for version in range(1, _VERSIONS + 1):
        if 4 + _count_bits(version) + 8 * length <= 8 * _data_codewords(version):
            return version
    raise TooLongError(f"{length} bytes do not fit into a QR code of level M")


def _count_bits(version: int) -> int:
    return 8 if version < 10 else 16


def _side(version: int) -> int:
    return 17 + 4 * version


@lru_cache(_VERSIONS)
def _data_codewords(version: int) -> int:
    return len(_layout(version).order) // 8 - _CORRECTION[version - 1] * _BLOCKS[version - 1]


# ---- codewords


def _codewords(data: bytes, plan: _Plan) -> bytes:
    """Data and error correction, interleaved."""
    capacity = _data_codewords(plan.version)
    count_bits = _count_bits(plan.version)
    used = 4 + count_bits + 8 * len(data)
    whole = (0b0100 << count_bits | len(data)) << 8 * len(data) | int.from_bytes(data, "big")
    closed = min(used + 4, 8 * capacity)
    closed += -closed % 8
    words = (whole << closed - used).to_bytes(closed // 8, "big")
    words += (b"\xec\x11" * capacity)[: capacity - len(words)]
    count, correction = _BLOCKS[plan.version - 1], _CORRECTION[plan.version - 1]
    short, long_ones = divmod(capacity, count)
    blocks, start = [], 0
    for number in range(count):
        end = start + short + (number >= count - long_ones)
        blocks.append(words[start:end])
        start = end
    ends = [_correction(block, correction) for block in blocks]
    data_part = [word for column in zip_longest(*blocks) for word in column if word is not None]
    return bytes(data_part) + bytes(word for column in zip(*ends, strict=True) for word in column)


def _correction(block: bytes, degree: int) -> bytes:
    """The Reed-Solomon remainder of a block."""
    table, top, low = _multiples(degree), 8 * (degree - 1), (1 << 8 * (degree - 1)) - 1
    rest = 0
    for word in block:
        rest = (rest & low) << 8 ^ table[rest >> top ^ word]
    return rest.to_bytes(degree, "big")


@lru_cache
def _multiples(degree: int) -> tuple[int, ...]:
    """The generator polynomial without its first term, times each byte, as one integer."""
    generator = [1]
    root = 1
    for _ in range(degree):
        generator = [one ^ _times(other, root) for one, other in zip([*generator, 0], [0, *generator], strict=True)]
        root = _times(root, 2)
    return tuple(int.from_bytes(bytes(_times(factor, term) for term in generator[1:]), "big") for factor in range(256))


def _times(one: int, other: int) -> int:
    product = 0
    while other:
        if other & 1:
            product ^= one
        one = one << 1 ^ (_FIELD if one & 0x80 else 0)
        other >>= 1
    return product


# ---- where modules lie


class _Layout(NamedTuple):
    """The fixed patterns by place, and the places of the bits of data in their order; a place is y × side + x."""

    fixed: dict[int, int]
    order: tuple[int, ...]


@lru_cache(_VERSIONS)
def _layout(version: int) -> _Layout:
    side = _side(version)
    fixed: dict[int, int] = {}
    for along in range(8, side - 8):
        fixed[6 * side + along] = fixed[along * side + 6] = (along + 1) % 2
    for left, top in ((0, 0), (side - 7, 0), (0, side - 7)):
        _rings(fixed, side, left + 3, top + 3, 4, dark=(0, 1, 3))
    centres = _alignment(version, side)
    corners = {(6, 6), (6, side - 7), (side - 7, 6)}
    for x in centres:
        for y in centres:
            if (x, y) not in corners:
                _rings(fixed, side, x, y, 2, dark=(0, 2))
    for places in _format_places(side):
        fixed |= dict.fromkeys(places, 0)
    fixed[(side - 8) * side + 8] = 1
    if version >= 7:
        known = _with_check(version, _VERSION, 12)
        for bit in range(18):
            far, near = side - 11 + bit % 3, bit // 3
            fixed[far * side + near] = fixed[near * side + far] = known >> bit & 1
    return _Layout(fixed, tuple(_zigzag(side, fixed)))


def _rings(fixed: dict[int, int], side: int, x: int, y: int, radius: int, dark: tuple[int, ...]) -> None:
    """Square rings around a centre; those named are dark. What lies outside the code is left out."""
    for row in range(max(y - radius, 0), min(y + radius, side - 1) + 1):
        for column in range(max(x - radius, 0), min(x + radius, side - 1) + 1):
            fixed[row * side + column] = int(max(abs(row - y), abs(column - x)) in dark)


def _alignment(version: int, side: int) -> list[int]:
    """The centres of the small squares, along both sides."""
    if version == 1:
        return []
    count = version // 7 + 2
    gaps = count - 1
    step = 26 if version == 32 else -(-(side - 13) // (2 * gaps)) * 2
    return [6, *(side - 7 - step * place for place in reversed(range(gaps)))]


def _format_places(side: int) -> tuple[list[int], list[int]]:
    """The places of both copies of the 15 bits of format information, the lowest bit first."""
    around = [(8, y) for y in (0, 1, 2, 3, 4, 5, 7, 8)] + [(x, 8) for x in (7, 5, 4, 3, 2, 1, 0)]
    apart = [(side - 1 - bit, 8) for bit in range(8)] + [(8, side - 7 + bit) for bit in range(7)]
    return [y * side + x for x, y in around], [y * side + x for x, y in apart]


def _with_check(value: int, polynomial: int, degree: int) -> int:
    """A value with its BCH remainder."""
    rest = value << degree
    while rest.bit_length() > degree:
        rest ^= polynomial << rest.bit_length() - degree - 1
    return value << degree | rest


def _zigzag(side: int, fixed: dict[int, int]) -> list[int]:
    """Two columns at a time from the right, up and down in turn; the column of the dotted line is stepped over."""
    places, upwards = [], True
    for right in (*range(side - 1, 6, -2), *range(5, 0, -2)):
        for y in reversed(range(side)) if upwards else range(side):
            places += [place for place in (y * side + right, y * side + right - 1) if place not in fixed]
        upwards = not upwards
    return places


@lru_cache(_VERSIONS)
def _plan(version: int) -> _Plan:
    side, layout = _side(version), _layout(version)
    source = dict(layout.fixed)  # 0 and 1: the digits «01» that the stream is put after
    for number, place in enumerate(layout.order):
        source[place] = number + 2
    flat = [source[place] for place in range(side**2)]
    turned = [source[x * side + y] for y in range(side) for x in range(side)]
    masks = [
        [int(y * side + x not in layout.fixed and mask(x, y)) for y in range(side) for x in range(side)]
        for mask in _MASKS
    ]
    return _Plan(
        version=version,
        side=side,
        bits=len(layout.order) // 8 * 8,
        room=len(layout.order),
        pick=itemgetter(*flat),
        pick_turned=itemgetter(*turned),
        masks=tuple(_whole(mask) for mask in masks),
        turned_masks=tuple(_whole([mask[x * side + y] for y in range(side) for x in range(side)]) for mask in masks),
        formats=tuple(_format(side, mask) for mask in range(8)),
        inner={
            after: _whole([int(x + after < side) for _ in range(side) for x in range(side)]) for after in (1, 4, 10)
        },
    )


def _format(side: int, mask: int) -> int:
    known = _with_check(mask, _FORMAT, 10) ^ _FORMAT_MASK  # level M is 00 in the bits above the mask's
    dark = [0] * side**2
    for places in _format_places(side):
        for bit, place in enumerate(places):
            dark[place] = known >> bit & 1
    return _whole(dark)


def _whole(modules: list[int]) -> int:
    return int("".join(map(str, modules)), 2)


# ---- the penalties that choose the mask


def _penalty(upright: int, turned: int, plan: _Plan) -> int:
    """How hard a matrix is to read, by the rules of the standard, format information left out."""
    area = plan.side**2
    share = abs(upright.bit_count() * 20 - area * 10) // area * 10
    return share + _blocks(upright, plan) + _lines(upright, plan) + _lines(turned, plan)


def _lines(matrix: int, plan: _Plan) -> int:
    """Runs of five and more of one colour, and what looks like a corner, along the rows."""
    alike = ~(matrix ^ matrix << 1) & plan.inner[1]
    fives = alike & alike << 1 & alike << 2 & alike << 3 & plan.inner[4]
    runs = fives & ~(fives << 1)
    penalty = fives.bit_count() + 2 * runs.bit_count()
    light = ~matrix
    for finder in _FINDERS:
        found = plan.inner[10]
        for place in range(11):
            found &= (matrix if finder >> 10 - place & 1 else light) << place
        penalty += 40 * found.bit_count()
    return penalty


def _blocks(matrix: int, plan: _Plan) -> int:
    """Squares of two by two of one colour."""
    side = plan.side
    alike = ~(matrix ^ matrix << 1) & ~(matrix ^ matrix << side) & ~(matrix ^ matrix << side + 1)
    inside = plan.inner[1] >> side << side  # the last row has none below it
    return 3 * (alike & inside).bit_count()
