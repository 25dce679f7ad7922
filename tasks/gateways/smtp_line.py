"""A connection to a mail server whose every wait has an end: smtplib with deadlines, TLS that is checked, UTF-8 passwords."""

from __future__ import annotations

import base64
import smtplib
import socket
import ssl
import time
from typing import Any

from models.mail_settings import IMPLICIT, MailServer

_LONGEST_ANSWER = 64 * 1024  # bytes
_CHUNK = 4096


class NotOffered(Exception):  # noqa: N818
    """The server does not offer what is demanded."""


class Line(smtplib.SMTP):
    """smtplib reads an answer byte by byte for as long as something comes; here it must be whole by a moment."""

    def __init__(self, server: MailServer, context: ssl.SSLContext, connects_in: float, answers_in: float, name: str):
        self._server, self._context = server, context
        self._connects_in, self._answers_in = connects_in, answers_in
        self._reader: _Reader | None = None
        self.until = time.monotonic() + connects_in + answers_in  # of everything that is done on it now
        super().__init__(local_hostname=name, timeout=connects_in)

    def open(self) -> tuple[int, bytes]:
        """Connect and read the greeting."""
        return self.connect(self._server.host, self._server.port)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # type: ignore[override]
        plain = socket.create_connection((host, port), self._connects_in)
        plain.setsockopt(
            socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
        )  # the last dot would wait 40 ms for an acknowledgement
        if self._server.tls != IMPLICIT:
            return plain
        self._host = host
        return self._context.wrap_socket(plain, server_hostname=host)

    def secure(self) -> None:
        """STARTTLS; NotOffered or SMTPResponseException without it: never on over an open line."""
        if not self.has_extn("starttls"):
            raise NotOffered("STARTTLS не предложен")
        self._host = self._server.host
        self.starttls(context=self._context)

    def sign_in(self) -> tuple[int, bytes]:
        """The answer to user and password, by PLAIN or LOGIN."""
        offered = self.esmtp_features.get("auth", "").upper().replace("=", " ").split()
        user, password = self._server.user.encode(), self._server.password.encode()
        if "PLAIN" in offered:
            return self.docmd("AUTH", "PLAIN " + _packed(b"\0" + user + b"\0" + password))
        if "LOGIN" not in offered:
            raise NotOffered("AUTH PLAIN и LOGIN не предложены")
        code, text = self.docmd("AUTH", "LOGIN " + _packed(user))
        return self.docmd(_packed(password)) if code == 334 else (code, text)

    def getreply(self) -> tuple[int, bytes]:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        if (
            self._reader is None or self._reader.sock is not self.sock
        ):  # STARTTLS: what lay in the old one is worth nothing
            self._reader = _Reader(self.sock)
        lines = []
        until = min(self.until, time.monotonic() + self._answers_in)
        while True:
            line = self._reader.line(until)
            lines.append(line[4:].strip(b" \t\r\n"))
            if not line[:3].isdigit():
                self.close()
                raise smtplib.SMTPServerDisconnected("no SMTP answer")
            if line[3:4] != b"-":
                return int(line[:3]), b"\n".join(lines)

    def send(self, s: Any) -> None:
        if self.sock is not None:
            self.sock.settimeout(max(0.01, min(self._answers_in, self.until - time.monotonic())))
        super().send(s)

    def close(self) -> None:
        self._reader = None
        super().close()


class _Reader:
    """Lines of one socket, none later than asked for."""

    def __init__(self, sock: socket.socket):
        self.sock = sock
        self._held = b""

    def line(self, until: float) -> bytes:
        while b"\n" not in self._held:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError("no answer in time")
            self.sock.settimeout(left)
            more = self.sock.recv(_CHUNK)
            if not more:
                raise smtplib.SMTPServerDisconnected("connection closed")
            self._held += more
            if len(self._held) > _LONGEST_ANSWER:
                raise smtplib.SMTPServerDisconnected("the answer has no end")
        line, _, self._held = self._held.partition(b"\n")
        return line


def _packed(text: bytes) -> str:
    return base64.b64encode(text).decode()
