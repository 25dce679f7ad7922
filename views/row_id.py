"""Numbers in addresses: the ids of rows."""

from __future__ import annotations

from werkzeug.routing import IntegerConverter, Map

_LARGEST = 2**31 - 1  # of a key that both engines can look for


class RowId(IntegerConverter):
    """`<int:…>`: the id of a row; a longer number names no page (404)."""

    def __init__(
        self, map: Map, fixed_digits: int = 0, min: int | None = None, max: int | None = _LARGEST, signed: bool = False
    ):
        super().__init__(map, fixed_digits, min, max, signed)


def row_id(text: str) -> int:
    """The same in a query or a form. Refused (ValueError): what is no number of a row."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(_LARGEST)) and int(text) <= _LARGEST):
        raise ValueError(text[:20])
    return int(text)
