"""The virus scanner: ClamAV's daemon, asked over its own protocol (clamd(8), INSTREAM).

Nothing is stored here, and no database transaction may be open while it is called.
"""

from __future__ import annotations

import re
import socket
import struct
from typing import BinaryIO
from urllib.parse import urlsplit

_CONNECT, _WAIT = 5, 10  # seconds for the line, for each word of the daemon's
_CHUNK = 1 << 16
_LONGEST_ANSWER = 4096
_FOUND = re.compile(rb"stream: (.+) FOUND")


class NoVerdict(Exception):  # noqa: N818  a word of the house
    """The daemon says that it could not look."""


class Silent(NoVerdict):
    """Nobody answers: there is no use in asking about the next file."""


class Scanner:
    """A daemon at tcp://host:port or unix:///path."""

    def __init__(self, url: str):
        self._parts = urlsplit(url)

    def look(self, file: BinaryIO) -> str:
        """What is found in the file, by the daemon's name for it; nothing when it is clean. Raises NoVerdict, Silent."""
        try:
            with self._line() as line:
                line.settimeout(_WAIT)
                line.sendall(b"zINSTREAM\0")
                while chunk := file.read(_CHUNK):
                    line.sendall(struct.pack(">I", len(chunk)) + chunk)
                line.sendall(struct.pack(">I", 0))
                answer = _answer(line)
        except OSError as error:
            raise Silent(f"the scanner does not answer: {error}") from error
        if answer == b"stream: OK":
            return ""
        if found := _FOUND.fullmatch(answer):
            return found[1].decode("utf-8", "replace")
        raise NoVerdict(f"the scanner says {answer[:200]!r}")

    def _line(self) -> socket.socket:
        if self._parts.scheme == "tcp":
            return socket.create_connection((self._parts.hostname or "", self._parts.port or 0), _CONNECT)
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.settimeout(_CONNECT)
        try:
            line.connect(self._parts.path)
        except OSError:
            line.close()
            raise
        return line


def _answer(line: socket.socket) -> bytes:
    """What the daemon says up to its NUL."""
    said = b""
    while not said.endswith(b"\0") and len(said) < _LONGEST_ANSWER and (more := line.recv(_LONGEST_ANSWER)):
        said += more
    return said.rstrip(b"\0").strip()
