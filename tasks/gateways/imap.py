"""The mailbox to which reports come, over IMAP: which letters are new, the beginning of each, a flag on those dealt with.

Nothing is stored here, and no database transaction may be open while it is called. Neither password nor letters are logged.
"""

from __future__ import annotations

import base64
import imaplib
import re
import ssl
from types import TracebackType

from models.mail_settings import IMPLICIT, MailServer

TIMEOUT = 30.0  # seconds of silence
AT_ONCE = 50_000  # numbers asked about in one search: the standard client refuses answers past a megabyte
_QUOTED = re.compile(r'(["\\])')
# imaplib has one exception for all the server says, and the network has OSError; a line it cannot read may be anything else.
_FAULTS = (imaplib.IMAP4.error, OSError, ValueError, IndexError)


class Unreachable(Exception):  # noqa: N818
    """The server does not answer, does not let us in, or has no such folder. Nothing is lost: ask again later."""


class Folder:
    """One folder, open. Use with `with`; not for several threads."""

    def __init__(self, server: MailServer, timeout: float | None = None, context: ssl.SSLContext | None = None):
        self._server, self._timeout = server, timeout or TIMEOUT
        self._context = context or ssl.create_default_context()
        self.validity = 0  # the numbers below hold while this stays
        self.next_uid = 1  # the number that the next letter to come will have

    def __enter__(self) -> Folder:
        try:
            self._imap = self._connect()
            self._log_in()
            self._select()
        except _FAULTS as error:
            self._leave()
            raise Unreachable(_plain(error)) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def newer(self, uid: int) -> tuple[list[int], int]:
        """The next letters after `uid` in their order, and the number up to which that is all of them."""
        last = min(uid + AT_ONCE, self.next_uid - 1)
        if last <= uid:
            return [], uid
        found = self._ask("SEARCH", None, f"UID {uid + 1}:{last}")
        numbers = {int(one) for line in found if isinstance(line, bytes) for one in line.split()}
        return sorted(one for one in numbers if uid < one <= last), last

    def fetch(self, uid: int, most: int) -> bytes | None:
        """The first `most` bytes of a letter; None when it has been taken away meanwhile. It stays unread."""
        for part in self._ask("FETCH", str(uid), f"(BODY.PEEK[]<0.{most}>)"):
            if isinstance(part, tuple) and len(part) > 1:
                return bytes(part[1])
        return None

    def mark_read(self, uid: int) -> None:
        self._ask("STORE", str(uid), "+FLAGS.SILENT (\\Seen)")

    def _connect(self) -> imaplib.IMAP4:
        host, port = self._server.host, self._server.port
        if self._server.tls == IMPLICIT:
            return imaplib.IMAP4_SSL(host, port, ssl_context=self._context, timeout=self._timeout)
        return imaplib.IMAP4(host, port, timeout=self._timeout)

    def _log_in(self) -> None:
        """By PLAIN where the server knows it: neither blanks nor letters beyond ASCII need any quoting there."""
        secret = f"\0{self._server.user}\0{self._server.password}".encode()
        if "AUTH=PLAIN" in self._imap.capabilities:
            self._imap.authenticate("PLAIN", lambda _: secret)
        else:
            self._imap.login(_quoted(self._server.user), self._server.password)

    def _select(self) -> None:
        answer, told = self._imap.select(_quoted(_utf7(self._server.folder)))
        if answer != "OK":
            raise imaplib.IMAP4.error(told[0] or b"no such folder")
        self.validity = self._number("UIDVALIDITY", 0)
        self.next_uid = self._number("UIDNEXT", 2**32)

    def _number(self, name: str, otherwise: int) -> int:
        told = self._imap.response(name)[1]
        return int(told[-1]) if told and told[-1] else otherwise

    def _ask(self, command: str, *args: str | None) -> list[bytes | tuple[bytes, bytes] | None]:
        try:
            answer, told = self._imap.uid(command, *[arg for arg in args if arg is not None])
        except _FAULTS as error:
            raise Unreachable(_plain(error)) from error
        if answer != "OK":
            raise Unreachable(f"{command} was refused: {told!r}"[:300])
        return told

    def _leave(self) -> None:
        imap = self.__dict__.pop("_imap", None)
        if imap is None:
            return
        try:
            imap.logout()
        except _FAULTS:
            imap.shutdown()


def _quoted(text: str) -> str:
    return '"' + _QUOTED.sub(r"\\\1", text) + '"'


def _utf7(name: str) -> str:
    """A folder's name as IMAP writes it (RFC 3501 5.1.3)."""

    def packed(part: re.Match[str]) -> str:
        if part.group() == "&":
            return "&-"
        encoded = base64.b64encode(part.group().encode("utf-16-be")).decode()
        return f"&{encoded.rstrip('=').replace('/', ',')}-"

    return re.sub(r"&|[^\x20-\x7e]+", packed, name)


def _plain(error: BaseException) -> str:
    """What went wrong, in the server's words where they are."""
    said = error.args[0] if error.args else ""
    if isinstance(said, bytes):
        return said.decode("utf-8", "replace")[:300]
    return f"{type(error).__name__}: {error}"[:300]
