"""A file while it comes in: looked at as it passes, so that what is wrong or too large is refused before it is whole."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import BinaryIO

from models.base import Refusal
from models.file_check.kinds import KINDS, Kind, Limits

CHUNK = 1 << 16
_TAIL = 1024


def copy(stream: BinaryIO, file: BinaryIO, title: str, allowed: Limits) -> tuple[int, str, Kind]:
    """Copy what comes; how many bytes, their SHA-256 in hex, the kind.

    Refused: none of the kinds by content and by name, empty, too large, or cut off where nothing else would notice.
    """
    digest, size, kind, tail = hashlib.sha256(), 0, None, b""
    while chunk := stream.read(CHUNK):
        kind = kind or _kind(chunk, title, allowed)
        size += len(chunk)
        if size > allowed.one:
            text = f"«{title}» больше {allowed.one >> 20}\u00a0МБ. Уменьшите его или разделите."
            raise Refusal("files", text, "file.large")
        digest.update(chunk)
        file.write(chunk)
        tail = (tail + chunk)[-_TAIL:]
    if kind is None:
        raise Refusal("files", f"«{title}» пуст. Выберите другой файл.", "file.empty")
    if kind.ends not in tail and not allowed.is_remade:
        text = f"«{title}» обрывается на середине. Откройте его, сохраните заново и приложите."
        raise Refusal("files", text, "file.cut")
    return size, digest.hexdigest(), kind


def measured(path: Path) -> tuple[int, str]:
    """Bytes of the file and their SHA-256 in hex."""
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


def _kind(start: bytes, title: str, allowed: Limits) -> Kind:
    for code in allowed.kinds:
        if KINDS[code].begins.match(start) and title.endswith(KINDS[code].endings):
            return KINDS[code]
    text = f"«{title}» — не {allowed.names}. Приложите скан или снимок в одном из этих видов."
    raise Refusal("files", text, "file.kind")
